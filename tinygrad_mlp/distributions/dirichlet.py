"""The Dirichlet distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ops.choosing import where
from ..ops.draws import standard_dirichlet
from ..ops.gamma import digamma, lgamma
from ..ops.indexing import one_hot
from ..ops.logarithms import xlogy
from . import constraints
from .exp_family import ExponentialFamily

__all__ = ["Dirichlet"]

Array = Any  # a Tensor


class Dirichlet(ExponentialFamily):
    """A distribution over probabilities, with the density proportional to the product of x_i^(concentration_i - 1).

    Args:
        concentration: Of the shape ``(*, n)``.
        validate_args: As of every distribution.
    """

    arg_constraints: Any = {"concentration": constraints.independent(constraints.positive, 1)}
    support: Any = constraints.simplex
    has_rsample: Any = True

    def __init__(self, concentration: Array, validate_args: bool | None = None) -> None:
        if concentration.ndim < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args=validate_args)

    @property
    def mean(self) -> Array:
        return self.concentration / self.concentration.sum(-1, keepdim=True)

    @property
    def mode(self) -> Array:
        above = (self.concentration - 1).clamp(min=0.0)
        mode = above / above.sum(-1, keepdim=True)
        corner = one_hot(mode.argmax(-1), mode.shape[-1]).to(mode.dtype)
        return where((self.concentration < 1).all(-1, keepdim=True), corner, mode)

    @property
    def variance(self) -> Array:
        total = self.concentration.sum(-1, keepdim=True)
        return self.concentration * (total - self.concentration) / (total.square() * (total + 1))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Array:
        return standard_dirichlet(self.concentration.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Array) -> Array:
        a = self.concentration
        return xlogy(a - 1.0, self._checked(value)).sum(-1) + lgamma(a.sum(-1)) - lgamma(a).sum(-1)

    def entropy(self) -> Array:
        a, total = self.concentration, self.concentration.sum(-1)
        spread = lgamma(a).sum(-1) - lgamma(total) - (a.shape[-1] - total) * digamma(total)
        return spread - ((a - 1.0) * digamma(a)).sum(-1)
