"""The CTC loss: by counting all paths, and against PyTorch's."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from against_torch import assert_same, assert_same_error, cotangent
from compiled_twin import assert_compiled_alike

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F

X = cotangent((6, 3, 4), 0)
TARGETS = np.array([[1, 2, 2], [3, 1, 0], [2, 0, 0]])
SIZES, LENGTHS = (6, 5, 3), (3, 2, 1)


def said_by(path: tuple[int, ...]) -> list[int]:
    """The labels of a path, without repetitions and blanks."""
    return [label for label, _ in itertools.groupby(path) if label != 0]


@pytest.mark.parametrize("labels", [[], [1], [1, 2], [1, 1], [2, 1, 2]])
def test_by_counting_paths(labels: list[int]) -> None:
    x = tg.tensor(cotangent((4, 3), 1)).log_softmax(-1)
    p = np.exp(x.numpy())
    paths = [path for path in itertools.product(range(3), repeat=4) if said_by(path) == labels]
    total = sum(np.prod([p[t, label] for t, label in enumerate(path)]) for path in paths)
    loss = F.ctc_loss(x, tg.tensor(labels, dtype=tg.int64), tg.tensor(4), tg.tensor(len(labels)), reduction="sum")
    assert loss.item() == pytest.approx(-np.log(total))


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("targets", [TARGETS, np.array([1, 2, 2, 3, 1, 2])], ids=["padded", "one after the other"])
def test_like_pytorch(reduction: str, targets: np.ndarray) -> None:
    def code(torch: Any, x: Any, t: Any) -> Any:
        return torch.nn.functional.ctc_loss(x.log_softmax(2), t, SIZES, LENGTHS, reduction=reduction)

    assert_same(code, X, targets, order=1)


def test_the_gradient_of_log_probabilities_is_pytorchs() -> None:
    def code(torch: Any, x: Any, t: Any) -> Any:
        return torch.nn.CTCLoss(blank=0)(x, t, torch.tensor(SIZES), torch.tensor(LENGTHS))

    x = X - np.log(np.exp(X).sum(2, keepdims=True))
    assert_same(code, x, TARGETS, order=1)


def test_another_blank_and_no_batch() -> None:
    def code(torch: Any, x: Any, t: Any) -> Any:
        return torch.nn.CTCLoss(blank=3)(x[:, 0].log_softmax(1), t, torch.tensor(6), torch.tensor(3))

    assert_same(code, X, np.array([1, 2, 2]), order=1)


def test_labels_that_cannot_be_said() -> None:
    x = tg.zeros(2, 1, 3).log_softmax(2).detach().requires_grad_()
    inputs = tg.tensor([[1, 1]]), tg.tensor([2]), tg.tensor([2])
    assert F.ctc_loss(x, *inputs).item() == np.inf
    loss = F.ctc_loss(x, *inputs, zero_infinity=True)
    loss.backward()
    assert loss.item() == 0
    assert not x.grad.any()


ERRORS = [
    lambda torch, f: f(torch.zeros(2, 1, 3), torch.tensor([[1]]), torch.tensor([2]), torch.tensor([1]), blank=3),
    lambda torch, f: f(torch.zeros(2, 1, 3), torch.tensor([[1]]), torch.tensor([3]), torch.tensor([1])),
    lambda torch, f: f(torch.zeros(2, 1, 3), torch.tensor([[1]]), torch.tensor([2, 2]), torch.tensor([1])),
    lambda torch, f: f(torch.zeros(2, 1, 3), torch.tensor([[1]]), torch.tensor([2]), torch.tensor([2])),
]


@pytest.mark.parametrize("code", ERRORS)
def test_errors(code: Any) -> None:
    assert_same_error(lambda torch: code(torch, torch.nn.functional.ctc_loss), "")
    with pytest.raises(RuntimeError):
        code(tg, F.ctc_loss)


def test_compiled() -> None:
    class Step(nn.Module):
        def forward(self, x: Any) -> Any:
            return nn.CTCLoss()(x.log_softmax(2), tg.tensor(TARGETS), tg.tensor(SIZES), tg.tensor(LENGTHS))

    assert_compiled_alike(Step, X)
