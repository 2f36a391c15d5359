"""What the graph saves for backward, packed by a function of the user's: kept elsewhere, smaller, or computed again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..core.graph import Node, named, wrap
from ..core.state import Observer, state
from ..errors import ArgumentError
from ..node_hooks import watched

__all__ = ["Packed", "Packing", "packing"]


class Packed:
    """A saved array, as the user's function packed it."""

    def __init__(self, tensor: Tensor, hooks: Packing) -> None:
        self.shape: tuple[int, ...] = tensor._like.shape
        self.dtype: Any = tensor._like.dtype
        self.unpack_hook: Any = hooks.unpack_hook
        self.value: Any = hooks.pack_hook(tensor)

    def array(self) -> np.ndarray[Any, Any]:
        """What it was."""
        tensor = self.unpack_hook(self.value)
        if not isinstance(tensor, Tensor):
            raise ArgumentError(f"Output of saved tensor unpack_hook expected to be a Tensor, got {type(tensor).__name__}")
        return tensor._data


class Packing(Observer):
    """An observer that has what is saved packed: of several, the innermost one."""

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def applied(self, op: Any, args: Any, arrays: Any, params: Any, result: Any) -> None:
        """Pack what the operation's node saved."""
        node = result._node
        if node is None or not node.saved or packing() is not self:
            return
        before = state.observers
        state.observers = tuple(o for o in before if not isinstance(o, Packing))  # what hooks compute is not packed
        try:
            saved = {name: self._packed(value) for name, value in node.saved.items()}
        finally:
            state.observers = before
        if any(map(_is_packed, saved.values())):
            node = named(node)
            node.__class__ = watched(type(node), _Unpacking)
            node.saved, node.versions = saved, []

    def _packed(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return Packed(wrap(value), self)
        return (
            tuple(map(self._packed, value))
            if type(value) is tuple and any(isinstance(v, np.ndarray) for v in value)
            else value
        )


def packing() -> Packing | None:
    """Who packs what is saved in this thread now."""
    return next((o for o in reversed(state.observers) if isinstance(o, Packing)), None)


class _Unpacking(Node):
    """What a node whose saved values are packed does besides."""

    __slots__ = ()

    def vjp(self, g: Any, wanted: set[Node], lift: bool) -> Iterable[tuple[Node, Any]]:
        """Unpack, and run the rules."""
        packed = self.saved
        if packed is not None:
            self.saved = {name: _unpacked(value) for name, value in packed.items()}
        try:
            return list(super().vjp(g, wanted, lift))
        finally:
            self.saved = packed

    def free(self) -> None:
        """Let go of what is packed."""
        self.saved = None


def _unpacked(value: Any) -> Any:
    if isinstance(value, Packed):
        return value.array()
    return tuple(map(_unpacked, value)) if type(value) is tuple else value


def _is_packed(value: Any) -> bool:
    return isinstance(value, Packed) or (type(value) is tuple and any(map(_is_packed, value)))
