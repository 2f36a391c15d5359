"""Leaves: what a graph keeps of them while ``requires_grad`` is switched; and hooks, wherever they are."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as tg

# ---------------------------------------------------------------------------------------------------- requires_grad

SWITCHES = ["off", "on", "detach_", "forward", "more", "backward", "hook", "set data"]


def after(library: Any, moves: list[str]) -> list[Any]:
    """What is seen of a leaf while its ``requires_grad`` is switched between forward and backward passes."""
    x = library.tensor([1.0, 2.0], requires_grad=True)
    y, seen = x * 3, []
    for move in moves:
        if move in ("off", "on"):
            x.requires_grad_(move == "on")
        elif move == "detach_":
            x.detach_()
        elif move == "forward":
            y = x * 5
        elif move == "more":
            y = y + x
        elif move == "hook" and x.requires_grad:
            x.register_hook(lambda g: g * 10)
        elif move == "set data":
            x.data = library.ones(2)
        elif move == "backward" and y.requires_grad:
            y.sum().backward(retain_graph=True)
            seen.append(x.grad.tolist() if x.grad is not None else None)
    if y.requires_grad and x.requires_grad:
        (g,) = library.autograd.grad(y.sum(), x, allow_unused=True, retain_graph=True)
        seen.append(g if g is None else g.tolist())
    if y.requires_grad:
        y.sum().backward()
    return [*seen, x.grad if x.grad is None else x.grad.tolist()]


@given(st.lists(st.sampled_from(SWITCHES), max_size=7))
def test_switching_requires_grad_as_in_pytorch(moves: list[str]) -> None:
    torch = pytest.importorskip("torch", reason="the gradients are PyTorch's")
    assert after(tg, moves) == after(torch, moves)


@pytest.mark.parametrize(
    ("moves", "gradients"),
    [
        (["off", "on", "more"], [[4.0, 4.0], [4.0, 4.0]]),
        (["off"], [None]),
        (["detach_"], [None]),
        (["hook", "off", "on"], [[30.0, 30.0], [30.0, 30.0]]),
    ],
)
def test_a_leaf_keeps_its_node(moves: list[str], gradients: list[Any]) -> None:
    assert after(tg, moves) == gradients


# ------------------------------------------------------------------------------------------------------------ hooks


class Exp(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (y,) = ctx.saved_tensors
        return g * y


def _written(x: Any) -> Any:
    return (x * 1).exp_()


# exp in four ways, each of which saves its output
RESULTS: dict[str, Callable[[Any], Any]] = {
    "operation": lambda x: x.exp(),
    "in place": _written,
    "Function": Exp.apply,
    "of a view": lambda x: x.view(2, 1).exp().view(2),
}


def two_orders(library: Any, result: Callable[[Any], Any]) -> list[list[float]]:
    x = library.tensor([0.5, 1.0], dtype=library.float64, requires_grad=True)
    y = result(x)
    y.register_hook(lambda g: g * 10)
    (first,) = library.autograd.grad((y * y).sum(), x, create_graph=True)
    return [first.tolist(), library.autograd.grad(first.sum(), x)[0].tolist()]


@pytest.mark.parametrize("result", RESULTS)
def test_a_hook_counts_at_second_order_as_in_pytorch(result: str) -> None:
    torch = pytest.importorskip("torch", reason="the gradients are PyTorch's")
    first, second = two_orders(torch, RESULTS["operation" if result == "Function" else result])
    assert two_orders(tg, RESULTS[result]) == [pytest.approx(first), pytest.approx(second)]


DTYPES = [tg.float16, tg.float32, tg.float64]


@pytest.mark.parametrize(("own", "returned"), [*itertools.product(DTYPES, DTYPES)])
@pytest.mark.parametrize("leaf", [True, False])
def test_a_hook_returns_the_dtype_of_the_gradient(own: tg.dtype, returned: tg.dtype, leaf: bool) -> None:
    x = tg.tensor([1.0, 2.0], dtype=own, requires_grad=True)
    y = x * 3
    (x if leaf else y).register_hook(lambda g: (g * 2).to(returned))
    if own is returned:
        y.sum().backward()
        assert x.grad is not None
        assert (x.grad.dtype, x.grad.tolist()) == (own, [6.0, 6.0])
    else:
        with pytest.raises(RuntimeError, match=rf"must return None or a Tensor of shape \(2,\) and dtype {own.name}"):
            y.sum().backward()
        assert x.grad is None


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("inputs", [lambda x, v: [x], lambda x, v: [v], lambda x, v: [x, v]])
def test_retained_gradients_are_filled_by_grad(inputs: Callable[..., Any], create_graph: bool) -> None:
    torch = pytest.importorskip("torch", reason="the gradients are PyTorch's")
    seen = []
    for library in (tg, torch):
        x = library.tensor([1.0, 2.0], requires_grad=True)
        v = x * 2
        v.retain_grad()
        found = library.autograd.grad((v * v).sum(), inputs(x, v), create_graph=create_graph)
        seen.append([[g.tolist() for g in found], v.grad if v.grad is None else v.grad.tolist(), x.grad])
    assert seen[0] == seen[1]
    assert seen[0][1] is not None or len(seen[0][0]) == 1
