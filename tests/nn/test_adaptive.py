"""The adaptive softmax: by its parts, and against PyTorch's."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from against_torch import assert_same_error, both, cotangent

import tinygrad_mlp as tg
from tinygrad_mlp import nn

X, TARGETS = cotangent((5, 32), 0), np.array([0, 5, 9, 3, 8])
MADE: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((32, 10, [4, 7]), {}),
    ((32, 10, [4]), {"div_value": 2.0, "head_bias": True}),
]


def test_probabilities_sum_to_one_and_agree() -> None:
    softmax = nn.AdaptiveLogSoftmaxWithLoss(32, 10, [4, 7], dtype=tg.float64)
    x, target = tg.tensor(X), tg.tensor(TARGETS)
    whole = softmax.log_prob(x)
    np.testing.assert_allclose(whole.detach().exp().sum(1), 1)
    output, loss = softmax(x, target)
    np.testing.assert_allclose(output.detach(), whole.detach()[tg.arange(5), target])
    assert loss.item() == pytest.approx(-output.mean().item())
    assert softmax.predict(x).tolist() == whole.argmax(1).tolist()
    one = softmax(x[1], target[1])
    assert one.output.shape == ()
    assert one.output.item() == pytest.approx(output[1].item())


@pytest.mark.parametrize(("args", "options"), MADE)
def test_like_pytorch(args: Any, options: dict[str, Any]) -> None:
    results = []
    for torch in both():
        softmax = torch.nn.AdaptiveLogSoftmaxWithLoss(*args, **options, dtype=torch.float64)
        for k, p in enumerate(softmax.parameters()):
            p.data.copy_(torch.tensor(cotangent(p.shape, k)))
        x = torch.tensor(X).requires_grad_()
        output, loss = softmax(x, torch.tensor(TARGETS))
        loss.backward()
        seen = [repr(softmax), list(softmax.state_dict()), softmax.predict(x).tolist()]
        results.append([seen, output, loss, softmax.log_prob(x), x.grad, *(p.grad for p in softmax.parameters())])
    assert results[0][0] == results[1][0]
    for mine, theirs in zip(results[0][1:], results[1][1:], strict=True):
        np.testing.assert_allclose(mine.detach(), theirs.detach(), rtol=1e-9, atol=1e-12)


def test_the_signature_is_pytorchs() -> None:
    ours, theirs = (inspect.signature(library.nn.AdaptiveLogSoftmaxWithLoss).parameters for library in both())
    assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()]


ERRORS = [
    lambda torch: torch.nn.AdaptiveLogSoftmaxWithLoss(8, 10, []),
    lambda torch: torch.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [4, 3]),
    lambda torch: torch.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [10]),
    lambda torch: torch.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [2.5]),
    lambda torch: torch.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [4])(torch.ones(2, 8), torch.tensor([0])),
    lambda torch: torch.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [4])(torch.ones(2, 8), torch.tensor([0, 10])),
    lambda torch: torch.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [4])(torch.ones(2, 8), torch.tensor([[0], [1]])),
]


@pytest.mark.parametrize("code", ERRORS)
def test_errors(code: Any) -> None:
    assert_same_error(code, "")
    with pytest.raises((ValueError, RuntimeError)):
        code(tg)
