"""Images as the experiments load them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

import tinygrad_mlp as torch
from tinygrad_mlp.datasets import MNIST, FashionMNIST, sources
from tinygrad_mlp.datasets.idx import idx_header
from tinygrad_mlp.errors import DataError
from tinygrad_mlp.experiments.data import load_images


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("TINYGRAD_MLP_DATA", raising=False)
    monkeypatch.setattr(sources, "_SYSTEM", tmp_path / "system")


def write_set(folder: Path) -> Path:
    """A set of two training images and one test image."""
    folder.mkdir(parents=True)
    for split, count in (("train", 2), ("t10k", 1)):
        images, labels = np.full((count, 28, 28), 51, np.uint8), np.arange(count, dtype=np.uint8)
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            content = idx_header(array.shape) + array.tobytes()
            (folder / f"{split}-{kind}-ubyte.gz").write_bytes(gzip.compress(content))
    return folder


@pytest.mark.parametrize(("dataset", "sizes"), [(MNIST, (5000, 1000)), (FashionMNIST, (1500, 500))])
def test_sample(dataset: type[MNIST], sizes: tuple[int, int]) -> None:
    for split, size in zip(load_images(dataset, "sample"), sizes, strict=True):
        images, labels = split.tensors
        assert images.shape == (size, 784)
        assert images.dtype is torch.float32
        assert (images.min().item(), images.max().item()) == (0.0, 1.0)
        assert labels.shape == (size,)
        assert labels.dtype is torch.int64


def test_a_folder(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "mine" / "mnist")
    for data in (folder, folder.parent):
        train, test = load_images(MNIST, str(data))
        assert len(train) == 2
        images, labels = test.tensors
        assert torch.equal(images, torch.full((1, 784), 0.2))
        assert labels.tolist() == [0]


def test_a_folder_without_the_set_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_set(tmp_path / "elsewhere")
    monkeypatch.setenv("TINYGRAD_MLP_DATA", str(folder))
    assert len(load_images(MNIST, "full")[0]) == 2
    for wrong in (tmp_path / "typo", tmp_path):
        with pytest.raises(
            DataError, match="expected a folder that holds MNIST's four files, raw or .gz: no folder|holds none"
        ):
            load_images(MNIST, str(wrong))
