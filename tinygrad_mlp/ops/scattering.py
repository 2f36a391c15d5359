"""Gather and scatter: elements read from, or added to, the places that index tensors name along a dimension.

``dim`` stands among the array inputs, as a number without a gradient, to keep PyTorch's order.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.errors import ArgumentError, DimensionError, DTypeError, ShapeError
from .composite import composite
from .dims import dim_of, tensor_only
from .memory import values_of
from .places import INTEGERS, index_sum, sums_at, unslice
from .places import index as _read

Array = Any  # an ndarray inside a forward, a Tensor at the caller

__all__ = ["gather", "index_add", "index_select", "scatter", "scatter_add", "take_along_dim"]


def _checked(name: str, indices: Array, dim: int, size: int) -> Array:
    """The indices, if they are integers in [0, size)."""
    if not hasattr(indices, "dtype") or indices.dtype not in INTEGERS:
        raise DTypeError(f"{name}(): Expected dtype int32/int64 for index, got {getattr(indices, 'dtype', indices)}")
    wrong = (indices < 0) | (indices >= size)
    if wrong.any():
        raise ShapeError(f"{name}: index {indices[wrong].flat[0]} is out of bounds for dimension {dim} with size {size}")
    return indices


def _grid(name: str, shape: tuple[int, ...], dim: int, index: Array, src: Array = None) -> tuple[Any, ...]:
    """The key that pairs ``index`` along ``dim`` with its own place along the other dimensions."""
    dim = dim_of(name, dim, len(shape))
    shape, places = shape or (1,), index.shape or (1,)
    if not index.size:
        return (slice(0),)
    for what, limits in (
        ("input", (*shape[:dim], math.inf, *shape[dim + 1 :])),
        ("src", places if src is None else src.shape or (1,)),
    ):
        if len(limits) != len(places):
            raise ShapeError(
                f"{name}: Index tensor must have the same number of dimensions as {what} tensor, got index {index.shape} "
                f"and {what} {shape if what == 'input' else src.shape}"
            )
        if any(n > limit for n, limit in zip(places, limits, strict=True)):
            raise ShapeError(
                f"{name}: Expected index {list(places)} to be no larger than "
                + (f"input {list(shape)} apart from dimension {dim}" if what == "input" else f"src {list(limits)}")
            )
    key = [*np.ogrid[tuple(slice(n) for n in places)]]
    key[dim] = _checked(name, index, dim, shape[dim]).reshape(places)
    return tuple(key)


def _corner(shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The key of the first elements, as many as ``shape`` says."""
    return (*(slice(n) for n in shape), ...)


def _read_corner(src: Array, index: Array) -> Array:
    """The elements of ``src`` that go with those of ``index``; without dimensions both count as vectors."""
    return src.reshape(src.shape or (1,))[_corner(index.shape or (1,))]


@primitive(lambda g, dim, index, input_shape: scatter_sum(g, dim, index, shape=input_shape), None, None, method=True)
def gather(input: Array, dim: int, index: Array, *, sparse_grad: bool = False) -> Array:
    """out[i][j] = input[index[i][j]][j] for dim 0 of two, and so on; the shape is that of ``index``.

    >>> import tinygrad_mlp as torch
    >>> torch.tensor([[1, 2], [3, 4]]).gather(1, torch.tensor([[1], [0]]))
    tensor([[2],
            [3]])
    """
    tensor_only("gather", input=input, index=index)
    key = _grid("gather", input.shape, dim, index)
    return np.ascontiguousarray(input.reshape(input.shape or (1,))[key]).reshape(index.shape)


@primitive(lambda g, dim, index: gather(g, dim, index), None, None)
def scatter_sum(input: Array, dim: int, index: Array, *, shape: tuple[int, ...]) -> Array:
    """Zeros of the given shape with ``input`` added where gather reads: the gradient of :func:`gather`."""
    if not index.size:
        return np.zeros(shape, input.dtype)
    key = np.broadcast_arrays(*_grid("scatter_sum", shape, dim, index))
    positions = np.ravel_multi_index(tuple(key), shape or (1,))
    return sums_at(positions.reshape(-1), input.reshape(-1), math.prod(shape)).reshape(shape)


def _of_src(g: Any, dim: int, index: Any, src_shape: tuple[int, ...]) -> Any:
    """The gradient of ``src``, of which gather reads the corner that has the shape of ``index``."""
    read = gather(g, dim, index)
    if 0 in read.shape:  # nothing was read
        rows = src_shape or (1,)
        return unslice(read.reshape((0, *rows[1:])), key=(slice(0), ...), shape=rows).reshape(src_shape)
    if len(read.shape) != len(src_shape):  # one of them has no dimensions, and counts as a vector
        read = read.reshape(1 if src_shape else ())
    if read.shape == src_shape:
        return read
    return unslice(read, key=_corner(tuple(read.shape)), shape=src_shape)


def _written_only(g: Any, reduce: str | None) -> Any:
    """The cotangent, where nothing was added or multiplied: that has no derivative in PyTorch either."""
    if reduce is not None:
        raise NotImplementedError(f"the derivative of scatter with reduce={reduce!r} is not implemented; use scatter_reduce")
    return g


