"""Constructors and names of earlier years, held against what PyTorch answers."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg


def test_kinds_of_tensors_are_made_of_sizes_values_and_tensors() -> None:
    assert tg.FloatTensor(2, 3).shape == tg.FloatTensor(tg.Size([2, 3])).shape == (2, 3)
    assert tg.FloatTensor((2, 3)).tolist() == [2.0, 3.0]
    assert tg.FloatTensor().shape == (0,)
    assert tg.LongTensor([1.7, -1.7]).tolist() == tg.LongTensor(np.array([1.7, -1.7])).tolist() == [1, -1]
    assert tg.BoolTensor([1, 0, 2.5]).tolist() == [True, False, True]
    assert tg.FloatTensor(np.ones(2)).dtype is tg.float32
    x = tg.ones(2)
    assert tg.FloatTensor(x).data_ptr() == x.data_ptr()
    assert x.new(3).shape == (3,)
    assert x.long().new([1.0, 2.0]).tolist() == [1, 2]
    assert x.new().shape == (0,)
    assert tg.Tensor(tg.Size([2])).shape == tg.Tensor(2, device="cpu").shape == (2,)


@pytest.mark.parametrize("data", [3.0, True, None, "a", {}])
def test_kinds_of_tensors_refuse_what_is_no_sequence(data: Any) -> None:
    for make in (tg.FloatTensor, tg.Tensor, tg.ones(1).new):
        with pytest.raises(TypeError, match=r"new\(\): "):
            make(data)
    with pytest.raises(TypeError, match="expected a tensor of tinygrad_mlp.float32, got one of tinygrad_mlp.int64"):
        tg.FloatTensor(tg.tensor(3))
    with pytest.raises(RuntimeError, match="'cuda' is not available"):
        tg.FloatTensor(2, device="cuda")


def test_the_kind_of_a_tensor() -> None:
    x = tg.zeros(2)
    assert x.type() == tg.typename(x) == "torch.FloatTensor"
    assert x.type("torch.LongTensor").dtype is x.type(tg.LongTensor).dtype is x.type(dtype=tg.int64).dtype is tg.int64
    assert isinstance(x, tg.FloatTensor)
    assert not isinstance(x, tg.LongTensor)
    assert not isinstance(x, tg.cuda.FloatTensor)
    assert tg.FloatTensor.dtype is tg.float32
    assert tg.cuda.FloatTensor.is_cuda
    assert not tg.FloatTensor.is_cuda
    for kind, name in (("foo", "foo"), (int, "int")):
        with pytest.raises(ValueError, match=f"invalid type: '{name}'"):
            x.type(kind)
    for request in (lambda: tg.cuda.FloatTensor(3), lambda: x.type(tg.cuda.FloatTensor)):
        with pytest.raises(TypeError, match="torch.cuda.FloatTensor not available") as caught:
            request()
        assert isinstance(caught.value, RuntimeError)
    assert tg.typename(3) == "int"
    assert tg.typename(tg.nn.Linear(2, 2)) == "tinygrad_mlp.nn.linear.Linear"


def test_the_default_kind_of_tensors() -> None:
    try:
        tg.set_default_tensor_type("torch.DoubleTensor")
        assert tg.zeros(1).dtype is tg.float64
    finally:
        tg.set_default_tensor_type(tg.FloatTensor)
    assert tg.zeros(1).dtype is tg.float32
    with pytest.raises(TypeError, match="only floating-point types"):
        tg.set_default_tensor_type(tg.LongTensor)


def test_variables() -> None:
    x = tg.ones(2)
    v = tg.autograd.Variable(x, requires_grad=True)
    assert v.requires_grad
    assert v.is_leaf
    assert not x.requires_grad
    assert v.data_ptr() == x.data_ptr()
    assert not tg.autograd.Variable(v * 2).requires_grad
    assert isinstance(x, tg.autograd.Variable)
    assert not isinstance(3, tg.autograd.Variable)
    with pytest.warns(UserWarning, match="volatile was removed"):
        tg.autograd.Variable(x, volatile=True)
    with pytest.raises(TypeError, match="Variable data has to be a tensor, but got list"):
        tg.autograd.Variable([1])
    with pytest.raises(RuntimeError, match="Only Tensors of floating point"):
        tg.autograd.Variable(tg.arange(2), True)


def test_dtypes_that_are_names_only() -> None:
    for named in (tg.bfloat16, tg.complex64):
        assert tg.float32 is not named
        assert copy.deepcopy(named) is named
        assert tg.ones(1).dtype != named
        for use in (lambda d: tg.zeros(2, dtype=d), lambda d: tg.zeros(2).to(d), lambda d: tg.nn.Linear(2, 2).to(d)):
            with pytest.raises(RuntimeError, match=f"{named.name} is not available"):
                use(named)
    assert tg.complex64.is_complex
    assert not tg.bfloat16.is_complex
    assert tg.bfloat16.is_floating_point
