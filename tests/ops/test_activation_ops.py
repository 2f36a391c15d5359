"""Activations: the sample rows, and what is special."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from contract import Sample, apart, booleans, normal, positive

import tinygrad_mlp as tg
from tinygrad_mlp.core.primitive import OPS
from tinygrad_mlp.errors import DTypeError, ShapeError

A = normal(2, 3) * 2

KINKY = apart(3, 4) * 6  # on both sides of every bound, on none


def functional(name: str, **fixed: Any) -> Any:
    """torch.nn.functional's function, imported where it is called."""

    def call(*args: Any, **kwargs: Any) -> Any:
        import torch

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "reduction: 'mean' divides")  # kl_div's opinion
            return getattr(torch.nn.functional, name)(*args, **fixed, **kwargs)

    return call


SAMPLES = [
    *[
        Sample(name, (KINKY,), kwargs, torch_fn=functional(name))
        for name, kwargs in (
            ("softplus", {}),
            ("softplus", {"beta": 2.0, "threshold": 3.1}),
            ("logsigmoid", {}),
            ("silu", {}),
            ("mish", {}),
            ("gelu", {}),
            ("gelu", {"approximate": "tanh"}),
            ("elu", {}),
            ("elu", {"alpha": 0.3}),
            ("selu", {}),
            ("celu", {}),
            ("celu", {"alpha": 0.5}),
            ("leaky_relu", {}),
            ("leaky_relu", {"negative_slope": 0.3}),
            ("hardtanh", {}),
            ("hardtanh", {"min_val": -2.0, "max_val": 0.5}),
            ("softsign", {}),
        )
    ],
    Sample(
        "leak",
        (KINKY[::-1].copy(), KINKY, 0.3),
        torch_fn=lambda x, source, slope: x.where(source > 0, x * slope) + source * 0,
    ),
    Sample(
        "_leaked",
        (apart(3, 4, seed=1), apart(3, 4, seed=2), KINKY),
        torch_fn=lambda x, other, source: (x * other).where(source <= 0, 0) + source * 0,
    ),
    Sample(
        "_within",
        (KINKY[::-1].copy(), KINKY, -1.0, 2.0),
        torch_fn=lambda x, source, low, high: x.where((source > low) & (source < high), 0) + source * 0,
    ),
    Sample(
        "_decay",
        (KINKY, 0.7, 1.3, 2.0),
        torch_fn=lambda x, size, rate, above: (size * (rate * x).exp()).where(x <= 0, above),
    ),
    Sample(
        "_softplus_slope",
        (KINKY, 2.0, 3.1),
        torch_fn=lambda x, beta, threshold: (beta * x).sigmoid().where(beta * x <= threshold, 1),
    ),
    Sample(
        "normal_slope",
        (KINKY,),
        torch_fn=lambda x: (1 + (x / 2**0.5).erf()) / 2 + x * (-x * x / 2).exp() / (2 * np.pi) ** 0.5,
    ),
    Sample("hardsigmoid", (KINKY,), torch_fn=functional("hardsigmoid"), rtol=1e-7),
    *[Sample(name, (np.array(0.7),), torch_fn=functional(name)) for name in ("elu", "leaky_relu", "hardtanh", "softplus")],
    *[Sample("prelu", (KINKY, w), torch_fn=functional("prelu")) for w in (positive(1), positive(4))],
    Sample("prelu", (apart(2, 3, 4), positive(3)), torch_fn=functional("prelu")),
    Sample("masked_scale", (A, booleans(2, 3)), {"scale": 1.25}, torch_fn=lambda x, mask, scale: x * mask * scale),
]


def tensor(values: Any, **kwargs: Any) -> tg.Tensor:
    return tg.tensor(values, **{"dtype": tg.float64, **kwargs})


@pytest.mark.parametrize("name", ["softplus", "logsigmoid", "silu", "mish", "gelu", "elu", "leaky_relu", "hardsigmoid"])
def test_activations_refuse_integers(name: str) -> None:
    with pytest.raises(DTypeError, match=f"{name} is not implemented for"):
        OPS[name](tg.tensor([1, 2]))


