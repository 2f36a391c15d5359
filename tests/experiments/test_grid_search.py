"""The grid search in miniature: its loss, its cells in parallel and resumed, and the two phases of a run."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import tinygrad_mlp as torch
from tinygrad_mlp.datasets import MNIST
from tinygrad_mlp.errors import DataError
from tinygrad_mlp.experiments import grid_search, runs
from tinygrad_mlp.experiments.data import load_images
from tinygrad_mlp.experiments.lab import Lab
from tinygrad_mlp.experiments.results import Record, Row, RunFolder, Settings
from tinygrad_mlp.experiments.training import training_step
from tinygrad_mlp.reference import MLP, momentum
from tinygrad_mlp.utils.data import TensorDataset

LIMIT = (500, 60)  # training and test images: 300 for training, 200 for validation


def few_images(dataset: type[MNIST], data: str) -> tuple[TensorDataset, TensorDataset]:
    sets = load_images(dataset, data)
    train, test = (TensorDataset(*(t[:n] for t in images.tensors)) for images, n in zip(sets, LIMIT, strict=True))
    return train, test


@pytest.fixture(autouse=True)
def _few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid_search, "load_images", few_images)


def run(out: Path, seed: int = 0, epochs: int = 3) -> tuple[Path, list[Row]]:
    settings = Settings("sample", epochs, (seed,))
    folder = runs.start("grid-search", settings, out, "a command")
    with joblib.parallel_config(n_jobs=1):
        return folder.path, runs.perform(folder, settings)


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take most of a small run's time."""
    monkeypatch.setattr(Lab, "figure", lambda *arguments, **options: None)


