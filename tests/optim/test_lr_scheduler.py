"""Each scheduler against its formula and against PyTorch, epoch by epoch; state_dicts, resuming and errors."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinygrad_mlp as tg
from tinygrad_mlp.optim import lr_scheduler as ours

EPOCHS = 60


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def make_optimizer(lib: Any, kind: str = "SGD") -> Any:
    groups = [{"params": [lib.zeros(1, requires_grad=True)]}, {"params": [lib.zeros(1, requires_grad=True)], "lr": 0.3}]
    return lib.optim.SGD(groups, lr=0.1, momentum=0.9) if kind == "SGD" else getattr(lib.optim, kind)(groups, lr=0.1)


class Sqrt:
    """A schedule that is an object with something to save."""

    def __init__(self, scale: float) -> None:
        self.scale = scale

    def __call__(self, epoch: int) -> float:
        return float((1 + self.scale * epoch) ** -0.5)


Factory = Callable[[Any, Any], Any]  # (the module lr_scheduler, an optimizer) -> a scheduler

SCHEDULERS: dict[str, Factory] = {
    "lambda": lambda s, o: s.LambdaLR(o, lambda t: 0.95**t),
    "lambda per group": lambda s, o: s.LambdaLR(o, [lambda t: 1 / (1 + t), Sqrt(0.5)]),
    "step": lambda s, o: s.StepLR(o, 7),
    "step gamma": lambda s, o: s.StepLR(o, step_size=3, gamma=0.7),
    "multistep": lambda s, o: s.MultiStepLR(o, [5, 30, 30, 50]),
    "multistep from 0": lambda s, o: s.MultiStepLR(o, milestones=[0, 9], gamma=0.3),
    "constant": lambda s, o: s.ConstantLR(o),
    "constant 9": lambda s, o: s.ConstantLR(o, factor=0.7, total_iters=9),
    "linear": lambda s, o: s.LinearLR(o),
    "linear down": lambda s, o: s.LinearLR(o, start_factor=1.0, end_factor=0.1, total_iters=40),
    "exponential": lambda s, o: s.ExponentialLR(o, gamma=0.93),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, 50),
    "cosine waves": lambda s, o: s.CosineAnnealingLR(o, T_max=7, eta_min=0.02),
    "cosine 1": lambda s, o: s.CosineAnnealingLR(o, T_max=1, eta_min=0.02),
    "multiplicative": lambda s, o: s.MultiplicativeLR(o, lambda t: 0.95 if t % 2 else 1.01),
    "polynomial": lambda s, o: s.PolynomialLR(o),
    "polynomial 2": lambda s, o: s.PolynomialLR(o, total_iters=40, power=2.5),
    "warm restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 7),
    "warm restarts longer": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, T_mult=2, eta_min=0.01),
    "cyclic": lambda s, o: s.CyclicLR(o, 0.01, 0.2, step_size_up=5),
    "cyclic 2": lambda s, o: s.CyclicLR(o, [0.01, 0.02], [0.2, 0.3], 4, 9, mode="triangular2", base_momentum=0.5),
    "cyclic range": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 3, mode="exp_range", gamma=0.97, cycle_momentum=False),
    "cyclic own": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 3, scale_fn=lambda x: 1 / x, scale_mode="cycle"),
    "chained": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.5, 7), s.ExponentialLR(o, 0.9), s.StepLR(o, 5)]),
    "sequential": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, total_iters=5), s.ExponentialLR(o, 0.9), s.StepLR(o, 4, 0.5)], [5, 20]
    ),
    "sequential warmup": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.01, total_iters=10), s.CosineAnnealingLR(o, 50, 0.001)], milestones=[10]
    ),
    "sequential others": lambda s, o: s.SequentialLR(
        o, [s.ConstantLR(o, 0.5, 3), s.LambdaLR(o, Sqrt(0.1)), s.MultiStepLR(o, [0, 3, 5], 0.9)], [4, 30]
    ),
    "sequential one cycle": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1), s.OneCycleLR(o, max_lr=1.0, total_steps=60)], [5]
    ),
    **{
        f"one cycle {strategy}{' three' * three}{' still' * (not cycle)}": (
            lambda s, o, strategy=strategy, three=three, cycle=cycle: s.OneCycleLR(
                o,
                max_lr=[1.0, 2.0],
                total_steps=EPOCHS,
                anneal_strategy=strategy,
                three_phase=three,
                cycle_momentum=cycle,
            )
        )
        for strategy, three, cycle in itertools.product(("cos", "linear"), (False, True), (False, True))
    },
    "one cycle options": lambda s, o: s.OneCycleLR(
        o,
        max_lr=0.7,
        epochs=7,
        steps_per_epoch=9,
        pct_start=0.45,
        base_momentum=[0.6, 0.7],
        max_momentum=0.99,
        div_factor=10.0,
        final_div_factor=50.0,
    ),
}
each_scheduler = pytest.mark.parametrize("name", list(SCHEDULERS))


def momentum(optimizer: Any) -> list[float]:
    return [group["betas"][0] if "betas" in group else group["momentum"] for group in optimizer.param_groups]


def walk(optimizer: Any, schedulers: list[Any], epochs: int) -> list[list[float]]:
    """The learning rates, then the momenta, of every group in every epoch, the present one first."""
    rows = []
    for _ in range(epochs):
        rows.append([group["lr"] for group in optimizer.param_groups] + momentum(optimizer))
        assert schedulers[-1].get_last_lr() == rows[-1][:2]
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    return rows


def test_every_epoch_is_the_formula() -> None:
    gamma, low = 0.9, 0.01
    cases: list[tuple[Factory, Callable[[int, float], float]]] = [
        (lambda s, o: s.LambdaLR(o, lambda t: 1 / (t + 1)), lambda t, lr: lr / (t + 1)),
        (lambda s, o: s.MultiplicativeLR(o, lambda t: gamma), lambda t, lr: lr * gamma**t),
        (lambda s, o: s.PolynomialLR(o, 8, 2), lambda t, lr: lr * (1 - min(t, 8) / 8) ** 2),
        (
            lambda s, o: s.CosineAnnealingWarmRestarts(o, 5, eta_min=low),
            lambda t, lr: low + (lr - low) * (1 + math.cos(math.pi * (t % 5) / 5)) / 2,
        ),
        (lambda s, o: s.CyclicLR(o, 0.0, 1.0, 4), lambda t, lr: 1 - abs(t % 8 - 4) / 4),
        (lambda s, o: s.StepLR(o, 4, gamma), lambda t, lr: lr * gamma ** (t // 4)),
        (lambda s, o: s.MultiStepLR(o, [2, 9, 9], gamma), lambda t, lr: lr * gamma ** ((t >= 2) + 2 * (t >= 9))),
        (lambda s, o: s.ConstantLR(o, 0.25, 6), lambda t, lr: lr * (0.25 if t < 6 else 1)),
        (lambda s, o: s.LinearLR(o, 0.2, 0.8, 10), lambda t, lr: lr * (0.2 + 0.6 * min(t / 10, 1))),
        (lambda s, o: s.ExponentialLR(o, gamma), lambda t, lr: lr * gamma**t),
        (
            lambda s, o: s.CosineAnnealingLR(o, 13, low),
            lambda t, lr: low + (lr - low) * (1 + math.cos(math.pi * t / 13)) / 2,
        ),
    ]
    for make, formula in cases:
        optimizer = make_optimizer(tg)
        scheduler = make(ours, optimizer)
        rows = walk(optimizer, [scheduler], EPOCHS)
        expected = [[formula(t, 0.1), formula(t, 0.3)] for t in range(EPOCHS)]
        assert_allclose(np.array(rows)[:, :2], expected, rtol=1e-9, err_msg=type(scheduler).__name__)


def test_one_cycle_by_hand() -> None:
    optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
    options = {"pct_start": 0.5, "div_factor": 10.0, "final_div_factor": 100.0}
    scheduler = ours.OneCycleLR(optimizer, 1.0, total_steps=11, anneal_strategy="linear", **options)
    seen = []
    for _ in range(11):
        group = optimizer.param_groups[0]
        seen.append((group["lr"], group["momentum"]))
        optimizer.step()
        scheduler.step()
    steps, ends = np.arange(11.0), [0.0, 4.5, 10.0]  # 0.5 * 11 - 1 = 4.5
    expected = np.interp(steps, ends, [0.1, 1.0, 0.001]), np.interp(steps, ends, [0.95, 0.85, 0.95])
    assert_allclose(np.array(seen), np.transpose(expected))


def test_one_cycle_that_rises_in_no_time_starts_at_the_top() -> None:
    optimizer = make_optimizer(tg)
    scheduler = ours.OneCycleLR(optimizer, 1.0, total_steps=10, pct_start=0.1)
    assert scheduler.get_last_lr() == [1.0, 1.0]


@each_scheduler
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_every_epoch_is_pytorchs(torch: Any, name: str, kind: str) -> None:
    mine, theirs = make_optimizer(tg, kind), make_optimizer(torch, kind)
    scheduler = SCHEDULERS[name](ours, mine)
    reference = SCHEDULERS[name](torch.optim.lr_scheduler, theirs)
    assert_allclose(walk(mine, [scheduler], EPOCHS), walk(theirs, [reference], EPOCHS), rtol=1e-15, atol=0)


def test_schedulers_combine_as_in_pytorch(torch: Any) -> None:
    def rows(lib: Any) -> Any:
        optimizer, s = make_optimizer(lib), lib.optim.lr_scheduler
        made = [s.ConstantLR(optimizer, 0.1, 5), s.ExponentialLR(optimizer, 0.95), s.CosineAnnealingLR(optimizer, 20)]
        return walk(optimizer, [*made, s.StepLR(optimizer, 10, 0.5)], EPOCHS)

    assert_allclose(rows(tg), rows(torch), rtol=1e-15, atol=0)


@each_scheduler
def test_resuming_from_state_dicts_is_the_same_as_going_on(name: str) -> None:
    optimizer = make_optimizer(tg)
    whole = walk(optimizer, [SCHEDULERS[name](ours, optimizer)], EPOCHS)
    for half in (1, 17, 30):
        first = make_optimizer(tg)
        scheduler = SCHEDULERS[name](ours, first)
        walk(first, [scheduler], half)
        saved = copy.deepcopy((scheduler.state_dict(), first.state_dict()))
        second = make_optimizer(tg)
        resumed = SCHEDULERS[name](ours, second)
        resumed.load_state_dict(saved[0])
        second.load_state_dict(saved[1])
        assert walk(second, [resumed], EPOCHS - half) == whole[half:]


@each_scheduler
def test_state_dicts_go_to_pytorch_and_back(torch: Any, name: str) -> None:
    libraries = [(tg, ours), (torch, torch.optim.lr_scheduler)]
    optimizer = make_optimizer(tg)
    whole = walk(optimizer, [SCHEDULERS[name](ours, optimizer)], EPOCHS)
    for (lib, s), (other_lib, other_s) in (libraries, libraries[::-1]):
        for half in (3, 25):
            first = make_optimizer(lib)
            scheduler = SCHEDULERS[name](s, first)
            walk(first, [scheduler], half)
            second = make_optimizer(other_lib)
            resumed = SCHEDULERS[name](other_s, second)
            resumed.load_state_dict(copy.deepcopy(scheduler.state_dict()))
            second.load_state_dict(first.state_dict())
            assert_allclose(walk(second, [resumed], EPOCHS - half), whole[half:], rtol=1e-14, atol=0)


RESUMED: list[Factory] = [
    lambda s, o: s.LambdaLR(o, Sqrt(1.0), last_epoch=12),
    lambda s, o: s.StepLR(o, 7, last_epoch=12),
    lambda s, o: s.StepLR(o, 13, last_epoch=12),
    lambda s, o: s.MultiStepLR(o, [5, 13, 30], last_epoch=12),
    lambda s, o: s.ConstantLR(o, total_iters=20, last_epoch=12),
    lambda s, o: s.LinearLR(o, total_iters=30, last_epoch=12),
    lambda s, o: s.ExponentialLR(o, 0.9, last_epoch=12),
    lambda s, o: s.CosineAnnealingLR(o, 15, last_epoch=12),
    lambda s, o: s.OneCycleLR(o, 1.0, total_steps=80, last_epoch=12),
]


@pytest.mark.parametrize("make", RESUMED)
def test_resuming_after_an_epoch_is_pytorchs(torch: Any, make: Factory) -> None:
    def rows(lib: Any) -> Any:
        optimizer = make_optimizer(lib)
        for group in optimizer.param_groups:  # as a scheduler before had left them
            group.update(initial_lr=0.2, max_lr=1.0, min_lr=1e-3, max_momentum=0.95, base_momentum=0.85)
        return walk(optimizer, [make(lib.optim.lr_scheduler, optimizer)], 50)

    assert_allclose(rows(tg), rows(torch), rtol=1e-15, atol=0)


# ------------------------------------------------------------------------------------------------------------- plateaus

PLATEAUS: list[dict[str, Any]] = [
    {},
    {"patience": 1, "factor": 0.5},
    {"patience": 0, "cooldown": 3},
    {"mode": "max", "patience": 2, "threshold": 0.1},
    {"patience": 2, "threshold": 0.2, "threshold_mode": "abs"},
    {"mode": "max", "patience": 2, "threshold": 0.2, "threshold_mode": "abs"},
    {"patience": 0, "min_lr": 0.01},
    {"patience": 0, "min_lr": [0.0, 0.2]},
    {"patience": 0, "eps": 0.05},
]


def plateau_walk(lib: Any, options: dict[str, Any], start: int = 0, saved: Any = None) -> tuple[list[Any], Any]:
    metrics = 1 / (1 + np.arange(EPOCHS)) ** 0.3 + np.random.default_rng(0).normal(size=EPOCHS) * 0.1
    optimizer = make_optimizer(lib)
    scheduler = lib.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
    if saved is not None:
        scheduler.load_state_dict(saved[0])
        optimizer.load_state_dict(saved[1])
    rows, states = [], []
    for metric in metrics[start:]:
        scheduler.step(metric)
        rows.append(list(scheduler.get_last_lr()))
        states.append(copy.deepcopy((scheduler.state_dict(), optimizer.state_dict())))
    return rows, states


@pytest.mark.parametrize("options", PLATEAUS, ids=str)
def test_plateau_is_pytorchs(torch: Any, options: dict[str, Any]) -> None:
    rows, states = plateau_walk(tg, options)
    expected, their_states = plateau_walk(torch, options)
    assert_allclose(rows, expected, rtol=1e-15, atol=0)
    assert len({tuple(row) for row in rows}) > 1  # it did reduce
    assert plateau_walk(tg, options, 31, their_states[30])[0] == rows[31:]
    assert plateau_walk(torch, options, 31, states[30])[0] == expected[31:]
    assert plateau_walk(tg, options, 31, states[30])[0] == rows[31:]


def test_plateau_by_hand() -> None:
    optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = ours.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, cooldown=1, threshold=0.1)
    seen = []
    for metric in [10.0, 9.5, 8.0, 8.0, 7.9, 7.9, 7.9, 7.9, tg.tensor(1.0)]:
        scheduler.step(metric)
        seen.append(optimizer.param_groups[0]["lr"])
    #    best   bad   best  bad  reduced  cool  bad  reduced  best
    assert seen == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]


# ------------------------------------------------------------------------------------------------- manners and errors


def test_learning_rates_stay_python_floats() -> None:
    optimizer = make_optimizer(tg)
    scheduler = ours.LambdaLR(optimizer, lambda t: np.float64(0.5) ** t)
    optimizer.step()
    scheduler.step()
    assert [type(lr) for lr in scheduler.get_last_lr()] == [float, float]


def test_stepping_before_the_optimizer_warns() -> None:
    optimizer = make_optimizer(tg)
    scheduler = ours.ExponentialLR(optimizer, 0.9)
    with pytest.warns(UserWarning, match=r"before optimizer.step\(\)"):
        scheduler.step()
    optimizer.step()
    scheduler.step()


def test_a_sequence_in_a_sequence() -> None:
    optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=1.0)
    inner = ours.SequentialLR(optimizer, [ours.ConstantLR(optimizer, 0.5, 9), ours.ExponentialLR(optimizer, 0.5)], [2])
    outer = ours.SequentialLR(optimizer, [ours.ConstantLR(optimizer, 0.25, 9), inner], [2])
    seen = []
    for _ in range(7):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        outer.step()
    assert seen == [0.25, 0.25, 0.5, 0.5, 1.0, 0.5, 0.25]


def test_the_state_dict_has_no_optimizer_and_no_functions() -> None:
    optimizer = make_optimizer(tg)
    state = ours.LambdaLR(optimizer, [lambda t: 1.0, Sqrt(0.5)]).state_dict()
    assert "optimizer" not in state
    assert state["lr_lambdas"] == [None, {"scale": 0.5}]
    other = ours.LambdaLR(make_optimizer(tg), [lambda t: 1.0, Sqrt(9.0)])
    other.load_state_dict(state)
    assert other.lr_lambdas[1].scale == 0.5
    assert state["lr_lambdas"] == [None, {"scale": 0.5}]


MISUSES: list[tuple[Callable[[Any, Any], Any], type[Exception], str]] = [
    (lambda s, lib: s.StepLR(1, 2), TypeError, "int is not an Optimizer"),
    (lambda s, lib: s.ReduceLROnPlateau(1), TypeError, "int is not an Optimizer"),
    (lambda s, lib: s.OneCycleLR(1, 1.0, 10), TypeError, "int is not an Optimizer"),
    (lambda s, lib: s.StepLR(make_optimizer(lib), 2, last_epoch=3), KeyError, "'initial_lr' is not specified"),
    (lambda s, lib: s.LambdaLR(make_optimizer(lib), [float]), ValueError, "2 values of lr_lambda.*got 1"),
    (lambda s, lib: s.ConstantLR(make_optimizer(lib), 1.5), ValueError, "factor expected to be between 0 and 1, got 1.5"),
    (lambda s, lib: s.LinearLR(make_optimizer(lib), 0.0), ValueError, "start_factor expected .* got 0.0"),
    (lambda s, lib: s.LinearLR(make_optimizer(lib), 1.0, -0.5), ValueError, "end_factor expected .* got -0.5"),
    (lambda s, lib: s.OneCycleLR(make_optimizer(lib), 1.0), ValueError, "epochs, but got None; give total_steps"),
    (lambda s, lib: s.OneCycleLR(make_optimizer(lib), 1.0, epochs=3), ValueError, "steps_per_epoch, but got None"),
    (lambda s, lib: s.OneCycleLR(make_optimizer(lib), 1.0, -3), ValueError, "positive integer total_steps, but got -3"),
    (lambda s, lib: s.OneCycleLR(make_optimizer(lib), 1.0, 9, pct_start=2.0), ValueError, "pct_start, but got 2.0"),
    (lambda s, lib: s.OneCycleLR(make_optimizer(lib), 1.0, 9, anneal_strategy="no"), ValueError, "got 'no'"),
    (lambda s, lib: s.OneCycleLR(make_optimizer(lib), [1.0], 9), ValueError, "2 values of max_lr.*got 1"),
    (lambda s, lib: s.OneCycleLR(make_optimizer(lib, "Adagrad"), 1.0, 9), ValueError, "which Adagrad has not"),
    (lambda s, lib: s.SequentialLR(make_optimizer(lib), [], []), ValueError, "at least one scheduler"),
    (lambda s, lib: s.SequentialLR(make_optimizer(lib), [1], []), TypeError, "int at index 0 is not a scheduler"),
    (lambda s, lib: sequence(s, lib, s.ReduceLROnPlateau), ValueError, "does not support ReduceLROnPlateau"),
    (lambda s, lib: sequence(s, lib, lambda o: s.ExponentialLR(o, 1.0), [3]), ValueError, "1 schedulers and 1 mile"),
    (
        lambda s, lib: sequence(s, lib, lambda o: s.ExponentialLR(make_optimizer(lib), 1.0)),
        ValueError,
        "ExponentialLR at index 0 is another",
    ),
    (lambda s, lib: s.ReduceLROnPlateau(make_optimizer(lib), factor=1.0), ValueError, "< 1.0, got 1.0"),
    (lambda s, lib: s.ReduceLROnPlateau(make_optimizer(lib), mode="up"), ValueError, "mode must be .* got 'up'"),
    (
        lambda s, lib: s.ReduceLROnPlateau(make_optimizer(lib), threshold_mode="up"),
        ValueError,
        "threshold_mode must be .* got 'up'",
    ),
    (lambda s, lib: s.ReduceLROnPlateau(make_optimizer(lib), min_lr=[0.1]), ValueError, "2 values of min_lr.*got 1"),
    (lambda s, lib: s.LRScheduler(make_optimizer(lib)), NotImplementedError, "LRScheduler has no get_lr"),
]


def sequence(s: Any, lib: Any, make: Callable[[Any], Any], milestones: Any = ()) -> Any:
    optimizer = make_optimizer(lib)
    return s.SequentialLR(optimizer, [make(optimizer)], list(milestones))


@pytest.mark.parametrize(("misuse", "error", "message"), MISUSES)
def test_errors_say_what_was_wrong(misuse: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        misuse(ours, tg)


@pytest.mark.parametrize(("misuse", "error", "message"), MISUSES)
def test_exception_classes_are_pytorchs(torch: Any, misuse: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error):
        misuse(torch.optim.lr_scheduler, torch)


def test_more_steps_than_one_cycle_has_are_refused(torch: Any) -> None:
    for lib in (tg, torch):
        optimizer = make_optimizer(lib)
        scheduler = lib.optim.lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=3)
        walk(optimizer, [scheduler], 3)
        with pytest.raises(ValueError, match="Tried to step 4 times"):
            scheduler.step()


def test_a_state_cannot_bring_another_optimizer() -> None:
    optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.1)
    scheduler = tg.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    scheduler.load_state_dict({**scheduler.state_dict(), "optimizer": None, "last_epoch": 3})
    assert (scheduler.optimizer, scheduler.last_epoch) == (optimizer, 3)


def with_a_group_added(lib: Any, make: Factory) -> tuple[Any, Any]:
    optimizer = lib.optim.SGD([lib.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
    scheduler = make(lib.optim.lr_scheduler, optimizer)
    optimizer.add_param_group({"params": [lib.zeros(1, requires_grad=True)], "lr": 2.0})
    return optimizer, scheduler


def stepped(optimizer: Any, scheduler: Any, *metrics: float) -> list[float]:
    for _ in range(3):
        optimizer.step()
        scheduler.step(*metrics)
    return [group["lr"] for group in optimizer.param_groups]


@pytest.mark.parametrize(
    "make",
    [
        lambda s, optimizer: s.StepLR(optimizer, 2, 0.5),
        lambda s, optimizer: s.MultiStepLR(optimizer, [1, 2], 0.5),
        lambda s, optimizer: s.ExponentialLR(optimizer, 0.5),
        lambda s, optimizer: s.LinearLR(optimizer, 0.5, total_iters=2),
        lambda s, optimizer: s.ConstantLR(optimizer, 0.5, total_iters=2),
    ],
)
def test_a_group_that_was_added_is_scheduled_by_ratio(make: Factory) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    ours_, theirs = (stepped(*with_a_group_added(lib, make)) for lib in (tg, torch))
    assert ours_ == pytest.approx(theirs)


@pytest.mark.parametrize(
    "make",
    [
        lambda s, optimizer: s.LambdaLR(optimizer, lambda epoch: 0.5**epoch),
        lambda s, optimizer: s.CosineAnnealingLR(optimizer, 2),
        lambda s, optimizer: s.OneCycleLR(optimizer, 1.0, total_steps=5),
        lambda s, optimizer: s.SequentialLR(optimizer, [s.StepLR(optimizer, 2), s.StepLR(optimizer, 2)], [2]),
    ],
)
def test_a_group_that_was_added_has_no_learning_rate_at_the_start(make: Factory) -> None:
    optimizer, scheduler = with_a_group_added(tg, make)
    with pytest.raises(ValueError, match=r"expected 2 values of .*, but got 1; after add_param_group\(\) make a new"):
        stepped(optimizer, scheduler)


def test_a_plateau_reduces_a_group_that_was_added() -> None:
    def make(s: Any, optimizer: Any) -> Any:
        return s.ReduceLROnPlateau(optimizer, factor=0.5, patience=0, min_lr=0.4)

    assert stepped(*with_a_group_added(tg, make), 1.0) == [0.4, 0.5]
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    assert stepped(*with_a_group_added(torch, make), 1.0) == [0.4, 0.5]

    def make_listed(s: Any, optimizer: Any) -> Any:
        return s.ReduceLROnPlateau(optimizer, patience=0, min_lr=[0.4])

    with pytest.raises(ValueError, match="expected 2 values of min_lrs"):
        stepped(*with_a_group_added(tg, make_listed), 1.0)


@pytest.mark.parametrize(
    "name", ["step", "multistep", "exponential", "constant 9", "linear down", "cosine", "polynomial", "lambda"]
)
@pytest.mark.filterwarnings("ignore:The epoch parameter")
def test_a_step_to_an_epoch_is_pytorchs(torch: Any, name: str) -> None:
    for epoch in (0, 1, 3, 12):
        rates = []
        for lib, schedulers in ((tg, ours), (torch, torch.optim.lr_scheduler)):
            optimizer = make_optimizer(lib)
            scheduler = SCHEDULERS[name](schedulers, optimizer)
            optimizer.step()
            scheduler.step(epoch)
            rates.append(scheduler.get_last_lr())
        assert_allclose(*rates, rtol=1e-9)
