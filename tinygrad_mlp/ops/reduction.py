"""Reductions: sums, products, extremes, norms and counts over dimensions; running sums; sorting.

``dim`` names the dimensions that are reduced: an int, a tuple where PyTorch takes one, all if None. ``keepdim`` keeps
them with size 1. Their gradients go back through :func:`_spread`, which stretches a result to the shape it came from.
"""

from __future__ import annotations

import builtins
import itertools
import math
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..dtypes import as_dtype, dtype
from ..engine import composite, primitive, wrap
from ..errors import ArgumentError, DimensionError, DTypeError, ShapeError
from .elementwise import abs, exp, isnan, maximum, minimum, ne, sign, where, zeros_of
from .elementwise import cast as cast_to
from .linalg import svdvals
from .shape import dim_of, expand, flip, narrow, ravel, reshape, squeeze
from .shape import pad as pad_with

Array = Any  # an ndarray inside a forward, a Tensor at the caller
Dims = int | Sequence[int] | None

# NumPy's stubs know `keepdims` as a literal only.
_add: Any = np.add.reduce
_multiply: Any = np.multiply.reduce
_maximum: Any = np.maximum.reduce
_minimum: Any = np.minimum.reduce

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "argsort",
    "bincount",
    "count_nonzero",
    "cumprod",
    "cumsum",
    "logsumexp",
    "max",
    "mean",
    "median",
    "min",
    "norm",
    "prod",
    "sort",
    "std",
    "std_mean",
    "sum",
    "topk",
    "unique",
    "var",
    "var_mean",
]


class Selected(NamedTuple):
    """What an operation selected along a dimension, and where it was."""

    values: Array
    indices: Array


# --------------------------------------------------------------------------------------------------------- helpers


def _axes(name: str, dim: Dims, ndim: int) -> int | tuple[int, ...] | None:
    """``dim`` as NumPy takes it; an empty tuple means every dimension."""
    if dim is None:
        return None
    if isinstance(dim, int):
        return dim_of(name, dim, ndim)
    if not isinstance(dim, Sequence):
        raise ArgumentError(f"{name}(): dim must be an int, a tuple of ints or None, got {dim!r}")
    dims = tuple(dim_of(name, d, ndim) for d in dim)
    if len(set(dims)) < len(dims):
        raise ShapeError(f"{name}(): a dim appears multiple times in the list of dims {tuple(dim)}")
    return dims if dims and ndim else None


def _reduced(shape: Sequence[int], dim: Dims) -> set[int]:
    """Which dimensions of ``shape`` a valid ``dim`` names."""
    if dim is None or dim == ():
        return set(range(len(shape)))
    ndim = len(shape) or 1
    return {d % ndim for d in ((dim,) if isinstance(dim, int) else dim)}


def _count(shape: Sequence[int], dim: Dims) -> int:
    """How many elements are reduced to one."""
    if dim is None:
        return math.prod(shape)
    return math.prod(shape[d] for d in _reduced(shape, dim)) if shape else 1


def _spread(reduced: Any, shape: Sequence[int], dim: Dims, keepdim: bool) -> Any:
    """A reduction's result (or its cotangent) stretched to the shape that was reduced: a view, not a copy."""
    if dim is not None and not keepdim and shape:
        dims = _reduced(shape, dim)
        reduced = reshape(reduced, tuple(1 if d in dims else n for d, n in enumerate(shape)))
    return expand(reduced, shape)


def _nonempty(name: str, input: Array, dim: Dims, error: type[Exception] = ShapeError) -> None:
    if input.size == 0 and dim is None:
        raise error(f"{name}(): Expected reduction dim to be specified for input.numel() == 0: an empty tensor has none")
    if input.size == 0 and input.ndim and 0 in (input.shape[d] for d in _reduced(input.shape, dim)):
        raise DimensionError(f"{name}(): Expected reduction dim {dim} to have non-zero size, but the shape is {input.shape}")


