"""Extreme inputs: values and gradients at 0, subnormals, ±1e38, the largest numbers, infinity and NaN are PyTorch's.

Where they cannot be in the last digits, what must be PyTorch's is whether it is nan, an infinity or a number, and of which
sign. The sign of a zero is compared in values, but not in gradients, nor where zeros of both signs tie for a maximum:
there PyTorch itself depends on how many elements there are.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg

INF, NAN = np.inf, np.nan
DTYPES = [np.float32, np.float64]

both_dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])


def extremes(dtype: Any, largest: float = INF) -> np.ndarray:
    """Zeros, subnormals, the smallest normal number, ordinary ones, large ones up to ``largest``, infinities, NaN."""
    info = np.finfo(dtype)
    tiny = [info.smallest_subnormal, info.tiny / 4, info.tiny]
    ordinary = [1e-20, 1e-7, 0.5, 1, 1.5, 2, 10, 20, 20.5, 50, 90, 110, 1e10]
    large = [1e38, 3e38, info.max, INF]
    positive = [0.0, *map(float, tiny), *ordinary, *(float(x) for x in large if x <= largest)]
    return np.array([*positive, *(-x for x in positive), NAN], dtype)


def functional(library: Any) -> Any:
    return library.nn.functional


# ------------------------------------------------------------------------------------------------- against PyTorch

Code = Callable[..., Any]  # code(torch, *tensors), with either library as `torch`

UNARY: dict[str, Code] = {
    "sigmoid": lambda t, x: t.sigmoid(x),
    "tanh": lambda t, x: t.tanh(x),
    "softplus": lambda t, x: functional(t).softplus(x),
    "softplus, beta and threshold": lambda t, x: functional(t).softplus(x, 2.0, 5.0),
    "logsigmoid": lambda t, x: functional(t).logsigmoid(x),
    "gelu": lambda t, x: functional(t).gelu(x),
    "gelu, tanh": lambda t, x: functional(t).gelu(x, approximate="tanh"),
    "silu": lambda t, x: functional(t).silu(x),
    "mish": lambda t, x: functional(t).mish(x),
    "elu": lambda t, x: functional(t).elu(x),
    "selu": lambda t, x: functional(t).selu(x),
    "celu": lambda t, x: functional(t).celu(x, 0.5),
    "leaky_relu": lambda t, x: functional(t).leaky_relu(x),
    "relu": lambda t, x: t.relu(x),
    "relu6": lambda t, x: functional(t).relu6(x),
    "hardtanh": lambda t, x: functional(t).hardtanh(x),
    "hardsigmoid": lambda t, x: functional(t).hardsigmoid(x),
    "sqrt": lambda t, x: t.sqrt(x),
    "rsqrt": lambda t, x: t.rsqrt(x),
    "exp": lambda t, x: t.exp(x),
    "expm1": lambda t, x: t.expm1(x),
    "log": lambda t, x: t.log(x),
    "log1p": lambda t, x: t.log1p(x),
    "log2": lambda t, x: t.log2(x),
    "log10": lambda t, x: t.log10(x),
    "square": lambda t, x: t.square(x),
    "abs": lambda t, x: t.abs(x),
    "sign": lambda t, x: t.sign(x),
    "reciprocal": lambda t, x: t.reciprocal(x),
    "1 / x": lambda t, x: 1 / x,
    "x / 0": lambda t, x: x / 0,
    "x * 0": lambda t, x: x * 0.0,
    "x * inf": lambda t, x: x * INF,
    "x + inf": lambda t, x: x + INF,
    "clamp": lambda t, x: t.clamp(x, -1, 1),
    "clamp, min": lambda t, x: t.clamp(x, min=0),
    "clamp, max": lambda t, x: t.clamp(x, max=0),
    "nan_to_num": lambda t, x: t.nan_to_num(x),
    "where, log": lambda t, x: t.where(x > 0, t.log(x), 0.0),
    "where, x": lambda t, x: t.where(x > 0, x, t.zeros_like(x)),
    "masked_fill": lambda t, x: x.masked_fill(x > 0, 0.0),
    "0 ** x": lambda t, x: 0.0**x,
    "1 ** x": lambda t, x: 1.0**x,
    "2 ** x": lambda t, x: 2.0**x,
    **{f"x ** {p}": lambda t, x, p=p: x**p for p in (0, 1, 2, 3, 0.5, 1.5, -1, -2, -0.5)},
}

BINARY: dict[str, Code] = {
    "add": lambda t, a, b: a + b,
    "sub": lambda t, a, b: a - b,
    "mul": lambda t, a, b: a * b,
    "div": lambda t, a, b: a / b,
    "pow": lambda t, a, b: a**b,
    "maximum": lambda t, a, b: t.maximum(a, b),
    "minimum": lambda t, a, b: t.minimum(a, b),
    "fmax": lambda t, a, b: t.fmax(a, b),
    "fmin": lambda t, a, b: t.fmin(a, b),
    "clamp, tensors": lambda t, a, b: t.clamp(a, min=b).clamp(max=b),
    "clamp, one tensor for both bounds": lambda t, a, b: t.clamp(a, b, b),
    "where": lambda t, a, b: t.where(a > b, a, b),
    "prelu": lambda t, a, b: functional(t).prelu(a[None], b),  # a weight for each element
    "mse_loss": lambda t, a, b: functional(t).mse_loss(a, b, reduction="none"),
    "huber_loss": lambda t, a, b: functional(t).huber_loss(a, b, reduction="none"),
    "binary_cross_entropy_with_logits": lambda t, a, b: functional(t).binary_cross_entropy_with_logits(
        a, b.clamp(0, 1), reduction="none"
    ),
    "binary_cross_entropy_with_logits, pos_weight": lambda t, a, b: functional(t).binary_cross_entropy_with_logits(
        a, b.detach().clamp(0, 1), pos_weight=t.tensor(2.5, dtype=a.dtype), reduction="none"
    ),
}


def classes(t: Any, x: Any) -> Any:
    return t.zeros(len(x), dtype=t.int64)


ROWS: dict[str, Code] = {
    "softmax": lambda t, x: t.softmax(x, -1),
    "log_softmax": lambda t, x: t.log_softmax(x, -1),
    "logsumexp": lambda t, x: t.logsumexp(x, -1),
    "cross_entropy": lambda t, x: functional(t).cross_entropy(x, classes(t, x), reduction="none"),
    "cross_entropy, mean": lambda t, x: functional(t).cross_entropy(x, classes(t, x)),
    "cross_entropy, smoothed": lambda t, x: functional(t).cross_entropy(
        x, classes(t, x), label_smoothing=0.1, reduction="none"
    ),
    "cross_entropy, probabilities": lambda t, x: functional(t).cross_entropy(
        x, t.full(tuple(x.shape), 0.5, dtype=x.dtype), reduction="none"
    ),
    **{f"vector_norm, {p}": lambda t, x, p=p: t.linalg.vector_norm(x, p, dim=-1) for p in (0, 0.5, 1, 2, 3, INF, -INF)},
    "norm": lambda t, x: t.norm(x, dim=-1),
    "var": lambda t, x: t.var(x, -1),
    "var, correction 0": lambda t, x: t.var(x, -1, correction=0),
    "std": lambda t, x: t.std(x, -1),
    "std, correction 0": lambda t, x: t.std(x, -1, correction=0),
    "amax": lambda t, x: t.amax(x, -1),
    "amin": lambda t, x: t.amin(x, -1),
    "max, dim": lambda t, x: t.max(x, -1)[0],
    "min, dim": lambda t, x: t.min(x, -1)[0],
    "max": lambda t, x: t.stack([row.max() for row in x[::7]]),
    "min": lambda t, x: t.stack([row.min() for row in x[::7]]),
    "sum": lambda t, x: x.sum(-1),
    "mean": lambda t, x: x.mean(-1),
    "prod": lambda t, x: x.prod(-1),
}

# Values in which zeros of either sign may come out: which one wins a tie; relu makes 0.0 of -0.0; a loss of 0 is 0.0; a weight of -0.0
# counts as 0.0 in prelu.
EITHER_ZERO = {"amax", "amin", "max", "min", "maximum", "minimum", "fmax", "fmin", "clamp, tensors", "prelu", "relu"}
EITHER_ZERO |= {"clamp, one tensor for both bounds"}
EITHER_ZERO |= {name for name in ROWS if name.startswith("cross_entropy")}

# Differences of numbers that are nearly equal: compared to a few units in the last place of those numbers, which are at
# most this large, and not of the difference. PyTorch's gelu has 1 + erf(x), and its bce_with_logits x - log_sigmoid(x).
CANCELS = {"tanh": 1, "gelu": 1, "gelu, tanh": 1, "softmax": 1, "log_softmax": 1, "mish": 1}
CANCELS |= {name: 1 for name in ROWS if name.startswith(("cross_entropy", "std"))}
CANCELS |= {name: 110 for name in BINARY if name.startswith("binary_cross_entropy")}


def differentiate(library: Any, code: Code, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """The value, and the gradients of the sum of its elements."""
    tensors = [library.from_numpy(a.copy()).requires_grad_() for a in arrays]
    y = code(library, *tensors)
    y.backward(library.ones_like(y))
    zeros = [np.zeros_like(a) for a in arrays]
    return [y.detach().numpy(), *(z if t.grad is None else t.grad.numpy() for t, z in zip(tensors, zeros, strict=True))]


def assert_alike(name: str, ours: np.ndarray, theirs: np.ndarray, value: bool) -> None:
    """Both nan, the same infinity, or numbers equal to a few units in the last place; zeros of the same sign in values."""
    info = np.finfo(ours.dtype)
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    atol = 8 * info.eps * CANCELS[name] if name in CANCELS else info.tiny  # below that numbers may be flushed to 0
    rtol = 1e-7 if name == "hardsigmoid" else 32 * info.eps  # PyTorch multiplies with the float32 nearest to 1/6
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)
    if value and name not in EITHER_ZERO:
        zeros = (ours == 0) & (theirs == 0)
        np.testing.assert_array_equal(np.signbit(ours[zeros]), np.signbit(theirs[zeros]))


def compare(name: str, code: Code, *arrays: np.ndarray) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    ours, theirs = differentiate(tg, code, list(arrays)), differentiate(torch, code, list(arrays))
    for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        assert_alike(name, a, b, value=k == 0)


@both_dtypes
@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_number(name: str, dtype: Any) -> None:
    largest = 1e10 if name == "gelu" else INF  # beyond, PyTorch's vectorised float32 kernel gives inf, and nan at inf
    compare(name, UNARY[name], extremes(dtype, largest))


@both_dtypes
@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_numbers(name: str, dtype: Any) -> None:
    a, b = np.meshgrid(extremes(dtype), extremes(dtype))
    if name.endswith("pos_weight"):  # PyTorch's multiplies numbers as large as the logits before it subtracts them
        a = np.where(np.abs(a) > 110, np.copysign(INF, a), a)
    compare(name, BINARY[name], a.ravel(), b.ravel())


@both_dtypes
@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("name", ROWS)
def test_functions_of_a_row(name: str, count: int, dtype: Any) -> None:
    large = [1e38, -1e38] if name.startswith("std") else [1e38, -1e38, 3e38]  # 2 std overflows in PyTorch's gradient
    values = [0.0, -0.0, 1.0, -1.0, 2.0, float(np.finfo(dtype).smallest_subnormal), *large, INF, -INF, NAN]
    rows = np.stack(np.meshgrid(*[np.array(values, dtype)] * count), -1).reshape(-1, count)
    compare(name, ROWS[name], rows)


# --------------------------------------------------------------------------------------------- without PyTorch, too


def run(code: Code, *inputs: Any, dtype: Any = np.float32) -> tuple[list[float], list[float]]:
    """The values, and the gradients of the first input."""
    value, gradient, *_ = differentiate(tg, code, [np.atleast_1d(np.array(x, dtype)) for x in inputs])
    return np.atleast_1d(value).tolist(), gradient.tolist()


def check(code: Code, *inputs: Any, value: list[float], gradient: list[float], dtype: Any = np.float32) -> None:
    values, gradients = run(code, *inputs, dtype=dtype)
    np.testing.assert_allclose(values, value, rtol=1e-6)
    np.testing.assert_allclose(gradients, gradient, rtol=1e-6)


@both_dtypes
def test_bounded_functions_do_not_overflow(dtype: Any) -> None:
    x = [-INF, -1e38, 0.0, 1e38, INF, NAN]
    check(UNARY["sigmoid"], x, value=[0, 0, 0.5, 1, 1, NAN], gradient=[0, 0, 0.25, 0, 0, NAN], dtype=dtype)
    check(UNARY["tanh"], x, value=[-1, -1, 0, 1, 1, NAN], gradient=[0, 0, 1, 0, 0, NAN], dtype=dtype)
    log2 = np.log(2)
    check(UNARY["softplus"], x, value=[0, 0, log2, 1e38, INF, NAN], gradient=[0, 0, 0.5, 1, 1, NAN], dtype=dtype)
    check(UNARY["logsigmoid"], x, value=[-INF, -1e38, -log2, 0, 0, NAN], gradient=[1, 1, 0.5, 0, 0, NAN], dtype=dtype)
    check(UNARY["gelu"], x[1:], value=[-0.0, 0, 1e38, INF, NAN], gradient=[0, 0.5, 1, NAN, NAN], dtype=dtype)


@both_dtypes
def test_softmax_of_large_and_masked_logits(dtype: Any) -> None:
    rows = [[1e38, 1e38], [0.0, -1e38], [0.0, -INF], [0.0, INF], [-INF, -INF], [0.0, NAN]]
    none, nan = [0.0, 0.0], [NAN, NAN]
    check(
        ROWS["softmax"],
        rows,
        value=[[0.5, 0.5], [1, 0], [1, 0], nan, nan, nan],
        gradient=[none] * 3 + [nan] * 3,
        dtype=dtype,
    )
    half = np.log(0.5)
    logs = [[half, half], [0, -1e38], [0, -INF], nan, nan, nan]
    check(ROWS["log_softmax"], rows, value=logs, gradient=[none, [-1, 1], [-1, 1], nan, nan, nan], dtype=dtype)
    sums = [1e38, 0, 0, INF, -INF, NAN]
    shares = [[1, 1], [1, 0], [1, 0], [0, NAN], nan, nan]
    check(ROWS["logsumexp"], rows, value=sums, gradient=shares, dtype=dtype)


@both_dtypes
def test_cross_entropy_of_large_and_masked_logits(dtype: Any) -> None:
    rows = [[1e38, 1e38], [0.0, -INF], [-INF, 0.0], [NAN, 0.0]]
    check(
        ROWS["cross_entropy"],
        rows,
        value=[np.log(2), 0, INF, NAN],
        gradient=[[-0.5, 0.5], [0, 0], [-1, 1], [NAN, NAN]],
        dtype=dtype,
    )


@both_dtypes
def test_bce_with_logits_of_certain_predictions(dtype: Any) -> None:
    code = BINARY["binary_cross_entropy_with_logits"]
    x = [1e38, 1e38, -1e38, -1e38, INF, INF, -INF, -INF, NAN]
    t = [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]
    values = [1e38, 0, 0, 1e38, INF, NAN, NAN, NAN, NAN]
    check(code, x, t, value=values, gradient=[1, 0, 0, -1, 1, 0, 0, -1, NAN], dtype=dtype)
    values, _ = run(code, [-20.0], [0.0])
    np.testing.assert_allclose(values, [np.exp(-20)], rtol=1e-6)  # where PyTorch has 0 in float32


@both_dtypes
def test_divisions_and_powers(dtype: Any) -> None:
    check(BINARY["div"], [1.0, -1.0, 0.0, INF, 1.0], [0.0, 0.0, 0.0, INF, -0.0], value=[INF, -INF, NAN, NAN, -INF],
          gradient=[INF, INF, INF, 0, -INF], dtype=dtype)  # fmt: skip
    check(UNARY["x ** 0"], [0.0, INF, NAN], value=[1, 1, 1], gradient=[0, 0, 0], dtype=dtype)
    check(UNARY["x ** 0.5"], [0.0, -0.0, -INF, INF], value=[0, 0, NAN, INF], gradient=[INF, -INF, NAN, 0], dtype=dtype)
    check(UNARY["x ** -0.5"], [0.0, -0.0, -INF, INF], value=[INF, -INF, NAN, 0], gradient=[-INF, -INF, 0, 0], dtype=dtype)
    check(UNARY["0 ** x"], [0.0, 1.0, -1.0, NAN], value=[1, 0, INF, NAN], gradient=[0, 0, -INF, NAN], dtype=dtype)
    check(UNARY["sqrt"], [0.0, -1.0, INF], value=[0, NAN, INF], gradient=[INF, NAN, 0], dtype=dtype)
    check(UNARY["log"], [0.0, -1.0, INF], value=[-INF, NAN, INF], gradient=[INF, -1, 0], dtype=dtype)


@both_dtypes
def test_norms(dtype: Any) -> None:
    none, nan = [0.0, 0.0], [NAN, NAN]
    rows = [[0.0, 0.0], [3.0, -4.0], [INF, 1.0], [NAN, 1.0]]
    check(ROWS["vector_norm, 2"], rows, value=[0, 5, INF, NAN], gradient=[none, [0.6, -0.8], [NAN, 0], nan], dtype=dtype)
    check(ROWS["vector_norm, 1"], rows, value=[0, 7, INF, NAN], gradient=[none, [1, -1], [1, 1], [0, 1]], dtype=dtype)
    check(ROWS["vector_norm, 0"], rows, value=[0, 2, 2, 2], gradient=[none] * 4, dtype=dtype)
    check(ROWS[f"vector_norm, {INF}"], [[0.0, 0.0], [2.0, -2.0]], value=[0, 2], gradient=[none, [0.5, -0.5]], dtype=dtype)


@both_dtypes
def test_the_deviation_of_equal_numbers_is_exactly_zero(dtype: Any) -> None:
    rows = [[0.1] * 3, [1e38] * 3, [0.7] * 3]  # whose sum, divided by 3, is another number
    check(ROWS["std"], rows, value=[0] * 3, gradient=[[0, 0, 0]] * 3, dtype=dtype)
    assert run(ROWS["var"], rows, dtype=dtype)[0] == [0] * 3


def test_the_deviation_of_large_float32_numbers() -> None:
    values, _ = run(ROWS["std"], [[1e38, -1e38]])
    np.testing.assert_allclose(values, [np.sqrt(2) * 1e38], rtol=1e-6)


def test_a_zero_keeps_its_sign() -> None:
    for name in ("clamp, min", "clamp, max", "sqrt", "tanh", "elu", "leaky_relu", "relu6"):
        assert np.signbit(run(UNARY[name], [-0.0])[0]), name
    for name, x in (("abs", -0.0), ("logsigmoid", 1e38)):
        assert not np.signbit(run(UNARY[name], [x])[0]), name


def test_where_lets_nothing_through_from_the_branch_not_taken() -> None:
    x = tg.tensor([NAN, INF, 1.0], requires_grad=True)
    tg.where(tg.tensor([False, False, True]), x, 0.0).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 0, 1]


def test_what_computed_the_branch_not_taken_may_make_nan() -> None:
    _, gradient = run(UNARY["where, log"], [0.0, 2.0])
    np.testing.assert_array_equal(gradient, [NAN, 0.5])
    _, gradient = run(lambda t, x: t.where(x > 0, t.log(t.where(x > 0, x, 1.0)), 0.0), [0.0, 2.0])
    assert gradient == [0, 0.5]


# --------------------------------------------------------------------------------------------------- subgradients

# What is differentiated, where, and what comes out: a row of the table in docs/testing.md.
KINKS: list[tuple[str, Code, list[float], list[float]]] = [
    ("abs(x)", UNARY["abs"], [0.0], [0.0]),
    ("sign(x)", UNARY["sign"], [0.0], [0.0]),
    ("relu(x)", UNARY["relu"], [0.0, NAN], [0.0, 1.0]),
    ("relu6(x), at its bounds", UNARY["relu6"], [0.0, 6.0], [0.0, 0.0]),
    ("hardtanh(x), at its bounds", UNARY["hardtanh"], [-1.0, 1.0], [0.0, 0.0]),
    ("hardsigmoid(x), at its bounds", UNARY["hardsigmoid"], [-3.0, 3.0], [0.0, 0.0]),
    ("leaky_relu(x)", UNARY["leaky_relu"], [0.0], [0.01]),
    ("elu(x)", UNARY["elu"], [0.0], [1.0]),
    ("selu(x)", UNARY["selu"], [0.0], [1.758099340847681]),
    ("softplus(x), at its threshold", UNARY["softplus"], [20.0], [0.9999999979388464]),
    ("clamp(x, -1, 1), at its bounds", UNARY["clamp"], [-1.0, 1.0], [1.0, 1.0]),
    ("floor(x)", lambda t, x: x.floor(), [1.0], [0.0]),
    ("round(x)", lambda t, x: x.round(), [0.5], [0.0]),
    ("sqrt(x)", UNARY["sqrt"], [0.0], [INF]),
    ("x ** 0.5", UNARY["x ** 0.5"], [0.0], [INF]),
    ("x ** 0", UNARY["x ** 0"], [0.0], [0.0]),
    ("0 ** x", UNARY["0 ** x"], [0.0], [0.0]),
    ("log(x)", UNARY["log"], [0.0], [INF]),
    ("1 / x", UNARY["1 / x"], [0.0], [-INF]),
    ("vector_norm(x, 0)", lambda t, x: t.linalg.vector_norm(x, 0), [0.0, 1.0], [0.0, 0.0]),
    ("vector_norm(x, 1)", lambda t, x: t.linalg.vector_norm(x, 1), [0.0, -1.0], [0.0, -1.0]),
    ("vector_norm(x, 2)", lambda t, x: t.linalg.vector_norm(x, 2), [0.0, 0.0], [0.0, 0.0]),
    ("vector_norm(x, 3)", lambda t, x: t.linalg.vector_norm(x, 3), [0.0, 0.0], [0.0, 0.0]),
    ("vector_norm(x, inf), where elements tie", lambda t, x: t.linalg.vector_norm(x, INF), [2.0, -2.0, 1.0], [0.5, -0.5, 0.0]),
    ("minimum(x, 0)", lambda t, x: t.minimum(x, t.zeros_like(x)), [0.0], [0.5]),
    ("maximum(x, 0)", lambda t, x: t.maximum(x, t.zeros_like(x)), [0.0], [0.5]),
    ("fmax(x, 0)", lambda t, x: t.fmax(x, t.zeros_like(x)), [0.0], [1.0]),
    ("amax(x), where elements tie", lambda t, x: x.amax(), [2.0, 2.0, 1.0], [0.5, 0.5, 0.0]),
    ("max(x), where elements tie", lambda t, x: x.max(), [2.0, 2.0, 1.0], [0.5, 0.5, 0.0]),
    ("max(x, dim=0), where elements tie", lambda t, x: x.max(0)[0], [2.0, 2.0, 1.0], [1.0, 0.0, 0.0]),
    ("amax(x), of nan", lambda t, x: x.amax(), [NAN, 1.0], [NAN, NAN]),
    ("max(x), of nan", lambda t, x: x.max(), [NAN, 1.0], [1.0, 0.0]),
    ("median(x), where elements tie", lambda t, x: x.median(), [2.0, 2.0, 1.0], [0.5, 0.5, 0.0]),
    ("std(x), of equal elements", lambda t, x: x.std(), [2.0, 2.0, 2.0], [0.0, 0.0, 0.0]),
    ("atan2(x, x)", lambda t, x: t.atan2(x, x), [0.0], [0.0]),
    ("l1_loss(x, 0)", lambda t, x: functional(t).l1_loss(x, t.zeros_like(x)), [0.0], [0.0]),
    ("where(x > 0, log(x), 0)", UNARY["where, log"], [0.0, 2.0], [NAN, 0.5]),
]  # fmt: skip


def shown(numbers: list[float]) -> str:
    return ", ".join(f"{x:.4g}" for x in numbers)


def kink_gradient(library: Any, code: Code, at: list[float]) -> list[float]:
    gradient: list[float] = differentiate(library, code, [np.array(at)])[1].tolist()
    return gradient


def kink_table() -> str:
    """The table for the documentation, from a run."""
    rows = [f"| `{name}` | {shown(at)} | {shown(kink_gradient(tg, code, at))} |" for name, code, at, _ in KINKS]
    return "\n".join(["| of | at x = | gradient |", "|---|---|---|", *rows])


@pytest.mark.parametrize(("code", "at", "gradient"), [row[1:] for row in KINKS], ids=[row[0] for row in KINKS])
def test_subgradients(code: Code, at: list[float], gradient: list[float]) -> None:
    np.testing.assert_allclose(kink_gradient(tg, code, at), gradient, rtol=1e-12)


@pytest.mark.parametrize(("code", "at"), [row[1:3] for row in KINKS], ids=[row[0] for row in KINKS])
def test_subgradients_are_pytorchs(code: Code, at: list[float]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    np.testing.assert_allclose(kink_gradient(tg, code, at), kink_gradient(torch, code, at), rtol=1e-6)


def test_the_documented_table_is_that_of_a_run() -> None:
    page = Path(__file__).parents[2] / "docs" / "testing.md"
    assert kink_table() in page.read_text(encoding="utf-8")
