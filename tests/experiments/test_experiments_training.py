"""The training loop and the measurements that experiments share."""

from __future__ import annotations

import pytest

import tinygrad_mlp as torch
from tinygrad_mlp import nn
from tinygrad_mlp.experiments.training import evaluate, predict, train
from tinygrad_mlp.utils.data import DataLoader, TensorDataset


def test_each_loss_is_yielded_after_its_step(capsys: pytest.CaptureFixture[str]) -> None:
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    data = TensorDataset(torch.ones(2, 1), torch.tensor([[1.0], [2.0]]))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.25)
    steps = train(model, nn.MSELoss(), optimizer, DataLoader(data, batch_size=1), epochs=2, title="line")
    # w' = w - lr * 2 (w - y), for y = 1, 2, 1, 2
    for loss, weight in ((1.0, 0.5), (2.25, 1.25), (0.0625, 1.125), (0.765625, 1.5625)):
        assert next(steps) == loss
        assert model.weight.item() == weight
    with pytest.raises(StopIteration):
        next(steps)
    bar = capsys.readouterr().err
    assert "line" in bar
    assert "epoch 2/2, loss 0.7656" in bar


def test_leaving_the_loop_ends_the_training() -> None:
    model = nn.Linear(1, 1)
    data = DataLoader(TensorDataset(torch.ones(8, 1), torch.ones(8, 1)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    steps = train(model, nn.MSELoss(), optimizer, data, epochs=100, title="")
    for _ in steps:
        break
    before = model.weight.item()
    steps.close()  # type: ignore[attr-defined]  # an Iterator to its users, a generator in fact
    assert model.weight.item() == before


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
