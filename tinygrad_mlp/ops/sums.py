"""Sums, means, variances and counts over dimensions.

``dim`` names the dimensions that are reduced: an int, a tuple where PyTorch takes one, all if None. ``keepdim`` keeps
them with size 1. Gradients go back through :func:`spread_to`, which stretches a result to the shape it came from.
"""

from __future__ import annotations

import builtins
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array
from ..core.errors import ArgumentError, DTypeError, ShapeError
from ..dtypes import as_dtype, dtype
from .choosing import where
from .comparing import ne
from .composite import Operation, called, composite
from .dims import Dims, as_int64, axes_of, count_of, dims_of, tensor_only
from .shape import expand, reshape
from .summing import average, total

_FEW = 128  # rows, of which a matrix product sums as exactly as `total` does

__all__ = ["all", "any", "bincount", "count_nonzero", "mean", "std", "std_mean", "sum", "var", "var_mean"]


def spread_to(reduced: Any, shape: Sequence[int], dim: Dims, keepdim: bool) -> Any:
    """A reduction's result (or its cotangent) stretched to the shape that was reduced: a view, not a copy."""
    if dim is not None and not keepdim and shape:
        dims = dims_of(shape, dim)
        reduced = reshape(reduced, tuple(1 if d in dims else n for d, n in enumerate(shape)))
    return expand(reduced, shape)


def floating(name: str, input: Array, wanted: dtype | None = None) -> None:
    if wanted is None and input.dtype.kind != "f":
        raise DTypeError(
            f"{name}(): could not infer output dtype. Input dtype must be a floating point dtype. Got: {input.dtype}; cast "
            "with .float(), or pass dtype="
        )


def accumulated(array: Array, wanted: Any) -> np.dtype[Any]:
    """The dtype of a sum or product: the one asked for; else int64 for integers."""
    if wanted is not None:
        return as_dtype(wanted).numpy
    return array.dtype if array.dtype.kind == "f" else np.dtype(np.int64)


# ------------------------------------------------------------------------------------------------------ sums and products


