"""Sums of arrays that lose no digits, for every operation that adds up.

A running total of n numbers is rounded n times. NumPy adds in pairs along the last dimension, which rounds about log n times,
but keeps a running total along the others. Here these are added in blocks of 32, then the sums of the blocks, and so on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .calls import one_call

__all__ = ["average", "narrowed", "total", "wide", "widened"]

Array = Any  # an ndarray, or a number where no dimension is left
_add: Any = np.add.reduce  # whose types know `keepdims` as a literal only
_FLOAT32 = np.dtype(np.float32)
_SHORT = 128  # rows that are added one after the other: about as exact as NumPy's pairs
_BLOCK = 32  # rows, where there are more
_LONG = 2048  # numbers of a row, of which 16 or so are added at a time by a product: about as exact as NumPy's pairs
_ONES = {kind: np.ones(_LONG, kind) for kind in "fd"}
_WIDTH = 4096  # elements, up to which short rows are laid side by side: NumPy is slow to start on each
_NARROW = 24  # elements of a last dimension, below which NumPy is many times slower along it than along the first


def wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype to compute in: float32 for float16, which has few digits and overflows early."""
    return _FLOAT32 if dtype.char == "e" else dtype


def widened(array: Array) -> Array:
    """The array in the dtype to compute in."""
    return array.astype(_FLOAT32) if array.dtype.char == "e" else array


def narrowed(array: Array, like: Array) -> Array:
    """What was computed of ``widened(like)``, in the dtype of ``like``."""
    return array if array.dtype == like.dtype else array.astype(like.dtype)


@one_call
def total(
    array: Array, axes: int | tuple[int, ...] | None = None, dtype: np.dtype[Any] | None = None, keepdims: bool = False
) -> Array:
    """The sum over ``axes``, counted from the front, or over all; in ``dtype``, the array's own if None.

    >>> total(np.full((1_000_000, 3), 0.1, np.float32), 0).round().tolist()
    [100000.0, 100000.0, 100000.0]
    """
    dtype = array.dtype if dtype is None else dtype
    if dtype is array.dtype and _in_rows(array, axes):
        return _of_rows(array, keepdims)
    if dtype.kind != "f" or (dtype is array.dtype and dtype.char != "e" and _exact(array, axes)):
        return _add(array, axes, dtype, keepdims=keepdims)
    x = array.astype(wide(dtype), copy=False)
    if type(axes) is int and x.ndim > 1:
        x = _along(x, axes)
        if keepdims:
            x = x.reshape(*array.shape[:axes], 1, *array.shape[axes + 1 :])
        return x if x.dtype is dtype else x.astype(dtype)
    dims = range(x.ndim) if axes is None or not x.ndim else (axes,) if isinstance(axes, int) else sorted(axes)
    if len(dims) == x.ndim:
        x = _add(x.ravel("K"))
    else:
        for d in reversed(dims):
            before, after = x.shape[:d], x.shape[d + 1 :]
            if d - 1 in dims:  # neighbours become one
                x = x.reshape(*before[:-1], before[-1] * x.shape[d], *after)
            else:
                x = _along(x, d)
    if keepdims:
        x = x.reshape([1 if d in dims else n for d, n in enumerate(array.shape)])
    return x.astype(dtype, copy=False)


def _in_rows(array: Array, axes: int | tuple[int, ...] | None) -> bool:
    """Whether the sums are of rows, for which a product is five times as fast as NumPy's sums."""
    last = type(axes) is int and axes == array.ndim - 1 > 0 and array.dtype.char in _ONES
    return last and 0 < array.shape[-1] <= _LONG and array.flags.c_contiguous


def _of_rows(array: Array, keepdims: bool) -> Array:
    summed = np.matmul(array, _ONES[array.dtype.char][: array.shape[-1]])
    return summed[..., None] if keepdims else summed


def _exact(array: Array, axes: int | tuple[int, ...] | None) -> bool:
    """Whether NumPy adds few elements, or in pairs."""
    if axes is None or not array.ndim:
        return array.flags.contiguous
    if type(axes) is not int:
        return False
    last, rows = axes == array.ndim - 1, array.shape[axes]
    if rows <= _SHORT:
        return not last or rows >= _NARROW or array.size < 1024
    return last and array.flags.c_contiguous


@one_call
def average(
    array: Array, axes: int | tuple[int, ...] | None = None, dtype: np.dtype[Any] | None = None, keepdims: bool = False
) -> Array:
    """The mean over ``axes``; nan of no elements."""
    dtype = array.dtype if dtype is None else dtype
    summed = total(array, axes, wide(dtype), keepdims)
    mean = summed / (array.size // (summed.size or 1))
    return mean if mean.dtype == dtype else mean.astype(dtype)


def _along(x: Array, d: int) -> Array:
    """The sum along one of several dimensions."""
    if not x.flags.c_contiguous:
        if x.ndim == 2 and x.flags.f_contiguous:
            x, d = x.T, 1 - d
        else:
            x = np.ascontiguousarray(x)
    rows = x.shape[d]
    if x.size == 0 or rows <= 1:
        return _add(x, d)
    if d < x.ndim - 1:
        if rows <= _SHORT:
            return _add(x, d)
        return _down(x.reshape(*x.shape[: d + 1], -1), d).reshape(x.shape[:d] + x.shape[d + 1 :])
    if rows < _NARROW:
        return _add(np.ascontiguousarray(x.reshape(-1, rows).T), 0).reshape(x.shape[:-1])
    return _add(x, d)


def _down(x: Array, d: int) -> Array:
    """The sum along the last dimension but one, ``d``."""
    rows, columns = x.shape[d], x.shape[-1]
    if rows <= _SHORT:
        return _add(x, d)
    before = x.shape[:d]
    side = max(1, min(rows // _BLOCK, _WIDTH // columns))  # rows that lie side by side
    main = rows - rows % (_BLOCK * side)
    key = (*[slice(None)] * d,)
    blocks = x[(*key, slice(main))].reshape(*before, -1, _BLOCK, side * columns)
    summed = _down(_add(blocks, d + 1).reshape(*before, -1, columns), d)
    return summed if main == rows else summed + _down(x[(*key, slice(main, None))], d)
