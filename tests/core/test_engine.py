"""The engine: what is recorded, how gradients flow back, and what is refused."""

from __future__ import annotations

import copy
import gc
import threading
import tracemalloc
import weakref
from collections.abc import Callable, Generator, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp.core.apply import primitive
from tinygrad_mlp.core.primitive import OPS


def leaf(*values: float) -> tg.Tensor:
    return tg.tensor(values, dtype=tg.float64, requires_grad=True)


# ------------------------------------------------------------------------------------------------- accumulation


def test_gradients_accumulate_on_leaves_only() -> None:
    x = leaf(1.0, 2.0)
    y = x * 3
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [6.0, 6.0]
    with pytest.warns(UserWarning, match="not a leaf"):
        assert y.grad is None


def test_fan_in_sums_and_never_writes_into_a_shared_gradient() -> None:
    x = leaf(1.0, 2.0)
    y = x + x  # both rules return the same cotangent
    (y + y * x).sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), 2 + 4 * x.detach().numpy())


def test_leaves_never_share_a_gradient() -> None:
    a, b = leaf(1.0), leaf(2.0)
    (a + b).sum().backward()
    assert a.grad is not None
    assert b.grad is not None
    a.grad.zero_()
    assert b.grad.tolist() == [1.0]


def test_a_view_and_what_it_views_share_no_gradient() -> None:
    x = leaf(1.0, 2.0)
    y = x.view(2, 1)
    y.retain_grad()
    (y * y).sum().backward()
    assert x.grad is not None
    assert y.grad is not None
    y.grad.zero_()
    assert x.grad.tolist() == [2.0, 4.0]


def test_accumulating_keeps_the_gradient_object() -> None:
    x = leaf(1.0)
    x.sum().backward()
    first = x.grad
    x.sum().backward()
    assert x.grad is first
    assert first is not None
    assert first.tolist() == [2.0]


def test_diamonds_are_linear() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(200):  # 2**200 paths
        y = y * 0.5 + y * 0.5
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1.0]


def test_backward_into_named_inputs_only() -> None:
    a, b = leaf(1.0), leaf(2.0)
    middle = a * b
    (middle * a).sum().backward(inputs=[a])
    assert a.grad is not None
    assert a.grad.tolist() == [4.0]
    assert b.grad is None


def test_backward_into_a_tensor_that_is_no_leaf() -> None:
    a = leaf(2.0)
    y = a * 3
    (y * a).sum().backward(inputs=y)
    assert y.grad is not None
    assert y.grad.tolist() == [2.0]
    assert a.grad is None


def test_backward_of_several_roots_records_nothing_and_frees_the_graph() -> None:
    x = leaf(3.0)
    roots = [(x * x).sum(), (x * 2).sum()]
    tg.autograd.backward(roots)
    assert x.grad is not None
    assert x.grad.tolist() == [8.0]
    assert not x.grad.requires_grad
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        tg.autograd.backward(roots)


def test_batched_cotangents_share_the_graph_and_the_last_frees_it() -> None:
    x = leaf(1.0, 2.0)
    y = x * x
    (jacobian,) = tg.autograd.grad(y, x, tg.eye(2, dtype=tg.float64), retain_graph=True, is_grads_batched=True)
    assert jacobian.tolist() == [[2.0, 0.0], [0.0, 4.0]]
    (jacobian,) = tg.autograd.grad(y, x, 3 * tg.eye(2, dtype=tg.float64), is_grads_batched=True)
    assert jacobian.tolist() == [[6.0, 0.0], [0.0, 12.0]]
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.sum().backward()


# ------------------------------------------------------------------------------------------------------- depth


@pytest.mark.parametrize("depth", [100_000])
def test_long_chains_build_run_and_free_without_recursion(depth: int) -> None:
    x = leaf(1.0)
    y = x
    for _ in range(depth):
        y = y + 1.0
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1.0]
    node = weakref.ref(y.grad_fn)
    del y
    assert node() is None


def test_everything_is_freed_without_the_cycle_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0, 2.0)
        y = (x.exp() * x).tanh()
        loss = y.sum()
        node = weakref.ref(loss.grad_fn)
        array = weakref.ref(y)
        loss.backward(create_graph=True)
        assert x.grad is not None
        (second,) = tg.autograd.grad(x.grad.sum(), x)
        del loss, y, second
        x.grad = None
        assert node() is None
        assert array() is None
    finally:
        gc.enable()


