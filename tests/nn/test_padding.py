"""Padding layers, against PyTorch and by their values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from against_torch import assert_same, assert_same_error, both, cotangent
from compiled_twin import assert_compiled_alike

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn import padding

X = {1: cotangent((2, 3, 4), 0), 2: cotangent((2, 3, 4, 5), 0), 3: cotangent((1, 2, 3, 4, 5), 0)}


def made(library: Any, name: str, amount: Any) -> Any:
    return getattr(library.nn, name)(amount, *([2.5] if name.startswith("Constant") else []))


@pytest.mark.parametrize("name", padding.__all__)
def test_like_pytorch(name: str) -> None:
    places = int(name[-2])
    for amount in (2, (1, 2, 0, 1, 2, 1)[: 2 * places]):
        ours, theirs = (made(library, name, amount) for library in both())
        assert repr(ours) == repr(theirs)
        for x in (X[places], X[places][0]):
            assert_same(lambda torch, x, amount=amount: made(torch, name, amount)(x), x, order=1)


def test_values() -> None:
    x = tg.tensor([[1.0, 2.0, 3.0]])
    assert nn.ZeroPad1d((1, 0))(x).tolist() == [[0, 1, 2, 3]]
    assert nn.ConstantPad1d(1, 5.0)(x).tolist() == [[5, 1, 2, 3, 5]]
    assert nn.ReflectionPad1d(2)(x).tolist() == [[3, 2, 1, 2, 3, 2, 1]]
    assert nn.ReplicationPad1d((2, 0))(x).tolist() == [[1, 1, 1, 2, 3]]
    assert nn.CircularPad1d((1, 2))(x).tolist() == [[3, 1, 2, 3, 1, 2]]
    assert nn.ZeroPad1d(-1)(x).tolist() == [[2]]


@pytest.mark.parametrize(
    "code",
    [
        lambda torch: torch.nn.ReflectionPad1d(1)(torch.ones(3)),
        lambda torch: torch.nn.ReflectionPad1d(3)(torch.ones(1, 3)),
        lambda torch: torch.nn.CircularPad1d(1)(torch.ones(1, 1, 1, 3)),
        lambda torch: torch.nn.ReplicationPad2d(1)(torch.ones(3, 3)),
    ],
)
def test_errors(code: Any) -> None:
    assert_same_error(code, "")
    with pytest.raises((RuntimeError, ValueError)):
        code(tg)


@pytest.mark.parametrize("name", ["ConstantPad1d", "ReflectionPad1d"])
def test_compiled(name: str) -> None:
    assert_compiled_alike(lambda: made(tg, name, 2), np.ascontiguousarray(X[1]))
