"""The modified Bessel functions of the first kind of order 0 and 1.

Up to 25 the power series (Abramowitz and Stegun, "Handbook of Mathematical Functions", 9.6.10), whose terms are all positive; beyond,
the asymptotic series (9.7.1), whose terms are below 1e-20 there before they grow.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array
from .choosing import where
from .functions import abs, sign
from .pointwise import by_case, in_float64, polynomial

__all__ = ["i0"]


@functools.cache
def _coefficients(order: int) -> tuple[list[float], list[float]]:
    """Of the power series, in (x/2)^2, and of the asymptotic series, in 1/x."""
    power = [1 / (math.factorial(k) * math.factorial(k + order)) for k in range(56)]
    asymptotic = [1.0]
    for k in range(1, 24):
        asymptotic.append(-asymptotic[-1] * (4 * order * order - (2 * k - 1) ** 2) / (8 * k))
    return power, asymptotic


def _scaled(order: int) -> Any:
    """e^-abs(x) I_order(x)."""

    def of(x: Array) -> Array:
        power, asymptotic = _coefficients(order)
        size = np.abs(x)
        sign = np.sign(x) if order else 1.0
        return sign * by_case(
            [
                (size <= 25, lambda s: np.exp(-s) * (s / 2) ** order * polynomial(power, s * s / 4)),
                (size == np.inf, np.zeros_like),
                (size > 25, lambda s: polynomial(asymptotic, 1 / s) / np.sqrt(2 * math.pi * s)),
            ],
            size,
        )

    return of


def _whole(order: int) -> Any:
    scaled = _scaled(order)

    def of(x: Array) -> Array:
        half = np.exp(np.abs(x) / 2)  # twice, as e^x overflows before the result
        return np.where(np.isinf(x), np.copysign(np.inf, x) if order else np.inf, scaled(x) * half * half)

    return of


_i0, _i1, _i0e, _i1e = (in_float64(of) for of in (_whole(0), _whole(1), _scaled(0), _scaled(1)))


def _i1_slope(g: Any, input: Any, y: Any, value: Any) -> Any:
    """I_1' = I_0 - I_1 / x, and 1/2 at 0."""
    at_zero = input == 0
    return g * where(at_zero, 0.5, value - y / where(at_zero, 1.0, input))


@primitive(lambda g, input: g * i1(input), cast="float", method=True, in_place=True)
def i0(input: Array) -> Array:
    """The modified Bessel function of the first kind of order 0.

    >>> import tinygrad_mlp as torch
    >>> torch.special.i0(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 1.2661])
    """
    return _i0(input)


@primitive(lambda g, input, y: g * (i1e(input) - sign(input) * y), cast="float")
def i0e(input: Array) -> Array:
    """e^-abs(x) times :func:`i0`, which does not overflow."""
    return _i0e(input)


@primitive(lambda g, input, y: _i1_slope(g, input, y, i0(input)), cast="float")
def i1(input: Array) -> Array:
    """The modified Bessel function of the first kind of order 1."""
    return _i1(input)


@primitive(lambda g, input, y: _i1_slope(g, input, y, i0e(input) - abs(y)), cast="float")
def i1e(input: Array) -> Array:
    """e^-abs(x) times :func:`i1`, which does not overflow."""
    return _i1e(input)
