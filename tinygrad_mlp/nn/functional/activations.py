"""Activations that PyTorch can write into their input: operations with ``inplace``."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ..._tensor import Tensor
from ...dtypes import dtype
from ...ops import activations as operations
from ...ops import functions, normalisation
from ...ops.composite import takes_tensors
from ...ops.inplace import inplace as write_in_place

__all__ = [
    "celu", "elu", "hardsigmoid", "hardtanh", "leaky_relu", "log_softmax", "mish", "relu", "relu6", "selu", "silu",
    "softmax",
]  # fmt: skip


def activation(operation: Callable[..., Any], input: Tensor, inplace: bool, *args: Any, **params: Any) -> Tensor:
    """The operation, in place if ``inplace``."""
    result: Tensor = write_in_place(operation)(input, *args, **params) if inplace else operation(input, *args, **params)
    return result


@takes_tensors
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0)."""
    return activation(functions.relu, input, inplace)


@takes_tensors
def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6)."""
    return hardtanh(input, 0.0, 6.0, inplace)


@takes_tensors
def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """min(max(x, min_val), max_val).

    Raises:
        ValueError: ``min_val`` is greater than ``max_val``.
    """
    if min_val > max_val:
        raise ValueError(f"min_val cannot be greater than max_val, got {min_val} and {max_val}")
    return activation(operations.hardtanh, input, inplace, min_val=min_val, max_val=max_val)


@takes_tensors
def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x + 3, 0), 6) / 6."""
    return activation(operations.hardsigmoid, input, inplace)


@takes_tensors
def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else alpha (exp(x) - 1)."""
    return activation(operations.elu, input, inplace, alpha=alpha)


@takes_tensors
def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """1.0507 x where x > 0, else 1.0507 * 1.6733 (exp(x) - 1)."""
    return activation(operations.elu, input, inplace, **operations.SELU)


@takes_tensors
def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """max(0, x) + min(0, alpha (exp(x / alpha) - 1)).

    Raises:
        RuntimeError: ``alpha`` is 0.
    """
    return activation(operations.elu, input, inplace, alpha=alpha, input_scale=operations.celu_scale(alpha))


@takes_tensors
def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, else negative_slope x."""
    return activation(operations.leaky_relu, input, inplace, negative_slope=negative_slope)


@takes_tensors
def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x sigmoid(x)."""
    return activation(operations.silu, input, inplace)


@takes_tensors
def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x tanh(softplus(x))."""
    return activation(operations.mish, input, inplace)


@takes_tensors
def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None) -> Tensor:
    """exp(x_i) / sum_j exp(x_j) along ``dim``; a missing ``dim`` is guessed, with a warning."""
    return normalisation.softmax(input, _softmax_dim("softmax", input, dim, _stacklevel), dtype)


@takes_tensors
def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None) -> Tensor:
    """x_i - log(sum_j exp(x_j)) along ``dim``; a missing ``dim`` is guessed, with a warning."""
    return normalisation.log_softmax(input, _softmax_dim("log_softmax", input, dim, _stacklevel), dtype)


def _softmax_dim(name: str, input: Tensor, dim: int | None, stacklevel: int) -> int:
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if input.ndim in (0, 1, 3) else 1
