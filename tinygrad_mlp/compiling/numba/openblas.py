"""Loops divided between the threads of OpenBLAS, which NumPy's matrix products run on.

These threads stay awake for a while after each product, each on a core, so that threads of another kind would have to share the cores
with them; they take on a part of a loop within a few microseconds. OpenBLAS divides simple routines, such as ``axpy``, by a
function that its library exports without documenting it, ``blas_level1_thread`` (driver/others/blas_l1_thread.c). It divides our
loops, too, where it turns out to do what is expected of it.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

from ...blas import function_of_openblas, library

__all__ = ["OpenBLAS", "openblas"]

_LONG, _ADDRESS = ctypes.c_int64, ctypes.c_void_p
_ARRAYS: Any = [_ADDRESS, _LONG] * 3  # addresses, each followed by its step in numbers
_SINGLE = 2  # the mode in which the first address advances by four bytes a row
_PART = ctypes.CFUNCTYPE(None, _LONG, _LONG, _LONG, ctypes.c_float, *_ARRAYS, _ADDRESS)


class OpenBLAS:
    """The library that NumPy uses.

    Attributes:
        threads: How many threads it uses now.
    """

    def __init__(self, library: ctypes.CDLL, threads: Callable[[], int]) -> None:
        self.threads: Callable[[], int] = threads
        self._level1: Any = library.blas_level1_thread
        self._level1.argtypes = [ctypes.c_int, _LONG, _LONG, _LONG, _ADDRESS, *_ARRAYS, _ADDRESS, ctypes.c_int]
        self._unused = ctypes.c_float()

    def divide(self, part: int, rows: int, columns: int, addresses: int, numbers: int, between: int) -> None:
        """Run a loop over rows in parts, one in each of so many threads, at most as many as there are, and wait for them.

        ``part`` is the address of a C function that is given, of eleven arguments, the number of its rows as the first, ``columns``
        as the second, four times its first row as the fifth, ``addresses`` as the seventh and ``numbers`` as the ninth; the
        others are not used.
        """
        self._level1(_SINGLE, rows, columns, 0, ctypes.byref(self._unused), None, 1, addresses, 0, numbers, 0, part, between)

    @functools.cached_property
    def divides(self) -> bool:
        """Whether each row comes to be in one part, and the rest is passed on."""
        parts: list[tuple[int, int]] = []
        passed = set()

        def part(rows: int, columns: int, *rest: Any) -> None:
            parts.append(((rest[2] or 0) // 4, rows))
            passed.add((columns, rest[4], rest[6]))

        rows, callback = 1001, _PART(part)
        self.divide(ctypes.cast(callback, _ADDRESS).value or 0, rows, 7, 64, 128, self.threads())
        ends = [0, *(first + count for first, count in sorted(parts))]
        return [first for first, _ in sorted(parts)] == ends[:-1] and ends[-1] == rows and passed == {(7, 64, 128)}


@functools.cache
def _library() -> OpenBLAS | None:
    found, threads = library(), function_of_openblas("get_num_threads")
    return (
        OpenBLAS(found, threads)
        if found is not None and threads is not None and hasattr(found, "blas_level1_thread")
        else None
    )


def openblas() -> OpenBLAS | None:
    """NumPy's OpenBLAS; None where it is another library or is not found, has one thread, or does not divide loops as expected."""
    found = _library()
    return found if found is not None and found.threads() > 1 and found.divides else None
