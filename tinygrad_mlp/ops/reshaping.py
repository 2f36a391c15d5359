"""A tensor given another shape in place: ``unsqueeze_``, ``t_``, ``resize_`` and their like. No element is written."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.basics import Array
from ..core.errors import ArgumentError, GraphError, InplaceError, ShapeError
from ..core.graph import Tensor, settled, version_of
from ..core.state import state
from .composite import Operation, called, composite
from .dims import sizes_of
from .inplace import refuse_leaf
from .shape import squeeze, t, transpose, unsqueeze

__all__: list[str] = []


def _reshaping(name: str, operation: Callable[..., Any], *names: str) -> Operation:
    """The form in place of an operation that gives a view: the tensor itself becomes that view."""

    def form(input: Array, *args: Any, **params: Any) -> Array:
        refuse_leaf(name, input)
        version = version_of(settled(input))
        if state.follower is not None:
            state.follower.writing(input)
        before: Tensor = object.__new__(Tensor)
        before.__dict__.update(input.__dict__)
        result = operation(before, *args, **params)
        node, data = result._node, result._data
        settled(input)._data, input._node = data, node
        input._view = None if before._view is None else result._view
        input._stamp = version.rebased
        version.reshaped = True  # type: ignore[attr-defined] # views of the former shape cannot be told a new history
        return input

    called(form, __name__, name, f"In-place form of :meth:`{operation.__name__}`: no element is written.")
    return composite(form, method=(name, *names))


unsqueeze_: Operation = _reshaping("unsqueeze_", unsqueeze)
squeeze_: Operation = _reshaping("squeeze_", squeeze)
t_: Operation = _reshaping("t_", t)
transpose_: Operation = _reshaping("transpose_", transpose, "swapaxes_", "swapdims_")


@composite(method=True)
def resize_(input: Array, *sizes: Any, memory_format: Any = None) -> Array:
    """Make the tensor one of other sizes, in place: the elements in order, and any values behind them.

    >>> import tinygrad_mlp as torch
    >>> torch.arange(4).resize_(2, 1)
    tensor([[0],
            [1]])

    Raises:
        GraphError: It requires grad. ShapeError: a size is negative.
    """
    if input.requires_grad:
        raise GraphError("cannot resize variables that require grad; use reshape, or detach() it")
    shape = sizes_of("resize_", sizes[0] if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes)
    if any(size < 0 for size in shape):
        raise ShapeError(f"resize_(): sizes must not be negative, got {list(shape)}")
    if state.follower is not None:
        state.follower.writing(input)
    count, data = math.prod(shape), settled(input)._data
    if count <= data.size and data.flags.c_contiguous:
        input._data = data.reshape(-1)[:count].reshape(shape)
        return input
    fresh = np.zeros(count, data.dtype)
    kept = min(count, data.size)
    fresh[:kept] = data.reshape(-1)[:kept]
    input._data = fresh.reshape(shape)
    return input


@composite(method=True)
def resize_as_(input: Array, the_template: Array, *, memory_format: Any = None) -> Array:
    """:meth:`resize_` to the sizes of another tensor."""
    return resize_(input, the_template.shape)


@composite(method=True)
def set_(input: Array, source: Array) -> Array:
    """Make the tensor share the memory of ``source``, in place.

    Raises:
        ArgumentError: ``source`` is not a tensor. InplaceError: the tensor has a history, or another dtype.
    """
    if not isinstance(source, Tensor):
        raise ArgumentError(f"set_(): argument 'source' must be Tensor, not {type(source).__name__}")
    if input.grad_fn is not None or input.dtype is not source.dtype:
        raise InplaceError("set_(): the tensor must have no history and the dtype of 'source'; detach() it, or cast")
    input.data = source
    return input
