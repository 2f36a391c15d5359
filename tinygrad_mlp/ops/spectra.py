"""Orthonormal bases: QR, eigenvalues and singular values, and what is made of them.

Each factorisation is one operation, whose factors are stacked in one array, and whose rule is written with them. Rules: Townsend,
"Differentiating the Singular Value Decomposition" (2016); Walter and Lehmann, "Algorithmic differentiation of linear algebra functions"
(2010); Golub and Pereyra, "The differentiation of pseudo-inverses" (1973). Those of vectors are for distinct values.
"""
# ruff: noqa: N803, N806 - PyTorch's names of arguments, and the field's of factors

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array
from ..core.errors import ArgumentError, ShapeError
from ..core.graph import Tensor, wrap
from .choosing import where
from .composite import composite
from .factorisations import LinAlgError, _triangular, matrices
from .joining import cat
from .linalg import svdvals
from .norms import linalg_norm
from .places import slice_
from .shape import tril
from .solving import as_columns, inv

__all__ = ["pinverse", "qr", "svd"]


def rows(x: Any, start: int | None, stop: int | None) -> Any:
    """Rows of a matrix."""
    return slice_(x, key=(..., slice(start, stop), slice(None)))


def columns(x: Any, start: int | None, stop: int | None) -> Any:
    """Columns of a matrix."""
    return slice_(x, key=(..., slice(start, stop)))


def _plain(x: Any) -> Any:
    return x._data if isinstance(x, Tensor) else x


def _over(x: Any, divisor: Any) -> Any:
    """x / divisor, where 0 / 0 is 0: equal values are no harm to those whose vectors have no gradient."""
    return x / where((x == 0) & (divisor == 0), 1.0, divisor)


def _differences(s: Any) -> Any:
    """s_j - s_i, and 1 on the diagonal."""
    eye = np.eye(s.shape[-1], dtype=_plain(s).dtype)
    return s[..., None, :] - s[..., :, None] + (wrap(eye) if isinstance(s, Tensor) else eye)


# --------------------------------------------------------------------------------------------------------------------- QR


class QR(NamedTuple):
    """The factors."""

    Q: Tensor
    R: Tensor


def _qr_square(gQ: Any, gR: Any, Q: Any, R: Any) -> Any:
    m = R @ gR.mT - gQ.mT @ Q
    symmetric = tril(m) + tril(m, -1).mT
    return _triangular(R, (gQ + Q @ symmetric).mT, True).mT


def _qr_input(g: Any, y: Any, input: Any) -> Any:
    m, n = input.shape[-2:]
    Q, R, gQ, gR = columns(y, None, m).mT, columns(y, m, None), columns(g, None, m).mT, columns(g, m, None)
    if m >= n:
        return _qr_square(gQ, gR, Q, R)
    gV = columns(gR, m, None)  # of the columns that follow the square part, Q^T A
    gX = _qr_square(gQ + columns(input, m, None) @ gV.mT, columns(gR, None, m), Q, columns(R, None, m))
    return gX @ _beside(gX, 0, m, n) + (Q @ gV) @ _beside(gX, m, n - m, n)


def _beside(like: Any, start: int, size: int, n: int) -> Any:
    """The matrix that moves ``size`` columns to the places from ``start`` on among n."""
    eye = np.eye(size, n, start, dtype=_plain(like).dtype)
    return wrap(eye) if isinstance(like, Tensor) else eye


@primitive(_qr_input)
def _qr(input: Array) -> Array:
    Q, R = np.linalg.qr(input, mode="reduced")
    return np.concatenate([Q.mT, R], -1)


@primitive(None)
def _qr_complete(input: Array) -> Array:
    Q, R = np.linalg.qr(input, mode="complete")
    return np.concatenate([Q.mT, R], -1)


@composite
def linalg_qr(A: Array, mode: str = "reduced") -> Any:
    """A = Q R with orthonormal columns in Q and an upper triangular R, shapes ``(*, m, n) -> (*, m, k), (*, k, n)``, k = min(m, n).

    ``mode``: ``"complete"`` for k = m, without a gradient where m > n; ``"r"`` for R alone, with an empty Q.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.qr(torch.tensor([[3.0], [4.0]])).R.abs()
    tensor([[5.]])

    Raises:
        RuntimeError: Another mode.
    """
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode {mode!r} but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    m, n = matrices("linalg.qr", A, False).shape[-2:]
    both = (_qr_complete if mode == "complete" and m > n else _qr)(A)
    Q, R = columns(both, None, m).mT, columns(both, m, None)
    return QR(wrap(np.empty(0, A._like.dtype)), R.detach()) if mode == "r" else QR(Q, R)


