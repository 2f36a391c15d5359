"""Transforms, constraints, and distributions made of others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from families import REAL, psd

import tinygrad_mlp as tg
import tinygrad_mlp.distributions as D
from tinygrad_mlp.distributions import constraints, utils

X = REAL


def pairs(library: Any) -> dict[str, tuple[Any, Any]]:
    """Transforms with an x for each, in a library."""
    d, c = library.distributions, library.distributions.constraints

    def t(value: Any) -> Any:
        return library.tensor(np.asarray(value, float))

    return {
        "exp": (d.ExpTransform(), t(X)),
        "sigmoid": (d.SigmoidTransform(), t(X)),
        "softplus": (d.SoftplusTransform(), t(X)),
        "tanh": (d.TanhTransform(), t(X)),
        "affine": (d.AffineTransform(t([1.0, 2, 3]), t([0.5, -1.0, 2.0])), t(X)),
        "affine of events": (d.AffineTransform(1.0, -2.0, event_dim=1), t(X)),
        "power": (d.PowerTransform(t([0.5, 2.0, -1.0])), t(np.abs(X))),
        "inverse": (d.ExpTransform().inv, t(np.abs(X))),
        "composed": (
            d.ComposeTransform([d.AffineTransform(0.5, 2.0), d.SigmoidTransform(), d.AffineTransform(-1.0, 2.0)]),
            t(X),
        ),
        "composed of several dimensions": (d.ComposeTransform([d.ExpTransform(), d.StickBreakingTransform()]), t(X)),
        "independent": (d.IndependentTransform(d.ExpTransform(), 1), t(X)),
        "reshape": (d.ReshapeTransform((2, 3), (6,)), t(X)),
        "stick breaking": (d.StickBreakingTransform(), t(X)),
        "correlation": (d.CorrCholeskyTransform(), t(X)),
        "cat": (d.CatTransform([d.ExpTransform(), d.AffineTransform(1.0, 2.0)], -1, [1, 2]), t(X)),
        "stack": (d.StackTransform([d.ExpTransform(), d.TanhTransform(), d.SigmoidTransform()], -1), t(X)),
        "distribution": (d.CumulativeDistributionTransform(d.Normal(t(0.5), t(2.0))), t(X)),
        "bounded": (d.biject_to(c.interval(-1.0, 3.0)), t(X)),
        "above": (d.biject_to(c.greater_than(2.0)), t(X)),
        "below": (d.biject_to(c.less_than(2.0)), t(X)),
        "bounded events": (d.biject_to(c.independent(c.positive, 1)), t(X)),
        "simplex": (d.biject_to(c.simplex), t(X)),
        "cat of constraints": (d.biject_to(c.cat([c.positive, c.unit_interval], -1, [2, 1])), t(X)),
        "stack of constraints": (d.biject_to(c.stack([c.positive, c.unit_interval, c.real], -1)), t(X)),
    }


@pytest.mark.parametrize("name", pairs(tg))
def test_against_torch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    (ours, x), (theirs, u) = pairs(tg)[name], pairs(torch)[name]
    y, v = ours(x.requires_grad_()), theirs(u.requires_grad_())
    np.testing.assert_allclose(y.detach(), v.detach().numpy(), rtol=1e-9, atol=1e-12)
    a, b = ours.log_abs_det_jacobian(x, y), theirs.log_abs_det_jacobian(u, v)
    np.testing.assert_allclose(a.detach(), b.detach().numpy(), rtol=1e-9, atol=1e-10)
    (a.sum() + (y * y).sum()).backward()
    (b.sum() + (v * v).sum()).backward()
    np.testing.assert_allclose(x.grad, u.grad.numpy(), rtol=1e-8, atol=1e-9)
    assert ours.bijective == theirs.bijective
    for ask in ("event_dim", "sign"):
        try:
            wanted = getattr(theirs, ask)
        except (NotImplementedError, ValueError) as error:
            with pytest.raises(type(error)):
                getattr(ours, ask)
        else:
            assert np.array_equal(getattr(ours, ask), wanted)
    if "cat" not in name and "stack" not in name:
        assert tuple(ours.forward_shape(x.shape)) == tuple(theirs.forward_shape(u.shape)) == tuple(y.shape)
        assert tuple(ours.inverse_shape(y.shape)) == tuple(theirs.inverse_shape(v.shape))
    assert ours.domain.event_dim == theirs.domain.event_dim
    assert ours.codomain.event_dim == theirs.codomain.event_dim


@pytest.mark.parametrize("name", pairs(tg))
def test_inverses_and_determinants(name: str) -> None:
    transform, x = pairs(tg)[name]
    y = transform(x)
    assert bool(transform.domain.check(x).all())
    assert bool(transform.codomain.check(y).all())
    np.testing.assert_allclose(transform.inv(y), x, rtol=1e-6, atol=1e-8)
    assert transform.inv.inv is transform
    np.testing.assert_allclose(transform.inv.log_abs_det_jacobian(y, x), -transform.log_abs_det_jacobian(x, y), atol=1e-10)
    cached = transform.with_cache()
    again = cached(x)
    assert cached.inv(again) is x or isinstance(cached, D.ComposeTransform)
    np.testing.assert_array_equal(again, y)
    if name not in ("correlation", "stick breaking", "simplex", "composed of several dimensions", "reshape"):
        h = 1e-5
        slope = (transform(x + h) - transform(x - h)) / (2 * h)
        terms = slope.abs().log()
        dims = terms.ndim - transform.log_abs_det_jacobian(x, y).ndim
        np.testing.assert_allclose(transform.log_abs_det_jacobian(x, y), utils._sum_rightmost(terms, dims), atol=1e-6)


def test_transforms_that_are_not_bijective() -> None:
    x = tg.tensor(X)
    np.testing.assert_allclose(D.SoftmaxTransform()(x), tg.softmax(x, -1))
    np.testing.assert_allclose(D.SoftmaxTransform()(D.SoftmaxTransform().inv(tg.softmax(x, -1))), tg.softmax(x, -1))
    assert D.AbsTransform()(x).equal(x.abs())
    matrix = tg.tensor(psd(3))
    lower = D.LowerCholeskyTransform()(matrix)
    np.testing.assert_allclose(D.LowerCholeskyTransform()(D.LowerCholeskyTransform().inv(lower)), lower)
    assert bool(constraints.positive_definite.check(D.transform_to(constraints.positive_definite)(matrix)))
    np.testing.assert_allclose(D.PositiveDefiniteTransform()(D.PositiveDefiniteTransform().inv(matrix)), matrix)
    assert bool(constraints.corr_cholesky.check(D.transform_to(constraints.corr_cholesky)(x)).all())


def test_equality() -> None:
    assert D.ExpTransform() == D.ExpTransform() != D.TanhTransform()
    assert D.AffineTransform(1.0, 2.0) == D.AffineTransform(1.0, 2.0) != D.AffineTransform(1.0, 3.0)
    assert D.AffineTransform(tg.ones(2), 2.0) == D.AffineTransform(tg.ones(2), 2.0)
    assert D.ComposeTransform([D.ExpTransform()]) == D.ComposeTransform([D.ExpTransform()])
    assert D.ExpTransform().inv == D.ExpTransform().inv
    assert D.identity_transform(X) is X


def test_texts() -> None:
    assert repr(D.ExpTransform()) == "ExpTransform()"
    assert (
        repr(D.ComposeTransform([D.ExpTransform(), D.AbsTransform()]))
        == "ComposeTransform(\n    ExpTransform(),\n    AbsTransform()\n)"
    )
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    for name in constraints.__all__:
        a, b = getattr(constraints, name), getattr(torch.distributions.constraints, name)
        if not isinstance(a, type) and name != "is_dependent":
            assert repr(a) == repr(b), name


@pytest.mark.parametrize(
    "name", [n for n in constraints.__all__ if isinstance(getattr(constraints, n), constraints.Constraint)]
)
def test_constraints_against_torch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if name == "dependent":
        return
    values = [
        psd(2),
        np.eye(2),
        np.ones((2, 2)),
        -np.eye(2),
        np.array([[0.0, 1], [0.5, 0.5]]),
        np.array([[1.0, 0], [0.6, 0.8]]),
    ]
    for value in [*values, np.full((2, 2), np.nan)]:
        a, b = getattr(constraints, name), getattr(torch.distributions.constraints, name)
        assert (a.event_dim, a.is_discrete) == (b.event_dim, b.is_discrete)
        np.testing.assert_array_equal(a.check(tg.tensor(value)), b.check(torch.tensor(value)).numpy(), err_msg=str(value))


def test_constraints_with_bounds() -> None:
    x = tg.tensor([-1.0, 0.0, 0.5, 1.0, 2.0])
    assert constraints.half_open_interval(0, 1).check(x).tolist() == [False, True, True, False, False]
    assert constraints.integer_interval(0, 1).check(x).tolist() == [False, True, False, True, False]
    assert constraints.less_than(upper_bound=1).check(x).tolist() == [True, True, True, False, False]
    assert constraints.greater_than_eq(1).check(x).tolist() == [False, False, False, True, True]
    assert repr(constraints.interval(0, 1)) == "Interval(lower_bound=0, upper_bound=1)"
    with pytest.raises(TypeError, match="lower_bound"):
        constraints.greater_than(1, 2)
    assert constraints.is_dependent(constraints.dependent(event_dim=1))
    with pytest.raises(NotImplementedError, match="statically"):
        _ = constraints.dependent.event_dim
    assert D.Uniform.support.event_dim == 0
    with pytest.raises(ValueError, match="dependent"):
        constraints.dependent.check(x)


def test_errors() -> None:
    for call, error in (
        (lambda: D.ExpTransform(2), ValueError),
        (lambda: D.ReshapeTransform((2,), (3,)), ValueError),
        (lambda: D.ReshapeTransform((2,), (2, 1)).forward_shape((3,)), ValueError),
        (lambda: D.CatTransform([D.ExpTransform()], 0, [1, 2]), AssertionError),
        (lambda: D.StackTransform([1]), AssertionError),
        (lambda: D.StackTransform([D.ExpTransform()])(tg.ones(3)), AssertionError),
        (lambda: D.StickBreakingTransform().forward_shape(()), ValueError),
        (lambda: D.CorrCholeskyTransform().forward_shape((4,)), ValueError),
        (lambda: D.SoftmaxTransform().log_abs_det_jacobian(tg.ones(1), tg.ones(1)), NotImplementedError),
        (lambda: D.biject_to(constraints.lower_cholesky), NotImplementedError),
        (lambda: D.TransformedDistribution(D.Normal(0.0, 1.0), D.StickBreakingTransform()), ValueError),
        (lambda: D.TransformedDistribution(D.Normal(0.0, 1.0), 1), ValueError),
        (lambda: D.Independent(D.Normal(0.0, 1.0), 1), ValueError),
        (lambda: D.biject_to.register(int, lambda c: c), TypeError),
        (lambda: utils.vec_to_tril_matrix(tg.ones(4)), ValueError),
        (lambda: utils.tril_matrix_to_vec(tg.ones(2, 2), 2), ValueError),
    ):
        with pytest.raises(error):
            call()


def composed(library: Any) -> list[tuple[Any, Any]]:
    """Distributions made of others, with values."""
    d = library.distributions

    def t(value: Any) -> Any:
        return library.tensor(np.asarray(value, float))

    normal = d.Normal(t(X), t(np.abs(X)))
    tanh = [d.AffineTransform(t(0.5), t(2.0)), d.TanhTransform(cache_size=1)]
    weights = d.Categorical(t([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]]))
    return [
        (d.Independent(normal, 1), t(X + 1)),
        (d.Independent(d.Bernoulli(t([0.2, 0.7])), 1), t([1.0, 0.0])),
        (d.Independent(d.Beta(t([0.2, 0.7]), t(2.0)), 0), t([0.5, 0.25])),
        (d.TransformedDistribution(normal, tanh), t(np.tanh(X))),
        (d.TransformedDistribution(d.Independent(normal, 1), d.ExpTransform()), t(np.exp(X))),
        (d.TransformedDistribution(normal, d.StickBreakingTransform()), t([0.1, 0.2, 0.3, 0.4])),
        (d.TransformedDistribution(d.Normal(t(0.0), t(1.0)), d.AffineTransform(t([1.0, 2.0]), t(-2.0))), t([0.5, 1.0])),
        (
            d.TransformedDistribution(d.Uniform(t(0.0), t(1.0)), [d.SigmoidTransform().inv, d.AffineTransform(1.0, 2.0)]),
            t(0.5),
        ),
        (d.MixtureSameFamily(weights, normal), t([0.5, 1.5])),
        (d.MixtureSameFamily(d.Categorical(t([0.2, 0.8])), d.Independent(normal, 1)), t([0.5, 1.5, -1.0])),
        (d.MixtureSameFamily(d.Categorical(t([0.2, 0.8])), d.MultivariateNormal(t(X), t(psd(3)))), t([0.5, 1.5, -1.0])),
    ]


@pytest.mark.parametrize("which", range(len(composed(tg))))
def test_composed_distributions_against_torch(which: int) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    (ours, x), (theirs, u) = composed(tg)[which], composed(torch)[which]
    assert (ours.batch_shape, ours.event_shape) == (tuple(theirs.batch_shape), tuple(theirs.event_shape))
    assert ours.has_rsample == theirs.has_rsample
    assert ours.has_enumerate_support == theirs.has_enumerate_support
    np.testing.assert_allclose(ours.log_prob(x), theirs.log_prob(u).numpy(), rtol=1e-9)
    for name in ("mean", "variance", "mode", "entropy", "cdf"):
        try:
            wanted = getattr(theirs, name)
            wanted = wanted() if name == "entropy" else wanted(u) if name == "cdf" else wanted
        except NotImplementedError:
            continue
        got = getattr(ours, name)
        got = got() if name == "entropy" else got(x) if name == "cdf" else got
        np.testing.assert_allclose(got, wanted.numpy(), rtol=1e-9)
    draws = ours.sample((5, 2))
    assert draws.shape == (5, 2, *ours.batch_shape, *ours.event_shape)
    assert np.isfinite(ours.log_prob(draws)).all()
    wide = ours.expand((3, *ours.batch_shape))
    assert wide.sample().shape == (3, *ours.batch_shape, *ours.event_shape)
    np.testing.assert_allclose(wide.log_prob(x)[2], ours.log_prob(x))
    assert type(ours.support).__name__ == type(theirs.support).__name__


def test_draws_of_a_mixture() -> None:
    tg.manual_seed(4)
    m = D.MixtureSameFamily(D.Categorical(tg.tensor([0.25, 0.75])), D.Normal(tg.tensor([-5.0, 5.0]), tg.tensor([1.0, 0.1])))
    draws = m.sample((4000,))
    assert abs((draws < 0).float().mean().item() - 0.25) < 0.03
    assert abs(draws[draws > 0].std().item() - 0.1) < 0.01
    for call, message in (
        (lambda: D.MixtureSameFamily(D.Normal(0.0, 1.0), D.Normal(tg.ones(2), 1.0)), "Categorical"),
        (lambda: D.MixtureSameFamily(D.Categorical(tg.ones(2)), D.Normal(tg.ones(3), 1.0)), "does not equal"),
        (lambda: D.MixtureSameFamily(D.Categorical(tg.ones(3, 2)), D.Normal(tg.ones(2, 2), 1.0)), "not compatible"),
        (lambda: D.MixtureSameFamily(D.Categorical(tg.ones(2)), 1), "Component"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
