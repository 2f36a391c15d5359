"""The graph of a compiled step, whose nodes are made only when somebody looks, and its backward passes, each gone through at once.

Which node a tensor has follows from the lines, so none needs to be there: hooks and ``retain_grad`` need a node, and so does a look at
``grad_fn``. A backward pass is walked node by node the first time, and noted by a :class:`Recorder` as lines. When it begins after the same
line again, and no node that was looked at has a hook, those lines are what happens.

A graph that outlives the call is one node, :class:`CompiledBackward`, to whoever goes on computing with its tensors.
"""

from __future__ import annotations

import functools
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..autograd.function import Cotangents, OutputNode
from ..core.backward import fit, walk
from ..core.graph import Node, record, version_of, wrap
from ..core.state import Observer, state
from ..grad_mode import observed_by
from ..lending import owner
from .following import HELD, Follower
from .instruction import Number
from .lines import Cell, Like, Line, form_of

__all__ = ["Graph"]

Array = np.ndarray[Any, Any]


class Graph:
    """The nodes of one call.

    Attributes:
        real: Those that were made, by line.
        freed: The lines whose nodes have let go of what they saved.
    """

    def __init__(self, follower: Follower) -> None:
        self.follower: Follower = follower
        self.real: dict[int, Node] = {}
        self.freed: set[int] = set()
        self.sealed: int = 0  # lines up to here are the step's no more: their nodes are like those from outside
        self.over: bool = False
        self._released = False
        self._forms: dict[int, Like] = {}
        self._whole: Callable[[], CompiledBackward | None] = lambda: None  # a weak reference: it refers to this
        self._kept: dict[int, Any] = {}  # once the call is over: by slot the values that backward needs, and their counters
        self._versions: dict[int, tuple[Any, int]] = {}

    def saved(self, line: Line, n: int) -> tuple[int, ...]:
        """The slots whose values the rules of line ``n`` ask for."""
        slots: dict[Any, None] = {}
        for parent, plan in zip(line.parents, line.op.plans):
            for _, source in plan if parent is not None else ():
                slots.update(dict.fromkeys([line.slots[source]] if type(source) is int else [n] if source == "y" else []))
                slots.update(dict.fromkeys(line.slots if source in ("inputs", "kept") else ()))
        return tuple(slot for slot in slots if type(slot) is int)

    # ------------------------------------------------------------------------------------------------------- nodes

    def waits(self) -> bool:
        """Whether there may be nodes that nobody has looked at, and that need values."""
        graphs = self.follower.at.graphs
        return graphs > len(self.freed) and graphs > len(self.freed | self.real.keys())

    def needed(self, high: int) -> set[int]:
        """The slots whose values a backward pass could ask for, before line ``high``, and for which there is no node yet."""
        follower, count = self.follower, sys.getrefcount
        alive: set[int] = set()
        slots: set[int] = set()
        for n in range(high - 1, -1, -1):
            line, cell = follower.lines[n], follower.cells[n]
            if line.parents is None or n in self.real:
                continue
            if n in alive or (cell is not None and count(cell) > HELD + 1):
                alive.update(p for p in line.parents if p is not None)
                if n not in self.freed:
                    slots.update(line.saved)
        return slots

    def node(self, n: int) -> Node | None:
        """The node of line ``n``, made if it is not there yet."""
        lines = self.follower.lines
        if n in self.real or lines[n].parents is None:
            return self.real.get(n)
        if self.over and n not in self.freed:
            return self._outlived(n)
        if not self.over:
            self.follower.flush()
        return self._made(n)

    def _made(self, n: int) -> Node:
        if n in self.real:
            return self.real[n]
        missing, stack = {n}, [n]
        while stack:
            for parent in self.follower.lines[stack.pop()].parents:
                if parent is not None and parent >= 0 and parent not in missing and parent not in self.real:
                    missing.add(parent)
                    stack.append(parent)
        for m in sorted(missing):
            self.real[m] = self._make(m)
        return self.real[n]

    def _make(self, n: int) -> Node:
        follower = self.follower
        line = follower.lines[n]
        parents = [None if p is None else self.real[p] if p >= 0 else follower.nodes[~p] for p in line.parents]
        args = [self._stand_in(slot) for slot in line.slots]
        arrays = [arg._data if isinstance(arg, Tensor) else arg for arg in args]
        result, options, kept = self._stand_in(n), follower.settings(line), None
        freed = n in self.freed
        if line.op.keeping is not None and not freed:
            kept = state.quiet(line.op.keeping, *arrays, **options)[1]
        record(line.op, parents, args, arrays, options, result, kept)
        node: Any = result._node
        node.origin = line.origin
        counts = dict(self._versions.values())
        node.versions = [(name, version, counts.get(version, count)) for name, version, count in node.versions]
        if freed:
            node.free()
        return node

    def _stand_in(self, slot: Any) -> Any:
        """What was given for a slot: a tensor with the value, and the counter of writes, of the step's."""
        follower = self.follower
        if type(slot) is Number:
            return follower.numbers[slot.place]
        if type(slot) is not int:
            return slot[0]
        if self.over:
            array, version = self._kept.get(slot), self._versions.get(slot, (None, 0))[0]
        elif slot >= 0:
            cell = follower.cells[slot]
            array, version = (None, None) if cell is None else (cell.array, cell.counted())
        else:
            array, version = follower.inputs[~slot], version_of(follower.tensors[~slot])
        if array is None:  # only its shape is asked for
            like: Any = follower.lines[slot].like if slot >= 0 else self._forms.get(slot, _NOTHING)
            array = np.broadcast_to(np.zeros((), like.dtype), like.shape)
        tensor = wrap(array)
        tensor._version = version
        return tensor

    def seal(self) -> None:
        """Make every node that somebody could ask for: what it saved is about to be written."""
        self.make()
        self.sealed = len(self.follower.lines)

    def make(self) -> None:
        """Make every node that somebody could ask for, before nodes of operations that come later."""
        if self.waits():
            for n in self._alive():
                self._made(n)

    def _alive(self) -> list[int]:
        follower, count = self.follower, sys.getrefcount
        lines = [
            n
            for n, line in enumerate(follower.lines)
            if line.parents is not None and n not in self.real and n not in self.freed
        ]
        return [n for n in lines if follower.cells[n] is not None and count(follower.cells[n]) > HELD]

    def finish(self) -> None:
        """Keep what backward passes after the call need."""
        follower = self.follower
        needed = self.needed(len(follower.lines)) if self.waits() else ()
        for slot in needed:
            if slot >= 0:
                cell = follower.cells[slot]
                self._kept[slot], version = cell.array, cell.counted()
            else:
                self._kept[slot], version = follower.inputs[~slot], version_of(follower.tensors[~slot])
            self._versions[slot] = version, version.count
        if self.waits():
            self._forms = {~k: Like(array) for k, array in enumerate(follower.inputs)}
        self.follower = follower.past()
        self.over = True

    def _outlived(self, n: int) -> Node:
        """The node of a value of a call that is over: an output of the one node that stands for the whole graph."""
        if (self.real and self._whole() is None) or self.follower.step.backend is None:
            return self._made(
                n
            )  # nodes that are there may have hooks; without fusion gradients are added in eager order, to the bit
        whole = self._whole()
        if whole is None:
            parents = [p for m, line in enumerate(self.follower.lines) if m not in self.freed for p in line.parents or ()]
            slots = sorted({p for p in parents if p is not None and p < 0})
            whole = CompiledBackward(
                self, {slot: node for slot in slots if (node := self.follower.nodes[~slot]) is not None}
            )
            self._whole = weakref.ref(whole)
        line = self.follower.lines[n]
        return _output(line.op)(whole, n, line.like)

    def changed(self) -> bool:
        """Whether a value that backward needs was let go of, or written, so that the operations' own nodes have to say so."""
        return self._released or any(version.count != count for version, count in self._versions.values())

    def free(self) -> None:
        """Let go of the values that backward needs."""
        self.freed.update(n for n, line in enumerate(self.follower.lines) if line.parents is not None)
        self._kept, self._versions, self.real, self._released = {}, {}, {}, True

    def pulled(self, cotangents: dict[int, Any], aims: Sequence[int], lift: bool) -> dict[int, Any]:
        """What the cotangents of outputs give for the slots ``aims``, by the nodes of the operations, walked one by one."""
        nodes: dict[int, Any] = {slot: self.follower.nodes[~slot] for slot in aims}
        real = self.real
        if lift:  # nodes of its own, as the pass that differentiates again frees them
            self.real = {}
        starts = [(self._made(n), g) for n, g in cotangents.items()]
        ends = set(self._whole().parents)  # type: ignore[union-attr] # it calls
        self.real = real
        found = walk(starts, list(nodes.values()), True, lift, False, ends)
        return {slot: found[node] for slot, node in nodes.items() if node in found}

    def pull(self, cotangents: dict[int, Array], aims: Sequence[int]) -> dict[int, Any]:
        """The same, computed together."""
        late = Follower(self.follower.step, Graph)
        try:
            return self._pull(late, cotangents, aims)
        finally:  # it and its graph refer to each other, and are not to keep arrays
            late.cells, late.inputs, late.tensors = [], [], []

    def _pull(self, late: Follower, cotangents: dict[int, Array], aims: Sequence[int]) -> dict[int, Any]:
        over = self.follower
        late.graph.freed = {n for n, line in enumerate(over.lines) if line.parents is not None}  # their values are kept here
        late.at, late.lines, late.numbers, late.nodes = over.at, list(over.lines), over.numbers, list(over.nodes)
        late.cells = [None] * len(over.lines)
        late.inputs = [self._kept.get(~k, _NOTHING) for k in range(len(over.nodes))]
        late.tensors = [None] * len(over.nodes)
        for slot, array in self._kept.items():
            if slot >= 0:
                late.cells[slot] = cell = Cell(late, slot)
                cell.array = array
        late.meet(*map(wrap, cotangents.values()))
        starts = dict(zip(cotangents, range(~len(over.nodes), ~len(late.nodes), -1)))
        late.done = len(late.lines)
        key = "after", tuple((n, form_of(g)) for n, g in cotangents.items()), tuple(aims)
        if key not in late.at.sweeps:
            for n in cotangents:
                self._made(n)
            recorder = Recorder(late, self.real, starts)
            with observed_by(recorder):
                found = self.pulled(cotangents, aims, False)
            late.at.sweeps[key] = recorder.finished([slot for slot in aims if slot in found])
            return found
        sweep = late.at.sweeps[key]
        if sweep is None:
            return self.pulled(cotangents, aims, False)
        late.lines += sweep.lines
        late.cells += sweep.nothing
        late.at = sweep.lines[-1] if sweep.lines else late.at
        made = {slot: Cell(late, n) for slot, n in sweep.makes}
        for cell in made.values():
            late.cells[cell.number] = cell
        late.flush(keep=False)
        return {slot: cell.array for slot, cell in made.items()}

    # ----------------------------------------------------------------------------------------------- backward passes

    def sweep(
        self,
        run: Callable[[], dict[Node, Any]],
        roots: Sequence[Any],
        cotangents: Sequence[Any],
        targets: Sequence[Node] | None,
        retain_graph: bool,
        accumulate: bool,
    ) -> dict[Node, Any]:
        """What reaches the targets: by the lines of a pass that was noted after this line, or else as ``run()`` gives it."""
        follower = self.follower
        starts = self._places(roots, cotangents)
        aims = None if targets is None else self._slots(targets)
        if starts is None or (targets is not None and (aims is None or accumulate)):
            follower.flush()
            return run()
        at, key = follower.at, (starts, aims, retain_graph, accumulate)
        if key in at.sweeps:
            sweep = at.sweeps[key]
            if sweep is not None and self._untouched(sweep):
                leaves = self._leaves([slot for slot, _ in sweep.makes]) if targets is None else None
                if leaves is not None or (targets is not None and not self._hooked(sweep)):
                    return self._swept(sweep, leaves, retain_graph)
            follower.flush()
            return run()
        return self._learn(run, key, [root._data for root in roots], targets is None)

    def _learn(
        self, run: Callable[[], dict[Node, Any]], key: Any, roots: Sequence[Array], accumulate: bool
    ) -> dict[Node, Any]:
        """Walk a pass, and note it."""
        follower, (starts, aims, retain_graph, _) = self.follower, key
        follower.flush()
        for n in starts:
            self.node(n)
        ready = {
            ~k for k, leaf in enumerate(follower.nodes) if leaf and not leaf.hooks and (not accumulate or self._leaves([~k]))
        }
        at, ones = follower.at, [np.ones(root.shape, root.dtype) for root in roots]
        recorder = Recorder(follower, self.real, {n: (one,) for n, one in zip(starts, ones)})
        with observed_by(recorder):
            found = run()
        sweep = recorder.finished(aims) if self._distinct() and not follower.step.full() else None
        if sweep is not None and not ready.issuperset(slot for slot, _ in sweep.makes if slot < 0):
            return found  # gradients were added up this time
        if sweep is not None and self._hooked(sweep):
            return found
        at.sweeps[key] = sweep
        if sweep is not None:
            self._enter(sweep, retain_graph)
            for slot, n in sweep.makes if accumulate else ():
                leaf: Any = follower.nodes[~slot].sink()  # type: ignore[union-attr,misc] # it was delivered
                cell = follower.cells[n] = Cell(follower, n)
                cell.array, leaf._grad._cell = leaf._grad._data, cell
            follower.done = len(follower.lines)
        return found

    def _places(self, roots: Sequence[Any], cotangents: Sequence[Any]) -> tuple[int, ...] | None:
        """The lines of the roots, where they are numbers of this step and start from 1; else None."""
        places = []
        for root, cotangent in zip(roots, cotangents):
            cell = getattr(root, "_cell", None)
            if cotangent is not None or cell is None or cell.follower is not self.follower or cell.like.size != 1:
                return None
            n = cell.number
            if self.follower.cells[n] is not cell or self.follower.lines[n].parents is None or root._view is not None:
                return None
            places.append(n)
        return tuple(places) if len(roots) == len(cotangents) and len(set(places)) == len(places) else None

    def _slots(self, nodes: Sequence[Node]) -> tuple[int, ...] | None:
        places = {id(node): ~k for k, node in enumerate(self.follower.nodes)} | {
            id(node): n for n, node in self.real.items() if n >= self.sealed
        }
        slots = tuple(places.get(id(node)) for node in nodes)
        return None if None in slots else slots  # type: ignore[return-value]

    def _untouched(self, sweep: Sweep) -> bool:
        """Whether no node on the way of a pass was given a hook, or was freed."""
        if not (self.freed and not self.freed.isdisjoint(sweep.visits)) and self._distinct():
            real = [node for n, node in self.real.items() if n in sweep.visits] if self.real else []
            return not any(node.hooks or node.sink or node.saved is None for node in real)
        return False

    def _leaves(self, slots: Iterable[int]) -> list[Any] | None:
        """The tensors of leaves, if they have no gradient yet and no hooks."""
        leaves = []
        nodes = self.follower.nodes
        for slot in slots:
            node: Any = nodes[~slot]
            leaf = node.sink() if node.sink is not None else None
            if leaf is None or node.hooks or leaf._node is not node or leaf._grad is not None:
                return None
            leaves.append(leaf)
        return leaves

    def _hooked(self, sweep: Sweep) -> bool:
        nodes = [self.follower.nodes[~slot] if slot < 0 else self.real.get(slot) for slot, _ in sweep.makes]
        return any(node is not None and node.hooks for node in nodes)

    def _distinct(self) -> bool:
        """Whether tensors from outside that were taken for different ones are so."""
        nodes = [node for node in self.follower.nodes if node is not None]
        return len(set(nodes)) == len(nodes)

    def _enter(self, sweep: Sweep, retain_graph: bool) -> None:
        follower = self.follower
        follower.lines += sweep.lines
        follower.cells += sweep.nothing
        if sweep.lines:
            follower.at = sweep.lines[-1]
        if not retain_graph:
            self.freed |= sweep.visits

    def _swept(self, sweep: Sweep, leaves: Sequence[Any] | None, retain_graph: bool) -> dict[Node, Any]:
        follower = self.follower
        self._enter(sweep, retain_graph)
        found: dict[Node, Any] = {}
        new, cells = object.__new__, follower.cells
        for i, (slot, n) in enumerate(sweep.makes):
            gradient: Tensor = new(Tensor)
            gradient._cell, gradient._node = Cell(follower, n), None
            cells[n] = gradient._cell
            if leaves is not None:
                leaves[i]._grad = gradient
            else:
                found[follower.nodes[~slot] if slot < 0 else self.real[slot]] = gradient  # type: ignore[index]
        if not retain_graph and self.real:
            for n, node in self.real.items():
                if n in sweep.visits:
                    node.free()
        if not follower.lent.isdisjoint(sweep.reads):
            follower.flush()
        return found


