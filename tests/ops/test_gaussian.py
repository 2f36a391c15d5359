"""The normal distribution's functions: the sample rows, inverses, and tails."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from contract import Sample, apart, unit

import tinygrad_mlp as tg
from tinygrad_mlp.core.primitive import OPS
from tinygrad_mlp.ops.special import erfcx_of

X = apart(2, 3) * 9
SAMPLES = [
    Sample("erfinv", (unit(2, 3),)),
    Sample("erfcx", (X,), torch_name="special.erfcx"),
    Sample("ndtri", ((unit(2, 3) + 1) / 2,), torch_name="special.ndtri"),
    Sample("ndtr", (X,), torch_name="special.ndtr"),
    Sample("log_ndtr", (X,), torch_name="special.log_ndtr"),
]


def test_erfinv_inverts_erf() -> None:
    x = np.concatenate([np.linspace(-0.999, 0.999, 999), np.logspace(-300, -1, 30)])
    y = tg.erfinv(tg.tensor(x)).numpy()
    np.testing.assert_allclose([math.erf(v) for v in y], x, rtol=5e-15)
    edges = tg.erfinv(tg.tensor([-1.0, 1.0, 1.5, np.nan, 0.0]))
    np.testing.assert_array_equal(edges, [-np.inf, np.inf, np.nan, np.nan, 0])


def test_quantiles() -> None:
    p = np.concatenate([np.linspace(0.001, 0.999, 99), [1e-10, 1e-100]])
    np.testing.assert_allclose(OPS["ndtri"](tg.tensor(p)), [NormalDist().inv_cdf(v) for v in p], rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(OPS["ndtri"](tg.tensor([0.0, 1.0, -1.0, 2.0])), [-np.inf, np.inf, np.nan, np.nan])
    deep = OPS["log_ndtr"](tg.tensor([-1e3, -1e9, 50.0], dtype=tg.float64))
    np.testing.assert_allclose(deep, [-500007.826694812, -5e17, -0.0], rtol=1e-12)


def test_erfcx() -> None:
    x = np.concatenate([np.linspace(-5, 5, 301), [0.46875, 4.0]])
    np.testing.assert_allclose(erfcx_of(x), np.exp(x * x) * [math.erfc(v) for v in x], rtol=1e-13)
    edges = erfcx_of(np.array([1e200, np.inf, -30.0, np.nan, 0.0]))
    np.testing.assert_allclose(edges, [1e-200 / math.sqrt(math.pi), 0, np.inf, np.nan, 1], rtol=1e-15)
    assert erfcx_of(np.float32([[1.0]])).dtype == np.float32
