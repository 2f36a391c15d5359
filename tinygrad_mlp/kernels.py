"""Chains of elementwise instructions as loops that numba compiles: what ``compile(backend="numba")`` runs instead of blocks.

A loop reads an element of each array, computes the whole chain in registers, and writes what is read later; what only the
chain uses takes no memory at all. Where NumPy's update of Adam passes 13 times over the parameters, a loop passes once. Long loops are
divided between threads, see :mod:`~tinygrad_mlp.openblas`, which does not change a bit of what they compute.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import FunctionType
from typing import Any

import numpy as np
from numpy import exp, floor, inf, int32, log, nan, sqrt

from .errors import ArgumentError, DimensionError
from .fusion import Backend, Instruction, meets, owner, place
from .openblas import OpenBLAS, openblas

__all__ = ["NUMBA", "require_numba"]

Array = np.ndarray[Any, Any]
F = np.float32  # in what is compiled the dtype of the step
_KEPT = 1000  # loops


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


@functools.lru_cache(_KEPT)
def _compiled(function: Callable[..., Any], dtype: str) -> Callable[..., Any]:
    """A function compiled for arrays of a dtype: ``F`` is the dtype in it, and ``exp`` the fastest exponential there is.

    Products and sums are rounded once together where rounding is this file's own matter, and one by one in a user's expressions:
    x * x - y * y is 0 where x is y.
    """
    import numba

    together = {"contract"} if function in (_exp, _loss, _slope) else set()
    fastest = _compiled(_exp, dtype) if dtype == "f" and function is not _exp else exp
    known = {"F": np.dtype(dtype).type, "exp": fastest, "floor": floor, "int32": int32, "log": log, "sqrt": sqrt}
    function = FunctionType(function.__code__, {"inf": inf, "nan": nan, "_ROWS": _ROWS, **known})
    compiled: Callable[..., Any] = numba.njit(nogil=True, error_model="numpy", fastmath=together)(function)
    return compiled


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


# --------------------------------------------------------------------------------------------------------- chains

_EXPRESSIONS: dict[Any, str] = {
    np.add: "{0} + {1}",
    np.subtract: "{0} - {1}",
    np.multiply: "{0} * {1}",
    np.true_divide: "{0} / {1}",
    np.negative: "-{0}",
    np.sqrt: "sqrt({0})",
    np.exp: "exp({0})",
    np.maximum: "{0} if {0} >= {1} or {0} != {0} else {1}",  # nan if either is
    np.minimum: "{0} if {0} <= {1} or {0} != {0} else {1}",
    np.less_equal: "{0} <= {1}",
    np.logical_not: "not {0}",
}


def _fits(instruction: Instruction, moving: set[int]) -> bool:
    """Whether an elementwise instruction can be part of a loop: of one floating dtype, and of shapes that a loop can go along.

    What shares memory is decided once, so that all of it has to be where it was in each call.
    """
    arrays = [*instruction.reads(), instruction.output]
    if any(owner(array) in moving for array in arrays):
        return False
    floats = {array.dtype.char for array in arrays if array.dtype.kind != "b"}
    if not floats <= {"f", "d"} or len(floats) > 1 or not meets(instruction) or instruction.output.size == 0:
        return False
    if instruction.call is np.exp:
        return floats == {"f"}
    if instruction.call is np.logical_not:
        return not floats
    return instruction.call in _EXPRESSIONS and bool(floats)


def _loop(chain: Sequence[Instruction], later: Callable[[Array], bool]) -> Instruction:
    """One instruction for the chain; it writes the last result, and those that are read ``later``."""
    loop = _Loop(chain)
    last = {place(part.output): part for part in chain}
    body = []
    for part in chain:
        loop.compute(part)
        if part is chain[-1] or (part is last[place(part.output)] and later(part.output)):
            output = loop.store(part.output)
        else:
            output = np.broadcast_to(np.empty((), part.output.dtype), part.output.shape)  # it has no memory
        body.append(replace(part, inputs=[loop.known(value) for value in part.inputs], output=output))
    name = "+".join(part.name for part in chain)
    return Instruction(name, loop.callable(), loop.arguments, {}, chain[-1].output, "loop", body)


class _Loop:
    """A function over the elements of arrays, as Python that numba compiles: its arguments are a0, a1 …, t0, t1 … are values.

    Arrays are taken as matrices of one shape, a single row where all are of one shape; rows and columns go along with them.

    Attributes:
        arguments: Arrays and traced numbers.
    """

    def __init__(self, chain: Sequence[Instruction]) -> None:
        self.arguments: list[Any] = []
        self._shape = chain[0].output.shape
        arrays = [array for part in chain for array in (*part.reads(), part.output)]
        self._flat = all(array.shape in (self._shape, ()) for array in arrays)
        self._dtype = next(array.dtype.char for array in arrays if array.dtype.kind == "f")
        self._names: dict[Any, str] = {}  # of arguments, by place or name of the number
        self._known: dict[Any, Array] = {}  # arguments that are arrays, by place
        self._values: dict[Any, str] = {}  # in registers, by place
        self._outside: list[str] = []  # lines outside the loops, in the outer one and in the inner one
        self._each_row: list[str] = []
        self._each: list[str] = []
        self._count = 0

    def compute(self, part: Instruction) -> None:
        """One more instruction."""
        inputs = [self._value(value, as_float=part.call is not np.logical_not) for value in part.inputs]
        self._values[place(part.output)] = out = self._register()
        self._each.append(f"{out} = {_EXPRESSIONS[part.call].format(*inputs)}")

    def store(self, array: Array) -> Array:
        """Write the array's value; gives the argument that the array is."""
        self._each.append(f"{self._argument(place(array), array)}[i, j] = {self._values[place(array)]}")
        return self.known(array)

    def known(self, value: Any) -> Any:
        """The argument that an array is; what is none as it is."""
        return self._known.get(place(value), value) if isinstance(value, np.ndarray) else value

    def callable(self) -> Callable[..., None]:
        """The function; where that pays, divided between threads."""
        matrix = next(self._names[where] for where, array in self._known.items() if array.shape == self._shape)
        lines = [
            f"def loop({', '.join(self._names.values())}):",
            *(f"    {line}" for line in self._outside),
            f"    for i in range({matrix}.shape[0]):",
            *(f"        {line}" for line in self._each_row),
            f"        for j in range({matrix}.shape[1]):",
            *(f"            {line}" for line in self._each),
        ]
        rows, columns = (math.prod(self._shape), 1) if self._flat else self._shape
        return _over_rows(_function("\n".join(lines)), self._dtype, rows, columns, [self._kind(v) for v in self.arguments])

    def _kind(self, value: Any) -> str:
        if not isinstance(value, np.ndarray):
            return _NUMBER
        where = _ELEMENT if value.ndim == 0 else _ROW if value.ndim == 1 else _ROW_MATRIX
        if value.shape == self._shape:
            where = _MATRIX
        elif value.shape == (self._shape[0], 1):
            where = _COLUMN
        return value.dtype.char + where

    def _register(self) -> str:
        self._count += 1
        return f"t{self._count - 1}"

    def _argument(self, key: Any, value: Any) -> str:
        if key not in self._names:
            self._names[key] = name = f"a{len(self._names)}"
            self.arguments.append(value)
            if isinstance(value, np.ndarray):
                self._known[key] = value
                if self._flat and value.ndim:
                    self._outside.append(f"{name} = {name}.reshape(1, {name}.size)")
        return self._names[key]

    def _value(self, value: Any, as_float: bool) -> str:
        """The name of a value in a register, which is loaded if it is not there yet."""
        if not isinstance(value, np.ndarray):
            traced = getattr(value, "name", None)
            return f"F({float(value)!r})" if traced is None else f"F({self._argument(traced, value)})"
        where = place(value)
        if where not in self._values:
            name, register = self._argument(where, value), self._register()
            if value.ndim == 0:
                self._outside.append(f"{register} = {name}.flat[0]")
            elif value.shape == self._shape:
                self._each.append(f"{register} = {name}[i, j]")
            elif value.shape == (self._shape[0], 1):
                self._each_row.append(f"{register} = {name}[i, 0]")
            else:
                self._each.append(f"{register} = {name}[{'0, j' if value.ndim == 2 else 'j'}]")
            self._values[where] = register
        register = self._values[where]
        return f"F({register})" if as_float and value.dtype.kind == "b" else register


