"""The Bernoulli distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..grad_mode import no_grad
from ..ops.choosing import where
from ..ops.losses import bce_logits
from ..ops.random import bernoulli
from . import constraints
from .exp_family import ExponentialFamily
from .probs_or_logits import OfProbsOrLogits, one_of
from .utils import broadcast_all

__all__ = ["Bernoulli"]

Array = Any  # a Tensor


class Bernoulli(OfProbsOrLogits, ExponentialFamily):
    """1 with the probability ``probs``, else 0.

    Args:
        probs, logits: The probability, or its log odds: one of both.
        validate_args: As of every distribution.

    >>> import tinygrad_mlp as torch
    >>> torch.distributions.Bernoulli(torch.tensor([0.25])).log_prob(torch.ones(1)).exp()
    tensor([0.2500])
    """

    arg_constraints: Any = {"probs": constraints.unit_interval, "logits": constraints.real}
    support: Any = constraints.boolean
    has_enumerate_support: Any = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        name, given = one_of(probs, logits)
        self._with_parameters(validate_args, **{name: given})

    mean: Any = property(lambda self: self.probs)
    variance: Any = property(lambda self: self.probs * (1 - self.probs))

    @property
    def mode(self) -> Array:
        return where(self.probs == 0.5, math.nan, (self.probs >= 0.5).to(self.probs.dtype))

    def sample(self, sample_shape: Sequence[int] = ()) -> Array:
        with no_grad():
            return bernoulli(self.probs.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Array) -> Array:
        logits, value = broadcast_all(self.logits, self._checked(value))
        return -bce_logits(logits, value, reduction="none")

    def entropy(self) -> Array:
        return bce_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand: bool = True) -> Array:
        return self._numbers(2, expand)
