"""Distributions that are given probabilities or logits, and have both."""

from __future__ import annotations

from typing import Any

from .._tensor import Size
from ..ops.creation import arange
from .distribution import Distribution
from .utils import lazy_property, logits_to_probs, probs_to_logits

__all__ = ["OfProbsOrLogits"]

Array = Any  # a Tensor


def one_of(probs: Any, logits: Any) -> tuple[str, Any]:
    """Which of both was given, and it.

    Raises:
        ValueError: None, or both.
    """
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")
    return ("logits", logits) if probs is None else ("probs", probs)


class OfProbsOrLogits(Distribution):
    """A distribution with a probability for each of the batch, given as it is or as log odds."""

    @lazy_property
    def logits(self) -> Array:
        """The log odds."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Array:
        """The probabilities."""
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def _param(self) -> Array:
        return self.probs if "probs" in vars(self) else self.logits

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter that was given."""
        return Size(self._param.shape)

    def _numbers(self, count: int, expand: bool, dtype: Any = None) -> Array:
        """The numbers below ``count`` along the first dimension."""
        values = arange(count, dtype=dtype or self._param.dtype).reshape((-1,) + (1,) * len(self._batch_shape))
        return values.expand((-1, *self._batch_shape)) if expand else values
