"""What a Tensor can do by itself: its history, its gradient, and its values for Python. The operations add themselves."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .apply import node_of
from .backward import backward
from .errors import ArgumentError, GraphError, ShapeError
from .graph import INFERENCE, AccumulateGrad, Node, Tensor, extends_tensor, version_of, wrap
from .state import state

__all__: list[str] = []


@extends_tensor
class _History(Tensor):
    @property
    def requires_grad(self) -> bool:
        """Whether gradients are computed for it. Settable on leaves."""
        return node_of(self) is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Start, or stop, recording what is computed from this leaf.

        Raises:
            GraphError: It is not a leaf, or its dtype is not a floating-point one.
        """
        node = node_of(self)
        if node is not None and not node.is_leaf:
            if requires_grad:
                return self
            raise GraphError(
                "you can only change requires_grad flags of leaf variables: this tensor was computed; use detach()"
            )
        if requires_grad and self._data.dtype.kind != "f":
            raise GraphError(f"only Tensors of floating point dtype can require gradients, got {self._data.dtype}")
        if requires_grad and self._version is INFERENCE and not state.inference:
            raise GraphError("Setting requires_grad=True on inference tensor outside InferenceMode is not allowed")
        if not requires_grad:
            self._node = None
        elif node is None:
            if self._leaf is None or (self._leaf.shape, self._leaf.dtype) != (self._data.shape, self._data.dtype):
                self._leaf = AccumulateGrad(self)
            self._node = self._leaf
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by the user, not computed from something that requires grad."""
        node = node_of(self)
        return node is None or node.is_leaf

    @property
    def grad(self) -> Any:
        """What ``backward()`` has accumulated in this leaf, of its shape and dtype; None before the first."""
        for observer in state.observers:
            observer.grad_read(self)
        node = node_of(self)
        if self._grad is None and node is not None and node.sink is None:
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed; it is only filled for leaves, "
                "and for tensors on which .retain_grad() was called",
                UserWarning,
                stacklevel=2,
            )
        return self._grad

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise ArgumentError(f"grad: assigned grad expected to be a Tensor or None, got {type(value).__name__}")
            if value is self:
                raise GraphError("grad: can't assign Variable as its own grad")
            expected, got = ((x._data.shape, x._data.dtype) for x in (self, value))
            if expected != got:
                raise ShapeError(
                    f"grad: assigned grad has data of a different size or dtype: got {got[0]} {got[1]}, expected {expected[0]} "
                    f"{expected[1]}"
                )
        for observer in state.observers:
            observer.grad_set(self)
        self._grad = value

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None:
        """Add the gradient of this tensor, which ``gradient`` starts, to the ``.grad`` of every leaf it was computed from.

        As :func:`tinygrad_mlp.autograd.backward` of one tensor: see there for the arguments and the errors.
        """
        backward(self, gradient, retain_graph, create_graph, inputs)

    def detach(self) -> Any:
        """The same memory without the history."""
        for observer in state.observers:
            observer.shared(self)
        result = wrap(self._data)
        result._version = version_of(self)
        return result

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of its dimensions."""
        return self._data.shape
