"""Collating: one batch from a list of samples."""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from ..._tensor import Tensor
from ...dtypes import float64
from ...errors import ArgumentError, ShapeError
from ...ops.creation import as_tensor
from ...ops.joining import stack

__all__ = ["default_collate", "default_convert"]


def default_collate(batch: Sequence[Any]) -> Any:
    """Put samples together: a new first dimension over tensors, arrays and numbers; dicts, tuples and lists entrywise.

    Floats become float64 and ints int64, as in PyTorch; strings stay a list; tuples of samples become a list.

    Raises:
        ArgumentError: There is nothing to make a batch of such samples.
        ShapeError: The samples have different lengths or shapes.

    >>> from tinygrad_mlp.utils.data import default_collate
    >>> default_collate([{"x": 1, "name": "a"}, {"x": 2, "name": "b"}])
    {'x': tensor([1, 2]), 'name': ['a', 'b']}
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(batch)
    if isinstance(first, np.ndarray) and first.dtype.kind in "biuf":
        return default_collate([as_tensor(array) for array in batch])
    if isinstance(first, np.generic) and first.dtype.kind in "biuf":
        return as_tensor(np.asarray(batch))
    if isinstance(first, int | float):
        return as_tensor(list(batch), dtype=float64 if isinstance(first, float) else None)
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        return _like(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, Sequence):
        if len({len(sample) for sample in batch}) != 1:
            raise ShapeError(
                f"each element in list of batch should be of equal size, got {[len(sample) for sample in batch]}; pad "
                "them, or give the DataLoader a collate_fn"
            )
        return _like(first, [default_collate(column) for column in zip(*batch, strict=True)])
    raise ArgumentError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found "
        f"{type(first).__name__}; give the DataLoader a collate_fn"
    )


def default_convert(data: Any) -> Any:
    """NumPy arrays and numbers as Tensors, also within dicts, tuples and lists; all else as it is."""
    if isinstance(data, np.ndarray | np.generic) and data.dtype.kind in "biuf":
        return as_tensor(data)
    if isinstance(data, Mapping):
        return _like(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _like(data, [default_convert(value) for value in data])
    return data


def _like(sample: Any, entries: Any) -> Any:
    """Collated entries in the sample's own type of dict or sequence, where that can be made."""
    try:
        if isinstance(sample, tuple):
            return type(sample)(*entries) if hasattr(sample, "_fields") else entries
        if isinstance(sample, MutableMapping):
            filled = copy.copy(sample)  # keeps what else it holds, such as a default factory
            filled.update(entries)
            return filled
        return type(sample)(entries)
    except TypeError:
        return entries
