"""Shuffles and resampling, as functions and layers: against PyTorch and by their values."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from against_torch import assert_same, assert_same_error, both, cotangent, numeric_gradients
from compiled_twin import assert_compiled_alike

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.nn import images

pytestmark = pytest.mark.filterwarnings("ignore:The default behavior for interpolate:UserWarning")  # PyTorch's
LINE, IMAGE, VOLUME = cotangent((2, 3, 5), 0), cotangent((2, 2, 4, 5), 1), cotangent((1, 2, 2, 3, 4), 2)
CALLS: list[tuple[dict[str, Any], np.ndarray]] = [
    ({"scale_factor": 2}, LINE),
    ({"size": 3}, LINE),
    ({"scale_factor": 1.7, "mode": "nearest-exact"}, LINE),
    ({"scale_factor": 2, "mode": "linear"}, LINE),
    ({"size": 8, "mode": "linear", "align_corners": True}, LINE),
    ({"size": 1, "mode": "linear", "align_corners": True}, LINE),
    ({"scale_factor": (2, 0.5)}, IMAGE),
    ({"scale_factor": 1.6, "mode": "bilinear"}, IMAGE),
    ({"scale_factor": 1.6, "mode": "bilinear", "recompute_scale_factor": True}, IMAGE),
    ({"size": (7, 3), "mode": "bilinear", "align_corners": True}, IMAGE),
    ({"size": (2, 3), "mode": "bilinear", "antialias": True}, IMAGE),
    ({"size": (2, 3), "mode": "bicubic", "antialias": True}, IMAGE),
    ({"scale_factor": 2.5, "mode": "bicubic"}, IMAGE),
    ({"size": (6, 3), "mode": "bicubic", "align_corners": True}, IMAGE),
    ({"size": (3, 2), "mode": "area"}, IMAGE),
    ({"size": (3, 4, 5), "mode": "trilinear"}, VOLUME),
    ({"scale_factor": 2}, VOLUME),
]


@pytest.mark.parametrize(("options", "x"), CALLS, ids=lambda v: str(v) if isinstance(v, dict) else "")
def test_interpolate_equals_pytorch(options: dict[str, Any], x: np.ndarray) -> None:
    assert_same(lambda torch, x: torch.nn.functional.interpolate(x, **options), x, order=1, rtol=1e-6)


@pytest.mark.parametrize(("options", "x"), CALLS[::3], ids=lambda v: str(v) if isinstance(v, dict) else "")
def test_gradients_are_the_slopes(options: dict[str, Any], x: np.ndarray) -> None:
    numeric_gradients(lambda torch, x: torch.nn.functional.interpolate(x, **options), x)


def test_values() -> None:
    x = tg.tensor([[[0.0, 4.0, 8.0]]])
    assert F.interpolate(x, 6).flatten().tolist() == [0, 0, 4, 4, 8, 8]
    assert F.interpolate(x, 5, mode="linear", align_corners=True).flatten().tolist() == [0, 2, 4, 6, 8]
    assert F.interpolate(x, 1, mode="area").item() == 4
    assert F.interpolate(tg.tensor([[[1, 2]]]), scale_factor=2).tolist() == [[[1, 1, 2, 2]]]
    constant = tg.full((1, 1, 5, 5), 3.0, dtype=tg.float64)
    for options in ({"mode": "bicubic"}, {"mode": "bilinear", "antialias": True}):
        np.testing.assert_allclose(F.interpolate(constant, (3, 8), **options), 3)


def test_old_names() -> None:
    for name in ("upsample", "upsample_nearest", "upsample_bilinear"):
        with pytest.warns(UserWarning, match="deprecated"):
            y = getattr(F, name)(tg.tensor(IMAGE), scale_factor=2)
        assert y.shape == (2, 2, 8, 10)


@pytest.mark.parametrize(
    "code",
    [
        lambda torch, x: torch.nn.functional.pixel_shuffle(x.reshape(1, 8, 2, 5), 2),
        lambda torch, x: torch.nn.functional.pixel_unshuffle(x[..., :4], 2),
        lambda torch, x: torch.nn.functional.channel_shuffle(x.reshape(2, 4, 2, 5), 2),
        lambda torch, x: torch.nn.PixelShuffle(1)(x[0]),
        lambda torch, x: torch.nn.Upsample(scale_factor=2, mode="bilinear")(x),
        lambda torch, x: torch.nn.UpsamplingBilinear2d(size=(3, 6))(x),
        lambda torch, x: torch.nn.UpsamplingNearest2d(scale_factor=2)(x),
    ],
)
def test_like_pytorch(code: Any) -> None:
    assert_same(code, IMAGE, order=1, rtol=1e-6)


def test_shuffles_undo_each_other() -> None:
    x = tg.tensor(cotangent((2, 8, 3, 5), 0))
    assert F.pixel_unshuffle(F.pixel_shuffle(x, 2), 2).equal(x)
    assert F.channel_shuffle(F.channel_shuffle(x, 2), 4).equal(x)
    assert F.pixel_shuffle(tg.arange(4.0).reshape(4, 1, 1), 2).tolist() == [[[0, 1], [2, 3]]]


@pytest.mark.parametrize("name", images.__all__)
def test_layers_look_like_pytorchs(name: str) -> None:
    ours, theirs = (getattr(library.nn, name) for library in both())
    mine, other = (inspect.signature(kind).parameters.values() for kind in (ours, theirs))
    assert [(p.name, p.default) for p in mine] == [(p.name, p.default) for p in other]
    assert repr(ours(2)) == repr(theirs(2))


def test_factors_are_shown() -> None:
    ours, theirs = both()
    assert repr(ours.nn.Upsample(scale_factor=(2, 3))) == repr(theirs.nn.Upsample(scale_factor=(2, 3)))
    assert repr(nn.Upsample(scale_factor=2, mode="bilinear")) == "Upsample(scale_factor=2.0, mode='bilinear')"


ERRORS = [
    lambda torch: torch.nn.functional.interpolate(torch.ones(1, 1, 3)),
    lambda torch: torch.nn.functional.interpolate(torch.ones(1, 1, 3), 2, 2.0),
    lambda torch: torch.nn.functional.interpolate(torch.ones(1, 1, 3), (2, 2)),
    lambda torch: torch.nn.functional.interpolate(torch.ones(1, 1, 3), 2, align_corners=True),
    lambda torch: torch.nn.functional.interpolate(torch.ones(1, 1, 3), 2, mode="bilinear"),
    lambda torch: torch.nn.functional.interpolate(torch.ones(1, 1, 3), 2, mode="sharp"),
    lambda torch: torch.nn.functional.interpolate(torch.ones(1, 1, 3), 0),
    lambda torch: torch.nn.functional.interpolate(torch.ones(3), 2),
    lambda torch: torch.nn.functional.pixel_shuffle(torch.ones(3, 2, 2), 2),
    lambda torch: torch.nn.functional.pixel_unshuffle(torch.ones(3, 3, 2), 2),
    lambda torch: torch.nn.functional.pixel_shuffle(torch.ones(3), 2),
    lambda torch: torch.nn.functional.channel_shuffle(torch.ones(1, 3, 2), 2),
]


@pytest.mark.parametrize("code", ERRORS)
def test_errors(code: Any) -> None:
    assert_same_error(code, "")


@pytest.mark.parametrize("code", ERRORS)
def test_bad_input_is_refused(code: Any) -> None:
    with pytest.raises((ValueError, RuntimeError, NotImplementedError)):
        code(tg)


def test_compiled() -> None:
    assert_compiled_alike(lambda: nn.Upsample(scale_factor=2, mode="bilinear"), IMAGE)
    assert_compiled_alike(lambda: nn.PixelUnshuffle(2), np.ascontiguousarray(IMAGE[..., :4]))
