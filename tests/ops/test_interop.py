"""NumPy's functions on tensors: the same values with gradients, or an error that helps."""

from __future__ import annotations

import io

import numpy as np
import pytest
from contract import normal, positive

import tinygrad_mlp as tg
from tinygrad_mlp.ops.interop import _FUNCTIONS, _UFUNCS

X = positive(3, 4) / 3
Y = positive(3, 4, seed=1) / 3
M = normal(4, 2)

UNARY = [
    "negative", "absolute", "fabs", "sign", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "square",
    "reciprocal", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "floor", "ceil",
    "trunc", "rint", "isnan", "isinf", "isfinite", "logical_not", "arcsinh",  "arctanh", "exp2", "deg2rad", "rad2deg", "signbit",
]  # fmt: skip
BINARY = [
    "add", "subtract", "multiply", "divide", "floor_divide", "remainder", "fmod", "power", "arctan2", "maximum",
    "minimum", "fmax", "fmin", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
    "logical_and", "logical_or", "logical_xor", "copysign", "hypot", "nextafter", "logaddexp", "logaddexp2",
]  # fmt: skip
BITS = ["bitwise_and", "bitwise_or", "bitwise_xor", "invert", "gcd", "lcm", "left_shift", "right_shift"]


def same(ours, expected) -> None:
    assert isinstance(ours, tg.Tensor)
    assert tuple(ours.shape) == np.shape(expected)
    np.testing.assert_allclose(ours.detach().numpy(), expected, rtol=1e-13)


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_number(name) -> None:
    f = getattr(np, name)
    same(f(tg.tensor(X, requires_grad=True)), f(X))


def test_a_function_of_numbers_from_one_up() -> None:
    same(np.arccosh(tg.tensor(X + 1, requires_grad=True)), np.arccosh(X + 1))


@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_numbers(name) -> None:
    f = getattr(np, name)
    expected = f(X, Y)
    x, y = tg.tensor(X, requires_grad=True), tg.tensor(Y)
    same(f(x, y), expected)
    same(f(X, y), expected)
    same(f(x, Y), expected)
    same(f(x, 0.5), f(X, 0.5))
    same(f(np.float64(0.5), x), f(0.5, X))
    same(f(x, Y.tolist()), f(X, np.array(Y, np.float32)))


@pytest.mark.parametrize("name", BITS)
def test_functions_of_bits(name) -> None:
    f = getattr(np, name)
    a, b = np.array([1, 6]), np.array([3, 5])
    args = (a,) if name == "invert" else (a, b)
    same(f(*map(tg.tensor, args)), f(*args))


def test_every_ufunc_is_tested() -> None:
    assert {ufunc.__name__ for ufunc, method in _UFUNCS if method == "__call__"} == {
        *UNARY,
        *BINARY,
        *BITS,
        "arccosh",
        "matmul",
    }


def test_operators_with_an_array_on_the_left() -> None:
    t = tg.tensor(Y, requires_grad=True)
    for f in (
        lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / b, lambda a, b: a**b,
        lambda a, b: a % b,
        lambda a, b: a // b, lambda a, b: a < b, lambda a, b: a == b,
    ):  # fmt: skip
        same(f(X, t), f(X, Y))
        same(f(np.float64(2.0), t), f(2.0, Y))
    w = tg.tensor(M, requires_grad=True)
    same(X @ w, X @ M)
    (X @ w).sum().backward()
    np.testing.assert_allclose(w.grad.numpy(), np.repeat(X.sum(0)[:, None], 2, 1))


def test_numbers_stay_weak() -> None:
    t = tg.ones(2)
    assert np.add(t, 1.5).dtype is (np.float64(1.5) * t).dtype is np.exp(t).dtype is tg.float32
    assert (np.ones(2) * t).dtype is tg.float64


