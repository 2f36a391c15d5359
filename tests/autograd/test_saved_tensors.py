"""What the graph saves, packed by the user; places in the graph; counted writes."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_mlp as tg
from tinygrad_mlp.autograd import graph


class Cube(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        y = x**3
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, y = ctx.saved_tensors
        return g * 3 * y / x


def through(model: Any, x: Any) -> list[Any]:
    loss = tg.nn.functional.cross_entropy(model(Cube.apply(x)), tg.tensor([0, 1]))
    inputs = [x, *model.parameters()]
    first = tg.autograd.grad(loss, inputs, create_graph=True)
    second = tg.autograd.grad(sum((g * g).sum() for g in first), inputs)
    return [*first, *second]


def test_what_is_packed_comes_back() -> None:
    tg.manual_seed(0)
    model = tg.nn.Sequential(tg.nn.Linear(3, 4), tg.nn.Tanh(), tg.nn.LayerNorm(4), tg.nn.Linear(4, 2)).double()
    x = tg.rand(2, 3, dtype=tg.float64) + 0.5
    x.requires_grad_()
    expected, packed, unpacked = through(model, x), [], []

    def pack(tensor: Any) -> int:
        packed.append(tensor.clone())
        return len(packed) - 1

    def unpack(place: int) -> Any:
        unpacked.append(place)
        return packed[place]

    with graph.saved_tensors_hooks(pack, unpack):
        got = through(model, x)
    assert set(unpacked) == set(range(len(packed)))
    for a, b in zip(got, expected, strict=True):
        assert tg.allclose(a, b, rtol=1e-12)


def test_the_innermost_hooks_and_those_alone() -> None:
    x, seen = tg.ones(2, requires_grad=True), []
    same = lambda value: value  # noqa: E731 - a function of one line, twice
    with graph.saved_tensors_hooks(lambda t: seen.append("outer") or t, same):
        with graph.saved_tensors_hooks(lambda t: seen.append("inner") or t, same):
            y = x.exp()
        z = y.exp()
    w = z.exp()
    assert seen == ["inner", "outer"]
    w.sum().backward()
    assert x.grad is not None
    assert tg.allclose(x.grad, w * z * y)


def test_packed_values_may_be_overwritten() -> None:
    x = tg.ones(2, requires_grad=True)
    with graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
        y = x.exp()
    y.detach().zero_()
    y.sum().backward()
    assert x.grad is not None
    assert tg.allclose(x.grad, tg.ones(2).exp())


def test_freed_refused_and_wrong() -> None:
    x = tg.ones(2, requires_grad=True)
    with graph.save_on_cpu(pin_memory=True):
        y = x.exp().sum()
    y.backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()
    with graph.disable_saved_tensors_hooks("not now"), pytest.raises(RuntimeError, match="not now"):
        graph.saved_tensors_hooks(lambda t: t, lambda t: t).__enter__()
    with graph.saved_tensors_hooks(lambda t: 1, lambda t: t):
        y = x.exp().sum()
    with pytest.raises(TypeError, match="unpack_hook"):
        y.backward()


def test_places_in_the_graph() -> None:
    x = tg.ones(2, requires_grad=True)
    y = x * 2
    edge = graph.get_gradient_edge(y)
    assert edge.node is y.grad_fn
    assert edge.output_nr == 0
    z = (y * y).sum()
    assert tg.autograd.grad(z, edge, retain_graph=True)[0].tolist() == [4.0, 4.0]
    assert tg.autograd.grad(z, [graph.get_gradient_edge(x), y])[0].tolist() == [8.0, 8.0]
    with pytest.raises(RuntimeError, match="require"):
        graph.get_gradient_edge(tg.ones(1))


def test_counted_writes() -> None:
    x = tg.ones(2, requires_grad=True)
    y = x.exp()
    graph.increment_version([y])
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