def test_training_leaves_nothing_for_the_cycle_collector() -> None:
    model = tg.nn.Sequential(tg.nn.Linear(4, 3), tg.nn.Tanh(), tg.nn.Linear(3, 2))
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for step in range(3):
        if step == 1:
            gc.collect()
        loss = tg.nn.functional.cross_entropy(model(tg.ones(5, 4)), tg.zeros(5, dtype=tg.int64))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    del loss
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        kept = [o for o in gc.garbage if type(o).__module__.startswith("tinygrad_mlp")]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert kept == []


# ------------------------------------------------------------------------------------------------ what is refused


def test_second_backward_through_a_freed_graph() -> None:
    y = leaf(1.0).exp().sum()
    y.backward()
    with pytest.raises(RuntimeError, match=r"second time: the values that exp saved were freed.*retain_graph=True"):
        y.backward()


def test_a_graph_that_saved_nothing_can_be_walked_again() -> None:
    x = leaf(1.0)
    y = (x + 1).sum()
    y.backward()
    y.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2.0]


def test_non_scalar_root_needs_a_gradient() -> None:
    with pytest.raises(RuntimeError, match=r"only for scalar outputs, got shape \(2,\).*pass gradient="):
        (leaf(1.0, 2.0) * 2).backward()
    with pytest.raises(RuntimeError, match="Mismatch in shape"):
        (leaf(1.0, 2.0) * 2).backward(tg.ones(3))
    with pytest.raises(RuntimeError, match="does not require grad and does not have a grad_fn"):
        tg.ones(1).backward()


def test_unused_input() -> None:
    x, other = leaf(1.0), leaf(1.0)
    y = x * 2
    with pytest.raises(RuntimeError, match="not have been used in the graph: input 1.*allow_unused=True"):
        tg.autograd.grad(y, [x, other], retain_graph=True)
    assert tg.autograd.grad(y, [x, other], retain_graph=True, allow_unused=True)[1] is None
    assert tg.autograd.grad(y, [x, other], materialize_grads=True)[1].tolist() == [0.0]


def test_overwriting_a_value_that_backward_needs() -> None:
    x = leaf(1.0, 2.0)
    y = x.exp()
    loss = y.sum()
    y.add_(1)
    loss2 = y.sum()
    with pytest.raises(RuntimeError, match=r"exp needs its output .*version 0, but add_ has written it since, version 1"):
        loss2.backward()
    assert loss.requires_grad
    a, b = leaf(1.0), tg.ones(1, dtype=tg.float64)
    product = a * b
    b.mul_(2)
    with pytest.raises(RuntimeError, match="mul needs its argument 'other'"):
        product.sum().backward()


def test_the_line_of_a_write_is_that_on_which_its_statement_begins() -> None:
    y = leaf(1.0, 2.0).exp()
    # fmt: off
    y[
        0
    ] = 1.0
    # fmt: on
    with pytest.raises(RuntimeError, match=r"Written at .*test_engine\.py:\d+ \(y\[\)\."):
        y.sum().backward()


def test_overwriting_a_value_that_backward_does_not_need() -> None:
    x = leaf(1.0, 2.0)
    y = x + 1
    y.mul_(3)
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3.0, 3.0]


def test_in_place_on_leaves() -> None:
    x = leaf(1.0)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation"):
        x.add_(1)
    with pytest.raises(RuntimeError, match="a view of a leaf Variable"):
        x[0].add_(1)
    with tg.no_grad():
        x.add_(1)
    assert x.tolist() == [2.0]
    assert x.is_leaf


def test_in_place_shape_and_dtype() -> None:
    with pytest.raises(RuntimeError, match=r"add_: output with shape \(2,\) doesn't match the broadcast shape \(3, 2\)"):
        tg.ones(2).add_(tg.ones(3, 2))
    with pytest.raises(RuntimeError, match="can't be cast to the desired output type"):
        tg.ones(2, dtype=tg.int64).add_(0.5)
    with pytest.raises(RuntimeError, match=r"sub\(\) is not defined for bool and bool"):
        tg.ones(2, dtype=tg.bool).sub_(tg.ones(2, dtype=tg.bool))
    with pytest.raises(RuntimeError, match="read-only"):
        tg.ones(1).expand(3).add_(1)
    assert tg.ones(2, dtype=tg.float32).add_(tg.ones(2, dtype=tg.float64)).dtype is tg.float32


