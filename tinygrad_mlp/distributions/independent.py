"""Batches of distributions as one distribution of an event of several values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import constraints
from .distribution import Distribution
from .utils import _sum_rightmost

__all__ = ["Independent"]

Array = Any  # a Tensor


class Independent(Distribution):
    """A distribution whose last batch dimensions belong to the event: log probabilities are summed over them.

    Args:
        base_distribution: It.
        reinterpreted_batch_ndims: How many dimensions.
        validate_args: As of every distribution.

    Raises:
        ValueError: There are not so many.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.distributions import Independent, Normal
    >>> m = Independent(Normal(torch.zeros(3), torch.ones(3)), 1)
    >>> m.batch_shape, m.event_shape
    (torch.Size([]), torch.Size([3]))
    """

    arg_constraints: Any = {}

    def __init__(
        self, base_distribution: Distribution, reinterpreted_batch_ndims: int, validate_args: bool | None = None
    ) -> None:
        batch = base_distribution.batch_shape
        if reinterpreted_batch_ndims > len(batch):
            raise ValueError(
                "Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), "
                f"actual {reinterpreted_batch_ndims} vs {len(batch)}"
            )
        self.base_dist: Distribution = base_distribution
        self.reinterpreted_batch_ndims: int = reinterpreted_batch_ndims
        cut = len(batch) - reinterpreted_batch_ndims
        super().__init__(batch[:cut], batch[cut:] + base_distribution.event_shape, validate_args=validate_args)

    has_rsample: Any = property(lambda self: self.base_dist.has_rsample)
    has_enumerate_support: Any = property(
        lambda self: self.base_dist.has_enumerate_support and self.reinterpreted_batch_ndims == 0
    )
    mean: Any = property(lambda self: self.base_dist.mean)
    mode: Any = property(lambda self: self.base_dist.mode)
    variance: Any = property(lambda self: self.base_dist.variance)

    @constraints.dependent_property
    def support(self) -> Any:
        base, dims = self.base_dist.support, self.reinterpreted_batch_ndims
        return constraints.independent(base, dims) if dims else base

    def sample(self, sample_shape: Sequence[int] = ()) -> Array:
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Array:
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value: Array) -> Array:
        return _sum_rightmost(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self) -> Array:
        return _sum_rightmost(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def enumerate_support(self, expand: bool = True) -> Array:
        if self.reinterpreted_batch_ndims > 0:
            raise NotImplementedError("Enumeration over cartesian product is not implemented")
        return self.base_dist.enumerate_support(expand=expand)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_dist}, {self.reinterpreted_batch_ndims})"
