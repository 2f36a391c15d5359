"""Transforms of vectors and matrices, and of the parts of a tensor."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from typing import Any

from ..dtypes import finfo
from ..ops.activations import logsigmoid, softplus
from ..ops.creation import eye
from ..ops.factorisations import linalg_cholesky
from ..ops.joining import cat, pad, stack
from . import constraints
from .transform import Transform, clipped_sigmoid
from .utils import _sum_rightmost, diagonals, size_of, tril_matrix_to_vec, vec_to_tril_matrix

__all__ = [
    "CatTransform", "CorrCholeskyTransform", "LowerCholeskyTransform", "PositiveDefiniteTransform", "SoftmaxTransform",
    "StackTransform", "StickBreakingTransform",
]  # fmt: skip

Array = Any  # a Tensor


class CorrCholeskyTransform(Transform):
    """Vectors of D (D - 1) / 2 real numbers to the Cholesky factors of D x D correlation matrices: rows of length 1.

    With r = tanh(x), in rows, y_ij = r_ij prod over k < j of sqrt(1 - r_ik^2), and the diagonal has what is left.
    """

    domain: Any = constraints.real_vector
    codomain: Any = constraints.corr_cholesky
    bijective: Any = True

    def _call(self, x: Array) -> Array:
        eps = finfo(x.dtype).eps
        r = vec_to_tril_matrix(x.tanh().clamp(min=-1 + eps, max=1 - eps), diag=-1)
        left = (1 - r * r).sqrt().cumprod(-1)
        return (r + eye(r.shape[-1], dtype=r.dtype)) * pad(left[..., :-1], (1, 0), value=1.0)

    def _inverse(self, y: Array) -> Array:
        left = pad(1 - (y * y).cumsum(-1)[..., :-1], (1, 0), value=1.0)
        t = tril_matrix_to_vec(y, diag=-1) / tril_matrix_to_vec(left, diag=-1).sqrt()
        return (t.log1p() - (-t).log1p()) / 2

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        left = tril_matrix_to_vec(1 - (y * y).cumsum(-1), diag=-2)
        return left.log().sum(-1) / 2 - 2 * (x + softplus(-2 * x) - math.log(2.0)).sum(-1)

    def forward_shape(self, shape: Sequence[int]) -> Any:
        _at_least(shape, 1)
        size = round((0.25 + 2 * shape[-1]) ** 0.5 + 0.5)
        if size * (size - 1) // 2 != shape[-1]:
            raise ValueError("Input is not a flattened lower-diagonal number")
        return size_of(shape[:-1]) + (size, size)

    def inverse_shape(self, shape: Sequence[int]) -> Any:
        _at_least(shape, 2)
        if shape[-2] != shape[-1]:
            raise ValueError("Input is not square")
        return size_of(shape[:-2]) + (shape[-1] * (shape[-1] - 1) // 2,)


def _at_least(shape: Sequence[int], dims: int) -> None:
    if len(shape) < dims:
        raise ValueError("Too few dimensions on input")


class SoftmaxTransform(Transform):
    """y = softmax(x) over the last dimension. Not bijective: x + c has the same y."""

    domain: Any = constraints.real_vector
    codomain: Any = constraints.simplex

    def _call(self, x: Array) -> Array:
        powers = (x - x.max(-1, True)[0]).exp()
        return powers / powers.sum(-1, keepdim=True)

    def _inverse(self, y: Array) -> Array:
        return y.log()

    def forward_shape(self, shape: Sequence[int]) -> Any:
        _at_least(shape, 1)
        return shape

    inverse_shape: Any = forward_shape


class StickBreakingTransform(Transform):
    """n real numbers to n + 1 probabilities: each is the share sigmoid(x_i - log(n + 1 - i)) of what the earlier ones left."""

    domain: Any = constraints.real_vector
    codomain: Any = constraints.simplex
    bijective: Any = True

    @staticmethod
    def _offset(x: Array, count: int) -> Array:
        return (count + 1 - x.new_ones((count,)).cumsum(-1)).log()

    def _call(self, x: Array) -> Array:
        z = clipped_sigmoid(x - self._offset(x, x.shape[-1]))
        return pad(z, (0, 1), value=1.0) * pad((1 - z).cumprod(-1), (1, 0), value=1.0)

    def _inverse(self, y: Array) -> Array:
        first = y[..., :-1]
        rest = (1 - first.cumsum(-1)).clamp(min=finfo(y.dtype).tiny)
        return first.log() - rest.log() + self._offset(y, first.shape[-1])

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        x = x - self._offset(x, x.shape[-1])
        return (-x + logsigmoid(x) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape: Sequence[int]) -> Any:
        _at_least(shape, 1)
        return size_of(shape[:-1]) + (shape[-1] + 1,)

    def inverse_shape(self, shape: Sequence[int]) -> Any:
        _at_least(shape, 1)
        return size_of(shape[:-1]) + (shape[-1] - 1,)


class LowerCholeskyTransform(Transform):
    """Matrices to lower triangular ones with a positive diagonal: its logarithm is x's."""

    domain: Any = constraints.independent(constraints.real, 2)
    codomain: Any = constraints.lower_cholesky

    def _call(self, x: Array) -> Array:
        return x.tril(-1) + diagonals(x.diagonal(0, -2, -1).exp())

    def _inverse(self, y: Array) -> Array:
        return y.tril(-1) + diagonals(y.diagonal(0, -2, -1).log())


