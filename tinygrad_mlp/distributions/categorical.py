"""The categorical distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..dtypes import finfo, int64
from ..ops.creation import full
from ..ops.norms import logsumexp
from ..ops.random import multinomial
from ..ops.shape import broadcast_tensors
from . import constraints
from .probs_or_logits import OfProbsOrLogits, one_of
from .utils import lazy_property, logits_to_probs, probs_to_logits, size_of

__all__ = ["Categorical"]

Array = Any  # a Tensor


class Categorical(OfProbsOrLogits):
    """The indices 0 to n - 1, each with a probability.

    Args:
        probs: Weights of the shape ``(*, n)``, which are divided by their sum.
        logits: The logarithms of weights, instead.
        validate_args: As of every distribution.

    Attributes:
        logits: The logarithms of the probabilities.

    >>> import tinygrad_mlp as torch
    >>> m = torch.distributions.Categorical(torch.tensor([1.0, 3.0]))
    >>> m.log_prob(torch.tensor([0, 1])).exp()
    tensor([0.2500, 0.7500])
    """

    arg_constraints: Any = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support: Any = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        name, given = one_of(probs, logits)
        if given.ndim < 1:
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        if name == "probs":
            self.probs = given / given.sum(-1, keepdim=True)
        else:
            self.logits = given - logsumexp(given, -1, keepdim=True)
        self._num_events = given.shape[-1]
        super().__init__(given.shape[:-1], validate_args=validate_args)

    @lazy_property
    def logits(self) -> Array:
        return probs_to_logits(self.probs)

    @lazy_property
    def probs(self) -> Array:
        return logits_to_probs(self.logits)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self._num_events - 1)

    mean: Any = property(lambda self: full(self._extended_shape(), math.nan, dtype=self.probs.dtype))
    mode: Any = property(lambda self: self.probs.argmax(-1))
    variance: Any = mean

    def sample(self, sample_shape: Sequence[int] = ()) -> Array:
        rows = self.probs.detach().reshape(-1, self._num_events)
        drawn = multinomial(rows, size_of(sample_shape).numel(), True)
        return drawn.T.reshape(self._extended_shape(sample_shape))

    def log_prob(self, value: Array) -> Array:
        places, logits = broadcast_tensors(self._checked(value).to(int64).unsqueeze(-1), self.logits)
        return logits.gather(-1, places[..., :1]).squeeze(-1)

    def entropy(self) -> Array:
        return -(self.logits.clamp(min=finfo(self.logits.dtype).min) * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Array:
        return self._numbers(self._num_events, expand, int64)
