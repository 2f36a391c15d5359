"""Draws: as they should be distributed, and gradients against differences of the distribution functions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from contract import Sample
from test_random import LIMIT, N, distance

import tinygrad_mlp as tg
from tinygrad_mlp.ops import draws
from tinygrad_mlp.ops.gamma import igamma_of


def _drawn(name: str, *arguments: np.ndarray):
    return Sample(name, (), torch_name="", call=lambda: getattr(draws, name)(*map(tg.tensor, arguments)))


H = np.full((2,), 0.5)
SAMPLES = [  # without arguments: what they give does not follow their inputs, of which they have gradients
    _drawn("_gamma_draw", H, H),
    _drawn("_dirichlet_draw", H, H),
    _drawn("_gamma_gradient", H, H),
    _drawn("_dirichlet_gradient", H, H, H * 2),
]


@pytest.fixture(autouse=True)
def _seed() -> None:
    tg.manual_seed(5)


@pytest.mark.parametrize("shape", [0.2, 1.0, 7.5])
def test_gamma(shape: float) -> None:
    x = draws.standard_gamma(tg.full((N,), shape, dtype=tg.float64))
    assert distance(x, lambda v: igamma_of(np.full(v.shape, shape), v)) < LIMIT


def test_fills() -> None:
    x = tg.empty(N, dtype=tg.float64)
    assert distance(x.exponential_(2.0), lambda v: 1 - np.exp(-2 * v)) < LIMIT
    assert distance(x.cauchy_(1.0, 2.0), lambda v: np.arctan((v - 1) / 2) / math.pi + 0.5) < LIMIT
    assert (
        distance(
            x.log_normal_(0.5, 0.25).log().sub(0.5).div(0.25), lambda v: 0.5 + 0.5 * tg.erf(tg.tensor(v / 2**0.5)).numpy()
        )
        < LIMIT
    )
    counts = x.geometric_(0.25).long().bincount().numpy()
    np.testing.assert_allclose(counts[1:5] / N, 0.25 * 0.75 ** np.arange(4), atol=0.01)
    assert tg.empty(3).exponential_().dtype is tg.float32


def test_counts() -> None:
    counts = tg.poisson(tg.full((N,), 2.0)).long().bincount().numpy()
    np.testing.assert_allclose(counts[:4] / N, [math.exp(-2) * 2**k / math.factorial(k) for k in range(4)], atol=0.01)
    counts = tg.binomial(tg.full((N,), 3.0), tg.full((N,), 0.25)).long().bincount().numpy()
    np.testing.assert_allclose(counts / N, [math.comb(3, k) * 0.25**k * 0.75 ** (3 - k) for k in range(4)], atol=0.01)
    same = [tg.poisson(tg.ones(5), generator=tg.Generator().manual_seed(1)).tolist() for _ in range(2)]
    assert same[0] == same[1]


def test_dirichlet() -> None:
    x = draws.standard_dirichlet(tg.tensor([0.01, 0.5, 3.0]).expand(N, 3))
    np.testing.assert_allclose(x.sum(-1), np.ones(N), rtol=1e-5)
    np.testing.assert_allclose(x.mean(0), np.array([0.01, 0.5, 3.0]) / 3.51, atol=0.01)
    assert (x > 0).all()


def test_the_gradient_of_a_gamma_draw() -> None:
    z = np.logspace(-8, 2.5, 60)
    for a in (0.01, 0.5, 1.0, 3.3, 40.0, 200.0):
        h = 1e-4 * a
        shapes = [np.full(z.shape, a + k * h) for k in (-1, 0, 1)]
        low, middle, high = (igamma_of(s, z) for s in shapes)
        density = np.exp((a - 1) * np.log(z) - z - math.lgamma(a))
        inside = (middle > 1e-6) & (middle < 1 - 1e-6)
        assert inside.any()
        expected = (low - high)[inside] / (2 * h) / density[inside]
        np.testing.assert_allclose(draws.gamma_slope(shapes[1], z)[inside], expected, rtol=1e-4)
    np.testing.assert_allclose(draws.gamma_slope(np.ones(1), np.array([math.log(2)])), [0.968044830442], rtol=1e-8)


def test_gradients_of_draws_are_those_of_torch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(0)
    a, b = np.exp(rng.normal(0, 1.5, (2, 200)))
    z = rng.gamma(a)
    theirs = torch._standard_gamma_grad(torch.tensor(a), torch.tensor(z)).numpy()
    np.testing.assert_allclose(draws.gamma_slope(a, z), theirs, rtol=2e-3)
    x = np.clip(rng.beta(a, b), 1e-12, 1 - 1e-6)
    theirs = torch._dirichlet_grad(torch.tensor(x), torch.tensor(a), torch.tensor(a + b)).numpy()
    np.testing.assert_allclose(draws.dirichlet_slope(x, a, a + b), theirs, rtol=2e-2)


def test_a_beta_draw_of_a_whole_shape() -> None:
    x, a = np.linspace(0.01, 0.99, 9), np.linspace(0.2, 5, 9)  # of Beta(a, 1), which is u^(1/a)
    np.testing.assert_allclose(draws.dirichlet_slope(x, a, a + 1), -x * np.log(x) / a / (1 - x), rtol=1e-9)


def test_draws_are_differentiated_once() -> None:
    a = tg.tensor([2.0], requires_grad=True)
    (g,) = tg.autograd.grad(draws.standard_gamma(a).sum(), a, create_graph=True)
    with pytest.raises(NotImplementedError, match="once"):
        g.sum().backward()


def test_errors() -> None:
    for call, message in (
        (lambda: tg.poisson(-tg.ones(1)), "non-negative"),
        (lambda: tg.binomial(tg.ones(1), tg.ones(1) * 2), "prob in"),
        (lambda: tg.ones(1).exponential_(-1), "lambda"),
        (lambda: tg.ones(1).cauchy_(0, 0), "sigma"),
        (lambda: tg.ones(1).geometric_(1.5), "in \\(0, 1\\)"),
    ):
        with pytest.raises(RuntimeError, match=message):
            call()
    with pytest.raises(NotImplementedError, match="poisson"):
        tg.poisson(tg.ones(1, dtype=tg.int64))
