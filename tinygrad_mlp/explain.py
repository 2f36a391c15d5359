"""Errors that teach: NumPy's as PyTorch's exception classes, with the operation, what it got and the remedy.

The core raises what NumPy raised; this room says it in words that help.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from .core.errors import ArgumentError, DimensionError, DTypeError, ShapeError, TinygradError
from .core.graph import shape_of
from .core.primitive import Primitive

__all__ = ["explained"]


_NUMPYS = re.compile(r"\b(ndarray|ufunc|newaxis|numpy|remapping|inhomogeneous|iterator)\b", re.IGNORECASE)
_WORDS = {"array": "tensor", "axis": "dimension", "axes": "dimensions"}


def explained(op: Primitive, arrays: Sequence[Any], params: dict[str, Any], error: Exception) -> Exception:
    """What the caller should see where ``op.forward(*arrays, **params)`` raised ``error``."""
    if isinstance(error, TinygradError | NotImplementedError):
        return error
    name = op.name.strip("_")
    shapes = " and ".join(str(shape_of(a)) for a in arrays if a is not None)
    kinds = " and ".join(str(getattr(a, "dtype", type(a).__name__)) for a in arrays if a is not None)
    shown = {k: v for k, v in params.items() if not isinstance(v, np.ndarray) and v is not op.defaults.get(k)}
    got = f"{name}() got shapes {shapes}" + (f" with {shown}" if shown else "")
    text = str(error)
    for theirs, ours in _WORDS.items():
        text = re.sub(rf"\b{theirs}", ours, text, flags=re.IGNORECASE)
    said = "" if _NUMPYS.search(text) else f" ({text})"  # what speaks of NumPy's arrays is of no help
    if isinstance(error, np.exceptions.AxisError) and error.ndim is not None:
        low, high = -error.ndim, error.ndim - 1
        return DimensionError(
            f"{name}(): Dimension out of range (expected to be in range of [{low}, {high}], but got {error.axis}) for a "
            f"tensor of {error.ndim} dimensions"
        )
    if isinstance(error, IndexError):
        return DimensionError(f"{got}{said}; give a dim or an index that the shape has")
    if isinstance(error, OverflowError):
        return DTypeError(f"{name}() got {kinds}{said}; use a number that fits, or a wider dtype")
    if isinstance(error, TypeError):
        if str(error).startswith("ufunc") or "numpy boolean" in str(error):
            return DTypeError(
                f"{name}() is not defined for {kinds}; cast with .to(dtype), or use the operators of truth values: & | ^ ~"
            )
        given = [*arrays, *(v for k, v in params.items() if v is not op.defaults.get(k))]
        kinds = ", ".join(type(a).__name__ if not isinstance(a, np.ndarray) else "Tensor" for a in given)
        return ArgumentError(f"{name}() takes {', '.join(op.order)}; got {kinds}{said}")
    if "broadcast" in str(error):
        return ShapeError(
            f"{got}, which do not broadcast: aligned from the right, two sizes must be equal or one of them 1; "
            "use reshape, unsqueeze or expand"
        )
    return ShapeError(f"{got}{said}, which do not fit")


Primitive.explained = explained  # type: ignore[method-assign, assignment] # what the core leaves to this room
