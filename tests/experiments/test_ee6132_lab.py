"""The EE6132 lab in miniature: its networks and rules, the files of a run, and that a seed determines the results."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as torch
from tinygrad_mlp import reference
from tinygrad_mlp.datasets import MNIST
from tinygrad_mlp.errors import DataError
from tinygrad_mlp.experiments import ee6132_lab
from tinygrad_mlp.experiments.data import load_images, with_noise
from tinygrad_mlp.experiments.lab import Lab
from tinygrad_mlp.experiments.results import Record, Row, RunFolder, Settings
from tinygrad_mlp.experiments.training import evaluate, glorot_mlp
from tinygrad_mlp.utils.data import TensorDataset

SMALL = (784, 20, 12, 8, 10)


def few_images(dataset: type[MNIST], data: str) -> tuple[TensorDataset, TensorDataset]:
    train, test = load_images(dataset, data)
    return (
        TensorDataset(*(tensor[:200] for tensor in train.tensors)),
        TensorDataset(*(tensor[:50] for tensor in test.tensors)),
    )


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ee6132_lab, "load_images", few_images)
    monkeypatch.setattr(ee6132_lab, "HOG_SAMPLE", (100, 40))
    ee6132_lab.hog_features.cache_clear()
    yield
    ee6132_lab.hog_features.cache_clear()


def lab(path: Path, seed: int = 0, epochs: int = 2, seeds: tuple[int, ...] | None = None) -> tuple[Lab, Record, Path]:
    path.mkdir(parents=True, exist_ok=True)
    record = Record()
    settings = Settings("sample", epochs, seeds or (seed,))
    return Lab(settings, seed, RunFolder(path, "ee6132-lab"), record), record, path


def rows(path: Path, seed: int = 0, epochs: int = 1) -> list[Row]:
    one, record, _ = lab(path, seed, epochs)
    ee6132_lab.run(one)
    return record.rows()


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_sections_rows_and_files_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ee6132_lab, "EARLY", 4)
    one, record, folder = lab(tmp_path)
    ee6132_lab.run(one)
    assert list(record.sections) == [
        "Table 1: sigmoid, learning rates",
        "Figure 9 and metrics of the baseline",
        "Table 2: activations",
        "Figures 14-22: percentage of inactive neurons",
        "Table 3: L2 regularization",
        "Table 4: Gaussian noise",
        "Table 5: classifiers on HOG features",
    ]
    measured = {(row.section.split(":")[0], row.quantity): row for row in record.rows()}
    ours = {key: row.ours for key, row in measured.items()}
    paper = {key: row.paper for key, row in measured.items()}
    assert paper["Table 1", "sigmoid, lr 0.001: accuracy (test)"] == 11.35
    assert paper["Table 1", "sigmoid, lr 0.01: loss (test)"] == 0.66877
    assert paper["Figure 9 and metrics of the baseline", "baseline: misclassification rate"] == 6.13
    assert paper["Table 2", "tanh: F1"] == 0.980099
    assert paper["Table 3", "regularized, beta 0.001: accuracy (train)"] == 90.04
    assert paper["Table 5", "KNN, K 5: accuracy (test)"] == 96.10

    assert paper["Table 2", "relu: loss (test) near iteration 2,000"] == 0.1
    assert ours["Table 2", "relu: loss (test) near iteration 2,000"] > ours["Table 2", "relu: loss (test)"]
    assert paper["Table 4", "noise, sigma 0.5: accuracy (test), noisy images"] == 88.32

    # The same network in several places has the same numbers.
    baseline = ours["Table 1", "sigmoid, lr 0.1: accuracy (test)"]
    for key in (
        ("Table 2", "sigmoid: accuracy (test)"),
        ("Table 3", "baseline, beta 0: accuracy (test)"),
        ("Table 4", "baseline: accuracy (test)"),
        ("Table 5", "baseline, on pixels: accuracy (test)"),
    ):
        assert ours[key] == baseline
        assert paper[key] == 93.87
    counts = table(folder / "confusion.csv")
    matrix = np.array([[int(row[f"predicted_{digit}"]) for digit in range(10)] for row in counts])
    assert matrix.sum() == 50
    assert np.trace(matrix) / 50 * 100 == pytest.approx(baseline)
    metrics = {key[1]: value for key, value in ours.items() if key[0].startswith("Figure 9")}
    assert metrics["baseline: recall"] == pytest.approx(baseline / 100)  # weighted by class
    assert metrics["baseline: misclassification rate"] == pytest.approx(100 - baseline)

    iterations = table(folder / "iterations.csv")
    losses = [float(row["train_loss"]) for row in iterations if row["model"] == "L2"]
    assert len(losses) == 2 * 3  # 3 whole batches of 64 in 200 images
    shares = table(folder / "inactive.csv")
    assert len(shares) == 3 * 3 * 2 * 2  # activations, layers, readings, epochs
    relu = [float(row["percentage"]) for row in shares if (row["activation"], row["hidden_layer"]) == ("relu", "2")]
    average = ours["Figures 14-22", "h2, relu, local gradient ≤ 0: average"]
    assert average == pytest.approx(sum(relu[:2]) / 2)

    figures = [figure for section in record.sections.values() for figure in section.figures]
    assert [figure["number"] for figure in figures if figure["number"]] == [
        "Figures 1-4",
        "Figures 5-8",
        "Figure 9",
        "Figures 10-11",
        "Figures 12-13",
        "Figures 14-22",
    ]
    for figure in figures:
        assert (folder / figure["file"]).read_bytes().startswith(b"\x89PNG")

    # The saved model is the one with the lowest loss on the training images.
    state = torch.load(folder / "model.safetensors")
    criterion = torch.nn.CrossEntropyLoss()
    found = []
    for activation in ("sigmoid", "tanh", "relu"):
        model = glorot_mlp(ee6132_lab.SIZES, activation, torch.Generator())
        model.load_state_dict(state)
        found.append(evaluate(model, criterion, few_images(MNIST, "sample")[0]).loss)
    lowest = min(ours["Table 2", f"{activation}: loss (train)"] for activation in ("sigmoid", "tanh", "relu"))
    assert min(found) == pytest.approx(lowest, rel=1e-6)


def test_a_seed_determines_the_results_and_resuming_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lab, "figure", lambda *arguments, **more: None)
    whole = rows(tmp_path / "a", epochs=2)
    assert rows(tmp_path / "b", epochs=2) == whole
    assert rows(tmp_path / "c", seed=1, epochs=2) != whole

    for count in (4, 30, 35):  # evaluations before the interruption: of the first and of later trainings
        left = iter(range(count))

        def interrupted(*arguments: Any, left: Iterator[int] = left) -> Any:
            if next(left, None) is None:
                raise KeyboardInterrupt
            return evaluate(*arguments)

        monkeypatch.setattr(ee6132_lab, "evaluate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            rows(tmp_path / "d", epochs=2)
    monkeypatch.setattr(ee6132_lab, "evaluate", evaluate)
    assert rows(tmp_path / "d", epochs=2) == whole


def test_what_has_no_randomness_is_done_for_one_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lab, "figure", lambda *arguments, **more: None)
    data = few_images(MNIST, "sample")
    results = {}
    for seed in (0, 1):
        one, record, _ = lab(tmp_path, seed, 1, seeds=(0, 1))
        baseline = ee6132_lab.train_network(one, ee6132_lab.BASELINE, *data, sizes=SMALL)
        ee6132_lab.features(one, {ee6132_lab.BASELINE: baseline})
        results[seed] = {row.quantity.split(":")[0] for row in record.rows()}
    assert results[0] - results[1] == {"SVM", "KNN, K 5"}
    assert {"MLP1", "MLP2"} <= results[1]


def test_network() -> None:
    model = glorot_mlp(ee6132_lab.SIZES, "relu", torch.Generator().manual_seed(0))
    shapes = [tuple(p.shape) for p in model.parameters() if p.ndim == 2]
    assert shapes == [(500, 784), (250, 500), (100, 250), (10, 100)]
    assert not any(p.any().item() for p in model.parameters() if p.ndim == 1)
    bound = (6 / (784 + 500)) ** 0.5  # equation 11
    weight = next(model.parameters())
    assert weight.abs().max().item() == pytest.approx(bound, rel=1e-3)
    assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=1e-2)
    assert [type(layer).__name__ for layer in model] == ["Linear", "ReLU"] * 3 + ["Linear"]


@pytest.mark.parametrize("beta", [0.0, 0.1])
def test_rule(beta: float) -> None:
    """Equations 12, 13 and 15, against the formulas written by hand."""
    generator = torch.Generator().manual_seed(0)
    model = glorot_mlp((6, 5, 10), "tanh", generator)
    layers = [tuple(p.detach().numpy().astype(np.float64) for p in model[i].parameters()) for i in (0, 2)]
    inputs, labels = torch.randn(8, 6, generator=generator), torch.arange(8)
    optimizer = ee6132_lab.sgd(model, lr=0.5, beta=beta)
    for _ in range(3):
        optimizer.zero_grad()
        torch.nn.CrossEntropyLoss()(model(inputs), labels).backward()
        optimizer.step()
    mlp = reference.MLP("tanh", "softmax_cross_entropy", "sample_mean")
    batch = inputs.numpy(), np.eye(10)[labels.numpy()]
    weight_rule, bias_rule = partial(reference.l2_descent, lr=0.5, beta=beta), partial(reference.momentum, lr=0.5)
    *_, expected = mlp.train(layers, [batch] * 3, weight_rule, bias_rule)
    for i, layer in zip((0, 2), expected, strict=True):
        for parameter, by_hand in zip(model[i].parameters(), layer, strict=True):
            np.testing.assert_allclose(parameter.detach().numpy(), by_hand, atol=1e-6)


def test_noise() -> None:
    images, labels = torch.full((100, 784), 0.5), torch.arange(100)
    noisy, same = with_noise(TensorDataset(images, labels), 0.1, torch.Generator().manual_seed(0)).tensors
    assert noisy.mean().item() == pytest.approx(0.5, abs=2e-3)
    assert noisy.std().item() == pytest.approx(0.1, rel=2e-2)
    assert torch.equal(same, labels)


def test_noise_is_anew_in_each_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []

    def with_noise(data: TensorDataset, sigma: float, generator: torch.Generator) -> TensorDataset:
        drawn.append(noise(data, sigma, generator))
        return drawn[-1]

    noise = ee6132_lab.with_noise
    monkeypatch.setattr(ee6132_lab, "with_noise", with_noise)
    one, *_ = lab(tmp_path)
    ee6132_lab.train_network(one, "noise", *few_images(MNIST, "sample"), sigma=0.1, sizes=SMALL)
    first, second = (data.tensors[0] for data in drawn)
    assert not torch.equal(first, second)

    # A resumed training draws what the uninterrupted one drew.
    monkeypatch.setattr("tinygrad_mlp.experiments.lab._SECONDS", 0.0)  # every epoch is kept

    def interrupted(data: TensorDataset, sigma: float, generator: torch.Generator) -> TensorDataset:
        if len(drawn) == 3:
            raise KeyboardInterrupt
        return with_noise(data, sigma, generator)

    for way in (interrupted, with_noise):
        monkeypatch.setattr(ee6132_lab, "with_noise", way)
        one, *_ = lab(tmp_path / "again")
        try:
            ee6132_lab.train_network(one, "noise", *few_images(MNIST, "sample"), sigma=0.1, sizes=SMALL)
        except KeyboardInterrupt:
            assert way is interrupted
    assert len(drawn) == 4
    assert torch.equal(drawn[3].tensors[0], second)


def test_inactive_neurons() -> None:
    model = glorot_mlp((2, 4, 2, 3), "relu", torch.Generator().manual_seed(0))
    first, second, last = (model[i].weight for i in (0, 2, 4))
    with torch.no_grad():
        first.copy_(torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))
        second.copy_(torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, -1.0, 0.0]]))
        last.copy_(torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0]]))
    inputs = torch.tensor([[1.0, 1.0], [1.0, -1.0]])
    # Layer 1: (1, -1, 1, 0) and (1, -1, -1, 0); layer 2: (1, -1) and (1, 0).
    assert ee6132_lab.inactive_by_output(model, inputs) == [100 * 5 / 8, 50.0]
    # Only the first neuron of each layer reaches the output; class 1 wants it smaller, so its gradient is positive.
    torch.nn.CrossEntropyLoss()(model(inputs), torch.tensor([1, 1])).backward()
    assert ee6132_lab.inactive_by_gradient(model) == [75.0, 50.0]


def test_hog_features() -> None:
    (train, labels), (test, _) = (data.tensors for data in ee6132_lab.hog_features("sample"))
    assert train.shape == (100, 576)  # the report's number
    assert test.shape == (40, 576)
    assert train.dtype is torch.float32
    assert torch.equal(labels, few_images(MNIST, "sample")[0].tensors[1][:100])
    # Each block adds up to 1, or is empty.
    sums = train.reshape(100, 16, 36).sum(dim=2)
    assert sums.median().item() == pytest.approx(1, abs=1e-3)
    assert sums.max().item() <= 1 + 1e-5
    # A vertical edge has its gradients in the orientation around 0 degrees, the first of nine.
    edge = np.zeros((28, 28), np.float32)
    edge[:, 14:] = 1
    assert ee6132_lab.describe(edge).reshape(-1, 9).sum(axis=0).argmax() == 0


def test_it_learns(tmp_path: Path) -> None:
    one, *_ = lab(tmp_path, epochs=20)
    training = ee6132_lab.train_network(one, "relu", *few_images(MNIST, "sample"), "relu")
    assert training.train.accuracy > 95
    assert training.test.accuracy > 55
    losses = training.history["loss of the batch"]
    assert len(losses) == 60
    assert losses[-1] < losses[0] / 5
    assert training.history["iteration tested"] == [0, *range(3, 61, 3)]
    assert training.history["loss then"][-1] == training.test.loss


def test_too_few_images_for_one_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = TensorDataset(torch.zeros(63, 784), torch.zeros(63, dtype=torch.int64))
    monkeypatch.setattr(ee6132_lab, "load_images", lambda dataset, data: (few, few))
    with pytest.raises(DataError, match="sample: 63 training images; expected 64 or more"):
        ee6132_lab.run(lab(tmp_path)[0])
