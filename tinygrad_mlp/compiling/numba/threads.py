"""Long loops divided between the threads of OpenBLAS."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .compiler import KEPT, compiled, defined, filed
from .openblas import OpenBLAS, openblas

__all__ = ["COLUMN", "ELEMENT", "MATRIX", "NUMBER", "ROW", "ROW_MATRIX", "over_rows"]

Array = np.ndarray[Any, Any]


_WORTH = 16_384  # elements for each thread


# What an argument of a loop over rows is: a number, or an array, of which each part gets the address and shape of its rows.
NUMBER = "number"


MATRIX, COLUMN, ROW, ROW_MATRIX, ELEMENT = "matrix", "column", "row", "row matrix", "element"


_PARTS = {
    MATRIX: ("first * columns", "(rows, columns)"),
    COLUMN: ("first", "(rows, 1)"),
    ROW: ("0", "(columns,)"),
    ROW_MATRIX: ("0", "(1, columns)"),
    ELEMENT: ("0", "(1,)"),
}


def over_rows(
    loop: Callable[..., Any], dtype: str, rows: int, columns: int, kinds: Sequence[str], contract: bool = False
) -> Callable[..., Any]:
    """The loop compiled; divided between the threads of OpenBLAS where it is long and there are any."""
    whole = compiled(loop, dtype, contract)
    blas = openblas() if rows * columns >= 2 * _WORTH else None
    return whole if blas is None else _Divided(whole, blas, _part(whole, *kinds), rows, columns, kinds)


class _Divided:
    """A loop over rows in parts, called like the loop."""

    def __init__(
        self, whole: Callable[..., Any], blas: OpenBLAS, part: Any, rows: int, columns: int, kinds: Sequence[str]
    ) -> None:
        self._whole = whole
        self._part = part  # kept alive, as its address is passed on
        self._divide = functools.partial(blas.divide, part.address, rows, columns)
        self._threads, self._most = blas.threads, min(rows, rows * columns // _WORTH)
        self._numbers = [i for i, kind in enumerate(kinds) if kind == NUMBER]
        self._places = [i for i, kind in enumerate(kinds) if kind != NUMBER]
        self._arrays: list[weakref.ref[Array]] = []
        self._contiguous = False
        self._addresses = np.zeros(len(kinds), np.int64)
        self._values = np.zeros(len(kinds))
        self._tables = self._addresses.ctypes.data, self._values.ctypes.data

    def __call__(self, *arguments: Any) -> None:
        """Run the loop."""
        arrays = [arguments[i] for i in self._places]
        if not (self._arrays and all(array is before() for array, before in zip(arrays, self._arrays))):
            self._arrays = list(map(weakref.ref, arrays))  # weak: whether results are held is told by counting references
            self._contiguous = all(array.flags.c_contiguous for array in arrays)
            self._addresses[self._places] = [array.ctypes.data for array in arrays]
        if not self._contiguous:
            self._whole(*arguments)
            return
        for i in self._numbers:
            self._values[i] = arguments[i]
        self._divide(*self._tables, min(self._threads(), self._most))


@functools.lru_cache(KEPT)
def _part(loop: Callable[..., Any], *kinds: str) -> Any:
    """A C function that runs a loop on a part of the rows, as :meth:`~tinygrad_mlp.compiling.numba.openblas.OpenBLAS.divide` calls it."""
    import numba
    from numba import types
    from numba.np.numpy_support import carray

    known = {"carray": carray, "at": _at(), "loop": loop, "int64": np.int64, "float64": np.float64}
    arguments = []
    for i, kind in enumerate(kinds):
        if kind == NUMBER:
            arguments.append(f"numbers[{i}]")
            continue
        item = np.dtype(kind[0])
        known[item.name] = item.type
        first, shape = _PARTS[kind[1:]]
        arguments.append(f"carray(at(addresses[{i}] + {first} * {item.itemsize}), {shape}, {item.name})")
    lines = [
        "def part(rows, columns, _0, _1, first, _2, addresses, _3, numbers, _4, _5):",
        f"    first, count = first // 4, {len(kinds)}",
        "    addresses, numbers = carray(addresses, count, int64), carray(numbers, count, float64)",
        f"    loop({', '.join(arguments)})",
    ]
    long, address = types.int64, types.voidptr
    signature = types.void(long, long, long, types.float32, types.intp, long, address, long, address, long, address)
    function, cache = filed(defined("\n".join(lines), "part").__code__, known)
    return numba.cfunc(signature, cache=cache)(function)


@functools.cache
def _at() -> Any:
    """What turns an address into a pointer."""
    from numba import types
    from numba.extending import intrinsic

    def at(_: Any, address: Any) -> Any:
        def code(context: Any, builder: Any, __: Any, values: Any) -> Any:
            return builder.inttoptr(values[0], context.get_value_type(types.voidptr))

        return types.voidptr(types.int64), code

    return intrinsic(at)
