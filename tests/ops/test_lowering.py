"""Operations as the calls of NumPy that a compiled program makes of them: their forward's own, to the last bit."""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from contract import differentiable, tensors, weights_for

import tinygrad_mlp as tg
from tinygrad_mlp.compiling.instruction import Instruction, Number, elementwise
from tinygrad_mlp.compiling.passes.lowering import lowered
from tinygrad_mlp.core.primitive import PRIMITIVES, Primitive
from tinygrad_mlp.core.state import state

# Operations on one or more numbers that stay one instruction, and why.
WHOLE = {
    "erf": "its three formulas are each computed of the elements that they are for, found by their values",
    "erfc": "as erf",
    "_hardswish_slope": "it is chosen by the values, as where its rule is",
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
        "_pad",
    ),
    *(
        "_plain_class_slope",
        "_prod",
        "_recurrence",
        "_right_vectors",
        "_stack",
        "strided_view",
        "argmax",
        "argmin",
        "argsort",
        "argwhere",
    ),
    *("bincount", "class_nll", "cumprod", "cumsum", "gather", "index_add", "index_sum", "put", "ravel_index", "repeat"),
    *("roll", "scatter", "scatter_add", "scatter_sum", "svdvals", "tril", "triu", "true_positions", "unslice"),
}
# Rules of operations that are lowered, or views, which stay one instruction themselves, and why.
WHOLE_RULES = {
    "diagonal": "an array of zeros with the gradient on its diagonal",
    "index": "the sums of the rows that were taken more than once",
    "permute": "of a number, for which there is nothing to permute",
    "slice_": "an array of zeros with the gradient in the slice",
    "soft_cross_entropy": "the classes are moved to the front as an array",
}
SOMETIMES = {  # of some calls only
    "class_cross_entropy": "with weights",
    "flip": "with dimensions",
}


def lines_of(step: Callable[[], Any], varying: bool = False) -> list[tuple[Instruction, list[Any]]]:
    """What the first call of a compiled step does: instructions whose memory holds what they read and give; with the numbers.

    Args:
        step: It; an error ends it.
        varying: Whether its numbers may be others in each call.
    """
    from tinygrad_mlp.compiling import following, stretches

    found: list[tuple[Instruction, list[Any]]] = []

    def finish(follower: Any) -> None:
        stretch = stretches.Stretch(0, len(follower.lines), (), keep=True)
        stretch.varying = set(range(len(follower.numbers))) if varying else set()
        instance: Any = object.__new__(stretches._Instance)
        instance.stretch, instance.follower = stretch, follower
        instance.arrays, instance.roots, instance.fixed, instance.moving = {}, {}, [], []
        for n in range(len(follower.lines)):
            for instruction in instance._instructions(n):
                if instruction.kind != "view":
                    computed(instruction, follower.numbers)
                found.append((instruction, follower.numbers))
        finished(follower)

    finished = following.Follower.finish
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(following.Follower, "finish", finish)
        tg.compile(step, fusion=False)()
    return found


def computed(instruction: Instruction, numbers: Sequence[Any] = (), out: bool = False) -> None:
    """Run it on the numbers; what it gives is copied into its output, or with ``out`` written there."""

    def now(value: Any) -> Any:
        return numbers[value.place] if type(value) is Number else value

    options = {key: now(value) for key, value in instruction.options.items()}
    inputs = map(now, instruction.inputs)
    if out:
        state.quiet(functools.partial(instruction.call, out=instruction.output, **options), *inputs)
    elif instruction.kind == "writes":
        state.quiet(functools.partial(instruction.call, **options), *inputs)
    else:
        result = state.quiet(functools.partial(instruction.call, **options), *inputs)
        np.copyto(instruction.output, result, casting="unsafe")


