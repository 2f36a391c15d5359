"""Programs that part from their eager twins where a compiler believes too much: views, hooks, branches, kinds of tensors, interrupts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as torch
from tinygrad_mlp import nn
from tinygrad_mlp.compiling import stretches
from tinygrad_mlp.nn import functional as F

CALLS = 8
Compile = Callable[[Any], Any]
PROGRAMS: list[Callable[[Compile], Any]] = []


def program(run: Callable[[Compile], Any]) -> Callable[[Compile], Any]:
    """Enter a program, which is given ``compile`` or what leaves a function as it is."""
    PROGRAMS.append(run)
    return run


def attempt(f: Callable[..., Any], *args: Any) -> Any:
    """The values of a result, or the error."""
    try:
        result = f(*args)
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:60]}"
    return result.detach().numpy().tolist() if isinstance(result, torch.Tensor) else result


def passes(c: Compile, function: Callable[[Any], Any], w: Any, make: Callable[[], Any]) -> list[Any]:
    """The errors and gradients of backward passes outside the call."""
    f, seen = c(function), []
    for _ in range(CALLS):
        w.grad = None
        seen += [attempt(lambda: f(make()).sum().backward()), w.grad.tolist() if w.grad is not None else None]
    return seen


@program
def a_view_is_saved_and_its_memory_written(c: Compile) -> Any:
    w, b = nn.Parameter(torch.rand(3, 3)), nn.Parameter(torch.rand(3))

    def f(x: Any) -> Any:
        y = F.linear(x[0].reshape(-1, 3), w, b)
        x.mul_(2.0)
        w.grad = None
        y.sum().backward()
        return w.grad

    f = c(f)
    return [attempt(f, torch.rand(3, 3)) for _ in range(CALLS)]


@program
def a_parameter_is_written_between_forward_and_backward(c: Compile) -> Any:
    w, b = nn.Parameter(torch.rand(3, 3)), nn.Parameter(torch.rand(3))

    def f() -> Any:
        y = (w[0] * b).sum()
        b.grad = None
        with torch.no_grad():
            w.add_(1)
        y.backward()
        return b.grad

    f = c(f)
    return [attempt(f) for _ in range(CALLS)]


@program
def a_detached_value_is_saved_and_the_memory_written(c: Compile) -> Any:
    w = nn.Parameter(torch.rand(3))

    def f(x: Any) -> Any:
        h = x.exp()
        y = (h.detach() * w).sum()
        h.mul_(2.0)
        w.grad = None
        y.backward()
        return w.grad

    f = c(f)
    return [attempt(f, torch.rand(3)) for _ in range(CALLS)]


@program
def the_target_of_grad_has_a_hook(c: Compile) -> Any:
    w, seen = nn.Parameter(torch.rand(3)), []

    def f(x: Any, hooked: bool) -> Any:
        u = w * x
        if hooked:
            u.register_hook(lambda g: (seen.append(1), g * 1.5)[1])
        return torch.autograd.grad((u * 2).sum(), [u])[0]

    f = c(f)
    return [attempt(f, torch.rand(3), i % 3 != 1) for i in range(CALLS)], len(seen)


VIEWS: list[Callable[[Any], Any]] = [
    lambda w: w[:2],
    lambda w: w.reshape(-1),
    lambda w: w[-1],
    lambda w: w.chunk(2)[1],
    lambda w: w[0].expand(2, 3),
]


@program
def a_view_of_a_parameter_leaves_the_call(c: Compile) -> Any:
    w = nn.Parameter(torch.rand(4, 3))
    return [passes(c, lambda x, view=view: view(w), w, lambda: torch.rand(3)) for view in VIEWS]


@program
def a_view_of_an_argument_with_a_history_leaves_the_call(c: Compile) -> Any:
    w = nn.Parameter(torch.rand(4, 3))
    return passes(c, lambda h: h[-1], w, lambda: w * 2)


@program
def an_argument_is_drawn_anew_before_a_backward_pass_outside(c: Compile) -> Any:
    w = nn.Parameter(torch.rand(2, 3))

    def f(x: Any) -> Any:
        z = torch.maximum(w, x * 1)
        x.uniform_()
        return z

    return passes(c, f, w, lambda: torch.rand(2, 3))


@program
def a_branch_writes_and_goes_on_like_the_other(c: Compile) -> Any:
    def f(y: Any, write: bool) -> Any:
        z = y.exp()
        if write:
            y.add_(1)
            return y * 2
        return z * 2

    f = c(f)
    return [attempt(f, torch.rand(3), i % 2 == 1) for i in range(CALLS)]


@program
def a_number_is_filled_at_random(c: Compile) -> Any:
    w = nn.Parameter(torch.rand(3))

    def fill(name: str, *args: Any) -> Any:
        def f(x: Any) -> Any:
            s = x.prod()
            getattr(s, name)(*args)
            return s.detach() * w

        f = c(f)
        return [attempt(f, torch.rand(3)) for _ in range(CALLS)]

    return [fill("uniform_"), fill("normal_"), fill("bernoulli_", 0.5), fill("random_", 9)]


@program
def an_inference_tensor_comes_later(c: Compile) -> Any:
    w = nn.Parameter(torch.rand(3))
    f, seen = c(lambda y: w * y), []
    for i in range(CALLS):
        y = torch.rand(3)
        if i > 4:
            with torch.inference_mode():
                y = y * 2
        seen.append(attempt(f, y))
    return seen


@program
def a_loop_gets_longer(c: Compile) -> Any:
    w = nn.Parameter(torch.rand(50))

    def f(x: Any, n: int) -> Any:
        w.grad, loss = None, torch.zeros(())
        for k in range(n):
            loss = loss + (w * x * k).sum()
        loss.backward()
        return w.grad

    f = c(f)
    return [attempt(f, torch.rand(50), n) for n in (1, 2, 3, 4, 4, 4)]


@pytest.mark.parametrize("run", PROGRAMS, ids=lambda run: run.__name__)
def test_it_is_as_eagerly(run: Callable[[Compile], Any]) -> None:
    seen = []
    for c in (lambda f: f, lambda f: torch.compile(f, fusion=False), torch.compile):
        torch.manual_seed(0)
        seen.append(run(c))
    assert seen[1] == seen[0]
    assert _near(seen[2], seen[0]), (seen[2], seen[0])


def _near(a: Any, b: Any) -> bool:
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(_near, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return bool(np.isclose(a, b, rtol=1e-5, atol=1e-7, equal_nan=True))
    return bool(a == b)


def test_an_interrupt_while_numbers_are_computed_leaves_everything_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 4))
    optimizer = torch.optim.Adam(model.parameters())

    @torch.compile
    def step(x: torch.Tensor) -> torch.Tensor:
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    x = torch.randn(16, 6)
    for _ in range(CALLS):
        step(x)
    before = [p.detach().clone() for p in model.parameters()]

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(stretches._Instance, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            step(x)
    for p, value in zip(model.parameters(), before, strict=True):
        assert torch.equal(p, value)  # it came before the first write
        assert p.grad is not None
        assert p.grad.isfinite().all()
        for entry in optimizer.state[p].values():
            assert not isinstance(entry, torch.Tensor) or entry.isfinite().all()
    assert step(x).isfinite()
