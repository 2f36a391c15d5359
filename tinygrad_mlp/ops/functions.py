"""Functions of one number.

In every rule ``g`` is the cotangent of the output ``y``. At a kink or a jump the derivative is PyTorch's choice: 0 for
``abs``, ``relu`` and the rounding functions. ``out``, where taken, is memory to compute in.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import exp
from ..core.errors import DTypeError
from .choosing import between
from .memory import BLOCK, no_slope
from .special import erf_of, erfc_of

Array = Any  # an ndarray inside a forward, a Tensor at the caller

__all__ = [
    "abs", "acos", "asin", "atan", "ceil", "cos", "cosh", "erf", "erfc", "expm1", "floor", "frac", "log1p", "log2",
    "log10", "reciprocal", "relu", "round", "rsqrt", "sigmoid", "sign", "sin", "sinh", "sqrt", "square", "tan", "trunc",
]  # fmt: skip


def _negated(input: Array, out: Array) -> Array:
    # np.negative with out= gives wrong results in place on strided memory (NumPy 2.4 with AVX-512)
    return np.negative(input) if out is None else np.multiply(input, -1, out=out)


@primitive(
    lambda g, input: g * sign(input),
    method=True,
    operator="abs",
    in_place=True,
    smooth=lambda input: abs(input) > 0.02,
    ufunc=(np.absolute, np.fabs),
)
def abs(input: Array, *, out: Array = None) -> Array:
    """The absolute value."""
    return np.absolute(input, out=out)


@primitive(no_slope, method=True, ufunc=np.sign)
def sign(input: Array, *, out: Array = None) -> Array:
    """-1, 0 or 1; 0 for nan."""
    return np.subtract(input > 0, input < 0, out=out, dtype=input.dtype) if input.dtype != bool else np.copy(input)


@primitive(
    lambda g, y: g * (y + 1), cast="float", method=True, smooth=lambda input: (input > -20) & (input < 3), ufunc=np.expm1
)
def expm1(input: Array, *, out: Array = None) -> Array:
    """e ** input - 1, accurate near 0."""
    return np.expm1(input, out=out)


@primitive(lambda g, input: g / (input + 1), cast="float", method=True, smooth=lambda input: input > -0.8, ufunc=np.log1p)
def log1p(input: Array, *, out: Array = None) -> Array:
    """log(1 + input), accurate near 0."""
    return np.log1p(input, out=out)


@primitive(
    lambda g, input: g / (input * math.log(2)), cast="float", method=True, smooth=lambda input: input > 0.2, ufunc=np.log2
)
def log2(input: Array, *, out: Array = None) -> Array:
    """The logarithm to base 2."""
    return np.log2(input, out=out)


@primitive(
    lambda g, input: g / (input * math.log(10)), cast="float", method=True, smooth=lambda input: input > 0.2, ufunc=np.log10
)
def log10(input: Array, *, out: Array = None) -> Array:
    """The logarithm to base 10."""
    return np.log10(input, out=out)


@primitive(
    lambda g, y: g / (2 * y), cast="float", method=True, in_place=True, smooth=lambda input: input > 0.2, ufunc=np.sqrt
)
def sqrt(input: Array, *, out: Array = None) -> Array:
    """The square root."""
    return np.sqrt(input, out=out)


@primitive(lambda g, y: g * (-0.5 * y * y * y), cast="float", method=True, in_place=True, smooth=lambda input: input > 0.2)
def rsqrt(input: Array, *, out: Array = None) -> Array:
    """1 / sqrt(input)."""
    return np.true_divide(1, np.sqrt(input, out=out), out=out)


@primitive(
    lambda g, input: g * (2 * input), method=True, in_place=True, smooth=lambda input: abs(input) < 7, ufunc=np.square
)
def square(input: Array, *, out: Array = None) -> Array:
    """input ** 2."""
    return np.multiply(input, input, out=out, dtype=np.int64 if input.dtype == bool else None)


@primitive(
    lambda g, y: -g * y * y,
    cast="float",
    method=True,
    in_place=True,
    smooth=lambda input: abs(input) > 0.2,
    ufunc=np.reciprocal,
)
def reciprocal(input: Array, *, out: Array = None) -> Array:
    """1 / input."""
    return np.true_divide(1, input, out=out)


@primitive(
    lambda g, input: g * cos(input),
    cast="float",
    method=True,
    in_place=True,
    smooth=lambda input: abs(input) < 20,
    ufunc=np.sin,
)
def sin(input: Array, *, out: Array = None) -> Array:
    """The sine of radians."""
    return np.sin(input, out=out)


@primitive(
    lambda g, input: -g * sin(input),
    cast="float",
    method=True,
    in_place=True,
    smooth=lambda input: abs(input) < 20,
    ufunc=np.cos,
)
def cos(input: Array, *, out: Array = None) -> Array:
    """The cosine of radians."""
    return np.cos(input, out=out)


@primitive(lambda g, y: g * (1 + y * y), cast="float", method=True, smooth=lambda input: abs(input) < 1.2, ufunc=np.tan)
def tan(input: Array, *, out: Array = None) -> Array:
    """The tangent of radians."""
    return np.tan(input, out=out)


@primitive(
    lambda g, input: g / sqrt(1 - input * input),
    cast="float",
    method=True,
    smooth=lambda input: abs(input) < 0.9,
    ufunc=np.arcsin,
)
def asin(input: Array, *, out: Array = None) -> Array:
    """The inverse sine, in radians."""
    return np.arcsin(input, out=out)


@primitive(
    lambda g, input: -g / sqrt(1 - input * input),
    cast="float",
    method=True,
    smooth=lambda input: abs(input) < 0.9,
    ufunc=np.arccos,
)
def acos(input: Array, *, out: Array = None) -> Array:
    """The inverse cosine, in radians."""
    return np.arccos(input, out=out)


@primitive(lambda g, input: g / (1 + input * input), cast="float", method=True, smooth=lambda: True, ufunc=np.arctan)
def atan(input: Array, *, out: Array = None) -> Array:
    """The inverse tangent, in radians."""
    return np.arctan(input, out=out)


@primitive(lambda g, input: g * cosh(input), cast="float", method=True, smooth=lambda input: abs(input) < 4, ufunc=np.sinh)
def sinh(input: Array, *, out: Array = None) -> Array:
    """The hyperbolic sine."""
    return np.sinh(input, out=out)


@primitive(lambda g, input: g * sinh(input), cast="float", method=True, smooth=lambda input: abs(input) < 4, ufunc=np.cosh)
def cosh(input: Array, *, out: Array = None) -> Array:
    """The hyperbolic cosine."""
    return np.cosh(input, out=out)


@primitive(lambda g, y: g * (y * (1 - y)), cast="float", method=True, in_place=True, smooth=lambda: True)
def sigmoid(input: Array, *, out: Array = None) -> Array:
    """The logistic function 1 / (1 + e^-x). EE6132 lab, eq. 3."""
    y = _negated(input, out if input.ndim else np.empty_like(input))  # without dimensions a number, not an array
    np.exp(y, out=y)  # overflows to inf for very negative inputs, which gives the right 0
    return np.reciprocal(np.add(y, 1, out=y), out=y)


@primitive(
    lambda g, input: g * (exp(-input * input) * (2 / math.sqrt(math.pi))), cast="float", method=True, smooth=lambda: True
)
def erf(input: Array) -> Array:
    """The error function 2/sqrt(pi) * integral of e^(-t^2) from 0 to x."""
    return erf_of(input)


@primitive(
    lambda g, input: g * (exp(-input * input) * (-2 / math.sqrt(math.pi))), cast="float", method=True, smooth=lambda: True
)
def erfc(input: Array) -> Array:
    """1 - erf(input), accurate for large inputs."""
    return erfc_of(input)


@primitive(lambda g, y: between(g, y, 0), method=True, in_place=True, smooth=lambda input: abs(input) > 0.02)
def relu(input: Array, *, out: Array = None) -> Array:
    """max(input, 0). EE6132 lab, eq. 1."""
    zeros = np.zeros(
        input.shape if input.size <= BLOCK else input.shape[-1:], input.dtype
    )  # an array is faster than the number 0
    return np.maximum(input, zeros, out=out)


@primitive(no_slope, method=True, in_place=True, ufunc=np.floor)
def floor(input: Array, *, out: Array = None) -> Array:
    """The largest integer below or at the input."""
    return np.floor(input, out=out)


@primitive(no_slope, method=True, in_place=True, ufunc=np.ceil)
def ceil(input: Array, *, out: Array = None) -> Array:
    """The smallest integer above or at the input."""
    return np.ceil(input, out=out)


@primitive(no_slope, method=True, in_place=True, ufunc=np.trunc)
def trunc(input: Array, *, out: Array = None) -> Array:
    """The input rounded towards zero."""
    return np.trunc(input, out=out)


@primitive(lambda g: g, method=True, smooth=lambda input: abs(input - np.round(input)) > 0.02)
def frac(input: Array, *, out: Array = None) -> Array:
    """The input minus its integer part; of floats."""
    if input.dtype.kind in "biu":
        raise DTypeError(f"frac() is not defined for {input.dtype}; it takes floats")
    return np.subtract(input, np.trunc(input), out=out)


@primitive(no_slope, method=True, in_place=True, ufunc=np.rint)
def round(input: Array, *, decimals: int = 0) -> Array:
    """The nearest number with that many decimals, halves to even."""
    return np.round(input, decimals)