@composite(method=True)
def qr(input: Array, some: bool = True) -> Any:
    """:func:`linalg.qr <linalg_qr>` under its older name; ``some=False`` is the mode ``"complete"``."""
    return linalg_qr(input, "reduced" if some else "complete")


# ------------------------------------------------------------------------------------------------------------ eigenvalues


class Eigh(NamedTuple):
    """Eigenvalues in ascending order, and eigenvectors as columns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


def _eigh_input(g: Any, y: Any) -> Any:
    values, V = y[..., 0, :], rows(y, 1, None)
    turn = _over(V.mT @ rows(g, 1, None), _differences(values))
    eye = np.eye(V.shape[-1], dtype=_plain(V).dtype)
    on_diagonal = wrap(eye) if isinstance(V, Tensor) else eye
    return V @ (turn * (1 - on_diagonal) + on_diagonal * g[..., 0, None, :]) @ V.mT


@primitive(_eigh_input)
def _eigh(input: Array, upper: bool) -> Array:
    try:
        values, vectors = np.linalg.eigh(input, "U" if upper else "L")
    except np.linalg.LinAlgError:  # of what is not finite
        values, vectors = np.full(input.shape[:-1], np.nan, input.dtype), np.full_like(input, np.nan)
    return np.concatenate([values[..., None, :], vectors], -2)


def _symmetric(name: str, A: Array, UPLO: str) -> Array:
    """Eigenvalues over eigenvectors of what one triangle says."""
    if UPLO not in ("L", "U", "l", "u"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return _eigh(matrices(name, A), UPLO in "Uu")


@composite
def eigh(A: Array, UPLO: str = "L") -> Any:
    """The eigenvalues, in ascending order, and eigenvectors of a symmetric matrix, of which only one triangle is looked at.

    A = V diag(w) V^T, shapes ``(*, n, n) -> (*, n), (*, n, n)``. An eigenvector is one up to its sign.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.eigh(torch.tensor([[2.0, 1.0], [1.0, 2.0]])).eigenvalues
    tensor([1., 3.])
    """
    both = _symmetric("linalg.eigh", A, UPLO)
    return Eigh(both[..., 0, :], rows(both, 1, None))


@composite
def eigvalsh(A: Array, UPLO: str = "L") -> Array:
    """The eigenvalues of a symmetric matrix in ascending order, see :func:`eigh`."""
    return _symmetric("linalg.eigvalsh", A, UPLO)[..., 0, :]


# -------------------------------------------------------------------------------------------------------- singular values


class SVD(NamedTuple):
    """Left singular vectors as columns, singular values, largest first, and right singular vectors as rows."""

    U: Tensor
    S: Tensor
    Vh: Tensor


class SVDV(NamedTuple):
    """As ``SVD``, with the right singular vectors as columns."""

    U: Tensor
    S: Tensor
    V: Tensor


def _svd_input(g: Any, y: Any, input_shape: tuple[int, ...]) -> Any:
    m, n = input_shape[-2:]
    U, S, V = rows(y, None, m), rows(y, m, m + 1), rows(y, m + 1, None)  # S as a row
    gU, gS, gV = rows(g, None, m), rows(g, m, m + 1), rows(g, m + 1, None)
    u, v = U.mT @ gU, V.mT @ gV
    gaps = _differences((S * S)[..., 0, :])
    eye = np.eye(S.shape[-1], dtype=_plain(S).dtype)
    on_diagonal = wrap(eye) if isinstance(S, Tensor) else eye
    inner = _over(u - u.mT, gaps) * S + S.mT * _over(v - v.mT, gaps) + on_diagonal * gS
    if m > n:
        return (U @ inner + _over(gU - U @ u, S)) @ V.mT
    if n > m:
        return U @ (inner @ V.mT + _over(gV - V @ v, S).mT)
    return U @ inner @ V.mT


def _svd_of(input: Array, full: bool) -> tuple[Array, Array, Array]:
    try:
        U, S, Vh = np.linalg.svd(input, full_matrices=full)
    except np.linalg.LinAlgError:
        raise LinAlgError(
            "linalg.svd: The algorithm failed to converge because the input matrix contained non-finite values."
        ) from None
    return U, S, Vh.mT


@primitive(_svd_input)
def _svd(input: Array) -> Array:
    U, S, V = _svd_of(input, False)
    return np.concatenate([U, S[..., None, :], V], -2)


@primitive(None)
def _svd_rest(input: Array) -> Array:
    # the singular vectors beside those of _svd: a basis of what is left, without a gradient
    U, S, V = _svd_of(input, True)
    k = S.shape[-1]
    return U[..., k:] if U.shape[-1] > k else V[..., k:]


@composite
def linalg_svd(A: Array, full_matrices: bool = True, *, driver: str | None = None) -> Any:
    """A = U diag(S) Vh, singular values largest first, shapes ``(*, m, n) -> (*, m, m), (*, k), (*, n, n)``, k = min(m, n).

    With ``full_matrices=False`` U has k columns and Vh k rows. What is beyond them has no gradient.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.svd(torch.tensor([[3.0, 0.0], [0.0, -4.0]])).S
    tensor([4., 3.])

    Raises:
        LinAlgError: There are values that are not finite.
    """
    if driver is not None:
        raise RuntimeError("linalg.svd: keyword argument `driver=` is only supported on CUDA inputs; leave it out")
    m, n = matrices("linalg.svd", A, False).shape[-2:]
    whole = _svd(A)
    U, S, V = rows(whole, None, m), whole[..., m, :], rows(whole, m + 1, None)
    if full_matrices and m != n:
        rest = _svd_rest(A)
        U, V = (cat([U, rest], -1), V) if m > n else (U, cat([V, rest], -1))
    return SVD(U, S, V.mT)


@composite(method=True)
def svd(input: Array, some: bool = True, compute_uv: bool = True) -> Any:
    """:func:`linalg.svd <linalg_svd>` under its older name: it gives V, not its transpose; ``some=False`` for full matrices."""
    U, S, Vh = linalg_svd(input, not some)
    return SVDV(U, S, Vh.mT) if compute_uv else SVDV(U.detach() * 0, S, Vh.mT.detach() * 0)


def _limit(s: Array, atol: Any, rtol: Any, shape: tuple[int, ...]) -> Array:
    """Below or at which singular values count as 0, one for each matrix."""
    absolute = 0.0 if atol is None else np.asarray(_plain(atol))
    if rtol is None:
        usual = np.finfo(s.dtype).eps * max(shape[-2:])
        relative = np.where(np.asarray(absolute) > 0, 0.0, usual)
    else:
        relative = np.asarray(_plain(rtol))
    largest = s.max(-1, initial=0) if s.ndim else s
    return np.maximum(absolute, relative * largest).astype(s.dtype)[..., None]


def _pinv_input(g: Any, y: Any, input: Any) -> Any:
    left, right = y @ y.mT, y.mT @ y  # P P^T and P^T P
    gt = g.mT @ left
    other = right @ g.mT
    return gt - input @ (y @ gt) + other - (other @ y) @ input - y.mT @ g @ y.mT


@primitive(_pinv_input)
def _pinv(input: Array, atol: Any, rtol: Any) -> Array:
    U, S, V = _svd_of(input, False)
    keep = _limit(S, atol, rtol, input.shape) < S
    inverse = np.where(keep, 1 / np.where(keep, S, 1), 0).astype(S.dtype)
    return (V * inverse[..., None, :]) @ U.mT


@composite
def pinv(A: Array, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Array:
    """The pseudoinverse V diag(1/S) U^T, shapes ``(*, m, n) -> (*, n, m)``, where small singular values count as 0.

    Small are those up to ``max(atol, rtol * S.max())``; ``rtol`` is eps * max(m, n) unless one of them is given; ``rcond`` is an
    older name of it. With ``hermitian`` only the lower triangle is looked at.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.pinv(torch.tensor([[2.0, 0.0], [0.0, 0.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.0000]])
    """
    matrices("linalg.pinv", A, hermitian)
    whole = tril(A) + tril(A, -1).mT if hermitian else A
    return _pinv(whole, atol=_plain(atol), rtol=_plain(rcond if rtol is None else rtol))


@composite(method=True)
def pinverse(input: Array, rcond: float = 1e-15) -> Array:
    """:func:`linalg.pinv <pinv>` under its older name."""
    return pinv(input, rtol=rcond)


@composite
def matrix_rank(A: Array, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Array:
    """How many singular values are larger than ``max(atol, rtol * S.max())``, see :func:`pinv`; ``tol`` is an older name of ``atol``.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.matrix_rank(torch.ones(3, 3))
    tensor(1)
    """
    matrices("linalg.matrix_rank", A, hermitian)
    S = (eigvalsh(A).abs() if hermitian else svdvals(A))._data
    if tol is not None:
        atol, rtol = tol, 0.0
    return wrap(np.asarray((_limit(S, atol, rtol, tuple(A.shape)) < S).sum(-1, dtype=np.int64)))


@composite
def cond(A: Array, p: Any = None) -> Array:
    """The condition number |A| |A^-1|, by the matrix norm of order p; None is 2, the quotient of singular values.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.cond(torch.tensor([[2.0, 0.0], [0.0, 0.5]]))
    tensor(4.)
    """
    matrices("linalg.cond", A, p not in (None, 2, -2))
    if p in (None, 2, -2):
        S = svdvals(A)
        if S.shape[-1] == 0:
            return S.sum(-1)
        return S[..., -1] / S[..., 0] if p == -2 else S[..., 0] / S[..., -1]
    if not isinstance(p, str) and p not in (1, -1, math.inf, -math.inf):
        raise RuntimeError(f"linalg.cond got an invalid norm order: {p}")
    singular = wrap(np.asarray(np.linalg.slogdet(A._data)[0] == 0))
    some = where(singular[..., None, None], wrap(np.eye(A.shape[-1], dtype=A._like.dtype)), A)
    result = linalg_norm(A, p, (-2, -1)) * linalg_norm(inv(some), p, (-2, -1))
    return where(singular, math.inf, result)


class LstSq(NamedTuple):
    """The solution, the sums of squared residuals, the rank and the singular values; what was not computed is empty."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


@composite
def lstsq(A: Array, B: Array, rcond: float | None = None, *, driver: str | None = None) -> Any:
    """The X that minimises |A X - B|, of smallest norm where there are several, shapes ``(*, m, n), (*, m, k) -> (*, n, k)``.

    Args:
        A: The matrices.
        B: The right-hand sides, columns or vectors.
        rcond: Singular values up to ``rcond`` times the largest count as 0; eps * max(m, n) unless given.
        driver: ``"gelsy"``, or ``"gelsd"`` or ``"gelss"``, which give singular values; ``"gels"``, which does not give a rank.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.lstsq(torch.tensor([[1.0], [1.0]]), torch.tensor([[1.0], [3.0]])).solution.round(decimals=4)
    tensor([[2.]])
    """
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(f"linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), got {driver!r}")
    m, n = matrices("linalg.lstsq", A, False).shape[-2:]
    vector = as_columns(A, B)
    right = B.unsqueeze(-1) if vector else B
    if right.ndim < 2 or right.shape[-2] != m:
        raise ShapeError(
            f"linalg.lstsq: input.size(-2) should match other.size(-2), got {tuple(A.shape)} and {tuple(B.shape)}"
        )
    if A.dtype is not B.dtype:
        raise ArgumentError(
            f"linalg.lstsq: expected A and B of one dtype, got {A.dtype} and {B.dtype}; cast with .to(dtype)"
        )
    X = pinv(A, rtol=rcond) @ right
    S = svdvals(A.detach())
    rank = matrix_rank(A, rtol=rcond)
    nothing = X.reshape(-1)[:0]
    full = m > n and driver not in (None, "gelsy") and bool((rank == n).all())
    residuals = ((A @ X - right) ** 2).sum(-2) if full else nothing
    return LstSq(
        X.squeeze(-1) if vector else X,
        residuals,
        wrap(np.empty(0, np.int64)) if driver == "gels" else rank,
        S if driver in ("gelsd", "gelss") else nothing.detach(),
    )
