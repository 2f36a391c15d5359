"""The rarer activation layers: values, gradients, options and errors like PyTorch's; and what holds without it."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from against_torch import assert_same, assert_same_error, both, numeric_gradients
from compiled_twin import assert_compiled_alike

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.nn import rarer_activations
from tinygrad_mlp.testing import check_module

X = np.linspace(-7.3, 8.1, 24).reshape(2, 3, 4)
KINKS = np.array([[0.0, -3.0, 3.0], [-1.0, 1.0, 6.0], [-0.5, 0.5, 2.0], [np.inf, -np.inf, 0.1]])
ELEMENTWISE: list[tuple[str, dict[str, Any]]] = [
    ("Hardswish", {}),
    ("Hardshrink", {}),
    ("Hardshrink", {"lambd": 1.5}),
    ("Softshrink", {}),
    ("Softshrink", {"lambd": 0.0}),
    ("Tanhshrink", {}),
    ("Threshold", {"threshold": 0.5, "value": 20.0}),
]
CALLS = [*ELEMENTWISE, ("GLU", {}), ("GLU", {"dim": 0}), ("Softmin", {"dim": 1}), ("Softmax2d", {})]
DRAWN = ["AlphaDropout", "FeatureAlphaDropout", "RReLU"]
every_call = pytest.mark.parametrize(("name", "options"), CALLS, ids=lambda v: str(v))


def test_every_layer_is_tried() -> None:
    assert {name for name, _ in CALLS} | set(DRAWN) == set(rarer_activations.__all__)


@every_call
def test_like_pytorch(name: str, options: dict[str, Any]) -> None:
    inexact = name == "Hardswish"  # torch has 1/6 in float32, and no second derivative
    code = lambda torch, x: getattr(torch.nn, name)(**options)(x)  # noqa: E731 - one line, used once
    assert_same(code, X, order=1 if inexact else 2, rtol=1e-7 if inexact else 1e-10)
    ours, theirs = (getattr(library.nn, name)(**options) for library in both())
    assert repr(ours) == repr(theirs)


@every_call
def test_derivatives_are_the_slopes(name: str, options: dict[str, Any]) -> None:
    numeric_gradients(lambda torch, x: getattr(torch.nn, name)(**options)(x), X[:, :, ::2])


@pytest.mark.parametrize(("name", "options"), ELEMENTWISE, ids=lambda v: str(v))
@pytest.mark.parametrize(
    "x", [KINKS[:3], np.array([np.inf, 0.1]), np.array(-0.7), np.zeros(0)], ids=["kinks", "inf", "0-d", "none"]
)
def test_kinks_and_edges_are_pytorchs(name: str, options: dict[str, Any], x: np.ndarray) -> None:
    assert_same(lambda torch, x: getattr(torch.nn, name)(**options)(x), x, order=1, rtol=1e-7)


@pytest.mark.parametrize(("name", "options"), ELEMENTWISE, ids=lambda v: str(v))
def test_nan_stays(name: str, options: dict[str, Any]) -> None:
    assert getattr(nn, name)(**options)(tg.tensor([np.nan])).isnan().item()


@pytest.mark.parametrize("name", rarer_activations.__all__)
def test_signatures_are_pytorchs(name: str) -> None:
    ours, theirs = (inspect.signature(getattr(library.nn, name)).parameters for library in both())
    got = [(p.name, p.default) for p in ours.values() if p.name not in ("args", "kwargs")]
    assert got == [(p.name, p.default) for p in theirs.values() if p.name not in ("args", "kwargs")]


def test_values() -> None:
    x = tg.tensor([-4.0, -0.4, 0.4, 4.0])
    assert nn.Hardswish()(x).tolist() == pytest.approx([0, -0.4 * 2.6 / 6, 0.4 * 3.4 / 6, 4])
    assert nn.Hardshrink()(x).tolist() == [-4, 0, 0, 4]
    assert nn.Softshrink()(x).tolist() == [-3.5, 0, 0, 3.5]
    assert nn.Threshold(0.4, 9.0)(x).tolist() == pytest.approx([9, 9, 9, 4])
    assert nn.GLU()(x).tolist() == pytest.approx([-4 / (1 + np.exp(-0.4)), -0.4 / (1 + np.exp(-4))])
    np.testing.assert_allclose(nn.Softmin(0)(x), nn.Softmax(0)(-x))


@pytest.mark.parametrize("name", ["relu_", "celu_", "elu_", "hardtanh_", "leaky_relu_", "selu_", "rrelu_"])
def test_functions_in_place(name: str) -> None:
    def code(torch: Any, x: Any) -> Any:
        y = x * 1.5
        assert getattr(torch.nn.functional, name)(y) is y
        return y

    assert_same(code, X, order=1, rtol=1e-7)
    y = tg.tensor(X)
    out_of_place = getattr(F, name[:-1])(tg.tensor(X))
    assert getattr(F, name)(y) is y
    assert y.equal(out_of_place)


@pytest.mark.parametrize(("name", "args"), [("Hardswish", ()), ("Threshold", (0.5, 2.0)), ("RReLU", ())])
def test_layers_in_place(name: str, args: Any) -> None:
    def code(torch: Any, x: Any) -> Any:
        y = x * 1.5
        z = getattr(torch.nn, name)(*args, inplace=True).eval()(y)
        assert z is y
        return y

    assert_same(code, X, order=1, rtol=1e-7)
    ours, theirs = (getattr(library.nn, name)(*args, inplace=True) for library in both())
    assert repr(ours) == repr(theirs)


def test_random_slopes() -> None:
    x = tg.full((1000,), -1.0).requires_grad_()
    layer = nn.RReLU(0.2, 0.4)
    y = layer(x)
    assert -0.4 <= float(y.min()) < -0.38
    assert -0.22 < float(y.max()) <= -0.2
    y.sum().backward()
    np.testing.assert_allclose(x.grad, -y.detach())
    assert layer.eval()(x).tolist() == pytest.approx([-0.3] * 1000)
    assert nn.RReLU()(tg.tensor([2.0])).item() == 2
    y = F.rrelu(x * 1, training=True, inplace=True)
    y.sum().backward()
    assert y.shape == (1000,)


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    tg.manual_seed(0)
    x = tg.randn(100, 1000)
    y = nn.AlphaDropout(0.3)(x)
    assert abs(float(y.mean())) < 0.02
    assert abs(float(y.var()) - 1) < 0.02
    limit = -1.7580993408473766 * 0.7 / ((1.7580993408473766**2 * 0.3 + 1) * 0.7) ** 0.5
    assert int(((y - limit).abs() < 1e-6).sum()) == pytest.approx(30_000, rel=0.05)
    assert nn.AlphaDropout(0.3).eval()(x) is x
    assert not nn.AlphaDropout(1.0)(x).any()


def test_feature_alpha_dropout_is_of_whole_channels() -> None:
    y = nn.FeatureAlphaDropout(0.5)(tg.ones(20, 30, 4))
    assert y.unique().numel() == 2
    assert y.equal(y[:, :, :1].expand(20, 30, 4))
    z = tg.ones(20, 30, 4) * 1
    assert F.feature_alpha_dropout(z, 0.5, True, inplace=True) is z
    assert z.unique().numel() == 2


def test_gumbel_samples_have_the_distribution() -> None:
    tg.manual_seed(0)
    logits = tg.tensor([0.2, 0.5, 0.3]).log().expand(20_000, 3).clone().requires_grad_()
    hard = F.gumbel_softmax(logits, tau=0.5, hard=True)
    assert set(hard.unique().tolist()) == {0.0, 1.0}
    np.testing.assert_allclose(hard.detach().mean(0), [0.2, 0.5, 0.3], atol=0.02)
    soft = F.gumbel_softmax(logits, tau=2.0)
    np.testing.assert_allclose(soft.detach().sum(-1), 1, rtol=1e-5)
    hard[:, 0].sum().backward()
    assert logits.grad.any()


@pytest.mark.parametrize(
    "code",
    [
        lambda torch: torch.nn.GLU()(torch.ones(3)),
        lambda torch: torch.nn.GLU()(torch.ones(())),
        lambda torch: torch.nn.Softshrink(-1.0)(torch.ones(3)),
        lambda torch: torch.nn.Softmax2d()(torch.ones(3)),
        lambda torch: torch.nn.AlphaDropout(1.5),
        lambda torch: torch.nn.functional.alpha_dropout(torch.ones(3), -0.1, True),
        lambda torch: torch.nn.functional.feature_alpha_dropout(torch.ones(3), 0.5, True),
        lambda torch: torch.nn.RReLU(0.5, 0.1)(torch.ones(3)),
    ],
)
def test_errors(code: Any) -> None:
    assert_same_error(code, "")


def test_bad_input_is_refused() -> None:
    with pytest.raises(RuntimeError, match="dimension -1 is size 3"):
        nn.GLU()(tg.ones(3))
    with pytest.raises(ValueError, match="3D or 4D"):
        nn.Softmax2d()(tg.ones(3))


@pytest.mark.parametrize(("name", "options"), ELEMENTWISE, ids=lambda v: str(v))
def test_compiled(name: str, options: dict[str, Any]) -> None:
    assert_compiled_alike(lambda: nn.Sequential(nn.Linear(4, 4, dtype=tg.float64), getattr(nn, name)(**options)), X[0])


def test_layers_hold_what_every_module_promises() -> None:
    check_module(nn.Hardswish, tg.randn(3, 4))
    check_module(nn.GLU, tg.randn(3, 4))
