"""Instructions as Python code that NumPy runs in memory that is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.state import state
from ..lending import owner
from .instruction import Instruction, Number

__all__ = ["Program"]

Array = np.ndarray[Any, Any]


def _store(out: Array, value: Any) -> None:
    np.copyto(out, value, casting="unsafe")


class Program:
    """Instructions as one function.

    Attributes:
        instructions: What it does, in order.
        numbers: The places of the numbers that it takes, after its arrays.
        source: It as Python.
        run: The function: takes arrays and numbers, and gives a new view of each result.
    """

    def __init__(
        self, instructions: list[Instruction], inputs: Sequence[Array], numbers: Sequence[int], results: Sequence[Array]
    ) -> None:
        self.instructions: list[Instruction] = instructions
        self.numbers: list[int] = list(numbers)
        self._inputs, self._results = list(inputs), list(results)
        self._names: dict[int, str] = {}
        self._scalars: dict[tuple[str, str], str] = {}  # of constants without dimensions: the names
        self._calls: dict[str, list[Any]] = {}
        self._converted: dict[str, str] = {}  # of numbers: the names of arrays that hold them
        self._environment: dict[str, Any] = {"copyto": _store}
        self._moving = {id(array) for array in inputs}  # inputs and views of them, whose memory is another one in each call
        for i, array in enumerate(inputs):
            self._names[id(array)] = f"x{i}"
        self.source: str = self._compiled()
        exec(self.source, self._environment)
        self.run: Callable[..., Any] = self._environment["step"]

    def _compiled(self) -> str:
        body = [f"    {line}" for line in map(self._line, self.instructions) if line]
        lines = [f"    {name} = {converted}" for name, converted in self._converted.items()] + body
        arguments = ", ".join([*(f"x{i}" for i in range(len(self._inputs))), *(f"n{i}" for i in self.numbers)])
        results = "".join(f"{self._name(array)}[...], " for array in self._results)
        return "\n".join([f"def step({arguments}):", *lines, f"    return ({results})", ""])

    def _line(self, instruction: Instruction) -> str:
        moves = any(id(array) in self._moving for array in instruction.reads())
        if instruction.kind == "view" and not moves:
            return ""
        if instruction.kind == "blocks":
            return self._blocks(instruction)
        if instruction.kind == "loop":
            return f"{self._callable(instruction)}({', '.join(map(self._value, instruction.inputs))})"
        arguments = self._arguments(instruction)
        arguments += [f"{key}={self._value(value)}" for key, value in instruction.options.items()]
        call = self._callable(instruction)
        if instruction.kind == "view":
            self._moving.add(id(instruction.output))
            return f"{self._name(instruction.output)} = {call}({', '.join(arguments)})"
        output = self._name(instruction.output)
        if instruction.kind == "out":
            return f"{call}({', '.join([*arguments, f'out={output}'])})"
        return f"copyto({output}, {call}({', '.join(arguments)}))"

    def _blocks(self, instruction: Instruction) -> str:
        arrays: dict[int, str] = {}
        for part in instruction.body:
            for array in (*part.reads(), part.output):
                arrays.setdefault(id(array), f"b{len(arrays)}")
        lines = []
        for part in instruction.body:
            inputs = [
                arrays[id(v)] if isinstance(v, np.ndarray) else name
                for v, name in zip(part.inputs, self._arguments(part), strict=True)
            ]
            lines.append(f"{self._callable(part)}({', '.join([*inputs, f'out={arrays[id(part.output)]}'])})")
        each = f"for {', '.join(arrays.values())}, in {self._constant(instruction.tables)}:"
        return "\n        ".join([each, *lines])

    def _callable(self, instruction: Instruction) -> str:
        name = instruction.kind if instruction.body else instruction.name.strip("_")
        known = self._calls.setdefault(name, [])  # of that name; each is a function of its own
        place = next((i for i, call in enumerate(known) if call is instruction.call), len(known))
        if place == len(known):
            known.append(instruction.call)
        name = f"{name}_{place}" if place else f"{name}_"
        self._environment[name] = instruction.call
        return name

    def _arguments(self, instruction: Instruction) -> list[str]:
        """The inputs by name. NumPy's own calls take numbers as arrays, which are not converted in every call."""
        dtypes = {array.dtype for array in instruction.reads()}
        if not isinstance(instruction.call, np.ufunc) or len(dtypes) != 1 or (dtype := dtypes.pop()).kind != "f":
            return [self._value(value) for value in instruction.inputs]
        return [self._value(v) if isinstance(v, np.ndarray) else self._scalar(v, dtype) for v in instruction.inputs]

    def _scalar(self, value: Any, dtype: Any) -> str:
        """The name of an array without dimensions."""
        if type(value) is not Number:
            key = (repr(value), dtype.char)
            if key not in self._scalars:
                self._scalars[key] = self._constant(state.quiet(np.array, value, dtype))
            return self._scalars[key]
        name = f"{value.name}{dtype.char}"
        self._environment.setdefault("array", np.array)
        self._converted[name] = f"array({value.name}, {dtype.char!r})"
        return name

    def _value(self, value: Any) -> str:
        if type(value) is Number:
            return value.name
        if isinstance(value, np.ndarray):
            return self._name(value)
        if value is None or type(value) in (bool, int, str) or (type(value) is float and np.isfinite(value)):
            return repr(value)
        return self._constant(value)

    def _name(self, array: Array) -> str:
        name = self._names.setdefault(id(array), f"v{len(self._names)}")
        if id(array) not in self._moving:
            self._environment[name] = array
        return name

    def _constant(self, value: Any) -> str:
        name = f"c{len(self._environment)}"
        self._environment[name] = value
        return name

    def __str__(self) -> str:
        memory: dict[int, str] = {}  # the pieces of memory, numbered as they are met

        def shown(array: Array) -> str:
            piece = memory.setdefault(owner(array), f"m{len(memory)}")
            return f"{self._names.get(id(array), '-')}{list(array.shape)} in {piece}"

        lines = []
        total = 0
        for i, instruction in enumerate(self.instructions):
            output = instruction.output
            total += 0 if instruction.kind == "view" else output.nbytes
            reads = ", ".join(
                shown(v) if isinstance(v, np.ndarray) else str(getattr(v, "name", v)) for v in instruction.inputs
            )
            lines.append(
                f"{i:4}  {instruction.kind:6}  {instruction.name}({reads}) -> {shown(output)}, {output.nbytes:,} bytes"
            )
        return "\n".join([*lines, f"{len(lines)} instructions, {total:,} bytes written"])
