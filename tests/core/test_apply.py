"""An operation that a program adds: one declaration, and it is everywhere that those of the library are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# It runs in a process of its own, as an operation is not to be forgotten again. x * |x|, smooth off 0.
ADDED = """
import numpy as np
import tinygrad_mlp as tg
from tinygrad_mlp.core.apply import primitive
from tinygrad_mlp.core.primitive import OPS

@primitive(
    lambda g, input: g * (2 * abs(input)),
    method=True,
    in_place=True,
    ufunc=np.spacing,
    smooth=lambda input: abs(input) > 0.2,
)
def signed_square(input):
    '''input * abs(input).'''
    return input * np.abs(input)


signed_square = tg.signed_square = OPS["signed_square"]
x = tg.tensor([[-2.0, 0.5], [3.0, -0.25]], dtype=tg.float64, requires_grad=True)
expected = x.detach().numpy() * abs(x.detach().numpy())
{check}
print("done")
"""

CHECKS = {
    "function": "np.testing.assert_array_equal(signed_square(x).detach().numpy(), expected)",
    "method": "np.testing.assert_array_equal(x.signed_square().detach().numpy(), expected)",
    "of an array": "assert isinstance(signed_square(expected), np.ndarray)",
    "in place": """
y = x * 1
assert y.signed_square_() is y
np.testing.assert_array_equal(y.detach().numpy(), expected)
y.sum().backward()
np.testing.assert_allclose(x.grad.numpy(), 2 * abs(x.detach().numpy()))""",
    "name of the node": 'assert type(signed_square(x).grad_fn).__name__ == "SignedSquareBackward0"',
    "first derivative": "assert tg.autograd.gradcheck(signed_square, x)",
    "second derivative": "assert tg.autograd.gradgradcheck(signed_square, x)",
    "mutants of its rule": """
found = tg.autograd.gradcheck(signed_square, x, report=True)
assert found.survivors == [] and any(mutant.rule == "signed_square" for mutant in found.killed)""",
    "NumPy's function": """
y = np.spacing(x)
assert isinstance(y, tg.Tensor) and y.grad_fn is not None
np.testing.assert_array_equal(y.detach().numpy(), expected)""",
    "compiled": """
step = tg.compile(lambda x: (signed_square(x * 2).exp() + 1).sum(), backend="numpy")
for k in range(6):
    y = x.detach() * (k + 1) / 4
    assert step(y).item() == (signed_square(y * 2).exp() + 1).sum().item()
(program,) = step.programs
names = [i.name for i in program.instructions]
assert "signed_square" not in names and "multiply" in str(program) and "absolute" in str(program), str(program)""",
    "compiled backward": """
def step(x):
    x = x.detach().requires_grad_()
    signed_square(x).sum().backward()
    return x.grad
compiled = tg.compile(step)
for _ in range(6):
    np.testing.assert_array_equal(compiled(x.detach()).numpy(), step(x.detach()).numpy())""",
    "lowered": """
from tinygrad_mlp.compiling.instruction import Instruction
from tinygrad_mlp.compiling.passes.lowering import lowered
op = signed_square.primitive
whole = Instruction(op.name, op.forward, [expected], {}, np.empty_like(expected), "copy")
assert [part.name for part in lowered(whole, set())] == ["absolute", "multiply"]""",
    "fuzzed": """
from tinygrad_mlp.testing.random_programs.elementwise import ELEMENTWISE
(row,) = [row for row in ELEMENTWISE if row.name == "signed_square"]
from tinygrad_mlp.testing.random_programs.elementwise import ELEMENTWISE_INPLACE
assert [row.name for row in ELEMENTWISE_INPLACE if "signed_square" in row.name] == ["signed_square_"]""",
    "a second of the name": """
try:
    primitive(lambda g: g)(signed_square.primitive.forward)
except TypeError as error:
    assert "there is an operation 'signed_square' already" in str(error)
else:
    raise AssertionError""",
}
NUMBA = """
step = tg.compile(lambda x: (signed_square(x * 2).exp() + 1).sum(), backend="numba")
for k in range(6):
    y = x.detach() * (k + 1) / 4
    np.testing.assert_allclose(step(y).item(), (signed_square(y * 2).exp() + 1).sum().item(), rtol=1e-12)"""


def run(check: str) -> None:
    code = ADDED.format(check=check)
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["done"]), done.stderr


def test_it_is_everywhere() -> None:
    run("\n".join(CHECKS.values()))


def test_it_is_compiled_by_numba() -> None:
    pytest.importorskip("numba", reason="Numba is not installed")
    run(NUMBA)
