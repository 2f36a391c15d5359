"""Rarer activations, and activations that write into their input."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..._tensor import Tensor
from ...dtypes import dtype
from ...errors import ShapeError
from ...grad_mode import no_grad
from ...ops import rarer_activations as operations
from ...ops.choosing import where
from ...ops.composite import called, takes_tensors
from ...ops.creation import zeros_like
from ...ops.functions import sigmoid
from ...ops.random import rand
from . import activations
from .activations import activation, leaky_relu, softmax

__all__ = [
    "alpha_dropout", "celu_", "elu_", "feature_alpha_dropout", "glu", "gumbel_softmax", "hardshrink", "hardswish",
    "hardtanh_", "leaky_relu_", "relu_", "rrelu", "rrelu_", "selu_", "softmin", "softshrink", "tanhshrink", "threshold",
    "threshold_",
]  # fmt: skip


@takes_tensors
def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x min(max(x + 3, 0), 6) / 6. Howard et al. 2019."""
    return activation(operations.hardswish, input, inplace)


@takes_tensors
def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x where abs(x) > lambd, else 0."""
    return operations.hardshrink(input, lambd)


@takes_tensors
def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x - lambd where x > lambd, x + lambd where x < -lambd, else 0.

    Raises:
        RuntimeError: ``lambd`` is negative.
    """
    if not lambd >= 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd}.")
    return operations.softshrink(input, lambd)


@takes_tensors
def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x)."""
    return input - input.tanh()


@takes_tensors
def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where x > threshold, else ``value``."""
    return activation(operations.threshold, input, inplace, threshold, value)


@takes_tensors
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a sigmoid(b), a and b the halves of the input along ``dim``. Dauphin et al. 2017.

    Raises:
        RuntimeError: There is no such dimension, or its size is odd.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.functional.glu(torch.tensor([3.0, 0.0]))
    tensor([1.5000])
    """
    if input.ndim == 0:
        raise ShapeError("glu does not support 0-dimensional tensors; it halves a dimension")
    if input.shape[dim] % 2:
        raise ShapeError(f"glu: Halving dimension must be even, but dimension {dim} is size {input.shape[dim]}")
    a, b = input.chunk(2, dim) if input.shape[dim] else (input, input)
    return a * sigmoid(b)


@takes_tensors
def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None) -> Tensor:
    """exp(-x_i) / sum_j exp(-x_j) along ``dim``; a missing ``dim`` is guessed, with a warning."""
    return softmax(-input, dim, _stacklevel + 1, dtype)


@takes_tensors
def rrelu(
    input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """x where x > 0, else r x: r is drawn from U[lower, upper) for each element if ``training``, else their mean. Xu et al. 2015.

    Raises:
        RuntimeError: ``lower`` is greater than ``upper``.
    """
    if lower > upper:
        raise RuntimeError(f"Lower bound should be less than or equal to the upper bound, got {lower} and {upper}")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    slope = rand(input.shape, dtype=input.dtype) * (upper - lower) + lower
    result = where(input <= 0, input * slope, input)
    return input.copy_(result) if inplace else result


@takes_tensors
def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """softmax((x + G) / tau) for Gumbel noise G: a sample of the classes that can be differentiated. Jang et al. 2017.

    Args:
        logits: Unnormalized log-probabilities.
        tau: The temperature.
        hard: Give the one-hot vectors of the largest, with the gradient of the soft ones.
        eps: PyTorch's, without effect.
        dim: The dimension of the classes.
    """
    with no_grad():
        tiny = 1e-38 if logits.dtype.itemsize > 2 else 1e-7
        noise = -(-(1 - rand(logits.shape, dtype=logits.dtype)).log()).clamp(min=tiny).log()
    soft = softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    most = soft.max(dim, keepdim=True)[1]
    return zeros_like(soft.detach()).scatter_(dim, most, 1.0) - soft.detach() + soft


def _alpha_dropout(input: Tensor, p: float, training: bool, inplace: bool, feature: bool) -> Tensor:
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if feature and input.ndim < 2:
        raise ShapeError(f"Feature dropout requires at least 2 dimensions in the input, got {input.ndim}")
    if p == 0 or not training or not input.numel():
        return input
    if p == 1:
        result = input * 0
        return input.copy_(result) if inplace else result
    shape = (*input.shape[:2], *(1,) * (input.ndim - 2)) if feature else input.shape
    alpha = 1.7580993408473766  # the limit of SELU for small inputs, negative
    a = 1 / math.sqrt((alpha * alpha * p + 1) * (1 - p))
    kept = (rand(shape) >= p).to(input.dtype)
    result = input * (kept * a) + ((kept - 1) * (alpha * a) + alpha * a * p)
    return input.copy_(result) if inplace else result


@takes_tensors
def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Set elements to SELU's limit with probability ``p``; mean and variance stay. Klambauer et al. 2017.

    Raises:
        ValueError: ``p`` is not a probability.
    """
    return _alpha_dropout(input, p, training, inplace, False)


@takes_tensors
def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """:func:`alpha_dropout` of whole channels, the dimensions after the second.

    Raises:
        ValueError: ``p`` is not a probability.
    """
    return _alpha_dropout(input, p, training, inplace, True)


def _in_place(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    name = f"{function.__name__}_"

    def call(input: Tensor, *args: Any, **options: Any) -> Tensor:
        return function(input, *args, **options, inplace=True)

    made: Callable[..., Tensor] = called(call, __name__, name, f"``{function.__name__}(..., inplace=True)``.")
    return made


celu_: Callable[..., Tensor] = _in_place(activations.celu)
elu_: Callable[..., Tensor] = _in_place(activations.elu)
hardtanh_: Callable[..., Tensor] = _in_place(activations.hardtanh)
leaky_relu_: Callable[..., Tensor] = _in_place(activations.leaky_relu)
relu_: Callable[..., Tensor] = _in_place(activations.relu)
rrelu_: Callable[..., Tensor] = _in_place(rrelu)
selu_: Callable[..., Tensor] = _in_place(activations.selu)
threshold_: Callable[..., Tensor] = _in_place(threshold)
