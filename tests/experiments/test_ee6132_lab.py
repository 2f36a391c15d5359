"""The EE6132 lab in miniature: its network, the files of a run, and that a seed determines the results."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_mlp as torch
from tinygrad_mlp.datasets import MNIST
from tinygrad_mlp.errors import DataError
from tinygrad_mlp.experiments import ee6132_lab
from tinygrad_mlp.experiments.data import load_images
from tinygrad_mlp.experiments.results import Row, RunFolder, Settings
from tinygrad_mlp.experiments.training import evaluate
from tinygrad_mlp.utils.data import TensorDataset

MODELS = ["sigmoid, lr 1", "sigmoid, lr 0.1", "tanh, lr 0.1", "relu, lr 0.1"]


def few_images(dataset: type[MNIST], data: str) -> tuple[TensorDataset, TensorDataset]:
    train, test = load_images(dataset, data)
    return (
        TensorDataset(*(tensor[:200] for tensor in train.tensors)),
        TensorDataset(*(tensor[:50] for tensor in test.tensors)),
    )


@pytest.fixture(autouse=True)
def _few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ee6132_lab, "load_images", few_images)


def run(out: Path, seed: int = 0, epochs: int = 2) -> tuple[Path, list[Row]]:
    folder = RunFolder(out, "ee6132-lab")
    rows = ee6132_lab.run(Settings("sample", epochs, seed), folder)
    folder.write_results(rows)
    return folder.path, rows


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_files_of_a_run(tmp_path: Path) -> None:
    folder, rows = run(tmp_path)
    assert {path.name for path in folder.iterdir()} == {
        "accuracy.png",
        "confusion.csv",
        "confusion.png",
        "epochs.csv",
        "iterations.csv",
        "loss.png",
        "model.safetensors",
        "results.json",
    }
    for name in ("accuracy.png", "confusion.png", "loss.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")

    assert [(row.quantity, row.paper) for row in rows][:7] == [
        ("sigmoid, lr 1: accuracy (train)", 99.457),
        ("sigmoid, lr 1: accuracy (test)", 97.98),
        ("sigmoid, lr 1: loss (test)", 0.0731),
        ("sigmoid, lr 1: precision", None),
        ("sigmoid, lr 1: recall", None),
        ("sigmoid, lr 1: F1", None),
        ("sigmoid, lr 0.1: accuracy (train)", 94.265),
    ]
    assert {row.note for row in rows} == {"200 training and 50 test images, not 60,000 and 10,000; 2 epochs, not 15"}
    saved = json.loads((folder / "results.json").read_text())
    assert [row["ours"] for row in saved] == [row.ours for row in rows]

    iterations = table(folder / "iterations.csv")
    assert [(row["model"], row["iteration"]) for row in iterations] == [
        (model, str(i))
        for model in MODELS
        for i in range(1, 7)  # 3 whole batches of 64 in 200 images
    ]
    assert all(float(row["train_loss"]) > 0 for row in iterations)
    epochs = table(folder / "epochs.csv")
    assert [(row["model"], row["epoch"]) for row in epochs] == [(m, e) for m in MODELS for e in "12"]

    # What stands in one file agrees with the others.
    ours = {row.quantity: row.ours for row in rows}
    counts = table(folder / "confusion.csv")
    for i, model in enumerate(MODELS):
        matrix = np.array([[int(row[f"predicted_{d}"]) for d in range(10)] for row in counts[10 * i : 10 * i + 10]])
        assert matrix.sum() == 50
        assert np.trace(matrix) / 50 * 100 == pytest.approx(ours[f"{model}: accuracy (test)"])
        assert ours[f"{model}: recall"] == pytest.approx(ours[f"{model}: accuracy (test)"] / 100)
        last = epochs[2 * i + 1]
        assert float(last["test_accuracy"]) == ours[f"{model}: accuracy (test)"]
        assert float(last["test_loss"]) == ours[f"{model}: loss (test)"]
        assert float(iterations[6 * i + 5]["test_loss"]) == ours[f"{model}: loss (test)"]

    # The saved model is the one with the lowest training loss.
    best = min(epochs[1::2], key=lambda row: float(row["train_loss"]))
    model = ee6132_lab.network(best["model"].split(",")[0], torch.Generator())
    model.load_state_dict(torch.load(folder / "model.safetensors"))
    measured = evaluate(model, torch.nn.CrossEntropyLoss(), few_images(MNIST, "sample")[1])
    assert measured.accuracy == float(best["test_accuracy"])
    assert measured.loss == float(best["test_loss"])


def test_a_seed_determines_the_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ee6132_lab, "write_figures", lambda *arguments: None)
    first, again, other = (run(tmp_path, seed, epochs=1)[0] for seed in (0, 0, 1))
    for name in ("results.json", "iterations.csv", "model.safetensors"):
        assert (first / name).read_bytes() == (again / name).read_bytes()
        assert (first / name).read_bytes() != (other / name).read_bytes()


def test_network() -> None:
    model = ee6132_lab.network("relu", torch.Generator().manual_seed(0))
    assert [tuple(p.shape) for p in model.parameters() if p.ndim == 2] == [
        (500, 784),
        (250, 500),
        (100, 250),
        (10, 100),
    ]
    assert not any(p.any().item() for p in model.parameters() if p.ndim == 1)
    bound = (6 / (784 + 500)) ** 0.5  # equation 11
    weight = model[0].weight
    assert weight.abs().max().item() == pytest.approx(bound, rel=1e-3)
    assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=1e-2)
    assert [type(layer).__name__ for layer in model] == ["Linear", "ReLU"] * 3 + ["Linear"]


def test_it_learns() -> None:
    train, test = few_images(MNIST, "sample")
    training = ee6132_lab.fit("relu", 0.1, epochs=20, seed=0, train_set=train, test_set=test)
    trained, tested = training.epochs[-1]
    assert trained.accuracy > 95
    assert tested.accuracy > 55
    assert len(training.losses) == 60
    assert training.tests[60] is tested
    assert training.losses[-1] < training.losses[0] / 5


def test_too_few_images_for_one_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = TensorDataset(torch.zeros(63, 784), torch.zeros(63, dtype=torch.int64))
    monkeypatch.setattr(ee6132_lab, "load_images", lambda dataset, data: (few, few))
    with pytest.raises(DataError, match="sample: 63 training images; expected 64 or more"):
        run(tmp_path)
