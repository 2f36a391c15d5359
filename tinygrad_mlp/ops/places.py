"""Parts of an array by their places: what reading and writing ``x[key]``, views and lookups are made of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array
from ..core.errors import DimensionError, ShapeError
from .dims import as_int64

__all__ = ["first_place", "index", "index_sum", "put", "ravel_index", "slice_", "true_positions", "unslice"]

INTEGERS = (np.dtype(np.int64), np.dtype(np.int32))


def first_place(where: np.ndarray[Any, Any]) -> tuple[int, ...]:
    """The index of the first element that is true, or of the largest."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(where)), where.shape))


@primitive(lambda g, key, input_shape: unslice(g, key=key, shape=input_shape), view=True)
def slice_(input: Array, *, key: tuple[Any, ...]) -> Array:
    """The view that integers, slices, None and one Ellipsis give."""
    return input[key]


@primitive(lambda g, key: slice_(g, key=key))
def unslice(input: Array, *, key: tuple[Any, ...], shape: tuple[int, ...]) -> Array:
    """Zeros of the given shape with ``input`` at ``key``: the gradient of :func:`slice_`."""
    out = np.zeros(shape, input.dtype)
    out[key] = input
    return out


@primitive(lambda g, indices, input_shape, dim: index_sum(g, indices, dim=dim, size=input_shape[dim]), None)
def index(input: Array, indices: Array, *, dim: int) -> Array:
    """The elements at ``indices`` along ``dim``, shapes ``(*A, n, *B), (*I) -> (*A, *I, *B)``."""
    return np.take(input, indices, axis=dim)


@primitive(lambda g, indices, dim: index(g, indices, dim=dim), None)
def index_sum(input: Array, indices: Array, *, dim: int, size: int) -> Array:
    """Zeros with ``input`` added at ``indices`` along ``dim``, shapes ``(*A, *I, *B), (*I) -> (*A, size, *B)``."""
    before, after = input.shape[:dim], input.shape[dim + indices.ndim :]
    at = indices.reshape(-1)
    at = np.where(at < 0, at + size, at)
    rows = input.reshape(math.prod(before), at.size, math.prod(after))
    if rows.shape[0] == rows.shape[2] == 1:
        return sums_at(at, rows.reshape(-1), size).reshape(*before, size, *after)
    out = np.zeros((rows.shape[0], size, rows.shape[2]), input.dtype)
    if at.size:  # sort, so that equal indices stand in runs, and sum each run
        order = np.argsort(at, kind="stable")
        at = at[order]
        starts = np.concatenate([[0], np.flatnonzero(at[1:] != at[:-1]) + 1])
        out[:, at[starts]] = np.add.reduceat(rows.take(order, 1), starts, axis=1)
    return out.reshape(*before, size, *after)


def sums_at(positions: Array, values: Array, size: int) -> Array:
    """The sums of the values at each position, shapes ``(n,), (n,) -> (size,)``."""
    if values.dtype.kind == "f":
        return np.bincount(positions.astype(np.intp, copy=False), values, size).astype(values.dtype)
    out = np.zeros(size, values.dtype)
    np.add.at(out, positions, values)
    return out


def merged(shape: tuple[int, ...], dim: int, dims: int) -> tuple[int, ...]:
    """The shape with ``dims`` dimensions from ``dim`` on made one."""
    return (*shape[:dim], math.prod(shape[dim : dim + dims]), *shape[dim + dims :])


def _put_src(g: Any, positions: Any, input_shape: tuple[int, ...], dim: int, dims: int | None) -> Any:
    shape = merged(input_shape, dim, len(input_shape) if dims is None else dims)
    return index(g.reshape(shape), positions, dim=dim)


@primitive(lambda g, positions, dim, dims: put(g, 0.0, positions, dim=dim, dims=dims), _put_src, None)
def put(input: Array, src: Array, positions: Array, *, dim: int = 0, dims: int | None = None) -> Array:
    """``input`` with ``src`` at the flat ``positions`` over ``dims`` dimensions from ``dim`` on (all by default)."""
    out = np.array(input, order="C")
    flat = out.reshape(merged(out.shape, dim, out.ndim if dims is None else dims))
    place = (*[slice(None)] * dim, positions)
    wanted = (*flat.shape[:dim], *positions.shape, *flat.shape[dim + 1 :])
    try:
        src = np.broadcast_to(src, wanted)
    except ValueError:
        raise ShapeError(
            f"shape mismatch: value tensor of shape {list(np.shape(src))} cannot be broadcast to indexing result of "
            f"shape {list(wanted)}"
        ) from None
    flat[place] = src
    return out


@primitive(None, variadic=True)
def ravel_index(*inputs: Array, sizes: tuple[int, ...]) -> Array:
    """Index arrays over dimensions of the given sizes, broadcast, as one over the merged dimension."""
    try:
        shape = np.broadcast_shapes(*(i.shape for i in inputs))
    except ValueError:
        shapes = ", ".join(str(list(i.shape)) for i in inputs)
        raise DimensionError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}"
        ) from None
    flat = np.zeros(shape, np.int64)
    for i, size in zip(inputs, sizes, strict=True):
        flat = flat * size + _wrapped(i, size)
    return flat


def _wrapped(indices: Array, size: int) -> Array:
    """The indices with negative ones counted from the end."""
    wrong = (indices < -size) | (indices >= size)
    if wrong.any():
        raise DimensionError(f"index {indices[wrong].flat[0]} is out of bounds for a dimension of size {size}")
    return np.where(indices < 0, indices + size, indices)


@primitive(None)
def true_positions(mask: Array) -> Array:
    """The flat positions of what is true, in order."""
    return as_int64(np.flatnonzero(mask))
