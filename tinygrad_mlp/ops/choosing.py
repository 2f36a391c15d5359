"""Choosing between values, and bounding them, element by element.

Where two values tie, the derivative is PyTorch's choice: half each in ``maximum`` and ``minimum``, 1 on the bounds of ``clamp``.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array
from ..core.errors import ArgumentError, DTypeError
from ..core.promotion import promote, result_dtype
from .calls import masked
from .comparing import isfinite, isnan
from .composite import Operation
from .memory import no_slope
from .ufuncs import ufunc_operations

__all__ = ["clamp", "fmax", "fmin", "masked_fill", "maximum", "minimum", "nan_to_num"]


@primitive(None, lambda g, condition: where(condition, g, 0.0), lambda g, condition: where(condition, 0.0, g))
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


def _if_greater(g: Any, input: Any, other: Any) -> Any:
    return where(input == other, g * 0.5, where(input < other, 0.0, g))


def _if_less(g: Any, input: Any, other: Any) -> Any:
    return where(input == other, g * 0.5, where(input > other, 0.0, g))


def _if_first(first: Callable[[Any, Any], Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The rules of an operation that takes the input where ``first`` says so, or the other is nan, and else the other."""
    return (
        lambda g, input, other: where(first(input, other) | isnan(other), g, 0.0),
        lambda g, input, other: where(first(input, other) | isnan(other), 0.0, g),
    )


_choice = functools.partial(
    ufunc_operations(__name__), cast="promote", numbers=False, smooth=lambda input, other: abs(input - other) > 0.02
)

maximum: Operation = _choice("maximum", np.maximum, "The larger of two, nan if either is.", _if_greater, _if_less)
minimum: Operation = _choice("minimum", np.minimum, "The smaller of two, nan if either is.", _if_less, _if_greater)
fmax: Operation = _choice("fmax", np.fmax, "The larger of two, the number where one is nan.", *_if_first(operator.ge))
fmin: Operation = _choice("fmin", np.fmin, "The smaller of two, the number where one is nan.", *_if_first(operator.le))


def _inside(input: Any, min: Any, max: Any) -> Any:
    if min is None:
        return input <= max
    return input >= min if max is None else (input >= min) & (input <= max)


@primitive(
    lambda g, input, min, max: where(_inside(input, min, max), g, 0.0),
    lambda g, input, min, max: where((input < min) if max is None else (input < min) & (min < max), g, 0.0),
    lambda g, input, min, max: where((input > max) if min is None else (input > max) | (max < min), g, 0.0),
    cast="promote",
    method=("clamp", "clip"),
    in_place=True,
)
def clamp(input: Array, min: Array = None, max: Array = None, *, out: Array = None) -> Array:
    """min(max(input, min), max); either bound may be None, a number or a tensor.

    Raises:
        RuntimeError: both bounds are None.
    """
    if min is None and max is None:
        raise RuntimeError("clamp: at least one of 'min' or 'max' must not be None")
    if min is not None:
        input = np.maximum(min, input, out=out)  # NumPy takes the second of -0.0 and 0.0: so a -0.0 of the input stays
    return input if max is None else np.minimum(max, input, out=out)


@primitive(lambda g, mask: where(mask, 0.0, g), None, lambda g, mask: where(mask, g, 0.0), method=True, in_place=True)
def masked_fill(input: Array, mask: Array, value: Array) -> Array:
    """``value`` (a number, or a tensor without dimensions) where the mask is true, else ``input``."""
    if not isinstance(mask, np.ndarray) or mask.dtype != bool:
        raise DTypeError("masked_fill only supports boolean masks; compare, or cast with .bool()")
    if np.ndim(value) > 0:
        raise ArgumentError(f"masked_fill only supports a 0-dimensional value tensor, but got {np.ndim(value)} dimensions")
    value = value if isinstance(value, np.ndarray) else np.asarray(value)
    return np.where(mask, value.astype(input.dtype), input)


@primitive(lambda g, input: where(isfinite(input), g, 0.0), method=True, in_place=True, smooth=lambda: True)
def nan_to_num(input: Array, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Array:
    """``input`` with nan and the infinities replaced, the latter by the largest finite numbers by default."""
    for name, value in (("nan", nan), ("posinf", posinf), ("neginf", neginf)):
        if not isinstance(value, int | float | None):
            raise ArgumentError(f"nan_to_num(): argument {name!r} must be a number, not {type(value).__name__}")
    if input.dtype.kind != "f":
        return np.copy(input)
    limits, result = np.finfo(input.dtype), np.copy(input)
    np.copyto(result, nan, where=np.isnan(input))
    np.copyto(result, limits.max if posinf is None else posinf, where=input == math.inf)
    np.copyto(result, limits.min if neginf is None else neginf, where=input == -math.inf)
    return result


@primitive(lambda g, source: passed(g, source), no_slope)
def passed(input: Array, source: Array) -> Array:
    """``input`` where ``source`` is not 0, else 0: what ReLU, whose result is ``source``, does to a gradient."""
    return masked(input, np.not_equal(source, 0))


@primitive(lambda g, source, low, high: between(g, source, low, high), no_slope)
def between(input: Array, source: Array, low: float, high: float | None = None) -> Array:
    """``input`` where low < source < high, else 0: what the kinks of piecewise linear functions do to a gradient."""
    outside = np.less_equal(source, low)
    if high is not None:
        outside |= source >= high
    return masked(input, np.logical_not(outside))
