"""A training step as a flat program: traced once, replayed into buffers that are kept.

:func:`compile` runs a function twice with operations recorded, forward, backward and the optimizer's update alike: the
rules of the backward pass run on Tensors, so that what they compute goes through :func:`~tinygrad_mlp.engine.apply`, too.
What comes out is a :class:`Program`: a list of instructions, each an operation, the memory it reads and the memory it
writes. That memory is what the traced run allocated; replaying computes the same things into the same places, so that
nothing is allocated, no graph is built and no view is taken again.

What may change between calls, and what that does:

* the values of the arguments' tensors, of parameters, buffers and optimizer states: read where they are, each time;
* learning rates, momenta and step counts, which optimizers keep as Python numbers: computed anew before each replay;
* random numbers: drawn anew, from the same streams in the same order as without compiling;
* shapes, dtypes or other arguments, a module's mode, a comparison of a number (such as ``if momentum != 0``): another
  program is traced for them; programs are kept, so that a short last batch costs one more trace.

A step that looks at values (``item()``, ``bool()``, ``numpy()``) cannot be replayed, and says so when it is traced, as does one
whose tensors have shapes that depend on values. Tensors among the arguments that require grad are not traced at all: the function
is called as it is.

What a step reads from Python is as it was when it was traced: numbers in variables and attributes, lists, the outcome of an
``if``, and what ``math.sqrt`` and its like make of an optimizer's number (``** 0.5`` is computed anew). Attributes of modules are the
exception: setting one traces anew. What it does to Python happens then, and not again: printing, appending to a list,
``scheduler.step()`` (which refuses). The tensors that it returns have no history, and the gradients it leaves in ``.grad`` are
written over by the next call. A method is compiled bound: ``compile(trainer.step)``.
"""

from __future__ import annotations

import functools
import operator
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, overload

import numpy as np

from ._tensor import Tensor, is_tensor
from .core.graph import version_of, wrap
from .core.primitive import Primitive
from .core.state import state
from .dtypes import get_default_dtype
from .errors import ArgumentError, GraphError
from .fusion import NUMPY, Backend, Instruction, copy, optimized, owner
from .nn.module import module_changes
from .observing import Observer

__all__ = ["Program", "compile"]

Array = np.ndarray[Any, Any]


# ------------------------------------------------------------------------------------------------ traced numbers


def _spelled(value: Any) -> str:
    """A number as Python; of infinity and nan there is no literal."""
    if type(value) is Number:
        return value.name
    return repr(value) if isinstance(value, int) else f"float('{float(value)!r}')"


class Number(float):
    """A number that may differ from call to call: its value now, and the name it has in the program."""

    __array_ufunc__ = None  # NumPy's numbers leave arithmetic to it

    name: str
    tracer: Tracer

    @staticmethod
    def of(value: float, name: str, tracer: Tracer) -> Number:
        number = Number(value)
        number.name, number.tracer = name, tracer
        return number

    def _with(self, symbol: str, other: Any, compute: Callable[[Any, Any], Any], swapped: bool) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        mine, others = self.name, _spelled(other)
        left, right = (others, mine) if swapped else (mine, others)
        a, b = float(self), float(other) if isinstance(other, Number) else other
        return self.tracer.number(f"{left} {symbol} {right}", compute(b, a) if swapped else compute(a, b))

    def mapped(self, function: Callable[[float], float]) -> Number:
        """The function of the number, computed anew in each call."""
        name = f"function{len(self.tracer.environment)}"
        self.tracer.environment[name] = function
        return self.tracer.number(f"{name}({self.name})", function(float(self)))

    def __neg__(self) -> Number:
        return self.tracer.number(f"-{self.name}", -float(self))

    def _compared(self, symbol: str, other: Any, outcome: bool) -> bool:
        self.tracer.guards.append((f"({self.name} {symbol} {_spelled(other)})", outcome))
        return outcome

    def __abs__(self) -> Number:
        return self.tracer.number(f"abs({self.name})", abs(float(self)))

    def __pos__(self) -> Number:
        return self

    def _looked_at(self, *_: Any) -> Any:
        self.tracer.looked("a number of the optimizer, rounded")

    __int__ = __round__ = __trunc__ = __floor__ = __ceil__ = __divmod__ = _looked_at

    def __bool__(self) -> bool:
        return self._compared("!=", 0, float(self) != 0)

    __hash__ = float.__hash__


