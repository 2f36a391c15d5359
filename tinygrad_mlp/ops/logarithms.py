"""Products and sums with logarithms, where 0 log 0 is 0, and sums of what is given as logarithms."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array, log
from .choosing import where
from .composite import Operation
from .functions import log1p, sigmoid
from .pointwise import in_float64
from .ufuncs import ufunc_operations

__all__ = ["logaddexp", "logaddexp2", "logit", "sinc", "xlogy"]

_of_two = functools.partial(ufunc_operations(__name__), cast="float")

logaddexp: Operation = _of_two(
    "logaddexp",
    np.logaddexp,
    "log(e^input + e^other), without overflow.",
    lambda g, input, other: g * sigmoid(input - other),
    lambda g, input, other: g * sigmoid(other - input),
)
logaddexp2: Operation = _of_two(
    "logaddexp2",
    np.logaddexp2,
    "log2(2^input + 2^other), without overflow.",
    lambda g, input, other: g * sigmoid((input - other) * math.log(2)),
    lambda g, input, other: g * sigmoid((other - input) * math.log(2)),
)


def _product(x: Array, y: Array, log_y: Array) -> Array:
    if isinstance(y, int | float):
        log_y = float(log_y)  # so that a number stays one, whose dtype is weak
    return np.where((x == 0) & ~np.isnan(y), 0, x * log_y)


def _logarithm(log_of: Callable[..., Any], least: float) -> Callable[..., Any]:
    """The rule of the first factor: log y, and 0 for 0 log y where that is not finite."""

    def rule(g: Any, input: Any, other: Any) -> Any:
        other = np.asarray(float(other)) if isinstance(other, int | float) else other
        nothing = (input == 0) & (other <= least)
        return g * where(nothing, 0.0, log_of(where(nothing, 1.0, other)))

    return rule


@primitive(
    _logarithm(log, 0),
    lambda g, input, other: g * (input / other),
    cast="float",
    method=True,
    in_place=True,
)
def xlogy(input: Array, other: Array) -> Array:
    """input * log(other), and 0 where the input is 0, unless the other is nan.

    >>> import tinygrad_mlp as torch
    >>> torch.xlogy(torch.tensor([0.0, 2.0]), torch.tensor([0.0, 3.0]))
    tensor([0.0000, 2.1972])
    """
    return _product(input, other, np.log(other))


@primitive(
    _logarithm(log1p, -1),
    lambda g, input, other: g * (input / (other + 1)),
    cast="float",
)
def xlog1py(input: Array, other: Array) -> Array:
    """input * log(1 + other), and 0 where the input is 0, unless the other is nan."""
    return _product(input, other, np.log1p(other))


@primitive(lambda g, input: g * (-log(input) - 1), cast="float")
def entr(input: Array) -> Array:
    """-x log(x): 0 at 0, minus infinity below."""
    return np.where(
        input < 0, np.where(input < 0, -np.inf, input), -_product(input, input, np.log(np.maximum(input, 0)))
    ).astype(input.dtype)


def _logit_slope(g: Any, input: Any, eps: float | None) -> Any:
    slope = g / (input * (1 - input))
    if eps is None:
        return where((input >= 0) & (input <= 1), slope, math.nan)
    return where((input >= eps) & (input <= 1 - eps), slope, 0.0)


@primitive(_logit_slope, cast="float", method=True, in_place=True, smooth=lambda input: (input > 0.05) & (input < 0.95))
def logit(input: Array, eps: float | None = None) -> Array:
    """log(x / (1 - x)), the inverse of :func:`sigmoid`; x is first clamped to [eps, 1 - eps], where that is given.

    >>> import tinygrad_mlp as torch
    >>> torch.logit(torch.tensor([0.5, 0.9]))
    tensor([0.0000, 2.1972])
    """
    x = input if eps is None else np.minimum(np.maximum(input, eps), 1 - eps)
    return np.log(x / (1 - x))


@in_float64
def _sinc_slopes(x: Array, order: Array) -> Array:
    """The derivative of sin(pi x) / (pi x) of this order: near 0 its power series, else Leibniz' formula for sin(t) t^-1."""
    n, t = int(order[0]) if order.size else 0, math.pi * x
    k = np.arange(24)
    square = np.where(np.abs(t) < 1 + n, t * t, 0)
    series = np.zeros_like(t)
    for j in k[(2 * k >= n)][::-1]:
        series = series * square + (-1.0) ** j / ((2 * j + 1) * float(math.factorial(2 * j - n)))
    series *= t ** (n % 2)
    terms = [
        math.comb(n, j) * (-1.0) ** j * math.factorial(j) * np.sin(t + (n - j) * math.pi / 2) / t ** (j + 1)
        for j in range(n + 1)
    ]
    return math.pi**n * np.where(np.abs(t) < 1 + n, series, sum(terms))


@primitive(lambda g, input, order: g * _sinc_slope(input, order=order + 1), cast="float")
def _sinc_slope(input: Array, *, order: int) -> Array:
    return _sinc_slopes(input, order)


@primitive(lambda g, input: g * _sinc_slope(input, order=1), cast="float", method=True, in_place=True)
def sinc(input: Array) -> Array:
    """sin(pi x) / (pi x), and 1 at 0."""
    return _sinc_slopes(input, 0)
