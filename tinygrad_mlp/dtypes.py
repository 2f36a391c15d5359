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

from .core import promotion
from .core.errors import ArgumentError, DTypeError

__all__ = [
    "bfloat16", "bool_", "can_cast", "cdouble", "cfloat", "complex64", "complex128",
    "double", "dtype", "finfo", "float16", "float32", "float64", "float_", "get_default_dtype",
    "half", "iinfo", "int8", "int16", "int32", "int64", "int_", "long", "promote_types", "set_default_dtype", "short",
    "uint8",
]  # fmt: skip


class dtype:  # noqa: N801 - PyTorch's name
    """A data type: its name, its NumPy equivalent, and what kind of number it is."""

    __slots__ = ("is_floating_point", "is_signed", "itemsize", "name", "numpy")

    is_complex = False

    def __init__(self, name: str) -> None:
        self.name: str = name
        self.numpy: np.dtype[Any] = np.dtype(name)
        self.itemsize: int = self.numpy.itemsize
        self.is_floating_point: bool = self.numpy.kind == "f"
        self.is_signed: bool = self.numpy.kind in "fi"

    def __repr__(self) -> str:
        return f"tinygrad_mlp.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.numpy,)  # copies and unpickled dtypes stay the one object, so `is` works


class _Named(dtype):
    """A dtype that NumPy has no numbers of, or that tensors do not have here: a name to compare with."""

    __slots__ = ()

    def __init__(self, name: str, itemsize: int) -> None:
        self.name, self.itemsize, self.is_floating_point, self.is_signed = name, itemsize, "float" in name, True

    @property
    def is_complex(self) -> bool:  # type: ignore[override] # a constant of the others
        """Whether it is one of complex numbers."""
        return not self.is_floating_point

    @property
    def numpy(self) -> np.dtype[Any]:  # type: ignore[override] # likewise
        """Always an error: the dtype is asked for, not only named."""
        remedy = "use float32, or float16" if self.is_floating_point else "keep real and imaginary parts in two tensors"
        raise DTypeError(f"{self.name} is not available: a tensor holds {', '.join(d.name for d in ALL)}; {remedy}")

    def __reduce__(self) -> tuple[Any, ...]:
        return _named, (self.name,)


def _named(name: str) -> dtype:
    return next(d for d in (bfloat16, complex64, complex128) if d.name == name)


bfloat16: dtype = _Named("bfloat16", 2)
complex64: dtype = _Named("complex64", 8)
complex128: dtype = _Named("complex128", 16)
cfloat: dtype = complex64
cdouble: dtype = complex128
float16: dtype = dtype("float16")
float32: dtype = dtype("float32")
float64: dtype = dtype("float64")
int8: dtype = dtype("int8")
int16: dtype = dtype("int16")
int32: dtype = dtype("int32")
int64: dtype = dtype("int64")
uint8: dtype = dtype("uint8")
bool_: dtype = dtype("bool")
half: dtype = float16
float_: dtype = float32
double: dtype = float64
short: dtype = int16
int_: dtype = int32
long: dtype = int64

ALL = (float16, float32, float64, int8, int16, int32, int64, uint8, bool_)
_BY_NUMPY = {d.numpy: d for d in ALL}


def set_default_dtype(d: dtype) -> None:
    """Make ``d`` (a floating-point dtype) the dtype of new tensors built from Python floats.

    Raises:
        ArgumentError: ``d`` is not a floating-point dtype.
    """
    d = as_dtype(d)
    if not d.is_floating_point:
        raise ArgumentError(f"set_default_dtype: only floating-point types are supported as the default, got {d}")
    promotion.set_default(d.numpy)


def get_default_dtype() -> dtype:
    """The dtype of new tensors built from Python floats; float32 unless changed."""
    return _BY_NUMPY[promotion.default()]


def as_dtype(value: Any) -> dtype:
    """The dtype object for one of ours, a NumPy dtype, or Python's float (float64), int (int64) and bool."""
    if isinstance(value, dtype):
        return value
    try:
        if isinstance(value, str):
            raise TypeError
        return _BY_NUMPY[value if isinstance(value, np.dtype) else np.dtype(value)]
    except (KeyError, TypeError, ValueError):
        names = ", ".join(d.name for d in ALL)
        raise ArgumentError(f"{value!r} is not a dtype of this library; expected one of {names}") from None


def dtype_named(name: Any) -> dtype:
    """The dtype of that name, such as ``"float32"``."""
    for d in ALL:
        if d.name == name:
            return d
    raise ArgumentError(f"{name!r} is not the name of a dtype; expected one of {', '.join(d.name for d in ALL)}")


def supported(d: np.dtype[Any]) -> bool:
    """Whether a NumPy dtype is one that tensors hold."""
    return d in _BY_NUMPY


def storable(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array itself, if a tensor can hold it."""
    if not supported(array.dtype):
        raise ArgumentError(f"can't convert np.ndarray of type {array.dtype}: tensors hold {', '.join(d.name for d in ALL)}")
    return array


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The dtype that two tensors of these dtypes have in common."""
    return as_dtype(promotion.combined(as_dtype(type1).numpy, as_dtype(type2).numpy))


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a result of dtype ``from_`` may be written into a tensor of dtype ``to``.

    Floats do not fit into integers nor integers into booleans; everything else does.
    """
    return promotion.CATEGORY[as_dtype(from_).numpy.kind] <= promotion.CATEGORY[as_dtype(to).numpy.kind]


class finfo:  # noqa: N801 - PyTorch's name
    """Limits of a floating-point dtype: ``eps``, ``max``, ``min``, ``tiny``, ``bits``."""

    def __init__(self, type: dtype | None = None) -> None:  # noqa: A002 - PyTorch's argument name
        self.dtype: dtype = as_dtype(type if type is not None else get_default_dtype())
        if not self.dtype.is_floating_point:
            raise ArgumentError(f"finfo takes a floating-point dtype, got {self.dtype}; use iinfo")
        info = np.finfo(self.dtype.numpy)
        self.bits: int = info.bits
        self.eps: float = float(info.eps)
        self.max: float = float(info.max)
        self.min: float = float(info.min)
        self.tiny: float = float(info.tiny)
        self.smallest_normal: float = self.tiny
        self.resolution: float = float(info.resolution)


class iinfo:  # noqa: N801 - PyTorch's name
    """Limits of an integer dtype: ``max``, ``min``, ``bits``."""

    def __init__(self, type: dtype) -> None:  # noqa: A002 - PyTorch's argument name
        self.dtype: dtype = as_dtype(type)
        if self.dtype.is_floating_point or self.dtype is bool_:
            raise ArgumentError(f"iinfo takes an integer dtype, got {self.dtype}; use finfo")
        info = np.iinfo(self.dtype.numpy)
        self.bits: int = info.bits
        self.max: int = int(info.max)
        self.min: int = int(info.min)