def _arithmetic(symbol: str, compute: Callable[[Any, Any], Any], swapped: bool) -> Callable[[Number, Any], Any]:
    return lambda self, other: self._with(symbol, other, compute, swapped)


def _comparison(symbol: str, compute: Callable[[Any, Any], bool]) -> Callable[[Number, Any], Any]:
    return lambda self, other: self._compared(symbol, other, compute(float(self), float(other)))


_OPERATORS = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**", "floordiv": "//", "mod": "%"}
for _name, _symbol in _OPERATORS.items():
    _compute = eval(f"lambda a, b: a {_symbol} b")
    setattr(Number, f"__{_name}__", _arithmetic(_symbol, _compute, swapped=False))
    setattr(Number, f"__r{_name}__", _arithmetic(_symbol, _compute, swapped=True))
for _name, _symbol in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="), ("eq", "=="), ("ne", "!=")):
    setattr(Number, f"__{_name}__", _comparison(_symbol, eval(f"lambda a, b: a {_symbol} b")))


# --------------------------------------------------------------------------------------------------------- tracing


def _store(out: Array, value: Any) -> None:
    """A result into its memory.

    Raises:
        GraphError: It has another shape than when it was traced.
    """
    if np.shape(value) != out.shape:
        raise GraphError(
            f"a compiled step cannot make tensors whose shape depends on values (here {np.shape(value)}, traced {out.shape}), such "
            "as x[mask] or nonzero(): choose between values with where()"
        )
    np.copyto(out, value, casting="unsafe")


def _is_number(value: Any) -> bool:
    return isinstance(value, float | int | np.floating) and not isinstance(value, bool)


def _same(items: Sequence[Any], others: Sequence[Any]) -> bool:
    """Whether two sequences hold the same objects."""
    return len(items) == len(others) and all(map(operator.is_, items, others))


@dataclass
class Tracer(Observer):
    """Notes what a step does; the engine, in-place writes, optimizers and sources of random numbers report to it."""

    instructions: list[Instruction] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)  # names of expressions
    writes: list[tuple[dict[str, Any], str, str]] = field(default_factory=list)  # dict, key and the number's name
    guards: list[tuple[str, bool]] = field(default_factory=list)
    modes: list[tuple[Any, bool]] = field(default_factory=list)
    optimizers: list[tuple[Any, Any, Any]] = field(default_factory=list)  # optimizer, its state, its groups
    groups: list[tuple[Any, Any, Any, Any]] = field(default_factory=list)  # and of each group what is not a number
    states: list[tuple[Any, Any, Any]] = field(default_factory=list)  # optimizer, parameter, its state
    once: bool = False  # whether the step did what it will not do again in the same way, so that it is not to be replayed
    environment: dict[str, Any] = field(default_factory=dict)  # what the expressions name
    tensors: dict[int, tuple[Tensor, Array, bool]] = field(default_factory=dict)  # from outside: memory, requires_grad
    made: dict[int, Array] = field(default_factory=dict)  # memory that the step made, by identity; keeps it alive
    fresh: dict[int, Array] = field(default_factory=dict)  # constants it made: their values
    grads: dict[int, Tensor] = field(default_factory=dict)  # tensors whose .grad the step sets
    values: list[Array] | None = None  # where asked for: what each instruction computed
    read_grads: set[int] = field(default_factory=set)  # tensors whose .grad was looked at before it was set
    grads_before: list[tuple[Tensor, Tensor | None]] = field(default_factory=list)  # and what it found there

    # ------------------------------------------------------------------------------------------ reports

    lifts = True

    def applied(
        self, op: Primitive, args: Sequence[Any], arrays: Sequence[Any], params: dict[str, Any], result: Tensor
    ) -> None:
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
        if op.view and np.may_share_memory(out, cast[0]):
            kind = "view"
        else:
            kind = "out" if op.takes_out and out.dtype.kind == "f" else "copy"
            if out is cast[0] or (out.base is not None and np.may_share_memory(out, cast[0])):
                kind = "view"  # a forward that gave back its input
        self._add(Instruction(op.name, op.forward, inputs, dict(params), out, kind))

    def copied(self, source: Array, target: Array) -> None:
        """An array's values were copied into another's memory."""
        self._add(Instruction("copy_", copy, [source], {}, target, "out"))

    def stored(self, source: Array, target: Tensor) -> None:
        """An array's values were written to a tensor's memory."""
        self.shared(target)
        self.copied(source, target._data)

    def created(self, tensor: Tensor) -> None:
        """The step made a tensor with these values."""
        array = tensor._data
        self.made[id(array)] = array
        self.fresh[id(array)] = array.copy()

    def drew(self, draw: Callable[[], Array], tensor: Tensor) -> None:
        """The step drew random numbers."""
        self._add(Instruction("draw", draw, [], {}, tensor._data, "draw"))

    def looked(self, what: str) -> None:
        """The step looks at values.

        Raises:
            GraphError: always.
        """
        raise GraphError(
            f"a compiled step cannot look at values ({what}): they would be those of the traced call for ever. Return the tensor "
            "and look at it outside; choose between values with where()"
        )

    def called(self, module: Any) -> None:
        """A module was called."""
        self.modes.append((module, module.training))

    def number(self, expression: str, value: float) -> Number:
        """A number computed from traced ones."""
        name = self.numbers.setdefault(expression, f"n{len(self.numbers)}")
        return Number.of(value, name, self)

    def stepping(self, optimizer: Any, group: dict[str, Any]) -> dict[str, Any]:
        """An optimizer's options with its numbers traced."""
        name = f"group{len(self.environment)}"
        self.environment[name] = group
        traced, fixed = dict(group), {}
        for key, value in group.items():
            if _is_number(value):
                traced[key] = self.number(f"float({name}[{key!r}])", float(value))
            elif key != "params" and isinstance(value, tuple | list) and all(map(_is_number, value)):
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


