# ruff: noqa: A006 - operands have PyTorch's names
"""What is known of elementwise operations beside their rules: where they are smooth, and which operator computes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...engine import Primitive, signature

__all__ = ["OPERATORS", "SMOOTH", "smooth_at"]

# Of which numbers an operation has continuous, moderate derivatives: it asks for its operands by name, as a rule does. An
# operation that is not here has none that are of use: it rounds, or compares.
SMOOTH: dict[str, Callable[..., Any]] = {
    "abs": lambda input: abs(input) > 0.02,
    "acos": lambda input: abs(input) < 0.9,
    "add": lambda: True,
    "asin": lambda input: abs(input) < 0.9,
    "atan": lambda: True,
    "atan2": lambda input, other: (abs(input) > 0.2) & (abs(other) > 0.2),
    "clone": lambda: True,
    "cos": lambda input: abs(input) < 20,
    "cosh": lambda input: abs(input) < 4,
    "elu": lambda input: abs(input) > 0.02,
    "erf": lambda: True,
    "erfc": lambda: True,
    "exp": lambda input: (input > -20) & (input < 3),
    "expm1": lambda input: (input > -20) & (input < 3),
    "fmax": lambda input, other: abs(input - other) > 0.02,
    "fmin": lambda input, other: abs(input - other) > 0.02,
    "fmod": lambda input, other: _off_integers(input / other) & (abs(input / other) < 20),
    "frac": lambda input: _off_integers(input),
    "gelu": lambda: True,
    "hardsigmoid": lambda input: abs(abs(input) - 3) > 0.02,
    "hardtanh": lambda input: abs(abs(input) - 1) > 0.02,
    "leaky_relu": lambda input: abs(input) > 0.02,
    "log": lambda input: input > 0.2,
    "log10": lambda input: input > 0.2,
    "log1p": lambda input: input > -0.8,
    "log2": lambda input: input > 0.2,
    "logsigmoid": lambda: True,
    "maximum": lambda input, other: abs(input - other) > 0.02,
    "minimum": lambda input, other: abs(input - other) > 0.02,
    "mish": lambda: True,
    "mul": lambda input, other: (abs(input) < 10) & (abs(other) < 10),
    "nan_to_num": lambda: True,
    "neg": lambda: True,
    "pow": lambda input, exponent: (input > 0.2) & (input < 4) & (abs(exponent) < 3.4),
    "reciprocal": lambda input: abs(input) > 0.2,
    "relu": lambda input: abs(input) > 0.02,
    "remainder": lambda input, other: _off_integers(input / other) & (abs(input / other) < 20),
    "rsqrt": lambda input: input > 0.2,
    "sigmoid": lambda: True,
    "silu": lambda: True,
    "sin": lambda input: abs(input) < 20,
    "sinh": lambda input: abs(input) < 4,
    "softplus": lambda input: abs(input) < 15,
    "softsign": lambda input: abs(input) > 0.02,
    "sqrt": lambda input: input > 0.2,
    "square": lambda input: abs(input) < 7,
    "sub": lambda: True,
    "tan": lambda input: abs(input) < 1.2,
    "tanh": lambda: True,
    "true_divide": lambda input, other: (abs(input) < 20) & (abs(other) > 0.2),
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