@functools.cache
def _output(op: Any) -> type[OutputNode]:
    """The class of an output that an operation made: it has the name of the operation's nodes."""
    return type(op.node.__name__, (OutputNode,), {"__slots__": ()})


class CompiledBackward(Node):
    """The graph of a call of a compiled function, as one node: what its outputs' cotangents give is computed together."""

    __slots__ = ("graph", "slots")

    def __init__(self, graph: Graph, parents: dict[int, Node]) -> None:
        super().__init__(tuple(parents.values()), np.empty(Cotangents.shape, Cotangents.dtype), None)
        self.graph: Graph = graph
        self.slots: list[int] = list(parents)
        self.op = SimpleNamespace(variadic=True, name="compiled")  # what its rules give is new memory

    def vjp(self, g: Any, wanted: set[Node], lift: bool) -> Iterable[tuple[Node, Any]]:
        """The gradients of the nodes in ``wanted``; by the nodes of the operations where they are to be differentiated again."""
        aims = {slot: parent for slot, parent in zip(self.slots, self.parents) if parent is not None and parent in wanted}
        one_by_one = lift or self.graph.changed()
        found = (
            self.graph.pulled(g.by_position, list(aims), lift) if one_by_one else self.graph.pull(g.by_position, list(aims))
        )
        return [(aims[slot], gradient) for slot, gradient in found.items()]

    def free(self) -> None:
        """Let go of the values."""
        self.graph.free()


