"""SequentialLR, which puts one scheduler after the other, and ChainedScheduler, which puts one upon the other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from ...errors import ArgumentError
from ..optimizer import Optimizer
from .base import LRScheduler, of_optimizer
from .plateau import ReduceLROnPlateau

__all__ = ["ChainedScheduler", "SequentialLR"]


class SequentialLR(LRScheduler):
    """One scheduler after the other: at each milestone the next starts, at its epoch 0.

    Args:
        optimizer, last_epoch: As in :class:`LRScheduler`.
        schedulers: All made with this optimizer.
        milestones: The epochs in which the second, third, ... starts.

    Raises:
        ArgumentError: Something else than schedulers.
        ValueError: No schedulers; not one milestone fewer; one that belongs to another optimizer; ReduceLROnPlateau,
            whose step takes a metric.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.optim.lr_scheduler import ExponentialLR, LinearLR, SequentialLR
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    >>> warmup = LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> scheduler = SequentialLR(optimizer, [warmup, ExponentialLR(optimizer, gamma=0.5)], milestones=[2])
    >>> for _ in range(4):
    ...     print(scheduler.get_last_lr())
    ...     optimizer.step()
    ...     scheduler.step()
    [0.5]
    [0.75]
    [1.0]
    [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int], last_epoch: int = -1
    ) -> None:
        self.optimizer: Optimizer = of_optimizer(optimizer)
        if not schedulers:
            raise ValueError("SequentialLR expects at least one scheduler, but got no scheduler")
        for i, scheduler in enumerate(schedulers):
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError(f"SequentialLR does not support ReduceLROnPlateau, at index {i}: its step() needs a metric")
            if not isinstance(scheduler, LRScheduler):
                raise ArgumentError(f"SequentialLR: {type(scheduler).__name__} at index {i} is not a scheduler")
            if scheduler.optimizer is not optimizer:
                raise ValueError(
                    "SequentialLR expects all schedulers to belong to the same optimizer, but that of "
                    f"{type(scheduler).__name__} at index {i} is another"
                )
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "SequentialLR expects one milestone fewer than schedulers, but got "
                f"{len(schedulers)} schedulers and {len(milestones)} milestones"
            )
        self._schedulers = list(schedulers)
        self._milestones = list(milestones)
        self._restart([group["initial_lr"] for group in optimizer.param_groups])
        self.last_epoch: int = last_epoch + 1

    def _restart(self, lrs: Sequence[float] | None = None) -> None:
        self.last_epoch = 0
        scheduler = self._schedulers[bisect_right(self._milestones, 0)]
        scheduler._restart(lrs)
        self._last_lr = scheduler.get_last_lr()

    def step(self) -> None:  # type: ignore[override] # PyTorch's signature
        """Set the learning rates of the next epoch; call it after the optimizer's ``step()``."""
        self.last_epoch += 1
        present = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[present]
        if self.last_epoch in self._milestones:
            scheduler._restart()
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer, with the state of every scheduler."""
        return {**super().state_dict(), "_schedulers": [s.state_dict() for s in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over :meth:`state_dict`."""
        for scheduler, saved in zip(self._schedulers, state_dict["_schedulers"], strict=True):
            scheduler.load_state_dict(saved)
        super().load_state_dict({**state_dict, "_schedulers": self._schedulers})


class ChainedScheduler(LRScheduler):
    """Several schedulers at once: each steps from the learning rate that the one before has set.

    Args:
        schedulers: All made with the same optimizer.
        optimizer: That optimizer; the schedulers', if not given.

    Raises:
        ValueError: No schedulers, or of several optimizers.
        ArgumentError: Something else than schedulers.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.optim.lr_scheduler import ChainedScheduler, ConstantLR, ExponentialLR
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = ChainedScheduler([ConstantLR(optimizer, factor=0.5, total_iters=2), ExponentialLR(optimizer, gamma=0.5)])
    >>> for _ in range(3):
    ...     print(scheduler.get_last_lr())
    ...     optimizer.step()
    ...     scheduler.step()
    [0.5]
    [0.25]
    [0.25]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        if len(schedulers) < 1:
            raise ValueError("ChainedScheduler expects at least one scheduler to be chained, but got no scheduler")
        for i, scheduler in enumerate(schedulers):
            if not hasattr(scheduler, "optimizer"):
                raise ArgumentError(f"ChainedScheduler: {type(scheduler).__name__} at index {i} is not a scheduler")
            if scheduler.optimizer is not (optimizer or schedulers[0].optimizer):
                raise ValueError(
                    "ChainedScheduler expects all schedulers to belong to the same optimizer, but that of "
                    f"{type(scheduler).__name__} at index {i} is another"
                )
        self.optimizer: Optimizer = optimizer or schedulers[0].optimizer
        self._schedulers = list(schedulers)
        self._last_lr = self._present()

    def step(self, epoch: int | None = None) -> None:
        """Have each scheduler set the learning rates of the next epoch; call it after the optimizer's ``step()``."""
        for scheduler in self._schedulers:
            scheduler.step() if epoch is None else scheduler.step(epoch)
        self._last_lr = self._present()

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer, with the state of every scheduler."""
        return {**super().state_dict(), "_schedulers": [s.state_dict() for s in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over :meth:`state_dict`."""
        for scheduler, saved in zip(self._schedulers, state_dict["_schedulers"], strict=True):
            scheduler.load_state_dict(saved)
        super().load_state_dict({**state_dict, "_schedulers": self._schedulers})
