"""The rarer losses: values, gradients, options and errors like PyTorch's; and what holds without it."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from against_torch import assert_same, assert_same_error, both, cotangent, numeric_gradients
from compiled_twin import assert_compiled_alike

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.nn import rarer_losses

X, Y, Z = (cotangent((4, 3), seed) for seed in range(3))
SIGNS = np.array([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0], [1.0, 1.0, 1.0], [-1.0, 1.0, -1.0]])
CLASSES = np.array([0, 2, 1, 1])
LABELS = np.array([[0, 2, -1], [1, -1, 0], [-1, 0, 1], [2, 1, 0]])
W = np.array([0.5, 1.0, 2.0])
COUNTS, POSITIVE = np.floor(X**2 * 3), Y**2 + 0.1

# Name, options, inputs.
ROWS: list[tuple[str, dict[str, Any], tuple[np.ndarray, ...]]] = [
    ("HingeEmbeddingLoss", {}, (X, SIGNS)),
    ("HingeEmbeddingLoss", {"margin": 0.3}, (X, SIGNS)),
    ("SoftMarginLoss", {}, (X * 3, SIGNS)),
    ("MultiLabelMarginLoss", {}, (X, LABELS)),
    ("MultiLabelMarginLoss", {}, (X[1], LABELS[1])),
    ("MultiLabelSoftMarginLoss", {}, (X, (SIGNS + 1) / 2)),
    ("MultiMarginLoss", {}, (X, CLASSES)),
    ("MultiMarginLoss", {"p": 2, "margin": 0.7}, (X, CLASSES)),
    ("MultiMarginLoss", {}, (X[0], np.array(1))),
    ("PoissonNLLLoss", {}, (X, COUNTS)),
    ("PoissonNLLLoss", {"log_input": False}, (POSITIVE, COUNTS)),
    ("PoissonNLLLoss", {"full": True}, (X, COUNTS)),
    ("GaussianNLLLoss", {}, (X, Z, POSITIVE)),
    ("GaussianNLLLoss", {"full": True, "eps": 0.5}, (X, Z, POSITIVE)),
    ("GaussianNLLLoss", {}, (X, Z, POSITIVE[:, :1])),
    ("GaussianNLLLoss", {}, (X, Z, POSITIVE[:, 0])),
    ("MarginRankingLoss", {}, (X, Y, SIGNS)),
    ("MarginRankingLoss", {"margin": 1.0}, (X, Y, SIGNS)),
    ("CosineEmbeddingLoss", {}, (X, Y, SIGNS[:, 0])),
    ("CosineEmbeddingLoss", {"margin": 0.4}, (X[1], Y[1], np.array(-1.0))),
    ("TripletMarginLoss", {}, (X, Y, Z)),
    ("TripletMarginLoss", {"p": 1.0, "margin": 2.0, "swap": True}, (X, Y, Z)),
    ("TripletMarginLoss", {}, (X[0], Y[0], Z[0])),
    ("TripletMarginWithDistanceLoss", {}, (X, Y, Z)),
    ("TripletMarginWithDistanceLoss", {"swap": True, "margin": 3.0}, (X, Y, Z)),
]
FIRST = ("MultiMarginLoss", "MultiLabelMarginLoss")  # PyTorch has their first derivatives only
every_row = pytest.mark.parametrize(
    ("name", "options", "arrays"), ROWS, ids=lambda v: str(v) if isinstance(v, str | dict) else ""
)


def test_every_loss_is_tried() -> None:
    assert {name for name, *_ in ROWS} | {"CTCLoss"} == set(rarer_losses.__all__)  # test_ctc.py


@every_row
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_like_pytorch(name: str, options: dict[str, Any], arrays: tuple[np.ndarray, ...], reduction: str) -> None:
    def code(torch: Any, x: Any, *others: Any) -> Any:
        targets = 2 if name in ("MarginRankingLoss", "CosineEmbeddingLoss") else 1
        fixed = [y.detach() if k + 1 == targets and not name.startswith("Triplet") else y for k, y in enumerate(others)]
        return getattr(torch.nn, name)(**options, reduction=reduction)(x, *fixed)

    assert_same(code, *arrays, order=1 if name in FIRST else 2, rtol=1e-8)
    ours, theirs = (getattr(library.nn, name)(**options) for library in both())
    assert repr(ours) == repr(theirs)


@every_row
def test_derivatives_are_the_slopes(name: str, options: dict[str, Any], arrays: tuple[np.ndarray, ...]) -> None:
    if options.get("eps"):
        arrays = (*arrays[:2], arrays[2] + 0.5)  # below eps the gradient is not the slope, as in PyTorch
    fixed = [tg.tensor(y) for y in arrays[1:]]
    numeric_gradients(lambda torch, x: getattr(torch.nn, name)(**options)(x, *fixed), arrays[0])


@pytest.mark.parametrize("name", rarer_losses.__all__)
def test_signatures_are_pytorchs(name: str) -> None:
    ours, theirs = (getattr(library.nn, name) for library in both())
    for got, expected in ((ours, theirs), (ours.forward, theirs.forward)):
        mine, other = (inspect.signature(of).parameters.values() for of in (got, expected))
        assert [p.default for p in mine] == [p.default for p in other]
        if got is ours:
            assert [p.name for p in mine] == [p.name for p in other]


@pytest.mark.parametrize("name", F.rarer_losses.__all__)
def test_functions_signatures_are_pytorchs(name: str) -> None:
    mine, other = (inspect.signature(getattr(library.nn.functional, name)).parameters.values() for library in both())
    assert [(p.name, p.default, p.kind) for p in mine] == [(p.name, p.default, p.kind) for p in other]


def test_weights_of_classes() -> None:
    code = lambda torch, x, t, w: torch.nn.MultiMarginLoss(weight=w.detach())(x, t)  # noqa: E731 - one line, used once
    assert_same(code, X, CLASSES, W, order=1)
    assert_same(
        lambda torch, x, t, w: torch.nn.MultiLabelSoftMarginLoss(weight=w.detach())(x, t.detach()), X, (SIGNS + 1) / 2, W
    )
    assert list(nn.MultiMarginLoss(weight=tg.ones(3)).state_dict()) == ["weight"]


def test_values() -> None:
    x, t = tg.tensor([2.0, -0.5]), tg.tensor([1.0, -1.0])
    assert F.hinge_embedding_loss(x, t, reduction="none").tolist() == [2, 1.5]
    assert F.soft_margin_loss(x, t, reduction="none").tolist() == pytest.approx([0.126928, 0.474077], rel=1e-5)
    assert F.margin_ranking_loss(x, -x, t, reduction="none").tolist() == [0, 0]
    assert F.multi_margin_loss(tg.tensor([1.0, 0.5, 0.2]), tg.tensor(0)).item() == pytest.approx(0.7 / 3)
    assert F.multilabel_margin_loss(tg.tensor([0.1, 0.2, 0.4, 0.8]), tg.tensor([3, 0, -1, 1])).item() == pytest.approx(0.85)
    assert F.triplet_margin_loss(x, x, x + 3).item() == pytest.approx(0, abs=1e-5)
    assert F.poisson_nll_loss(tg.tensor([0.0]), tg.tensor([3.0])).item() == 1
    assert F.cosine_embedding_loss(x[None], 2 * x[None], tg.tensor([1.0])).item() == pytest.approx(0, abs=1e-6)
    assert F.gaussian_nll_loss(x, x + 2, 4.0).item() == pytest.approx(0.5 * (np.log(4) + 1))


def test_large_numbers_do_not_overflow() -> None:
    x = tg.tensor([1000.0, -1000.0], requires_grad=True)
    loss = F.soft_margin_loss(x, tg.tensor([-1.0, 1.0]))
    loss.backward()
    assert loss.item() == 1000
    assert x.grad.tolist() == [0.5, -0.5]


def test_a_distance_of_ones_own() -> None:
    loss = nn.TripletMarginWithDistanceLoss(distance_function=lambda x, y: (x - y).abs().amax(-1))
    assert loss(tg.zeros(1, 2), tg.tensor([[1.0, 3.0]]), tg.tensor([[-2.0, 0.0]])).item() == 2


def test_old_flags_are_warned_about() -> None:
    with pytest.warns(UserWarning, match="reduction='sum'"):
        loss = nn.SoftMarginLoss(size_average=False)
    assert loss.reduction == "sum"


ERRORS = [
    lambda torch: torch.nn.functional.margin_ranking_loss(torch.ones(2), torch.ones(2, 1), torch.ones(2)),
    lambda torch: torch.nn.MultiMarginLoss(p=3),
    lambda torch: torch.nn.MultiMarginLoss(weight=torch.ones(2, 2)),
    lambda torch: torch.nn.functional.multi_margin_loss(torch.ones(2, 3), torch.tensor([0, 3])),
    lambda torch: torch.nn.functional.multi_margin_loss(torch.ones(2, 3), torch.tensor([0])),
    lambda torch: torch.nn.functional.multi_margin_loss(torch.ones(2, 3), torch.tensor([0.0, 1.0])),
    lambda torch: torch.nn.functional.multilabel_margin_loss(torch.ones(2, 3), torch.tensor([[0, 3, -1], [0, 1, 2]])),
    lambda torch: torch.nn.functional.multilabel_margin_loss(torch.ones(2, 3), torch.tensor([0, 1, 2])),
    lambda torch: torch.nn.functional.cosine_embedding_loss(torch.ones(2, 3), torch.ones(2, 3), torch.ones(2, 3)),
    lambda torch: torch.nn.TripletMarginLoss(margin=0.0),
    lambda torch: torch.nn.TripletMarginWithDistanceLoss(margin=-1.0),
    lambda torch: torch.nn.functional.triplet_margin_loss(torch.ones(2, 3), torch.ones(3), torch.ones(2, 3)),
    lambda torch: torch.nn.functional.gaussian_nll_loss(torch.ones(2, 3), torch.ones(2, 3), -torch.ones(2, 3)),
    lambda torch: torch.nn.functional.gaussian_nll_loss(torch.ones(2, 3), torch.ones(2, 3), torch.ones(3, 3)),
    lambda torch: torch.nn.functional.poisson_nll_loss(torch.ones(2), torch.ones(2), reduction="most"),
]


@pytest.mark.parametrize("code", ERRORS)
def test_errors(code: Any) -> None:
    assert_same_error(code, "")


@pytest.mark.parametrize("code", ERRORS)
def test_bad_input_is_refused(code: Any) -> None:
    with pytest.raises((ValueError, RuntimeError)):
        code(tg)


@every_row
def test_compiled(name: str, options: dict[str, Any], arrays: tuple[np.ndarray, ...]) -> None:
    fixed = [tg.tensor(y) for y in arrays[1:]]

    class Step(nn.Module):
        def forward(self, x: Any) -> Any:
            return getattr(nn, name)(**options)(x, *fixed)

    assert_compiled_alike(Step, arrays[0])
