"""Activations: the sample rows, and what is special."""

from __future__ import annotations

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
