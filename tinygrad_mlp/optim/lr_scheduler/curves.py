"""Schedulers whose learning rate is a function of the epoch."""

from __future__ import annotations

import math
import types
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from ..optimizer import Optimizer
from .base import LRScheduler, of_optimizer, per_group

__all__ = [
    "ConstantLR", "CosineAnnealingLR", "ExponentialLR", "LambdaLR", "LinearLR", "MultiStepLR", "MultiplicativeLR", "OneCycleLR",
    "PolynomialLR", "StepLR",
]  # fmt: skip


class LambdaLR(LRScheduler):
    """``lr_t = base_lr * lr_lambda(t)``.

    Args:
        optimizer, last_epoch: As in :class:`LRScheduler`.
        lr_lambda: A function of the epoch, or a list of one per group. The state_dict has those that are objects, not
            functions.

    Raises:
        ValueError: The list has not one function per group.

    >>> import tinygrad_mlp as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.5**epoch)
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.125]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        self.lr_lambdas: list[Callable[[int], float]] = per_group("lr_lambda", lr_lambda, of_optimizer(optimizer))
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """``base_lr * lr_lambda(t)``."""
        return [base_lr * f(self.last_epoch) for base_lr, f in zip(self.base_lrs, self.lr_lambdas, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer; of ``lr_lambdas`` the attributes, None for a function."""
        kept = [None if isinstance(f, types.FunctionType) else dict(vars(f)) for f in self.lr_lambdas]
        return {**super().state_dict(), "lr_lambdas": kept}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over :meth:`state_dict`; functions stay as they are."""
        for f, attributes in zip(self.lr_lambdas, state_dict["lr_lambdas"], strict=True):
            if attributes is not None:
                vars(f).update(attributes)
        super().load_state_dict({**state_dict, "lr_lambdas": self.lr_lambdas})


class MultiplicativeLR(LambdaLR):
    """``lr_t = lr_{t-1} * lr_lambda(t)``, from ``lr_0 = base_lr``.

    Args:
        optimizer, lr_lambda, last_epoch: As in :class:`LambdaLR`.

    Raises:
        ValueError: The list has not one function per group.

    >>> import tinygrad_mlp as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = torch.optim.lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.5)
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.125]
    """

    def get_lr(self) -> list[float]:
        """``lr_{t-1} * lr_lambda(t)``."""
        if self.last_epoch <= 0:
            return self._present()
        return [lr * f(self.last_epoch) for lr, f in zip(self._present(), self.lr_lambdas, strict=True)]


class PolynomialLR(LRScheduler):
    """``lr_t = base_lr * (1 - min(t, total_iters) / total_iters)**power``.

    Args:
        optimizer, last_epoch: As in :class:`LRScheduler`.
        total_iters: The epochs until it is 0.
        power: Of the polynomial.

    >>> import tinygrad_mlp as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=4)
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def _ratio(self) -> float:
        t = self.last_epoch
        if t == 0 or t > self.total_iters:
            return 1
        return ((1 - t / self.total_iters) / (1 - (t - 1) / self.total_iters)) ** self.power


class StepLR(LRScheduler):
    """``lr_t = base_lr * gamma**(t // step_size)``.

    Args:
        optimizer, last_epoch: As in :class:`LRScheduler`.
        step_size: Epochs from one decay to the next.
        gamma: Factor of a decay.

    >>> import tinygrad_mlp as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    >>> for _ in range(5):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _ratio(self) -> float:
        return self.gamma if self.last_epoch > 0 and self.last_epoch % self.step_size == 0 else 1


class MultiStepLR(LRScheduler):
    """``lr_t = base_lr * gamma**(the number of milestones up to t)``.

    Args:
        optimizer, last_epoch: As in :class:`LRScheduler`.
        milestones: The epochs of the decays; one that comes twice decays twice.
        gamma: Factor of a decay.

    >>> import tinygrad_mlp as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[1, 4], gamma=0.5)
    >>> for _ in range(4):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.milestones: dict[int, int] = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _ratio(self) -> float:
        return self.gamma ** self.milestones.get(self.last_epoch, 0)


