"""Work shared by threads: NumPy lets go of the interpreter while it computes, so that large arrays are worth sharing."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from .grad_mode import state

__all__ = ["THREADS", "side_by_side"]

T = TypeVar("T")


def _threads() -> int:
    """Two where there are two processors: memory, which large arrays wait for, is not faster with more."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # whoever keeps BLAS to one thread means it
        if os.environ.get(name) == "1":
            return 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(2, allowed)


THREADS = _threads()
_helpers = ThreadPoolExecutor(THREADS, "tinygrad_mlp")  # threads start when there is work


def _start_anew() -> None:
    global _helpers
    _helpers = ThreadPoolExecutor(THREADS, "tinygrad_mlp")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)  # threads do not survive a fork


def _quietly(work: Callable[[T], None], share: T) -> None:
    state.quiet(work, share)  # the state of the thread that this runs in


def side_by_side(work: Callable[[T], None], shares: Sequence[T]) -> None:
    """Do the work on each share, the first in this thread and the others in threads of their own; return when all is done."""
    others, mine = [], [shares[0]]
    for share in shares[1:]:
        try:
            others.append(_helpers.submit(_quietly, work, share))
        except RuntimeError:  # the interpreter is on its way out, and starts no threads
            mine.append(share)
    try:
        for share in mine:
            work(share)
    finally:  # whatever happens here: nobody writes into the shares once this returns
        for other in others:
            other.exception()
    for other in others:
        other.result()
