"""What becomes of memory that arrays are freed from: it stays with the process, for the arrays of the next training step.

A training step makes and frees the same large arrays every time. The C library of Linux (glibc) gives memory of that size back to the
system when it is freed, and the system hands it out anew page by page, cleared: that took half of an eager step of a 784-500-250-100-10
network. So the library asks glibc to keep up to 256 MiB of it, unless the environment says what glibc is to do
(``MALLOC_MMAP_THRESHOLD_``, ``MALLOC_TRIM_THRESHOLD_``, ``GLIBC_TUNABLES``). Arrays above 32 MiB are given back as ever.
"""

import ctypes
import os
import sys

__all__ = ["keep_freed"]

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # from malloc.h
_LARGEST = 32 * 2**20  # bytes; glibc accepts no more
_KEPT = 256 * 2**20  # bytes


def keep_freed() -> bool:
    """Ask the C library to keep the memory of arrays of up to 32 MiB; whether it does."""
    told = os.environ.keys() & {"MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"}
    if not sys.platform.startswith("linux") or told or "glibc.malloc." in os.environ.get("GLIBC_TUNABLES", ""):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    return mallopt is not None and bool(mallopt(_MMAP_THRESHOLD, _LARGEST) and mallopt(_TRIM_THRESHOLD, _KEPT))
