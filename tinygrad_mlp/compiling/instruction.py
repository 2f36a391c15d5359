"""A line of a compiled program, and what the passes ask of its arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..ops.calls import masked

__all__ = ["Backend", "Instruction", "Number", "aligned", "choose", "copy", "elementwise", "meets", "place"]

Array = np.ndarray[Any, Any]


class Number:
    """A number of the step: its place among all of them, its type, and what it is called in a program."""

    def __init__(self, place: int, kind: type[Any]) -> None:
        self.place: int = place
        self.kind: type[Any] = kind
        self.name: str = f"n{place}"


@dataclass
class Instruction:
    """One line of a program.

    Attributes:
        name: The operation's.
        call: What computes it, on arrays.
        inputs: Arrays, numbers or None.
        options: Passed on by name.
        output: The memory that receives the result.
        kind: ``"out"``: ``call`` takes ``out=``; ``"copy"``: what it returns is copied; ``"view"``: the output is a view
            of the first input; ``"writes"``: ``call`` takes the inputs, and writes ``targets``; ``"blocks"``: the body is run
            block by block; ``"loop"``: ``call`` takes the inputs, among which are the arrays that it writes.
        body: Of ``"blocks"`` and ``"loop"``: elementwise instructions.
        tables: Of ``"blocks"``: for each block the memory of each array of the body.
        targets: Of ``"writes"``: the places of the inputs that are written.
    """

    name: str
    call: Callable[..., Any]
    inputs: list[Any]
    options: dict[str, Any]
    output: Array
    kind: str = "out"
    body: list[Instruction] = field(default_factory=list)
    tables: list[tuple[Array, ...]] = field(default_factory=list)
    targets: tuple[int, ...] = ()

    def reads(self) -> Iterator[Array]:
        """The arrays that it reads; of a body those that come from outside."""
        if not self.body:
            yield from (v for v in (*self.inputs, *self.options.values()) if isinstance(v, np.ndarray))
        outside = {id(array) for array in self.inputs}
        for part in self.body:
            yield from (array for array in part.reads() if id(array) in outside)
            outside.discard(id(part.output))

    def writes(self) -> Iterator[Array]:
        """The arrays that it writes; of a body those that it does not keep for itself."""
        outside = {id(array) for array in self.inputs}
        yield from (part.output for part in self.body if id(part.output) in outside)
        if self.kind != "view" and not self.body:
            yield self.output


@dataclass(frozen=True)
class Backend:
    """How instructions are run.

    Attributes:
        chains: Whether an instruction can be part of a chain; given besides the owners of memory that moves between calls.
        chained: The instruction that takes the place of a chain; given besides whether an array is read after it.
        shortest: How many instructions are worth a chain.
        calls: What makes its own function of an instruction whose call is one of these.
    """

    chains: Callable[[Instruction, set[int]], bool]
    chained: Callable[[Sequence[Instruction], Callable[[Array], bool]], Instruction]
    shortest: int
    calls: Mapping[Callable[..., Any], Callable[[Instruction], Callable[..., Any]]]


def copy(source: Any, *, out: Array) -> None:
    """The values of one array, or a number, into another array."""
    np.copyto(out, source, casting="unsafe")


def choose(condition: Array, a: Any, b: Any, *, out: Array) -> None:
    """``np.where`` with memory to write into, which may be that of ``b``."""
    if b is not out:
        np.copyto(out, b)
    np.copyto(out, a, where=condition)


def place(array: Array) -> tuple[Any, ...]:
    """The memory of an array: the same for two views of the same elements."""
    return array.ctypes.data, array.shape, array.strides


def elementwise(instruction: Instruction) -> bool:
    """Whether each element of the output depends on those in its place alone."""
    call = instruction.call
    plain = instruction.kind == "out" and not instruction.options
    return plain and ((isinstance(call, np.ufunc) and call.signature is None) or call in (choose, masked))


def aligned(a: Array, b: Array) -> bool:
    """Whether two arrays share no memory, or element by element."""
    return not np.may_share_memory(a, b) or place(a) == place(b)


def meets(instruction: Instruction) -> bool:
    """Whether its arrays are contiguous and of the output's shape, or a row or column of it, or a number."""
    out = instruction.output
    for array in instruction.reads():
        if array.shape == out.shape:
            if not array.flags.c_contiguous:
                return False
            continue
        row = out.ndim == 2 and array.shape in (out.shape[1:], (1, out.shape[1]))
        column = out.ndim == 2 and array.shape == (out.shape[0], 1)
        if not (row or column or array.ndim == 0):
            return False
    return out.flags.c_contiguous and out.ndim > 0
