"""Choosing and bounding: the sample rows, and what is special."""

from __future__ import annotations

import numpy as np
import pytest
from contract import Sample, apart, booleans, normal

import tinygrad_mlp as tg
from tinygrad_mlp.core.primitive import PRIMITIVES

A, B, ROW = apart(2, 3), apart(2, 3, seed=1) + 0.03, apart(3, seed=2) + 0.01

SAMPLES = [
    *[
        Sample(name, args)
        for name in ("maximum", "minimum", "fmax", "fmin")
        for args in ((A, B), (A, ROW), (ROW, A), (A, normal()))
    ],
    *[Sample(name, (A,)) for name in ("nan_to_num",)],
    Sample("where", (booleans(2, 3), A, ROW)),
    Sample("where", (booleans(2, 3), A, 0.5)),
    Sample("where", (booleans(3), 1.5, A)),
    *[Sample("clamp", (A, *bounds)) for bounds in ((-0.1, 0.1), (None, 0.1), (0.0, None), (ROW, B), (B, ROW))],
    Sample("passed", (B, A), torch_fn=lambda x, s: x.where(s != 0, 0) + s * 0),
    Sample("between", (B, A, -0.1, 0.2), torch_fn=lambda x, s, low, high: x.where((s > low) & (s < high), 0) + s * 0),
    Sample("masked_fill", (A, booleans(2, 3), 2.5)),
    Sample("masked_fill", (A, booleans(3), normal())),
]


def test_errors_name_the_op_the_shapes_and_the_remedy() -> None:
    with pytest.raises(RuntimeError, match=r"mul\(\) got shapes \(2, 3\) and \(4,\), which do not broadcast.*unsqueeze"):
        tg.ones(2, 3) * tg.ones(4)
    with pytest.raises(TypeError, match=r"exp\(\): expected a Tensor, got float"):
        tg.exp(2.0)
    with pytest.raises(TypeError, match="expected Tensors or numbers, got str"):
        tg.ones(2) + "a"
    with pytest.raises(TypeError, match="no argument 'beta'"):
        tg.add(tg.ones(2), 1, beta=2)
    with pytest.raises(RuntimeError, match="masked_fill only supports boolean masks"):
        tg.ones(2).masked_fill(tg.tensor([0, 1]), 2.0)
    with pytest.raises(RuntimeError, match="masked_fill only supports boolean masks"):
        tg.ones(2).masked_fill(True, 2.0)
    with pytest.raises(RuntimeError, match="rounding_mode"):
        tg.div(tg.ones(2), 2, rounding_mode="up")


def test_where_does_not_leak_nan_from_the_branch_not_taken() -> None:
    x = tg.tensor([-1.0, 4.0], requires_grad=True)
    tg.where(x > 0, x.sqrt(), 0.0)[1].backward()
    assert x.grad is not None
    assert x.grad.tolist()[1] == 0.25


def test_a_gradient_is_passed_where_the_result_is_not_zero() -> None:
    g, y = tg.tensor([1.0, 2.0, float("nan"), 4.0]), tg.tensor([0.0, 3.0, 0.0, float("nan")])
    np.testing.assert_array_equal(PRIMITIVES["passed"].forward(g.numpy(), y.numpy()), [0, 2, 0, 4])
