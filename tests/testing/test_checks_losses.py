"""check_loss: the library's losses pass, and each check notices what it is there for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sound import LABELS, WrongTanh, X, Y

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.testing.checks import (
    LOSS_CHECKS,
    MODULE_CHECKS,
    CheckError,
    check_loss,
)

LOG_P = F.log_softmax(X, 1)
LOSSES: dict[str, tuple[Callable[..., Any], tg.Tensor, tg.Tensor, dict[str, Any]]] = {
    "MSELoss": (nn.MSELoss, X, Y.clone().requires_grad_(), {"perfect": Y}),
    "L1Loss": (nn.L1Loss, X, Y.clone().requires_grad_(), {"perfect": Y}),
    "SmoothL1Loss": (nn.SmoothL1Loss, X, Y, {"perfect": Y}),
    "HuberLoss": (nn.HuberLoss, X, Y, {"perfect": Y}),
    "CrossEntropyLoss": (nn.CrossEntropyLoss, X, LABELS, {}),
    "CrossEntropyLoss of distributions": (nn.CrossEntropyLoss, X, F.softmax(Y, 1), {}),
    "CrossEntropyLoss, weighted": (  # whose mean is weighted, too
        lambda **options: nn.CrossEntropyLoss(weight=tg.tensor([1.0, 2.0, 3.0]), label_smoothing=0.1, **options),
        X,
        LABELS,
        {"skip": ["reductions_consistent"]},
    ),
    "NLLLoss": (nn.NLLLoss, LOG_P, LABELS, {}),
    "BCELoss": (nn.BCELoss, tg.sigmoid(X), Y, {}),
    "BCEWithLogitsLoss": (nn.BCEWithLogitsLoss, X, Y, {}),
    "KLDivLoss": (nn.KLDivLoss, LOG_P, F.softmax(Y, 1), {"perfect": F.log_softmax(Y, 1)}),
    "mse_loss": (lambda reduction: lambda x, t: F.mse_loss(x, t, reduction=reduction), X, Y, {"perfect": Y}),
}


@pytest.mark.parametrize("name", LOSSES)
def test_own_losses(name: str) -> None:
    loss, prediction, target, options = LOSSES[name]
    check_loss(loss, prediction, target, **options)


def test_no_loss_is_left_out() -> None:
    assert set(nn.losses.__all__) <= set(LOSSES)


# ---------------------------------------------------------------------------------------- broken losses, one a check


def _loss(each: Callable[[Any, Any], Any], **special: Callable[[Any], Any]) -> Callable[..., Any]:
    """A loss from its elements, with sound reductions but for the special ones."""
    reductions: dict[str, Callable[[Any], Any]] = {
        "none": lambda v: v,
        "mean": lambda v: v.mean(),
        "sum": lambda v: v.sum(),
        **special,
    }

    def make(reduction: str = "mean") -> Callable[[Any, Any], Any]:
        if reduction not in reductions and "anything" not in special:
            raise ValueError(reduction)
        return lambda x, t: reductions.get(reduction, reductions["mean"])(each(x, t))

    return make


def _squares(x: Any, t: Any) -> Any:
    if x.shape != t.shape:
        raise ValueError("shapes")
    return (x - t) ** 2


BROKEN_LOSSES: list[tuple[str, Callable[..., Any]]] = [
    ("reductions_consistent", _loss(_squares, mean=lambda v: v.sum() / len(v))),
    ("reductions_consistent", _loss(_squares, sum=lambda v: v.sum(0))),
    ("reductions_consistent", _loss(_squares, anything=lambda v: v)),
    ("zero_when_perfect", _loss(lambda x, t: _squares(x, t) + 0.1)),
    ("not_negative", _loss(lambda x, t: _squares(x, t) - 100)),
    ("shapes_checked", _loss(lambda x, t: _squares(x, t[: len(x)]))),
    ("descends", _loss(lambda x, t: _squares(_Flipped.apply(x), t))),
    ("rows_permute", _loss(lambda x, t: _squares(x, t) * tg.arange(1.0, 5.0).reshape(4, 1).to(x.dtype))),
    ("input_gradients", _loss(lambda x, t: _squares(WrongTanh.apply(x), t))),
]


class _Flipped(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 1

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return -g


@pytest.mark.parametrize("check, loss", BROKEN_LOSSES)
def test_broken_losses_are_noticed(check: str, loss: Callable[..., Any]) -> None:
    with pytest.raises(CheckError, match=r"check_loss\(make\)") as info:
        check_loss(loss, X, Y, perfect=Y)
    assert check in info.value.failures


def test_every_loss_check_has_a_loss_that_fails_it() -> None:
    assert {check for check, _ in BROKEN_LOSSES} >= set(LOSS_CHECKS) - set(MODULE_CHECKS)


def test_a_sound_loss_passes() -> None:
    check_loss(_loss(_squares), X, Y, perfect=Y)
    check_loss(lambda: lambda x, t: _squares(x, t).mean(), X, Y, reductions=())
