"""PyTorch's ``torch.linalg``: the few of its functions that are about norms, products and factorisations.

Written by tests/stubs.py, do not edit: python -m tests.stubs
"""

from builtins import bool as _bool, float as _float, int as _int
from collections.abc import Callable as _Callable, Iterator as _Iterator, Sequence as _Sequence
from types import EllipsisType as _EllipsisType
from typing import Any as _Any, Literal as _Literal, TypeAlias as _TypeAlias, overload as _overload

import numpy as _np
from numpy.typing import NDArray as _NDArray

from tinygrad_mlp._tensor import RemovableHandle as _RemovableHandle, Size as Size
from tinygrad_mlp.core.graph import Node as _Node, Tensor as Tensor
from tinygrad_mlp.device import device as _device
from tinygrad_mlp.dtypes import dtype as _dtype
from tinygrad_mlp.ops.order import Selected as _Selected
from tinygrad_mlp.ops.random import Generator as Generator
from tinygrad_mlp.ops.factorisations import LinAlgError as LinAlgError

_Number: _TypeAlias = _float | _np.number[_Any] | _np.bool_
_Operand: _TypeAlias = Tensor | _Number | _NDArray[_Any]
_Place: _TypeAlias = _int | slice | _EllipsisType | Tensor | _NDArray[_Any] | list[_Any] | None
_Index: _TypeAlias = _Place | tuple[_Place, ...]

def cholesky(A: Tensor, *, upper: _bool = False) -> Tensor: """The lower triangular L of A = L L^T for a symmetric positive-definite A; or with ``upper`` the U of A = U^T U."""
def cholesky_ex(A: Tensor, *, upper: _bool = False, check_errors: _bool = False) -> _Any: """:func:`linalg.cholesky <linalg_cholesky>` that says in ``info`` for which matrices there is no factor, of which L is arbitrary."""
def matmul(input: Tensor, other: Tensor) -> Tensor: """The matrix product; a vector is a row on the left and a column on the right, leading dimensions broadcast."""
def norm(A: Tensor, ord: _float | str | None = None, dim: _int | _Sequence[_int] | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor: """A matrix norm where ``ord`` is given and the dimensions are two; else :func:`vector_norm`, of order 2 unless given."""
def solve_triangular(A: Tensor, B: Tensor, *, upper: _bool, left: _bool = True, unitriangular: _bool = False) -> Tensor: """The X of A X = B (of X A = B with ``left=False``) for a triangular A, shapes ``(*, n, n), (*, n, k) -> (*, n, k)``."""
def svdvals(input: Tensor) -> Tensor: """The singular values of a matrix, largest first, shapes ``(..., m, n) -> (..., min(m, n))``."""
def vector_norm(x: Tensor, ord: _float = 2, dim: _int | _Sequence[_int] | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor: """(sum |x|^ord)^(1/ord) along ``dim``: the largest |x| for inf, the smallest for -inf, the number of nonzeros for 0."""

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "matmul",
    "norm",
    "solve_triangular",
    "svdvals",
    "vector_norm",
]
