"""Windows along one dimension: where their largest elements are, those elements, and their sums.

A pooling over several dimensions is one along each, from the last on. A ``window`` is its size, the step to the next one, how many elements
of padding are before the first, the step inside, and how many windows there are. ``dim`` is counted from the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array
from .calls import masked, one_call
from .summing import narrowed, widened

__all__: list[str] = []

Window = tuple[int, int, int, int, int]


def _extent(length: int, window: Window) -> int:
    """How long a dimension is with the padding that its windows reach."""
    kernel, stride, padding, dilation, count = window
    return max(padding + length, (count - 1) * stride + (kernel - 1) * dilation + 1)


def _along(dim: int, part: slice) -> tuple[Any, ...]:
    return (..., part, *(slice(None),) * (-dim - 1))


def _slots(dim: int, window: Window) -> list[tuple[Any, ...]]:
    """The keys of the first elements of all windows, of the second ones, and so on."""
    kernel, stride, _, dilation, count = window
    starts = range(0, kernel * dilation, dilation)
    return [_along(dim, slice(i, i + (count - 1) * stride + 1, stride)) for i in starts]


def _padded(x: Array, dim: int, window: Window, value: Any) -> Array:
    length = x.shape[dim]
    extent = _extent(length, window)
    if extent == length:
        return x
    shape = list(x.shape)
    shape[dim] = extent
    out = np.full(shape, value, x.dtype)
    out[_along(dim, slice(window[2], window[2] + length))] = x
    return out


def _spread(dim: int, window: Window, length: int, like: Array, part: Any) -> Array:
    """Zeros of the given length, with ``part(k)`` added at the k-th elements of all windows."""
    kernel, stride, padding, dilation, count = window
    extent = _extent(length, window)
    shape = list(like.shape)
    shape[dim] = extent
    tiled = dilation == 1 and stride == kernel and count * stride == extent
    out = np.empty(shape, like.dtype) if tiled else np.zeros(shape, like.dtype)
    for k, slot in enumerate(_slots(dim, window)):
        if tiled:
            out[slot] = part(k)
        else:
            out[slot] += part(k)
    return out if extent == length else np.ascontiguousarray(out[_along(dim, slice(padding, padding + length))])


@one_call
def _places_of(input: Array, dim: int, window: Window) -> Array:
    kernel, stride, padding, dilation, count = window
    lowest = -np.inf if input.dtype.kind == "f" else np.iinfo(input.dtype).min
    x, slots = _padded(input, dim, window, lowest), _slots(dim, window)
    best = x[slots[0]].copy()
    places = np.zeros(best.shape, np.uint8 if kernel <= 256 else np.int64)
    if padding:  # which is never chosen, also where all else is -inf
        first = -((np.arange(count) * stride - padding) // dilation)
        places += np.maximum(first, 0).astype(places.dtype).reshape(-1, *(1,) * (-dim - 1))
    for k in range(1, kernel):
        candidate = x[slots[k]]
        better = candidate > best
        if input.dtype.kind == "f":
            better |= candidate != candidate
        np.copyto(places, k, where=better)
        if k < kernel - 1:
            np.maximum(best, candidate, out=best)
    return places


@primitive(None)
def window_places(input: Array, *, dim: int, window: Window) -> Array:
    """Which element of each window is the largest: the first of several, but the last nan."""
    return _places_of(input, dim=dim, window=window)


@one_call
def _picked(input: Array, places: Array, dim: int, window: Window) -> Array:
    x, slots = _padded(input, dim, window, 0), _slots(dim, window)
    out = x[slots[0]].copy()
    for k in range(1, window[0]):
        np.copyto(out, x[slots[k]], where=places == k)
    return out


@one_call
def _unpicked(input: Array, places: Array, dim: int, window: Window, length: int) -> Array:
    return _spread(dim, window, length, input, lambda k: masked(input, places == k))


@primitive(
    lambda g, places, input_shape, dim, window: window_unpick(g, places, dim=dim, window=window, length=input_shape[dim]),
    None,
)
def window_pick(input: Array, places: Array, *, dim: int, window: Window) -> Array:
    """The elements at the places in their windows."""
    return _picked(input, places, dim=dim, window=window)


@primitive(lambda g, places, dim, window: window_pick(g, places, dim=dim, window=window), None)
def window_unpick(input: Array, places: Array, *, dim: int, window: Window, length: int) -> Array:
    """The gradient of :func:`window_pick`: each element is added at its place."""
    return _unpicked(input, places, dim=dim, window=window, length=length)


@one_call
def _summed(input: Array, dim: int, window: Window) -> Array:
    x = _padded(widened(input), dim, window, 0)
    first, *others = _slots(dim, window)
    out = x[first].copy()
    for slot in others:
        out += x[slot]
    return narrowed(out, input)


@one_call
def _unsummed(input: Array, dim: int, window: Window, length: int) -> Array:
    return _spread(dim, window, length, input, lambda k: input)


@primitive(lambda g, input_shape, dim, window: window_unsum(g, dim=dim, window=window, length=input_shape[dim]))
def window_sum(input: Array, *, dim: int, window: Window) -> Array:
    """The sum of each window."""
    return _summed(input, dim=dim, window=window)


@primitive(lambda g, dim, window: window_sum(g, dim=dim, window=window))
def window_unsum(input: Array, *, dim: int, window: Window, length: int) -> Array:
    """The gradient of :func:`window_sum`: each element is added to all of its window."""
    return _unsummed(input, dim=dim, window=window, length=length)
