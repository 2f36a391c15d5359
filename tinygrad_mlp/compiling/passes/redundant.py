"""Leaving out what is there already, what nobody reads, and copies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...lending import owner
from ..instruction import Instruction, aligned, choose, copy, elementwise, place
from .packing import Moved

__all__ = ["shared", "unused"]

Array = np.ndarray[Any, Any]


def shared(program: Sequence[Instruction], live: set[int]) -> list[Instruction]:
    """The program without calls whose result is there already: of the same function, of the same values.

    Both results must be in memory that is written once, so that one can be read wherever the other was.
    """
    writes = Counter(owner(instruction.output) for instruction in program if instruction.kind != "view")
    versions: Counter[int] = Counter()  # how often a piece of memory has been written
    outside: dict[Any, Array] = {}  # live memory that was read: several pieces of it may be the same memory
    known: dict[Any, Array] = {}
    instead = Moved()

    def value(read: Any) -> Any:
        if not isinstance(read, np.ndarray):
            return type(read), getattr(read, "name", repr(read))
        key = owner(read)
        if key in live:
            outside[place(read)] = read
        return key, place(read), read.dtype, versions[key]

    def wrote(output: Array) -> None:
        versions[owner(output)] += 1
        if owner(output) in live:
            versions.update({owner(read) for read in outside.values() if np.may_share_memory(read, output)})

    result = []
    for instruction in program:
        inputs = [instead.array(read) for read in instruction.inputs]
        options = {key: instead.array(read) for key, read in instruction.options.items()}
        output = instruction.output
        key = owner(output)
        if instruction.kind == "view":
            output = instead.array(output)
        elif instruction.kind == "out" and key == id(output) and writes[key] == 1 and key not in live:
            reads = tuple(map(value, inputs)), tuple((name, value(read)) for name, read in options.items())
            same = known.setdefault((instruction.call, output.shape, output.strides, output.dtype, reads), output)
            if same is not output:
                instead.put(output, same)
                continue
        if instruction.kind != "view":
            wrote(output)
        result.append(replace(instruction, inputs=inputs, options=options, output=output))
    return result


def unused(program: Sequence[Instruction], live: set[int]) -> list[Instruction]:
    """Without instructions whose results nobody reads, and without copies of what can be computed in place."""
    kept: list[Instruction] = []
    wanted = set(live)
    for instruction in reversed(program):
        if owner(instruction.output) not in wanted:
            continue
        wanted.update(owner(array) for array in instruction.reads())
        kept.append(instruction)
    kept.reverse()

    readers = Counter(owner(array) for instruction in kept for array in instruction.reads())
    result: list[Instruction] = []
    for instruction in kept:
        before = result[-1] if result else None
        if (
            before is not None
            and instruction.call is copy
            and elementwise(before)
            and before.output is instruction.inputs[0]
            and owner(before.output) not in live
            and readers[owner(before.output)] == 1
            and (before.output.shape, before.output.dtype) == (instruction.output.shape, instruction.output.dtype)
            and all(aligned(array, instruction.output) for array in before.reads())
            and (before.call is not choose or not any(np.may_share_memory(a, instruction.output) for a in before.reads()))
        ):
            before.output = instruction.output
        else:
            result.append(instruction)
    return result
