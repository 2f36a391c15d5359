"""Products, running sums and products: the sample rows, and what is special."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from contract import Sample, integers, normal

import tinygrad_mlp as tg

with_zeros = np.array([[2.0, 0.0, 3.0, 0.5], [0.0, 1.5, 0.0, 2.0], [1.0, 2.0, -3.0, 4.0]])

SAMPLES = [
    Sample("prod", (normal(2, 3),), covers=("_prod",)),
    Sample("prod", (with_zeros, 1)),
    Sample("prod", (with_zeros, 0, True)),
    Sample("prod", (normal(3, 1, 2), -2)),
    Sample("prod", (normal(),)),
    Sample("prod", (normal(), 0)),
    Sample("prod", (normal(), -1, True)),
    Sample("prod", (integers(5, 3),)),
    Sample("cumsum", (normal(2, 3), 1)),
    Sample("cumsum", (integers(5, 2, 3), 0)),
    Sample("cumsum", (normal(), 0)),
    Sample("cumprod", (normal(2, 4), -1), covers=("_recurrence",)),
    Sample("cumprod", (with_zeros, 1)),
    Sample("cumprod", (with_zeros, 0)),
    Sample("cumprod", (normal(), 0)),
    *[Sample("_recurrence", (normal(2, 4), normal(2, 4, seed=1), 1, step), torch_name="") for step in (1, -1)],
]


def slope(function: Any, values: Any) -> list[float]:
    """The gradient of a function of one tensor, from ours."""
    x = tg.tensor(values, dtype=tg.float64, requires_grad=True)
    function(x).backward()
    assert x.grad is not None
    return x.grad.tolist()


def test_products_with_zeros_have_right_gradients() -> None:
    assert slope(lambda x: x.prod(), [2.0, 0.0, 4.0]) == [0, 8, 0]
    assert slope(lambda x: x.prod(), [2.0, 0.0, 0.0]) == [0, 0, 0]
    assert slope(lambda x: x.cumprod(0).sum(), [0.0, 3.0, 5.0]) == [1 + 3 + 15, 0, 0]
    assert slope(lambda x: x.cumprod(0)[-1], [0.0, 3.0, 5.0]) == [15, 0, 0]


def test_second_derivative_of_a_product_with_zeros() -> None:
    hessian = tg.autograd.functional.hessian(lambda x: x.prod(), tg.tensor([0.0, 0.0, 5.0]))
    assert hessian.tolist() == [[0, 5, 0], [5, 0, 0], [0, 0, 0]]
    third = tg.autograd.functional.jacobian(
        lambda x: tg.autograd.functional.hessian(lambda z: z.prod(), x, create_graph=True), tg.tensor([0.0, 0.0, 0.0])
    )
    assert third[0, 1, 2].item() == 1
    assert third[0, 0, 2].item() == 0


@pytest.mark.parametrize("function", [tg.cumsum, tg.cumprod])
def test_running_sums_are_contiguous_whatever_their_input_is(function: Any) -> None:
    y = function(tg.ones(3, 4).t(), 0)
    assert y.is_contiguous()
    y.flatten().fill_(7)  # a view, as in PyTorch
    assert y.tolist() == [[7] * 3] * 4
