"""Stretches of a compiled step as programs: what computes the numbers that wait.

A :class:`Stretch` is some lines that were waiting together, and which of their values anybody still holds: what nobody holds, nobody can ask
for. It is computed line by line the first times, and from then on by a :class:`~.program.Program` over memory of its own. What was the same array
or number in both calls is part of the program, what was not is an argument; where that proves wrong, the program is made again.

Values that outlive the stretch stay in the program's memory, which is not written again while somebody refers to it: then another
instance of the program runs, and where there are many, one whose results are new arrays.
"""

from __future__ import annotations

import operator
import sys
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core.state import state
from ..lending import owner
from .following import Follower
from .instruction import Instruction, Number
from .lines import Cell
from .passes import optimized
from .program import Program

__all__ = ["Stretch"]

Array = np.ndarray[Any, Any]

_LARGE = 2  # elements: smaller results are new arrays
_INSTANCES = 4  # of a program
_ATTEMPTS = 4  # to make it; then all arrays and numbers are arguments


class Stretch:
    """Lines ``low`` to ``high`` of a step, computed together; of their values those of ``live`` are kept."""

    def __init__(self, low: int, high: int, live: tuple[int, ...], keep: bool) -> None:
        self.low: int = low
        self.high: int = high
        self.live: tuple[int, ...] = live
        self.keep: bool = keep
        self.calls: int = 0
        self.attempts: int = 0
        self.before: tuple[list[Any], list[Any]] | None = (
            None  # weak references to the arrays of the call before, and its numbers
        )
        self.moving: set[int] = set()  # slots of arrays that are not the same in each call
        self.varying: set[int] = set()  # numbers that are not
        self.instances: list[_Instance] = []
        self.failed: bool = False

    def run(self, follower: Follower, wait: int) -> None:
        """Compute the values; line by line in the first ``wait`` calls."""
        self.calls += 1
        fused = follower.step.backend is not None and self.high - self.low > 1 and not self.failed
        if not (fused and self.calls > wait and self._fused(follower)):
            if fused and self.calls <= wait:
                self._compare(follower)
            state.quiet(follower.step_through, self.low, self.high)

    def _compare(self, follower: Follower) -> None:
        """Note what is not as it was in the call before."""
        numbers = follower.numbers[: follower.lines[self.high - 1].numbers]
        if self.before is not None:
            arrays, others = self.before
            self.moving |= {~i for i, (a, b) in enumerate(zip(arrays, follower.inputs)) if a() is not b}
            self.varying |= {i for i, (a, b) in enumerate(zip(others, numbers)) if a != b or type(a) is not type(b)}
        self.before = list(map(weakref.ref, follower.inputs)), numbers

    def _fused(self, follower: Follower) -> bool:
        for instance in self.instances:
            if not instance.busy() and instance.valid(follower):
                instance.run(follower)
                return True
        stale = [instance for instance in self.instances if not instance.valid(follower)]
        if stale or self.before is None:
            self._compare(follower)
            self.instances, self.attempts = [], self.attempts + 1
        if self.attempts > _ATTEMPTS:
            self.moving.update(~i for i in range(len(follower.inputs)))
            self.varying.update(range(len(follower.numbers)))
        try:
            instance = _Instance(self, follower, self.keep and len(self.instances) < _INSTANCES)
        except NotImplementedError:
            self.failed = True
            return False
        if not instance.valid(follower):
            return False
        self.instances.append(instance)
        instance.run(follower)
        return True


