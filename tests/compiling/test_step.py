"""Compiled steps: to the last bit what the function does by itself, and never something stale."""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from trainings import CALLS, OPTIMIZERS, Tiny, X, agree, batches, network, same, training_step, warm

import tinygrad_mlp as torch
from tinygrad_mlp import nn, optim
from tinygrad_mlp.compiling import CompiledFunction, OptimizedModule
from tinygrad_mlp.datasets import MNIST
from tinygrad_mlp.errors import ArgumentError
from tinygrad_mlp.nn import functional as F

Made = tuple[nn.Module, Callable[..., Any]]

# ------------------------------------------------------------------------------------------------------ whole trainings


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("noisy", [False, True])
def test_every_optimizer_and_a_schedule(name: str, noisy: bool) -> None:
    def make() -> Made:
        model = network(noisy)
        optimizer = OPTIMIZERS[name](model.parameters())
        schedulers.append(optim.lr_scheduler.ExponentialLR(optimizer, 0.9))
        return model, training_step(model, optimizer)

    schedulers: list[Any] = []
    same(make, batches(12), lambda model, i: schedulers[-1].step())


def test_other_shapes_and_modes() -> None:
    def make() -> Made:
        model = network(noisy=True)
        return model, training_step(model, optim.Adam(model.parameters(), 1e-2))

    data = [batch for pair in zip(batches(8), batches(8, size=5), strict=True) for batch in pair]
    same(make, data, lambda model, i: model.train(i % 5 < 3))


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


def test_options_of_an_optimizer_that_change() -> None:
    def make() -> Made:
        model = network()
        optimizers.append(optim.SGD(model.parameters(), lr=0.1, momentum=0.9))
        return model, training_step(model, optimizers[-1])

    def change(model: nn.Module, i: int) -> None:
        group = optimizers[-1].param_groups[0]
        group["momentum"] = 0.0 if i in (5, 6) else 0.9
        group["weight_decay"] = 0.1 if i > 7 else 0.0
        group["lr"] = -1.0 if i in (8, 9) else 0.1  # add(g, alpha=1) has a short way

    optimizers: list[Any] = []
    same(make, batches(16), change)


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
        lambda lr, n: lr / int(n),
        lambda lr, n: lr * round(n),
        lambda lr, n: divmod(n, 2)[1],
    ],
)
def test_numbers_of_an_optimizer_are_computed_anew(factor: Callable[[Any, Any], Any]) -> None:
    def make() -> Made:
        model = network()
        return model, training_step(model, ByNumbers(model.parameters(), factor))

    same(make, batches(8))


# ----------------------------------------------------------------------------------------------------- cross-entropy


def test_cross_entropy_with_another_class_to_ignore() -> None:
    def make() -> Made:
        model = network()
        return model, training_step(model, optim.SGD(model.parameters(), 0.1), ignore_index=2)

    same(make, batches(8))


@pytest.mark.parametrize("ignored", [0, 3, 16])
def test_cross_entropy_with_ignored_classes(ignored: int) -> None:
    def make() -> Made:
        model = network()
        return model, training_step(model, optim.SGD(model.parameters(), 0.1))

    data = batches(8)
    for _, y in data[5:]:
        y[:ignored] = -100
    if ignored < 16:
        same(make, data)
    else:
        compiled = torch.compile(make()[1])
        assert [np.isnan(compiled(*batch).item()) for batch in data] == [False] * 5 + [True] * 3


@pytest.mark.parametrize("ignored", [2**70, -(2**63) - 1])
def test_cross_entropy_with_nothing_that_could_be_ignored(ignored: int) -> None:
    x, y = torch.randn(6, 3).requires_grad_(), torch.tensor([0, 1, 2, 0, 1, 2])
    run = torch.compile(lambda y: F.cross_entropy(x, y, ignore_index=ignored) * 1)
    assert [run(y).item() for _ in range(6)] == [F.cross_entropy(x, y).item()] * 6


@pytest.mark.parametrize("calls", range(6))
def test_cross_entropy_with_a_class_out_of_range(calls: int) -> None:
    model = network()
    step = torch.compile(training_step(model, optim.SGD(model.parameters(), 0.1)))
    (x, y), *_ = batches(1)
    warm(step, x, y, calls=calls)
    before = [p.tolist() for p in model.parameters()]
    right = y.tolist()
    for wrong in (4, -1):
        y[3] = wrong
        with pytest.raises(IndexError, match=f"Target {wrong} is out of bounds: the input has 4 classes"):
            step(x, y)
    assert [p.tolist() for p in model.parameters()] == before  # the error came before the update
    assert step(x, torch.tensor(right)).item() == F.cross_entropy(_with(model, before)(x), torch.tensor(right)).item()


