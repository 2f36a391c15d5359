"""Schedulers that go up and down again and again."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

from ..optimizer import Optimizer
from .base import LRScheduler, of_optimizer, per_group

__all__ = ["CosineAnnealingWarmRestarts", "CyclicLR"]


class CosineAnnealingWarmRestarts(LRScheduler):
    """``lr_t = eta_min + (base_lr - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2``, T_cur epochs after the last restart.

    The first restart is after T_0 epochs, and the time to the next is T_mult times as long after each.

    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017), eq. 5.

    Args:
        optimizer, last_epoch: As in :class:`LRScheduler`.
        T_0: Epochs to the first restart.
        T_mult: Factor of these after a restart.
        eta_min: The learning rate before a restart.

    Raises:
        ValueError: T_0 is not a positive integer, T_mult not one of at least 1; in :meth:`step`: a negative epoch.

    >>> import tinygrad_mlp as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2)
    >>> for _ in range(3):
    ...     print(round(scheduler.get_last_lr()[0], 3))
    ...     optimizer.step()
    ...     scheduler.step()
    1.0
    0.5
    1.0
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,  # noqa: N803 - PyTorch's name
        T_mult: int = 1,  # noqa: N803 - likewise
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        if not isinstance(T_0, int) or T_0 <= 0:
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if not isinstance(T_mult, int) or T_mult < 1:
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        self.T_0: int = T_0
        self.T_i: int = T_0
        self.T_mult: int = T_mult
        self.eta_min: float = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def step(self, epoch: float | None = None) -> None:
        """Set the learning rates of the next epoch, or of ``epoch``, which may be a fraction; call it after the optimizer's ``step()``."""
        at = self.last_epoch + 1 if epoch is None else epoch
        if at < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        self.T_i, self.T_cur = self.T_0, at
        if self.T_mult == 1:
            self.T_cur = at % self.T_0
        else:
            while self.T_cur >= self.T_i:
                self.T_cur -= self.T_i
                self.T_i *= self.T_mult
        self.last_epoch: int = math.floor(at) - 1
        super().step()

    def get_lr(self) -> list[float]:
        """The learning rates ``T_cur`` epochs after the last restart."""
        part = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base_lr - self.eta_min) * part for base_lr in self.base_lrs]


class CyclicLR(LRScheduler):
    """Up from ``base_lr`` to ``max_lr`` and down again along lines, and so on; momentum the other way.

    In step t, of cycle c = 1, 2, ..., with s from 0 to 1 and back::

        lr_t = base_lr + (max_lr - base_lr) * s * scale
        scale = 1, for "triangular2" 1 / 2**(c - 1), for "exp_range" gamma**t

    Step it after every batch. Smith, "Cyclical Learning Rates for Training Neural Networks" (2017), section 3.

    Args:
        optimizer, last_epoch: As in :class:`LRScheduler`.
        base_lr, max_lr: The least and the largest learning rate, or lists of one per group.
        step_size_up, step_size_down: Steps of the first and of the second half of a cycle; the second as the first, if not given.
        mode: ``"triangular"``, ``"triangular2"`` or ``"exp_range"``.
        gamma: Of ``"exp_range"``.
        scale_fn: A function in the place of ``mode``, of c or of t as ``scale_mode`` says.
        scale_mode: ``"cycle"`` or ``"iterations"``.
        cycle_momentum: Whether momentum (or beta1) changes too.
        base_momentum, max_momentum: Its least and largest value, or lists of one per group.

    Raises:
        ValueError: Another ``mode``; ``cycle_momentum`` without a momentum; a list of another length.

    >>> import tinygrad_mlp as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
    >>> scheduler = torch.optim.lr_scheduler.CyclicLR(optimizer, base_lr=0.0, max_lr=1.0, step_size_up=2)
    >>> for _ in range(4):
    ...     print(scheduler.get_last_lr()[0], round(optimizer.param_groups[0]["momentum"], 3))
    ...     optimizer.step()
    ...     scheduler.step()
    0.0 0.9
    0.5 0.85
    1.0 0.8
    0.5 0.85
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | Sequence[float],
        max_lr: float | Sequence[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.8,
        max_momentum: float | Sequence[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        of_optimizer(optimizer)
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None: expected 'triangular', 'triangular2' or 'exp_range'")
        if cycle_momentum and not optimizer.defaults.keys() & {"momentum", "betas"}:
            raise ValueError(
                "optimizer must support momentum or beta1 with `cycle_momentum` option enabled; set cycle_momentum=False"
            )
        least = per_group("base_lr", base_lr, optimizer)
        if last_epoch == -1:
            for lr, group in zip(least, optimizer.param_groups, strict=True):
                group["lr"] = lr
        self.max_lrs: list[float] = per_group("max_lr", max_lr, optimizer)
        down = step_size_up if step_size_down is None else step_size_down
        self.total_size: float = float(step_size_up) + float(down)
        self.step_ratio: float = step_size_up / self.total_size
        self.mode: str = mode
        self.gamma: float = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode: str = "iterations" if scale_fn is None and mode == "exp_range" else scale_mode
        self.cycle_momentum: bool = cycle_momentum
        self.use_beta1: bool = "betas" in optimizer.defaults
        self.base_momentums: list[float] = per_group("base_momentum", base_momentum, optimizer)
        self.max_momentums: list[float] = per_group("max_momentum", max_momentum, optimizer)
        super().__init__(optimizer, last_epoch)
        self.base_lrs: list[float] = least

    def scale_fn(self, x: float) -> float:
        """The factor of a cycle's height."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        powers = {"triangular": 1.0, "triangular2": 1 / 2.0 ** (x - 1), "exp_range": self.gamma**x}
        return powers[self.mode]

    def get_lr(self) -> list[float]:
        """The learning rates of step t; sets the momentum of step t as well."""
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        height *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            momenta = zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True)
            for group, least, most in momenta:
                momentum = most - (most - least) * height
                if self.use_beta1:
                    group["betas"] = (momentum, *group["betas"][1:])
                else:
                    group["momentum"] = momentum
        least_lrs = [group["initial_lr"] for group in self.optimizer.param_groups] if self._is_initial else self.base_lrs
        return [low + (high - low) * height for low, high in zip(least_lrs, self.max_lrs, strict=True)]

    def state_dict(self) -> dict[str, object]:
        """All attributes but the optimizer; of the scale function the attributes, None for a plain function."""
        fn = self._scale_fn_custom
        kept = None if fn is None or not hasattr(fn, "__dict__") or not vars(fn) else dict(vars(fn))
        return {**super().state_dict(), "_scale_fn_custom": kept}

    def load_state_dict(self, state_dict: dict[str, object]) -> None:
        """Take over :meth:`state_dict`; the scale function stays as it is."""
        if isinstance(attributes := state_dict.get("_scale_fn_custom"), dict) and self._scale_fn_custom is not None:
            vars(self._scale_fn_custom).update(attributes)
        super().load_state_dict({**state_dict, "_scale_fn_custom": self._scale_fn_custom})
