"""What the strategies draw, what it shrinks to, and that checks by differences make sense of it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp.errors import ArgumentError
from tinygrad_mlp.testing.checks import assert_gradients_match
from tinygrad_mlp.testing.strategies import (
    broadcastable_tensors,
    class_targets,
    matmul_operands,
    modules,
    programs,
    shapes,
    tensors,
)

FEW = settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def numbers(x: Any) -> np.ndarray:
    return np.asarray(x.detach().numpy())


# ---------------------------------------------------------------------------------------------------------- tensors


@given(shapes(1, 2, 0, 5))
def test_shapes_keep_their_bounds(shape: tuple[int, ...]) -> None:
    assert 1 <= len(shape) <= 2
    assert all(0 <= n <= 5 for n in shape)


@given(tensors())
def test_numbers_are_away_from_kinks_and_from_one_another(x: Any) -> None:
    values = numbers(x)
    assert x.dtype is tg.float64
    assert x.requires_grad
    assert x.is_leaf
    for kink in (0, 0.5, 1, 3, 6):
        assert np.abs(np.abs(values) - kink).min(initial=9) > 0.02
    assert np.diff(np.sort(values, axis=None)).min(initial=9) > 0.04


@given(tensors((3, 2), tg.float32, requires_grad=False))
def test_shape_dtype_and_requires_grad_are_as_asked(x: Any) -> None:
    assert (tuple(x.shape), x.dtype, x.requires_grad) == ((3, 2), tg.float32, False)


@given(tensors(4, st.sampled_from([tg.int64, tg.bool, tg.uint8])))
def test_dtypes_from_a_strategy(x: Any) -> None:
    assert tuple(x.shape) == (4,)
    assert x.dtype in (tg.int64, tg.bool, tg.uint8)
    assert not x.requires_grad


@given(tensors(shapes(1, 1), elements=st.floats(2, 3)), tensors(positive=True), tensors((2,), tg.int32, positive=True))
def test_elements_and_positive(x: Any, y: Any, z: Any) -> None:
    assert ((numbers(x) >= 2) & (numbers(x) <= 3)).all()
    assert (numbers(y) > 0).all()
    assert (numbers(z) > 0).all()


@pytest.mark.parametrize("wanted", [np.isnan, np.isposinf, lambda v: np.abs(v) == 1e38, lambda v: (v == 0) & np.signbit(v)])
def test_extremes_are_drawn_on_request(wanted: Any) -> None:
    found = find(
        tensors((2,), extremes=True),
        lambda x: bool(wanted(numbers(x)).any()),
        settings=settings(database=None, max_examples=3000),
    )
    assert wanted(numbers(found)).any()


def test_extremes_and_elements_exclude_one_another() -> None:
    with pytest.raises(ArgumentError, match="leave out positive= and extremes="):
        tensors(elements=st.floats(), extremes=True)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: shapes(-1), r"shapes\(\): min_dims must be an int, 0 or more, got -1"),
        (lambda: shapes(0, -1), r"shapes\(\): max_dims must be an int, 0 or more, got -1"),
        (lambda: shapes(0, 33), r"shapes\(\): max_dims must be 32 or less, got 33"),
        (lambda: shapes(4, 2), r"shapes\(\): min_dims=4 is more than max_dims=2"),
        (lambda: shapes(min_side=-1), "min_side must be an int, 0 or more, got -1"),
        (lambda: shapes(min_side=5), "min_side=5 is more than max_side=4"),
        (lambda: shapes(max_side=-2), "max_side must be an int, 0 or more, got -2"),
        (lambda: shapes(max_side=2.0), r"max_side must be an int, 0 or more, got 2\.0"),
        (lambda: shapes(True), "min_dims must be an int, 0 or more, got True"),
        (lambda: tensors(-1), r"tensors\(\): shape must be an int, 0 or more, got -1"),
        (lambda: tensors((2, -1)), r"tensors\(\): a size in shape=\(2, -1\) must be an int, 0 or more, got -1"),
        (lambda: tensors("ab"), "shape must be an int, 0 or more, got 'ab'"),
        (lambda: tensors((2, 1.5)), r"a size in shape=\(2, 1\.5\) must be an int, 0 or more, got 1\.5"),
        (lambda: tensors(2, "float33"), "'float33' is not a dtype of this library"),
        (lambda: tensors(2, elements=3.0), r"elements must be a hypothesis strategy for numbers, got 3\.0"),
        (lambda: tensors(positive=True, extremes=True), "extremes are of both signs, and 0; leave out positive= or extremes="),
        (lambda: broadcastable_tensors(0), r"broadcastable_tensors\(\): n must be an int, 1 or more, got 0"),
        (lambda: broadcastable_tensors(max_dims=-1), "max_dims must be an int, 0 or more, got -1"),
        (lambda: broadcastable_tensors(max_dims=40), "max_dims must be 32 or less, got 40"),
        (lambda: broadcastable_tensors(max_side=0), "max_side must be an int, 1 or more, got 0"),
        (lambda: broadcastable_tensors(dtype="float33"), "'float33' is not a dtype"),
        (lambda: broadcastable_tensors(shape=3), "multiple values for argument 'shape'"),
        (lambda: matmul_operands(max_side=0), r"matmul_operands\(\): max_side must be an int, 1 or more, got 0"),
        (lambda: matmul_operands(extreme=True), "unexpected keyword argument 'extreme'"),
        (lambda: class_targets(3, 0), r"class_targets\(\): classes must be an int, 1 or more, got 0"),
        (lambda: class_targets(-1, 3), r"class_targets\(\): n must be an int, 0 or more, got -1"),
        (lambda: class_targets((2, -3), 3), r"a size in n=\(2, -3\) must be an int, 0 or more, got -3"),
        (lambda: class_targets(3, 2, ignore_index=0.5), r"ignore_index must be an int or None, got 0\.5"),
        (lambda: modules(max_layers=0), r"modules\(\): max_layers must be an int, 1 or more, got 0"),
        (lambda: modules(0), "in_features must be an int, 1 or more, got 0"),
        (lambda: modules(2, -1), "out_features must be an int, 1 or more, got -1"),
        (lambda: modules(max_width=0), "max_width must be an int, 1 or more, got 0"),
        (lambda: modules(dtype=tg.int64), r"modules\(\): dtype must be a floating-point one, got .*int64"),
        (lambda: programs(-1), r"programs\(\): length must be an int, 0 or more, got -1"),
        (lambda: programs(2.5), r"length must be an int, 0 or more, got 2\.5"),
    ],
)  # fmt: skip
def test_bad_bounds_are_refused_at_the_call(call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):  # hypothesis's InvalidArgument is a TypeError, too
        call()


@given(
    shapes(0, 0),
    shapes(1, 1, 2, 2),
    tensors(0),
    tensors([]),
    tensors(tg.Size([2])),
    class_targets(0, 1),
    modules(1, 1, max_layers=1),
)
def test_the_least_bounds_will_do(
    scalar: Any, pair: Any, nothing: Any, number: Any, two: Any, targets: Any, module: Any
) -> None:
    assert (scalar, pair) == ((), (2,))
    assert [tuple(x.shape) for x in (nothing, number, two, targets)] == [(0,), (), (2,), (0,)]
    assert len(module) == 1


def simplest(strategy: Any, condition: Any) -> Any:
    return find(strategy, condition, settings=settings(database=None, derandomize=True, max_examples=1000))


def some(strategy: Any, condition: Any) -> Any:
    """An example, not the simplest."""
    options = settings(database=None, derandomize=True, max_examples=1000, phases=[Phase.generate])
    return find(strategy, condition, settings=options)


def test_counterexamples_are_simple() -> None:
    assert numbers(simplest(tensors(), lambda x: x.numel() >= 2)).tolist() == [0.4, 0.65]
    assert numbers(simplest(tensors(), lambda x: bool((numbers(x) < -1).any()))).tolist() == -1.15
    assert tuple(simplest(shapes(), lambda s: len(s) == 2)) == (1, 1)


@given(broadcastable_tensors(3))
def test_broadcastable_tensors_broadcast(operands: Any) -> None:
    assert len(operands) == 3
    total = operands[0] + operands[1] + operands[2]
    assert tuple(total.shape) == np.broadcast_shapes(*(tuple(x.shape) for x in operands))


@given(matmul_operands(dtype=tg.float32))
def test_matmul_operands_fit(operands: Any) -> None:
    a, b = operands
    np.testing.assert_allclose(numbers(a @ b), numbers(a) @ numbers(b), rtol=1e-4, atol=1e-4)


def test_matmul_operands_of_every_kind() -> None:
    dims: set[tuple[int, int]] = set()
    batches = False

    @settings(max_examples=200)
    @given(matmul_operands(max_side=2))
    def collect(operands: Any) -> None:
        nonlocal batches
        a, b = operands
        dims.add((a.ndim, b.ndim))
        batches |= a.shape[:-2] != b.shape[:-2]

    collect()
    assert {(1, 1), (2, 1), (1, 2), (2, 2), (3, 3)} <= dims
    assert batches


@given(class_targets(5, 3), class_targets((2, 2), 4, ignore_index=-100))
def test_class_targets(t: Any, image: Any) -> None:
    assert t.dtype is tg.int64
    assert tuple(t.shape) == (5,)
    assert set(t.tolist()) <= {0, 1, 2}
    assert tuple(image.shape) == (2, 2)
    assert set(image.reshape(-1).tolist()) <= {0, 1, 2, 3, -100}


# ---------------------------------------------------------------------------------------------------------- modules


@FEW
@given(modules(3, 2), tensors((4, 3)))
def test_modules_are_differentiable(module: Any, x: Any) -> None:
    assert tuple(module(x).shape) == (4, 2)
    assert all(p.dtype is tg.float64 for p in module.parameters())
    assert_gradients_match(module, x, order=1)


def test_modules_have_what_is_asked_for_and_leave_the_random_numbers_alone() -> None:
    state = tg.get_rng_state()
    kinds = {"kinks": "ReLU", "norm": "BatchNorm1d", "dropout": "Dropout"}
    for option, layer in kinds.items():
        found = some(modules(**{option: True}), lambda module, layer=layer: layer in str(module))
        assert layer in str(found)
    assert tg.get_rng_state().equal(state)


@FEW
@given(modules())
def test_modules_without_kinks_norms_and_dropout_by_default(module: Any) -> None:
    assert not re.search("ReLU|Hardtanh|Norm|Dropout", str(module))
