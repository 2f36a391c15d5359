"""The library that NumPy's matrix products run on, and how many threads it uses."""

from __future__ import annotations

import ctypes
import functools
import importlib
import os
import warnings
from typing import Any

__all__ = ["get_num_interop_threads", "get_num_threads", "library", "set_num_interop_threads", "set_num_threads"]

_NAMES = ("scipy_openblas_{}64_", "openblas_{}64_", "openblas_{}")  # as NumPy's own wheels and others export a function
_interop = 1


@functools.cache
def library() -> ctypes.CDLL | None:
    """The library; None where NumPy is built in another way, so that it is not found like this."""
    path = importlib.import_module("numpy.linalg._umath_linalg").__file__  # a module that is linked with OpenBLAS
    try:
        return ctypes.CDLL(path)
    except OSError:
        return None


@functools.cache
def function_of_openblas(name: str) -> Any:
    """OpenBLAS' function ``openblas_<name>``, or None."""
    found = library()
    return next((getattr(found, full) for full in map(str.format, _NAMES, [name] * 3) if hasattr(found, full)), None)


def _positive(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise RuntimeError(f"{name} expects an int, but got {type(value).__name__}")
    if value < 1:
        raise RuntimeError(f"{name} expects a positive integer")
    return value


def set_num_threads(n: int) -> None:
    """Let matrix products run in ``n`` threads.

    It warns where NumPy's library for products is not OpenBLAS: that takes the number from the environment alone.

    Raises:
        RuntimeError: It is not a positive integer.
    """
    n, setter = _positive("set_num_threads", n), function_of_openblas("set_num_threads")
    if setter is None:
        warnings.warn("set_num_threads has no effect: NumPy's BLAS is not OpenBLAS; set OMP_NUM_THREADS", stacklevel=2)
    else:
        setter(ctypes.c_int(n))


def get_num_threads() -> int:
    """How many threads matrix products run in."""
    getter = function_of_openblas("get_num_threads")
    return int(getter()) if getter is not None else os.cpu_count() or 1


def set_num_interop_threads(n: int) -> None:
    """Operations never run beside each other, so this number is kept and has no effect.

    Raises:
        RuntimeError: It is not a positive integer.
    """
    global _interop
    _interop = _positive("set_num_interop_threads", n)


def get_num_interop_threads() -> int:
    """The number that was set."""
    return _interop
