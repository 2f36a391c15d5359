"""What a step does, noted while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from .._tensor import Tensor, is_tensor
from ..core.primitive import Primitive
from ..observing import Observer
from .instruction import Instruction, copy
from .numbers import Expressions, Number, is_number, looked_at

__all__ = ["Tracer"]

Array = np.ndarray[Any, Any]


@dataclass
class Tracer(Expressions, Observer):
    """Notes what a step does; the core, in-place writes, optimizers and sources of random numbers report to it."""

    instructions: list[Instruction] = field(default_factory=list)
    writes: list[tuple[dict[str, Any], str, str]] = field(default_factory=list)  # dict, key and the number's name
    modes: list[tuple[Any, bool]] = field(default_factory=list)
    optimizers: list[tuple[Any, Any, Any]] = field(default_factory=list)  # optimizer, its state, its groups
    groups: list[tuple[Any, Any, Any, Any]] = field(default_factory=list)  # and of each group what is not a number
    states: list[tuple[Any, Any, Any]] = field(default_factory=list)  # optimizer, parameter, its state
    once: bool = False  # whether the step did something that it does only once, so that this trace must not be replayed
    tensors: dict[int, tuple[Tensor, Array, bool]] = field(default_factory=dict)  # from outside: memory, requires_grad
    made: dict[int, Array] = field(default_factory=dict)  # memory that the step made, by identity; keeps it alive
    fresh: dict[int, Array] = field(default_factory=dict)  # constants it made: their values
    grads: dict[int, Tensor] = field(default_factory=dict)  # tensors whose .grad the step sets
    values: list[Array] | None = None  # where asked for: what each instruction computed
    read_grads: set[int] = field(default_factory=set)  # tensors whose .grad was looked at before it was set
    grads_before: list[tuple[Tensor, Tensor | None]] = field(default_factory=list)  # and what it found there

    # ------------------------------------------------------------------------------------------ reports

    lifts = True

    def applied(self, op: Primitive, args: Any, arrays: Any, params: dict[str, Any], result: Tensor) -> None:
        """A primitive was applied: to ``args``, which casting turned into ``arrays``."""
        out, cast = result._data, arrays
        for arg in args:
            if is_tensor(arg):
                self.shared(arg)
        inputs = list(cast)
        for i, (arg, after) in enumerate(zip(args, cast, strict=True)):
            before = arg._data if is_tensor(arg) else arg
            if type(before) is Number:
                inputs[i] = before
            elif before is not after and isinstance(before, np.ndarray):
                self._add(Instruction("cast", copy, [before], {}, after, "out"))
        if op.view and (np.may_share_memory(out, cast[0]) or not out.flags.writeable):  # empty ones share no memory
            kind = "view"
        else:
            kind = "out" if op.takes_out and out.dtype.kind == "f" else "copy"
            if out is cast[0] or (out.base is not None and np.may_share_memory(out, cast[0])):
                kind = "view"  # a forward that gave back its input
        self._add(Instruction(op.name, op.forward, inputs, dict(params), out, kind))

    def stored(self, value: Array, target: Tensor) -> None:
        """An array's values were written to a tensor's memory."""
        self.shared(target)
        self._add(Instruction("copy_", copy, [value], {}, target._data, "out"))

    def created(self, tensor: Tensor) -> None:
        """The step made a tensor of numbers."""
        self.made[id(tensor._data)] = tensor._data
        self.fresh[id(tensor._data)] = tensor._data.copy()

    def drew(self, draw: Callable[[], Array], tensor: Tensor) -> None:
        """The step drew random numbers."""
        self._add(Instruction("draw", draw, [], {}, tensor._data, "draw"))

    def looked(self, what: str) -> NoReturn:
        """The step looks at values."""
        looked_at(what)

    def called(self, module: Any) -> None:
        """A module was called."""
        self.modes.append((module, module.training))

    def stepping(self, optimizer: Any, group: dict[str, Any]) -> dict[str, Any]:
        """An optimizer's options with its numbers traced."""
        name = f"group{len(self.environment)}"
        self.environment[name] = group
        traced, fixed = dict(group), {}
        for key, value in group.items():
            if is_number(value):
                traced[key] = self.number(f"float({name}[{key!r}])", float(value))
            elif key != "params" and isinstance(value, tuple | list) and all(map(is_number, value)):
                traced[key] = tuple(self.number(f"float({name}[{key!r}][{i}])", float(v)) for i, v in enumerate(value))
            elif key not in ("params", "param_names"):
                fixed[key] = value
        if any(seen is group for _, seen, *_ in self.groups):
            self.once = True  # a second step: its numbers go on from where the first left them
        self.groups.append((optimizer, group, list(group["params"]), fixed))
        self.optimizers.append((optimizer, optimizer.state, list(optimizer.param_groups)))
        return traced

    def updating(self, optimizer: Any, p: Any, g: Any, entries: dict[str, Any], group: dict[str, Any], new: bool) -> bool:
        """An optimizer's update of a parameter, with the numbers in its state traced."""
        self.once = self.once or (new and bool(entries))
        name = f"state{len(self.environment)}"
        self.environment[name] = entries
        self.states.append((optimizer, p, entries))
        before = entries.keys() | set()
        counted = [key for key in entries if key in optimizer.numbers]
        try:
            for key in counted:
                entries[key] = self.number(f"{name}[{key!r}]", entries[key])
            optimizer.update(p, g, entries, group)
        finally:
            for key in counted:
                if type(entries[key]) is Number:
                    self.writes.append((entries, key, entries[key].name))
                    entries[key] = float(entries[key])
        self.once = self.once or entries.keys() != before
        return True

    # -------------------------------------------------------------------------------------------- inside

    def shared(self, tensor: Tensor) -> None:
        """The step uses a tensor that it did not make."""
        if id(tensor._data) not in self.made:
            self.tensors.setdefault(id(tensor._data), (tensor, tensor._data, tensor._node is not None))

    def _add(self, instruction: Instruction) -> None:
        self.made.setdefault(id(instruction.output), instruction.output)
        instruction.completes = len(self.instructions)
        self.instructions.append(instruction)
        if self.values is not None:
            self.values.append(instruction.output.copy())

    def grad_read(self, tensor: Tensor) -> None:
        """The tensor's ``.grad`` is read."""
        if id(tensor) not in self.grads and id(tensor) not in self.read_grads:
            self.read_grads.add(id(tensor))
            self.grads_before.append((tensor, tensor._grad))
            if tensor._grad is not None:
                self.shared(tensor._grad)

    def grad_set(self, tensor: Tensor) -> None:
        """The tensor's ``.grad`` was set."""
        self.grads.setdefault(id(tensor), tensor)
