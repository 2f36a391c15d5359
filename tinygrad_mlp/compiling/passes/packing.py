"""One piece of memory for arrays that are not needed at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...lending import owner
from ..instruction import Instruction, choose, elementwise

__all__ = ["Moved", "packed"]

Array = np.ndarray[Any, Any]


def packed(program: Sequence[Instruction], fixed: set[int]) -> list[Instruction]:
    """With one piece of memory for several arrays, where the last reader of one comes before the first writer of the next.

    An elementwise call may write where it reads. Arrays that an instruction makes as a whole are moved; ``fixed``, constants and what
    lives on from call to call are not.
    """
    arrays, first, last = _lives(program, fixed)
    memory: dict[int, Array] = {}  # owner: bytes
    free: list[Array] = []
    for i, instruction in enumerate(program):
        used = dict.fromkeys(map(owner, (*instruction.reads(), *instruction.writes())))
        starts = [key for key in used if first.get(key) == i]
        ends = [key for key in used if last[key] == i and key in memory]
        for key in starts:
            needed = arrays[key].nbytes
            over = next((old for old in ends if _in_place(instruction, arrays[old])), None)
            if over is not None:
                ends.remove(over)
                memory[key] = memory[over]
                continue
            fitting = [piece for piece in free if piece.nbytes >= needed]
            memory[key] = piece = min(fitting, key=len) if fitting else _aligned_bytes(needed)
            free = [other for other in free if other is not piece]
        free += [memory[key] for key in ends]
        free += [memory[key] for key in starts if last[key] == i]
    moved = Moved()
    for key, piece in memory.items():
        moved.put(arrays[key], piece)
    return [moved.instruction(instruction) for instruction in program]


def _lives(program: Sequence[Instruction], fixed: set[int]) -> tuple[dict[int, Array], dict[int, int], dict[int, int]]:
    """The arrays that can be moved, by owner; where each is written first, and where any is used last."""
    arrays: dict[int, Array] = {}
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    kept = set(fixed)
    for i, instruction in enumerate(program):
        for array in instruction.reads():
            key = owner(array)
            last[key] = i
            if key not in first:
                kept.add(key)  # read before the program writes it
        for array in instruction.writes():
            key = owner(array)
            last[key] = i
            if key in first or key in kept:
                continue
            if key == id(array) and array.flags.c_contiguous:
                first[key], arrays[key] = i, array
            else:
                kept.add(key)
    return arrays, first, last


def _in_place(instruction: Instruction, array: Array) -> bool:
    """Whether the output can take the place of an input that nobody reads later."""
    out = instruction.output
    return (
        elementwise(instruction)
        and instruction.call is not choose
        and (array.shape, array.dtype) == (out.shape, out.dtype)
        and all(read is array for read in instruction.reads() if owner(read) == id(array))
    )


def _aligned_bytes(count: int) -> Array:
    """Memory that starts where a line of the cache does."""
    memory = np.empty(count + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + count]


class Moved:
    """Arrays in other memory: one object for each view of it, as arrays are known by identity."""

    def __init__(self) -> None:
        self._memory: dict[
            int, tuple[Array, Array]
        ] = {}  # by owner: the owner, which is kept alive, and what took its place
        self._views: dict[Any, Array] = {}

    def put(self, array: Array, memory: Array) -> None:
        """Let ``memory`` take the place of an array's own."""
        self._memory[id(array)] = array, memory

    def array(self, value: Any) -> Any:
        """The array itself, or the same view of the memory that took the place of its owner's."""
        if not isinstance(value, np.ndarray) or (key := owner(value)) not in self._memory:
            return value
        array, memory = self._memory[key]
        offset = value.ctypes.data - array.ctypes.data
        layout = value.shape, value.strides, value.dtype
        if layout == (memory.shape, memory.strides, memory.dtype):
            return memory
        view = (id(memory), offset, *layout)
        if view not in self._views:
            self._views[view] = np.ndarray(value.shape, value.dtype, memory, offset, value.strides)
        return self._views[view]

    def instruction(self, instruction: Instruction) -> Instruction:
        """The instruction on the arrays in other memory."""
        return replace(
            instruction,
            inputs=[self.array(value) for value in instruction.inputs],
            options={key: self.array(value) for key, value in instruction.options.items()},
            output=self.array(instruction.output),
            body=[self.instruction(part) for part in instruction.body],
            tables=[tuple(map(self.array, block)) for block in instruction.tables],
        )
