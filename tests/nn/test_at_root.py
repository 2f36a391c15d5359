"""Functions of layers and losses at the package's root, held against PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_mlp as tg

CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "cosine_similarity": lambda t, x: t.cosine_similarity(x, x * x),
    "layer_norm": lambda t, x: t.layer_norm(x, (3,)),
    "dropout": lambda t, x: t.dropout(x, 0.5, train=False),
    "alpha_dropout": lambda t, x: t.alpha_dropout(x, 0.5, False),
    "embedding": lambda t, x: t.embedding(x, t.tensor([1, 0])),
    "kl_div": lambda t, x: t.kl_div(x, x),
    "kl_div, summed": lambda t, x: t.kl_div(x, x, 2, log_target=True),
    "batch_norm": lambda t, x: t.batch_norm(x, None, None, None, None, True, 0.1, 1e-5, False),
    "batch_norm, trained": lambda t, x: t.batch_norm(x, x[0], x[1], x[1], x[1], False, 0.1, 1e-5, False),
    "group_norm": lambda t, x: t.group_norm(x, 3),
    "instance_norm": lambda t, x: t.instance_norm(x[None], None, None, None, None, True, 0.1, 1e-5, False),
    "binary_cross_entropy_with_logits": lambda t, x: t.binary_cross_entropy_with_logits(x, x, None, None, 1),
    "cosine_embedding_loss": lambda t, x: t.cosine_embedding_loss(x, x * x, t.tensor([1.0, -1.0]), 0.5),
    "hinge_embedding_loss": lambda t, x: t.hinge_embedding_loss(x, t.tensor([1.0, -1.0, 1.0]), 2.0, 2),
    "margin_ranking_loss": lambda t, x: t.margin_ranking_loss(x, x * x, (x - 1).sign(), 0.5, 1),
    "poisson_nll_loss": lambda t, x: t.poisson_nll_loss(x, x, True, True, 1e-8, 1),
    "triplet_margin_loss": lambda t, x: t.triplet_margin_loss(x, x * x, 3 * x, reduction=1),
    "rrelu": lambda t, x: t.rrelu(x - 1),
    "threshold": lambda t, x: t.threshold(x, 0.5, -1.0),
    "feature_alpha_dropout": lambda t, x: t.feature_alpha_dropout(x[None], 0.5, False),
}


@pytest.mark.parametrize("name", CALLS)
def test_as_in_torch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    values = [[0.25, 0.5, 1.5], [0.75, 2.0, 0.125]]
    got, expected = CALLS[name](tg, tg.tensor(values)), CALLS[name](torch, torch.tensor(values))
    assert got.shape == expected.shape
    assert got.reshape(-1).tolist() == pytest.approx(expected.reshape(-1).tolist(), rel=1e-4, abs=1e-6)


def test_a_reduction_that_is_none() -> None:
    with pytest.raises(ValueError, match="3 is not a valid value for reduction"):
        tg.kl_div(tg.ones(2), tg.ones(2), 3)
