"""Compiled steps: to the last bit what the function does by itself, and never something stale."""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as torch
from tinygrad_mlp import nn, optim
from tinygrad_mlp.compiling.passes import chains
from tinygrad_mlp.datasets import MNIST
from tinygrad_mlp.errors import GraphError
from tinygrad_mlp.nn import functional as F

OPTIMIZERS: dict[str, Callable[[Any], optim.Optimizer]] = {
    "SGD": lambda p: optim.SGD(p, 0.1),
    "SGD, everything": lambda p: optim.SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "SGD, dampened, up": lambda p: optim.SGD(p, 0.01, momentum=0.9, dampening=0.1, maximize=True),
    "Adam": lambda p: optim.Adam(p, 1e-2),
    "AdamW": lambda p: optim.AdamW(p, 1e-2, weight_decay=0.1, amsgrad=True),
    "NAdam": lambda p: optim.NAdam(p, 1e-2),
    "RMSprop": lambda p: optim.RMSprop(p, 1e-2, momentum=0.5, centered=True),
    "Adagrad": lambda p: optim.Adagrad(p, 1e-2, lr_decay=0.1),
    "Adadelta": optim.Adadelta,
}
Batch = tuple[torch.Tensor, torch.Tensor]


def batches(count: int, size: int = 16, features: int = 6, classes: int = 4) -> list[Batch]:
    rng = np.random.default_rng(0)
    return [
        (
            torch.from_numpy(rng.standard_normal((size, features)).astype(np.float32)),
            torch.from_numpy(rng.integers(0, classes, size)),
        )
        for _ in range(count)
    ]


def network(noisy: bool = False) -> nn.Sequential:
    torch.manual_seed(0)
    middle: list[nn.Module] = [nn.BatchNorm1d(8), nn.GELU(), nn.Dropout(0.3)] if noisy else [nn.Sigmoid()]
    return nn.Sequential(nn.Linear(6, 8), *middle, nn.Linear(8, 4))


def training_step(model: nn.Module, optimizer: optim.Optimizer) -> Callable[..., torch.Tensor]:
    def step(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        loss: torch.Tensor = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def run(
    fusion: bool | None,
    make: Callable[[], tuple[nn.Module, Callable[..., Any]]],
    data: Sequence[Any],
    *after: Any,
    check: bool = False,
) -> Any:
    """The losses, the model's state and gradients after each batch of ``data``; between batches ``after`` is called."""
    torch.manual_seed(0)
    model, step = make()
    if fusion is not None:
        step = torch.compile(step, fusion=fusion, check=check)
    results = []
    for i, batch in enumerate(data):
        results.append(step(*batch).tolist())
        assert fusion is None or i == 0 or step.program is not None
        for f in after:
            f(model, i)
    return results, [v.tolist() for v in model.state_dict().values()], [p.grad.tolist() for p in model.parameters()]


def same(make: Callable[[], tuple[nn.Module, Callable[..., Any]]], data: Sequence[Any], *after: Any) -> None:
    """By itself and compiled: the same bits, and with fusion the same but for rounding, held in float64."""
    alone = run(None, make, data, *after)
    assert run(False, make, data, *after) == alone
    for fusion in (False, True):
        assert run(fusion, make, data, *after, check=True) == alone
    torch.set_default_dtype(torch.float64)
    try:
        double = [(x.double(), *rest) for x, *rest in data]
        outcomes = [run(fusion, make, double, *after) for fusion in (True, None)]
    finally:
        torch.set_default_dtype(torch.float32)
    for got, expected in zip(*outcomes, strict=True):
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)  # a gradient of 0 but for rounding may turn


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("noisy", [False, True])
def test_every_optimizer_and_a_schedule(name: str, noisy: bool) -> None:
    def make() -> tuple[nn.Module, Callable[..., Any]]:
        model = network(noisy)
        optimizer = OPTIMIZERS[name](model.parameters())
        scheduler = optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
        step = training_step(model, optimizer)
        calls.append(scheduler)
        return model, step

    calls: list[Any] = []
    same(make, batches(12), lambda model, i: calls[-1].step())


