"""The Kumaraswamy distribution."""

from __future__ import annotations

import math
from typing import Any

from ..ops.choosing import where
from ..ops.creation import full_like
from ..ops.gamma import digamma, lgamma
from . import constraints
from .transformed_distribution import TransformedDistribution
from .transforms import AffineTransform, PowerTransform
from .uniform import Uniform
from .utils import broadcast_all, euler_constant

__all__ = ["Kumaraswamy"]

Array = Any  # a Tensor


class Kumaraswamy(TransformedDistribution):
    """A distribution over [0, 1] like the beta distribution, with the distribution function 1 - (1 - x^a)^b.

    Args:
        concentration1, concentration0: a and b.
        validate_args: As of every distribution.
    """

    arg_constraints: Any = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support: Any = constraints.unit_interval
    has_rsample: Any = True
    concentration1: Any
    concentration0: Any

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        zero, one = full_like(self.concentration0, 0), full_like(self.concentration0, 1)
        transforms = [
            PowerTransform(self.concentration0.reciprocal()),
            AffineTransform(1.0, -1.0),
            PowerTransform(self.concentration1.reciprocal()),
        ]
        super().__init__(Uniform(zero, one, validate_args=validate_args), transforms, validate_args=validate_args)

    def _moment(self, n: int) -> Array:
        a, b = 1 + n / self.concentration1, self.concentration0
        return b * (lgamma(a) + lgamma(b) - lgamma(a + b)).exp()

    mean: Any = property(lambda self: self._moment(1))
    variance: Any = property(lambda self: self._moment(2) - self.mean.square())

    @property
    def mode(self) -> Array:
        a, b = self.concentration1, self.concentration0
        log_mode = b.reciprocal() * (-b).log1p() - (-b * a).log1p()
        return where((b < 1) | (a < 1), math.nan, log_mode).exp()

    def entropy(self) -> Array:
        a, b = self.concentration1, self.concentration0
        rest = (1 - a.reciprocal()) * (digamma(b + 1) + euler_constant)
        return 1 - b.reciprocal() + rest - a.log() - b.log()
