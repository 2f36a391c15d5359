"""The Fashion-MNIST report in miniature: its update rule, early stopping, numerical gradients, and a run's rows."""

from __future__ import annotations

import csv
import math
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import tinygrad_mlp as torch
from tinygrad_mlp.datasets import MNIST
from tinygrad_mlp.errors import DataError
from tinygrad_mlp.experiments import fashion, runs
from tinygrad_mlp.experiments.data import Split, load_images
from tinygrad_mlp.experiments.lab import Lab
from tinygrad_mlp.experiments.results import Record, Row, RunFolder, Settings
from tinygrad_mlp.experiments.training import evaluate, glorot_mlp
from tinygrad_mlp.reference import MLP, averaged_momentum
from tinygrad_mlp.utils.data import TensorDataset


def few_images(dataset: type[MNIST], data: str) -> tuple[TensorDataset, TensorDataset]:
    sets = load_images(dataset, data)
    train, test = (TensorDataset(*(t[:n] for t in images.tensors)) for images, n in zip(sets, (180, 50), strict=True))
    return train, test


@pytest.fixture(autouse=True)
def _few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fashion, "load_images", few_images)


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take most of a small run's time."""
    monkeypatch.setattr(Lab, "figure", lambda *arguments, **options: None)


def run(out: Path, seed: int = 0, epochs: int = 2) -> tuple[Path, list[Row]]:
    settings = Settings("sample", epochs, (seed,))
    folder = runs.start("fashion", settings, out, "a command")
    return folder.path, runs.perform(folder, settings)


def lab_in(path: Path, epochs: int | None = None) -> Lab:
    path.mkdir(exist_ok=True)
    return Lab(Settings("sample", epochs), 0, RunFolder(path, "fashion"), Record())


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


# ---------------------------------------------------------------------------------------------------- update rule


