"""Programs: instructions as Python, what it is given, and what can be read of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from trainings import CALLS, batches, network, training_step, warm

import tinygrad_mlp as torch
from tinygrad_mlp import optim
from tinygrad_mlp.compiling.instruction import Instruction, Number
from tinygrad_mlp.compiling.program import Program
from tinygrad_mlp.core.state import state


def line(call: Any, output: Any, *inputs: Any, **options: Any) -> Instruction:
    return Instruction(call.__name__, call, list(inputs), options, output)


def test_the_program_of_a_step_can_be_read() -> None:
    model = network()
    step = torch.compile(training_step(model, optim.SGD(model.parameters(), 0.1)))
    warm(step, *batches(1)[0])
    (program,) = step.programs
    text = str(program)
    assert "dot(" in text
    assert text.count("class_losses(") == 1  # of the loss and its gradient
    assert text.splitlines()[-1].startswith(f"{len(program.instructions)} instructions, ")
    assert program.source.startswith("def step(")
    assert program.source.count("\n") == 2 + len([i for i in program.instructions if i.kind != "view"])


def test_arrays_and_numbers_are_arguments() -> None:
    x, out = np.ones(3, np.float32), np.empty(3, np.float32)
    n = Number(5, float)
    program = Program([line(np.multiply, out, x, n), line(np.add, out, out, 0.5)], [x], [5], [out])
    for values, factor in (([1, 2, 3], 2.0), ([4, 5, 6], -1.0)):
        given = np.array(values, np.float32)
        (result,) = program.run(given, factor)
        np.testing.assert_array_equal(result, given * factor + 0.5)
        assert result is not out  # a view, whose life shows whether somebody holds it
        assert result.base is out
    assert program.source.splitlines()[0] == "def step(x0, n5):"


def test_views_of_arguments_are_taken_anew() -> None:
    x, out = np.arange(6, dtype=np.float32).reshape(2, 3), np.empty((3, 2), np.float32)
    turned = x.T
    view = Instruction("transpose", np.transpose, [x], {}, turned, "view")
    program = Program([view, line(np.add, out, turned, 1)], [x], [], [out])
    for i in range(3):
        given = x * i
        assert program.run(given)[0].tolist() == (given.T + 1).tolist()
    alone = Program([view, line(np.add, out, turned, 1)], [], [], [out])
    assert "transpose" not in alone.source  # of memory that stays where it is it is there already
    assert alone.run()[0].tolist() == (x.T + 1).tolist()


def test_what_takes_no_memory_is_copied() -> None:
    x, out = np.array([3.0, 1.0, 2.0], np.float32), np.empty(3, np.float32)
    program = Program([Instruction("sort", np.sort, [x], {"axis": 0}, out, "copy")], [x], [], [out])
    assert program.run(x)[0].tolist() == [1, 2, 3]


def test_numbers_have_the_arrays_dtype() -> None:
    for dtype in (np.float16, np.float32, np.float64):
        x, out = np.array([1, 3], dtype), np.empty(2, dtype)
        program = Program([line(np.true_divide, out, x, Number(0, float))], [x], [0], [out])
        assert program.run(x, 0.1)[0].tobytes() == (x / 0.1).tobytes()
        program = Program([line(np.multiply, out, x, 1e300)], [x], [], [out])
        assert program.run(x)[0].tobytes() == _quiet(x, 1e300).tobytes()


def _quiet(x: Any, factor: float) -> Any:
    with np.errstate(all="ignore"):
        return x * x.dtype.type(factor)


def test_special_numbers_are_constants() -> None:
    x, out = np.ones(2, np.float32), np.empty(2, np.float32)
    for value in (np.inf, -np.inf, np.nan, -0.0):
        program = Program([line(np.add, out, x, value), line(np.multiply, out, out, 0.0)], [x], [], [out])
        np.testing.assert_array_equal(state.quiet(program.run, x)[0], _quiet(x + np.float32(value), 0.0))


def test_numbers_that_stay_are_part_of_the_program_and_those_that_change_are_not() -> None:
    for values in ([2.0] * CALLS, [2.0 + i for i in range(CALLS)]):
        step = torch.compile(lambda x, n: (x * n).exp())
        for n in values:
            step(torch.ones(3), n)
        (program,) = step.programs
        assert len(program.numbers) == (len(set(values)) > 1)
