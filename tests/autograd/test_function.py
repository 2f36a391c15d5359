"""Users' own operations: values, gradients of both orders, and what a wrong backward is told."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg


class Cube(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: tg.Tensor) -> tg.Tensor:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, g: tg.Tensor) -> tg.Tensor:
        (x,) = ctx.saved_tensors
        return g * 3 * x**2


class Exp(tg.autograd.Function):
    """Saves its output, and keeps its forward free of the context."""

    @staticmethod
    def forward(x: tg.Tensor) -> tg.Tensor:
        return x.exp()

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: tg.Tensor) -> None:
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx: Any, g: tg.Tensor) -> tg.Tensor:
        (y,) = ctx.saved_tensors
        return g * y


class SumAndProduct(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, a: tg.Tensor, b: tg.Tensor, scale: float) -> tuple[tg.Tensor, tg.Tensor, tg.Tensor]:
        ctx.save_for_backward(a, b)
        ctx.scale = scale
        order = (a > b).long()
        ctx.mark_non_differentiable(order)
        return scale * (a + b), a * b, order

    @staticmethod
    def backward(ctx: Any, of_sum: tg.Tensor, of_product: tg.Tensor, of_order: tg.Tensor) -> Any:
        a, b = ctx.saved_tensors
        return ctx.scale * of_sum + of_product * b, ctx.scale * of_sum + of_product * a, None


def leaf(*values: float) -> tg.Tensor:
    return tg.tensor(values, dtype=tg.float64, requires_grad=True)


@pytest.mark.parametrize(("function", "derivatives"), [(Cube, (12.0, 12.0, 6.0)), (Exp, (np.exp(2),) * 3)])
def test_derivatives_of_three_orders(function: Any, derivatives: tuple[float, ...]) -> None:
    x = leaf(2.0)
    value = function.apply(x).sum()
    for expected in derivatives:
        (value,) = tg.autograd.grad(value.sum(), x, create_graph=True)
        assert value.item() == pytest.approx(expected, rel=1e-12)


def test_several_outputs_and_plain_arguments() -> None:
    a, b = leaf(1.0, 5.0), leaf(3.0, 4.0)
    total, product, order = SumAndProduct.apply(a, b, 2.0)
    assert order.tolist() == [0, 1]
    assert not order.requires_grad
    (total * product).sum().backward()
    (c, d) = leaf(1.0, 5.0), leaf(3.0, 4.0)
    (2.0 * (c + d) * (c * d)).sum().backward()
    np.testing.assert_allclose(a.grad, c.grad)
    np.testing.assert_allclose(b.grad, d.grad)


def test_an_unused_output_gets_zeros() -> None:
    a, b = leaf(1.0), leaf(3.0)
    _, product, _ = SumAndProduct.apply(a, b, 2.0)
    product.sum().backward()
    assert (a.grad.item(), b.grad.item()) == (3.0, 1.0)


def test_nothing_is_recorded_without_need() -> None:
    assert not Cube.apply(tg.ones(1)).requires_grad
    with tg.no_grad():
        assert not Cube.apply(leaf(1.0)).requires_grad


def test_needs_input_grad() -> None:
    seen: list[tuple[bool, ...]] = []

    class Watch(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: tg.Tensor, b: tg.Tensor) -> tg.Tensor:
            seen.append(ctx.needs_input_grad)
            return a + b

        @staticmethod
        def backward(ctx: Any, g: tg.Tensor) -> Any:
            return g, None

    Watch.apply(leaf(1.0), tg.ones(1, dtype=tg.float64)).sum().backward()
    assert seen == [(True, False)]


def test_returning_an_input_gives_it_a_new_history() -> None:
    class Reverse(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: tg.Tensor) -> tg.Tensor:
            return x

        @staticmethod
        def backward(ctx: Any, g: tg.Tensor) -> tg.Tensor:
            return -g

    x = leaf(1.0, 2.0)
    Reverse.apply(x).sum().backward()
    assert x.grad.tolist() == [-1.0, -1.0]


def test_mark_dirty() -> None:
    class Double(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: tg.Tensor) -> tg.Tensor:
            x.mul_(2)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx: Any, g: tg.Tensor) -> tg.Tensor:
            return g * 2

    x = leaf(1.0)
    y = x * 3
    assert Double.apply(y) is y
    y.sum().backward()
    assert x.grad.item() == 6.0


def test_mark_dirty_of_what_has_no_history_and_of_a_leaf_that_requires_grad() -> None:
    class AddTo(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, total: tg.Tensor, x: tg.Tensor) -> tg.Tensor:
            total.add_(x)
            ctx.mark_dirty(total)
            return total

        @staticmethod
        def backward(ctx: Any, g: tg.Tensor) -> Any:
            return g, g * 5

    total, x = tg.zeros(1, dtype=tg.float64), leaf(2.0)
    assert AddTo.apply(total, x) is total
    assert total.requires_grad
    total.sum().backward()
    assert x.grad.item() == 5.0
    with pytest.raises(RuntimeError, match="AddTo: a leaf Variable that requires grad is being used in an in-place"):
        AddTo.apply(leaf(1.0), x)


def test_wrong_backwards_are_named() -> None:
    class TooMany(Cube):
        @staticmethod
        def backward(ctx: Any, g: tg.Tensor) -> Any:
            return g, g

    class WrongShape(Cube):
        @staticmethod
        def backward(ctx: Any, g: tg.Tensor) -> Any:
            return tg.ones(3, dtype=tg.float64)

    with pytest.raises(
        RuntimeError, match=r"TooManyBackward returned an incorrect number of gradients \(expected 1, .*got 2\)"
    ):
        TooMany.apply(leaf(1.0, 2.0)).sum().backward()
    with pytest.raises(RuntimeError, match=r"WrongShapeBackward returned an invalid gradient at index 0 - got \[3\] but"):
        WrongShape.apply(leaf(1.0, 2.0)).sum().backward()
    with pytest.raises(RuntimeError, match="is not instantiated"):
        Cube()


def test_freed_and_overwritten_saved_tensors() -> None:
    y = Cube.apply(leaf(1.0)).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="second time: the saved tensors were freed"):
        y.backward()
    x = leaf(1.0)
    middle = x * 1
    y = Cube.apply(middle).sum()
    middle.add_(1)
    with pytest.raises(RuntimeError, match="Cube saved a tensor .* but add_ has written it since"):
        y.backward()


def test_saving_an_output_ties_no_knot() -> None:
    gc.disable()
    try:
        y = Exp.apply(leaf(1.0))
        node = weakref.ref(y.grad_fn)
        del y
        assert node() is None
    finally:
        gc.enable()


def test_gradients_of_users_functions_own_their_memory() -> None:
    class Both(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: tg.Tensor, y: tg.Tensor) -> tg.Tensor:
            ctx.save_for_backward(x)
            return x + y

        @staticmethod
        def backward(ctx: Any, g: tg.Tensor) -> Any:
            (x,) = ctx.saved_tensors
            return x, x

    x, y = leaf(1.0, 1.0), leaf(1.0, 1.0)
    Both.apply(x, y).sum().backward()
    assert x.grad is not None
    assert y.grad is not None
    x.grad.mul_(10.0)
    assert (x.tolist(), y.grad.tolist()) == ([1.0, 1.0], [1.0, 1.0])


def test_cotangents_are_differentiated_too() -> None:
    x = leaf(2.0)
    value = (Cube.apply(x) ** 2).sum()  # x**6: the cotangent that reaches Cube depends on x
    for expected in (192.0, 480.0, 960.0):
        (value,) = tg.autograd.grad(value, x, create_graph=True)
        assert value.item() == pytest.approx(expected, rel=1e-12)


def test_an_output_and_its_saved_value_add_up() -> None:
    x = leaf(2.0)
    y = Exp.apply(x)
    (derivative,) = tg.autograd.grad(y.sum(), x, create_graph=True)
    (derivative + 3 * y).sum().backward()
    assert x.grad is not None
    assert x.grad.item() == pytest.approx(4 * np.exp(2), rel=1e-12)


def test_an_unused_output_may_get_none() -> None:
    seen: list[Any] = []

    class Pair(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: tg.Tensor) -> Any:
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx: Any, *gradients: Any) -> Any:
            seen.extend(gradients)
            return gradients[0] * 2

    x = leaf(1.0)
    Pair.apply(x)[0].sum().backward()
    assert seen[1] is None
    assert x.grad is not None
    assert x.grad.tolist() == [2.0]


def test_none_for_an_argument_of_any_kind() -> None:
    class Scaled(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, scale: float, constant: tg.Tensor, x: tg.Tensor) -> tg.Tensor:
            ctx.scale = scale
            return scale * x + constant

        @staticmethod
        def backward(ctx: Any, g: tg.Tensor) -> Any:
            return None, None, ctx.scale * g, None, None  # Nones too many are allowed, as in PyTorch

    constant, x = leaf(1.0), leaf(2.0)
    Scaled.apply(5.0, constant, x).sum().backward()
    assert constant.grad is None
    assert x.grad is not None
    assert x.grad.tolist() == [5.0]


def test_gradients_that_nobody_asked_for_are_not_looked_at() -> None:
    class First(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: tg.Tensor, b: tg.Tensor) -> tg.Tensor:
            return a + b

        @staticmethod
        def backward(ctx: Any, g: tg.Tensor) -> Any:
            return g, "not computed"

    a, b = leaf(1.0), leaf(2.0)
    (of_a,) = tg.autograd.grad(First.apply(a, b).sum(), a)
    assert of_a.tolist() == [1.0]
    with pytest.raises(RuntimeError, match="FirstBackward returned a str for argument 1, not a Tensor"):
        First.apply(a, b).sum().backward()


def test_a_floating_point_output_without_gradient() -> None:
    class Parts(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: tg.Tensor) -> Any:
            whole = x.floor()
            ctx.mark_non_differentiable(whole)
            return whole, x - whole

        @staticmethod
        def backward(ctx: Any, of_whole: tg.Tensor, of_rest: tg.Tensor) -> Any:
            return of_rest

    whole, rest = Parts.apply(leaf(1.5))
    assert (whole.requires_grad, rest.requires_grad) == (False, True)


def test_names() -> None:
    class Halved(Cube):
        @staticmethod
        @tg.autograd.function.once_differentiable
        def backward(ctx: Any, g: tg.Tensor) -> Any:
            """Half of it."""
            (x,) = ctx.saved_tensors
            return g * 1.5 * x**2

    assert (Halved.backward.__name__, Halved.backward.__doc__) == ("backward", "Half of it.")
    x = leaf(2.0)
    y = Halved.apply(x)
    assert y.grad_fn.name() == "HalvedBackward"
    (first,) = tg.autograd.grad(y.sum(), x, create_graph=True)
    assert first.tolist() == [6.0]
    assert not first.requires_grad


def test_the_lines_of_an_overwritten_value() -> None:
    def overwritten() -> str:
        middle = leaf(1.0) * 1
        y = Cube.apply(middle)
        middle.add_(1)
        with pytest.raises(RuntimeError, match="Cube saved a tensor") as caught:
            y.sum().backward()
        return str(caught.value)

    message = overwritten()
    assert f"Saved at {__file__}:" in message
    assert "(y = Cube.apply(middle))" in message
    assert "(middle.add_(1))" in message


def test_an_input_that_is_given_back_is_another_tensor_on_the_same_memory() -> None:
    class Same(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: tg.Tensor) -> tg.Tensor:
            return x

        @staticmethod
        def backward(ctx: Any, g: tg.Tensor) -> Any:
            return g * 2

    x = leaf(1.0, 2.0)
    y = Same.apply(x)
    assert y is not x
    assert y._data is not x._data
    assert np.shares_memory(y._data, x._data)
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 2.0]


def test_what_the_context_is_given_is_checked() -> None:
    class Saves(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: tg.Tensor) -> tg.Tensor:
            ctx.save_for_backward(x, None, 3)
            return x * 1

    class Forgets(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: tg.Tensor) -> tg.Tensor:
            ctx.mark_dirty(x)
            x.mul_(2)
            return x * 1

    x = tg.ones(2, requires_grad=True) * 1
    with pytest.raises(TypeError, match="argument 2 is of type int"):
        Saves.apply(x)
    with pytest.raises(RuntimeError, match="marked as dirty during the forward method were not returned"):
        Forgets.apply(x)


def test_an_input_that_is_not_differentiable_any_more_and_one_output_twice() -> None:
    class Both(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            ctx.mark_non_differentiable(y)
            z = x * 2
            return y, z, z

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any, i: Any) -> Any:
            return h + 10 * i, None

    x, y = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    a, b, c = Both.apply(x, y)
    assert not a.requires_grad
    (b + c).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [11.0, 11.0]
