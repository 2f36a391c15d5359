"""The negative binomial distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..grad_mode import no_grad
from ..ops.activations import logsigmoid
from ..ops.draws import poisson
from ..ops.functions import sigmoid
from ..ops.gamma import lgamma
from . import constraints
from .gamma import Gamma
from .probs_or_logits import OfProbsOrLogits, one_of
from .utils import broadcast_all

__all__ = ["NegativeBinomial"]

Array = Any  # a Tensor


class NegativeBinomial(OfProbsOrLogits):
    """How many attempts succeed before ``total_count`` of them failed, each succeeding with the probability ``probs``."""

    arg_constraints: Any = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support: Any = constraints.nonnegative_integer

    def __init__(self, total_count: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        name, given = one_of(probs, logits)
        count, given = broadcast_all(total_count, given)
        self._with_parameters(validate_args, total_count=count.to(given.dtype), **{name: given})

    mean: Any = property(lambda self: self.total_count * self.logits.exp())
    mode: Any = property(lambda self: ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0))
    variance: Any = property(lambda self: self.mean / sigmoid(-self.logits))

    def sample(self, sample_shape: Sequence[int] = ()) -> Array:
        with no_grad():
            rate = Gamma(self.total_count, (-self.logits).exp(), validate_args=False).sample(sample_shape)
            return poisson(rate)

    def log_prob(self, value: Array) -> Array:
        n, value = self.total_count, self._checked(value)
        ways = lgamma(n + value) - lgamma(1.0 + value) - lgamma(n)
        return n * logsigmoid(-self.logits) + value * logsigmoid(self.logits) + ways.masked_fill(n + value == 0.0, 0.0)
