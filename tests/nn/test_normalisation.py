"""BatchNorm1d and LayerNorm, held against their formulas, and against PyTorch's where it is installed."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import nn


@pytest.fixture
def torch() -> ModuleType:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def assert_same_pass(torch: ModuleType, theirs: Any, ours: Any, x: np.ndarray) -> None:
    """Forward and backward give the same output, gradients and buffers, in float64."""
    weights = normal(*x.shape, seed=9)
    sides = []
    for lib, layer in ((torch, theirs), (tg, ours)):
        layer.zero_grad()
        leaf = lib.tensor(x, requires_grad=True)
        y = layer(leaf)
        (y * lib.tensor(weights)).sum().backward()
        sides.append([y.detach(), leaf.grad, *(p.grad for p in layer.parameters()), *layer.buffers()])
    for their, our in zip(*sides, strict=True):
        np.testing.assert_allclose(our, their, rtol=1e-10, atol=1e-12)
        assert str(our.dtype).split(".")[1] == str(their.dtype).split(".")[1]


BATCH_NORM = [
    {},
    {"eps": 0.1},
    {"momentum": 0.3},
    {"momentum": None},
    {"affine": False},
    {"bias": False},
    {"track_running_stats": False},
]


@pytest.mark.parametrize("options", BATCH_NORM, ids=str)
@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5)])
def test_batch_norm_equals_pytorch(torch: ModuleType, options: dict[str, Any], shape: tuple[int, ...]) -> None:
    theirs, ours = (lib.nn.BatchNorm1d(3, dtype=lib.float64, **options) for lib in (torch, tg))
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for layer, lib in ((theirs, torch), (ours, tg)):
        with lib.no_grad():
            for position, parameter in enumerate(layer.parameters()):
                parameter.copy_(lib.tensor(normal(3, seed=position)))
    for step in range(3):
        assert_same_pass(torch, theirs, ours, normal(*shape, seed=step) * 2 + 1)
    theirs.eval()
    ours.eval()
    assert_same_pass(torch, theirs, ours, normal(*shape, seed=7))
    theirs.reset_running_stats()
    ours.reset_running_stats()
    assert_same_pass(torch, theirs, ours, normal(*shape, seed=8))


def test_batch_norm_by_its_formula() -> None:
    norm = nn.BatchNorm1d(2, eps=1e-300, dtype=tg.float64)
    x = normal(5, 2)
    y = norm(tg.tensor(x)).detach().numpy()
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-15)
    np.testing.assert_allclose(y.std(0), 1, rtol=1e-12)
    np.testing.assert_allclose(norm.running_mean, 0.1 * x.mean(0), rtol=1e-12)
    np.testing.assert_allclose(norm.running_var, 0.9 + 0.1 * x.var(0, ddof=1), rtol=1e-12)
    assert norm.num_batches_tracked.item() == 1
    norm.eval()
    z = norm(tg.tensor(x)).detach().numpy()
    np.testing.assert_allclose(z, (x - 0.1 * x.mean(0)) / np.sqrt(0.9 + 0.1 * x.var(0, ddof=1)), rtol=1e-12)
    assert norm.num_batches_tracked.item() == 1


def test_batch_norm_keeps_float32_and_its_buffers_out_of_the_graph() -> None:
    norm = nn.BatchNorm1d(3)
    x = tg.randn(8, 3, requires_grad=True)
    for _ in range(2):
        norm(x).square().sum().backward()
    assert norm.running_mean.dtype is tg.float32
    assert norm.running_mean.is_leaf
    assert x.grad.dtype is norm.weight.grad.dtype is tg.float32


def test_tracking_may_be_switched_off_and_on(torch: ModuleType) -> None:
    theirs, ours = (lib.nn.BatchNorm1d(3, dtype=lib.float64) for lib in (torch, tg))
    assert_same_pass(torch, theirs, ours, normal(5, 3, seed=1))
    for tracking, training in ((False, True), (False, False), (True, True), (True, False)):
        for layer in (theirs, ours):
            layer.track_running_stats = tracking
            layer.train(training)
        assert_same_pass(torch, theirs, ours, normal(5, 3, seed=2))
    assert ours.num_batches_tracked.item() == 2


def wrong_batch_norm(lib: ModuleType) -> dict[str, Any]:
    return {
        "one dimension": lambda: lib.nn.BatchNorm1d(3)(lib.ones(3)),
        "four dimensions": lambda: lib.nn.BatchNorm1d(3)(lib.ones(2, 3, 2, 2)),
        "one value per feature": lambda: lib.nn.BatchNorm1d(3)(lib.ones(1, 3)),
        "wrong number of features": lambda: lib.nn.BatchNorm1d(3)(lib.ones(4, 2)),
        "wrong normalized shape": lambda: lib.nn.LayerNorm(3)(lib.ones(4, 2)),
    }


@pytest.mark.parametrize("case", wrong_batch_norm(tg))
def test_wrong_input_raises_what_pytorch_raises(torch: ModuleType, case: str) -> None:
    with pytest.raises((ValueError, RuntimeError)) as theirs:
        wrong_batch_norm(torch)[case]()
    with pytest.raises(theirs.type):
        wrong_batch_norm(tg)[case]()


def test_messages_of_wrong_input() -> None:
    with pytest.raises(ValueError, match=r"expected 2D or 3D input \(got 1D input\)"):
        nn.BatchNorm1d(3)(tg.ones(3))
    with pytest.raises(ValueError, match="Expected more than 1 value per channel when training"):
        nn.BatchNorm1d(3)(tg.ones(1, 3))


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        (4, {}),
        ((4,), {"eps": 0.1}),
        ((3, 4), {}),
        ([3, 4], {"bias": False}),
        (4, {"elementwise_affine": False}),
    ],
    ids=str,
)
def test_layer_norm_equals_pytorch(torch: ModuleType, shape: Any, options: dict[str, Any]) -> None:
    theirs, ours = (lib.nn.LayerNorm(shape, dtype=lib.float64, **options) for lib in (torch, tg))
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for layer, lib in ((theirs, torch), (ours, tg)):
        with lib.no_grad():
            for position, parameter in enumerate(layer.parameters()):
                parameter.copy_(lib.tensor(normal(*parameter.shape, seed=position)))
    assert_same_pass(torch, theirs, ours, normal(2, 3, 4) * 3 + 1)


def test_layer_norm_by_its_formula() -> None:
    x = normal(5, 4)
    y = nn.LayerNorm(4, eps=0.0, dtype=tg.float64)(tg.tensor(x)).detach().numpy()
    expected = (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
    np.testing.assert_allclose(y, expected, rtol=1e-12)


@pytest.mark.parametrize("shape", [(0, 3), (0, 3, 4), (2, 3, 0)])
@pytest.mark.parametrize("momentum", [0.1, None])
def test_an_empty_batch_leaves_the_running_statistics_alone(shape: tuple[int, ...], momentum: float | None) -> None:
    def code(torch: Any, x: Any) -> Any:
        norm = torch.nn.BatchNorm1d(3, momentum=momentum)
        y = norm(x)
        y.sum().backward()
        assert tuple(y.shape) == shape
        return [t.tolist() for t in (norm.running_mean, norm.running_var, norm.num_batches_tracked, norm.weight.grad)]

    empty = tg.empty(*shape, requires_grad=True)
    assert code(tg, empty) == [[0.0] * 3, [1.0] * 3, 1, [0.0] * 3]
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    assert code(torch, torch.empty(shape, requires_grad=True)) == code(tg, empty)


def test_a_state_without_the_number_of_batches_can_be_loaded() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    model(tg.randn(4, 2))
    state = {key: value.clone() for key, value in model.state_dict().items() if "num_batches" not in key}
    twin = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    assert twin.load_state_dict(state) == ([], [])
    assert twin[1].running_mean.equal(model[1].running_mean)
    assert twin[1].num_batches_tracked.item() == 0
    del state["1.running_var"]
    with pytest.raises(RuntimeError, match=r"Missing key\(s\) in state_dict: \"1.running_var\""):
        twin.load_state_dict(state)