@pytest.mark.parametrize("x", [0.0, -1000.0, 1000.0, -40.0, 40.0])
@pytest.mark.parametrize(
    "name", ["softplus", "logsigmoid", "silu", "mish", "gelu", "elu", "selu", "celu", "leaky_relu", "hardtanh", "softsign"]
)
def test_far_out_values_and_gradients_of_both_orders_stay_finite(name: str, x: float) -> None:
    t = tensor([x], requires_grad=True)
    y = OPS[name](t)
    (g,) = tg.autograd.grad(y, t, tg.ones_like(y), create_graph=True)
    assert np.isfinite([y.item(), g.item()]).all()
    if g.requires_grad:
        (h,) = tg.autograd.grad(g, t, tg.ones_like(g))
        assert np.isfinite(h.item())


def test_activations_keep_their_relative_precision_in_the_tails() -> None:
    assert OPS["gelu"](tensor([-10.0])).item() == pytest.approx(-10 * 7.61985302416e-24, rel=1e-10)
    assert OPS["logsigmoid"](tensor([40.0])).item() == pytest.approx(-4.248354255291589e-18, rel=1e-14)
    assert OPS["softplus"](tensor([-40.0])).item() == pytest.approx(4.248354255291589e-18, rel=1e-14)
    assert OPS["elu"](tensor([-1e-12])).item() == pytest.approx(-1e-12, rel=1e-11)


def test_celu_and_gelu_refuse_what_is_not_defined() -> None:
    with pytest.raises(RuntimeError, match="alpha cannot be 0 for CELU"):
        tg.celu(tg.ones(2), 0.0)
    with pytest.raises(RuntimeError, match="approximate argument must be either none or tanh, got 'erf'"):
        OPS["gelu"](tg.ones(2), approximate="erf")


def test_prelu_with_one_weight_keeps_every_shape() -> None:
    for shape in ((), (3,), (2, 3), (2, 3, 4)):
        assert tg.prelu(tg.full(shape, -2.0), tg.tensor([0.5])).shape == shape


def test_prelu_names_what_does_not_fit() -> None:
    x = tg.ones(2, 3)
    with pytest.raises(ShapeError, match=r"parameter numbers = 2 and channel size = 3 of an input of shape \(2, 3\)"):
        tg.prelu(x, tg.ones(2))
    with pytest.raises(ShapeError, match=r"parameter numbers = 2 and channel size = 1 of an input of shape \(2,\)"):
        tg.prelu(x[:, 0], tg.ones(2))
    with pytest.raises(ShapeError, match="scalar or 1D tensor"):
        tg.prelu(x, tg.ones(3, 1))
    with pytest.raises(DTypeError, match=r"Type promoting not supported. Got tinygrad_mlp.float32 and tinygrad_mlp.float64"):
        tg.prelu(x, tg.ones(3, dtype=tg.float64))


def test_prelu_does_not_leak_nan_to_where_its_weight_does_not_count() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    found = []
    for library in (tg, torch):
        x = library.tensor([1.0, -1.0, 2.0], dtype=library.float64, requires_grad=True)
        weight = library.tensor([0.5], dtype=library.float64, requires_grad=True)
        y = library.nn.functional.prelu(x, weight) / 0
        first = library.autograd.grad(y.sum(), [x, weight], create_graph=True)
        second = library.autograd.grad(first[0].sum() + first[1].sum(), [x, weight])
        found.append([g.detach().numpy() for g in (*first, *second)])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert found[0][2].tolist() == [0, np.inf, 0]