def test_other_shapes_and_modes_are_traced_anew() -> None:
    def make() -> tuple[nn.Module, Callable[..., Any]]:
        model = network(noisy=True)
        return model, training_step(model, optim.Adam(model.parameters(), 1e-2))

    data = [batch for pair in zip(batches(8), batches(8, size=5), strict=True) for batch in pair]
    same(make, data, lambda model, i: model.train(i % 5 < 3))


def test_large_layers_run_in_blocks() -> None:
    def make() -> tuple[nn.Module, Callable[..., Any]]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(300, 200), nn.Sigmoid(), nn.Linear(200, 150), nn.ReLU(), nn.Linear(150, 5))
        step = training_step(model, optim.Adam(model.parameters(), 1e-3))
        steps.append(step)
        return model, step

    steps: list[Any] = []
    data = batches(5, size=500, features=300, classes=5)
    same(make, data)
    compiled = torch.compile(make()[1])
    for batch in data[:2]:
        compiled(*batch)
    blocks = [i for i in compiled.program.instructions if i.kind == "blocks"]
    assert len(blocks) >= 5
    assert all(len(i.body) >= 2 and len(i.tables) >= 2 for i in blocks)


@pytest.mark.parametrize("batch", [12, 50])  # smaller and larger than the layers
@pytest.mark.parametrize("last", [nn.Sigmoid, nn.ReLU, nn.Tanh])
def test_blocks_of_layers_larger_and_smaller_than_the_batch(
    batch: int, last: type[nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chains, "BLOCK", 64)

    def make() -> tuple[nn.Module, Callable[..., Any]]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 17), last(), nn.Linear(17, 5))
        step = training_step(model, optim.Adam(model.parameters(), 1e-2))
        return model, step

    data = batches(5, size=batch, features=20, classes=5)
    same(make, data)
    compiled = torch.compile(make()[1])
    for one in data[:2]:
        compiled(*one)
    assert compiled.program is not None
    assert max(len(i.tables) for i in compiled.program.instructions if i.kind == "blocks") > 3
    widths = {i.output.shape for i in compiled.program.instructions if i.name == "dot" and i.output.ndim == 2}
    assert ((30, batch) in widths) is (batch == 12)  # with the batch last where it is the smaller


def test_an_epoch_in_float32_is_the_functions_but_for_rounding() -> None:
    digits = MNIST.sample(train=True)
    images, labels = digits.data.flatten(1).float() / 255, digits.targets

    def trained(compiled: bool) -> list[Any]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(784, 100), nn.Sigmoid(), nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 10))
        step = training_step(model, optim.SGD(model.parameters(), 0.1, momentum=0.9))
        run = torch.compile(step) if compiled else step
        losses = [run(*batch).item() for batch in zip(images.split(64), labels.split(64), strict=True)]
        return [np.array(losses), *(p.detach().numpy() for p in model.parameters())]

    for got, expected in zip(trained(True), trained(False), strict=True):
        assert np.linalg.norm(got - expected) <= 1e-5 * np.linalg.norm(expected)


