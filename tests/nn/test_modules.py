"""Import paths of PyTorch's `nn.modules`."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from against_torch import both

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn import modules


def test_layers_are_found_where_pytorch_has_them() -> None:
    _, torch = both()
    found = 0
    for name in nn.__all__:
        theirs = getattr(torch.nn, name)
        if isinstance(theirs, type) and theirs.__module__.startswith("torch.nn.modules."):
            place = importlib.import_module(theirs.__module__.replace("torch", "tinygrad_mlp", 1))
            assert getattr(place, name) is getattr(nn, name)
            found += 1
    assert found > 80


def test_a_loss_of_ones_own() -> None:
    from tinygrad_mlp.nn.modules.loss import _Loss, _WeightedLoss

    class Focal(_WeightedLoss):
        def __init__(self, weight: Any = None, gamma: float = 2.0, reduction: str = "mean") -> None:
            super().__init__(weight, reduction=reduction)
            self.gamma = gamma

        def forward(self, x: Any, target: Any) -> Any:
            each = tg.nn.functional.cross_entropy(x, target, self.weight, reduction="none")
            loss = (1 - (-each).exp()) ** self.gamma * each
            return loss.mean() if self.reduction == "mean" else loss

    loss = Focal(tg.ones(3))
    assert list(loss.state_dict()) == ["weight"]
    assert loss(tg.zeros(2, 3), tg.tensor([0, 1])).item() == pytest.approx((2 / 3) ** 2 * 1.0986123)

    class Own(_Loss):
        def forward(self, x: Any, target: Any) -> Any:
            return (x - target).abs().sum()

    assert Own(None, None, "sum").reduction == "sum"
    assert Own()(tg.ones(2), tg.zeros(2)).item() == 2
    assert isinstance(nn.MSELoss(), _Loss)
    assert isinstance(nn.CrossEntropyLoss(), _WeightedLoss)


def test_kinds_of_norms() -> None:
    from tinygrad_mlp.nn.modules.batchnorm import _BatchNorm, _NormBase

    assert isinstance(nn.BatchNorm1d(2), _BatchNorm)
    assert not isinstance(nn.InstanceNorm1d(2), _BatchNorm)
    assert isinstance(nn.InstanceNorm1d(2), _NormBase)


def test_tuples() -> None:
    from tinygrad_mlp.nn.modules.utils import _pair, _single

    assert (_pair(3), _pair([1, 2]), _single(3)) == ((3, 3), (1, 2), (3,))


def test_what_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Lineer'"):
        _ = modules.Lineer
    with pytest.raises(ImportError):
        importlib.import_module("tinygrad_mlp.nn.modules.layers")
    assert nn.modules is modules