def lab_in(path: Path, epochs: int = 2) -> Lab:
    path.mkdir(exist_ok=True)
    return Lab(Settings("sample", epochs), 0, RunFolder(path, "grid-search"), Record())


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_one_step_is_that_of_section_iv(monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = (tensor[:20] for tensor in few_images(MNIST, "sample")[0].tensors)
    model = grid_search.network(torch.Generator().manual_seed(3)).double()
    values = [p.detach().numpy().copy() for p in model.parameters()]
    layers = [(values[0], values[1]), (values[2], values[3])]
    mlp = MLP("sigmoid", "sigmoid_cross_entropy", "sum")
    batch = images.double().numpy(), np.eye(10)[labels.numpy()]
    rule = partial(momentum, lr=0.01)
    (expected,) = mlp.train(layers, [batch], rule, rule)

    assert grid_search.cross_entropy(model(images.double()), labels).item() == pytest.approx(mlp.cost(layers, *batch))
    mean = grid_search.mean_cross_entropy(model(images.double()), labels).item()
    assert mean == pytest.approx(mlp.cost(layers, *batch) / 20)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    training_step(model, grid_search.cross_entropy, optimizer)(images.double(), labels)
    for parameter, value in zip(model.parameters(), (v for layer in expected for v in layer), strict=True):
        np.testing.assert_allclose(parameter.detach().numpy(), value, rtol=1e-12, atol=1e-15)


def test_network() -> None:
    model = grid_search.network(torch.Generator().manual_seed(0))
    assert [tuple(p.shape) for p in model.parameters()] == [(20, 784), (20,), (10, 20), (10,)]
    assert [type(layer).__name__ for layer in model] == ["Linear", "Sigmoid", "Linear"]
    assert model[0].weight.std().item() == pytest.approx(1 / 28, rel=0.03)
    assert model[0].bias.std().item() == pytest.approx(1, rel=0.5)


def test_split() -> None:
    def sizes(count: int) -> tuple[int, int, int]:
        numbers = torch.arange(count)
        (train, _), (validation, _) = (part.tensors for part in grid_search.split(TensorDataset(numbers, numbers)))
        assert train[0].item() == 0
        assert validation[-1].item() == count - 1
        return len(train), len(validation), validation[0].item() - len(train)

    assert sizes(60_000) == (3000, 10_000, 47_000)  # the report's
    assert sizes(5000) == (3000, 2000, 0)  # the sample
    assert sizes(10) == (6, 4, 0)


def test_a_run(tmp_path: Path) -> None:
    folder, rows = run(tmp_path)
    expected = {
        "bestmodel.json",
        "grid.csv",
        "grid.png",
        "phase1.png",
        "phase2.png",
        "misclassified.png",
        "model.safetensors",
    }
    assert expected <= {path.name for path in folder.iterdir()}
    measured = {(row.section.split(":")[0], row.quantity): row for row in rows}
    assert {key: row.paper for key, row in measured.items() if row.paper is not None} == {
        ("Phase 1", "lr 0.001, batch 128: validation accuracy"): 84,
        ("Phase 1", "lr 0.001, batch 128: is the best cell (share of the seeds)"): 1.0,
        ("Phase 1", "best cell: validation accuracy"): 84,
        ("Phase 2", "test accuracy, highest of all epochs"): 75.08,
    }
    ours = {key: row.ours for key, row in measured.items()}

    # The best cell is the one with the best accuracy after its last epoch, and its parameters are in bestmodel.json.
    curves = table(folder / "grid.csv")
    assert [(float(row["learning_rate"]), int(row["batch_size"]), row["epoch"]) for row in curves] == [
        (*cell, epoch) for cell in grid_search.GRID for epoch in "123"
    ]
    best = max(curves[2::3], key=lambda row: float(row["validation_accuracy"]))
    assert ours["Phase 1", "best cell: validation accuracy"] == float(best["validation_accuracy"])
    name = f"lr {best['learning_rate']}, batch {best['batch_size']}"
    chosen = {quantity: value for (_, quantity), value in ours.items() if "is the best cell" in quantity}
    assert chosen.pop(f"{name}: is the best cell (share of the seeds)") == 1.0
    assert set(chosen.values()) == {0.0}
    model = grid_search.network(torch.Generator())
    model.load_state_dict(torch.load(folder / "bestmodel.json"))
    train, test = few_images(MNIST, "sample")
    history: Any = defaultdict(list)
    grid_search.measure(model, history, {"validation": grid_search.split(train)[1], "test": test})
    assert history["validation accuracy"] == [float(best["validation_accuracy"])]
    assert history["validation loss"] == [float(best["validation_loss"])]
    assert history["test accuracy"] == [ours["Phase 2", "test accuracy of bestmodel.json"]]

    # Phase 2 goes on from there, on the training and the validation images.
    epochs = [row for row in table(folder / "epochs.csv") if row["training"] == "phase 2"]
    losses = [float(row["value"]) for row in epochs if row["quantity"] == "train loss"]
    assert len(losses) == 3
    grid_search.measure(model, history, {"both": train})
    assert losses[0] < history["both loss"][0]
    assert ours["Phase 2", "test accuracy after the last epoch"] == float(
        [row["value"] for row in epochs if row["quantity"] == "test accuracy"][-1]
    )


@pytest.mark.usefixtures("no_figures")
def test_phase_2_starts_from_the_best_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[tuple[Any, dict[str, Any], int]] = []

    def phase_2(lab: Lab, cell: Any, model: Any, train: TensorDataset, test: TensorDataset) -> None:
        starts.append((cell, {name: value.numpy() for name, value in model.state_dict().items()}, len(train)))

    monkeypatch.setattr(grid_search, "phase_2", phase_2)
    folder, rows = run(tmp_path, epochs=1)
    ((cell, parameters, images),) = starts
    ours = {row.quantity: row.ours for row in rows}
    assert ours[f"lr {cell[0]:g}, batch {cell[1]}: is the best cell (share of the seeds)"] == 1.0
    assert images == LIMIT[0]
    saved = torch.load(folder / "bestmodel.json")
    assert saved.keys() == parameters.keys()
    for name, value in parameters.items():
        np.testing.assert_array_equal(value, saved[name].numpy())


@pytest.mark.usefixtures("no_figures")
def test_a_seed_determines_the_results(tmp_path: Path) -> None:
    first, again, other = (run(tmp_path / str(i), seed, epochs=1)[0] for i, seed in enumerate((0, 0, 1)))
    for name in ("results.json", "grid.csv", "bestmodel.json", "epochs.csv"):
        assert (first / name).read_bytes() == (again / name).read_bytes()
        assert (first / name).read_bytes() != (other / name).read_bytes()


def comparable(cells: dict[Any, Any]) -> dict[Any, Any]:
    return {
        cell: (trained["history"], {name: value.tolist() for name, value in trained["parameters"].items()})
        for cell, trained in cells.items()
    }


def test_a_cell_has_one_blas_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """With two, the last bits of the products are others."""
    numbers = []

    def measure(*arguments: Any) -> None:
        numbers.append({library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"})

    monkeypatch.setattr(grid_search, "measure", measure)
    arrays = tuple(tensor.numpy()[:10] for tensor in few_images(MNIST, "sample")[0].tensors)
    with threadpool_limits(2, "blas"):
        grid_search.train_cell((0.01, 128), 1, 0, arrays, arrays)
    assert numbers == [{1}]


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_workers_compute_what_one_process_does(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(grid_search, "GRID", ((1e-3, 128), (1e-2, 128), (1e-2, 256)))
    train, validation = grid_search.split(few_images(MNIST, "sample")[0])
    with joblib.parallel_config(n_jobs=1):
        alone = grid_search.search(lab_in(tmp_path / "alone"), train, validation)
    capfd.readouterr()
    with joblib.parallel_config(backend, n_jobs=2):
        together = grid_search.search(lab_in(tmp_path / "together"), train, validation)
    assert comparable(together) == comparable(alone)
    shown = capfd.readouterr()
    assert shown.out == ""
    assert shown.err == ""  # there is a bar where somebody looks


def test_the_user_chooses_the_backend_and_the_number_of_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Parallel(joblib.Parallel):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            asked.append((type(self._backend).__name__, self.n_jobs, options["return_as"]))
            self._backend = joblib._parallel_backends.SequentialBackend(nesting_level=0)

    class OldBackend(joblib._parallel_backends.ThreadingBackend):  # type: ignore[misc]
        supports_return_generator = False

    monkeypatch.setattr(grid_search, "Parallel", Parallel)
    monkeypatch.setattr(grid_search, "GRID", ((1e-2, 256),))
    train, validation = grid_search.split(few_images(MNIST, "sample")[0])
    grid_search.search(lab_in(tmp_path / "0"), train, validation)
    for i, options in enumerate(({"n_jobs": 3}, {"backend": "threading"}, {"backend": OldBackend(), "n_jobs": 2}), 1):
        with joblib.parallel_config(**options):
            grid_search.search(lab_in(tmp_path / str(i)), train, validation)
    assert asked == [
        ("LokyBackend", -1, "generator_unordered"),  # all processors, where nothing was said
        ("LokyBackend", 3, "generator_unordered"),
        ("ThreadingBackend", -1, "generator_unordered"),
        ("OldBackend", 2, "list"),
    ]


@pytest.mark.usefixtures("no_figures")
def test_a_resumed_run_trains_only_the_cells_that_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, rows = run(tmp_path / "whole")
    settings = Settings("sample", 3)
    folder = runs.start("grid-search", settings, tmp_path / "interrupted", "a command")
    done: list[Any] = []
    train_cell = grid_search.train_cell

    def interrupted(cell: Any, *arguments: Any) -> Any:
        if len(done) == 4:
            raise KeyboardInterrupt
        done.append(cell)
        return train_cell(cell, *arguments)

    with joblib.parallel_config(n_jobs=1):
        monkeypatch.setattr(grid_search, "train_cell", interrupted)
        with pytest.raises(KeyboardInterrupt):
            runs.perform(folder, settings)
        monkeypatch.setattr(grid_search, "train_cell", lambda cell, *rest: done.append(cell) or train_cell(cell, *rest))
        assert runs.perform(folder, settings) == rows
    assert done == list(grid_search.GRID)
    for name in ("results.json", "grid.csv", "bestmodel.json", "epochs.csv"):
        assert (folder.path / name).read_bytes() == (whole / name).read_bytes()
    assert json.loads((folder.path / "run.json").read_text())["finished"]


def test_it_learns() -> None:
    train, test = few_images(MNIST, "sample")
    arrays = [tuple(tensor.numpy() for tensor in images.tensors) for images in (train, test)]
    _, history = grid_search.train_cell((0.01, 128), 25, 0, *arrays)
    assert history["train accuracy"][-1] > 85
    assert history["validation accuracy"][-1] > 60
    assert history["train loss"][-1] < history["train loss"][0] / 2


def test_too_few_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    none = TensorDataset(torch.zeros(0, 784), torch.zeros(0, dtype=torch.int64))
    monkeypatch.setattr(grid_search, "load_images", lambda dataset, data: (none, none))
    with pytest.raises(DataError, match="sample: 0 training images are too few"):
        run(tmp_path)
