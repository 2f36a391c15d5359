"""gradcheck finds what is wrong, names it, and passes what is right."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp.autograd import gradcheck, gradgradcheck
from tinygrad_mlp.autograd.function import once_differentiable
from tinygrad_mlp.autograd.numerical import Direction, GradcheckError, Numerics, Slopes, Subject
from tinygrad_mlp.core.apply import primitive
from tinygrad_mlp.core.primitive import OPS, PRIMITIVES
from tinygrad_mlp.core.state import state
from tinygrad_mlp.errors import ArgumentError, DTypeError, InplaceError, ShapeError


def leaf(*values: Any) -> tg.Tensor:
    return tg.tensor(values, dtype=tg.float64, requires_grad=True)


def matrix(rows: int, columns: int, seed: int = 0) -> tg.Tensor:
    values = np.random.default_rng(seed).standard_normal((rows, columns))
    return tg.tensor(values, requires_grad=True)


def function(forward: Callable[..., Any], backward: Callable[..., Any], library: Any = tg) -> Callable[..., Any]:
    """An operation with the given forward and backward, on the tensors of a library."""

    class Operation(library.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Any) -> Any:
            ctx.save_for_backward(*inputs)
            return forward(*inputs)

        @staticmethod
        def backward(ctx: Any, *gradients: Any) -> Any:
            return backward(*gradients, *ctx.saved_tensors)

    return Operation.apply


RIGHT: dict[str, tuple[Callable[..., Any], tuple[tg.Tensor, ...]]] = {
    "elementwise": (lambda x: (x.exp() * x.sin()).tanh(), (matrix(2, 3),)),
    "broadcasting": (lambda x, b: x * b + b, (matrix(2, 3), leaf(0.5, -1.0, 2.0))),
    "layer": (tg.nn.functional.linear, (matrix(2, 3), matrix(4, 3), leaf(1.0, 2.0, 3.0, 4.0))),
    "softmax": (lambda x: tg.softmax(x, 1), (matrix(2, 3),)),
    "loss": (lambda x: tg.nn.functional.cross_entropy(x, tg.tensor([2, 0])), (matrix(2, 3),)),
    "several outputs": (lambda x, y: (x @ y, x.sum(), x.argmax()), (matrix(2, 3), matrix(3, 2))),
    "a list": (lambda x: list(x.unbind()), (matrix(2, 3),)),
    "views": (lambda x: (x.view(-1), x.T, x[0], x), (matrix(2, 3),)),
    "no dimensions": (lambda x: x * x, (tg.tensor(1.5, dtype=tg.float64, requires_grad=True),)),
    "no elements": (lambda x: x * 2, (tg.zeros(0, dtype=tg.float64, requires_grad=True),)),
    "unused": (lambda x, y: x * 2, (leaf(1.0), leaf(2.0))),
    "constant": (lambda x: tg.ones(2, dtype=tg.float64), (leaf(1.0),)),
    "integers": (lambda x: x.argmax(), (leaf(1.0, 2.0),)),
    "piecewise": (lambda x: tg.relu(x) + x.abs() + x.floor(), (leaf(-1.2, 0.7),)),
    "smooth at 0": (lambda x: x.abs() ** 1.5, (leaf(0.0, 1.0),)),
    "steep": (lambda x: (100 * x).exp(), (leaf(0.05),)),
    "large": (lambda x: 1e9 + x**2, (leaf(1.0, 2.0),)),
    "in place inside": (lambda x: x.clone().mul_(x).add_(1.0), (leaf(1.0, 2.0),)),
    "gradient inside": (lambda x: tg.autograd.grad((x**3).sum(), x, create_graph=True), (leaf(1.0, 2.0),)),
}


@pytest.mark.parametrize("fast_mode", [False, True])
@pytest.mark.parametrize("name", RIGHT)
def test_right_gradients_pass(name: str, fast_mode: bool) -> None:
    func, inputs = RIGHT[name]
    assert gradcheck(func, inputs, fast_mode=fast_mode, order=1 if name == "smooth at 0" else 2) is True


def test_the_third_order() -> None:
    assert gradcheck(lambda x: x.exp() * x, leaf(0.5, -1.0), order=3)


@pytest.mark.parametrize("fast_mode", [False, True])
def test_a_wrong_rule_is_named_with_both_numbers_and_the_budget(fast_mode: bool) -> None:
    mask = np.zeros((2, 3))
    mask[1, 2] = 0.25

    def backward(g: tg.Tensor, x: tg.Tensor, w: tg.Tensor) -> Any:
        return g * w, g * (x + tg.tensor(mask))

    x, w = matrix(2, 3), matrix(2, 3, seed=1)
    with pytest.raises(GradcheckError) as caught:
        gradcheck(function(lambda x, w: x * w, backward), (x, w), fast_mode=fast_mode)
    first, analytic, numerical, difference, good = str(caught.value).splitlines()
    place = f"d output 0, element (1, 2) / d input 1, element (1, 2) = {w[1, 2].item():.6g}"
    assert first == f"gradcheck: the gradient is wrong: 1 of 36 derivatives by this input. {place}"
    assert float(analytic.split()[1]) == pytest.approx(x[1, 2].item() + 0.25, rel=1e-12)
    assert float(numerical.split()[1]) == pytest.approx(x[1, 2].item(), rel=1e-9)
    allowed = 1e-5 + 1e-3 * abs(x[1, 2].item())
    assert difference == f"  difference  0.25; allowed {allowed:.3g}, of atol=1e-05, rtol=0.001"
    assert "truncation" in good
    assert "rounding" in good
    assert "eps=1e-06" in good


def test_the_worst_output_is_named() -> None:
    wrong = function(lambda x: (x * 1.0, x * 3.0), lambda g, h, x: g * 1.1 + h * 2.0)
    with pytest.raises(GradcheckError, match=r"d output 1, element \(0,\) / d input 0, element \(0,\) = 2"):
        gradcheck(wrong, leaf(2.0))


def test_tolerances_are_pytorchs() -> None:
    off = function(lambda x: x * 3.0, lambda g, x: g * 3.002)
    assert gradcheck(off, leaf(1.0))  # 0.002 <= 1e-5 + 1e-3 * 3
    assert not gradcheck(off, leaf(1.0), rtol=1e-4, raise_exception=False)
    assert gradcheck(off, leaf(1.0), rtol=0, atol=0.0021)
    many = leaf(*range(20))  # where the sum along a random direction would allow more
    assert not gradcheck(off, many, rtol=0, atol=0.0019, raise_exception=False)
    assert not gradcheck(function(lambda x: x * 3.0, lambda g, x: g * 3.0032), many, raise_exception=False)
    assert not gradcheck(function(lambda x: x * 0.0, lambda g, x: g * 2e-5), many, raise_exception=False)


# --------------------------------------------------------------------------------------------- what is not a gradient


def test_values_that_differ_between_runs() -> None:
    with pytest.raises(GradcheckError, match=r"func is not deterministic: output 1, element \(0,\) is .*, then .*Seed"):
        gradcheck(lambda x: (x * 2, tg.nn.functional.dropout(x, 0.5) + tg.rand(2).double()), leaf(1.0, 2.0))
    calls = iter(range(10))
    with pytest.raises(GradcheckError, match=r"not deterministic: output 0 has shape \(1,\), then \(2,\)"):
        gradcheck(lambda x: x.expand(next(calls) + 1), leaf(1.0))
    with pytest.raises(GradcheckError, match="not deterministic: it returned 1 outputs, then 2"):
        gradcheck(lambda x: (x,) * (next(calls) - 1), leaf(1.0))


def test_gradients_that_differ_between_runs() -> None:
    calls = iter(range(1000))
    drifting = function(lambda x: x * 2, lambda g, x: g * 2 + g * (1e-9 * next(calls)))
    with pytest.raises(GradcheckError, match=r"backward pass is not deterministic: the gradient of input 0, element \(0,\)"):
        gradcheck(drifting, leaf(1.0))
    assert gradcheck(drifting, leaf(1.0), nondet_tol=1e-6)


def test_results_that_share_memory_unnoticed() -> None:
    def share(x: tg.Tensor) -> tg.Tensor:
        return tg.from_numpy(x.detach().numpy())

    shared = function(lambda x, y: share(y), lambda g, x, y: (None, g))  # of a Function autograd knows
    assert gradcheck(shared, (leaf(1.0), leaf(2.0)))
    with pytest.raises(InplaceError, match="custom Function"):
        shared(leaf(1.0) * 1, leaf(2.0) * 1).add_(1)

    def twice(x: tg.Tensor) -> Any:
        y = x * 2
        return y, share(y)

    with pytest.raises(GradcheckError, match=r"output 1 shares memory with output 0"):
        gradcheck(twice, leaf(1.0))


def test_inputs_that_func_writes_to() -> None:
    def scale(x: tg.Tensor, counts: tg.Tensor) -> tg.Tensor:
        with tg.no_grad():
            counts[1] += 1
        return x * 2

    x, counts = leaf(1.0), tg.tensor([5, 6])
    with pytest.raises(GradcheckError, match=r"func wrote to input 1: element \(1,\) was 6 and became 7"):
        gradcheck(scale, (x, counts))
    assert counts.tolist() == [5, 6]

    def damp(x: tg.Tensor) -> tg.Tensor:
        with tg.no_grad():
            x *= 0.5
        return x * 2

    with pytest.raises(GradcheckError, match=r"func wrote to input 0: element \(0,\) was 1.0 and became 0.5"):
        gradcheck(damp, x)
    assert x.tolist() == [1.0]


def test_what_the_backward_pass_writes_to() -> None:
    def into_input(g: tg.Tensor, x: tg.Tensor) -> tg.Tensor:
        x._data[0] = 9.0
        return g * 2

    with pytest.raises(GradcheckError, match=r"the backward pass wrote to input 0: element \(0,\) was 1.0 and became 9.0"):
        gradcheck(function(lambda x: x * 2, into_input), leaf(1.0))

    def into_cotangent(g: tg.Tensor, x: tg.Tensor) -> tg.Tensor:
        return g.mul_(2.0).clone()

    with pytest.raises(GradcheckError, match="the backward pass wrote to the gradient of output 0"):
        gradcheck(function(lambda x: x * 2, into_cotangent), leaf(1.0))


KINKS: dict[str, tuple[Callable[..., Any], tuple[float, ...], str]] = {
    "abs": (tg.abs, (1.0, 0.0), r"element \(1,\) has the slopes -1 and 1 on the two sides of input 0, element \(1,\) = 0"),
    "relu": (tg.relu, (1.0, 0.0), r"the slopes 0 and 1 on the two sides of input 0, element \(1,\) = 0"),
    "tie": (
        lambda x: x.amax(),
        (2.0, 2.0),
        r"element \(\) has the slopes 0 and 1 on the two sides of input 0, element \(0,\) = 2",
    ),
    "jump": (lambda x: x.floor() + x, (3.0,), r"the slopes 1e\+06 and 1 on the two sides"),
    "edge of the domain": (tg.sqrt, (0.0,), "the slopes nan and 1000 on the two sides"),
    "one side only": (lambda x: x.abs() ** 0.5 * (x > 0), (0.0,), "the slopes 0 and 1000 on the two sides"),
    "nan": (tg.log, (-1.0,), r"no derivative where it is checked: output 0, element \(0,\) is nan"),
    "infinite": (tg.reciprocal, (0.0,), r"no derivative where it is checked: output 0, element \(0,\) is inf"),
}


@pytest.mark.parametrize("fast_mode", [False, True])
@pytest.mark.parametrize("name", KINKS)
def test_points_without_a_derivative(name: str, fast_mode: bool) -> None:
    func, values, message = KINKS[name]
    with pytest.raises(GradcheckError, match=message):
        gradcheck(func, leaf(*values), fast_mode=fast_mode)


def test_a_kink_beside_the_point_does_no_harm() -> None:
    assert gradcheck(tg.abs, leaf(3e-7, -3e-7, 1.0))


def with_its_kink_at(distance: float) -> dict[str, tuple[Callable[..., Any], tuple[tg.Tensor, ...]]]:
    """Functions with a kink that far from the point, in the direction of their first element."""
    return {
        "relu": (tg.relu, (leaf(distance, 0.7),)),
        "abs": (tg.abs, (leaf(distance, 0.7),)),
        "clamp": (lambda x: x.clamp(-1.0, 2.0), (leaf(2.0 - distance, 0.7),)),
        "maximum": (tg.maximum, (leaf(0.4 + distance, 0.7), leaf(0.4, -0.2))),
        "max pool": (lambda x: x.reshape(2, 3).amax(1), (leaf(0.3 + distance, 0.3, -1.0, 0.5, 0.1, 0.2),)),
        "of a sum": (lambda x: tg.relu(x).sum() + 5.0, (leaf(distance, 0.7),)),
        "inside": (lambda x: tg.relu(3 * x - 0.9).exp(), (leaf(0.3 + distance, 0.7),)),
    }


def verdict(func: Callable[..., Any], inputs: Any, **options: Any) -> str:
    """``"right"``, ``"open"`` where that cannot be told, or what is wrong."""
    try:
        gradcheck(func, inputs, **options)
    except GradcheckError as error:
        unsure = "func is not differentiable where", "the gradient cannot be told right from wrong"
        return "open" if any(text in str(error) for text in unsure) else str(error)
    return "right"


DISTANCES = sorted(sign * near * 10.0**power for power in range(-12, -2) for near in (1, 1.5, 2.3, 4, 7) for sign in (1, -1))


@pytest.mark.parametrize("name", with_its_kink_at(1.0))
def test_a_right_gradient_near_a_kink_is_not_called_wrong(name: str) -> None:
    for distance in DISTANCES:
        func, inputs = with_its_kink_at(distance)[name]
        found = verdict(func, inputs)
        assert found == "right" or (found == "open" and abs(distance) < 1e-10), (distance, found)


@pytest.mark.parametrize("how", ["the other side's", "sign", "1.01"])
@pytest.mark.parametrize("name", with_its_kink_at(1.0))
def test_a_wrong_gradient_near_a_kink_is_called_wrong(name: str, how: str) -> None:
    for distance in DISTANCES[::3]:
        func, inputs = with_its_kink_at(distance)[name]
        mirrored = with_its_kink_at(-distance)[name][1]

        def backward(g: Any, *xs: Any, func: Any = func, mirrored: Any = mirrored) -> Any:
            def gradients(at: Any) -> Any:
                with tg.enable_grad():
                    leaves = [x.detach().clone().requires_grad_() for x in at]
                    return tg.autograd.grad(func(*leaves), leaves, g)

            found = gradients(xs)
            wrong = {"the other side's": gradients(mirrored)[0], "sign": -found[0], "1.01": found[0] * 1.01}[how]
            return (tg.cat([wrong[:1], found[0][1:]]), *found[1:])  # in the one element

        result = func(*inputs)
        ones = tg.ones_like(result)
        right = tg.autograd.grad(result, inputs, ones)[0]
        differ = not tg.allclose(backward(ones, *inputs)[0], right, 1e-3, 1e-5)
        found = verdict(function(func, backward), inputs)
        if differ:
            assert "the gradient is wrong" in found or (found == "open" and abs(distance) < 1e-10), distance
        else:
            assert found == "right" or abs(distance) < 1e-10, distance  # 0 has no sign


@pytest.mark.parametrize("options", [{"fast_mode": True}, {"order": 2}, {"eps": 1e-4}, {"eps": 1e-8}])
def test_near_a_kink_in_every_way_to_check(options: dict[str, Any]) -> None:
    for distance in (1e-11, -2e-9, 5.3e-8, 1e-7, -1.9e-7, 3e-6, 9e-5):
        for name, (func, inputs) in with_its_kink_at(distance).items():
            assert verdict(func, inputs, **options) in ("right", "open"), (name, distance)
            if abs(distance) > 1e-9:
                assert verdict(func, inputs, **options) == "right", (name, distance)


def test_kinks_on_both_sides_that_hide_one_another() -> None:
    for distance in (1e-7, 3e-7, 9e-7, 1e-5):
        assert gradcheck(lambda x, d=distance: x.clamp(-d, d), leaf(0.0))
        assert gradcheck(lambda x, d=distance: tg.relu(x - d) - tg.relu(-x - d), leaf(0.0))
        flat = function(lambda x, d=distance: x.clamp(-d, d), lambda g, x: g * 0.0)
        assert "the gradient is wrong" in verdict(flat, leaf(0.0))


def test_rounding_on_the_way_to_a_kink() -> None:
    for distance in (8e-13, 4e-12, 2e-11, 4e-11):  # of which the sums have few digits
        assert "the gradient is wrong" not in verdict(lambda x: tg.relu((x + 1e3) - 1e3), leaf(distance, 0.7))
    far = leaf(1e9 + 9.481117864501658e-06, 0.7)  # which moves in steps of 1e-7
    assert "the gradient is wrong" not in verdict(lambda x: tg.relu(x - 1e9), far, eps=1e-4)


def test_a_kink_that_only_far_steps_reach_where_near_ones_are_noise() -> None:
    for distance in (1e-5, 1e-4):
        found = verdict(lambda x: 1e9 + tg.relu(x), leaf(distance))
        assert "the gradient is wrong" not in found


def test_a_complex_step_beside_a_kink() -> None:
    found = slopes(lambda x: tg.relu(x).exp(), leaf(1e-9))
    assert found.method == "complex step"
    assert found.value[0] == pytest.approx(np.exp(1e-9) * found.along[0], rel=1e-15)


def test_the_message_at_a_kink() -> None:
    with pytest.raises(GradcheckError) as caught:
        gradcheck(tg.relu, leaf(0.5, 0.0), eps=1e-5)
    assert str(caught.value) == (
        "gradcheck: func is not differentiable where it is checked, or too near to tell within eps=1e-05 of there: output 0, "
        "element (1,) has the slopes 0 and 1 on the two sides of input 0, element (1,) = 0. The gradient there is a choice, "
        "which no check can confirm: move the input away from there."
    )


def test_rounding_that_leaves_it_open() -> None:
    with pytest.raises(GradcheckError, match="(?s)the gradient cannot be told right from wrong: .*more than is allowed"):
        gradcheck(lambda x: x.abs() + 1e12, leaf(0.3))


def test_partial_derivatives_without_a_derivative() -> None:
    # x^3 / (x^2 + y^2) has the partial derivatives 1 and 0 at the origin, but is not linear along other directions
    cone = function(lambda x, y: x**3 / (x**2 + y**2).clamp(min=1e-300), lambda g, x, y: (g * 1.0, g * 0.0))
    with pytest.raises(GradcheckError, match="along a random direction.*though element by element it is right"):
        gradcheck(cone, (leaf(0.0), leaf(0.0)))


def test_a_backward_that_is_not_linear() -> None:
    with pytest.raises(GradcheckError, match="backward not multiplied by grad_output: the gradient of input 0"):
        gradcheck(function(lambda x: (x * x).sum(), lambda g, x: x * 2.0), leaf(1.0, 2.0))
    squared = function(lambda x: (x * 3.0).sum(), lambda g, x: (g * g * 3.0).expand(2))
    with pytest.raises(GradcheckError, match="along a random direction.*backward is not linear in grad_output"):
        gradcheck(squared, leaf(1.0, 2.0))


class Halves(tg.autograd.Function):
    """Two outputs, and a backward that takes a gradient that is not given for ones."""

    @staticmethod
    def forward(ctx: Any, x: tg.Tensor) -> Any:
        ctx.set_materialize_grads(False)
        return x * 2, x * 3

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        a, b = (1.0 if g is None else g for g in gradients)
        return a * 2 + b * 3


def test_a_gradient_that_is_not_given_counts_as_0() -> None:
    with pytest.raises(
        GradcheckError, match="gradient of input 0 is not the same where the gradient of output 0 is not given"
    ):
        gradcheck(Halves.apply, leaf(1.0, 2.0))
    assert gradcheck(Halves.apply, leaf(1.0, 2.0), check_undefined_grad=False, atol=10, rtol=0)


def test_an_output_that_does_not_require_grad_must_be_constant() -> None:
    with pytest.raises(GradcheckError, match="Numerical gradient for function expected to be zero"):
        gradcheck(lambda x: x.detach() * 2, leaf(1.0))


# -------------------------------------------------------------------------------------------------------- numbers


def slopes(func: Callable[..., Any], x: tg.Tensor) -> Slopes:
    return Numerics(Subject("test", func, x), 1e-6).quick(Direction([np.ones(x.shape)]))


def test_a_complex_step_has_all_digits() -> None:
    found = slopes(lambda x: (tg.tanh(x) * x.exp()).sum(), leaf(0.5, -1.0))
    x = np.array([0.5, -1.0])
    assert found.method == "complex step"
    exact = (1 - np.tanh(x) ** 2 + np.tanh(x)) * np.exp(x)
    assert found.value[0] == pytest.approx(exact @ found.along, rel=1e-15, abs=0)
    assert gradcheck(lambda x: tg.sigmoid(x @ x.T).cumsum(0), matrix(3, 2), atol=1e-13, rtol=1e-12)


def through_python(x: tg.Tensor) -> tg.Tensor:
    return x * x.sum().item()


@pytest.mark.parametrize(("func", "derivative"), [(tg.abs, 1.0), (lambda x: x.norm(1), 1.0), (through_python, 6.0)])
def test_differences_where_the_complex_step_is_another_function(func: Callable[..., Any], derivative: float) -> None:
    found = slopes(func, leaf(3.0))
    assert found.method == "central differences"
    assert found.value[0] == pytest.approx(derivative)


def added(forward: Callable[..., Any], *rules: Callable[..., Any]) -> Any:
    """An operation that is added at run time, and known by no table afterwards."""
    operation = primitive(*rules)(forward)
    del OPS[forward.__name__], PRIMITIVES[forward.__name__]
    return operation


def test_a_complex_step_through_operations_that_are_added_at_run_time() -> None:
    def cube(value: Any) -> Any:  # analytic
        return value * value * value

    def strip(value: Any) -> Any:  # linear, and undefined for complex numbers
        return np.real_if_close(value)[1:] if value.dtype == np.float64 else np.maximum(None, value)

    def size(value: Any) -> Any:  # of complex numbers another function
        return np.hypot(np.real(value), 1.0)

    x = leaf(0.5, -2.0, 1.5)
    cubed = slopes(added(cube, lambda g, value: g * 3 * value * value), x)
    assert cubed.method == "complex step"
    np.testing.assert_allclose(cubed.value, 3 * x.detach().numpy() ** 2 * cubed.along, rtol=1e-15)
    stripped = slopes(added(strip, lambda g, value_shape: g), x)
    assert stripped.method == "complex step"
    np.testing.assert_allclose(stripped.value, stripped.along[1:], rtol=1e-15)
    sized = slopes(added(size, lambda g, y, value: g * value / y), x)
    assert sized.method == "central differences"
    np.testing.assert_allclose(sized.value, x.detach().numpy() / np.hypot(x.detach().numpy(), 1), rtol=1e-6)


def test_a_value_that_went_through_python() -> None:
    with pytest.raises(GradcheckError, match=r"analytic    3\n  numerical .* \(extrapolated differences\)"):
        gradcheck(through_python, leaf(3.0))


def test_extrapolation_where_one_difference_is_not_enough() -> None:
    x = leaf(1.0)
    numerics = Numerics(Subject("test", lambda x: 1e9 + x.abs() ** 3, x), 1e-6)
    unit = Direction([np.ones(1)], (0, (0,)))
    assert abs(numerics.quick(unit).value[0] - 3) > 1e-3
    careful = numerics.careful(unit)
    error = abs(careful.value[0] - 3)
    assert error < 1e-3
    assert error < 4 * (careful.truncation[0] + careful.rounding[0])
    wave = Numerics(Subject("test", lambda x: (30 * x.norm()).sin(), x), 1e-3)
    exact = 30 * np.cos(30)
    assert abs(wave.differences(unit, 1e-3 / 16).value[0] - exact) > 1e-6  # the nearest of the differences it is made of
    assert wave.careful(unit).value[0] == pytest.approx(exact, abs=1e-8)


def test_tolerances_that_differences_cannot_meet_are_said_to_be() -> None:
    with pytest.raises(GradcheckError, match="which is more than is allowed: take another eps, larger tolerances"):
        gradcheck(lambda x: tg.softmax(x, 0), leaf(0.3, -0.7, 1.0), atol=1e-18, rtol=0)


# ---------------------------------------------------------------------------------------------------- second order


def test_second_derivatives_that_are_wrong() -> None:
    frozen = function(lambda x: x**3, lambda g, x: g * 3 * (x * x).detach())
    assert gradcheck(frozen, leaf(2.0))
    for check in (lambda f, x: gradcheck(f, x, order=2), gradgradcheck):
        with pytest.raises(GradcheckError, match=r"d gradient of input 0, element \(0,\) / d input 0, element \(0,\) = 2"):
            check(frozen, leaf(2.0))


def test_random_cotangents_show_what_ones_hide() -> None:
    slope = function(lambda g, x: g * 3 * x * x, lambda h, g, x: (h * 3 * x * x, h * (6 * x * g + g * g - g)))
    cube = function(lambda x: x**3, lambda g, x: slope(g, x))
    assert gradcheck(cube, leaf(2.0))
    assert gradgradcheck(cube, leaf(2.0), tg.ones(1, dtype=tg.float64))
    assert not gradgradcheck(cube, leaf(2.0), raise_exception=False)


def test_gradients_that_cannot_be_differentiated() -> None:
    once = function(lambda x: x**3, once_differentiable(lambda g, x: g * 3 * x * x))
    assert gradcheck(once, leaf(2.0))
    with pytest.raises(GradcheckError, match="expected to be zero, as the output does not require grad: .* by this input"):
        gradgradcheck(once, leaf(2.0))
    half = function(lambda x, y: x**2 * y, lambda g, x, y: (2 * g * x * y, (g * x * x).detach()))
    with pytest.raises(GradcheckError, match="as the output does not require grad: .*d gradient of input 1"):
        gradgradcheck(half, (leaf(2.0), leaf(3.0)))


def test_cotangents_that_are_given() -> None:
    x, g = matrix(2, 3), matrix(2, 3, seed=1)
    assert gradgradcheck(tg.tanh, x, g)
    assert gradgradcheck(tg.tanh, x, [g])
    assert gradgradcheck(tg.tanh, x, gen_non_contig_grad_outputs=True)
    wrong = function(lambda x: x * 2, lambda g, x: g * 2 + (g * 0.5).detach())
    assert not gradgradcheck(wrong, x, g, raise_exception=False)
    with pytest.raises(GradcheckError, match="/ d grad_output 0, element"):
        gradgradcheck(wrong, x, g)
    with pytest.raises(ShapeError, match=r"grad_outputs must have the shapes .*\[\(2, 3\)\], got \[\(3, 2\)\]"):
        gradgradcheck(tg.tanh, x, matrix(3, 2))
    with pytest.raises(GradcheckError, match="no output of func requires grad"):
        gradgradcheck(lambda x: x.detach(), x)


# -------------------------------------------------------------------------------------------------------- arguments


def test_float64_is_required() -> None:
    with pytest.raises(DTypeError, match=r"input 1 is .*float32.* make it float64 with \.double\(\)"):
        gradcheck(tg.add, (leaf(1.0), tg.ones(1, requires_grad=True)))
    with pytest.raises(DTypeError, match="output 0 is .*float32"):
        gradcheck(lambda x: x.float() * 2, leaf(1.0))
    assert gradcheck(lambda x, y: x * y.double(), (leaf(1.0), tg.ones(1)))  # what is not differentiated may be float32


def test_bad_arguments() -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        gradcheck(tg.tanh, x.detach())
    with pytest.raises(ValueError, match="eps is a distance from the point, more than 0, got 0"):
        gradcheck(tg.tanh, x, eps=0)
    with pytest.raises(ValueError, match="order is that of the highest derivative"):
        gradcheck(tg.tanh, x, order=0)
    with pytest.raises(ArgumentError, match="func must return a Tensor.*output 0 is a float"):
        gradcheck(lambda x: x.sum().item(), x)
    with pytest.raises(ShapeError, match=r"input 0 is read-only, or its elements share memory.*clone\(\)"):
        gradcheck(tg.tanh, tg.ones(1, dtype=tg.float64).expand(3).requires_grad_())
    with pytest.raises(ShapeError, match="input 0 and input 1 share memory"):
        gradcheck(tg.add, (x, x[:1]))
    with pytest.raises(GradcheckError, match=r"a step of 1e-06 is lost beside input 0, element \(1,\) = 1e\+12"):
        gradcheck(tg.neg, leaf(1.0, 1e12))
    assert gradcheck(tg.neg, leaf(1.0, 1e12), eps=1.0)


def test_a_tensor_that_is_given_twice() -> None:
    x = leaf(1.0, 2.0)
    assert gradcheck(tg.mul, (x, x), order=2)


def test_parameters_in_a_closure() -> None:
    layer = tg.nn.Linear(3, 2).double()
    x = matrix(4, 3).detach()
    before = {name: p.clone() for name, p in layer.named_parameters()}
    assert gradcheck(lambda *parameters: layer(x).tanh(), list(layer.parameters()), order=2)
    assert all(p.equal(before[name]) for name, p in layer.named_parameters())
    assert all(p.grad is None for p in layer.parameters())


def test_inputs_are_put_back_when_func_raises() -> None:
    x = leaf(1.0, 2.0)

    def picky(x: tg.Tensor) -> tg.Tensor:
        if x[1].item() > 2.0:
            raise KeyError("too large")
        return x * 2

    with pytest.raises(KeyError):
        gradcheck(picky, x)
    assert x.tolist() == [1.0, 2.0]
    assert state.observers == ()


def test_a_failed_check_returns_false_where_asked() -> None:
    assert gradcheck(tg.abs, leaf(0.0), raise_exception=False) is False
    assert gradcheck(tg.abs, leaf(0.0), raise_exception=False, report=True) is False
    assert gradcheck(tg.abs, leaf(1.0), raise_exception=False) is True


def test_recording_may_be_off_around_it() -> None:
    with tg.no_grad():
        assert gradcheck(tg.tanh, leaf(1.0), order=2)


# ---------------------------------------------------------------------------------------------------------- PyTorch

SHARED: dict[str, Callable[[Any, Any], Any]] = {
    "tanh": lambda lib, x: lib.tanh(x),
    "product": lambda lib, x: (x * x.exp(), x.sum()),
    "softmax": lambda lib, x: lib.softmax(x, 0),
    "matmul": lambda lib, x: x @ x.T,
    "detached": lambda lib, x: x * x.detach(),
    "all detached": lambda lib, x: x.detach() * 2,
    "constant": lambda lib, x: lib.ones(2, dtype=lib.float64),
    "detached beside": lambda lib, x: (x * 2, x.detach() * 2),
    "floor": lambda lib, x: x.floor(),
    "wrong factor": lambda lib, x: function(lambda x: x * 3, lambda g, x: g * 2, lib)(x),
    "wrong sign": lambda lib, x: function(lambda x: lib.cos(x), lambda g, x: g * lib.sin(x), lib)(x),
    "slightly wrong": lambda lib, x: function(lambda x: x * 3, lambda g, x: g * 3.01, lib)(x),
    "hardly wrong": lambda lib, x: function(lambda x: x * 3, lambda g, x: g * 3.001, lib)(x),
    "wrong in one element": lambda lib, x: function(lambda x: x * 3, lambda g, x: g * 3 + (x == x[0, 0]).double() * g, lib)(
        x
    ),
    "missing sum": lambda lib, x: function(lambda x: x.sum(0), lambda g, x: g.expand(2, 2) / 2, lib)(x),
    "not multiplied": lambda lib, x: function(lambda x: (x * x).sum(), lambda g, x: x * 2, lib)(x),
    "transposed": lambda lib, x: function(lambda x: x.T.clone(), lambda g, x: g.clone(), lib)(x),
    "second order wrong": lambda lib, x: function(lambda x: x**3, lambda g, x: g * 3 * (x * x).detach(), lib)(x),
    "random": lambda lib, x: x * lib.rand(2, 2),
}


@pytest.mark.parametrize("fast_mode", [False, True])
@pytest.mark.parametrize("name", SHARED)
def test_verdicts_are_pytorchs(name: str, fast_mode: bool) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    verdicts = []
    for lib, first, second in (
        (tg, gradcheck, gradgradcheck),
        (torch, torch.autograd.gradcheck, torch.autograd.gradgradcheck),
    ):
        x = lib.tensor([[0.3, -1.2], [2.1, 0.8]], dtype=lib.float64, requires_grad=True)
        call = functools.partial(SHARED[name], lib)
        found = [first(call, x, fast_mode=fast_mode, raise_exception=False)]
        if found[0] and call(x)[0].requires_grad:
            found.append(second(call, x, fast_mode=fast_mode, raise_exception=False))
        verdicts.append(found)
    assert verdicts[0] == verdicts[1]
    assert all(type(verdict) is bool for verdict in verdicts[0])


def test_where_pytorch_sees_nothing() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    assert torch.autograd.gradcheck(torch.abs, torch.zeros(1, dtype=torch.float64, requires_grad=True))
    assert not gradcheck(tg.abs, leaf(0.0), raise_exception=False)


# ------------------------------------------------------------------------------------------------------------ names


def test_where_they_are_found() -> None:
    assert tg.autograd.gradcheck is gradcheck
    assert tg.autograd.gradgradcheck is gradgradcheck
    assert issubclass(GradcheckError, RuntimeError)
    with pytest.raises(AttributeError, match="has no attribute 'gradchek'"):
        _ = tg.autograd.gradchek
