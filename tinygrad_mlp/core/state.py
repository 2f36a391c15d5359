"""Whether operations are recorded, per thread; and who is told of what happens."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

__all__ = ["Observer", "recording", "state"]


class Observer:
    """Who is told what the library does, in one thread. Each method does nothing here: a subclass has those that it needs.

    Attributes:
        lifts: Whether the rules of a backward pass run on Tensors for it, so that it is told of their operations.
    """

    lifts = False

    def applied(self, op: Any, args: Any, arrays: Any, params: Any, result: Any) -> None:
        """A primitive was given ``args``, which became ``arrays``; where that was recorded, ``result`` has its node."""

    def stored(self, value: Any, target: Any) -> None:
        """The array ``value`` was copied into the memory of the tensor ``target``."""

    def differentiating(self, node: Any, g: Any, contributions: Iterator[Any]) -> Iterator[Any]:
        """The rules of ``node`` are about to run on the cotangent ``g``; pass on their contributions, (node, gradient) each."""
        return contributions

    def looked(self, what: str) -> None:
        """Values leave for Python, by ``item()`` and its like."""

    def created(self, tensor: Any) -> None:
        """A tensor was made of numbers."""

    def drew(self, draw: Callable[[], Any], tensor: Any) -> None:
        """A tensor was made of random numbers; ``draw()`` draws an array of further ones."""

    def shared(self, tensor: Any) -> None:
        """Another tensor is made on this tensor's memory."""

    def grad_read(self, tensor: Any) -> None:
        """The tensor's ``.grad`` is read."""

    def grad_set(self, tensor: Any) -> None:
        """The tensor's ``.grad`` is replaced."""

    def called(self, module: Any) -> None:
        """A module is called."""

    def stepping(self, optimizer: Any, group: dict[str, Any]) -> dict[str, Any]:
        """An optimizer is about to update a group of parameters; gives the options to do it with."""
        return group

    def updating(self, optimizer: Any, p: Any, g: Any, entries: dict[str, Any], group: dict[str, Any], new: bool) -> bool:
        """An optimizer is about to update a parameter, whose state may be ``new``; says whether the observer has done it."""
        return False


class _State(threading.local):
    """Per thread: whether operations are recorded, who is told of them, and ``quiet``, a call without NumPy's warnings.

    Like PyTorch, 1/0 is inf and log(-1) is nan, silently. NumPy keeps its error state in a context variable, so running in
    a context in which it is off costs nothing, where ``np.errstate`` costs more than a small operation.
    """

    def __init__(self) -> None:
        self.grad = True
        self.inference = False
        self.observers: tuple[Observer, ...] = ()
        context = contextvars.Context()
        context.run(np.seterr, all="ignore")
        self.quiet = context.run


state = _State()


class recording:  # noqa: N801 - used like the functions of contextlib
    """A block in which operations are recorded, or not."""

    __slots__ = ("before", "mode")

    def __init__(self, mode: bool) -> None:
        self.mode = mode

    def __enter__(self) -> None:
        self.before = state.grad
        state.grad = self.mode

    def __exit__(self, *error: object) -> None:
        state.grad = self.before
