"""Products of matrices and vectors: what a multi-layer perceptron spends its time in."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array, matrix_product
from ..core.errors import DTypeError, ShapeError
from ..core.graph import Tensor, wrap
from .composite import composite
from .dims import tensor_only
from .shape import expand

__all__ = ["addmm", "bmm", "dot", "einsum", "inner", "matmul", "mm", "mv", "outer", "trace"]


@composite(method=True, operator="matmul", ufunc=np.matmul)
def matmul(input: Array, other: Array) -> Array:
    """The matrix product; a vector is a row on the left and a column on the right, leading dimensions broadcast.

    Shapes ``(..., n, k) @ (..., k, m) -> (..., n, m)``.

    >>> import tinygrad_mlp as torch
    >>> torch.ones(2, 3) @ torch.ones(3)
    tensor([3., 3.])
    """
    if input.ndim == 0 or other.ndim == 0:
        raise ShapeError(
            f"matmul: both arguments need at least 1 dimension, got {input.shape} and {other.shape}; to scale, use *"
        )
    if input.ndim > 1 and other.ndim > 1:
        return matrix_product(input, other)
    if input.ndim == 1 and other.ndim == 1:
        return dot(input, other)
    if input.ndim == 1:
        return matrix_product(input.reshape(1, -1), other).squeeze(-2)
    return matrix_product(input, other.reshape(-1, 1)).squeeze(-1)


@primitive(lambda g, tensor: g * tensor, lambda g, input: g * input, cast="same", method=True)
def dot(input: Array, tensor: Array) -> Array:
    """The inner product sum_i input_i * tensor_i of two vectors, shapes ``(k,), (k,) -> ()``."""
    tensor_only("dot", input=input, tensor=tensor)
    if input.ndim != 1 or input.shape != tensor.shape:
        raise ShapeError(
            f"dot: inconsistent tensor size, expected two 1D tensors of one size, got {input.shape} and {tensor.shape}"
        )
    return np.dot(input, tensor)


def _of_rank(name: str, rank: tuple[int, int], a: Array, b: Array) -> None:
    if (a.ndim, b.ndim) != rank:
        raise ShapeError(
            f"{name}: expected tensors of {rank[0]} and {rank[1]} dimensions, got shapes {a.shape} and {b.shape}; "
            "matmul broadcasts"
        )


@composite(method=True)
def mm(input: Array, mat2: Array) -> Array:
    """The product of two matrices, shapes ``(n, k), (k, m) -> (n, m)``."""
    _of_rank("mm", (2, 2), input, mat2)
    return matrix_product(input, mat2)


@composite(method=True)
def bmm(input: Array, mat2: Array) -> Array:
    """The products of two batches of matrices, shapes ``(b, n, k), (b, k, m) -> (b, n, m)``."""
    _of_rank("bmm", (3, 3), input, mat2)
    if input.shape[0] != mat2.shape[0]:
        raise ShapeError(f"bmm: batch1 and batch2 must have same number of batches, got {input.shape} and {mat2.shape}")
    return matrix_product(input, mat2)


@composite(method=True)
def mv(input: Array, vec: Array) -> Array:
    """A matrix times a vector, shapes ``(n, k), (k,) -> (n,)``."""
    _of_rank("mv", (2, 1), input, vec)
    return matmul(input, vec)


@composite(method=True)
def inner(input: Array, other: Array) -> Array:
    """The sums of products over the last dimensions, shapes ``(*, k), (+, k) -> (*, +)``; scaling by a scalar."""
    if input.ndim == 0 or other.ndim == 0:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise ShapeError(
            f"inner: the last dimensions must be of one size, got {tuple(input.shape)} and {tuple(other.shape)}"
        )
    rows = other.reshape(math.prod(other.shape[:-1]), other.shape[-1])
    return (input @ rows.T).reshape(*input.shape[:-1], *other.shape[:-1])


@composite(method=True)
def outer(input: Array, vec2: Array) -> Array:
    """The products of all pairs, shapes ``(n,), (m,) -> (n, m)``."""
    _of_rank("outer", (1, 1), input, vec2)
    return input.reshape(-1, 1) * vec2


@composite(method=True, in_place=True)
def addmm(input: Array, mat1: Array, mat2: Array, *, beta: float = 1, alpha: float = 1) -> Array:
    """beta * input + alpha * (mat1 @ mat2)."""
    if input.dtype is not mat1.dtype:
        raise DTypeError(f"addmm: expected tensors of one dtype, got {input.dtype} and {mat1.dtype}; cast with .to(dtype)")
    product = mm(mat1, mat2)
    input = expand(input, product.shape)
    product = product if alpha == 1 else product * alpha
    return product if beta == 0 else product + (input if beta == 1 else input * beta)


@composite(method=True)
def trace(input: Array) -> Array:
    """The sum of the diagonal of a matrix."""
    if input.ndim != 2:
        raise ShapeError(f"trace: expected a matrix, but got shape {tuple(input.shape)}")
    return input.diagonal().sum()


def _einsum_input(g: Any, i: int, inputs: Sequence[Any], equation: str) -> Any:
    terms, out = equation.split("->")
    labels = terms.split(",")
    others = [*labels[:i], *labels[i + 1 :]]
    return _einsum(g, *inputs[:i], *inputs[i + 1 :], equation=",".join([out, *others]) + "->" + labels[i])


@primitive(_einsum_input, cast="promote", variadic=True)
def _einsum(*inputs: Array, equation: str = "") -> Array:
    # each label occurs once in its term, and in another term as well (the output counts as one): so the gradient of an
    # input is the product of the output's cotangent with the other inputs, summed to the input's labels
    return np.asarray(np.einsum(equation, *inputs, optimize=True), order="C")


_LETTERS = {chr(ord(first) + i) for first in "aA" for i in range(26)}  # without `string`, which takes time to import


@composite
def einsum(equation: str, *operands: Array) -> Array:
    """The sum of products of elements that the equation spells out, a letter for each dimension.

    ``"ij,jk->ik"`` is the matrix product sum_j a_ij b_jk: elements of one letter go together, letters missing on the right
    are summed over, a letter twice in one term takes the diagonal, and ``...`` stands for any dimensions, broadcast.
    Without ``->``, the result has ``...`` and then the letters that occur once, in alphabetical order.

    >>> import tinygrad_mlp as torch
    >>> torch.einsum("ij,j->i", torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([1.0, 10.0]))
    tensor([21., 43.])

    Raises:
        ShapeError: The equation is not well formed, or does not fit the operands.
    """
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = tuple(operands[0])
    if not operands:
        raise ValueError("einsum(): must specify the equation string and at least one operand")
    terms, output = _labels(equation, [tuple(x.shape) for x in operands])
    factors = [_diagonals(x, term) for x, term in zip(operands, terms, strict=True)]
    sizes: dict[str, int] = {}
    for k, (x, term) in enumerate(factors):
        for label, size in zip(term, x.shape, strict=True):
            if size != 1 and sizes.setdefault(label, size) != size:
                raise ShapeError(
                    f"einsum(): subscript {label} has size {size} for operand {k} which does not broadcast with previously "
                    f"seen size {sizes[label]} in {equation!r}"
                )
    for k, (x, term) in enumerate(factors):  # dimensions of size 1 that others broadcast are left out
        if single := [d for d, label in enumerate(term) if x.shape[d] == 1 != sizes.get(label, 1)]:
            factors[k] = (x.squeeze(tuple(single)), _without(term, single))
    uses = Counter(label for _, term in factors for label in term)
    uses.update(output)
    for k, (x, term) in enumerate(factors):
        if alone := [d for d, label in enumerate(term) if uses[label] == 1]:
            factors[k] = (x.sum(tuple(alone)), _without(term, alone))
    if len(factors) == 1:
        x, term = factors[0]
        return x.permute(tuple(map(term.index, output)))
    return _einsum(*(x for x, _ in factors), equation=",".join(term for _, term in factors) + "->" + output)


def _without(term: str, dims: Sequence[int]) -> str:
    return "".join(label for d, label in enumerate(term) if d not in dims)


def _diagonals(x: Any, term: str) -> tuple[Any, str]:
    """The operand with each label once: on the diagonal of the dimensions that share one."""
    for label in dict.fromkeys(term):
        while term.count(label) > 1:
            pair = [d for d, other in enumerate(term) if other == label][:2]
            if x.shape[pair[0]] != x.shape[pair[1]]:
                raise ShapeError(
                    f"einsum(): subscript {label} is repeated but the sizes don't match, "
                    f"{x.shape[pair[0]]} != {x.shape[pair[1]]}"
                )
            x, term = x.diagonal(0, *pair), _without(term, pair) + label
    return x, term


def _labels(equation: str, shapes: Sequence[tuple[int, ...]]) -> tuple[list[str], str]:
    """The labels of each operand and of the output, with a letter of its own for each dimension that ``...`` stands for."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    for part in (*terms, right):
        if rest := set(part.replace("...", "", 1)) - _LETTERS:
            raise ShapeError(
                f"einsum(): invalid subscript {sorted(rest)} in {equation!r}; subscripts must be in [a-zA-Z], with "
                "at most one ellipsis (...) an operand"
            )
    if len(terms) != len(shapes):
        few = "fewer" if len(shapes) < len(terms) else "more"
        raise ShapeError(
            f"einsum(): {few} operands were provided than specified in the equation: {len(shapes)} for {equation!r}"
        )
    unnamed = [len(shape) - len(term.replace("...", "")) for term, shape in zip(terms, shapes, strict=True)]
    for k, (term, count) in enumerate(zip(terms, unnamed, strict=True)):
        if count < 0 or (count and "..." not in term):
            raise ShapeError(
                f"einsum(): the number of subscripts in {term!r} of the equation {equation!r} does not match the number of "
                f"dimensions ({len(shapes[k])}) for operand {k}"
            )
    free = "".join(sorted(_LETTERS - set(equation)))[: max(unnamed)]
    full = [term.replace("...", free[len(free) - n :]) for term, n in zip(terms, unnamed, strict=True)]
    named = Counter(left.replace("...", "").replace(",", ""))
    if not arrow:
        return full, free + "".join(sorted(label for label, count in named.items() if count == 1))
    for label, count in Counter(right.replace("...", "")).items():
        if count > 1 or label not in named:
            wrong = "appears more than once in the output" if count > 1 else "does not appear in any input operand"
            raise ShapeError(f"einsum(): output subscript {label} {wrong} in {equation!r}")
    return full, right.replace("...", free)


