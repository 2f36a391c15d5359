"""Running sums, running products, and products over a dimension.

The gradients of products divide nothing, so that zeros need no special case.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array, zeros_of
from ..dtypes import dtype
from .composite import composite
from .dims import along, dim_of
from .joining import pad as pad_with
from .shape import flip, ravel
from .summing import wide
from .sums import accumulated, spread_to

_multiply: Any = np.multiply.reduce  # whose types know `keepdims` as a literal only

__all__ = ["cumprod", "cumsum", "prod"]


def _accumulate(ufunc: np.ufunc, name: str, input: Array, dim: int, wanted: Any) -> Array:
    """The reductions of the elements up to each one along ``dim``, in C order whatever the input's; of floats as float64."""
    dtype = accumulated(input, wanted)
    running = ufunc.accumulate(along(input), dim_of(name, dim, input.ndim), np.float64 if dtype.kind == "f" else dtype)
    return running.astype(dtype, order="C", copy=False).reshape(input.shape)


@primitive(lambda g, dim: flip(cumsum(flip(g, (dim,)), dim), (dim,)), method=True, in_place=True)
def cumsum(input: Array, dim: int, *, dtype: dtype | None = None) -> Array:
    """The sums of the elements up to each one along ``dim``.

    >>> import tinygrad_mlp as torch
    >>> torch.cumsum(torch.tensor([1, 2, 3]), 0)
    tensor([1, 3, 6])
    """
    return _accumulate(np.add, "cumsum", input, dim, dtype)


def _neighbour(x: Any, dim: int, step: int, beyond: float = 1) -> Any:
    """Each element's neighbour along ``dim``: the one before it (step 1) or after it (-1); ``beyond`` the end."""
    if x.ndim == 0:
        return zeros_of(x) + beyond
    behind = (0, 0) * ((x.ndim - 1) - dim % x.ndim)
    return pad_with(x, (*behind, step, -step), value=beyond)


def _recurrence_a(g: Any, y: Any, a: Any, dim: int, step: int) -> Any:
    return _recurrence(_neighbour(a, dim, -step), g, dim, -step) * _neighbour(y, dim, step, 0)


@primitive(_recurrence_a, lambda g, a, dim, step: _recurrence(_neighbour(a, dim, -step), g, dim, -step))
def _recurrence(a: Array, b: Array, dim: int, step: int) -> Array:
    # y_k = a_k y_{k-1} + b_k along dim, or with y_{k+1} where step is -1. Its cotangents h obey the recurrence in the
    # other direction, h_k = a_{k+1} h_{k+1} + g_k: no division, so zeros need no special case, in any order
    y, a = np.array(np.moveaxis(along(b), dim, 0), np.float64), np.moveaxis(along(a), dim, 0)
    order = range(len(y))[::step]
    for previous, k in itertools.pairwise(order):
        y[k] += a[k] * y[previous]
    return np.moveaxis(y, 0, dim).reshape(b.shape).astype(b.dtype, copy=False)


@primitive(
    lambda g, y, input, dim: _recurrence(_neighbour(input, dim, -1), g, dim, -1) * _neighbour(y, dim, 1),
    method=True,
    in_place=True,
)
def cumprod(input: Array, dim: int, *, dtype: dtype | None = None) -> Array:
    """The products of the elements up to each one along ``dim``. Its gradient is right with zeros, too.

    >>> import tinygrad_mlp as torch
    >>> torch.cumprod(torch.tensor([1, 2, 3]), 0)
    tensor([1, 2, 6])
    """
    return _accumulate(np.multiply, "cumprod", input, dim, dtype)


@primitive(
    lambda g, input, dim, keepdim: (
        spread_to(g, input.shape, dim, keepdim) * _before(input, dim) * flip(_before(flip(input, (dim,)), dim), (dim,))
    )
)
def _prod(input: Array, dim: int, keepdim: bool, dtype: dtype | None) -> Array:
    wanted = accumulated(input, dtype)
    return np.asarray(_multiply(input, dim, wide(wanted), keepdims=keepdim)).astype(wanted, copy=False)


def _before(input: Any, dim: int) -> Any:
    """The products of the elements before each one along ``dim``."""
    return cumprod(_neighbour(input, dim, 1), dim)


@composite(method=True, reduces=np.multiply)
def prod(input: Array, dim: int | None = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Array:
    """The product of the elements along ``dim``; of integers as int64.

    The gradient of an element is the product of the others, before it times after it: right with zeros, too.

    >>> import tinygrad_mlp as torch
    >>> x = torch.tensor([2.0, 0.0, 4.0], requires_grad=True)
    >>> torch.prod(x).backward()
    >>> x.grad
    tensor([0., 8., 0.])
    """
    if dim is None:
        return _prod(ravel(input), 0, False, dtype)
    dim = dim_of("prod", dim, input.ndim)
    return _prod(input, dim, keepdim, dtype) if input.ndim else _prod(ravel(input), 0, False, dtype)