class PositiveDefiniteTransform(Transform):
    """Matrices to positive definite ones: L L^T of what :class:`LowerCholeskyTransform` gives."""

    domain: Any = constraints.independent(constraints.real, 2)
    codomain: Any = constraints.positive_definite

    def _call(self, x: Array) -> Array:
        lower = LowerCholeskyTransform()(x)
        return lower @ lower.mT

    def _inverse(self, y: Array) -> Array:
        return LowerCholeskyTransform().inv(linalg_cholesky(y))


class _Parts(Transform):
    """A transform for each part of a tensor along a dimension."""

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        if not all(isinstance(t, Transform) for t in tseq):
            raise AssertionError("All elements of tseq must be Transform instances")
        self.transforms: list[Transform] = [t.with_cache(cache_size) for t in tseq] if cache_size else list(tseq)
        self.dim: int = dim

    @property
    def bijective(self) -> bool:
        return all(t.bijective for t in self.transforms)

    def _split(self, x: Array, count: int) -> Any:
        if not -x.ndim <= self.dim < x.ndim:
            raise AssertionError(f"dim {self.dim} out of range for tensor with {x.ndim} dimensions")
        if x.shape[self.dim] != count:
            raise AssertionError(f"size {x.shape[self.dim]} of dimension {self.dim} must be {count}")
        return x


class CatTransform(_Parts):
    """Transforms of pieces of the given lengths along a dimension."""

    def __init__(
        self, tseq: Sequence[Transform], dim: int = 0, lengths: Sequence[int] | None = None, cache_size: int = 0
    ) -> None:
        super().__init__(tseq, dim, cache_size)
        self.lengths: list[int] = [1] * len(self.transforms) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.transforms):
            raise AssertionError(f"lengths ({len(self.lengths)}) must match transforms ({len(self.transforms)})")

    @property
    def event_dim(self) -> int:
        return max(t.event_dim for t in self.transforms)

    @property
    def length(self) -> int:
        """The size of the dimension."""
        return sum(self.lengths)

    def with_cache(self, cache_size: int = 1) -> Any:
        same = self._cache_size == cache_size
        return self if same else CatTransform(self.transforms, self.dim, self.lengths, cache_size)

    def _pieces(self, x: Array) -> Any:
        return self._split(x, self.length).split(self.lengths, self.dim)

    def _call(self, x: Array) -> Array:
        return cat([t(piece) for t, piece in zip(self.transforms, self._pieces(x))], self.dim)

    def _inverse(self, y: Array) -> Array:
        return cat([t.inv(piece) for t, piece in zip(self.transforms, self._pieces(y))], self.dim)

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        terms = [
            _sum_rightmost(t.log_abs_det_jacobian(a, b), self.event_dim - t.event_dim)
            for t, a, b in zip(self.transforms, self._pieces(x), self._pieces(y))
        ]
        dim = (self.dim - x.ndim if self.dim >= 0 else self.dim) + self.event_dim
        return cat(terms, dim) if dim < 0 else functools.reduce(operator.add, terms)

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)


class StackTransform(_Parts):
    """Transforms of the slices along a dimension."""

    def with_cache(self, cache_size: int = 1) -> Any:
        return self if self._cache_size == cache_size else StackTransform(self.transforms, self.dim, cache_size)

    def _slices(self, x: Array) -> Any:
        return self._split(x, len(self.transforms)).unbind(self.dim)

    def _call(self, x: Array) -> Array:
        return stack([t(piece) for t, piece in zip(self.transforms, self._slices(x))], self.dim)

    def _inverse(self, y: Array) -> Array:
        return stack([t.inv(piece) for t, piece in zip(self.transforms, self._slices(y))], self.dim)

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        slices = zip(self.transforms, self._slices(x), self._slices(y))
        return stack([t.log_abs_det_jacobian(a, b) for t, a, b in slices], self.dim)

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        return constraints.stack([t.domain for t in self.transforms], self.dim)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        return constraints.stack([t.codomain for t in self.transforms], self.dim)
