"""Elementwise operations: arithmetic, comparison and functions of one number.

In every rule ``g`` is the cotangent of the output ``y``. At a kink or a jump the derivative is PyTorch's choice: 0 for
``abs``, ``relu`` and the rounding functions, 1 inside and on the bounds of ``clamp``, half each where ``maximum`` ties.
``out``, where taken, is memory to compute in.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..device import device as device_type
from ..dtypes import as_dtype, dtype, promote, result_dtype
from ..engine import OPS, composite, primitive
from ..errors import ArgumentError, DTypeError
from ..inplace import inplace
from .calls import masked
from .special import erf_of, erfc_of

_dtype_type = dtype
Array = Any  # an ndarray or a number inside a forward, a Tensor at the caller

__all__ = [
    "abs",
    "acos",
    "add",
    "addcdiv",
    "addcmul",
    "allclose",
    "asin",
    "atan",
    "atan2",
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "ceil",
    "clamp",
    "clone",
    "cos",
    "cosh",
    "div",
    "eq",
    "equal",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "frac",
    "ge",
    "gt",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "le",
    "lerp",
    "log",
    "log1p",
    "log2",
    "log10",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "lt",
    "masked_fill",
    "maximum",
    "minimum",
    "mul",
    "nan_to_num",
    "ne",
    "neg",
    "pow",
    "reciprocal",
    "relu",
    "remainder",
    "result_type",
    "round",
    "rsqrt",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "sub",
    "tan",
    "tanh",
    "true_divide",
    "trunc",
    "where",
]

# --------------------------------------------------------------------------------------------------------- helpers


@primitive(None)
def zeros_of(input: Array) -> Array:
    """Zeros of the shape and dtype of ``input``: the gradient of a step function."""
    return np.zeros_like(input)


def _step(g: Any) -> Any:
    return zeros_of(g)


# ------------------------------------------------------------------------------------------------------ arithmetic


_BLOCK = 32_768  # elements; 128 KiB of float32, so that three arrays fit in a core's own cache


def _blockwise(compute: Callable[..., Array], out: Array, *operands: Any) -> Array:
    """``compute(out, *operands)``; large arrays piece by piece, so that what is computed on the way stays in the cache.

    An operand's memory is the output's, element by element, or apart from it.
    """
    if type(out) is not np.ndarray or out.size <= _BLOCK:
        return compute(out, *operands)
    divided = [isinstance(value, np.ndarray) and value.ndim > 0 for value in operands]
    arrays = [out, *(value for value, divide in zip(operands, divided) if divide)]
    if not all(a.shape == out.shape and a.flags.c_contiguous for a in arrays):
        return compute(out, *operands)
    for start in range(0, out.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        pieces = (value.reshape(-1)[part] if divide else value for value, divide in zip(operands, divided))
        compute(out.reshape(-1)[part], *pieces)
    return out


def _negated(input: Array, out: Array) -> Array:
    # NumPy's negative, in place on strided memory, reads elements that it has written (2.4 with AVX-512)
    return np.negative(input) if out is None else np.multiply(input, -1, out=out)


def _add_scaled(out: Array, input: Array, other: Array, alpha: float) -> Array:
    """input + alpha * other; truth values added to truth values stay what they are."""
    floating = type(other) is np.ndarray and other.dtype.kind == "f"  # np.result_type takes as long as the sum
    if not floating and np.result_type(input, other).kind == "b":
        return np.add(input, other & bool(alpha), out=out)
    return np.add(input, alpha * other, out=out)


@primitive(lambda g: g, lambda g, alpha: g if alpha == 1 else g * alpha, cast="promote")
def add(input: Array, other: Array, *, alpha: float = 1, out: Array = None) -> Array:
    """input + alpha * other, with broadcasting.

    >>> import tinygrad_mlp as torch
    >>> torch.add(torch.tensor([1.0, 2.0]), torch.tensor([1.0]), alpha=10)
    tensor([11., 12.])
    """
    if alpha == 1:
        return np.add(input, other, out=out)
    return _blockwise(_add_scaled, out, input, other, alpha)


@primitive(lambda g: g, lambda g, alpha: -g if alpha == 1 else g * -alpha, cast="promote")
def sub(input: Array, other: Array, *, alpha: float = 1, out: Array = None) -> Array:
    """input - alpha * other, with broadcasting."""
    if alpha == 1:
        return np.subtract(input, other, out=out)
    return _blockwise(lambda y, a, b: np.subtract(a, alpha * b, out=y), out, input, other)


@primitive(lambda g, other: g * other, lambda g, input: g * input, cast="promote")
def mul(input: Array, other: Array, *, out: Array = None) -> Array:
    """input * other, with broadcasting."""
    return np.multiply(input, other, out=out)


@primitive(lambda g, other: g / other, lambda g, input, other: -g * (input / other) / other, cast="float")
def true_divide(input: Array, other: Array, *, out: Array = None) -> Array:
    """input / other, with broadcasting; integers divide to floats."""
    return np.true_divide(input, other, out=out)


def _divisible(name: str, input: Array, other: Array) -> None:
    """Integers have no quotient by zero, floats have.

    Raises:
        DTypeError: A divisor is the integer 0.
    """
    if np.result_type(input, other).kind != "f" and np.size(input) and np.any(np.equal(other, 0)):
        raise DTypeError(f"{name}: integer division by zero has no value (ZeroDivisionError); divide floats, or mask")


@primitive(_step, _step, cast="promote")
def floor_divide(input: Array, other: Array, *, out: Array = None) -> Array:
    """floor(input / other), with broadcasting. Its gradient is zero."""
    _divisible("floor_divide", input, other)
    return np.floor_divide(input, other, out=out)


@primitive(_step, _step, cast="promote")
def trunc_divide(input: Array, other: Array) -> Array:
    """input / other rounded towards zero, with broadcasting. Its gradient is zero."""
    if np.result_type(input, other).kind == "f":
        return np.trunc(np.true_divide(input, other))
    _divisible("trunc_divide", input, other)
    quotient = np.floor_divide(input, other)
    return quotient + ((quotient < 0) & (quotient * other != input))


@composite
def div(input: Array, other: Array, *, rounding_mode: str | None = None) -> Array:
    """input / other; rounded down with ``rounding_mode="floor"``, towards zero with ``"trunc"``.

    Raises:
        RuntimeError: another rounding mode.
    """
    return OPS[_quotient(rounding_mode)](input, other)


@composite
def div_(input: Array, other: Array, *, rounding_mode: str | None = None) -> Array:
    """:func:`div` in place."""
    return inplace(_quotient(rounding_mode), input, other)


def _quotient(rounding_mode: str | None) -> str:
    names = {None: "true_divide", "floor": "floor_divide", "trunc": "trunc_divide"}
    if rounding_mode not in names:
        raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found {rounding_mode!r}")
    return names[rounding_mode]


@primitive(lambda g: g, lambda g, input, other: -g * floor_divide(input, other), cast="promote")
def remainder(input: Array, other: Array) -> Array:
    """input - other * floor(input / other): has the sign of ``other``; but a zero that of ``input``, as in PyTorch."""
    _divisible("remainder", input, other)
    rest = np.remainder(input, other)
    return np.where(rest == 0, np.copysign(rest, input), rest) if rest.dtype.kind == "f" else rest


@primitive(lambda g: g, lambda g, input, other: -g * trunc_divide(input, other), cast="promote")
def fmod(input: Array, other: Array, *, out: Array = None) -> Array:
    """input - other * trunc(input / other): has the sign of ``input``."""
    _divisible("fmod", input, other)
    return np.fmod(input, other, out=out)


def _pow_input(g: Any, input: Any, exponent: Any) -> Any:
    slope = g * (exponent * pow(input, exponent - 1))
    if isinstance(exponent, int | float):
        return slope if exponent != 0 else zeros_of(g)
    return where(exponent == 0, 0.0, slope)  # 0 * 0**-1 would be nan


def _pow_exponent(g: Any, y: Any, input: Any, exponent: Any) -> Any:
    if isinstance(input, int | float):
        if input == 0:
            return g * (y * where(exponent >= 0, 0.0, -math.inf))
        return g * (y * (math.log(input) if input > 0 else math.nan))
    return g * where((input == 0) & (exponent >= 0), 0.0, y * log(input))


@primitive(_pow_input, _pow_exponent, cast="promote")
def pow(input: Array, exponent: Array, *, out: Array = None) -> Array:
    """input ** exponent, with broadcasting. The powers 1/2 and -1/2 are those of :func:`sqrt`: nan at -inf.

    Raises:
        DTypeError: An integer to a negative integer power.
    """
    if np.result_type(input, exponent).kind == "b":
        return np.greater_equal(input, exponent)
    if np.result_type(input, exponent).kind == "i" and np.any(np.less(exponent, 0)):
        if not isinstance(exponent, np.ndarray):
            raise DTypeError("pow: Integers to negative integer powers are not allowed; make floats of them with .float()")
        inverse = np.where(np.abs(input) == 1, np.power(input, np.abs(exponent)), 0)  # rounded towards 0, as in PyTorch
        return np.where(np.less(exponent, 0), inverse, np.power(input, np.maximum(exponent, 0)))
    if isinstance(exponent, int | float) and exponent == 2:
        return np.multiply(input, input, out=out)
    if isinstance(exponent, float) and exponent in (0.5, -0.5) and input.dtype.kind == "f":
        root = np.sqrt(input, out=out)
        return root if exponent > 0 else np.true_divide(1, root, out=out)
    return np.power(input, exponent, out=out)


@primitive(
    lambda g, input, other: where(input == other, g * 0.5, where(input < other, 0.0, g)),
    lambda g, input, other: where(input == other, g * 0.5, where(input > other, 0.0, g)),
    cast="promote",
)
def maximum(input: Array, other: Array, *, out: Array = None) -> Array:
    """The larger of two, nan if either is."""
    return np.maximum(input, other, out=out)


@primitive(
    lambda g, input, other: where(input == other, g * 0.5, where(input > other, 0.0, g)),
    lambda g, input, other: where(input == other, g * 0.5, where(input < other, 0.0, g)),
    cast="promote",
)
def minimum(input: Array, other: Array, *, out: Array = None) -> Array:
    """The smaller of two, nan if either is."""
    return np.minimum(input, other, out=out)


@primitive(
    lambda g, input, other: where((input >= other) | isnan(other), g, 0.0),
    lambda g, input, other: where((input >= other) | isnan(other), 0.0, g),
    cast="promote",
)
def fmax(input: Array, other: Array, *, out: Array = None) -> Array:
    """The larger of two, the number where one is nan."""
    return np.fmax(input, other, out=out)


@primitive(
    lambda g, input, other: where((input <= other) | isnan(other), g, 0.0),
    lambda g, input, other: where((input <= other) | isnan(other), 0.0, g),
    cast="promote",
)
def fmin(input: Array, other: Array, *, out: Array = None) -> Array:
    """The smaller of two, the number where one is nan."""
    return np.fmin(input, other, out=out)


def _per_square(side: Any, input: Any, other: Any) -> Any:
    square = input * input + other * other
    return where(square == 0, 0.0, side / square)  # at the origin, where there is no angle


@primitive(
    lambda g, input, other: g * _per_square(other, input, other),
    lambda g, input, other: g * _per_square(-input, input, other),
    cast="float",
)
def atan2(input: Array, other: Array, *, out: Array = None) -> Array:
    """The angle of the point (other, input), in radians, in [-pi, pi]."""
    return np.arctan2(input, other, out=out)


@primitive(
    lambda g, weight: g * (1 - weight),
    lambda g, weight: g * weight,
    lambda g, input, end: g * (end - input),
)
def lerp(input: Array, end: Array, weight: Array, *, out: Array = None) -> Array:
    """input + weight * (end - input); a ``weight`` without dimensions is a number, of any dtype.

    Raises:
        DTypeError: The others have different dtypes.
    """
    if isinstance(weight, np.ndarray) and weight.ndim == 0 and input.dtype.kind == "f":
        weight = weight.astype(input.dtype, copy=False)
    for name, other in (("end", end), ("weight", weight)):
        if isinstance(other, np.ndarray) and other.dtype != input.dtype:
            raise DTypeError(
                f"lerp: expected all arguments to have the same dtype, but got {as_dtype(input.dtype)} for 'input' and "
                f"{as_dtype(other.dtype)} for {name!r}; cast with .to(dtype), such as .float()"
            )
    return _blockwise(lambda y, a, b, w: np.add(a, w * (b - a), out=y), out, input, end, weight)


@primitive(
    lambda g: g,
    lambda g, tensor2, value: g * (tensor2 * value),
    lambda g, tensor1, value: g * (tensor1 * value),
    cast="promote",
)
def addcmul(input: Array, tensor1: Array, tensor2: Array, *, value: float = 1, out: Array = None) -> Array:
    """input + value * tensor1 * tensor2."""
    return _blockwise(lambda y, a, b, c: np.add(a, value * (b * c), out=y), out, input, tensor1, tensor2)


@primitive(
    lambda g: g,
    lambda g, tensor2, value: g * value / tensor2,
    lambda g, tensor1, tensor2, value: g * (-value * tensor1 / (tensor2 * tensor2)),
    cast="float",
)
def addcdiv(input: Array, tensor1: Array, tensor2: Array, *, value: float = 1, out: Array = None) -> Array:
    """input + value * tensor1 / tensor2."""
    return _blockwise(lambda y, a, b, c: np.add(a, value * (b / c), out=y), out, input, tensor1, tensor2)


# ------------------------------------------------------------------------------------------- functions of one number


@primitive(lambda g: -g)
def neg(input: Array, *, out: Array = None) -> Array:
    """-input."""
    return _negated(input, out)


@primitive(lambda g, input: g * sign(input))
def abs(input: Array, *, out: Array = None) -> Array:
    """The absolute value."""
    return np.absolute(input, out=out)


@primitive(_step)
def sign(input: Array, *, out: Array = None) -> Array:
    """-1, 0 or 1; 0 for nan."""
    return np.subtract(input > 0, input < 0, out=out, dtype=input.dtype) if input.dtype != bool else np.copy(input)


@primitive(lambda g, y: g * y, cast="float")
def exp(input: Array, *, out: Array = None) -> Array:
    """e ** input."""
    return np.exp(input, out=out)


@primitive(lambda g, y: g * (y + 1), cast="float")
def expm1(input: Array, *, out: Array = None) -> Array:
    """e ** input - 1, accurate near 0."""
    return np.expm1(input, out=out)


@primitive(lambda g, input: g / input, cast="float")
def log(input: Array, *, out: Array = None) -> Array:
    """The natural logarithm."""
    return np.log(input, out=out)


@primitive(lambda g, input: g / (input + 1), cast="float")
def log1p(input: Array, *, out: Array = None) -> Array:
    """log(1 + input), accurate near 0."""
    return np.log1p(input, out=out)


@primitive(lambda g, input: g / (input * math.log(2)), cast="float")
def log2(input: Array, *, out: Array = None) -> Array:
    """The logarithm to base 2."""
    return np.log2(input, out=out)


@primitive(lambda g, input: g / (input * math.log(10)), cast="float")
def log10(input: Array, *, out: Array = None) -> Array:
    """The logarithm to base 10."""
    return np.log10(input, out=out)


@primitive(lambda g, y: g / (2 * y), cast="float")
def sqrt(input: Array, *, out: Array = None) -> Array:
    """The square root."""
    return np.sqrt(input, out=out)


@primitive(lambda g, y: g * (-0.5 * y * y * y), cast="float")
def rsqrt(input: Array, *, out: Array = None) -> Array:
    """1 / sqrt(input)."""
    return np.true_divide(1, np.sqrt(input, out=out), out=out)


@primitive(lambda g, input: g * (2 * input))
def square(input: Array, *, out: Array = None) -> Array:
    """input ** 2."""
    return np.multiply(input, input, out=out, dtype=np.int64 if input.dtype == bool else None)


@primitive(lambda g, y: -g * y * y, cast="float")
def reciprocal(input: Array, *, out: Array = None) -> Array:
    """1 / input."""
    return np.true_divide(1, input, out=out)


@primitive(lambda g, input: g * cos(input), cast="float")
def sin(input: Array, *, out: Array = None) -> Array:
    """The sine of radians."""
    return np.sin(input, out=out)


@primitive(lambda g, input: -g * sin(input), cast="float")
def cos(input: Array, *, out: Array = None) -> Array:
    """The cosine of radians."""
    return np.cos(input, out=out)


@primitive(lambda g, y: g * (1 + y * y), cast="float")
def tan(input: Array, *, out: Array = None) -> Array:
    """The tangent of radians."""
    return np.tan(input, out=out)


@primitive(lambda g, input: g / sqrt(1 - input * input), cast="float")
def asin(input: Array, *, out: Array = None) -> Array:
    """The inverse sine, in radians."""
    return np.arcsin(input, out=out)


@primitive(lambda g, input: -g / sqrt(1 - input * input), cast="float")
def acos(input: Array, *, out: Array = None) -> Array:
    """The inverse cosine, in radians."""
    return np.arccos(input, out=out)


@primitive(lambda g, input: g / (1 + input * input), cast="float")
def atan(input: Array, *, out: Array = None) -> Array:
    """The inverse tangent, in radians."""
    return np.arctan(input, out=out)


@primitive(lambda g, input: g * cosh(input), cast="float")
def sinh(input: Array, *, out: Array = None) -> Array:
    """The hyperbolic sine."""
    return np.sinh(input, out=out)


@primitive(lambda g, input: g * sinh(input), cast="float")
def cosh(input: Array, *, out: Array = None) -> Array:
    """The hyperbolic cosine."""
    return np.cosh(input, out=out)


@primitive(lambda g, y: g * (1 - y * y), cast="float")
def tanh(input: Array, *, out: Array = None) -> Array:
    """The hyperbolic tangent (e^x - e^-x) / (e^x + e^-x). EE6132 lab, eq. 2."""
    return np.tanh(input, out=out)


@primitive(lambda g, y: g * (y * (1 - y)), cast="float")
def sigmoid(input: Array, *, out: Array = None) -> Array:
    """The logistic function 1 / (1 + e^-x). EE6132 lab, eq. 3."""
    y = _negated(input, out if input.ndim else np.empty_like(input))  # without dimensions a number, not an array
    np.exp(y, out=y)  # overflows to inf for very negative inputs, which gives the right 0
    return np.reciprocal(np.add(y, 1, out=y), out=y)


@primitive(lambda g, input: g * (exp(-input * input) * (2 / math.sqrt(math.pi))), cast="float")
def erf(input: Array) -> Array:
    """The error function 2/sqrt(pi) * integral of e^(-t^2) from 0 to x."""
    return erf_of(input)


@primitive(lambda g, input: g * (exp(-input * input) * (-2 / math.sqrt(math.pi))), cast="float")
def erfc(input: Array) -> Array:
    """1 - erf(input), accurate for large inputs."""
    return erfc_of(input)


@primitive(lambda g, source, low, high: between(g, source, low, high), _step)
def between(input: Array, source: Array, low: float, high: float | None = None) -> Array:
    """``input`` where low < source < high, else 0: what the kinks of piecewise linear functions do to a gradient."""
    outside = np.less_equal(source, low)
    if high is not None:
        outside |= source >= high
    return masked(input, np.logical_not(outside))


@primitive(lambda g, y: between(g, y, 0))
def relu(input: Array, *, out: Array = None) -> Array:
    """max(input, 0). EE6132 lab, eq. 1."""
    zeros = np.zeros(input.shape if input.size <= _BLOCK else input.shape[-1:], input.dtype)  # faster than with a number
    return np.maximum(input, zeros, out=out)


@primitive(_step)
def floor(input: Array, *, out: Array = None) -> Array:
    """The largest integer below or at the input."""
    return np.floor(input, out=out)


@primitive(_step)
def ceil(input: Array, *, out: Array = None) -> Array:
    """The smallest integer above or at the input."""
    return np.ceil(input, out=out)


@primitive(_step)
def trunc(input: Array, *, out: Array = None) -> Array:
    """The input rounded towards zero."""
    return np.trunc(input, out=out)


@primitive(lambda g: g)
def frac(input: Array, *, out: Array = None) -> Array:
    """The input minus its integer part."""
    return np.subtract(input, np.trunc(input), out=out)


@primitive(_step)
def round(input: Array, *, decimals: int = 0) -> Array:
    """The nearest number with that many decimals, halves to even."""
    return np.round(input, decimals)


# --------------------------------------------------------------------------------------------- choosing and bounding


@primitive(
    None,
    lambda g, condition: where(condition, g, 0.0),
    lambda g, condition: where(condition, 0.0, g),
)
def where(condition: Array, input: Array, other: Array) -> Array:
    """``input`` where the condition holds, else ``other``, with broadcasting.

    A nan or an infinity in the branch not taken does not reach that branch's gradient, which is 0 there. What computed the
    branch may still make nan of that 0: at x = 0 the rule of ``log`` divides it by 0. So choose before, not only after:

    >>> import tinygrad_mlp as torch
    >>> x = torch.tensor([0.0, 2.0], requires_grad=True)
    >>> torch.where(x > 0, torch.log(x), 0.0).sum().backward()
    >>> x.grad
    tensor([   nan, 0.5000])
    >>> x.grad = None
    >>> torch.where(x > 0, torch.log(torch.where(x > 0, x, 1.0)), 0.0).sum().backward()
    >>> x.grad
    tensor([0.0000, 0.5000])
    """
    if not isinstance(condition, np.ndarray) or condition.dtype != bool:
        raise DTypeError(
            f"where expected condition to be a boolean tensor, but got {getattr(condition, 'dtype', type(condition))}; "
            "compare, or cast with .bool()"
        )
    return np.where(condition, *promote([input, other])).astype(result_dtype([input, other]), copy=False)


def _inside(input: Any, min: Any, max: Any) -> Any:
    if min is None:
        return input <= max
    return input >= min if max is None else (input >= min) & (input <= max)


@primitive(
    lambda g, input, min, max: where(_inside(input, min, max), g, 0.0),
    lambda g, input, min, max: where((input < min) if max is None else (input < min) & (min < max), g, 0.0),
    lambda g, input, min, max: where((input > max) if min is None else (input > max) | (max < min), g, 0.0),
    cast="promote",
)
def clamp(input: Array, min: Array = None, max: Array = None, *, out: Array = None) -> Array:
    """min(max(input, min), max); either bound may be None, a number or a tensor.

    Raises:
        RuntimeError: both bounds are None.
    """
    if min is None and max is None:
        raise RuntimeError("clamp: at least one of 'min' or 'max' must not be None")
    if min is not None:
        input = np.maximum(min, input, out=out)  # in this order -0.0 stays, as between it and 0.0 the second is taken
    return input if max is None else np.minimum(max, input, out=out)


@primitive(
    lambda g, mask: where(mask, 0.0, g),
    None,
    lambda g, mask: where(mask, g, 0.0),
)
def masked_fill(input: Array, mask: Array, value: Array) -> Array:
    """``value`` (a number, or a tensor without dimensions) where the mask is true, else ``input``."""
    if not isinstance(mask, np.ndarray) or mask.dtype != bool:
        raise DTypeError("masked_fill only supports boolean masks; compare, or cast with .bool()")
    if np.ndim(value) > 0:
        raise ArgumentError(f"masked_fill only supports a 0-dimensional value tensor, but got {np.ndim(value)} dimensions")
    value = value if isinstance(value, np.ndarray) else np.asarray(value)
    return np.where(mask, value.astype(input.dtype), input)


@primitive(
    lambda g, input: where(isfinite(input), g, 0.0),
)
def nan_to_num(input: Array, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Array:
    """``input`` with nan and the infinities replaced, the latter by the largest finite numbers by default."""
    if input.dtype.kind != "f":
        return np.copy(input)
    limits, result = np.finfo(input.dtype), np.copy(input)
    np.copyto(result, nan, where=np.isnan(input))
    np.copyto(result, limits.max if posinf is None else posinf, where=input == math.inf)
    np.copyto(result, limits.min if neginf is None else neginf, where=input == -math.inf)
    return result


# ------------------------------------------------------------------------------------------- comparison, logic: no rules


@primitive(None, None, cast="promote")
def eq(input: Array, other: Array) -> Array:
    """Elementwise input == other."""
    return np.equal(input, other)


@primitive(None, None, cast="promote")
def ne(input: Array, other: Array) -> Array:
    """Elementwise input != other."""
    return np.not_equal(input, other)


@primitive(None, None, cast="promote")
def lt(input: Array, other: Array) -> Array:
    """Elementwise input < other."""
    return np.less(input, other)


@primitive(None, None, cast="promote")
def le(input: Array, other: Array) -> Array:
    """Elementwise input <= other."""
    return np.less_equal(input, other)


@primitive(None, None, cast="promote")
def gt(input: Array, other: Array) -> Array:
    """Elementwise input > other."""
    return np.greater(input, other)


@primitive(None, None, cast="promote")
def ge(input: Array, other: Array) -> Array:
    """Elementwise input >= other."""
    return np.greater_equal(input, other)


@primitive(None, None, cast="promote")
def logical_and(input: Array, other: Array) -> Array:
    """Elementwise input and other."""
    return np.logical_and(input, other)


@primitive(None, None, cast="promote")
def logical_or(input: Array, other: Array) -> Array:
    """Elementwise input or other."""
    return np.logical_or(input, other)


@primitive(None, None, cast="promote")
def logical_xor(input: Array, other: Array) -> Array:
    """Elementwise exactly one of input, other."""
    return np.logical_xor(input, other)


@primitive(None, None, cast="promote")
def bitwise_and(input: Array, other: Array) -> Array:
    """Elementwise input & other."""
    return np.bitwise_and(input, other)


@primitive(None, None, cast="promote")
def bitwise_or(input: Array, other: Array) -> Array:
    """Elementwise input | other."""
    return np.bitwise_or(input, other)


@primitive(None, None, cast="promote")
def bitwise_xor(input: Array, other: Array) -> Array:
    """Elementwise input ^ other."""
    return np.bitwise_xor(input, other)


@primitive(None)
def logical_not(input: Array) -> Array:
    """Whether the element is zero."""
    return np.logical_not(input)


@primitive(None)
def bitwise_not(input: Array) -> Array:
    """Bits, or truth values, inverted."""
    if input.dtype.kind == "f":
        raise ArgumentError("~ (bitwise_not) is only implemented on integer and Boolean-type tensors; compare first")
    return np.invert(input)


@primitive(None)
def isnan(input: Array) -> Array:
    """Whether the element is nan."""
    return np.isnan(input)


@primitive(None)
def isinf(input: Array) -> Array:
    """Whether the element is an infinity."""
    return np.isinf(input)


@primitive(None)
def isfinite(input: Array) -> Array:
    """Whether the element is neither nan nor an infinity."""
    return np.isfinite(input)


@composite
def equal(input: Array, other: Array) -> bool:
    """Whether two tensors have the same shape and values."""
    return bool(input.shape == other.shape and (input == other).all())


@composite
def isclose(input: Array, other: Array, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Array:
    """Elementwise |input - other| <= atol + rtol * |other|."""
    if input.dtype is not other.dtype:
        raise DTypeError(
            f"isclose: expected two tensors of one dtype, got {input.dtype} and {other.dtype}; cast with .to(dtype)"
        )
    if input.dtype.numpy.kind == "b":
        return input == other
    close = (input == other) | (isfinite(other) & ((input - other).abs() <= atol + rtol * other.abs()))
    return close | (isnan(input) & isnan(other)) if equal_nan else close


@composite
def allclose(input: Array, other: Array, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether :func:`isclose` holds everywhere."""
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


