"""Mixtures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..grad_mode import no_grad
from ..ops.normalisation import log_softmax
from ..ops.norms import logsumexp
from . import constraints
from .categorical import Categorical
from .distribution import Distribution

__all__ = ["MixtureSameFamily"]

Array = Any  # a Tensor


class MixtureSameFamily(Distribution):
    """One of several distributions of a family, drawn first: the density is the sum of theirs times their probabilities.

    Args:
        mixture_distribution: A :class:`Categorical`: which.
        component_distribution: They: a distribution whose last batch dimension they are.
        validate_args: As of every distribution.

    Raises:
        ValueError: The two do not fit.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.distributions import Categorical, MixtureSameFamily, Normal
    >>> m = MixtureSameFamily(Categorical(torch.ones(2)), Normal(torch.tensor([-3.0, 3.0]), torch.ones(2)))
    >>> m.mean, m.variance
    (tensor(0.), tensor(10.))
    """

    arg_constraints: Any = {}

    def __init__(
        self, mixture_distribution: Categorical, component_distribution: Distribution, validate_args: bool | None = None
    ) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError("The Mixture distribution needs to be an instance of torch.distributions.Categorical")
        if not isinstance(component_distribution, Distribution):
            raise ValueError("The Component distribution needs to be an instance of torch.distributions.Distribution")
        self._mixture_distribution, self._component_distribution = mixture_distribution, component_distribution
        of_mixture, of_components = mixture_distribution.batch_shape, component_distribution.batch_shape
        if any(a not in (1, b) and b != 1 for a, b in zip(reversed(of_mixture), reversed(of_components[:-1]))):
            raise ValueError(
                f"`mixture_distribution.batch_shape` ({of_mixture}) is not compatible with "
                f"`component_distribution.batch_shape` ({of_components[:-1]})"
            )
        count = mixture_distribution.param_shape[-1]
        if of_components[-1] != count:
            raise ValueError(
                f"`mixture_distribution component` ({count}) does not equal "
                f"`component_distribution.batch_shape[-1]` ({of_components[-1]})"
            )
        self._event_ndims = len(component_distribution.event_shape)
        super().__init__(of_components[:-1], component_distribution.event_shape, validate_args=validate_args)

    mixture_distribution: Any = property(lambda self: self._mixture_distribution, doc="Which component.")
    component_distribution: Any = property(lambda self: self._component_distribution, doc="The components.")

    @constraints.dependent_property
    def support(self) -> Any:
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    def _mixed(self, values: Array) -> Array:
        """The mean over components of what they have for each element of an event."""
        probs = self.mixture_distribution.probs
        return (probs.reshape((*probs.shape, *(1,) * self._event_ndims)) * values).sum(-1 - self._event_ndims)

    @property
    def mean(self) -> Array:
        return self._mixed(self.component_distribution.mean)

    @property
    def variance(self) -> Array:
        component = self.component_distribution
        distance = component.mean - self.mean.unsqueeze(-1 - self._event_ndims)
        return self._mixed(component.variance) + self._mixed(distance.square())

    def cdf(self, x: Array) -> Array:
        values = self.component_distribution.cdf(x.unsqueeze(-1 - self._event_ndims))
        return (values * self.mixture_distribution.probs).sum(-1)

    def log_prob(self, x: Array) -> Array:
        values = self.component_distribution.log_prob(self._checked(x).unsqueeze(-1 - self._event_ndims))
        return logsumexp(values + log_softmax(self.mixture_distribution.logits, -1), -1)

    def sample(self, sample_shape: Sequence[int] = ()) -> Array:
        with no_grad():
            which = self.mixture_distribution.sample(sample_shape)
            draws = self.component_distribution.sample(sample_shape)
            dim = draws.ndim - 1 - self._event_ndims
            lead = (*draws.shape[:dim], 1)
            places = which.reshape((*which.shape, *(1,) * (1 + self._event_ndims)))
            return draws.gather(dim, places.expand((*lead, *self._event_shape))).squeeze(dim)

    def __repr__(self) -> str:
        return f"MixtureSameFamily(\n  {self.mixture_distribution},\n  {self.component_distribution})"
