"""What a Tensor can do by itself, its history and its gradient. The operations add themselves."""

from __future__ import annotations

from typing import Any

from .apply import node_of
from .backward import backward
from .errors import ArgumentError, GraphError
from .graph import INFERENCE, Tensor, extends_tensor, leaf, settled
from .state import state


@extends_tensor
class _History(Tensor):
    @property
    def requires_grad(self) -> bool:
        """Whether gradients are computed for it. Settable on leaves."""
        if self._cell is not None and "_node" not in self.__dict__:
            return self._cell.tracked()
        return node_of(self) is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Start, or stop, recording what is computed from this leaf; a GraphError where it is none, or holds no floats."""
        if type(requires_grad) is not bool:
            raise ArgumentError(f"requires_grad_(): argument must be bool, not {type(requires_grad).__name__}")
        node = node_of(self)
        if node is not None and not node.is_leaf:
            if requires_grad:
                return self
            raise GraphError(
                "you can only change requires_grad flags of leaf variables: this tensor was computed; use detach()"
            )
        if requires_grad and self._like.dtype.kind != "f":
            raise GraphError(f"only Tensors of floating point dtype can require gradients, got {self._like.dtype}")
        if requires_grad and self._version is INFERENCE and not state.inference:
            raise GraphError("Setting requires_grad=True on inference tensor outside InferenceMode is not allowed")
        settled(self)
        if not requires_grad:
            self._node = None
        elif node is None:
            if self._leaf is None or (self._leaf.shape, self._leaf.dtype) != (self._like.shape, self._like.dtype):
                self._leaf = leaf(self)
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
        return self._grad

    @grad.setter
    def grad(self, value: Any) -> None:
        self._grad = value

    def backward(
        self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False, inputs: Any = None
    ) -> None:
        """Add the gradient of this tensor to the ``.grad`` of every leaf it was computed from.

        Arguments and errors are those of :func:`tinygrad_mlp.autograd.backward`, of one tensor.
        """
        backward(self, gradient, retain_graph, create_graph, inputs)

    @property
    def shape(self) -> Any:
        """The sizes of its dimensions."""
        return self._like.shape
