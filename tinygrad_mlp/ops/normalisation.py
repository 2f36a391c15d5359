"""Softmax, its logarithm, and the standardizing in batch and layer norm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import exp, expand
from ..core.dtypes import as_dtype, dtype
from ..core.errors import DTypeError
from .functions import sqrt

_dtype_type = dtype
Array = Any  # an ndarray inside a forward, a Tensor at the caller

__all__ = [
    "log_softmax",
    "softmax",
]

# ---------------------------------------------------------------------------------------------------------------- softmax


def _along(ufunc: np.ufunc, x: Array, dim: int, initial: float) -> Array:
    """The reduction along ``dim``, which becomes 1. NumPy is ten times slower along a short last axis than along a first."""
    if x.ndim == 2 and dim in (1, -1) and x.shape[1] < 64:
        return ufunc.reduce(np.ascontiguousarray(x.T), 0, initial=initial)[:, None]
    return ufunc.reduce(x, dim, keepdims=True, initial=initial)


@primitive(lambda g, input_shape: expand(g, input_shape))
def sum_along(input: Array, dim: int) -> Array:
    return _along(np.add, input, dim, 0)


def shifted(input: Array, dim: int) -> Array:
    """``input`` minus its maximum along ``dim``, so that no exponential overflows; a new array."""
    return np.subtract(input, _along(np.maximum, input, dim, -np.inf))


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
    y = np.asarray(shifted(x, dim))
    np.exp(y, out=y)
    return np.divide(y, _along(np.add, y, dim, 0), out=y)


def softmax_slope(g: Any, y: Any, dim: int = 1) -> Any:
    return y * (g - sum_along(g * y, dim))


@primitive(softmax_slope, method=True)
def softmax(input: Array, dim: int, dtype: _dtype_type | None = None) -> Array:
    """exp(x_i) / sum_j exp(x_j) along ``dim``. EE6132 lab, eq. 4.

    >>> import tinygrad_mlp as torch
    >>> torch.softmax(torch.tensor([0.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    return softmax_of(_logits("softmax", input, dtype), dim)


@primitive(lambda g, y, dim: g - exp(y) * sum_along(g, dim), method=True)
def log_softmax(input: Array, dim: int, dtype: _dtype_type | None = None) -> Array:
    """x_i - log(sum_j exp(x_j)) along ``dim``: the logarithm of :func:`softmax`, without its underflow.

    >>> import tinygrad_mlp as torch
    >>> torch.log_softmax(torch.tensor([0.0, 1000.0]), dim=0)
    tensor([-1000.,     0.])
    """
    y = np.asarray(shifted(_logits("log_softmax", input, dtype), dim))
    return np.subtract(y, np.log(_along(np.add, np.exp(y), dim, 0)), out=y)


# ---------------------------------------------------------------------------------------------------------- standardizing


def _mean(x: Any, dim: tuple[int, ...]) -> Any:
    return x.sum(dim, keepdims=True) / math.prod(x.shape[d] for d in dim)


def _standardize_slope(g: Any, y: Any, input: Any, dim: tuple[int, ...], eps: float) -> Any:
    # y = (x - mean) / s: g loses its part along the constant and along y, Ioffe & Szegedy 2015, sec. 3
    centred = input - _mean(input, dim)
    s = sqrt(_mean(centred * centred, dim) + eps)
    return (g - _mean(g, dim) - y * _mean(g * y, dim)) / s


@primitive(_standardize_slope)
def standardize(input: Array, dim: tuple[int, ...], eps: float) -> Array:
    """(x - mean) / sqrt(var + eps), mean and (biased) variance over ``dim``: the heart of batch and layer norm."""
    floating("normalisation", input)
    centred = input - _mean(input, dim)
    return np.divide(centred, np.sqrt(_mean(np.square(centred), dim) + eps), out=centred)
