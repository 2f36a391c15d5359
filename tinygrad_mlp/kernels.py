"""Chains of elementwise instructions as loops that numba compiles: what ``compile(backend="numba")`` runs instead of blocks.

A loop reads an element of each array, computes the whole chain in registers, and writes what is read later; what only the
chain uses takes no memory at all. Where NumPy's update of Adam passes 13 times over the parameters, a loop passes once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .errors import ArgumentError
from .fusion import Chains, Instruction, meets

__all__ = ["LOOPS", "require_numba"]

Array = np.ndarray[Any, Any]

_EXPRESSIONS: dict[Any, str] = {
    np.add: "{0} + {1}",
    np.subtract: "{0} - {1}",
    np.multiply: "{0} * {1}",
    np.true_divide: "{0} / {1}",
    np.negative: "-{0}",
    np.sqrt: "sqrt({0})",
    np.maximum: "{0} if {0} >= {1} or {0} != {0} else {1}",  # nan if either is
    np.minimum: "{0} if {0} <= {1} or {0} != {0} else {1}",
    np.less_equal: "{0} <= {1}",
    np.logical_not: "not {0}",
}

# exp(x) = 2^n exp(r) with n = round(x / log 2), r = x - n log 2, and a polynomial for exp(r): S. Moshier's of the Cephes library, in
# single precision. The compiler makes it run on many elements at once, as it cannot a call of the C library. log 2 is subtracted in two
# parts, the first of few bits, and 2^n multiplied in two, so that subnormal results come out.
_EXP = """\
x = F(-104) if {0} < F(-104) else {0}
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
{out} = y * int32((whole - half + int32(127)) << int32(23)).view(F)"""


def require_numba() -> None:
    """See that numba is there.

    Raises:
        ArgumentError: It is not installed.
    """
    try:
        import numba  # noqa: F401 - whether it is there
    except ImportError as e:
        raise ArgumentError(
            "compile(backend='numba') needs numba: pip install 'tinygrad_mlp[numba]'; backend='numpy' needs nothing"
        ) from e


def _fits(instruction: Instruction, _: set[int]) -> bool:
    """Whether an elementwise instruction can be part of a loop: of one floating dtype, and of shapes that a loop can go along."""
    arrays = [*instruction.reads(), instruction.output]
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
    last = {_place(part.output): part for part in chain}
    body = []
    for part in chain:
        loop.compute(part)
        if part is chain[-1] or (part is last[_place(part.output)] and later(part.output)):
            output = loop.store(part.output)
        else:
            output = np.broadcast_to(np.empty((), part.output.dtype), part.output.shape)  # it has no memory
        body.append(replace(part, inputs=[loop.known(value) for value in part.inputs], output=output))
    return Instruction(
        "+".join(part.name for part in chain), loop.compiled(), loop.arguments, {}, chain[-1].output, "loop", body
    )


LOOPS = Chains(_fits, _loop)


def _place(array: Array) -> tuple[Any, ...]:
    """The memory of an array: the same for two views of the same elements."""
    return array.ctypes.data, array.shape, array.strides


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
        out = self._register()
        expression = _EXP if part.call is np.exp else "{out} = " + _EXPRESSIONS[part.call]
        self._each += expression.format(*inputs, out=out).splitlines()
        self._values[_place(part.output)] = out

    def store(self, array: Array) -> Array:
        """Write the array's value; gives the argument that the array is."""
        self._each.append(f"{self._argument(_place(array), array)}[i, j] = {self._values[_place(array)]}")
        return self.known(array)

    def known(self, value: Any) -> Any:
        """The argument that an array is; what is none as it is."""
        return self._known.get(_place(value), value) if isinstance(value, np.ndarray) else value

    def compiled(self) -> Callable[..., None]:
        """The function."""
        matrix = next(self._names[place] for place, array in self._known.items() if array.shape == self._shape)
        lines = [
            f"def loop({', '.join(self._names.values())}):",
            *(f"    {line}" for line in self._outside),
            f"    for i in range({matrix}.shape[0]):",
            *(f"        {line}" for line in self._each_row),
            f"        for j in range({matrix}.shape[1]):",
            *(f"            {line}" for line in self._each),
        ]
        return _compiled("\n".join(lines), self._dtype)

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
        place = _place(value)
        if place not in self._values:
            name, register = self._argument(place, value), self._register()
            if value.ndim == 0:
                self._outside.append(f"{register} = {name}[()]")
            elif value.shape == self._shape:
                self._each.append(f"{register} = {name}[i, j]")
            elif value.shape == (self._shape[0], 1):
                self._each_row.append(f"{register} = {name}[i, 0]")
            else:
                self._each.append(f"{register} = {name}[{'0, j' if value.ndim == 2 else 'j'}]")
            self._values[place] = register
        register = self._values[place]
        return f"F({register})" if as_float and value.dtype.kind == "b" else register


@functools.cache
def _compiled(source: str, dtype: str) -> Callable[..., None]:
    """The source's function, compiled; one for all loops that are spelled alike."""
    import numba

    environment: dict[str, Any] = {
        "F": np.dtype(dtype).type,
        "int32": np.int32,
        "floor": np.floor,
        "sqrt": np.sqrt,
        "inf": np.inf,
        "nan": np.nan,
    }
    exec(source, environment)
    compiled: Callable[..., None] = numba.njit(nogil=True, error_model="numpy", fastmath={"contract"})(environment["loop"])
    return compiled
