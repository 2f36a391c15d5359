"""The multivariate normal distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ops.creation import eye
from ..ops.factorisations import cholesky_inverse, linalg_cholesky, solve_triangular
from . import constraints
from .distribution import Distribution
from .utils import _standard_normal, batch_mv, lazy_property, size_of

__all__ = ["MultivariateNormal"]

Array = Any  # a Tensor


def mahalanobis(tril: Array, x: Array) -> Array:
    """The squared length of L^-1 x, for lower triangular matrices."""
    return solve_triangular(tril, x.unsqueeze(-1), upper=False).square().sum((-2, -1))


def half_log_det(tril: Array) -> Array:
    """The logarithm of the determinant of a lower triangular matrix, half of that of L L^T."""
    return tril.diagonal(0, -2, -1).log().sum(-1)


def _precision_to_tril(precision: Array) -> Array:
    """The Cholesky factor of the inverse: that of the matrix backwards, backwards and transposed, is L^-1."""
    inverse = linalg_cholesky(precision.flip((-2, -1))).flip((-2, -1)).mT
    return solve_triangular(inverse, eye(precision.shape[-1], dtype=precision.dtype), upper=False)


class MultivariateNormal(Distribution):
    """The normal distribution of vectors.

    Args:
        loc: The mean, ``(*, n)``.
        covariance_matrix, precision_matrix, scale_tril: One of these, ``(*, n, n)``: the covariance, its inverse, or its lower
            triangular Cholesky factor, which costs least.
        validate_args: As of every distribution.

    Raises:
        ValueError: Not exactly one of the matrices, or too few dimensions.

    >>> import tinygrad_mlp as torch
    >>> m = torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))
    >>> m.log_prob(torch.zeros(2))
    tensor(-1.8379)
    """

    arg_constraints: Any = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support: Any = constraints.real_vector
    has_rsample: Any = True
    loc: Any

    def __init__(
        self,
        loc: Array,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.ndim < 1:
            raise ValueError("loc must be at least one-dimensional.")
        matrices = {
            "covariance_matrix": covariance_matrix,
            "scale_tril": scale_tril,
            "precision_matrix": precision_matrix,
        }
        given = {name: matrix for name, matrix in matrices.items() if matrix is not None}
        if len(given) != 1:
            raise ValueError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        ((name, matrix),) = given.items()
        if matrix.ndim < 2:
            raise ValueError(f"{name} must be at least two-dimensional, with optional leading batch dimensions")
        batch = size_of(np.broadcast_shapes(tuple(matrix.shape[:-2]), tuple(loc.shape[:-1])))
        vars(self)[name] = matrix.expand((*batch, -1, -1))
        self.loc = loc.expand((*batch, -1))
        super().__init__(batch, loc.shape[-1:], validate_args=validate_args)
        if name == "scale_tril":
            self._unbroadcasted_scale_tril = matrix
        elif name == "covariance_matrix":
            self._unbroadcasted_scale_tril = linalg_cholesky(matrix)
        else:
            self._unbroadcasted_scale_tril = _precision_to_tril(matrix)

    def _of_batch(self, matrix: Array) -> Array:
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Array:
        """The Cholesky factor of the covariance."""
        return self._of_batch(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Array:
        """The covariance."""
        return self._of_batch(self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT)

    @lazy_property
    def precision_matrix(self) -> Array:
        """The inverse of the covariance."""
        return self._of_batch(cholesky_inverse(self._unbroadcasted_scale_tril))

    mean: Any = property(lambda self: self.loc)
    mode: Any = mean

    @property
    def variance(self) -> Array:
        return self._unbroadcasted_scale_tril.square().sum(-1).expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Array:
        draws = _standard_normal(self._extended_shape(sample_shape), self.loc.dtype)
        return self.loc + batch_mv(self._unbroadcasted_scale_tril, draws)

    def log_prob(self, value: Array) -> Array:
        tril = self._unbroadcasted_scale_tril
        distance = mahalanobis(tril, self._checked(value) - self.loc)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + distance) - half_log_det(tril)

    def entropy(self) -> Array:
        constant = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi))
        return (constant + half_log_det(self._unbroadcasted_scale_tril)).expand(self._batch_shape)
