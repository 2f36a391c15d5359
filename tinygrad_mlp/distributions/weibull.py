"""The Weibull distribution."""

from __future__ import annotations

from typing import Any

from ..ops.creation import ones_like
from ..ops.gamma import lgamma
from . import constraints
from .exponential import Exponential
from .transformed_distribution import TransformedDistribution
from .transforms import AffineTransform, PowerTransform
from .utils import broadcast_all, euler_constant

__all__ = ["Weibull"]

Array = Any  # a Tensor


class Weibull(TransformedDistribution):
    """scale x^(1 / concentration), for x of the exponential distribution of rate 1."""

    arg_constraints: Any = {"scale": constraints.positive, "concentration": constraints.positive}
    support: Any = constraints.positive
    scale: Any
    concentration: Any

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = broadcast_all(scale, concentration)
        base = Exponential(ones_like(self.scale), validate_args=validate_args)
        transforms = [PowerTransform(self.concentration.reciprocal()), AffineTransform(0, self.scale)]
        super().__init__(base, transforms, validate_args=validate_args)

    concentration_reciprocal: Any = property(lambda self: self.concentration.reciprocal(), doc="1 / concentration.")

    def _moment(self, n: int) -> Array:
        return lgamma(1 + n * self.concentration_reciprocal).exp()

    mean: Any = property(lambda self: self.scale * self._moment(1))
    variance: Any = property(lambda self: self.scale.square() * (self._moment(2) - self._moment(1).square()))

    @property
    def mode(self) -> Array:
        return self.scale * ((self.concentration - 1) / self.concentration) ** self.concentration_reciprocal

    def entropy(self) -> Array:
        share = self.concentration_reciprocal
        return euler_constant * (1 - share) + (self.scale * share).log() + 1
