"""The generalized Pareto distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..ops.choosing import where
from ..ops.random import rand
from . import constraints
from .distribution import Distribution

__all__ = ["GeneralizedPareto"]

Array = Any  # a Tensor


class GeneralizedPareto(Distribution):
    """The distribution of what exceeds a threshold: P(x > loc + scale z) = (1 + concentration z)^(-1 / concentration), or e^-z.

    Args:
        loc, scale: Where it begins, and how wide it is.
        concentration: How heavy its tail is: 0 for that of the exponential distribution, below 0 there is none.
        validate_args: As of every distribution.
    """

    arg_constraints: Any = {"loc": constraints.real, "scale": constraints.positive, "concentration": constraints.real}
    has_rsample: Any = True

    def __init__(self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self._with_parameters(validate_args, loc=loc, scale=scale, concentration=concentration)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        end = self.loc - self.scale / self.concentration
        return constraints.interval(self.loc, where(self.concentration < 0, end, math.inf))

    mode: Any = property(lambda self: self.loc)

    @property
    def mean(self) -> Array:
        known = self.concentration < 1
        return where(known, self.loc + self.scale / (1 - where(known, self.concentration, 0.5)), math.nan)

    @property
    def variance(self) -> Array:
        known = self.concentration < 0.5
        c = where(known, self.concentration, 0.25)
        return where(known, self.scale.square() / ((1 - c).square() * (1 - 2 * c)), math.nan)

    def _shape(self) -> tuple[Array, Array]:
        """Where the concentration is nearly 0; it elsewhere, and 1 there."""
        none = self.concentration.abs() <= 1e-8
        return none, where(none, 1.0, self.concentration)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Array:
        return self.icdf(rand(self._extended_shape(sample_shape), dtype=self.loc.dtype))

    def log_prob(self, value: Array) -> Array:
        z, (none, c) = (self._checked(value) - self.loc) / self.scale, self._shape()
        power = 1 / c + 1
        return -self.scale.log() - where(none, z, where(power == 0, power, power * (c * z).log1p()))

    def log_survival_function(self, value: Array) -> Array:
        """log P(x > value)."""
        z, (none, c) = (self._checked(value) - self.loc) / self.scale, self._shape()
        return where(none, -z, -(c * z).log1p() / c)

    def log_cdf(self, value: Array) -> Array:
        """log P(x <= value)."""
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value: Array) -> Array:
        return self.log_cdf(value).exp()

    def icdf(self, value: Array) -> Array:
        log_rest, (none, c) = (-value).log1p(), self._shape()
        return self.loc + self.scale * where(none, -log_rest, (-c * log_rest).expm1() / c)

    def entropy(self) -> Array:
        return self.scale.log() + self.concentration + 1