def test_cross_entropy_with_another_class_to_ignore() -> None:
    def make() -> tuple[nn.Module, Callable[..., Any]]:
        model = network()
        optimizer = optim.SGD(model.parameters(), 0.1)

        def step(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            loss: torch.Tensor = F.cross_entropy(model(x), y, ignore_index=2)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        return model, step

    same(make, batches(4))


@pytest.mark.parametrize("ignored", [0, 3, 16])
def test_cross_entropy_with_ignored_classes(ignored: int) -> None:
    def make() -> tuple[nn.Module, Callable[..., Any]]:
        model = network()
        return model, training_step(model, optim.SGD(model.parameters(), 0.1))

    data = batches(4)
    for _, y in data[2:]:
        y[:ignored] = -100
    if ignored < 16:
        same(make, data)
    else:
        assert np.isnan(run(True, make, data)[0][-1])


@pytest.mark.parametrize("ignored", [2**70, -(2**63) - 1])
def test_cross_entropy_with_nothing_that_could_be_ignored(ignored: int) -> None:
    x, y = torch.randn(6, 3).requires_grad_(), torch.tensor([0, 1, 2, 0, 1, 2])
    run = torch.compile(lambda y: F.cross_entropy(x, y, ignore_index=ignored) * 1)
    assert [run(y).item() for _ in range(3)] == [F.cross_entropy(x, y).item()] * 3


def test_cross_entropy_with_a_class_out_of_range() -> None:
    model = network()
    step = torch.compile(training_step(model, optim.SGD(model.parameters(), 0.1)))
    (x, y), *_ = batches(1)
    for _ in range(3):
        step(x, y)
    for wrong in (4, -1):
        y[3] = wrong
        with pytest.raises(IndexError, match=f"Target {wrong} is out of bounds: the input has 4 classes"):
            step(x, y)


@pytest.mark.parametrize("rows", [1, 50])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_the_mean_square_error_in_parts(rows: int, reduction: str) -> None:
    def make() -> tuple[nn.Module, Callable[..., Any]]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(6, 4), nn.Sigmoid())
        optimizer = optim.SGD(model.parameters(), 0.5)

        def step(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            loss = F.mse_loss(model(x), y, reduction=reduction)
            optimizer.zero_grad()
            loss.sum().backward()
            optimizer.step()
            return loss

        steps.append(step)
        return model, step

    steps: list[Any] = []
    same(make, [(torch.randn(rows, 6), torch.rand(rows, 4)) for _ in range(4)])
    compiled = torch.compile(make()[1])
    for _ in range(3):
        compiled(torch.ones(rows, 6), torch.ones(rows, 4))
    assert "mse" not in {i.name for i in compiled.program.instructions}


def test_programs_are_kept() -> None:
    model = network()
    traces = []

    def step(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        traces.append(x.shape[0])
        return F.cross_entropy(model(x), y)

    compiled = torch.compile(step)
    for size in (16, 16, 16, 5, 16, 5, 5, 16):
        compiled(*batches(1, size)[0])
    assert traces == [16, 16, 5]  # by itself, traced, traced


def test_a_comparison_of_numbers_is_a_guard() -> None:
    outcomes = []
    for compiled in (False, True):
        model = network()
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        step = training_step(model, optimizer)
        step = torch.compile(step, fusion=False) if compiled else step
        for i, batch in enumerate(batches(10)):
            optimizer.param_groups[0]["momentum"] = 0.0 if i in (5, 6) else 0.9
            optimizer.param_groups[0]["weight_decay"] = 0.1 if i > 7 else 0.0
            step(*batch)
        outcomes.append([p.tolist() for p in model.parameters()])
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("forget", ["never", "outside", "inside"])
def test_gradients_that_accumulate(forget: str) -> None:
    def make() -> tuple[nn.Module, Callable[..., Any]]:
        model = network()

        def step(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            if forget == "inside":
                model.zero_grad()
            loss: torch.Tensor = F.cross_entropy(model(x), y)
            loss.backward()
            return loss

        return model, step

    def outside(model: nn.Module, i: int) -> None:
        if forget == "outside" and i % 3 == 0 and i < 8:
            model.zero_grad()

    same(make, batches(9), outside)


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
    for i in range(5):
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


def test_results_belong_to_the_caller() -> None:
    compiled = torch.compile(lambda x: {"double": x * 2, "pair": [x + 1, "text"]})
    first = [compiled(torch.tensor([float(i)])) for i in range(4)]
    assert [r["double"].tolist() for r in first] == [[0.0], [2.0], [4.0], [6.0]]
    assert [r["pair"] for r in first[2:]] == [[r["pair"][0], "text"] for r in first[2:]]


def test_constants_that_are_written_start_anew() -> None:
    def step(x: torch.Tensor) -> torch.Tensor:
        total = torch.ones(2)
        for _ in range(2):
            total += x
        return total

    compiled = torch.compile(step)
    assert [compiled(torch.ones(2) * i).tolist() for i in range(4)] == [[1.0 + 2 * i] * 2 for i in range(4)]


def test_dtypes_are_cast_anew() -> None:
    compiled = torch.compile(lambda n, x: n * x + torch.tensor(1))
    for i in range(4):
        assert compiled(torch.tensor([i, 2 * i]), torch.tensor([0.5, 0.25])).tolist() == [1 + i / 2, 1 + i / 2]


def test_second_derivatives_and_autograd_grad() -> None:
    def step(x: torch.Tensor) -> torch.Tensor:
        (g,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
        (h,) = torch.autograd.grad(g.sum(), x)
        return h

    compiled = torch.compile(step)
    for i in range(4):
        assert compiled(torch.tensor([float(i), 2.0], requires_grad=True)).tolist() == [6.0 * i, 12.0]


def test_hooks_run_as_traced() -> None:
    w = torch.ones(2, requires_grad=True)
    w.register_hook(lambda g: g * 10)

    def step(x: torch.Tensor) -> None:
        w.grad = None
        (w * x).sum().backward()

    compiled = torch.compile(step)
    for i in range(4):
        compiled(torch.tensor([1.0, float(i)]))
        assert w.grad.tolist() == [10.0, 10.0 * i]


def test_a_value_looked_at_is_an_error_and_the_tracer_is_gone() -> None:
    looks: list[Callable[[torch.Tensor], Any]] = [
        lambda x: x.sum().item(),
        lambda x: x.tolist(),
        lambda x: x.numpy(),
        lambda x: np.asarray(x),
        lambda x: x.sum() if x.sum() > 0 else x,
        lambda x: float(x.sum()),
        lambda x: torch.normal(0.0, 1.0, (2,)) + x,
    ]
    for look in looks:
        compiled = torch.compile(look)
        compiled(torch.ones(2))
        with pytest.raises(RuntimeError, match="compiled step"):
            compiled(torch.ones(2))
        assert torch.ones(1).item() == 1.0


def test_a_parameter_with_other_memory_is_traced_anew() -> None:
    w = torch.ones(2)
    compiled = torch.compile(lambda x: x * w)
    assert [compiled(torch.ones(2)).tolist() for _ in range(3)][-1] == [1.0, 1.0]
    w.data = torch.full((2,), 5.0)
    assert compiled(torch.ones(2)).tolist() == [5.0, 5.0]


def test_a_loaded_optimizer_is_traced_anew() -> None:
    model = network()
    optimizer = optim.Adam(model.parameters(), 1e-2)
    step = torch.compile(training_step(model, optimizer))
    data = batches(8)
    for batch in data[:4]:
        step(*batch)
    saved = optimizer.state_dict(), {key: value.clone() for key, value in model.state_dict().items()}
    for batch in data[4:]:
        step(*batch)
    expected = [p.tolist() for p in model.parameters()]
    optimizer.load_state_dict(saved[0])
    model.load_state_dict(saved[1])
    for batch in data[4:]:
        step(*batch)
    assert [p.tolist() for p in model.parameters()] != expected  # state_dict() shares its tensors: the state went on
    assert optimizer.state[next(iter(model.parameters()))]["step"] == 8


def test_wrong_arguments() -> None:
    with pytest.raises(TypeError, match="expects a function"):
        torch.compile(3)
    compiled = torch.compile(lambda x, y: x)
    compiled(torch.ones(1), {1, 2})
    with pytest.raises(TypeError, match="tensors, numbers, strings and None"):
        compiled(torch.ones(1), {1, 2})


def test_a_graph_from_before_notices_the_write() -> None:
    w = torch.ones(2, requires_grad=True)

    def step(x: torch.Tensor) -> None:
        with torch.no_grad():
            w.add_(x)

    compiled = torch.compile(step)
    for _ in range(3):
        compiled(torch.ones(2))
    y = (w * w).sum()
    compiled(torch.ones(2))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def agree(step: Callable[..., Any], calls: Sequence[Any], state: Callable[[], Any], reset: Callable[[], Any]) -> None:
    """The state after each call (a tuple of arguments, or something to do between), by itself and compiled both ways."""
    histories = []
    for way in (step, torch.compile(step, fusion=False), torch.compile(step)):
        reset()
        history = []
        for call in calls:
            if isinstance(call, tuple):
                way(*call)
            else:
                call()
            history.append(state())
        histories.append(history)
    assert histories[1] == histories[0]
    for got, expected in zip(histories[2], histories[0], strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


class Tiny:
    """One parameter, an optimizer, and all that a step may find changed between calls."""

    def __init__(self, make: Callable[[Any], optim.Optimizer] = lambda p: optim.SGD(p, 0.1, momentum=0.9)) -> None:
        self.make = make
        self.reset()

    def reset(self) -> None:
        self.a = torch.ones(2, requires_grad=True)
        self.b = torch.ones(2, requires_grad=True)
        self.o = self.make([self.a])

    def step(self, x: torch.Tensor, train: bool = True) -> None:
        loss = (self.a * self.a * self.b * x).sum()
        if train:
            self.o.zero_grad()
            self.b.grad = None
            loss.backward()
            self.o.step()

    def state(self) -> Any:
        return [self.a.tolist(), self.b.tolist()]


X = torch.tensor([1.0, 0.5])


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.a.requires_grad_(False),
        lambda t: t.o.add_param_group({"params": [t.b], "lr": 0.5}),
        lambda t: t.o.state.clear(),
        lambda t: t.o.param_groups[0].update(maximize=True),
        lambda t: t.o.param_groups[0].update(lr=np.float64(0.01)),
        lambda t: t.o.param_groups[0].update(momentum=0.0),
        lambda t: t.o.load_state_dict(t.o.state_dict()),
        lambda t: t.o.param_groups[0]["params"].append(t.b),
    ],
)
def test_what_changes_between_calls(change: Callable[[Tiny], Any]) -> None:
    tiny = Tiny()
    agree(lambda *a: tiny.step(*a), [(X,), (X,), (X,), lambda: change(tiny), (X,), (X,), (X,)], tiny.state, tiny.reset)


@pytest.mark.parametrize("name", ["Adam", "SGD, everything", "RMSprop"])
def test_a_state_that_is_made_in_a_later_call(name: str) -> None:
    tiny = Tiny(OPTIMIZERS[name])
    agree(lambda *a: tiny.step(*a), [(X, False), (X, True), (X, True), (X, False), (X, True)], tiny.state, tiny.reset)


@pytest.mark.parametrize("name", ["Adam", "NAdam", "SGD"])
def test_several_steps_in_a_call(name: str) -> None:
    tiny = Tiny(OPTIMIZERS[name])

    def step(batches: list[torch.Tensor]) -> None:
        for x in batches:
            tiny.step(x)

    agree(step, [([X, X * 2],)] * 5, tiny.state, tiny.reset)


def test_a_step_that_only_updates() -> None:
    tiny = Tiny()
    calls: list[Any] = []
    for i in range(5):
        calls += [lambda i=i: (tiny.o.zero_grad(), (tiny.a * tiny.a * (i + 1)).sum().backward()), ()]
    agree(lambda: tiny.o.step() and None, calls, tiny.state, tiny.reset)


def test_a_loss_that_is_not_returned() -> None:
    model = network()
    start = {key: value.clone() for key, value in model.state_dict().items()}
    optimizer = optim.SGD(model.parameters(), 0.1)

    def step(x: torch.Tensor, y: torch.Tensor) -> None:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    agree(step, batches(5), lambda: model[0].weight.tolist(), lambda: model.load_state_dict(start))


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
        for i in range(5):
            y, table = compiled(torch.ones(3) * i)
            assert y.tolist() == [float(i)] * 3
            assert table[0, 0].item() == 6 * (1 + i)


def test_arguments_that_are_the_same_tensor() -> None:
    compiled = torch.compile(lambda p, q: p - 2 * q)
    x, y = torch.tensor([3.0]), torch.tensor([10.0])
    assert [compiled(*pair).item() for pair in ((x, x), (x, x), (x, x), (x, y), (y, x))] == [-3.0, -3.0, -3.0, -17.0, 4.0]


def test_modules_that_change() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.0))
    compiled = torch.compile(lambda x: model(x))
    x = torch.ones(1, 2)

    def check() -> None:
        for _ in range(3):
            assert compiled(x).tolist() == model(x).tolist()

    check()
    model[0].weight = nn.Parameter(torch.full((2, 2), 3.0))
    check()
    model[0] = nn.Linear(2, 2)
    check()
    model.register_forward_hook(lambda module, args, result: result * 2)
    check()
    model[1].p = 1.0
    assert compiled(x).tolist() == [[0.0, 0.0]]


def test_arguments_that_require_grad_get_their_gradients() -> None:
    compiled = torch.compile(lambda x: (x * x).sum().backward())
    for i in range(4):
        x = torch.tensor([float(i)], requires_grad=True)
        compiled(x)
        assert x.grad.item() == 2 * i


def test_clipping_by_norm() -> None:
    tiny = Tiny()

    def step(x: torch.Tensor) -> None:
        tiny.o.zero_grad()
        (tiny.a * tiny.a * x).sum().backward()
        nn.utils.clip_grad_norm_([tiny.a], 1.0)
        tiny.o.step()

    agree(step, [(X * i,) for i in range(5)], tiny.state, tiny.reset)


_optimizer = optim.SGD([torch.ones(1, requires_grad=True)], 1.0)
_optimizer.step()
STEPPED = optim.lr_scheduler.StepLR(_optimizer, 1)
STEPPED.optimizer.step()


@pytest.mark.parametrize(
    "look",
    [
        lambda x: torch.tensor(x),
        lambda x: copy.deepcopy(x),
        lambda x: x[x > 0].sum(),
        lambda x: STEPPED.step(),
    ],
)
def test_what_cannot_be_replayed_is_refused(look: Callable[[torch.Tensor], Any]) -> None:
    compiled = torch.compile(look)
    calls = [torch.tensor(values) for values in ([1.0, 2.0], [1.0, 2.0], [1.0, -2.0], [1.0, -2.0])]
    with pytest.raises(RuntimeError, match="compiled step cannot"):
        list(map(compiled, calls))


def test_results_that_are_named() -> None:
    compiled = torch.compile(lambda x: x.max(0))
    for i in range(4):
        assert compiled(torch.tensor([float(i), 1.5])).indices.item() == (0 if i > 1 else 1)


def test_threads_take_turns() -> None:
    compiled = torch.compile(lambda x: (x * 2).exp().sum())
    compiled(torch.ones(5000))

    def work(i: int) -> bool:
        return all(
            compiled(torch.full((5000,), i / 10)).item() == (torch.full((5000,), i / 10) * 2).exp().sum().item()
            for _ in range(50)
        )

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(8)))


