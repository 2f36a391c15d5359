"""EmbeddingBag: by its definition, and against PyTorch's."""

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

TABLE = cotangent((6, 3), 0)
FLAT, OFFSETS = np.array([0, 5, 1, 1, 2, 4, 0]), np.array([0, 2, 2, 5])
BATCH = np.array([[0, 5, 1], [2, 2, 3]])
OPTIONS: list[dict[str, Any]] = [
    {"mode": mode, **more}
    for mode in ("sum", "mean", "max")
    for more in ({}, {"padding_idx": 1}, {"include_last_offset": True})
]


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_by_its_definition(mode: str) -> None:
    y = F.embedding_bag(tg.tensor(FLAT), tg.tensor(TABLE), tg.tensor(OFFSETS), mode=mode)
    for row, indices in zip(y, np.split(FLAT, OFFSETS[1:]), strict=True):
        expected = getattr(TABLE[indices], mode)(0) if len(indices) else np.zeros(3)
        np.testing.assert_allclose(row, expected, rtol=1e-12)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("whole", [False, True])
def test_like_pytorch(options: dict[str, Any], whole: bool) -> None:
    def code(torch: Any, table: Any, *inputs: Any) -> Any:
        return torch.nn.functional.embedding_bag(inputs[0], table, *inputs[1:], **options)

    if whole and options.get("include_last_offset"):
        return
    offsets = np.append(OFFSETS, len(FLAT)) if options.get("include_last_offset") else OFFSETS
    assert_same(code, TABLE, *([BATCH] if whole else [FLAT, offsets]), order=1)


def test_weights_of_samples_equal_pytorch() -> None:
    assert_same(
        lambda torch, table, w, i, o: torch.nn.functional.embedding_bag(i, table, o, mode="sum", per_sample_weights=w),
        TABLE,
        cotangent(FLAT.shape, 1),
        FLAT,
        OFFSETS,
        order=1,
    )


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_gradients_are_the_slopes(mode: str) -> None:
    flat, offsets = tg.tensor(FLAT), tg.tensor(OFFSETS)
    numeric_gradients(lambda torch, table: F.embedding_bag(flat, table, offsets, mode=mode), TABLE)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_empty_bags_and_no_bags(mode: str) -> None:
    none, table = tg.zeros(0).long(), tg.tensor(TABLE)
    assert F.embedding_bag(none, table, tg.tensor([0, 0]), mode=mode).tolist() == [[0.0] * 3] * 2
    assert F.embedding_bag(none, table, none, mode=mode).shape == (0, 3)
    only = F.embedding_bag(tg.tensor([[1, 1]]), table, mode=mode, padding_idx=1)
    assert only.tolist() == [[0.0] * 3]


def test_the_layer_equals_pytorch() -> None:
    ours, theirs = both()
    for options in (
        {},
        {"mode": "sum", "padding_idx": 2},
        {"max_norm": 1.0, "mode": "max"},
        {"norm_type": 1.0, "max_norm": 0.5},
    ):
        results = []
        for torch in (ours, theirs):
            table = torch.nn.EmbeddingBag.from_pretrained(torch.tensor(TABLE), freeze=False, **options)
            y = table(torch.tensor(FLAT), torch.tensor(OFFSETS))
            y.square().sum().backward()
            results.append([repr(table), y.detach().numpy(), table.weight.grad.numpy(), table.weight.detach().numpy()])
        assert results[0][0] == results[1][0]
        for mine, other in zip(results[0][1:], results[1][1:], strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-10)


def test_gradients_are_divided_by_how_often_a_vector_is_looked_up() -> None:
    table = tg.tensor(TABLE).requires_grad_()  # PyTorch divides some by how often another one is
    F.embedding_bag(tg.tensor(FLAT), table, tg.tensor(OFFSETS), mode="sum", scale_grad_by_freq=True).sum().backward()
    assert table.grad[:, 0].tolist() == [1, 1, 1, 0, 1, 1]


def test_initial_values() -> None:
    tg.manual_seed(0)
    bag = nn.EmbeddingBag(5, 2, padding_idx=-1)
    tg.manual_seed(0)
    assert bag.weight[:4].equal(nn.Embedding(5, 2).weight[:4])
    assert bag.weight[4].tolist() == [0, 0]


def test_signatures_are_pytorchs() -> None:
    ours, theirs = (library.nn for library in both())
    pairs = [
        (kind, of)
        for kind in ("EmbeddingBag", "Embedding")
        for of in (lambda k: k, lambda k: k.forward, lambda k: k.from_pretrained)
    ]
    for kind, of in pairs:
        mine, other = (inspect.signature(of(getattr(nn, kind))).parameters.values() for nn in (ours, theirs))
        assert [(p.name, p.default) for p in mine] == [(p.name, p.default) for p in other]
    mine, other = (inspect.signature(nn.functional.embedding_bag).parameters.values() for nn in (ours, theirs))
    assert [(p.name, p.default) for p in mine] == [(p.name, p.default) for p in other]


ERRORS = [
    lambda torch: torch.nn.EmbeddingBag(3, 2)(torch.tensor([[0]]), torch.tensor([0])),
    lambda torch: torch.nn.EmbeddingBag(3, 2)(torch.tensor([0])),
    lambda torch: torch.nn.EmbeddingBag(3, 2)(torch.tensor([0]), torch.tensor([[0]])),
    lambda torch: torch.nn.EmbeddingBag(3, 2)(torch.tensor([0]), torch.tensor([1])),
    lambda torch: torch.nn.EmbeddingBag(3, 2)(torch.tensor([[[0]]])),
    lambda torch: torch.nn.EmbeddingBag(3, 2, mode="most")(torch.tensor([[0]])),
    lambda torch: torch.nn.EmbeddingBag(3, 2)(torch.tensor([[0]]), per_sample_weights=torch.ones(1, 1)),
    lambda torch: torch.nn.EmbeddingBag(3, 2, mode="sum")(torch.tensor([[0]]), per_sample_weights=torch.ones(1, 2)),
    lambda torch: torch.nn.EmbeddingBag(3, 2, _weight=torch.ones(2, 2)),
    lambda torch: torch.nn.EmbeddingBag(3, 2, padding_idx=3),
]


@pytest.mark.parametrize("code", ERRORS)
def test_errors(code: Any) -> None:
    assert_same_error(code, "")


@pytest.mark.parametrize("code", ERRORS)
def test_bad_input_is_refused(code: Any) -> None:
    with pytest.raises((ValueError, RuntimeError, AssertionError)):
        code(tg)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_compiled(mode: str) -> None:
    assert_compiled_alike(lambda: nn.EmbeddingBag(6, 3, mode=mode, dtype=tg.float64), BATCH)
