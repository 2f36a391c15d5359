"""Dropout: what it keeps, how often, and how it is scaled."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import nn


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_zeroes_with_probability_p_and_scales_the_rest(p: float) -> None:
    x = tg.full((200, 100), 3.0)
    y = nn.Dropout(p)(x).numpy()
    kept = y[y != 0]
    np.testing.assert_allclose(kept, 3 / (1 - p), rtol=1e-6)
    deviation = np.sqrt(p * (1 - p) / y.size)
    assert abs((y == 0).mean() - p) < 5 * deviation
    assert x.numpy().min() == 3.0


def test_the_gradient_goes_where_the_value_went() -> None:
    x = tg.ones(50, requires_grad=True)
    y = nn.Dropout(0.5)(x)
    y.sum().backward()
    assert x.grad.tolist() == y.tolist()


def test_evaluation_and_probability_zero_are_the_identity() -> None:
    x = tg.randn(20)
    assert nn.Dropout(0.5).eval()(x) is x
    assert nn.Dropout(0.0)(x).equal(x)


def test_probability_one_gives_zeros() -> None:
    x = tg.ones(5, requires_grad=True)
    y = nn.Dropout(1.0)(x)
    y.sum().backward()
    assert y.tolist() == x.grad.tolist() == [0.0] * 5


def test_masks_differ_from_call_to_call_and_follow_the_seed() -> None:
    dropout, x = nn.Dropout(), tg.ones(100)
    tg.manual_seed(1)
    first, second = dropout(x), dropout(x)
    tg.manual_seed(1)
    assert dropout(x).equal(first)
    assert not first.equal(second)


def test_inplace_writes_into_the_input() -> None:
    x = tg.ones(100)
    y = nn.Dropout(0.5, inplace=True)(x)
    assert y is x
    assert set(x.tolist()) == {0.0, 2.0}


@pytest.mark.parametrize("p", [-0.1, 1.1])
def test_refuses_what_is_no_probability(p: float) -> None:
    with pytest.raises(ValueError, match=f"dropout probability has to be between 0 and 1, but got {p}"):
        nn.Dropout(p)


def test_repr_equals_pytorch() -> None:
    torch: ModuleType = pytest.importorskip("torch", reason="PyTorch is not installed")
    assert repr(nn.Dropout(0.2)) == repr(torch.nn.Dropout(0.2))
    assert repr(nn.Dropout(0.2, inplace=True)) == repr(torch.nn.Dropout(0.2, inplace=True))
