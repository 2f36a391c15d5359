"""The exponential distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ops.creation import zeros_like
from . import constraints
from .exp_family import ExponentialFamily

__all__ = ["Exponential"]

Array = Any  # a Tensor


class Exponential(ExponentialFamily):
    """The exponential distribution, with the density rate e^(-rate x) for x >= 0."""

    arg_constraints: Any = {"rate": constraints.positive}
    support: Any = constraints.nonnegative
    has_rsample: Any = True

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        self._with_parameters(validate_args, rate=rate)

    mean: Any = property(lambda self: self.rate.reciprocal())
    mode: Any = property(lambda self: zeros_like(self.rate))
    stddev: Any = mean
    variance: Any = property(lambda self: self.rate.square().reciprocal())

    def rsample(self, sample_shape: Sequence[int] = ()) -> Array:
        return self.rate.new_empty(self._extended_shape(sample_shape)).exponential_() / self.rate

    def log_prob(self, value: Array) -> Array:
        return self.rate.log() - self.rate * self._checked(value)

    def cdf(self, value: Array) -> Array:
        return 1 - (-self.rate * self._checked(value)).exp()

    def icdf(self, value: Array) -> Array:
        return -(-value).log1p() / self.rate

    def entropy(self) -> Array:
        return 1.0 - self.rate.log()
