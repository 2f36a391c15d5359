"""The Cauchy distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..ops.creation import full_like
from . import constraints
from .distribution import Distribution

__all__ = ["Cauchy"]

Array = Any  # a Tensor


class Cauchy(Distribution):
    """The Cauchy distribution, with the density 1 / (pi scale (1 + ((x - loc) / scale)^2)); it has no mean."""

    arg_constraints: Any = {"loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.real
    has_rsample: Any = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self._with_parameters(validate_args, loc=loc, scale=scale)

    mean: Any = property(lambda self: full_like(self.loc, math.nan))
    mode: Any = property(lambda self: self.loc)
    variance: Any = property(lambda self: full_like(self.loc, math.inf))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Array:
        return self.loc + self.loc.new_empty(self._extended_shape(sample_shape)).cauchy_() * self.scale

    def log_prob(self, value: Array) -> Array:
        scaled = (self._checked(value) - self.loc) / self.scale
        return -math.log(math.pi) - self.scale.log() - (scaled * scaled).log1p()

    def cdf(self, value: Array) -> Array:
        return ((self._checked(value) - self.loc) / self.scale).atan() / math.pi + 0.5

    def icdf(self, value: Array) -> Array:
        return (math.pi * (value - 0.5)).tan() * self.scale + self.loc

    def entropy(self) -> Array:
        return math.log(4 * math.pi) + self.scale.log()
