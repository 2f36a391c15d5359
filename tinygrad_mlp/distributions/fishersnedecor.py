"""Fisher and Snedecor's F distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..dtypes import finfo
from ..ops.choosing import where
from ..ops.gamma import lgamma
from . import constraints
from .distribution import Distribution
from .gamma import Gamma

__all__ = ["FisherSnedecor"]

Array = Any  # a Tensor


class FisherSnedecor(Distribution):
    """The F distribution: the ratio of two chi-squared variables, each divided by its degrees of freedom."""

    arg_constraints: Any = {"df1": constraints.positive, "df2": constraints.positive}
    support: Any = constraints.positive
    has_rsample: Any = True

    def __init__(self, df1: Any, df2: Any, validate_args: bool | None = None) -> None:
        self._with_parameters(validate_args, df1=df1, df2=df2)
        self._gamma1, self._gamma2 = (Gamma(df * 0.5, df) for df in (self.df1, self.df2))

    @property
    def mean(self) -> Array:
        return where(self.df2 > 2, self.df2 / (self.df2 - 2), math.nan)

    @property
    def mode(self) -> Array:
        return where(self.df1 > 2, (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2), math.nan)

    @property
    def variance(self) -> Array:
        n, m = self.df1, self.df2
        return where(m > 4, 2 * m.square() * (n + m - 2) / (n * (m - 2).square() * (m - 4)), math.nan)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Array:
        above, below = self._gamma1.rsample(sample_shape), self._gamma2.rsample(sample_shape)
        tiny = finfo(above.dtype).tiny
        return (above / below.clamp(min=tiny)).clamp(min=tiny)

    def log_prob(self, value: Array) -> Array:
        a, b, ratio = self.df1 * 0.5, self.df2 * 0.5, self.df1 / self.df2
        front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * ratio.log()
        return front + (a - 1) * self._checked(value).log() - (a + b) * (ratio * value).log1p()
