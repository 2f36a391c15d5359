"""The beta distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ops.joining import stack
from . import constraints
from .dirichlet import Dirichlet
from .exp_family import ExponentialFamily
from .utils import broadcast_all

__all__ = ["Beta"]

Array = Any  # a Tensor


class Beta(ExponentialFamily):
    """A distribution over [0, 1], with the density proportional to x^(concentration1 - 1) (1 - x)^(concentration0 - 1)."""

    arg_constraints: Any = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support: Any = constraints.unit_interval
    has_rsample: Any = True

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        both = broadcast_all(*(float(c) if isinstance(c, int) else c for c in (concentration1, concentration0)))
        self._dirichlet = Dirichlet(stack(both, -1), validate_args=validate_args)
        super().__init__(self._dirichlet.batch_shape, validate_args=validate_args)

    concentration1: Any = property(lambda self: self._dirichlet.concentration[..., 0])
    concentration0: Any = property(lambda self: self._dirichlet.concentration[..., 1])
    mean: Any = property(lambda self: self._dirichlet.mean[..., 0])
    mode: Any = property(lambda self: self._dirichlet.mode[..., 0])
    variance: Any = property(lambda self: self._dirichlet.variance[..., 0])

    def rsample(self, sample_shape: Sequence[int] = ()) -> Array:
        return self._dirichlet.rsample(sample_shape)[..., 0]

    def log_prob(self, value: Array) -> Array:
        value = self._checked(value)
        return self._dirichlet.log_prob(stack([value, 1.0 - value], -1))

    def entropy(self) -> Array:
        return self._dirichlet.entropy()