def _with(model: nn.Module, values: Any) -> nn.Module:
    other = network()
    other.load_state_dict({key: torch.tensor(value) for key, value in zip(model.state_dict(), values, strict=True)})
    return other


# --------------------------------------------------------------------------------------------------- what was given back


def test_results_belong_to_the_caller() -> None:
    compiled = torch.compile(lambda x: {"double": x * 2, "pair": [x + 1, "text"]})
    first = [compiled(torch.tensor([float(i), 1.0, 2.0])) for i in range(12)]
    assert [r["double"].tolist() for r in first] == [[2.0 * i, 2.0, 4.0] for i in range(12)]
    assert [r["pair"][0].tolist() for r in first] == [[i + 1.0, 2.0, 3.0] for i in range(12)]
    for r in first:
        r["double"].zero_()
    assert [r["pair"][0].tolist() for r in first] == [[i + 1.0, 2.0, 3.0] for i in range(12)]


@pytest.mark.parametrize("held", [0, 1, 3, 9])
def test_results_that_are_held_for_some_calls(held: int) -> None:
    compiled = torch.compile(lambda x: (x.exp(), x.exp()[1:], (x * 2).sum(), (x + 1).detach()))
    kept: list[Any] = []
    for i in range(20):
        x = torch.tensor([i / 10, 1.0, 2.0])
        kept.append((x, compiled(x)))
        for given, found in kept:
            whole, view, total, last = found
            np.testing.assert_allclose(whole.numpy(), np.exp(given.numpy()), rtol=1e-6)
            np.testing.assert_allclose(view.numpy(), np.exp(given.numpy())[1:], rtol=1e-6)
            assert total.item() == (given * 2).sum().item()
            assert last.tolist() == (given + 1).tolist()
        del kept[: max(0, len(kept) - held)]


@pytest.mark.parametrize("look", ["numpy", "view", "memoryview", "detach"])
def test_memory_that_is_held_by_other_means(look: str) -> None:
    looks: dict[str, Callable[[torch.Tensor], Any]] = {
        "numpy": lambda t: t.numpy(),
        "view": lambda t: t.view(3)[1:],
        "memoryview": lambda t: memoryview(t.numpy()),
        "detach": lambda t: t.detach(),
    }
    compiled = torch.compile(lambda x: x * 2)
    kept = [looks[look](compiled(torch.full((3,), float(i)))) for i in range(12)]
    assert [[float(v) for v in one] for one in kept] == [[2.0 * i] * (2 if look == "view" else 3) for i in range(12)]


def test_results_that_are_named() -> None:
    compiled = torch.compile(lambda x: x.max(0))
    for i in range(8):
        found = compiled(torch.tensor([float(i % 4), 1.5]))
        assert found.indices.item() == (0 if i % 4 > 1 else 1)
        assert found.values.item() == max(i % 4, 1.5)


def test_a_loss_that_is_not_returned() -> None:
    model = network()
    start = {key: value.clone() for key, value in model.state_dict().items()}
    optimizer = optim.SGD(model.parameters(), 0.1)

    def step(x: torch.Tensor, y: torch.Tensor) -> None:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    agree(step, batches(8), lambda: model[0].weight.tolist(), lambda: model.load_state_dict(start))


# ----------------------------------------------------------------------------------------------- what the function looks at


@pytest.mark.parametrize(
    "look",
    [
        lambda x: x.sum().item(),
        lambda x: x.exp().tolist(),
        lambda x: (x + 1).numpy().tolist(),
        lambda x: np.asarray(x * 2).tolist(),
        lambda x: (x.sum() if x.sum() > 0 else x).tolist(),
        lambda x: float(x.sum()),
        lambda x: torch.tensor(x.tolist()).tolist(),
        lambda x: copy.deepcopy(x * 2).tolist(),
        lambda x: x[x > 0].sum().item(),
        lambda x: str(x * 3),
        lambda x: [v.item() for v in x * 2],
        lambda x: torch.nonzero(x > 0).tolist(),
    ],
)
def test_values_may_be_looked_at(look: Callable[[torch.Tensor], Any]) -> None:
    for fusion in (False, True):
        compiled = torch.compile(look, fusion=fusion)
        for values in ([1.0, 2.0], [1.0, 2.0], [1.0, -2.0], [-3.0, 1.0], [-1.0, -2.0], [1.0, 2.0], [1.0, -2.0]):
            assert compiled(torch.tensor(values)) == look(torch.tensor(values))


def test_random_numbers_go_on() -> None:
    def draws(c: Callable[..., Any]) -> list[Any]:
        torch.manual_seed(3)
        f = c(lambda x: torch.normal(0.0, 1.0, (2,)) + x)
        return [f(torch.ones(2)).tolist() for _ in range(8)]

    assert draws(torch.compile) == draws(lambda f: f)


