"""What Python's ``pickle`` and ``copy`` make of a tensor: its memory once, however many tensors view it.

A pickle runs code when it is loaded, so load none that you did not make; ``save`` and ``load`` run none.
"""

from __future__ import annotations

import copyreg
import math
import warnings
from typing import Any

import numpy as np

from .core.apply import node_of
from .core.graph import INFERENCE, Tensor, Version

__all__ = ["attributes_of", "memory_of", "reduced", "within"]

_INTERNAL = {  # what a tensor has, but for attributes that a user gave it
    "_data",
    "_node",
    "_cell",
    "_leaf",
    "_like",
    "_grad",
    "_version",
    "_view",
    "_stamp",
}


def memory_of(array: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any] | None, int, tuple[int, ...]]:
    """The array that owns the memory, and where in it this one begins, in bytes, with its strides.

    None in the place of the owner where it is no block of whole elements that this array goes through forwards.
    """
    owner: Any = array
    while (base := owner.obj if isinstance(owner, memoryview) else getattr(owner, "base", None)) is not None:
        if not isinstance(base, np.ndarray | memoryview):
            break
        owner = base
    offset = 0
    if owner is not array:
        if (
            not isinstance(owner, np.ndarray)
            or owner.dtype == object
            or not (owner.flags.c_contiguous or owner.flags.f_contiguous)
        ):
            return None, 0, ()
        offset = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    elif not (array.flags.c_contiguous or array.flags.f_contiguous):
        return None, 0, ()
    strides = array.strides
    width = array.itemsize
    if offset % width or owner.nbytes % width or any(step < 0 or step % width for step in strides):
        return None, 0, ()
    return owner, offset, strides


def attributes_of(tensor: Tensor) -> dict[str, Any]:
    """The attributes that a user, or its class, gave a tensor."""
    return {name: value for name, value in vars(tensor).items() if name not in _INTERNAL}


def reduced(tensor: Tensor) -> tuple[Any, ...]:
    """What ``pickle`` writes: the memory, the counter of its writes, and how the tensor lies in it. Not the gradient, nor hooks."""
    node = node_of(tensor)
    if node is not None and node.is_leaf and node.hooks:
        warnings.warn("the hooks of a tensor are not pickled with it", UserWarning, stacklevel=3)
    array = tensor._data
    memory, offset, strides = memory_of(array)
    if memory is None:
        memory = np.ascontiguousarray(array)
        offset, strides = 0, memory.strides
    args = (
        type(tensor), memory, None if tensor._version is INFERENCE else tensor._version, array.dtype, array.shape, offset, strides, tensor.requires_grad
    )  # fmt: skip
    attributes = attributes_of(tensor)
    return (rebuilt, args, attributes) if attributes else (rebuilt, args)


def rebuilt(
    kind: Any, memory: Any, version: Version | None, dtype: Any, shape: Any, offset: int, strides: Any, requires_grad: bool
) -> Any:
    """The tensor again."""
    tensor = object.__new__(kind)
    if not memory.flags.writeable:  # it is that of the pickle
        memory = memory.copy()
    tensor._data = within(memory, dtype, shape, offset, strides)
    tensor._version = version
    return tensor.requires_grad_(requires_grad)


def within(memory: np.ndarray[Any, Any], dtype: Any, shape: Any, offset: int, strides: Any) -> np.ndarray[Any, Any]:
    """The array that lies so in the memory; offset and strides in bytes."""
    return np.ndarray(shape, dtype, memory, offset if math.prod(shape) else 0, strides)


copyreg.pickle(Version, lambda version: (Version, ()))  # counts begin anew
