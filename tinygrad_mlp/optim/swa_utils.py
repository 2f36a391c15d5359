"""Averages of a model's weights over a training: SWA and exponential moving averages, as ``torch.optim.swa_utils``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from typing import Any, Literal

from .._tensor import Tensor
from ..device import DeviceLike
from ..dtypes import int64
from ..grad_mode import no_grad
from ..nn.module import Module
from ..nn.normalisation import _BatchNorm
from ..ops.creation import tensor
from .lr_scheduler.base import LRScheduler, of_optimizer, per_group
from .optimizer import Optimizer

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn", "update_bn",
]  # fmt: skip

Average = Callable[[Tensor, Tensor, Tensor], Tensor]
Averages = Callable[[Sequence[Tensor], Sequence[Tensor], Tensor], None]


def _ema_decay(decay: float) -> float:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")
    return decay


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """The function ``decay * averaged + (1 - decay) * current`` of two tensors and a number of averages; ValueError for a decay outside 0 to 1."""
    kept = _ema_decay(decay)
    return lambda averaged, current, count: averaged.detach() * kept + current.detach() * (1 - kept)


def get_swa_avg_fn() -> Average:
    """The function ``averaged + (current - averaged) / (count + 1)`` of two tensors and a number of averages."""
    return lambda averaged, current, count: averaged.detach() + (current.detach() - averaged.detach()) / (count + 1)


def _each(average: Average) -> Averages:
    @no_grad()
    def averages(averaged: Sequence[Tensor], current: Sequence[Tensor], count: Tensor) -> None:
        for old, new in zip(averaged, current, strict=True):
            old.copy_(average(old, new, count))

    return averages


def get_ema_multi_avg_fn(decay: float = 0.999) -> Averages:
    """:func:`get_ema_avg_fn` for lists of tensors, whose averages it writes."""
    return _each(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> Averages:
    """:func:`get_swa_avg_fn` for lists of tensors, whose averages it writes."""
    return _each(get_swa_avg_fn())


class AveragedModel(Module):
    """A copy of a model whose parameters are averages over the models given to :meth:`update_parameters`.

    By default the plain average, SWA: Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization" (2018).

    Args:
        model: Copied as ``module``.
        device: The CPU, if given.
        avg_fn: Gives the new average of a parameter: of ``(averaged, current, number of averages)``.
        multi_avg_fn: Writes the averages of all: of the two lists and the number.
        use_buffers: Average the buffers, too; else they are copied.

    Raises:
        ArgumentError: Both functions are given.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.optim.swa_utils import AveragedModel
    >>> model = torch.nn.Linear(1, 1, bias=False)
    >>> averaged = AveragedModel(model)
    >>> for value in (1.0, 3.0):
    ...     _ = torch.nn.init.constant_(model.weight, value)
    ...     averaged.update_parameters(model)
    >>> averaged(torch.ones(1, 1)).item()
    2.0
    """

    n_averaged: Tensor
    avg_fn: Average | None
    multi_avg_fn: Averages | None

    def __init__(
        self,
        model: Module,
        device: DeviceLike = None,
        avg_fn: Average | None = None,
        multi_avg_fn: Averages | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module: Module = deepcopy(model)
        if device is not None:
            self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, dtype=int64, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers: bool = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model gives."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take a model's parameters into the averages; the first are copied."""

        def all_of(module: Module) -> list[Tensor]:
            return [*module.parameters(), *(module.buffers() if self.use_buffers else ())]

        ours, theirs = all_of(self.module), [new.detach() for new in all_of(model)]
        with no_grad():
            if self.n_averaged.item() == 0:
                for old, new in zip(ours, theirs, strict=True):
                    old.copy_(new)
            else:
                averages = self.multi_avg_fn or _each(self.avg_fn or get_swa_avg_fn())
                averages([old.detach() for old in ours], theirs, self.n_averaged)
            if not self.use_buffers:
                for old, new in zip(self.module.buffers(), model.buffers(), strict=True):
                    old.detach().copy_(new.detach())
            self.n_averaged.add_(1)


def update_bn(loader: Iterable[Any], model: Module, device: DeviceLike = None) -> None:
    """Estimate the running statistics of a model's batch normalisations anew, as the averages over a loader's batches.

    Args:
        loader: Gives inputs, or tuples or lists that begin with them.
        model: Its batch normalisations start anew; its mode stays.
        device: The CPU, if given.

    >>> import tinygrad_mlp as torch
    >>> model = torch.nn.BatchNorm1d(1)
    >>> torch.optim.swa_utils.update_bn([torch.tensor([[1.0], [3.0]]), torch.tensor([[5.0], [7.0]])], model)
    >>> model.running_mean
    tensor([4.])
    """
    normalisations = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    momenta = [module.momentum for module in normalisations]
    if not normalisations:
        return
    training = model.training
    model.train()
    for module in normalisations:
        module.reset_running_stats()
        module.momentum = None
    try:
        with no_grad():
            for batch in loader:
                inputs = batch[0] if isinstance(batch, list | tuple) else batch
                model(inputs.to(device) if device is not None else inputs)
    finally:
        for module, momentum in zip(normalisations, momenta, strict=True):
            module.momentum = momentum
        model.train(training)


class SWALR(LRScheduler):
    """Anneals every learning rate to ``swa_lr`` over ``anneal_epochs``, and keeps it there.

    Args:
        optimizer, last_epoch: As in :class:`~tinygrad_mlp.optim.lr_scheduler.LRScheduler`.
        swa_lr: The learning rate at the end, or a list of one per group.
        anneal_epochs: The epochs it takes.
        anneal_strategy: ``"cos"`` or ``"linear"``.

    Raises:
        ValueError: Another strategy; ``anneal_epochs`` is not an integer of at least 0.

    >>> import tinygrad_mlp as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = torch.optim.swa_utils.SWALR(optimizer, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear")
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | Sequence[float],
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        for lr, group in zip(per_group("swa_lr", swa_lr, of_optimizer(optimizer)), optimizer.param_groups, strict=True):
            group["swa_lr"] = lr
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must by one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self._cosine = anneal_strategy == "cos"
        self.anneal_epochs: int = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """How far the way to ``swa_lr`` is gone after a step, from 0 to 1."""
        part = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * part)) / 2 if self._cosine else part

    def get_lr(self) -> list[float]:
        """The learning rates of this epoch, from the present ones."""
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        lrs = []
        for group in self.optimizer.param_groups:
            end = group["swa_lr"]
            start = end if before == 1 else (group["lr"] - before * end) / (1 - before)
            lrs.append(end * now + start * (1 - now))
        return lrs
