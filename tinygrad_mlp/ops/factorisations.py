"""Matrices as products of simpler ones: Cholesky, and what solves triangular systems.

Every function takes a matrix or a batch of them, of float32 or float64. Rules of the factors: Murray, "Differentiation of the
Cholesky decomposition" (2016); Giles, "Collected matrix derivative results for forward and reverse mode" (2008).
"""
# ruff: noqa: N803 - PyTorch's names of arguments

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array
from ..core.errors import DTypeError, ShapeError, TinygradError
from ..core.graph import Tensor, wrap
from .choosing import where
from .composite import composite
from .shape import tril, triu

__all__ = ["cholesky", "cholesky_inverse", "cholesky_solve"]


class LinAlgError(TinygradError, RuntimeError):
    """A matrix that has no such factorisation or inverse: it is singular, or not positive-definite."""


def matrices(name: str, A: Array, square: bool = True, argument: str = "A") -> Array:
    """``A``, if it is a matrix or a batch of them, of float32 or float64.

    Raises:
        ShapeError: It is not. DTypeError: Another dtype. NotImplementedError: float16.
    """
    shape, dtype = tuple(A.shape), A._like.dtype
    if len(shape) < 2:
        raise ShapeError(f"{name}: The input tensor {argument} must have at least 2 dimensions, got shape {shape}")
    if square and shape[-1] != shape[-2]:
        raise ShapeError(
            f"{name}: {argument} must be batches of square matrices, but they are {shape[-2]} by {shape[-1]} matrices"
        )
    if dtype.kind != "f":
        raise DTypeError(f"{name}: Expected a floating point tensor as input, got {A.dtype}; cast with .float()")
    if dtype == np.float16:
        raise NotImplementedError(f"{name} is not implemented for float16; cast with .float()")
    return A


def in_batch(index: tuple[int, ...], batch: tuple[int, ...]) -> str:
    """How an error names the matrix of a batch that it is about."""
    return f"(Batch element {np.ravel_multi_index(index, batch)}): " if batch else ""


# --------------------------------------------------------------------------------------------------- triangular systems

_FEW = 16  # rows that are solved one by one


def _substituted(a: Array, b: Array, unit: bool) -> Array:
    """The solution of a x = b for lower triangular a: the upper half first, which leaves the lower half a smaller system."""
    n = a.shape[-1]
    if n > _FEW:
        half = n // 2
        top = _substituted(a[..., :half, :half], b[..., :half, :], unit)
        rest = b[..., half:, :] - np.matmul(a[..., half:, :half], top)
        return np.concatenate([top, _substituted(a[..., half:, half:], rest, unit)], -2)
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    x = np.array(np.broadcast_to(b, (*batch, *b.shape[-2:])))
    for k in range(n):
        row = x[..., k, :] - np.matmul(a[..., k, None, :k], x[..., :k, :])[..., 0, :]
        x[..., k, :] = row if unit else row / a[..., k, k, None]
    return x


def _triangular_a(g: Any, y: Any, a: Any, upper: bool, unit: bool) -> Any:
    slope = -(_triangular(a.mT, g, not upper, unit) @ y.mT)
    return triu(slope, int(unit)) if upper else tril(slope, -int(unit))


@primitive(_triangular_a, lambda g, a, upper, unit: _triangular(a.mT, g, not upper, unit), cast="same")
def _triangular(a: Array, b: Array, upper: bool = False, unit: bool = False) -> Array:
    # the x of a x = b, where only one triangle of a is looked at
    if not upper:
        return _substituted(a, b, unit)
    return np.ascontiguousarray(_substituted(a[..., ::-1, ::-1], b[..., ::-1, :], unit)[..., ::-1, :])


