"""Whether operations are recorded, per thread; and who is told of what happens."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np


class Observer:
    """Who is told what the core does, in one thread. Each method does nothing here: a subclass has those that it needs."""

    def applied(self, op: Any, args: Any, arrays: Any, params: Any, result: Any) -> None:
        """A primitive was given ``args``, which became ``arrays``; where that was recorded, ``result`` has its node."""

    def differentiating(self, node: Any, g: Any, contributions: Iterator[Any]) -> Iterator[Any]:
        """The rules of ``node`` are about to run on the cotangent ``g``; pass on their contributions, (node, gradient) each."""
        return contributions


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
