"""The base of all schedulers: the epoch, the learning rates at the start and now, and the state_dict."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from ...errors import ArgumentError
from ..optimizer import Optimizer

__all__ = ["LRScheduler"]


class LRScheduler:
    """Base of the schedulers: sets the learning rate of every group, at once and then at every :meth:`step`.

    A subclass gives :meth:`get_lr`, or only :meth:`_ratio` if it multiplies every learning rate by the same number.

    Args:
        optimizer: Whose learning rates to set.
        last_epoch: The epoch to resume after; -1 to start.

    Attributes:
        base_lrs: The learning rates at the start.
        last_epoch: t, the number of steps so far.

    Raises:
        ArgumentError: ``optimizer`` is not an Optimizer.
        KeyError: Resumed with an optimizer that had no scheduler.
        ValueError: In :meth:`step`: a group was added whose learning rate at the start the formula needs.

    >>> import tinygrad_mlp as torch
    >>> class Harmonic(torch.optim.lr_scheduler.LRScheduler):
    ...     def get_lr(self):
    ...         return [base_lr / (1 + self.last_epoch) for base_lr in self.base_lrs]
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = Harmonic(optimizer)
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    _is_initial = False  # True while epoch 0 is set, which has no epoch before it

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer: Optimizer = of_optimizer(optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming a scheduler with "
                    f"last_epoch={last_epoch}; load the optimizer's state_dict first, or start with last_epoch=-1"
                )
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch: int = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        self.step()
        self._is_initial = False

    def _restart(self, lrs: Sequence[float] | None = None) -> None:
        """Go to epoch 0 from the given learning rates, those at the start if not given."""
        lrs = per_group("base_lrs", self.base_lrs if lrs is None else lrs, self.optimizer)
        for group, lr in zip(self.optimizer.param_groups, lrs, strict=True):
            group["lr"] = lr
        self.last_epoch = -1
        self._initial_step()

    def step(self, epoch: int | None = None) -> None:
        """Set the learning rates of the next epoch, or of ``epoch``; call it after the optimizer's ``step()``."""
        if self._step_count == 1 and self.optimizer.stepped is False:
            warnings.warn(
                "lr_scheduler.step() was called before optimizer.step(), so that the first learning rate was never "
                "used; call optimizer.step() first",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        lrs = per_group("get_lr()", self.get_lr() if epoch is None else self._lrs_of(epoch), self.optimizer)
        for group, lr in zip(self.optimizer.param_groups, lrs, strict=True):
            group["lr"] = float(lr)  # NumPy's float64 would turn float32 parameters into float64
        self._last_lr = self._present()

    def get_last_lr(self) -> list[float]:
        """The learning rates set last, one per group."""
        return self._last_lr

    def get_lr(self) -> list[float]:
        """The learning rates of epoch ``last_epoch``, one per group, from the present ones."""
        ratio = self._ratio()
        return [lr * ratio for lr in self._present()]

    def _lrs_of(self, epoch: float) -> list[float]:
        """The learning rates of an epoch, whatever those before were: the ratios of all epochs up to it, multiplied."""
        if type(self)._ratio is LRScheduler._ratio:
            return self.get_lr()
        lrs = per_group("base_lrs", self.base_lrs, self.optimizer)
        try:
            for self.last_epoch in range(math.floor(epoch) + 1):
                self._is_initial = self.last_epoch == 0
                ratio = self._ratio()
                lrs = [lr * ratio for lr in lrs]
        finally:
            self._is_initial, self.last_epoch = False, math.floor(epoch)
        return lrs

    def _ratio(self) -> float:
        """lr_t / lr_{t-1}, where t is ``last_epoch``; lr_0 / base_lr for t = 0."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr()")

    def _present(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer."""
        return {key: value for key, value in vars(self).items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over :meth:`state_dict`. The learning rate itself is in the optimizer's."""
        vars(self).update({key: value for key, value in state_dict.items() if key != "optimizer"})


def of_optimizer(optimizer: Optimizer) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise ArgumentError(f"{type(optimizer).__name__} is not an Optimizer")
    return optimizer


def per_group(name: str, value: Any, optimizer: Optimizer) -> list[Any]:
    """One value for each group that the optimizer has now: those given, or the one given for all."""
    count = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [value] * count
    if len(value) != count:
        raise ValueError(
            f"expected {count} values of {name}, one for each parameter group, but got {len(value)}; after "
            "add_param_group() make a new scheduler"
        )
    return list(value)
