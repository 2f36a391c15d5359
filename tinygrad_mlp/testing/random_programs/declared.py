# ruff: noqa: A006 - operands have PyTorch's names
"""What is known of elementwise operations beside their rules: where they are smooth, and which operator computes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.primitive import Primitive, signature

__all__ = ["OPERATORS", "SMOOTH", "smooth_at"]

# By name, of which numbers an operation has continuous, moderate derivatives: it asks for its operands by name, as a rule
# does. An operation that is not here has none that are of use: it rounds, or compares.
SMOOTH: dict[str, Callable[..., Any]] = {
    name: predicate
    for names, predicate in (
        ("add atan clone erf erfc gelu logsigmoid mish nan_to_num neg sigmoid silu sub tanh", lambda: True),
        ("abs elu leaky_relu relu softsign", lambda input: abs(input) > 0.02),
        ("hardtanh", lambda input: abs(abs(input) - 1) > 0.02),
        ("hardsigmoid", lambda input: abs(abs(input) - 3) > 0.02),
        ("acos asin", lambda input: abs(input) < 0.9),
        ("tan", lambda input: abs(input) < 1.2),
        ("cosh sinh", lambda input: abs(input) < 4),
        ("square", lambda input: abs(input) < 7),
        ("softplus", lambda input: abs(input) < 15),
        ("cos sin", lambda input: abs(input) < 20),
        ("exp expm1", lambda input: (input > -20) & (input < 3)),
        ("log log10 log2 rsqrt sqrt", lambda input: input > 0.2),
        ("log1p", lambda input: input > -0.8),
        ("reciprocal", lambda input: abs(input) > 0.2),
        ("frac", lambda input: _off_integers(input)),
        ("mul", lambda input, other: (abs(input) < 10) & (abs(other) < 10)),
        ("true_divide", lambda input, other: (abs(input) < 20) & (abs(other) > 0.2)),
        ("fmod remainder", lambda input, other: _off_integers(input / other) & (abs(input / other) < 20)),
        ("fmax fmin maximum minimum", lambda input, other: abs(input - other) > 0.02),
        ("pow", lambda input, exponent: (input > 0.2) & (input < 4) & (abs(exponent) < 3.4)),
    )
    for name in names.split()
}

OPERATORS = {
    "add": "+", "sub": "-", "mul": "*", "true_divide": "/", "floor_divide": "//", "remainder": "%", "pow": "**", "neg": "-",
    "bitwise_and": "&", "bitwise_or": "|", "bitwise_xor": "^", "bitwise_not": "~",
    "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
}  # fmt: skip


def _off_integers(x: Any) -> Any:
    return abs(x - np.round(x)) > 0.02


def smooth_at(op: Primitive, *operands: Any) -> bool:
    """Whether the operation is smooth for all of these numbers, element by element."""
    if op.name not in SMOOTH:
        return False
    predicate, given = SMOOTH[op.name], dict(zip(op.inputs, operands, strict=True))
    with np.errstate(all="ignore"):
        return bool(np.all(predicate(*(np.asarray(given[name]) for name in signature(predicate)[0]))))
