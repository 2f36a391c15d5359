"""Assertions about functions: what they pass, and what they name."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from sound import WrongSecond, WrongTanh, X

import tinygrad_mlp as tg
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.testing.checks import (
    CheckError,
    assert_equivalent,
    assert_gradients_match,
)
from tinygrad_mlp.testing.strategies import broadcastable_tensors, matmul_operands, tensors


def test_gradients_of_functions() -> None:
    assert_gradients_match(tg.tanh, X.float())
    assert_gradients_match(tg.tanh, X.numpy())
    assert_gradients_match(lambda x, n: x**n, X, 3)
    assert_gradients_match(lambda a, b: a / (b * b + 1), broadcastable_tensors(2), examples=20)
    assert_gradients_match(tg.matmul, matmul_operands(), examples=20)
    with pytest.raises(CheckError, match=r"assert_gradients_match\(apply\): gradcheck: .*0\.1"):
        assert_gradients_match(WrongTanh.apply, tg.tensor([0.1]))
    with pytest.raises(CheckError, match="assert_gradients_match"):
        assert_gradients_match(WrongTanh.apply, tensors(), examples=20)


def test_second_derivatives_are_checked() -> None:
    assert_gradients_match(WrongSecond.apply, X, order=1)
    with pytest.raises(CheckError, match="gradient of input 0"):
        assert_gradients_match(WrongSecond.apply, X)
    assert_equivalent(WrongSecond.apply, lambda x: x**3, X, order=1)
    with pytest.raises(CheckError, match="the second derivatives part: gradient of input 0, element"):
        assert_equivalent(WrongSecond.apply, lambda x: x**3, X)


def test_equivalence() -> None:
    assert_equivalent(F.softplus, lambda x: tg.log1p(tg.exp(x)), tensors(), examples=20)
    assert_equivalent(tg.add, lambda a, b: b + a, broadcastable_tensors(2), examples=20)
    assert_equivalent(lambda x: x.sort()[0], lambda x: x.sort()[0], X)
    with pytest.raises(CheckError, match="the gradients part: gradient of input 0, element"):
        assert_equivalent(lambda x: x, lambda x: x.detach() + 0 * x, X)
    with pytest.raises(CheckError, match=r"the values part: result 0 has float64 \(3,\) and float64 \(4,\)"):
        assert_equivalent(lambda x: x.sum(0), lambda x: x.sum(1), X)
    with pytest.raises(CheckError, match="1 results and 2"):
        assert_equivalent(lambda x: x, lambda x: (x, x), X)


def test_strategies_beside_plain_arguments() -> None:
    assert_equivalent(lambda x, k: x * k, lambda x, k: k * x, tensors(), 3, examples=20)
    assert_gradients_match(lambda x, k: x * k, tensors(), st.integers(1, 3), examples=20)
