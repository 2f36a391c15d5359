"""Locks between processes, on a file; the system releases a lock when the process that holds it ends, also by a crash."""

import sys
import time
from collections.abc import Iterator
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
def locked(path: Path, busy: Exception | str) -> Iterator[None]:
    """Hold the lock on a file while the block runs.

    Args:
        path: The file, made if it does not exist.
        busy: The error to raise where another process holds the lock; or what to say, if anything, before waiting for it.
    """
    with path.open("ab") as file:
        if not _try_lock(file):
            if isinstance(busy, Exception):
                raise busy
            if busy:
                print(busy, file=sys.stderr)
            while not _try_lock(file):
                time.sleep(0.1)
        yield
