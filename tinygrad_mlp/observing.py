"""Observers: who is told what the library does. The protocol in one place: the core's part, and that of the rooms above it.

Anomaly detection, the recording behind ``gradcheck`` and ``explain_backward``, the mutation of rules and the compiler's tracer are
observers. Nothing else in the package knows of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .core import state as core
from .core.state import state

__all__ = ["Observer", "observed_by"]


class Observer(core.Observer):
    """Who is told what happens, in one thread. Each method does nothing here: a subclass has those that it needs."""

    def created(self, tensor: Any) -> None:
        """A tensor was made of numbers."""

    def drew(self, draw: Callable[[], Any], tensor: Any) -> None:
        """A tensor was made of random numbers; ``draw()`` draws an array of further ones."""

    def called(self, module: Any) -> None:
        """A module is called."""

    def stepping(self, optimizer: Any, group: dict[str, Any]) -> dict[str, Any]:
        """An optimizer is about to update a group of parameters; gives the options to do it with."""
        return group

    def updating(self, optimizer: Any, p: Any, g: Any, entries: dict[str, Any], group: dict[str, Any], new: bool) -> bool:
        """An optimizer is about to update a parameter, whose state may be ``new``; says whether the observer has done it."""
        return False


@contextmanager
def observed_by(*observers: Observer) -> Iterator[None]:
    """A block in which these observers, and no others, are told what happens in this thread."""
    outer = state.observers
    state.observers = observers
    try:
        yield
    finally:
        state.observers = outer
