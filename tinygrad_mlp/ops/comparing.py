"""Comparison and logic, element by element: operations without a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.errors import ArgumentError, DTypeError
from .composite import composite

Array = Any  # an ndarray inside a forward, a Tensor at the caller

__all__ = [
    "allclose", "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "eq", "equal", "ge", "gt", "isclose",
    "isfinite", "isinf", "isnan", "le", "logical_and", "logical_not", "logical_or", "logical_xor", "lt", "ne",
]  # fmt: skip


@primitive(None, None, cast="promote", method=True, operator="eq", ufunc=np.equal)
def eq(input: Array, other: Array) -> Array:
    """Elementwise input == other."""
    return np.equal(input, other)


@primitive(None, None, cast="promote", method=True, operator="ne", ufunc=np.not_equal)
def ne(input: Array, other: Array) -> Array:
    """Elementwise input != other."""
    return np.not_equal(input, other)


@primitive(None, None, cast="promote", method=True, operator="lt", ufunc=np.less)
def lt(input: Array, other: Array) -> Array:
    """Elementwise input < other."""
    return np.less(input, other)


@primitive(None, None, cast="promote", method=True, operator="le", ufunc=np.less_equal)
def le(input: Array, other: Array) -> Array:
    """Elementwise input <= other."""
    return np.less_equal(input, other)


@primitive(None, None, cast="promote", method=True, operator="gt", ufunc=np.greater)
def gt(input: Array, other: Array) -> Array:
    """Elementwise input > other."""
    return np.greater(input, other)


@primitive(None, None, cast="promote", method=True, operator="ge", ufunc=np.greater_equal)
def ge(input: Array, other: Array) -> Array:
    """Elementwise input >= other."""
    return np.greater_equal(input, other)


@primitive(None, None, cast="promote", method=True, ufunc=np.logical_and)
def logical_and(input: Array, other: Array) -> Array:
    """Elementwise input and other."""
    return np.logical_and(input, other)


@primitive(None, None, cast="promote", method=True, ufunc=np.logical_or)
def logical_or(input: Array, other: Array) -> Array:
    """Elementwise input or other."""
    return np.logical_or(input, other)


@primitive(None, None, cast="promote", method=True, ufunc=np.logical_xor)
def logical_xor(input: Array, other: Array) -> Array:
    """Elementwise exactly one of input, other."""
    return np.logical_xor(input, other)


def _bitwise(ufunc: np.ufunc, input: Array, other: Array) -> Array:
    kind = np.result_type(input, other)
    if kind.kind == "f":
        raise DTypeError(f"{ufunc.__name__} is only defined for integers and truth values, got {kind}; compare first")
    return ufunc(input, other)


@primitive(None, None, cast="promote", method=True, operator="and", in_place=True, ufunc=np.bitwise_and)
def bitwise_and(input: Array, other: Array) -> Array:
    """Elementwise input & other."""
    return _bitwise(np.bitwise_and, input, other)


@primitive(None, None, cast="promote", method=True, operator="or", in_place=True, ufunc=np.bitwise_or)
def bitwise_or(input: Array, other: Array) -> Array:
    """Elementwise input | other."""
    return _bitwise(np.bitwise_or, input, other)


@primitive(None, None, cast="promote", method=True, operator="xor", in_place=True, ufunc=np.bitwise_xor)
def bitwise_xor(input: Array, other: Array) -> Array:
    """Elementwise input ^ other."""
    return _bitwise(np.bitwise_xor, input, other)


@primitive(None, method=True, ufunc=np.logical_not)
def logical_not(input: Array) -> Array:
    """Whether the element is zero."""
    return np.logical_not(input)


@primitive(None, method=True, operator="invert", ufunc=np.invert)
def bitwise_not(input: Array) -> Array:
    """Bits, or truth values, inverted."""
    if input.dtype.kind == "f":
        raise ArgumentError("~ (bitwise_not) is only implemented on integer and Boolean-type tensors; compare first")
    return np.invert(input)


@primitive(None, method=True, ufunc=np.isnan)
def isnan(input: Array) -> Array:
    """Whether the element is nan."""
    return np.isnan(input)


@primitive(None, method=True, ufunc=np.isinf)
def isinf(input: Array) -> Array:
    """Whether the element is an infinity."""
    return np.isinf(input)


@primitive(None, method=True, ufunc=np.isfinite)
def isfinite(input: Array) -> Array:
    """Whether the element is neither nan nor an infinity."""
    return np.isfinite(input)


@composite(method=True)
def equal(input: Array, other: Array) -> bool:
    """Whether two tensors have the same shape and values."""
    return bool(input.shape == other.shape and (input == other).all())


@composite(method=True)
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


@composite(method=True)
def allclose(input: Array, other: Array, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether :func:`isclose` holds everywhere."""
    return bool(isclose(input, other, rtol, atol, equal_nan).all())
