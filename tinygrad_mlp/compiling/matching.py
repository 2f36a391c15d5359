"""Whether an operation is the one that came here before: a function for each line, written out in Python.

The function is given a call as it is written. It gives back the pending result, or None where something is not as it was: the inputs by
their place in the step, what arrays from outside look like, whether gradients are wanted, options. Floats may differ.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import CodeType
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..core.apply import view_of
from ..core.graph import INFERENCE, Node, version_of
from ..ops.calls import masked
from .following import Cell, Follower, Line, form_of, frozen
from .instruction import Instruction, Number, choose, copy
from .passes.lowering import lowered

__all__ = ["matcher"]

Array = np.ndarray[Any, Any]


def matcher(line: Line, follower: Follower) -> Callable[..., Any]:
    """The function of a line, which is tried in this call."""
    spelled, met, grad, inference, view = line.spelled
    if line.prompt is None:
        _examine(line, follower)
    given: dict[str, Any] = {
        "line": line, "Cell": Cell, "Tensor": Tensor, "new": object.__new__, "current": _current, "view_of": view_of,
        "INFERENCE": INFERENCE, "frozen": frozen, "op": line.op, "prefix": line.prefix, "options": dict(line.options),
    }  # fmt: skip
    positional = [entry for entry in spelled if type(entry[0]) is int]
    named = [entry for entry in spelled if type(entry[0]) is str]
    conditions, later, numbers = [f"len(params) == {len(named)}"], [], []
    first: set[int] = set()
    wanted = False
    for i, (key, kind, *rest) in enumerate(spelled):
        value = f"a{key}" if type(key) is int else f"params[{key!r}]"
        if kind == "tensor":
            slot, recorded = rest[:2]
            wanted |= recorded
            if slot >= 0:
                given[f"s{i}"] = slot
                conditions.append(f"{value}._cell is cells[s{i}]")
            elif ~slot >= met and slot not in first:
                first.add(slot)
                given[f"m{i}"] = _Meeting(*rest)
                later.append(f"m{i}({value}, self)")
            else:
                given[f"s{i}"] = ~slot
                (later if slot in first else conditions).append(f"own(self, {value}) and {value}._data is inputs[s{i}]")
                (later if slot in first else conditions).append(
                    f"({value}._node if {value}._view is None else current({value})) is nodes[s{i}]"
                )
        elif kind in (float, int):
            if line.exact:
                given[f"k{i}"] = frozen(rest[1])
                conditions.append(f"frozen({value}) == k{i}")
            conditions.append(f"type({value}) is {kind.__name__}")
            numbers.append(value)
        else:
            given[f"k{i}"] = rest[0]
            conditions.append(
                f"frozen({value}) == k{i}" if rest[0][0] in (tuple, list, slice) else f"(type({value}), {value}) == k{i}"
            )
    given["own"] = _outside
    if wanted:
        conditions.append(f"now['grad'] is {grad}")
    conditions.append(f"now['inference'] is {inference}")
    lines = [
        "def match(args, params, self):",
        f"    if len(args) != {len(positional)}: return None",
        *([f"    {''.join(f'a{key}, ' for key, *_ in positional)}= args"] if positional else []),
        "    cells, inputs, nodes, now = self.cells, self.inputs, self.nodes, self.now",
        f"    if not ({' and '.join([*conditions, *later])}): return None",
        *(["    before = self.at"] if line.prompt else []),
        *(["    self.lines += prefix", f"    cells += {[None] * len(line.prefix)}"] if line.prefix else []),
        *([] if line.writes else ["    result, cell = new(Tensor), Cell(self, len(cells))", "    result._cell = cell"]),
        *([f"    self.numbers += ({', '.join(numbers)},)"] if numbers else []),
        f"    cells.append({'None' if line.writes else 'cell'})",
        "    self.lines.append(line)",
        "    self.at = line",
        *(["    result._version = INFERENCE"] if inference else []),
    ]
    if line.prompt:
        given["met"] = met
        lines += ["    if self.promptly(result, line, before, met) is None: return None"]
    if view:
        lines += ["    view_of(result, a0, op, self.settings(line))"]
    exec(_code("\n".join([*lines, f"    return {'True' if line.writes else 'result'}"])), given)
    match: Callable[..., Any] = given["match"]
    return match


def _examine(line: Line, follower: Follower) -> None:
    """Find out whether an operation may wait: where it is calls of NumPy that refuse no values, and give a shape that no values decide."""
    line.prompt = False
    if line.alias is not None:
        return
    spelled = line.spelled[0]
    forms = {slot: rest[1] for _, kind, slot, *rest in spelled if kind == "tensor" and len(rest) == 3}

    def dummy(slot: int) -> Array:
        each = follower.lines + list(line.prefix)
        like = each[slot].like if slot >= 0 else None if slot in forms else follower.inputs[~slot]
        shape, dtype = forms[slot][:2] if like is None else (like.shape, like.dtype)
        return np.zeros(shape, dtype)

    arrays = {slot: dummy(slot) for slot in line.slots if type(slot) is int}
    values = {number: value for _, kind, number, value in (entry for entry in spelled if entry[1] in (float, int))}
    for line.exact in (False, True):
        given = {**arrays, **(values if line.exact else {})}
        inputs = [slot[0] if type(slot) is tuple else given.get(slot, slot) for slot in line.slots]
        options = {name: given.get(v, v) if type(v) is Number else v for name, v in line.options.items()}
        out = np.empty_like(line.like)
        kind = "out" if line.op.takes_out and out.dtype.kind == "f" else "copy"
        instruction = Instruction(line.op.name, line.call, inputs, options, out, kind)
        calls = lowered(instruction, set())
        if not (len(calls) == 1 and calls[0] is instruction):
            break
    slots = {id(array): slot for slot, array in arrays.items()}
    checks = []
    for each in calls:
        looks = getattr(each.call, "looks", None)
        if looks is not None:
            checks.append((each.call.checked, looks, [slots.get(id(v), (v,)) for v in each.inputs], each.options))
        elif not _harmless(each):
            line.prompt = True
    if checks:
        line.prompt, line.checks = True, None if line.prompt else checks


def _harmless(instruction: Instruction) -> bool:
    """Whether a call takes every value, and gives a shape that no values decide."""
    call: Any = instruction.call
    call = getattr(call, "__self__", call)
    if isinstance(call, np.ufunc):
        return call is not np.power or instruction.output.dtype.kind == "f"
    return call in (np.dot, np.matmul, np.round, copy, choose, masked) or hasattr(call, "one_call")


@functools.lru_cache(1000)
def _code(source: str) -> CodeType:
    return compile(source, "<match>", "exec")


def _current(view: Tensor) -> Node | None:
    """The node of a view.

    Raises:
        ValueError: Its memory has been given another history, and it has not found its own yet.
    """
    if view._stamp != version_of(view).rebased:
        raise ValueError
    return view._node


def _outside(follower: Follower, tensor: Tensor) -> bool:
    """Whether a tensor is none of this step's."""
    cell = tensor._cell
    return cell is None or cell.follower is not follower or follower.cells[cell.number] is not cell


class _Meeting:
    """Whether a tensor from outside, met for the first time here, is like the one that was met here before; it is noted."""

    def __init__(self, slot: int, recorded: bool, form: Any, leaf: bool) -> None:
        self.place, self.recorded, self.form, self.leaf = ~slot, recorded, form, leaf
        self.array: Any = None  # the one that was met last

    def __call__(self, tensor: Tensor, follower: Follower) -> bool:
        if not _outside(follower, tensor):
            return False
        array, node = tensor._data, tensor._node if tensor._view is None else _current(tensor)
        if (node is not None) is not self.recorded or len(follower.inputs) != self.place:
            return False
        if array is not self.array:
            if form_of(array) != self.form:
                return False
            self.array = array
        if node is not None and (node.is_leaf is not self.leaf):
            return False
        return follower.meet(tensor, array, node) == ~self.place
