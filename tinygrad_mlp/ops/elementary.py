"""Rarer functions of one number and of two, and other names of those that there are."""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array, add, mul, neg, sub, zeros_of
from ..core.errors import ArgumentError, DTypeError, ShapeError
from ..core.graph import Tensor
from ..dtypes import float64
from .arithmetic import atan2, div, pow
from .choosing import clamp, where
from .comparing import ge, gt, le, lt, ne
from .composite import Operation, composite
from .functions import abs, acos, asin, atan, sign, sqrt, trunc
from .memory import no_slope
from .ufuncs import ufunc_operations

__all__ = [
    "absolute", "acosh", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "asinh", "atanh",
    "bitwise_left_shift", "bitwise_right_shift", "clamp_max", "clamp_min", "clip", "copysign", "deg2rad", "divide", "exp2", "fill",
    "fix", "float_power", "frexp", "gcd", "greater", "greater_equal", "heaviside", "hypot", "isneginf", "isposinf", "isreal", "lcm",
    "ldexp", "less", "less_equal", "multiply", "negative", "nextafter", "not_equal", "positive", "rad2deg", "rsub", "sgn", "signbit",
    "subtract",
]  # fmt: skip

absolute: Operation = abs
negative: Operation = neg
fix: Operation = trunc
clip: Operation = clamp
divide: Operation = div
multiply: Operation = mul
subtract: Operation = sub
arccos: Operation = acos
arcsin: Operation = asin
arctan: Operation = atan
arctan2: Operation = atan2
greater: Operation = gt
greater_equal: Operation = ge
less: Operation = lt
less_equal: Operation = le
not_equal: Operation = ne

_function = functools.partial(ufunc_operations(__name__), in_place=True)
_of_floats = functools.partial(_function, cast="float")

# ---------------------------------------------------------------------------------------------------------- of one number

asinh: Operation = _of_floats(
    "asinh",
    np.arcsinh,
    "The inverse hyperbolic sine.",
    lambda g, input: g / sqrt(input * input + 1),
    method=("asinh", "arcsinh"),
    smooth=lambda input: np.abs(input) < 20,
)
acosh: Operation = _of_floats(
    "acosh",
    np.arccosh,
    "The inverse hyperbolic cosine, of numbers from 1 up.",
    lambda g, input: g / sqrt(input * input - 1),
    method=("acosh", "arccosh"),
)
atanh: Operation = _of_floats(
    "atanh",
    np.arctanh,
    "The inverse hyperbolic tangent, of numbers between -1 and 1.",
    lambda g, input: g / (1 - input * input),
    method=("atanh", "arctanh"),
)
arcsinh: Operation = asinh
arccosh: Operation = acosh
arctanh: Operation = atanh
exp2: Operation = _of_floats(
    "exp2", np.exp2, "2 ** input.", lambda g, y: g * (y * math.log(2)), smooth=lambda input: np.abs(input) < 3
)
deg2rad: Operation = _of_floats("deg2rad", np.deg2rad, "Degrees as radians.", lambda g: g * (math.pi / 180))
rad2deg: Operation = _of_floats("rad2deg", np.rad2deg, "Radians as degrees.", lambda g: g * (180 / math.pi))
signbit: Operation = ufunc_operations(__name__)(
    "signbit", np.signbit, "Whether the sign is negative, that of -0.0, too.", None
)
sgn = sign


@composite(method=True)
def positive(input: Array) -> Array:
    """``input`` itself."""
    if input._like.dtype == bool:
        raise DTypeError("positive: The `+` operator, on a bool tensor is not supported; cast with .long()")
    return input


def _infinite(name: str, input: Array, value: float) -> Array:
    return np.equal(input, value) if input.dtype.kind == "f" else np.zeros(input.shape, bool)


@primitive(None, method=True)
def isposinf(input: Array) -> Array:
    """Whether the element is infinity."""
    return _infinite("isposinf", input, math.inf)


@primitive(None, method=True)
def isneginf(input: Array) -> Array:
    """Whether the element is minus infinity."""
    return _infinite("isneginf", input, -math.inf)


@primitive(None, method=True)
def isreal(input: Array) -> Array:
    """True: there are no complex numbers."""
    return np.ones(input.shape, bool)


class Frexp(NamedTuple):
    """Mantissas, of size 0.5 to 1, and exponents of 2."""

    mantissa: Tensor
    exponent: Tensor


@primitive(None)
def _exponent(input: Array) -> Array:
    return np.frexp(input)[1].astype(np.int32, copy=False)


@primitive(lambda g, input: g * pow(2.0, -_exponent(input)))
def _mantissa(input: Array) -> Array:
    return np.frexp(input)[0]


