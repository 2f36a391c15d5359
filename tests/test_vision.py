"""torchvision's names, grids of images, and PNG files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from tinygrad_mlp.vision.datasets import MNIST
from tinygrad_mlp.vision.transforms import ToTensor

import tinygrad_mlp as tg
import tinygrad_mlp.vision as torchvision
from tinygrad_mlp.errors import ArgumentError
from tinygrad_mlp.vision.utils import make_grid, png_bytes, save_image


def test_import_lines() -> None:
    assert torchvision.datasets.MNIST is MNIST
    assert torchvision.transforms.ToTensor is ToTensor
    assert torchvision.utils.make_grid is make_grid


def test_a_grid() -> None:
    images = tg.arange(5.0).reshape(5, 1, 1, 1).expand(5, 1, 2, 3)
    grid = make_grid(images, nrow=2, padding=1, pad_value=9.0)
    assert grid.shape == (3, 3 * 3 + 1, 2 * 4 + 1)
    assert_array_equal(grid[0, 1:3, 1:4].numpy(), np.zeros((2, 3)))
    assert_array_equal(grid[2, 4:6, 5:8].numpy(), np.full((2, 3), 3))
    assert (grid[:, 7:9, 5:8] == 9).all()
    assert (grid[:, ::3] == 9).all()
    scaled = make_grid(images, normalize=True)
    assert (scaled.min().item(), scaled.max().item()) == (0, 1)
    each = make_grid([tg.tensor([[[1.0, 2.0]]]), tg.tensor([[[5.0, 9.0]]])], normalize=True, scale_each=True, padding=0)
    assert each[0].tolist() == [[0, 1, 0, 1]]
    assert make_grid(tg.zeros(4, 4)).shape == (3, 4, 4)
    with pytest.raises(ArgumentError, match="expected a Tensor of images"):
        make_grid(tg.zeros(3))


@pytest.mark.parametrize("shape", [(3, 2), (4, 5, 3), (1, 1, 4)])
def test_png_files_hold_the_pixels(shape: tuple[int, ...]) -> None:
    pil: Any = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert_array_equal(np.asarray(pil.open(io.BytesIO(png_bytes(pixels)))), pixels)


def test_saved_images(tmp_path: Path) -> None:
    images = tg.linspace(-0.1, 1.1, 24).reshape(2, 3, 2, 2)
    save_image(images, tmp_path / "a.png", padding=0)
    stream = io.BytesIO()
    save_image(images, stream, padding=0)
    assert stream.getvalue() == (tmp_path / "a.png").read_bytes()
    pil: Any = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    with pil.open(tmp_path / "a.png") as opened:
        pixels = np.asarray(opened)
    expected = np.clip(np.floor(images.numpy() * np.float32(255) + np.float32(0.5)), 0, 255)
    assert_array_equal(pixels[:, :2], expected[0].transpose(1, 2, 0))
    save_image(images, tmp_path / "a.jpg")
    with pil.open(tmp_path / "a.jpg") as opened:
        assert opened.format == "JPEG"
