"""What distributions have in common: parameters of one shape, probabilities and logits, values computed when first asked for."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from .._tensor import Size, Tensor
from ..dtypes import finfo, get_default_dtype
from ..grad_mode import enable_grad
from ..ops.creation import arange, empty, tensor
from ..ops.functions import log1p, sigmoid
from ..ops.normalisation import softmax
from ..ops.shape import broadcast_tensors

__all__ = [
    "broadcast_all", "clamp_probs", "lazy_property", "logits_to_probs", "probs_to_logits", "tril_matrix_to_vec",
    "vec_to_tril_matrix",
]  # fmt: skip

Array = Any  # a Tensor
euler_constant: Final[float] = 0.57721566490153286060


def broadcast_all(*values: Array) -> tuple[Array, ...]:
    """Tensors and numbers as tensors of one shape; numbers get the dtype of the first tensor, or the default one.

    Raises:
        ValueError: Something is neither.
    """
    if not all(isinstance(value, Tensor | int | float) for value in values):
        kinds = ", ".join(type(value).__name__ for value in values)
        raise ValueError(f"Input arguments must all be instances of Number or torch.Tensor, got {kinds}")
    first = next((value.dtype for value in values if isinstance(value, Tensor)), get_default_dtype())
    found = [value if isinstance(value, Tensor) else tensor(value, dtype=first) for value in values]
    return tuple(broadcast_tensors(*found))


def _standard_normal(shape: Sequence[int], dtype: Any, device: Any = None) -> Array:
    """Draws from N(0, 1); as :func:`_sum_rightmost` a name that authors of distributions import from PyTorch, too."""
    return empty(tuple(shape), dtype=dtype, device=device).normal_()


def _sum_rightmost(value: Array, dim: int) -> Array:
    """The sums over the last ``dim`` dimensions."""
    return value.sum(tuple(range(-dim, 0))) if dim else value


def batch_mv(matrix: Array, vector: Array) -> Array:
    """Matrices times vectors, with broadcasting."""
    return (matrix @ vector.unsqueeze(-1)).squeeze(-1)


def diagonals(vector: Array) -> Array:
    """Matrices with these diagonals."""
    places = arange(vector.shape[-1])
    return vector.unsqueeze(-1) * (places == places.unsqueeze(-1)).to(vector.dtype)


def logits_to_probs(logits: Array, is_binary: bool = False) -> Array:
    """The probabilities: the sigmoids of log odds where ``is_binary``, else the softmax over the last dimension."""
    return sigmoid(logits) if is_binary else softmax(logits, -1)


def clamp_probs(probs: Array) -> Array:
    """The probabilities, none nearer to 0 or 1 than the dtype's ``eps``."""
    eps = finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Array, is_binary: bool = False) -> Array:
    """The log odds where ``is_binary``, else the logarithms; finite for 0 and 1, too."""
    clamped = clamp_probs(probs)
    return clamped.log() - log1p(-clamped) if is_binary else clamped.log()


class lazy_property:  # noqa: N801 - PyTorch's name
    """A decorator: what the method gives is computed when first asked for, and then is an attribute of the object."""

    def __init__(self, wrapped: Callable[..., Any]) -> None:
        self.wrapped = wrapped
        functools.update_wrapper(self, wrapped)  # type: ignore[arg-type] # it is no function, but has a name and a docstring, too

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        with enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


def _lower_places(n: int, diag: int) -> Array:
    places = arange(n)
    return places < places.unsqueeze(-1) + (diag + 1)


def tril_matrix_to_vec(mat: Array, diag: int = 0) -> Array:
    """The elements of lower triangles, row by row: ``(*, n, n) -> (*, n (n + 1) / 2)``, from the diagonal ``diag`` down.

    Raises:
        ValueError: The matrix has no such diagonal.
    """
    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}]")
    return mat[..., _lower_places(n, diag)]


def vec_to_tril_matrix(vec: Array, diag: int = 0) -> Array:
    """The lower triangular matrices with these elements, row by row: the inverse of :func:`tril_matrix_to_vec`.

    Raises:
        ValueError: No triangle has that many elements.
    """
    count = vec.shape[-1]
    n = (math.sqrt((1 + 2 * diag) ** 2 + 8 * count + 4 * abs(diag) * (diag + 1)) - (1 + 2 * diag)) / 2
    if abs(round(n) - n) > 1e-9:
        raise ValueError(f"the last dimension has size {count}, which is not that of the lower part of a square matrix")
    mat = vec.new_zeros((*vec.shape[:-1], round(n), round(n)))
    mat[..., _lower_places(round(n), diag)] = vec
    return mat


def size_of(shape: Sequence[int]) -> Size:
    """A shape as a :class:`Size`."""
    return shape if isinstance(shape, Size) else Size(shape)