@functools.lru_cache(_KEPT)
def _function(source: str) -> FunctionType:
    """The source's function: one for all loops that are spelled alike, so that they are compiled once."""
    return _defined(source, "loop", {})


def _defined(source: str, name: str, known: dict[str, Any]) -> FunctionType:
    environment = dict(known)
    exec(source, environment)
    function: FunctionType = environment[name]
    return function


# -------------------------------------------------------------------------------------------------------- threads

_WORTH = 16_384  # elements for each thread
# What an argument of a loop over rows is: a number, or of a part of the rows the address and shape of an array.
_NUMBER = "number"
_MATRIX, _COLUMN, _ROW, _ROW_MATRIX, _ELEMENT = "matrix", "column", "row", "row matrix", "element"
_PARTS = {
    _MATRIX: ("first * columns", "(rows, columns)"),
    _COLUMN: ("first", "(rows, 1)"),
    _ROW: ("0", "(columns,)"),
    _ROW_MATRIX: ("0", "(1, columns)"),
    _ELEMENT: ("0", "(1,)"),
}


def _over_rows(loop: Callable[..., Any], dtype: str, rows: int, columns: int, kinds: Sequence[str]) -> Callable[..., Any]:
    """The loop compiled; divided between the threads of OpenBLAS where it is long and there are any."""
    whole = _compiled(loop, dtype)
    blas = openblas() if rows * columns >= 2 * _WORTH else None
    return whole if blas is None else _Divided(whole, blas, _part(loop, dtype, *kinds), rows, columns, kinds)


