"""The recipes in miniature: what outputs mean, the split of images, the files of a run, its seed, and resuming."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as torch
from tinygrad_mlp.datasets import MNIST, FashionMNIST
from tinygrad_mlp.experiments import fashion, neuron_to_multiclass
from tinygrad_mlp.experiments import recipe as module
from tinygrad_mlp.experiments.data import load_images
from tinygrad_mlp.experiments.lab import Lab
from tinygrad_mlp.experiments.recipe import IMAGES, RECIPES, measure, train_network
from tinygrad_mlp.experiments.results import Record, Row, RunFolder, Settings
from tinygrad_mlp.experiments.training import ACTIVATIONS
from tinygrad_mlp.utils.data import TensorDataset

DIGITS = torch.arange(10)


def few_images(dataset: type[MNIST], data: str) -> tuple[TensorDataset, TensorDataset]:
    train, test = load_images(dataset, data)
    return (
        TensorDataset(*(tensor[:90] for tensor in train.tensors)),
        TensorDataset(*(tensor[:70] for tensor in test.tensors)),
    )


@pytest.fixture(autouse=True)
def _few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    for where in (module, fashion):
        monkeypatch.setattr(where, "load_images", few_images)


def lab(path: Path, seed: int = 0, record: Record | None = None, epochs: int | None = 2) -> Lab:
    path.mkdir(exist_ok=True)
    return Lab(Settings("sample", epochs, (seed,)), seed, RunFolder(path, "recipe"), record or Record())


def run(path: Path, seed: int = 0) -> list[Row]:
    record = Record()
    module.run(lab(path, seed, record))
    return record.rows()


def test_heads() -> None:
    """Each head takes its own targets for right, sees one wrong output, and says the answer."""
    bits = module.ascii_bits.CODES * 2 - 1
    assert module.BITS.right(bits, DIGITS).all()
    assert module.BITS.says(bits[5]) == "0101"
    for image, output in np.ndindex(10, 4):
        flipped = bits.numpy().copy()
        flipped[image, output] *= -1
        right = module.BITS.right(torch.tensor(flipped), DIGITS)
        assert right.tolist() == [i != image for i in range(10)]

    classes = torch.eye(10)
    assert module.CLASSES.right(classes, DIGITS).all()
    assert module.CLASSES.right(classes, DIGITS.flip(0)).sum().item() == 0
    assert module.CLASSES.says(classes[7]) == "7"

    zero = torch.tensor([[0.1]] + [[-0.1]] * 9)
    assert module.ZERO.right(zero, DIGITS).all()
    assert not module.ZERO.right(-zero, DIGITS).any()
    assert [module.ZERO.says(logit) for logit in zero[:2]] == ["0", "not 0"]
    loss = module.ZERO.criterion(zero, module.ZERO.targets(DIGITS)).item()
    assert loss == pytest.approx(np.log1p(np.exp(-0.1)))


def test_networks_and_aims() -> None:
    assert {(recipe.name, recipe.best, recipe.aim, recipe.dataset) for recipe in RECIPES} == {
        ("ascii-bits: 784-392-196-4", None, 97.5, MNIST),
        ("ee6132-lab: 784-500-250-100-10", 98.25, 99.4, MNIST),
        ("fashion: 784-50-10", 84.51, 89.5, FashionMNIST),
        ("neuron-to-multiclass: 784-1", 99.25, 99.4, MNIST),
        ("neuron-to-multiclass: 784-64-10", 99.0, 98.8, MNIST),
        ("grid-search: 784-20-10", 75.08, 97.0, MNIST),
    }
    for recipe in RECIPES:
        model = module.network(recipe, torch.Generator())
        assert [tuple(p.shape) for p in model.parameters() if p.ndim == 2] == [
            (n_out, n_in) for n_in, n_out in zip(recipe.sizes, recipe.sizes[1:], strict=False)
        ]
        assert len(model(torch.zeros(3, 784))[0]) == recipe.sizes[-1]
        activations = [layer for layer in model if not isinstance(layer, torch.nn.Linear)]
        assert [type(layer) for layer in activations] == [ACTIVATIONS[recipe.activation]] * (len(recipe.sizes) - 2)


def test_training_images_are_those_of_the_experiments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fashion, "load_images", load_images)
    place = lab(tmp_path)
    sets = [IMAGES[recipe.paper](place, load_images(recipe.dataset, "sample")[0]) for recipe in RECIPES]
    assert [len(images) for images in sets] == [1024, 5000, 1250, 3333, 3333, 5000]
    digits = load_images(MNIST, "sample")[0].tensors[1]
    assert torch.equal(sets[0].tensors[1], digits[:1024])
    divided = neuron_to_multiclass.divide(*load_images(MNIST, "sample"), lab(tmp_path).generator("split"))
    assert torch.equal(sets[3].tensors[0], divided.train.tensors[0])
    assert torch.equal(sets[2].tensors[0], fashion.load_data(lab(tmp_path)).train.tensors[0])
    assert torch.equal(sets[5].tensors[1], digits)  # the first 3,000 and the last 2,000 of 5,000


def test_training_sees_the_training_images_distorted_ever_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = replace(RECIPES[4], mild=0.25, batch_size=40)
    train_set, _ = few_images(MNIST, "sample")
    images, labels = train_set.tensors
    seen: list[tuple[Any, float]] = []

    def spy(batch: Any, how: Any, random: np.random.Generator) -> Any:
        assert isinstance(random, np.random.Generator)
        seen.append((batch, how.elastic / recipe.distortion.elastic))
        return batch

    monkeypatch.setattr(module, "distort", spy)
    train_network(lab(tmp_path, epochs=4), recipe, images, labels)
    assert [len(batch) for batch, _ in seen] == [40, 40, 10] * 4
    assert [far for _, far in seen] == pytest.approx([1.0] * 3 + [0.75] * 3 + [0.5] * 3 + [0.25] * 3)
    for epoch in range(4):
        all_of_it = np.concatenate([batch for batch, _ in seen[3 * epoch : 3 * epoch + 3]])
        np.testing.assert_array_equal(np.sort(all_of_it.sum(axis=1)), np.sort(images.numpy().sum(axis=1)))


@pytest.mark.parametrize("index", range(len(RECIPES)))
def test_it_learns(tmp_path: Path, index: int) -> None:
    recipe = replace(RECIPES[index], batch_size=16)
    images, labels = (tensor[:30] for tensor in few_images(recipe.dataset, "sample")[0].tensors)
    model, history = train_network(lab(tmp_path, epochs=60), recipe, images, labels)
    assert history["loss"][-1] < history["loss"][0] / 1.5
    accuracy, logits, right = measure(recipe, model, images, labels)
    assert accuracy > 75
    assert len(logits) == len(right) == 30
    assert accuracy == pytest.approx(100 * np.mean(right.tolist()))


def test_rows_and_files_of_a_run(tmp_path: Path) -> None:
    rows = run(tmp_path)
    assert [(row.section, row.quantity, row.paper, row.headline) for row in rows if "(test)" in row.quantity] == [
        (recipe.name, f"{recipe.head.quantity} (test)", recipe.best, f"{recipe.name}: {recipe.head.quantity}, %")
        for recipe in RECIPES
    ]
    assert len(rows) == 2 * len(RECIPES)
    assert all(0 <= row.ours <= 100 and row.unit == "%" for row in rows)
    # What a row says is what its saved model does on the test images.
    for recipe, row in zip(RECIPES, rows[1::2], strict=True):
        name = recipe.name.replace(": ", "-")
        assert (tmp_path / f"wrong-{name}.png").read_bytes().startswith(b"\x89PNG")
        model = module.network(recipe, torch.Generator())
        model.load_state_dict(torch.load(tmp_path / f"{name}.safetensors"))
        assert measure(recipe, model, *few_images(recipe.dataset, "sample")[1].tensors)[0] == row.ours
    for figure in ("loss.png", "distorted.png"):
        assert (tmp_path / figure).read_bytes().startswith(b"\x89PNG")


def test_a_seed_determines_the_results_and_resuming_does_not_change_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lab, "figure", lambda *arguments, **named: None)
    monkeypatch.setattr(module, "RECIPES", [replace(recipe, batch_size=32) for recipe in RECIPES])
    first, other = run(tmp_path / "first"), run(tmp_path / "other", seed=1)
    assert first != other

    calls = 0

    def interrupted(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 7:  # the second step of the second epoch of the second recipe; the first one has one image here
            raise KeyboardInterrupt
        return distort(*arguments)

    distort = module.distort
    monkeypatch.setattr(module, "distort", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts")
    assert run(tmp_path / "parts") == first
    names = sorted(path.name for path in (tmp_path / "first").glob("*.safetensors"))
    assert len(names) == len(RECIPES)
    for name in names:
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "first" / name).read_bytes()
