"""Products of more than two matrices, of tensors along chosen dimensions, and sums with products."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.basics import Array
from ..core.errors import DTypeError, ShapeError
from .composite import Operation, called, composite
from .dims import dim_of
from .inplace import copy
from .joining import cat
from .linalg import bmm, dot, matmul, mv, outer
from .products import cumprod
from .shape import broadcast_tensors, expand, flip, roll

__all__ = [
    "addbmm", "addmv", "addr", "baddbmm", "chain_matmul", "cross", "ger", "kron", "tensordot", "vander", "vdot",
]  # fmt: skip


def _paired(a: Array, b: Array, dims: Any) -> tuple[list[int], list[int]]:
    """The dimensions of ``a`` and those of ``b`` that are summed over, of ``dims`` as :func:`tensordot` takes it."""
    if hasattr(dims, "tolist"):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise ShapeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.ndim, b.ndim):
            raise ShapeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        dims = range(-dims, 0), range(dims)
    first, second = ([one] if isinstance(one, int) else list(one) for one in (dims if len(dims) == 2 else (dims, dims)))
    if len(first) != len(second):
        raise ShapeError(f"tensordot: both dimension lists should have same length, got {first} and {second}")
    first, second = ([dim_of("tensordot", d, x.ndim) for d in ds] for x, ds in ((a, first), (b, second)))
    return first, second


@composite
def tensordot(a: Array, b: Array, dims: Any = 2) -> Array:
    """The sums of products over dimensions of ``a`` and of ``b``: the last and the first ``dims``, or two lists of them.

    >>> import tinygrad_mlp as torch
    >>> torch.tensordot(torch.ones(2, 3, 4), torch.ones(4, 3, 5), dims=([1, 2], [1, 0])).shape
    torch.Size([2, 5])

    Raises:
        ShapeError: Sizes that do not agree, or lists that are not equally long.
    """
    first, second = _paired(a, b, dims)
    for d, e in zip(first, second, strict=True):
        if a.shape[d] != b.shape[e] and 1 in (a.shape[d], b.shape[e]):
            a, b = (a.sum(d, True, dtype=a.dtype), b) if b.shape[e] == 1 else (a, b.sum(e, True, dtype=b.dtype))
        elif a.shape[d] != b.shape[e]:
            raise ShapeError(
                f"tensordot: contracted dimensions need to match, but first has size {a.shape[d]} in dim {d} and second has "
                f"size {b.shape[e]} in dim {e}"
            )
    kept_a, kept_b = ([d for d in range(x.ndim) if d not in ds] for x, ds in ((a, first), (b, second)))
    summed = math.prod(a.shape[d] for d in first)
    shape = [*(a.shape[d] for d in kept_a), *(b.shape[d] for d in kept_b)]
    rows, columns = (math.prod(x.shape[d] for d in kept) for x, kept in ((a, kept_a), (b, kept_b)))
    left = a.permute([*kept_a, *first]).reshape(rows, summed)
    return matmul(left, b.permute([*second, *kept_b]).reshape(summed, columns)).reshape(shape)


@composite(method=True)
def kron(input: Array, other: Array) -> Array:
    """The Kronecker product: ``other`` times each element of ``input``, laid in blocks.

    >>> import tinygrad_mlp as torch
    >>> torch.kron(torch.tensor([1, 2]), torch.tensor([1, 1]))
    tensor([1, 1, 2, 2])
    """
    ndim = max(input.ndim, other.ndim)
    shapes = [(1,) * (ndim - x.ndim) + tuple(x.shape) for x in (input, other)]
    left, right = (
        [n for pair in (zip(s, (1,) * ndim) if k == 0 else zip((1,) * ndim, s)) for n in pair] for k, s in enumerate(shapes)
    )
    return (input.reshape(left) * other.reshape(right)).reshape([m * n for m, n in zip(*shapes, strict=True)])


@composite(method=True)
def vdot(input: Array, other: Array) -> Array:
    """:func:`dot` of two vectors."""
    return dot(input, other)


@composite
def vecdot(x: Array, y: Array, *, dim: int = -1) -> Array:
    """The inner products sum x y along ``dim``, with broadcasting.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.vecdot(torch.tensor([[1.0, 2.0]]), torch.tensor([3.0, 4.0]))
    tensor([11.])
    """
    return (x * y).sum(dim)


def _cross(name: str, input: Array, other: Array, dim: int) -> Array:
    if input.ndim != other.ndim:
        raise ShapeError(f"{name}: inputs must have the same number of dimensions, got {input.ndim} and {other.ndim}")
    dim = dim_of(name, dim, input.ndim)
    if input.shape[dim] != 3 or other.shape[dim] != 3:
        raise ShapeError(f"{name}: inputs dimension {dim} must have length 3. Got {input.shape[dim]} and {other.shape[dim]}")
    a, b = broadcast_tensors(input, other)
    return roll(a, -1, dim) * roll(b, -2, dim) - roll(a, -2, dim) * roll(b, -1, dim)


@composite(method=True)
def cross(input: Array, other: Array, dim: int | None = None) -> Array:
    """The cross product of vectors of three elements along ``dim``, the first dimension of that size unless given.

    >>> import tinygrad_mlp as torch
    >>> torch.cross(torch.tensor([1, 0, 0]), torch.tensor([0, 1, 0]), dim=0)
    tensor([0, 0, 1])
    """
    if dim is None:
        shape = np.broadcast_shapes(tuple(input.shape), tuple(other.shape))
        if 3 not in shape:
            raise ShapeError(f"cross: no dimension of size 3 in input, of shape {tuple(input.shape)}")
        dim = shape.index(3)
    return _cross("linalg.cross", input, other, dim)


@composite
def linalg_cross(input: Array, other: Array, *, dim: int = -1) -> Array:
    """The cross product of vectors of three elements along ``dim``, with broadcasting."""
    return _cross("linalg.cross", input, other, dim)


def _powers(x: Array, count: int) -> Array:
    ones = x.new_ones((*x.shape, min(count, 1)))
    if count <= 1:
        return ones
    return cat([ones, cumprod(expand(x.unsqueeze(-1), (*x.shape, count - 1)), -1)], -1)


@composite
def linalg_vander(x: Array, *, N: int | None = None) -> Array:  # noqa: N803 - PyTorch's name
    """The powers 0, 1, … N - 1 of each element, shapes ``(*, n) -> (*, n, N)``; N is n unless given.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.vander(torch.tensor([2, 3]), N=3)
    tensor([[1, 2, 4],
            [1, 3, 9]])
    """
    x = x.reshape(1) if x.ndim == 0 else x
    if N is not None and N <= 1:
        raise ShapeError(f"linalg.vander: N must be greater than 1, got {N}")
    return _powers(x.long() if x.dtype.numpy.kind in "biu" else x, x.shape[-1] if N is None else N)


@composite
def vander(x: Array, N: int | None = None, increasing: bool = False) -> Array:  # noqa: N803 - PyTorch's name
    """The powers N - 1, … 1, 0 of each element of a vector, shape ``(n,) -> (n, N)``; from 0 up with ``increasing``."""
    if x.ndim != 1:
        raise ShapeError(f"vander: x must be a one-dimensional tensor, got shape {tuple(x.shape)}")
    if N is not None and N < 0:
        raise ShapeError(f"vander: N must be non-negative, got {N}")
    powers = _powers(x.long() if x.dtype.numpy.kind in "biu" else x, x.shape[0] if N is None else N)
    return powers if increasing else flip(powers, (-1,))


# -------------------------------------------------------------------------------------------------------- chains of matrices


def _cheapest(sizes: Sequence[int]) -> list[list[int]]:
    """Where to cut each part of a chain of matrices, of sizes[k] rows and sizes[k + 1] columns, so that the fewest products are computed."""
    count = len(sizes) - 1
    cost = [[0] * count for _ in range(count)]
    cut = [[0] * count for _ in range(count)]
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            options = [(cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)]
            cost[i][j], cut[i][j] = min(options)
    return cut


@composite
def multi_dot(tensors: Sequence[Array]) -> Array:
    """The product of two or more matrices, in the order that takes the fewest multiplications; the first and the last may be vectors.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.multi_dot([torch.ones(2, 3), torch.ones(3, 4), torch.ones(4)])
    tensor([12., 12.])

    Raises:
        ShapeError: They do not fit together, or there are fewer than two.
    """
    given = list(tensors)
    if len(given) < 2:
        raise ShapeError(f"multi_dot(): expected at least 2 tensors but got {len(given)}")
    for k, x in enumerate(given):
        if x.ndim not in ((1, 2) if k in (0, len(given) - 1) else (2,)):
            raise ShapeError(
                f"multi_dot(): tensor {k} must be {'1D or 2D' if k in (0, len(given) - 1) else '2D'} but got {x.ndim}D"
            )
    row, column = given[0].ndim == 1, given[-1].ndim == 1
    matrices = [given[0].unsqueeze(0) if row else given[0], *given[1:-1], given[-1].unsqueeze(-1) if column else given[-1]]
    for k, (a, b) in enumerate(itertools.pairwise(matrices)):
        if a.shape[1] != b.shape[0]:
            raise ShapeError(
                f"multi_dot(): tensors {k} and {k + 1} with shapes {tuple(a.shape)} and {tuple(b.shape)} cannot be multiplied"
            )
    cut = _cheapest([matrices[0].shape[0], *(x.shape[1] for x in matrices)])

    def product(i: int, j: int) -> Any:
        return matrices[i] if i == j else product(i, cut[i][j]) @ product(cut[i][j] + 1, j)

    result = product(0, len(matrices) - 1)
    result = result.squeeze(0) if row else result
    return result.squeeze(-1) if column else result


@composite
def chain_matmul(*matrices: Array) -> Array:
    """:func:`linalg.multi_dot <multi_dot>` of matrices, each an argument."""
    given = matrices[0] if len(matrices) == 1 and isinstance(matrices[0], list | tuple) else matrices
    if not given:
        raise ShapeError("chain_matmul(): Expected one or more matrices")
    return given[0] if len(given) == 1 else multi_dot(given)


# ------------------------------------------------------------------------------------------------------- sums with products


def _sum_with(name: str, product: Any, doc: str) -> Operation:
    """beta * input + alpha * product, an operation."""

    def forward(input: Array, first: Array, second: Array, *, beta: float = 1, alpha: float = 1) -> Array:
        if not input.dtype is first.dtype is second.dtype:
            raise DTypeError(
                f"{name}: expected tensors of one dtype, got {input.dtype}, {first.dtype} and {second.dtype}; cast with .to(dtype)"
            )
        if input._like.dtype.kind != "f" and (isinstance(beta, float) or isinstance(alpha, float)):
            if name == "addr":
                raise DTypeError(
                    "addr: For integral input tensors, argument beta and alpha must not be floating point numbers"
                )
            beta, alpha = int(beta), int(alpha)
        result = product(first, second)
        start = expand(input, result.shape)
        result = result if alpha == 1 else result * alpha
        whole = copy(start, result) if beta == 0 else result + (start if beta == 1 else start * beta)
        return whole.to(input.dtype)

    return composite(called(forward, __name__, name, doc), method=True, in_place=True)


baddbmm: Operation = _sum_with("baddbmm", bmm, "beta * input + alpha * :func:`bmm` of two batches of matrices.")
addbmm: Operation = _sum_with(
    "addbmm",
    lambda a, b: bmm(a, b).sum(0, dtype=a.dtype),
    "beta * input + alpha * the sum of the products of two batches of matrices.",
)
addmv: Operation = _sum_with("addmv", mv, "beta * input + alpha * (matrix @ vector).")
addr: Operation = _sum_with("addr", outer, "beta * input + alpha * :func:`outer` of two vectors.")


@composite(method=True)
def ger(input: Array, vec2: Array) -> Array:
    """:func:`outer` under another name."""
    return outer(input, vec2)
