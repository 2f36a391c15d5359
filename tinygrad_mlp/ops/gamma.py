"""The gamma function's logarithm and its derivatives, the zeta function, and the incomplete gamma function.

Formula numbers are those of M. Abramowitz and I. A. Stegun, "Handbook of Mathematical Functions" (1964).

- ``zeta``: the first terms, and the Euler-Maclaurin formula (23.1.30, 3.6.28) for the rest.
- ``lgamma``: Stirling's series (6.1.40) from 10 on; a power series (6.1.33) between 1.5 and 2.5, where its coefficients are values of
  zeta, and with it relative accuracy at the zeros 1 and 2; between, by the recurrence; for negative arguments by reflection.
- ``digamma``: likewise; between 1 and 2 the Taylor series at its zero.
- ``igamma``: for x < 1 the power series (6.5.29). Else an integral from x to the side on which there is less: with t = x e^s it is
  x^a e^-x times the integral of exp(a s - x (e^s - 1)), which is smooth and never negative, and which Gauss and Legendre's quadrature
  gives to all digits for any a. The prefactor is N. M. Temme's exp(-a (m - log(1 + m))), m = x/a - 1, "The asymptotic expansion of
  the incomplete gamma functions", SIAM J. Math. Anal. 10 (1979).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array, exp, log
from ..core.errors import ArgumentError, ShapeError
from .composite import composite
from .creation import arange
from .pointwise import by_case, in_float64, polynomial

__all__ = ["digamma", "igamma", "igammac", "lgamma", "mvlgamma", "polygamma"]

_EULER = 0.5772156649015329
_ZERO = 1.4616321449683622, 9.549995429965697e-17  # of digamma, and what is left of it after rounding
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)
_STIRLING = [b / (2 * k * (2 * k - 1)) for k, b in enumerate(_BERNOULLI, 1)]
_LOG_ROOT = 0.9189385332046728  # log(2 pi) / 2

# ------------------------------------------------------------------------------------------- zeta, and functions of one


def _zeta(s: Array, q: Array) -> Array:
    """The sum of (q + n)^-s over n >= 0, for q > 0 and s > 1."""
    shift = 10
    result: Array = sum(((q + n) ** -s for n in range(shift)), np.zeros_like(q))
    end = q + shift
    term = end**-s
    result += term * (end / (s - 1) + 0.5)
    factor = term * s / end
    for k, bernoulli in enumerate(_BERNOULLI, 1):
        result += factor * (bernoulli / math.factorial(2 * k))
        factor = factor * ((s + 2 * k - 1) * (s + 2 * k)) / (end * end)
    return result


def _sine(x: Array) -> Array:
    """sin(pi x) without the sign that x's integer part gives it."""
    return np.sin(math.pi * (x - np.round(x)))


@functools.cache
def _series(count: int = 42) -> Array:
    """zeta(k) - 1 for k from 2 on."""
    return _zeta(np.arange(2.0, count), np.full(count - 2, 2.0))


@functools.cache
def _at_zero(count: int = 44) -> Array:
    """The Taylor coefficients of digamma at its zero, from the first power on."""
    k = np.arange(2.0, count)
    return _zeta(k, np.full(k.shape, _ZERO[0])) * (-1) ** k


def stirling_rest(x: Array) -> Array:
    """What Stirling's formula leaves of log gamma(x), for x >= 10."""
    return polynomial(_STIRLING, x**-2) / x


def _lgamma_near_2(w: Array) -> Array:
    """log gamma(2 + w)."""
    coefficients = _series() * (-1.0) ** np.arange(2, len(_series()) + 2) / np.arange(2, len(_series()) + 2)
    return w * (1 - _EULER + w * polynomial(coefficients, w))


def _lgamma_lowered(x: Array) -> Array:
    """log gamma between 2.5 and 10: the factors down to [1.5, 2.5]."""
    product, rest = np.ones_like(x), x.copy()
    while (large := rest > 2.5).any():
        rest -= large
        product *= np.where(large, rest, 1)
    return np.log(product) + _lgamma_near_2(rest - 2)


@in_float64
def lgamma_of(x: Array) -> Array:
    """log(abs(gamma(x))); infinite at the poles 0, -1, -2 ..."""
    return _lgamma(x)


