"""Hooks of optimizers run where PyTorch runs them, and change what they may change."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_mlp as tg
from tinygrad_mlp.errors import ArgumentError
from tinygrad_mlp.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook


class Plain(tg.optim.Optimizer):
    """As published programs write theirs."""

    def __init__(self, params: Any, lr: float = 0.1) -> None:
        super().__init__(params, {"lr": lr})

    def step(self, closure: Any = None) -> Any:
        loss = closure() if closure is not None else None
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                state["count"] = state.get("count", 0) + 1
                p.data.add_(p.grad, alpha=-group["lr"])
        return loss


def optimizer_of(lib: Any, kind: str) -> Any:
    w = lib.ones(2, requires_grad=True)
    w.grad = lib.ones(2)
    if kind == "Plain":
        return Plain([w], lr=0.5)
    return getattr(lib.optim, kind)([w], lr=0.5)


@pytest.mark.parametrize("kind", ["SGD", "Adam", "LBFGS", "Plain"])
def test_hooks_of_a_step_run_in_order(kind: str) -> None:
    optimizer = optimizer_of(tg, kind)
    calls: list[str] = []

    def closure() -> tg.Tensor:
        calls.append("closure")
        return tg.tensor(1.0)

    handles = [
        register_optimizer_step_pre_hook(lambda o, args, kwargs: calls.append("all before")),
        optimizer.register_step_pre_hook(lambda o, args, kwargs: calls.append("before")),
        optimizer.register_step_post_hook(lambda o, args, kwargs: calls.append("after")),
        register_optimizer_step_post_hook(lambda o, args, kwargs: calls.append("all after")),
    ]
    before = optimizer.param_groups[0]["params"][0].tolist()
    optimizer.step(closure)
    assert [call for call in calls if call != "closure"] == ["all before", "before", "after", "all after"]
    assert calls[2] == "closure"
    assert optimizer.param_groups[0]["params"][0].tolist() != before
    for handle in handles:
        handle.remove()
    calls.clear()
    optimizer.step(closure)
    assert set(calls) == {"closure"}


def test_a_hook_may_give_the_step_other_arguments() -> None:
    optimizer = optimizer_of(tg, "SGD")
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((lambda: 7.0,), {}))
    assert optimizer.step() == 7.0
    optimizer.register_step_pre_hook(lambda o, args, kwargs: "wrong")
    with pytest.raises(ArgumentError, match=r"must return None or a tuple of \(new_args, new_kwargs\)"):
        optimizer.step()


def test_a_step_that_calls_the_bases_runs_hooks_once() -> None:
    calls = []

    class Counting(tg.optim.SGD):
        def step(self, closure: Any = None) -> Any:  # type: ignore[override] # as users write it
            return super().step(closure)

    w = tg.ones(1, requires_grad=True)
    optimizer = Counting([w], lr=0.1)
    optimizer.register_step_post_hook(lambda o, args, kwargs: calls.append(1))
    optimizer.step()
    assert calls == [1]


def test_hooks_of_state_dicts() -> None:
    optimizer = optimizer_of(tg, "Adam")
    optimizer.step()
    seen: list[str] = []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("saving"))
    optimizer.register_state_dict_post_hook(lambda o, d: d.update(note="second"))
    optimizer.register_state_dict_post_hook(lambda o, d: {**d, "first": True}, prepend=True)
    saved = optimizer.state_dict()
    assert saved["first"]
    assert saved["note"] == "second"
    optimizer.register_load_state_dict_pre_hook(
        lambda o, d: {**d, "param_groups": [{**g, "lr": 0.25} for g in d["param_groups"]]}
    )
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append("loaded"))
    optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["lr"] == 0.25
    assert seen == ["saving", "loaded"]


class Adafactor(tg.optim.Optimizer):
    """With options that are no numbers, as published programs have them."""

    def __init__(self, params: Any) -> None:
        super().__init__(params, {"lr": None, "eps": (1e-30, 1e-3), "betas": None, "momentum": -1})

    def step(self, closure: Any = None) -> Any:
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state["step"], state["mean"] = 0, tg.zeros_like(p)
                state["step"] += 1
                state["mean"].add_(p.grad)


def test_options_and_state_of_an_optimizer_of_ones_own_are_left_alone() -> None:
    w = tg.ones(2, requires_grad=True)
    w.grad = tg.ones(2)
    optimizer = Adafactor([w])
    optimizer.step()
    saved = optimizer.state_dict()
    assert saved["state"][0]["step"] == 1
    assert type(saved["state"][0]["step"]) is int
    optimizer.load_state_dict(saved)
    optimizer.step()
    assert optimizer.state[w]["step"] == 2
    assert type(optimizer.state[w]["step"]) is int
    assert optimizer.state[w]["mean"].tolist() == [2.0, 2.0]
    with pytest.raises(ValueError, match="Invalid learning rate: -1"):
        tg.optim.LBFGS([w], lr=-1)
