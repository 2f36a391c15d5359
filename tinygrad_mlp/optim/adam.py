"""Adam and its relatives: steps scaled by running moments of the gradient."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from .._tensor import Tensor
from ..ops.creation import zeros_like
from .optimizer import Array, Group, Kernel, Optimizer, Params, Ranges, State, number_type
from .options import options_among

__all__ = ["Adam", "AdamW", "NAdam"]


def moments(g: Array, m: Array, v: Array, share1: float, beta2: float, share2: float) -> None:
    m += share1 * (g - m)
    v *= beta2
    v += share2 * (g * g)


def _adam(p: Array, g: Array, m: Array, v: Array, largest: Array, *numbers: float) -> None:
    share1, beta2, share2, root, eps, rate = numbers
    moments(g, m, v, share1, beta2, share2)
    if largest is not None:
        v = np.maximum(largest, v, out=largest)
    p += rate * (m / (np.sqrt(v) / root + eps))


def _nadam(p: Array, g: Array, m: Array, v: Array, *numbers: float) -> None:
    share1, beta2, share2, correction, eps, rate, rate_next = numbers
    moments(g, m, v, share1, beta2, share2)
    d = np.sqrt(v / correction) + eps
    p += rate * (g / d)
    p += rate_next * (m / d)


class Adam(Optimizer):
    """Adam: the mean of the gradient over the root of its mean square, both corrected for starting at 0.

    In step t = 1, 2, ...::

        g = p.grad + weight_decay * p                  # coupled weight decay; see AdamW for the other
        m = beta1 * m + (1 - beta1) * g                # exp_avg
        v = beta2 * v + (1 - beta2) * g * g            # exp_avg_sq
        p = p - lr * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps)

    With ``amsgrad`` the largest v so far stands for v in the last line.

    Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015), Algorithm 1; amsgrad: Reddi et al., "On the
    Convergence of Adam and Beyond" (2018), Algorithm 2, with Adam's bias corrections.

    Args:
        params, lr, weight_decay, maximize, implementation: As in :class:`Optimizer`.
        betas: beta1 and beta2, what is kept of m and of v.
        eps: Keeps the denominator from 0.
        amsgrad: Never let the denominator's v shrink.
        decoupled_weight_decay: Shrink p by ``lr * weight_decay`` instead, as :class:`AdamW` does.

    Raises:
        ValueError: An option is negative, or a beta not below 1.

    >>> import tinygrad_mlp as torch
    >>> w = torch.tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = torch.optim.Adam([w], lr=0.25)
    >>> (w * torch.tensor([0.01, 100.0])).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.7500, 0.7500], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
        **implementation: bool | None,
    ) -> None:
        super().__init__(params, options_among(locals()), **implementation)

    def initial_state(self, p: Tensor, group: Group) -> State:
        """t = 0 and moments of 0."""
        state = {"step": 0.0, "exp_avg": zeros_like(p), "exp_avg_sq": zeros_like(p)}
        return {**state, "max_exp_avg_sq": zeros_like(p)} if group["amsgrad"] else state

    def _kernel(self, p: Tensor, state: State, group: Group) -> Kernel:
        beta1, beta2 = map(float, group["betas"])
        t = state["step"] = state["step"] + 1
        largest = state["max_exp_avg_sq"] if group["amsgrad"] else None
        root, rate = (1 - beta2**t) ** 0.5, -float(group["lr"]) / (1 - beta1**t)
        numbers = 1 - beta1, beta2, 1 - beta2, root, float(group["eps"]), rate
        return _adam, (state["exp_avg"], state["exp_avg_sq"], largest), numbers


class AdamW(Adam):
    """Adam with decoupled weight decay: the decay does not pass through the moments.

    ::

        p = p * (1 - lr * weight_decay)                # decoupled weight decay
        p = Adam's step with g = p.grad

    Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019), Algorithm 2.

    Args:
        params, lr, betas, eps, amsgrad, maximize, implementation: As in :class:`Adam`.
        weight_decay: How much p shrinks in a step, in units of ``lr``.

    Raises:
        ValueError: An option is negative, or a beta not below 1.

    >>> import tinygrad_mlp as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.AdamW([w], lr=0.5, weight_decay=0.5)
    >>> (0 * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.7500], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        **implementation: bool | None,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, decoupled_weight_decay=True, **implementation
        )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As in :class:`Optimizer`; the weight decay stays decoupled, also where the dict is Adam's."""
        super().load_state_dict(state_dict)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True


class NAdam(Optimizer):
    """Adam with Nesterov's momentum, whose strength mu grows from beta1 / 2 towards beta1.

    In step t = 1, 2, ..., with m and v as in :class:`Adam`::

        g    = p.grad + weight_decay * p               # coupled weight decay, or decoupled: p * (1 - lr * weight_decay)
        mu_t = beta1 * (1 - 0.96**(t * momentum_decay) / 2)
        P_t  = mu_1 * ... * mu_t                       # mu_product
        d    = sqrt(v / (1 - beta2**t)) + eps
        p    = p - lr * ((1 - mu_t) / (1 - P_t) * g + mu_{t+1} / (1 - P_{t+1}) * m) / d

    Dozat, "Incorporating Nesterov Momentum into Adam" (2016).

    Args:
        params, lr, betas, eps, weight_decay, maximize, decoupled_weight_decay, implementation: As in :class:`Adam`.
        momentum_decay: How fast mu grows.

    Raises:
        ValueError: An option is negative, or a beta not below 1.

    >>> import tinygrad_mlp as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.NAdam([w], lr=0.1)
    >>> for _ in range(50):
    ...     optimizer.zero_grad()
    ...     (w**2).sum().backward()
    ...     optimizer.step()
    >>> bool(w.abs() < 0.1)
    True
    """

    ranges: ClassVar[Ranges] = {**Optimizer.ranges, "momentum_decay": ("momentum_decay value", 0, math.inf)}
    numbers: ClassVar[frozenset[str]] = frozenset({"step", "mu_product"})

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
        **implementation: bool | None,
    ) -> None:
        super().__init__(params, options_among(locals()), **implementation)

    def initial_state(self, p: Tensor, group: Group) -> State:
        """t = 0, the empty product and moments of 0."""
        return {"step": 0.0, "mu_product": 1.0, "exp_avg": zeros_like(p), "exp_avg_sq": zeros_like(p)}

    def _kernel(self, p: Tensor, state: State, group: Group) -> Kernel:
        beta1, beta2 = map(float, group["betas"])
        lr, decay = float(group["lr"]), float(group["momentum_decay"])
        t = state["step"] = state["step"] + 1
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (k * decay)) for k in (t, t + 1))
        rounded = number_type()  # as PyTorch's tensors of them are
        product = state["mu_product"] = float(rounded(state["mu_product"]) * rounded(mu))
        rates = -lr * (1 - mu) / (1 - product), -lr * mu_next / (1 - product * mu_next)
        numbers = 1 - beta1, beta2, 1 - beta2, 1 - beta2**t, float(group["eps"]), *rates
        return _nadam, (state["exp_avg"], state["exp_avg_sq"]), numbers
