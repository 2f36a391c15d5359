"""Whether operations are recorded, per thread; and who is told of what happens."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np


class Observer:
    """Who is told what the core does, in one thread; see :mod:`tinygrad_mlp.observing` for what other rooms tell.

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

    def shared(self, tensor: Any) -> None:
        """Another tensor is made on this tensor's memory."""

    def grad_read(self, tensor: Any) -> None:
        """The tensor's ``.grad`` is read."""

    def grad_set(self, tensor: Any) -> None:
        """The tensor's ``.grad`` is replaced."""


class _State(threading.local):
    """Per thread: whether operations are recorded, who is told of them, and ``quiet``, a call without NumPy's warnings.

    Like PyTorch, 1/0 is inf, silently. A context in which NumPy's error state is off costs nothing; ``np.errstate`` would.
    """

    def __init__(self) -> None:
        self.grad = True
        self.inference = False
        self.observers: tuple[Any, ...] = ()
        self.follower: Any = None  # of a compiled step that is running
        context = contextvars.Context()
        context.run(np.seterr, all="ignore")
        self.quiet: Any = context.run


state: _State = _State()


class recording:  # noqa: N801 - used like the functions of contextlib
    """A block in which operations are recorded, or not."""

    __slots__ = ("before", "mode")

    def __init__(self, mode: bool) -> None:
        self.mode: bool = mode

    def __enter__(self) -> None:
        self.before: bool = state.grad
        state.grad = self.mode

    def __exit__(self, *error: object) -> None:
        state.grad = self.before
