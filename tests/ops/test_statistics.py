"""Statistics: the sample rows, and what is special."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from contract import Sample, apart, integers, normal, positive, unit

import tinygrad_mlp as tg

NAN, INF = math.nan, math.inf
NOT_ELEMENTWISE = {
    "_cummax_index",
    "_cummin_index",
    "_mode_index",
    "_nanmedian_index",
    "histc",
    "logcumsumexp",
}  # see test_lowering.py
REPEATED = np.array([[2.0, 1.0, 2.0, 3.0], [1.0, 0.0, 0.0, 1.0]])

SAMPLES = [
    *[Sample(name, (apart(3, 4),), o) for name in ("nansum", "nanmean") for o in ({}, {"dim": 1}, {"dim": (0, 1), "keepdim": True})],
    *[
        Sample(name, (apart(3, 4), 0.3), {"dim": dim, "keepdim": keep, "interpolation": how}, rtol=1e-6)
        for name in ("quantile", "nanquantile")
        for dim, keep, how in [
            (None, False, "linear"), (0, False, "linear"), (1, True, "lower"), (1, False, "higher"), (None, True, "midpoint"),
            (0, False, "nearest"),
        ]
    ],
    Sample("nanmedian", (apart(3, 4),), covers=("_nanmedian_index",)),
    Sample("nanmedian", (apart(3, 4), 1)),
    Sample("mode", (apart(3, 4),), covers=("_mode_index",)),
    Sample("mode", (integers(3, 3, 5), 0, True)),
    *[Sample("kthvalue", (apart(3, 4), k, dim)) for k, dim in [(1, 0), (2, 1), (4, -1)]],
    Sample("msort", (apart(3, 4),)),
    *[Sample("aminmax", (apart(3, 4),), o) for o in ({}, {"dim": 0}, {"dim": 1, "keepdim": True})],
    *[Sample(name, (apart(3, 4), dim), covers=(f"_{name}_index",)) for name in ("cummax", "cummin") for dim in (0, -1)],
    *[Sample("logcumsumexp", (normal(3, 4), dim)) for dim in (0, 1)],
    *[Sample("diff", (normal(3, 4),), o) for o in ({}, {"n": 2, "dim": 0}, {"n": 9})],
    Sample("diff", (normal(3, 4), 1, 1, normal(3, 2), normal(3, 1))),
    *[
        Sample(name, args, o)
        for name in ("trapezoid", "cumulative_trapezoid")
        for args, o in [
            ((normal(3, 4),), {}), ((normal(3, 4),), {"dx": 0.5, "dim": 0}), ((normal(3, 4), apart(4)), {}),
            ((normal(3, 4), apart(3, 4)), {"dim": 0}),
        ]
    ],
    *[
        Sample("gradient", (normal(4, 5),), o)
        for o in ({}, {"dim": 1, "edge_order": 2}, {"spacing": 0.5}, {"spacing": (2.0, 0.5), "edge_order": 2})
    ],
    Sample("cov", (normal(3, 4),)),
    Sample("cov", (normal(4),), {"correction": 0}),
    Sample("corrcoef", (normal(3, 4),), rtol=1e-10),
    *[Sample("histc", (normal(3, 4),), o) for o in ({}, {"bins": 4}, {"bins": 3, "min": -1, "max": 1})],
    Sample("histogram", (normal(20),), {"bins": 4, "range": (-1.0, 2.0)}, torch_name=""),
    *[Sample("dist", (normal(3, 2), normal(2)), {"p": p}) for p in (2, 1, INF, 3)],
    *[Sample("cdist", (normal(2, 3, 2), normal(4, 2)), {"p": p}, rtol=1e-10) for p in (2.0, 1.0, 3.0, INF)],
    Sample("cdist", (normal(2, 3), normal(4, 3)), {"p": 0.0}),
    *[Sample("pdist", (normal(4, 2),), {"p": p}, torch_name="nn.functional.pdist", rtol=1e-9) for p in (2.0, 1.0)],
    Sample("renorm", (normal(3, 4), 2, 0, 1.5), rtol=1e-6),
]  # fmt: skip


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


SPECIAL: dict[str, Any] = {
    "nanmean": lambda lib, x: lib.nanmean(x, 1),
    "nansum": lambda lib, x: lib.nansum(x),
    "quantile": lambda lib, x: lib.quantile(x, lib.tensor([0.0, 0.4, 1.0]), 1),
    "nanquantile": lambda lib, x: lib.nanquantile(x, lib.tensor([0.0, 0.4, 1.0]), 1, True),
    "nanmedian": lambda lib, x: lib.nanmedian(x, 1)[0],
    "nanmedian of all": lambda lib, x: lib.nanmedian(x),
    "cummax": lambda lib, x: lib.stack([x.cummax(1)[0], x.cummax(1)[1]]),
    "cummin": lambda lib, x: lib.stack([x.cummin(1)[0], x.cummin(1)[1]]),
    "logcumsumexp": lambda lib, x: x.logcumsumexp(1),
    "aminmax": lambda lib, x: lib.stack(list(lib.aminmax(x, dim=1))),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_nan_and_infinity_as_in_torch(torch: Any, name: str) -> None:
    values = [[1.0, NAN, 3.0, 1.0], [NAN] * 4, [2.0, 2.0, -INF, INF], [-INF, -INF, 0.0, 1.0]]
    ours, theirs = (SPECIAL[name](lib, lib.tensor(values)) for lib in (tg, torch))
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)


def test_the_gradient_of_logcumsumexp_does_not_overflow() -> None:
    x = tg.tensor([-1000.0, 0.0, 1000.0, -math.inf], requires_grad=True)
    x.logcumsumexp(0).sum().backward()
    assert x.grad.tolist() == [1, 1, 2, 0]


def test_weighted_covariances_as_in_torch(torch: Any) -> None:
    x, f, a = normal(3, 4), np.array([1, 2, 1, 3]), positive(4)
    for options in ({"fweights": f}, {"aweights": a}, {"fweights": f, "aweights": a, "correction": 0}):
        ours, theirs = (
            lib.cov(lib.tensor(x), **{k: lib.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()})
            for lib in (tg, torch)
        )
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-10)


def test_histograms_and_modes_as_in_torch(torch: Any) -> None:
    weights = positive(20)
    for call in (
        lambda lib: lib.histogram(lib.tensor(normal(20)), 4, range=(-1.0, 2.0), density=True),
        lambda lib: lib.histogram(lib.tensor(normal(20)), lib.tensor([-1.0, 0.0, 0.5, 3.0]).double()),
        lambda lib: lib.histogram(lib.tensor(normal(20)), 3, weight=lib.tensor(weights)),
        lambda lib: lib.mode(lib.tensor(REPEATED)),
    ):
        for ours, theirs in zip(call(tg), call(torch), strict=True):
            np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-10)


def test_without_dimensions_as_in_torch(torch: Any) -> None:
    for call in (
        lambda lib, x: x.cummax(0),
        lambda lib, x: lib.mode(x),
        lambda lib, x: lib.kthvalue(x, 1),
        lambda lib, x: (lib.quantile(x, 0.5), lib.quantile(x, 0.5, 0, True)),
        lambda lib, x: (lib.cov(x), lib.corrcoef(x)) if lib is None else (),
        lambda lib, x: (x.logcumsumexp(0), lib.dist(x, x)),
    ):
        ours, theirs = (call(lib, lib.tensor(2.0)) for lib in (tg, torch))
        for a, b in zip(ours, theirs, strict=True):
            assert a.shape == b.shape
            assert a.tolist() == b.tolist()


def test_what_is_refused() -> None:
    x = tg.ones(2, 3)
    for call in (
        lambda: tg.quantile(x, 1.5),
        lambda: tg.quantile(x.long(), 0.5),
        lambda: tg.quantile(x, tg.tensor(0.5, dtype=tg.float64)),
        lambda: tg.quantile(x, 0.5, interpolation="cubic"),
        lambda: tg.quantile(x, tg.ones(1, 1)),
        lambda: tg.quantile(tg.ones(0), 0.5),
        lambda: tg.kthvalue(x, 4),
        lambda: tg.diff(tg.tensor(1.0)),
        lambda: tg.diff(x, n=-1),
        lambda: tg.trapezoid(x, tg.ones(2)),
        lambda: tg.gradient(x, spacing=(1.0, 1.0, 1.0)),
        lambda: tg.gradient(x, edge_order=3),
        lambda: tg.gradient(x, edge_order=2),
        lambda: tg.cov(tg.ones(1, 2, 3)),
        lambda: tg.corrcoef(tg.ones(1, 2, 3)),
        lambda: tg.histc(x, bins=0),
        lambda: tg.histc(x, min=2, max=1),
        lambda: tg.cdist(x, tg.ones(2, 2)),
        lambda: tg.cdist(x, x, p=-1),
        lambda: tg.pdist(tg.ones(2)),
        lambda: tg.renorm(tg.ones(2), 2, 0, 1.0),
        lambda: tg.nanmean(x.long()),
        lambda: tg.logcumsumexp(x.long(), 0),
    ):
        with pytest.raises((RuntimeError, NotImplementedError)):
            call()


def test_unit_values_have_finite_correlations() -> None:
    assert tg.corrcoef(tg.tensor(unit(3, 5))).abs().max().item() <= 1
