"""PyTorch's ``torch.linalg``: factorisations, systems of equations, determinants, norms and products, with gradients.

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
def cond(A: Tensor, p: _Any = None) -> Tensor: """The condition number |A| |A^-1|, by the matrix norm of order p; None is 2, the quotient of singular values."""
def cross(input: Tensor, other: Tensor, *, dim: _int = -1) -> Tensor: """The cross product of vectors of three elements along ``dim``, with broadcasting."""
def det(input: Tensor) -> Tensor: """The determinant, shapes ``(*, n, n) -> (*)``; its gradient is that of the cofactors, so there is one for singular matrices, too."""
def diagonal(A: Tensor, *, offset: _int = 0, dim1: _int = -2, dim2: _int = -1) -> Tensor: """:func:`diagonal` of the last two dimensions."""
def eigh(A: Tensor, UPLO: str = 'L') -> _Any: """The eigenvalues, in ascending order, and eigenvectors of a symmetric matrix, of which only one triangle is looked at."""
def eigvalsh(A: Tensor, UPLO: str = 'L') -> Tensor: """The eigenvalues of a symmetric matrix in ascending order, see :func:`eigh`."""
def inv(A: Tensor) -> Tensor: """The inverse, shapes ``(*, n, n) -> (*, n, n)``; :func:`solve` is faster and more exact than to multiply with it."""
def inv_ex(A: Tensor, *, check_errors: _bool = False) -> _Any: """:func:`inv` that says in ``info`` which matrices are singular, in place of whose inverses there is the identity."""
def lstsq(A: Tensor, B: Tensor, rcond: _float | None = None, *, driver: str | None = None) -> _Any: """The X that minimises |A X - B|, of smallest norm where there are several, shapes ``(*, m, n), (*, m, k) -> (*, n, k)``."""
def matmul(input: Tensor, other: Tensor) -> Tensor: """The matrix product; a vector is a row on the left and a column on the right, leading dimensions broadcast."""
def matrix_exp(input: Tensor) -> Tensor: """The matrix exponential sum_k A^k / k!, shapes ``(*, n, n) -> (*, n, n)``."""
def matrix_norm(A: Tensor, ord: _float | str = 'fro', dim: _int | _Sequence[_int] | None = (-2, -1), keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor: """The norm of matrices that :func:`linalg_norm` gives for ``ord``, over two dimensions."""
def matrix_power(input: Tensor, n: _int) -> Tensor: """The n-th power of a square matrix, by repeated squaring; a negative one of its inverse."""
def matrix_rank(A: Tensor, tol: _Any = None, hermitian: _bool = False, *, atol: _Any = None, rtol: _Any = None) -> Tensor: """How many singular values are larger than ``max(atol, rtol * S.max())``, see :func:`pinv`; ``tol`` is an older name of ``atol``."""
def multi_dot(tensors: _Sequence[Tensor]) -> Tensor: """The product of two or more matrices, in the order that takes the fewest multiplications; the first and the last may be vectors."""
def norm(A: Tensor, ord: _float | str | None = None, dim: _int | _Sequence[_int] | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor: """A matrix norm where ``ord`` is given and the dimensions are two; else :func:`vector_norm`, of order 2 unless given."""
def pinv(A: Tensor, rcond: _Any = None, hermitian: _bool = False, *, atol: _Any = None, rtol: _Any = None) -> Tensor: """The pseudoinverse V diag(1/S) U^T, shapes ``(*, m, n) -> (*, n, m)``, where small singular values count as 0."""
def qr(A: Tensor, mode: str = 'reduced') -> _Any: """A = Q R with orthonormal columns in Q and an upper triangular R, shapes ``(*, m, n) -> (*, m, k), (*, k, n)``, k = min(m, n)."""
def slogdet(input: Tensor) -> _Any: """The sign of the determinant and the logarithm of its absolute value, which do not overflow: -inf where it is 0."""
def solve(A: Tensor, B: Tensor, *, left: _bool = True) -> Tensor: """The X of A X = B (of X A = B with ``left=False``), shapes ``(*, n, n), (*, n, k) -> (*, n, k)``; B may be vectors ``(*, n)``."""
def solve_ex(A: Tensor, B: Tensor, *, left: _bool = True, check_errors: _bool = False) -> _Any: """:func:`solve` that says in ``info`` which matrices are singular, whose solutions are arbitrary."""
def solve_triangular(A: Tensor, B: Tensor, *, upper: _bool, left: _bool = True, unitriangular: _bool = False) -> Tensor: """The X of A X = B (of X A = B with ``left=False``) for a triangular A, shapes ``(*, n, n), (*, n, k) -> (*, n, k)``."""
def svd(A: Tensor, full_matrices: _bool = True, *, driver: str | None = None) -> _Any: """A = U diag(S) Vh, singular values largest first, shapes ``(*, m, n) -> (*, m, m), (*, k), (*, n, n)``, k = min(m, n)."""
def svdvals(input: Tensor) -> Tensor: """The singular values of a matrix, largest first, shapes ``(..., m, n) -> (..., min(m, n))``."""
def tensorinv(A: Tensor, ind: _int = 2) -> Tensor: """The inverse of A as a map: its first ``ind`` dimensions are those of what it gives, the others those of what it takes."""
def tensorsolve(A: Tensor, B: Tensor, dims: _Sequence[_int] | None = None) -> Tensor: """The X of ``tensordot(A, X, X.ndim) == B``, where ``dims`` of A are first moved to its end."""
def vander(x: Tensor, *, N: _int | None = None) -> Tensor: """The powers 0, 1, … N - 1 of each element, shapes ``(*, n) -> (*, n, N)``; N is n unless given."""
def vecdot(x: Tensor, y: Tensor, *, dim: _int = -1) -> Tensor: """The inner products sum x y along ``dim``, with broadcasting."""
def vector_norm(x: Tensor, ord: _float = 2, dim: _int | _Sequence[_int] | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor: """(sum |x|^ord)^(1/ord) along ``dim``: the largest |x| for inf, the smallest for -inf, the number of nonzeros for 0."""

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "inv_ex",
    "lstsq",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]
