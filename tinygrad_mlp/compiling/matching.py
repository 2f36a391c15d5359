"""Whether an operation is the one that came here before: a function for each line, written out in Python.

The function is given a call as it is written. It gives back the pending result, or None where something is not as it was: the inputs by
their place in the step, what arrays from outside look like, whether gradients are wanted, options. Floats may differ.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from types import CodeType
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..core.apply import view_of
from ..core.graph import INFERENCE, Node, version_of
from ..dtypes import get_default_dtype
from ..ops.calls import masked
from .following import Follower
from .instruction import Instruction, Number, choose, copy
from .lines import Cell, Line, form_of, frozen
from .passes.lowering import lowered

__all__ = ["matcher"]

Array = np.ndarray[Any, Any]


def matcher(line: Line, follower: Follower) -> Callable[..., Any]:
    """The function of a line, which is tried in this call."""
    spelled, met, grad, inference, view = line.spelled
    if line.prompt is None:
        _examine(line, follower)
    given: dict[str, Any] = {
        "line": line, "Cell": Cell, "Tensor": Tensor, "new": object.__new__, "current": _current, "own": _own, "view_of": view_of,
        "INFERENCE": INFERENCE, "frozen": frozen, "default": get_default_dtype, "op": line.op, "prefix": line.prefix, "met": met,
    }  # fmt: skip
    count, named = (sum(type(key) is kind for key, *_ in spelled) for kind in (int, str))
    conditions = [f"len(params) == {named} and now['inference'] is {inference}", *_modes(line, spelled, grad)]
    first: dict[int, str] = {}  # by slot: the arguments that are met for the first time
    for i, entry in enumerate(spelled):
        conditions += _conditions(i, entry, met, first, given, line.exact)
    numbers = [_spelled(key) for key, kind, *_ in spelled if kind in (float, int)]
    made = [] if line.writes else ["result, cell = new(Tensor), Cell(self, len(cells))", "result._cell = cell"]
    lines = [
        f"if len(args) != {count}: return None",
        *([f"{''.join(f'a{key}, ' for key, *_ in spelled if type(key) is int)}= args"] if count else []),
        "cells, inputs, nodes, now = self.cells, self.inputs, self.nodes, self.now",
        f"if not ({' and '.join(conditions)}): return None",
        *(["before = self.at"] if line.prompt else []),
        *([f"self.meet({', '.join(first.values())})"] if first else []),
        *(["self.lines += prefix", f"cells += {[None] * len(line.prefix)}"] if line.prefix else []),
        *([f"self.numbers += ({', '.join(numbers)},)"] if numbers else []),
        *made,
        f"cells.append({'cell' if made else None})",
        "self.lines.append(line)",
        "self.at = line",
        *(["result._version = INFERENCE"] if inference and made else []),
        *(["if self.promptly(line, before, met) is None: return None"] if line.prompt else []),
        *(["view_of(result, a0, op, self.settings(line))", "cell.version = result._version"] if view else []),
        f"return {'result' if made else True}",
    ]
    exec(_code("\n    ".join(["def match(args, params, self):", *lines])), given)
    match: Callable[..., Any] = given["match"]
    return match


def _modes(line: Line, spelled: Sequence[Any], grad: bool) -> Iterator[str]:
    """The conditions of what is set for all operations, where it matters."""
    if any(entry[3] for entry in spelled if entry[1] == "tensor"):
        yield f"now['grad'] is {grad}"
    if line.default is not None:
        yield "default() is line.default"


def _spelled(key: int | str) -> str:
    return f"a{key}" if type(key) is int else f"params[{key!r}]"


def _conditions(
    i: int, entry: Sequence[Any], met: int, first: dict[int, str], given: dict[str, Any], exact: bool
) -> list[str]:
    """What an argument must be; one from outside that is met for the first time is entered in ``first``."""
    key, kind, told, *more = entry
    value = _spelled(key)
    if kind == "constant":
        given[f"k{i}"] = told
        return [f"{f'frozen({value})' if told[0] in (tuple, list, slice) else f'(type({value}), {value})'} == k{i}"]
    if kind != "tensor":
        given[f"k{i}"] = frozen(more[0])
        return [f"frozen({value}) == k{i}" if exact else f"type({value}) is {kind.__name__}"]
    given[f"s{i}"] = told if told >= 0 else ~told
    if told >= 0:
        return [f"cells[s{i}] is {value}._cell is not None"]
    if told in first:
        return [f"{value} is {first[told]}"]
    outside = f"({value}._cell is None or not own(self, {value}))"
    if ~told < met:
        node = f"({value}._node if {value}._view is None else current({value}))"
        return [outside, f"{value}._data is inputs[s{i}]", f"{node} is nodes[s{i}]"]
    first[told] = value
    given[f"m{i}"] = _Meeting(*more)
    return [outside, f"(({value}._data is m{i}.array and {value}._node is m{i}.node) or m{i}.like({value}))"]


def _current(view: Tensor) -> Node | None:
    """The node of a view.

    Raises:
        ValueError: Its memory has been given another history, and it has not found its own yet.
    """
    if view._stamp != version_of(view).rebased:
        raise ValueError
    return view._node


def _own(follower: Follower, tensor: Tensor) -> bool:
    """Whether a tensor is one of this step's."""
    cell = tensor._cell
    return cell is not None and cell.follower is follower and follower.cells[cell.number] is cell