@composite(method=True)
def frexp(input: Array) -> Any:
    """The mantissa, of size 0.5 to 1, and the exponent of mantissa * 2 ** exponent.

    >>> import tinygrad_mlp as torch
    >>> mantissa, exponent = torch.frexp(torch.tensor([3.0]))
    >>> mantissa, exponent
    (tensor([0.7500]), tensor([2], dtype=tinygrad_mlp.int32))
    """
    if input._like.dtype.kind != "f":
        raise DTypeError(f"torch.frexp() only supports floating-point dtypes, got {input.dtype}; cast with .float()")
    return Frexp(_mantissa(input), _exponent(input))


def _need_tensor(name: str, value: Any) -> None:
    if not hasattr(value, "dtype"):
        raise ArgumentError(
            f"{name}(): argument 'input' must be a Tensor, not {type(value).__name__}; make one with tensor(...)"
        )


@primitive(lambda g: zeros_of(g), lambda g: g)
def fill(input: Array, value: Array) -> Array:
    """``value`` in the shape and dtype of ``input``."""
    _need_tensor("fill", input)
    if np.ndim(value) > 0:
        raise ShapeError(f"fill only supports 0-dimension value tensor but got tensor with {np.ndim(value)} dimensions.")
    return np.full(input.shape, np.asarray(value).astype(input.dtype))


# --------------------------------------------------------------------------------------------------------- of two numbers


def _with_sign(g: Any, input: Any, other: Any) -> Any:
    signs = math.copysign(1.0, other) if isinstance(other, int | float) else where(signbit(other), -1.0, 1.0)
    return g * (sign(input) * signs)


copysign: Operation = _of_floats(
    "copysign", np.copysign, "The size of ``input`` with the sign of ``other``.", _with_sign, no_slope
)
hypot: Operation = _function(
    "hypot",
    np.hypot,
    "sqrt(input^2 + other^2), without overflow.",
    lambda g, y, input: g * (input / y),
    lambda g, y, other: g * (other / y),
    cast="promote",
)

nextafter: Operation = _function(
    "nextafter",
    np.nextafter,
    "The next number that the dtype has after ``input``, towards ``other``.",
    lambda g: g,
    lambda g: zeros_of(g),
    cast="promote",
)
gcd: Operation = _function("gcd", np.gcd, "The greatest common divisor of integers.", None, None, cast="promote")
lcm: Operation = _function("lcm", np.lcm, "The least common multiple of integers.", None, None, cast="promote")


@primitive(None, None, method=True, in_place=True)
def heaviside(input: Array, values: Array) -> Array:
    """0 below 0, ``values`` at 0, 1 above."""
    _need_tensor("heaviside", input)
    if getattr(values, "dtype", input.dtype) != input.dtype:
        raise DTypeError(
            f"heaviside is not yet implemented for tensors with different dtypes, got {input.dtype} and {values.dtype}"
        )
    return np.where(input == 0, values, input > 0).astype(input.dtype)


@primitive(None, None, cast="promote", method=True, in_place=True, operator="lshift", ufunc=np.left_shift)
def bitwise_left_shift(input: Array, other: Array) -> Array:
    """The bits of integers moved to the left; floats times 2 ** other."""
    return np.left_shift(*_bits("bitwise_left_shift", input, other))


@primitive(None, None, cast="promote", method=True, in_place=True, operator="rshift", ufunc=np.right_shift)
def bitwise_right_shift(input: Array, other: Array) -> Array:
    """The bits of integers moved to the right, with the sign."""
    return np.right_shift(*_bits("bitwise_right_shift", input, other))


def _bits(name: str, input: Array, other: Array) -> tuple[Array, Array]:
    if np.result_type(input, other).kind in "fb":
        raise NotImplementedError(f"{name} is not implemented for {np.result_type(input, other)}; it takes integers")
    return input, other


@composite(method=True, in_place=True)
def ldexp(input: Array, other: Array) -> Array:
    """input * 2 ** other."""
    return input * pow(2.0, other)


@composite(method=True, in_place=True)
def float_power(input: Array, exponent: Array) -> Array:
    """input ** exponent, computed in float64.

    >>> import tinygrad_mlp as torch
    >>> torch.float_power(torch.tensor([2, 3]), 2)
    tensor([4., 9.], dtype=tinygrad_mlp.float64)
    """
    if not isinstance(input, Tensor) and not isinstance(exponent, Tensor):
        raise ArgumentError("float_power(): expected a Tensor for input or exponent")
    return pow(*(x.to(float64) if isinstance(x, Tensor) else float(x) for x in (input, exponent)))


@composite
def rsub(input: Array, other: Array, *, alpha: float = 1) -> Array:
    """other - alpha * input."""
    return sub(other, input, alpha=alpha) if isinstance(other, Tensor) else add(neg(input) * alpha, other)


@composite(method=True, in_place=True)
def clamp_min(input: Array, min: Array) -> Array:
    """:func:`clamp` with a lower bound alone."""
    return clamp(input, min)


@composite(method=True, in_place=True)
def clamp_max(input: Array, max: Array) -> Array:
    """:func:`clamp` with an upper bound alone."""
    return clamp(input, None, max)
