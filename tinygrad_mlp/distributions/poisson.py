"""The Poisson distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..grad_mode import no_grad
from ..ops.draws import poisson
from ..ops.gamma import lgamma
from ..ops.logarithms import xlogy
from . import constraints
from .exp_family import ExponentialFamily

__all__ = ["Poisson"]

Array = Any  # a Tensor


class Poisson(ExponentialFamily):
    """The Poisson distribution, with the probabilities rate^k e^(-rate) / k!."""

    arg_constraints: Any = {"rate": constraints.nonnegative}
    support: Any = constraints.nonnegative_integer

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        self._with_parameters(validate_args, rate=rate)

    mean: Any = property(lambda self: self.rate)
    mode: Any = property(lambda self: self.rate.floor())
    variance: Any = mean

    def sample(self, sample_shape: Sequence[int] = ()) -> Array:
        with no_grad():
            return poisson(self.rate.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Array) -> Array:
        value = self._checked(value)
        return xlogy(value, self.rate) - self.rate - lgamma(value + 1)
