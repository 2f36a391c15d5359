"""Running neighbouring elementwise instructions together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...lending import owner
from ..instruction import Backend, Instruction, aligned, copy, elementwise, meets
from .packing import packed

__all__ = ["NUMPY", "chained"]

Array = np.ndarray[Any, Any]


# Elements of a block of one thread: 128 KiB of float32, so that a handful of arrays fit in a core's own cache.
BLOCK = 32_768
_LONG, _LONGEST = 32, 128  # instructions of a chain, where each is compared with all others: fewer join, then none


def chained(program: Sequence[Instruction], live: set[int], moving: set[int], backend: Backend) -> list[Instruction]:
    """Elementwise instructions of one shape that follow one another as one instruction."""
    last = {}  # where an owner's memory is last read
    for i, instruction in enumerate(program):
        for array in instruction.reads():
            last[owner(array)] = i
    result: list[Instruction] = []
    chain: list[Instruction] = []

    def close(end: int) -> None:
        def later(array: Array) -> bool:
            return owner(array) in live or last.get(owner(array), -1) >= end

        for part in _apart(chain):
            result.extend(part if len(part) < backend.shortest else [backend.chained(part, later)])
        chain.clear()

    for i, instruction in enumerate(program):
        fits = elementwise(instruction) and backend.chains(instruction, moving)
        if chain and not (fits and instruction.output.shape == chain[0].output.shape and _fit(instruction, chain)):
            close(i)
        if fits:
            chain.append(instruction)
        else:
            result.append(instruction)
    close(len(program))
    return result


def _apart(chain: Sequence[Instruction]) -> list[list[Instruction]]:
    """The chain as several that have no arrays in common, such as the updates of two parameters, each in its order."""
    groups: list[tuple[set[int], list[int]]] = []  # memory, and who uses it
    for i, instruction in enumerate(chain):
        memory, members = {array.ctypes.data for array in (*instruction.reads(), instruction.output) if array.ndim}, [i]
        for group in [group for group in groups if not group[0].isdisjoint(memory)]:
            groups.remove(group)
            memory, members = memory | group[0], members + group[1]
        groups.append((memory, members))
    return [[chain[i] for i in sorted(members)] for _, members in sorted(groups, key=lambda group: min(group[1]))]


def _fit(instruction: Instruction, chain: Sequence[Instruction]) -> bool:
    """Whether it can join: it has the chain's dtype, its arrays are the chain's or share no memory with them, and the chain is short."""
    mine = (*instruction.reads(), instruction.output)
    theirs = [array for part in chain for array in (*part.reads(), part.output)]
    if len({array.dtype for array in (*mine, *theirs) if array.dtype.kind == "f"}) > 1:
        return False
    if len(chain) >= _LONG and (len(chain) >= _LONGEST or len(_apart([*chain, instruction])) > len(_apart(chain))):
        return False
    return all(aligned(a, b) for a in mine for b in theirs)


def _large(instruction: Instruction, moving: set[int]) -> bool:
    """Whether it pays to run an instruction in blocks, and its memory is in the same place in each call."""
    if instruction.output.size <= BLOCK or not meets(instruction):
        return False
    return not any(owner(array) in moving for array in (*instruction.reads(), instruction.output))


def _in_blocks(chain: Sequence[Instruction], later: Callable[[Array], bool]) -> Instruction:
    """One instruction for the chain, block by block; what only the chain uses gets memory for one block."""
    shape = chain[0].output.shape
    rows = max(1, BLOCK // max(1, int(np.prod(shape[1:]))))
    outside: dict[int, Array] = {}
    inner: dict[int, Array] = {}
    for part in chain:
        outside.update((id(array), array) for array in part.reads() if id(array) not in inner)
        out = part.output
        if owner(out) != id(out) or later(out):
            outside[id(out)] = out
        elif id(out) not in outside:
            inner.setdefault(id(out), np.empty((rows, *shape[1:]), out.dtype))

    def in_block(value: Any) -> Any:
        return inner.get(id(value), value)

    body = [replace(part, inputs=list(map(in_block, part.inputs)), output=in_block(part.output)) for part in chain]
    body = packed(body, {owner(array) for array in outside.values()})
    arrays = {id(array): array for part in body for array in (*part.reads(), part.output)}
    tables = []
    for start in range(0, shape[0], rows):
        stop = min(start + rows, shape[0])
        divided = {id(a): a[start:stop] for a in outside.values() if a.ndim == len(shape) and len(a) == shape[0]}
        divided |= {key: array[: stop - start] for key, array in arrays.items() if key not in outside}
        tables.append(tuple(divided.get(key, array) for key, array in arrays.items()))
    name = "+".join(part.name for part in chain)
    return Instruction(name, copy, list(outside.values()), {}, chain[-1].output, "blocks", body, tables)


NUMPY = Backend(_large, _in_blocks, 2, {})
