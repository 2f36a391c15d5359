"""How much a gradient check can see: the rules that it ran are made wrong, one way at a time, and the check is run again.

A mutant is a backward pass in which one rule is wrong. An observer (:class:`~tinygrad_mlp.core.state.Observer`) stands between the core and the
rules of the graph's nodes: it has a rule run on Tensors, notes the primitives that the rule consists of, computes them again
with one of them changed, and passes that on. So rules are mutated where they are written down, as expressions, and nothing
but the one backward pass, in its own thread, ever sees it: no rule is replaced anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..core.backward import fit
from ..core.graph import Node, wrap
from ..core.state import Observer
from ..grad_mode import no_grad, observed_by
from .function import Cotangents
from .recording import Array, Call, Recorder, Slot, forward, operation_of

__all__ = ["Evidence", "Mutant", "PowerReport", "power"]

SCALE = 1.01  # a factor that is wrong by more is easier to see
_SUMS = {"sum", "sum_to", "_sum_along", "cumsum", "index_sum", "scatter_sum"}
_SAME_VALUES = {"cast", "clone", "expand", "reshape", "slice_", "view"}  # taking their operand instead changes nothing
_DIMS = ("dim", "dims", "dim0", "dim1")


@dataclass(frozen=True)
class Evidence:
    """What is known of a gradient without the rules: its products with some directions."""

    cotangents: Sequence[Array]  # one per output; the gradient is that of their inner product with the outputs
    directions: Array | None  # (elements of all inputs, directions); None for one direction per element
    numbers: Array  # the numerical derivatives, one a direction
    allowed: Array  # how far the analytic ones may be off

    def contradicts(self, gradient: Array) -> Array:
        """Per direction, whether the gradient is not what the numbers say."""
        products = gradient if self.directions is None else gradient @ self.directions
        return ~(np.abs(products - self.numbers) <= self.allowed)


@dataclass(frozen=True)
class Mutant:
    """One way in which one rule is made wrong."""

    rule: str  # the primitive, or the user's Function
    input: str  # the input whose gradient the rule gives
    kind: str  # "sign", "scale", "dropped term", "missing sum", "transpose" or "wrong axis"
    position: int  # of that input
    call: int | None = None  # which of the rule's primitives is changed; None for the rule's result
    op: str = ""  # that primitive's name
    operand: int | str | None = None  # the position of the operand, or the name of the option, that is changed in it
    order: int = 1  # 1 in the rules of the function, 2 in those of its gradient, and so on

    def __str__(self) -> str:
        which = self.operand if isinstance(self.operand, str) else f"operand {self.operand}"
        changed = {
            "sign": f"{which} with the other sign",
            "dropped term": f"{which} alone",
            "missing sum": "the average",
            "transpose": f"{which} transposed",
            "wrong axis": f"{which} + 1",
        }.get(self.kind, "")
        where = "" if self.call is None else f", in call {self.call}, {self.op}: {changed}"
        level = "" if self.order == 1 else f" (order {self.order})"
        return f"{self.rule}, gradient of {self.input}{level}: {self.kind}{where}"


@dataclass
class PowerReport:
    """How many wrong rules a gradient check noticed."""

    killed: list[Mutant] = field(default_factory=list)  # those that it noticed
    # Those that it did not, though the gradient is another: such an error would have passed.
    survivors: list[Mutant] = field(default_factory=list)
    # Those that leave the gradient as it is all the same, because the function multiplies by 0 what the rule gives, or uses the
    # rule twice, so that a wrong sign cancels. No check at these inputs could notice them.
    masked: list[Mutant] = field(default_factory=list)
    equivalent: list[Mutant] = field(default_factory=list)  # those whose rule gives the same at these inputs

    @property
    def caught(self) -> int:
        """How many mutants were noticed."""
        return len(self.killed)

    @property
    def mutants(self) -> int:
        """How many mutants gave a wrong gradient."""
        return len(self.killed) + len(self.survivors)

    def __add__(self, other: PowerReport) -> PowerReport:
        return PowerReport(**{name: mutants + getattr(other, name) for name, mutants in vars(self).items()})

    def __str__(self) -> str:
        rules = len({(mutant.rule, mutant.position) for mutants in vars(self).values() for mutant in mutants})
        lines = [f"{self.caught} of {self.mutants} mutants of {rules} rule{'s' * (rules != 1)} were caught"]
        if self.masked:
            lines.append(f"{len(self.masked)} more change what a rule gives, but not the gradient")
        if self.equivalent:
            lines.append(f"{len(self.equivalent)} more change nothing at these inputs")
        return "\n".join([*lines, *(f"survived: {mutant}" for mutant in self.survivors)])

    def __repr__(self) -> str:
        return f"<PowerReport: {self.caught} of {self.mutants} mutants caught>"


# -------------------------------------------------------------------------------------------------- rules, call by call


@dataclass
class _Result:
    """What a rule gives one input, and which calls of the node's rules gave it."""

    parent: Node
    position: int
    array: Array
    calls: list[Call]