# ------------------------------------------------------------------------------------------------------ programs


class Program:
    """A traced step; call it with the arrays of the arguments' tensors.

    Attributes:
        instructions: What it does, in order.
        source: It as Python.
    """

    def __init__(
        self, tracer: Tracer, inputs: Sequence[Array], result: Any, backend: Backend | None, check: bool = False
    ) -> None:
        self.instructions = tracer.instructions
        if backend is not None:
            kept = [tensor._data for tensor in _tensors(result)]
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
        self._scalars: dict[tuple[str, str], str] = {}  # names of constants without dimensions
        self._converted: dict[str, str] = {}  # and of traced numbers as such
        self._environment: dict[str, Any] = dict(tracer.environment)
        self._moving = {id(array) for array in inputs}  # inputs, and what views them: other memory in each call
        for i, array in enumerate(inputs):
            self._names[id(array)] = f"x{i}"
        self.source = self._compiled()
        exec(self.source, self._environment)
        self._run = self._environment["step"]
        self._expected: list[Array] = []  # while it is checked: what each traced instruction computes now
        written = {id(i.output): i.output for i in tracer.instructions if i.kind != "view"}.values()
        self._versions = [
            version_of(tensor)
            for tensor, array, _ in tracer.tensors.values()
            if any(np.may_share_memory(array, output) for output in written)
        ]
        if not check:  # the memory of what the program computes elsewhere, or not at all, is not needed any more
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
        results = "".join(f"{self._name(tensor._data)}, " for tensor in _tensors(self._result))
        return "\n".join([f"def step({arguments}):", *lines, f"    return ({results})", ""])

    def check(self, reference: Tracer, inputs: Sequence[Array], exact: bool) -> bool:
        """Replay, comparing each instruction with what the reference computed; False where a comparison of numbers comes out otherwise.

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
        np.copyto(got, expected)  # so that the next instruction is compared by itself

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
        """Whether what the program took for granted still is so."""
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
        """Replay, and give the step's result in a tuple; None, with nothing done, where a comparison comes out otherwise."""
        results = state.quiet(self._run, *inputs)
        if results is None:
            return None
        for version in self._versions:
            version.bump("a compiled step")
        for tensor, grad in self._grads:
            tensor._grad = grad
        return (_copied(self._result, iter(results)),)

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


_STALE = (
    "either something that it reads from Python, a number or a list, has changed since it was traced (make it a tensor, an argument or "
    "an attribute of a module), or fusion rounds, or treats an infinity or a nan, otherwise (fusion=False gives the same bits)"
)


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


# ------------------------------------------------------------------------------------------------------- compile


_KEPT, _KEPT_OF_A_KIND = 64, 4  # programs: kinds of arguments, and of each kind


