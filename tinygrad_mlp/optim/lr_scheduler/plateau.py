"""ReduceLROnPlateau, which goes by a metric instead of the epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, SupportsFloat

from ..optimizer import Optimizer
from .base import LRScheduler, of_optimizer, per_group

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(LRScheduler):
    """``lr = max(lr * factor, min_lr)`` once a metric has not improved for more than ``patience`` epochs.

    Args:
        optimizer: As in :class:`LRScheduler`.
        mode: Whether the metric should fall, ``"min"``, or rise, ``"max"``.
        factor: Of the learning rate, below 1.
        patience: The epochs without improvement that are let pass.
        threshold: How much better than the best a metric must be to count as an improvement.
        threshold_mode: ``"rel"``: by this part of the best; ``"abs"``: by this amount.
        cooldown: The epochs after a reduction that are not judged.
        min_lr: The least learning rate, or a list of one per group.
        eps: A reduction by no more than this is left out.

    Raises:
        ArgumentError: ``optimizer`` is not an Optimizer.
        ValueError: ``factor`` is not below 1; ``mode``, ``threshold_mode`` or the length of ``min_lr`` not as above.

    >>> import tinygrad_mlp as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in [3.0, 2.0, 2.0, 2.0]:
    ...     scheduler.step(loss)
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        self.optimizer: Optimizer = of_optimizer(optimizer)
        if factor >= 1:
            raise ValueError(f"Factor should be < 1.0, got {factor}")
        if mode not in ("min", "max"):
            raise ValueError(f"mode must be 'min' or 'max', got {mode!r}")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold_mode must be 'rel' or 'abs', got {threshold_mode!r}")
        self.mode = mode
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.cooldown = cooldown
        self.eps = eps
        self.min_lrs: list[float] = per_group("min_lr", min_lr, optimizer)
        self.default_min_lr: float | None = None if isinstance(min_lr, Sequence) else min_lr  # for groups added later
        self.best: float = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs: int = 0
        self.cooldown_counter: int = 0
        self.last_epoch: int = 0
        self._last_lr = self._present()

    def step(self, metrics: SupportsFloat) -> None:  # type: ignore[override] # PyTorch's signature
        """Judge the epoch by its metric, a number or a tensor of one element, and reduce if it is time."""
        self.last_epoch += 1
        metric = float(metrics)
        if self._improves(metric):
            self.best = metric
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            groups = self.optimizer.param_groups
            if len(self.min_lrs) != len(groups):
                given = self.min_lrs if self.default_min_lr is None else self.default_min_lr
                self.min_lrs = per_group("min_lrs", given, self.optimizer)
            for group, least in zip(groups, self.min_lrs, strict=True):
                reduced = max(group["lr"] * self.factor, least)
                if group["lr"] - reduced > self.eps:
                    group["lr"] = reduced
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = self._present()

    def _improves(self, metric: float) -> bool:
        sign = -1 if self.mode == "min" else 1
        step = sign * self.threshold
        bar = self.best * (1 + step) if self.threshold_mode == "rel" else self.best + step
        return sign * metric > sign * bar
