"""Draws from other distributions than the uniform and the normal one, and the gradients of those that have them.

A variable of the gamma distribution is not drawn as a function of its shape that could be differentiated. But its distribution function
F(z; a) stays where it is while a and z move together, so dz/da = -(dF/da) / p(z): M. Figurnov, S. Mohamed and A. Mnih, "Implicit
reparameterization gradients" (2018). Here dF/da is an integral of p times the derivative of log p, from z to the side on which p has
less weight, so that hardly anything cancels; it is computed by Gauss and Legendre's quadrature as in ``gamma.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array
from ..core.errors import ShapeError
from ..core.graph import wrap
from .composite import composite
from .gamma import digamma_of, gamma_sides, gamma_terms, nodes, reach
from .inplace import write_copy
from .pointwise import by_case, in_float64
from .random import Generator, floating, random_draw, stream

__all__ = ["binomial", "poisson"]

# ------------------------------------------------------------------------------------------------------------- gradients


def _gamma_series(a: Array, z: Array) -> Array:
    k = np.arange(20.0)[:, None]
    terms: Array = gamma_terms(a, z) * (digamma_of(a + k + 1) - np.log(z))
    return z / a * terms.sum(0)


def _gamma_quadrature(a: Array, z: Array) -> Array:
    _, sign, s, values = gamma_sides(a, z)
    return z * (sign * (np.log(z) - digamma_of(a) + sign * s) * values).sum(0)


@in_float64
def gamma_slope(a: Array, z: Array) -> Array:
    """dz/da of a draw z from the gamma distribution of shape a and rate 1."""
    return by_case([(z < 1, _gamma_series), (z >= 1, _gamma_quadrature)], a, z)


def _log_sigmoid(x: Array) -> Array:
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


def _beta_quadrature(a: Array, b: Array, x: Array) -> Array:
    """dx/da / (1 - x), for a, b >= 1: the integral over logits, from that of x."""
    place = np.log(x) - np.log1p(-x)
    sign = np.where(x * (a + b) < a, -1.0, 1.0)  # to the left, or to the right
    log_x, log_rest = np.log(x), np.log1p(-x)

    def fall(s: Array) -> Array:
        there = place + sign * s
        return a * (log_x - _log_sigmoid(there)) + b * (log_rest - _log_sigmoid(-there))

    def slope(s: Array) -> Array:
        return sign * ((a + b) * np.exp(_log_sigmoid(place + sign * s)) - a)

    beyond = (45 + a * np.logaddexp(0, -place) + b * np.logaddexp(0, place)) / np.where(sign < 0, a, b)
    end = beyond
    for _ in range(60):  # halved while that is beyond still, so that Newton's method starts near
        half = end / 2
        end = np.where(fall(half) > 40, half, end)
    end = reach(end, fall, slope)
    points, weights = nodes()
    s = points * end
    mean = digamma_of(a) - digamma_of(a + b)
    slopes = sign * (_log_sigmoid(place + sign * s) - mean)
    result: Array = x * (slopes * np.exp(-fall(s)) * (weights * end)).sum(0)
    return result


def _beta_slope(a: Array, b: Array, x: Array) -> Array:
    """The same for all a and b: those below 1 are raised by I_x(a, b) = I_x(a + 1, b) + x^a (1 - x)^b / (a B(a, b)), and its mirror."""
    result, factor = np.zeros_like(x), np.ones_like(x)
    small = a < 1
    result += np.where(small, x / a * (digamma_of(a + 1) - digamma_of(a + b) - np.log(x)), 0)
    factor = np.where(small, x * (a + b) / a, factor)
    a = a + small
    small = b < 1
    result += factor * np.where(small, x / b * (np.log(x) - digamma_of(a) + digamma_of(a + b)), 0)
    factor = np.where(small, factor * (1 - x) * (a + b) / b, factor)
    return result + factor * _beta_quadrature(a, b + small, x)


@in_float64
def dirichlet_slope(x: Array, a: Array, total: Array) -> Array:
    """dx/da / (1 - x) of a draw x from the beta distribution of a and total - a."""
    x = np.clip(x, np.finfo(float).tiny, 1 - np.finfo(float).epsneg)
    return _beta_slope(a, np.maximum(total - a, np.finfo(float).tiny), x)


def _once(name: str) -> Any:
    def rule(g: Any) -> Any:
        raise NotImplementedError(f"the derivative of {name}'s gradient is not implemented: draws are differentiated once")

    return rule


@primitive(_once("gamma"), _once("gamma"))
def _gamma_gradient(input: Array, sample: Array) -> Array:
    return gamma_slope(input, sample)


@primitive(_once("dirichlet"), _once("dirichlet"), _once("dirichlet"))
def _dirichlet_gradient(sample: Array, input: Array, total: Array) -> Array:
    return dirichlet_slope(sample, input, total)


# ----------------------------------------------------------------------------------------------------------------- draws


@primitive(lambda g, input, sample: g * _gamma_gradient(input, sample), None)
def _gamma_draw(input: Array, sample: Array) -> Array:
    return np.copy(sample)


@composite
@random_draw
def standard_gamma(input: Array, generator: Generator | None = None) -> Array:
    """A draw from the gamma distribution of rate 1 for every shape in ``input``, which gets a gradient."""
    target = floating("standard_gamma", input._like.dtype)
    draws = stream("standard_gamma", generator).standard_gamma(input._data.astype(np.float64))
    return _gamma_draw(input, wrap(np.asarray(draws, target)))


def _dirichlet_rule(g: Any, input: Any, sample: Any) -> Any:
    slope = _dirichlet_gradient(sample, input, input.sum(-1, keepdims=True))
    return slope * (g - (sample * g).sum(-1, keepdims=True))


@primitive(_dirichlet_rule, None)
def _dirichlet_draw(input: Array, sample: Array) -> Array:
    return np.copy(sample)


@composite
@random_draw
def standard_dirichlet(input: Array, generator: Generator | None = None) -> Array:
    """A draw from the Dirichlet distribution for every vector of concentrations, which gets a gradient.

    It is made of gamma variables, in logarithms: those of small shapes are often below the smallest number.
    """
    target = floating("standard_dirichlet", input._like.dtype)
    shape, rng = input._data.astype(np.float64), stream("standard_dirichlet", generator)
    logs = np.log(rng.standard_gamma(shape + 1)) + np.log1p(-rng.random(shape.shape)) / shape
    draws = np.exp(logs - logs.max(-1, keepdims=True))
    draws = (draws / draws.sum(-1, keepdims=True)).astype(target)
    limits = np.finfo(target)
    return _dirichlet_draw(input, wrap(np.clip(draws, limits.tiny, 1 - limits.epsneg)))


@composite
@random_draw
def poisson(input: Array, generator: Generator | None = None) -> Array:
    """A draw from the Poisson distribution for every rate in ``input``, in its dtype.

    Raises:
        ShapeError: A rate is negative.
    """
    floating("poisson", input._like.dtype)
    if not np.all(input._data >= 0):
        raise ShapeError("invalid Poisson rate, expected rate to be non-negative")
    return wrap(np.asarray(stream("poisson", generator).poisson(input._data.astype(np.float64)), input._like.dtype))


@composite
@random_draw
def binomial(count: Array, prob: Array, generator: Generator | None = None) -> Array:
    """How often what has the probability ``prob`` happens in ``count`` attempts, a draw for every element; in the dtype of ``count``.

    Raises:
        ShapeError: A probability outside [0, 1], or a negative count.
    """
    floating("binomial", count._like.dtype)
    n, p = count._data, prob._data.astype(np.float64)
    if not np.all((n >= 0) & (p >= 0) & (p <= 1)):
        raise ShapeError("binomial expects count >= 0 and prob in [0, 1]")
    return wrap(np.asarray(stream("binomial", generator).binomial(n.astype(np.int64), p), count._like.dtype))


def _fill(name: str, input: Array, generator: Generator | None, draw: Any) -> Array:
    """Fill ``input`` with what ``draw`` makes of uniform numbers above 0 and below 1."""
    target = floating(name, input._like.dtype)
    uniform = stream(name, generator).random(input._like.shape)
    uniform = np.maximum(uniform, 2.0**-53)
    return write_copy(input, wrap(np.asarray(draw(uniform), target)))


def _above_0(name: str, argument: str, value: float) -> None:
    if not value > 0:
        raise ShapeError(f"{name} expects {argument} > 0.0, but found {argument}={value}")


@composite(method=True)
@random_draw
def exponential_(input: Array, lambd: float = 1.0, *, generator: Generator | None = None) -> Array:
    """Fill with draws from the exponential distribution lambd e^(-lambd x), which are never 0."""
    _above_0("exponential_", "lambda", lambd)
    tiny = np.finfo(floating("exponential_", input._like.dtype)).tiny
    return _fill("exponential_", input, generator, lambda u: np.maximum(-np.log1p(-u) / lambd, tiny))


@composite(method=True)
@random_draw
def cauchy_(input: Array, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None) -> Array:
    """Fill with draws from the Cauchy distribution."""
    _above_0("cauchy_", "sigma", sigma)
    return _fill("cauchy_", input, generator, lambda u: median + sigma * np.tan(np.pi * (u - 0.5)))


@composite(method=True)
@random_draw
def log_normal_(input: Array, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None) -> Array:
    """Fill with e to the power of draws from N(mean, std^2)."""
    _above_0("log_normal_", "std", std)
    target = floating("log_normal_", input._like.dtype)
    draws = np.exp(mean + std * stream("log_normal_", generator).standard_normal(input._like.shape))
    return write_copy(input, wrap(np.asarray(draws, target)))


@composite(method=True)
@random_draw
def geometric_(input: Array, p: float, *, generator: Generator | None = None) -> Array:
    """Fill with how many attempts it takes until what has the probability p happens: 1, 2 ..."""
    if not 0 < p < 1:
        raise ShapeError(f"geometric_ expects p to be in (0, 1), but got p={p}")
    draws = stream("geometric_", generator).geometric(p, input._like.shape)
    return write_copy(input, wrap(np.asarray(draws, input._like.dtype)))
