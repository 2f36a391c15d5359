"""Transforms that move pixels: known results, what they draw, and PyTorch's resampling."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import tinygrad_mlp as tg
from tinygrad_mlp import transforms as T
from tinygrad_mlp.errors import ArgumentError
from tinygrad_mlp.transforms.geometry import turning
from tinygrad_mlp.transforms.resampling import mapped

IMAGE = np.arange(3 * 6 * 5, dtype=np.float32).reshape(3, 6, 5)


def image() -> tg.Tensor:
    return tg.from_numpy(IMAGE.copy())


@given(st.integers(1, 9), st.integers(1, 9), st.booleans(), st.booleans())
def test_resize_is_pytorchs(height: int, width: int, antialias: bool, nearest: bool) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    mode = T.InterpolationMode.NEAREST if nearest else T.InterpolationMode.BILINEAR
    ours = T.Resize((height, width), interpolation=mode, antialias=antialias)(image())
    options: dict[str, Any] = {"mode": "nearest"} if nearest else {"mode": "bilinear", "antialias": antialias}
    theirs = torch.nn.functional.interpolate(torch.tensor(IMAGE)[None], size=(height, width), **options)[0]
    assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5, atol=1e-4)


def test_resize_keeps_the_shape_of_an_image_and_constants() -> None:
    assert T.Resize(3)(image()).shape == (3, 3, 3)
    assert T.Resize(3)(tg.zeros(2, 6, 9)).shape == (2, 3, 4)
    assert T.Resize(4, max_size=5)(tg.zeros(1, 6, 12)).shape == (1, 2, 5)
    assert T.Resize((2, 7))(np.full((28, 28), 9, np.uint8)).tolist() == [[9] * 7] * 2
    same = image()
    assert T.Resize((6, 5))(same) is same
    with pytest.raises(ValueError, match="1 or 2 values"):
        T.Resize((1, 2, 3))
    with pytest.raises(ArgumentError, match="expected an image"):
        T.CenterCrop(2)([[1, 2], [3, 4]])


def test_pads_and_cuts() -> None:
    assert_array_equal(T.CenterCrop((2, 3))(image()).numpy(), IMAGE[:, 2:4, 1:4])
    assert_array_equal(T.CenterCrop(8)(image()).numpy()[:, 1:7, 2:7], IMAGE)
    assert_array_equal(T.Pad((1, 2, 3, 4), fill=7)(image()).numpy()[:, 2:8, 1:6], IMAGE)
    assert T.Pad((1, 2), padding_mode="reflect")(image()).shape == (3, 10, 7)
    with pytest.raises(ValueError, match="Padding mode"):
        T.Pad(1, padding_mode="wrap")


def test_crops_are_drawn_as_torchvision_draws_them() -> None:
    tg.manual_seed(3)
    top, left = int(tg.randint(0, 6 - 2 + 1, (1,))), int(tg.randint(0, 5 - 3 + 1, (1,)))
    tg.manual_seed(3)
    assert_array_equal(T.RandomCrop((2, 3))(image()).numpy(), IMAGE[:, top : top + 2, left : left + 3])
    assert T.RandomCrop(8, pad_if_needed=True)(image()).shape == (3, 8, 8)
    assert T.RandomCrop(6, padding=1)(image()).shape == (3, 6, 6)
    with pytest.raises(ValueError, match="larger than input image size"):
        T.RandomCrop(7)(image())


@pytest.mark.parametrize(("flip", "axis"), [(T.RandomHorizontalFlip, -1), (T.RandomVerticalFlip, -2)])
def test_flips(flip: Any, axis: int) -> None:
    assert_array_equal(flip(p=1.0)(image()).numpy(), np.flip(IMAGE, axis))
    assert_array_equal(flip(p=0.0)(image()).numpy(), IMAGE)
    flipped = sum(float(flip()(tg.tensor([[0.0, 1.0], [2.0, 3.0]]))[0, 0] != 0) for _ in range(400))
    assert 140 < flipped < 260


def test_a_quarter_turn_is_exact() -> None:
    square = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    for mode in T.InterpolationMode:
        turned = T.RandomRotation((90, 90), interpolation=mode)(tg.from_numpy(square))
        assert_allclose(turned.numpy(), np.rot90(square, axes=(1, 2)), atol=1e-5)
    for angle, shape in ((90, (6, 7)), (40, (8, 9)), (10, (8, 7)), (180, (6, 5))):  # torchvision's, with its rounding
        assert T.RandomRotation((angle, angle), expand=True)(image()).shape == (3, *shape)
    assert_allclose(T.RandomRotation((90, 90), expand=True)(tg.from_numpy(square)).numpy(), np.rot90(square, axes=(1, 2)))


def test_an_affine_map_shifts_scales_and_fills() -> None:
    shifted = mapped(IMAGE, turning(0, (2, 1), 1.0, (0, 0)), (6, 5), T.InterpolationMode.NEAREST, -1.0)
    assert_array_equal(shifted[:, 1:, 2:], IMAGE[:, :-1, :-2])
    assert (shifted[:, 0] == -1).all()
    grey = np.full((1, 9, 9), 5.0)
    assert_allclose(mapped(grey, turning(30, (0, 0), 2.0, (5, 3)), (5, 5), T.InterpolationMode.BILINEAR, 0.0), 5.0)
    filled = T.RandomAffine(0, translate=(1.0, 1.0), fill=[1.0, 2.0, 3.0])(image())
    assert filled.shape == IMAGE.shape


@given(st.floats(-180, 180), st.floats(0.5, 2), st.floats(-40, 40))
def test_the_matrix_is_the_inverse_of_turn_scale_and_shear(angle: float, scale: float, shear: float) -> None:
    back = turning(angle, (0, 0), scale, (shear, 0))[:, :2]
    turn = math.radians(angle)
    forward = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    forward = scale * forward @ np.array([[1, -math.tan(math.radians(shear))], [0, 1]])
    assert_allclose(back @ forward, np.eye(2), atol=1e-9)


def test_random_amounts_stay_within_their_limits() -> None:
    affine = T.RandomAffine((10, 20), translate=(0.5, 0.0), scale=(0.5, 0.75), shear=(1, 2, 3, 4))
    for _ in range(50):
        angle, (shift_x, shift_y), scale, (shear_x, shear_y) = affine._draw(10, 10)
        assert 10 <= angle <= 20
        assert -5 <= shift_x <= 5
        assert shift_y == 0
        assert 0.5 <= scale <= 0.75
        assert 1 <= shear_x <= 2
        assert 3 <= shear_y <= 4
    with pytest.raises(ValueError, match="between 0 and 1"):
        T.RandomAffine(0, translate=(2, 0))
    with pytest.raises(ValueError, match="should be positive"):
        T.RandomAffine(0, scale=(0, 1))
    with pytest.raises(ValueError, match="must be positive"):
        T.RandomRotation(-3)


def test_a_random_part_has_the_size_asked_for() -> None:
    for _ in range(20):
        part = T.RandomResizedCrop((4, 3))(image())
        assert part.shape == (3, 4, 3)
        assert IMAGE.min() <= part.min().item() <= part.max().item() <= IMAGE.max()


def test_images_of_pillow() -> None:
    pil = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    pixels = np.random.default_rng(0).integers(0, 256, (10, 12, 3)).astype(np.uint8)
    colour, grey = pil.fromarray(pixels), pil.fromarray(pixels[..., 0])
    assert_allclose(T.ToTensor()(colour).numpy(), pixels.transpose(2, 0, 1) / 255, rtol=1e-6)
    assert_array_equal(T.PILToTensor()(grey).numpy(), pixels[None, ..., 0])
    small = T.Resize((5, 6))(colour)
    assert small.size == (6, 5)
    for width, height in ((6, 5), (17, 20), (12, 3), (5, 10)):
        ours = T.Resize((height, width))(colour)
        assert_array_equal(np.asarray(ours), np.asarray(colour.resize((width, height), pil.Resampling.BILINEAR)))
    assert_array_equal(np.asarray(T.ToPILImage()(T.PILToTensor()(colour))), pixels)
    assert np.asarray(T.Grayscale()(colour)).shape == (10, 12)
    assert_array_equal(np.asarray(T.CenterCrop(4)(grey)), pixels[3:7, 4:8, 0])
