"""Arithmetic of two or three numbers, element by element, with broadcasting."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array, log, true_divide, zeros_of
from ..core.errors import DTypeError
from ..core.promotion import promote
from ..dtypes import as_dtype
from .choosing import where
from .composite import Operation, composite
from .dims import tensor_only
from .inplace import inplace
from .memory import blockwise, no_slope
from .ufuncs import ufunc_operations

__all__ = ["addcdiv", "addcmul", "atan2", "div", "floor_divide", "fmod", "lerp", "pow", "remainder"]


def _divisible(name: str, input: Array, other: Array) -> None:
    """Integers have no quotient by zero, floats have."""
    if np.result_type(input, other).kind != "f" and np.size(input) and np.any(np.equal(other, 0)):
        raise DTypeError(f"{name}: integer division by zero has no value (ZeroDivisionError); divide floats, or mask")


_arithmetic = functools.partial(primitive, cast="promote", method=True, in_place=True)


@_arithmetic(no_slope, no_slope, operator="floordiv", ufunc=np.floor_divide)
def floor_divide(input: Array, other: Array, *, out: Array = None) -> Array:
    """floor(input / other), with broadcasting. Its gradient is zero."""
    _divisible("floor_divide", input, other)
    return np.floor_divide(input, other, out=out)


@primitive(no_slope, no_slope, cast="promote")
def trunc_divide(input: Array, other: Array) -> Array:
    """input / other rounded towards zero, with broadcasting. Its gradient is zero."""
    if np.result_type(input, other).kind == "f":
        return np.trunc(np.true_divide(input, other))
    _divisible("trunc_divide", input, other)
    quotient = np.floor_divide(input, other)
    return quotient + ((quotient < 0) & (quotient * other != input))


@composite(method=("div", "divide", "true_divide"))
def div(input: Array, other: Array, *, rounding_mode: str | None = None) -> Array:
    """input / other; rounded down with ``rounding_mode="floor"``, towards zero with ``"trunc"``.

    Raises:
        RuntimeError: another rounding mode.
    """
    return _quotient(rounding_mode)(input, other)


@composite(method=("div_", "divide_"))
def div_(input: Array, other: Array, *, rounding_mode: str | None = None) -> Array:
    """:func:`div` in place."""
    return inplace(_quotient(rounding_mode))(input, other)


def _quotient(rounding_mode: str | None) -> Callable[..., Any]:
    operations: dict[str | None, Any] = {None: true_divide, "floor": floor_divide, "trunc": trunc_divide}
    if rounding_mode not in operations:
        raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found {rounding_mode!r}")
    return operations[rounding_mode]


def _off_jumps(input: Any, other: Any) -> Any:
    """Where a remainder is smooth."""
    quotient = input / other
    return (abs(quotient - np.round(quotient)) > 0.02) & (abs(quotient) < 20)


@_arithmetic(
    lambda g: g,
    lambda g, input, other: -g * floor_divide(input, other),
    operator="mod",
    smooth=_off_jumps,
    ufunc=np.remainder,
)
def remainder(input: Array, other: Array) -> Array:
    """input - other * floor(input / other): has the sign of ``other``; but a zero that of ``input``, as in PyTorch."""
    _divisible("remainder", input, other)
    rest = np.remainder(input, other)
    return np.where(rest == 0, np.copysign(rest, input), rest) if rest.dtype.kind == "f" else rest


@_arithmetic(lambda g: g, lambda g, input, other: -g * trunc_divide(input, other), smooth=_off_jumps, ufunc=np.fmod)
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


@_arithmetic(
    _pow_input,
    _pow_exponent,
    operator="pow",
    smooth=lambda input, exponent: (input > 0.2) & (input < 4) & (abs(exponent) < 3.4),
    ufunc=np.power,
)
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


def _per_square(side: Any, input: Any, other: Any) -> Any:
    square = input * input + other * other
    return where(square == 0, 0.0, side / square)  # at the origin, where there is no angle


atan2: Operation = ufunc_operations(__name__)(
    "atan2",
    np.arctan2,
    "The angle of the point (other, input), in radians, in [-pi, pi].",
    lambda g, input, other: g * _per_square(other, input, other),
    lambda g, input, other: g * _per_square(-input, input, other),
    cast="float",
    method=("atan2", "arctan2"),
    numbers=False,
    in_place=True,
)


@primitive(
    lambda g, weight: g * (1 - weight),
    lambda g, weight: g * weight,
    lambda g, input, end: g * (end - input),
    method=True,
    in_place=True,
)
def lerp(input: Array, end: Array, weight: Array, *, out: Array = None) -> Array:
    """input + weight * (end - input); a ``weight`` without dimensions is a number, of any dtype.

    Raises:
        DTypeError: The others have different dtypes.
    """
    tensor_only("lerp", input=input, end=end)
    if input.dtype == bool:
        raise DTypeError("lerp is not defined for bool tensors; cast with .float()")
    if isinstance(weight, np.ndarray) and weight.ndim == 0 and input.dtype.kind == "f":
        weight = weight.astype(input.dtype, copy=False)
    for name, other in (("end", end), ("weight", weight)):
        if isinstance(other, np.ndarray) and other.dtype != input.dtype:
            raise DTypeError(
                f"lerp: expected all arguments to have the same dtype, but got {as_dtype(input.dtype)} for 'input' and "
                f"{as_dtype(other.dtype)} for {name!r}; cast with .to(dtype), such as .float()"
            )
    return blockwise(lambda y, a, b, w: np.add(a, w * (b - a), out=y), out, input, end, weight)


@_arithmetic(lambda g: g, lambda g, tensor2, value: g * (tensor2 * value), lambda g, tensor1, value: g * (tensor1 * value))
def addcmul(input: Array, tensor1: Array, tensor2: Array, *, value: float = 1, out: Array = None) -> Array:
    """input + value * tensor1 * tensor2; of integers, the whole part of ``value``.

    Raises:
        DTypeError: All are bools.
    """
    kind = np.result_type(input, tensor1).kind
    if kind == "b":
        raise DTypeError("addcmul is not defined for bool tensors; cast with .float()")
    value = int(value) if kind in "iu" else value
    return blockwise(lambda y, a, b, c: np.add(a, value * (b * c), out=y), out, input, tensor1, tensor2)


@primitive(
    lambda g: g,
    lambda g, tensor2, value: g * value / tensor2,
    lambda g, tensor1, tensor2, value: g * (-value * tensor1 / (tensor2 * tensor2)),
    method=True,
    in_place=True,
)
def addcdiv(input: Array, tensor1: Array, tensor2: Array, *, value: float = 1, out: Array = None) -> Array:
    """input + value * tensor1 / tensor2, of floats.

    Raises:
        DTypeError: Both ``tensor1`` and ``tensor2`` are integers.
    """
    tensor_only("addcdiv", input=input, tensor1=tensor1, tensor2=tensor2)
    if np.result_type(tensor1, tensor2).kind in "biu":
        raise DTypeError("addcdiv: Integer division with addcdiv is no longer supported; make floats of them with .float()")
    if not input.dtype == tensor1.dtype == tensor2.dtype:
        input, tensor1, tensor2 = promote([input, tensor1, tensor2])
    return blockwise(lambda y, a, b, c: np.add(a, value * (b / c), out=y), out, input, tensor1, tensor2)