class _Divided:
    """A loop over rows in parts, called like the loop."""

    def __init__(
        self, whole: Callable[..., Any], blas: OpenBLAS, part: Any, rows: int, columns: int, kinds: Sequence[str]
    ) -> None:
        self._whole = whole
        self._part = part  # keeps what its address leads to
        self._divide = functools.partial(blas.divide, part.address, rows, columns)
        self._threads, self._most = blas.threads, min(rows, rows * columns // _WORTH)
        self._numbers = [i for i, kind in enumerate(kinds) if kind == _NUMBER]
        self._places = [i for i, kind in enumerate(kinds) if kind != _NUMBER]
        self._arrays: list[Array] = []
        self._contiguous = False
        self._addresses = np.zeros(len(kinds), np.int64)
        self._values = np.zeros(len(kinds))
        self._tables = self._addresses.ctypes.data, self._values.ctypes.data

    def __call__(self, *arguments: Any) -> None:
        """Run the loop."""
        arrays = [arguments[i] for i in self._places]
        if not (self._arrays and all(map(operator.is_, arrays, self._arrays))):
            self._arrays = arrays
            self._contiguous = all(array.flags.c_contiguous for array in arrays)
            self._addresses[self._places] = [array.ctypes.data for array in arrays]
        if not self._contiguous:
            self._whole(*arguments)
            return
        for i in self._numbers:
            self._values[i] = arguments[i]
        self._divide(*self._tables, min(self._threads(), self._most))


@functools.lru_cache(_KEPT)
def _part(loop: Callable[..., Any], dtype: str, *kinds: str) -> Any:
    """A C function that runs a loop on a part of the rows, as :meth:`~tinygrad_mlp.openblas.OpenBLAS.divide` calls it."""
    import numba
    from numba import types
    from numba.np.numpy_support import carray

    known = {"carray": carray, "at": _at(), "loop": _compiled(loop, dtype), "int64": np.int64, "float64": np.float64}
    arguments = []
    for i, kind in enumerate(kinds):
        if kind == _NUMBER:
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
    return numba.cfunc(signature)(_defined("\n".join(lines), "part", known))


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


# -------------------------------------------------------------------------------------------------- cross-entropy

_ROWS = 256  # whose exponentials are taken together


def _loss(x: Any, t: Any, ignored: Any, z: Any, sums: Any, losses: Any, codes: Any) -> None:
    """For each row log(sum_c exp(x_c)) - x_t and code 0; nothing where its class is ignored, 1, or there is no such class, 2."""
    rows, classes = x.shape
    for start in range(0, rows, _ROWS):
        stop = min(start + _ROWS, rows)
        for i in range(start, stop):
            largest = F(-inf)
            for c in range(classes):
                largest = x[i, c] if x[i, c] > largest else largest
            for c in range(classes):
                z[i, c] = x[i, c] - largest
            codes[i, 0] = 1 if t[i, 0] == ignored[0] else 2 if t[i, 0] < 0 or t[i, 0] >= classes else 0
            losses[i, 0] = -z[i, t[i, 0]] if codes[i, 0] == 0 else F(0)
        flat = z[start:stop].reshape((stop - start) * classes)
        for j in range(flat.size):
            flat[j] = exp(flat[j])
        for i in range(start, stop):
            added = F(0)
            for c in range(classes):
                added += z[i, c]
            sums[i, 0] = added
            if codes[i, 0] == 0:
                losses[i, 0] += log(added)


def _slope(each: Any, codes: Any, t: Any, z: Any, sums: Any, out: Any) -> None:
    """``each`` times softmax(x) - one_hot(t), with zeros in rows that are ignored."""
    rows, classes = z.shape
    for i in range(rows):
        if codes[i, 0] != 0:
            for c in range(classes):
                out[i, c] = F(0)
        else:
            share = F(each) / sums[i, 0]
            for c in range(classes):
                out[i, c] = z[i, c] * share
            out[i, t[i, 0]] -= F(each)


class CrossEntropy:
    """Mean cross-entropy of class indices and its gradient by the logits: what :class:`fusion.CrossEntropy` is, in two loops."""

    def __init__(self, shape: tuple[int, ...], dtype: Any, ignore_index: int) -> None:
        rows, classes = shape
        char = np.dtype(dtype).char
        self._ignored = np.array([ignore_index], np.int64)
        self._z, self._sums = np.empty(shape, dtype), np.empty((rows, 1), dtype)
        self._t, self._losses, self._codes = (np.empty((rows, 1), kind) for kind in (np.int64, np.float64, np.int8))
        self._count = 0
        known = char + _MATRIX, char + _COLUMN
        t, codes = self._t.dtype.char + _COLUMN, self._codes.dtype.char + _COLUMN
        arguments = [known[0], t, self._ignored.dtype.char + _ELEMENT, *known, self._losses.dtype.char + _COLUMN, codes]
        self._loop = _over_rows(_loss, char, rows, classes, arguments)
        self._differences = _over_rows(_slope, char, rows, classes, [_NUMBER, codes, t, *known, known[0]])

    def loss(self, x: Array, t: Array, *, out: Array) -> None:
        """mean(log(sum_c exp(x_c)) - x_t) over rows whose class is not the one that is ignored."""
        np.copyto(self._t[:, 0], t)
        self._loop(x, self._t, self._ignored, self._z, self._sums, self._losses, self._codes)
        self._count = len(t)
        if np.count_nonzero(self._codes):
            if np.any(wrong := self._codes[:, 0] == 2):
                classes = x.shape[1]
                raise DimensionError(
                    f"Target {t[wrong][0]} is out of bounds: the input has {classes} classes, 0 to {classes - 1}"
                )
            self._count -= int(np.count_nonzero(self._codes))
        np.true_divide(np.add.reduce(self._losses, axis=None), self._count, out=out)

    def slope(self, g: Array, _: Array, *, out: Array) -> None:
        """(softmax(x) - one_hot(t)) g / rows, with zeros in rows that are ignored; after :meth:`loss`. EE6132 lab, eq. 8."""
        self._differences(float(np.true_divide(g, self._count)), self._codes, self._t, self._z, self._sums, out)


NUMBA = Backend(_fits, _loop, 1, CrossEntropy)
