"""The uniform distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..ops.random import rand
from . import constraints
from .distribution import Distribution

__all__ = ["Uniform"]

Array = Any  # a Tensor


class Uniform(Distribution):
    """The uniform distribution on [low, high).

    >>> from tinygrad_mlp.distributions import Uniform
    >>> Uniform(0.0, 4.0).stddev
    tensor(1.1547)
    """

    has_rsample: Any = True

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self._with_parameters(validate_args, low=low, high=high)

    @property
    def arg_constraints(self) -> dict[str, Any]:
        return {"low": constraints.less_than(self.high), "high": constraints.greater_than(self.low)}

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        return constraints.interval(self.low, self.high)

    mean: Any = property(lambda self: (self.high + self.low) / 2)
    mode: Any = property(lambda self: math.nan * self.high)
    stddev: Any = property(lambda self: (self.high - self.low) / 12**0.5)
    variance: Any = property(lambda self: (self.high - self.low).square() / 12)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Array:
        return self.low + rand(self._extended_shape(sample_shape), dtype=self.low.dtype) * (self.high - self.low)

    def log_prob(self, value: Array) -> Array:
        inside = (self.low <= self._checked(value)) & (self.high > value)
        return inside.to(self.low.dtype).log() - (self.high - self.low).log()

    def cdf(self, value: Array) -> Array:
        return ((self._checked(value) - self.low) / (self.high - self.low)).clamp(min=0, max=1)

    def icdf(self, value: Array) -> Array:
        return value * (self.high - self.low) + self.low

    def entropy(self) -> Array:
        return (self.high - self.low).log()
