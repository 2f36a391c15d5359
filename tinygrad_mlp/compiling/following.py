"""A compiled step: its Python runs in every call, and only the numbers wait.

While a step runs, :func:`~..core.apply.apply` asks a :class:`Follower` first. It holds the operation against the :class:`Line` that came next in an
earlier call: the same primitive, the same inputs by their place in the step, the same options. Where they agree it gives back a tensor at
once, whose shape and dtype are known and whose array is not there yet. Where they do not, what waits is computed, the operation runs as
it does without a compiler, and becomes a line beside the others. So the first call is an ordinary one that leaves lines.

What waits is computed, in order, when somebody asks a tensor for its array (there is no other way to it), before memory that the step
has met is written, and when the step ends. Nothing that Python does can be missed, as Python does it.

A :class:`Follower` is one call: its way through the tree of lines, and its cells.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..core.apply import apply, node_of
from ..core.basics import cast
from ..core.graph import INFERENCE, Node, version_of
from ..core.primitive import Primitive, renamed
from ..core.state import Observer, state
from ..dtypes import get_default_dtype
from ..lending import is_lent, lent, owner
from .instruction import Number
from .lines import Cell, Like, Line, Updates, form_of, frozen, kind_of

__all__ = ["Follower"]

Array = np.ndarray[Any, Any]
CAST: Primitive = cast.primitive  # type: ignore[attr-defined] # every primitive's function has it
HELD = 2  # references to a cell that no tensor has: the follower's list, and the call that counts
MISMATCH = (AttributeError, IndexError, KeyError, TypeError, ValueError)  # another kind or number of arguments
SIBLINGS = 16  # lines of one operation on inputs of the same shapes after a line; the least needed goes
_NO_OPTIONS: dict[str, Any] = {}


class Follower(Observer):
    """One call of a compiled step: its way through the tree of lines.

    Attributes:
        at: The line that came last.
        lines, cells: What came so far; a cell is None where nobody can ask for the value.
        inputs, nodes, tensors: What came from outside: arrays, the nodes that the tensors had, and the tensors.
        numbers: In order.
        done: The lines that were computed.
        graph: The nodes of the step's tensors.
    """

    transforms = False  # tensors: it computes the same ones

    def __init__(self, step: Any, graph: Callable[[Follower], Any]) -> None:
        self.step: Any = step
        self.at: Line = step.root
        self.lines: list[Line] = []
        self.cells: list[Any] = []
        self.inputs: list[Array] = []
        self.nodes: list[Node | None] = []
        self.tensors: list[Any] = []
        self.places: dict[Any, int] = {}  # the slots of what came from outside, as far as they were asked for
        self.seen: list[Any] = []  # and their keys, in order
        self.numbers: list[Any] = []
        self.done: int = 0
        self.call: Any = None  # as it was written, of the operation that is run
        self.lent: set[Any] = set()  # slots whose memory NumPy arrays refer to, which may be written at any time
        self.now: dict[str, Any] = state.__dict__  # of this thread
        self.graph: Any = graph(self)

    # --------------------------------------------------------------------------------------------- what the core asks

    def apply(self, op: Any, args: Sequence[Any], params: dict[str, Any]) -> Any:
        """The result of an operation: pending where it came here before, else computed, and a line from now on."""
        __tracebackhide__ = True
        if self.now["observers"]:
            return self.apart(apply, op, args, params)
        result = self._likely(op, args, params)
        if result is not None and not self.lent:
            return result
        if result is None:
            result = self._found(op, args, params)
        if result is not None:
            if not self.lent.isdisjoint(self.at.slots):  # what it read may be written before the next
                self.flush()
                if self.at.alias in self.lent:
                    self.lent.add(len(self.lines) - 1)
            return result
        if self.now["follower"] is None:
            return apply(op, args, params)
        stale = [
            a for a in (*args, *params.values()) if isinstance(a, Tensor) and a._view and a._stamp != version_of(a).rebased
        ]
        if stale:  # views of memory with a new history: finding theirs takes operations of its own
            list(map(node_of, stale))
            return self.apply(op, args, params)
        if self.now["grad"]:
            self.graph.make()
        self.call, self.now["observers"] = (args, params), (self,)
        try:
            return self.apart(apply, op, args, params)
        finally:
            self.call, self.now["observers"] = None, ()

    def _likely(self, op: Any, args: Sequence[Any], params: dict[str, Any]) -> Any:
        """The result, if the line that came next last time is the operation."""
        line = self.at.likely
        if line is None or line.op is not op:
            return None
        try:
            return line.match(args, params, self)
        except MISMATCH:
            return None

    def _found(self, op: Any, args: Sequence[Any], params: dict[str, Any]) -> Any:
        """The result, if one of the lines that came next is the operation; else None, with everything computed that came before."""
        at, met = self.at, len(self.inputs)
        siblings = at.next.get(kind_of(op, args), [])
        if siblings and siblings[0].alone:
            self.now["follower"] = None
            return None
        for line in siblings:
            self._unmeet(met)
            try:
                result = line.match(args, params, self)
            except MISMATCH:
                continue
            if result is not None:
                at.likely = line
                siblings.insert(0, siblings.pop(siblings.index(line)))
                return result
        self._unmeet(met)
        self.flush()
        return None

    def _unmeet(self, count: int) -> None:
        """Forget the inputs that were met last, but for the first ``count``."""
        if len(self.inputs) > count:
            del self.inputs[count:], self.nodes[count:], self.tensors[count:]
            for key in self.seen[count:]:
                self.places.pop(key, None)
            del self.seen[count:]

    def applied(self, op: Primitive, args: Any, arrays: Any, params: Any, result: Any) -> None:
        """Make a line of an operation that was run; of one that cannot be told from others none is made."""
        if self.step.full() or len(self.lines) != self.done:
            return
        numbers, met, out, node = len(self.numbers), len(self.inputs), result._data, result._node
        try:
            spelled, slots, options = self._spelled(op, args, params)
            before = list(slots)
            casts = self._casts(slots, args, arrays)
        except TypeError:
            del self.numbers[numbers:]
            self._unmeet(met)
            return
        line = Line(op, op.forward, slots, options, Like(out))
        line.prefix = tuple(each for each, _ in casts)
        shares = [slot for slot, a in zip(slots, arrays) if isinstance(a, np.ndarray) and owner(a) == owner(out)]
        line.alias = shares[0] if shares else None
        view = op.view and isinstance(arrays[0], np.ndarray) and np.may_share_memory(out, arrays[0])
        if node is not None:
            line.parents = tuple(slot if parent is not None else None for slot, parent in zip(before, node.parents))
            line.origin, line.saved = node.origin, self.graph.saved(line, len(self.lines) + len(casts))
        self._append(line, self.call[0], spelled, met, view)
        for number, (_, array) in enumerate(casts, len(self.cells) - 1 - len(casts)):
            self.cells[number] = Cell(self, number)
            self.cells[number].array = array
        cell = result._cell = Cell(self, len(self.cells) - 1)
        self.cells[-1], cell.array, cell.version = cell, out, version_of(args[0]) if view else result._version
        if line.alias in self.lent:
            self.lent.add(cell.number)
        if node is not None:
            self.graph.real[cell.number] = node

    def updating(self) -> None:
        """An optimizer is about to write parameters, which nodes that were not made yet may have saved."""
        if self.graph.waits():
            self.seal()

    def updated(self, calls: Sequence[Sequence[Any]]) -> bool:
        """Whether an optimizer's updates of a group came here before, and wait.

        Each is ``(function, *args)``, and writes all tensors among them but the second. They may wait until the optimizer has gone through
        its parameters: no code of the user's runs before.
        """
        op = self._updates(calls)
        args = [value for _, *values in calls for value in values]
        return (self._likely(op, args, _NO_OPTIONS) or self._found(op, args, _NO_OPTIONS)) is not None

    def update(self, calls: Sequence[Sequence[Any]]) -> None:
        """Make a line of an optimizer's updates that were run."""
        if self.step.full() or len(self.lines) != self.done:
            return
        op, met = self._updates(calls), len(self.inputs)
        args = [value for _, *values in calls for value in values]
        spelled: list[tuple[Any, ...]] = []
        slots: list[Any] = [(value,) for value in args]
        for i, value in enumerate(args):
            if isinstance(value, Tensor):
                slots[i] = self._spell(spelled, i, value)
            elif type(value) is float:
                slots[i] = self._number(spelled, i, value)
            else:
                spelled.append((i, "constant", (type(value), value)))
        line = Line(op, op, slots, {}, None)
        line.prompt = False
        line.writes = tuple(
            slots[i] for _, *places in op.parts for i in places if i != places[1] and isinstance(args[i], Tensor)
        )
        self._append(line, args, spelled, met, False)

    def _updates(self, calls: Sequence[Sequence[Any]]) -> Updates:
        key = tuple([(call[0], len(call)) for call in calls])
        op: Updates | None = self.step.updates.get(key)
        if op is None:
            op = self.step.updates[key] = Updates(key)
        return op

    def _append(self, line: Line, args: Sequence[Any], spelled: list[tuple[Any, ...]], met: int, view: bool) -> None:
        """Make a line, which was computed, the next after where the call is."""
        line.numbers, line.graphs = len(self.numbers), self.at.graphs + (line.parents is not None)
        line.spelled = spelled, met, self.now["grad"], self.now["inference"], view
        kinds = {arg._like.dtype.kind for arg in args if isinstance(arg, Tensor)}
        if line.like is not None and line.like.dtype.kind == "f" and "f" not in kinds:
            line.default = get_default_dtype()

        def first(args: Any, params: Any, follower: Follower) -> Any:
            line.match = follower.apart(follower.step.matcher, line, follower)
            return line.match(args, params, follower)

        line.match = first
        self.step.count += 1
        siblings = self.at.next.setdefault(kind_of(line.op, args), [])
        siblings.insert(0, line)
        del siblings[SIBLINGS:]
        self.at.likely = line
        self.lines += [*line.prefix, line]
        self.cells += [None] * (len(line.prefix) + 1)
        self.at, self.done = line, len(self.lines)

    def _spelled(self, op: Primitive, inputs: Sequence[Any], given: dict[str, Any]) -> Any:
        """How the call was written, for :func:`~.matching.matcher`: for each argument what it must be; and its slots and options.

        Raises:
            TypeError: An argument is of a kind that cannot be told from others.
        """
        args, params = self.call
        slots: list[Any] = [(value,) for value in inputs]
        options: dict[str, Any] = dict(given)
        spelled: list[tuple[Any, ...]] = []
        for key, value in [*enumerate(args), *params.items()]:
            name: Any = key if op.variadic else op.order[key] if type(key) is int else renamed(key, op.names)
            place = key if op.variadic and type(key) is int else op.inputs.index(name) if name in op.inputs else None
            if isinstance(value, Tensor) and place is not None:
                slots[place] = self._spell(spelled, key, value)
            elif type(value) is float or (type(value) is int and place is not None):
                number = self._number(spelled, key, value)
                if place is None:
                    options[name] = number
                else:
                    slots[place] = number
            else:
                spelled.append((key, "constant", frozen(value)))
        return spelled, slots, options

    def _spell(self, spelled: list[tuple[Any, ...]], key: Any, tensor: Tensor) -> int:
        """The slot of a tensor, and how it is told."""
        met, node = len(self.inputs), node_of(tensor)
        slot = self.slot(tensor, node)
        first = (
            (form_of(tensor._data), node is not None and node.is_leaf, tensor._version is INFERENCE) if ~slot >= met else ()
        )
        spelled.append((key, "tensor", slot, node is not None, *first))
        return slot

    def _number(self, spelled: list[tuple[Any, ...]], key: Any, value: Any) -> Number:
        """The slot of a number, and how it is told."""
        number = Number(len(self.numbers), type(value))
        self.numbers.append(value)
        spelled.append((key, type(value), number, value))
        return number

    def slot(self, tensor: Tensor, node: Node | None) -> int:
        """Where a tensor's value comes from: a line, or from outside."""
        cell = tensor._cell
        if (
            cell is not None
            and cell.follower is self
            and cell is self.cells[cell.number]
            and self.graph.node(cell.number) is node
        ):
            return int(cell.number)
        for k in range(len(self.seen), len(self.inputs)):
            self.seen.append((id(self.inputs[k]), id(self.nodes[k])))
            self.places.setdefault(self.seen[k], ~k)
        key = id(tensor._data), id(node)
        if key not in self.places:
            self.places[key] = ~len(self.inputs)
            self.seen.append(key)
            self.meet(tensor)
        return self.places[key]

    def meet(self, *tensors: Any) -> None:
        """Note tensors from outside."""
        for tensor in tensors:
            array = tensor._data
            self.inputs.append(array)
            self.nodes.append(tensor._node)
            self.tensors.append(tensor)
            if lent and is_lent(array):
                self.lent.add(~(len(self.inputs) - 1))

    def _casts(self, slots: list[Any], inputs: Sequence[Any], arrays: Sequence[Any]) -> list[tuple[Line, Array]]:
        """Lines for the inputs that were cast, and their values, which take the places of theirs.

        Raises:
            TypeError: A number was cast.
        """
        casts: list[tuple[Line, Array]] = []
        for i, (value, array) in enumerate(zip(inputs, arrays)):
            if isinstance(value, Tensor) and value._data is not array:
                line = Line(CAST, CAST.forward, [slots[i]], {"dtype": array.dtype}, Like(array))
                slots[i] = len(self.lines) + len(casts)
                casts.append((line, array))
            elif not isinstance(value, Tensor) and value is not array:
                raise TypeError
        return casts

    # -------------------------------------------------------------------------------------------------- what computes

    def value(self, slot: Any) -> Any:
        """What an input is now."""
        if type(slot) is int:
            return self.cells[slot].array if slot >= 0 else self.inputs[~slot]
        return self.numbers[slot.place] if type(slot) is Number else slot[0]

    def settings(self, line: Line) -> dict[str, Any]:
        """The options of a line now."""
        return {name: self.numbers[v.place] if type(v) is Number else v for name, v in line.options.items()}

    def flush(self, high: int | None = None, keep: bool = True) -> None:
        """Compute what waits, up to line ``high``."""
        low, high = self.done, len(self.lines) if high is None else high
        if low == high:
            return
        count = sys.getrefcount
        live = [cell.number for cell in self.cells[low:high] if cell is not None and count(cell) > HELD + 2]
        if self.graph.waits():
            live = sorted({*live, *(n for n in self.graph.needed(high) if n >= low)})
        self.done = high  # also where an interrupt comes: what was half computed is never computed again
        try:
            self.apart(self.step.compute, self, low, high, tuple(live), keep)
        except BaseException:  # an interrupt, mostly: values stay readable, and writes are not done again
            self.apart(state.quiet, self._rescue, low, high)
            raise

    def _rescue(self, low: int, high: int) -> None:
        for n in range(low, high):
            cell = self.cells[n]
            if not self.lines[n].writes and (cell is None or cell.array is None):
                self.step_through(n, n + 1)

    def apart(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function whose operations are none of the step's."""
        __tracebackhide__ = True
        before, self.now["follower"] = self.now["follower"], None
        try:
            return function(*args)
        finally:
            self.now["follower"] = before

    def step_through(self, low: int, high: int) -> None:
        """Compute lines one by one, as an eager step does."""
        for n in range(low, high):
            line, cell = self.lines[n], self.cells[n]
            out = line.call(*map(self.value, line.slots), **self.settings(line))
            if line.writes:
                continue
            if cell is None:
                cell = self.cells[n] = Cell(self, n)
            cell.array = out if type(out) is np.ndarray else np.asarray(out)

    def promptly(self, line: Line, before: Line, met: int) -> Any:
        """Run a line that may refuse values, or whose shape they decide, so that it cannot wait; None where it is another line after all."""
        n = len(self.lines)
        if line.checks is None or any(
            type(slots[i]) is int and slots[i] >= self.done for _, looks, slots, _ in line.checks for i in looks
        ):
            self.flush(n - 1)
        try:
            if line.checks is not None:
                for check, _looks, slots, options in line.checks:
                    self.apart(functools.partial(check, **options), *map(self._looked_at, slots))
                return True
            out = np.asarray(
                self.apart(state.quiet, functools.partial(line.call, **self.settings(line)), *map(self.value, line.slots))
            )
        except Exception:  # it is raised again where the operation runs as it does without a compiler
            out = None
        if out is None or not line.like.fits(out):
            self._back(before, met)
            return None
        self.cells[-1].array, self.done = out, n
        return True

    def _looked_at(self, slot: Any) -> Any:
        """What a check is given: a value, or what has its form."""
        if type(slot) is not int:
            return slot[0]
        array = self.value(slot)
        return self.lines[slot].like if array is None else array

    def _back(self, line: Line, met: int) -> None:
        """Forget the line that came last."""
        for _ in (*self.at.prefix, self.at):
            self.lines.pop()
            self.cells.pop()
        self.at = line
        del self.numbers[line.numbers :]
        self._unmeet(met)
        self.done = min(self.done, len(self.lines))

    # --------------------------------------------------------------------------------------------- what the step is told

    def writing(self, tensor: Tensor) -> None:
        """Memory is about to be written in place."""
        memory = owner(tensor._data)
        met = any(owner(array) == memory for array in self.inputs)
        if met or any(cell is not None and cell.array is not None and owner(cell.array) == memory for cell in self.cells):
            self.seal()

    def lending(self, array: Array) -> None:
        """An array over memory is handed out."""
        self.flush()
        memory = owner(array)
        self.lent.update(~k for k, other in enumerate(self.inputs) if owner(other) == memory)
        self.lent.update(
            cell.number for cell in self.cells if cell is not None and cell.array is not None and owner(cell.array) == memory
        )

    def seal(self) -> None:
        """Compute what waits, and make the graph's nodes: from here on, tensors that there are come from outside."""
        self.flush()
        self.graph.seal()
        for cell in self.cells:
            if cell is not None and cell.array is None:
                cell.follower = None
        self.cells = [None] * len(self.cells)

    def past(self) -> Follower:
        """What the graph needs of the call when it is over: it does not refer to the graph, so that there is no cycle."""
        past: Follower = object.__new__(Follower)
        past.step, past.at, past.lines, past.nodes, past.numbers = self.step, self.at, self.lines, self.nodes, self.numbers
        return past

    def finish(self) -> None:
        """Compute what waits, and let go of what nobody needs any more: tensors refer to their cells, and cells to this."""
        try:
            self.flush()
        finally:
            self.graph.finish()
            self.cells, self.inputs, self.tensors = [], [], []
