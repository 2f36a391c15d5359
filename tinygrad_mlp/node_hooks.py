"""Hooks on leaves and on nodes of the graph: made when first asked for, so that a graph without hooks knows nothing of them."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core.apply import node_of
from .core.backward import fit
from .core.basics import add
from .core.errors import GraphError
from .core.graph import INFERENCE, Node, Tensor, named, wrap
from .core.state import state
from .ops.inplace import inplace

__all__ = ["after_accumulation", "after_rules", "before_rules", "watched"]

Hooks = dict[int, Callable[..., Any]]
_add_to = inplace(add)


class _Sink:
    """Where a leaf's gradients arrive: adds them to ``.grad`` as the walk back does, and calls the hooks after that.

    To the walk back it is a tensor that has no gradient yet.
    """

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = weakref.ref(tensor)
        self.hooks: Hooks = {}

    def __call__(self) -> _Sink | None:
        return None if self.tensor() is None else self

    @property
    def _node(self) -> Node | None:
        tensor = self.tensor()
        return None if tensor is None else tensor._node

    @property
    def _grad(self) -> None:
        return None

    @_grad.setter
    def _grad(self, g: Tensor) -> None:
        tensor = self.tensor()
        if tensor is None:
            return
        old = tensor._grad
        if old is None:
            tensor._grad = g
        elif state.grad or node_of(old) is not None or old._version is INFERENCE:
            tensor._grad = old + g
        else:
            _add_to(old, g)
        for hook in list(self.hooks.values()):
            hook(tensor)


def _show(node: Node) -> None:
    """Give a node a hook that does nothing, by which compiled steps see that there is another one."""
    node.hooks = {**(node.hooks or {}), -1: lambda g: None}


def after_accumulation(tensor: Tensor) -> Hooks:
    """The hooks that are called with a leaf when a gradient was added to its ``.grad``.

    Raises:
        GraphError: It is no leaf, or requires no gradient.
    """
    node = node_of(tensor)
    if node is None:
        raise GraphError("cannot register a hook on a tensor that doesn't require gradient")
    if not node.is_leaf:
        raise GraphError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    if not isinstance(node.sink, _Sink):
        node.sink = _Sink(tensor)  # type: ignore[assignment] # called like a reference
        _show(node)
    return node.sink.hooks  # type: ignore[union-attr] # it is one


def before_rules(node: Node, hook: Callable[..., Any]) -> tuple[Hooks, Callable[..., Any]]:
    """Where to put a hook that is called with the cotangents of a node's outputs and may replace them, and in what form."""

    def call(g: Tensor) -> Tensor | None:
        replaced = hook((g,))
        return replaced[0] if isinstance(replaced, tuple) else replaced

    node.hooks = {} if node.hooks is None else node.hooks
    return node.hooks, call


_after: weakref.WeakKeyDictionary[Node, Hooks] = weakref.WeakKeyDictionary()


class _Watched(Node):
    """What a node with hooks after its rules does besides."""

    __slots__ = ()

    def vjp(self, g: Any, wanted: set[Node], lift: bool) -> Iterator[tuple[Node, Any]]:
        """Run the rules, then the hooks, which may replace what goes on."""
        found = [
            (parent, fit(c, parent) if parent.op or parent.is_leaf else c) for parent, c in super().vjp(g, wanted, lift)
        ]
        inputs: list[Any] = [None] * len(self.parents)
        places, position = [], -1
        for parent, c in found:
            position = self.parents.index(parent, position + 1)
            places.append(position)
            inputs[position] = c if isinstance(c, Tensor) else wrap(np.asarray(c))
        cotangents = (g if isinstance(g, Tensor) else wrap(np.asarray(g)),)
        for hook in list(_after[self].values()):
            replaced = hook(tuple(inputs), cotangents)
            if replaced is not None:
                inputs = list(replaced) if isinstance(replaced, tuple) else [replaced]
        for position, (parent, _) in zip(places, found, strict=True):
            if inputs[position] is not None:
                yield parent, inputs[position] if lift else inputs[position]._data


_kinds: dict[Any, type[Node]] = {}


def watched(kind: type[Node], also: type[Node] = _Watched) -> type[Node]:
    """The class of the nodes of a kind, by the same name, that do something besides."""
    if (kind, also) not in _kinds:
        _kinds[kind, also] = type(kind.__name__, (also, kind), {"__slots__": ()})
    return _kinds[kind, also]


def after_rules(node: Node) -> Hooks:
    """The hooks that are called with the gradients of a node's inputs and the cotangents of its outputs, and may replace the former.

    At the node of a leaf there is nothing to replace: they are called when the gradient has been added.
    """
    if node.is_leaf:
        tensor = node.sink() if node.sink is not None else None
        if isinstance(tensor, Tensor):
            after_accumulation(tensor)
        assert isinstance(node.sink, _Sink)
        return _Leaf(node.sink.hooks)
    if node not in _after:
        node = named(node)
        node.__class__ = watched(type(node))
        _show(node)
        _after[node] = {}
    return _after[node]


class _Leaf(dict[int, Callable[..., Any]]):
    """The hooks of a leaf, for functions that take gradients of inputs and cotangents."""

    def __init__(self, hooks: Hooks) -> None:
        super().__init__(hooks)
        self.hooks = hooks

    def __setitem__(self, key: int, hook: Callable[..., Any]) -> None:
        self.hooks[key] = lambda tensor: hook((), (tensor.grad,))

    def pop(self, key: int, *default: Any) -> Any:
        """Take a hook off."""
        return self.hooks.pop(key, *default)