@pytest.mark.parametrize("other", [(1, 2), "abc", None])
def test_arrays_with_what_is_no_array(other: Any) -> None:
    array = np.ones(2, np.float32)
    for op in (tg.add, tg.mul, tg.maximum, lambda a, b: tg.where(a > 0, b, b), tg.pow):
        with pytest.raises(TypeError, match=r"expected Tensors or numbers, got (tuple|str|NoneType)"):
            op(array, other)


@pytest.mark.parametrize(
    "write",
    [
        lambda t, v: t.add_(other=v),
        lambda t, v: t.sub_(other=v, alpha=3),
        lambda t, v: t.mul_(other=v),
        lambda t, v: t.pow_(exponent=v),
        lambda t, v: t.clamp_(max=v),
        lambda t, v: t.lerp_(end=v, weight=0.5),
        lambda t, v: t.addcmul_(tensor1=v, tensor2=v, value=2),
        lambda t, v: t.copy_(src=v),
    ],
)
def test_in_place_operands_by_name(write: Callable[[tg.Tensor, tg.Tensor], tg.Tensor]) -> None:
    values = [[1.0, 2.0], [0.5, 3.0]]
    target, operand = (tg.tensor(v, dtype=tg.float64) for v in values)
    first = write(target.clone(), operand)
    operand.requires_grad_()
    second = write(target.clone(), operand)  # recorded
    assert second.requires_grad
    assert first.tolist() == second.tolist()
    assert not tg.equal(first, target)


def test_in_place_forms_have_no_out() -> None:
    x = tg.ones(2)
    with pytest.raises(TypeError, match="has no argument 'out'"):
        x.mul_(2, out=x)


def test_in_place_with_what_is_no_tensor() -> None:
    with pytest.raises(RuntimeError, match=r"add_: output with shape \(2,\) doesn't match the broadcast shape \(3, 2\)"):
        tg.ones(2).add_(np.ones((3, 2), np.float32))
    with pytest.raises(TypeError, match=r"add\(\): expected Tensors or numbers, got str"):
        tg.ones(2).add_("1")

    class Box:
        _data = np.ones(2, np.float32)

    with pytest.raises(TypeError, match=r"add\(\): expected Tensors or numbers, got Box"):
        tg.ones(2).add_(Box())  # type: ignore[arg-type]
    third = np.float64(1 / 3)
    assert tg.ones(1).mul_(third).mul_(third).item() == (tg.ones(1) * (1 / 3) * (1 / 3)).item()


def test_in_place_computes_in_the_memory_of_its_target() -> None:
    x, other = tg.ones(1 << 18), tg.ones(1 << 18)
    tracemalloc.start()
    try:
        x.add_(other).mul_(2).mul_(x)
        assert tracemalloc.get_traced_memory()[1] < 1 << 18  # bytes: no array of that size was made
    finally:
        tracemalloc.stop()
    assert x.max().item() == 16


def test_in_place_reads_the_old_value_of_what_overlaps() -> None:
    x = tg.tensor([5.0, 1.0, 3.0])
    x[:2].clamp_(2.0, x[1:])  # computed in place, its first half would overwrite the bounds of its second
    assert x.tolist() == [1.0, 2.0, 3.0]
    x[1:].add_(x[:2])
    assert x.tolist() == [1.0, 3.0, 5.0]
    for turned in (False, True):
        square = tg.tensor([[5.0, 1.0], [3.0, 2.0]])
        target, bound = (square.t(), square) if turned else (square, square.t())
        target.clamp_(2.0, bound)
        assert square.tolist() == [[5.0, 2.0], [1.0, 2.0]]


# ------------------------------------------------------------------------------------------- in-place and views


def in_place_program(t, moves, x, w):
    """Run the same list of moves with either library; return the result."""
    y = x * 1.0
    z = y
    for move in moves:
        if move == "scale":
            y.mul_(w[0])
        elif move == "row":
            y[0] = w[1] * y[1]
        elif move == "column view":
            y[:, 1].add_(w[:2])
        elif move == "transposed view":
            y.T[0].mul_(w[2])
        elif move == "flat view":
            y.reshape(-1)[1:3].copy_(w[:2] * 2)
        elif move == "mask":
            y[y > 0.5] = 0.25
        elif move == "tanh":
            y = y.tanh()
        elif move == "diagonal":
            y.diagonal().sub_(w[:2])
        elif move == "scalar":
            y -= w[2] ** 2
        elif move == "old view":
            z[1].mul_(2)
    return y