class ConstantLR(LRScheduler):
    """``lr_t = base_lr * factor`` while t < total_iters, then ``base_lr``.

    Args:
        optimizer, last_epoch: As in :class:`LRScheduler`.
        factor: From 0 to 1.
        total_iters: The epochs it lasts.

    Raises:
        ValueError: ``factor`` out of its range.

    >>> import tinygrad_mlp as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    >>> torch.optim.lr_scheduler.ConstantLR(optimizer, factor=0.5).get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1) -> None:
        if not 0 <= factor <= 1:
            raise ValueError(f"ConstantLR: factor expected to be between 0 and 1, got {factor}")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _ratio(self) -> float:
        if self.last_epoch == 0:
            return self.factor
        return 1 / self.factor if self.last_epoch == self.total_iters else 1


class LinearLR(LRScheduler):
    """``lr_t = base_lr * (start_factor + (end_factor - start_factor) * min(t / total_iters, 1))``.

    Args:
        optimizer, last_epoch: As in :class:`LRScheduler`.
        start_factor: Above 0, at most 1.
        end_factor: From 0 to 1.
        total_iters: The epochs from one to the other.

    Raises:
        ValueError: A factor out of its range.

    >>> import tinygrad_mlp as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.75]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1:
            raise ValueError(f"LinearLR: start_factor expected to be above 0 and at most 1, got {start_factor}")
        if not 0 <= end_factor <= 1:
            raise ValueError(f"LinearLR: end_factor expected to be between 0 and 1, got {end_factor}")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _ratio(self) -> float:
        if self.last_epoch == 0:
            return self.start_factor
        if self._is_initial or self.last_epoch > self.total_iters:
            return 1
        rise = self.end_factor - self.start_factor
        return 1 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise)


class ExponentialLR(LRScheduler):
    """``lr_t = base_lr * gamma**t``.

    Args:
        optimizer, last_epoch: As in :class:`LRScheduler`.
        gamma: Factor of an epoch.

    >>> import tinygrad_mlp as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _ratio(self) -> float:
        return 1 if self._is_initial else self.gamma


class CosineAnnealingLR(LRScheduler):
    """``lr_t = eta_min + (base_lr - eta_min) * (1 + cos(pi * t / T_max)) / 2``.

    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017), eq. 5, without the restarts:
    after T_max epochs it rises again.

    Args:
        optimizer, last_epoch: As in :class:`LRScheduler`.
        T_max: The epochs from base_lr to eta_min.
        eta_min: The least learning rate.

    >>> import tinygrad_mlp as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=3, eta_min=0.5)
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.875]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,  # noqa: N803 - PyTorch's name
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The formula's value in epoch t from that in t - 1."""
        t, period, low = self.last_epoch, self.T_max, self.eta_min
        if self._is_initial:
            return self._present()
        if (t - 1 - period) % (2 * period) == 0:  # lr_{t-1} - eta_min is 0, and no multiple of 0 rises again
            rise = 1 - math.cos(math.pi / period)
            bases = per_group("base_lrs", self.base_lrs, self.optimizer)
            return [lr + (base - low) * rise / 2 for lr, base in zip(self._present(), bases, strict=True)]
        ratio = (1 + math.cos(math.pi * t / period)) / (1 + math.cos(math.pi * (t - 1) / period))
        return [ratio * (lr - low) + low for lr in self._present()]

    def _lrs_of(self, epoch: float) -> list[float]:
        low, height = self.eta_min, (1 + math.cos(math.pi * epoch / self.T_max)) / 2
        return [low + (base - low) * height for base in per_group("base_lrs", self.base_lrs, self.optimizer)]


