"""Which dimensions are meant: ``dim`` and sizes as a user gives them, checked, and counted from the front.

A tensor without dimensions takes a dim as if it had one.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, DimensionError, ShapeError

Array = Any  # an ndarray
Dims = int | Sequence[int] | None

__all__: list[str] = []


def dim_of(name: str, dim: int, ndim: int) -> int:
    """``dim`` counted from the front."""
    if not isinstance(dim, int):
        try:
            dim = operator.index(dim)
        except TypeError:
            given = "Tensor" if hasattr(dim, "dtype") else type(dim).__name__
            raise ArgumentError(f"{name}(): argument 'dim' must be int, not {given}") from None
    count = ndim or 1
    if not -count <= dim < count:
        raise DimensionError(
            f"{name}(): Dimension out of range (expected to be in range of [{-count}, {count - 1}], but got {dim}) for "
            f"a tensor of {ndim} dimensions"
        )
    return dim % count


def sizes_of(name: str, sizes: Iterable[int]) -> tuple[int, ...]:
    """``sizes`` as a tuple of Python ints."""
    try:
        return tuple(map(operator.index, sizes))
    except TypeError:
        raise ArgumentError(f"{name}(): expected a tuple of ints, got {sizes!r}") from None


def axes_of(name: str, dim: Dims, ndim: int) -> int | tuple[int, ...] | None:
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
    if len(dims) == 1:
        return dims[0]
    return dims if dims and ndim else None


def dims_of(shape: Sequence[int], dim: Dims) -> set[int]:
    """Which dimensions of ``shape`` a valid ``dim`` names."""
    if dim is None or dim == ():
        return set(range(len(shape)))
    ndim = len(shape) or 1
    return {d % ndim for d in ((dim,) if isinstance(dim, int) else dim)}


def count_of(shape: Sequence[int], dim: Dims) -> int:
    """How many elements are reduced to one."""
    if dim is None:
        return math.prod(shape)
    return math.prod(shape[d] for d in dims_of(shape, dim)) if shape else 1


def nonempty(name: str, input: Array, dim: Dims, error: type[Exception] = ShapeError) -> None:
    if input.size == 0 and dim is None:
        raise error(f"{name}(): Expected reduction dim to be specified for input.numel() == 0: an empty tensor has none")
    if input.size == 0 and input.ndim and 0 in (input.shape[d] for d in dims_of(input.shape, dim)):
        raise DimensionError(f"{name}(): Expected reduction dim {dim} to have non-zero size, but the shape is {input.shape}")


def tensor_only(name: str, **arguments: Any) -> None:
    """Check arguments of a forward that, unlike most, take no number for a tensor."""
    for argument, value in arguments.items():
        if not isinstance(value, np.ndarray):
            raise ArgumentError(f"{name}(): argument {argument!r} must be Tensor, not {type(value).__name__}")


def as_int64(indices: Array) -> Array:
    """Indices or counts from NumPy as int64; on machines of 32 bits NumPy gives integers of 32 bits."""
    return np.asarray(indices).astype(np.int64, copy=False)


def along(array: Array) -> Array:
    """The array with a dimension to go along."""
    return array if array.ndim else array.reshape(1)
