"""Linear, Bilinear, Identity, Flatten, Unflatten, held against PyTorch's where it is installed."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import nn


@pytest.fixture
def torch() -> ModuleType:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(list(shape)).standard_normal(shape)


def assert_same_pass(torch: ModuleType, theirs: Any, ours: Any, *inputs: np.ndarray) -> None:
    """Forward and backward with the same weights give the same output and the same gradients, in float64."""
    ours.load_state_dict({k: tg.from_numpy(v.numpy().copy()) for k, v in theirs.state_dict().items()})
    xs = [[lib.tensor(x, requires_grad=True) for x in inputs] for lib in (torch, tg)]
    outputs = [layer(*x) for layer, x in zip((theirs, ours), xs, strict=True)]
    np.testing.assert_allclose(outputs[1].detach(), outputs[0].detach(), rtol=1e-12, atol=1e-14)
    weights = normal(*outputs[0].shape)
    for lib, y in zip((torch, tg), outputs, strict=True):
        (y * lib.tensor(weights)).sum().backward()
    pairs = [*zip(*xs, strict=True), *zip(theirs.parameters(), ours.parameters(), strict=True)]
    for their, our in pairs:
        np.testing.assert_allclose(our.grad, their.grad, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("leading", [(), (4,), (4, 5)])
def test_linear_equals_pytorch(torch: ModuleType, bias: bool, leading: tuple[int, ...]) -> None:
    theirs, ours = (lib.nn.Linear(3, 2, bias=bias, dtype=lib.float64) for lib in (torch, tg))
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert_same_pass(torch, theirs, ours, normal(*leading, 3))


@pytest.mark.parametrize("bias", [True, False])
def test_bilinear_equals_pytorch(torch: ModuleType, bias: bool) -> None:
    theirs, ours = (lib.nn.Bilinear(3, 4, 2, bias=bias, dtype=lib.float64) for lib in (torch, tg))
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert_same_pass(torch, theirs, ours, normal(5, 3), normal(5, 4))


def test_linear_is_x_times_w_transposed_plus_b() -> None:
    layer = nn.Linear(3, 2)
    x = tg.randn(4, 3)
    expected = x.numpy() @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
    np.testing.assert_allclose(layer(x).detach(), expected, rtol=1e-6)
    assert layer(x).dtype is tg.float32
    assert layer.weight.shape == (2, 3)


@pytest.mark.parametrize("make", [lambda: nn.Linear(400, 300), lambda: nn.Bilinear(400, 3, 100)])
def test_initial_values_are_uniform_within_one_over_root_of_fan_in(make: Any) -> None:
    layer = make()
    bound = 1 / math.sqrt(400)
    for parameter in layer.parameters():
        values = parameter.detach().numpy()
        assert np.abs(values).max() <= bound
        assert np.abs(values).max() > 0.9 * bound
        assert abs(values.mean()) < 4 * bound / math.sqrt(3 * values.size)
        assert values.std() == pytest.approx(bound / math.sqrt(3), rel=0.1)


def test_initial_values_follow_the_seed() -> None:
    tg.manual_seed(5)
    first = nn.Linear(3, 2).weight
    second = nn.Linear(3, 2).weight
    tg.manual_seed(5)
    again = nn.Linear(3, 2).weight
    assert first.equal(again)
    assert not first.equal(second)


def test_linear_without_inputs_warns_as_pytorch(torch: ModuleType) -> None:
    for lib in (torch, tg):
        with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
            layer = lib.nn.Linear(0, 2)
        assert layer.bias.tolist() == [0.0, 0.0]
        assert layer(lib.ones(3, 0)).tolist() == [[0.0, 0.0]] * 3


def test_wrong_shape_and_dtype_are_named() -> None:
    with pytest.raises(RuntimeError, match=r"linear.*\(4, 5\).*\(2, 3\)"):
        nn.Linear(3, 2)(tg.ones(4, 5))
    with pytest.raises(ValueError, match="in1_features must be > 0, but got 0"):
        nn.Bilinear(0, 1, 1)
    with pytest.raises(RuntimeError, match="bilinear"):
        nn.Bilinear(3, 4, 2)(tg.ones(5, 4), tg.ones(5, 4))


def test_identity_takes_anything() -> None:
    x = tg.ones(2)
    assert nn.Identity(1, 2, three=3)(x) is x


@pytest.mark.parametrize(
    ("name", "args", "shape"),
    [
        ("Flatten", (), (2, 3, 4)),
        ("Flatten", (0,), (2, 3, 4)),
        ("Flatten", (0, 1), (2, 3, 4)),
        ("Flatten", (-2, -1), (2, 3, 4)),
        ("Unflatten", (1, (2, 3)), (2, 6)),
        ("Unflatten", (-1, (2, -1)), (2, 6)),
        ("Unflatten", (0, [2, 1]), (2, 6)),
    ],
)
def test_reshaping_layers_equal_pytorch(torch: ModuleType, name: str, args: tuple[Any, ...], shape: tuple[int, ...]) -> None:
    theirs, ours = (getattr(lib.nn, name)(*args) for lib in (torch, tg))
    assert repr(ours) == repr(theirs)
    assert_same_pass(torch, theirs, ours, normal(*shape))


@pytest.mark.parametrize("args", [(1, 5), (1, ("a", 3))])
def test_unflatten_refuses_what_pytorch_refuses(torch: ModuleType, args: Any) -> None:
    for lib in (torch, tg):
        with pytest.raises(TypeError):
            lib.nn.Unflatten(*args)
    with pytest.raises(TypeError, match=r"unflattened_size must be a tuple of ints, but got 5"):
        nn.Unflatten(1, 5)
    with pytest.raises(TypeError, match=r"dim must be an int, but got float"):
        nn.Unflatten(1.5, (2, 3))
