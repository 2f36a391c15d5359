"""Tensors that a module registers on assignment: Parameter, which is trained, and Buffer, which is not."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Tensor
from ..core.graph import version_of
from ..dtypes import get_default_dtype
from ..errors import ArgumentError

__all__ = ["Buffer", "Parameter"]


def _share(target: Tensor, data: Tensor | None) -> None:
    """Make ``target`` a leaf over the memory of ``data``; over no elements where it is None."""
    if data is None:
        target._data = np.empty(0, get_default_dtype().numpy)
        return
    if not isinstance(data, Tensor):
        raise ArgumentError(f"{type(target).__name__}() expects a Tensor, got {type(data).__name__}; use tensor(...)")
    target._data = data._data
    target._version = version_of(data)


class Parameter(Tensor):
    """A tensor that is trained: a leaf that requires grad, and is listed by the module it is assigned to.

    It shares the memory of ``data``. Results of operations on it are plain Tensors.

    Args:
        data: The initial values; None for no elements.
        requires_grad: Whether gradients are computed for it.

    Raises:
        ArgumentError: ``data`` is not a Tensor.
        GraphError: ``data`` is not floating-point and ``requires_grad`` is set.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.Parameter(torch.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        _share(self, data)
        self.requires_grad_(requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        return type(self)(self.detach().clone(), self.requires_grad)  # without the gradient, as in PyTorch


class Buffer(Tensor):
    """A tensor that belongs to a module but is not trained, such as a running mean.

    It shares the memory of ``data``. Results of operations on it are plain Tensors.

    Args:
        data: The initial values; None for no elements.
        persistent: Whether the module's ``state_dict()`` has it.

    >>> import tinygrad_mlp as torch
    >>> module = torch.nn.Module()
    >>> module.steps = torch.nn.Buffer(torch.tensor(0))
    >>> module.state_dict()
    {'steps': tensor(0)}
    """

    def __init__(self, data: Tensor | None = None, *, persistent: bool = True) -> None:
        _share(self, data)
        self.persistent = persistent

    def __deepcopy__(self, memo: dict[int, Any]) -> Buffer:
        result: Any = super().__deepcopy__(memo)
        result.persistent = self.persistent
        return result
