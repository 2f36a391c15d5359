"""Softmax, its logarithm, and the standardizing in batch and layer norm."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import exp
from ..core.errors import DTypeError
from ..dtypes import as_dtype, dtype
from .dims import dim_of
from .functions import rsqrt
from .summing import average, narrowed, total, widened
from .sums import mean, sum

_dtype_type = dtype
Array = Any  # an ndarray inside a forward, a Tensor at the caller

__all__ = ["log_softmax", "softmax"]

# ---------------------------------------------------------------------------------------------------------------- softmax


def shifted(x: Array, dim: int) -> Array:
    """``x`` minus its maximum along ``dim``, so that no exponential overflows; a new array."""
    if (
        x.ndim > 1 and dim == x.ndim - 1 and x.shape[-1] < 64 and x.size
    ):  # NumPy is ten times slower along a short last dimension
        most = np.maximum.reduce(x.reshape(-1, x.shape[-1]).T.copy(), 0, initial=-np.inf)
        return x - most.reshape(*x.shape[:-1], 1)
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


_FEW = 128  # rows, which a product adds up about as exactly as NumPy's pairs
_ONES = {kind: np.ones(_FEW, kind) for kind in "fd"}


def _axes(x: Array, dim: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(d % x.ndim for d in dim))


def _mean(x: Array, axes: tuple[int, ...]) -> Array:
    """The mean over ``axes``, which stay as dimensions of size 1; of the columns of a matrix as a product, which is faster than a sum."""
    if x.ndim == 2 and axes == (0,) and 0 < x.shape[0] <= _FEW:
        return (np.dot(_ONES[x.dtype.char][: x.shape[0]], x) / x.shape[0])[None]
    return average(x, axes if len(axes) > 1 else axes[0], keepdims=True)


def _standardized(input: Array, moments: tuple[Array, Array], dim: tuple[int, ...], eps: float) -> tuple[Array, Array]:
    """y = (x - mean) / sqrt(var + eps) and 1 / sqrt(var + eps), as accurate as the dtype allows."""
    floating("normalisation", input)
    axes, x = _axes(input, dim), widened(input)
    if moments[0] is None:
        y = x - _mean(x, axes)
        variance = _mean(np.square(y), axes)
    else:
        size = [1 if d in axes else n for d, n in enumerate(x.shape)]
        y, variance = x - moments[0].reshape(size), moments[1].reshape(size)
    inverse = 1 / np.sqrt(variance + eps)
    return np.multiply(y, inverse, out=y), inverse


def _slope(g: Array, y: Array, inverse: Array, axes: tuple[int, ...]) -> Array:
    """(g - mean(g) - y mean(g y)) / s: g loses its part along the constant and along y. Ioffe & Szegedy 2015, sec. 3."""
    slope = y * _mean(g * y, axes)
    np.subtract(g, slope, out=slope)
    slope -= _mean(g, axes)
    slope *= inverse
    return slope


def _slope_by_input(g: Any, cotangent: Any, input: Any, dim: tuple[int, ...], eps: float) -> Any:
    # of A / s, A / N = mean(g c) - mean(g) mean(c) - mean(g y) mean(c y), by y, whose slope is again that of standardizing, and by s
    def average_of(x: Any) -> Any:
        return mean(x, dim, True)

    y, centred = standardize(input, dim=dim, eps=eps), input - average_of(input)
    inverse = rsqrt(average_of(centred * centred) + eps)
    along, other = average_of(g * y), average_of(cotangent * y)
    rest = average_of(g * cotangent) - average_of(g) * average_of(cotangent) - along * other
    return -inverse * (standardize_slope(g * other + cotangent * along, input, dim=dim, eps=eps) + y * rest * inverse)


@primitive(lambda g, input, dim, eps: standardize_slope(g, input, dim=dim, eps=eps), _slope_by_input)
def standardize_slope(cotangent: Array, input: Array, *, dim: tuple[int, ...], eps: float) -> Array:
    """The gradient of :func:`standardize`, without scale and shift, by its input."""
    y, inverse = _standardized(input, (None, None), dim, eps)
    return narrowed(_slope(widened(cotangent), y, inverse, _axes(input, dim)), input)


def _by_input(g: Any, input: Any, weight: Any, dim: tuple[int, ...], eps: float, kept: Any) -> Any:
    g = g if weight is None else g * weight
    if type(g) is np.ndarray:
        y, inverse = kept
        return _slope(g, y, inverse, _axes(input, dim))
    return standardize_slope(g, input, dim=dim, eps=eps)


def _by_weight(g: Any, input: Any, dim: tuple[int, ...], eps: float, kept: Any) -> Any:
    return g * (kept[0] if type(g) is np.ndarray else standardize(input, dim=dim, eps=eps))


def _standardize(
    input: Array, weight: Array, bias: Array, mean: Array, variance: Array, dim: tuple[int, ...], eps: float
) -> tuple[Array, tuple[Array, Array]]:
    y, inverse = _standardized(input, (mean, variance), dim, eps)
    if weight is None:
        return narrowed(y if bias is None else y + bias, input), (y, inverse)
    scaled = y * weight
    return narrowed(scaled if bias is None else np.add(scaled, bias, out=scaled), input), (y, inverse)


@primitive(_by_input, _by_weight, lambda g: g, None, None, keeping=_standardize)
def standardize(
    input: Array,
    weight: Array = None,
    bias: Array = None,
    mean: Array = None,
    variance: Array = None,
    *,
    dim: tuple[int, ...],
    eps: float,
) -> Array:
    """(x - mean) / sqrt(var + eps) * weight + bias, mean and (biased) variance over ``dim``: the heart of batch and layer norm.

    ``mean`` and ``variance`` are given where they have been computed already; the gradient is as if they had not.
    """
    return _standardize(input, weight, bias, mean, variance, dim, eps)[0]


@primitive(None)
def batch_mean(input: Array, *, dim: tuple[int, ...]) -> Array:
    """The mean over ``dim``, to follow and to standardize with."""
    return narrowed(_mean(widened(input), _axes(input, dim)).reshape(-1), input)


@primitive(None, None)
def batch_variance(input: Array, mean: Array, *, dim: tuple[int, ...]) -> Array:
    """The biased variance over ``dim`` around :func:`batch_mean`."""
    axes, x = _axes(input, dim), widened(input)
    centred = x - mean.reshape([1 if d in axes else n for d, n in enumerate(x.shape)])
    return narrowed(_mean(np.square(centred), axes).reshape(-1), input)
