"""A traced step as Python code that NumPy runs in memory that is kept."""

from __future__ import annotations

import functools
import operator
import threading
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..core.graph import version_of, wrap
from ..core.state import state
from ..errors import GraphError
from ..nn.module import module_changes
from ..trees import leaves, mapped
from .instruction import Backend, Instruction, owner
from .numbers import Number
from .passes import optimized
from .tracer import Tracer

__all__ = ["Program", "copied"]

Array = np.ndarray[Any, Any]


def _store(out: Array, value: Any) -> None:
    """Write a result into its memory.

    Raises:
        GraphError: It has another shape than when it was traced.
    """
    if np.shape(value) != out.shape:
        raise GraphError(
            f"a compiled step cannot make tensors whose shape depends on values (here {np.shape(value)}, traced {out.shape}), such "
            "as x[mask] or nonzero(): choose between values with where()"
        )
    np.copyto(out, value, casting="unsafe")


def _same(items: Sequence[Any], others: Sequence[Any]) -> bool:
    """Whether two sequences hold the same objects."""
    return len(items) == len(others) and all(map(operator.is_, items, others))


_STALE = (
    "either something that it reads from Python, a number or a list, has changed since it was traced (make it a tensor, an argument or "
    "an attribute of a module), or fusion rounds in another way (fusion=False gives the same bits)"
)


