"""Following: operations are held against those of earlier calls; what waits, what is written meanwhile, and how the tree grows."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from trainings import CALLS, Tiny, X, agree, batches, lines_of, network, noted, same, stretches_of, training_step, warm

import tinygrad_mlp as torch
from tinygrad_mlp import nn, optim
from tinygrad_mlp.compiling import step as steps
from tinygrad_mlp.compiling.following import Follower, frozen
from tinygrad_mlp.core.graph import Node
from tinygrad_mlp.core.primitive import PRIMITIVES
from tinygrad_mlp.nn import functional as F

# ----------------------------------------------------------------------------------------- what following does not do


def counted_forwards(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the forwards that run from now on."""
    ran: list[str] = []
    for name, op in PRIMITIVES.items():
        forward = op.forward
        monkeypatch.setattr(
            op, "forward", lambda *a, _forward=forward, _name=name, **k: (ran.append(_name), _forward(*a, **k))[1]
        )
    return ran


def counted_nodes(monkeypatch: pytest.MonkeyPatch) -> list[Node]:
    """The nodes that are made from now on."""
    return noted(monkeypatch, Node, "__init__")


def test_a_step_that_follows_makes_no_node_and_runs_no_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network()
    nodes, ran = counted_nodes(monkeypatch), counted_forwards(monkeypatch)
    step = torch.compile(training_step(model, optim.Adam(model.parameters(), 1e-2)))
    (batch,) = batches(1)
    counts = []
    for _ in range(8):
        nodes.clear()
        ran.clear()
        step(*batch)
        counts.append((len(nodes), len(ran)))
    assert counts[0][0] == 4  # one for each recorded operation
    assert counts[0][1] >= 4
    assert [made for made, _ in counts[1:]] == [0] * 7  # the second call follows
    assert counts[CALLS:] == [(0, 0)] * (8 - CALLS)


def test_a_module_that_follows_makes_one_node_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    model = torch.compile(nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 4)))
    x, y = batches(1)[0]
    for _ in range(CALLS + 1):
        F.cross_entropy(model(x), y).backward()
    nodes, ran = counted_nodes(monkeypatch), counted_forwards(monkeypatch)
    out = model(x)
    assert (nodes, ran) == ([], [])
    F.cross_entropy(out, y).backward()
    assert len(nodes) == 3  # that of the graph, of its output, and of the loss
    assert {"linear", "tanh", "matrix_product"}.isdisjoint(ran)


# ------------------------------------------------------------------------------------------------------ how the tree grows