class OneCycleLR(LRScheduler):
    """One cycle: up from ``max_lr / div_factor`` to ``max_lr``, then down far below the start; momentum the other way.

    Phases, each from its first value to its second along half a cosine or a line, over the given part of the steps::

        lr:  max_lr / div_factor -> max_lr                                        pct_start
             max_lr -> max_lr / div_factor / final_div_factor                     the rest

    With ``three_phase`` the second leads back to ``max_lr / div_factor`` in another ``pct_start``, and a third to the
    end. Momentum (or beta1) goes from ``max_momentum`` to ``base_momentum`` and back in the first two, and then stays.
    Step it after every batch.

    Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates" (2018).

    Args:
        optimizer, last_epoch: As in :class:`LRScheduler`.
        max_lr: The highest learning rate, or a list of one per group.
        total_steps: The number of steps; or ``epochs * steps_per_epoch``.
        epochs, steps_per_epoch: See ``total_steps``.
        pct_start: The part of the steps in which it rises, from 0 to 1.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        cycle_momentum: Whether momentum changes too.
        base_momentum, max_momentum: Its least and largest value, or lists of one per group.
        div_factor: ``max_lr`` over the first learning rate.
        final_div_factor: The first learning rate over the last.
        three_phase: See above.

    Raises:
        ValueError: No number of steps, or not a positive integer; more steps than that; ``pct_start``,
            ``anneal_strategy`` or the length of a list not as above; ``cycle_momentum`` without a momentum.

    >>> import tinygrad_mlp as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
    >>> scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=10, pct_start=0.5)
    >>> for _ in range(4):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr(), optimizer.param_groups[0]["momentum"]
    ([1.0], 0.85)
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        of_optimizer(optimizer)
        counts: dict[str, Any] = {"total_steps": total_steps}
        if total_steps is None:
            counts = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
        for name, count in counts.items():
            if not isinstance(count, int) or count <= 0:
                raise ValueError(
                    f"Expected positive integer {name}, but got {count}; give total_steps, or epochs and steps_per_epoch"
                )
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}")
        if cycle_momentum and not optimizer.defaults.keys() & {"momentum", "betas"}:
            raise ValueError(
                f"cycle_momentum needs an optimizer with momentum or betas, which {type(optimizer).__name__} has not; "
                "set cycle_momentum=False"
            )
        self.total_steps: int = math.prod(counts.values())
        self.cycle_momentum = cycle_momentum
        self.use_beta1: bool = "betas" in optimizer.defaults
        self._anneal_func_type = anneal_strategy
        # Each phase: its last step, then the names in the group of the values that lr and momentum start and end at.
        rise = float(pct_start * self.total_steps) - 1
        up = (rise, "initial_lr", "max_lr", "max_momentum", "base_momentum")
        end = self.total_steps - 1
        if three_phase:
            down = (2 * rise, "max_lr", "initial_lr", "base_momentum", "max_momentum")
            self._phases = [up, down, (end, "initial_lr", "min_lr", "max_momentum", "max_momentum")]
        else:
            self._phases = [up, (end, "max_lr", "min_lr", "base_momentum", "max_momentum")]
        highest = per_group("max_lr", max_lr, optimizer)
        least_momentum = per_group("base_momentum", base_momentum, optimizer)
        most_momentum = per_group("max_momentum", max_momentum, optimizer)
        if last_epoch == -1:
            for i, group in enumerate(optimizer.param_groups):
                first = highest[i] / div_factor
                group.update(initial_lr=first, max_lr=highest[i], min_lr=first / final_div_factor)
                if cycle_momentum:
                    group.update(max_momentum=most_momentum[i], base_momentum=least_momentum[i])
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The learning rates of step t; sets the momentum of step t as well."""
        t = self.last_epoch
        if t > self.total_steps:
            raise ValueError(f"Tried to step {t} times. The specified number of total steps is {self.total_steps}")
        per_group("base_lrs", self.base_lrs, self.optimizer)
        ends = [0.0, *(phase[0] for phase in self._phases)]
        i = next((i for i, end in enumerate(ends[1:-1]) if t <= end), len(self._phases) - 1)
        part = (t - ends[i]) / (ends[i + 1] - ends[i]) if ends[i + 1] > ends[i] else 1.0
        _, lr_from, lr_to, momentum_from, momentum_to = self._phases[i]
        for group in self.optimizer.param_groups if self.cycle_momentum else ():
            momentum = self._between(group[momentum_from], group[momentum_to], part)
            if self.use_beta1:
                group["betas"] = (momentum, *group["betas"][1:])
            else:
                group["momentum"] = momentum
        return [self._between(group[lr_from], group[lr_to], part) for group in self.optimizer.param_groups]

    def _between(self, start: float, end: float, part: float) -> float:
        if self._anneal_func_type == "linear":
            return (end - start) * part + start
        return end + (start - end) / 2 * (math.cos(math.pi * part) + 1)
