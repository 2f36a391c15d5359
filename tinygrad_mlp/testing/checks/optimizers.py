"""The checks of optimizers: what every optimizer of PyTorch does, and one's own should do, too."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..._tensor import Tensor
from ...dtypes import float32, float64
from ...grad_mode import is_grad_enabled, no_grad
from ...ops.creation import from_numpy, linspace
from ...optim.lr_scheduler import StepLR
from .comparing import Array, close, name_of, values_of
from .suite import Suite, expect, expect_equal, expect_error, register, run, try_factory

__all__ = ["OPTIMIZER_CHECKS", "check_optimizer"]

OPTIMIZER_CHECKS: Suite = {}


class _OptimizerCase:
    """An optimizer class with its options, and small problems to optimize."""

    def __init__(self, make: Callable[..., Any], options: dict[str, Any], steps: int) -> None:
        self.make = make
        self.options = options
        self.steps = steps
        self.sign: float = -1.0 if options.get("maximize") else 1.0

    def params(self, dtype: Any = float64) -> list[Tensor]:
        """A matrix, a vector and a number to optimize, the same each time."""
        rng = np.random.default_rng(0)
        return [from_numpy(rng.uniform(0.5, 2, shape)).to(dtype).requires_grad_() for shape in ((3, 2), (4,), ())]

    def optimizer(self, params: Any, **changed: Any) -> Any:
        return self.make(params, **{**self.options, **changed})

    def objective(self, params: Sequence[Tensor]) -> Tensor:
        """A quadratic with curvatures from 0.5 to 2, least at 0; turned over if the optimizer maximizes."""
        total: Any = 0.0
        for p in params:
            curvature = linspace(0.5, 2.0, max(p.numel(), 1), dtype=p.dtype).reshape(p.shape)
            total = total + (curvature * p * p).sum()
        return self.sign * total

    def new(self, dtype: Any = float64) -> tuple[list[Tensor], Any]:
        params = self.params(dtype)
        return params, self.optimizer(params)

    def step(self, optimizer: Any, params: Sequence[Tensor], count: int = 1) -> None:
        for _ in range(count):
            optimizer.zero_grad()
            self.objective(params).backward()
            optimizer.step()

    def ran(self, count: int = 3, **changed: Any) -> list[Array]:
        """The parameters after some steps with other options."""
        params = self.params()
        self.step(self.optimizer(params, **changed), params, count)
        return values_of(params)


def check_optimizer(cls: Callable[..., Any], *, steps: int = 100, skip: Iterable[str] = (), **options: Any) -> None:
    """Run every check of :data:`OPTIMIZER_CHECKS` on an optimizer.

    >>> import tinygrad_mlp as torch
    >>> check_optimizer(torch.optim.SGD, lr=0.1, momentum=0.9)

    Args:
        cls: The class: ``cls(params, **options)``.
        steps: Within how many steps it makes a quadratic smaller.
        skip: Names of checks to leave out.
        **options: What the class is given.

    Raises:
        CheckError: Some failed; the message says which, and why.
        ValueError: ``skip`` names a check that there is not.
        ArgumentError: ``cls`` is an optimizer, not what makes one, or fails to make one.
    """
    case = _OptimizerCase(cls, options, steps)
    try_factory(
        "check_optimizer",
        "optimizer",
        cls,
        "params",
        lambda: case.optimizer(case.params()),
        lambda made: hasattr(made, "step"),
    )
    run(f"check_optimizer({name_of(cls)})", OPTIMIZER_CHECKS, case, skip)


@register(OPTIMIZER_CHECKS)
def minimizes(case: _OptimizerCase) -> None:
    """Steps on a quadratic make it smaller."""
    params = case.params()
    before = case.sign * case.objective(params).item()
    case.step(case.optimizer(params), params, case.steps)
    after = case.sign * case.objective(params).item()
    saw = f"{before} at first, {after} after {case.steps} steps"
    expect(after < before, saw, "check the update's sign; raise lr= or steps=")


@register(OPTIMIZER_CHECKS)
def every_parameter_moves(case: _OptimizerCase) -> None:
    """A step moves every parameter that has a gradient, whatever its shape."""
    params = case.params()
    before = values_of(params)
    case.step(case.optimizer(params), params)
    still = [str(p.shape) for p, old in zip(params, before, strict=True) if np.array_equal(p.detach().numpy(), old)]
    saw = f"no change in parameters of shape {', '.join(still)}"
    expect(not still, saw, "go through every parameter of every group")


@register(OPTIMIZER_CHECKS)
def same_again(case: _OptimizerCase) -> None:
    """From the same start come the same parameters, to the last bit."""
    runs = [case.ran(), case.ran()]
    expect_equal(runs[0], runs[1], "keep state in self.state, not in the class")


@register(OPTIMIZER_CHECKS)
def writes_in_place(case: _OptimizerCase) -> None:
    """A step writes into the parameters' memory, and they stay leaves that require grad, with no graph."""
    params = case.params()
    views, memory = [p.detach() for p in params], [p._data for p in params]
    case.step(case.optimizer(params), params)
    for p, view, array in zip(params, views, memory, strict=True):
        same = p._data is array and np.array_equal(view.numpy(), p.detach().numpy())
        expect(same, "a parameter with new memory, which its views do not see", "write with p.add_(...), not p.data = ...")
        saw = f"is_leaf={p.is_leaf}, requires_grad={p.requires_grad} after a step"
        expect(p.is_leaf and p.requires_grad, saw, "update under no_grad()")


