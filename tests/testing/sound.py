"""Inputs, a layer and an optimizer with nothing wrong, and a wrong gradient: what the tests of the checks start from."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_mlp as tg
from tinygrad_mlp import nn, optim
from tinygrad_mlp.nn import functional as F

# Twelve numbers without ties, away from 0, ±0.5, ±1, ±3.
X = tg.from_numpy(np.random.default_rng(0).permutation(12).reshape(4, 3) * 0.3 - 1.57)
Y = tg.from_numpy(np.random.default_rng(1).random((4, 3)))
LABELS = tg.tensor([0, 2, 1, 1])


class Layer(nn.Module):
    """A layer with nothing wrong, for the broken ones to start from."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(tg.rand(2, 3))
        self.bias = nn.Parameter(tg.rand(2))

    def forward(self, x: Any) -> Any:
        return tg.tanh(F.linear(x, self.weight, self.bias))


class WrongTanh(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        y = tg.tanh(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (y,) = ctx.saved_tensors
        return g * (1 - y)


class WrongSecond(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * 3 * x.detach() ** 2


class Descent(optim.Optimizer):
    """Momentum with nothing wrong, for the broken ones to start from."""

    def __init__(self, params: Any, lr: float = 0.05) -> None:
        super().__init__(params, {"lr": lr})

    def initial_state(self, p: Any, group: Any) -> Any:
        return {"velocity": tg.zeros_like(p)}

    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        state["velocity"].mul_(0.5).add_(g)
        p.sub_(state["velocity"] * group["lr"])
