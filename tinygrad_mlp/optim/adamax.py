"""Adamax and RAdam: Adam with the largest gradient for its mean square, and Adam that starts carefully."""

from __future__ import annotations

import math

import numpy as np

from .._tensor import Tensor
from ..ops.creation import zeros_like
from .adam import moments
from .optimizer import Array, Group, Kernel, Optimizer, Params, State
from .options import options_among

__all__ = ["Adamax", "RAdam"]


def _adamax(p: Array, g: Array, m: Array, u: Array, *numbers: float) -> None:
    share1, beta2, eps, rate = numbers
    m += share1 * (g - m)
    u *= beta2
    np.maximum(u, np.abs(g) + eps, out=u)
    p += rate * (m / u)


def _radam(p: Array, g: Array, m: Array, v: Array, *numbers: float) -> None:
    share1, beta2, share2, eps, rate, rectified, plain = numbers
    moments(g, m, v, share1, beta2, share2)
    p += rate * (m / (rectified * (np.sqrt(v) + eps) + plain))


class Adamax(Optimizer):
    """Adamax: the mean of the gradient over its largest size, which is forgotten slowly.

    In step t = 1, 2, ...::

        g = p.grad + weight_decay * p                  # coupled weight decay
        m = beta1 * m + (1 - beta1) * g                # exp_avg
        u = max(beta2 * u, abs(g) + eps)               # exp_inf
        p = p - lr / (1 - beta1**t) * m / u

    Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015), Algorithm 2.

    Args:
        params, lr, weight_decay, maximize, implementation: As in :class:`Optimizer`.
        betas: beta1 and beta2, what is kept of m and of u.
        eps: Keeps the denominator from 0.

    Raises:
        ValueError: An option is negative, or a beta not below 1.

    >>> import tinygrad_mlp as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.Adamax([w], lr=0.25)
    >>> (3 * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.7500], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
        **implementation: bool | None,
    ) -> None:
        super().__init__(params, options_among(locals()), **implementation)

    def initial_state(self, p: Tensor, group: Group) -> State:
        """t = 0, a mean and a largest size of 0."""
        return {"step": 0.0, "exp_avg": zeros_like(p), "exp_inf": zeros_like(p)}

    def _kernel(self, p: Tensor, state: State, group: Group) -> Kernel:
        beta1, beta2 = map(float, group["betas"])
        t = state["step"] = state["step"] + 1
        numbers = 1 - beta1, beta2, float(group["eps"]), -float(group["lr"]) / (1 - beta1**t)
        return _adamax, (state["exp_avg"], state["exp_inf"]), numbers


class RAdam(Optimizer):
    """Adam that leaves out the denominator, or corrects its variance, while few gradients are known.

    In step t = 1, 2, ..., with m and v as in :class:`Adam`::

        r_inf = 2 / (1 - beta2) - 1
        r     = r_inf - 2 * t * beta2**t / (1 - beta2**t)
        m'    = m / (1 - beta1**t)
        p     = p - lr * m'                                                                              # if r <= 5
        p     = p - lr * m' * sqrt(1 - beta2**t) / (sqrt(v) + eps)
                  * sqrt((r - 4) * (r - 2) * r_inf / ((r_inf - 4) * (r_inf - 2) * r))                    # else

    Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond" (2020), Algorithm 2.

    Args:
        params, lr, betas, eps, weight_decay, decoupled_weight_decay, maximize, implementation: As in :class:`Adam`.

    Raises:
        ValueError: An option is negative, or a beta not below 1.

    >>> import tinygrad_mlp as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.RAdam([w], lr=0.25)
    >>> (3 * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.2500], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
        **implementation: bool | None,
    ) -> None:
        super().__init__(params, options_among(locals()), **implementation)

    def initial_state(self, p: Tensor, group: Group) -> State:
        """t = 0 and moments of 0."""
        return {"step": 0.0, "exp_avg": zeros_like(p), "exp_avg_sq": zeros_like(p)}

    def _kernel(self, p: Tensor, state: State, group: Group) -> Kernel:
        beta1, beta2 = map(float, group["betas"])
        t = state["step"] = state["step"] + 1
        kept = beta2**t
        long, length = 2 / (1 - beta2) - 1, 2 / (1 - beta2) - 1 - 2 * t * kept / (1 - kept)
        rate = -float(group["lr"]) / (1 - beta1**t)
        if rectified := length > 5:
            rate *= math.sqrt((length - 4) * (length - 2) * long / ((long - 4) * (long - 2) * length) * (1 - kept))
        numbers = 1 - beta1, beta2, 1 - beta2, float(group["eps"]), rate, float(rectified), float(not rectified)
        return _radam, (state["exp_avg"], state["exp_avg_sq"]), numbers
