"""Copies, changes of dtype, and computing large arrays piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..device import device as device_type
from ..dtypes import as_dtype, dtype, result_dtype
from ..engine import composite, primitive
from ..errors import ArgumentError, ShapeError

_dtype_type = dtype
Array = Any  # an ndarray inside a forward, a Tensor at the caller

__all__ = ["clone", "result_type"]

BLOCK = 32_768  # elements; 128 KiB of float32, so that three arrays fit in a core's own cache


def blockwise(compute: Callable[..., Array], out: Array, *operands: Any) -> Array:
    """``compute(out, *operands)``; large arrays piece by piece, so that intermediate results stay in the processor's cache.

    Each operand is ``out`` itself or shares no memory with it.
    """
    if out is None or out.size <= BLOCK:
        return compute(out, *operands)
    divided = [isinstance(value, np.ndarray) and value.ndim > 0 for value in operands]
    arrays = [out, *(value for value, divide in zip(operands, divided) if divide)]
    if not all(a.shape == out.shape and a.flags.c_contiguous for a in arrays):
        return compute(out, *operands)
    for start in range(0, out.size, BLOCK):
        part = slice(start, start + BLOCK)
        pieces = (value.reshape(-1)[part] if divide else value for value, divide in zip(operands, divided))
        compute(out.reshape(-1)[part], *pieces)
    return out


@primitive(None)
def zeros_of(input: Array) -> Array:
    """Zeros of the shape and dtype of ``input``: the gradient of a step function."""
    return np.zeros_like(input)


def no_slope(g: Any) -> Any:
    """The rule of a step function: a gradient of zeros."""
    return zeros_of(g)


def _order(input: Array) -> Any:
    """The memory layout of a copy, as in PyTorch: that of the input, but row by row if the input is expanded."""
    return "C" if 0 in input.strides else "K"


@primitive(lambda g: g)
def clone(input: Array) -> Array:
    """A copy, with its history."""
    return np.copy(input, order=_order(input))


@primitive(lambda g: g)
def cast(input: Array, dtype: np.dtype[Any]) -> Array:
    """The values in another NumPy dtype; the same memory where it has that dtype already."""
    return input.astype(dtype, order=_order(input), copy=False)


@primitive(no_slope, lambda g: g)
def copy(input: Array, src: Array) -> Array:
    """``src`` in the shape and dtype of ``input``: what ``copy_`` writes."""
    try:
        return np.broadcast_to(np.asarray(src), input.shape).astype(input.dtype)
    except ValueError:
        raise ShapeError(
            f"copy_(): a tensor of shape {np.shape(src)} does not broadcast to the shape {input.shape} that is written"
        ) from None


@composite
def contiguous(input: Array) -> Array:
    """``input`` itself if contiguous in memory, else a copy that is."""
    return input if input.is_contiguous() else _packed(input)


@primitive(lambda g: g)
def _packed(input: Array) -> Array:
    return np.ascontiguousarray(input)


@composite
def result_type(tensor1: Array, tensor2: Array) -> _dtype_type:
    """The dtype of an arithmetic operation on the two, tensors or numbers.

    >>> import tinygrad_mlp as torch
    >>> torch.result_type(torch.tensor([1, 2]), 0.5)
    tinygrad_mlp.float32
    """
    return as_dtype(result_dtype([getattr(x, "_data", x) for x in (tensor1, tensor2)]))


@composite
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
