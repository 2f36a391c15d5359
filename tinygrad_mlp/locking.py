"""Locks between processes, on a file; the system releases a lock when the process that holds it ends, also by a crash."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

__all__ = ["locked"]

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def locked(path: Path, busy: Callable[[], object]) -> Iterator[None]:
    """Hold the lock on a file while the block runs.

    Args:
        path: The file, made if it does not exist.
        busy: Called once before waiting for another process that holds the lock; an error that it raises ends the wait.
    """
    with path.open("ab") as file:
        if not _try_lock(file):
            busy()
            while not _try_lock(file):
                time.sleep(0.1)
        yield
