"""Copies, changes of dtype, and computing large arrays piece by piece."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array, cast, clone, zeros_of
from ..core.errors import ArgumentError
from ..core.promotion import result_dtype
from ..device import device as device_type
from ..dtypes import as_dtype, dtype
from .composite import composite

_dtype_type = dtype

__all__ = ["result_type"]


def no_slope(g: Any) -> Any:
    """The rule of a step function: a gradient of zeros."""
    return zeros_of(g)


@composite(method=True)
def contiguous(input: Array) -> Array:
    """``input`` itself if contiguous in memory, else a copy that is."""
    return input if input.is_contiguous() else _packed(input)


@primitive(lambda g: g)
def _packed(input: Array) -> Array:
    return np.copy(input, "C")


@composite
def result_type(tensor1: Array, tensor2: Array) -> _dtype_type:
    """The dtype of an arithmetic operation on the two, tensors or numbers.

    >>> import tinygrad_mlp as torch
    >>> torch.result_type(torch.tensor([1, 2]), 0.5)
    tinygrad_mlp.float32
    """
    return as_dtype(result_dtype([getattr(x, "_data", x) for x in (tensor1, tensor2)]))


@composite(method=True)
def to(
    input: Array, *args: Any, dtype: dtype | None = None, device: Any = None, copy: bool = False, **ignored: Any
) -> Array:
    """The tensor in another dtype; see ``Tensor.to``."""
    flags: list[bool] = []  # by position: non_blocking, which means nothing on the CPU, then copy
    for arg in args:
        if isinstance(arg, _dtype_type):
            dtype = arg
        elif hasattr(arg, "_data"):
            dtype = arg.dtype
        elif isinstance(arg, type):
            dtype = as_dtype(arg)
        elif isinstance(arg, bool):
            flags.append(arg)
        else:
            device = arg
    if ignored.keys() - {"non_blocking", "memory_format"}:
        raise ArgumentError(f"to() has no argument {sorted(ignored)[0]!r}")
    if device is not None:
        device_type(device)
    target = input._data.dtype if dtype is None else as_dtype(dtype).numpy
    if target != input._data.dtype:
        return cast(input, dtype=target)
    return clone(input) if copy or flags[1:] == [True] else input
