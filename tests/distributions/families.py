"""The table of distributions: a row a class and its parameters, with values of its support, that all properties are tested on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

A = np.array


def psd(n: int) -> np.ndarray:
    factor = np.random.default_rng(n).normal(size=(n, n))
    return factor @ factor.T + np.eye(n)


@dataclass
class Row:
    """A distribution: arrays become tensors; ``values`` lie in its support."""

    name: str
    parameters: dict[str, Any]
    values: Any
    skip: tuple[str, ...] = ()  # properties that PyTorch has no value of, or another one
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name}({','.join(self.parameters)}{np.shape(next(iter(self.parameters.values())))})"

    def made(self, library: Any, dtype: Any = np.float64, requires_grad: bool = False, **more: Any) -> tuple[Any, list[Any]]:
        """The distribution in a library, and its parameters that are tensors."""
        tensors = {}
        for name, value in self.parameters.items():
            if isinstance(value, np.ndarray):
                value = library.tensor(value.astype(dtype) if value.dtype.kind == "f" else value)
                if requires_grad and value.is_floating_point():
                    value.requires_grad_()
            tensors[name] = value
        leaves = [v for v in tensors.values() if isinstance(v, library.Tensor) and v.requires_grad]
        return getattr(library.distributions, self.name)(**tensors, **self.options, **more), leaves


LOC, SCALE, P = A([0.3, -1.0, 2.0]), A([0.7, 1.5, 0.2]), A([0.2, 0.5, 0.9])
REAL = A([[-0.5, 0.1, 1.7], [0.3, -2.0, 2.2]])
ABOVE = A([[0.5, 0.1, 1.7], [2.3, 4.0, 0.02]])
UNIT = A([[0.5, 0.1, 0.97], [0.3, 0.75, 0.02]])
COUNTS = A([[0.0, 1.0, 3.0], [2.0, 0.0, 1.0]])
COINS = A([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]])
WEIGHTS = A([[0.2, 0.3, 0.5], [0.6, 0.2, 0.2]])
SIMPLEX = A([[0.1, 0.3, 0.6], [0.25, 0.25, 0.5]])
DRAWN = A([[1.0, 3, 0], [0, 2, 2]])
ONE_HOT = A([[1.0, 0, 0], [0, 0, 1.0]])

CORRELATIONS = np.linalg.cholesky([[[1, 0.3, 0.1], [0.3, 1, -0.2], [0.1, -0.2, 1]], np.eye(3)])

ROWS = [
    Row("Normal", {"loc": LOC, "scale": SCALE}, REAL),
    Row("Normal", {"loc": 0.5, "scale": 2.0}, A([0.3, -1.0])),
    Row("Laplace", {"loc": LOC, "scale": SCALE}, REAL),
    Row("Cauchy", {"loc": LOC, "scale": SCALE}, REAL),
    Row("Gumbel", {"loc": LOC, "scale": SCALE}, REAL),
    Row("StudentT", {"df": A([1.5, 3.0, 0.7]), "loc": LOC, "scale": SCALE}, REAL),
    Row("Uniform", {"low": LOC, "high": LOC + 2 * SCALE}, LOC + UNIT * SCALE),
    Row("Exponential", {"rate": SCALE}, ABOVE),
    Row("Gamma", {"concentration": A([0.5, 3.0, 12.0]), "rate": SCALE}, ABOVE),
    Row("InverseGamma", {"concentration": A([0.5, 3.0, 12.0]), "rate": SCALE}, ABOVE),
    Row("Chi2", {"df": A([0.5, 3.0, 12.0])}, ABOVE),
    Row("FisherSnedecor", {"df1": A([1.0, 3.0, 5.5]), "df2": A([1.0, 3.5, 9.0])}, ABOVE),
    Row("Beta", {"concentration1": A([0.5, 3.0, 1.0]), "concentration0": A([0.5, 0.6, 4.0])}, UNIT),
    Row("Kumaraswamy", {"concentration1": A([0.5, 3.0, 1.5]), "concentration0": A([0.5, 0.6, 4.0])}, UNIT),
    Row("Dirichlet", {"concentration": A([[0.5, 3.0, 1.0], [2.0, 4.0, 1.0]])}, SIMPLEX),
    Row("LogNormal", {"loc": LOC, "scale": SCALE}, ABOVE),
    Row("HalfNormal", {"scale": SCALE}, ABOVE),
    Row("HalfCauchy", {"scale": SCALE}, ABOVE),
    Row("Pareto", {"scale": SCALE, "alpha": A([0.5, 1.5, 4.0])}, SCALE + ABOVE),
    Row(
        "GeneralizedPareto",
        {"loc": LOC, "scale": SCALE, "concentration": A([-0.4, 0.0, 0.2])},
        LOC + SCALE * UNIT,
        ("log_prob", "cdf"),  # there an error in float64
    ),
    Row("LKJCholesky", {"dim": 3, "concentration": A([0.7, 2.0])}, CORRELATIONS),
    Row("LKJCholesky", {"dim": 3, "concentration": 1.5}, CORRELATIONS),
    Row("Weibull", {"scale": SCALE, "concentration": A([1.5, 2.0, 4.0])}, ABOVE),
    Row("VonMises", {"loc": LOC, "concentration": A([0.5, 2.0, 9.0])}, REAL, ("log_prob", "variance", "stddev")),
    Row("LogisticNormal", {"loc": LOC[:2], "scale": SCALE[:2]}, SIMPLEX),
    Row("Bernoulli", {"probs": P}, COINS),
    Row("Bernoulli", {"logits": LOC}, COINS),
    Row("ContinuousBernoulli", {"probs": P}, UNIT),
    Row("ContinuousBernoulli", {"logits": LOC}, UNIT),
    Row("Geometric", {"probs": P}, COUNTS),
    Row("Geometric", {"logits": LOC}, COUNTS),
    Row("Binomial", {"total_count": 4, "probs": P}, COUNTS),
    Row("Binomial", {"total_count": 4, "logits": LOC}, COUNTS),
    Row("NegativeBinomial", {"total_count": A([1.0, 2.5, 4.0]), "probs": P}, COUNTS),
    Row("NegativeBinomial", {"total_count": 3, "logits": LOC}, COUNTS),
    Row("Poisson", {"rate": SCALE}, COUNTS),
    Row("Categorical", {"probs": WEIGHTS}, A([[0, 2], [1, 1]])),
    Row("Categorical", {"logits": WEIGHTS * 3}, A([[0, 2], [1, 1]])),
    Row("OneHotCategorical", {"probs": WEIGHTS}, ONE_HOT),
    Row("OneHotCategoricalStraightThrough", {"logits": WEIGHTS * 3}, ONE_HOT),
    Row("Multinomial", {"total_count": 4, "probs": WEIGHTS}, DRAWN, ("entropy", "perplexity")),  # there in float32
    Row("Multinomial", {"total_count": 4, "logits": WEIGHTS[0]}, DRAWN, ("entropy", "perplexity")),
    Row("RelaxedBernoulli", {"temperature": A(0.7), "probs": P}, UNIT),
    Row("RelaxedOneHotCategorical", {"temperature": A(0.7), "logits": WEIGHTS * 3}, SIMPLEX),
    Row("MultivariateNormal", {"loc": LOC, "covariance_matrix": psd(3)}, REAL),
    Row("MultivariateNormal", {"loc": REAL, "precision_matrix": psd(3)}, REAL[:1]),
    Row("MultivariateNormal", {"loc": LOC, "scale_tril": np.linalg.cholesky([psd(3), psd(3) * 2])}, REAL),
    Row("LowRankMultivariateNormal", {"loc": LOC, "cov_factor": REAL.T, "cov_diag": SCALE}, REAL),
]