_NOTHING = np.empty(0)


class Sweep:
    """A backward pass as lines.

    Attributes:
        lines: In order.
        makes: The slots of the leaves, or of the targets, and the lines that make their gradients.
        visits: The lines of the forward whose rules ran.
    """

    def __init__(self, lines: list[Line], makes: list[tuple[int, int]], visits: set[int]) -> None:
        self.lines: list[Line] = lines
        self.makes: list[tuple[int, int]] = makes
        self.visits: frozenset[int] = frozenset(visits)
        self.nothing: list[None] = [None] * len(lines)
        self.reads: set[int] = {slot for line in lines for slot in line.slots if type(slot) is int}


def _added(a: Array, b: Array) -> Array:
    return a + b


def _copied(array: Array) -> Array:
    return np.copy(array)


class Recorder(Observer):
    """Notes a backward pass as lines, while it is walked."""

    def __init__(self, follower: Follower, real: dict[int, Node], starts: dict[int, Any]) -> None:
        self.follower: Follower = follower
        self.lines: list[Line] = []
        self.arrays: dict[Any, Array] = {}  # what the lines computed, by slot
        self.waiting: dict[int, list[Any]] = {
            n: [start] for n, start in starts.items()
        }  # by slot of the node: gradients of it
        self.totals: dict[int, Any] = {}  # by slot of the node: their sum
        self.known: bool = True
        self.slots: dict[int, int] = {id(node): ~k for k, node in enumerate(follower.nodes) if node is not None}
        self.slots |= {id(node): n for n, node in real.items() if n >= follower.graph.sealed}

    def differentiating(self, node: Node, g: Any, contributions: Iterator[Any]) -> Iterator[Any]:
        """The rules of a node are about to run."""
        n = self.slots.get(id(node), -1)
        if n < 0 or node.hooks or node.sink or node.op is None or not self.known:
            self.known = False
            yield from contributions
            return
        cotangent = self._total(n)
        position = -1
        for parent, contribution in contributions:
            position = node.parents.index(parent, position + 1)
            slot = self.slots.get(id(parent))
            if slot is None or isinstance(contribution, Tensor):
                self.known = False
            if self.known:
                made = self._ruled(node, n, position, cotangent, np.asarray(contribution))
                self.waiting.setdefault(slot, []).append(made)  # type: ignore[arg-type]
            yield parent, contribution

    def _line(self, name: str, call: Callable[..., Any], slots: Sequence[Any], options: dict[str, Any], out: Array) -> int:
        line = Line(name, call, slots, options, Like(out))
        at = self.follower.at
        line.numbers, line.graphs = at.numbers, at.graphs
        number = len(self.follower.lines) + len(self.lines)
        line.alias = next((s for s in slots if (a := self._array(s)) is not None and owner(a) == owner(out)), None)
        self.lines.append(line)
        self.arrays[number] = out
        return number

    def _array(self, slot: Any) -> Any:
        if type(slot) is tuple:
            return slot[0] if type(slot[0]) is np.ndarray else None
        if type(slot) is Number:
            return None
        return self.arrays[slot] if slot in self.arrays else self.follower.value(slot)

    def _total(self, n: int) -> Any:
        """The slot of the sum of the gradients of a node."""
        if n in self.totals:
            return self.totals[n]
        total, *rest = self.waiting.pop(n)
        for other in rest:
            total = self._line("add", _added, [total, other], {}, np.asarray(self._array(total) + self._array(other)))
        self.totals[n] = total
        return total

    def _ruled(self, node: Node, n: int, position: int, cotangent: Any, out: Array) -> int:
        """The line of a rule's gradient of one input."""
        op, line = node.op, self.follower.lines[n]
        which = 0 if op.variadic else position
        slots, counts = [cotangent], []
        for name in op.needs[which]:
            source = op._source(name)
            if source in ("inputs", "kept"):
                more = list(line.slots)
            elif type(source) is int:
                more = [line.slots[source]]
            elif source == "y":
                more = [n]
            elif source == "static":
                setting = line.options[name]
                more = [setting if type(setting) is Number else (setting,)]
            else:
                more = [(position if source == "i" else node.saved[name],)]  # type: ignore[index]
            slots += more
            counts.append((len(more), source))
        parent: Any = node.parents[position]
        call = _Rule(op, which, counts, SimpleNamespace(shape=parent.shape, dtype=parent.dtype))
        options = line.options if any(source == "kept" for _, source in counts) else {}
        return self._line(f"{op.name}_rule{position}", call, slots, options, out)

    def finished(self, aims: Sequence[int] | None) -> Sweep | None:
        """The pass; None where it did what lines cannot say."""
        if not self.known:
            return None
        makes: dict[int, int] = {}
        visits = {n for n in self.totals if n >= 0}
        for slot in dict.fromkeys(self.waiting if aims is None else aims):
            if slot not in self.waiting and slot not in self.totals:
                return None
            total = self._total(slot)
            first = len(self.follower.lines)
            own = type(total) is int and total >= first and self.lines[total - first].alias is None
            if not own or self._array(total).base is not None or total in makes.values():
                total = self._line("copy", _copied, [total], {}, np.copy(self._array(total)))
            makes[slot] = total
        return Sweep(self.lines, list(makes.items()), visits)


class _Rule:
    """A rule with what is done to its result: summed over broadcast dimensions, and cast."""

    def __init__(self, op: Any, which: int, counts: Sequence[tuple[int, Any]], form: Any) -> None:
        self.op, self.rule, self.counts, self.form = op, op.rules[which], counts, form

    def __call__(self, g: Any, *values: Any, **options: Any) -> Any:
        needs, start = [], 0
        for count, source in self.counts:
            part, start = values[start : start + count], start + count
            if source == "kept":
                needs.append(self.op.keeping(*part, **options)[1])
            else:
                needs.append(part if source == "inputs" else part[0])
        return fit(self.rule(g, *needs), self.form)
