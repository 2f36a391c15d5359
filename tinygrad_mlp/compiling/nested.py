"""Tensors in nested lists, tuples and dicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .._tensor import Tensor, is_tensor
from ..core.graph import wrap

__all__ = ["copied", "mapped", "tensors_of"]


def tensors_of(value: Any) -> Iterator[Tensor]:
    """The tensors in a value, in order."""
    if is_tensor(value):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors_of(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors_of(item)


def mapped(function: Callable[[Tensor], Tensor], value: Any) -> Any:
    """The value with the function of each of its tensors."""
    if is_tensor(value):
        return function(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mapped(function, item) for item in value))
    if isinstance(value, list | tuple):
        return type(value)(mapped(function, item) for item in value)
    if isinstance(value, dict):
        return {key: mapped(function, item) for key, item in value.items()}
    return value


def copied(value: Any, arrays: Iterator[np.ndarray[Any, Any]]) -> Any:
    """A result with copies of these arrays in its tensors; a leaf, such as a parameter, stays the tensor that it is."""

    def of(tensor: Tensor) -> Tensor:
        array = next(arrays)
        return tensor if tensor._node is not None and tensor._node.is_leaf else wrap(array.copy())

    return mapped(of, value)
