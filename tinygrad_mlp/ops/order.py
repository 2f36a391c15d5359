"""Order: largest and smallest elements and where they are, medians, sorting. ``dim`` and ``keepdim`` as in :mod:`.sums`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array
from ..core.errors import DimensionError, ShapeError
from ..core.graph import Tensor, wrap
from .choosing import maximum, minimum, where
from .comparing import isnan
from .composite import composite
from .dims import Dims, along, as_int64, axes_of, dim_of, nonempty
from .joining import narrow
from .shape import squeeze
from .sums import spread_to, sum

__all__ = ["amax", "amin", "argmax", "argmin", "argsort", "max", "median", "min", "sort", "topk", "unique"]

# --------------------------------------------------------------------------------------------------------------- extremes


class Selected(NamedTuple):
    """What an operation selected along a dimension, and where it was."""

    values: Tensor
    indices: Tensor


def _shared(g: Any, y: Any, input: Any, dim: Dims, keepdim: bool) -> Any:
    """The cotangent in equal parts to the elements that equal the result; where it is nan, to those that are."""
    equal = (input == spread_to(y, input.shape, dim, keepdim)) | isnan(input)
    shares = g / sum(equal, dim, keepdim, dtype=g.dtype)
    return where(equal, spread_to(shares, input.shape, dim, keepdim), 0.0)


def _tied(g: Any, y: Any, input: Any, dim: Dims, keepdim: bool) -> Any:
    """The cotangent in equal parts to the elements that equal the result; where it is nan, nan to all."""
    equal = input == spread_to(y, input.shape, dim, keepdim)
    return spread_to(g / sum(equal, dim, keepdim, dtype=g.dtype), input.shape, dim, keepdim) * equal


def _extremes(name: str, ufunc: np.ufunc, input: Array, dim: Dims, keepdim: bool) -> Array:
    axes = axes_of(name, dim, input.ndim)
    nonempty(name, input, axes)
    return ufunc.reduce(input, axes, keepdims=keepdim)


@primitive(_shared)
def _largest(input: Array, dim: Dims = (), keepdim: bool = False) -> Array:
    return _extremes("max", np.maximum, input, dim, keepdim)


@primitive(_shared)
def _smallest(input: Array, dim: Dims = (), keepdim: bool = False) -> Array:
    return _extremes("min", np.minimum, input, dim, keepdim)


@primitive(_tied, method=True, reduces=np.maximum)
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
    return _extremes("amax", np.maximum, input, dim, keepdim)


@primitive(_tied, method=True, reduces=np.minimum)
def amin(input: Array, dim: Dims = (), keepdim: bool = False) -> Array:
    """The smallest element along ``dim``, nan if any is; those that tie share the gradient evenly."""
    return _extremes("amin", np.minimum, input, dim, keepdim)


def _arg(name: str, input: Array, dim: int | None, keepdim: bool) -> Array:
    dim = None if dim is None else dim_of(name, dim, input.ndim)
    nonempty(name, input, dim, DimensionError)
    return as_int64(getattr(np, name)(input, dim, keepdims=keepdim))


@primitive(None, method=True)
def argmax(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The index of the first largest element along ``dim``, or in the flattened tensor; of the first nan if any.

    >>> import tinygrad_mlp as torch
    >>> torch.argmax(torch.tensor([[1, 3, 3], [2, 1, 0]]), dim=1)
    tensor([1, 0])
    """
    return _arg("argmax", input, dim, keepdim)


