"""The normal distribution's functions: its probabilities, their logarithms and inverses, and the error function's.

The inverse: rational approximations on three intervals, from M. J. Wichura, "Algorithm AS 241: The percentage points of the normal
distribution", Applied Statistics 37 (1988), pp. 477-484, accurate to about 16 digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array, exp
from .calls import one_call
from .choosing import where
from .composite import composite
from .functions import erf, erfc, log1p
from .pointwise import by_case, in_float64, polynomial
from .special import erfcx_of

__all__ = ["erfinv"]

# Numerators and denominators, lowest power first.
_CENTRE = (
    (
        *(3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4),
        *(4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
    ),
    (
        *(1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3),
        *(2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3),
    ),
)
_MIDDLE = (
    (
        *(1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0),
        *(1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4),
    ),
    (
        *(1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1),
        *(1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
    ),
)
_TAIL = (
    (
        *(6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1),
        *(2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7),
    ),
    (
        *(1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2),
        *(7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15),
    ),
)


def _ratio(coefficients: Any, x: Array) -> Array:
    value: Array = polynomial(coefficients[0], x) / polynomial(coefficients[1], x)
    return value


def _quantile(q: Array, tail: Array) -> Array:
    """Where the normal distribution function is 1/2 + q; ``tail`` is 1/2 - abs(q), given apart as it may be tiny."""
    root = np.sqrt(-np.log(tail))
    return by_case(
        [
            (np.abs(q) <= 0.425, lambda q, r: q * _ratio(_CENTRE, 0.180625 - q * q)),
            (root == np.inf, lambda q, r: np.copysign(np.inf, q)),
            (root <= 5, lambda q, r: np.copysign(_ratio(_MIDDLE, r - 1.6), q)),
            (root > 5, lambda q, r: np.copysign(_ratio(_TAIL, r - 5), q)),
        ],
        q,
        root,
    )


ndtri_of: Callable[..., Array] = in_float64(lambda p: _quantile(p - 0.5, np.minimum(p, 1 - p)))
erfinv_of: Callable[..., Array] = in_float64(lambda x: _quantile(x / 2, (1 - np.abs(x)) / 2) / math.sqrt(2))
_erfcx = one_call(erfcx_of)


@primitive(
    lambda g, input: g * (math.sqrt(math.pi) / 2 * exp(erfinv(input) ** 2)),
    cast="float",
    method=True,
    in_place=True,
    smooth=lambda input: (input > -0.9) & (input < 0.9),
)
def erfinv(input: Array) -> Array:
    """The inverse of :func:`erf`: infinite at -1 and 1, nan beyond.

    >>> import tinygrad_mlp as torch
    >>> torch.erfinv(torch.tensor([0.0, 0.5, 1.0]))
    tensor([0.0000, 0.4769,    inf])
    """
    return erfinv_of(input)


@primitive(lambda g, input, y: g * (2 * input * y - 2 / math.sqrt(math.pi)), cast="float")
def erfcx(input: Array) -> Array:
    """e^(x^2) erfc(x), which falls as slowly as 1/x."""
    return _erfcx(input)


@primitive(lambda g, y: g * (math.sqrt(2 * math.pi) * exp(y * y / 2)), cast="float")
def ndtri(input: Array) -> Array:
    """The inverse of :func:`ndtr`, the quantiles of the standard normal distribution; nan outside [0, 1]."""
    return ndtri_of(input)


@composite
def ndtr(input: Array) -> Array:
    """The standard normal distribution function: the probability that a variable is at most x."""
    scaled = input * math.sqrt(0.5)
    return where(scaled < -0.5, erfc(where(scaled < -0.5, -scaled, 0.0)), 1 + erf(where(scaled < -0.5, 0.0, scaled))) / 2


@composite
def log_ndtr(input: Array) -> Array:
    """The logarithm of :func:`ndtr`, also where that is 0 in floating point."""
    low = input < -1
    left, right = where(low, input, -1.0), where(low, 0.0, input)
    return where(
        low,
        (erfcx(left * -math.sqrt(0.5)) / 2).log() - left * left / 2,
        log1p(erfc(right * math.sqrt(0.5)) * -0.5),
    )
