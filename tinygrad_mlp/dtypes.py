"""Data types under PyTorch's names, and PyTorch's rules for mixing them.

A Tensor's ``dtype`` is one of the objects below; each wraps the NumPy dtype that holds the numbers. Python scalars are
weak: they never widen a tensor of their own category, so ``float32 * 2.5`` stays float32.

>>> import tinygrad_mlp as torch
>>> (torch.ones(2) * 2.5).dtype
tinygrad_mlp.float32
>>> torch.promote_types(torch.int64, torch.float32)
tinygrad_mlp.float32
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .core.dtypes import (
    ALL,
    as_dtype,
    bool_,
    can_cast,
    dtype,
    float16,
    float32,
    float64,
    get_default_dtype,
    int8,
    int16,
    int32,
    int64,
    promote_types,
    set_default_dtype,
    uint8,
)
from .core.errors import ArgumentError

__all__ = [
    "bool_",
    "can_cast",
    "double",
    "dtype",
    "finfo",
    "float16",
    "float32",
    "float64",
    "float_",
    "get_default_dtype",
    "half",
    "iinfo",
    "int8",
    "int16",
    "int32",
    "int64",
    "int_",
    "long",
    "promote_types",
    "set_default_dtype",
    "short",
    "uint8",
]

half, float_, double, short, int_, long = float16, float32, float64, int16, int32, int64


def dtype_named(name: Any) -> dtype:
    """The dtype of that name, such as ``"float32"``.

    Raises:
        ArgumentError: There is none.
    """
    for d in ALL:
        if d.name == name:
            return d
    raise ArgumentError(f"{name!r} is not the name of a dtype; expected one of {', '.join(d.name for d in ALL)}")


def supported(d: np.dtype[Any]) -> bool:
    """Whether a NumPy dtype is one that tensors hold."""
    return d in [known.numpy for known in ALL]


class finfo:  # noqa: N801 - PyTorch's name
    """Limits of a floating-point dtype: ``eps``, ``max``, ``min``, ``tiny``, ``bits``."""

    def __init__(self, type: dtype | None = None) -> None:  # noqa: A002 - PyTorch's argument name
        self.dtype = as_dtype(type if type is not None else get_default_dtype())
        if not self.dtype.is_floating_point:
            raise ArgumentError(f"finfo takes a floating-point dtype, got {self.dtype}; use iinfo")
        info = np.finfo(self.dtype.numpy)
        self.bits, self.eps, self.max, self.min = info.bits, float(info.eps), float(info.max), float(info.min)
        self.tiny = self.smallest_normal = float(info.tiny)
        self.resolution = float(info.resolution)


class iinfo:  # noqa: N801 - PyTorch's name
    """Limits of an integer dtype: ``max``, ``min``, ``bits``."""

    def __init__(self, type: dtype) -> None:  # noqa: A002 - PyTorch's argument name
        self.dtype = as_dtype(type)
        if self.dtype.is_floating_point or self.dtype is bool_:
            raise ArgumentError(f"iinfo takes an integer dtype, got {self.dtype}; use finfo")
        info = np.iinfo(self.dtype.numpy)
        self.bits, self.max, self.min = info.bits, int(info.max), int(info.min)
