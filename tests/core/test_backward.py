"""The gradients that a backward pass leaves: memory of their own, that can be written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tinygrad_mlp as tg

# Roots whose rules give back a cotangent as it is, spread over a shape without copying it, or shared by two inputs.
ROOTS: dict[str, Callable[[Any, Any], Any]] = {
    "sum": lambda x, y: x.sum(),
    "mean": lambda x, y: x.mean(),
    "sum of a dim": lambda x, y: x.sum(0).sum(),
    "sum of two": lambda x, y: (x + y).sum(),
    "the same twice": lambda x, y: (x + x).sum(),
    "view": lambda x, y: x.view(-1).sum() + y.sum(),
    "transposed": lambda x, y: x.t().sum() + y.sum(),
    "expanded": lambda x, y: x.expand(3, 2, 2).sum(),
    "part": lambda x, y: x[:1].sum() + y.sum(),
    "stack": lambda x, y: tg.stack([x, y]).sum(),
    "cat": lambda x, y: tg.cat([x, y]).sum(),
    "clone": lambda x, y: x.clone().sum(),
    "matrix product": lambda x, y: (x @ y).sum(),
    "softplus": lambda x, y: tg.nn.functional.softplus(x * y).sum(),
}
WRITES: dict[str, Callable[[Any], Any]] = {
    "in place": lambda x: x.grad.mul_(2),
    "an element": lambda x: x.grad.__setitem__((0, 0), 7.0),
    "zero_": lambda x: x.grad.zero_(),
    "clip_grad_norm_": lambda x: tg.nn.utils.clip_grad_norm_([x], 0.1),
    "zero_grad": lambda x: tg.optim.SGD([x], lr=0.1).zero_grad(set_to_none=False),
    "step": lambda x: tg.optim.SGD([x], lr=0.1, momentum=0.9, weight_decay=0.1).step(),
}


KINDS: dict[str, Callable[[Any], Any]] = {
    "saves nothing": lambda y: y + 1,
    "saves its output": lambda y: y.tanh(),
    "of two": lambda y: y * y,
    "view": lambda y: y.view(1),
    "in place": lambda y: y.add_(1),
    "variadic": lambda y: tg.cat([y]),
}
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def leaves() -> tuple[tg.Tensor, tg.Tensor]:
    x = tg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    return x, tg.tensor([[5.0, 6.0], [7.0, 8.0]], requires_grad=True)


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("root", ROOTS)
def test_they_add_up_over_passes(root: str, create_graph: bool) -> None:
    x, y = leaves()
    (once,) = tg.autograd.grad(ROOTS[root](x, y), x)
    ROOTS[root](x, y).backward(create_graph=create_graph)
    for passes in (2, 3):
        ROOTS[root](x, y).backward()
        assert x.grad is not None
        assert x.grad.tolist() == (passes * once).tolist()


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("root", ROOTS)
def test_writing_one_changes_no_other(root: str, write: str, create_graph: bool) -> None:
    x, y = leaves()
    middle = x * 1
    middle.retain_grad()
    ROOTS[root](middle, y).backward(create_graph=create_graph)
    others = [t.grad for t in (middle, y) if t.grad is not None]
    before = [t.tolist() for t in (*others, y)]
    with tg.no_grad():
        WRITES[write](x)
    assert [t.tolist() for t in (*others, y)] == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_graph_is_freed_without_recursion(kind: str) -> None:
    code = f"""
import tinygrad_mlp as tg, threading
from test_backward import KINDS

def run():
    x = tg.tensor([0.5], requires_grad=True)
    for create_graph in (False, True):
        y = x * 1
        for _ in range(2_000 if create_graph else 10_000):
            y = KINDS[{kind!r}](y)
        if create_graph:
            (g,) = tg.autograd.grad(y, x, create_graph=True)
            del g
        del y
    print("freed")

threading.stack_size(64 * 1024)  # C's own, on which what is freed within what is freed would run out
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent, env=ENVIRONMENT, capture_output=True)
    assert (done.returncode, done.stdout.strip()) == (0, b"freed"), done.stderr
