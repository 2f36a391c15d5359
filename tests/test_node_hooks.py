"""Hooks on leaves, called when a gradient was added, and on nodes of the graph, before and after their rules."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_mlp as tg


def test_a_leaf_tells_when_its_gradient_was_added() -> None:
    w, seen = tg.ones(2, requires_grad=True), []
    handle = w.register_post_accumulate_grad_hook(lambda p: seen.append((p is w, p.grad.tolist())))
    (w * 3).sum().backward()
    (w * 2 + w).sum().backward()
    assert seen == [(True, [3.0, 3.0]), (True, [6.0, 6.0])]
    tg.autograd.grad((w * w).sum(), w)
    assert len(seen) == 2, "autograd.grad adds nothing"
    (w * w).sum().backward(create_graph=True)
    assert w.grad is not None
    assert w.grad.requires_grad
    assert w.grad.tolist() == [8.0, 8.0]
    assert len(seen) == 3
    handle.remove()
    w.grad = None
    (w * 5).sum().backward()
    assert len(seen) == 3
    assert w.grad.tolist() == [5.0, 5.0]
    with pytest.raises(RuntimeError, match="non-leaf"):
        (w * 2).register_post_accumulate_grad_hook(lambda p: None)
    with pytest.raises(RuntimeError, match="require gradient"):
        tg.ones(2).register_post_accumulate_grad_hook(lambda p: None)


def test_an_optimizer_in_backward_also_in_compiled_steps() -> None:
    def train(compiled: bool) -> list[float]:
        tg.manual_seed(0)
        model = tg.nn.Sequential(tg.nn.Linear(3, 4), tg.nn.Tanh(), tg.nn.Linear(4, 1))
        x, t = tg.rand(8, 3), tg.rand(8, 1)
        optimizers = {p: tg.optim.SGD([p], lr=0.1) for p in model.parameters()}

        def step_of(p: Any) -> None:
            optimizers[p].step()
            optimizers[p].zero_grad()

        for p in model.parameters():
            p.register_post_accumulate_grad_hook(step_of)

        def step() -> Any:
            loss = tg.nn.functional.mse_loss(model(x), t)
            loss.backward()
            return loss

        run = tg.compile(step, fusion=False) if compiled else step
        losses = [run().item() for _ in range(6)]
        assert all(p.grad is None for p in model.parameters())
        return losses

    eager = train(False)
    assert eager[-1] < eager[0]
    assert train(True) == eager


def test_hooks_on_nodes() -> None:
    w, seen = tg.tensor([1.0, 2.0], requires_grad=True), []
    y = w * 2
    node: Any = y.grad_fn
    before = node.register_prehook(lambda outputs: (outputs[0] * 10,))
    after = node.register_hook(lambda inputs, outputs: seen.append((inputs[0].tolist(), inputs[1], outputs[0].tolist())))
    assert node.name() == "MulBackward0"
    y.sum().backward(retain_graph=True)
    assert seen == [([20.0, 20.0], None, [10.0, 10.0])]
    before.remove()
    after.remove()
    node.register_hook(lambda inputs, outputs: (inputs[0] * 0, None))
    w.grad = None
    y.sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [0.0, 0.0]
    leaf: Any = (w * 2).grad_fn.next_functions[0][0]
    leaf.register_hook(lambda inputs, outputs: seen.append(inputs))
    (w * 2).sum().backward()
    assert seen[-1] == ()


def test_a_node_with_one_parent_twice() -> None:
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    y = w * w
    node: Any = y.grad_fn
    node.register_hook(lambda inputs, outputs: (inputs[0], inputs[1] * 100))
    y.sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [101.0, 202.0]


def test_hooks_on_nodes_in_compiled_steps() -> None:
    w, seen = tg.tensor([1.0, 2.0], requires_grad=True), []

    def step() -> Any:
        w.grad = None
        y = (w * 2).tanh()
        node: Any = y.grad_fn
        node.register_hook(lambda inputs, outputs: seen.append(outputs) or (inputs[0] * 3,))
        y.sum().backward()
        return w.grad

    expected = step()
    compiled = tg.compile(step)
    for k in range(4):
        assert tg.allclose(compiled(), expected)
        assert len(seen) == k + 2