@primitive(None, method=True)
def argmin(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The index of the first smallest element along ``dim``, or in the flattened tensor; of the first nan if any."""
    return _arg("argmin", input, dim, keepdim)


def _at(input: Array, dim: int, indices: Array, keepdim: bool) -> Selected:
    """The elements at indices that were found with ``keepdim``."""
    values = input.gather(dim, indices)
    return Selected(values, indices) if keepdim else Selected(squeeze(values, dim), squeeze(indices, dim))


def _extreme(ops: tuple[Any, Any, Any], input: Array, dim: Any, keepdim: bool, other: Array) -> Any:
    whole, position, elementwise = ops
    if other is not None or isinstance(dim, Tensor):
        return elementwise(input, dim if other is None else other)
    return whole(input) if dim is None else _at(input, dim, position(input, dim, True), keepdim)


@composite(method=True)
def max(input: Array, dim: int | Array | None = None, keepdim: bool = False, *, other: Array = None) -> Any:
    """The largest element; along a dim, (values, indices); or, with a tensor ``other``, the elementwise maximum.

    The gradient goes to the selected index; without ``dim``, in equal parts to all that tie.

    >>> import tinygrad_mlp as torch
    >>> values, indices = torch.max(torch.tensor([[1.0, 5.0], [4.0, 2.0]]), dim=1)
    >>> values, indices
    (tensor([5., 4.]), tensor([1, 0]))
    """
    return _extreme((_largest, argmax, maximum), input, dim, keepdim, other)


@composite(method=True)
def min(input: Array, dim: int | Array | None = None, keepdim: bool = False, *, other: Array = None) -> Any:
    """The smallest element; along a dim, (values, indices); or, with a tensor ``other``, the elementwise minimum.

    The gradient goes to the selected index; without ``dim``, in equal parts to all that tie.
    """
    return _extreme((_smallest, argmin, minimum), input, dim, keepdim, other)


# ------------------------------------------------------------------------------------------------------------------ order


@primitive(None, method=True)
def argsort(input: Array, dim: int = -1, descending: bool = False, stable: bool = False) -> Array:
    """The indices that sort the elements along ``dim``; nan counts as largest, ties keep their order.

    >>> import tinygrad_mlp as torch
    >>> torch.argsort(torch.tensor([3, 1, 3, 2]), descending=True)
    tensor([0, 2, 3, 1])
    """
    dim = dim_of("sort", dim, input.ndim)
    line = np.moveaxis(along(input), dim, -1)
    order = np.argsort(line[..., ::-1] if descending else line, -1, "stable")
    if descending:  # reversed before and after, so that ties keep their order
        order = line.shape[-1] - 1 - order[..., ::-1]
    return as_int64(np.moveaxis(order, -1, dim).reshape(input.shape))


@composite(method=True)
def sort(input: Array, dim: int = -1, descending: bool = False, stable: bool = False) -> Selected:
    """The elements in order along ``dim``, and the indices they had.

    >>> import tinygrad_mlp as torch
    >>> torch.sort(torch.tensor([3, 1, 2])).values
    tensor([1, 2, 3])
    """
    return _at(input, dim, argsort(input, dim, descending, stable), True)


@composite(method=True)
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
    line = along(input)
    order = np.argsort(line, dim, kind="stable")  # nan last
    numbers = np.sum(line == line, dim, keepdims=True)
    size = line.shape[dim]
    middle = np.where(numbers < size, numbers, (size - 1) // 2)  # the first nan, if any
    return np.take_along_axis(order, middle, dim)


@primitive(None)
def _argmedian(input: Array, dim: int) -> Array:
    dim = dim_of("median", dim, input.ndim)
    nonempty("median", input, dim)
    index = _median_index(input, dim)
    return as_int64(index if input.ndim else index.reshape(()))


@primitive(lambda g, y, input: _shared(g, y, input, None, False))
def _median(input: Array) -> Array:
    flat = input.reshape(-1)
    if not flat.size:
        return np.array(np.nan if input.dtype.kind == "f" else np.iinfo(input.dtype).min, input.dtype)
    return flat[_median_index(flat, 0)].reshape(())


@composite(method=True)
def median(input: Array, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle element, the lower of two, nan if any is; along a dim, (values, indices).

    >>> import tinygrad_mlp as torch
    >>> torch.median(torch.tensor([4.0, 1.0, 3.0, 2.0]))
    tensor(2.)
    """
    return _median(input) if dim is None else _at(input, dim, _argmedian(input, dim), keepdim)


@composite(method=True)
def unique(
    input: Array, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
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
    results = [values, *(as_int64(inverse),) * return_inverse, *(as_int64(counts),) * return_counts]
    return wrap(values) if len(results) == 1 else tuple(map(wrap, results))
