"""Student's t distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..ops.choosing import where
from ..ops.gamma import digamma, lgamma
from . import constraints
from .chi2 import Chi2
from .distribution import Distribution
from .utils import _standard_normal

__all__ = ["StudentT"]

Array = Any  # a Tensor


class StudentT(Distribution):
    """Student's t: loc + scale z / sqrt(c / df), for z standard normal and c chi-squared with ``df`` degrees of freedom."""

    arg_constraints: Any = {"df": constraints.positive, "loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.real
    has_rsample: Any = True

    def __init__(self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None) -> None:
        self._with_parameters(validate_args, df=df, loc=loc, scale=scale)
        self._chi2 = Chi2(self.df)

    @property
    def mean(self) -> Array:
        return where(self.df > 1, self.loc, math.nan)

    mode: Any = property(lambda self: self.loc)

    @property
    def variance(self) -> Array:
        finite = self.scale.square() * self.df / where(self.df > 2, self.df - 2, 1.0)
        return where(self.df > 2, finite, where(self.df > 1, math.inf, math.nan).to(finite.dtype))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Array:
        draws = _standard_normal(self._extended_shape(sample_shape), self.df.dtype)
        return self.loc + self.scale * (draws * (self._chi2.rsample(sample_shape) / self.df).rsqrt())

    def _log_scale(self) -> Array:
        return 0.5 * self.df.log() + math.lgamma(0.5) + lgamma(0.5 * self.df) - lgamma(0.5 * (self.df + 1.0))

    def log_prob(self, value: Array) -> Array:
        scaled = (self._checked(value) - self.loc) / self.scale
        tail = 0.5 * (self.df + 1.0) * (scaled * scaled / self.df).log1p()
        return -tail - self.scale.log() - self._log_scale()

    def entropy(self) -> Array:
        half = 0.5 * (self.df + 1)
        return self.scale.log() + half * (digamma(half) - digamma(0.5 * self.df)) + self._log_scale()
