"""Embedding, held against PyTorch's where it is installed."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import nn


@pytest.fixture
def torch() -> ModuleType:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


INDEX = np.array([[1, 2, 1], [0, 4, 2]])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding_idx": 2},
        {"padding_idx": -1},
        {"max_norm": 1.0},
        {"max_norm": 1.0, "norm_type": 1.0},
        {"scale_grad_by_freq": True},
    ],
    ids=str,
)
def test_equals_pytorch(torch: ModuleType, options: dict[str, Any]) -> None:
    table = np.random.default_rng(0).standard_normal((5, 3)) * 3
    weights = np.random.default_rng(1).standard_normal((2, 3, 3))
    sides = []
    for lib in (torch, tg):
        layer = lib.nn.Embedding(5, 3, dtype=lib.float64, **options)
        layer.load_state_dict({"weight": lib.tensor(table)})
        y = layer(lib.tensor(INDEX))
        (y * lib.tensor(weights)).sum().backward()
        sides.append((repr(layer), layer.padding_idx, y.detach(), layer.weight.detach(), layer.weight.grad))
    assert sides[0][:2] == sides[1][:2]
    for their, our in zip(sides[0][2:], sides[1][2:], strict=True):
        np.testing.assert_allclose(our, their, rtol=1e-6)  # PyTorch's max_norm adds 1e-7 to the norm


def test_looks_up_rows_and_sums_their_gradients() -> None:
    layer = nn.Embedding(5, 2)
    y = layer(tg.tensor(INDEX))
    assert y.shape == (2, 3, 2)
    assert y[0, 1].equal(layer.weight[2])
    y.sum().backward()
    assert layer.weight.grad[:, 0].tolist() == [1.0, 2.0, 2.0, 0.0, 1.0]
    assert layer.weight.grad.dtype is tg.float32


def test_the_padding_row_starts_at_zero_and_gets_no_gradient() -> None:
    layer = nn.Embedding(5, 2, padding_idx=1)
    assert layer.weight[1].tolist() == [0.0, 0.0]
    assert layer.weight.abs().sum().item() > 0
    layer(tg.tensor(INDEX)).sum().backward()
    assert layer.weight.grad[:, 0].tolist() == [1.0, 0.0, 2.0, 0.0, 1.0]


def test_starts_standard_normal() -> None:
    values = nn.Embedding(500, 100).weight.detach().numpy()
    assert abs(values.mean()) < 0.02
    assert values.std() == pytest.approx(1, abs=0.02)


def test_from_pretrained(torch: ModuleType) -> None:
    for lib in (torch, tg):
        table = lib.tensor([[1.0, 2.0], [3.0, 4.0]])
        layer = lib.nn.Embedding.from_pretrained(table)
        assert not layer.weight.requires_grad
        assert layer(lib.tensor(1)).tolist() == [3.0, 4.0]
        assert lib.nn.Embedding.from_pretrained(table, freeze=False, padding_idx=0).weight[0].tolist() == [1.0, 2.0]
        with pytest.raises(AssertionError):
            lib.nn.Embedding.from_pretrained(lib.ones(3))


def wrong(lib: ModuleType) -> dict[str, Any]:
    return {
        "padding row out of range": lambda: lib.nn.Embedding(3, 2, padding_idx=3),
        "index out of range": lambda: lib.nn.Embedding(3, 2)(lib.tensor([3])),
        "negative index": lambda: lib.nn.Embedding(3, 2)(lib.tensor([-1])),
        "floating-point index": lambda: lib.nn.Embedding(3, 2)(lib.tensor([1.0])),
    }


@pytest.mark.parametrize("case", wrong(tg))
def test_wrong_use_raises_what_pytorch_raises(torch: ModuleType, case: str) -> None:
    with pytest.raises((AssertionError, IndexError, RuntimeError)) as theirs:
        wrong(torch)[case]()
    with pytest.raises(theirs.type):
        wrong(tg)[case]()


def test_vectors_to_begin_with() -> None:
    vectors = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    table = nn.Embedding(2, 2, _weight=vectors, _freeze=True, sparse=True)
    assert table(tg.tensor([1])).tolist() == [[3.0, 4.0]]
    assert not table.weight.requires_grad
    assert repr(table) == "Embedding(2, 2, sparse=True)"
    with pytest.raises(AssertionError, match="Shape of weight does not match"):
        nn.Embedding(3, 2, _weight=vectors)
