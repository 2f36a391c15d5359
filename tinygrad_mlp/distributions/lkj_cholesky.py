"""The LKJ distribution of correlation matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..dtypes import finfo
from ..grad_mode import no_grad
from ..ops.creation import arange
from ..ops.gamma import lgamma, mvlgamma
from ..ops.random import randn
from . import constraints
from .beta import Beta
from .distribution import Distribution
from .utils import broadcast_all, diagonals

__all__ = ["LKJCholesky"]

Array = Any  # a Tensor


class LKJCholesky(Distribution):
    """Cholesky factors L of correlation matrices, whose density is proportional to det(L L^T)^(concentration - 1).

    D. Lewandowski, D. Kurowicka and H. Joe, "Generating random correlation matrices based on vines and extended onion method",
    Journal of Multivariate Analysis 100 (2009). Draws are made by the onion method: row by row, a uniform direction times a length.

    Args:
        dim: The size of the matrices, at least 2.
        concentration: 1 for all correlation matrices alike, above for those near to the identity.
        validate_args: As of every distribution.
    """

    arg_constraints: Any = {"concentration": constraints.positive}
    support: Any = constraints.corr_cholesky
    concentration: Any

    def __init__(self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None) -> None:
        if dim < 2:
            raise ValueError(f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}.")
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        before = (arange(dim, dtype=self.concentration.dtype) - 1).clamp(min=0)
        rest = (self.concentration + 0.5 * (dim - 2)).unsqueeze(-1) - 0.5 * before
        self._beta = Beta(before + 0.5, rest)
        super().__init__(self.concentration.shape, (dim, dim), validate_args=validate_args)

    def sample(self, sample_shape: Sequence[int] = ()) -> Array:
        with no_grad():
            lengths = self._beta.sample(sample_shape).unsqueeze(-1)
            draws = randn(self._extended_shape(sample_shape), dtype=lengths.dtype).tril(-1)
            squares = draws.square().sum(-1, keepdim=True)
            squares[..., 0, :] = 1.0  # the first row has no direction
            rows = lengths.sqrt() * draws / squares.sqrt()
            return rows + diagonals((1 - rows.square().sum(-1)).clamp(min=finfo(rows.dtype).tiny).sqrt())

    def log_prob(self, value: Array) -> Array:
        n = self.dim - 1
        powers = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - arange(2, self.dim + 1)
        density = (powers * self._checked(value).diagonal(0, -2, -1)[..., 1:].log()).sum(-1)
        alpha = self.concentration + 0.5 * n
        return density - (0.5 * n * math.log(math.pi) + mvlgamma(alpha - 0.5, n) - n * lgamma(alpha))
