"""From a neuron to ten classes in miniature: the tasks, the steps against the formulas, the measures, the rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import tinygrad_mlp as torch
from tinygrad_mlp.datasets import MNIST
from tinygrad_mlp.experiments import neuron_to_multiclass as experiment
from tinygrad_mlp.experiments import plots
from tinygrad_mlp.experiments.data import Split, load_images
from tinygrad_mlp.experiments.lab import Lab
from tinygrad_mlp.experiments.results import Record, RunFolder, Settings
from tinygrad_mlp.experiments.training import Criterion, Evaluation, History, TrainedModel
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.reference import MLP, momentum
from tinygrad_mlp.utils.data import TensorDataset


def few_images(dataset: type[MNIST], data: str) -> tuple[TensorDataset, TensorDataset]:
    train, test = load_images(dataset, data)
    return (
        TensorDataset(*(tensor[:90] for tensor in train.tensors)),
        TensorDataset(*(tensor[:20] for tensor in test.tensors)),
    )


@pytest.fixture(autouse=True)
def _few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "load_images", few_images)


@pytest.fixture
def _no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunFolder, "write_figure", lambda *arguments: None)
    monkeypatch.setattr(experiment, "RATES", (1.1, 2.0))


def lab(path: Path, seed: int = 0, epochs: int = 3, record: Record | None = None) -> Lab:
    path.mkdir(exist_ok=True)
    return Lab(Settings(epochs=epochs, seeds=(seed,)), seed, RunFolder(path, "toy"), record or Record())


def measured(path: Path, seed: int = 0, epochs: int = 2) -> Record:
    record = Record()
    experiment.run(lab(path, seed, epochs, record))
    return record


def split(seed: int = 0) -> Split:
    return experiment.divide(*few_images(MNIST, "sample"), torch.Generator().manual_seed(seed))


def test_the_training_images_are_divided() -> None:
    train, test = few_images(MNIST, "sample")
    parts = experiment.divide(train, test, torch.Generator().manual_seed(0))
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [60, 30, 20]
    assert parts.test is test
    together = torch.cat([parts.train.tensors[0], parts.validation.tensors[0]]).numpy()
    labels = torch.cat([parts.train.tensors[1], parts.validation.tensors[1]]).numpy()
    expected = {image.tobytes(): label for image, label in zip(*(t.numpy() for t in train.tensors), strict=True)}
    assert {image.tobytes(): label for image, label in zip(together, labels, strict=True)} == expected
    assert parts.train.tensors[1].tolist() != train.tensors[1][:60].tolist()  # shuffled
    assert split(1).train.tensors[1].tolist() != parts.train.tensors[1].tolist()


def test_against() -> None:
    parts = split()
    fives = experiment.versus(5, parts)
    for part, task in zip(
        (parts.train, parts.validation, parts.test),
        (fives.train, fives.validation, fives.test),
        strict=True,
    ):
        assert task.tensors[0] is part.tensors[0]
        assert task.tensors[1].shape == (len(part), 1)
        assert task.tensors[1].flatten().tolist() == [float(label == 5) for label in part.tensors[1].tolist()]


def test_network() -> None:
    generator = torch.Generator().manual_seed(0)
    neuron = experiment.network((784, 1), generator)
    assert [type(layer).__name__ for layer in neuron] == ["Linear"]
    assert neuron[0].bias.tolist() == [0.0]
    assert neuron[0].weight.std().item() == pytest.approx(0.01, rel=0.1)
    hidden = experiment.network((784, 64, 10), generator)
    assert [type(layer).__name__ for layer in hidden] == ["Linear", "Sigmoid", "Linear"]
    assert [tuple(p.shape) for p in hidden.parameters()] == [(64, 784), (64,), (10, 64), (10,)]
    for parameter in hidden.parameters():
        assert parameter.std().item() == pytest.approx(0.01, rel=0.5)


@pytest.mark.parametrize(
    ("sizes", "criterion", "loss"),
    [
        ((784, 1), F.binary_cross_entropy_with_logits, "sigmoid_cross_entropy"),
        ((784, 1), experiment.squared_error, "sigmoid_mse"),
        ((784, 64, 1), F.binary_cross_entropy_with_logits, "sigmoid_cross_entropy"),
        ((784, 64, 10), F.cross_entropy, "softmax_cross_entropy"),
    ],
)
def test_training_follows_the_formulas(tmp_path: Path, sizes: tuple[int, ...], criterion: Criterion, loss: str) -> None:
    lr = 1.1
    task = split() if sizes[-1] == 10 else experiment.versus(0, split())
    model = experiment.network(sizes, torch.Generator().manual_seed(3))
    values = [p.detach().numpy().astype(np.float64) for p in model.parameters()]
    layers = list(zip(values[::2], values[1::2], strict=True))
    training = experiment.train_network(lab(tmp_path), "one", model, lr, criterion, task, epochs=3)

    def arrays(data: TensorDataset) -> tuple[np.ndarray, np.ndarray]:
        inputs, targets = (tensor.numpy() for tensor in data.tensors)
        return inputs.astype(np.float64), targets if targets.ndim == 2 else np.eye(10)[targets]

    mlp = MLP("sigmoid", loss, "sample_mean")
    (x, y), held_out = arrays(task.train), arrays(task.validation)
    rule = partial(momentum, lr=lr)
    *before, after = [layers, *mlp.train(layers, [(x, y)] * 3, rule, rule)]
    # The values of an epoch are those before its step.
    assert training.history["train loss"] == pytest.approx([mlp.cost(each, x, y) for each in before], rel=1e-5)
    assert training.history["validation loss"] == pytest.approx([mlp.cost(each, *held_out) for each in before], rel=1e-5)
    for parameter, expected in zip(model.parameters(), (p for layer in after for p in layer), strict=True):
        np.testing.assert_allclose(parameter.detach().numpy(), expected, rtol=1e-4, atol=1e-6)

    def share(data: tuple[np.ndarray, np.ndarray], each: list[tuple[np.ndarray, np.ndarray]]) -> float:
        p, y = mlp.predict(each, data[0]), data[1]
        return 100 * float(np.mean((p > 0.5) == (y > 0.5) if y.shape[1] == 1 else p.argmax(1) == y.argmax(1)))

    assert training.history["train accuracy"] == pytest.approx([share((x, y), each) for each in before])
    assert training.history["validation accuracy"] == pytest.approx([share(held_out, each) for each in before])
    assert training.test.accuracy == pytest.approx(share(arrays(task.test), after))
    if sizes[-1] == 1:
        errors = [float(np.mean((mlp.predict(each, held_out[0]) - held_out[1]) ** 2)) for each in before]
        assert training.history["validation squared error"] == pytest.approx(errors, rel=1e-5)


def test_first_and_from_epoch() -> None:
    for happened, first, lasting in [
        ([False, True, False, True, True], 2, 4),
        ([True, True], 1, 1),
        ([False, False, False], 4, 4),
        ([True, False], 1, 3),
    ]:
        assert experiment.first_epoch(np.array(happened)) == first
        assert experiment.from_epoch(np.array(happened)) == lasting


def test_ends_of_the_plateaus() -> None:
    labels = np.array([0] * 9 + [1])
    constant = -0.9 * np.log(0.9) - 0.1 * np.log(0.1)  # 0.325
    assert experiment.loss_plateau_end(np.array([0.7, constant, 0.51 * constant, 0.49 * constant, 0.1]), labels) == 4
    # 90 % by a constant, so the plateau ends above 90.1 %, for good.
    assert experiment.accuracy_plateau_end(np.array([92.0, 90.0, 90.05, 90.2, 95.0]), labels) == 4
    assert experiment.accuracy_plateau_end(np.array([90.0, 90.0]), labels) == 3
    ten = np.arange(10)
    assert experiment.loss_plateau_end(np.array([2.3, 1.2, 1.15]), ten) == 3  # half of log 10 is 1.151


def test_oscillation() -> None:
    assert experiment.setback(np.array([90.0, 95.0, 93.5, 96.0, 95.5])) == 1.5
    assert experiment.setback(np.array([1.0, 2.0])) == 0
    assert experiment.setback(np.array([])) == 0


@pytest.mark.usefixtures("_no_figures")
def test_the_misclassified_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: dict[str, list[str]] = {}

    def keep(images: np.ndarray, captions: list[str], title: str) -> Figure:
        by_image = {image.tobytes(): label for image, label in zip(*(t.numpy() for t in test.tensors), strict=True)}
        assert [by_image[image.tobytes()] for image in images] == [int(caption[0]) for caption in captions]
        shown[title.split(",")[0]] = captions
        return Figure()

    _, test = few_images(MNIST, "sample")
    monkeypatch.setattr(plots, "draw_images", keep)
    record = measured(tmp_path, epochs=4)
    accuracies = {(row.section, row.quantity): row.ours for row in record.rows()}
    neuron, ten = shown["0 vs. all"], shown["The first test images that are misclassified"]
    assert len(neuron) == round(
        20 - 0.2 * accuracies["Figures 5 and 6: single neuron, binary cross-entropy", "0 vs. all, lr 1: accuracy (test)"]
    )
    assert len(ten) == round(20 - 0.2 * accuracies["Figure 8: ten classes", "lr 2: accuracy (test)"])
    assert all(caption == "0 as not 0" or caption[1:] == " as 0" for caption in neuron)
    assert all(caption[0] != caption[-1] for caption in ten)


def test_a_run(tmp_path: Path) -> None:
    record = measured(tmp_path, epochs=1)
    assert list(record.sections) == [
        "Tables I to III: sizes and settings",
        "Figures 5 and 6: single neuron, binary cross-entropy",
        "Figures 5 and 6: single neuron, mean squared error",
        "Figure 7: one hidden layer of 64",
        "Figure 8: ten classes",
    ]
    figures = [figure for section in record.sections.values() for figure in section.figures]
    assert [figure["number"] or figure["file"] for figure in figures] == [
        "Figure 5",
        "Figure 6",
        "misclassified-by-neuron.png",
        "Figure 5",
        "Figure 6",
        "Figure 7",
        "Figure 8",
        "misclassified.png",
    ]
    assert all(section.claims for section in list(record.sections.values())[1:])
    for figure in figures:
        assert figure["says"] or not figure["number"]
        assert (tmp_path / figure["file"]).read_bytes().startswith(b"\x89PNG")
    for name, sizes in (("neuron", (784, 1)), ("hidden", (784, 64, 1)), ("softmax", (784, 64, 10))):
        model = experiment.network(sizes, torch.Generator())
        model.load_state_dict(torch.load(tmp_path / f"{name}.safetensors"))

    rows = record.rows()
    papers = {(row.section.split(":")[0], row.quantity): row.paper for row in rows}
    paper = {quantity: number for (section, quantity), number in papers.items() if section == "Figures 5 and 6"}
    assert [paper[f"{task}: accuracy (test)"] for task in NEURONS] == [99.15, 99.19, 99.23, 99.25, 97.36]
    assert paper["0 vs. all, lr 1: first epoch with 98.8 % (validation)"] == 74
    assert paper["0 vs. all, lr 1: first epoch with 99 % (validation)"] == 317
    seven = {quantity: number for (section, quantity), number in papers.items() if section == "Figure 7"}
    assert [seven[f"lr {lr}: end of the loss's plateau, epoch"] for lr in ("0.3", "0.7", "1.1", "2")] == [100, 70, 50, 20]
    eight = {quantity: number for (section, quantity), number in papers.items() if section == "Figure 8"}
    assert [eight[f"lr {lr}: accuracy (test)"] for lr in ("0.3", "0.7", "1.1", "2")] == [92, 94, None, 99]
    assert all(np.isfinite(row.ours) for row in rows)
    sizes = [(row.paper, row.ours) for row in rows if "entries" in row.quantity]
    assert len(sizes) == 3
    assert all(ours == number for number, ours in sizes)


NEURONS = [f"{digit} vs. all, lr {lr}" for digit, lr in ((0, "0.5"), (0, "1"), (0, "2"), (0, "5"), (5, "1"))]


@pytest.mark.usefixtures("_no_figures")
def test_the_measures_of_a_curve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    epochs = np.arange(1, 321)
    validation = np.where(epochs < 110, 98 + 0.01 * epochs, 99.105)
    validation[49] = 98.4  # a fall in epoch 50
    curves = {
        "train accuracy": np.where(epochs < 90, validation, validation + 0.1).tolist(),
        "validation accuracy": validation.tolist(),
        "train loss": epochs.tolist(),
        "train squared error": epochs.tolist(),
        "validation squared error": epochs.tolist(),
    }
    tested = Evaluation(0.1, 97.0, torch.zeros(20))
    trained = TrainedModel(torch.nn.Sequential(), History(list, curves), tested, tested)
    monkeypatch.setattr(experiment, "train_network", lambda *arguments: trained)
    record = Record()
    experiment.neurons(lab(tmp_path, epochs=320, record=record), split(), "any", experiment.squared_error, "")
    rows = {row.quantity: row for row in record.rows()}
    for quantity, ours, paper in [
        ("accuracy (test)", 97.0, 99.19),
        ("accuracy (train)", 99.205, None),
        ("accuracy (validation)", 99.105, None),
        ("accuracy (validation) at epoch 74", 98.74, 98.8),
        ("first epoch with 98.8 % (validation)", 80, 74),
        ("accuracy (validation) at epoch 317", 99.105, 99.0),
        ("first epoch with 99 % (validation)", 100, 317),
        ("epoch of convergence", 101, 200),
        ("validation below training from epoch", 90, 100),
        ("smooth from epoch", 51, None),
    ]:
        row = rows[f"0 vs. all, lr 1: {quantity}"]
        assert (row.quantity, row.ours, row.paper) == (row.quantity, pytest.approx(ours), paper)
    assert rows["5 vs. all, lr 1: smooth from epoch"].paper == 50
    assert "5 vs. all, lr 1: first epoch with 99 % (validation)" not in rows
    record = Record()
    experiment.neurons(lab(tmp_path, epochs=100, record=record), split(), "any", experiment.squared_error, "")
    assert not any(row.quantity.endswith("at epoch 317") for row in record.rows())


def test_the_rises_of_the_training_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    curves = {"train loss": [3.0, 1.0, 1.5, 1.5, 0.5, 2.5, 2.0], "validation loss": [1.0] * 7}
    history = History(list, {**curves, "train accuracy": [90.0] * 7, "validation accuracy": [90.0] * 7})
    tested = Evaluation(0.1, 97.0, torch.zeros(20))
    trained = TrainedModel(torch.nn.Sequential(), history, tested, tested)
    monkeypatch.setattr(experiment, "train_network", lambda *arguments: trained)
    monkeypatch.setattr(experiment, "RATES", (2.0,))
    record = Record()
    place = lab(tmp_path, record=record)
    place.section("Figure 8")
    experiment.with_hidden_layer(place, "ten classes", 10, F.cross_entropy, split(), {})
    rows = {row.quantity: row.ours for row in record.rows()}
    assert rows["lr 2: epochs with a rise of the training loss"] == 2
    assert rows["lr 2: largest rise of the training loss"] == 2.0
    assert rows["lr 2: last epoch with a rise"] == 6


@pytest.mark.usefixtures("_no_figures")
def test_a_seed_determines_the_results(tmp_path: Path) -> None:
    first, again, other = (measured(tmp_path / str(i), seed).rows() for i, seed in enumerate((0, 0, 1)))
    assert first == again
    assert [row.quantity for row in other] == [row.quantity for row in first]
    assert sum(a.ours != b.ours for a, b in zip(first, other, strict=True)) > len(first) / 3


@pytest.mark.usefixtures("_no_figures")
def test_a_resumed_run_ends_like_an_uninterrupted_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = measured(tmp_path / "whole").rows()
    epochs = Lab.epochs

    def interrupted(self: Lab, name: str, *arguments: object, **state: object) -> Iterator[int]:
        for epoch in epochs(self, name, *arguments, **state):  # type: ignore[arg-type]
            if name == "hidden layer, lr 1.1" and epoch == 2:
                raise KeyboardInterrupt
            yield epoch

    with monkeypatch.context() as patch:
        patch.setattr(Lab, "epochs", interrupted)
        with pytest.raises(KeyboardInterrupt):
            measured(tmp_path / "parts")
    assert measured(tmp_path / "parts").rows() == whole
