"""What elementwise operations are declared to be: where they are smooth, and which operator computes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.primitive import OPS, Primitive, signature

__all__ = ["is_smooth", "smooth_at", "symbol_of"]

# Python's operators, by the names of their methods without underscores.
_SYMBOLS = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**", "neg": "-", "invert": "~",
    "and": "&", "or": "|", "xor": "^", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
}  # fmt: skip


def _declared(op: Primitive, key: str) -> Any:
    return OPS[op.name].declared.get(key)  # type: ignore[attr-defined] # every operation has it


def symbol_of(op: Primitive) -> str | None:
    """The operator that the operation is, such as ``"+"``; None where it is none."""
    return _SYMBOLS.get(_declared(op, "operator"))


def is_smooth(op: Primitive) -> bool:
    """Whether the operation has useful derivatives somewhere: else it rounds, or compares."""
    return _declared(op, "smooth") is not None


def smooth_at(op: Primitive, *operands: Any) -> bool:
    """Whether the operation has continuous, moderate derivatives at all of these numbers, as its declaration says."""
    predicate, given = _declared(op, "smooth"), dict(zip(op.inputs, operands, strict=True))
    if predicate is None:
        return False
    with np.errstate(all="ignore"):
        return bool(np.all(predicate(*(np.asarray(given[name]) for name in signature(predicate)[0]))))
