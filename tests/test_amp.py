"""Mixed precision that is switched off, and scaled gradients."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import tinygrad_mlp as tg


def test_autocast_is_off_or_refused() -> None:
    with tg.autocast("cpu", enabled=False), tg.cuda.amp.autocast(enabled=False):
        assert (tg.ones(2, 2) @ tg.ones(2, 2)).dtype is tg.float32
        assert not tg.is_autocast_enabled()
    with pytest.warns(UserWarning, match="CUDA is not available. Disabling autocast"), tg.autocast("cuda"):
        pass
    with pytest.warns(UserWarning, match="float32 is not supported"), tg.autocast("cpu", dtype=tg.float32):
        pass
    with pytest.raises(RuntimeError, match="bfloat16, which is not available"), tg.autocast("cpu"):
        pass
    assert tg.autocast("cpu", enabled=False)(lambda: 3)() == 3


def scaled_steps(torch: Any) -> list[Any]:
    """What a few steps leave, the third of which overflows."""
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=2)
    seen = []
    for factor in (1.0, 2.0, float("inf"), 1.0):
        optimizer.zero_grad()
        scaler.scale((w * w).sum() * factor).backward()
        scaler.unscale_(optimizer)
        seen.append(w.grad.tolist())
        scaler.step(optimizer)
        scaler.update()
        seen += [w.tolist(), scaler.get_scale(), scaler.state_dict()]
    return seen


def test_scaled_gradients() -> None:
    seen = scaled_steps(tg)
    assert list(seen[2::4]) == [8.0, 16.0, 8.0, 8.0]
    assert seen[9] == seen[5]  # the step that overflowed is not made
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    assert seen == scaled_steps(torch)


def test_mistakes_with_a_scaler() -> None:
    w = tg.tensor([1.0], requires_grad=True)
    optimizer, scaler = tg.optim.SGD([w], lr=0.1), tg.amp.GradScaler("cpu")
    with pytest.raises(AssertionError, match="No inf checks"):
        scaler.update()
    scaler.scale(w.sum()).backward()
    scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match=r"unscale_\(\) is being called after unscale_\(\)"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match=r"step\(\) has already been called"):
        scaler.step(optimizer)


def test_a_scaler_that_is_off() -> None:
    with pytest.warns(UserWarning, match="Disabling"):
        assert not tg.amp.GradScaler().is_enabled()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scaler = tg.cuda.amp.GradScaler(enabled=False)
    w = tg.tensor([1.0], requires_grad=True)
    optimizer = tg.optim.SGD([w], lr=0.5)
    loss = scaler.scale(w.sum())
    assert loss.item() == 1.0
    assert scaler.get_scale() == 1.0
    assert scaler.state_dict() == {}
    loss.backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert w.item() == 0.5
