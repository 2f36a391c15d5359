"""The Laplace distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..dtypes import finfo
from . import constraints
from .distribution import Distribution

__all__ = ["Laplace"]

Array = Any  # a Tensor


class Laplace(Distribution):
    """The Laplace distribution, with the density exp(-abs(x - loc) / scale) / (2 scale)."""

    arg_constraints: Any = {"loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.real
    has_rsample: Any = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self._with_parameters(validate_args, loc=loc, scale=scale)

    mean: Any = property(lambda self: self.loc)
    mode: Any = mean
    variance: Any = property(lambda self: 2 * self.scale.square())
    stddev: Any = property(lambda self: 2**0.5 * self.scale)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Array:
        u = self.loc.new_empty(self._extended_shape(sample_shape)).uniform_(finfo(self.loc.dtype).eps - 1, 1)
        return self.loc - self.scale * u.sign() * (-u.abs()).log1p()

    def log_prob(self, value: Array) -> Array:
        return -(2 * self.scale).log() - (self._checked(value) - self.loc).abs() / self.scale

    def cdf(self, value: Array) -> Array:
        distance = self._checked(value) - self.loc
        return 0.5 - 0.5 * distance.sign() * (-distance.abs() / self.scale).expm1()

    def icdf(self, value: Array) -> Array:
        beyond = value - 0.5
        return self.loc - self.scale * beyond.sign() * (-2 * beyond.abs()).log1p()

    def entropy(self) -> Array:
        return 1 + (2 * self.scale).log()