class _Rules:
    """The rules of one node on one cotangent, as the primitives that they consist of."""

    def __init__(self, node: Node, g: Any, parents: set[Node]) -> None:
        self.node = node
        if isinstance(g, Cotangents):
            bundle = {k: np.asarray(value) for k, value in g.by_position.items()}
            self.inputs, g = list(bundle.values()), Cotangents(bundle)
        else:
            self.inputs = [np.asarray(g)]
            g = wrap(self.inputs[0])
        self.recorder = Recorder(self.inputs)
        self.results: list[_Result] = []
        position, begin, calls = -1, 0, self.recorder.calls
        with no_grad(), observed_by(self.recorder):
            for parent, tensor in node.vjp(g, parents, True):
                tensor = fit(tensor, parent)
                position = node.parents.index(parent, position + 1)  # gradients come in the order of the inputs
                self.results.append(_Result(parent, position, tensor._data, calls[begin:]))
                begin = len(calls)

    def mutants(self) -> Iterator[Mutant]:
        """Every mutant that still gives the inputs something of a shape that can be theirs."""
        rule, inputs = operation_of(self.node), self.node.op.inputs if self.node.op is not None else ()
        for result in self.results:
            name = inputs[result.position] if inputs else f"argument {result.position}"
            kinds = ["sign", "scale", "dropped term"] + ["transpose"] * (result.array.ndim > 1)
            yield from (Mutant(rule, name, kind, result.position) for kind in kinds)
            for k, call in enumerate(result.calls):
                for kind, operand in _changes(call, self.recorder.values):
                    mutant = Mutant(rule, name, kind, result.position, k, call.op.name, operand)
                    try:
                        self.mutated(mutant)
                    except _INCOMPETENT:
                        continue  # it cannot be run at all, so no check is needed to find it
                    yield mutant

    def mutated(self, mutant: Mutant) -> list[tuple[Node, Array]]:
        """What the rules give with one thing changed; as they are where the mutant is of another rule."""
        result = next((r for r in self.results if r.position == mutant.position), None)
        values = self.recorder.values
        if result is not None and mutant.call is not None:
            target = next(iter(result.calls[mutant.call :]), None)
            if target is not None and target.op.name == mutant.op:
                values = self.recorder.replay(
                    self.inputs, lambda call, args: _changed(mutant, call, args) if call is target else forward(call, args)
                )
        contributions = []
        for each in self.results:
            slot = self.recorder.slot(each.array)
            array = each.array if slot is None else values[slot]
            if each is result and mutant.call is None:
                array = _wrong(mutant.kind, array)
            contributions.append((each.parent, np.asarray(fit(array, each.parent))))
        return contributions


_INCOMPETENT = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)


def _wrong(kind: str, array: Array) -> Array:
    if kind == "transpose":
        return np.swapaxes(array, -1, -2).reshape(array.shape)
    return array * {"sign": -1.0, "scale": SCALE, "dropped term": 0.0}[kind]