def test_averaged_momentum_is_the_rule_of_section_3() -> None:
    rng = np.random.default_rng(0)
    p, v = rng.normal(size=(3, 4)), np.zeros((3, 4))
    parameter = torch.tensor(p, requires_grad=True)
    optimizer = fashion.AveragedMomentum([parameter], lr=0.3, gamma=0.8)
    for _ in range(4):
        g = rng.normal(size=(3, 4))
        parameter.grad = torch.tensor(g)
        optimizer.step()
        p, v = averaged_momentum(p, g, v, lr=0.3, gamma=0.8)
        np.testing.assert_allclose(parameter.detach().numpy(), p, rtol=1e-13)
        np.testing.assert_array_equal(parameter.grad.numpy(), g)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_l2_adds_lambda_w_to_the_gradients_of_weights_alone(
    reduction: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Section 4, against the handwritten formulas: two epochs of one batch (in the first, biases are 0)."""
    data = fashion.load_data(lab_in(tmp_path))
    monkeypatch.setattr(fashion, "glorot_mlp", (lambda made: lambda *arguments: made(*arguments).double())(glorot_mlp))
    sizes = (784, 50, 10)
    start = glorot_mlp(sizes, "tanh", lab_in(tmp_path).generator(f"init {sizes}"))
    values = [p.detach().numpy().copy() for p in start.parameters()]
    double = Split(*(TensorDataset(i.tensors[0].double(), i.tensors[1]) for i in (data.train, data.validation, data.test)))
    batches = [(data.train.tensors[0].double().numpy(), np.eye(10)[data.train.tensors[1].numpy()])]
    mlp = MLP("tanh", "softmax_cross_entropy", {"sum": "sum", "mean": "sample_mean"}[reduction], {"l2": 0.5})
    plain = partial(averaged_momentum, lr=0.01, gamma=0.9)
    *_, expected = mlp.train([(values[0], values[1]), (values[2], values[3])], batches * 2, plain, plain)

    training = fashion.train_network(
        lab_in(tmp_path), double, "L2", reduction=reduction, batch_size=150, lr=0.01, l2=0.5, epochs=(2, 2)
    )
    assert training.best_epoch == 2
    for parameter, value in zip(training.model.parameters(), (v for layer in expected for v in layer), strict=True):
        np.testing.assert_allclose(parameter.detach().numpy(), value, rtol=1e-9, atol=1e-12)


# ------------------------------------------------------------------------------------------------- early stopping


def stopping_after(losses: list[float]) -> tuple[fashion.EarlyStopping, torch.nn.Module]:
    model = torch.nn.Linear(1, 1)
    stopping = fashion.EarlyStopping(model)
    for loss in losses:
        assert not stopping.stop()
        with torch.no_grad():
            model.weight.fill_(loss)
        stopping.step(loss)
    return stopping, model


@pytest.mark.parametrize(
    ("losses", "stop", "best_epoch"),
    [
        ([5, 4, 5, 6, 7, 8, 9], True, 2),
        ([5, 4, 5, 6, 7, 8], False, 2),
        ([5, 4, 5, 6, 7, 8, 7.5, 8, 9], False, 2),  # a fall begins the count anew, though it is no new best
        ([5, 6, 6, 7, 8, 9], False, 1),  # as does a loss that stays
        ([1, 2, 3, 0.5, 1, 2, 3, 4, 5], True, 4),
        ([math.nan, 2, 1], False, 3),
    ],
)
def test_early_stopping(losses: list[float], stop: bool, best_epoch: int) -> None:
    stopping, model = stopping_after(losses)
    assert stopping.stop() is stop
    assert stopping.best_epoch == best_epoch
    assert len(stopping.losses) == len(losses)
    model.load_state_dict(stopping.weights)
    assert model.weight.item() == losses[best_epoch - 1]


def test_early_stopping_goes_on_from_its_state(tmp_path: Path) -> None:
    stopping, _ = stopping_after([5, 4, 5, 6, 7, 8])
    torch.save(stopping.state_dict(), tmp_path / "state.safetensors")
    model = torch.nn.Linear(1, 1)
    again = fashion.EarlyStopping(model)
    again.load_state_dict(torch.load(tmp_path / "state.safetensors"))
    assert not again.stop()
    again.step(9.0)
    assert again.stop()
    assert again.best_epoch == 2
    assert again.weights["weight"].item() == 4
    fresh = fashion.EarlyStopping(model)
    torch.save(fresh.state_dict(), tmp_path / "state.safetensors")
    fresh.load_state_dict(torch.load(tmp_path / "state.safetensors"))
    assert fresh.best == math.inf


def test_a_training_stops_early_and_gives_its_best_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    losses = iter([5.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])
    seen = []

    class Stopping(fashion.EarlyStopping):
        def step(self, loss: float) -> None:
            super().step(next(losses))
            seen.append([p.tolist() for p in self.model.parameters()])

    monkeypatch.setattr(fashion, "EarlyStopping", Stopping)
    data = fashion.load_data(lab_in(tmp_path))
    training = fashion.train_network(lab_in(tmp_path), data, "rising", epochs=(20, 20))
    assert (len(seen), training.best_epoch) == (7, 2)
    assert [p.tolist() for p in training.model.parameters()] == seen[1]
    assert training.test.accuracy == evaluate(training.model, torch.nn.CrossEntropyLoss(), data.test).accuracy
    assert {len(values) for values in training.history.values()} == {7}


# ---------------------------------------------------------------------------------------------- numerical gradients


def test_differences_fall_with_the_square_of_epsilon() -> None:
    train, _ = few_images(MNIST, "sample")
    examples = TensorDataset(train.tensors[0][:3].double(), train.tensors[1][:3])
    model = glorot_mlp((784, 50, 10), "tanh", torch.Generator().manual_seed(1)).double()
    before = [p.tolist() for p in model.parameters()]
    coarse, fine = (fashion.numerical_gradients(model, examples, epsilon) for epsilon in (0.1, 0.01))
    for (numerical, gradient), (closer, same) in zip(coarse, fine, strict=True):
        assert gradient == same
        assert abs(closer - gradient) < 1e-5
        assert abs(numerical - gradient) / abs(closer - gradient) == pytest.approx(100, rel=0.1)
    assert [p.tolist() for p in model.parameters()] == before


def test_gradients_are_those_of_the_handwritten_formulas() -> None:
    train, _ = few_images(MNIST, "sample")
    images, labels = (tensor[:3] for tensor in train.tensors)
    model = glorot_mlp((784, 50, 10), "tanh", torch.Generator().manual_seed(1)).double()
    W1, b1, W2, b2 = (p.detach().numpy() for p in model.parameters())
    mlp = MLP("tanh", "softmax_cross_entropy", "sample_mean")
    (dW1, db1), (dW2, db2) = mlp.gradients([(W1, b1), (W2, b2)], images.double().numpy(), np.eye(10)[labels.numpy()])
    of = {"0.weight": dW1, "0.bias": db1, "2.weight": dW2, "2.bias": db2}
    compared = fashion.numerical_gradients(model, TensorDataset(images.double(), labels), 0.01)
    for (_, name, index, _), (_, gradient) in zip(fashion.CHECKED, compared, strict=True):
        assert gradient == pytest.approx(of[name][index], rel=1e-12)


# --------------------------------------------------------------------------------------------------------- networks


@pytest.mark.parametrize(("sizes", "layers"), [((784, 25, 10), 1), ((784, 47, 47, 10), 2)])
def test_network(sizes: tuple[int, ...], layers: int) -> None:
    model = glorot_mlp(sizes, "sigmoid", torch.Generator().manual_seed(0))
    assert [type(layer).__name__ for layer in model] == ["Linear", "Sigmoid"] * layers + ["Linear"]
    assert [p.shape[::-1] for p in model.parameters() if p.ndim == 2] == list(pairwise(sizes))
    assert not any(p.any().item() for p in model.parameters() if p.ndim == 1)
    assert model[0].weight.abs().max().item() == pytest.approx((6 / (784 + sizes[1])) ** 0.5, rel=1e-2)


def test_a_random_sixth_is_for_validation(tmp_path: Path) -> None:
    data = fashion.load_data(lab_in(tmp_path))
    assert (len(data.train), len(data.validation), len(data.test)) == (150, 30, 50)
    parts = np.concatenate([data.train.tensors[0].numpy(), data.validation.tensors[0].numpy()])
    images, labels = few_images(fashion.FashionMNIST, "sample")[0].tensors
    assert parts.shape == images.shape
    class_of = {image.tobytes(): label for image, label in zip(images.numpy(), labels.tolist(), strict=True)}
    assert {image.tobytes() for image in parts} == class_of.keys()
    for part in (data.train, data.validation):
        found = [class_of[image.tobytes()] for image in part.tensors[0].numpy()]
        assert found == part.tensors[1].tolist()
    again = fashion.load_data(lab_in(tmp_path))
    np.testing.assert_array_equal(data.train.tensors[0].numpy(), again.train.tensors[0].numpy())


# ------------------------------------------------------------------------------------------------------------- runs


def test_a_run(tmp_path: Path) -> None:
    folder, rows = run(tmp_path)
    figures = {"momentum.png", "regularization.png", "activations.png", "architectures.png", "misclassified.png"}
    assert figures | {"gradients.csv", "epochs.csv", "model.safetensors"} <= {path.name for path in folder.iterdir()}
    paper = {(row.section.split(":")[0], row.quantity): row.paper for row in rows if row.unit == "%"}
    assert {key: value for key, value in paper.items() if value is not None} == {
        **{("Section 3", f"{fashion.reading_name(*reading)}: test accuracy"): 81.52 for reading in fashion.TRIED},
        ("Section 4", "L2 0.02: test accuracy"): 84.31,
        ("Section 5, table", "tanh: test accuracy"): 84.31,
        ("Section 5, table", "sigmoid: test accuracy"): 84.51,
        ("Section 5, table", "relu: test accuracy"): 74.12,
        ("Section 6, table", "784-50-10: test accuracy"): 84.31,
        ("Section 6, table", "784-25-10: test accuracy"): 78.40,
        ("Section 6, table", "784-100-10: test accuracy"): 82.83,
        ("Section 6, table", "784-47-47-10: test accuracy"): 80.08,
    }
    gradients = {row.quantity: row for row in rows if row.section.startswith("Section 2")}
    assert len(gradients) == 6 * 4
    assert gradients["output bias: gradient"].paper == 0.00005661173
    for line in table(folder / "gradients.csv"):
        name = line["parameter"]
        assert gradients[f"{name}: gradient"].ours == float(line["gradient"])
        assert gradients[f"{name}: difference"].ours == float(line["difference"]) < 1e-5
        assert gradients[f"{name}: order of the difference in epsilon"].ours == pytest.approx(2, abs=0.05)

    model = glorot_mlp((784, 50, 10), "tanh", torch.Generator())
    model.load_state_dict(torch.load(folder / "model.safetensors"))
    tested = evaluate(model, torch.nn.CrossEntropyLoss(), few_images(fashion.FashionMNIST, "sample")[1])
    (base,) = (row for row in rows if row.quantity == f"{fashion.BASE}: test accuracy")
    assert tested.accuracy == base.ours
    trainings = {line["training"] for line in table(folder / "epochs.csv")}
    assert len(trainings) == 8 + 4 + 2 + 3


@pytest.mark.usefixtures("no_figures")
def test_a_seed_determines_the_results(tmp_path: Path) -> None:
    first, again, other = (run(tmp_path / str(i), seed, epochs=1)[0] for i, seed in enumerate((0, 0, 1)))
    for name in ("results.json", "epochs.csv", "model.safetensors"):
        assert (first / name).read_bytes() == (again / name).read_bytes()
        assert (first / name).read_bytes() != (other / name).read_bytes()


@pytest.mark.usefixtures("no_figures")
def test_a_resumed_run_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, rows = run(tmp_path / "whole", epochs=3)
    settings = Settings("sample", 3)
    folder = runs.start("fashion", settings, tmp_path / "interrupted", "a command")
    calls = 0

    def interrupted(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 12:  # in the second epoch of the second training
            raise KeyboardInterrupt
        return evaluate(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(fashion, "evaluate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            runs.perform(folder, settings)
    assert runs.perform(folder, settings) == rows
    for name in ("results.json", "epochs.csv", "model.safetensors"):
        assert (folder.path / name).read_bytes() == (whole / name).read_bytes()


def test_it_learns(tmp_path: Path) -> None:
    data = fashion.load_data(lab_in(tmp_path))
    training = fashion.train_network(lab_in(tmp_path), data, "small batches", batch_size=10, lr=0.05)
    assert training.history["train accuracy"][-1] > 70
    assert training.test.accuracy > 50
    assert training.history["train loss"][-1] < training.history["train loss"][0]


def test_too_few_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = TensorDataset(torch.zeros(2, 784), torch.zeros(2, dtype=torch.int64))
    monkeypatch.setattr(fashion, "load_images", lambda dataset, data: (few, few))
    with pytest.raises(DataError, match="sample: 2 training images are too few"):
        run(tmp_path)