def test_python_runs_in_every_call() -> None:
    seen: list[float] = []
    factor = [1.0]

    @torch.compile
    def step(x: torch.Tensor) -> torch.Tensor:
        seen.append(factor[0])
        return (x * factor[0]).exp().sum()

    for i in range(10):
        factor[0] = i / 10
        assert step(torch.ones(3)).item() == (torch.ones(3) * factor[0]).exp().sum().item()
    assert seen == [i / 10 for i in range(10)]


def test_operations_that_are_others_now() -> None:
    functions = [torch.exp, torch.relu, torch.sin]

    @torch.compile(fusion=False)
    def step(x: torch.Tensor) -> torch.Tensor:
        for function in functions:
            x = function(x)
        return x.sum()

    def check() -> None:
        for i in range(CALLS + 1):
            x = expected = torch.full((2, 6), i / 3)
            for function in functions:
                expected = function(expected)
            assert step(x).item() == expected.sum().item()

    check()
    functions[1] = torch.tanh
    check()
    del functions[1:]
    check()
    functions.extend([torch.relu, torch.sin])
    check()


# ---------------------------------------------------------------------------------------------- what changes between calls


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
    calls: list[Any] = [(X,)] * (CALLS + 1)
    agree(lambda *a: tiny.step(*a), [*calls, lambda: change(tiny), *calls], tiny.state, tiny.reset)


@pytest.mark.parametrize("name", ["Adam", "SGD, everything", "RMSprop"])
def test_a_state_that_is_made_in_a_later_call(name: str) -> None:
    tiny = Tiny(OPTIMIZERS[name])
    calls: list[Any] = [(X, train) for train in (False, True, True, False, True, True, False, True)]
    agree(lambda *a: tiny.step(*a), calls, tiny.state, tiny.reset)


@pytest.mark.parametrize("name", ["Adam", "NAdam", "SGD"])
def test_several_steps_in_a_call(name: str) -> None:
    tiny = Tiny(OPTIMIZERS[name])

    def step(batches: list[torch.Tensor]) -> None:
        for x in batches:
            tiny.step(x)

    agree(step, [([X, X * 2],)] * 8, tiny.state, tiny.reset)


def test_a_step_that_only_updates() -> None:
    tiny = Tiny()
    calls: list[Any] = []
    for i in range(8):
        calls += [lambda i=i: (tiny.o.zero_grad(), (tiny.a * tiny.a * (i + 1)).sum().backward()), ()]
    agree(lambda: tiny.o.step() and None, calls, tiny.state, tiny.reset)


def test_a_parameter_with_other_memory() -> None:
    w = torch.ones(2)
    compiled = warm(torch.compile(lambda x: x * w), torch.ones(2))
    for i in range(8):
        w.data = torch.full((2,), float(i))
        assert compiled(torch.ones(2)).tolist() == [float(i)] * 2


def test_a_loaded_optimizer() -> None:
    def trained(c: Callable[..., Any]) -> list[Any]:
        model = network()
        optimizer = optim.Adam(model.parameters(), 1e-2)
        step = c(training_step(model, optimizer))
        data = batches(12)
        for batch in data[:6]:
            step(*batch)
        saved = copy.deepcopy((optimizer.state_dict(), model.state_dict()))
        states = []
        for _ in range(2):
            for batch in data[6:]:
                step(*batch)
            states.append([p.tolist() for p in model.parameters()])
            optimizer.load_state_dict(saved[0])
            model.load_state_dict(saved[1])
        assert states[0] == states[1]
        assert optimizer.state[next(iter(model.parameters()))]["step"] == 6
        return states

    assert trained(lambda f: torch.compile(f, fusion=False)) == trained(lambda f: f)
    trained(torch.compile)


def test_modules_that_change() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.0))
    compiled = torch.compile(lambda x: model(x), fusion=False)
    x = torch.ones(1, 2)

    def check() -> None:
        for _ in range(CALLS + 1):
            assert compiled(x).tolist() == model(x).tolist()

    check()
    model[0].weight = nn.Parameter(torch.full((2, 2), 3.0))
    check()
    model[0] = nn.Linear(2, 2)
    check()
    model.register_forward_hook(lambda module, args, result: result * 2)
    check()
    model[1].p = 1.0
    for _ in range(CALLS + 1):
        assert compiled(x).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("options", [{}, {"fusion": False}])
def test_an_argument_that_the_step_also_knows_otherwise(options: dict[str, bool]) -> None:
    known = torch.ones(3)
    step = warm(torch.compile(lambda x: x - known, **options), known)
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

    for _ in range(CALLS + 1):
        train(p.detach())
    before, x = p.detach().clone(), torch.full((3,), 7.0)
    assert train(x).item() == pytest.approx(7 * before.sum().item())
    assert x.tolist() == [7, 7, 7]
    assert p.tolist() == (before - 3.5).tolist()