@functools.cache
def sampled(dtype: Any, varying: bool = False) -> list[tuple[Instruction, list[Any]]]:
    """What all sample calls and their backward passes do."""
    from test_contract import SAMPLES  # which imports this file, as any other here

    instructions = []
    for sample in SAMPLES:
        args = tensors(sample, tg, dtype)

        def step(sample: Any = sample, args: Any = args) -> None:
            outs = differentiable(sample.run(args))
            if outs:
                cotangents = [tg.tensor(w.astype(t.dtype.numpy)) for w, t in zip(weights_for(outs), outs, strict=True)]
                tg.autograd.backward([(out * w).sum() for out, w in zip(outs, cotangents, strict=True)])

        instructions += lines_of(step, varying)
    return instructions


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("varying", [False, True])
def test_what_is_lowered_gives_the_same_bits(dtype: Any, varying: bool) -> None:
    for instruction, given in sampled(dtype, varying):
        if instruction.kind == "view":
            continue
        numbers = [v * 0.75 if type(v) is float else v for v in given]  # others than those of the call
        computed(instruction, numbers)
        before = [array.copy() for array in instruction.reads()]
        expected = instruction.output.copy()
        parts = lowered(instruction, set())
        for array, was in zip((*instruction.reads(), instruction.output), (*before, expected), strict=True):
            np.testing.assert_array_equal(array, was)  # nothing is written while it is lowered
        if parts[0] is instruction or any(np.may_share_memory(instruction.output, a) for a in instruction.reads()):
            continue
        for attempt in (0, 1):
            instruction.output[...] = attempt
            for part in parts:
                if part.kind != "view":
                    computed(part, numbers, out=True)
            assert instruction.output.tobytes() == expected.tobytes(), (instruction.name, [part.name for part in parts])


@functools.cache
def kinds() -> dict[str, set[str]]:
    """Of each name, whether its instructions are views, stay whole, or are lowered."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for instruction, _ in sampled(np.float32):
        whole = instruction.kind != "view" and lowered(instruction, set())[0] is instruction
        found[instruction.name].add("view" if instruction.kind == "view" else "whole" if whole else "lowered")
    return found


def not_elementwise() -> set[str]:
    """Those of the table, and those that the tests of a family say are."""
    from test_contract import FAMILIES

    return NOT_ELEMENTWISE.union(*(getattr(family, "NOT_ELEMENTWISE", ()) for family in FAMILIES))


def test_every_primitive_is_lowered_or_has_a_reason() -> None:
    assert {name for name in PRIMITIVES if kinds().get(name, {"whole"}) == {"whole"}} == not_elementwise() | WHOLE.keys()


def test_every_rule_is_lowered_or_has_a_reason() -> None:
    whole = {name.partition("_rule")[0] for name, found in kinds().items() if "_rule" in name and "lowered" not in found}
    views = {name.partition("_rule")[0] for name, found in kinds().items() if "_rule" in name and found == {"view"}}
    assert whole - views - not_elementwise() - WHOLE.keys() == WHOLE_RULES.keys()


def test_what_is_lowered_sometimes() -> None:
    sometimes = {name.partition("_rule")[0] for name, found in kinds().items() if {"whole", "lowered"} <= found}
    assert sometimes - {"copy"} == SOMETIMES.keys()


def test_copies_of_gradients_are_lowered() -> None:
    assert kinds()["copy"] == {"lowered"}


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
    x, n = np.ones(3, np.float32), Number(0, float)

    def parts(forward: Any) -> list[str]:
        return [part.name for part in lowered(Instruction("f", forward, [x, n], {}, np.empty_like(x), "copy"), set())]

    assert parts(lambda x, n: x * n + n) == ["multiply", "add"]
    assert parts(lambda x, n: np.where(x > n, x, n)) == ["greater", "choose"]
    for looks in (  # at the number, whose value is not that of other calls
        lambda x, n: x if n == 1 else x * n,
        lambda x, n: x * 2 if n else x,
        lambda x, n: x * (2 if n > 0 else 3),
        lambda x, n: x * math.sqrt(n),
        lambda x, n: x * np.sqrt(n),
        lambda x, n: x * np.asarray(n),
        lambda x, n: x * int(n),
        lambda x, n: x + (1 - n) / 2,
        lambda x, n: x * {1.0: 2}.get(n, 1),
    ):
        assert parts(looks) == ["f"]


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
