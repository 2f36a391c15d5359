"""Which dtype an operation computes in: PyTorch's rules.

Categories are bool < integer < float, and the higher one wins whole: int64 with float32 is float32. Tensors without dimensions
count only where their category is higher than that of those with, and Python numbers last: ``float32 * 2.5`` stays float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import ArgumentError


class _Categories(dict[str, int]):
    """The rank of each kind of number: bool < integer < floating point."""

    def __missing__(self, kind: str) -> int:
        what = {"c": "complex numbers", "U": "text", "S": "bytes", "O": "Python objects"}.get(kind, f"kind {kind!r}")
        raise ArgumentError(f"expected an array of numbers or bools, got one of {what}, which a tensor cannot hold")


CATEGORY = _Categories(b=0, u=1, i=1, f=2)
_default: np.dtype[Any] = np.dtype(np.float32)


def default() -> np.dtype[Any]:
    """The dtype of Python floats."""
    return _default


def set_default(dtype: np.dtype[Any]) -> None:
    """Make ``dtype`` that of Python floats."""
    global _default
    _default = dtype


def combined(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype that two tensors with dimensions have in common."""
    rank_a, rank_b = CATEGORY[a.kind], CATEGORY[b.kind]
    return np.promote_types(a, b) if rank_a == rank_b else a if rank_a > rank_b else b


def _of_number(value: Any) -> np.dtype[Any]:
    if isinstance(value, bool | int):
        return np.dtype(np.bool_ if isinstance(value, bool) else np.int64)
    if isinstance(value, float):
        return _default
    raise ArgumentError(f"expected a Tensor, an array or a number, got {type(value).__name__}")


def result_dtype(values: Sequence[Any]) -> np.dtype[Any]:
    """The common dtype of arrays and Python numbers."""
    result: np.dtype[Any] | None = None
    for group in (
        [v.dtype for v in values if isinstance(v, np.ndarray) and v.ndim > 0],
        [v.dtype for v in values if isinstance(v, np.ndarray) and v.ndim == 0],
        [_of_number(v) for v in values if v is not None and not isinstance(v, np.ndarray)],
    ):
        for d in group[1:]:
            group[0] = combined(group[0], d)
        if group and (result is None or CATEGORY[group[0].kind] > CATEGORY[result.kind]):
            result = group[0]
    assert result is not None
    return result


def promote(values: Sequence[Any], floating: bool = False) -> list[Any]:
    """Cast arrays to their common dtype (to the default float where ``floating`` and all are integers).

    Python numbers stay Python numbers, which NumPy treats as weak.
    """
    target = result_dtype(values)
    if floating and target.kind != "f":
        target = _default
    out: list[Any] = []
    for v in values:
        if isinstance(v, np.ndarray):
            out.append(v if v.dtype == target else v.astype(target, order="C" if 0 in v.strides else "K"))
        elif v is not None and target.kind in "iu" and not np.iinfo(target).min <= v <= np.iinfo(target).max:
            out.append(np.asarray(v).astype(target))  # wraps around like PyTorch, where NumPy would raise
        else:
            out.append(v)
    return out
