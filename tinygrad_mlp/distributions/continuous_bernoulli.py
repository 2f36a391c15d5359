"""The continuous Bernoulli distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..grad_mode import no_grad
from ..ops.choosing import where
from ..ops.losses import bce_logits
from ..ops.random import rand
from . import constraints
from .exp_family import ExponentialFamily
from .probs_or_logits import OfProbsOrLogits, one_of
from .utils import broadcast_all, clamp_probs, lazy_property, logits_to_probs

__all__ = ["ContinuousBernoulli"]

Array = Any  # a Tensor


class ContinuousBernoulli(OfProbsOrLogits, ExponentialFamily):
    """A distribution over [0, 1], with a density proportional to probs^x (1 - probs)^(1 - x).

    G. Loaiza-Ganem and J. P. Cunningham, "The continuous Bernoulli: fixing a pervasive error in variational autoencoders" (2019).

    Args:
        probs, logits: The parameter, or its log odds: one of both.
        lims: Between which ``probs`` is so near to 1/2 that Taylor series are used.
        validate_args: As of every distribution.
    """

    arg_constraints: Any = {"probs": constraints.unit_interval, "logits": constraints.real}
    support: Any = constraints.unit_interval
    has_rsample: Any = True

    def __init__(
        self,
        probs: Any = None,
        logits: Any = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        name, given = one_of(probs, logits)
        (value,) = broadcast_all(given)
        self._lims = lims
        if name == "probs" and validate_args and not bool(constraints.unit_interval.check(value).all()):
            raise ValueError("The parameter probs has invalid values")
        self._with_parameters(validate_args, **{name: clamp_probs(value) if name == "probs" else value})

    @lazy_property
    def probs(self) -> Array:
        """The parameter, between 0 and 1."""
        return clamp_probs(logits_to_probs(self.logits, is_binary=True))

    def _cut(self) -> tuple[Array, Array, Array]:
        """Where ``probs`` is not too near to 1/2; it there, else the lower limit; its log odds, negative."""
        far = (self.probs <= self._lims[0]) | (self.probs > self._lims[1])
        cut = where(far, self.probs, self._lims[0])
        return far, cut, (-cut).log1p() - cut.log()

    def _cont_bern_log_norm(self) -> Array:
        far, cut, odds = self._cut()
        x = (self.probs - 0.5).square()
        log_norm = odds.abs().log() - (1 - 2.0 * cut).abs().log()
        return where(far, log_norm, math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x)

    @property
    def mean(self) -> Array:
        far, cut, odds = self._cut()
        x = self.probs - 0.5
        return where(far, cut / (2.0 * cut - 1.0) + 1.0 / odds, 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x.square()) * x)

    @property
    def variance(self) -> Array:
        far, cut, odds = self._cut()
        x = (self.probs - 0.5).square()
        exact = cut * (cut - 1.0) / (1.0 - 2.0 * cut).square() + 1.0 / odds.square()
        return where(far, exact, 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x)

    def sample(self, sample_shape: Sequence[int] = ()) -> Array:
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Array:
        return self.icdf(rand(self._extended_shape(sample_shape), dtype=self.probs.dtype))

    def log_prob(self, value: Array) -> Array:
        logits, value = broadcast_all(self.logits, self._checked(value))
        return -bce_logits(logits, value, reduction="none") + self._cont_bern_log_norm()

    def cdf(self, value: Array) -> Array:
        far, cut, _ = self._cut()
        value = self._checked(value)
        inside = (cut.pow(value) * (1.0 - cut).pow(1.0 - value) + cut - 1.0) / (2.0 * cut - 1.0)
        return where(value <= 0.0, 0.0, where(value >= 1.0, 1.0, where(far, inside, value)))

    def icdf(self, value: Array) -> Array:
        far, cut, odds = self._cut()
        return where(far, ((-cut + value * (2.0 * cut - 1.0)).log1p() - (-cut).log1p()) / -odds, value)

    def entropy(self) -> Array:
        log_rest = (-self.probs).log1p()
        return self.mean * (log_rest - self.probs.log()) - self._cont_bern_log_norm() - log_rest