class _Instance:
    """A program for a stretch, with the memory of its results."""

    def __init__(self, stretch: Stretch, follower: Follower, keep: bool) -> None:
        self.stretch = stretch
        self.follower = follower  # while it is made
        self.arrays: dict[int, Array] = {}
        self.fixed: list[int] = []
        self.moving: list[int] = []
        numbers = follower.lines[stretch.high - 1].numbers
        self.constants = [(i, follower.numbers[i]) for i in range(numbers) if i not in stretch.varying]
        self.roots: dict[int, int] = {}  # of each value the slot that owns its memory
        instructions = [each for n in range(stretch.low, stretch.high) for each in self._instructions(n)]
        self.targets = {slot for line in follower.lines[stretch.low : stretch.high] for slot in line.writes}
        self.checked = [slot for slot in self.moving if slot not in self.targets] if self.targets else []
        roots = list(dict.fromkeys(self.roots[n] for n in stretch.live))
        own = [root for root in roots if root >= stretch.low]
        self.fresh = [root for root in own if not keep or self.arrays[root].size < _LARGE]
        self.kept = [self.arrays[root] for root in own if root not in self.fresh]
        arguments = [self.arrays[slot] for slot in (*self.moving, *self.fresh)]
        moving = set(map(owner, arguments))
        live = {owner(self.arrays[slot]) for slot in (*roots, *self.fixed)} | moving
        results = [self.arrays[n] for n in stretch.live]
        self.program = Program(
            optimized(instructions, live, moving, follower.step.backend), arguments, sorted(stretch.varying), results
        )
        self.expected = [follower.inputs[~slot] for slot in self.fixed]
        self.places = [~slot for slot in self.fixed]
        self.follower = None  # type: ignore[assignment] # it is made
        self.unheld: list[int] = []

    def _array(self, slot: int) -> Array:
        if slot not in self.arrays:
            outside = slot < 0 and slot not in self.stretch.moving
            self.arrays[slot] = given = self.follower.value(slot)
            if not outside:  # stands for arrays that are others in each call, which are to be let go
                self.arrays[slot] = np.copy(given) if given.flags.forc else given[...]
            (self.fixed if outside else self.moving).append(slot)
            self.roots[slot] = slot
        return self.arrays[slot]

    def _input(self, slot: Any) -> Any:
        if type(slot) is int:
            return self._array(slot)
        if type(slot) is Number:
            return slot if slot.place in self.stretch.varying else self.follower.numbers[slot.place]
        return slot[0]

    def _instructions(self, n: int) -> Iterator[Instruction]:
        line = self.follower.lines[n]
        inputs = [self._input(slot) for slot in line.slots]
        options = {name: self._input(value) if type(value) is Number else value for name, value in line.options.items()}
        if line.writes:
            for function, *places in line.op.parts:
                given = [inputs[i] for i in places]
                targets = tuple(i for i, value in enumerate(given) if i != 1 and isinstance(value, np.ndarray))
                yield Instruction("update", function, given, {}, given[0], "writes", targets=targets)
            return
        self.roots[n] = n
        if line.alias is not None:
            kind, output = "view", state.quiet(line.call, *inputs, **options)
            output = output[...] if any(output is array for array in inputs) else output
            self.roots[n] = self.roots.get(line.alias, line.alias) if type(line.alias) is int else n
        else:
            takes_out = getattr(line.op, "takes_out", False) and line.like.dtype.kind == "f"
            kind, output = "out" if takes_out else "copy", np.empty_like(line.like.over_one())
        self.arrays[n] = output
        yield Instruction(line.op if type(line.op) is str else line.op.name, line.call, inputs, options, output, kind)

    def valid(self, follower: Follower) -> bool:
        """Whether what is part of the program is as it was."""
        inputs, numbers = follower.inputs, follower.numbers
        if not all(map(operator.is_, map(inputs.__getitem__, self.places), self.expected)):
            return False
        for i, value in self.constants:
            if numbers[i] != value or type(numbers[i]) is not type(value):
                return False
        if self.checked:
            written = {owner(follower.value(slot)) for slot in self.targets}
            if any(owner(follower.value(slot)) in written for slot in self.checked):
                return False
        return True

    def busy(self) -> bool:
        """Whether somebody still refers to the memory of results."""
        count = sys.getrefcount
        return [count(array) for array in self.kept] != self.unheld and bool(self.unheld)

    def run(self, follower: Follower) -> None:
        """Compute the values of this call."""
        if not self.unheld:
            self.unheld = [sys.getrefcount(array) for array in self.kept]
        cells, numbers = follower.cells, follower.numbers
        arguments = [cells[slot].array if slot >= 0 else follower.inputs[~slot] for slot in self.moving]
        arguments += [np.empty_like(self.arrays[slot]) for slot in self.fresh]
        results = state.quiet(self.program.run, *arguments, *[numbers[i] for i in self.program.numbers])
        for n, array in zip(self.stretch.live, results):
            cell = cells[n]
            if cell is None:
                cell = cells[n] = Cell(follower, n)
            cell.array = array
