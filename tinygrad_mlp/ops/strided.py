"""Views by sizes and steps in memory."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array
from ..core.errors import ShapeError
from .composite import composite
from .dims import sizes_of
from .places import index_sum
from .shape import reshape

__all__ = ["as_strided"]


@functools.lru_cache(64)
def _positions(size: tuple[int, ...], stride: tuple[int, ...], start: int) -> np.ndarray[Any, Any]:
    """Which element each element of the view is, counted from the first."""
    found = np.full(size, start, np.int64)
    for dim, step in enumerate(stride):
        found += step * np.arange(size[dim], dtype=np.int64).reshape(-1, *[1] * (len(size) - dim - 1))
    return found


def _added(g: Any, input_shape: tuple[int, ...], size: tuple[int, ...], stride: tuple[int, ...], start: int) -> Any:
    """The cotangents added at the elements that the view shows."""
    count = int(np.prod(input_shape, dtype=np.int64))
    return reshape(index_sum(g, _positions(size, stride, start), dim=0, size=count), input_shape)


@primitive(_added, view=True)
def strided_view(input: Array, size: tuple[int, ...], stride: tuple[int, ...], start: int) -> Array:
    """The view of a contiguous tensor's elements, counted from its first one."""
    steps = tuple(step * input.itemsize for step in stride)
    return np.lib.stride_tricks.as_strided(input.reshape(-1)[start:], size, steps)


@composite(method=True)
def as_strided(input: Array, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None) -> Array:
    """A view of the tensor's memory: its element [i, j] is ``storage_offset + i * stride[0] + j * stride[1]``.

    >>> import tinygrad_mlp as torch
    >>> torch.as_strided(torch.arange(4), (3, 2), (1, 1))
    tensor([[0, 1],
            [1, 2],
            [2, 3]])

    Raises:
        ShapeError: Sizes and strides do not fit together, or lead out of the tensor; or it is not contiguous.
    """
    size, stride = sizes_of("as_strided", size), sizes_of("as_strided", stride)
    if len(size) != len(stride) or any(n < 0 for n in (*size, *stride)):
        raise ShapeError(f"as_strided: sizes {size} and strides {stride} must be as many, and none negative")
    if not input.is_contiguous():
        raise ShapeError("as_strided: the tensor is not contiguous; call .contiguous() first")
    start = 0 if storage_offset is None else storage_offset - input.storage_offset()
    last = start + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if 0 not in size and not 0 <= start <= last < input.numel():
        raise ShapeError(f"as_strided: sizes {size} and strides {stride} from {start} lead out of {input.numel()} elements")
    return strided_view(input, size, stride, start if 0 not in size else 0)
