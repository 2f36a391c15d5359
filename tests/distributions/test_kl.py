"""Divergences: against PyTorch for every pair that it has, and against means of draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from families import ROWS, UNIT, Row

import tinygrad_mlp as tg
import tinygrad_mlp.distributions as D
from tinygrad_mlp.distributions import kl

OTHERS = {  # parameters of a second distribution of the same family
    "Uniform": {"low": np.array([0.1, -2.0, 0.0]), "high": np.array([0.9, 3.0, 5.0])},
    "Binomial": {"total_count": 4, "probs": UNIT[0]},
    "Beta": {"concentration1": np.array([1.5, 2.0, 3.0]), "concentration0": np.array([0.7, 1.0, 2.0])},
}


def family(name: str) -> list[Row]:
    """Two distributions of a family: that of the table, and another."""
    rows = [row for row in ROWS if row.name == name]
    first = next((row for row in rows if np.ndim(next(iter(row.parameters.values())))), rows[0])
    rng = np.random.default_rng(1)
    if name in OTHERS:
        return [first, Row(name, OTHERS[name], None)]
    moved = {}
    for key, value in first.parameters.items():
        factor = rng.uniform(0.7, 1.3) if np.ndim(value) == 2 and "matrix" in key else rng.uniform(0.7, 1.3, np.shape(value))
        moved[key] = (
            value if isinstance(value, int) else np.minimum(value * factor, 0.95) if key == "probs" else value * factor
        )
    return [first, Row(name, moved, None)]


PAIRS = sorted({(p.__name__, q.__name__) for p, q in kl._REGISTRY} - {("ExponentialFamily", "ExponentialFamily")})
TABLED = {row.name for row in ROWS}


@pytest.mark.parametrize(("p", "q"), [pair for pair in PAIRS if {*pair} <= TABLED], ids="-".join)
def test_against_torch(p: str, q: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    for of_p, of_q in ((family(p)[0], family(q)[1]), (family(p)[1], family(q)[0])):
        made = [(of_p.made(library, requires_grad=True), of_q.made(library, requires_grad=True)) for library in (tg, torch)]
        ours, theirs = (
            library.distributions.kl_divergence(a, b) for library, ((a, _), (b, _)) in zip((tg, torch), made, strict=True)
        )
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-7, atol=1e-9)
        if np.isfinite(theirs.detach().numpy()).all():
            for value in (ours, theirs):
                value.sum().backward()
            leaves = [[*a, *b] for (_, a), (_, b) in made]
            for x, y in zip(*leaves, strict=True):
                wanted = np.zeros(x.shape) if y.grad is None else y.grad.numpy()
                np.testing.assert_allclose(
                    np.zeros(x.shape) if x.grad is None else x.grad.numpy(), wanted, rtol=1e-6, atol=1e-8
                )


def test_pairs_are_those_of_torch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    theirs = {(p.__name__, q.__name__) for p, q in torch.distributions.kl._KL_REGISTRY}
    assert {pair for pair in theirs if all(hasattr(D, name) for name in pair)} == {
        *PAIRS,
        ("ExponentialFamily", "ExponentialFamily"),
    }


@pytest.mark.parametrize(
    "name", ["Normal", "Gamma", "Beta", "Laplace", "Gumbel", "Poisson", "Geometric", "MultivariateNormal"]
)
def test_it_is_the_mean_of_a_difference(name: str) -> None:
    p, q = (row.made(tg)[0] for row in family(name))
    tg.manual_seed(8)
    draws = p.sample((20_000,))
    difference = (p.log_prob(draws) - q.log_prob(draws)).numpy()
    error = np.abs(difference.mean(0) - D.kl_divergence(p, q).numpy())
    assert (error < 5 * difference.std(0) / np.sqrt(20_000)).all()


def test_certain_events() -> None:
    zero, half, one = (D.Bernoulli(tg.tensor(v)) for v in (0.0, 0.5, 1.0))
    assert D.kl_divergence(half, one).item() == D.kl_divergence(half, zero).item() == np.inf
    assert D.kl_divergence(one, half).item() == pytest.approx(np.log(2), rel=1e-5)
    a, b = D.Categorical(tg.tensor([0.0, 1.0])), D.Categorical(tg.tensor([0.5, 0.5]))
    assert D.kl_divergence(b, a).item() == np.inf
    assert D.kl_divergence(a, b).item() == pytest.approx(np.log(2), rel=1e-5)


def test_composed_distributions() -> None:
    p, q = D.Normal(tg.tensor([0.0, 1.0]), 1.0), D.Normal(tg.tensor([1.0, 1.0]), 2.0)
    each = D.kl_divergence(p, q)
    np.testing.assert_allclose(D.kl_divergence(D.Independent(p, 1), D.Independent(q, 1)), each.sum())
    np.testing.assert_allclose(D.kl_divergence(D.LogNormal(0.0, 1.0), D.LogNormal(1.0, 2.0)), each[0])
    with pytest.raises(NotImplementedError, match="reinterpreted"):
        D.kl_divergence(D.Independent(p, 1), D.Independent(q, 0))
    with pytest.raises(NotImplementedError, match="transformed"):
        D.kl_divergence(D.LogNormal(0.0, 1.0), D.Weibull(1.0, 1.0))


def test_a_formula_of_the_user() -> None:
    class Mine(D.Normal):
        pass

    with pytest.raises(NotImplementedError, match="p type Cauchy and q type Normal"):
        D.kl_divergence(D.Cauchy(0.0, 1.0), D.Normal(0.0, 1.0))
    assert D.kl_divergence(Mine(1.0, 1.0), Mine(0.0, 1.0)).item() == 0.5
    registry = dict(kl._REGISTRY)
    try:
        D.register_kl(Mine, D.Normal)(lambda p, q: 7)
        assert D.kl_divergence(Mine(1.0, 1.0), D.Normal(0.0, 1.0)) == 7
        D.register_kl(D.Normal, Mine)(lambda p, q: 8)
        with pytest.warns(RuntimeWarning, match="Ambiguous"):
            D.kl_divergence(Mine(1.0, 1.0), Mine(0.0, 1.0))
    finally:
        kl._REGISTRY.clear()
        kl._REGISTRY.update(registry)
        kl._FOUND.clear()
    with pytest.raises(TypeError, match="type_q"):
        D.register_kl(D.Normal, int)
    _: Any = Mine
