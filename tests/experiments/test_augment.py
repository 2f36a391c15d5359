"""Distortions of images: the geometry against SciPy's interpolation, the elastic field's statistics, the stream."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.ndimage import map_coordinates

from tinygrad_mlp.experiments.augment import Distortion, _coefficients, _fields, distort, elastic_basis

ALL = Distortion(rotate=20, stretch=0.2, shear=0.2, shift=3, elastic=1.5, mirror=True)


def noise(count: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(1).random((count, 784), dtype=np.float32)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("count", [1, 32, 71])  # fewer than a block, one, and two with a rest
def test_it_is_bilinear_interpolation_at_the_coordinates_drawn(count: int) -> None:
    images = noise(count)
    before = images.copy()
    got = distort(images, ALL, rng())
    in_x, in_y = _coefficients(count, ALL, rng())
    for image, x, y, ours in zip(images, in_x @ _fields(4.0), in_y @ _fields(4.0), got, strict=True):
        # The coordinates count the border of zeros.
        theirs = map_coordinates(np.pad(image.reshape(28, 28), 1), [y, x], order=1, mode="grid-constant")
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(images, before)


def test_no_distortion_leaves_images_as_they_are() -> None:
    np.testing.assert_array_equal(distort(noise(40), Distortion(), rng()), noise(40))


def test_no_images() -> None:
    assert distort(noise(0), ALL, rng()).shape == (0, 784)


def matrices(how: Distortion, count: int = 2000) -> npt.NDArray[np.float64]:
    """From a pixel to where it is read, `(count, 2, 3)`: shift, factor of x, factor of y; no elastic part."""
    both = np.stack(_coefficients(count, how, rng()), axis=1).astype(np.float64)
    assert not both[:, :, 3:].any()
    both[:, :, 0] -= 14.5  # the centre of the padded image
    return both[:, :, :3]


def test_rotation() -> None:
    how = matrices(Distortion(rotate=30))
    assert not how[:, :, 0].any()
    turn = how[:, :, 1:]
    np.testing.assert_allclose(turn @ turn.transpose(0, 2, 1), np.broadcast_to(np.eye(2), turn.shape), atol=1e-6)
    np.testing.assert_allclose(np.linalg.det(turn), 1, atol=1e-6)
    angles = np.degrees(np.arctan2(turn[:, 1, 0], turn[:, 0, 0]))
    assert -30 <= angles.min() < -29.5 < 29.5 < angles.max() <= 30
    assert abs(angles.mean()) < 1.5


def test_stretch_shear_shift_and_mirror() -> None:
    stretch = matrices(Distortion(stretch=0.1))
    assert not stretch[:, [0, 0, 1, 1], [0, 2, 0, 1]].any()
    for factors in (stretch[:, 0, 1], stretch[:, 1, 2]):
        assert np.exp(-0.1) <= factors.min() < 0.91 < 1.09 < factors.max() <= np.exp(0.1) + 1e-6
    assert abs(np.corrcoef(stretch[:, 0, 1], stretch[:, 1, 2])[0, 1]) < 0.1

    shear = matrices(Distortion(shear=0.2))
    np.testing.assert_allclose(shear[:, [0, 1], [1, 2]], 1)
    assert not shear[:, [0, 1, 1], [0, 0, 1]].any()
    assert -0.2 <= shear[:, 0, 2].min() < -0.19 < 0.19 < shear[:, 0, 2].max() <= 0.2 + 1e-6

    shift = matrices(Distortion(shift=2))[:, :, 0]
    assert -2 <= shift.min() < -1.9 < 1.9 < shift.max() <= 2
    assert abs(np.corrcoef(shift[:, 0], shift[:, 1])[0, 1]) < 0.1

    mirror = matrices(Distortion(mirror=True))
    assert set(mirror[:, 0, 1]) == {-1.0, 1.0}
    assert abs(mirror[:, 0, 1].mean()) < 0.1
    image = noise(1)
    flips = distort(np.repeat(image, 20, axis=0), Distortion(mirror=True), rng()).reshape(-1, 28, 28)
    image = image.reshape(28, 28)
    same = [np.allclose(flip, image, atol=1e-4) for flip in flips]
    mirrored = [np.allclose(flip, image[:, ::-1], atol=1e-4) for flip in flips]
    assert all(a != b for a, b in zip(same, mirrored, strict=True))
    assert any(same)
    assert any(mirrored)


@pytest.mark.parametrize("sigma", [3.0, 4.0, 6.0])
def test_elastic_displacement_is_smoothed_noise(sigma: float) -> None:
    basis = elastic_basis(sigma).astype(np.float64)
    covariance = (basis.T @ basis).reshape(28, 28, 28, 28)
    # Noise smoothed twice over: the kernel's correlation with itself, exp(-r^2 / (4 sigma^2)).
    y, x = np.mgrid[:28, :28]
    for row, column in ((14, 14), (10, 17), (3, 5)):
        expected = np.exp(-((y - row) ** 2 + (x - column) ** 2) / (4 * sigma**2))
        np.testing.assert_allclose(covariance[row, column], expected, atol=0.08)
    assert np.einsum("yxyx->", covariance) / 784 == pytest.approx(0.99, abs=0.006)

    in_x, in_y = _coefficients(4000, Distortion(elastic=1.5, sigma=sigma), rng())
    for drawn in (in_x, in_y):
        assert drawn[:, 3:].std() == pytest.approx(1.5, rel=0.02)
    assert abs(np.mean(in_x[:, 3:] * in_y[:, 3:])) < 0.05


def test_a_state_determines_the_images() -> None:
    random = rng()
    first, second = distort(noise(5), ALL, random), distort(noise(5), ALL, random)
    assert not np.allclose(first, second)
    np.testing.assert_array_equal(distort(noise(5), ALL, rng()), first)
    # Each image is distorted in its own way.
    alike = distort(np.repeat(noise(1), 3, axis=0), ALL, rng())
    assert not np.allclose(alike[0], alike[1])


def test_scaled() -> None:
    assert ALL.scaled(0.5) == Distortion(10, 0.1, 0.1, 1.5, 0.75, 4.0, mirror=True)