@register(OPTIMIZER_CHECKS)
def gradients_untouched(case: _OptimizerCase) -> None:
    """A step reads .grad and does not write it."""
    params, optimizer = case.new()
    for _ in range(2):
        optimizer.zero_grad()
        case.objective(params).backward()
        before = values_of([p.grad for p in params])
        optimizer.step()
        after = values_of([p.grad for p in params])
        expect_equal(before, after, "compute with g = p.grad + ..., not p.grad.add_(...)")


@register(OPTIMIZER_CHECKS)
def skips_without_gradient(case: _OptimizerCase) -> None:
    """A parameter whose .grad is None, or that does not require grad, stays as it is, without an error."""
    params = case.params()
    params[2].requires_grad_(False)
    before = values_of(params)
    optimizer = case.optimizer(params)
    for _ in range(2):
        optimizer.zero_grad()
        case.objective(params[:1]).backward()
        optimizer.step()
    for k, what in ((1, "has .grad None"), (2, "does not require grad")):
        still = np.array_equal(params[k].detach().numpy(), before[k])
        expect(still, f"a parameter that {what} moved", "skip parameters whose grad is None, before weight decay, too")


@register(OPTIMIZER_CHECKS)
def zero_learning_rate(case: _OptimizerCase) -> None:
    """With lr=0 nothing changes."""
    before = values_of(case.params())
    after = case.ran(lr=0.0)
    expect_equal(before, after, "multiply all of the update, weight decay included, by lr")


@register(OPTIMIZER_CHECKS)
def options_checked(case: _OptimizerCase) -> None:
    """A negative lr, no parameters, and a tensor instead of a list of them raise ValueError or TypeError."""
    calls: dict[str, Callable[[], Any]] = {
        "lr=-1": lambda: case.optimizer(case.params(), lr=-1.0),
        "an empty list": lambda: case.optimizer([]),
        "a tensor": lambda: case.optimizer(case.params()[0]),
    }
    do = "call super().__init__(params, defaults), which checks both"
    for what, call in calls.items():
        expect_error((ValueError, TypeError), call, f"{what} was accepted", do)


@register(OPTIMIZER_CHECKS)
def groups_respected(case: _OptimizerCase) -> None:
    """Each parameter group is updated with its own lr, as by an optimizer of its own; a group can be added later."""
    params, alone = case.params(), case.params()
    base = case.optimizer(alone).param_groups[0]["lr"]
    grouped = case.optimizer([{"params": params[:1]}, {"params": params[1:2], "lr": base / 2}])
    grouped.add_param_group({"params": params[2:], "lr": base / 4})
    case.step(grouped, params, 3)
    for p, share in zip(alone, (1, 2, 4), strict=True):
        case.step(case.optimizer([p], lr=base / share), [p], 3)
    do = "read options from the group in update, not from self; keep state per parameter"
    expect_equal(values_of(params), values_of(alone), do, "in groups, and each by itself")