MOVES = [
    "scale",
    "row",
    "column view",
    "transposed view",
    "flat view",
    "mask",
    "tanh",
    "diagonal",
    "scalar",
    "old view",
]


@given(st.lists(st.sampled_from(MOVES), min_size=1, max_size=5), st.integers(0, 1000))
def test_in_place_histories_equal_torch(moves: list[str], seed: int) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(seed)
    x, w = rng.standard_normal((2, 2)), rng.standard_normal(3)
    results = []
    for library in (tg, torch):
        a, b = library.tensor(x, requires_grad=True), library.tensor(w, requires_grad=True)
        try:
            y = in_place_program(library, moves, a, b)
            (y * y).sum().backward()
            results.append((y.detach().numpy(), a.grad.numpy(), None if b.grad is None else b.grad.numpy()))
        except RuntimeError:
            results.append(None)
    ours, theirs = results
    if theirs is None:
        return  # torch keeps less of the old values than we do, and refuses some of these; what it takes must agree
    assert ours is not None
    for mine, other in zip(ours, theirs, strict=True):
        assert (mine is None) == (other is None)
        if mine is not None:
            np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-12)


def test_a_view_made_before_a_write_has_the_history_of_the_write() -> None:
    x = leaf(1.0, 2.0)
    y = x * 1
    first, second = y[0], y[1:].view(1)
    y.mul_(3)
    first.mul_(6.0)
    (first + second).sum().backward()
    assert (first.item(), second.item()) == (18.0, 6.0)
    assert x.grad is not None
    assert x.grad.tolist() == [18.0, 3.0]


def test_writing_a_tracked_value_into_an_untracked_tensor() -> None:
    w = leaf(3.0)
    z = tg.zeros(2, 2, dtype=tg.float64)
    row = z[0]
    row.copy_(w * 2)
    assert z.requires_grad
    z.sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [4.0]


def test_a_write_through_numpy_or_data_is_not_noticed_but_detach_is() -> None:
    x = leaf(1.0)
    y = x.exp()
    y.detach().zero_()
    with pytest.raises(RuntimeError, match="copy_ has written it"):
        y.sum().backward()
    y = x.exp()
    y.data.zero_()
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0]


# --------------------------------------------------------------------------------------------------------- modes


def test_modes_nest_and_restore() -> None:
    x = leaf(1.0)
    with tg.no_grad():
        assert not (x * 2).requires_grad
        with tg.enable_grad():
            assert (x * 2).requires_grad
        with pytest.raises(KeyError), tg.set_grad_enabled(True):
            raise KeyError
        assert not tg.is_grad_enabled()
    assert tg.is_grad_enabled()
    tg.set_grad_enabled(False)
    assert not tg.is_grad_enabled()
    tg.set_grad_enabled(True)


def test_modes_decorate() -> None:
    @tg.no_grad()
    def a(depth: int) -> bool:
        return a(depth - 1) if depth else tg.is_grad_enabled()

    @tg.no_grad
    def b() -> bool:
        return tg.is_grad_enabled()

    @tg.set_grad_enabled(False)
    def c() -> bool:
        return tg.is_grad_enabled()

    @tg.inference_mode()
    def d() -> bool:
        return tg.is_inference_mode_enabled()

    assert (a(3), b(), c(), d()) == (False, False, False, True)
    assert tg.is_grad_enabled()


def test_decorated_functions_keep_their_names() -> None:
    @tg.no_grad()
    def function() -> None:
        """What it does."""

    @tg.no_grad()
    def steps() -> Iterator[int]:
        """What it yields."""
        yield 1

    assert (function.__name__, function.__doc__) == ("function", "What it does.")
    assert (steps.__name__, steps.__doc__) == ("steps", "What it yields.")


def test_a_decorated_generator_has_its_mode_and_its_user_another() -> None:
    seen: list[object] = []

    @tg.no_grad()
    def steps() -> Generator[bool, str, str]:
        try:
            seen.append((yield tg.is_grad_enabled()))
            yield tg.is_grad_enabled()
        except KeyError:
            yield tg.is_grad_enabled()
        finally:
            seen.append(tg.is_grad_enabled())
        return "done"

    generator = steps()
    assert not next(generator)
    assert tg.is_grad_enabled()
    assert not generator.send("sent")
    assert not generator.throw(KeyError)
    with pytest.raises(StopIteration, match="done"):
        next(generator)
    assert seen == ["sent", False]

    seen.clear()
    closed = steps()
    next(closed)
    closed.close()
    assert seen == [False]
    assert tg.is_grad_enabled()


