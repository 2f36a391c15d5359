"""Threads: recording, the graph and the default generator are each thread's own; two trainings do not disturb each other."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.checkpoints import RandomStreams
from tinygrad_mlp.utils.data import DataLoader, TensorDataset


@pytest.fixture(autouse=True)
def switching_often() -> Iterator[None]:
    """Threads take turns every few bytecodes, so that what they share, they meet in."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def side_by_side(*tasks: Callable[[], Any]) -> list[Any]:
    """The results of tasks that begin at the same time, each in a thread of its own."""
    together = threading.Barrier(len(tasks))

    def begun(task: Callable[[], Any]) -> Any:
        together.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(begun, tasks))


def in_turns(*tasks: Callable[[threading.Barrier], Any]) -> list[Any]:
    """The results of tasks that wait for each other at the same places."""
    barrier = threading.Barrier(len(tasks), timeout=10)
    return side_by_side(*(lambda task=task: task(barrier) for task in tasks))


def test_modes_are_each_threads_own() -> None:
    def without(barrier: threading.Barrier) -> tuple[bool, bool]:
        with tg.no_grad():
            barrier.wait()
            recorded = (tg.ones(1, requires_grad=True) * 2).requires_grad
            barrier.wait()
        return recorded, tg.is_grad_enabled()

    def with_it(barrier: threading.Barrier) -> tuple[bool, bool]:
        barrier.wait()
        recorded = (tg.ones(1, requires_grad=True) * 2).requires_grad
        barrier.wait()
        return recorded, tg.is_grad_enabled()

    def inference(barrier: threading.Barrier) -> tuple[bool, bool]:
        with tg.inference_mode():
            barrier.wait()
            is_inference = tg.ones(1).is_inference()
            barrier.wait()
        return is_inference, tg.is_inference_mode_enabled()

    assert in_turns(without, with_it, inference) == [(False, True), (True, True), (True, False)]


def test_a_graph_is_walked_in_another_thread_than_made_it() -> None:
    x = tg.tensor([2.0, 3.0], requires_grad=True)
    y = (x**3).sum()
    with tg.no_grad():
        (gradient,) = side_by_side(lambda: tg.autograd.grad(y, x, create_graph=True)[0])
    assert gradient.tolist() == [12, 27]
    assert gradient.requires_grad  # recording was off in this thread alone
    assert tg.autograd.grad(gradient.sum(), x)[0].tolist() == [12, 18]


def test_graphs_are_built_and_walked_at_the_same_time() -> None:
    def gradients(k: int) -> list[list[float]]:
        results = []
        for i in range(60):
            x = tg.full((3,), float(k + i), requires_grad=True)
            (first,) = tg.autograd.grad((x**3).sum(), x, create_graph=True)
            first.sum().backward()
            assert x.grad is not None
            results.append(x.grad.tolist())
        return results

    found = side_by_side(*(lambda k=k: gradients(k) for k in range(4)))
    assert found == [[[6.0 * (k + i)] * 3 for i in range(60)] for k in range(4)]


def training(seed: int, compiled: bool, width: int) -> list[Any]:
    """A training whose every random number is its own: the weights, losses and evaluations."""
    streams = RandomStreams(seed)
    with streams.using("init"):
        model = nn.Sequential(nn.Linear(6, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.4), nn.Linear(width, 3))
        data = TensorDataset(tg.randn(48, 6), tg.randint(3, (48,)))
    optimizer = tg.optim.Adam(model.parameters(), lr=0.01)
    loader = DataLoader(data, batch_size=8, shuffle=True, generator=streams["shuffle"])

    def step(inputs: tg.Tensor, targets: tg.Tensor) -> tg.Tensor:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(inputs), targets)
        loss.backward()
        optimizer.step()
        return loss

    run = tg.compile(step) if compiled else step
    results: list[Any] = []
    with streams.using("dropout"):
        for _ in range(5):
            for inputs, targets in loader:
                results.append(run(inputs, targets).item())
            model.eval()
            with tg.no_grad():
                results.append(model(data.tensors[0]).sum().item())
            model.train()
    return [*results, *(value.tolist() for value in model.state_dict().values())]


@pytest.mark.parametrize("compiled", [(False, False), (True, True), (True, False)])
def test_two_trainings_side_by_side_are_those_of_each_alone(compiled: tuple[bool, bool]) -> None:
    tasks = [lambda i=i: training(i, compiled[i], 16 + 8 * i) for i in range(2)]
    alone = [task() for task in tasks]
    assert alone[0] != alone[1]
    for _ in range(3):
        assert side_by_side(*tasks) == alone


def test_a_compiled_step_is_not_learnt_again_for_what_other_threads_do_to_their_modules() -> None:
    model = nn.Linear(2, 1)
    step = tg.compile(lambda x: model(x).sum())
    x = tg.ones(3, 2)
    for _ in range(5):
        step(x)
    lines, programs = step.count, step.programs
    assert len(programs) == 1
    side_by_side(lambda: nn.Linear(2, 2))
    side_by_side(lambda: setattr(model, "in_features", 2))
    step(x)
    assert (step.count, step.programs) == (lines, programs)


def test_each_thread_follows_for_itself() -> None:
    weight = tg.ones(3, requires_grad=True)
    step = tg.compile(lambda x: ((weight * x).exp().sum().item(), (x * 2).sum()))

    def work(k: int) -> list[Any]:
        return [(first, second.item()) for first, second in (step(tg.full((3,), k + i / 20)) for i in range(20))]

    tasks = [lambda k=k: work(k) for k in range(2)]
    expected = [[pytest.approx((3 * np.exp(k + i / 20), 6 * (k + i / 20)), rel=1e-5) for i in range(20)] for k in range(2)]
    for _ in range(5):
        assert side_by_side(*tasks) == expected


@pytest.mark.parametrize("own", [True, False])
def test_the_default_generator_is_shared_unless_a_thread_has_its_own(own: bool) -> None:
    def draws(k: int) -> list[float]:
        with RandomStreams(k).using("dropout") if own else nullcontext():
            return [tg.rand(1).item() for _ in range(200)]

    drawn = side_by_side(*(lambda k=k: draws(k) for k in range(2)))
    if own:
        assert drawn == [draws(0), draws(1)]
    else:  # each number once, in one of the two
        tg.manual_seed(0)
        assert sorted(drawn[0] + drawn[1]) == sorted(tg.rand(1).item() for _ in range(400))
