"""Random numbers: the same for the same seed, distributed as they should be, and PyTorch's errors."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_mlp as tg

N = 20000
LIMIT = 2.0 / math.sqrt(N)  # Kolmogorov-Smirnov: exceeded by chance once in 1500 seeds; the seed is fixed


def distance(sample: tg.Tensor, cdf) -> float:
    """The largest distance between the empirical distribution function and ``cdf``."""
    values = np.sort(sample.numpy().astype(np.float64).ravel())
    expected = cdf(values)
    n = values.size
    return max(np.abs(expected - np.arange(n) / n).max(), np.abs(expected - np.arange(1, n + 1) / n).max())


def normal_cdf(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + tg.tensor(x / math.sqrt(2)).erf().numpy())


def uniform_cdf(x: np.ndarray) -> np.ndarray:
    return np.clip(x, 0, 1)


@pytest.mark.parametrize("dtype", [tg.float64, tg.float32], ids=str)
def test_uniform(dtype) -> None:
    x = tg.rand(N, dtype=dtype)
    assert x.dtype is dtype
    assert 0 <= x.min() < x.max() < 1
    assert distance(x, uniform_cdf) < LIMIT
    assert distance(tg.zeros(N, dtype=dtype).uniform_(-3, 5), lambda v: uniform_cdf((v + 3) / 8)) < LIMIT


@pytest.mark.parametrize("dtype", [tg.float64, tg.float32], ids=str)
def test_normal(dtype) -> None:
    x = tg.randn(N, dtype=dtype)
    assert x.dtype is dtype
    assert distance(x, normal_cdf) < LIMIT
    assert distance(tg.empty(N, dtype=dtype).normal_(2, 3), lambda v: normal_cdf((v - 2) / 3)) < LIMIT
    assert distance(tg.normal(2.0, 3.0, (N,)), lambda v: normal_cdf((v - 2) / 3)) < LIMIT
    mean, std = tg.tensor([0.0, 50.0], dtype=dtype), tg.tensor([[1.0], [3.0]], dtype=dtype).expand(2, 2)
    draws = tg.stack([tg.normal(mean, std) for _ in range(2000)])
    assert draws.dtype is dtype
    np.testing.assert_allclose(draws.mean(0).numpy(), [[0, 50], [0, 50]], atol=0.3)
    np.testing.assert_allclose(draws.std(0).numpy(), [[1, 1], [3, 3]], rtol=0.1)
    assert distance(tg.normal(tg.zeros(N), 2.0), lambda v: normal_cdf(v / 2)) < LIMIT
    assert distance(tg.normal(1.0, tg.full((N,), 2.0)), lambda v: normal_cdf((v - 1) / 2)) < LIMIT


def test_the_test_can_fail() -> None:
    assert distance(tg.rand(N), normal_cdf) > LIMIT
    assert distance(tg.randn(N) * 1.2, normal_cdf) > LIMIT


def test_integers() -> None:
    counts = tg.randint(5, (N,)).bincount().numpy()
    np.testing.assert_allclose(counts / N, 1 / 5, atol=0.02)
    x = tg.randint(-3, 4, (2, 100))
    assert x.dtype is tg.int64
    assert x.shape == (2, 100)
    assert set(x.flatten().tolist()) == set(range(-3, 4))
    assert tg.randint(low=2, high=3, size=(4,)).tolist() == [2] * 4
    assert tg.randint(0, 256, (9,), dtype=tg.uint8).dtype is tg.uint8
    assert tg.randint(3, size=(2,)).shape == (2,)
    assert set(tg.zeros(100).random_(3).tolist()) == {0, 1, 2}
    assert set(tg.zeros(100, dtype=tg.int16).random_(-2, 1).tolist()) == {-2, -1, 0}
    assert tg.zeros(100, dtype=tg.int32).random_().max() > 2**20


def test_permutations() -> None:
    p = tg.randperm(100)
    assert p.dtype is tg.int64
    assert sorted(p.tolist()) == list(range(100))
    assert p.tolist() != list(range(100))
    firsts = np.bincount([tg.randperm(4)[0].item() for _ in range(2000)], minlength=4)
    np.testing.assert_allclose(firsts / 2000, 0.25, atol=0.05)
    assert tg.randperm(0).tolist() == []


def test_coins() -> None:
    p = tg.tensor([0.0, 0.25, 1.0]).expand(N, 3)
    x = tg.bernoulli(p)
    np.testing.assert_allclose(x.mean(0).numpy(), [0, 0.25, 1], atol=0.02)
    assert x.dtype is tg.float32
    assert tg.bernoulli(tg.zeros(N), 0.5).mean().item() == pytest.approx(0.5, abs=0.02)
    assert tg.zeros(N, dtype=tg.int64).bernoulli_(0.25).sum().item() / N == pytest.approx(0.25, abs=0.02)
    assert tg.zeros(2).bernoulli_(tg.tensor([0.0, 1.0])).tolist() == [0, 1]


def test_multinomial() -> None:
    weights = tg.tensor([[1.0, 0.0, 3.0], [2.0, 2.0, 0.0]])
    x = weights.multinomial(N, replacement=True)
    assert x.dtype is tg.int64
    for row, expected in zip(x, ([0.25, 0, 0.75], [0.5, 0.5, 0]), strict=True):
        np.testing.assert_allclose(row.bincount(minlength=3).numpy() / N, expected, atol=0.02)
    once = tg.tensor([0.2, 0.0, 0.5, 0.3]).expand(N, 4).multinomial(3)
    assert once.shape == (N, 3)
    assert (once.sort(1)[0] == tg.tensor([0, 2, 3])).all()
    np.testing.assert_allclose(once[:, 0].bincount(minlength=4).numpy() / N, [0.2, 0, 0.5, 0.3], atol=0.02)
    # the second given the first: P(2 then 3) = 0.5 * 0.3 / 0.5
    pair = ((once[:, 0] == 2) & (once[:, 1] == 3)).float().mean().item()
    assert pair == pytest.approx(0.3, abs=0.02)
    assert tg.ones(5).multinomial(2).shape == (2,)


def test_reproducible() -> None:
    for make in (
        lambda g: tg.rand(3, generator=g),
        lambda g: tg.randn(3, generator=g),
        lambda g: tg.randint(100, (3,), generator=g),
        lambda g: tg.randperm(9, generator=g),
        lambda g: tg.normal(0.0, 1.0, (3,), generator=g),
        lambda g: tg.bernoulli(tg.full((20,), 0.5), generator=g),
        lambda g: tg.ones(20).multinomial(5, generator=g),
        lambda g: tg.zeros(3).uniform_(generator=g),
        lambda g: tg.zeros(3).normal_(generator=g),
        lambda g: tg.zeros(20).bernoulli_(generator=g),
        lambda g: tg.zeros(3).random_(generator=g),
    ):
        a, b, c = (make(tg.Generator().manual_seed(s)).tolist() for s in (0, 0, 1))
        assert a == b != c
        tg.manual_seed(0)
        d = make(None).tolist()
        tg.manual_seed(0)
        assert make(None).tolist() == d == a


def test_float32_is_not_cut_from_float64() -> None:
    a, b = (tg.rand(4, dtype=d, generator=tg.Generator()) for d in (tg.float32, tg.float64))
    assert not tg.allclose(a.double(), b)


def test_seeds() -> None:
    assert tg.manual_seed(0).initial_seed() == tg.initial_seed() == 0, "0 is a seed"
    assert tg.manual_seed(-1).initial_seed() == 2**64 - 1
    assert tg.manual_seed(1.7).initial_seed() == 1
    assert tg.Generator().initial_seed() == 67280421310721
    assert tg.seed() == tg.initial_seed() == tg.default_generator.initial_seed()
    assert tg.seed() != tg.seed()
    g = tg.Generator()
    assert g.seed() == g.initial_seed()
    assert g.device == tg.device("cpu")


def test_state() -> None:
    tg.manual_seed(5)
    tg.rand(3)
    tg.randint(7, (3,), dtype=tg.int32)
    state = tg.get_rng_state()
    assert state.dtype is tg.uint8
    a = (tg.rand(3), tg.randint(7, (3,)), tg.initial_seed())
    tg.manual_seed(9)
    tg.set_rng_state(state)
    b = (tg.rand(3), tg.randint(7, (3,)), tg.initial_seed())
    assert a[0].equal(b[0])
    assert a[1].equal(b[1])
    assert a[2] == b[2] == 5
    g = tg.Generator()
    g.set_state(state)
    assert tg.rand(3, generator=g).equal(a[0])


def test_in_place_writes_count() -> None:
    w = tg.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        w.normal_()
    with tg.no_grad():
        assert w.uniform_() is w
    y = w * 1
    z = y * y
    y.bernoulli_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()
    v = w * 2
    v.normal_()
    v.sum().backward()
    assert w.grad.tolist() == [0, 0, 0]


def test_like() -> None:
    t = tg.zeros(2, 3, dtype=tg.float64)
    for made in (tg.rand_like(t), tg.randn_like(t), tg.randint_like(t, 5), tg.randint_like(t, 2, 5)):
        assert made.shape == (2, 3)
        assert made.dtype is tg.float64
    assert tg.rand_like(t, dtype=tg.float32).dtype is tg.float32
    assert tg.rand(2, requires_grad=True).requires_grad
    assert tg.rand((2, 3)).shape == tg.randn(2, 3).shape == tg.rand(size=(2, 3)).shape


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: tg.rand(2, dtype=tg.int64), NotImplementedError, "int64"),
        (lambda: tg.rand(-1), RuntimeError, "negative dimension"),
        (lambda: tg.rand(2, generator=5), TypeError, "'generator' must be Generator, not int"),
        (lambda: tg.randint(3, 1, (2,)), RuntimeError, "'from' to be less than 'to', but got from=3 >= to=1"),
        (lambda: tg.randint(3, 2), TypeError, "size a tuple of ints"),
        (lambda: tg.randint(2.5, (2,)), TypeError, "'high' must be int, not float"),
        (lambda: tg.randint(0, 300, (2,), dtype=tg.uint8), RuntimeError, "to - 1 is out of bounds for uint8"),
        (lambda: tg.randint(0, 3, (2,), dtype=tg.bool), RuntimeError, "out of bounds for bool"),
        (lambda: tg.randperm(-1), RuntimeError, "negative dimension"),
        (lambda: tg.randperm(300, dtype=tg.uint8), RuntimeError, "without overflow"),
        (lambda: tg.normal(0, -1.0, (2,)), RuntimeError, "std >= 0.0"),
        (lambda: tg.normal(tg.zeros(2), tg.tensor([-1.0, 1])), RuntimeError, "std >= 0.0"),
        (lambda: tg.normal(0.0, 1.0), TypeError, "need a size="),
        (lambda: tg.normal(tg.zeros(2), tg.ones(3)), RuntimeError, "broadcast"),
        (lambda: tg.normal(tg.tensor([0]), 1.0), NotImplementedError, "int64"),
        (lambda: tg.bernoulli(tg.tensor([2.0])), RuntimeError, r"p to be in \[0, 1\]"),
        (lambda: tg.bernoulli(tg.tensor([math.nan])), RuntimeError, r"p to be in \[0, 1\]"),
        (lambda: tg.bernoulli(tg.tensor([1])), NotImplementedError, "int64"),
        (lambda: tg.ones(2).bernoulli_(2), RuntimeError, r"p to be in \[0, 1\], but got p=2"),
        (lambda: tg.ones(2).multinomial(3), RuntimeError, "without replacement: 3 of 2"),
        (lambda: tg.zeros(2).multinomial(1), RuntimeError, "sum of probabilities <= 0"),
        (lambda: tg.tensor([-1.0, 2]).multinomial(1), RuntimeError, "element < 0"),
        (lambda: tg.tensor([math.inf, 2]).multinomial(1), RuntimeError, "`inf`, `nan`"),
        (lambda: tg.tensor([1, 2]).multinomial(1), RuntimeError, "only supports floating-point"),
        (lambda: tg.ones(2, 2, 2).multinomial(1), RuntimeError, "must be 1 or 2 dim"),
        (lambda: tg.ones(2).multinomial(0), RuntimeError, "n_sample <= 0"),
        (lambda: tg.ones(2).uniform_(2, 1), RuntimeError, r"\[from, to\) range, but found from=2 > to=1"),
        (lambda: tg.ones(2, dtype=tg.int64).uniform_(), NotImplementedError, "int64"),
        (lambda: tg.ones(2).normal_(0, -1), RuntimeError, "std >= 0.0, but found std -1"),
        (lambda: tg.ones(2, dtype=tg.uint8).random_(300), RuntimeError, "out of bounds for uint8"),
        (lambda: tg.manual_seed(2**64), ValueError, "does not fit into 64 bits"),
        (lambda: tg.manual_seed("a"), ValueError, "invalid literal"),
        (lambda: tg.Generator().manual_seed(1.5), RuntimeError, "expected a long, but got float"),
        (lambda: tg.Generator("cuda"), RuntimeError, "not available"),
        (lambda: tg.set_rng_state(tg.tensor([1])), TypeError, "ByteTensor"),
        (lambda: tg.set_rng_state(tg.tensor([1], dtype=tg.uint8)), RuntimeError, r"must have shape \(45,\)"),
    ],
)
def test_errors(call, error, message) -> None:
    with pytest.raises(error, match=message):
        call()
