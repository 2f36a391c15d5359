"""The geometric distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..dtypes import finfo
from ..grad_mode import no_grad
from ..ops.choosing import where
from ..ops.creation import zeros_like
from ..ops.losses import bce_logits
from . import constraints
from .probs_or_logits import OfProbsOrLogits, one_of
from .utils import broadcast_all

__all__ = ["Geometric"]

Array = Any  # a Tensor


class Geometric(OfProbsOrLogits):
    """How many failures come before the first success: (1 - probs)^k probs for k = 0, 1 ..."""

    arg_constraints: Any = {"probs": constraints.unit_interval, "logits": constraints.real}
    support: Any = constraints.nonnegative_integer

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        name, given = one_of(probs, logits)
        self._with_parameters(validate_args, **{name: given})
        if self._validate_args and name == "probs" and not bool((self.probs > 0).all()):
            raise ValueError(f"Expected parameter probs of distribution {self!r} to be positive but found {self.probs}")

    mean: Any = property(lambda self: 1.0 / self.probs - 1.0)
    mode: Any = property(lambda self: zeros_like(self.probs))
    variance: Any = property(lambda self: (1.0 / self.probs - 1.0) / self.probs)

    def sample(self, sample_shape: Sequence[int] = ()) -> Array:
        with no_grad():
            u = self.probs.new_empty(self._extended_shape(sample_shape)).uniform_(finfo(self.probs.dtype).tiny, 1)
            return (u.log() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Array) -> Array:
        value, probs = broadcast_all(self._checked(value), self.probs)
        certain = (probs == 1) & (value == 0)
        return value * (-where(certain, 0.0, probs)).log1p() + self.probs.log()

    def entropy(self) -> Array:
        return bce_logits(self.logits, self.probs, reduction="none") / self.probs
