"""Rarer functions of numbers: the sample rows, and what is special."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from contract import Sample, apart, integers, normal, positive, unit

import tinygrad_mlp as tg

NOT_ELEMENTWISE = {"_exponent", "_mantissa", "fill", "isreal"}  # see test_lowering.py

SAMPLES = [
    Sample("asinh", (normal(2, 3),)),
    Sample("acosh", (positive(2, 3) + 1,)),
    Sample("atanh", (unit(2, 3),)),
    *[Sample(name, (normal(2, 3),)) for name in ("exp2", "deg2rad", "rad2deg")],
    *[Sample(name, (apart(2, 3),)) for name in ("signbit", "isposinf", "isneginf", "isreal", "positive")],
    Sample("frexp", (apart(2, 3) * 3,), covers=("_mantissa", "_exponent")),
    Sample("fill", (normal(2, 3), np.array(2.0))),
    Sample("copysign", (apart(2, 3), apart(3, seed=1))),
    Sample("copysign", (apart(2, 3), -1.0)),
    Sample("hypot", (normal(2, 3), normal(3))),
    Sample("nextafter", (normal(2, 3), normal(3))),
    Sample("heaviside", (apart(2, 3), apart(3)), torch_name=""),
    *[Sample(name, (integers(20, 2, 3) - 5, integers(9, 3))) for name in ("gcd", "lcm")],
    *[Sample(f"bitwise_{side}_shift", (integers(20, 2, 3), integers(4, 3))) for side in ("left", "right")],
    Sample("ldexp", (normal(2, 3), integers(4, 3))),
    Sample("float_power", (positive(2, 3), 2), widens=True),
    Sample("rsub", (normal(2, 3), normal(3))),
    Sample("rsub", (normal(2, 3), 2.0), {"alpha": 0.5}),
    Sample("clamp_min", (apart(2, 3), 0.0)),
    Sample("clamp_max", (apart(2, 3), apart(3, seed=2) + 0.02)),
]

NAMES = [
    "absolute",
    "arcsinh",
    "arctan",
    "clip",
    "divide",
    "fix",
    "greater",
    "less_equal",
    "multiply",
    "negative",
    "not_equal",
]


def test_other_names() -> None:
    x, y = tg.tensor([0.5, -2.5]), tg.tensor([1.0, 2.0])
    for name, other in [("absolute", "abs"), ("arctan", "atan"), ("fix", "trunc"), ("negative", "neg"), ("sgn", "sign")]:
        assert getattr(tg, name)(x).equal(getattr(tg, other)(x))
        assert getattr(x, name)().equal(getattr(tg, other)(x))
        assert getattr(x.clone(), f"{name}_")().equal(getattr(tg, other)(x))
    for name, other in [
        ("greater", "gt"),
        ("less_equal", "le"),
        ("not_equal", "ne"),
        ("multiply", "mul"),
        ("divide", "div"),
    ]:
        assert getattr(tg, name)(x, y).equal(getattr(tg, other)(x, y))
        assert getattr(x, name)(y).equal(getattr(tg, other)(x, y))
    assert tg.ones(2, 3, 4).moveaxis(0, -1).shape == (3, 4, 2)
    assert tg.clip(x, -1, 0).equal(tg.clamp(x, -1, 0))


def test_in_place_forms_of_what_is_composed() -> None:
    leaf = tg.tensor([1.0, -2.0], dtype=tg.float64, requires_grad=True)
    x = leaf * 1
    view = x[:1]
    x.clamp_min_(0).ldexp_(tg.tensor([1, 2]))
    (x.sum() + view.sum()).backward()
    assert leaf.grad.tolist() == [4, 0]
    with pytest.raises(RuntimeError, match="can't be cast"):
        tg.tensor([1]).float_power_(2)
    with pytest.raises(RuntimeError, match="shape"):
        tg.ones(1).clamp_min_(tg.ones(2))


def test_shifts_are_operators() -> None:
    x = tg.tensor([1, 4])
    assert (x << 1).tolist() == [2, 8]
    assert (x >> 1).tolist() == [0, 2]
    x <<= 2
    assert x.tolist() == [4, 16]


def test_what_is_refused() -> None:
    x = tg.ones(2)
    for call in (
        lambda: tg.frexp(x.long()),
        lambda: tg.fill(x, x),
        lambda: tg.heaviside(x, x.double()),
        lambda: tg.positive(x.bool()),
        lambda: x << 1,
    ):
        with pytest.raises((RuntimeError, NotImplementedError)):
            call()


def test_against_torch_where_numbers_are_not_finite() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    values = [0.0, -0.0, 1.5, -1.5, float("inf"), -float("inf"), float("nan")]
    calls: dict[str, Any] = {
        **{
            name: lambda lib, x, name=name: getattr(lib, name)(x)
            for name in ("sgn", "exp2", "isposinf", "isneginf", "signbit")
        },
        "frexp": lambda lib, x: lib.frexp(x)[0],
        "nextafter": lambda lib, x: lib.nextafter(x, x.flip(0)),
        "copysign": lambda lib, x: lib.copysign(x, x.flip(0)),
        "heaviside": lambda lib, x: lib.heaviside(x, lib.full_like(x, 0.5)),
        "hypot": lambda lib, x: lib.hypot(x, x.flip(0)),
    }
    for name, call in calls.items():
        ours, theirs = (call(lib, lib.tensor(values)) for lib in (tg, torch))
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy(), err_msg=name)
