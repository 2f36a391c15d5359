"""Invertible functions with the logarithm of their Jacobian's determinant, from which distributions are made of others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._tensor import Size, Tensor
from ..dtypes import finfo
from ..ops.activations import softplus
from ..ops.creation import full_like
from . import constraints
from .transform import (
    ComposeTransform,
    IndependentTransform,
    ReshapeTransform,
    Transform,
    clipped_sigmoid,
    identity_transform,
    widened,
)
from .utils import _sum_rightmost, broadcast_all, lazy_property
from .vector_transforms import (
    CatTransform,
    CorrCholeskyTransform,
    LowerCholeskyTransform,
    PositiveDefiniteTransform,
    SoftmaxTransform,
    StackTransform,
    StickBreakingTransform,
)

__all__ = [
    "AbsTransform", "AffineTransform", "CatTransform", "ComposeTransform", "CorrCholeskyTransform",
    "CumulativeDistributionTransform", "ExpTransform", "IndependentTransform", "LowerCholeskyTransform",
    "PositiveDefiniteTransform", "PowerTransform", "ReshapeTransform", "SigmoidTransform", "SoftmaxTransform",
    "SoftplusTransform", "StackTransform", "StickBreakingTransform", "TanhTransform", "Transform", "identity_transform",
]  # fmt: skip

Array = Any  # a Tensor


class ExpTransform(Transform):
    """y = e^x."""

    domain: Any = constraints.real
    codomain: Any = constraints.positive
    bijective: Any = True
    sign: Any = 1

    def _call(self, x: Array) -> Array:
        return x.exp()

    def _inverse(self, y: Array) -> Array:
        return y.log()

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        return x


class _Broadcasting(Transform):
    """A transform with parameters, whose shape the result has, too."""

    def forward_shape(self, shape: Sequence[int]) -> Any:
        return Size(np.broadcast_shapes(tuple(shape), *(tuple(getattr(p, "shape", ())) for p in self._state())))

    inverse_shape: Any = forward_shape


class PowerTransform(_Broadcasting):
    """y = x^exponent, for x > 0."""

    domain: Any = constraints.positive
    codomain: Any = constraints.positive
    bijective: Any = True

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.exponent: Any = broadcast_all(exponent)[0]

    def _state(self) -> Any:
        return (self.exponent,)

    @lazy_property
    def sign(self) -> Any:
        return self.exponent.sign()

    def _call(self, x: Array) -> Array:
        return x.pow(self.exponent)

    def _inverse(self, y: Array) -> Array:
        return y.pow(1 / self.exponent)

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        return (self.exponent * y / x).abs().log()


class SigmoidTransform(Transform):
    """y = 1 / (1 + e^-x), never 0 or 1."""

    domain: Any = constraints.real
    codomain: Any = constraints.unit_interval
    bijective: Any = True
    sign: Any = 1

    def _call(self, x: Array) -> Array:
        return clipped_sigmoid(x)

    def _inverse(self, y: Array) -> Array:
        limits = finfo(y.dtype)
        y = y.clamp(min=limits.tiny, max=1.0 - limits.eps)
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        return -softplus(-x) - softplus(x)


class SoftplusTransform(Transform):
    """y = log(1 + e^x)."""

    domain: Any = constraints.real
    codomain: Any = constraints.positive
    bijective: Any = True
    sign: Any = 1

    def _call(self, x: Array) -> Array:
        return softplus(x)

    def _inverse(self, y: Array) -> Array:
        return (-(-y).expm1()).log() + y

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        return -softplus(-x)


class TanhTransform(Transform):
    """y = tanh(x). At -1 and 1 the inverse is infinite: with ``cache_size=1`` it is the x that y came from."""

    domain: Any = constraints.real
    codomain: Any = constraints.interval(-1.0, 1.0)
    bijective: Any = True
    sign: Any = 1

    def _call(self, x: Array) -> Array:
        return x.tanh()

    def _inverse(self, y: Array) -> Array:
        return (y.log1p() - (-y).log1p()) / 2

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        """log(1 - tanh^2 x) = 2 (log 2 - x - softplus(-2x)), which does not cancel."""
        return 2.0 * (math.log(2.0) - x - softplus(-2.0 * x))


class AbsTransform(Transform):
    """y = abs(x), whose inverse gives the positive one of both."""

    domain: Any = constraints.real
    codomain: Any = constraints.positive

    def _call(self, x: Array) -> Array:
        return x.abs()

    def _inverse(self, y: Array) -> Array:
        return y


class AffineTransform(_Broadcasting):
    """y = loc + scale x.

    Args:
        loc, scale: Numbers or tensors.
        event_dim: How many dimensions events have.
        cache_size: As of every transform.
    """

    bijective: Any = True

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.loc: Any = loc
        self.scale: Any = scale
        self._event_dim = event_dim

    def _state(self) -> Any:
        return (self.loc, self.scale)

    @property
    def event_dim(self) -> int:
        return self._event_dim

    domain: Any = constraints.dependent_property(lambda self: widened(constraints.real, self.event_dim), is_discrete=False)
    codomain: Any = constraints.dependent_property(lambda self: widened(constraints.real, self.event_dim), is_discrete=False)

    @property
    def sign(self) -> Any:
        scale = self.scale
        return scale.sign() if isinstance(scale, Tensor) else int(scale > 0) - int(scale < 0)

    def _call(self, x: Array) -> Array:
        return self.loc + self.scale * x

    def _inverse(self, y: Array) -> Array:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        scale = self.scale
        result = scale.abs().log() if isinstance(scale, Tensor) else full_like(x, math.log(abs(scale)))
        return _sum_rightmost(result.expand(x.shape), self.event_dim)


class CumulativeDistributionTransform(Transform):
    """y = the distribution function of a distribution: uniform in [0, 1] where x is drawn from it.

    Args:
        distribution: It, of numbers.
        cache_size: As of every transform.
    """

    bijective: Any = True
    codomain: Any = constraints.unit_interval
    sign: Any = 1

    def __init__(self, distribution: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.distribution: Any = distribution

    domain: Any = constraints.dependent_property(lambda self: self.distribution.support, is_discrete=False)

    def _call(self, x: Array) -> Array:
        return self.distribution.cdf(x)

    def _inverse(self, y: Array) -> Array:
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        return self.distribution.log_prob(x)
