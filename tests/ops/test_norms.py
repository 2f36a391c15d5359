"""Norms and logsumexp: the sample rows, and what is special."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from contract import Sample, apart, normal

import tinygrad_mlp as tg

INF, NAN = math.inf, math.nan

SAMPLES = [
    Sample("logsumexp", (normal(2, 3), 1)),
    Sample("logsumexp", (normal(2, 3), (0, 1), True)),
    Sample("norm", (normal(2, 3),), covers=("_p_norm",)),
    Sample("norm", (apart(2, 3), 1, 1)),
    Sample("norm", (normal(2, 3), 3, 0, True)),
    Sample("norm", (apart(2, 3) + 2, 0.5)),
    Sample("norm", (apart(2, 3), -1.5)),
    Sample("norm", (apart(2, 3) + 0.02, INF)),
    Sample("norm", (apart(2, 3) + 1, -INF, 1)),
    Sample("vector_norm", (normal(2, 3), 2.5, (0, 1)), torch_name="linalg.vector_norm"),
    *[Sample("linalg_norm", (apart(3, 4), o), torch_name="linalg.norm") for o in (None, "fro", 1, -1, INF, -INF)],
    Sample("linalg_norm", (normal(2, 3, 4), 1, (2, 0), True), torch_name="linalg.norm"),
    *[Sample("linalg_norm", (normal(3, 4), o), torch_name="linalg.norm", rtol=1e-10) for o in (2, -2, "nuc")],
    *[Sample("linalg_norm", (normal(2, 4, 3), o, (2, 0), True), torch_name="linalg.norm", rtol=1e-10) for o in (2, "nuc")],
    Sample("linalg_norm", (normal(2, 3, 4), 3, -1), torch_name="linalg.norm"),
    Sample("linalg_norm", (normal(2, 3, 4),), torch_name="linalg.norm"),
]


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def slope(function: Any, values: Any) -> list[float]:
    """The gradient of a function of one tensor, from ours."""
    x = tg.tensor(values, dtype=tg.float64, requires_grad=True)
    function(x).backward()
    assert x.grad is not None
    return x.grad.tolist()


def test_logsumexp_of_huge_and_infinite_values() -> None:
    assert tg.logsumexp(tg.tensor([1e4, 1e4], dtype=tg.float64), 0).item() == pytest.approx(1e4 + math.log(2))
    assert tg.logsumexp(tg.tensor([-1e4, -1e4], dtype=tg.float64), 0).item() == pytest.approx(math.log(2) - 1e4)
    assert tg.logsumexp(tg.tensor([-INF, -INF]), 0).item() == -INF
    assert tg.logsumexp(tg.tensor([INF, 1.0]), 0).item() == INF
    assert math.isnan(tg.logsumexp(tg.tensor([NAN, 1.0]), 0).item())
    assert tg.logsumexp(tg.zeros(0), 0).item() == -INF
    assert tg.logsumexp(tg.tensor([1, 1]), 0).dtype is tg.float32
    assert slope(lambda x: x.logsumexp(0), [-INF, 0.0]) == [0, 1]


@pytest.mark.parametrize("p", [0.5, 1, 1.5, 2, 3, INF, -INF, -1])
@pytest.mark.parametrize("values", [[0.0, 0.0], [0.0, 2.0], [-2.0, 2.0, 1.0]])
def test_norms_at_their_kinks(torch: Any, p: float, values: list[float]) -> None:
    x = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    x.norm(p).backward()
    np.testing.assert_allclose(slope(lambda t: t.norm(p), values), x.grad.numpy(), rtol=1e-12)


def test_norm_zero_counts_and_has_no_slope() -> None:
    assert tg.norm(tg.tensor([0.0, 2.0, -1.0]), 0).item() == 2
    assert slope(lambda x: x.norm(0), [0.0, 2.0]) == [0, 0]