def test_programs_do_not_pile_up() -> None:
    compiled = torch.compile(lambda x, n: x * n)
    for i in range(200):
        assert compiled(torch.ones(1), float(i)).item() == i
    assert compiled(torch.ones(1), -0.0).item().hex() == (-0.0).hex()
    assert sum(map(len, compiled._programs.values())) <= 64


def test_many_steps_keep_nothing() -> None:
    model = network()
    step = torch.compile(training_step(model, optim.Adam(model.parameters(), 1e-2)))
    (batch,) = batches(1)
    for _ in range(3):
        step(*batch)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(200):
        step(*batch)
    gc.collect()
    assert len(gc.get_objects()) <= before + 2


def test_the_program_can_be_read() -> None:
    model = network()
    step = torch.compile(training_step(model, optim.SGD(model.parameters(), 0.1)))
    assert step.program is None
    for batch in batches(2):
        step(*batch)
    text = str(step.program)
    assert "dot(" in text
    assert text.count("class_losses(") == 1  # of the loss and its gradient
    plain = torch.compile(training_step(model, optim.SGD(model.parameters(), 0.1)), fusion=False)
    for batch in batches(2):
        plain(*batch)
    assert "linear(" in str(plain.program)
    assert "instructions" in text.splitlines()[-1]


@pytest.mark.parametrize("fusion", [False, True])
def test_a_check_names_the_instruction_that_python_changed(fusion: bool) -> None:
    model = network()
    optimizer = optim.SGD(model.parameters(), 0.1)
    factor = [1.0]

    @torch.compile(fusion=fusion, check=True)
    def step(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        optimizer.zero_grad()
        loss: torch.Tensor = (F.cross_entropy(model(x), y) + 1) * factor[0]
        loss.backward()
        optimizer.step()
        return loss

    data = batches(4)
    for batch in data[:3]:
        step(*batch)
    factor[0] = 1.5
    expected = (F.cross_entropy(model(data[3][0]), data[3][1]) + 1) * 1.5
    weights = [p.clone() for p in model.parameters()]
    with pytest.raises(GraphError, match=r"instruction \d+, mul -> \[\], gives [\d.]+ at \(\) where the step now gives"):
        step(*data[3])
    assert step.program is not None
    for p, before in zip(model.parameters(), weights, strict=True):  # what is left is what the function did
        assert p.grad is not None
        assert torch.equal(p, before - 0.1 * p.grad)
    assert expected.item() > 1


def test_a_check_names_the_instruction_that_is_not_there_any_more() -> None:
    functions = [torch.exp, torch.relu, torch.sin]

    @torch.compile(check=True)
    def step(x: torch.Tensor) -> torch.Tensor:
        for function in functions:
            x = function(x)
        return x.sum()

    for _ in range(3):
        assert step(torch.zeros(2, 6)).item() == pytest.approx(12 * np.sin(1))
    functions[1] = torch.tanh
    with pytest.raises(GraphError, match=r"instruction 1 was traced as relu -> \[2, 6\], but the step now does tanh"):
        step(torch.ones(2, 6))
    del functions[1:]
    with pytest.raises(GraphError, match=r"instruction 1 was traced as relu -> \[2, 6\], but the step now does sum -> \[\]"):
        step(torch.ones(2, 6))


# ---------------------------------------------------------------------------------------- what must not be mixed up


@pytest.mark.parametrize("options", [{}, {"fusion": False}, {"check": True}])
def test_an_argument_that_the_step_also_knows_otherwise(options: dict[str, bool]) -> None:
    known = torch.ones(3)
    step = torch.compile(lambda x: x - known, **options)
    step(known)
    assert step(known).tolist() == [0, 0, 0]
    assert step(torch.full((3,), 5.0)).tolist() == [4, 4, 4]

    p = nn.Parameter(torch.ones(3))
    optimizer = optim.SGD([p], 0.5)

    @torch.compile(**options)
    def train(x: torch.Tensor) -> torch.Tensor:
        optimizer.zero_grad()
        loss: torch.Tensor = (p * x).sum()
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(3):
        train(p.detach())
    before, x = p.detach().clone(), torch.full((3,), 7.0)
    assert train(x).item() == pytest.approx(7 * before.sum().item())
    assert x.tolist() == [7, 7, 7]
    assert p.tolist() == (before - 3.5).tolist()


@pytest.mark.parametrize("fusion", [False, True])
def test_a_check_of_writes_to_arguments(fusion: bool) -> None:
    @torch.compile(fusion=fusion, check=True)
    def step(x: torch.Tensor) -> torch.Tensor:
        x.add_(1)
        return x * 2

    given = [torch.full((3,), float(i)) for i in range(5)]
    assert [step(x).tolist() for x in given] == [[2.0 * (i + 1)] * 3 for i in range(5)]
    assert [x.tolist() for x in given] == [[i + 1.0] * 3 for i in range(5)]


def test_a_check_of_numbers_that_compare_otherwise_traces_anew() -> None:
    def make() -> tuple[nn.Module, Callable[..., Any]]:
        model = network()
        optimizer = optim.SGD(model.parameters(), 0.1)
        optimizers.append(optimizer)
        return model, training_step(model, optimizer)

    def decay(model: nn.Module, i: int) -> None:
        optimizers[-1].param_groups[0]["weight_decay"] = 0.1 * (i // 3 % 2)

    optimizers: list[Any] = []
    same(make, batches(12), decay)


class ByNumbers(optim.Optimizer):
    """An update whose factor is computed from the learning rate and the step count."""

    def __init__(self, params: Any, factor: Callable[[Any, Any], Any]) -> None:
        super().__init__(params, {"lr": 0.5})
        self.factor = factor

    def initial_state(self, p: torch.Tensor, group: dict[str, Any]) -> dict[str, Any]:
        return {"step": 0.0}

    def update(self, p: torch.Tensor, g: torch.Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        state["step"] += 1
        p.sub_(g, alpha=self.factor(group["lr"], state["step"]))


@pytest.mark.parametrize(
    "factor",
    [
        lambda lr, n: lr / n**0.5,
        lambda lr, n: abs(-lr) / +n,
        lambda lr, n: lr * (n // 2) + n % 3,
        lambda lr, n: min(max(lr / n, 0.0), np.inf),
        lambda lr, n: np.float64(2) * lr / n * np.float64(0.5),
        lambda lr, n: lr if n < np.inf else np.nan,
        lambda lr, n: lr / (n + -0.0) + 1e-300,
    ],
)
def test_numbers_of_an_optimizer_are_computed_anew(factor: Callable[[Any, Any], Any]) -> None:
    def make() -> tuple[nn.Module, Callable[..., Any]]:
        model = network()
        return model, training_step(model, ByNumbers(model.parameters(), factor))

    same(make, batches(6))


@pytest.mark.parametrize("factor", [lambda lr, n: lr / int(n), lambda lr, n: lr * round(n), lambda lr, n: divmod(n, 2)[1]])
def test_numbers_of_an_optimizer_are_not_rounded(factor: Callable[[Any, Any], Any]) -> None:
    model = network()
    step = torch.compile(training_step(model, ByNumbers(model.parameters(), factor)))
    (batch,) = batches(1)
    step(*batch)
    with pytest.raises(GraphError, match="a number of the optimizer, rounded"):
        step(*batch)


def test_another_default_dtype_is_traced_anew() -> None:
    step = torch.compile(lambda i: (i * 0.5, torch.zeros(2) + 1))
    ids = torch.arange(3)
    for _ in range(3):
        assert [t.dtype for t in step(ids)] == [torch.float32] * 2
    torch.set_default_dtype(torch.float64)
    try:
        assert [t.dtype for t in step(ids)] == [torch.float64] * 2
    finally:
        torch.set_default_dtype(torch.float32)


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
        outcomes.append([function(torch.tensor(0.5)).item() for _ in range(4)])
    assert outcomes[0] == outcomes[1]


def test_half_precision_sums_have_more_digits_on_the_way() -> None:
    bias = torch.zeros(4, dtype=torch.float16, requires_grad=True)

    def step(x: torch.Tensor) -> torch.Tensor:
        bias.grad = None
        (x + bias).sum().backward()
        assert bias.grad is not None
        return bias.grad * 1

    compiled = torch.compile(step)
    x = torch.zeros(5000, 4, dtype=torch.float16)
    for _ in range(3):
        assert step(x).tolist() == compiled(x).tolist() == [5000] * 4


def test_the_gradient_of_relu_at_nan_is_that_of_the_function() -> None:
    p = nn.Parameter(torch.tensor([[1.0, -1.0, float("nan")]]))

    def step(x: torch.Tensor) -> torch.Tensor:
        p.grad = None
        ((p + x).relu() * 3).sum().backward()
        assert p.grad is not None
        return p.grad * 1

    compiled = torch.compile(step, check=True)
    for _ in range(3):
        assert compiled(torch.zeros(1, 3)).tolist() == [[3, 0, 3]]


def test_small_relu_networks_keep_the_batch_last() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(30, 20), nn.ReLU(), nn.Linear(20, 5))
    step = torch.compile(training_step(model, optim.SGD(model.parameters(), 0.1)))
    for batch in batches(2, size=8, features=30, classes=5):
        step(*batch)
    assert step.program is not None
    assert {i.output.shape for i in step.program.instructions if i.name == "maximum"} == {(20, 8)}


def test_what_is_computed_twice_is_computed_once() -> None:
    compiled = torch.compile(lambda x: (x.exp() + 1) * x.exp().sum())
    for i in range(4):
        x = torch.tensor([0.0, float(i)])
        assert compiled(x).tolist() == ((x.exp() + 1) * x.exp().sum()).tolist()
    assert [i.name for i in compiled.program.instructions].count("exp") == 1


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
        outcomes.append([function(torch.full((3,), i / 4)).tolist() for i in range(4)])
    assert outcomes[0] == outcomes[1]


def test_a_learning_rate_that_a_forward_compares() -> None:
    def make() -> tuple[nn.Module, Callable[..., Any]]:
        model = network()
        optimizer = optim.SGD(model.parameters(), 0.5)
        optimizers.append(optimizer)
        return model, training_step(model, optimizer)

    def change(model: nn.Module, i: int) -> None:
        optimizers[-1].param_groups[0]["lr"] = -1.0 if i in (3, 4, 8) else 0.1  # add(g, alpha=1) has a short way

    optimizers: list[Any] = []
    same(make, batches(12), change)
