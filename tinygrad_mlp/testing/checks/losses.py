"""The checks of losses: those of modules, and what a loss with a reduction promises besides."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..._tensor import Tensor
from ...autograd.gradients import grad
from ...dtypes import float64
from ...nn import Module
from ...ops.creation import from_numpy
from ...ops.joining import cat
from .comparing import close, name_of, values_of
from .modules import MODULE_CHECKS, ModuleCase
from .suite import Suite, expect, expect_equal, expect_error, register, run, try_factory

__all__ = ["LOSS_CHECKS", "check_loss"]

LOSS_CHECKS: Suite = dict(MODULE_CHECKS)


class _LossCase(ModuleCase):
    """A factory of losses that takes the reduction, a prediction and a target."""

    def __init__(
        self, make: Callable[..., Any], prediction: Tensor, target: Tensor, perfect: Any, reductions: Sequence[str]
    ) -> None:
        graded = [0, 1] if target.requires_grad else [0]
        super().__init__(lambda: make(reduction=reductions[-1]) if reductions else make(), (prediction, target), graded)
        self.make = make
        self.reductions: tuple[str, ...] = tuple(reductions)
        self.perfect = perfect

    def loss(self, reduction: str | None, inputs: Sequence[Any] | None = None) -> Tensor:
        function = self.make(reduction=reduction) if reduction else self.make()
        if isinstance(function, Module):
            function = function.to(float64)
        result: Tensor = function(*(self.inputs() if inputs is None else inputs))
        return result

    @property
    def whole(self) -> str | None:
        """A reduction to one number."""
        return next((r for r in self.reductions if r != "none"), None)


def check_loss(
    loss: Callable[..., Any],
    prediction: Tensor,
    target: Tensor,
    *,
    perfect: Tensor | None = None,
    reductions: Sequence[str] = ("none", "mean", "sum"),
    skip: Iterable[str] = (),
) -> None:
    """Run every check of :data:`LOSS_CHECKS`, which include those of :data:`MODULE_CHECKS`, on a loss.

    >>> import tinygrad_mlp as torch
    >>> target = torch.randn(5, 3)
    >>> check_loss(torch.nn.MSELoss, torch.randn(5, 3), target, perfect=target)

    Args:
        loss: The class, or a function, that is given ``reduction=`` and makes a loss: a module, or a function of the two.
        prediction: Of shape (N, ...); derivatives by it are checked.
        target: Of as many rows; derivatives by it are checked if it requires grad.
        perfect: A prediction for the target whose loss is 0, if the loss promises that.
        reductions: Those it has, the default last; empty if ``loss`` takes no ``reduction``.
        skip: Names of checks to leave out.

    Raises:
        CheckError: Some failed; the message says which, and why.
        ValueError: ``skip`` names a check that there is not.
        ArgumentError: ``loss`` is a loss, not what makes one, or fails to make one.
    """
    not_applicable = ["batch_rows_independent"]
    not_applicable += [] if reductions else ["reductions_consistent", "rows_permute"]
    not_applicable += ["zero_when_perfect"] if perfect is None else []
    case = _LossCase(loss, prediction, target, perfect, reductions)
    try_factory("check_loss", "loss", loss, "reduction" if reductions else "", case.factory, callable)
    run(f"check_loss({name_of(loss)})", LOSS_CHECKS, case, skip, not_applicable)


@register(LOSS_CHECKS)
def reductions_consistent(case: _LossCase) -> None:
    """'sum' and 'mean' are the sum and the mean of 'none', both without dimensions, and an unknown reduction raises ValueError."""
    for reduction in case.reductions:
        shape = tuple(case.loss(reduction).shape)
        saw = f"reduction={reduction!r} gave the shape {shape}"
        expect(reduction == "none" or not shape, saw, "reduce over every dimension")
    if "none" in case.reductions:
        each = case.loss("none")
        for reduction in {"sum", "mean"} & set(case.reductions):
            expected, got = getattr(each, reduction)(), case.loss(reduction)
            saw = f"reduction={reduction!r} gave {got.item()}, the {reduction} of 'none' is {expected.item()}"
            do = "reduce the same elements that 'none' returns; leave out this check if the mean is weighted"
            expect(close(values_of(expected), values_of(got), 1e-9), saw, do)
    saw, do = "reduction='none of these' was accepted", "raise ValueError for what is none of the reductions"
    expect_error(ValueError, lambda: case.loss("none of these"), saw, do)


@register(LOSS_CHECKS)
def zero_when_perfect(case: _LossCase) -> None:
    """The loss of the perfect prediction is 0."""
    inputs = [case.perfect.detach().to(float64), *case.inputs()[1:]]
    value = float(case.loss(case.whole, inputs).detach().sum().item())
    expect(not abs(value) > 1e-6, f"a loss of {value}", "leave out perfect= if the loss does not promise that")


@register(LOSS_CHECKS)
def not_negative(case: _LossCase) -> None:
    """The loss is not negative."""
    value = float(case.loss(case.whole).detach().sum().item())
    expect(value >= 0, f"a loss of {value}", "leave out this check if the loss has no such bound")


@register(LOSS_CHECKS)
def shapes_checked(case: _LossCase) -> None:
    """A target with another number of rows raises an error."""
    prediction, target = case.inputs()[:2]
    errors = (RuntimeError, ValueError, TypeError, IndexError)
    do = "compare the shapes, and raise ValueError or ShapeError, before computing"
    for wrong in (cat([target, target[:1]]), cat([target, target])):
        saw = f"a prediction of shape {tuple(prediction.shape)} and a target of shape {tuple(wrong.shape)} gave {{.shape}}"
        expect_error(errors, functools.partial(case.loss, case.whole, [prediction, wrong]), saw, do)


@register(LOSS_CHECKS)
def descends(case: _LossCase) -> None:
    """A small step against the gradient of the prediction makes the loss smaller."""
    inputs = case.inputs(requires_grad=True)
    value = case.loss(case.whole, inputs).sum()
    (g,) = grad(value, [inputs[0]])
    steepness = float((g * g).sum().item())
    expect(steepness, "a gradient of 0", "give a prediction that is not perfect")
    beyond = [inputs[0].detach() - 1e-6 * g / steepness**0.5, *case.inputs()[1:]]
    before, after = value.item(), float(case.loss(case.whole, beyond).detach().sum().item())
    expect(after < before, f"{before} before the step, {after} after it", "check the sign of the gradient")


@register(LOSS_CHECKS)
def rows_permute(case: _LossCase) -> None:
    """With the rows in another order, so are the losses of 'none', and 'mean' and 'sum' stay the same."""
    size = len(case.originals[0])
    order = from_numpy(np.roll(np.arange(size)[::-1], 1).copy())
    for reduction in case.reductions:
        straight, other = case.loss(reduction), case.loss(reduction, [x[order] for x in case.inputs()])
        expected = straight[order] if reduction == "none" and straight.ndim else straight
        expect_equal(values_of(expected), values_of(other), "treat every row alike", f"reduction={reduction!r}", rtol=1e-09)
