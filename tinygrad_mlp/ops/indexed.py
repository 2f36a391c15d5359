"""Writing to places by index, out of place and in place: slices, flat positions, masks, and reductions at repeated places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array
from ..core.errors import DimensionError, DTypeError, ShapeError
from ..core.graph import Tensor, wrap
from .choosing import where
from .composite import composite
from .creation import ones_like
from .dims import dim_of
from .indexing import getitem
from .inplace import copy
from .places import INTEGERS, true_positions
from .places import put as write
from .scattering import _checked, _grid, _read_corner, gather, index_add, scatter, scatter_add
from .shape import broadcast_tensors, diagonal, expand

__all__ = [
    "diagonal_scatter", "index_copy", "index_fill", "index_put", "index_reduce", "masked_scatter", "put", "scatter_reduce",
    "select_scatter", "slice_scatter", "take",
]  # fmt: skip

# -------------------------------------------------------------------------------------------------------------- parts


def _written(name: str, input: Array, src: Array, view: Any) -> Array:
    """``input`` with ``src`` in the part that ``view`` gives of a tensor."""
    positions = view(wrap(np.arange(input._like.size).reshape(input._like.shape)))
    if positions.shape != src.shape:
        raise ShapeError(
            f"{name}: expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size = "
            f"{list(positions.shape)}"
        )
    return write(input, src.to(input.dtype), positions)


@composite(method=True)
def select_scatter(input: Array, src: Array, dim: int, index: int) -> Array:
    """``input`` with ``src`` at one index of ``dim``."""
    return _written("select_scatter", input, src, lambda x: x.select(dim, index))


@composite(method=True)
def slice_scatter(
    input: Array, src: Array, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Array:
    """``input`` with ``src`` in a slice along ``dim``."""
    dim = dim_of("slice_scatter", dim, input.ndim)
    return _written("slice_scatter", input, src, lambda x: getitem(x, (slice(None),) * dim + (slice(start, end, step),)))


@composite(method=True)
def diagonal_scatter(input: Array, src: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    """``input`` with ``src`` on a diagonal."""
    return _written("diagonal_scatter", input, src, lambda x: diagonal(x, offset, dim1, dim2))


# ------------------------------------------------------------------------------------------------------------ by index


def _flat(name: str, index: Array, size: int) -> Array:
    """Flat positions, negative ones counted from the end."""
    if index._like.dtype not in INTEGERS or index._like.dtype == np.int32:
        raise DTypeError(f"{name}(): Expected a long tensor for index, but got {index.dtype}")
    values = index._data
    wrong = (values < -size) | (values >= size)
    if wrong.any():
        raise DimensionError(f"{name}(): out of range: {values[wrong].flat[0]} of {size} elements")
    return wrap(np.where(values < 0, values + size, values))


@composite(method=True)
def take(input: Array, index: Array) -> Array:
    """The elements at positions in the flattened tensor, in the shape of ``index``.

    >>> import tinygrad_mlp as torch
    >>> torch.take(torch.tensor([[4, 3], [2, 1]]), torch.tensor([0, 3]))
    tensor([4, 1])
    """
    if not input.numel() and index.numel():
        raise DimensionError("take(): tried to take from an empty tensor")
    return input.reshape(-1)[_flat("take", index, input.numel())]


@composite(method="put", in_place=True)
def put_flat(input: Array, index: Array, source: Array, accumulate: bool = False) -> Array:
    """``input`` with the elements of ``source`` at positions in the flattened tensor, or added there."""
    if index.numel() != source.numel():
        raise ShapeError(
            f"put_(): Expected source and index to have the same number of elements, but got source.numel() = {source.numel()}, "
            f"index.numel() = {index.numel()}"
        )
    if source.dtype is not input.dtype:
        raise DTypeError(f"put_(): Expected source and self to have the same dtype, got {source.dtype} and {input.dtype}")
    at = _flat("put_", index, input.numel()).reshape(-1)
    if accumulate:
        return index_add(input.reshape(-1), 0, at, source.reshape(-1)).reshape(input.shape)
    return write(input, source.reshape(-1), at)


put = put_flat


@composite(method=True, in_place=True)
def index_put(input: Array, indices: Sequence[Any], values: Array, accumulate: bool = False) -> Array:
    """``input`` with ``values`` at ``input[indices]``, or added there, where repeated indices add up.

    >>> import tinygrad_mlp as torch
    >>> torch.zeros(3).index_put((torch.tensor([0, 0]),), torch.ones(2), accumulate=True)
    tensor([2., 0., 0.])
    """
    if values.dtype is not input.dtype:
        raise DTypeError(
            f"Index put requires the source and destination dtypes match, got {input.dtype} for the destination and "
            f"{values.dtype} for the source."
        )
    key = tuple(slice(None) if item is None else item for item in indices)
    positions = wrap(np.arange(input._like.size).reshape(input._like.shape))[key]
    if accumulate:
        added = expand(values, positions.shape).reshape(-1)
        return index_add(input.reshape(-1), 0, positions.reshape(-1), added).reshape(input.shape)
    return write(input, values, positions)


def _vector(name: str, index: Array, dim: int, size: int) -> Array:
    """An index that is a vector, or a number, of places along a dimension."""
    if index.ndim > 1:
        raise DimensionError(f"{name}(): Index is supposed to be a vector, got {index.ndim} dimensions")
    if index._like.dtype not in INTEGERS:
        raise DTypeError(f"{name}(): Expected dtype int32 or int64 for index, got {index.dtype}")
    values = index._data
    if ((values < 0) | (values >= size)).any():
        raise DimensionError(f"{name}(): index out of range in dimension {dim} of size {size}")
    return wrap(values.reshape(-1).astype(np.int64, copy=False))


@composite(method=True, in_place=True)
def index_fill(input: Array, dim: int, index: Array, value: Any) -> Array:
    """``input`` with ``value``, a number, at the indices along ``dim``."""
    if isinstance(value, Tensor) and value.ndim:
        raise ShapeError(
            f"index_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
        )
    dim = dim_of("index_fill", dim, input.ndim)
    line = input.reshape(input.shape or (1,))
    at = _vector("index_fill", index, dim, line.shape[dim])
    value = value.to(input.dtype) if isinstance(value, Tensor) else value
    return write(line, value, at, dim=dim, dims=1).reshape(input.shape)


@composite(method=True, in_place=True)
def index_copy(input: Array, dim: int, index: Array, source: Array) -> Array:
    """``input`` with the slices of ``source`` at the indices along ``dim``.

    >>> import tinygrad_mlp as torch
    >>> torch.zeros(3).index_copy(0, torch.tensor([2, 0]), torch.tensor([1.0, 2.0]))
    tensor([2., 0., 1.])
    """
    if source.dtype is not input.dtype:
        raise DTypeError(
            f"index_copy_(): self and source expected to have the same dtype, but got {input.dtype} and {source.dtype}"
        )
    dim = dim_of("index_copy", dim, input.ndim)
    line, rows = input.reshape(input.shape or (1,)), source.reshape(source.shape or (1,))
    at = _vector("index_copy", index, dim, line.shape[dim])
    wanted = (*line.shape[:dim], at.shape[0], *line.shape[dim + 1 :])
    if tuple(rows.shape) != wanted:
        raise ShapeError(
            f"index_copy_(): Source/destination tensor must have same slice shapes and the number of indices, expected "
            f"{list(wanted)}, got {list(source.shape)}"
        )
    return write(line, rows, at, dim=dim, dims=1).reshape(input.shape)


@composite(method=True, in_place=True)
def masked_scatter(input: Array, mask: Array, source: Array) -> Array:
    """``input`` with the elements of ``source``, one after the other, where the mask is true.

    >>> import tinygrad_mlp as torch
    >>> torch.zeros(3).masked_scatter(torch.tensor([True, False, True]), torch.tensor([1.0, 2.0, 3.0]))
    tensor([1., 0., 2.])
    """
    if mask._like.dtype != bool:
        raise DTypeError(f"masked_scatter_ only supports boolean masks, but got mask with dtype {mask.dtype}")
    if source.dtype is not input.dtype:
        raise DTypeError(
            f"masked_scatter: expected self and source to have same dtypes but got {input.dtype} and {source.dtype}"
        )
    whole, mask = broadcast_tensors(input, mask)
    at = true_positions(mask)
    if source.numel() < at.numel():
        raise ShapeError(
            f"masked_scatter: expected source to have at least {at.numel()} elements, as many as the mask has true ones, got "
            f"{source.numel()}"
        )
    return write(whole, source.reshape(-1)[: at.numel()], at)


# ------------------------------------------------------------------------------------------------------------- reductions


def _ties(g: Any, y: Any, dim: int, index: Any, input: Any, src: Any) -> Any:
    """The cotangent divided by how many elements equal the result; that of ``input`` counts also where it was not included."""
    return g / scatter_add((input == y) * ones_of(g), dim, index, (src == gather(y, dim, index)) * ones_of(src))


def ones_of(x: Any) -> Any:
    """Ones of the shape and dtype of an array, or a tensor."""
    return np.ones_like(x) if isinstance(x, np.ndarray) else ones_like(x)


def _touched(dim: int, index: Any, like: Any) -> Any:
    """Where something is reduced."""
    return scatter(ones_of(like) * 0, dim, index, 1.0) == 1


def _extreme_input(g: Any, y: Any, input: Any, dim: int, index: Any, src: Any, include_self: bool) -> Any:
    shares = _ties(g, y, dim, index, input, src)
    return where(input == y, shares, 0.0) if include_self else where(_touched(dim, index, input), 0.0, shares)


def _extreme_src(g: Any, y: Any, input: Any, dim: int, index: Any, src: Any) -> Any:
    shares = gather(_ties(g, y, dim, index, input, src), dim, index)
    return where(src == gather(y, dim, index), shares, 0.0)


def _at_places(
    ufunc: Any, name: str, input: Array, dim: int, index: Array, src: Array, include_self: bool, neutral: Any
) -> Array:
    """``input`` combined with ``src`` at the places of ``index``, element by element."""
    out = np.array(input)
    if index.size:
        key = _grid(name, input.shape, dim, index, src)
        line = out.reshape(input.shape or (1,))
        if not include_self:
            line[key] = neutral
        ufunc.at(line, key, _read_corner(src, index))
    return out


@primitive(_extreme_input, None, None, _extreme_src)
def _scatter_extreme(input: Array, dim: int, index: Array, src: Array, *, largest: bool, include_self: bool) -> Array:
    limits = np.finfo(input.dtype) if input.dtype.kind == "f" else np.iinfo(input.dtype) if input.dtype != bool else None
    if limits is None:
        neutral: Any = not largest
    elif input.dtype.kind == "f":
        neutral = -np.inf if largest else np.inf
    else:
        neutral = limits.min if largest else limits.max
    ufunc = np.maximum if largest else np.minimum
    return _at_places(ufunc, "scatter_reduce", input, dim, index, src, include_self, neutral)


def _without_zeros(input: Any, dim: int, index: Any, src: Any, include_self: bool) -> tuple[Any, Any]:
    """The products of what is not 0, and how many zeros there are."""
    own = (
        (input == 0) * ones_of(input)
        if include_self
        else where(_touched(dim, index, input), 0.0, (input == 0) * ones_of(input))
    )
    zeros = scatter_add(own, dim, index, (src == 0) * ones_of(src))
    rest = _scatter_prod(where(input == 0, 1.0, input), dim, index, where(src == 0, 1.0, src), include_self=include_self)
    return rest, zeros


def _prod_input(g: Any, input: Any, dim: int, index: Any, src: Any, include_self: bool) -> Any:
    others = _scatter_prod(ones_of(input), dim, index, src, include_self=True)
    return g * others if include_self else where(_touched(dim, index, input), 0.0, g)


def _prod_src(g: Any, input: Any, dim: int, index: Any, src: Any, include_self: bool) -> Any:
    rest, zeros = _without_zeros(input, dim, index, src, include_self)
    mine = (src == 0) * ones_of(src)
    product = gather(rest, dim, index) / where(src == 0, 1.0, src)
    return gather(g, dim, index) * where(gather(zeros, dim, index) - mine == 0, product, 0.0)


@primitive(_prod_input, None, None, _prod_src)
def _scatter_prod(input: Array, dim: int, index: Array, src: Array, *, include_self: bool) -> Array:
    return _at_places(np.multiply, "scatter_reduce", input, dim, index, src, include_self, 1)


@composite(method=True, in_place=True)
def scatter_reduce(input: Array, dim: int, index: Array, src: Array, reduce: str, *, include_self: bool = True) -> Array:
    """``input`` reduced with the elements of ``src`` at the places where :func:`gather` would read.

    ``reduce``: ``"sum"``, ``"prod"``, ``"mean"``, ``"amax"`` or ``"amin"``. Without ``include_self`` the element of ``input`` at such
    a place does not count.

    >>> import tinygrad_mlp as torch
    >>> index = torch.tensor([0, 0, 1])
    >>> torch.zeros(2).scatter_reduce(0, index, torch.tensor([1.0, 2.0, 5.0]), "mean", include_self=False)
    tensor([1.5000, 5.0000])

    Raises:
        ShapeError: As :func:`scatter`. RuntimeError: There is no such reduction. DTypeError: The dtypes differ.
    """
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}.")
    if src.dtype is not input.dtype:
        raise DTypeError(
            f"scatter_reduce(): Expected self.dtype to be equal to src.dtype, got {input.dtype} and {src.dtype}"
        )
    dim = dim_of("scatter_reduce", dim, input.ndim)
    if not index.numel():
        return copy(input, input)
    _grid("scatter_reduce", tuple(input.shape), dim, index._data, src._data)
    if reduce in ("amax", "amin", "prod"):
        part = src if src.shape == index.shape else src[tuple(slice(n) for n in index.shape)]
        if reduce == "prod":
            return _scatter_prod(input, dim, index, part, include_self=include_self)
        return _scatter_extreme(input, dim, index, part, largest=reduce == "amax", include_self=include_self)
    total = scatter_add(input if include_self else scatter(input, dim, index, 0), dim, index, src)
    if reduce == "sum":
        return total
    ones = ones_like(input.detach())
    counts = scatter_add(ones if include_self else scatter(ones, dim, index, 0), dim, index, ones_like(src.detach()))
    counts = counts.clamp(min=1)
    return total / counts if input._like.dtype.kind == "f" else total // counts


@composite(method=True, in_place=True)
def index_reduce(input: Array, dim: int, index: Array, source: Array, reduce: str, *, include_self: bool = True) -> Array:
    """``input`` reduced with the slices of ``source`` at the indices along ``dim``: ``"prod"``, ``"mean"``, ``"amax"``, ``"amin"``."""
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    dim = dim_of("index_reduce", dim, input.ndim)
    if input.ndim == 0:
        return scatter_reduce(
            input.reshape(1), 0, index.reshape(-1), source.reshape(-1), reduce, include_self=include_self
        ).reshape(())
    at = _checked("index_reduce", index._data.reshape(-1), dim, input.shape[dim])
    if source.ndim != input.ndim or source.shape[dim] != at.size:
        raise ShapeError(
            f"index_reduce(): Number of indices ({at.size}) should be equal to source.size(dim), of shape {list(source.shape)}"
        )
    places = at.reshape([-1 if d == dim else 1 for d in range(input.ndim)])
    whole = wrap(np.ascontiguousarray(np.broadcast_to(places, tuple(source.shape))))
    return scatter_reduce(input, dim, whole, source, reduce, include_self=include_self)
