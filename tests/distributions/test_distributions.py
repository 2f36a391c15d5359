"""Every distribution of the table: against PyTorch, draws against distribution functions and moments, shapes and checks."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import pytest
from families import ROWS, UNIT, Row

import tinygrad_mlp as tg
import tinygrad_mlp.distributions as D

every_row = pytest.mark.parametrize("row", ROWS, ids=str)
# in whose draws the moments do not show: they have none, or few draws decide them
WITHOUT_MOMENTS = ("Categorical", "Cauchy", "FisherSnedecor", "HalfCauchy", "InverseGamma", "Pareto", "StudentT", "VonMises")
PROPERTIES = ("mean", "mode", "variance", "stddev", "entropy", "perplexity")


def asked(distribution: Any, name: str, values: Any) -> Any:
    """A property, or what a method gives for the values; None where it is not implemented."""
    try:
        found = getattr(distribution, name)
        return found if not callable(found) else found() if name in PROPERTIES else found(values)
    except NotImplementedError:
        return None


def questions(row: Row) -> list[tuple[str, np.ndarray]]:
    quantiles = UNIT[0] if row.name != "Normal" or np.ndim(row.values) > 1 else UNIT[0, :2]
    found = [(name, row.values) for name in (*PROPERTIES, "log_prob", "cdf")] + [("icdf", quantiles)]
    return [(name, values) for name, values in found if name not in row.skip]


@every_row
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
def test_against_torch(row: Row, dtype: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    limits = {"rtol": 1e-8, "atol": 1e-10} if dtype == np.float64 else {"rtol": 2e-4, "atol": 2e-5}
    for name, values in questions(row):
        (ours, leaves), (theirs, others) = row.made(tg, dtype, True), row.made(torch, dtype, True)
        assert ours.batch_shape == tuple(theirs.batch_shape)
        assert ours.event_shape == tuple(theirs.event_shape)
        values = values.astype(dtype) if values.dtype.kind == "f" else values
        given = [library.tensor(values) for library in (tg, torch)]
        floating = values.dtype.kind == "f" and row.name not in ("Multinomial", "OneHotCategorical")
        a, b = (asked(d, name, v.requires_grad_() if floating else v) for d, v in zip((ours, theirs), given, strict=True))
        assert (a is None) == (b is None), name
        if a is None:
            continue
        assert a.dtype.name == str(b.dtype).removeprefix("torch."), name
        assert tuple(a.shape) == tuple(b.shape), name
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), err_msg=name, **limits)
        finite = np.isfinite(b.detach().numpy()).all()
        if name == "cdf" and row.name in ("Gamma", "Chi2", "InverseGamma"):  # shapes have no gradient in either
            with pytest.raises(NotImplementedError, match="igamma"):
                a.sum().backward()
        elif b.requires_grad and b.dtype.is_floating_point and finite:
            a.sum().backward()
            b.sum().backward()
            for x, y in zip([*leaves, given[0]], [*others, given[1]], strict=True):
                wanted = np.zeros(x.shape) if y.grad is None else y.grad.numpy()
                if np.isfinite(wanted).all():
                    got = np.zeros(x.shape) if x.grad is None else x.grad.numpy()
                    np.testing.assert_allclose(
                        got, wanted, err_msg=f"gradient of {name}", rtol=20 * limits["rtol"], atol=100 * limits["atol"]
                    )


@every_row
def test_texts_shapes_and_supports_are_those_of_torch(row: Row) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    (ours, _), (theirs, _) = row.made(tg), row.made(torch)
    assert repr(ours) == repr(theirs)
    assert ours.has_rsample == theirs.has_rsample
    assert ours.has_enumerate_support == theirs.has_enumerate_support
    assert ours.support.event_dim == theirs.support.event_dim
    assert ours.support.is_discrete == theirs.support.is_discrete
    assert type(ours.support).__name__ == type(theirs.support).__name__
    if ours.has_enumerate_support:
        for expand in (True, False):
            np.testing.assert_array_equal(ours.enumerate_support(expand), theirs.enumerate_support(expand).numpy())
    for attribute in (
        "param_shape",
        "total_count",
        "probs",
        "logits",
        "scale_tril",
        "covariance_matrix",
        "precision_matrix",
        "df",
    ):
        if hasattr(theirs, attribute):
            np.testing.assert_allclose(
                getattr(ours, attribute), np.asarray(getattr(theirs, attribute)), rtol=1e-8, atol=1e-12
            )


@every_row
def test_draws(row: Row) -> None:
    ours, leaves = row.made(tg, requires_grad=True)
    tg.manual_seed(3)
    shape = ours.batch_shape + ours.event_shape
    assert ours.sample().shape == shape
    draws = ours.sample((4000,))
    assert draws.shape == (4000, *shape)
    assert not draws.requires_grad
    assert draws.dtype is (tg.int64 if row.name == "Categorical" else tg.float64 if leaves else tg.float32)
    assert np.isfinite(ours.log_prob(draws).detach().numpy()).all()  # and so within the support
    mean, variance = asked(ours, "mean", None), asked(ours, "variance", None)
    if mean is not None and row.name not in WITHOUT_MOMENTS:
        mean, variance = mean.detach().numpy(), variance.detach().numpy()
        assert (np.abs(draws.mean(0).numpy() - mean) < 4.5 * np.sqrt(variance / 4000)).all()
        np.testing.assert_allclose(draws.var(0).numpy(), variance, rtol=0.35)
    if row.name != "VonMises" and not ours.event_shape and (uniform := asked(ours, "cdf", draws)) is not None:
        ranks = np.sort(uniform.detach().numpy(), 0).reshape(4000, -1)
        steps = np.arange(4000)[:, None] / 4000
        assert np.abs(ranks - steps).max() < 2.2 / math.sqrt(4000)
    if ours.has_rsample:
        x = ours.rsample((2,))
        assert x.requires_grad == bool(leaves)
        if leaves:
            x.sum().backward()
            assert all(np.isfinite(leaf.grad.numpy()).all() for leaf in leaves if leaf.grad is not None)
    else:
        with pytest.raises(NotImplementedError):
            D.Distribution.rsample(ours)


@every_row
def test_expanded(row: Row) -> None:
    ours, _ = row.made(tg)
    wide = ours.expand((2, *ours.batch_shape))
    assert type(wide) is type(ours)
    assert wide.batch_shape == (2, *ours.batch_shape)
    assert wide.event_shape == ours.event_shape
    assert wide.sample((3,)).shape == (3, 2, *ours.batch_shape, *ours.event_shape)
    values = ours.sample()
    np.testing.assert_allclose(wide.log_prob(values)[1], ours.log_prob(values))
    for name in ("mean", "variance", "entropy"):
        a, b = asked(wide, name, None), asked(ours, name, None)
        if a is not None:
            assert a.shape == (2, *b.shape)
            np.testing.assert_allclose(a[0], b)


@every_row
def test_values_and_parameters_are_checked(row: Row) -> None:
    ours, _ = row.made(tg)
    bad = tg.full(ours.batch_shape + ours.event_shape, math.nan)
    with pytest.raises(ValueError, match="within the support"):
        ours.log_prob(bad)
    with pytest.raises(ValueError, match="must be a Tensor"):
        ours._validate_sample(0.5)
    unchecked, _ = row.made(tg, validate_args=False)
    if row.name not in ("Categorical", "OneHotCategorical", "OneHotCategoricalStraightThrough", "RelaxedBernoulli"):
        unchecked.log_prob(bad)
    name, value = next((k, v) for k, v in row.parameters.items() if k not in ("total_count", "temperature", "dim"))
    if isinstance(value, np.ndarray) and row.name not in ("Kumaraswamy",):
        broken = Row(row.name, {**row.parameters, name: value * math.nan}, None)
        with pytest.raises(ValueError, match="constraint"):
            broken.made(tg)


@pytest.mark.parametrize(
    "row", [r for r in ROWS if r.name in ("Normal", "Gamma", "Beta", "Dirichlet", "MultivariateNormal")], ids=str
)
def test_second_derivatives_of_log_prob(row: Row) -> None:
    leaves = row.made(tg, requires_grad=True)[1]
    if leaves:
        values = tg.tensor(row.values)

        def log_prob(*parameters: Any) -> Any:
            if row.name == "MultivariateNormal" and "scale_tril" not in row.parameters:  # which stay symmetric
                parameters = parameters[0], (parameters[1] + parameters[1].mT) / 2
            return getattr(D, row.name)(**dict(zip(row.parameters, parameters)), validate_args=False).log_prob(values)

        assert tg.autograd.gradgradcheck(log_prob, leaves, atol=1e-5, rtol=1e-4)


def test_draws_take_the_functions_that_torch_takes() -> None:
    def seeded(draw: Any) -> Any:
        tg.manual_seed(11)
        return draw()

    loc, scale, probs = tg.tensor([0.0, 1.0]), tg.tensor([1.0, 2.0]), tg.tensor([0.25, 0.75])
    normal = seeded(lambda: D.Normal(loc, scale).sample((3,)))
    np.testing.assert_array_equal(normal, seeded(lambda: tg.normal(loc.expand(3, 2), scale.expand(3, 2))))
    reparametrised = seeded(lambda: D.Normal(loc, scale).rsample((3,)))
    np.testing.assert_array_equal(reparametrised, seeded(lambda: loc + tg.empty(3, 2).normal_() * scale))
    coins = seeded(lambda: D.Bernoulli(probs).sample((3,)))
    np.testing.assert_array_equal(coins, seeded(lambda: tg.bernoulli(probs.expand(3, 2))))
    categories = seeded(lambda: D.Categorical(probs).sample((3,)))
    np.testing.assert_array_equal(categories, seeded(lambda: tg.multinomial(probs, 3, True)))
    uniform = seeded(lambda: D.Uniform(loc, loc + 2).sample((3,)))
    np.testing.assert_array_equal(uniform, seeded(lambda: loc + tg.rand(3, 2) * 2))
    waits = seeded(lambda: D.Exponential(scale).sample((3,)))
    np.testing.assert_array_equal(waits, seeded(lambda: tg.empty(3, 2).exponential_() / scale))


def test_names_are_those_of_torch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    assert {*D.__all__} <= {*torch.distributions.__all__, "ExponentialFamily"}
    for name in D.__all__:
        ours, theirs = getattr(D, name), getattr(torch.distributions, name)
        if inspect.isclass(theirs) and name != "Transform":
            assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters), name
    assert {*D.constraints.__all__} == {*torch.distributions.constraints.__all__}


def test_a_compiled_step_draws_and_computes_the_same() -> None:
    def step(loc: Any) -> Any:
        tg.manual_seed(2)
        d = D.Normal(loc, loc.exp())
        x = d.rsample()
        return d.log_prob(x).sum() + D.kl_divergence(D.Gamma(loc.exp(), 1.0), D.Gamma(2.0, 1.0)).sum()

    loc = tg.tensor([0.1, 0.4])
    compiled = tg.compile(step)
    for _ in range(4):
        np.testing.assert_allclose(compiled(loc), step(loc), rtol=1e-6)


def test_validation_can_be_switched_off() -> None:
    try:
        D.Distribution.set_default_validate_args(False)
        D.Normal(0.0, -1.0)
    finally:
        D.Distribution.set_default_validate_args(True)
    with pytest.raises(ValueError, match="GreaterThan"):
        D.Normal(0.0, -1.0)
    with pytest.raises(ValueError, match="True or False"):
        D.Distribution.set_default_validate_args("no")  # type: ignore[arg-type]


def test_arguments_that_do_not_fit() -> None:
    for call, message in (
        (lambda: D.Normal("0", 1.0), "Number"),
        (lambda: D.Bernoulli(), "but not both"),
        (lambda: D.Categorical(tg.ones(2), tg.ones(2)), "but not both"),
        (lambda: D.Categorical(tg.tensor(1.0)), "one-dimensional"),
        (lambda: D.Dirichlet(tg.tensor(1.0)), "one-dimensional"),
        (lambda: D.MultivariateNormal(tg.zeros(2)), "Exactly one"),
        (lambda: D.MultivariateNormal(tg.zeros(2), tg.ones(2)), "two-dimensional"),
        (lambda: D.MultivariateNormal(tg.tensor(0.0), tg.eye(1)), "one-dimensional"),
        (lambda: D.LowRankMultivariateNormal(tg.zeros(2), tg.ones(3, 1), tg.ones(2)), "2 x m"),
        (lambda: D.Geometric(0.0), "positive"),
        (lambda: D.Normal(tg.zeros(2), 1.0).log_prob(tg.zeros(3)), "broadcastable"),
        (lambda: D.Dirichlet(tg.ones(2)).log_prob(tg.ones(3)), "event_shape"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_an_exponential_family_of_the_user() -> None:
    class Rate(D.ExponentialFamily):
        arg_constraints: Any = {}
        _mean_carrier_measure = 0

        def __init__(self, rate: Any) -> None:
            self.rate = rate
            super().__init__(rate.shape)

        @property
        def _natural_params(self) -> Any:
            return (-self.rate,)

        def _log_normalizer(self, x: Any) -> Any:
            return -(-x).log()

    p, q = Rate(tg.tensor([0.5, 2.0])), Rate(tg.tensor([1.0, 1.0]))
    np.testing.assert_allclose(p.entropy().detach(), D.Exponential(p.rate).entropy(), rtol=1e-6)
    np.testing.assert_allclose(
        D.kl_divergence(p, q).detach(), D.kl_divergence(*map(D.Exponential, (p.rate, q.rate))), rtol=1e-6
    )
    with pytest.raises(NotImplementedError, match="entropy"):
        D.Poisson(1.0).entropy()


def test_the_generalized_pareto_distribution() -> None:
    row = next(row for row in ROWS if row.name == "GeneralizedPareto")
    ours, _ = row.made(tg)
    x = tg.tensor(row.values)
    np.testing.assert_allclose(ours.icdf(ours.cdf(x)), x, rtol=1e-9)
    slope = (ours.cdf(x + 1e-6) - ours.cdf(x - 1e-6)) / 2e-6
    np.testing.assert_allclose(ours.log_prob(x), slope.log(), rtol=1e-6)
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    (single, _), (theirs, _) = row.made(tg, np.float32), row.made(torch, np.float32)
    for name in ("log_prob", "cdf", "log_survival_function"):
        ask = np.float32(row.values)
        np.testing.assert_allclose(
            getattr(single, name)(tg.tensor(ask)), getattr(theirs, name)(torch.tensor(ask)), rtol=1e-4
        )


def test_an_own_expand_as_users_write_it() -> None:
    class Shifted(D.Normal):
        def __init__(self, loc: Any, validate_args: bool | None = None) -> None:
            super().__init__(loc, 1.0, validate_args=validate_args)

        def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
            new = self._get_checked_instance(Shifted, _instance)
            new.loc, new.scale = self.loc.expand(batch_shape), self.scale.expand(batch_shape)
            D.Distribution.__init__(new, batch_shape, validate_args=False)
            return new

    assert Shifted(0.0).expand((2,)).sample((3,)).shape == (3, 2)
    with pytest.raises(NotImplementedError, match="custom __init__"):
        D.Normal._get_checked_instance(Shifted(0.0), D.Normal)
