"""The half-Cauchy distribution."""

from __future__ import annotations

import math
from typing import Any

from ..ops.creation import full_like
from .cauchy import Cauchy
from .half_normal import Folded
from .transforms import AbsTransform

__all__ = ["HalfCauchy"]


class HalfCauchy(Folded):
    """The distribution of abs(x), for x of the Cauchy distribution around 0."""

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(Cauchy(0, scale, validate_args=False), AbsTransform(), validate_args=validate_args)

    mean: Any = property(lambda self: full_like(self.scale, math.inf))
    variance: Any = property(lambda self: self.base_dist.variance)
