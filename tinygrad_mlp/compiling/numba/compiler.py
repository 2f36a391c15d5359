"""Functions compiled by numba."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import numpy as np
from numpy import ceil, exp, floor, inf, int32, log, nan, sqrt, trunc

from ..._version import __version__
from ...errors import ArgumentError
from ...locking import locked

__all__ = ["KEPT", "F", "compiled", "defined", "filed", "require_numba"]

F = np.float32  # a stand-in: compiled code finds the step's dtype under this name
KEPT = 1000  # loops


def require_numba() -> None:
    """See that numba is there.

    Raises:
        ArgumentError: It is not installed.
    """
    try:
        import numba  # noqa: F401 - whether it is there
    except ImportError as e:  # it is not there, or does not work with this version of NumPy
        raise ArgumentError(
            f"compile(backend='numba') needs numba: pip install 'tinygrad_mlp[numba]'; backend='numpy' needs nothing ({e})"
        ) from e


@functools.lru_cache(KEPT)
def compiled(function: Callable[..., Any], dtype: str, contract: bool = False) -> Callable[..., Any]:
    """A function compiled for arrays of a dtype: ``F`` is the dtype in it, and ``exp`` the fastest exponential there is.

    ``contract``: whether a product and a sum are rounded once together. They are not in a user's expressions: x * x - y * y is 0 where x
    is y.
    """
    import numba

    fastest = compiled(_exp, dtype, True) if dtype == "f" and function is not _exp else exp
    known = {"F": np.dtype(dtype).type, "exp": fastest, "int32": int32, "inf": inf, "nan": nan}
    known |= {"ceil": ceil, "floor": floor, "log": log, "sqrt": sqrt, "trunc": trunc}
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"} if contract else set()}
    function, cache = filed(function.__code__, known, options)
    loop: Any = numba.njit(cache=cache, **options)(function)
    store = getattr(loop, "_cache", None)  # there is none under NUMBA_DISABLE_JIT
    if cache and store:
        store.save_overload = functools.partial(_save, Path(function.__code__.co_filename), store.save_overload)
    return loop


def _exp(v: Any) -> Any:
    """exp(v) = 2^n exp(x) in single precision, with n = round(v / log 2), x = v - n log 2, and a polynomial for exp(x).

    The polynomial is S. Moshier's of the Cephes library. A compiler can run this on many elements at once, as it cannot a call of
    the C library. log 2 is subtracted in two parts, the first of few bits; 2^n is multiplied in two, so that subnormal
    results come out.
    """
    x = F(-104) if v < F(-104) else v
    x = F(89) if x > F(89) else x
    n = floor(x * F(1.44269504) + F(0.5))
    x = x - n * F(0.693359375) - n * F(-2.12194440e-4)
    y = F(1.9875691500e-4)
    y = y * x + F(1.3981999507e-3)
    y = y * x + F(8.3334519073e-3)
    y = y * x + F(4.1665795894e-2)
    y = y * x + F(1.6666665459e-1)
    y = y * x + F(5.0000001201e-1)
    y = y * x * x + x + F(1)
    whole = int32(n)
    half = whole >> int32(1)
    y = y * int32((half + int32(127)) << int32(23)).view(F)
    return y * int32((whole - half + int32(127)) << int32(23)).view(F)


def defined(source: str, name: str) -> FunctionType:
    """The function of that name in a source."""
    environment: dict[str, Any] = {}
    exec(source, environment)
    function: FunctionType = environment[name]
    return function


def filed(code: CodeType, known: dict[str, Any], options: object = None) -> tuple[FunctionType, bool]:
    """The function of a code with these globals; and whether numba can keep its machine code on disk, for other processes.

    numba does so beside the file that a function is from, and tells functions apart by name. So the function gets a file of its own, which
    may be empty, and a name, by a hash of what its machine code depends on: the code, what names mean in it, and the options.
    """
    import numba
    from numba.misc import appdirs

    meanings = {name: getattr(value, "__qualname__", repr(value)) for name, value in known.items()}
    text = repr((code.co_code, code.co_consts, code.co_names, code.co_varnames, meanings, options))
    name = f"{code.co_name}_{hashlib.sha256(text.encode()).hexdigest()[:32]}"
    versions = f"{__version__}-numba-{numba.__version__}-numpy-{np.__version__}"
    folders: Any = appdirs
    given = os.environ.get("NUMBA_CACHE_DIR")
    path = Path(os.path.abspath(given) if given else folders.user_cache_dir(), "tinygrad-mlp", versions, f"{name}.loop")
    cache = False
    with suppress(OSError):  # where nothing can be written, each process compiles anew
        if path.is_absolute():  # it is not where there is no home folder
            path.parent.mkdir(parents=True, exist_ok=True)
            path.open("ab").close()  # a file that is there stays as it is: numba compiles anew for one that has changed
            cache = os.access(path.parent, os.W_OK)
    code = code.replace(co_filename=str(path), co_qualname=name)
    return FunctionType(code, {**known, "__name__": __name__}), cache


def _save(path: Path, save: Callable[..., None], *what: Any) -> None:
    """Let numba keep machine code on disk, one process at a time: two that wrote an index at once would mix up its entries."""
    with suppress(OSError), locked(path, ""):
        save(*what)
