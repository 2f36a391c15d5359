"""nn.utils: clipping and vectors of parameters, held against PyTorch's where it is installed."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn import utils


@pytest.fixture
def torch() -> ModuleType:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


SHAPES = [(3, 2), (4,), (1,), (2, 2)]


def parameters(lib: ModuleType, scale: float = 1.0) -> list[Any]:
    """Parameters with gradients, but for the third, which has none."""
    made = []
    for position, shape in enumerate(SHAPES):
        values = np.random.default_rng(position).standard_normal(shape)
        made.append(lib.nn.Parameter(lib.tensor(values)))
        if position != 2:
            made[-1].grad = lib.tensor(values * scale)
    return made


def gradients(ps: list[Any]) -> list[Any]:
    return [None if p.grad is None else p.grad.tolist() for p in ps]


@pytest.mark.parametrize("norm_type", [0.5, 1, 2, 2.0, 3.0, math.inf, 0])
@pytest.mark.parametrize("max_norm", [0.0, 0.5, 1.0, 1e6])
def test_clip_grad_norm_equals_pytorch(torch: ModuleType, norm_type: float, max_norm: float) -> None:
    theirs, ours = parameters(torch), parameters(tg)
    their_norm = torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)
    our_norm = utils.clip_grad_norm_(ours, max_norm, norm_type)
    assert our_norm.item() == pytest.approx(their_norm.item(), rel=1e-12)
    assert our_norm.dtype is tg.float64
    for their, our in zip(theirs, ours, strict=True):
        if their.grad is not None:
            np.testing.assert_allclose(our.grad, their.grad, rtol=1e-12)


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_the_norm_after_clipping_is_at_most_max_norm(scale: float, max_norm: float) -> None:
    ps = parameters(tg, scale)
    before, kept = utils.clip_grad_norm_(ps, max_norm).item(), gradients(parameters(tg, scale))
    after = utils.get_total_norm([p.grad for p in ps if p.grad is not None]).item()
    assert after <= max_norm * (1 + 1e-12)
    if before <= max_norm - 1e-5:
        assert gradients(ps) == kept


def test_clipping_is_in_place_and_takes_one_tensor_or_a_generator() -> None:
    p = nn.Parameter(tg.ones(2))
    p.grad = tg.tensor([3.0, 4.0])
    gradient = p.grad
    assert utils.clip_grad_norm_(p, 1.0).item() == 5.0
    assert p.grad is gradient
    np.testing.assert_allclose(gradient, [0.6, 0.8], rtol=1e-6)
    layer = nn.Linear(2, 1)
    layer(tg.ones(1, 2)).sum().backward()
    assert utils.clip_grad_norm_(layer.parameters(), 1.0).item() == pytest.approx(math.sqrt(3))
    assert utils.get_total_norm([layer.weight.grad, layer.bias.grad]).item() == pytest.approx(1, rel=1e-5)


def test_nothing_to_clip(torch: ModuleType) -> None:
    for lib in (torch, tg):
        assert lib.nn.utils.clip_grad_norm_([], 1.0).item() == 0.0
        assert lib.nn.utils.clip_grad_norm_([lib.nn.Parameter(lib.ones(1))], 1.0).item() == 0.0
        with pytest.warns(UserWarning, match="empty generator, no gradient clipping will occur"):
            lib.nn.utils.clip_grad_norm_((p for p in []), 1.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_nonfinite_norms(torch: ModuleType, bad: float) -> None:
    sides = []
    for lib in (torch, tg):
        p = lib.nn.Parameter(lib.ones(2))
        p.grad = lib.tensor([1.0, bad])
        with pytest.raises(RuntimeError, match=r"The total norm of order 2\.0 for gradients .* is non-finite"):
            lib.nn.utils.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
        assert p.grad[0].item() == 1.0
        norm = lib.nn.utils.clip_grad_norm_([p], 1.0)
        sides.append([norm.item(), *p.grad.tolist()])
    np.testing.assert_equal(sides[1], sides[0])


def test_clip_grad_value_equals_pytorch(torch: ModuleType) -> None:
    theirs, ours = parameters(torch), parameters(tg)
    torch.nn.utils.clip_grad_value_(theirs, 0.5)
    utils.clip_grad_value_(ours, 0.5)
    assert gradients(ours) == gradients(theirs)
    assert max(abs(p.grad).max().item() for p in ours if p.grad is not None) == 0.5


def test_parameters_to_vector_and_back(torch: ModuleType) -> None:
    vectors = [lib.nn.utils.parameters_to_vector(parameters(lib)) for lib in (torch, tg)]
    assert vectors[1].tolist() == vectors[0].tolist()
    ps = parameters(tg)
    vector = tg.arange(15.0, dtype=tg.float64)
    utils.vector_to_parameters(vector, ps)
    assert ps[0].tolist() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    assert utils.parameters_to_vector(ps).equal(vector)
    vector.fill_(7)
    assert ps[1].tolist() == [7.0] * 4  # they share the vector's memory, as in PyTorch
    assert all(p.is_leaf and p.requires_grad for p in ps)


def test_the_vector_is_differentiable() -> None:
    ps = parameters(tg)
    for p in ps:
        p.grad = None
    (utils.parameters_to_vector(ps) * tg.arange(13.0 + 2, dtype=tg.float64)).sum().backward()
    assert ps[1].grad.tolist() == [6.0, 7.0, 8.0, 9.0]


def test_wrong_vectors_are_refused_before_anything_changes(torch: ModuleType) -> None:
    for lib in (torch, tg):
        with pytest.raises(TypeError, match="but got"):
            lib.nn.utils.vector_to_parameters([1.0], parameters(lib))
        with pytest.raises(RuntimeError):
            lib.nn.utils.vector_to_parameters(lib.ones(3), parameters(lib))
    ps, before = parameters(tg), parameters(tg)
    with pytest.raises(RuntimeError, match="the parameters have 15 elements, but vec 8"):
        utils.vector_to_parameters(tg.ones(8, dtype=tg.float64), ps)
    assert all(p.equal(q) for p, q in zip(ps, before, strict=True))
