"""Continuous relaxations of the categorical distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..ops.norms import logsumexp
from ..ops.random import rand
from . import constraints
from .one_hot_categorical import OfCategories
from .transformed_distribution import TransformedDistribution
from .transforms import ExpTransform
from .utils import broadcast_all, clamp_probs

__all__ = ["ExpRelaxedCategorical", "RelaxedOneHotCategorical"]

Array = Any  # a Tensor


class ExpRelaxedCategorical(OfCategories):
    """The logarithms of :class:`RelaxedOneHotCategorical`: the log-softmax of (logits + Gumbel noise) / temperature.

    C. Maddison, A. Mnih and Y. W. Teh, "The concrete distribution" (2017); E. Jang, S. Gu and B. Poole, "Categorical
    reparameterization with Gumbel-softmax" (2017).
    """

    support: Any = constraints.real_vector
    has_rsample: Any = True

    def __init__(self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        self.temperature = temperature
        self._with_categories(probs, logits, validate_args)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Array:
        u = clamp_probs(rand(self._extended_shape(sample_shape), dtype=self.logits.dtype))
        scores = (self.logits - (-u.log()).log()) / self.temperature
        return scores - logsumexp(scores, -1, keepdim=True)

    def log_prob(self, value: Array) -> Array:
        n = self._event_shape[0]
        logits, value = broadcast_all(self.logits, self._checked(value))
        score = logits - value * self.temperature
        score = (score - logsumexp(score, -1, keepdim=True)).sum(-1)
        return score + (math.lgamma(n) + (n - 1) * self.temperature.log())


class RelaxedOneHotCategorical(TransformedDistribution):
    """Vectors of probabilities, nearly one-hot where the temperature is low; draws have gradients."""

    arg_constraints: Any = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support: Any = constraints.simplex
    has_rsample: Any = True

    def __init__(self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)

    temperature: Any = property(lambda self: self.base_dist.temperature)
    logits: Any = property(lambda self: self.base_dist.logits)
    probs: Any = property(lambda self: self.base_dist.probs)