def _lgamma(x: Array) -> Array:
    return by_case(
        [
            (np.isinf(x) | ((x <= 0) & (x == np.floor(x))), lambda v: np.full_like(v, np.inf)),
            (x < 0, lambda v: math.log(math.pi) - np.log(np.abs(_sine(v))) - _lgamma(1 - v)),
            (x < 0.5, lambda v: _lgamma_near_2(v) - np.log1p(v) - np.log(v)),
            (x < 1.5, lambda v: _lgamma_near_2(v - 1) - np.log(v)),
            (x <= 2.5, lambda v: _lgamma_near_2(v - 2)),
            (x < 10, _lgamma_lowered),
            (x >= 10, lambda v: (v - 0.5) * (np.log(v) - 1) + (_LOG_ROOT - 0.5 + stirling_rest(v))),
        ],
        x,
    )


def _digamma_raised(x: Array) -> Array:
    """Digamma from 2 on: by its asymptotic series (6.3.18), after as many steps as take x to 10."""
    rest, steps = x.copy(), np.zeros_like(x)
    while (small := rest < 10).any():
        steps += np.where(small, 1 / rest, 0)
        rest += small
    series = polynomial([b / (2 * k) for k, b in enumerate(_BERNOULLI, 1)], rest**-2) / (rest * rest)
    return np.log(rest) - 0.5 / rest - series - steps


def _digamma_near_zero(x: Array) -> Array:
    w = (x - _ZERO[0]) - _ZERO[1]
    return w * polynomial(_at_zero(), w)


def _digamma(x: Array) -> Array:
    return by_case(
        [
            (x == 0, lambda v: -np.copysign(np.inf, v)),
            (np.isneginf(x) | ((x < 0) & (x == np.floor(x))), lambda v: np.full_like(v, np.nan)),
            (x == np.inf, np.copy),
            (x < 0, lambda v: _digamma(1 - v) - math.pi / np.tan(math.pi * (v - np.round(v)))),
            (x < 1, lambda v: _digamma_near_zero(v + 1) - 1 / v),
            (x <= 2, _digamma_near_zero),
            (x > 2, _digamma_raised),
        ],
        x,
    )


digamma_of: Callable[..., Array] = in_float64(_digamma)


def _zeta_anywhere(s: Array, q: Array) -> Array:
    def reflected(s: Array, q: Array) -> Array:  # zeta(n + 1, q) = (-1)^(n + 1) polygamma(n, q) / n! (6.4.10)
        order = s.astype(int)
        cases = [(order == n, lambda s, q, n=n: (-1) ** n * _polygamma(n - 1, q) / math.gamma(n)) for n in {*order.tolist()}]
        return by_case(cases, s, q)

    return by_case(
        [
            (s == 1, lambda s, q: np.full_like(s, np.inf)),
            (s < 1, lambda s, q: np.full_like(s, np.nan)),
            ((q <= 0) & (q == np.floor(q)), lambda s, q: np.full_like(s, np.inf)),
            ((q < 0) & (s == np.floor(s)) & (s < 100), reflected),
            (q > 0, _zeta),
        ],
        s,
        q,
    )


zeta_of: Callable[..., Array] = in_float64(_zeta_anywhere)


def _powers_of_cotangent(n: int) -> list[int]:
    """The polynomial in c = cot(x) that is the n-th derivative of cot(x), lowest power first: c' = -(1 + c^2)."""
    row = [0, 1]
    for _ in range(n):
        slope = [k * a for k, a in enumerate(row)][1:]
        row = [-(a + b) for a, b in zip([*slope, 0, 0], [0, 0, *slope])]
    return row


def _polygamma(n: int, x: Array) -> Array:
    """The n-th derivative of digamma, n > 0: by zeta (6.4.10), and by reflection (6.4.7) where x < 0."""
    factor = (-1.0) ** (n + 1) * math.gamma(n + 1)

    def reflected(v: Array) -> Array:
        angle = math.pi * (v - np.round(v))
        cotangent = polynomial(_powers_of_cotangent(n), np.cos(angle) / np.sin(angle))
        return (-1) ** n * _polygamma(n, 1 - v) - math.pi ** (n + 1) * cotangent

    return by_case(
        [
            ((x <= 0) & (x == np.floor(x)), lambda v: np.full_like(v, math.copysign(math.inf, factor))),
            (x < 0, reflected),
            (x == np.inf, np.zeros_like),
            (x > 0, lambda v: factor * _zeta(np.full_like(v, n + 1.0), v)),
        ],
        x,
    )


polygamma_of: Callable[..., Array] = in_float64(lambda x, n: _polygamma(int(n[0]) if n.size else 1, x))


# --------------------------------------------------------------------------------------- the incomplete gamma function


