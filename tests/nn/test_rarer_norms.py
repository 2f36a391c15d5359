"""Group, instance, root-mean-square and local response norm: by their formulas, and against PyTorch's."""

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
from tinygrad_mlp.nn import rarer_norms
from tinygrad_mlp.testing import check_module

X = cotangent((3, 4, 5), 0) * 2 + 1
W, B = cotangent((4,), 1), cotangent((4,), 2)


def standardized(x: np.ndarray, axes: Any, eps: float = 1e-5) -> np.ndarray:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def test_by_their_formulas() -> None:
    x, w, b = tg.tensor(X), tg.tensor(W), tg.tensor(B)
    groups = standardized(X.reshape(3, 2, 10), 2).reshape(X.shape) * W[:, None] + B[:, None]
    np.testing.assert_allclose(F.group_norm(x, 2, w, b), groups, rtol=1e-10)
    channels = standardized(X, 2) * W[:, None] + B[:, None]
    np.testing.assert_allclose(F.instance_norm(x, weight=w, bias=b), channels, rtol=1e-10)
    rms = X / np.sqrt((X**2).mean((1, 2), keepdims=True) + 0.1)
    np.testing.assert_allclose(F.rms_norm(x, (4, 5), eps=0.1), rms, rtol=1e-10)
    padded = np.pad(X**2, [(0, 0), (1, 1), (0, 0)])
    mean = (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3
    np.testing.assert_allclose(F.local_response_norm(x, 3, 0.5), X / (1 + 0.5 * mean) ** 0.75, rtol=1e-10)


def test_running_statistics_of_instances() -> None:
    norm = nn.InstanceNorm1d(4, track_running_stats=True, dtype=tg.float64)
    norm(tg.tensor(X))
    np.testing.assert_allclose(norm.running_mean, 0.1 * X.mean(2).mean(0))
    np.testing.assert_allclose(norm.running_var, 0.9 + 0.1 * X.var(2, ddof=1).mean(0))
    norm.eval()
    expected = (X - norm.running_mean.numpy()[:, None]) / np.sqrt(norm.running_var.numpy()[:, None] + 1e-5)
    np.testing.assert_allclose(norm(tg.tensor(X)), expected)


CALLS: dict[str, tuple[Any, tuple[np.ndarray, ...]]] = {
    "group_norm": (lambda torch, x, w, b: torch.nn.functional.group_norm(x, 2, w, b, 1e-3), (X, W, B)),
    "group_norm of rows": (lambda torch, x: torch.nn.functional.group_norm(x, 2), (X[:, :, 0],)),
    "group_norm of all": (lambda torch, x, w: torch.nn.functional.group_norm(x, 1, w), (X, W)),
    "instance_norm": (lambda torch, x, w, b: torch.nn.functional.instance_norm(x, weight=w, bias=b), (X, W, B)),
    "rms_norm": (lambda torch, x, w: torch.nn.functional.rms_norm(x, (5,), w), (X, cotangent((5,), 3))),
    "rms_norm of zeros": (lambda torch, x: torch.nn.functional.rms_norm(x, (2,)), (np.zeros((2, 2)),)),
    "local_response_norm": (lambda torch, x: torch.nn.functional.local_response_norm(x, 3, 0.5, 0.6, 2.0), (X,)),
    "local_response_norm, even": (lambda torch, x: torch.nn.functional.local_response_norm(x, 2, 0.5), (X,)),
}


@pytest.mark.parametrize("name", CALLS)
def test_functions_equal_pytorch(name: str) -> None:
    code, arrays = CALLS[name]
    assert_same(code, *arrays, rtol=1e-7)


@pytest.mark.parametrize("name", [name for name in CALLS if "zeros" not in name])
def test_gradients_are_the_slopes(name: str) -> None:
    code, arrays = CALLS[name]
    numeric_gradients(code, *arrays)


LAYERS: dict[str, tuple[str, tuple[Any, ...], dict[str, Any], tuple[int, ...]]] = {
    "group": ("GroupNorm", (2, 4), {}, (3, 4, 5)),
    "group, no bias": ("GroupNorm", (4, 4), {"bias": False}, (3, 4, 5)),
    "group, fixed": ("GroupNorm", (1, 4), {"affine": False, "eps": 0.1}, (3, 4)),
    "instance": ("InstanceNorm1d", (4,), {}, (3, 4, 5)),
    "instance, alone": ("InstanceNorm1d", (4,), {"affine": True}, (4, 5)),
    "instance, running": ("InstanceNorm1d", (4,), {"affine": True, "track_running_stats": True}, (3, 4, 5)),
    "instance, 2-D": ("InstanceNorm2d", (4,), {"affine": True}, (3, 4, 2, 3)),
    "instance, 3-D": ("InstanceNorm3d", (4,), {"affine": True}, (4, 2, 3, 2)),
    "rms": ("RMSNorm", (5,), {}, (3, 4, 5)),
    "rms of two": ("RMSNorm", ([4, 5],), {"eps": 0.1}, (3, 4, 5)),
    "rms, fixed": ("RMSNorm", (5,), {"elementwise_affine": False}, (3, 5)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_equal_pytorch(name: str) -> None:
    kind, args, options, shape = LAYERS[name]
    sides = []
    for torch in both():
        layer = getattr(torch.nn, kind)(*args, **options, dtype=torch.float64) if kind != "x" else None
        seen: list[Any] = [repr(layer), list(layer.state_dict())]
        for k, parameter in enumerate(layer.parameters()):
            parameter.data.copy_(torch.tensor(cotangent(parameter.shape, k)))
        for step in range(3):
            layer.train(step < 2)
            x = torch.tensor(cotangent(shape, step)).requires_grad_()
            y = layer(x)
            (y * torch.tensor(cotangent(shape, 9))).sum().backward()
            seen += [y.detach(), x.grad]
        sides.append([*seen, *(p.grad for p in layer.parameters()), *layer.buffers()])
    for mine, theirs in zip(*sides, strict=True):
        if isinstance(mine, str | list):
            assert mine == theirs
        else:
            np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", rarer_norms.__all__)
def test_signatures_are_pytorchs(name: str) -> None:
    ours, theirs = (inspect.signature(getattr(library.nn, name)).parameters for library in both())
    assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()]


@pytest.mark.parametrize(
    "code",
    [
        lambda torch: torch.nn.GroupNorm(3, 4),
        lambda torch: torch.nn.GroupNorm(2, 4)(torch.ones(3, 6, 2)),
        lambda torch: torch.nn.functional.group_norm(torch.ones(3), 1),
        lambda torch: torch.nn.functional.group_norm(torch.ones(1, 2), 2),
        lambda torch: torch.nn.InstanceNorm1d(4)(torch.ones(3, 4, 1)),
        lambda torch: torch.nn.InstanceNorm1d(4)(torch.ones(3, 4, 1, 1)),
        lambda torch: torch.nn.InstanceNorm1d(4, affine=True)(torch.ones(3, 5, 2)),
        lambda torch: torch.nn.functional.instance_norm(torch.ones(3, 4, 2), use_input_stats=False),
        lambda torch: torch.nn.RMSNorm(4)(torch.ones(3, 5)),
        lambda torch: torch.nn.LocalResponseNorm(2)(torch.ones(3, 5)),
    ],
)
def test_errors(code: Any) -> None:
    assert_same_error(code, "")


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="divisible"):
        nn.GroupNorm(3, 4)
    with pytest.raises(RuntimeError, match=r"expected input with shape \[\*, 4\]"):
        nn.RMSNorm(4)(tg.ones(3, 5))
    with pytest.raises(ValueError, match="more than 1 spatial element"):
        nn.InstanceNorm1d(4)(tg.ones(3, 4, 1))


def test_half_precision_is_computed_in_more_digits() -> None:
    x = tg.full((2, 4), 300.0, dtype=tg.float16)
    assert nn.RMSNorm(4, dtype=tg.float16)(x).tolist() == [[1.0] * 4] * 2


@pytest.mark.parametrize("name", LAYERS)
def test_compiled(name: str) -> None:
    kind, args, options, shape = LAYERS[name]
    assert_compiled_alike(lambda: getattr(nn, kind)(*args, **options, dtype=tg.float64), cotangent(shape, 0))


def test_layers_hold_what_every_module_promises() -> None:
    check_module(lambda: nn.GroupNorm(2, 4), tg.randn(3, 4, 2))
    check_module(lambda: nn.RMSNorm(4), tg.randn(3, 4))
    check_module(lambda: nn.InstanceNorm1d(4), tg.randn(3, 4, 5))
