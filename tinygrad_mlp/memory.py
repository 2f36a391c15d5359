"""Freed memory of arrays stays with the process, for the arrays of the next training step.

Each training step makes and frees arrays of the same sizes. The C library of Linux (glibc) gives freed memory of large arrays back to
the system, which clears every page before it hands it out again: that took half the time of an eager step of a 784-500-250-100-10
network. So this library asks glibc to keep up to 256 MiB, unless the environment sets glibc's limits itself
(``MALLOC_MMAP_THRESHOLD_``, ``MALLOC_TRIM_THRESHOLD_``, ``GLIBC_TUNABLES``). Arrays above 32 MiB are always given back.
"""

import ctypes
import os
import sys

__all__ = ["keep_freed"]

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # from malloc.h
_LARGEST = 32 * 2**20  # bytes; glibc accepts no more
_KEPT = 256 * 2**20  # bytes


def keep_freed() -> bool:
    """Ask the C library to keep the freed memory of arrays of up to 32 MiB; returns whether it does."""
    limits = os.environ.keys() & {"MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"}
    if not sys.platform.startswith("linux") or limits or "glibc.malloc." in os.environ.get("GLIBC_TUNABLES", ""):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    return mallopt is not None and bool(mallopt(_MMAP_THRESHOLD, _LARGEST) and mallopt(_TRIM_THRESHOLD, _KEPT))
