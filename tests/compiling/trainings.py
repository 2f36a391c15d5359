"""Trainings, by themselves and compiled, held against each other; and what a compiled step did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as torch
from tinygrad_mlp import nn, optim
from tinygrad_mlp.compiling.following import Line
from tinygrad_mlp.compiling.instruction import Instruction
from tinygrad_mlp.compiling.stretches import Stretch
from tinygrad_mlp.nn import functional as F

__all__ = [
    "CALLS", "OPTIMIZERS", "Batch", "Make", "Tiny", "X", "agree", "batches", "instructions", "lines_of", "names", "network", "noted", "run",
    "same", "stretches_of", "training_step", "warm",
]  # fmt: skip

CALLS = 4  # a program computes from this call on: one makes lines, two follow them
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
Make = Callable[[], tuple[nn.Module, Callable[..., Any]]]


def batches(count: int, size: int = 16, features: int = 6, classes: int = 4) -> list[Batch]:
    """Inputs and classes, from one seed."""
    rng = np.random.default_rng(0)
    return [
        (
            torch.tensor(rng.standard_normal((size, features)).astype(np.float32)),
            torch.tensor(rng.integers(0, classes, size)),
        )
        for _ in range(count)
    ]


def network(noisy: bool = False) -> nn.Sequential:
    """From six features to four classes."""
    torch.manual_seed(0)
    middle: list[nn.Module] = [nn.BatchNorm1d(8), nn.GELU(), nn.Dropout(0.3)] if noisy else [nn.Sigmoid()]
    return nn.Sequential(nn.Linear(6, 8), *middle, nn.Linear(8, 4))


def training_step(model: nn.Module, optimizer: optim.Optimizer, **options: Any) -> Callable[..., torch.Tensor]:
    """The ordinary one, with cross-entropy."""

    def step(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        loss: torch.Tensor = F.cross_entropy(model(x), y, **options)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


# ------------------------------------------------------------------------------------------ compiled and by themselves


def run(fusion: bool | None, make: Make, data: Sequence[Any], *after: Any) -> Any:
    """The losses, the model's state and gradients after each batch of ``data``; between batches ``after`` is called."""
    torch.manual_seed(0)
    model, step = make()
    compiled = step if fusion is None else torch.compile(step, fusion=fusion)
    results = []
    for i, batch in enumerate(data):
        results.append(compiled(*batch).tolist())
        for f in after:
            f(model, i)
    return results, [v.tolist() for v in model.state_dict().values()], [p.grad.tolist() for p in model.parameters()]


def same(make: Make, data: Sequence[Any], *after: Any) -> None:
    """By itself and compiled: the same bits, and with fusion the same but for rounding, held in float64."""
    assert run(False, make, data, *after) == run(None, make, data, *after)
    torch.set_default_dtype(torch.float64)
    try:
        double = [(x.double(), *rest) for x, *rest in data]
        outcomes = [run(fusion, make, double, *after) for fusion in (True, None)]
    finally:
        torch.set_default_dtype(torch.float32)
    for got, expected in zip(*outcomes, strict=True):
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)  # a gradient of 0 but for rounding may turn


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


X = torch.tensor([1.0, 0.5])


class Tiny:
    """One parameter, an optimizer, and all that a step may find changed between calls."""

    def __init__(self, make: Callable[[Any], optim.Optimizer] = lambda p: optim.SGD(p, 0.1, momentum=0.9)) -> None:
        self.make = make
        self.reset()

    def reset(self) -> None:
        """As it was."""
        self.a = torch.ones(2, requires_grad=True)
        self.b = torch.ones(2, requires_grad=True)
        self.o = self.make([self.a])

    def step(self, x: torch.Tensor, train: bool = True) -> None:
        """One."""
        loss = (self.a * self.a * self.b * x).sum()
        if train:
            self.o.zero_grad()
            self.b.grad = None
            loss.backward()
            self.o.step()

    def state(self) -> Any:
        """What can be seen of it."""
        return [self.a.tolist(), self.b.tolist()]


# ---------------------------------------------------------------------------------------------- what a compiled step did


def warm(step: Any, *args: Any, calls: int = CALLS) -> Any:
    """The step after so many calls."""
    for _ in range(calls):
        step(*args)
    return step


def instructions(step: Any) -> list[Instruction]:
    """Those of a step's programs."""
    return [instruction for program in step.programs for instruction in program.instructions]


def names(step: Any) -> list[str]:
    """What a step's programs call, in order."""
    return [i.name for i in instructions(step)]


def lines_of(step: Any) -> list[Line]:
    """All lines that a step keeps, with those of its backward passes."""
    found, stack = [], [step.root]
    while stack:
        line = stack.pop()
        found.append(line)
        stack += [other for siblings in line.next.values() for other in siblings]
        stack += [other for sweep in line.sweeps.values() if sweep is not None for other in sweep.lines]
    return found


def noted(patch: pytest.MonkeyPatch, of: type, name: str) -> list[Any]:
    """A list of the objects of a class whose method is called from now on."""
    objects: list[Any] = []
    method = getattr(of, name)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        objects.append(self)
        return method(self, *args, **kwargs)

    patch.setattr(of, name, call)
    return objects


@contextmanager
def stretches_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, int]]]:
    """A list of the stretches that are computed in a block: their first line, and the one after the last."""
    computed: list[tuple[int, int]] = []
    compute = Stretch.run

    def run(self: Stretch, *args: Any) -> None:
        computed.append((self.low, self.high))
        compute(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Stretch, "run", run)
        yield computed
