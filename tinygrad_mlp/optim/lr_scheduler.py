"""Schedulers: how an optimizer's learning rates change over the epochs.

Each formula below is for lr_t, the learning rate of a group in epoch t = 0, 1, ..., where base_lr is what it was when
the scheduler was made. As in PyTorch most schedulers step *from the present value*, lr_t = lr_{t-1} * ratio, and so can
be combined on one optimizer, or given a new ``lr`` between two steps.
"""

from __future__ import annotations

import math
import types
import warnings
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, SupportsFloat

from ..errors import ArgumentError
from ..grad_mode import state
from .optimizer import Optimizer

__all__ = [
    "ConstantLR",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]


def _of_optimizer(optimizer: Optimizer) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise ArgumentError(f"{type(optimizer).__name__} is not an Optimizer")
    return optimizer


def _per_group(name: str, value: Any, optimizer: Optimizer) -> list[Any]:
    """One value per group: those given, or the one given for all."""
    count = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [value] * count
    if len(value) != count:
        raise ValueError(f"expected {count} values of {name}, one for each parameter group, but got {len(value)}")
    return list(value)


def _outside_of_compiled_steps() -> None:
    if state.tracer is not None:
        state.tracer.read("scheduler.step() sets a learning rate; call it after the compiled step, not in it")


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

    _is_initial = False  # while the first learning rate is set, which has no epoch before it

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = _of_optimizer(optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming a scheduler with "
                    f"last_epoch={last_epoch}; load the optimizer's state_dict first, or start with last_epoch=-1"
                )
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        self.step()
        self._is_initial = False

    def _restart(self, lrs: Sequence[float] | None = None) -> None:
        """Go to epoch 0 from the given learning rates, those at the start if not given."""
        for group, lr in zip(self.optimizer.param_groups, self.base_lrs if lrs is None else lrs, strict=True):
            group["lr"] = lr
        self.last_epoch = -1
        self._initial_step()

    def step(self) -> None:
        """Set the learning rates of the next epoch; call it after the optimizer's ``step()``."""
        _outside_of_compiled_steps()
        if self._step_count == 1 and self.optimizer.stepped is False:
            warnings.warn(
                "lr_scheduler.step() was called before optimizer.step(), so that the first learning rate was never "
                "used; call optimizer.step() first",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        self.last_epoch += 1
        for group, lr in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            group["lr"] = float(lr)  # not NumPy's float64, which would make float64 of float32
        self._last_lr = self._present()

    def get_last_lr(self) -> list[float]:
        """The learning rates set last, one per group."""
        return self._last_lr

    def get_lr(self) -> list[float]:
        """The learning rates of epoch ``last_epoch``, one per group, from the present ones."""
        ratio = self._ratio()
        return [lr * ratio for lr in self._present()]

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
        self.lr_lambdas = _per_group("lr_lambda", lr_lambda, _of_optimizer(optimizer))
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
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _ratio(self) -> float:
        return self.gamma ** self.milestones.get(self.last_epoch, 0)  # a dict after loading


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
        if (t - 1 - period) % (2 * period) == 0:  # epoch t - 1 was at eta_min, of which no multiple leads up again
            rise = 1 - math.cos(math.pi / period)
            return [lr + (base - low) * rise / 2 for lr, base in zip(self._present(), self.base_lrs, strict=True)]
        ratio = (1 + math.cos(math.pi * t / period)) / (1 + math.cos(math.pi * (t - 1) / period))
        return [ratio * (lr - low) + low for lr in self._present()]


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
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        _of_optimizer(optimizer)
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
        self.total_steps = math.prod(counts.values())
        self.cycle_momentum = cycle_momentum
        self.use_beta1 = "betas" in optimizer.defaults
        self._anneal_func_type = anneal_strategy
        # The step in which a phase ends, and the group's entries between which lr and momentum move in it.
        rise = float(pct_start * self.total_steps) - 1
        up = (rise, "initial_lr", "max_lr", "max_momentum", "base_momentum")
        end = self.total_steps - 1
        if three_phase:
            down = (2 * rise, "max_lr", "initial_lr", "base_momentum", "max_momentum")
            self._phases = [up, down, (end, "initial_lr", "min_lr", "max_momentum", "max_momentum")]
        else:
            self._phases = [up, (end, "max_lr", "min_lr", "base_momentum", "max_momentum")]
        highest = _per_group("max_lr", max_lr, optimizer)
        least_momentum = _per_group("base_momentum", base_momentum, optimizer)
        most_momentum = _per_group("max_momentum", max_momentum, optimizer)
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
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = _of_optimizer(optimizer)
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
        self.last_epoch = last_epoch + 1

    def _restart(self, lrs: Sequence[float] | None = None) -> None:
        self.last_epoch = 0
        scheduler = self._schedulers[bisect_right(self._milestones, 0)]
        scheduler._restart(lrs)
        self._last_lr = scheduler.get_last_lr()

    def step(self) -> None:
        """Set the learning rates of the next epoch; call it after the optimizer's ``step()``."""
        _outside_of_compiled_steps()
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
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        self.optimizer = _of_optimizer(optimizer)
        if factor >= 1:
            raise ValueError(f"Factor should be < 1.0, got {factor}")
        if mode not in ("min", "max"):
            raise ValueError(f"mode must be 'min' or 'max', got {mode!r}")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold_mode must be 'rel' or 'abs', got {threshold_mode!r}")
        self.mode, self.factor, self.patience = mode, factor, patience
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.cooldown, self.eps = cooldown, eps
        self.min_lrs = _per_group("min_lr", min_lr, optimizer)
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = 0
        self.cooldown_counter = 0
        self.last_epoch = 0
        self._last_lr = self._present()

    # The base's step() takes no metric; PyTorch's class is a subclass with this signature all the same.
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
            for group, least in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
                reduced = max(group["lr"] * self.factor, least)
                if group["lr"] - reduced > self.eps:
                    group["lr"] = reduced
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = self._present()

    def _improves(self, metric: float) -> bool:
        if self.threshold_mode == "rel":
            margin = 1 - self.threshold if self.mode == "min" else 1 + self.threshold
            bar = self.best * margin
        else:
            bar = self.best - self.threshold if self.mode == "min" else self.best + self.threshold
        return metric < bar if self.mode == "min" else metric > bar
