"""Functions of one number.

At a kink or a jump the derivative is PyTorch's choice: 0 for ``abs``, ``relu`` and the rounding functions.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array, exp
from ..core.errors import DTypeError
from .choosing import passed
from .composite import Operation
from .memory import BLOCK, no_slope
from .special import erf_of, erfc_of
from .ufuncs import ufunc_operations

__all__ = [
    "abs", "acos", "asin", "atan", "ceil", "cos", "cosh", "erf", "erfc", "expm1", "floor", "frac", "log1p", "log2",
    "log10", "reciprocal", "relu", "round", "rsqrt", "sigmoid", "sign", "sin", "sinh", "sqrt", "square", "tan", "trunc",
]  # fmt: skip


def _negated(input: Array, out: Array) -> Array:
    # np.negative with out= gives wrong results in place on strided memory (NumPy 2.4 with AVX-512)
    return np.negative(input) if out is None else np.multiply(input, -1, out=out)


def _within(low: float, high: float = math.inf) -> Callable[[Any], Any]:
    """Where a function is smooth, and neither steep nor large."""
    return lambda input: (input > low) & (input < high)


_function = ufunc_operations(__name__)
_of_floats = functools.partial(_function, cast="float", in_place=True)
_of_positive = functools.partial(_of_floats, smooth=_within(0.2))
_of_radians = functools.partial(_of_floats, smooth=_within(-20, 20))
_arc = functools.partial(_of_floats, smooth=_within(-0.9, 0.9))
_hyperbolic = functools.partial(_of_floats, smooth=_within(-4, 4))

abs: Operation = _function(
    "abs",
    np.absolute,
    "The absolute value.",
    lambda g, input: g * sign(input),
    operator="abs",
    method=("abs", "absolute"),
    in_place=True,
    smooth=lambda input: abs(input) > 0.02,
    ufunc=(np.absolute, np.fabs),
)
floor: Operation = _function("floor", np.floor, "The largest integer below or at the input.", no_slope, in_place=True)
ceil: Operation = _function("ceil", np.ceil, "The smallest integer above or at the input.", no_slope, in_place=True)
trunc: Operation = _function(
    "trunc", np.trunc, "The input rounded towards zero.", no_slope, method=("trunc", "fix"), in_place=True
)
expm1: Operation = _of_floats(
    "expm1", np.expm1, "e ** input - 1, accurate near 0.", lambda g, y: g * (y + 1), smooth=_within(-20, 3)
)
log1p: Operation = _of_floats(
    "log1p", np.log1p, "log(1 + input), accurate near 0.", lambda g, input: g / (input + 1), smooth=_within(-0.8)
)
log2: Operation = _of_positive("log2", np.log2, "The logarithm to base 2.", lambda g, input: g / (input * math.log(2)))
log10: Operation = _of_positive("log10", np.log10, "The logarithm to base 10.", lambda g, input: g / (input * math.log(10)))
sqrt: Operation = _of_positive("sqrt", np.sqrt, "The square root.", lambda g, y: g / (2 * y))
sin: Operation = _of_radians("sin", np.sin, "The sine of radians.", lambda g, input: g * cos(input))
cos: Operation = _of_radians("cos", np.cos, "The cosine of radians.", lambda g, input: -g * sin(input))
tan: Operation = _of_floats(
    "tan", np.tan, "The tangent of radians.", lambda g, y: g * (1 + y * y), smooth=_within(-1.2, 1.2)
)
asin: Operation = _arc(
    "asin",
    np.arcsin,
    "The inverse sine, in radians.",
    lambda g, input: g / sqrt(1 - input * input),
    method=("asin", "arcsin"),
)
acos: Operation = _arc(
    "acos",
    np.arccos,
    "The inverse cosine, in radians.",
    lambda g, input: -g / sqrt(1 - input * input),
    method=("acos", "arccos"),
)
atan: Operation = _of_floats(
    "atan",
    np.arctan,
    "The inverse tangent, in radians.",
    lambda g, input: g / (1 + input * input),
    method=("atan", "arctan"),
    smooth=lambda: True,
)
sinh: Operation = _hyperbolic("sinh", np.sinh, "The hyperbolic sine.", lambda g, input: g * cosh(input))
cosh: Operation = _hyperbolic("cosh", np.cosh, "The hyperbolic cosine.", lambda g, input: g * sinh(input))
reciprocal: Operation = _of_floats(
    "reciprocal", np.reciprocal, "1 / input.", lambda g, y: -g * y * y, smooth=lambda input: abs(input) > 0.2
)


@primitive(no_slope, method=("sign", "sgn"), in_place=True, ufunc=np.sign)
def sign(input: Array, *, out: Array = None) -> Array:
    """-1, 0 or 1; 0 for nan."""
    return np.subtract(input > 0, input < 0, out=out, dtype=input.dtype) if input.dtype != bool else np.copy(input)


@primitive(lambda g, y: g * (-0.5 * y * y * y), cast="float", method=True, in_place=True, smooth=_within(0.2))
def rsqrt(input: Array, *, out: Array = None) -> Array:
    """1 / sqrt(input)."""
    return np.true_divide(1, np.sqrt(input, out=out), out=out)


@primitive(lambda g, input: g * (2 * input), method=True, in_place=True, smooth=_within(-7, 7), ufunc=np.square)
def square(input: Array, *, out: Array = None) -> Array:
    """input ** 2."""
    return np.multiply(input, input, out=out, dtype=np.int64 if input.dtype == bool else None)


@primitive(lambda g, y: g * (y * (1 - y)), cast="float", method=True, in_place=True, smooth=lambda: True)
def sigmoid(input: Array, *, out: Array = None) -> Array:
    """The logistic function 1 / (1 + e^-x). EE6132 lab, eq. 3."""
    y = _negated(input, out if input.ndim or out is not None else np.empty_like(input))  # else a number, not an array
    np.exp(y, out=y)  # overflows to inf for very negative inputs, which gives the right 0
    return np.reciprocal(np.add(y, 1, out=y), out=y)


def _bell(height: float) -> Callable[..., Any]:
    return lambda g, input: g * (exp(-input * input) * (height / math.sqrt(math.pi)))


@primitive(_bell(2), cast="float", method=True, in_place=True, smooth=lambda: True)
def erf(input: Array) -> Array:
    """The error function 2/sqrt(pi) * integral of e^(-t^2) from 0 to x."""
    return erf_of(input)


@primitive(_bell(-2), cast="float", method=True, in_place=True, smooth=lambda: True)
def erfc(input: Array) -> Array:
    """1 - erf(input), accurate for large inputs."""
    return erfc_of(input)


@primitive(lambda g, y: passed(g, y), method=True, in_place=True, smooth=lambda input: abs(input) > 0.02)
def relu(input: Array, *, out: Array = None) -> Array:
    """max(input, 0). EE6132 lab, eq. 1."""
    # an array is faster than the number 0
    zeros = np.zeros(input.shape if input.size <= BLOCK else input.shape[-1:], input.dtype)
    return np.maximum(input, zeros, out=out)


@primitive(lambda g: g, method=True, in_place=True, smooth=lambda input: abs(input - np.round(input)) > 0.02)
def frac(input: Array, *, out: Array = None) -> Array:
    """The input minus its integer part; of floats."""
    if input.dtype.kind in "biu":
        raise DTypeError(f"frac() is not defined for {input.dtype}; it takes floats")
    return np.subtract(input, np.trunc(input), out=out)


@primitive(no_slope, method=True, in_place=True, ufunc=np.rint)
def round(input: Array, *, decimals: int = 0) -> Array:
    """The nearest number with that many decimals, halves to even."""
    return np.round(input, decimals)
