"""Activations that PyTorch can write into their input: the operations of :mod:`tinygrad_mlp.ops.neural` with ``inplace``."""

from __future__ import annotations

import warnings
from typing import Any

from ...dtypes import dtype
from ...engine import PRIMITIVES, apply, takes_tensors
from ...inplace import inplace as write_in_place
from ...ops import neural
from ...tensor import Tensor

__all__ = [
    "celu",
    "elu",
    "hardsigmoid",
    "hardtanh",
    "leaky_relu",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "silu",
    "softmax",
]


def activation(name: str, input: Tensor, inplace: bool, *args: Any, **params: Any) -> Tensor:
    """The primitive of a name, in place if ``inplace``."""
    if inplace:
        return write_in_place(name, input, *args, **params)
    return apply(PRIMITIVES[name], (input, *args), params)


@takes_tensors
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0)."""
    return activation("relu", input, inplace)


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
    return activation("hardtanh", input, inplace, min_val=min_val, max_val=max_val)


@takes_tensors
def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x + 3, 0), 6) / 6."""
    return activation("hardsigmoid", input, inplace)


@takes_tensors
def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else alpha (exp(x) - 1)."""
    return activation("elu", input, inplace, alpha=alpha)


@takes_tensors
def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """1.0507 x where x > 0, else 1.0507 * 1.6733 (exp(x) - 1)."""
    return activation("elu", input, inplace, **neural.SELU)


@takes_tensors
def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """max(0, x) + min(0, alpha (exp(x / alpha) - 1)).

    Raises:
        RuntimeError: ``alpha`` is 0.
    """
    return activation("elu", input, inplace, alpha=alpha, input_scale=neural.celu_scale(alpha))


@takes_tensors
def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, else negative_slope x."""
    return activation("leaky_relu", input, inplace, negative_slope=negative_slope)


@takes_tensors
def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x sigmoid(x)."""
    return activation("silu", input, inplace)


@takes_tensors
def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x tanh(softplus(x))."""
    return activation("mish", input, inplace)


@takes_tensors
def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None) -> Tensor:
    """exp(x_i) / sum_j exp(x_j) along ``dim``; a missing ``dim`` is guessed, with a warning."""
    return neural.softmax(input, _softmax_dim("softmax", input, dim, _stacklevel), dtype)


@takes_tensors
def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None) -> Tensor:
    """x_i - log(sum_j exp(x_j)) along ``dim``; a missing ``dim`` is guessed, with a warning."""
    return neural.log_softmax(input, _softmax_dim("log_softmax", input, dim, _stacklevel), dtype)


def _softmax_dim(name: str, input: Tensor, dim: int | None, stacklevel: int) -> int:
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if input.ndim in (0, 1, 3) else 1
