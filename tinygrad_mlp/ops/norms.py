"""Norms of vectors and matrices, and logsumexp. ``dim`` and ``keepdim`` as in :mod:`.sums`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array, exp
from ..core.basics import cast as cast_to
from ..core.errors import ArgumentError, ShapeError
from ..dtypes import as_dtype, dtype
from .choosing import where
from .comparing import isnan
from .composite import composite
from .dims import Dims, axes_of
from .functions import abs, sign
from .linalg import svdvals
from .order import _largest, _smallest, amax, amin
from .summing import narrowed, total, widened
from .sums import floating, spread_to, sum

# NumPy's stubs know `keepdims` as a literal only.
_maximum: Any = np.maximum.reduce

__all__ = ["logsumexp", "norm"]


@primitive(
    lambda g, y, input, dim, keepdim: (
        spread_to(g, input.shape, dim, keepdim) * exp(input - spread_to(y, input.shape, dim, keepdim))
    ),
    cast="float",
    method=True,
)
def logsumexp(input: Array, dim: Dims, keepdim: bool = False) -> Array:
    """log(sum exp(x)) along ``dim``, computed as m + log(sum exp(x - m)) with the largest element m: no overflow.

    >>> import tinygrad_mlp as torch
    >>> torch.logsumexp(torch.tensor([1000.0, 1000.0]), 0)
    tensor(1000.6932)
    """
    axes = axes_of("logsumexp", dim, input.ndim)
    x = widened(input)
    most = _maximum(x, axes, keepdims=True, initial=-np.inf)
    most = np.where(np.isfinite(most), most, 0).astype(x.dtype)
    result = narrowed(np.log(total(np.exp(x - most), axes, keepdims=True)) + most, input)
    return result if keepdim or not result.ndim else np.squeeze(result, axes)


def _norm_input(g: Any, y: Any, input: Any, ord: float, dim: Dims, keepdim: bool) -> Any:
    # dy/dx = sign(x) |x|^(p-1) / y^(p-1); 0 where that is undefined, at x = 0 and y = 0
    zero = y == 0
    scale = where(zero, 0.0, g / where(zero, 1.0, y) ** (ord - 1))
    spread = spread_to(scale, input.shape, dim, keepdim)
    if ord == 2:
        return spread * input
    return spread * sign(input) * where(input == 0, 0.0, where(input == 0, 1.0, abs(input)) ** (ord - 1))


@primitive(_norm_input)
def _p_norm(input: Array, ord: float, dim: Dims, keepdim: bool) -> Array:
    axes = axes_of("norm", dim, input.ndim)
    x = widened(input)
    if ord == 2:
        result = np.sqrt(total(x * x, axes, keepdims=keepdim))
    else:
        result = total(np.absolute(x) ** ord, axes, keepdims=keepdim) ** (1 / ord)
    return narrowed(result, input)


@composite
def vector_norm(x: Array, ord: float = 2, dim: Dims = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Array:
    """(sum |x|^ord)^(1/ord) along ``dim``: the largest |x| for inf, the smallest for -inf, the number of nonzeros for 0.

    Where it has no derivative its gradient is a subgradient: 0 at 0, and in equal parts to elements that tie for inf.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.vector_norm(torch.tensor([3.0, -4.0]))
    tensor(5.)

    Raises:
        DTypeError: The elements are integers and no ``dtype`` is given.
    """
    if not isinstance(ord, int | float):
        raise ArgumentError(f"vector_norm(): argument 'ord' must be a number, not {ord!r}")
    floating("vector_norm", x._like, dtype)
    x = x if dtype is None else cast_to(x, dtype=as_dtype(dtype).numpy)
    if math.isinf(ord):
        return (_largest if ord > 0 else _smallest)(abs(x), () if dim is None else dim, keepdim)
    if ord == 0:
        return sum(where(isnan(x), 1.0, abs(sign(x))), dim, keepdim)
    return sum(abs(x), dim, keepdim) if ord == 1 else _p_norm(x, ord, dim, keepdim)


@composite(method=True)
def norm(
    input: Array, p: float | str | None = "fro", dim: Dims = None, keepdim: bool = False, dtype: dtype | None = None
) -> Array:
    """The p-norm of the elements along ``dim`` taken as one vector; ``"fro"`` is 2.

    >>> import tinygrad_mlp as torch
    >>> torch.norm(torch.tensor([[3.0, 0.0], [0.0, 4.0]]), p=1)
    tensor(7.)

    Raises:
        ShapeError: Another name than ``"fro"``.
    """
    if p == "nuc":
        return linalg_norm(input, p, tuple(range(input.ndim)) if dim is None else dim, keepdim, dtype=dtype)
    if isinstance(p, str) and p != "fro":
        raise ShapeError(f"norm(): Order {p} not supported; use 'fro' or a number")
    return vector_norm(input, 2 if p is None or isinstance(p, str) else p, dim, keepdim, dtype=dtype)


def _of_nothing(A: Array, ord: float | str, dims: tuple[int, ...]) -> bool:  # noqa: N803 - PyTorch's name
    """Whether it is the largest of no sums, which is 0."""
    return not isinstance(ord, str) and ord > 0 and 0 in (A.shape[d] for d in dims)


@composite
def linalg_norm(
    A: Array,  # noqa: N803 - PyTorch's name
    ord: float | str | None = None,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
) -> Array:
    """A matrix norm where ``ord`` is given and the dimensions are two; else :func:`vector_norm`, of order 2 unless given.

    Matrix norms: ``"fro"`` sqrt(sum a^2); 1 and -1 the largest and smallest sum of |a| in a column; inf and -inf in a row;
    2 and -2 the largest and smallest singular value, ``"nuc"`` their sum.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.norm(torch.tensor([[1.0, -2.0], [3.0, 4.0]]), 1)
    tensor(6.)

    Raises:
        ShapeError: A matrix norm of other than two dimensions. RuntimeError: There is no such norm.
    """
    dims = tuple(range(A.ndim)) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    if ord is None or (len(dims) == 1 and not isinstance(ord, str)):
        return vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)
    if len(dims) != 2:
        raise ShapeError(
            f"linalg.norm(): ord={ord!r} is of a matrix (or, a number, of a vector), but dim={dim} of shape {tuple(A.shape)} "
            f"are {len(dims)} dimensions; vector_norm takes any"
        )
    if ord == "fro" or _of_nothing(A, ord, dims):
        return vector_norm(A, 2, dims, keepdim, dtype=dtype)
    if ord in (2, -2, "nuc"):
        values = svdvals((A if dtype is None else A.to(dtype)).movedim(dims, (-2, -1)))
        result = sum(values, -1) if ord == "nuc" else (amax if ord == 2 else amin)(values, -1)
        for d in sorted(d % A.ndim for d in dims) if keepdim else ():
            result = result.unsqueeze(d)
        return result
    if ord not in (1, -1, math.inf, -math.inf):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported; use 'fro', 'nuc', 1, -1, 2, -2, inf or -inf")
    sums = vector_norm(A, 1, dims[0] if ord in (1, -1) else dims[1], True, dtype=dtype)
    return (amax if ord > 0 else amin)(sums, dims, keepdim)


@composite
def matrix_norm(
    A: Array,  # noqa: N803 - PyTorch's name
    ord: float | str = "fro",
    dim: Dims = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
) -> Array:
    """The norm of matrices that :func:`linalg_norm` gives for ``ord``, over two dimensions."""
    dims = dim if isinstance(dim, tuple | list) else (dim,)
    if len(dims) != 2:
        raise ShapeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim}")
    if A.ndim < 2:
        raise ShapeError(
            f"linalg.matrix_norm: The input tensor A must have at least 2 dimensions, got shape {tuple(A.shape)}"
        )
    return linalg_norm(A, ord, dims, keepdim, dtype=dtype)
