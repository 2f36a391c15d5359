"""The multinomial distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..dtypes import int64
from ..ops.choosing import where
from ..ops.creation import ones_like, tensor
from ..ops.gamma import lgamma
from . import constraints
from .binomial import Binomial
from .one_hot_categorical import OfCategories
from .utils import broadcast_all, size_of

__all__ = ["Multinomial"]

Array = Any  # a Tensor


class Multinomial(OfCategories):
    """How often each category comes in ``total_count`` draws.

    Args:
        total_count: An int, the same for all of the batch.
        probs, logits: As of :class:`Categorical`.
        validate_args: As of every distribution.
    """

    def __init__(
        self, total_count: int = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        self._with_categories(probs, logits, validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Any:
        return constraints.multinomial(self.total_count)

    mean: Any = property(lambda self: self.probs * self.total_count)
    variance: Any = property(lambda self: self.total_count * self.probs * (1 - self.probs))

    def sample(self, sample_shape: Sequence[int] = ()) -> Array:
        drawn = self._categorical.sample((self.total_count, *size_of(sample_shape))).movedim(0, -1)
        counts = drawn.new_zeros(self._extended_shape(sample_shape), dtype=int64)
        return counts.scatter_add(-1, drawn, ones_like(drawn)).to(self.probs.dtype)

    def log_prob(self, value: Array) -> Array:
        logits, value = broadcast_all(self.logits, self._checked(value))
        logits = where((value == 0) & (logits == -float("inf")), 0.0, logits)
        return lgamma(value.sum(-1) + 1) - lgamma(value + 1).sum(-1) + (logits * value).sum(-1)

    def entropy(self) -> Array:
        """n H - log n! + the sum over categories of the mean of log k_i!, where each k_i is binomial."""
        n = tensor(float(self.total_count), dtype=self.probs.dtype)
        counts = Binomial(self.total_count, probs=self.probs)
        values = counts.enumerate_support(expand=False)[1:]
        rest = (counts.log_prob(values).exp() * lgamma(values + 1)).sum((0, -1))
        return n * self._categorical.entropy() - lgamma(n + 1) + rest
