"""A module called with other parameters than its own."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.func import functional_call


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(2, 2, bias=False)
        self.b = nn.Linear(2, 2, bias=False)
        self.b.weight = self.a.weight
        self.register_buffer("count", tg.zeros(1))

    def forward(self, x: Any, scale: float = 1.0) -> Any:
        self.count += 1
        return self.b(self.a(x)) * scale + self.count


def test_parameters_are_those_given_during_the_call() -> None:
    layer = nn.Linear(2, 1)
    own = layer.weight
    given = {"weight": tg.tensor([[1.0, 2.0]], requires_grad=True), "bias": tg.zeros(1)}
    y = functional_call(layer, given, (tg.ones(3, 2),))
    assert y.tolist() == [[3.0]] * 3
    y.sum().backward()
    assert given["weight"].grad is not None
    assert own.grad is None
    assert layer.weight is own
    assert functional_call(layer, ({"weight": given["weight"]}, {"bias": tg.ones(1)}), tg.ones(2)).item() == 4.0
    assert functional_call(layer, {"bias": own.detach()[0, :1]}, kwargs={"input": tg.zeros(2)}).item() == own[0, 0].item()


def test_a_module_is_its_own_again_after_an_error() -> None:
    layer = nn.Linear(2, 1)
    own = layer.weight
    with pytest.raises(RuntimeError):
        functional_call(layer, {"weight": tg.ones(1, 2)}, (tg.ones(3),))
    assert layer.weight is own


def test_tied_weights() -> None:
    model, double = Tied(), 2 * tg.eye(2)
    count = tg.zeros(1)
    assert functional_call(model, {"a.weight": double, "count": count}, (tg.ones(2),)).tolist() == [5.0, 5.0]
    assert count.item() == 1, "the buffer that was given is written"
    assert model.count.item() == 0
    untied = functional_call(
        model, {"a.weight": double, "b.weight": tg.eye(2), "count": count}, (tg.ones(2), 2.0), tie_weights=False
    )
    assert untied.tolist() == [6.0, 6.0]
    with pytest.raises(ValueError, match="tied"):
        functional_call(model, {"a.weight": double, "b.weight": tg.eye(2)}, (tg.ones(2),))


def test_what_is_refused() -> None:
    layer = nn.Linear(2, 1)
    with pytest.raises(RuntimeError, match="Missing key"):
        functional_call(layer, {"weight": tg.ones(1, 2)}, (tg.ones(2),), strict=True)
    with pytest.raises(RuntimeError, match="Unexpected key"):
        functional_call(layer, {**dict(layer.named_parameters()), "more": tg.ones(1)}, (tg.ones(2),), strict=True)
    with pytest.raises(ValueError, match="multiple dictionaries"):
        functional_call(layer, ({"weight": tg.ones(1, 2)}, {"weight": tg.ones(1, 2)}), (tg.ones(2),))
    with pytest.raises(ValueError, match="dict"):
        functional_call(layer, [1], (tg.ones(2),))  # type: ignore[list-item]
    with pytest.raises(AttributeError):
        functional_call(layer, {"other": tg.ones(1)}, (tg.ones(2),))
    with pytest.raises(TypeError):
        functional_call(layer, {"weight": 1}, (tg.ones(2),))  # type: ignore[dict-item]


def test_its_older_name() -> None:
    layer = nn.Linear(2, 1)
    with pytest.warns(FutureWarning, match="deprecated"):
        y = nn.utils.stateless.functional_call(layer, {"weight": tg.ones(1, 2), "bias": tg.zeros(1)}, tg.ones(2))
    assert y.item() == 2
