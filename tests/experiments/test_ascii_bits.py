"""Digits as bits of their ASCII codes: targets, update rules, what is measured, and that a seed determines it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

import tinygrad_mlp as torch
from tinygrad_mlp import nn, reference
from tinygrad_mlp.datasets import MNIST
from tinygrad_mlp.experiments import ascii_bits
from tinygrad_mlp.experiments.data import load_images
from tinygrad_mlp.experiments.lab import Lab
from tinygrad_mlp.experiments.results import Record, Row, RunFolder, Settings
from tinygrad_mlp.experiments.training import weights_and_biases
from tinygrad_mlp.utils.data import TensorDataset


def few_images(dataset: type[MNIST], data: str) -> tuple[TensorDataset, TensorDataset]:
    train, test = load_images(dataset, data)
    return (
        TensorDataset(*(tensor[:60] for tensor in train.tensors)),
        TensorDataset(*(tensor[:30] for tensor in test.tensors)),
    )


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ascii_bits, "load_images", few_images)
    monkeypatch.setattr(ascii_bits, "IMAGES", 50)
    monkeypatch.setattr(ascii_bits, "SIZES", (784, 8, 6, 4))


def lab(path: Path, seed: int = 0, epochs: int = 3) -> tuple[Lab, Record, RunFolder]:
    path.mkdir(parents=True, exist_ok=True)
    folder, record = RunFolder(path, "ascii-bits"), Record()
    return Lab(Settings("sample", epochs, (seed,)), seed, folder, record), record, folder


def rows(path: Path, seed: int = 0, epochs: int = 3) -> list[Row]:
    one, record, _ = lab(path, seed, epochs)
    ascii_bits.run(one)
    return record.rows()


def test_codes() -> None:
    for digit, bits in enumerate(ascii_bits.CODES.tolist()):
        assert ord(str(digit)) == 0b110000 + int("".join(str(int(bit)) for bit in bits), 2)
        assert len(bits) == 4
    assert ascii_bits.CODES[6].tolist() == [0, 1, 1, 0]


def test_measured() -> None:
    outputs = torch.tensor([[0.1, 0.6, 0.4, 0.9], [0.1, 0.1, 0.9, 0.9], [0.9, 0.2, 0.2, 0.2], [1.0, 0.0, 1.0, 0.0]])
    answers = ascii_bits.Answers(outputs, torch.tensor([5, 3, 9, 5]))  # 0101, 0011, 1001, 0101
    assert answers.wrong_bits.tolist() == [0, 0, 1, 4]
    assert answers.measured() == {"bits right": 100 - 100 * 5 / 16, "digits right": 50.0}
    parts = answers.by_bit_and_digit()
    assert sum(share for name, share in parts.items() if name.startswith("bit")) / 4 == answers.measured()["bits right"]
    shown = answers.digits.tolist()
    assert [name for name in parts if name.startswith("digit")] == [f"digit {digit} right" for digit in sorted(set(shown))]
    right = sum(parts[f"digit {digit} right"] * shown.count(digit) for digit in set(shown)) / len(shown)
    assert right == pytest.approx(answers.measured()["digits right"])


def test_network() -> None:
    model = ascii_bits.network(torch.Generator().manual_seed(0))
    assert [type(layer).__name__ for layer in model] == ["Linear", "Sigmoid"] * 3
    weights, biases = weights_and_biases(model)
    for weight in weights:
        assert weight.std().item() == pytest.approx(0.1, rel=0.2)
    assert not any(bias.any().item() for bias in biases)


ALPHA, MU = ascii_bits.ALPHA, ascii_bits.MOMENTUM
PLAIN = partial(reference.momentum, lr=ALPHA, mu=MU)
LASSO = partial(reference.lasso_as_printed, lr=ALPHA, lam=0.01, mu=MU)


@pytest.mark.parametrize(
    ("name", "penalties", "weight_rule", "bias_rule"),
    [
        ("plain", {}, PLAIN, PLAIN),
        ("ridge_as_printed", {}, *[partial(reference.momentum, lr=ALPHA / 50, mu=MU)] * 2),
        ("lasso_as_printed", {}, LASSO, PLAIN),
        ("ridge_penalty", {"l2": 0.02}, PLAIN, PLAIN),
        ("lasso_penalty", {"l1": 0.01}, PLAIN, PLAIN),
    ],
)
def test_training_is_the_formulas(
    name: str,
    penalties: dict[str, float],
    weight_rule: reference.Rule,
    bias_rule: reference.Rule,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Penalties large enough to be seen in 3 steps.
    monkeypatch.setattr(ascii_bits, "LAMBDA_1", 0.01)
    monkeypatch.setattr(ascii_bits, "LAMBDA_2", 0.02)
    is_penalty = name.endswith("penalty")
    rule = ascii_bits.plain if is_penalty else getattr(ascii_bits, name)
    penalty = getattr(ascii_bits, name) if is_penalty else None
    train, _ = few_images(MNIST, "sample")
    one, *_ = lab(tmp_path)
    start = ascii_bits.network(one.generator("init"))
    layers = [
        (start[i].weight.detach().numpy().astype(np.float64), start[i].bias.detach().numpy().astype(np.float64))
        for i in (0, 2, 4)
    ]
    model, losses = ascii_bits.train_network(one, name, train, rule, penalty)

    X, digits = (tensor.numpy() for tensor in train.tensors)
    Y = (digits[:, None] >> np.arange(3, -1, -1)) & 1
    mlp = reference.MLP("sigmoid", "sigmoid_mse", "sample_mean", penalties)
    error = reference.MLP("sigmoid", "sigmoid_mse", "element_mean")  # what the curve shows, without the penalty
    steps = [layers, *mlp.train(layers, [(X, Y)] * 3, weight_rule, bias_rule)]
    np.testing.assert_allclose(losses, [error.cost(step, X, Y) for step in steps], rtol=1e-5)
    for i, (weight, bias) in zip((0, 2, 4), steps[-1], strict=True):
        np.testing.assert_allclose(model[i].weight.detach().numpy(), weight, atol=2e-6)
        np.testing.assert_allclose(model[i].bias.detach().numpy(), bias, atol=2e-6)


def test_rows_and_files(tmp_path: Path) -> None:
    one, record, folder = lab(tmp_path)
    ascii_bits.run(one)
    assert list(record.sections) == [
        "Figure 1: plain gradient descent",
        "Figure 3: ridge",
        "Figure 4: lasso",
        "Wrong bits under noise",
        "Each bit and each digit, plain gradient descent",
    ]
    measured = {row.quantity: row for row in record.rows()}
    for name in ("plain", "ridge as printed", "ridge penalty", "lasso as printed", "lasso penalty"):
        wrong = measured[f"{name}, training images + noise: wrong bits, mean"]
        assert wrong.paper == 1
        right = measured[f"{name}, training images + noise: bits right"].ours
        assert wrong.ours == pytest.approx(4 * (1 - right / 100), rel=1e-5)
        assert measured[f"{name}, test images: digits right"].unit == "%"
        images = measured[f"{name}: exactly one bit wrong"].ours / 100 * 50  # a whole number of the first 50 of 60
        assert images == pytest.approx(round(images), abs=1e-4)
    numbers = [figure["number"] for section in record.sections.values() for figure in section.figures]
    assert [number for number in numbers if number] == ["Figure 1", "Figure 3", "Figure 4"]
    for section in record.sections.values():
        for figure in section.figures:
            assert (folder.path / figure["file"]).read_bytes().startswith(b"\x89PNG")
    assert torch.load(folder.path / "model.safetensors")["0.weight"].shape == (8, 784)


def test_a_seed_determines_the_results_and_resuming_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lab, "figure", lambda *arguments, **more: None)
    whole = rows(tmp_path / "a")
    assert rows(tmp_path / "b") == whole
    assert rows(tmp_path / "c", seed=1) != whole

    steps = iter(range(1000))

    def interrupted(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        if next(steps) == 6:  # in the second training, which has momentum by then
            raise KeyboardInterrupt
        return error(outputs, targets)

    error = ascii_bits.squared_error
    monkeypatch.setattr(ascii_bits, "squared_error", interrupted)
    with pytest.raises(KeyboardInterrupt):
        rows(tmp_path / "d")
    monkeypatch.setattr(ascii_bits, "squared_error", error)
    assert rows(tmp_path / "d") == whole


def test_it_learns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ascii_bits, "SIZES", (784, 32, 4))
    monkeypatch.setattr(ascii_bits, "ALPHA", 0.5)
    train, _ = few_images(MNIST, "sample")
    one, *_ = lab(tmp_path, epochs=200)
    model, losses = ascii_bits.train_network(one, "plain", train, ascii_bits.plain, None)
    assert losses[-1] < losses[0] / 20
    answers = ascii_bits.Answers(model(train.tensors[0]), train.tensors[1])
    assert answers.measured()["digits right"] > 90
    assert isinstance(model, nn.Sequential)
