"""Comparison and logic, element by element: operations without a gradient."""

from __future__ import annotations

import functools

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array
from ..core.errors import ArgumentError, DTypeError
from .composite import Operation, composite
from .ufuncs import ufunc_operations

__all__ = [
    "allclose", "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "eq", "equal", "ge", "gt", "isclose",
    "isfinite", "isinf", "isnan", "le", "logical_and", "logical_not", "logical_or", "logical_xor", "lt", "ne",
]  # fmt: skip


_function = ufunc_operations(__name__)
_comparison = functools.partial(_function, cast="promote", in_place=True)

eq: Operation = _comparison("eq", np.equal, "Elementwise input == other.", None, None, operator="eq")
ne: Operation = _comparison(
    "ne", np.not_equal, "Elementwise input != other.", None, None, operator="ne", method=("ne", "not_equal")
)
lt: Operation = _comparison("lt", np.less, "Elementwise input < other.", None, None, operator="lt", method=("lt", "less"))
le: Operation = _comparison(
    "le", np.less_equal, "Elementwise input <= other.", None, None, operator="le", method=("le", "less_equal")
)
gt: Operation = _comparison(
    "gt", np.greater, "Elementwise input > other.", None, None, operator="gt", method=("gt", "greater")
)
ge: Operation = _comparison(
    "ge", np.greater_equal, "Elementwise input >= other.", None, None, operator="ge", method=("ge", "greater_equal")
)
logical_and: Operation = _comparison(
    "logical_and", np.logical_and, "Elementwise input and other.", None, None, numbers=False
)
logical_or: Operation = _comparison("logical_or", np.logical_or, "Elementwise input or other.", None, None, numbers=False)
logical_xor: Operation = _comparison(
    "logical_xor", np.logical_xor, "Elementwise exactly one of input, other.", None, None, numbers=False
)
bitwise_and: Operation = _comparison("bitwise_and", np.bitwise_and, "Elementwise input & other.", None, None, operator="and")
bitwise_or: Operation = _comparison("bitwise_or", np.bitwise_or, "Elementwise input | other.", None, None, operator="or")
bitwise_xor: Operation = _comparison("bitwise_xor", np.bitwise_xor, "Elementwise input ^ other.", None, None, operator="xor")
logical_not: Operation = _function("logical_not", np.logical_not, "Whether the element is zero.", None, in_place=True)
isnan: Operation = _function("isnan", np.isnan, "Whether the element is nan.", None)
isinf: Operation = _function("isinf", np.isinf, "Whether the element is an infinity.", None)
isfinite: Operation = _function("isfinite", np.isfinite, "Whether the element is neither nan nor an infinity.", None)


@primitive(None, method=True, operator="invert", in_place=True, ufunc=np.invert)
def bitwise_not(input: Array) -> Array:
    """Bits, or truth values, inverted."""
    if input.dtype.kind == "f":
        raise ArgumentError("~ (bitwise_not) is only implemented on integer and Boolean-type tensors; compare first")
    return np.invert(input)


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
