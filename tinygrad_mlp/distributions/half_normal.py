"""The half-normal distribution."""

from __future__ import annotations

import math
from typing import Any

from ..ops.choosing import where
from ..ops.creation import as_tensor, zeros_like
from . import constraints
from .normal import Normal
from .transformed_distribution import TransformedDistribution
from .transforms import AbsTransform

__all__ = ["HalfNormal"]

Array = Any  # a Tensor


class Folded(TransformedDistribution):
    """The distribution of abs(x) for a symmetric distribution of x."""

    arg_constraints: Any = {"scale": constraints.positive}
    support: Any = constraints.nonnegative
    has_rsample: Any = True

    scale: Any = property(lambda self: self.base_dist.scale)
    mode: Any = property(lambda self: zeros_like(self.scale))

    def log_prob(self, value: Array) -> Array:
        value = self._checked(as_tensor(value, dtype=self.scale.dtype))
        return where(value >= 0, self.base_dist.log_prob(value) + math.log(2), -math.inf)

    def cdf(self, value: Array) -> Array:
        return 2 * self.base_dist.cdf(self._checked(value)) - 1

    def icdf(self, value: Array) -> Array:
        return self.base_dist.icdf((value + 1) / 2)

    def entropy(self) -> Array:
        return self.base_dist.entropy() - math.log(2)


class HalfNormal(Folded):
    """The distribution of abs(x), for x of the normal distribution of mean 0."""

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(Normal(0, scale, validate_args=False), AbsTransform(), validate_args=validate_args)

    mean: Any = property(lambda self: self.scale * math.sqrt(2 / math.pi))
    variance: Any = property(lambda self: self.scale.square() * (1 - 2 / math.pi))