def test_modes_decorate_callables_that_are_no_functions() -> None:
    class Asked:
        def __call__(self) -> bool:
            return tg.is_grad_enabled()

    assert not tg.no_grad()(Asked())()
    assert tg.no_grad()(max)(1, 2) == 2


def test_inference_tensors_stay_out_of_graphs() -> None:
    with tg.inference_mode():
        t = tg.ones(2, dtype=tg.float64)
        t.add_(1)
    assert t.is_inference()
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        leaf(1.0, 2.0) * t
    with pytest.raises(RuntimeError, match="Inplace update to inference tensor"):
        t.add_(1)
    assert (leaf(1.0, 2.0) + t).requires_grad


def test_grad_mode_is_per_thread() -> None:
    seen: list[bool] = []
    with tg.no_grad():
        thread = threading.Thread(target=lambda: seen.append(tg.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


# --------------------------------------------------------------------------------------------------------- hooks


def test_hooks_see_and_replace_gradients() -> None:
    x = leaf(1.0, 2.0)
    seen: list[list[float]] = []
    y = x * 2
    y.register_hook(lambda g: seen.append(g.tolist()))
    handle = y.register_hook(lambda g: g * 10)
    y.sum().backward(retain_graph=True)
    assert seen == [[1.0, 1.0]]
    assert x.grad is not None
    assert x.grad.tolist() == [20.0, 20.0]
    handle.remove()
    handle.remove()
    x.grad = None
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 2.0]
    for wrong, got in (
        (lambda g: g.sum(), r"float64 of shape \(\)"),
        (lambda g: 2.0, "float"),
        (lambda g: g.float(), "float32"),
    ):
        y = x * 2
        y.register_hook(wrong)
        with pytest.raises(
            RuntimeError, match=rf"must return None or a Tensor of shape \(2,\) and dtype float64, .* it returned {got}"
        ):
            y.sum().backward()


def test_retain_grad() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    y.retain_grad()
    assert y.retains_grad
    (y * y).sum().backward()
    assert y.grad is not None
    assert y.grad.tolist() == [4.0, 8.0]


def test_a_retained_gradient_is_that_of_the_value_last_written() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    y.retain_grad()
    y.mul_(3)
    (y * 5).sum().backward()
    assert y.grad is not None
    assert x.grad is not None
    assert (y.grad.tolist(), x.grad.tolist()) == ([5.0, 5.0], [30.0, 30.0])


# ---------------------------------------------------------------------------------------------------- higher order


def test_gradients_of_gradients() -> None:
    x = leaf(0.5)
    value = x.sin().sum()
    for expected in (np.cos(0.5), -np.sin(0.5), -np.cos(0.5), np.sin(0.5)):
        (value,) = tg.autograd.grad(value, x, create_graph=True)
        assert value.item() == pytest.approx(expected, rel=1e-12)


def test_create_graph_does_not_tie_a_knot() -> None:
    gc.disable()
    try:
        x = leaf(2.0)
        (x**3).sum().backward(create_graph=True)
        assert x.grad is not None
        assert x.grad.requires_grad
        gone = weakref.ref(x)
        del x
        assert gone() is None
    finally:
        gc.enable()


# -------------------------------------------------------------------------------------------------------- dtypes


def test_mixed_dtypes_get_gradients_of_their_own_dtype() -> None:
    a = tg.ones(2, dtype=tg.float32, requires_grad=True)
    b = tg.ones(2, dtype=tg.float64, requires_grad=True)
    (a * b).sum().backward()
    assert a.grad is not None
    assert b.grad is not None
    assert (a.grad.dtype, b.grad.dtype) == (tg.float32, tg.float64)


@pytest.mark.parametrize("dtype", [tg.bool, tg.uint8, tg.int64])
def test_what_needs_floats_makes_them_of_whole_numbers(dtype: tg.dtype) -> None:
    x = tg.ones(2, dtype=dtype)
    for y in (x / x, x / 2, 1 / x, tg.atan2(x, x), x.exp()):
        assert y.dtype is tg.float32


def test_an_input_without_a_rule_records_nothing() -> None:
    assert not OPS["zeros_of"](leaf(1.0)).requires_grad
    logits, weight = leaf(1.0, 2.0), leaf(1.0, 3.0)
    loss = OPS["class_cross_entropy"](logits[None], tg.tensor([1]), weight)
    assert loss.grad_fn is not None
    assert [parent is not None for parent, _ in loss.grad_fn.next_functions] == [True]


@pytest.mark.parametrize("dtype", [tg.int64, tg.uint8, tg.bool])
def test_what_holds_no_floats_wants_no_gradient(dtype: tg.dtype) -> None:
    y = leaf(1.0, 2.0).to(dtype)
    assert not y.requires_grad
    assert y.grad_fn is None


def test_requires_grad_needs_floats_and_leaves() -> None:
    with pytest.raises(RuntimeError, match="only Tensors of floating point dtype can require gradients"):
        tg.ones(2, dtype=tg.int64).requires_grad_()
    with pytest.raises(RuntimeError, match="leaf variables"):
        (leaf(1.0) * 2).requires_grad_(False)


def test_grad_is_checked_when_assigned() -> None:
    x = leaf(1.0)
    with pytest.raises(RuntimeError, match="different size or dtype"):
        x.grad = tg.ones(2)
    with pytest.raises(TypeError, match="expected to be a Tensor or None"):
        x.grad = 1.0


def test_deepcopy_and_pickle() -> None:
    x = leaf(1.0)
    twin = copy.deepcopy(x)
    assert twin.requires_grad
    assert twin is not x
    with pytest.raises(RuntimeError, match="graph leaves"):
        copy.deepcopy(x * 2)


def test_a_rule_that_asks_for_what_is_not_there() -> None:
    with pytest.raises(TypeError, match="a rule asks for"):
        primitive(lambda g, nothing: g)(lambda first: first)


def test_operations_have_names_and_documentation() -> None:
    assert (tg.exp.__name__, tg.exp.__module__) == ("exp", "tinygrad_mlp.core.basics")
    assert "input" in (tg.exp.__doc__ or "")


def test_the_error_of_a_wrong_option_names_what_was_given() -> None:
    with pytest.raises(TypeError, match=r"tril\(\) takes input, diagonal; got Tensor, str"):
        tg.tril(tg.ones(2, 2), "x")  # type: ignore[arg-type] # on purpose


CALLS: list[tuple[Callable[..., Any], str]] = [
    (lambda x: tg.gather(x), r"gather\(\) misses its argument 'dim' \(of input, dim, index\)"),
    (lambda x: tg.gather(x, index=x), "misses its argument 'dim'"),
    (lambda x: tg.gather(x, 0), "misses its argument 'index'"),
    (lambda x: tg.gather(x, 0, x, x), r"takes at most 3 positional arguments \(input, dim, index\), got 4"),
    (lambda x: tg.gather(x, 0, x, input=x), "got two values for 'input'; its arguments are input, dim, index"),
    (lambda x: tg.gather(x, 0, x, axis=1), "got two values for 'axis'"),
    (lambda x: tg.gather(x, 0, x, size=1), "has no argument 'size'; its arguments are input, dim, index"),
]


@pytest.mark.parametrize(("call", "message"), CALLS)
def test_the_error_of_a_wrong_call_names_the_argument(call: Callable[..., Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call(tg.ones(2))


def test_a_gradient_with_a_history_is_added_to() -> None:
    x = tg.tensor([2.0], requires_grad=True)
    (x**3).sum().backward(create_graph=True)
    first = x.grad
    (x * 2).sum().backward()
    assert first is not None
    assert x.grad is not None
    assert (first.tolist(), x.grad.tolist()) == ([12.0], [14.0])


def test_nothing_comes_back_through_a_view_that_was_written_as_a_whole() -> None:
    start, x = leaf(3.0), leaf(0.0)
    exponent = (start * 1).reshape(())
    exponent.fill_(2.0)
    of_x, of_start = tg.autograd.grad((x**exponent).sum(), [x, start], create_graph=True)
    assert (of_start.tolist(), of_start.requires_grad) == ([0.0], False)  # or its own gradient by x would be 0 * log(0)
    assert tg.autograd.grad(of_x.sum(), x)[0].tolist() == [2.0]
