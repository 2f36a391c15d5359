"""Stochastic gradient descent."""

from __future__ import annotations

from .._tensor import Tensor
from ..ops.creation import zeros_like
from .optimizer import Array, Group, Kernel, Optimizer, Params, State
from .options import options_among

__all__ = ["SGD"]


def _sgd(p: Array, g: Array, b: Array, momentum: float, share: float | None, nesterov: bool, rate: float) -> None:
    if b is not None:
        b *= momentum
        b += g if share is None else share * g
        g = g + momentum * b if nesterov else b
    p += rate * g


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum or Nesterov's.

    ::

        g = p.grad + weight_decay * p                  # coupled weight decay
        b = momentum * b + (1 - dampening) * g         # b = g in the first step
        p = p - lr * b                                 # Nesterov: p - lr * (g + momentum * b)

    and ``p = p - lr * g`` without momentum. The learning rate multiplies the velocity, not the gradient in it: unlike
    in Sutskever et al., "On the importance of initialization and momentum in deep learning" (2013), eqs. 1-4, from
    which Nesterov's form is taken. Momentum: Polyak, "Some methods of speeding up the convergence of iteration
    methods" (1964).

    Args:
        params, lr, weight_decay, maximize, implementation: As in :class:`Optimizer`.
        momentum: What is kept of the velocity b.
        dampening: What the gradient loses when it is added to b.
        nesterov: Look ahead along b.

    Raises:
        ValueError: An option is negative; ``nesterov`` without momentum, or with dampening.

    >>> import tinygrad_mlp as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.SGD([w], lr=0.25)
    >>> (w**2).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.5000], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        **implementation: bool | None,
    ) -> None:
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError(
                f"Nesterov momentum requires a momentum and zero dampening, got momentum={momentum}, dampening={dampening}"
            )
        super().__init__(params, options_among(locals()), **implementation)

    def _kernel(self, p: Tensor, state: State, group: Group) -> Kernel:
        momentum, dampening = float(group["momentum"]), float(group["dampening"])
        b, share = state.get("momentum_buffer"), 1 - dampening
        if momentum and b is None:
            b, share = zeros_like(p).neg_(), 1.0  # -0.0 + g is g, also where that is 0.0 or -0.0
            state["momentum_buffer"] = b
        numbers = momentum, share if dampening else None, bool(group["nesterov"]), -float(group["lr"])
        return _sgd, (b if momentum else None,), numbers