@primitive(
    lambda g, dim, index, reduce: scatter(_written_only(g, reduce), dim, index, 0.0),
    None,
    None,
    lambda g, dim, index, src_shape, reduce: _of_src(_written_only(g, reduce), dim, index, src_shape),
    method=True,
    in_place=True,
)
def scatter(
    input: Array, dim: int, index: Array, src: Array = None, *, value: float | None = None, reduce: str | None = None
) -> Array:
    """``input`` with ``src`` (a tensor or a number, or ``value``) written where :func:`gather` would read.

    ``reduce``: ``"add"`` or ``"multiply"`` with what is there, without a derivative; :func:`scatter_reduce` has one.
    """
    if reduce not in (None, "add", "multiply"):
        raise RuntimeError(f"reduce argument must be either add or multiply, got {reduce!r}")
    src = value if src is None else src
    if src is None:
        raise ArgumentError("scatter() misses its argument 'src': a tensor, or a number as value=")
    tensor_only("scatter", input=input, index=index)
    filled = not isinstance(src, np.ndarray)
    if not filled and src.dtype != input.dtype:
        raise DTypeError(f"scatter(): Expected self.dtype to be equal to src.dtype, got {input.dtype} and {src.dtype}")
    key = _grid("scatter", input.shape, dim, index, None if filled else src)
    out = np.array(input)
    if index.size:
        line, values = out.reshape(input.shape or (1,)), src if filled else _read_corner(src, index)
        if reduce is None:
            line[key] = values
        else:
            (np.add if reduce == "add" else np.multiply).at(line, key, np.asarray(values).astype(input.dtype))
    return out


@primitive(lambda g: g, None, None, _of_src, method=True, in_place=True)
def scatter_add(input: Array, dim: int, index: Array, src: Array) -> Array:
    """``input`` with ``src`` added where :func:`gather` would read; repeated indices add up."""
    tensor_only("scatter_add", input=input, index=index, src=src)
    if src.dtype != input.dtype:
        raise DTypeError(f"scatter_add(): Expected self.dtype to be equal to src.dtype, got {input.dtype} and {src.dtype}")
    _grid("scatter_add", input.shape, dim, index, src)
    if not index.size:  # may then have any number of dimensions
        return np.array(input)
    return input + scatter_sum(_read_corner(src, index), dim, index, shape=input.shape)


@primitive(
    lambda g: g,
    None,
    None,
    lambda g, dim, index, alpha: (_read(g, index, dim=dim_of("index_add", dim, g.ndim)) if g.ndim else g) * alpha,
    method=True,
    in_place=True,
)
def index_add(input: Array, dim: int, index: Array, source: Array, *, alpha: float = 1) -> Array:
    """``input`` with alpha * ``source`` added at ``index`` along ``dim``; repeated indices add up."""
    tensor_only("index_add", input=input, index=index, source=source)
    dim = dim_of("index_add", dim, input.ndim)
    if source.dtype != input.dtype:
        raise DTypeError(f"index_add(): self ({input.dtype}) and source ({source.dtype}) must have the same scalar type")
    wanted = (*input.shape[:dim], index.size, *input.shape[dim + 1 :]) if input.ndim else ()
    if source.shape != wanted or index.ndim > 1 or (index.size != 1 and not input.ndim):
        raise ShapeError(
            f"index_add(): source tensor shape must match self tensor shape, excluding the specified dimension. Got "
            f"self.shape = {list(input.shape)}, source.shape = {list(source.shape)}, index.shape = {list(index.shape)}"
        )
    shape = input.shape or (1,)
    index = _checked("index_add", index.reshape(-1), dim, shape[dim])
    total: Array = index_sum(source.reshape(source.shape or (1,)), index, dim=dim, size=shape[dim]).reshape(input.shape)
    return input + (total if alpha == 1 else (total * np.asarray(alpha)).astype(total.dtype))


@composite(method=True)
def index_select(input: Array, dim: int, index: Array) -> Array:
    """The slices of ``input`` at ``index`` (a vector) along ``dim``."""
    dim = dim_of("index_select", dim, input.ndim)
    if index.ndim > 1:
        raise DimensionError(f"index_select(): Index is supposed to be a vector, got shape {tuple(index.shape)}")
    _checked("index_select", values_of(index), dim, (input._like.shape or (1,))[dim])
    if input.ndim == 0 and index.numel() != 1:
        raise ShapeError(f"index_select(): Index to scalar can have only 1 value, got {index.numel()} value(s)")
    return _read(input, index.reshape(-1), dim=dim) if input.ndim else input.clone()


@composite(method=True)
def take_along_dim(input: Array, indices: Array, dim: int | None = None) -> Array:
    """:func:`gather` with the other dimensions broadcast; of the flattened input without ``dim``."""
    if dim is None:
        return gather(input.reshape(-1), 0, indices.reshape(-1))
    dim = dim_of("take_along_dim", dim, input.ndim)
    if indices._like.dtype != np.int64:
        raise DTypeError(f"take_along_dim(): dtype of indices should be int64 but got {indices.dtype}; cast with .long()")
    if input.ndim != indices.ndim:
        raise ShapeError(
            "take_along_dim(): input and indices should have the same number of dimensions, but got shapes "
            f"{tuple(input.shape)} and {tuple(indices.shape)}"
        )
    if input.ndim == 0:
        raise DimensionError(f"take_along_dim(): Dimension specified as {dim} but tensor has no dimensions; leave dim out")
    size = input.shape[dim]
    try:
        shape = np.broadcast_shapes(*((*s[:dim], 1, *s[dim + 1 :]) for s in (tuple(input.shape), tuple(indices.shape))))
    except ValueError:
        raise ShapeError(
            f"take_along_dim(): the shapes {tuple(input.shape)} and {tuple(indices.shape)} do not broadcast but for dim {dim}"
        ) from None
    input = input.expand(*shape[:dim], size, *shape[dim + 1 :])
    indices = indices.expand(*shape[:dim], indices.shape[dim], *shape[dim + 1 :])
    return gather(input, dim, indices + (indices < 0) * size)