SHARP = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-30, -1e-30, 1e30, -1e30, 3.0, -3.0, 19.9, 20.1, 6.0, -1.0]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *[
            (name, {})
            for name in ("elu", "selu", "celu", "leaky_relu", "softplus", "silu", "hardtanh", "hardsigmoid", "logsigmoid")
        ],
        *(("elu", {"alpha": 0.3}), ("celu", {"alpha": 2.0}), ("softplus", {"beta": -1.5}), ("softplus", {"threshold": 1.0})),
        *[("leaky_relu", {"negative_slope": slope}) for slope in (0.0, 1.0, 2.5, -0.5)],
    ],
)
@pytest.mark.parametrize("count", [32, 960])  # PyTorch itself gives other values where fewer than 16 remain
def test_what_is_no_number_and_the_signs_of_zeros_are_as_in_pytorch(name: str, options: dict[str, Any], count: int) -> None:
    torch = pytest.importorskip("torch")
    values = np.resize(np.array(SHARP, np.float32), count)
    ours, theirs = tg.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    y, expected = getattr(tg.nn.functional, name)(ours, **options), functional(name)(theirs, **options)
    y.sum().backward()
    expected.sum().backward()
    np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), rtol=1e-6, atol=1e-30)
    zeros = np.flatnonzero((values == 0) & (options.get("negative_slope", 1) >= 0))
    np.testing.assert_array_equal(np.signbit(y.detach().numpy()[zeros]), torch.signbit(expected.detach())[zeros].numpy())
    assert ours.grad is not None
    # PyTorch's slopes at nan depend on the place, those at infinities are nan or a number
    finite = np.isfinite(values) if name == "silu" else ~np.isnan(values)
    np.testing.assert_allclose(ours.grad.numpy()[finite], theirs.grad.numpy()[finite], rtol=1e-6, atol=1e-30)


def test_prelu_of_what_is_no_number() -> None:
    x, weight = tg.tensor(SHARP, requires_grad=True), tg.tensor([0.25], requires_grad=True)
    y = tg.prelu(x, weight)
    np.testing.assert_array_equal(y.detach().numpy(), [v if not v <= 0 else v / 4 for v in x.tolist()])
    tg.where(tg.isfinite(x), y, 0.0).sum().backward()
    assert x.grad is not None
    finite = [i for i, v in enumerate(SHARP) if math.isfinite(v)]
    assert x.grad[finite].tolist() == [1 if SHARP[i] > 0 else 0.25 for i in finite]


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 2e-6), (np.float64, 1e-14)])
@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_to_the_last_digits_far_out_too(approximate: str, dtype: Any, tolerance: float) -> None:
    x = np.concatenate([np.linspace(-5, 5, 999), [1e30, math.inf, 0.0, -0.0]])
    rest = [math.erfc(abs(v) / math.sqrt(2)) / 2 for v in x.astype(dtype)]
    expected = [v * (1 - q) if v > 0 else v * q for v, q in zip(x.astype(dtype).tolist(), rest, strict=True)]
    y = tg.nn.functional.gelu(tg.from_numpy(x.astype(dtype)), approximate=approximate).numpy()
    if approximate == "none":
        np.testing.assert_allclose(y, expected, rtol=tolerance)
    else:
        np.testing.assert_allclose(y, expected, atol=5e-4)
    assert np.signbit(y[-2:]).tolist() == [False, True]


@pytest.mark.parametrize(
    "name", ["gelu", "elu", "selu", "leaky_relu", "softplus", "hardtanh", "hardsigmoid", "silu", "mish"]
)
def test_large_strided_and_empty_inputs(name: str) -> None:
    values = np.random.default_rng(0).standard_normal((400, 300)).astype(np.float32)
    function = getattr(tg.nn.functional, name)
    whole = function(tg.from_numpy(values)).numpy()
    np.testing.assert_allclose(function(tg.from_numpy(values).T).numpy(), whole.T, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(function(tg.from_numpy(values)[::2, ::3]).numpy(), whole[::2, ::3], rtol=1e-6, atol=1e-7)
    empty = tg.zeros(0, 3, requires_grad=True)
    function(empty).sum().backward()
    assert empty.grad is not None
    assert empty.grad.shape == (0, 3)
