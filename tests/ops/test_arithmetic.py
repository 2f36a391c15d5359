"""Arithmetic: the sample rows, and what is special."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from contract import Sample, apart, normal, positive
from hypothesis import assume, given
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp.core.primitive import OPS
from tinygrad_mlp.errors import ArgumentError, DTypeError

A, B, ROW = apart(2, 3), apart(2, 3, seed=1) + 0.03, apart(3, seed=2) + 0.01

SAMPLES = [
    *[
        Sample(name, args)
        for name in ("add", "sub", "mul", "true_divide", "atan2", "remainder", "fmod")
        for args in ((A, B), (A, ROW), (ROW, A), (A, normal()))
    ],
    *[Sample(name, (A, B), {"alpha": alpha}) for name in ("add", "sub") for alpha in (0, 2, 2.5)],
    *[Sample(name, (A, 2.5)) for name in ("add", "sub", "mul", "true_divide", "remainder")],
    *[Sample(name, (2.5, A)) for name in ("sub", "true_divide")],
    Sample("sub", (2.5, A), torch_name="rsub", torch_fn=lambda a, b: a - b),
    Sample("trunc_divide", (positive(2, 3), B + 2), torch_fn=lambda a, b: a.div(b, rounding_mode="trunc")),
    Sample("floor_divide", (positive(2, 3), B + 2), torch_fn=lambda a, b: a.div(b, rounding_mode="floor")),
    *[Sample("div", (A, B), {"rounding_mode": mode}) for mode in (None, "floor", "trunc")],
    *[Sample("pow", (positive(2, 3), exponent)) for exponent in (2, 3, 0.5, -1, 0, 1, B, ROW)],
    Sample("pow", (2.5, A)),
    Sample("pow", (A, 3)),
    Sample("lerp", (A, B, 0.3)),
    Sample("lerp", (A, B, ROW)),
    *[Sample(name, (A, B, ROW + 2), options) for name in ("addcmul", "addcdiv") for options in ({}, {"value": 0.5})],
]

scalars = st.one_of(st.integers(-5, 5), st.floats(-5, 5), st.booleans())

dtypes = st.sampled_from(["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool"])


@given(
    dtypes,
    dtypes,
    st.sampled_from(["add", "mul", "true_divide", "maximum", "eq", "lt"]),
    st.sampled_from([(), (2,)]),
    st.sampled_from([(), (2,)]),
)
def test_dtypes_promote_as_in_torch(a: str, b: str, name: str, shape_a: tuple, shape_b: tuple) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    ours = getattr(tg, name)(tg.ones(shape_a, dtype=getattr(tg, a)), tg.ones(shape_b, dtype=getattr(tg, b)))
    theirs = getattr(torch, name)(torch.ones(shape_a, dtype=getattr(torch, a)), torch.ones(shape_b, dtype=getattr(torch, b)))
    assert ours.dtype.name == str(theirs.dtype).removeprefix("torch.")
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@given(dtypes, scalars, st.sampled_from(["add", "mul", "sub"]))
def test_python_scalars_are_weak(name: str, scalar: float, op: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    assume(not (op == "sub" and "bool" in (name, type(scalar).__name__)))  # torch refuses to subtract truth values
    try:
        theirs = getattr(torch, op)(torch.ones(2, dtype=getattr(torch, name)), scalar)
    except RuntimeError:
        with pytest.raises(RuntimeError):
            getattr(tg, op)(tg.ones(2, dtype=getattr(tg, name)), scalar)
        return
    ours = getattr(tg, op)(tg.ones(2, dtype=getattr(tg, name)), scalar)
    assert ours.dtype.name == str(theirs.dtype).removeprefix("torch.")
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_numpy_scalars_are_weak_too() -> None:
    assert (tg.ones(2) * np.float64(0.1)).dtype is tg.float32


QUOTIENTS: list[Callable[..., Any]] = [
    lambda t, a, b: t.floor_divide(a, b),
    lambda t, a, b: t.div(a, b, rounding_mode="trunc"),
    lambda t, a, b: t.remainder(a, b),
    lambda t, a, b: t.fmod(a, b),
]


@pytest.mark.parametrize("quotient", QUOTIENTS)
def test_a_quotient_by_zero_is_an_error_of_integers_and_a_value_of_floats(quotient: Callable[..., Any]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    floats = []
    for library in (tg, torch):
        for a, b in (([1], 0), ([1, 2], library.tensor([1, 0]))):
            with pytest.raises(RuntimeError, match="ZeroDivisionError"):
                quotient(library, library.tensor(a), b)
        assert tuple(quotient(library, library.zeros(0, dtype=library.int64), 0).shape) == (0,)
        floats.append(quotient(library, library.tensor([1.0, -1.0, 0.0]), 0.0).numpy())
    np.testing.assert_array_equal(*floats)


@pytest.mark.parametrize(("base", "slopes"), [(0.0, [-np.inf, 0.0, 0.0]), (-2.0, [np.nan] * 3), (2.0, [0.35, 0.69, 2.77])])
def test_the_slope_of_a_numbers_power(base: float, slopes: list[float]) -> None:
    exponent = tg.tensor([-1.0, 0.0, 2.0], dtype=tg.float64, requires_grad=True)
    tg.pow(base, exponent).sum().backward()
    np.testing.assert_allclose(exponent.grad, slopes, atol=0.01)


def test_integer_powers_and_inverted_truth() -> None:
    base, exponent = tg.tensor([2, 3, -1, 1]), tg.tensor([0, -1, -3, -2])
    assert (base**exponent).tolist() == [1, 0, -1, 1]
    assert (~tg.tensor([True, False])).tolist() == [False, True]


@pytest.mark.parametrize("weight", [0.25, 1, True])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
@pytest.mark.parametrize("inplace", [False, True])
def test_a_weight_of_lerp_without_dimensions_has_any_dtype(weight: float, dtype: str, inplace: bool) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    results = []
    for library in (tg, torch):
        x, end = (library.tensor(v, dtype=library.float32) for v in ([1.0, 2.0], [3.0, 5.0]))
        w = library.tensor(weight).to(getattr(library, dtype))
        results.append(x.lerp_(end, w) if inplace else library.lerp(x, end, w))
        assert results[-1].dtype == library.float32
    np.testing.assert_array_equal(*(r.numpy() for r in results))


def test_the_gradient_of_a_weight_of_another_dtype() -> None:
    weight = tg.tensor(0.25, dtype=tg.float64, requires_grad=True)
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    gradients = tg.autograd.grad(tg.lerp(x, tg.tensor([3.0, 5.0]), weight).sum(), [x, weight])
    assert [g.dtype for g in gradients] == [tg.float32, tg.float64]
    assert [g.tolist() for g in gradients] == [[0.75, 0.75], 5.0]


def test_lerp_refuses_other_mixed_dtypes() -> None:
    x, wide = tg.ones(2), tg.ones(2, dtype=tg.float64)
    for end, weight, name in ((wide, 0.5, "end"), (x, wide, "weight"), (wide[0], 0.5, "end")):
        with pytest.raises(DTypeError, match=f"same dtype, but got .*float32 for 'input' and .*float64 for '{name}'"):
            tg.lerp(x, end, weight)


def test_a_write_to_the_flattened_copy_of_an_expanded_tensor_reaches_it() -> None:
    x = tg.ones(2).expand(2, 2).double()
    tg.flatten(x).zero_()
    assert x.tolist() == [[0, 0], [0, 0]]


def test_a_remainder_of_zero_has_the_sign_of_the_input() -> None:
    x = tg.tensor([-1.0, 1.0, -0.0, -1.5])
    for rest in (x.remainder(1), tg.remainder(x, tg.ones(4)), x.clone().remainder_(1)):
        assert rest.tolist() == [0.0, 0.0, 0.0, 0.5]
        assert np.signbit(rest.numpy()).tolist() == [True, False, True, False]


@pytest.mark.parametrize("dtype", [tg.float16, tg.float32, tg.float64])
def test_nothing_is_left_of_a_gradient_that_a_kink_stops(dtype: Any) -> None:
    x = tg.tensor([-1.0, -1.0, -1.0, 0.0, 1.0, 1.0, float("nan")], dtype=dtype, requires_grad=True)
    g = tg.tensor([float("inf"), float("nan"), -2.0, -2.0, float("-inf"), -2.0, 3.0], dtype=dtype)
    tg.relu(x).backward(g)
    assert x.grad is not None
    assert x.grad.dtype is dtype
    assert x.grad.tolist() == [0, 0, 0, 0, float("-inf"), -2, 3]
    assert not np.signbit(x.grad.numpy()[:4]).any()


def test_a_kink_stops_gradients_of_numbers_and_of_expanded_tensors() -> None:
    for value, expected in ((-1.0, 0.0), (2.0, 3.0)):
        x = tg.tensor(value, requires_grad=True)
        (tg.relu(x) * 3).backward()
        assert x.grad is not None
        assert x.grad.item() == expected
    rows = tg.tensor([[1.0, -1.0], [-1.0, 1.0]], requires_grad=True)
    tg.relu(rows).sum().backward()
    assert rows.grad is not None
    assert rows.grad.tolist() == [[1, 0], [0, 1]]


INTEGRAL = [
    lambda t, x: x.addcmul_(x, x, value=2.5),
    lambda t, x: t.addcmul(x, x, x, value=2.5),
    lambda t, x: t.add(x, x, alpha=2.5),
    lambda t, x: x.sub_(x, alpha=2.5),
    lambda t, x: x.add_(x, alpha=2),
]


@pytest.mark.parametrize("code", INTEGRAL)
@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8"])
def test_factors_of_integers_as_in_pytorch(code: Callable[..., Any], dtype: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    try:
        theirs = code(torch, torch.tensor([1, 2, 3], dtype=getattr(torch, dtype)))
    except RuntimeError:
        with pytest.raises(DTypeError):
            code(tg, tg.tensor([1, 2, 3], dtype=getattr(tg, dtype)))
    else:
        ours = code(tg, tg.tensor([1, 2, 3], dtype=getattr(tg, dtype)))
        assert ours.tolist() == theirs.tolist()
        assert ours.dtype.name == dtype


@pytest.mark.parametrize("name", ["addcmul", "addcmul_", "addcdiv", "addcdiv_"])
def test_products_and_quotients_of_mixed_dtypes_as_in_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    def outcome(library: Any, dtypes: Sequence[str], value: float) -> Any:
        """The result, or None for an error."""
        tensors = [library.tensor([2, 3]).to(getattr(library, dtype)) for dtype in dtypes]
        if name.endswith("_"):
            tensors[0] = tensors[0].clone()
        of = library.Tensor if name.endswith("_") else library
        try:
            result = getattr(of, name)(*tensors, value=value)
        except RuntimeError:
            return None
        return str(result.dtype).rpartition(".")[2], result.tolist()

    for dtypes in itertools.product(["float32", "float64", "int64", "bool"], repeat=3):
        for value in (1, 0.5):
            assert outcome(tg, dtypes, value) == outcome(torch, dtypes, value), (dtypes, value)


def test_a_quotient_takes_tensors_alone() -> None:
    with pytest.raises(ArgumentError, match="'tensor1' must be Tensor, not float"):
        tg.addcdiv(tg.ones(1), 2.0, tg.ones(1))


def test_memory_to_compute_in_is_no_argument_of_an_operation() -> None:
    operations = [OPS[name] for name in ("exp", "sin", "maximum", "addcmul", "clamp", "sigmoid", "matrix_product")]
    assert all(operation.primitive.takes_out for operation in operations)  # type: ignore[attr-defined] # as every primitive
    for operation in (*operations, tg.Tensor.add, tg.Tensor.add_, tg.Tensor.__mul__):
        assert "out" not in inspect.signature(operation).parameters
    with pytest.raises(ArgumentError, match="unexpected keyword argument 'out'"):
        tg.relu(tg.ones(2), out=tg.ones(2))


def test_numbers_that_float16_cannot_hold() -> None:
    x = tg.tensor([0.1, 2.0], dtype=tg.float16)

    def step() -> list[list[float]]:
        return [(x * 1e5).tolist(), (1e5 * x).tolist(), (x * 1e-7).tolist(), (x / 1e-7).tolist(), (x / 1e5).tolist()]

    found = step()
    assert found[0] == found[1] == [10000, float("inf")]
    assert found[2] == [0, float(np.float16(2e-7))]
    assert found[3] == [float("inf"), float("inf")]
    assert found[4] == [float(np.float16(1e-6)), float(np.float16(2e-5))]
    assert tg.compile(step)() == found
    x *= 1e5
    assert x.tolist() == found[0]