def deep(layers: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """A training step through so many layers."""
    torch.manual_seed(0)
    model = nn.Sequential(*(part for _ in range(layers) for part in (nn.Linear(3, 3), nn.Tanh())))
    o = optim.SGD(model.parameters(), 0.1)

    def step(x: torch.Tensor) -> torch.Tensor:
        loss = model(x).square().mean()
        o.zero_grad()
        loss.backward()
        o.step()
        return loss

    return step


def work(function: Callable[[], Any]) -> int:
    """How many functions and lines of Python are run: time that no clock measures."""
    count = 0

    def tracer(frame: Any, event: str, arg: Any) -> Any:
        nonlocal count
        count += 1
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("call", range(7), ids=lambda call: f"call {call}")
def test_the_work_of_a_call_grows_with_the_length_of_the_step(call: int) -> None:
    """Of twice the layers it is twice the work and little more, whether lines are made, followed, made into a program, or that runs."""
    per_layer = []
    for layers in (100, 200):
        step, x = torch.compile(deep(layers)), torch.ones(2, 3)
        warm(step, x, calls=call)
        per_layer.append(work(lambda step=step, x=x: step(x)) / layers)
        assert step.count == 2 * layers + 3  # a line for each operation, and one for the update
    assert per_layer[1] <= 1.15 * per_layer[0]


def test_shapes_in_rotation() -> None:
    """Of each shape there are a few lines, made once, and programs of some of them."""
    model = network()
    step = torch.compile(training_step(model, optim.SGD(model.parameters(), 0.1)))
    sizes = []
    for _ in range(12):
        for rows in range(1, 101):
            step(torch.ones(rows, 6), torch.zeros(rows, dtype=torch.int64))
        sizes.append((len(lines_of(step)), step.count, len(step.programs)))
    assert {lines for lines, _, _ in sizes} == {1 + 100 * 12}
    assert {count for _, count, _ in sizes} == {100 * 5}
    programs = [made for _, _, made in sizes]
    assert programs == sorted(programs)
    assert 8 <= programs[-1] <= steps._MOST_FUSED


def test_shapes_that_never_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_MOST_LINES", 300)
    model = network()
    step = torch.compile(training_step(model, optim.SGD(model.parameters(), 0.1)))
    for rows in range(1, 301):
        step(torch.ones(rows, 6), torch.zeros(rows, dtype=torch.int64))
        assert step.count <= 300 + 5
    assert len(lines_of(step)) <= 1 + 12 * (300 // 5 + 1)
    assert step.programs == []


def test_shapes_in_rotation_are_computed_right() -> None:
    data = [batch for size in (3, 4, 5, 6, 7) * 6 for batch in batches(1, size=size)]

    def make() -> tuple[nn.Module, Callable[..., Any]]:
        model = network()
        return model, training_step(model, optim.SGD(model.parameters(), 0.1))

    same(make, data)


def test_a_step_that_never_is_the_same_is_learnt_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_MOST_LINES", 50)
    compiled = torch.compile(lambda x, n: (x[:n].exp() + x[n:].sum()).sum())
    for i in range(100):
        n, x = 1 + i % 20, torch.linspace(0.0, 1.0, 21 + i)
        expected = (x[:n].exp() + x[n:].sum()).sum().item()
        assert compiled(x, n).item() == pytest.approx(expected, rel=1e-6)
        assert compiled.count <= 50 + 5
        assert len(lines_of(compiled)) <= 60


def test_ways_through_a_step_share_their_beginning() -> None:
    def step(x: torch.Tensor, way: int) -> torch.Tensor:
        y = x.exp() * 2
        return (y.sin, y.cos, y.tanh)[way]().sum()

    compiled = torch.compile(step, fusion=False)
    for i in range(30):
        x, way = torch.full((3,), i / 30), i % 3
        assert compiled(x, way).item() == step(x, way).item()
    assert compiled.count == 2 + 3 * 2


# -------------------------------------------------------------------------------------------------------------- what waits


def test_everything_waits_until_somebody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    def step(x: torch.Tensor) -> torch.Tensor:
        y = x.exp() * 2
        for _ in range(2):
            looked.append(len(computed))
            y.tolist()  # of which the second finds it there
        looked.append(len(computed))
        return (y + 1).sum()

    compiled = torch.compile(step)
    with stretches_of(monkeypatch) as computed:
        for _ in range(CALLS):
            compiled(torch.ones(3))
        looked.clear()
        computed.clear()
        compiled(torch.ones(3))
        assert looked == [0, 1, 1]
        assert computed == [(0, 2), (2, 4)]


# What is known of a result without its values; and what is not, and why.
KNOWN = ("shape", "dtype", "ndim", "requires_grad", "stride", "numel", "is_contiguous", "size", "dim", "element_size")
ASKED = {"is_leaf": "its node is asked for, which needs what it saves", "grad_fn": "it is the node"}


@pytest.mark.parametrize("look", [*KNOWN, *ASKED, "__len__"])
def test_what_is_known_without_the_values(look: str, monkeypatch: pytest.MonkeyPatch) -> None:
    w = torch.ones(3, requires_grad=True)

    def step(x: torch.Tensor) -> Any:
        y = (x * w).exp()
        found = getattr(y, look)
        seen = found() if callable(found) and look != "grad_fn" else found
        return type(seen).__name__ if look == "grad_fn" else str(seen), y.sum()

    compiled = warm(torch.compile(step), torch.ones(2, 3))
    with stretches_of(monkeypatch) as computed:
        assert compiled(torch.ones(2, 3))[0] == step(torch.ones(2, 3))[0]
    assert len(computed) == (2 if look in ASKED else 1)


def test_results_that_nobody_keeps_are_not_computed() -> None:
    compiled = torch.compile(lambda x: (x.exp(), x.sin().cos(), x * 2 + 1)[2])
    warm(compiled, torch.ones(3))
    (program,) = compiled.programs
    assert [i.name for i in program.instructions] == ["multiply", "add"]


# -------------------------------------------------------------------------------------------------- what is written in place


def test_writes_in_place_and_views() -> None:
    total = torch.zeros(3)

    def step(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        table = torch.zeros(2, 3)
        table[0] = x.view(3, 2).t()[0]
        table[1, 1:] += x[2:4] * 2
        table.mul_(3)
        total.add_(table.sum(0))
        return table, x.flatten()[:2]

    compiled = torch.compile(step)
    for i in range(8):
        x = torch.arange(6.0) + i
        before = total.tolist()
        table, view = compiled(x)
        expected = np.zeros((2, 3), np.float32)
        expected[0] = x.numpy().reshape(3, 2).T[0]
        expected[1, 1:] += x.numpy()[2:4] * 2
        expected *= 3
        assert table.tolist() == expected.tolist()
        assert total.tolist() == (np.array(before, np.float32) + expected.sum(0)).tolist()
        assert view.tolist() == [i, i + 1]


def test_constants_that_are_written_start_anew() -> None:
    def step(x: torch.Tensor) -> torch.Tensor:
        total = torch.ones(2)
        for _ in range(2):
            total += x
        return total

    compiled = torch.compile(step)
    assert [compiled(torch.ones(2) * i).tolist() for i in range(8)] == [[1.0 + 2 * i] * 2 for i in range(8)]


def test_constants_written_after_they_were_used() -> None:
    large = torch.ones(200, 200)

    def step(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        small, table = torch.zeros(3), torch.zeros(200, 200)
        y = small + x
        small.add_(1)
        table.add_(large + x[0])
        return y, table * 2 * 3

    for fusion in (False, True):
        compiled = torch.compile(step, fusion=fusion)
        for i in range(8):
            y, table = compiled(torch.ones(3) * i)
            assert y.tolist() == [float(i)] * 3
            assert table[0, 0].item() == 6 * (1 + i)


@pytest.mark.parametrize("fusion", [False, True])
def test_writes_to_arguments(fusion: bool) -> None:
    @torch.compile(fusion=fusion)
    def step(x: torch.Tensor) -> torch.Tensor:
        y = x * 3
        x.add_(1)
        return y + x * 2

    given = [torch.full((3,), float(i)) for i in range(8)]
    assert [step(x).tolist() for x in given] == [[3.0 * i + 2.0 * (i + 1)] * 3 for i in range(8)]
    assert [x.tolist() for x in given] == [[i + 1.0] * 3 for i in range(8)]


@pytest.mark.parametrize("fusion", [False, True])
def test_what_waits_is_computed_before_what_it_reads_is_written(fusion: bool) -> None:
    w = torch.zeros(3)

    def step(x: torch.Tensor, how: str) -> torch.Tensor:
        y = x * w
        if how == "in place":
            w.add_(1)
        elif how == "item":
            w[1] = 5.0
        elif how == "view":
            w[1:].mul_(2)
        elif how == "numpy":
            w.numpy()[:] += 1
        elif how == "data":
            w.data.add_(2)
        elif how == "fill":
            w.fill_(0.5)
        return y + w

    compiled, histories = torch.compile(step, fusion=fusion), []
    for function in (step, compiled):
        w.zero_()
        histories.append(
            [
                function(torch.full((3,), i / 2), how).tolist()
                for how in ("none", "in place", "item", "view", "numpy", "data", "fill", "none")
                for i in range(6)
            ]
        )
    assert histories[0] == histories[1]


def test_memory_that_overlaps_beyond_numpy() -> None:
    memory = bytearray(4 * 301 * 300)
    a = torch.from_numpy(np.frombuffer(memory, np.float32, 300 * 300).reshape(300, 300))
    b = torch.from_numpy(np.frombuffer(memory, np.float32, 300 * 300, offset=1200).reshape(300, 300))

    def step(x: torch.Tensor) -> torch.Tensor:
        b.copy_(a * 2 + 1).mul_(x)
        return b.sum()

    compiled, outcomes = torch.compile(step), []
    for function in (step, compiled):
        a.fill_(1.0)
        outcomes.append([function(torch.tensor(0.5)).item() for _ in range(8)])
    assert outcomes[0] == outcomes[1]


# ------------------------------------------------------------------------------------------------------- what is computed


def test_arguments_that_are_the_same_tensor() -> None:
    compiled = torch.compile(lambda p, q: (p - 2 * q) * 1)
    x, y = torch.tensor([3.0]), torch.tensor([10.0])
    pairs = [(x, x)] * 6 + [(x, y)] * 6 + [(y, x)] * 6 + [(x, x), (x, y), (y, y)]
    assert [compiled(*pair).item() for pair in pairs] == [-3.0] * 6 + [-17.0] * 6 + [4.0] * 6 + [-3.0, -17.0, -10.0]


def test_dtypes_are_cast_anew() -> None:
    compiled = torch.compile(lambda n, x: n * x + torch.tensor(1))
    for i in range(8):
        assert compiled(torch.tensor([i, 2 * i]), torch.tensor([0.5, 0.25])).tolist() == [1 + i / 2, 1 + i / 2]


@pytest.mark.parametrize("fusion", [False, True])
def test_gradients_through_casts(fusion: bool) -> None:
    def step(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        x.grad = y.grad = None
        loss = F.mse_loss(x * 2, y) + (x * y).sum()
        loss.backward()
        return loss

    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([0.5, 1.5], requires_grad=True)
    compiled = torch.compile(step, fusion=fusion)
    for _ in range(8):
        expected = step(x, y).item(), x.grad.tolist(), y.grad.tolist(), y.grad.dtype
        assert (compiled(x, y).item(), x.grad.tolist(), y.grad.tolist(), y.grad.dtype) == expected


def test_half_precision_sums_have_more_digits_on_the_way() -> None:
    bias = torch.zeros(4, dtype=torch.float16, requires_grad=True)

    def step(x: torch.Tensor) -> torch.Tensor:
        bias.grad = None
        (x + bias).sum().backward()
        assert bias.grad is not None
        return bias.grad * 1

    compiled = torch.compile(step)
    x = torch.zeros(5000, 4, dtype=torch.float16)
    for _ in range(8):
        assert step(x).tolist() == compiled(x).tolist() == [5000] * 4


def test_the_gradient_of_relu_at_nan_is_that_of_the_function() -> None:
    p = nn.Parameter(torch.tensor([[1.0, -1.0, float("nan")]]))

    def step(x: torch.Tensor) -> torch.Tensor:
        p.grad = None
        ((p + x).relu() * 3).sum().backward()
        assert p.grad is not None
        return p.grad * 1

    compiled = torch.compile(step)
    for _ in range(8):
        assert compiled(torch.zeros(1, 3)).tolist() == [[3, 0, 3]]


def test_clipping_by_norm() -> None:
    tiny = Tiny()

    def step(x: torch.Tensor) -> None:
        tiny.o.zero_grad()
        (tiny.a * tiny.a * x).sum().backward()
        nn.utils.clip_grad_norm_([tiny.a], 1.0)
        tiny.o.step()

    agree(step, [(X * i,) for i in range(8)], tiny.state, tiny.reset)


# --------------------------------------------------------------------------------------------------------- errors within


@pytest.mark.parametrize("calls", range(6))
def test_an_error_of_an_operation_is_the_functions(calls: int) -> None:
    def step(x: torch.Tensor, i: Any) -> torch.Tensor:
        return (x.exp() * 2).gather(0, i) + 1

    compiled = torch.compile(step)
    x, right, wrong = torch.ones(3), torch.tensor([0, 2]), torch.tensor([0, 3])
    warm(compiled, x, right, calls=calls)
    with pytest.raises(Exception) as expected:  # noqa: PT011 - which one is what is asked
        step(x, wrong)
    with pytest.raises(type(expected.value)) as error:
        compiled(x, wrong)
    assert str(error.value) == str(expected.value)
    assert compiled(x, right).tolist() == step(x, right).tolist()


@pytest.mark.parametrize("calls", range(6))
def test_an_error_that_the_step_catches(calls: int) -> None:
    def step(x: torch.Tensor, columns: int) -> torch.Tensor:
        y = x.exp()
        try:
            y = y @ torch.ones(columns, 2)
        except RuntimeError:
            y = y * 3
        return y.sum() + 1

    compiled = torch.compile(step, fusion=False)
    columns = [3] * calls + [4] * 5 + [3, 4, 3, 4]
    assert [compiled(torch.ones(2, 3), n).item() for n in columns] == [step(torch.ones(2, 3), n).item() for n in columns]


def test_an_error_in_what_waits_is_raised_once_and_named_later(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[torch.Tensor] = []
    compiled = warm(torch.compile(lambda x: kept.append(x.exp() * 2)), torch.ones(3), calls=2)
    through = Follower.step_through

    def interrupted(self: Follower, low: int, high: int) -> None:
        through(self, low, high - 1)
        raise KeyboardInterrupt

    kept.clear()
    with monkeypatch.context() as patch:
        patch.setattr(Follower, "step_through", interrupted)
        with pytest.raises(KeyboardInterrupt):
            compiled(torch.ones(3))
    with pytest.raises(RuntimeError, match="this value was not computed: an exception or interrupt"):
        kept[0].tolist()
    compiled(torch.ones(3))
    np.testing.assert_allclose(kept[1].tolist(), [2 * np.e] * 3, rtol=1e-6)


# ------------------------------------------------------------------------------------------------------ how options compare


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, 1.0),
        (1, True),
        (0, False),
        (0.0, -0.0),
        ((1, 2), [1, 2]),
        ((1,), (1.0,)),
        (slice(1, 2), slice(1, 2, 1)),
        (None, 0),
        ("1", 1),
        (1.0, float("nan")),
        (np.float32(1), 1.0),
    ],
)
def test_options_that_are_not_the_same(a: Any, b: Any) -> None:
    try:
        assert frozen(a) != frozen(b)
    except TypeError:  # one that is not compared at all
        assert isinstance(a, np.generic)


@pytest.mark.parametrize("value", [1, 2.5, float("nan"), -0.0, (1, (2.0, None)), slice(None, 3), "a", ..., int, [1, 2]])
def test_options_that_are_the_same(value: Any) -> None:
    assert frozen(value) == frozen(value)


@pytest.mark.parametrize("value", [np.ones(2), object(), {1: 2}, {1}, 1j, lambda: 0])
def test_options_that_cannot_be_told_apart(value: Any) -> None:
    with pytest.raises(TypeError):
        frozen(value)