def _changes(call: Call, values: Sequence[Array]) -> Iterator[tuple[str, int | str | None]]:
    """The ways to change a call: the kind, and what in it."""
    name = call.op.name
    arrays = [values[a] if type(a) is Slot else a for a in call.inputs]
    floats = [k for k, a in enumerate(arrays) if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
    if name not in _SAME_VALUES:
        yield from (("dropped term", k) for k in floats)
    if name in ("add", "sub"):
        yield "sign", 1
    if name in _SUMS:
        yield "missing sum", None
    if name == "matrix_product":
        yield from (("transpose", k) for k in floats)
    if np.ndim(arrays[0]) > 1:
        given = {option: call.params[option] for option in _DIMS if call.params.get(option) is not None}
        yield from (("wrong axis", option) for option, dims in given.items() if np.size(dims))


def _changed(mutant: Mutant, call: Call, args: list[Any]) -> Array:
    k = mutant.operand
    if mutant.kind == "missing sum":
        total, count = forward(call, args), forward(call, [np.ones_like(args[0]), *args[1:]])
        return np.divide(total, count, out=np.zeros_like(total), where=count != 0)
    if isinstance(k, str):
        ndim = max(np.ndim(args[0]), 1)
        dims = call.params[k]
        wrong = (dims + 1) % ndim if isinstance(dims, int) else tuple((d + 1) % ndim for d in dims)
        return forward(Call(call.op, call.inputs, {**call.params, k: wrong}, call.value), args)
    assert k is not None
    if mutant.kind == "dropped term":
        return np.broadcast_to(args[k], call.value.shape)
    changed = -args[k] if mutant.kind == "sign" else np.swapaxes(args[k], -1, -2)
    return forward(call, [*args[:k], changed, *args[k + 1 :]])


# --------------------------------------------------------------------------------------------------- the observer


class _Mutation(Observer):
    """Makes one rule wrong wherever it runs, and notes whether that matters; without a mutant, notes which there could be."""

    def __init__(self, mutant: Mutant | None = None) -> None:
        self.mutant = mutant
        self.found: dict[Mutant, None] = {}  # in order, each once
        self.matters = False

    def differentiating(self, node: Node, g: Any, contributions: Iterator[tuple[Node, Any]]) -> Iterator[tuple[Node, Any]]:
        honest = list(contributions)
        if not honest or any(isinstance(array, Cotangents) for _, array in honest):  # an output of a user's function
            return iter(honest)
        if self.mutant is not None and operation_of(node) != self.mutant.rule:
            return iter(honest)
        rules = _Rules(node, g, {parent for parent, _ in honest})
        if self.mutant is None:
            self.found.update(dict.fromkeys(rules.mutants()))
            return iter(honest)
        wrong = rules.mutated(self.mutant)
        for (_, before), (_, after) in zip(honest, wrong, strict=True):
            self.matters = self.matters or not _same(after, before)
        return iter(wrong)


def power(gradient: Callable[[Sequence[Array]], Array], evidence: Sequence[Evidence], order: int = 1) -> PowerReport:
    """How many wrong rules the evidence gives away; the cotangents of its first piece should reach every rule.

    The gradient goes from one cotangent per output, by a backward pass, to the elements of all gradients as one vector.
    """
    report = PowerReport()
    with np.errstate(all="ignore"):
        search = _Mutation()
        with observed_by(search):
            gradient(evidence[0].cotangents)
        honest = [gradient(piece.cotangents) for piece in evidence]

        def found(fault: _Mutation) -> list[Mutant]:
            """Where in the report a mutant belongs."""
            differs = False
            for piece, right in zip(evidence, honest, strict=True):
                try:
                    wrong = gradient(piece.cotangents)
                except _INCOMPETENT:  # a wrong rule that raises an error is noticed, too
                    return report.killed
                if piece.contradicts(wrong).any():
                    return report.killed
                differs = differs or not _same(wrong, right)
            return report.survivors if differs else report.masked if fault.matters else report.equivalent

        for mutant in search.found:
            fault = _Mutation(mutant)
            with observed_by(fault):
                found(fault).append(replace(mutant, order=order))
    return report


def _same(a: Array, b: Array) -> bool:
    """Whether two arrays are equal but for rounding."""
    return bool(np.allclose(a, b, rtol=0, atol=1e-12 * np.max(np.abs(b), initial=0.0), equal_nan=True))
