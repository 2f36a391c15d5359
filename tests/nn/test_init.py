"""nn.init: the statistics of every distribution, and PyTorch's errors and warnings."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from statistics import NormalDist
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp.nn import init


@pytest.fixture
def torch() -> ModuleType:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


OUT, IN = 300, 200


def uniform_cdf(a: float, b: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: np.clip((x - a) / (b - a), 0, 1)


def normal_cdf(mean: float, std: float) -> Callable[[np.ndarray], np.ndarray]:
    return np.vectorize(NormalDist(mean, std).cdf)


def truncated_cdf(mean: float, std: float, a: float, b: float) -> Callable[[np.ndarray], np.ndarray]:
    whole = NormalDist(mean, std)
    low, high = whole.cdf(a), whole.cdf(b)
    return np.vectorize(lambda x: min(max((whole.cdf(x) - low) / (high - low), 0), 1))


def xavier(gain: float) -> float:
    return gain * math.sqrt(2 / (IN + OUT))


ROOT3 = math.sqrt(3)
DISTRIBUTIONS = [
    ("uniform_", {}, uniform_cdf(0, 1)),
    ("uniform_", {"a": -2.0, "b": 5.0}, uniform_cdf(-2, 5)),
    ("normal_", {}, normal_cdf(0, 1)),
    ("normal_", {"mean": 2.0, "std": 0.5}, normal_cdf(2, 0.5)),
    ("xavier_uniform_", {}, uniform_cdf(-ROOT3 * xavier(1), ROOT3 * xavier(1))),
    ("xavier_uniform_", {"gain": 5 / 3}, uniform_cdf(-ROOT3 * xavier(5 / 3), ROOT3 * xavier(5 / 3))),
    ("xavier_normal_", {}, normal_cdf(0, xavier(1))),
    ("xavier_normal_", {"gain": 2.0}, normal_cdf(0, xavier(2))),
    ("kaiming_uniform_", {}, uniform_cdf(-math.sqrt(6 / IN), math.sqrt(6 / IN))),
    ("kaiming_uniform_", {"a": math.sqrt(5)}, uniform_cdf(-1 / math.sqrt(IN), 1 / math.sqrt(IN))),
    ("kaiming_uniform_", {"mode": "fan_out"}, uniform_cdf(-math.sqrt(6 / OUT), math.sqrt(6 / OUT))),
    ("kaiming_normal_", {"nonlinearity": "relu"}, normal_cdf(0, math.sqrt(2 / IN))),
    ("kaiming_normal_", {"mode": "fan_out", "nonlinearity": "linear"}, normal_cdf(0, math.sqrt(1 / OUT))),
    ("trunc_normal_", {}, truncated_cdf(0, 1, -2, 2)),
    ("trunc_normal_", {"mean": 1.0, "std": 2.0, "a": -0.5, "b": 4.0}, truncated_cdf(1, 2, -0.5, 4)),
    ("trunc_normal_", {"std": 0.02}, normal_cdf(0, 0.02)),
]


@pytest.mark.parametrize(("name", "options", "cdf"), DISTRIBUTIONS, ids=lambda v: v if isinstance(v, str) else None)
def test_distribution(name: str, options: dict[str, Any], cdf: Callable[[np.ndarray], np.ndarray]) -> None:
    """Kolmogorov and Smirnov: the empirical distribution function is within 2.2 / sqrt(n) of the true one (p = 1e-4)."""
    W = tg.empty(OUT, IN)
    assert getattr(init, name)(W, **options) is W
    assert W.dtype is tg.float32
    x = np.sort(W.numpy().ravel().astype(np.float64))[::7]
    distance = np.abs(cdf(x) - np.arange(len(x)) / len(x)).max()
    assert distance < 2.2 / math.sqrt(len(x))


@pytest.mark.parametrize("name", sorted({row[0] for row in DISTRIBUTIONS} | {"orthogonal_"}))
def test_generator_and_parameters(name: str) -> None:
    function = getattr(init, name)
    p = tg.nn.Parameter(tg.empty(4, 5))
    assert function(p, generator=tg.Generator().manual_seed(3)) is p
    assert p.is_leaf
    assert p.requires_grad
    again = function(tg.empty(4, 5), generator=tg.Generator().manual_seed(3))
    other = function(tg.empty(4, 5), generator=tg.Generator().manual_seed(4))
    assert p.equal(again)
    assert not p.equal(other)
    tg.manual_seed(3)
    first = function(tg.empty(4, 5))
    tg.manual_seed(3)
    assert function(tg.empty(4, 5)).equal(first)


def test_constants() -> None:
    assert init.constant_(tg.empty(2, 2), 3.5).tolist() == [[3.5, 3.5], [3.5, 3.5]]
    assert init.ones_(tg.empty(2)).tolist() == [1.0, 1.0]
    assert init.zeros_(tg.empty(2)).tolist() == [0.0, 0.0]
    assert init.eye_(tg.empty(2, 3)).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]


def test_fans_of_more_dimensions(torch: ModuleType) -> None:
    for lib in (torch, tg):
        W = lib.nn.init.kaiming_uniform_(lib.empty(20, 30, 4, 5), mode="fan_out")
        bound = math.sqrt(6 / (20 * 4 * 5))
        assert 0.99 * bound < W.abs().max().item() <= bound


@pytest.mark.parametrize("shape", [(4, 6), (6, 4), (5, 5), (3, 2, 4)])
@pytest.mark.parametrize("gain", [1.0, 2.0])
def test_orthogonal(shape: tuple[int, ...], gain: float) -> None:
    W = init.orthogonal_(tg.empty(*shape, dtype=tg.float64), gain).numpy().reshape(shape[0], -1)
    gram = W @ W.T if W.shape[0] <= W.shape[1] else W.T @ W
    np.testing.assert_allclose(gram, gain**2 * np.eye(len(gram)), atol=1e-12)


def test_orthogonal_matrices_are_made_of_draws_in_their_own_shape() -> None:
    tg.manual_seed(0)
    W = init.orthogonal_(tg.empty(2, 3)).numpy()
    tg.manual_seed(0)
    triangle = W @ tg.empty(2, 3).normal_().numpy().T  # R of the QR factorisation, with a positive diagonal
    assert np.diag(triangle).min() > 0
    np.testing.assert_allclose(np.tril(triangle, -1), 0, atol=1e-6)


def test_orthogonal_matrices_are_uniform() -> None:
    """The first entry of a uniformly distributed orthogonal matrix is as often positive as negative, of variance 1/n."""
    entries = np.array([init.orthogonal_(tg.empty(3, 3))[0, 0].item() for _ in range(600)])
    assert abs(entries.mean()) < 4 / math.sqrt(3 * 600)
    assert entries.var() == pytest.approx(1 / 3, rel=0.2)


def test_trunc_normal_stays_inside() -> None:
    values = init.trunc_normal_(tg.empty(100_000), std=5.0, a=-1.0, b=1.0).numpy()
    assert values.min() >= -1
    assert values.max() <= 1


@pytest.mark.parametrize("name", ["linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu"])
def test_gains_equal_pytorch(torch: ModuleType, name: str) -> None:
    assert init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
    assert init.calculate_gain("leaky_relu", 0.3) == torch.nn.init.calculate_gain("leaky_relu", 0.3)


def wrong(lib: ModuleType) -> dict[str, Any]:
    i = lib.nn.init
    return {
        "unknown gain": lambda: i.calculate_gain("foo"),
        "slope that is a bool": lambda: i.calculate_gain("leaky_relu", True),
        "slope that is a string": lambda: i.calculate_gain("leaky_relu", "a"),
        "unknown mode": lambda: i.kaiming_uniform_(lib.empty(3, 2), mode="sideways"),
        "xavier of a vector": lambda: i.xavier_uniform_(lib.empty(3)),
        "xavier normal of a vector": lambda: i.xavier_normal_(lib.empty(3)),
        "kaiming of a vector": lambda: i.kaiming_normal_(lib.empty(3)),
        "eye of a vector": lambda: i.eye_(lib.empty(3)),
        "orthogonal vector": lambda: i.orthogonal_(lib.empty(3)),
        "negative deviation": lambda: i.normal_(lib.empty(3), std=-1.0),
        "empty interval": lambda: i.uniform_(lib.empty(3), 1.0, 0.0),
    }


@pytest.mark.parametrize("case", wrong(tg))
def test_wrong_use_raises_what_pytorch_raises(torch: ModuleType, case: str) -> None:
    with pytest.raises((ValueError, RuntimeError)) as theirs:
        wrong(torch)[case]()
    with pytest.raises(theirs.type):
        wrong(tg)[case]()


def test_messages_of_wrong_use() -> None:
    with pytest.raises(ValueError, match="Unsupported nonlinearity foo; expected linear"):
        init.calculate_gain("foo")
    with pytest.raises(ValueError, match=r"fewer than 2 dimensions, got shape \(3,\)"):
        init.xavier_uniform_(tg.empty(3))
    with pytest.raises(ValueError, match=r"Mode sideways not supported, please use one of \['fan_in', 'fan_out'\]"):
        init.kaiming_uniform_(tg.empty(3, 2), mode="sideways")


def test_warnings_equal_pytorch(torch: ModuleType) -> None:
    for lib in (torch, tg):
        for function in (lib.nn.init.kaiming_normal_, lib.nn.init.kaiming_uniform_):
            with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
                function(lib.empty(0, 3))
        with pytest.warns(UserWarning, match="mean is more than 2 std from"):
            lib.nn.init.trunc_normal_(lib.empty(3), mean=5.0)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert lib.nn.init.xavier_uniform_(lib.empty(0, 2)).shape == (0, 2)
            assert lib.nn.init.orthogonal_(lib.empty(0, 2)).shape == (0, 2)


@pytest.mark.parametrize("options", [{"std": 0.0}, {"std": -1.0}, {"std": float("nan")}, {"a": 2.0, "b": 1.0}])
def test_a_truncated_normal_distribution_that_there_is_not(options: dict[str, float]) -> None:
    with pytest.raises(RuntimeError, match="trunc_normal_: expected std > 0 and a <= b, got std="):
        init.trunc_normal_(tg.empty(2), **options)


@pytest.mark.parametrize(
    "name",
    ["uniform", "normal", "eye", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "orthogonal"],
)
def test_names_of_earlier_years(name: str) -> None:
    tg.manual_seed(0)
    expected = getattr(tg.nn.init, f"{name}_")(tg.empty(3, 2)).tolist()
    tg.manual_seed(0)
    with pytest.warns(FutureWarning, match=f"`nn.init.{name}` is now deprecated in favor of `nn.init.{name}_`"):
        assert getattr(tg.nn.init, name)(tg.empty(3, 2)).tolist() == expected