# ------------------------------------------------------------------------------------------------- singular values
# A = U diag(s) V^T of (..., m, n), with k = min(m, n) singular values s, largest first. U, s and V are an operation
# each, so that the rule of each can be written with all three, and differentiated again. Rules: Townsend,
# "Differentiating the Singular Value Decomposition" (2016); they divide by s_j^2 - s_i^2, and so are for distinct values.


def _twist(w: Any, s: Any) -> Any:
    """(w_ij - w_ji) / (s_j^2 - s_i^2) off the diagonal, 0 on it: how an orthonormal basis turns."""
    eye = np.eye(s.shape[-1], dtype=(s._data if isinstance(s, Tensor) else s).dtype)
    identity: Any = wrap(eye) if isinstance(s, Tensor) else eye
    squares = s * s
    return (w - w.mT) / (squares[..., None, :] - squares[..., :, None] + identity)  # 0 / 1 on the diagonal


def _left_slope(g: Any, input: Any) -> Any:
    u, s, v = _left_vectors(input), svdvals(input), _right_vectors(input)
    w = u.mT @ g
    return u @ (_twist(w, s) * s[..., None, :]) @ v.mT + (g - u @ w) @ (v / s[..., None, :]).mT


def _right_slope(g: Any, input: Any) -> Any:
    u, s, v = _left_vectors(input), svdvals(input), _right_vectors(input)
    w = v.mT @ g
    return u @ (_twist(w, s) * s[..., :, None]) @ v.mT + (u / s[..., None, :]) @ (g - v @ w).mT


@primitive(_left_slope)
def _left_vectors(input: Array) -> Array:
    return np.linalg.svd(input, full_matrices=False)[0]


@primitive(_right_slope)
def _right_vectors(input: Array) -> Array:
    return np.linalg.svd(input, full_matrices=False)[2].mT


@primitive(lambda g, input: (_left_vectors(input) * g[..., None, :]) @ _right_vectors(input).mT, cast="float")
def svdvals(input: Array) -> Array:
    """The singular values of a matrix, largest first, shapes ``(..., m, n) -> (..., min(m, n))``.

    >>> import tinygrad_mlp as torch
    >>> torch.linalg.svdvals(torch.tensor([[3.0, 0.0], [0.0, -4.0]]))
    tensor([4., 3.])

    Raises:
        ShapeError: It is not a matrix, or a batch of them.
    """
    return np.linalg.svd(input, compute_uv=False)
