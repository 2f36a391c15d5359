"""Data types under PyTorch's names, and PyTorch's rules for mixing them.

Categories are bool < integer < float, and the higher one wins whole: int64 with float32 is float32, where NumPy says
float64. Tensors without dimensions are weaker than those with, Python numbers weaker still: they count only where their
category is higher, so ``float32 * 2.5`` stays float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import ArgumentError

__all__ = [
    "as_dtype",
    "can_cast",
    "dtype",
    "get_default_dtype",
    "promote",
    "promote_types",
    "result_dtype",
    "set_default_dtype",
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
        self.numpy: np.dtype[Any] = np.dtype(name)
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

ALL = (float16, float32, float64, int8, int16, int32, int64, uint8, bool_)
_BY_NUMPY = {d.numpy: d for d in ALL}
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
        ArgumentError: There is no such dtype here.
    """
    if isinstance(value, dtype):
        return value
    try:
        if isinstance(value, str):
            raise TypeError
        return _BY_NUMPY[value if isinstance(value, np.dtype) else np.dtype(value)]
    except (KeyError, TypeError):
        names = ", ".join(d.name for d in ALL)
        raise ArgumentError(f"{value!r} is not a dtype of this library; expected one of {names}") from None


def storable(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array itself, if a tensor can hold it.

    Raises:
        ArgumentError: It has a dtype that tensors do not have.
    """
    if array.dtype not in _BY_NUMPY:
        raise ArgumentError(f"can't convert np.ndarray of type {array.dtype}: tensors hold {', '.join(d.name for d in ALL)}")
    return array


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
    """The common dtype of arrays and Python numbers."""
    result: np.dtype[Any] | None = None
    for group in (
        [v.dtype for v in values if isinstance(v, np.ndarray) and v.ndim > 0],
        [v.dtype for v in values if isinstance(v, np.ndarray) and v.ndim == 0],
        [_of_number(v) for v in values if v is not None and not isinstance(v, np.ndarray)],
    ):
        for d in group[1:]:
            group[0] = _combine(group[0], d)
        if group and (result is None or _CATEGORY[group[0].kind] > _CATEGORY[result.kind]):
            result = group[0]
    assert result is not None
    return result


def _of_number(value: Any) -> np.dtype[Any]:
    if isinstance(value, bool):
        return bool_.numpy
    if isinstance(value, int | float):
        return int64.numpy if isinstance(value, int) else _default.numpy
    raise ArgumentError(f"expected a Tensor, an array or a number, got {type(value).__name__}")


def promote(values: Sequence[Any], floating: bool = False) -> list[Any]:
    """Cast arrays to their common dtype (to the default float where ``floating`` and all are integers).

    Python numbers stay Python numbers, which NumPy treats as weak.
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
