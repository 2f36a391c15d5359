"""Rprop: steps whose length follows from the signs of the gradients alone."""

from __future__ import annotations

import numpy as np

from .._tensor import Tensor
from ..errors import ArgumentError
from ..ops.creation import full_like, zeros_like
from .optimizer import Array, Group, Kernel, Optimizer, Params, State
from .options import options_among

__all__ = ["Rprop"]


def _rprop(p: Array, g: Array, before: Array, length: Array, *numbers: float) -> None:
    shrink, grow, least, most = numbers
    agreement = np.sign(g * before)
    same, other = np.maximum(agreement, 0.0), np.maximum(-agreement, 0.0)  # 1 or 0
    length *= grow * same + shrink * other + (1 - (same + other))
    np.maximum(length, least, out=length)
    np.minimum(length, most, out=length)
    np.multiply(g, 1 - other, out=before)
    p -= np.sign(before) * length


class Rprop(Optimizer):
    """Resilient backpropagation: each entry of p has a step length of its own, which grows while its gradient keeps its sign.

    ::

        s = etaplus where g * g_before > 0, etaminus where it is < 0, else 1
        l = min(max(l * s, l_min), l_max)              # step_size; lr at the start
        g = 0 where g * g_before < 0
        p = p - sign(g) * l

    It is made for full batches: the sign of a mini-batch's gradient is too noisy. Riedmiller and Braun, "A direct adaptive method for
    faster backpropagation learning" (1993).

    Args:
        params, maximize, implementation: As in :class:`Optimizer`.
        lr: The step length to begin with.
        etas: etaminus and etaplus, the factors of a step length.
        step_sizes: The least and the largest step length.

    Raises:
        ValueError: etaminus is not between 0 and 1, or etaplus not above 1.

    >>> import tinygrad_mlp as torch
    >>> w = torch.tensor([1.0, -1.0], requires_grad=True)
    >>> optimizer = torch.optim.Rprop([w], lr=0.25)
    >>> (w**3).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.7500, -1.2500], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        maximize: bool = False,
        **implementation: bool | None,
    ) -> None:
        super().__init__(params, options_among(locals()), **implementation)

    def check(self, options: dict[str, object]) -> None:
        """As in :class:`Optimizer`, and the factors."""
        super().check(options)
        etas = options["etas"]
        if not isinstance(etas, tuple | list) or len(etas) != 2:
            raise ArgumentError(f"Invalid etas: {etas!r}; expected a pair of numbers")
        if not 0 < etas[0] < 1 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}; expected 0 < etaminus < 1 < etaplus")

    def initial_state(self, p: Tensor, group: Group) -> State:
        """t = 0, no gradient before, and steps as long as lr."""
        return {"step": 0.0, "prev": zeros_like(p), "step_size": full_like(p, float(group["lr"]))}

    def _kernel(self, p: Tensor, state: State, group: Group) -> Kernel:
        state["step"] += 1
        return _rprop, (state["prev"], state["step_size"]), (*map(float, group["etas"]), *map(float, group["step_sizes"]))