class Program:
    """A traced step; call it with the arrays of the arguments' tensors.

    Attributes:
        instructions: What it does, in order.
        source: It as Python.
    """

    def __init__(
        self, tracer: Tracer, inputs: Sequence[Array], result: Any, backend: Backend | None, check: bool = False
    ) -> None:
        self.instructions: list[Instruction] = tracer.instructions
        if backend is not None:
            kept = [tensor._data for tensor in leaves(result, Tensor)]
            kept += [array for _, array, _ in tracer.tensors.values()]
            kept += [tensor._grad._data for tensor in tracer.grads.values() if tensor._grad is not None]
            live, moving = {owner(array) for array in kept}, {owner(array) for array in inputs}
            self.instructions = optimized(tracer.instructions, live | moving, moving, backend)
        self._result = result
        threads = {threading.get_ident(), *(module._thread for module, _ in tracer.modes)}
        self._changes = [(thread, module_changes(thread)) for thread in threads]
        self._tracer = tracer
        self._inputs = list(inputs)
        self._grads = [(tensor, tensor._grad) for tensor in tracer.grads.values()]
        self._names: dict[int, str] = {}
        self._scalars: dict[tuple[str, str], str] = {}  # of constants without dimensions: the names
        self._converted: dict[str, str] = {}  # of traced numbers: the names of arrays that hold them
        self._environment: dict[str, Any] = dict(tracer.environment)
        self._moving = {id(array) for array in inputs}  # inputs and views of them, whose memory is another one in each call
        for i, array in enumerate(inputs):
            self._names[id(array)] = f"x{i}"
        self.source: str = self._compiled()
        exec(self.source, self._environment)
        self._run = self._environment["step"]
        self._expected: list[Array] = []  # while it is checked: what each traced instruction computes now
        written = {id(i.output): i.output for i in tracer.instructions if i.kind != "view"}.values()
        self._versions = [
            version_of(tensor)
            for tensor, array, _ in tracer.tensors.values()
            if any(np.may_share_memory(array, output) for output in written)
        ]
        if not check:  # what only the trace needed
            tracer.instructions, tracer.made, tracer.fresh = [], {}, {}

    def _compiled(self, checked: bool = False) -> str:
        """The program as a Python function; ``checked``: one that compares what each instruction computes with what it should."""
        tracer = self._tracer
        lines = [f"    {name} = {expression}" for expression, name in tracer.numbers.items()]
        lines += [f"    if {guard} is not {outcome}: return None" for guard, outcome in dict.fromkeys(tracer.guards)]
        written = [i.output for i in tracer.instructions if i.kind != "view"]
        for array_id, values in tracer.fresh.items():
            array = tracer.made[array_id]
            if any(np.may_share_memory(array, output) for output in written):
                lines.append(f"    copyto({self._name(array)}, {self._constant(values)})")
        body = []
        for instruction in self.instructions:
            if checked and instruction.kind == "draw":  # drawn once, for both
                body.append(f"    copyto({self._name(instruction.output)}, expected[{instruction.completes}])")
            elif line := self._line(instruction):
                body.append(f"    {line}")
            if checked and instruction.kind != "view":
                made = _completed(instruction)
                body += [f"    compare({self._constant(part)}, {self._name(part.output)})" for part in made]
        lines += [f"    {name} = {converted}" for name, converted in self._converted.items()] + body
        self._environment["copyto"] = _store
        for entries, key, name in tracer.writes:
            lines.append(f"    {self._constant(entries)}[{key!r}] = {name}")
        arguments = ", ".join(f"x{i}" for i in range(len(self._inputs)))
        results = "".join(f"{self._name(tensor._data)}, " for tensor in leaves(self._result, Tensor))
        return "\n".join([f"def step({arguments}):", *lines, f"    return ({results})", ""])

    def check(self, reference: Tracer, inputs: Sequence[Array], exact: bool) -> bool:
        """Replay, comparing each instruction with the reference's. False where a comparison of numbers comes out differently.

        Raises:
            GraphError: An instruction computes something else than the function does now.
        """
        for (was, outcome), (does, comes) in zip(self._tracer.guards, reference.guards, strict=False):
            if was != does:
                break
            if outcome is not comes:
                return False
        for i, (mine, now) in enumerate(zip_longest(self._tracer.instructions, reference.instructions)):
            if mine is None or now is None or (mine.name, mine.output.shape) != (now.name, now.output.shape):
                was, does = ("nothing more" if x is None else f"{x.name} -> {list(x.output.shape)}" for x in (mine, now))
                raise GraphError(f"instruction {i} was traced as {was}, but the step now does {does}: {_STALE}")
        assert reference.values is not None
        self._expected[:], reference.values = reference.values, None
        if "checked" not in self._environment:
            self._environment.update(expected=self._expected, compare=functools.partial(self._compare, exact=exact))
            exec(self._compiled(checked=True).replace("def step(", "def checked(", 1), self._environment)
        try:
            return state.quiet(self._environment["checked"], *inputs) is not None
        finally:
            self._expected.clear()

    def memory(self) -> list[Array]:
        """The memory of tensors that the step did not make."""
        return [array for _, array, _ in self._tracer.tensors.values()]

    def counted(self) -> list[dict[str, Any]]:
        """The dicts whose numbers it writes."""
        return [entries for entries, *_ in self._tracer.writes]

    def take_gradients(self) -> None:
        """Make the gradients that the function left those of the program, as they are after a replay."""
        for tensor, grad in self._grads:
            if grad is not None and tensor._grad is not None:
                np.copyto(grad._data, tensor._grad._data)
            tensor._grad = grad

    def _compare(self, part: Instruction, got: Array, *, exact: bool) -> None:
        expected = self._expected[part.completes]
        got = got.view(expected.dtype)  # where the instruction works on the numbers' bits
        if got.shape != expected.shape:
            got = got.T  # kept transposed
        traced = self._tracer.instructions[part.completes]
        allowed = 0.0
        if not exact and got.dtype.kind == "f":  # rounding is relative to what was added up
            added = [np.abs(array[np.isfinite(array)]).max(initial=0) for array in (expected, *traced.reads())]
            allowed = float(max(added)) * 1e3 * float(np.finfo(got.dtype).eps)
        near = np.isclose(got, expected, rtol=0, atol=allowed, equal_nan=True)
        if not near.all():
            at = tuple(int(i) for i in np.argwhere(~near)[0])
            raise GraphError(
                f"instruction {part.completes}, {traced.name} -> {list(expected.shape)}, gives {got[at]} at {at} where the step now "
                f"gives {expected[at]}: {_STALE}"
            )
        np.copyto(got, expected)  # so that the next instruction starts from the right values

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
        name = f"{instruction.kind if instruction.body else instruction.name.strip('_')}_{id(instruction.call):x}"
        self._environment[name] = instruction.call
        return name

    def _arguments(self, instruction: Instruction) -> list[str]:
        """The inputs by name. NumPy's own calls take numbers as arrays, which are not converted in every call."""
        dtypes = {array.dtype for array in instruction.reads()}
        if not isinstance(instruction.call, np.ufunc) or len(dtypes) != 1 or (dtype := dtypes.pop()).kind != "f":
            return [self._value(value) for value in instruction.inputs]
        return [self._value(v) if isinstance(v, np.ndarray) else self._scalar(v, dtype) for v in instruction.inputs]

    def _scalar(self, value: float, dtype: Any) -> str:
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

    # ------------------------------------------------------------------------------------------- replaying

    def holds(self) -> bool:
        """Whether all that the program relies on is still as it was when it was traced."""
        tracer = self._tracer
        return (
            all(module_changes(thread) == changes for thread, changes in self._changes)
            and all(t._data is array and (t._node is not None) is graded for t, array, graded in tracer.tensors.values())
            and all(module.training is mode for module, mode in tracer.modes)
            and all(o.state is kept and _same(o.param_groups, groups) for o, kept, groups in tracer.optimizers)
            and all(
                _same(group["params"], params) and all(group.get(key) == value for key, value in fixed.items())
                for _, group, params, fixed in tracer.groups
            )
            and all(o.state.get(p) is entries for o, p, entries in tracer.states)
            and all(tensor._grad is grad for tensor, grad in tracer.grads_before)
        )

    def __call__(self, inputs: Sequence[Array]) -> tuple[Any] | None:
        """Replay, and give the step's result in a tuple; None, with nothing done, where a comparison of numbers comes out differently."""
        results = state.quiet(self._run, *inputs)
        if results is None:
            return None
        for version in self._versions:
            version.bump("a compiled step")
        for tensor, grad in self._grads:
            tensor._grad = grad
        return (copied(self._result, iter(results)),)

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


def copied(value: Any, arrays: Iterator[Array]) -> Any:
    """A result with copies of these arrays in its tensors; a leaf, such as a parameter, stays the tensor that it is."""

    def of(tensor: Tensor) -> Tensor:
        array = next(arrays)
        return tensor if tensor._node is not None and tensor._node.is_leaf else wrap(array.copy())

    return mapped(of, value, Tensor)


def _completed(instruction: Instruction) -> Iterator[Instruction]:
    """The instruction, or those of its body, that leave in memory what a traced one made."""
    if not instruction.body:
        if instruction.completes >= 0:
            yield instruction
        return
    outside = {id(array) for array in instruction.inputs}
    for i, part in enumerate(instruction.body):
        overwritten = any(owner(later.output) == owner(part.output) for later in instruction.body[i + 1 :])
        if part.completes >= 0 and id(part.output) in outside and not overwritten:
            yield part