@primitive(lambda g, input_shape, dim, keepdim: spread_to(g, input_shape, dim, keepdim), method=True, reduces=np.add)
def sum(input: Array, dim: Dims = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Array:
    """The sum of the elements along ``dim``; of integers as int64.

    >>> import tinygrad_mlp as torch
    >>> torch.sum(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0)
    tensor([4., 6.])

    Raises:
        DimensionError: A dim that the tensor does not have.
    """
    return total(input, axes_of("sum", dim, input.ndim), accumulated(input, dtype), keepdim)


@primitive(
    lambda g, input_shape, dim, keepdim: spread_to(g / count_of(input_shape, dim), input_shape, dim, keepdim), method=True
)
def mean(input: Array, dim: Dims = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Array:
    """The mean of the elements along ``dim``; nan of none.

    >>> import tinygrad_mlp as torch
    >>> torch.mean(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1, keepdim=True)
    tensor([[1.5000],
            [3.5000]])

    Raises:
        DTypeError: The elements are integers and no ``dtype`` is given.
    """
    floating("mean", input, dtype)
    return average(input, axes_of("mean", dim, input.ndim), accumulated(input, dtype), keepdim)


# --------------------------------------------------------------------------------------------------------------- variance


def _deviation(input: Any, dim: Dims) -> Any:
    return input - mean(input, dim, True)


def _freedom(shape: Sequence[int], dim: Dims, correction: float) -> float:
    return builtins.max(count_of(shape, dim) - correction, 0)


@primitive(
    lambda g, input, dim, keepdim, correction: (
        spread_to(g / _freedom(input.shape, dim, correction) * 2, input.shape, dim, keepdim) * _deviation(input, dim)
    )
)
def _var(input: Array, dim: Dims, keepdim: bool, correction: float) -> Array:
    return _variance(input, dim, keepdim, correction).astype(input.dtype, copy=False)


def _variance(input: Array, dim: Dims, keepdim: bool, correction: float) -> Array:
    """The variance in float64, so that squares of float32 numbers do not overflow, and 0 where all elements are equal."""
    floating("var", input)
    axes = axes_of("var", dim, input.ndim)
    reduced = dims_of(input.shape, axes)
    first = input[tuple(slice(1) if d in reduced else slice(None) for d in range(input.ndim))]
    off = np.subtract(
        input, first, dtype=np.float64
    )  # so that equal numbers give exactly 0: their computed mean may differ from them by a rounding
    off = off - average(off, axes, keepdims=True)
    return np.true_divide(total(off * off, axes, keepdims=keepdim), _freedom(input.shape, axes, correction))


def _std_input(g: Any, y: Any, input: Any, dim: Dims, keepdim: bool, correction: float) -> Any:
    flat = y == 0  # no slope where all elements are equal
    scale = where(flat, 0.0, g / (2 * where(flat, 1.0, y)) / _freedom(input.shape, dim, correction) * 2)
    return spread_to(scale, input.shape, dim, keepdim) * _deviation(input, dim)


@primitive(_std_input)
def _std(input: Array, dim: Dims, keepdim: bool, correction: float) -> Array:
    return np.sqrt(_variance(input, dim, keepdim, correction)).astype(input.dtype, copy=False)


def _correction(name: str, input: Any, dim: Any, unbiased: bool | None, correction: float | None) -> tuple[Any, float]:
    """``dim`` and the correction, of either signature: (dim, unbiased), (unbiased), (dim, correction=)."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise ArgumentError(f"{name}(): got both unbiased and correction; unbiased=True is correction=1, False is 0")
    correction = correction if correction is not None else 1 if unbiased is None else int(unbiased)
    if count_of(input.shape, axes_of(name, dim, input.ndim)) <= correction:
        message = f"{name}(): degrees of freedom is <= 0: correction {correction} of shape {tuple(input.shape)}, dim={dim}"
        warnings.warn(message, UserWarning, stacklevel=4)
    return dim, correction


@composite(method=True)
def var(
    input: Array, dim: Dims = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: float | None = None
) -> Array:
    """The variance sum (x - mean)^2 / max(0, n - correction) along ``dim``; ``correction`` is 1 unless given.

    ``unbiased``: True for a correction of 1, False for 0.

    >>> import tinygrad_mlp as torch
    >>> torch.var(torch.tensor([1.0, 2.0, 3.0]))
    tensor(1.)

    Raises:
        DTypeError: The elements are integers.
    """
    dim, correction = _correction("var", input, dim, unbiased, correction)
    return _var(input, dim, keepdim, correction)


@composite(method=True)
def std(
    input: Array, dim: Dims = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: float | None = None
) -> Array:
    """The standard deviation, the square root of :func:`var`; its gradient is 0 where it is 0."""
    dim, correction = _correction("std", input, dim, unbiased, correction)
    return _std(input, dim, keepdim, correction)


@composite
def var_mean(
    input: Array, dim: Dims = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: float | None = None
) -> tuple[Array, Array]:
    """The variance and the mean."""
    dim, correction = _correction("var_mean", input, dim, unbiased, correction)
    return _var(input, dim, keepdim, correction), mean(input, dim, keepdim)


@composite
def std_mean(
    input: Array, dim: Dims = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: float | None = None
) -> tuple[Array, Array]:
    """The standard deviation and the mean."""
    dim, correction = _correction("std_mean", input, dim, unbiased, correction)
    return _std(input, dim, keepdim, correction), mean(input, dim, keepdim)


# ------------------------------------------------------------------------------------------------------- truth and counts


def _truth(name: str, ufunc: Any, doc: str) -> Operation:
    def forward(input: Array, dim: Dims = None, keepdim: bool = False) -> Array:
        result = ufunc.reduce(input, axes_of(name, dim, input.ndim), keepdims=keepdim)
        return np.asarray(result).astype(np.uint8) if input.dtype == np.uint8 else result

    return primitive(None, method=True, reduces=ufunc)(called(forward, __name__, name, doc))


any: Operation = _truth("any", np.logical_or, "Whether any element along ``dim`` is true, or not zero.")
all: Operation = _truth("all", np.logical_and, "Whether all elements along ``dim`` are true, or not zero.")


@composite(method=True)
def count_nonzero(input: Array, dim: Dims = None) -> Array:
    """The number of elements along ``dim`` that are not zero."""
    return sum(ne(input, 0), dim)


@primitive(None, None, method=True)
def bincount(input: Array, weights: Array = None, minlength: int = 0) -> Array:
    """How often each of 0, 1, 2 ... occurs in a vector of integers, or the sum of the weights at its occurrences.

    >>> import tinygrad_mlp as torch
    >>> torch.bincount(torch.tensor([0, 2, 2]), minlength=4)
    tensor([1, 0, 2, 0])

    Raises:
        ShapeError: The input is not a vector of integers from 0 up, or the weights differ in shape.
    """
    tensor_only("bincount", input=input, **({} if weights is None else {"weights": weights}))
    if input.dtype.kind not in "iu" or input.ndim != 1 or (input < 0).any():
        raise ShapeError(
            f"bincount only supports 1-d non-negative integral inputs, got shape {input.shape} of {input.dtype}"
        )
    counts = np.bincount(input.astype(np.intp), weights, minlength)
    if weights is None:
        return as_int64(counts)
    return counts.astype(np.float32) if weights.dtype == np.float32 else counts
