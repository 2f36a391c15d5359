"""The binomial distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..grad_mode import no_grad
from ..ops.draws import binomial
from ..ops.gamma import lgamma
from . import constraints
from .probs_or_logits import OfProbsOrLogits, one_of
from .utils import broadcast_all

__all__ = ["Binomial"]

Array = Any  # a Tensor


class Binomial(OfProbsOrLogits):
    """How many of ``total_count`` attempts succeed, each with the probability ``probs``."""

    arg_constraints: Any = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support: Any = True

    def __init__(
        self, total_count: Any = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        name, given = one_of(probs, logits)
        count, given = broadcast_all(total_count, given)
        self._with_parameters(validate_args, total_count=count.to(given.dtype), **{name: given})

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self.total_count)

    mean: Any = property(lambda self: self.total_count * self.probs)
    mode: Any = property(lambda self: ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count))
    variance: Any = property(lambda self: self.total_count * self.probs * (1 - self.probs))

    def sample(self, sample_shape: Sequence[int] = ()) -> Array:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: Array) -> Array:
        n, value = self.total_count, self._checked(value)
        ways = lgamma(n + 1) - lgamma(value + 1) - lgamma(n - value + 1)
        # log(1 + e^logits), half the slope on either side of 0
        above = (self.logits.clamp(min=0) + self.logits - self.logits.clamp(max=0)) / 2
        return ways + value * self.logits - n * (above + (-self.logits.abs()).exp().log1p())

    def _count(self, of: str) -> int:
        count = int(self.total_count.max())
        if not bool(self.total_count.min() == count):
            raise NotImplementedError(f"Inhomogeneous total count not supported by `{of}`.")
        return count

    def entropy(self) -> Array:
        self._count("entropy")
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(log_prob.exp() * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True) -> Array:
        return self._numbers(1 + self._count("enumerate_support"), expand)
