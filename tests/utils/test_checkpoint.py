"""Checkpoints: the same gradients, less that is saved, the same random numbers."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential


def model_and_input() -> tuple[Any, Any]:
    tg.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 4), nn.GELU(), nn.Linear(4, 2))
    return model, tg.rand(5, 3).requires_grad_()


WAYS: dict[str, Any] = {
    "reentrant": lambda m, x: checkpoint(m, x, use_reentrant=True),
    "one graph": lambda m, x: checkpoint(m, x, use_reentrant=False),
    "segments": lambda m, x: checkpoint_sequential(m, 2, x, use_reentrant=False),
    "reentrant segments": lambda m, x: checkpoint_sequential(m, 3, x, use_reentrant=True),
    "nested": lambda m, x: checkpoint(lambda a: checkpoint(m[3:], checkpoint(m[:3], a, use_reentrant=False), use_reentrant=False), x, use_reentrant=False),
}  # fmt: skip


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_gradients_are_those_without(way: str, compiled: bool) -> None:
    model, x = model_and_input()

    def run(call: Any) -> list[Any]:
        model.zero_grad()
        x.grad = None
        tg.manual_seed(1)
        call(model, x).pow(2).sum().backward()
        return [x.grad, *(p.grad for p in model.parameters())]

    expected = run(lambda m, x: m(x))
    step = tg.compile(run) if compiled else run
    for _ in range(4):
        for a, b in zip(step(WAYS[way]), expected, strict=True):
            assert tg.allclose(a, b, rtol=1e-6)


def test_random_numbers_go_on_and_are_drawn_again() -> None:
    model, x = model_and_input()
    tg.manual_seed(1)
    model(x)
    after = tg.rand(1)
    for reentrant in (True, False):
        tg.manual_seed(1)
        y = checkpoint(model, x, use_reentrant=reentrant)
        assert tg.rand(1) == after
        y.sum().backward()


def test_second_derivatives_and_forms_of_arguments() -> None:
    x = tg.tensor([0.3, 0.7], dtype=tg.float64, requires_grad=True)

    def f(x: Any, *, k: float, more: dict[str, Any]) -> Any:
        return {"y": (x * k).sin() * more["z"]}

    def second(call: Any) -> Any:
        y = call(f)["y"]
        (g,) = tg.autograd.grad(y.sum(), x, create_graph=True)
        return tg.autograd.grad(g.exp().sum(), x)[0]

    more = {"z": x * 2}
    expected = second(lambda f: f(x, k=2.0, more=more))
    assert tg.allclose(second(lambda f: checkpoint(f, x, k=2.0, more=more, use_reentrant=False)), expected)


def test_less_is_saved() -> None:
    def f(x: Any) -> Any:
        for _ in range(5):
            x = x.exp().tanh()
        return x

    calls = []
    x = tg.ones(3, requires_grad=True)
    y = checkpoint(lambda a: calls.append(1) or f(a), x, use_reentrant=False)
    node, arrays = y.grad_fn, 0
    while node is not None:
        arrays += sum(hasattr(value, "nbytes") for value in (node.saved or {}).values())
        node = node.next_functions[0][0] if node.next_functions else None
    assert arrays == 0
    y.sum().backward(retain_graph=True)
    assert len(calls) == 2, "once for all that was saved"
    first = x.grad.clone()  # type: ignore[union-attr] # it has one
    y.sum().backward()
    assert tg.allclose(x.grad, 2 * first)
    assert len(calls) == 3


def test_what_is_refused_and_warned_of() -> None:
    x, calls = tg.ones(3, requires_grad=True), []

    def other(x: Any) -> Any:
        calls.append(1)
        return x.exp() if len(calls) == 1 else x.exp().exp()

    with pytest.raises(CheckpointError, match="different number"):
        checkpoint(other, x, use_reentrant=False).sum().backward()
    with pytest.warns(UserWarning, match="use_reentrant"):
        checkpoint(tg.exp, x)
    with pytest.warns(UserWarning, match="None of the inputs"):
        checkpoint(tg.exp, tg.ones(1), use_reentrant=True)
    with pytest.raises(ValueError, match="keyword"):
        checkpoint(tg.exp, x, use_reentrant=True, k=1)
    with pytest.raises(ValueError, match="keyword"):
        checkpoint_sequential([tg.exp], 1, x, k=1)
    with tg.no_grad():
        assert not checkpoint(tg.exp, x, use_reentrant=False).requires_grad
