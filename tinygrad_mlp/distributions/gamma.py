"""The gamma distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..dtypes import finfo
from ..ops.creation import as_tensor
from ..ops.draws import standard_gamma
from ..ops.gamma import digamma, igamma, lgamma
from ..ops.logarithms import xlogy
from . import constraints
from .exp_family import ExponentialFamily

__all__ = ["Gamma"]

Array = Any  # a Tensor


class Gamma(ExponentialFamily):
    """The gamma distribution, with the density rate^a x^(a - 1) e^(-rate x) / gamma(a) for a = concentration."""

    arg_constraints: Any = {"concentration": constraints.positive, "rate": constraints.positive}
    support: Any = constraints.nonnegative
    has_rsample: Any = True

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self._with_parameters(validate_args, concentration=concentration, rate=rate)

    mean: Any = property(lambda self: self.concentration / self.rate)
    mode: Any = property(lambda self: ((self.concentration - 1) / self.rate).clamp(min=0))
    variance: Any = property(lambda self: self.concentration / self.rate.square())

    def rsample(self, sample_shape: Sequence[int] = ()) -> Array:
        shape = self._extended_shape(sample_shape)
        value = standard_gamma(self.concentration.expand(shape)) / self.rate.expand(shape)
        value.detach().clamp_(min=finfo(value.dtype).tiny)
        return value

    def log_prob(self, value: Array) -> Array:
        value = self._checked(as_tensor(value, dtype=self.rate.dtype))
        a = self.concentration
        return xlogy(a, self.rate) + xlogy(a - 1, value) - self.rate * value - lgamma(a)

    def cdf(self, value: Array) -> Array:
        return igamma(self.concentration, self.rate * self._checked(value))

    def entropy(self) -> Array:
        a = self.concentration
        return a - self.rate.log() + lgamma(a) + (1.0 - a) * digamma(a)