def test_another_default_dtype() -> None:
    step = torch.compile(lambda i: (i * 0.5, torch.zeros(2) + 1))
    ids = torch.arange(3)
    for _ in range(CALLS):
        assert [t.dtype for t in step(ids)] == [torch.float32] * 2
    torch.set_default_dtype(torch.float64)
    try:
        assert [t.dtype for t in step(ids)] == [torch.float64] * 2
    finally:
        torch.set_default_dtype(torch.float32)


# ------------------------------------------------------------------------------------------------------ what compile gives


def test_wrong_arguments() -> None:
    with pytest.raises(TypeError, match="expects a function"):
        torch.compile(3)
    with pytest.raises(ArgumentError, match="'numpy', 'numba', 'inductor', 'eager', 'aot_eager', not 'other'"):
        torch.compile(lambda x: x, backend="other")


def test_any_arguments() -> None:
    compiled = torch.compile(lambda x, y, *rest, **named: (x * len(y), rest, named))
    for i in range(8):
        result, rest, named = compiled(torch.ones(1), set(range(i)), compiled, key={"i": i})
        assert (result.item(), rest, named) == (i, (compiled,), {"key": {"i": i}})


def test_the_kinds() -> None:
    function, module = torch.compile(torch.exp), torch.compile(nn.Linear(2, 2))
    assert (type(function), type(module)) == (CompiledFunction, OptimizedModule)
    assert torch.compile(torch.exp, disable=True) is torch.exp
    assert type(torch.compile(fusion=False)(torch.exp)) is CompiledFunction


@pytest.mark.parametrize("options", [{"fusion": False}, {"backend": "eager"}, {"backend": "aot_eager"}])
def test_without_fusion_there_are_no_programs(options: dict[str, Any]) -> None:
    assert warm(torch.compile(lambda x: x.exp().sum(), **options), torch.ones(3), calls=8).programs == []


@pytest.mark.parametrize(
    "options", [{}, {"backend": "inductor"}, {"mode": "max-autotune", "fullgraph": True, "dynamic": False}]
)
def test_with_fusion_there_is_one(options: dict[str, Any]) -> None:
    compiled = torch.compile(lambda x: x.exp().sum(), **options)
    counts = []
    for _ in range(8):
        compiled(torch.ones(3))
        counts.append(len(compiled.programs))
    assert counts == [0] * (CALLS - 1) + [1] * (9 - CALLS)


def test_compiled_steps_within_compiled_steps() -> None:
    inner = torch.compile(lambda x: x.exp() * 2)
    outer = torch.compile(lambda x: inner(x).sum() + inner(x + 1).sum())
    for i in range(8):
        x = torch.full((3,), i / 8)
        assert outer(x).item() == pytest.approx(((x.exp() * 2).sum() + ((x + 1).exp() * 2).sum()).item(), rel=1e-6)
    assert inner.programs == []
    assert len(outer.programs) == 1


def test_an_error_in_the_step_leaves_it_as_it_was() -> None:
    fails = [False]

    @torch.compile
    def step(x: torch.Tensor) -> torch.Tensor:
        y = x.exp()
        if fails[0]:
            raise KeyError("no")
        return y * 2

    for i in range(12):
        fails[0] = i % 3 == 2
        if fails[0]:
            with pytest.raises(KeyError):
                step(torch.ones(2))
        else:
            assert step(torch.ones(2)).tolist() == (torch.ones(2).exp() * 2).tolist()
        assert torch.ones(1).exp().item() == pytest.approx(np.e)


# -------------------------------------------------------------------------------------------------- threads, and for long


def test_threads_take_turns() -> None:
    compiled = warm(torch.compile(lambda x: (x * 2).exp().sum()), torch.ones(5000))

    def work(i: int) -> bool:
        return all(
            compiled(torch.full((5000,), i / 10)).item() == (torch.full((5000,), i / 10) * 2).exp().sum().item()
            for _ in range(50)
        )

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(8)))


def test_programs_do_not_pile_up() -> None:
    compiled = torch.compile(lambda x, n: x * n + 1)
    for i in range(200):
        assert compiled(torch.ones(1), float(i)).item() == i + 1
    assert compiled.count == 2
    assert len(compiled.programs) <= 2
    alone = torch.compile(lambda x, n: x * n)
    for n in (1.0,) * CALLS + (-0.0, 0.0, -0.0):
        assert alone(torch.ones(1), n).item().hex() == n.hex()


def test_many_steps_keep_nothing() -> None:
    model = network()
    step = torch.compile(training_step(model, optim.Adam(model.parameters(), 1e-2)))
    (batch,) = batches(1)
    warm(step, *batch, calls=CALLS + 2)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(200):
        step(*batch)
    gc.collect()
    assert len(gc.get_objects()) <= before + 2
