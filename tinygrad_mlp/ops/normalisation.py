"""Softmax, its logarithm, and the standardizing in batch and layer norm."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import exp
from ..core.errors import DTypeError
from ..dtypes import as_dtype, dtype
from .dims import axes_of, dim_of
from .functions import sqrt
from .summing import average, narrowed, total, widened
from .sums import mean, sum

_dtype_type = dtype
Array = Any  # an ndarray inside a forward, a Tensor at the caller

__all__ = ["log_softmax", "softmax"]

# ---------------------------------------------------------------------------------------------------------------- softmax


def shifted(x: Array, dim: int) -> Array:
    """``x`` minus its maximum along ``dim``, so that no exponential overflows; a new array."""
    if x.ndim == 2 and dim == 1 and x.shape[1] < 64:  # NumPy is ten times slower along a short last dimension
        return x - np.maximum.reduce(x.T.copy(), 0, initial=-np.inf)[:, None]
    out = None if x.ndim else np.empty_like(x)  # without dimensions a number, not an array
    return np.subtract(x, np.maximum.reduce(x, dim, keepdims=True, initial=-np.inf), out=out)


def _logits(name: str, input: Array, dtype: _dtype_type | None) -> Array:
    if dtype is not None:
        input = input.astype(as_dtype(dtype).numpy)
    floating(name, input)
    return input


def floating(name: str, *arrays: Array) -> None:
    for array in arrays:
        if array.dtype.kind != "f":
            raise DTypeError(f"{name} is not implemented for {as_dtype(array.dtype)}; cast the input with .float()")


def softmax_of(x: Array, dim: int) -> Array:
    """exp(x_i) / sum_j exp(x_j) along ``dim``, of an array."""
    y = shifted(widened(x), dim)
    np.exp(y, out=y)
    return narrowed(np.divide(y, total(y, dim, keepdims=True), out=y), x)


def softmax_slope(g: Any, y: Any, dim: int = 1) -> Any:
    return y * (g - sum(g * y, dim, True))


@primitive(softmax_slope, method=True)
def softmax(input: Array, dim: int, dtype: _dtype_type | None = None) -> Array:
    """exp(x_i) / sum_j exp(x_j) along ``dim``. EE6132 lab, eq. 4.

    >>> import tinygrad_mlp as torch
    >>> torch.softmax(torch.tensor([0.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    return softmax_of(_logits("softmax", input, dtype), dim_of("softmax", dim, input.ndim))


@primitive(lambda g, y, dim: g - exp(y) * sum(g, dim, True), method=True)
def log_softmax(input: Array, dim: int, dtype: _dtype_type | None = None) -> Array:
    """x_i - log(sum_j exp(x_j)) along ``dim``: the logarithm of :func:`softmax`, without its underflow.

    >>> import tinygrad_mlp as torch
    >>> torch.log_softmax(torch.tensor([0.0, 1000.0]), dim=0)
    tensor([-1000.,     0.])
    """
    x, dim = _logits("log_softmax", input, dtype), dim_of("log_softmax", dim, input.ndim)
    y = shifted(widened(x), dim)
    return narrowed(np.subtract(y, np.log(total(np.exp(y), dim, keepdims=True)), out=y), x)


# ---------------------------------------------------------------------------------------------------------- standardizing


def _standardize_slope(g: Any, y: Any, input: Any, dim: tuple[int, ...], eps: float) -> Any:
    # y = (x - mean) / s: g loses its part along the constant and along y, Ioffe & Szegedy 2015, sec. 3
    centred = input - mean(input, dim, True)
    s = sqrt(mean(centred * centred, dim, True) + eps)
    return (g - mean(g, dim, True) - y * mean(g * y, dim, True)) / s


@primitive(_standardize_slope)
def standardize(input: Array, dim: tuple[int, ...], eps: float) -> Array:
    """(x - mean) / sqrt(var + eps), mean and (biased) variance over ``dim``: the heart of batch and layer norm."""
    floating("normalisation", input)
    axes, x = axes_of("normalisation", dim, input.ndim), widened(input)
    centred = x - average(x, axes, keepdims=True)
    deviation = np.sqrt(average(np.square(centred), axes, keepdims=True) + eps)
    return narrowed(np.divide(centred, deviation, out=centred), input)
