"""Distributions of functions of random variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..grad_mode import no_grad
from . import constraints
from .distribution import Distribution
from .independent import Independent
from .transform import ComposeTransform, Transform, widened
from .utils import _sum_rightmost

__all__ = ["TransformedDistribution"]

Array = Any  # a Tensor


class TransformedDistribution(Distribution):
    """The distribution of y = f(x): log p(y) = log p(x) - log abs det dy/dx.

    Args:
        base_distribution: That of x.
        transforms: A transform, or a list of those that are applied one after the other.
        validate_args: As of every distribution.

    Raises:
        ValueError: The base has fewer dimensions than events of the transforms, or these are no transforms.

    >>> from tinygrad_mlp.distributions import ExpTransform, Normal, TransformedDistribution
    >>> TransformedDistribution(Normal(0.0, 1.0), ExpTransform()).support
    GreaterThan(lower_bound=0.0)
    """

    arg_constraints: Any = {}

    def __init__(self, base_distribution: Distribution, transforms: Any, validate_args: bool | None = None) -> None:
        self.transforms: Any = [transforms] if isinstance(transforms, Transform) else transforms
        if not isinstance(self.transforms, list) or not all(isinstance(t, Transform) for t in self.transforms):
            raise ValueError(f"transforms must be a Transform or a list of Transforms, but was {transforms}")
        shape = base_distribution.batch_shape + base_distribution.event_shape
        whole, base_dims = ComposeTransform(self.transforms), len(base_distribution.event_shape)
        inside, outside = whole.domain.event_dim, whole.codomain.event_dim
        if len(shape) < inside:
            raise ValueError(f"base_distribution needs to have shape with size at least {inside}, but got {tuple(shape)}.")
        forward = whole.forward_shape(shape)
        needed = whole.inverse_shape(forward)
        if tuple(needed) != tuple(shape):  # parameters of a transform have more dimensions
            base_distribution = base_distribution.expand(needed[: len(needed) - base_dims])
        if inside > base_dims:
            base_distribution = Independent(base_distribution, inside - base_dims)
        self.base_dist = base_distribution
        cut = len(forward) - max(outside, base_dims + outside - inside)
        super().__init__(forward[:cut], forward[cut:], validate_args=validate_args)

    has_rsample: Any = property(lambda self: self.base_dist.has_rsample)

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> Any:
        return widened(self.transforms[-1].codomain, len(self.event_shape)) if self.transforms else self.base_dist.support

    def _transformed(self, x: Array) -> Array:
        for transform in self.transforms:
            x = transform(x)
        return x

    def sample(self, sample_shape: Sequence[int] = ()) -> Array:
        with no_grad():
            return self._transformed(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Array:
        return self._transformed(self.base_dist.rsample(sample_shape))

    def log_prob(self, value: Array) -> Array:
        y, event_dim, jacobian = self._checked(value), len(self.event_shape), 0.0
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            event_dim += transform.domain.event_dim - transform.codomain.event_dim
            term = transform.log_abs_det_jacobian(x, y)
            jacobian = jacobian - _sum_rightmost(term, event_dim - transform.domain.event_dim)
            y = x
        return jacobian + _sum_rightmost(self.base_dist.log_prob(y), event_dim - len(self.base_dist.event_shape))

    def _rising(self, probability: Array) -> Array:
        """1 - the probability where the transforms fall."""
        sign = ComposeTransform(self.transforms).sign
        return probability if isinstance(sign, int) and sign == 1 else sign * (probability - 0.5) + 0.5

    def cdf(self, value: Array) -> Array:
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        return self._rising(self.base_dist.cdf(value))

    def icdf(self, value: Array) -> Array:
        return self._transformed(self.base_dist.icdf(self._rising(value)))
