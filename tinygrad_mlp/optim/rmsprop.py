"""RMSprop."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from .._tensor import Tensor
from ..ops.creation import zeros_like
from .optimizer import Array, Group, Kernel, Optimizer, Params, Ranges, State
from .options import options_among

__all__ = ["RMSprop"]


def _rmsprop(p: Array, g: Array, v: Array, a: Array, b: Array, *numbers: float) -> None:
    alpha, share, eps, momentum, rate = numbers
    v *= alpha
    v += share * (g * g)
    if a is not None:
        a += share * (g - a)
        v = v - a * a
    s = g / (np.sqrt(v) + eps)
    if b is not None:
        b *= momentum
        b += s
        s = b
    p += rate * s


class RMSprop(Optimizer):
    """RMSprop: the gradient over the root of its mean square.

    ::

        g = p.grad + weight_decay * p                  # coupled weight decay
        v = alpha * v + (1 - alpha) * g * g            # square_avg
        d = sqrt(v) + eps
        b = momentum * b + g / d                       # momentum_buffer
        p = p - lr * b

    With ``centered``, d = sqrt(v - a * a) + eps, where a = alpha * a + (1 - alpha) * g is the mean gradient.

    Tieleman and Hinton, "Neural Networks for Machine Learning", lecture 6e (2012); centered: Graves, "Generating
    Sequences With Recurrent Neural Networks" (2013), eqs. 38-41, with eps added outside the root.

    Args:
        params, lr, weight_decay, maximize, implementation: As in :class:`Optimizer`.
        alpha: What is kept of the means.
        eps: Keeps the denominator from 0.
        momentum: What is kept of the velocity b.
        centered: Divide by the deviation from the mean gradient.

    Raises:
        ValueError: An option is negative.

    >>> import tinygrad_mlp as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.RMSprop([w], lr=0.25, alpha=0.75)
    >>> (w**2).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.5000], requires_grad=True)
    """

    ranges: ClassVar[Ranges] = {**Optimizer.ranges, "alpha": ("alpha value", 0, math.inf)}

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        maximize: bool = False,
        **implementation: bool | None,
    ) -> None:
        super().__init__(params, options_among(locals()), **implementation)

    def initial_state(self, p: Tensor, group: Group) -> State:
        """Means and velocity of 0, those that the options use."""
        state = {"step": 0.0, "square_avg": zeros_like(p)}
        if group["momentum"] > 0:
            state["momentum_buffer"] = zeros_like(p)
        if group["centered"]:
            state["grad_avg"] = zeros_like(p)
        return state

    def _kernel(self, p: Tensor, state: State, group: Group) -> Kernel:
        alpha, momentum = float(group["alpha"]), float(group["momentum"])
        state["step"] += 1
        a = state["grad_avg"] if group["centered"] else None
        b = state["momentum_buffer"] if momentum > 0 else None
        return _rmsprop, (state["square_avg"], a, b), (alpha, 1 - alpha, float(group["eps"]), momentum, -float(group["lr"]))
