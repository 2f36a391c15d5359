"""Adadelta."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from .._tensor import Tensor
from ..ops.creation import zeros_like
from .optimizer import Array, Group, Kernel, Optimizer, Params, Ranges, State
from .options import options_among

__all__ = ["Adadelta"]


def _adadelta(p: Array, g: Array, v: Array, u: Array, rho: float, share: float, eps: float, rate: float) -> None:
    v *= rho
    v += share * (g * g)
    s = np.sqrt(u + eps) / np.sqrt(v + eps) * g
    u *= rho
    u += share * (s * s)
    p += rate * s


class Adadelta(Optimizer):
    """Adadelta: the gradient scaled by the root mean square of past steps over that of past gradients.

    ::

        g = p.grad + weight_decay * p                  # coupled weight decay
        v = rho * v + (1 - rho) * g * g                # square_avg
        s = sqrt(u + eps) / sqrt(v + eps) * g
        u = rho * u + (1 - rho) * s * s                # acc_delta
        p = p - lr * s

    Zeiler, "ADADELTA: An Adaptive Learning Rate Method" (2012), Algorithm 1, which has lr = 1.

    Args:
        params, lr, weight_decay, maximize, implementation: As in :class:`Optimizer`.
        rho: What is kept of the means.
        eps: Starts the first steps and keeps the denominator from 0.

    Raises:
        ValueError: An option is negative, or ``rho`` above 1.

    >>> import tinygrad_mlp as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.Adadelta([w], rho=0.75)
    >>> (w**2).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9980], requires_grad=True)
    """

    ranges: ClassVar[Ranges] = {**Optimizer.ranges, "rho": ("rho value", 0, 1)}

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
        **implementation: bool | None,
    ) -> None:
        super().__init__(params, options_among(locals()), **implementation)

    def initial_state(self, p: Tensor, group: Group) -> State:
        """Means of 0."""
        return {"step": 0.0, "square_avg": zeros_like(p), "acc_delta": zeros_like(p)}

    def _kernel(self, p: Tensor, state: State, group: Group) -> Kernel:
        rho, eps = float(group["rho"]), float(group["eps"])
        state["step"] += 1
        return _adadelta, (state["square_avg"], state["acc_delta"]), (rho, 1 - rho, eps, -float(group["lr"]))