class CompiledStep:
    """What :func:`compile` returns: call it like the function.

    Attributes:
        program: The program that ran last; None before there is one.
    """

    def __init__(self, function: Callable[..., Any], backend: Backend | None, check: bool) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._backend = backend
        self._check = check
        self._programs: dict[Any, list[Program]] = {}
        self._warm = False
        self._lock = threading.Lock()
        self.program: Program | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function's result; tensors in it are new ones."""
        tensors = list(_tensors((args, kwargs)))
        if state.observers or any(tensor._node is not None for tensor in tensors):
            return self._function(
                *args, **kwargs
            )  # within another compiled step; observed; or gradients go to the arguments
        if not self._warm:  # the first call makes what exists from then on, such as the optimizer's state
            result = self._function(*args, **kwargs)
            self._warm = True
            return result
        arrays = [tensor._data for tensor in tensors]
        first: dict[int, int] = {}
        same = tuple(first.setdefault(id(array), i) for i, array in enumerate(arrays))
        key = (state.grad, get_default_dtype(), same, _described((args, kwargs)))
        with self._lock:  # the buffers are the program's
            for program in self._programs.get(key, ()):
                if not program.holds():
                    continue
                if self._check:
                    return self._checked(program, key, arrays, args, kwargs)
                if (result := program(arrays)) is not None:
                    self.program = program
                    return result[0]
            tracer = Tracer()
            inputs, args, kwargs = _renewed(args, kwargs)
            return self._kept(tracer, key, inputs, self._traced(tracer, inputs, args, kwargs))

    def _traced(self, tracer: Tracer, arrays: list[Array], args: Any, kwargs: Any) -> Any:
        tracer.made.update((id(array), array) for array in arrays)
        state.observers = (tracer,)
        try:
            return self._function(*args, **kwargs)
        finally:
            state.observers = ()

    def _kept(self, tracer: Tracer, key: Any, arrays: list[Array], result: Any) -> Any:
        """The result of a traced call, of which a program is made."""
        _described(result)
        if tracer.once:
            return result
        self.program = Program(tracer, arrays, result, self._backend, self._check)
        while len(self._programs) >= _KEPT and key not in self._programs:
            del self._programs[next(iter(self._programs))]
        self._programs.setdefault(key, []).insert(0, self.program)
        del self._programs[key][_KEPT_OF_A_KIND:]
        return _copied(result, (tensor._data for tensor in _tensors(result)))

    def _checked(self, program: Program, key: Any, arrays: list[Array], args: Any, kwargs: Any) -> Any:
        """The function's own result, after the program was replayed beside it and compared.

        Both start from the same memory; what the function leaves there stays.
        """
        memory = [*arrays, *program.memory()]
        before, numbers = [array.copy() for array in memory], [dict(entries) for entries in program.counted()]
        reference = Tracer(values=[])
        inputs, args, kwargs = _renewed(args, kwargs)
        result = self._traced(reference, inputs, args, kwargs)
        after, counted = [array.copy() for array in memory], [dict(entries) for entries in program.counted()]
        try:
            _restore(memory, before, program.counted(), numbers)
            applies = program.check(reference, arrays, exact=self._backend is None)
        finally:
            _restore(memory, after, program.counted(), counted)
        if not applies:
            return self._kept(reference, key, inputs, result)
        program.take_gradients()
        self.program = program
        return _copied(result, (tensor._data for tensor in _tensors(result)))


def _restore(
    memory: Sequence[Array], values: Sequence[Array], counted: Sequence[dict[str, Any]], numbers: Sequence[dict[str, Any]]
) -> None:
    for array, value in zip(memory, values, strict=True):
        if array.flags.writeable:  # what is not was not written either
            np.copyto(array, value)
    for entries, kept in zip(counted, numbers, strict=True):
        entries.update(kept)


