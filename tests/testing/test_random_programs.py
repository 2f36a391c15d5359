"""Random programs: every line counts and runs, in both libraries, and is smooth where it says so."""

from __future__ import annotations

import contextlib
import io
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp.core.primitive import OPS
from tinygrad_mlp.errors import ArgumentError
from tinygrad_mlp.testing.checks import assert_gradients_match
from tinygrad_mlp.testing.random_programs import TEMPLATES, Leaf, RandomProgram, Seeded, Value, Writer, write
from tinygrad_mlp.testing.random_programs.program import LIBRARY
from tinygrad_mlp.testing.random_programs.writer import nowhere
from tinygrad_mlp.testing.strategies import (
    programs,
)

FEW = settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def numbers(x: Any) -> np.ndarray:
    return np.asarray(x.detach().numpy())


def simplest(strategy: Any, condition: Any) -> Any:
    return find(strategy, condition, settings=settings(database=None, derandomize=True, max_examples=1000))


@FEW
@given(programs(st.integers(0, 8)))
def test_programs_have_their_length_and_every_line_counts(program: RandomProgram) -> None:
    result = program(*program.inputs)
    assert result.requires_grad
    assert len(program.lines) <= 8
    used = {name for line in program.lines for name in line.uses} | {program.result}
    assert all(line.target in used for line in program.lines)
    assert {leaf.name for leaf in program.leaves} <= used


@FEW
@given(programs(4))
def test_a_gradient_check_of_a_program_makes_sense(program: RandomProgram) -> None:
    assert len(program.lines) == 4
    assert_gradients_match(program, *program.inputs)


def test_programs_are_scripts() -> None:
    for number in range(30):
        program = write(Seeded(f"script {number}"), length=6)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(str(program), {})
        assert printed.getvalue().strip() == str(program(*program.inputs))


def test_programs_run_on_both_libraries() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    for number in range(100):
        program = write(Seeded(f"both {number}"), length=6)
        theirs = program(*(leaf.make(torch) for leaf in program.leaves))
        assert isinstance(theirs, torch.Tensor)
        np.testing.assert_allclose(numbers(program(*program.inputs)), theirs.detach().numpy(), rtol=1e-9, atol=1e-9)


def test_smooth_programs_reach_most_operations() -> None:
    smooth = [o for o in TEMPLATES if o.smooth.__name__ != "nowhere"]
    text = "\n".join(str(write(Seeded(f"reach {number}"), length=10)) for number in range(400))
    words = {word for o in smooth for word in re.findall(r"\b([a-z_]{4,})\(|$", o.name) if word}
    assert words
    assert {word for word in words if f"{word}(" not in text} == set()


@pytest.mark.parametrize("call", ["torch.sin(", "torch.exp("])
def test_programs_shrink_to_simple_ones(call: str) -> None:
    found = simplest(programs(3), lambda program: call in str(program))
    assert sum(len(leaf.values) for leaf in found.leaves) <= 10
    assert len(str(found)) < 500


def test_a_program_says_what_it_takes() -> None:
    program = write(Seeded("inputs"), length=3)
    with pytest.raises(ArgumentError, match=rf"takes {len(program.leaves)} tensors \(x0.*got 0"):
        program()


@pytest.mark.parametrize("point", [0.0, 0.5, -0.5, 1.0, -1.0, 1.55, 2.0, 3.0, -3.0, 6.0])
def test_lines_are_smooth_wherever_they_are_written(point: float) -> None:
    for template in TEMPLATES:
        writer = Writer(Seeded(f"{template.name} {point}"))
        leaf = Leaf("x0", (2,), "float64", (point, 7.25), requires_grad=True)
        writer.leaves.append(leaf)
        value = Value("x0", leaf.make(tg))
        writer.names["x0"] = value.tensor
        if template.takes(value) and template.smooth(value) and writer.line(value, template):
            program = RandomProgram(tuple(writer.leaves), tuple(writer.lines), writer.values[-1].name)
            assert_gradients_match(program, *program.inputs)


@pytest.mark.parametrize("shape", [(), (3,), (3, 4), (3, 2, 3)], ids=str)
def test_smooth_lines_run_whatever_the_shape_and_the_choices(shape: tuple[int, ...]) -> None:
    for template in TEMPLATES:
        for seed in range(20):
            writer = Writer(Seeded(f"{template.name} {shape} {seed}"))
            x = writer.fresh(shape)
            for other in ((2,), (4,), (1, 1, 3)):
                writer.fresh(other)
            if template.takes(x) and template.smooth(x):
                writer.line(x, template)


def test_a_second_operand_that_is_made_of_the_first_moves_with_it() -> None:
    template = next(template for template in TEMPLATES if template.name == "maximum")
    made = 0
    for seed in range(40):
        writer = Writer(Seeded(f"{seed}"))
        if writer.line(writer.fresh((3, 3)), template) and "+" in writer.lines[0].expression:
            made += 1
            assert_gradients_match(writer.program(), *writer.program().inputs, order=1)
    assert made > 5


# ------------------------------------------------------------------------------------------- what lines are made of


def test_lines_see_the_library_that_users_import() -> None:
    ours = {name: value for name, value in vars(LIBRARY).items() if not name.endswith("_")}  # of dtypes: bool_, int_
    assert {name for name, value in ours.items() if getattr(tg, name, None) is not value} == set()


def test_elementwise_operations_need_no_rows() -> None:
    kinds = {template.name: template.kinds for template in TEMPLATES}
    assert kinds["sin"] == kinds["maximum"] == kinds["maximum, second operand"] == kinds["logical_not"] == "fib"
    assert (kinds["bitwise_xor"], kinds["neg"], kinds["gelu"], kinds["add_"], kinds["sub_"]) == (
        "ib",
        "fi",
        "f",
        "fib",
        "fi",
    )
    assert not {"argsort, second operand", "zeros_of", "sin, second operand"} & set(kinds)
    smooth = {template.name for template in TEMPLATES if template.smooth is not nowhere}
    assert {name for name, operation in OPS.items() if operation.declared.get("smooth")} <= smooth
    assert not {"floor", "eq", "isnan", "logical_or"} & smooth


def test_elementwise_operations_are_written_in_every_form() -> None:
    writer = Writer(Seeded("forms"), smooth=False)
    for name in ("mul", "mul, second operand", "mul_", "neg", "neg_", "gelu", "logical_and"):
        template = next(template for template in TEMPLATES if template.name == name)
        for _ in range(150):
            x = writer.fresh((2,), grad=False)
            writer.line(x, template)
    texts = (re.sub(r"[xv]\d+", "x", line.expression) for line in writer.lines)
    lines = {re.sub(r"-?\d[\d.]*|True", "2", text) for text in texts}
    assert {"torch.mul(x, x)", "x.mul(x)", "x * x", "x * 2", "2 * x", "x.mul_(x)", "x *= x", "x *= 2"} <= lines
    assert {"torch.neg(x)", "x.neg()", "-x", "x.neg_()", "F.gelu(x)", "torch.logical_and(x, x)"} <= lines
    assert not {"torch.mul(2, x)", "2.mul(x)", "torch.logical_and(x, 2)"} & lines
