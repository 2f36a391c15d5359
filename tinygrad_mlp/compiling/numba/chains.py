"""Chains of elementwise instructions as loops."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import FunctionType
from typing import Any

import numpy as np

from ...lending import owner
from ...ops.calls import masked
from ..instruction import Instruction, choose, meets, place
from .compiler import KEPT, defined
from .threads import COLUMN, ELEMENT, MATRIX, NUMBER, ROW, ROW_MATRIX, over_rows

__all__ = ["chained", "fits"]

Array = np.ndarray[Any, Any]


# NumPy's functions that are no slower in a loop. log, tanh, expm1 and log1p would be: NumPy computes them with vector instructions.
_EXPRESSIONS: dict[Any, str] = {
    np.add: "{0} + {1}",
    np.subtract: "{0} - {1}",
    np.multiply: "{0} * {1}",
    np.true_divide: "{0} / {1}",
    np.negative: "-{0}",
    np.absolute: "abs({0})",
    np.square: "{0} * {0}",
    np.reciprocal: "F(1) / {0}",
    np.sqrt: "sqrt({0})",
    np.exp: "exp({0})",
    np.floor: "floor({0})",
    np.ceil: "ceil({0})",
    np.trunc: "trunc({0})",
    np.maximum: "{0} if {0} >= {1} or {0} != {0} else {1}",  # nan if either is
    np.minimum: "{0} if {0} <= {1} or {0} != {0} else {1}",
    np.fmax: "{0} if {0} >= {1} or {1} != {1} else {1}",
    np.fmin: "{0} if {0} <= {1} or {1} != {1} else {1}",
    np.less: "{0} < {1}",
    np.less_equal: "{0} <= {1}",
    np.greater: "{0} > {1}",
    np.greater_equal: "{0} >= {1}",
    np.equal: "{0} == {1}",
    np.not_equal: "{0} != {1}",
    np.isnan: "{0} != {0}",
    np.isinf: "abs({0}) == inf",
    np.isfinite: "abs({0}) < inf",
    choose: "{1} if {0} else {2}",
    masked: "{0} if {1} else F(0)",
}
# Functions of truth values, and which input of the other functions is a truth value.
_LOGICAL: dict[Any, str] = {
    np.logical_not: "not {0}",
    np.invert: "not {0}",
    np.logical_and: "{0} & {1}",
    np.bitwise_and: "{0} & {1}",
    np.logical_or: "{0} | {1}",
    np.bitwise_or: "{0} | {1}",
}
_CONDITION = {choose: 0, masked: 1}


def fits(instruction: Instruction, moving: set[int]) -> bool:
    """Whether an elementwise instruction can be part of a loop: of one floating dtype, and of shapes that a loop can go along.

    Its memory must be in the same place in each call, as it is decided once which arrays share memory.
    """
    arrays = [*instruction.reads(), instruction.output]
    if any(owner(array) in moving for array in arrays):
        return False
    floats = {array.dtype.char for array in arrays if array.dtype.kind != "b"}
    if not floats <= {"f", "d"} or len(floats) > 1 or not meets(instruction) or instruction.output.size == 0:
        return False
    if instruction.call in _LOGICAL:
        return not floats and all(isinstance(value, np.ndarray) for value in instruction.inputs)
    return instruction.call in _EXPRESSIONS and bool(floats) and (instruction.call is not np.exp or floats == {"f"})


def chained(chain: Sequence[Instruction], later: Callable[[Array], bool]) -> Instruction:
    """One instruction for the chain; it writes the last result, and those that are read ``later``."""
    loop = _Loop(chain)
    last = {place(part.output): part for part in chain}
    body = []
    for part in chain:
        loop.compute(part)
        if part is chain[-1] or (part is last[place(part.output)] and later(part.output)):
            output = loop.store(part.output)
        else:
            output = np.broadcast_to(np.empty((), part.output.dtype), part.output.shape)  # it takes no memory
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
        self._dtype = next((array.dtype.char for array in arrays if array.dtype.kind == "f"), "f")
        self._names: dict[Any, str] = {}  # of arguments, by place or name of the number
        self._known: dict[Any, Array] = {}  # arguments that are arrays, by place
        self._values: dict[Any, str] = {}  # in registers, by place
        self._outside: list[str] = []  # lines outside the loops, in the outer one and in the inner one
        self._each_row: list[str] = []
        self._each: list[str] = []
        self._count = 0

    def compute(self, part: Instruction) -> None:
        """One more instruction."""
        truths = range(2) if part.call in _LOGICAL else (_CONDITION.get(part.call),)
        inputs = [self._value(value, as_float=i not in truths) for i, value in enumerate(part.inputs)]
        self._values[place(part.output)] = out = self._register()
        self._each.append(f"{out} = {(_EXPRESSIONS.get(part.call) or _LOGICAL[part.call]).format(*inputs)}")

    def store(self, array: Array) -> Array:
        """Write the array's value; gives the argument that the array is."""
        self._each.append(f"{self._argument(place(array), array)}[i, j] = {self._values[place(array)]}")
        return self.known(array)

    def known(self, value: Any) -> Any:
        """The argument that stands for an array; anything else as it is."""
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
        return over_rows(_function("\n".join(lines)), self._dtype, rows, columns, [self._kind(v) for v in self.arguments])

    def _kind(self, value: Any) -> str:
        if not isinstance(value, np.ndarray):
            return NUMBER
        where = ELEMENT if value.ndim == 0 else ROW if value.ndim == 1 else ROW_MATRIX
        if value.shape == self._shape:
            where = MATRIX
        elif value.shape == (self._shape[0], 1):
            where = COLUMN
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


@functools.lru_cache(KEPT)
def _function(source: str) -> FunctionType:
    """The source's function: one for all loops that are spelled alike, so that they are compiled once."""
    return defined(source, "loop")
