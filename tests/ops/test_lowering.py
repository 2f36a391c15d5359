"""Operations as the calls of NumPy that a compiled program makes of them: their forward's own, to the last bit."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from contract import differentiable, tensors, weights_for

import tinygrad_mlp as tg
from tinygrad_mlp.compiling.instruction import Instruction, copy, elementwise

from tinygrad_mlp.compiling.passes.lowering import lowered
from tinygrad_mlp.compiling.tracer import Tracer
from tinygrad_mlp.core.primitive import PRIMITIVES, Primitive
from tinygrad_mlp.grad_mode import observed_by

# Operations on one or more numbers that stay one instruction, and why.
WHOLE = {
    "erf": "its three formulas are each computed of the elements that they are for, found by their values",
    "erfc": "as erf",
    "bce": "it looks at its inputs' values, as it raises an error for what is no probability",
}
# Those that do not give each element from those in its place: products, sums, sorting, choosing and moving elements.
NOT_ELEMENTWISE = {
    *(
        "_argmedian",
        "_cat",
        "_class_distribution",
        "_einsum",
        "_left_vectors",
        "_logits_slope",
        "_median",
        "_on_diagonal",
        "_prod",
    ),
    *("_pad", "_recurrence", "_right_vectors", "_stack", "argmax", "argmin", "argsort", "argwhere", "bincount", "class_nll"),
    *("cumprod", "cumsum", "diagonal", "expand", "gather", "index_add", "index_sum", "nonzero", "put"),
    *("ravel_index", "repeat", "roll", "scatter", "scatter_add", "scatter_sum", "svdvals", "tril", "triu"),
    *("true_positions", "unslice"),
}


def traced(dtype: Any) -> list[Instruction]:
    """What all sample calls and their backward passes do."""
    from test_contract import SAMPLES  # which imports this file, as any other here

    instructions = []
    for sample in SAMPLES:
        tracer = Tracer()
        args = tensors(sample, tg, dtype)
        try:
            with observed_by(tracer):
                outs = differentiable(sample.run(args))
                if outs:
                    cotangents = [
                        tg.from_numpy(w.astype(t.dtype.numpy)) for w, t in zip(weights_for(outs), outs, strict=True)
                    ]
                    tg.autograd.backward(outs, cotangents)
        except tg.errors.GraphError:  # it looks at values
            continue
        instructions += [i for i in tracer.instructions if i.kind in ("out", "copy") and i.call is not copy]
    return instructions


def replayed(program: list[Instruction]) -> None:
    for part in program:
        with np.errstate(all="ignore"):
            part.call(*part.inputs, **part.options, out=part.output)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_lowered_gives_the_same_bits(dtype: Any) -> None:
    whole = defaultdict(set)
    for instruction in traced(dtype):
        before = [array.copy() for array in instruction.reads()]
        parts = lowered(instruction, set())
        for array, values in zip(instruction.reads(), before, strict=True):
            np.testing.assert_array_equal(array, values)  # nothing is written while it is lowered
        whole[instruction.name].add(parts[0] is instruction)
        if parts[0] is instruction or any(np.may_share_memory(instruction.output, a) for a in instruction.reads()):
            continue
        expected = instruction.output.copy()
        for attempt in (0, 1):
            instruction.output[...] = attempt
            replayed(parts)
            assert instruction.output.tobytes() == expected.tobytes(), [part.name for part in parts]
        assert [part.completes >= 0 for part in parts].count(True) == 1
    assert {name for name, kinds in whole.items() if kinds == {True}} == (NOT_ELEMENTWISE | WHOLE.keys()) & whole.keys()
    both = {name for name, kinds in whole.items() if kinds == {True, False}}
    assert both == {"class_cross_entropy", "flip", "reshape"}  # with weights; with dimensions; where it copies


def test_every_primitive_is_lowered_or_has_a_reason() -> None:
    lowering = {i.name for i in traced(np.float32) if lowered(i, set())[0] is not i}
    views = {name for name, op in PRIMITIVES.items() if op.view}
    assert set(PRIMITIVES) - lowering - views - NOT_ELEMENTWISE == set(WHOLE)


def instruction_of(forward: Any, *inputs: Any, **options: Any) -> Instruction:
    op = Primitive(forward, [None] * len(inputs), cast=None, view=False, variadic=False)
    arrays = [np.linspace(-2, 2, 12, dtype=np.float32).reshape(3, 4) if i is None else i for i in inputs]
    return Instruction(op.name, op.forward, arrays, options, np.asarray(op.forward(*arrays, **options)), "copy")


@pytest.mark.parametrize(
    "forward",
    [
        lambda x: x * float(x.sum()),
        lambda x: x if x.sum() > 0 else -x,
        lambda x: x[x > 0],
        lambda x: np.asarray(x) + 1,
        lambda x: np.array(x.tolist()),
        lambda x: np.sort(x),
        lambda x: np.multiply(x, 2, out=x),
        lambda x: np.cumsum(x, 0),
        lambda x: x * sum(v for v in x.reshape(-1)),
        lambda x: x * np.prod(x.tolist()),
        lambda x: x * x.max(),
        lambda x: np.frompyfunc(lambda v: v + 1, 1, 1)(x).astype(np.float32),
        lambda x: np.ones(3),
    ],
)
def test_what_cannot_be_noted_stays_whole(forward: Any) -> None:
    instruction = instruction_of(forward, None)
    values = instruction.inputs[0].copy()
    assert lowered(instruction, set()) == [instruction]
    np.testing.assert_array_equal(instruction.inputs[0], values)


def test_numbers_that_differ_from_call_to_call() -> None:
    numbers = Expressions({}, [], {})
    n = numbers.number("group['lr']", 0.5)
    x = np.ones(3, np.float32)

    def parts(forward: Any) -> list[Instruction]:
        return lowered(Instruction("f", forward, [x, n], {}, np.empty_like(x), "copy"), set())

    (add,) = parts(lambda x, n: x + (1 - n) / 2)
    assert add.inputs[1] == 0.25
    assert [e for e, name in numbers.numbers.items() if name == add.inputs[1].name] == [
        "n1 / 2"
    ]  # computed anew in each call
    numbers.guards.clear()
    assert [part.name for part in parts(lambda x, n: x if n == 1 else x * n)] == ["multiply"]
    assert set(numbers.guards) == {("(n0 == 1)", False)}
    for frozen in (lambda x, n: x * math.sqrt(n), lambda x, n: x * np.asarray(n), lambda x, n: x * int(n)):
        assert [part.name for part in parts(frozen)] == ["f"]


def test_views_of_what_is_elsewhere_in_each_call_are_taken_anew() -> None:
    instruction = instruction_of(lambda x: (x.reshape(6, 2)[1:] + 1).reshape(-1), None)
    names = [(part.kind, part.name) for part in lowered(instruction, set())]
    assert names == [("out", "add")]  # into a view of the output
    names = [part.kind for part in lowered(instruction, {id(instruction.inputs[0].base)})]
    assert names == ["view", "view", "out"]


def test_elementwise_calls_without_options_can_be_chained() -> None:
    parts = lowered(instruction_of(lambda x: np.where(x > 0, x, 0) * np.add.reduce(x, 0), None), set())
    assert [(part.name, elementwise(part)) for part in parts] == [
        ("greater", True),
        ("choose", True),
        ("add_reduce", False),
        ("multiply", True),
    ]
