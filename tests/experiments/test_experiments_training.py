"""The measurements that experiments share."""

from __future__ import annotations

import pytest

import tinygrad_mlp as torch
from tinygrad_mlp import nn
from tinygrad_mlp.experiments.training import evaluate, predict
from tinygrad_mlp.utils.data import TensorDataset


@pytest.mark.parametrize("mode", [True, False])
def test_predict_is_in_evaluation_mode_and_restores_the_mode(mode: bool) -> None:
    model = nn.Sequential(nn.Dropout(0.9)).train(mode)
    inputs = torch.rand(7, 3).requires_grad_()
    outputs = predict(model, inputs, batch_size=2)
    assert torch.equal(outputs, inputs)
    assert not outputs.requires_grad
    assert model.training is mode
    assert model[0].training is mode


def test_evaluate() -> None:
    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 0.0]])
    labels = torch.tensor([0, 1, 1, 0])
    got = evaluate(nn.Identity(), nn.CrossEntropyLoss(), TensorDataset(logits, labels))
    assert got.accuracy == 75.0
    assert got.predictions.tolist() == [0, 1, 0, 0]
    assert got.loss == pytest.approx(nn.functional.cross_entropy(logits, labels).item())
