"""What makes programs faster: blocks, orientation, what is computed once, memory that is shared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from trainings import batches, instructions, names, same, training_step, warm

import tinygrad_mlp as torch
from tinygrad_mlp import nn, optim
from tinygrad_mlp.compiling.instruction import Instruction, choose, copy
from tinygrad_mlp.compiling.passes import chains
from tinygrad_mlp.compiling.passes.packing import packed
from tinygrad_mlp.compiling.passes.redundant import shared, unused
from tinygrad_mlp.lending import owner
from tinygrad_mlp.nn import functional as F

Made = tuple[nn.Module, Callable[..., Any]]

# ---------------------------------------------------------------------------------------------------------------- blocks


def test_large_layers_run_in_blocks() -> None:
    def make() -> Made:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(300, 200), nn.Sigmoid(), nn.Linear(200, 150), nn.ReLU(), nn.Linear(150, 5))
        return model, training_step(model, optim.Adam(model.parameters(), 1e-3))

    data = batches(5, size=500, features=300, classes=5)
    same(make, data)
    blocks = [i for i in instructions(warm(torch.compile(make()[1]), *data[0])) if i.kind == "blocks"]
    assert len(blocks) >= 5
    assert all(len(i.body) >= 2 and len(i.tables) >= 2 for i in blocks)


@pytest.mark.parametrize("batch", [12, 50])  # smaller and larger than the layers
@pytest.mark.parametrize("last", [nn.Sigmoid, nn.ReLU, nn.Tanh])
def test_blocks_of_layers_larger_and_smaller_than_the_batch(
    batch: int, last: type[nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chains, "BLOCK", 64)

    def make() -> Made:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 17), last(), nn.Linear(17, 5))
        return model, training_step(model, optim.Adam(model.parameters(), 1e-2))

    data = batches(7, size=batch, features=20, classes=5)
    same(make, data)
    program = instructions(warm(torch.compile(make()[1]), *data[0]))
    assert max(len(i.tables) for i in program if i.kind == "blocks") > 3
    widths = {i.output.shape for i in program if i.name == "dot" and i.output.ndim == 2}
    assert ((30, batch) in widths) is (batch == 12)  # with the batch last where it is the smaller


# ----------------------------------------------------------------------------------------------------------- orientation


def test_small_relu_networks_keep_the_batch_last() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(30, 20), nn.ReLU(), nn.Linear(20, 5))
    step = torch.compile(training_step(model, optim.SGD(model.parameters(), 0.1)))
    warm(step, *batches(1, size=8, features=30, classes=5)[0])
    assert {i.output.shape for i in instructions(step) if i.name == "maximum"} == {(20, 8)}


# ----------------------------------------------------------------------------------------------------- what is there already


@pytest.mark.parametrize("rows", [1, 50])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_the_mean_square_error_in_parts(rows: int, reduction: str) -> None:
    def make() -> Made:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(6, 4), nn.Sigmoid())
        optimizer = optim.SGD(model.parameters(), 0.5)

        def step(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            loss = F.mse_loss(model(x), y, reduction=reduction)
            optimizer.zero_grad()
            loss.sum().backward()
            optimizer.step()
            return loss

        return model, step

    same(make, [(torch.randn(rows, 6), torch.rand(rows, 4)) for _ in range(6)])
    called = names(warm(torch.compile(make()[1]), torch.ones(rows, 6), torch.ones(rows, 4)))
    assert "mse" not in called
    assert called.count("subtract") == 1 + 1  # the difference, and that of the sigmoid's slope


def test_what_is_computed_twice_is_computed_once() -> None:
    compiled = torch.compile(lambda x: (x.exp() + 1) * x.exp().sum())
    for i in range(6):
        x = torch.tensor([0.0, float(i)])
        assert compiled(x).tolist() == ((x.exp() + 1) * x.exp().sum()).tolist()
    assert names(compiled).count("exp") == 1


def test_the_classes_are_looked_up_once_for_the_loss_and_its_gradient() -> None:
    model = nn.Linear(6, 4)
    step = warm(torch.compile(training_step(model, optim.SGD(model.parameters(), 0.1))), *batches(1)[0])
    assert names(step).count("class_losses") == 1


def test_what_was_written_in_between_is_computed_again() -> None:
    state = torch.zeros(3)
    memory = bytearray(20)
    a = torch.from_numpy(np.frombuffer(memory, np.float32, 3))
    b = torch.from_numpy(np.frombuffer(memory, np.float32, 3, offset=8))  # its first element is the last one of a

    def step(x: torch.Tensor) -> torch.Tensor:
        before = state.exp() + x.exp() + a.exp()
        state.add_(1)
        b.add_(1)
        y = x * 2
        x.mul_(2)
        return before + state.exp() * 10 + x.exp() * 100 + a.exp() * 1000 + y

    outcomes = []
    for function in (step, torch.compile(step)):
        state.zero_()
        memory[:] = bytes(20)
        outcomes.append([function(torch.full((3,), i / 4)).tolist() for i in range(8)])
    assert outcomes[0] == outcomes[1]


def line(call: Any, output: Any, *inputs: Any) -> Instruction:
    return Instruction(call.__name__, call, list(inputs), {}, output)


def arrays(count: int) -> list[Any]:
    return [np.zeros(3, np.float32) for _ in range(count)]


def test_calls_are_shared_up_to_a_write() -> None:
    x, one, two, three, out = arrays(5)
    program = [
        line(np.exp, one, x),
        line(np.exp, two, x),  # as one
        line(np.add, x, x, 1),
        line(np.exp, three, x),  # of another value
        line(np.add, out, two, three),
    ]
    kept = shared(program, {owner(x), owner(out)})
    assert [i.name for i in kept] == ["exp", "add", "exp", "add"]
    assert kept[-1].inputs[0] is one


def test_what_nobody_reads_is_left_out_and_copies_are_computed_in_place() -> None:
    x, one, two, out = arrays(4)
    program = [line(np.exp, one, x), line(np.sin, two, x), line(copy, out, one)]
    kept = unused(program, {owner(x), owner(out)})
    assert [(i.name, i.output is out) for i in kept] == [("exp", True)]


def test_memory_is_used_again_after_its_last_reader() -> None:
    x, one, two, three, out = arrays(5)
    program = [line(np.exp, one, x), line(np.sin, two, one), line(np.cos, three, two), line(np.add, out, three, x)]
    moved = packed(program, {owner(x), owner(out)})
    assert len({owner(i.output) for i in moved}) == 2  # elementwise calls write where they read
    for i in moved:
        i.call(*i.inputs, out=i.output)
    np.testing.assert_array_equal(out, np.cos(np.sin(np.exp(x))) + x)


def test_a_choice_does_not_write_over_what_it_still_reads() -> None:
    x, chosen, out = arrays(3)
    a, b = np.arange(3, dtype=np.float32), np.ones(3, np.float32)
    program = [
        line(np.add, x, a, 1),
        line(choose, chosen, np.array([True, False, True]), x, b),
        line(np.add, out, chosen, 0),
    ]
    for i in packed(program, {owner(array) for array in (a, b, out)}):
        i.call(*i.inputs, out=i.output)
    assert out.tolist() == [1, 1, 3]


def test_a_function_without_a_name_is_one_call_of_a_program() -> None:
    from tinygrad_mlp.core.apply import primitive
    from tinygrad_mlp.core.primitive import OPS, PRIMITIVES
    from tinygrad_mlp.ops.calls import one_call

    unnamed = one_call(lambda x: x * 2)
    try:

        @primitive(lambda g: g * 2)
        def doubled_by_a_lambda(x: Any) -> Any:
            """Twice x."""
            return unnamed(x)

        compiled = torch.compile(lambda x: doubled_by_a_lambda(x) + 1)
        assert [compiled(torch.ones(3)).tolist() for _ in range(6)] == [[3.0] * 3] * 6
        assert compiled.programs
    finally:
        OPS.pop("doubled_by_a_lambda", None)
        PRIMITIVES.pop("doubled_by_a_lambda", None)
