"""CosineSimilarity and PairwiseDistance."""

from __future__ import annotations

import numpy as np
from against_torch import assert_same, both, cotangent

import tinygrad_mlp as tg
from tinygrad_mlp import nn

X, Y = cotangent((4, 3), 0), cotangent((4, 3), 1)


def test_like_pytorch() -> None:
    for options in ({}, {"dim": 0}, {"eps": 10.0}):
        assert_same(lambda torch, x, y, options=options: torch.nn.CosineSimilarity(**options)(x, y), X, Y)
    for options in ({}, {"p": 1.0}, {"keepdim": True, "eps": 0.5}):
        assert_same(lambda torch, x, y, options=options: torch.nn.PairwiseDistance(**options)(x, y), X, Y)
    assert len({repr(library.nn.CosineSimilarity()) + repr(library.nn.PairwiseDistance()) for library in both()}) == 1


def test_by_their_formulas() -> None:
    x, y = tg.tensor(X), tg.tensor(Y)
    cosine = (X * Y).sum(1) / np.linalg.norm(X, axis=1) / np.linalg.norm(Y, axis=1)
    np.testing.assert_allclose(nn.CosineSimilarity()(x, y), cosine, rtol=1e-10)
    np.testing.assert_allclose(nn.PairwiseDistance(eps=0)(x, y), np.linalg.norm(X - Y, axis=1), rtol=1e-10)
