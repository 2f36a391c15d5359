"""Categories as vectors that have a 1 at one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ops.creation import eye
from ..ops.indexing import one_hot
from . import constraints
from .categorical import Categorical
from .distribution import Distribution

__all__ = ["OneHotCategorical", "OneHotCategoricalStraightThrough"]

Array = Any  # a Tensor


class OfCategories(Distribution):
    """A distribution that has the probabilities of a categorical one."""

    _categorical: Categorical
    arg_constraints: Any = {"probs": constraints.simplex, "logits": constraints.real_vector}

    probs: Any = property(lambda self: self._categorical.probs, doc="The probabilities.")
    logits: Any = property(lambda self: self._categorical.logits, doc="Their logarithms.")
    param_shape: Any = property(lambda self: self._categorical.param_shape, doc="The shape of the parameter that was given.")

    def _with_categories(self, probs: Any, logits: Any, validate_args: bool | None) -> None:
        self._categorical = Categorical(probs, logits)
        Distribution.__init__(self, self._categorical.batch_shape, self.param_shape[-1:], validate_args=validate_args)


class OneHotCategorical(OfCategories):
    """Vectors of zeros with a 1 at the place that :class:`Categorical` draws."""

    support: Any = constraints.one_hot
    has_enumerate_support: Any = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        self._with_categories(probs, logits, validate_args)

    mean: Any = property(lambda self: self.probs)
    variance: Any = property(lambda self: self.probs * (1 - self.probs))
    mode: Any = property(lambda self: self._vectors(self._categorical.mode))

    def _vectors(self, places: Array) -> Array:
        return one_hot(places, self._event_shape[0]).to(self.probs.dtype)

    def sample(self, sample_shape: Sequence[int] = ()) -> Array:
        return self._vectors(self._categorical.sample(sample_shape))

    def log_prob(self, value: Array) -> Array:
        return self._categorical.log_prob(self._checked(value).max(-1)[1])

    def entropy(self) -> Array:
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Array:
        n = self._event_shape[0]
        values = eye(n, dtype=self.probs.dtype).reshape((n,) + (1,) * len(self._batch_shape) + (n,))
        return values.expand((n, *self._batch_shape, n)) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """The same, whose draws have the gradient of ``probs``.

    Y. Bengio, N. Leonard and A. Courville, "Estimating or propagating gradients through stochastic neurons" (2013).
    """

    has_rsample: Any = True

    def rsample(self, sample_shape: Sequence[int] = ()) -> Array:
        return self.sample(sample_shape) + (self.probs - self.probs.detach())
