"""Copies, changes of dtype, and computing large arrays piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array, cast, clone, zeros_of
from ..core.errors import ArgumentError
from ..core.graph import Tensor
from ..core.promotion import result_dtype
from ..device import on_cpu
from ..dtypes import as_dtype, dtype
from .composite import composite

_dtype_type = dtype

__all__ = ["result_type"]


BLOCK = 32_768  # elements; 128 KiB of float32, so that three arrays fit in a core's own cache


def blockwise(compute: Callable[..., Array], out: Array, *operands: Any) -> Array:
    """``compute(out, *operands)``; large arrays piece by piece, so that what is computed on the way stays in the cache.

    Each operand is the output itself, or shares no memory with it.
    """
    if type(out) is not np.ndarray or out.size <= BLOCK:
        return compute(out, *operands)
    arrays = [out, *(value for value in operands if isinstance(value, np.ndarray) and value.ndim)]
    if not all(a.shape == out.shape and a.flags.c_contiguous for a in arrays):
        return compute(out, *operands)
    for start in range(0, out.size, BLOCK):
        part = slice(start, start + BLOCK)
        compute(
            out.reshape(-1)[part], *(v.reshape(-1)[part] if isinstance(v, np.ndarray) and v.ndim else v for v in operands)
        )
    return out


def no_slope(g: Any) -> Any:
    """The rule of a step function: a gradient of zeros."""
    return zeros_of(g)


@primitive(None)
def same(input: Array) -> Array:
    """The same memory, without the history."""
    return input


@composite(method=True)
def contiguous(input: Array, memory_format: Any = None) -> Array:
    """``input`` itself if contiguous in memory, else a copy that is; rows first, whatever ``memory_format`` says."""
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
    return as_dtype(result_dtype([form_of(x) if isinstance(x, Tensor) else x for x in (tensor1, tensor2)]))


def form_of(tensor: Array) -> np.ndarray[Any, Any]:
    """An array of the shape and dtype of a tensor, whose values it may not have."""
    form = tensor._like
    return form if isinstance(form, np.ndarray) else np.empty(form.shape, form.dtype)


def values_of(tensor: Array) -> np.ndarray[Any, Any]:
    """The values of a tensor, to check them: those of all samples where it stands for one."""
    return tensor._data if tensor._cell is None else tensor._cell.values()


@composite(method=True)
def to(
    input: Array, *args: Any, dtype: dtype | None = None, device: Any = None, copy: bool = False, **ignored: Any
) -> Array:
    """The tensor in another dtype; see ``Tensor.to``."""
    flags: list[bool] = []  # by position: non_blocking, which means nothing on the CPU, then copy
    for arg in args:
        if isinstance(arg, _dtype_type):
            dtype = arg
        elif isinstance(arg, Tensor):
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
        on_cpu(device)
    target = input._like.dtype if dtype is None else as_dtype(dtype).numpy
    if target != input._like.dtype:
        return cast(input, dtype=target)
    return clone(input) if copy or flags[1:] == [True] else input
