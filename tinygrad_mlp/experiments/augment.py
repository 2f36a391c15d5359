"""Random affine and elastic distortions of images, a batch at a time.

A distortion moves the point where each pixel is read, `(x, y)`, to `A (x, y) + shift + d(x, y)`, and reads the image
there by bilinear interpolation; outside it is zero. `A` turns, stretches and shears about the centre; `d` is the
elastic displacement of Simard, Steinkraus and Platt, "Best Practices for Convolutional Neural Networks Applied to
Visual Document Analysis" (2003): for each coordinate a field of white noise smoothed by a Gaussian.

Drawing noise for each pixel and smoothing it would be slow. The smoothed noise is drawn directly, as a random combination of the
eigenvectors of its covariance (Karhunen-Loève); some twenty of them hold 99 % of the variance. The coordinates of a batch, with
the affine part, are then one product of random coefficients `(N, 3 + eigenvectors)` and fixed fields `(3 + eigenvectors, 784)`.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = ["Distortion", "distort", "elastic_basis"]

Images = npt.NDArray[np.float32]

SIDE = 28
_PADDED = SIDE + 2  # with the border of zeros that points outside are read from
_LAST = np.nextafter(np.float32(_PADDED - 1), np.float32(0))  # so that there is a right and a lower neighbour
_BLOCK = 32  # images distorted at once: their arrays fit in the processor's cache
_VARIANCE = 0.99  # the share of the elastic displacements' variance that is kept


@dataclass(frozen=True)
class Distortion:
    """How far images are distorted; each amount is drawn anew for each image."""

    rotate: float = 0.0  # the largest angle, in degrees; uniform in both directions
    stretch: float = 0.0  # the largest change of width and of height, each drawn alone; 0.1 is 10 % up or down
    shear: float = 0.0  # the largest slope of the vertical; 0.1 moves the top by a tenth of its height
    shift: float = 0.0  # the largest shift in pixels, in x and in y; not whole pixels only
    elastic: float = 0.0  # the displacement's standard deviation in pixels, in x and in y; Simard's alpha = 34 is 1.4
    sigma: float = 4.0  # the standard deviation of the Gaussian that smooths the displacement, in pixels
    mirror: bool = False  # left and right change places in half of the images

    def scaled(self, factor: float) -> "Distortion":
        """The same kind of distortion, `factor` times as far."""
        amounts = ("rotate", "stretch", "shear", "shift", "elastic")
        return replace(self, **{name: factor * getattr(self, name) for name in amounts})


@cache
def elastic_basis(sigma: float) -> npt.NDArray[np.float32]:
    """Fields `(k, 784)` whose sum with independent N(0, 1) coefficients is smoothed white noise of variance 1.

    The smoothing works on rows and columns alike, so the eigenvectors of its covariance are the products of those
    along one axis.

    >>> from tinygrad_mlp.experiments.augment import elastic_basis
    >>> elastic_basis(4.0).shape
    (27, 784)
    """
    axis = np.arange(SIDE)
    smoothing = np.exp(-((axis[:, None] - np.arange(-SIDE, 2 * SIDE)) ** 2) / (2 * sigma**2))
    smoothing /= np.linalg.norm(smoothing, axis=1, keepdims=True)  # variance 1 in each pixel
    values, vectors = np.linalg.eigh(smoothing @ smoothing.T)
    values = np.outer(values, values).ravel()
    order = np.argsort(-values, kind="stable")
    kept = order[: 1 + int(np.searchsorted(np.cumsum(values[order]), _VARIANCE * values.sum()))]
    fields = np.einsum("yi,xj->ijyx", vectors, vectors).reshape(SIDE**2, SIDE**2)[kept]
    return (np.sqrt(values[kept, None]) * fields).astype(np.float32)


@cache
def _fields(sigma: float) -> npt.NDArray[np.float32]:
    """The fields of all coordinates `(3 + k, 784)`: 1, x and y from the centre, and the elastic ones."""
    y, x = np.mgrid[:SIDE, :SIDE].reshape(2, -1) - (SIDE - 1) / 2
    return np.concatenate([np.stack([np.ones_like(x), x, y]), elastic_basis(sigma)]).astype(np.float32)


def _coefficients(
    count: int, how: Distortion, random: np.random.Generator
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The coefficients of the fields, `(count, 3 + k)` each: for the x and for the y where the pixels are read."""
    angle, stretch_x, stretch_y, shear, shift_x, shift_y = random.uniform(-1, 1, (6, count))
    angle *= np.radians(how.rotate)
    stretch_x, stretch_y = np.exp(how.stretch * stretch_x), np.exp(how.stretch * stretch_y)
    side = 1 - 2 * random.integers(2, size=count) if how.mirror else np.ones(count)
    centre = (_PADDED - 1) / 2
    cos, sin = np.cos(angle), np.sin(angle)
    slope = how.shear * shear
    affine_x = (centre + how.shift * shift_x, side * stretch_x * cos, side * stretch_x * (slope * cos - sin))
    affine_y = (centre + how.shift * shift_y, stretch_y * sin, stretch_y * (slope * sin + cos))
    elastic = how.elastic * random.standard_normal((2, count, len(elastic_basis(how.sigma))), dtype=np.float32)
    in_x, in_y = (
        np.concatenate([np.stack(affine, axis=1), part], axis=1, dtype=np.float32)
        for affine, part in zip((affine_x, affine_y), elastic, strict=True)
    )
    return in_x, in_y


def distort(images: Images, how: Distortion, random: np.random.Generator) -> Images:
    """Distort each image at random.

    Args:
        images: float32 `(N, 784)`, 28 x 28 pixels.
        how: How far.
        random: The generator; what is drawn depends only on its state, the number of images and `how`.

    Returns:
        The distorted images, `(N, 784)`.

    >>> import numpy as np
    >>> from tinygrad_mlp.experiments.augment import Distortion, distort
    >>> image = np.zeros((1, 28, 28), np.float32)
    >>> image[0, 10:18, 13:15] = 1
    >>> distorted = distort(image.reshape(1, 784), Distortion(rotate=15, elastic=1.0), np.random.default_rng(0))
    >>> distorted.shape, distorted.dtype, bool(0 <= distorted.min() <= distorted.max() <= 1)
    ((1, 784), dtype('float32'), True)
    """
    fields = _fields(how.sigma)
    in_x, in_y = _coefficients(len(images), how, random)
    out = np.empty_like(images)
    for start in range(0, len(images), _BLOCK):
        part = slice(start, start + _BLOCK)
        padded = np.pad(images[part].reshape(-1, SIDE, SIDE), ((0, 0), (1, 1), (1, 1)))
        pixels = padded.reshape(-1)
        x, y = (np.clip(coefficients[part] @ fields, 0, _LAST) for coefficients in (in_x, in_y))
        left, top = np.floor(x), np.floor(y)
        first = np.arange(len(padded), dtype=np.float32)[:, None] * _PADDED**2  # exact in float32, as are all the indices
        x -= left  # the weight of the right neighbour
        y -= top  # and of the lower one
        index = (top * _PADDED + left + first).astype(np.intp)
        upper, lower = (_between(rows, index, x) for rows in (pixels, pixels[_PADDED:]))
        out[part] = upper + y * (lower - upper)
    return out


def _between(pixels: Images, index: npt.NDArray[np.intp], weight: Images) -> Images:
    """Interpolate between pixels and their right neighbours."""
    # "clip" changes no index here, but spares the copy that take() makes to be able to raise.
    left, right = (np.take(shifted, index, mode="clip") for shifted in (pixels, pixels[1:]))
    return left + weight * (right - left)
