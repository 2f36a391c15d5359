"""The graph of a compiled step: nodes only where somebody looks, backward passes gone through at once, graphs that outlive the call."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from trainings import CALLS, batches, network, noted, same, stretches_of, warm

import tinygrad_mlp as torch
from tinygrad_mlp import nn, optim
from tinygrad_mlp.compiling.graphs import Graph, Recorder
from tinygrad_mlp.core.graph import Node
from tinygrad_mlp.nn import functional as F

Made = tuple[nn.Module, Callable[..., Any]]

# ------------------------------------------------------------------------------------------------------- backward passes


@pytest.mark.parametrize("forget", ["never", "outside", "inside"])
def test_gradients_that_accumulate(forget: str) -> None:
    def make() -> Made:
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

    same(make, batches(12), outside)


def test_several_backward_passes_in_a_call() -> None:
    def make() -> Made:
        model = network()
        o = optim.SGD(model.parameters(), 0.1)

        def step(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            o.zero_grad()
            out = model(x)
            first, second = F.cross_entropy(out, y), out.square().mean()
            first.backward(retain_graph=True)
            second.backward()
            F.cross_entropy(model(x * 2), y).backward()
            o.step()
            return first + second

        return model, step

    same(make, batches(8))


@pytest.mark.parametrize("retain", [False, True])
def test_a_second_pass_over_a_graph(retain: bool) -> None:
    w = torch.ones(3, requires_grad=True)

    def step(x: torch.Tensor) -> str:
        w.grad = None
        y = (w * w * x).sum()
        y.backward(retain_graph=retain)
        try:
            y.backward()
        except RuntimeError as error:
            return str(error)
        return "twice"

    compiled = torch.compile(step)
    for i in range(8):
        x = torch.full((3,), float(i))
        assert compiled(x) == step(x)
        compiled(x)
        assert w.grad.tolist() == [2.0 * i * (1 + retain)] * 3


def test_second_derivatives_and_autograd_grad() -> None:
    def step(x: torch.Tensor) -> torch.Tensor:
        (g,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
        (h,) = torch.autograd.grad(g.sum(), x)
        return h

    compiled = torch.compile(step)
    for i in range(8):
        assert compiled(torch.tensor([float(i), 2.0], requires_grad=True)).tolist() == [6.0 * i, 12.0]


def test_autograd_grad_of_inner_values(monkeypatch: pytest.MonkeyPatch) -> None:
    w = torch.ones(3, requires_grad=True)

    def step(x: torch.Tensor) -> list[Any]:
        y = w * x
        z = y.exp()
        return [g.tolist() for g in torch.autograd.grad(z.sum(), [y, w])] + [w.grad]

    compiled = torch.compile(step, fusion=False)
    for i in range(8):
        assert compiled(torch.full((3,), i / 8)) == step(torch.full((3,), i / 8))


def test_arguments_that_require_grad_get_their_gradients() -> None:
    compiled = torch.compile(lambda x: (x * x).sum().backward())
    for i in range(8):
        x = torch.tensor([float(i)], requires_grad=True)
        compiled(x)
        assert x.grad.item() == 2 * i


def test_a_cotangent_that_is_given() -> None:
    w = torch.ones(3, requires_grad=True)

    def step(x: torch.Tensor, g: torch.Tensor) -> None:
        w.grad = None
        (w * x).exp().backward(g)

    compiled = torch.compile(step)
    for i in range(8):
        x, g = torch.full((3,), i / 8), torch.arange(3.0) + i
        compiled(x, g)
        np.testing.assert_allclose(w.grad.tolist(), (g * x * x.exp()).tolist(), rtol=1e-6)


@pytest.mark.parametrize("fusion", [False, True])
def test_gradients_that_are_the_same_value_are_different_memory(fusion: bool) -> None:
    a, b = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)

    def step(x: torch.Tensor) -> None:
        a.grad = b.grad = None
        ((a + b) * x).sum().backward()

    compiled = torch.compile(step, fusion=fusion)
    for i in range(8):
        compiled(torch.full((3,), float(i)))
        a.grad.add_(1)
        assert (a.grad.tolist(), b.grad.tolist()) == ([i + 1.0] * 3, [float(i)] * 3)


@pytest.mark.parametrize("fusion", [False, True])
def test_gradients_of_autograd_grad_are_different_memory(fusion: bool) -> None:
    a, b = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)

    def step(x: torch.Tensor) -> Any:
        p, q = torch.autograd.grad(((a + b) * x).sum(), [a, b])
        p.mul_(2)
        return p.tolist(), q.tolist()

    compiled = torch.compile(step, fusion=fusion)
    for i in range(8):
        assert compiled(torch.full((3,), float(i))) == ([2.0 * i] * 3, [float(i)] * 3)


def test_gradients_that_are_clipped_once() -> None:
    def run(c: Callable[..., Any]) -> list[Any]:
        a, b = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)

        def step(x: torch.Tensor) -> Any:
            a.grad = b.grad = None
            ((a + b) * x).sum().backward()
            nn.utils.clip_grad_norm_([a, b], 1.0)
            return a.grad.tolist(), b.grad.tolist()

        f = c(step)
        return [f(torch.full((3,), float(i))) for i in range(8)]

    assert run(lambda f: torch.compile(f, fusion=False)) == run(lambda f: f)


LEAF_GRADIENTS: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "the cotangent itself": lambda w, x: w.sum() + 1,
    "of a number": lambda w, x: w[0] + 1,
    "another tensor": lambda w, x: (w * x).sum(),
    "a view": lambda w, x: (w.reshape(3, 1) * x.reshape(3, 1)).sum(),
    "a row": lambda w, x: (w + x.expand(2, 3)).sum(),
    "two ways": lambda w, x: (w * x).sum() + (w * x).sum(),
    "as it came": lambda w, x: (x * 1).dot(w),
}


@pytest.mark.parametrize("fusion", [False, True])
@pytest.mark.parametrize("name", LEAF_GRADIENTS)
def test_a_gradient_belongs_to_its_leaf(name: str, fusion: bool) -> None:
    """It may be written, which changes neither arguments nor what later calls give."""

    def run(c: Callable[..., Any]) -> list[Any]:
        w = torch.ones(3, requires_grad=True)

        def step(x: torch.Tensor) -> torch.Tensor:
            w.grad = None
            loss = LEAF_GRADIENTS[name](w, x)
            loss.backward()
            return loss

        f, seen = c(step), []
        for i in range(8):
            x = torch.full((3,), i / 8)
            f(x)
            seen.append([w.grad.tolist(), x.tolist()])
            w.grad.mul_(5).add_(1)
            seen.append([w.grad.tolist(), x.tolist()])
        return seen

    assert run(lambda f: torch.compile(f, fusion=fusion)) == run(lambda f: f)


@pytest.mark.parametrize("fusion", [False, True])
def test_the_gradient_of_a_scalar_leaf(fusion: bool) -> None:
    w = torch.ones((), requires_grad=True)

    def step() -> None:
        w.grad = None
        (w + 1).backward()

    compiled = torch.compile(step, fusion=fusion)
    for _ in range(8):
        compiled()
        assert w.grad.item() == 1
        w.grad.mul_(5)


def test_a_backward_pass_is_recorded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network()
    o = optim.SGD(model.parameters(), 0.1)

    def step(x: torch.Tensor, y: torch.Tensor) -> None:
        o.zero_grad()
        F.cross_entropy(model(x), y).backward()
        o.step()

    recorded = noted(monkeypatch, Recorder, "finished")
    compiled = torch.compile(step)
    warm(compiled, *batches(1)[0], calls=8)
    assert len(recorded) == 1


# ------------------------------------------------------------------------------------------------ nodes that are looked at


def test_hooks_run_in_every_call() -> None:
    w = torch.ones(2, requires_grad=True)
    seen: list[Any] = []
    w.register_hook(lambda g: (seen.append(g.tolist()), g * 10)[1])

    def step(x: torch.Tensor) -> None:
        w.grad = None
        (w * x).sum().backward()

    compiled = torch.compile(step)
    for i in range(8):
        compiled(torch.tensor([1.0, float(i)]))
        assert w.grad.tolist() == [10.0, 10.0 * i]
    assert seen == [[1.0, float(i)] for i in range(8)]


@pytest.mark.parametrize("when", ["always", "from the fifth call", "in every second call"])
@pytest.mark.parametrize("where", ["leaf", "inner", "output"])
def test_hooks_that_come_and_go(when: str, where: str) -> None:
    def run(c: Callable[..., Any]) -> list[Any]:
        w = torch.ones(2, requires_grad=True)
        call, seen = [0], []

        def hooked() -> bool:
            return {"always": True, "from the fifth call": call[0] >= 5, "in every second call": call[0] % 2 == 1}[when]

        def step(x: torch.Tensor) -> torch.Tensor:
            w.grad = None
            y = w * x
            z = y.exp()
            at = {"leaf": w, "inner": y, "output": z}[where]
            handle = at.register_hook(lambda g: (seen.append(g.tolist()), g * 2)[1]) if hooked() else None
            z.sum().backward()
            if handle is not None:
                handle.remove()
            return z

        f = c(step)
        states = []
        for i in range(12):
            call[0] = i
            states.append((f(torch.tensor([1.0, i / 12])).tolist(), w.grad.tolist()))
        return [states, seen]

    assert run(lambda f: torch.compile(f, fusion=False)) == run(lambda f: f)


def test_retained_gradients_of_inner_values() -> None:
    w = torch.ones(2, requires_grad=True)
    retains = [False]

    def step(x: torch.Tensor) -> Any:
        w.grad = None
        y = w * x
        if retains[0]:
            y.retain_grad()
        (y * y).sum().backward()
        return y.grad.tolist() if retains[0] else None, w.grad.tolist()

    compiled = torch.compile(step)
    for i in range(16):
        retains[0] = i % 4 > 1
        assert compiled(torch.tensor([1.0, float(i)])) == step(torch.tensor([1.0, float(i)]))


def test_grad_fn_is_that_of_the_operation() -> None:
    w = torch.ones(2, requires_grad=True)

    def step(x: torch.Tensor) -> list[Any]:
        z = (w * x).exp().sum()
        names, node = [], z.grad_fn
        while node is not None:
            names.append(node.name() if callable(getattr(node, "name", None)) else type(node).__name__)
            node = next((n for n, _ in node.next_functions if n is not None), None)
        return names

    compiled = torch.compile(step)
    for _ in range(8):
        assert compiled(torch.ones(2)) == step(torch.ones(2))


def test_a_graph_from_before_notices_the_write() -> None:
    w = torch.ones(2, requires_grad=True)

    def step(x: torch.Tensor) -> None:
        with torch.no_grad():
            w.add_(x)

    compiled = warm(torch.compile(step), torch.ones(2))
    y = (w * w).sum()
    compiled(torch.ones(2))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


@pytest.mark.parametrize("kind", ["SGD", "add_"])
@pytest.mark.parametrize("calls", range(6))
def test_a_graph_within_notices_the_write(kind: str, calls: int) -> None:
    def run(c: Callable[..., Any]) -> list[str]:
        w = torch.ones(2, requires_grad=True)
        o = optim.SGD([w], 0.1)

        def step(x: torch.Tensor, late: bool) -> str:
            o.zero_grad()
            y, z = (w * w * x).sum(), (w.exp() * x).sum()
            z.backward()
            if kind == "SGD":
                o.step()
            else:
                with torch.no_grad():
                    w.add_(1)
            if late:
                try:
                    y.backward()
                except RuntimeError as error:
                    return str(error).partition("line ")[0]
            return "none"

        f = c(step)
        return [f(torch.ones(2), i >= calls) for i in range(calls + 3)]

    assert run(torch.compile) == run(lambda f: f)


# ------------------------------------------------------------------------------------------- graphs that outlive the call


def test_backward_after_the_call() -> None:
    def make() -> Made:
        model = network()
        forward = torch.compile(model) if compiles[0] else model

        def step(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            model.zero_grad()
            loss: torch.Tensor = F.cross_entropy(forward(x), y)
            loss.backward()
            with torch.no_grad():
                for p in model.parameters():
                    p.sub_(p.grad, alpha=0.1)
            return loss

        return model, step

    results = []
    for compiled in (False, True):
        compiles = [compiled]
        model, step = make()
        losses = [step(*batch).item() for batch in batches(10)]
        results.append([*losses, *(v for p in model.parameters() for v in p.flatten().tolist())])
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5, atol=1e-7)


def test_backward_after_the_call_is_computed_together(monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.Sequential(nn.Linear(6, 8), nn.Sigmoid(), nn.Linear(8, 4))
    compiled = torch.compile(model)
    x, y = batches(1)[0]
    for _ in range(CALLS + 2):
        model.zero_grad()
        F.cross_entropy(compiled(x), y).backward()
    by_nodes = noted(monkeypatch, Graph, "pulled")
    model.zero_grad()
    with stretches_of(monkeypatch) as computed:
        F.cross_entropy(compiled(x), y).backward()
    assert by_nodes == []
    assert len(computed) == 2  # forward, and backward
    assert len(compiled._compiled.programs) == 2


def test_two_outputs_of_one_graph() -> None:
    def run(c: Callable[..., Any]) -> list[Any]:
        w = torch.linspace(0.1, 1.0, 3, requires_grad=True)
        f = c(lambda x: ((w * x).exp(), (w * x).sin()))
        found = []
        for i in range(12):
            w.grad = None
            a, b = f(torch.full((3,), i / 10))
            if i % 3 == 0:
                (a.sum() + b.sum()).backward()
            elif i % 3 == 1:
                a.sum().backward()
            else:
                b.square().sum().backward(retain_graph=True)
                found.append(w.grad.tolist())
                (b * a).sum().backward()
            found.append(w.grad.tolist())
        return found

    np.testing.assert_allclose(run(torch.compile), run(lambda f: f), rtol=1e-6)


def test_outputs_of_one_call_have_one_graph() -> None:
    """As in PyTorch: a pass from one of them lets go of what the others need, too."""
    w = torch.ones(3, requires_grad=True)
    f = warm(torch.compile(lambda x: ((w * x).exp(), (w * x).sin())), torch.ones(3))
    a, b = f(torch.ones(3))
    a.sum().backward()
    with pytest.raises(RuntimeError, match="a second time"):
        b.sum().backward()


WAYS: dict[str, Callable[[Any, Any, torch.Tensor], Any]] = {
    "a step": lambda step, model, x: step(x),
    "forward": lambda step, model, x: model(x).sum().item(),
    "forward without gradients": lambda step, model, x: model(x.detach()).detach(),
    "forward and backward": lambda step, model, x: model(x).sum().backward(),
    "two in flight": lambda step, model, x: (model(x) + model(x * 2)).sum().backward(),
    "a pass that is retained": lambda step, model, x: model(x).sum().backward(retain_graph=True),
}


@pytest.mark.parametrize("way", WAYS)
def test_memory_goes_without_the_garbage_collector(way: str) -> None:
    """Arrays are not part of a cycle of references, as they would pile up until the collector comes."""
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(256, 256), nn.Tanh(), nn.Linear(256, 256), nn.Tanh())
    o = optim.SGD(plain.parameters(), 0.01)

    def train(x: torch.Tensor) -> None:
        o.zero_grad()
        plain(x).sum().backward()
        o.step()

    step, model, x = torch.compile(train), torch.compile(plain), torch.randn(256, 256)

    def call() -> None:
        plain.zero_grad()
        WAYS[way](step, model, x)

    for _ in range(CALLS + 6):
        call()
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        call()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(20):
            call()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    grown = (after - before) / (4 * 256 * 256)
    assert grown < 1, f"{grown / 20:.1f} arrays a call"


def test_nodes_are_not_made_for_results_that_nobody_differentiates(monkeypatch: pytest.MonkeyPatch) -> None:
    w = torch.ones(3, requires_grad=True)
    compiled = warm(torch.compile(lambda x: (w * x).exp().sum()), torch.ones(3), calls=CALLS + 2)
    made = noted(monkeypatch, Node, "__init__")
    results = [compiled(torch.ones(3)) for _ in range(3)]
    assert [r.requires_grad for r in results] == [True] * 3
    assert [round(r.item(), 4) for r in results] == [round(3 * np.e, 4)] * 3
    assert made == []


@pytest.mark.parametrize("mode", ["no_grad", "inference_mode"])
def test_modes_within(mode: str) -> None:
    w = torch.ones(2, requires_grad=True)

    def step(x: torch.Tensor, quiet: bool) -> torch.Tensor:
        if quiet:
            with getattr(torch, mode)():
                return (w * x).exp()
        return (w * x).exp()

    compiled = torch.compile(step, fusion=False)
    for i in range(16):
        x, quiet = torch.full((2,), i / 16), i % 4 > 1
        got, expected = compiled(x, quiet), step(x, quiet)
        assert (got.tolist(), got.requires_grad, got.is_inference()) == (
            expected.tolist(),
            expected.requires_grad,
            expected.is_inference(),
        )
