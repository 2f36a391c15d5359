"""The normal distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..grad_mode import no_grad
from ..ops.functions import erf
from ..ops.gaussian import erfinv
from ..ops.random import normal
from . import constraints
from .exp_family import ExponentialFamily
from .utils import _standard_normal

__all__ = ["Normal"]

Array = Any  # a Tensor


class Normal(ExponentialFamily):
    """The normal distribution, with the density exp(-((x - loc) / scale)^2 / 2) / (scale sqrt(2 pi)).

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.distributions import Normal
    >>> Normal(torch.zeros(2), torch.tensor([1.0, 2.0])).log_prob(torch.tensor([0.0, 2.0]))
    tensor([-0.9189, -2.1121])
    """

    arg_constraints: Any = {"loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.real
    has_rsample: Any = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self._with_parameters(validate_args, loc=loc, scale=scale)

    mean: Any = property(lambda self: self.loc)
    mode: Any = mean
    stddev: Any = property(lambda self: self.scale)
    variance: Any = property(lambda self: self.scale.square())

    def sample(self, sample_shape: Sequence[int] = ()) -> Array:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return normal(self.loc.expand(shape), self.scale.expand(shape))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Array:
        return self.loc + _standard_normal(self._extended_shape(sample_shape), self.loc.dtype) * self.scale

    def log_prob(self, value: Array) -> Array:
        distance = self._checked(value) - self.loc
        return -(distance * distance) / (2 * self.scale * self.scale) - self.scale.log() - math.log(math.sqrt(2 * math.pi))

    def cdf(self, value: Array) -> Array:
        return 0.5 * (1 + erf((self._checked(value) - self.loc) / self.scale / math.sqrt(2)))

    def icdf(self, value: Array) -> Array:
        return self.loc + self.scale * erfinv(2 * value - 1) * math.sqrt(2)

    def entropy(self) -> Array:
        return 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()
