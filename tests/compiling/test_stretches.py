"""Stretches: how many a step computes in, what their programs allocate, and whose memory results are in."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from trainings import CALLS, batches, lines_of, network, noted, stretches_of, training_step, warm

import tinygrad_mlp as torch
from tinygrad_mlp import nn, optim
from tinygrad_mlp.compiling import stretches
from tinygrad_mlp.nn import functional as F

# ------------------------------------------------------------------------- the library's layers, losses and optimizers

ARGUMENTS: dict[str, tuple[Any, ...]] = {  # of those that cannot be made without; for inputs of four features
    "BatchNorm1d": (4,), "Bilinear": (4, 4, 4), "Embedding": (4, 4), "LayerNorm": (4,), "Linear": (4, 4), "LogSoftmax": (1,),
    "Softmax": (1,), "Unflatten": (1, (2, 2)),
}  # fmt: skip
FAMILIES = ("activations", "dropout", "embedding", "linear", "normalisation")  # others have their compiled twins in tests/nn
LAYERS = [name for name in nn.__all__ if getattr(getattr(nn, name), "__module__", "").rpartition(".")[2] in FAMILIES]
LOSSES = {name: {} for name in nn.losses.__all__} | {
    "CrossEntropyLoss of distributions": {},
    "CrossEntropyLoss, smoothed": {"label_smoothing": 0.1},
    "CrossEntropyLoss, weighted": {"weight": torch.tensor([1.0, 2.0, 3.0, 4.0])},
    "BCEWithLogitsLoss, weighted": {"pos_weight": torch.tensor([1.0, 2.0, 3.0, 4.0])},
}
OPTIMIZERS: dict[str, dict[str, Any]] = {
    name: {} for name in optim.__all__ if name not in ("LBFGS", "Optimizer", "lr_scheduler", "swa_utils")
} | {
    "SGD, everything": {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    "Adam, everything": {"weight_decay": 0.1, "amsgrad": True, "maximize": True},
    "RMSprop, everything": {"momentum": 0.5, "centered": True},
    "Adagrad, decaying": {"lr_decay": 0.1, "weight_decay": 0.1},
}


def layer(name: str) -> nn.Module:
    torch.manual_seed(0)
    made: nn.Module = getattr(nn, name)(*ARGUMENTS.get(name, ()))
    return made


def optimizer(name: str, parameters: Any) -> optim.Optimizer:
    made: optim.Optimizer = getattr(optim, name.partition(",")[0])(parameters, **OPTIMIZERS[name])
    return made


def step_of(forward: Callable[..., torch.Tensor], o: optim.Optimizer) -> Callable[..., torch.Tensor]:
    """Forward, loss, backward, update."""

    def step(*inputs: torch.Tensor) -> torch.Tensor:
        loss = forward(*inputs)
        o.zero_grad()
        loss.backward()
        o.step()
        return loss

    return step


def with_layer(name: str, rows: int = 6) -> tuple[Callable[..., Any], tuple[torch.Tensor, ...]]:
    """A training step through a layer, and its inputs."""
    module, scale = layer(name), nn.Parameter(torch.ones(4))
    o = optim.SGD([scale, *module.parameters()], 0.1)
    x = torch.randn(rows, 4)
    if name == "Embedding":
        return step_of(lambda i: (module(i) * scale).square().mean(), o), (torch.arange(rows) % 4,)
    if name == "Bilinear":
        return step_of(lambda x: module(x * scale, x).square().mean(), o), (x,)
    return step_of(lambda x: module(x * scale).square().mean(), o), (x,)


def with_loss(name: str, rows: int = 6, classes: int = 4) -> tuple[Callable[..., Any], tuple[torch.Tensor, ...]]:
    """A training step with a loss, and its inputs."""
    options = dict(LOSSES[name])
    if rows == classes:
        options = {key: torch.ones(classes) if isinstance(v, torch.Tensor) else v for key, v in options.items()}
    loss = getattr(nn, name.partition(",")[0].partition(" of")[0])(**options)
    scale = nn.Parameter(torch.ones(()))
    o = optim.SGD([scale], 0.01)
    x, y = torch.randn(rows, classes), torch.rand(rows, classes)
    if name in ("NLLLoss", "CrossEntropyLoss", "CrossEntropyLoss, smoothed", "CrossEntropyLoss, weighted"):
        y = torch.randint(0, classes, (rows,))
    if name == "BCELoss":
        return step_of(lambda x, y: loss((x * scale).sigmoid(), y), o), (x, y)
    return step_of(lambda x, y: loss(x * scale, y), o), (x, y)


def with_optimizer(name: str) -> tuple[Callable[..., Any], tuple[torch.Tensor, ...]]:
    """A training step with an optimizer, and its inputs."""
    model = network()
    return training_step(model, optimizer(name, model.parameters())), batches(1)[0]


# ---------------------------------------------------------------------------------------------------- how many stretches

# What is computed in more than one stretch, and why; the number of stretches.
CUT: dict[str, tuple[int, str]] = {
    "BatchNorm1d": (3, "it writes its running statistics in place, in the forward"),
    "Embedding": (1, "it refuses what is out of range, so it runs at once, before all others"),
    "NLLLoss": (2, "it takes the rows that count, whose number depends on values"),
    "CrossEntropyLoss, smoothed": (2, "as NLLLoss"),
    "CrossEntropyLoss, weighted": (2, "as NLLLoss"),
    "BCELoss": (2, "it refuses what is no probability"),
}
STEPS: dict[str, Callable[[], tuple[Callable[..., Any], tuple[torch.Tensor, ...]]]] = {
    **{name: lambda name=name: with_layer(name) for name in LAYERS},
    **{name: lambda name=name: with_loss(name) for name in LOSSES},
    **{name: lambda name=name: with_optimizer(name) for name in OPTIMIZERS},
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.filterwarnings("ignore:reduction")
def test_a_training_step_is_computed_in_one_stretch(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    step, inputs = STEPS[name]()
    compiled = warm(torch.compile(step), *inputs, calls=3)
    with stretches_of(monkeypatch) as computed:
        for _ in range(3):
            compiled(*inputs)
    assert len(computed) == 3 * CUT.get(name, (1, ""))[0], computed


def test_what_is_cut_is_there() -> None:
    assert CUT.keys() <= STEPS.keys()


def _of(*parts: str) -> tuple[Callable[..., Any], tuple[torch.Tensor, ...]]:
    """A training step in which more is done."""
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 4))
    o = optim.SGD(model.parameters(), 0.1, momentum=0.9)
    x, y = batches(1)[0]
    array = x.numpy().copy()
    if "from_numpy" in parts:
        x = torch.from_numpy(array)
    held = array if "held" in parts else None
    del array

    def step(x: torch.Tensor, y: torch.Tensor) -> Any:
        out = model(x)
        loss = F.cross_entropy(out, y)
        if "l2" in parts:
            loss = loss + 0.01 * sum((p * p).sum() for p in model.parameters())
        o.zero_grad("zeros" not in parts)
        loss.backward()
        if "clip" in parts:
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        o.step()
        if "item" in parts:
            return loss.item()
        if "accuracy" in parts:
            return loss, (out.argmax(1) == y).sum()
        if "probabilities" in parts:
            return loss, out.softmax(1)
        assert held is None or len(held)
        return loss, out

    return step, (x, y)


LOOPS: dict[
    str, tuple[int, str]
] = {  # what people do in steps: in how many stretches that is computed, and why more than one
    "item": (1, ""),
    "l2": (1, ""),
    "accuracy": (2, "argmax() stays whole, and runs at once, after the update"),
    "probabilities": (2, "they are computed after the update, which the optimizer's step computes"),
    "clip": (7, "it looks at the norm, and writes the gradients in place, one by one"),
    "zeros": (2, "the gradients are added to what is there, by a pass that is walked node by node"),
    "from_numpy": (1, ""),
    "from_numpy, held": (
        3,
        "the batch may be written at any time, so what reads it is computed at once, in forward and backward",
    ),
}


@pytest.mark.parametrize("name", LOOPS)
def test_what_is_done_in_steps(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    step, inputs = _of(*name.split(", "))
    compiled = warm(torch.compile(step), *inputs, calls=3)
    with stretches_of(monkeypatch) as computed:
        for _ in range(3):
            compiled(*inputs)
    assert len(computed) == 3 * LOOPS[name][0], computed


def all_stretches(step: Any) -> list[stretches.Stretch]:
    return [stretch for line in lines_of(step) for stretch in line.stretches.values()]


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.filterwarnings("ignore:reduction")
def test_programs_are_made_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    step, inputs = STEPS[name]()
    compiled = warm(torch.compile(step), *inputs, calls=CALLS + 3)
    made = noted(monkeypatch, stretches._Instance, "__init__")
    for _ in range(5):
        compiled(*inputs)
    assert made == []
    assert [s for s in all_stretches(compiled) if s.high - s.low > 1 and not s.instances and s.calls > CALLS] == []


# -------------------------------------------------------------------------------------------------- what replays allocate

ACTIVATIONS = nn.activations.__all__
LARGE = 512
ALLOCATES: dict[str, str] = {  # what takes memory besides, and why
    "BCELoss": "it runs at once",
    "NLLLoss": "as it stays whole, it takes memory as NumPy gives it",
    "CrossEntropyLoss, smoothed": "as NLLLoss",
    "CrossEntropyLoss, weighted": "as NLLLoss",
}


def with_large_activation(name: str) -> tuple[Callable[..., Any], tuple[torch.Tensor, ...]]:
    module, scale = layer(name), nn.Parameter(torch.ones(()))
    o = optim.SGD([scale, *module.parameters()], 0.1)
    return step_of(lambda x: module(x * scale).mean(), o), (torch.randn(LARGE, LARGE),)


def with_large_parameter(name: str) -> tuple[Callable[..., Any], tuple[torch.Tensor, ...]]:
    w = nn.Parameter(torch.randn(LARGE, LARGE))
    return step_of(lambda x: (w * x).mean(), optimizer(name, [w])), (torch.randn(LARGE, LARGE),)


LARGE_STEPS: dict[str, Callable[[], tuple[Callable[..., Any], tuple[torch.Tensor, ...]]]] = {
    **{name: lambda name=name: with_large_activation(name) for name in ACTIVATIONS},
    **{name: lambda name=name: with_loss(name, LARGE, LARGE) for name in LOSSES},
    **{name: lambda name=name: with_large_parameter(name) for name in OPTIMIZERS},
}


@pytest.mark.parametrize("name", LARGE_STEPS)
@pytest.mark.filterwarnings("ignore:reduction")
def test_a_replay_allocates_nothing(name: str) -> None:
    step, inputs = LARGE_STEPS[name]()
    compiled = warm(torch.compile(step), *inputs, calls=CALLS + 2)
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(3):
            compiled(*inputs)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    one = 4 * LARGE * LARGE
    assert (peak >= one) is (name in ALLOCATES), f"{peak / one:.2f} arrays"


# ---------------------------------------------------------------------------------------------------- whose memory it is


def test_results_that_nobody_holds_are_in_the_same_memory() -> None:
    compiled = warm(torch.compile(lambda x: x.exp() * 2), torch.ones(100))
    places = {compiled(torch.ones(100)).data_ptr() for _ in range(6)}
    assert len(places) == 1
    assert len(compiled.programs) == 1


@pytest.mark.parametrize("held", [1, 2, 3])
def test_results_that_are_held_have_other_memory(held: int) -> None:
    compiled = torch.compile(lambda x: x.exp() * 2)
    kept: list[torch.Tensor] = []
    for i in range(20):
        kept.append(compiled(torch.full((100,), i / 20)))
        del kept[: max(0, len(kept) - held)]
        assert len({t.data_ptr() for t in kept}) == len(kept)
    assert len(compiled.programs) == held + 1


def test_many_results_that_are_held_are_new_arrays() -> None:
    compiled = torch.compile(lambda x: x.exp() * 2)
    kept = [compiled(torch.full((100,), float(i))) for i in range(30)]
    assert len(compiled.programs) == stretches._INSTANCES + 1
    for i, t in enumerate(kept):
        np.testing.assert_allclose(t.numpy(), np.full(100, 2 * np.exp(np.float32(i)), np.float32), rtol=1e-6)


def test_gradients_that_are_held_have_other_memory() -> None:
    model = nn.Linear(6, 4)
    compiled = torch.compile(training_step(model, optim.SGD(model.parameters(), 0.1)))
    expected, kept = [], []
    for batch in batches(12):
        other = nn.Linear(6, 4)
        other.load_state_dict({key: value.clone() for key, value in model.state_dict().items()})
        F.cross_entropy(other(batch[0]), batch[1]).backward()
        expected.append(other.weight.grad)
        compiled(*batch)
        kept.append(model.weight.grad)
    for got, right in zip(kept, expected, strict=True):
        np.testing.assert_allclose(got.numpy(), right.numpy(), rtol=1e-5, atol=1e-7)


def test_what_moves_and_what_stays() -> None:
    """An array that is another one in each call is an argument, one that is the same is part of the program, until it is another."""
    w = torch.full((3,), 2.0)
    step = torch.compile(lambda x: (x * w).exp())
    for i in range(CALLS + 1):
        step(torch.full((3,), i / 4))
    (program,) = step.programs
    assert program.source.splitlines()[0] == "def step(x0):"
    results = []
    for i in range(CALLS + 1):
        w = torch.full((3,), float(i))
        results.append(step(torch.ones(3)).tolist())
    assert results == [(torch.ones(3) * i).exp().tolist() for i in range(CALLS + 1)]
    (program,) = step.programs
    assert program.source.splitlines()[0] == "def step(x0, x1):"


def test_a_program_whose_inputs_keep_changing_is_not_made_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made = noted(monkeypatch, stretches._Instance, "__init__")
    values = [torch.full((3,), float(i)) for i in range(6)]
    step = torch.compile(lambda *given: sum((v * (i + 2) for i, v in enumerate(given)), start=torch.zeros(3)))
    for call in range(80):  # one more of them is another in every tenth call
        given = [values[(call if call // 10 > i else 0) % 6] for i in range(6)]
        assert step(*given).tolist() == sum((v * (i + 2) for i, v in enumerate(given)), start=torch.zeros(3)).tolist()
    assert len(made) <= 2 * stretches._ATTEMPTS


def test_numbers_that_change_in_a_later_call() -> None:
    step = torch.compile(lambda x, n, m: x * n + m)
    numbers = [(2.0, 3.0)] * (CALLS + 1) + [(2.0, float(i)) for i in range(CALLS)] + [(float(i), 1.0) for i in range(CALLS)]
    for n, m in numbers:
        assert step(torch.ones(3), n, m).tolist() == [n + m] * 3
    assert len(step.programs) == 1


def test_batches_are_let_go() -> None:
    """What was given to a call is not kept after it, as little as without compiling; the last one may be."""
    model = network()
    compiled = torch.compile(training_step(model, optim.SGD(model.parameters(), 0.1)))
    y = torch.zeros(100, dtype=torch.int64)
    kept = []
    for _ in range(CALLS + 4):
        x = torch.randn(100, 6)
        kept.append(weakref.ref(x._data))
        compiled(x, y)
        del x
    gc.collect()
    assert [i for i, array in enumerate(kept[:-1]) if array() is not None] == []


def test_a_single_line_is_not_worth_a_program() -> None:
    compiled = warm(torch.compile(lambda x: x * 2), torch.ones(3), calls=8)
    assert compiled.programs == []


def test_new_programs_wait_longer_the_more_there_are() -> None:
    compiled = torch.compile(lambda x: (x * 2).exp())
    first = {}
    for columns in range(1, 40):
        for call in range(1, 12):
            compiled(torch.ones(columns))
            if len(compiled.programs) == len(first) + 1:
                first[columns] = call
                break
    assert first[1] == CALLS
    assert list(first.values()) == sorted(first.values())


def test_one_program_in_use_does_not_make_others_wait() -> None:
    compiled = warm(torch.compile(lambda x: (x * 2).exp()), torch.ones(3), calls=400)
    warm(compiled, torch.ones(4), calls=12)
    assert len(compiled.programs) == 2


def test_an_update_reads_what_the_memory_of_parameters_became(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters that share memory are written one after another, each from what the one before left."""

    def trained(c: Callable[..., Any]) -> list[Any]:
        memory = torch.arange(6.0)
        a, b = memory.detach()[:4].requires_grad_(), memory.detach()[2:].requires_grad_()
        o = optim.SGD([a, b], 0.1, momentum=0.9, weight_decay=0.5)
        step = c(step_of(lambda x: (a * x).sum() + (b * b * x).sum(), o))
        for i in range(8):
            step(torch.full((4,), i / 4))
        return memory.tolist()

    assert trained(lambda f: torch.compile(f, fusion=False)) == trained(lambda f: f)
    np.testing.assert_allclose(trained(torch.compile), trained(lambda f: f), rtol=1e-6)
