"""Systems of linear equations, inverses, determinants, and functions of square matrices."""
# ruff: noqa: N803 - PyTorch's names of arguments

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array, zeros_of
from ..core.errors import ShapeError
from ..core.graph import Tensor, wrap
from .choosing import where
from .composite import composite
from .factorisations import LinAlgError, in_batch, matrices
from .inplace import copy
from .places import slice_

__all__ = ["det", "inverse", "logdet", "matrix_exp", "matrix_power", "slogdet"]


def identity(like: Array) -> Array:
    """The identity matrix of the last size of a tensor, in its dtype."""
    return wrap(np.eye(like.shape[-1], dtype=like._like.dtype))


# ---------------------------------------------------------------------------------------------------------------- systems


def _named(error: Exception, call: Any, batch: tuple[int, ...], message: str) -> Exception:
    """What to raise where NumPy met a singular matrix: the message, with its place in the batch."""
    for index in np.ndindex(batch):
        try:
            call(index)
        except np.linalg.LinAlgError:
            start, _, rest = message.partition(": ")
            return LinAlgError(f"{start}: {in_batch(index, batch)}{rest}")
    return error


@primitive(
    lambda g, y, a: -(_solve(a.mT, g) @ y.mT),
    lambda g, a: _solve(a.mT, g),
    cast="same",
)
def _solve(a: Array, b: Array) -> Array:
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError as error:
        message = "torch.linalg.solve: The solver failed because the input matrix is singular."
        raise _named(error, lambda k: np.linalg.solve(a[k], b[k] if b.shape[:-2] else b), a.shape[:-2], message) from None


def as_columns(A: Array, B: Array) -> bool:
    """Whether B is a vector, or a batch of them as large as that of A."""
    return B.ndim == 1 or (A.ndim - 1 == B.ndim and B.shape == A.shape[:-1])


@composite
def solve(A: Array, B: Array, *, left: bool = True) -> Array:
    """The X of A X = B (of X A = B with ``left=False``), shapes ``(*, n, n), (*, n, k) -> (*, n, k)``; B may be vectors ``(*, n)``.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.solve(torch.tensor([[2.0, 0.0], [0.0, 4.0]]), torch.tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])

    Raises:
        LinAlgError: A is singular. ShapeError: They do not fit together.
    """
    name = "linalg.solve"
    matrices(name, A)
    vector = as_columns(A, B)
    right = B.unsqueeze(-1) if vector else matrices(name, B, False, "B")
    if vector and not left:
        raise ShapeError(
            f"{name}: Vector broadcasting of the left hand side is not supported for left=False, got B {B.shape}"
        )
    if A.shape[-1] != right.shape[-2 if left else -1]:
        raise ShapeError(
            f"{name}: Incompatible shapes of A and B for the equation {'AX = B' if left else 'XA = B'}: {tuple(A.shape)} "
            f"and {tuple(B.shape)}"
        )
    x = _solve(A, right) if left else _solve(A.mT, right.mT).mT
    return x.squeeze(-1) if vector else x


@primitive(lambda g, y: -(y.mT @ g @ y.mT))
def _inv(input: Array) -> Array:
    try:
        return np.linalg.inv(input)
    except np.linalg.LinAlgError as error:
        message = "linalg.inv: The inversion could not be completed because the input matrix is singular."
        raise _named(error, lambda k: np.linalg.inv(input[k]), input.shape[:-2], message) from None


@composite
def inv(A: Array) -> Array:
    """The inverse, shapes ``(*, n, n) -> (*, n, n)``; :func:`solve` is faster and more exact than to multiply with it.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.inv(torch.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])

    Raises:
        LinAlgError: A is singular.
    """
    return _inv(matrices("linalg.inv", A))


class InvEx(NamedTuple):
    """The inverse, and 0 where there is one, else the number of the first column that depends on those before it."""

    inverse: Tensor
    info: Tensor


class SolveEx(NamedTuple):
    """The solution, and 0 where there is one, else the number of the first column that depends on those before it."""

    result: Tensor
    info: Tensor


def _regular(A: Array, check_errors: bool) -> tuple[Array, Array]:
    """A with the identity in place of singular matrices, and of each which column is the first that depends on others."""
    values = A._data
    info = np.zeros(values.shape[:-2], np.int32)
    for index in np.ndindex(info.shape) if not check_errors else ():
        if np.linalg.slogdet(values[index])[0] == 0:
            orders = range(1, values.shape[-1] + 1)
            info[index] = next((k for k in orders if np.linalg.matrix_rank(values[index][:, :k]) < k), values.shape[-1])
    singular = wrap((info != 0)[..., None, None])
    return where(singular, identity(A), A) if info.any() else A, wrap(info)