@register(OPTIMIZER_CHECKS)
def state_dict_resumes(case: _OptimizerCase) -> None:
    """An optimizer that loads the state_dict of another goes on as that one does, bit for bit."""
    params = case.params()
    first = case.optimizer(params)
    case.step(first, params, 3)
    saved = copy.deepcopy(first.state_dict())
    twins = [p.detach().clone().requires_grad_() for p in params]
    case.step(first, params, 3)
    second = case.optimizer(twins, lr=first.param_groups[0]["lr"] * 3)  # the saved lr counts
    second.load_state_dict(saved)
    case.step(second, twins, 3)
    expect_equal(values_of(params), values_of(twins), "keep all state in self.state[p]", "without a break, and resumed")
    load = functools.partial(case.optimizer(case.params()[:1]).load_state_dict, saved)
    saw, do = "a state_dict of three parameters was loaded for one", "leave load_state_dict to Optimizer, or check sizes"
    expect_error((ValueError, RuntimeError, KeyError), load, saw, do)


@register(OPTIMIZER_CHECKS)
def closure_called(case: _OptimizerCase) -> None:
    """step(closure) calls it with gradients enabled, returns its loss, and takes the same step."""
    params, expected = case.params(), case.ran(1)
    optimizer = case.optimizer(params)
    seen: list[bool] = []

    def closure() -> Tensor:
        seen.append(is_grad_enabled())
        optimizer.zero_grad()
        loss = case.objective(params)
        loss.backward()
        return loss

    with no_grad():
        loss = optimizer.step(closure)
    saw = f"{len(seen)} calls of the closure, with gradients enabled: {seen}"
    expect(seen and all(seen), saw, "call it under enable_grad()")
    saw = f"step(closure) returned {type(loss).__name__}"
    expect(isinstance(loss, Tensor | float), saw, "return what the closure returned")
    expect_equal(expected, values_of(params), "update after the closure, once", "without and with a closure")


@register(OPTIMIZER_CHECKS)
def zero_grad_clears(case: _OptimizerCase) -> None:
    """zero_grad() makes every gradient None, and zeros with set_to_none=False."""
    for to_none in (True, False):
        params, optimizer = case.new()
        case.objective(params).backward()
        optimizer.zero_grad(set_to_none=to_none)
        wrong = [p.grad for p in params if (p.grad is not None if to_none else p.grad is None or p.grad.numpy().any())]
        expect(not wrong, f"zero_grad(set_to_none={to_none}) left {wrong[:1]}", "do not override zero_grad")


@register(OPTIMIZER_CHECKS)
def parameter_dtypes_kept(case: _OptimizerCase) -> None:
    """float32 parameters stay float32, as does the state of their shape."""
    for dtype in (float32, float64):
        params, optimizer = case.new(dtype)
        case.step(optimizer, params, 2)
        for p in params:
            found = {"a parameter": p} | {
                f"the state {k!r} of a parameter": v for k, v in optimizer.state.get(p, {}).items()
            }
            for name, t in found.items():
                if isinstance(t, Tensor) and t.shape == p.shape and (t is p or p.ndim):
                    expect(t.dtype is dtype, f"{name} of {dtype} is {t.dtype}", "make state with zeros_like(p)")


@register(OPTIMIZER_CHECKS)
def scheduler_drives(case: _OptimizerCase) -> None:
    """A scheduler sets the lr of the next step, as setting it in param_groups does."""
    found = []
    for scheduled in (True, False):
        params, optimizer = case.new()
        start = optimizer.param_groups[0]["lr"]
        scheduler = StepLR(optimizer, step_size=1, gamma=0.5) if scheduled else None
        for k in range(3):
            case.step(optimizer, params)
            if scheduler is not None:
                scheduler.step()
            else:
                optimizer.param_groups[0]["lr"] = start * 0.5 ** (k + 1)
        found.append(values_of(params))
    expect_equal(found[0], found[1], "read group['lr'] in every step", "by a scheduler, and by hand")
    expect(not close(found[0], case.ran(3)), "another lr changed nothing", "read group['lr'] in every step")


@register(OPTIMIZER_CHECKS)
def shows_its_options(case: _OptimizerCase) -> None:
    """str(optimizer) names the class and the lr."""
    text = str(case.optimizer(case.params()))
    expect("lr" in text, f"{text!r}", "do not override __repr__, or name the options in it")