class _Meeting:
    """What a tensor from outside is like that is met for the first time."""

    def __init__(self, recorded: bool, form: Any, leaf: bool, inference: bool) -> None:
        self.recorded, self.form, self.leaf, self.inference = recorded, form, leaf, inference
        self.array: Any = None  # the one that was met last, and its node
        self.node: Any = None

    def like(self, tensor: Tensor) -> bool:
        """Whether the tensor is like that."""
        array, node = tensor._data, tensor._node if tensor._view is None else _current(tensor)
        if (
            (node is not None) is not self.recorded
            or (node is not None and node.is_leaf is not self.leaf)
            or form_of(array) != self.form
        ):
            return False
        if (tensor._version is INFERENCE) is not self.inference:
            return False
        if tensor._view is None and node is not None:  # a parameter; batches are to be let go
            self.array, self.node = array, node
        return True


def _examine(line: Line, follower: Follower) -> None:
    """Find out whether an operation may wait: where it is calls of NumPy that refuse no values, and give a shape that no values decide."""
    line.prompt = False
    if line.alias is not None:
        return
    arrays = _dummies(line, follower)
    values = {number: value for _, kind, number, value in (entry for entry in line.spelled[0] if entry[1] in (float, int))}
    calls: list[Instruction] = []
    for line.exact in (False, True):
        given = {**arrays, **(values if line.exact else {})}
        instruction = _instruction(line, given)
        calls = lowered(instruction, set())
        if calls != [instruction]:
            break
    slots = {id(array): slot for slot, array in arrays.items()}
    checks = []
    for each in calls:
        call: Any = each.call
        looks = getattr(call, "looks", None)
        if looks is not None:
            checks.append((call.checked, looks, [slots.get(id(v), (v,)) for v in each.inputs], each.options))
        elif not _harmless(each):
            line.prompt = True
    if checks:
        line.prompt, line.checks = True, None if line.prompt else checks


def _dummies(line: Line, follower: Follower) -> dict[int, Array]:
    """Arrays like the line's inputs, by slot."""
    forms = {entry[2]: entry[4][:2] for entry in line.spelled[0] if entry[1] == "tensor" and len(entry) == 7}
    lines = [*follower.lines, *line.prefix]
    for slot in line.slots:
        if type(slot) is int and slot not in forms:
            like = lines[slot].like if slot >= 0 else follower.inputs[~slot]
            forms[slot] = like.shape, like.dtype
    return {slot: np.zeros(*form) for slot, form in forms.items()}


def _instruction(line: Line, given: dict[Any, Any]) -> Instruction:
    inputs = [slot[0] if type(slot) is tuple else given.get(slot, slot) for slot in line.slots]
    options = {name: given.get(v, v) if type(v) is Number else v for name, v in line.options.items()}
    out = np.empty_like(line.like.over_one())
    return Instruction(
        line.op.name, line.call, inputs, options, out, "out" if line.op.takes_out and out.dtype.kind == "f" else "copy"
    )


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