@composite
def solve_triangular(A: Array, B: Array, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Array:
    """The X of A X = B (of X A = B with ``left=False``) for a triangular A, shapes ``(*, n, n), (*, n, k) -> (*, n, k)``.

    Args:
        A: Only its upper triangle is looked at, or its lower one.
        B: The right-hand sides, as columns.
        upper: Which triangle.
        left: On which side of X it stands.
        unitriangular: Take its diagonal for ones.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.solve_triangular(torch.tensor([[2.0, 0.0], [1.0, 1.0]]), torch.tensor([[2.0], [3.0]]), upper=False)
    tensor([[1.],
            [2.]])

    Raises:
        ShapeError: They do not fit together. A zero on the diagonal is no error: it gives infinities, or nan.
    """
    name = "linalg.solve_triangular"
    matrices(name, A)
    matrices(name, B, False, "B")
    if A.shape[-1] != B.shape[-2 if left else -1]:
        raise ShapeError(
            f"{name}: Incompatible shapes of A and B for the equation {'AX = B' if left else 'XA = B'}: {tuple(A.shape)} "
            f"and {tuple(B.shape)}"
        )
    if left:
        return _triangular(A, B, upper, unitriangular)
    return _triangular(A.mT, B.mT, not upper, unitriangular).mT


# ------------------------------------------------------------------------------------------------------------- Cholesky


def _cholesky_input(g: Any, y: Any) -> Any:
    # Murray: L^-T P(L^T g) L^-1, of which P takes the lower triangle and half the diagonal, made symmetric
    product = y.mT @ g
    half = (tril(product) + tril(product, -1).mT) * 0.5
    return _triangular(y.mT, _triangular(y.mT, half, True).mT, True).mT


def _minor(matrix: Array) -> int:
    """The order of the smallest leading minor that is not positive-definite, 0 if all are."""
    for order in range(1, len(matrix) + 1):
        try:
            np.linalg.cholesky(matrix[:order, :order])
        except np.linalg.LinAlgError:
            return order
    return 0


@primitive(_cholesky_input)
def _cholesky(input: Array) -> Array:
    # the lower factor, of which the upper triangle of the input is not looked at
    try:
        return np.linalg.cholesky(input)
    except np.linalg.LinAlgError:
        batch = input.shape[:-2]
        for index in np.ndindex(batch):
            if order := _minor(input[index]):
                raise LinAlgError(
                    f"linalg.cholesky: {in_batch(index, batch)}The factorization could not be completed because the input "
                    f"is not positive-definite (the leading minor of order {order} is not positive-definite)."
                ) from None
        raise


@composite(method=True)
def cholesky(input: Array, upper: bool = False) -> Array:
    """:func:`linalg.cholesky <linalg_cholesky>`, under its older name."""
    return linalg_cholesky(input, upper=upper)


@composite
def linalg_cholesky(A: Array, *, upper: bool = False) -> Array:
    """The lower triangular L of A = L L^T for a symmetric positive-definite A; or with ``upper`` the U of A = U^T U.

    Only that triangle of A is looked at. Shapes ``(*, n, n) -> (*, n, n)``.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.cholesky(torch.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])

    Raises:
        LinAlgError: A is not positive-definite.
    """
    matrices("linalg.cholesky", A)
    return _cholesky(A.mT).mT if upper else _cholesky(A)


class CholeskyEx(NamedTuple):
    """The factor, and 0 where there is one, else the order of the first leading minor that is not positive-definite."""

    L: Tensor
    info: Tensor


@composite
def cholesky_ex(A: Array, *, upper: bool = False, check_errors: bool = False) -> Any:
    """:func:`linalg.cholesky <linalg_cholesky>` that says in ``info`` for which matrices there is no factor, of which L is arbitrary."""
    matrices("linalg.cholesky_ex", A)
    values = A._data.swapaxes(-1, -2) if upper else A._data
    info = np.zeros(values.shape[:-2], np.int32)
    if not check_errors:
        for index in np.ndindex(info.shape):
            info[index] = _minor(values[index])
    bad = (info != 0)[..., None, None]
    some = where(wrap(bad), wrap(np.eye(values.shape[-1], dtype=values.dtype)), A) if bad.any() else A
    return CholeskyEx(linalg_cholesky(some, upper=upper), wrap(info))


@composite(method=True)
def cholesky_solve(B: Array, L: Array, upper: bool = False) -> Array:
    """The X of A X = B, where L is the Cholesky factor of A, shapes ``(*, n, k), (*, n, n) -> (*, n, k)``.

    >>> import tinygrad_mlp as torch
    >>> torch.cholesky_solve(torch.tensor([[8.0], [9.0]]), torch.tensor([[2.0, 0.0], [1.0, 2.0]]))
    tensor([[1.3750],
            [1.2500]])
    """
    matrices("cholesky_solve", B, False, "B")
    matrices("cholesky_solve", L, True, "L")
    if B.shape[-2] != L.shape[-1]:
        raise ShapeError(
            f"cholesky_solve: Incompatible matrix sizes: the factor is {tuple(L.shape)}, but the right-hand side {tuple(B.shape)}"
        )
    lower = L.mT if upper else L
    return _triangular(lower.mT, _triangular(lower, B), True)


@composite(method=True)
def cholesky_inverse(L: Array, upper: bool = False) -> Array:
    """The inverse of A, of which L is the Cholesky factor, shapes ``(*, n, n) -> (*, n, n)``."""
    matrices("cholesky_inverse", L, True, "L")
    return cholesky_solve(wrap(np.eye(L.shape[-1], dtype=L._like.dtype)), L, upper)