@composite
def inv_ex(A: Array, *, check_errors: bool = False) -> Any:
    """:func:`inv` that says in ``info`` which matrices are singular, in place of whose inverses there is the identity.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.inv_ex(torch.zeros(1, 1)).info
    tensor(1, dtype=tinygrad_mlp.int32)
    """
    regular, info = _regular(matrices("linalg.inv_ex", A), check_errors)
    return InvEx(_inv(regular), info)


@composite
def solve_ex(A: Array, B: Array, *, left: bool = True, check_errors: bool = False) -> Any:
    """:func:`solve` that says in ``info`` which matrices are singular, whose solutions are arbitrary."""
    regular, info = _regular(matrices("linalg.solve_ex", A), check_errors)
    return SolveEx(solve(regular, B, left=left), info)


@composite(method=True)
def inverse(input: Array) -> Array:
    """:func:`linalg.inv <inv>`."""
    return inv(input)


@composite
def tensorinv(A: Array, ind: int = 2) -> Array:
    """The inverse of A as a map: its first ``ind`` dimensions are those of what it gives, the others those of what it takes."""
    shape = tuple(A.shape)
    if ind <= 0:
        raise ShapeError(f"linalg.tensorinv: Expected a strictly positive integer for 'ind', got {ind}")
    rows, columns = math.prod(shape[:ind]), math.prod(shape[ind:])
    if rows != columns:
        raise ShapeError(
            f"linalg.tensorinv: Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), got "
            f"{columns} != {rows}"
        )
    return inv(A.reshape(rows, columns)).reshape((*shape[ind:], *shape[:ind]))


@composite
def tensorsolve(A: Array, B: Array, dims: Sequence[int] | None = None) -> Array:
    """The X of ``tensordot(A, X, X.ndim) == B``, where ``dims`` of A are first moved to its end."""
    if dims is not None:
        A = A.movedim(tuple(dims), tuple(range(-len(dims), 0)))  # noqa: N806 - PyTorch's name
    shape = tuple(A.shape[B.ndim :])
    if math.prod(shape) != B.numel():
        raise ShapeError(
            f"linalg.tensorsolve: Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            f"prod(self.shape[:other.ndim]), but got {math.prod(shape)} != {B.numel()}"
        )
    return solve(A.reshape(B.numel(), -1), B.reshape(-1)).reshape(shape)


# ----------------------------------------------------------------------------------------------------------- determinants


def _cofactors_input(g: Any, input: Any) -> Any:
    inverse = _inv(input).mT
    value = _det(input)[..., None, None]
    return value * ((g * inverse).sum((-2, -1))[..., None, None] * inverse - inverse @ g.mT @ inverse)


@primitive(_cofactors_input)
def _cofactors(input: Array) -> Array:
    # of the singular values: so also where the matrix has no inverse
    u, s, vh = np.linalg.svd(input)
    before = np.cumprod(np.concatenate([np.ones_like(s[..., :1]), s[..., :-1]], -1), -1)
    after = np.cumprod(np.concatenate([np.ones_like(s[..., :1]), s[..., :0:-1]], -1), -1)[..., ::-1]
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return (u * (before * after * sign[..., None])[..., None, :]) @ vh


@primitive(lambda g, input: g[..., None, None] * _cofactors(input))
def _det(input: Array) -> Array:
    return np.linalg.det(input)


@composite(method=True)
def det(input: Array) -> Array:
    """The determinant, shapes ``(*, n, n) -> (*)``; its gradient is that of the cofactors, so there is one for singular matrices, too.

    >>> import tinygrad_mlp as torch
    >>> torch.det(torch.tensor([[2.0, 1.0], [0.0, 3.0]]))
    tensor(6.)
    """
    return _det(matrices("linalg.det", input))


class SlogDet(NamedTuple):
    """The sign of a determinant, and the logarithm of its absolute value."""

    sign: Tensor
    logabsdet: Tensor


@primitive(lambda g, input: zeros_of(input))
def _sign_of_det(input: Array) -> Array:
    return np.linalg.slogdet(input)[0]