AXES = ({}, {"axis": 0}, {"axis": 1, "keepdims": True})
FUNCTIONS = [
    *[(f, args) for f in (np.sum, np.mean, np.prod, np.max, np.min, np.amax, np.amin, np.var, np.std) for args in AXES],
    *[(f, {"axis": (0, 1)}) for f in (np.sum, np.mean, np.max, np.var)],
    (np.var, {"ddof": 1}), (np.std, {"axis": 1, "ddof": 1}),
    *[(f, args) for f in (np.argmax, np.argmin, np.all, np.any, np.cumsum, np.cumprod) for args in ({}, {"axis": 1})],
    (np.argsort, {}), (np.sort, {"axis": 0}), (np.around, {"decimals": 1}), (np.round, {}), (np.count_nonzero, {}),
    (np.broadcast_to, {"shape": (2, 3, 4)}), (np.clip, {"a_min": 0.3, "a_max": 0.5}), (np.copy, {}),
    (np.diag, {}), (np.diag, {"k": 1}), (np.expand_dims, {"axis": 1}), (np.flip, {}), (np.flip, {"axis": 1}),
    (np.full_like, {"fill_value": 2.0}), (np.ones_like, {}), (np.zeros_like, {}),
    (np.linalg.norm, {}), (np.linalg.norm, {"axis": 1}), (np.linalg.norm, {"ord": 1, "axis": 0}),
    (np.moveaxis, {"source": 0, "destination": 1}), (np.nan_to_num, {}), (np.ravel, {}),
    (np.repeat, {"repeats": 2, "axis": 0}), (np.reshape, {"shape": (4, 3)}), (np.roll, {"shift": 1, "axis": 0}),
    (np.squeeze, {}), (np.swapaxes, {"axis1": 0, "axis2": 1}),
    (np.take, {"indices": [0, 2], "axis": 1}), (np.take, {"indices": [0, 11]}),
    (np.take_along_axis, {"indices": np.array([[0], [1], [0]]), "axis": 1}),
    (np.tile, {"reps": (2, 1)}), (np.tile, {"reps": 2}),
    (np.trace, {}), (np.transpose, {}), (np.transpose, {"axes": (1, 0)}), (np.tril, {}), (np.triu, {"k": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("f", "kwargs"), FUNCTIONS, ids=lambda v: getattr(v, "__name__", str(v)))
def test_functions(f, kwargs) -> None:
    same(f(tg.tensor(X, requires_grad=True), **kwargs), f(X, **kwargs))


def test_functions_of_several_tensors() -> None:
    x, y, m = (tg.tensor(a, requires_grad=True) for a in (X, Y, M))
    same(np.concatenate([x, Y], axis=1), np.concatenate([X, Y], 1))
    same(np.stack((x, y)), np.stack((X, Y)))
    same(np.where(x > 0.5, x, Y), np.where(X > 0.5, X, Y))
    same(np.where(X > 0.5, x, 0.0), np.where(X > 0.5, X, 0.0))
    same(np.dot(x, M), X @ M)
    same(np.einsum("ij,jk->k", X, m), np.einsum("ij,jk->k", X, M))
    same(np.outer(x[0], Y[0]), np.outer(X[0], Y[0]))
    same(np.add.reduce(x), X.sum(0))
    same(np.maximum.reduce(x, axis=1, keepdims=True), X.max(1, keepdims=True))
    assert np.shape(x) == (3, 4)
    assert np.ndim(x) == 2
    assert np.size(x) == 12
    assert np.size(x, 0) == 3
    for a, b in zip(np.nonzero(x > 0.5), np.nonzero(X > 0.5), strict=True):
        np.testing.assert_array_equal(a.numpy(), b)


def test_every_function_is_tested() -> None:
    several = {np.concatenate, np.stack, np.where, np.dot, np.einsum, np.outer, np.shape, np.ndim, np.size, np.nonzero}
    assert set(_FUNCTIONS) == {f for f, _ in FUNCTIONS} | several


def test_gradients_flow() -> None:
    x = tg.tensor(X, requires_grad=True)
    y = np.sum(np.concatenate([np.exp(x), Y * x]).reshape(-1) ** 2) + np.mean(np.transpose(x))
    y.backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.exp(2 * X) + 2 * Y * Y * X + 1 / 12)


def test_values_go_to_numpy() -> None:
    t = tg.tensor(X)
    assert np.shares_memory(np.asarray(t), t.numpy())
    assert np.array(t) is not t.numpy()
    assert not np.shares_memory(np.array(t), t.numpy())
    assert np.asarray(t, dtype=np.float32).dtype == np.float32
    np.testing.assert_allclose(t, X)
    np.testing.assert_array_equal(t, X)
    np.testing.assert_equal(np.asarray(t), X)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(t, X + 1)
    assert np.allclose(t, X)
    assert np.array_equal(t, X)
    assert np.isclose(t, X).all()
    assert np.shares_memory(t, t.numpy())
    file = io.BytesIO()
    np.save(file, t)
    np.testing.assert_array_equal(np.load(io.BytesIO(file.getvalue())), X)
    assert X[tg.tensor(1)].shape == (4,), "an integer tensor indexes arrays"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: np.cbrt(t), "np.cbrt is not defined for tensors.*detach.*numpy"),
        (lambda t: np.add.accumulate(t), "np.add.accumulate is not defined"),
        (lambda t: np.add.outer(t, t), "np.add.outer is not defined"),
        (lambda t: np.subtract.reduce(t), "np.subtract.reduce is not defined"),
        (lambda t: np.add.reduce(t, initial=1), "np.add.reduce with axis, initial= is not defined"),
        (lambda t: np.exp(t, where=X > 1), "np.exp with where= is not defined"),
        (lambda t: np.exp(t, out=np.ones((3, 4))), "np.exp: an array cannot take a tensor's result"),
        (lambda t: np.ones((3, 4)).__iadd__(t), "np.add: an array cannot take a tensor's result"),
        (lambda t: np.sum(t, where=X > 1), "np.sum of a tensor: .*where.*"),
        (lambda t: np.sum(t, out=np.ones(())), "np.sum of a tensor: .*out.*"),
        (lambda t: np.median(t), "np.median is not defined for tensors"),
        (lambda t: np.linalg.inv(t), "np.linalg.inv is not defined for tensors"),
        (lambda t: np.linalg.norm(t, 2), "np.linalg.norm of a tensor: ord=2 needs an axis="),
        (lambda t: np.where(t), "np.where of a tensor"),
        (lambda t: np.add(np.array(["a"] * 4), t), "can't convert np.ndarray"),
    ],
)
def test_errors(call, message) -> None:
    with pytest.raises((TypeError, RuntimeError), match=message):
        call(tg.tensor(X))


def test_values_of_a_tensor_that_requires_grad() -> None:
    t = tg.tensor(X, requires_grad=True)
    for call in (lambda: np.asarray(t), lambda: np.allclose(t, X), lambda: np.testing.assert_allclose(t, X)):
        with pytest.raises(RuntimeError, match=r"detach\(\).numpy\(\)"):
            call()