@overload
def compile(  # noqa: A001 - PyTorch's name
    function: Callable[..., Any], *, fusion: bool = ..., check: bool = ..., backend: str = ...
) -> CompiledStep: ...
@overload
def compile(  # noqa: A001 - likewise
    *, fusion: bool = ..., check: bool = ..., backend: str = ...
) -> Callable[[Callable[..., Any]], CompiledStep]: ...
def compile(  # noqa: A001 - likewise
    function: Any = None, *, fusion: bool = True, check: bool = False, backend: str = "numpy"
) -> Any:
    """A training step that is traced, then replayed without allocating memory or building a graph.

    The function takes tensors (in tuples, lists and dicts, too), and does a whole step: forward, backward, update. See the
    module's docstring for what may change from call to call.

    Args:
        function: The step; without it, a decorator comes back.
        fusion: Whether to rewrite the program so that it is faster. Without, results are the function's own, to the last bit.
        check: Whether to run the function in each call, too, to compare what each instruction computes with what it computed when the
            function ran, and to return the function's results: a few times slower than the function alone.
        backend: ``"numpy"``, or ``"numba"``, which makes each chain of elementwise operations a loop compiled for the processor: one
            pass over memory where NumPy takes one for each operation. It needs ``pip install 'tinygrad_mlp[numba]'``, a second or so
            for each different loop, and fusion.

    Raises:
        ArgumentError: There is no such backend, or it is not installed.
        GraphError: The step looks at values. With ``check``: an instruction computes something else than the function; it is named.

    >>> import tinygrad_mlp as torch
    >>> model = torch.nn.Linear(2, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> @torch.compile
    ... def step(x, y):
    ...     optimizer.zero_grad()
    ...     loss = torch.nn.functional.mse_loss(model(x), y)
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> losses = [step(torch.ones(4, 2), torch.zeros(4, 1)).item() for _ in range(20)]
    >>> losses[-1] < 1e-3
    True
    """
    if function is None:
        return functools.partial(compile, fusion=fusion, check=check, backend=backend)
    if not callable(function):
        raise ArgumentError(f"compile() expects a function, got {type(function).__name__}")
    if backend not in ("numpy", "numba"):
        raise ArgumentError(f"compile() has the backends 'numpy' and 'numba', not {backend!r}")
    runs = NUMPY
    if backend == "numba":
        if not fusion:
            raise ArgumentError("compile(backend='numba') fuses; with fusion=False take backend='numpy'")
        from .kernels import NUMBA, require_numba  # what else needs numba is not to wait for it

        require_numba()
        runs = NUMBA
    return CompiledStep(function, runs if fusion else None, check)


def _tensors(value: Any) -> Iterator[Tensor]:
    if is_tensor(value):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)


def _described(value: Any) -> Any:
    """What a program is traced for: of a tensor its shape, dtype and whether it requires grad, of the rest itself."""
    if is_tensor(value):
        array = value._data
        return array.shape, array.strides, array.dtype.char, array.flags.writeable, value.requires_grad
    if isinstance(value, list | tuple):
        return tuple(_described(item) for item in value)
    if isinstance(value, dict):
        return tuple((key, _described(item)) for key, item in value.items())
    if value is None or isinstance(value, bool | int | float | str):
        return type(value), repr(value)  # so that -0.0 is not 0.0
    raise ArgumentError(
        f"a compiled step takes and gives tensors, numbers, strings and None, in lists, tuples and dicts, not "
        f"{type(value).__name__}"
    )


def _renewed(args: Any, kwargs: Any) -> tuple[list[Array], Any, Any]:
    """The arguments as tensors of their own on the same memory: what the step holds besides is not taken for one of them."""
    renewed: dict[int, Tensor] = {}

    def of(tensor: Tensor) -> Tensor:
        if id(tensor._data) not in renewed:
            renewed[id(tensor._data)] = wrap(tensor._data[...])
            renewed[id(tensor._data)]._version = version_of(tensor)
        return renewed[id(tensor._data)]

    args, kwargs = _mapped(of, (args, kwargs))
    return [tensor._data for tensor in _tensors((args, kwargs))], args, kwargs


def _mapped(function: Callable[[Tensor], Tensor], value: Any) -> Any:
    """The value with the function of each of its tensors."""
    if is_tensor(value):
        return function(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_mapped(function, item) for item in value))
    if isinstance(value, list | tuple):
        return type(value)(_mapped(function, item) for item in value)
    if isinstance(value, dict):
        return {key: _mapped(function, item) for key, item in value.items()}
    return value


def _copied(value: Any, arrays: Iterator[Array]) -> Any:
    """A result with these arrays in its tensors, copied: they are the caller's own."""

    def of(tensor: Tensor) -> Tensor:
        array = next(arrays)
        return tensor if tensor._node is not None and tensor._node.is_leaf else wrap(array.copy())

    return _mapped(of, value)