def _floating(name: str, input: Array, wanted: dtype | None = None) -> None:
    if wanted is None and input.dtype.kind != "f":
        raise DTypeError(
            f"{name}(): could not infer output dtype. Input dtype must be a floating point dtype. Got: {input.dtype}; cast "
            "with .float(), or pass dtype="
        )


def _single(name: str, dim: Any) -> None:
    if not isinstance(dim, int):
        raise ArgumentError(f"{name}(): argument 'dim' must be int, not {type(dim).__name__}")


def _accumulated(array: Array, wanted: Any) -> np.dtype[Any]:
    """The dtype of a sum or product: the one asked for; else int64 for integers."""
    if wanted is not None:
        return as_dtype(wanted).numpy
    return array.dtype if array.dtype.kind == "f" else np.dtype(np.int64)


# ------------------------------------------------------------------------------------------------ sums and products


def _sum_of(array: Array, axes: Any, wanted: np.dtype[Any], keepdim: bool) -> Array:
    """The sum in the dtype wanted; of float16 added up in float32, where it has more digits and no early overflow."""
    if wanted.char == "e":
        return np.asarray(_add(array, axes, np.float32, keepdims=keepdim)).astype(wanted)
    return _add(array, axes, wanted, keepdims=keepdim)


@primitive(lambda g, input_shape, dim, keepdim: _spread(g, input_shape, dim, keepdim))
def sum(input: Array, dim: Dims = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Array:
    """The sum of the elements along ``dim``; of integers as int64.

    >>> import tinygrad_mlp as torch
    >>> torch.sum(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0)
    tensor([4., 6.])

    Raises:
        DimensionError: A dim that the tensor does not have.
    """
    return _sum_of(input, _axes("sum", dim, input.ndim), _accumulated(input, dtype), keepdim)


@primitive(lambda g, input_shape: expand(g, input_shape))
def sum_to(input: Array, shape: tuple[int, ...]) -> Array:
    """The sum over what broadcasting from ``shape`` to the input's shape repeated."""
    if len(shape) == 1 and input.ndim == 2 and input.shape[1:] == shape and input.dtype.char in "fd":
        ones = np.empty(len(input), input.dtype)
        ones.fill(1)
        return np.dot(ones, input)  # the gradient of every bias: a product is faster than a sum
    new = input.ndim - len(shape)
    repeated = [d + new for d, n in enumerate(shape) if n == 1 and input.shape[d + new] != 1]
    return _sum_of(input, (*range(new), *repeated), input.dtype, False).reshape(shape)


@primitive(lambda g, input_shape, dim, keepdim: _spread(g / _count(input_shape, dim), input_shape, dim, keepdim))
def mean(input: Array, dim: Dims = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Array:
    """The mean of the elements along ``dim``; nan of none.

    >>> import tinygrad_mlp as torch
    >>> torch.mean(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1, keepdim=True)
    tensor([[1.5000],
            [3.5000]])

    Raises:
        DTypeError: The elements are integers and no ``dtype`` is given.
    """
    _floating("mean", input, dtype)
    return _mean_of(input, _axes("mean", dim, input.ndim), keepdim, _accumulated(input, dtype))


def _mean_of(array: Array, axes: Any, keepdim: bool, wanted: np.dtype[Any]) -> Array:
    total = _add(array, axes, np.promote_types(wanted, np.float32), keepdims=keepdim)
    return (total / _count(array.shape, axes)).astype(wanted, copy=False)


@primitive(
    lambda g, input, dim, keepdim: (
        _spread(g, input.shape, dim, keepdim) * _before(input, dim) * flip(_before(flip(input, (dim,)), dim), (dim,))
    )
)
def _prod(input: Array, dim: int, keepdim: bool, dtype: dtype | None) -> Array:
    return _multiply(input, dim, _accumulated(input, dtype), keepdims=keepdim)


def _before(input: Any, dim: int) -> Any:
    """The products of the elements before each one along ``dim``."""
    return cumprod(_neighbour(input, dim, 1), dim)


@composite
def prod(input: Array, dim: int | None = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Array:
    """The product of the elements along ``dim``; of integers as int64.

    The gradient of an element is the product of the others, before it times after it: right with zeros, too.

    >>> import tinygrad_mlp as torch
    >>> x = torch.tensor([2.0, 0.0, 4.0], requires_grad=True)
    >>> torch.prod(x).backward()
    >>> x.grad
    tensor([0., 8., 0.])
    """
    if dim is None:
        return _prod(ravel(input), 0, False, dtype)
    _single("prod", dim)
    dim_of("prod", dim, input.ndim)
    return _prod(input, dim, keepdim, dtype) if input.ndim else _prod(ravel(input), 0, False, dtype)


# -------------------------------------------------------------------------------------------------- running sums


def _along(input: Array) -> Array:
    """The array with a dimension to run along."""
    return input if input.ndim else input.reshape(1)


def _accumulate(ufunc: np.ufunc, input: Array, dim: int, wanted: Any) -> Array:
    """The reductions of the elements up to each one along ``dim``, in C order whatever the input's."""
    running = ufunc.accumulate(_along(input), dim, _accumulated(input, wanted))
    return np.ascontiguousarray(running).reshape(input.shape)


@primitive(lambda g, dim: flip(cumsum(flip(g, (dim,)), dim), (dim,)))
def cumsum(input: Array, dim: int, *, dtype: dtype | None = None) -> Array:
    """The sums of the elements up to each one along ``dim``.

    >>> import tinygrad_mlp as torch
    >>> torch.cumsum(torch.tensor([1, 2, 3]), 0)
    tensor([1, 3, 6])
    """
    return _accumulate(np.add, input, dim, dtype)


def _neighbour(x: Any, dim: int, step: int, beyond: float = 1) -> Any:
    """Each element's neighbour along ``dim``: the one before it (step 1) or after it (-1); ``beyond`` the end."""
    if x.ndim == 0:
        return zeros_of(x) + beyond
    behind = (0, 0) * ((x.ndim - 1) - dim % x.ndim)
    return pad_with(x, (*behind, step, -step), value=beyond)


def _recurrence_a(g: Any, y: Any, a: Any, dim: int, step: int) -> Any:
    return _recurrence(_neighbour(a, dim, -step), g, dim, -step) * _neighbour(y, dim, step, 0)


@primitive(
    _recurrence_a,
    lambda g, a, dim, step: _recurrence(_neighbour(a, dim, -step), g, dim, -step),
)
def _recurrence(a: Array, b: Array, dim: int, step: int) -> Array:
    # y_k = a_k y_{k-1} + b_k along dim, or with y_{k+1} where step is -1. Its cotangents h obey the recurrence in the
    # other direction, h_k = a_{k+1} h_{k+1} + g_k: no division, so zeros need no special case, in any order
    y, a = np.array(np.moveaxis(_along(b), dim, 0)), np.moveaxis(_along(a), dim, 0)
    order = range(len(y))[::step]
    for previous, k in itertools.pairwise(order):
        y[k] += a[k] * y[previous]
    return np.moveaxis(y, 0, dim).reshape(b.shape)


@primitive(lambda g, y, input, dim: _recurrence(_neighbour(input, dim, -1), g, dim, -1) * _neighbour(y, dim, 1))
def cumprod(input: Array, dim: int, *, dtype: dtype | None = None) -> Array:
    """The products of the elements up to each one along ``dim``. Its gradient is right with zeros, too.

    >>> import tinygrad_mlp as torch
    >>> torch.cumprod(torch.tensor([1, 2, 3]), 0)
    tensor([1, 2, 6])
    """
    return _accumulate(np.multiply, input, dim, dtype)


# ------------------------------------------------------------------------------------------------ variance


def _deviation(input: Any, dim: Dims) -> Any:
    return input - mean(input, dim, True)


def _freedom(shape: Sequence[int], dim: Dims, correction: float) -> float:
    return builtins.max(_count(shape, dim) - correction, 0)


@primitive(
    lambda g, input, dim, keepdim, correction: (
        _spread(g / _freedom(input.shape, dim, correction) * 2, input.shape, dim, keepdim) * _deviation(input, dim)
    )
)
def _var(input: Array, dim: Dims, keepdim: bool, correction: float) -> Array:
    return _variance(input, dim, keepdim, correction).astype(input.dtype, copy=False)


def _variance(input: Array, dim: Dims, keepdim: bool, correction: float) -> Array:
    """The variance in float64, so that squares of float32 numbers do not overflow, and 0 where all elements are equal."""
    _floating("var", input)
    axes = _axes("var", dim, input.ndim)
    reduced = _reduced(input.shape, axes)
    first = input[tuple(slice(1) if d in reduced else slice(None) for d in range(input.ndim))]
    off = np.subtract(input, first, dtype=np.float64)  # the mean of equal numbers may be another one, that of zeros not
    off = off - _mean_of(off, axes, True, off.dtype)
    return np.true_divide(_add(off * off, axes, keepdims=keepdim), _freedom(input.shape, axes, correction))


def _std_input(g: Any, y: Any, input: Any, dim: Dims, keepdim: bool, correction: float) -> Any:
    flat = y == 0  # no slope where all elements are equal
    scale = where(flat, 0.0, g / (2 * where(flat, 1.0, y)) / _freedom(input.shape, dim, correction) * 2)
    return _spread(scale, input.shape, dim, keepdim) * _deviation(input, dim)


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
    if _count(input.shape, _axes(name, dim, input.ndim)) <= correction:
        message = f"{name}(): degrees of freedom is <= 0: correction {correction} of shape {tuple(input.shape)}, dim={dim}"
        warnings.warn(message, UserWarning, stacklevel=4)
    return dim, correction


@composite
def var(
    input: Array,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
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


@composite
def std(
    input: Array,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Array:
    """The standard deviation, the square root of :func:`var`; its gradient is 0 where it is 0."""
    dim, correction = _correction("std", input, dim, unbiased, correction)
    return _std(input, dim, keepdim, correction)


@composite
def var_mean(
    input: Array,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Array, Array]:
    """The variance and the mean."""
    dim, correction = _correction("var_mean", input, dim, unbiased, correction)
    return _var(input, dim, keepdim, correction), mean(input, dim, keepdim)


@composite
def std_mean(
    input: Array,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Array, Array]:
    """The standard deviation and the mean."""
    dim, correction = _correction("std_mean", input, dim, unbiased, correction)
    return _std(input, dim, keepdim, correction), mean(input, dim, keepdim)


# ------------------------------------------------------------------------------------------------ extremes


def _shared(g: Any, y: Any, input: Any, dim: Dims, keepdim: bool) -> Any:
    """The cotangent in equal parts to the elements that equal the result; where it is nan, to those that are."""
    equal = (input == _spread(y, input.shape, dim, keepdim)) | isnan(input)
    shares = g / sum(equal, dim, keepdim, dtype=g.dtype)
    return where(equal, _spread(shares, input.shape, dim, keepdim), 0.0)


def _tied(g: Any, y: Any, input: Any, dim: Dims, keepdim: bool) -> Any:
    """The cotangent in equal parts to the elements that equal the result; where it is nan, nan to all."""
    equal = input == _spread(y, input.shape, dim, keepdim)
    return _spread(g / sum(equal, dim, keepdim, dtype=g.dtype), input.shape, dim, keepdim) * equal


@primitive(_shared)
def _largest(input: Array, dim: Dims = (), keepdim: bool = False) -> Array:
    return _amax(input, dim, keepdim)


@primitive(_shared)
def _smallest(input: Array, dim: Dims = (), keepdim: bool = False) -> Array:
    return _amin(input, dim, keepdim)


@primitive(_tied)
def amax(input: Array, dim: Dims = (), keepdim: bool = False) -> Array:
    """The largest element along ``dim``, nan if any is; those that tie share the gradient evenly.

    Where the result is nan, so is the gradient of every element; :func:`max` gives it to the elements that are nan.

    >>> import tinygrad_mlp as torch
    >>> x = torch.tensor([3.0, 3.0, 1.0], requires_grad=True)
    >>> torch.amax(x).backward()
    >>> x.grad
    tensor([0.5000, 0.5000, 0.0000])

    Raises:
        ShapeError: There are no elements. DimensionError: There are none along ``dim``.
    """
    return _amax(input, dim, keepdim)


def _amax(input: Array, dim: Dims, keepdim: bool) -> Array:
    axes = _axes("amax", dim, input.ndim)
    _nonempty("amax", input, axes)
    return _maximum(input, axes, keepdims=keepdim)


@primitive(_tied)
def amin(input: Array, dim: Dims = (), keepdim: bool = False) -> Array:
    """The smallest element along ``dim``, nan if any is; those that tie share the gradient evenly."""
    return _amin(input, dim, keepdim)


def _amin(input: Array, dim: Dims, keepdim: bool) -> Array:
    axes = _axes("amin", dim, input.ndim)
    _nonempty("amin", input, axes)
    return _minimum(input, axes, keepdims=keepdim)


def _arg(name: str, input: Array, dim: int | None, keepdim: bool) -> Array:
    if dim is not None:
        _single(name, dim)
    _nonempty(name, input, dim, DimensionError)
    return getattr(np, name)(input, dim, keepdims=keepdim)


@primitive(None)
def argmax(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The index of the first largest element along ``dim``, or in the flattened tensor; of the first nan if any.

    >>> import tinygrad_mlp as torch
    >>> torch.argmax(torch.tensor([[1, 3, 3], [2, 1, 0]]), dim=1)
    tensor([1, 0])
    """
    return _arg("argmax", input, dim, keepdim)


@primitive(None)
def argmin(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The index of the first smallest element along ``dim``, or in the flattened tensor; of the first nan if any."""
    return _arg("argmin", input, dim, keepdim)


def _at(input: Array, dim: int, indices: Array, keepdim: bool) -> Selected:
    """The elements at indices that were found with ``keepdim``."""
    values = input.gather(dim, indices)
    return Selected(values, indices) if keepdim else Selected(squeeze(values, dim), squeeze(indices, dim))


def _extreme(ops: tuple[Any, Any, Any], input: Array, dim: Any, keepdim: bool, other: Array) -> Any:
    whole, position, elementwise = ops
    if other is not None or hasattr(dim, "_data"):
        return elementwise(input, dim if other is None else other)
    return whole(input) if dim is None else _at(input, dim, position(input, dim, True), keepdim)


@composite
def max(input: Array, dim: int | Array | None = None, keepdim: bool = False, *, other: Array = None) -> Any:
    """The largest element; along a dim, (values, indices); or, with a tensor ``other``, the elementwise maximum.

    The gradient goes to the selected index; without ``dim``, in equal parts to all that tie.

    >>> import tinygrad_mlp as torch
    >>> values, indices = torch.max(torch.tensor([[1.0, 5.0], [4.0, 2.0]]), dim=1)
    >>> values, indices
    (tensor([5., 4.]), tensor([1, 0]))
    """
    return _extreme((_largest, argmax, maximum), input, dim, keepdim, other)


@composite
def min(input: Array, dim: int | Array | None = None, keepdim: bool = False, *, other: Array = None) -> Any:
    """The smallest element; along a dim, (values, indices); or, with a tensor ``other``, the elementwise minimum.

    The gradient goes to the selected index; without ``dim``, in equal parts to all that tie.
    """
    return _extreme((_smallest, argmin, minimum), input, dim, keepdim, other)


@primitive(
    lambda g, y, input, dim, keepdim: (
        _spread(g, input.shape, dim, keepdim) * exp(input - _spread(y, input.shape, dim, keepdim))
    ),
    cast="float",
)
def logsumexp(input: Array, dim: Dims, keepdim: bool = False) -> Array:
    """log(sum exp(x)) along ``dim``, computed as m + log(sum exp(x - m)) with the largest element m: no overflow.

    >>> import tinygrad_mlp as torch
    >>> torch.logsumexp(torch.tensor([1000.0, 1000.0]), 0)
    tensor(1000.6932)
    """
    axes = _axes("logsumexp", dim, input.ndim)
    most = _maximum(input, axes, keepdims=True, initial=-np.inf)
    most = np.where(np.isfinite(most), most, 0).astype(input.dtype)
    total = np.log(_add(np.exp(input - most), axes, keepdims=True)) + most
    return total if keepdim else np.squeeze(total, axes) if total.ndim else total


# ------------------------------------------------------------------------------------------------ norms


def _norm_input(g: Any, y: Any, input: Any, ord: float, dim: Dims, keepdim: bool) -> Any:
    # dy/dx = sign(x) |x|^(p-1) / y^(p-1); 0 where that is undefined, at x = 0 and y = 0
    zero = y == 0
    scale = where(zero, 0.0, g / where(zero, 1.0, y) ** (ord - 1))
    spread = _spread(scale, input.shape, dim, keepdim)
    if ord == 2:
        return spread * input
    return spread * sign(input) * where(input == 0, 0.0, where(input == 0, 1.0, abs(input)) ** (ord - 1))


@primitive(_norm_input)
def _p_norm(input: Array, ord: float, dim: Dims, keepdim: bool) -> Array:
    axes = _axes("norm", dim, input.ndim)
    if ord == 2:
        return np.sqrt(_add(input * input, axes, keepdims=keepdim))
    return _add(np.absolute(input) ** ord, axes, keepdims=keepdim) ** (1 / ord)


@composite
def vector_norm(x: Array, ord: float = 2, dim: Dims = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Array:
    """(sum |x|^ord)^(1/ord) along ``dim``: the largest |x| for inf, the smallest for -inf, the number of nonzeros for 0.

    Where it has no derivative its gradient is a subgradient: 0 at 0, and in equal parts to elements that tie for inf.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.vector_norm(torch.tensor([3.0, -4.0]))
    tensor(5.)

    Raises:
        DTypeError: The elements are integers and no ``dtype`` is given.
    """
    if not isinstance(ord, int | float):
        raise ArgumentError(f"vector_norm(): argument 'ord' must be a number, not {ord!r}")
    _floating("vector_norm", x._data, dtype)
    x = x if dtype is None else cast_to(x, dtype=as_dtype(dtype).numpy)
    if math.isinf(ord):
        return (_largest if ord > 0 else _smallest)(abs(x), () if dim is None else dim, keepdim)
    if ord == 0:
        return sum(where(isnan(x), 1.0, abs(sign(x))), dim, keepdim)
    return sum(abs(x), dim, keepdim) if ord == 1 else _p_norm(x, ord, dim, keepdim)


@composite
def norm(
    input: Array,
    p: float | str | None = "fro",
    dim: Dims = None,
    keepdim: bool = False,
    dtype: dtype | None = None,
) -> Array:
    """The p-norm of the elements along ``dim`` taken as one vector; ``"fro"`` is 2.

    >>> import tinygrad_mlp as torch
    >>> torch.norm(torch.tensor([[3.0, 0.0], [0.0, 4.0]]), p=1)
    tensor(7.)

    Raises:
        ShapeError: Another name than ``"fro"``.
    """
    if isinstance(p, str) and p != "fro":
        raise ShapeError(f"norm(): Order {p} not supported; use 'fro' or a number")
    return vector_norm(input, 2 if p is None or isinstance(p, str) else p, dim, keepdim, dtype=dtype)


@composite
def linalg_norm(
    A: Array,  # noqa: N803 - PyTorch's name
    ord: float | str | None = None,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
) -> Array:
    """A matrix norm where ``ord`` is given and the dimensions are two; else :func:`vector_norm`, of order 2 unless given.

    Matrix norms: ``"fro"`` sqrt(sum a^2); 1 and -1 the largest and smallest sum of |a| in a column; inf and -inf in a row;
    2 and -2 the largest and smallest singular value, ``"nuc"`` their sum.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.norm(torch.tensor([[1.0, -2.0], [3.0, 4.0]]), 1)
    tensor(6.)

    Raises:
        ShapeError: A matrix norm of other than two dimensions. RuntimeError: There is no such norm.
    """
    dims = tuple(range(A.ndim)) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    if ord is None or (len(dims) == 1 and not isinstance(ord, str)):
        return vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)
    if len(dims) != 2:
        raise ShapeError(
            f"linalg.norm(): ord={ord!r} is of a matrix (or, a number, of a vector), but dim={dim} of shape {tuple(A.shape)} "
            f"are {len(dims)} dimensions; vector_norm takes any"
        )
    if ord == "fro":
        return vector_norm(A, 2, dims, keepdim, dtype=dtype)
    if ord in (2, -2, "nuc"):
        values = svdvals((A if dtype is None else A.to(dtype)).movedim(dims, (-2, -1)))
        result = sum(values, -1) if ord == "nuc" else (amax if ord == 2 else amin)(values, -1)
        for d in sorted(d % A.ndim for d in dims) if keepdim else ():
            result = result.unsqueeze(d)
        return result
    if ord not in (1, -1, math.inf, -math.inf):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported; use 'fro', 'nuc', 1, -1, 2, -2, inf or -inf")
    sums = vector_norm(A, 1, dims[0] if ord in (1, -1) else dims[1], True, dtype=dtype)
    return (amax if ord > 0 else amin)(sums, dims, keepdim)


# ------------------------------------------------------------------------------------------------ truth and counts


def _truth(ufunc: Any, name: str, input: Array, dim: Dims, keepdim: bool) -> Array:
    result = ufunc.reduce(input, _axes(name, dim, input.ndim), keepdims=keepdim)
    return np.asarray(result).astype(np.uint8) if input.dtype == np.uint8 else result


@primitive(None)
def any(input: Array, dim: Dims = None, keepdim: bool = False) -> Array:
    """Whether any element along ``dim`` is true, or not zero."""
    return _truth(np.logical_or, "any", input, dim, keepdim)


@primitive(None)
def all(input: Array, dim: Dims = None, keepdim: bool = False) -> Array:
    """Whether all elements along ``dim`` are true, or not zero."""
    return _truth(np.logical_and, "all", input, dim, keepdim)


@composite
def count_nonzero(input: Array, dim: Dims = None) -> Array:
    """The number of elements along ``dim`` that are not zero."""
    return sum(ne(input, 0), dim)


@primitive(None, None)
def bincount(input: Array, weights: Array = None, minlength: int = 0) -> Array:
    """How often each of 0, 1, 2 ... occurs in a vector of integers, or the sum of the weights at its occurrences.

    >>> import tinygrad_mlp as torch
    >>> torch.bincount(torch.tensor([0, 2, 2]), minlength=4)
    tensor([1, 0, 2, 0])

    Raises:
        ShapeError: The input is not a vector of integers from 0 up, or the weights differ in shape.
    """
    if input.dtype.kind not in "iu" or input.ndim != 1 or (input < 0).any():
        raise ShapeError(
            f"bincount only supports 1-d non-negative integral inputs, got shape {input.shape} of {input.dtype}"
        )
    if weights is not None and weights.shape != input.shape:
        raise ShapeError(f"bincount: weights should have the shape of the input, {input.shape}, got {weights.shape}")
    if minlength < 0:
        raise ShapeError(f"bincount: minlength should be >= 0, got {minlength}")
    counts = np.bincount(input, weights, minlength)
    return counts.astype(np.float32) if weights is not None and weights.dtype == np.float32 else counts


# ------------------------------------------------------------------------------------------------ order


@primitive(None)
def argsort(input: Array, dim: int = -1, descending: bool = False, stable: bool = False) -> Array:
    """The indices that sort the elements along ``dim``; nan counts as largest, ties keep their order.

    >>> import tinygrad_mlp as torch
    >>> torch.argsort(torch.tensor([3, 1, 3, 2]), descending=True)
    tensor([0, 2, 3, 1])
    """
    dim = dim_of("sort", dim, input.ndim)
    line = np.moveaxis(_along(input), dim, -1)
    order = np.argsort(line[..., ::-1] if descending else line, -1, "stable")
    if descending:  # reversed before and after, so that ties keep their order
        order = line.shape[-1] - 1 - order[..., ::-1]
    return np.moveaxis(order, -1, dim).reshape(input.shape)


@composite
def sort(input: Array, dim: int = -1, descending: bool = False, stable: bool = False) -> Selected:
    """The elements in order along ``dim``, and the indices they had.

    >>> import tinygrad_mlp as torch
    >>> torch.sort(torch.tensor([3, 1, 2])).values
    tensor([1, 2, 3])
    """
    return _at(input, dim, argsort(input, dim, descending, stable), True)


@composite
def topk(input: Array, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Selected:
    """The ``k`` largest (or smallest) elements along ``dim``, in order, and their indices.

    >>> import tinygrad_mlp as torch
    >>> values, indices = torch.topk(torch.tensor([1.0, 4.0, 3.0]), 2)
    >>> values, indices
    (tensor([4., 3.]), tensor([1, 2]))

    Raises:
        ShapeError: There are fewer than ``k``.
    """
    dim = dim_of("topk", dim, input.ndim)
    size = input.shape[dim] if input.ndim else 1
    if not 0 <= k <= size:
        raise ShapeError(f"topk(): selected index k out of range: k is {k}, the dimension has {size} elements")
    order = argsort(input, dim, largest)
    return _at(input, dim, narrow(order, dim, 0, k) if input.ndim else order, True)


def _median_index(input: Array, dim: int) -> Array:
    line = _along(input)
    order = np.argsort(line, dim, kind="stable")  # nan last
    numbers = np.sum(line == line, dim, keepdims=True)
    size = line.shape[dim]
    middle = np.where(numbers < size, numbers, (size - 1) // 2)  # the first nan, if any
    return np.take_along_axis(order, middle, dim)


@primitive(None)
def _argmedian(input: Array, dim: int) -> Array:
    _single("median", dim)
    dim = dim_of("median", dim, input.ndim)
    _nonempty("median", input, dim)
    index = _median_index(input, dim)
    return index if input.ndim else index.reshape(())


@primitive(lambda g, y, input: _shared(g, y, input, None, False))
def _median(input: Array) -> Array:
    flat = input.reshape(-1)
    if not flat.size:
        return np.array(np.nan, input.dtype)
    return flat[_median_index(flat, 0)].reshape(())


@composite
def median(input: Array, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle element, the lower of two, nan if any is; along a dim, (values, indices).

    >>> import tinygrad_mlp as torch
    >>> torch.median(torch.tensor([4.0, 1.0, 3.0, 2.0]))
    tensor(2.)
    """
    return _median(input) if dim is None else _at(input, dim, _argmedian(input, dim), keepdim)


@composite
def unique(
    input: Array,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct elements (slices along ``dim``) in ascending order.

    With ``return_inverse`` also the index of each element among them; with ``return_counts`` how often each occurs.

    >>> import tinygrad_mlp as torch
    >>> torch.unique(torch.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    if dim is not None:
        dim = dim_of("unique", dim, input.ndim)
    values, inverse, counts = np.unique(input._data, return_inverse=True, return_counts=True, axis=dim, equal_nan=False)
    results = [values, *([inverse] if return_inverse else []), *([counts] if return_counts else [])]
    return wrap(values) if len(results) == 1 else tuple(map(wrap, results))