# --------------------------------------------------------------------------------------------------- memory and dtype


def _order(input: Array) -> Any:
    """The memory layout of a copy, as PyTorch's: the same, but in rows where expanded dimensions leave it open."""
    return "C" if 0 in input.strides else "K"


@primitive(lambda g: g)
def clone(input: Array) -> Array:
    """A copy, with its history."""
    return np.copy(input, order=_order(input))


@primitive(lambda g: g)
def cast(input: Array, dtype: np.dtype[Any]) -> Array:
    """The values in another NumPy dtype; the same memory where it has that dtype already."""
    return input.astype(dtype, order=_order(input), copy=False)


@primitive(_step, lambda g: g)
def copy(input: Array, src: Array) -> Array:
    """``src`` in the shape and dtype of ``input``: what ``copy_`` writes."""
    return np.broadcast_to(src, input.shape).astype(input.dtype)


@composite
def contiguous(input: Array) -> Array:
    """``input`` itself if contiguous in memory, else a copy that is."""
    return input if input.is_contiguous() else _packed(input)


@primitive(lambda g: g)
def _packed(input: Array) -> Array:
    return np.copy(input, "C")


@composite
def result_type(tensor1: Array, tensor2: Array) -> _dtype_type:
    """The dtype of an arithmetic operation on the two, tensors or numbers.

    >>> import tinygrad_mlp as torch
    >>> torch.result_type(torch.tensor([1, 2]), 0.5)
    tinygrad_mlp.float32
    """
    return as_dtype(result_dtype([getattr(x, "_data", x) for x in (tensor1, tensor2)]))


@composite
def to(
    input: Array,
    *args: Any,
    dtype: dtype | None = None,
    device: Any = None,
    copy: bool = False,
    **ignored: Any,
) -> Array:
    """The tensor in another dtype; see ``Tensor.to``."""
    flags: list[bool] = []  # by position: non_blocking, as if there were something to wait for, then copy
    for arg in args:
        if isinstance(arg, _dtype_type):
            dtype = arg
        elif hasattr(arg, "_data"):
            dtype = arg.dtype
        elif isinstance(arg, type):
            dtype = as_dtype(arg)
        elif isinstance(arg, bool):
            flags.append(arg)
        else:
            device = arg
    if ignored.keys() - {"non_blocking", "memory_format"}:
        raise ArgumentError(f"to() has no argument {sorted(ignored)[0]!r}")
    if device is not None:
        device_type(device)
    target = input._data.dtype if dtype is None else as_dtype(dtype).numpy
    if target != input._data.dtype:
        return cast(input, dtype=target)
    return clone(input) if copy or flags[1:] == [True] else input
