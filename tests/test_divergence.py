"""Trainings whose numbers are lost stop, and say where; the last good model is kept."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.checkpoints import Checkpoint, DivergenceError, RandomStreams, check_finite


def network() -> nn.Sequential:
    with RandomStreams(0).using("init"):
        return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1))


def batch(step: int) -> tuple[tg.Tensor, tg.Tensor]:
    generator = tg.Generator().manual_seed(step)
    return tg.randn(16, 4, generator=generator), tg.randn(16, 1, generator=generator)


def train(folder: Path, lr: float, epochs: int = 4, steps: int = 2) -> nn.Sequential:
    model = network()
    optimizer = tg.optim.SGD(model.parameters(), lr=lr)
    with Checkpoint(folder, model=model, optimizer=optimizer) as checkpoint:
        checkpoint.load()
        for epoch in range(epochs):
            for step in range(steps):
                inputs, targets = batch(step)
                loss = nn.functional.mse_loss(model(inputs), targets)
                check_finite(loss, model, inputs, epoch=epoch, step=step, checkpoint=checkpoint)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                checkpoint.save(epoch, step + 1)
    return model


def test_a_learning_rate_far_too_high_is_said_and_the_last_good_model_kept(tmp_path: Path) -> None:
    with pytest.raises(DivergenceError) as caught:
        train(tmp_path, lr=100.0)
    error = caught.value
    assert (error.epoch, error.step) == (1, 1)
    assert (error.layer, error.what) == ("2", "output")
    path = tmp_path / "checkpoint.npz"
    assert str(error) == (
        "the training diverged in epoch 1, step 1: the loss is inf; the first that is not finite is the output of layer '2'; "
        "lower the learning rate, tenfold to begin with, or clip gradients with nn.utils.clip_grad_norm_(); "
        f"the last good one, of epoch 1, step 1, is kept in {path}"
    )
    model = network()
    optimizer = tg.optim.SGD(model.parameters(), lr=1.0)
    with Checkpoint(tmp_path, model=model, optimizer=optimizer) as checkpoint:
        assert checkpoint.load() == (1, 1)
    assert all(bool(parameter.isfinite().all()) for parameter in model.parameters())
    assert train(tmp_path / "other", lr=0.01)[0].weight.isfinite().all()


def test_the_first_layer_with_something_that_is_not_finite() -> None:
    inputs, targets = batch(0)

    def found(model: nn.Module, *given: Any, loss: Any = float("nan")) -> tuple[str | None, str]:
        with pytest.raises(DivergenceError) as caught:
            check_finite(loss, model, *given, epoch=0, step=0)
        return caught.value.layer, caught.value.what

    model = network()
    with tg.no_grad():
        model[2].bias[3] = float("-inf")
        model[4].weight[0, 0] = float("nan")
    assert found(model, inputs) == ("2", "parameter bias")
    assert found(model) == ("2", "parameter bias")

    class Logs(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.later = nn.Linear(4, 1)  # named before what is computed before it
            self.inner = nn.Sequential(nn.Linear(4, 4), nn.Tanh())

        def forward(self, x: tg.Tensor, shift: float) -> tg.Tensor:
            return self.later(self.inner(x).log() + shift)

    assert found(Logs(), inputs, 1.0) == ("later", "output")

    class Alone(nn.Module):
        def forward(self, x: tg.Tensor) -> tg.Tensor:
            return x.log()

    assert found(Alone(), -inputs.abs()) == ("", "output")
    assert found(network(), inputs * float("inf")) == (None, "input")
    assert found(network(), inputs) == (None, "loss")
    assert found(network(), inputs, loss=tg.tensor([1.0, float("inf")])) == (None, "loss")

    model = network()
    nn.functional.mse_loss(model(inputs), targets).backward()
    assert model[4].weight.grad is not None
    model[4].weight.grad[0, 0] = float("inf")
    assert found(model, inputs) == ("4", "gradient of weight")


@pytest.mark.parametrize(("what", "advice"), [("inputs", "clean the data"), ("loss", "losses that take logits are safe")])
def test_the_advice_fits(what: str, advice: str) -> None:
    inputs = tg.full((1, 4), float("nan")) if what == "inputs" else tg.ones(1, 4)
    with pytest.raises(ArithmeticError, match=advice):
        check_finite(tg.tensor(float("inf")), network(), inputs, epoch=0, step=0)


def test_a_finite_loss_changes_nothing_and_a_search_neither() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    inputs, _ = batch(0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    random = tg.get_rng_state()
    check_finite(1.5, model, inputs, epoch=0, step=0)
    with pytest.raises(DivergenceError):
        check_finite(float("nan"), model, inputs, epoch=0, step=0)
    assert tg.get_rng_state().equal(random)
    assert all(value.equal(before[name]) for name, value in model.state_dict().items())
    assert model.training
    assert not any(module._hooks for module in model.modules())


def test_an_experiment_stops_and_keeps_its_last_good_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib", reason="the experiments' libraries are not installed")
    from tinygrad_mlp.experiments.lab import Lab
    from tinygrad_mlp.experiments.results import Record, RunFolder, Settings
    from tinygrad_mlp.experiments.training import History, training_step

    monkeypatch.setattr("tinygrad_mlp.experiments.lab._SECONDS", 0.0)  # every epoch is kept
    lab = Lab(Settings(), 0, RunFolder(tmp_path, "toy"), Record())
    model = network()
    optimizer = tg.optim.SGD(model.parameters(), lr=100.0)
    history: History = defaultdict(list)

    def train_model() -> None:
        step = lab.compiled(model, training_step(model, nn.functional.mse_loss, optimizer))
        for _ in lab.epochs("one", 4, history, model=model, optimizer=optimizer):
            history["loss"] += [step(*batch(i)).item() for i in range(2)]

    expected = r"epoch 2, step 2: the loss is inf; .* parameter weight of layer '0'.*the last good one, of epoch 1, .*checkpoint.npz"
    with pytest.raises(DivergenceError, match=expected):
        train_model()
    (path,) = tmp_path.rglob("checkpoint.npz")
    kept = tg.load(path)
    assert kept["epoch"] == 1
    assert all(bool(value.isfinite().all()) for value in kept["parts"]["model"].values())


@pytest.mark.parametrize("loss", [np.float32("nan"), np.array(np.nan, np.float32), np.array([np.inf]), float("nan")])
def test_numbers_of_numpy_are_looked_at(loss: Any) -> None:
    with pytest.raises(DivergenceError):
        check_finite(loss, network(), epoch=0, step=0)


def test_what_is_not_finite_in_a_dict_is_found() -> None:
    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(2, 1)

        def forward(self, inputs: dict[str, tg.Tensor]) -> dict[str, tg.Tensor]:
            return {"y": self.inner(inputs["x"])}

    with pytest.raises(DivergenceError, match="input"):
        check_finite(math.nan, Named(), {"x": tg.full((1, 2), math.nan)}, epoch=0, step=0)
