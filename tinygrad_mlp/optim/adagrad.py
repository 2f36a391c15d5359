"""Adagrad."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from .._tensor import Tensor
from ..ops.creation import full_like
from .optimizer import Array, Group, Kernel, Optimizer, Params, Ranges, State
from .options import options_among

__all__ = ["Adagrad"]


def _adagrad(p: Array, g: Array, s: Array, eps: float, rate: float) -> None:
    s += g * g
    p += rate * (g / (np.sqrt(s) + eps))


class Adagrad(Optimizer):
    """Adagrad: the gradient over the root of the sum of its squares so far.

    In step t = 1, 2, ...::

        g = p.grad + weight_decay * p                  # coupled weight decay
        s = s + g * g                                  # sum, from initial_accumulator_value
        p = p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)

    Duchi, Hazan and Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization" (2011).

    Args:
        params, lr, weight_decay, maximize, implementation: As in :class:`Optimizer`.
        lr_decay: How fast the learning rate falls.
        initial_accumulator_value: Where s starts.
        eps: Keeps the denominator from 0.

    Raises:
        ValueError: An option is negative.

    >>> import tinygrad_mlp as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.Adagrad([w], lr=0.5)
    >>> (w**2).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.5000], requires_grad=True)
    """

    ranges: ClassVar[Ranges] = {
        **Optimizer.ranges,
        "lr_decay": ("lr_decay value", 0, math.inf),
        "initial_accumulator_value": ("initial_accumulator_value value", 0, math.inf),
    }

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
        **implementation: bool | None,
    ) -> None:
        super().__init__(params, options_among(locals()), **implementation)

    def initial_state(self, p: Tensor, group: Group) -> State:
        """t = 0 and the sum's start."""
        return {"step": 0.0, "sum": full_like(p, group["initial_accumulator_value"])}

    def _kernel(self, p: Tensor, state: State, group: Group) -> Kernel:
        t = state["step"] = state["step"] + 1
        rate = -float(group["lr"]) / (1 + (t - 1) * float(group["lr_decay"]))
        return _adagrad, (state["sum"],), (float(group["eps"]), rate)
