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

from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import ArgumentError

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


class _Categories(dict[str, int]):
    """The rank of each kind of number: bool < integer < floating point."""

    def __missing__(self, kind: str) -> int:
        what = {"c": "complex numbers", "U": "text", "S": "bytes", "O": "Python objects"}.get(kind, f"kind {kind!r}")
        raise ArgumentError(f"expected an array of numbers or bools, got one of {what}, which a tensor cannot hold")


_CATEGORY = _Categories(b=0, u=1, i=1, f=2)


class dtype:  # noqa: N801 - PyTorch's name
    """A data type: its name, its NumPy equivalent, and what kind of number it is."""

    __slots__ = ("is_floating_point", "is_signed", "itemsize", "name", "numpy")

    is_complex = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.numpy = np.dtype(name)
        self.itemsize = self.numpy.itemsize
        self.is_floating_point = self.numpy.kind == "f"
        self.is_signed = self.numpy.kind in "fi"

    def __repr__(self) -> str:
        return f"tinygrad_mlp.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.numpy,)  # copies and unpickled dtypes stay the one object, so `is` works


float16, float32, float64 = dtype("float16"), dtype("float32"), dtype("float64")
int8, int16, int32, int64 = dtype("int8"), dtype("int16"), dtype("int32"), dtype("int64")
uint8, bool_ = dtype("uint8"), dtype("bool")
half, float_, double, short, int_, long = float16, float32, float64, int16, int32, int64

_ALL = (float16, float32, float64, int8, int16, int32, int64, uint8, bool_)
_BY_NUMPY = {d.numpy: d for d in _ALL}
_PYTHON = {float: "f", int: "i", bool: "b"}

_default = float32


def set_default_dtype(d: dtype) -> None:
    """Make ``d`` (a floating-point dtype) the dtype of new tensors built from Python floats.

    Raises:
        ArgumentError: ``d`` is not a floating-point dtype.
    """
    global _default
    d = as_dtype(d)
    if not d.is_floating_point:
        raise ArgumentError(f"set_default_dtype: only floating-point types are supported as the default, got {d}")
    _default = d


def get_default_dtype() -> dtype:
    """The dtype of new tensors built from Python floats; float32 unless changed."""
    return _default


def as_dtype(value: Any) -> dtype:
    """The dtype object for one of ours, a NumPy dtype, or Python's float (float64), int (int64) and bool.

    Raises:
        ArgumentError: there is no such dtype here.
    """
    if isinstance(value, dtype):
        return value
    try:
        if isinstance(value, str):
            raise TypeError
        return _BY_NUMPY[value if isinstance(value, np.dtype) else np.dtype(value)]
    except (KeyError, TypeError):
        names = ", ".join(d.name for d in _ALL)
        raise ArgumentError(f"{value!r} is not a dtype of this library; expected one of {names}") from None


def dtype_named(name: Any) -> dtype:
    """The dtype of that name, such as ``"float32"``.

    Raises:
        ArgumentError: there is none.
    """
    for d in _ALL:
        if d.name == name:
            return d
    raise ArgumentError(f"{name!r} is not the name of a dtype; expected one of {', '.join(d.name for d in _ALL)}")


def supported(d: np.dtype[Any]) -> bool:
    """Whether a NumPy dtype is one that tensors hold."""
    return d in _BY_NUMPY


def _combine(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    rank_a, rank_b = _CATEGORY[a.kind], _CATEGORY[b.kind]
    if rank_a != rank_b:  # the higher category wins whole: int64 with float16 is float16, unlike in NumPy
        return a if rank_a > rank_b else b
    return np.promote_types(a, b)


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The dtype that two tensors of these dtypes have in common."""
    return as_dtype(_combine(as_dtype(type1).numpy, as_dtype(type2).numpy))


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a result of dtype ``from_`` may be written into a tensor of dtype ``to``.

    Floats do not fit into integers nor integers into booleans; everything else does.
    """
    return _CATEGORY[as_dtype(from_).numpy.kind] <= _CATEGORY[as_dtype(to).numpy.kind]


def result_dtype(values: Sequence[Any]) -> np.dtype[Any]:
    """The common dtype of arrays and Python scalars.

    Arrays with dimensions decide; zero-dimensional arrays, then Python scalars, count only where their category is higher.
    """
    result: np.dtype[Any] | None = None
    for group in (
        [v.dtype for v in values if isinstance(v, np.ndarray) and v.ndim > 0],
        [v.dtype for v in values if isinstance(v, np.ndarray) and v.ndim == 0],
        [_of_scalar(v) for v in values if v is not None and not isinstance(v, np.ndarray)],
    ):
        for d in group[1:]:
            group[0] = _combine(group[0], d)
        if group and (result is None or _CATEGORY[group[0].kind] > _CATEGORY[result.kind]):
            result = group[0]
    assert result is not None
    return result


def _of_scalar(value: Any) -> np.dtype[Any]:
    kind = _PYTHON.get(type(value))
    if kind is None:
        raise ArgumentError(f"expected a Tensor, an array or a number, got {type(value).__name__}")
    return _default.numpy if kind == "f" else int64.numpy if kind == "i" else bool_.numpy


def promote(values: Sequence[Any], floating: bool = False) -> list[Any]:
    """Cast arrays to their common dtype (to the default float where ``floating`` and all are integers).

    Python scalars stay Python scalars, which NumPy treats as weak.
    """
    target = result_dtype(values)
    if floating and target.kind != "f":
        target = _default.numpy
    out: list[Any] = []
    for v in values:
        if v is None:  # an optional input that is not there
            out.append(v)
        elif isinstance(v, np.ndarray):
            out.append(v if v.dtype == target else v.astype(target, order="C" if 0 in v.strides else "K"))
        elif target.kind in "iu" and not np.iinfo(target).min <= v <= np.iinfo(target).max:
            out.append(np.asarray(v).astype(target))  # wraps around like PyTorch, where NumPy would raise
        else:
            out.append(v)
    return out


class finfo:  # noqa: N801 - PyTorch's name
    """Limits of a floating-point dtype: ``eps``, ``max``, ``min``, ``tiny``, ``bits``."""

    def __init__(self, type: dtype | None = None) -> None:  # noqa: A002 - PyTorch's argument name
        self.dtype = as_dtype(type if type is not None else _default)
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