@functools.cache
def nodes(count: int = 80) -> tuple[Array, Array]:
    """The nodes and weights of Gauss and Legendre's quadrature on [0, 1], as columns."""
    x, weights = np.polynomial.legendre.leggauss(count)
    return (x[:, None] + 1) / 2, weights[:, None] / 2


def reach(start: Array, fall: Callable[[Array], Array], slope: Callable[[Array], Array], depth: float = 40.0) -> Array:
    """Where a convex function that rises from 0 comes to ``depth``: Newton's method, from beyond."""
    s = start
    for _ in range(8):
        s = s - (fall(s) - depth) / slope(s)
    return s


def gamma_sides(a: Array, x: Array) -> tuple[Array, Array, Array, Array]:
    """For x >= 1, a > 0: where x < a, and a >= 1, the integral to the left of x, else that to the right.

    Returns:
        Which side, as a truth value; the points s, the values exp(...) there times the weights of the quadrature: columns.
    """
    left = x < a
    sign = np.where(left, -1.0, 1.0)
    by_curve = np.sqrt(120 / x)
    start = np.where(left, np.where(by_curve <= 1, np.minimum(by_curve, (40 + x) / a), (40 + x) / a), by_curve)

    def fall(s: Array) -> Array:
        return x * np.expm1(sign * s) - a * (sign * s)

    end = reach(start, fall, lambda s: sign * (x * np.exp(sign * s) - a))
    points, weights = nodes()
    s = points * end
    return left, sign, s, np.exp(-fall(s)) * (weights * end)


def _less_log1p(m: Array) -> Array:
    """m - log(1 + m), also for small m: with r = m / (2 + m), log(1 + m) is 2 artanh(r)."""
    r = m / (m + 2)
    series = polynomial([2 / (2 * k + 1) for k in range(1, 26)], r * r)
    return np.where(np.abs(m) < 0.6, r * (m - r * r * series), m - np.log1p(m))


def _weight(a: Array, x: Array) -> Array:
    """x^a e^-x / gamma(a)."""
    return by_case(
        [
            (a < 10, lambda a, x: np.exp(a * np.log(x) - x - _lgamma(a))),
            (
                a >= 10,
                lambda a, x: np.sqrt(a / (2 * math.pi)) * np.exp(-a * _less_log1p((x - a) / a) - stirling_rest(a)),
            ),
        ],
        a,
        x,
    )


def gamma_terms(a: Array, x: Array) -> Array:
    """x^k / ((a + 1) ... (a + k)) for k = 0 .. 19, for x < 1: rows."""
    return np.cumprod(np.concatenate([np.ones((1, a.size)), x / (a + np.arange(1.0, 20.0)[:, None])]), 0)


def _lower_series(a: Array, x: Array) -> Array:
    return np.exp(a * np.log(x) - x - _lgamma(a + 1)) * gamma_terms(a, x).sum(0)


def _upper_series(a: Array, x: Array) -> Array:
    """1 minus the power series in -x, without cancellation where a is tiny."""
    k = np.arange(1.0, 22.0)[:, None]
    rest = a * (np.cumprod(-x / k, 0) / (a + k)).sum(0)
    log_gamma = np.where(a < 0.5, _lgamma_near_2(a) - np.log1p(a), _lgamma(a + 1))  # of a + 1, without rounding that
    log_front = a * np.log(x) - log_gamma
    return -np.expm1(log_front) - np.exp(log_front) * rest


def _by_quadrature(a: Array, x: Array, upper: bool) -> Array:
    left, _, _, values = gamma_sides(a, x)
    part = _weight(a, x) * values.sum(0)
    return np.where(left == upper, 1 - part, part)


def _incomplete(a: Array, x: Array, upper: bool) -> Array:
    zero, one = np.zeros_like, np.ones_like
    low, high = (one, zero) if upper else (zero, one)
    series = _upper_series if upper else _lower_series
    return by_case(
        [
            (~((a >= 0) & (x >= 0)) | ((a == 0) & (x == 0)) | (np.isinf(a) & np.isinf(x)), lambda a, x: a * np.nan),
            ((x == 0) | np.isinf(a), lambda a, x: low(a)),
            ((a == 0) | np.isinf(x), lambda a, x: high(a)),
            (x < 1, series),
            (x >= 1, lambda a, x: _by_quadrature(a, x, upper)),
        ],
        a,
        x,
    )


