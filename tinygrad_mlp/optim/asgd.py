"""ASGD: gradient descent that keeps the average of where it was."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from .._tensor import Tensor
from ..ops.creation import zeros_like
from .optimizer import Array, Group, Kernel, Optimizer, Params, Ranges, State, number_type
from .options import options_among

__all__ = ["ASGD"]


def _asgd(p: Array, g: Array, average: Array, *numbers: float) -> None:
    kept, rate, share = numbers
    np.add(kept * p, rate * g, out=p)
    average += share * (p - average)


class ASGD(Optimizer):
    """Averaged stochastic gradient descent.

    In step t = 1, 2, ..., from eta = lr and mu = 1::

        g   = p.grad + weight_decay * p                # coupled weight decay
        p   = p * (1 - lambd * eta) - eta * g
        a   = a + mu * (p - a)                         # ax, the average
        eta = lr / (1 + lambd * lr * t)**alpha
        mu  = 1 / max(1, t - t0)

    Polyak and Juditsky, "Acceleration of stochastic approximation by averaging" (1992); the schedule of eta: Bottou, "Large-Scale Machine
    Learning with Stochastic Gradient Descent" (2010).

    Args:
        params, lr, weight_decay, maximize, implementation: As in :class:`Optimizer`.
        lambd: How fast p shrinks, and eta falls.
        alpha: The power of eta's fall.
        t0: The step after which the average begins.

    Raises:
        ValueError: lr or weight_decay is negative.

    >>> import tinygrad_mlp as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.ASGD([w], lr=0.25, lambd=0)
    >>> (3 * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.2500], requires_grad=True)
    """

    ranges: ClassVar[Ranges] = {key: Optimizer.ranges[key] for key in ("lr", "weight_decay")}
    numbers: ClassVar[frozenset[str]] = frozenset({"step", "eta", "mu"})

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
        **implementation: bool | None,
    ) -> None:
        super().__init__(params, options_among(locals()), **implementation)

    def initial_state(self, p: Tensor, group: Group) -> State:
        """t = 0, eta = lr, mu = 1 and an average of 0."""
        return {"step": 0.0, "eta": float(number_type()(group["lr"])), "mu": 1.0, "ax": zeros_like(p)}

    def _kernel(self, p: Tensor, state: State, group: Group) -> Kernel:
        lr, lambd = float(group["lr"]), float(group["lambd"])
        numbers = 1 - lambd * state["eta"], -state["eta"], state["mu"]
        t = state["step"] = state["step"] + 1
        rounded = number_type()  # as PyTorch's tensors of them are
        state["eta"] = float(rounded(lr / math.pow(1 + lambd * lr * t, float(group["alpha"]))))
        state["mu"] = float(rounded(1 / max(1, t - float(group["t0"]))))
        return _asgd, (state["ax"],), numbers