@primitive(lambda g, input: g[..., None, None] * _inv(input).mT)
def _logabsdet(input: Array) -> Array:
    return np.linalg.slogdet(input)[1]


@composite(method=True)
def slogdet(input: Array) -> Any:
    """The sign of the determinant and the logarithm of its absolute value, which do not overflow: -inf where it is 0.

    >>> import tinygrad_mlp as torch
    >>> sign, logabsdet = torch.slogdet(torch.tensor([[-1.0, 0.0], [0.0, 1.0]]))
    >>> sign, logabsdet
    (tensor(-1.), tensor(0.))
    """
    matrices("linalg.slogdet", input)
    return SlogDet(_sign_of_det(input), _logabsdet(input))


@composite(method=True)
def logdet(input: Array) -> Array:
    """The logarithm of the determinant: nan where that is negative, -inf where it is 0."""
    sign, value = slogdet(input)
    return where(sign == -1, math.nan, value)


# ---------------------------------------------------------------------------------------------------------------- powers


@composite(method=True)
def matrix_power(input: Array, n: int) -> Array:
    """The n-th power of a square matrix, by repeated squaring; a negative one of its inverse.

    >>> import tinygrad_mlp as torch
    >>> torch.matrix_power(torch.tensor([[1.0, 1.0], [0.0, 1.0]]), 5)
    tensor([[1., 5.],
            [0., 1.]])
    """
    shape = tuple(input.shape)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ShapeError(f"linalg.matrix_power: expected square matrices (or batches of them), got shape {shape}")
    if n == 0:
        return copy(input, identity(input))
    power, result = (inv(input) if n < 0 else input), None
    for bit in reversed(f"{abs(n):b}"):
        if bit == "1":
            result = power if result is None else result @ power
        power = power @ power
    return result.clone() if n == 1 else result  # type: ignore[union-attr] # a number other than 0 has a bit


_PADE = (
    *(64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600),
    *(670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1),
)


def _corner(x: Any, row: int, column: int) -> Any:
    """A quarter of a square matrix."""
    n = x.shape[-1] // 2
    return slice_(x, key=(..., slice(row * n, row * n + n), slice(column * n, column * n + n)))


@primitive(lambda g: _corner(g, 0, 0) + _corner(g, 1, 1), lambda g: _corner(g, 0, 1))
def _blocks(input: Array, other: Array) -> Array:
    # the block matrix [[input, other], [0, input]]
    return np.concatenate([np.concatenate([input, other], -1), np.concatenate([np.zeros_like(input), input], -1)], -2)


def _exp_input(g: Any, input: Any) -> Any:
    # of the block matrix [[A^T, g], [0, A^T]] the exponential has the gradient in its upper right (Mathias, 1996)
    return _corner(_matrix_exp(_blocks(input.mT, g)), 0, 1)


@primitive(_exp_input)
def _matrix_exp(input: Array) -> Array:
    # Higham, "The scaling and squaring method for the matrix exponential revisited" (2005): Padé's approximant of order 13
    if not input.size:
        return np.copy(input)
    a = input.astype(np.float64)
    norm = np.abs(a).sum(-2).max()
    halvings = max(0, math.ceil(math.log2(norm / 5.37))) if 0 < norm < math.inf else 0
    a = a / 2**halvings
    eye, square = np.eye(a.shape[-1]), a @ a
    powers = [eye, square, square @ square, square @ square @ square]
    b = _PADE
    odd = a @ (
        powers[3] @ sum(b[9 + 2 * k] * powers[k + 1] for k in (0, 1, 2)) + sum(b[1 + 2 * k] * powers[k] for k in range(4))
    )
    even = powers[3] @ sum(b[8 + 2 * k] * powers[k + 1] for k in (0, 1, 2)) + sum(b[2 * k] * powers[k] for k in range(4))
    result = np.linalg.solve(even - odd, even + odd)
    for _ in range(halvings):
        result = result @ result
    return result.astype(input.dtype)


@composite(method=True)
def matrix_exp(input: Array) -> Array:
    """The matrix exponential sum_k A^k / k!, shapes ``(*, n, n) -> (*, n, n)``.

    >>> import tinygrad_mlp as torch
    >>> torch.matrix_exp(torch.tensor([[0.0, 1.0], [0.0, 0.0]]))
    tensor([[1., 1.],
            [0., 1.]])
    """
    if input._like.dtype != np.float16:
        matrices("linalg.matrix_exp", input)
    return _matrix_exp(input)