igamma_of: Callable[..., Array] = in_float64(lambda a, x: _incomplete(a, x, upper=False))
igammac_of: Callable[..., Array] = in_float64(lambda a, x: _incomplete(a, x, upper=True))

# ------------------------------------------------------------------------------------------------------------ operations


@primitive(lambda g, input: g * digamma(input), cast="float", method=True, in_place=True, smooth=lambda input: input > 0.2)
def lgamma(input: Array) -> Array:
    """The logarithm of the absolute value of the gamma function, whose value at n is (n - 1)!.

    >>> import tinygrad_mlp as torch
    >>> torch.lgamma(torch.tensor([1.0, 4.0, 0.5]))
    tensor([0.0000, 1.7918, 0.5724])
    """
    return lgamma_of(input)


@primitive(
    lambda g, input: g * _polygamma_1(input), cast="float", method=True, in_place=True, smooth=lambda input: input > 0.2
)
def digamma(input: Array) -> Array:
    """The derivative of :func:`lgamma`; -0.5772 (Euler's constant) at 1."""
    return digamma_of(input)


@primitive(lambda g, input, n: g * _nth_polygamma(input, n=n + 1), cast="float")
def _nth_polygamma(input: Array, *, n: int) -> Array:
    return polygamma_of(input, n)


def _polygamma_1(input: Any) -> Any:
    return _nth_polygamma(input, n=1)


@composite(method="polygamma", in_place=True)
def _polygamma_of(input: Array, n: int) -> Array:
    """The n-th derivative of :func:`digamma`."""
    if n < 0:
        raise RuntimeError(f"polygamma(n, x) does not support negative n, got {n}")
    return digamma(input) if n == 0 else _nth_polygamma(input, n=n)


@composite
def polygamma(n: int, input: Array) -> Array:
    """The n-th derivative of :func:`digamma`.

    Raises:
        RuntimeError: n is negative.
    """
    return _polygamma_of(input, n)


@composite(method=True, in_place=True)
def mvlgamma(input: Array, p: int) -> Array:
    """The logarithm of the multivariate gamma function, p (p - 1) / 4 log(pi) + sum over j < p of lgamma(input - j / 2).

    Raises:
        ShapeError: p is less than 1.
    """
    if p < 1:
        raise ShapeError(f"p has to be greater than or equal to 1, got {p}")
    terms = lgamma(input.unsqueeze(-1) - arange(p, dtype=input.dtype if input.is_floating_point() else None) / 2)
    return terms.sum(-1) + p * (p - 1) / 4 * math.log(math.pi)


def _need_tensors(name: str, *values: Any) -> None:
    for parameter, value in zip(("input", "other"), values, strict=True):
        if not hasattr(value, "dtype"):
            raise ArgumentError(f"{name}(): argument {parameter!r} must be a Tensor, not {type(value).__name__}")


def _no_slope_of_a(name: str) -> Callable[..., Any]:
    def rule(g: Any) -> Any:
        raise NotImplementedError(f"the derivative for 'self' of '{name}' is not implemented: detach() its first argument")

    return rule


def _density(g: Any, input: Any, other: Any) -> Any:
    return g * exp((input - 1) * log(other) - other - lgamma(input))


@primitive(_no_slope_of_a("igamma"), _density, cast="promote", method=True, in_place=True)
def igamma(input: Array, other: Array) -> Array:
    """The regularised lower incomplete gamma function, 1/gamma(a) times the integral of t^(a-1) e^-t from 0 to x.

    It is the probability that a variable of the gamma distribution of shape ``input`` is at most ``other``. Only the latter
    has a gradient.

    >>> import tinygrad_mlp as torch
    >>> torch.igamma(torch.tensor([1.0, 4.0]), torch.tensor([0.5, 4.0]))
    tensor([0.3935, 0.5665])
    """
    _need_tensors("igamma", input, other)
    return igamma_of(input, other)


@primitive(
    _no_slope_of_a("igammac"), lambda g, input, other: -_density(g, input, other), cast="promote", method=True, in_place=True
)
def igammac(input: Array, other: Array) -> Array:
    """1 - :func:`igamma`, to full accuracy where it is small."""
    _need_tensors("igammac", input, other)
    return igammac_of(input, other)


@primitive(_no_slope_of_a("zeta"), lambda g, input, other: g * (-input * zeta(input + 1, other)), cast="float")
def zeta(input: Array, other: Array) -> Array:
    """The Hurwitz zeta function: the sum of (other + n) ** -input over n >= 0."""
    return zeta_of(input, other)
