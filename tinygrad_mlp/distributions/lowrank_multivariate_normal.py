"""The multivariate normal distribution whose covariance is a matrix of low rank and a diagonal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..ops.creation import eye
from ..ops.factorisations import linalg_cholesky, solve_triangular
from ..ops.shape import broadcast_tensors
from . import constraints
from .distribution import Distribution
from .multivariate_normal import half_log_det, mahalanobis
from .utils import _standard_normal, batch_mv, diagonals, lazy_property

__all__ = ["LowRankMultivariateNormal"]

Array = Any  # a Tensor


class LowRankMultivariateNormal(Distribution):
    """The normal distribution of vectors, with the covariance ``cov_factor`` cov_factor^T + diag(``cov_diag``).

    Only matrices of the rank's size are factorised: by the matrix determinant lemma and Woodbury's formula, with the
    capacitance I + W^T D^-1 W.

    Args:
        loc: The mean, ``(*, n)``.
        cov_factor: W, ``(*, n, rank)``.
        cov_diag: D, ``(*, n)``.
        validate_args: As of every distribution.
    """

    arg_constraints: Any = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support: Any = constraints.real_vector
    has_rsample: Any = True
    loc: Any
    cov_factor: Any
    cov_diag: Any

    def __init__(self, loc: Array, cov_factor: Array, cov_diag: Array, validate_args: bool | None = None) -> None:
        if loc.ndim < 1:
            raise ValueError("loc must be at least one-dimensional.")
        event = loc.shape[-1:]
        if cov_factor.ndim < 2:
            raise ValueError("cov_factor must be at least two-dimensional, with optional leading batch dimensions")
        if cov_factor.shape[-2:-1] != event:
            raise ValueError(f"cov_factor must be a batch of matrices with shape {event[0]} x m")
        if cov_diag.shape[-1:] != event:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {event}")
        try:
            wide, self.cov_factor, tall = broadcast_tensors(loc.unsqueeze(-1), cov_factor, cov_diag.unsqueeze(-1))
        except RuntimeError as error:
            shapes = f"loc {loc.shape}, cov_factor {cov_factor.shape}, cov_diag {cov_diag.shape}"
            raise ValueError(f"Incompatible batch shapes: {shapes}") from error
        self.loc, self.cov_diag = wide[..., 0], tall[..., 0]
        self._factor, self._diag = cov_factor, cov_diag  # as given: of fewer matrices, perhaps
        scaled = cov_factor.mT / cov_diag.unsqueeze(-2)
        self._scaled = scaled
        self._capacitance_tril = linalg_cholesky(scaled @ cov_factor + eye(cov_factor.shape[-1], dtype=loc.dtype))
        super().__init__(self.loc.shape[:-1], event, validate_args=validate_args)

    mean: Any = property(lambda self: self.loc)
    mode: Any = mean

    @property
    def variance(self) -> Array:
        return (self._factor.square().sum(-1) + self._diag).expand(self._batch_shape + self._event_shape)

    def _of_batch(self, matrix: Array) -> Array:
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @lazy_property
    def covariance_matrix(self) -> Array:
        """The covariance."""
        return self._of_batch(self._factor @ self._factor.mT + diagonals(self._diag))

    @lazy_property
    def scale_tril(self) -> Array:
        """The Cholesky factor of the covariance."""
        return self._of_batch(linalg_cholesky(self._factor @ self._factor.mT + diagonals(self._diag)))

    @lazy_property
    def precision_matrix(self) -> Array:
        """The inverse of the covariance."""
        a = solve_triangular(self._capacitance_tril, self._scaled, upper=False)
        return self._of_batch(diagonals(self._diag.reciprocal()) - a.mT @ a)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Array:
        shape = self._extended_shape(sample_shape)
        of_factor = _standard_normal((*shape[:-1], self.cov_factor.shape[-1]), self.loc.dtype)
        of_diag = _standard_normal(shape, self.loc.dtype)
        return self.loc + batch_mv(self._factor, of_factor) + self._diag.sqrt() * of_diag

    def log_det(self) -> Array:
        """The logarithm of the covariance's determinant."""
        return 2 * half_log_det(self._capacitance_tril) + self._diag.log().sum(-1)

    def mahalanobis(self, x: Array) -> Array:
        """x^T covariance^-1 x."""
        return (x.square() / self._diag).sum(-1) - mahalanobis(self._capacitance_tril, batch_mv(self._scaled, x))

    def log_prob(self, value: Array) -> Array:
        distance = self.mahalanobis(self._checked(value) - self.loc)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + self.log_det() + distance)

    def entropy(self) -> Array:
        constant = self._event_shape[0] * (1.0 + math.log(2 * math.pi))
        return (0.5 * (constant + self.log_det())).expand(self._batch_shape)
