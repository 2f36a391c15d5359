"""What gradcheck would notice: mutants of rules, those of every primitive of the library among them."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp.autograd import gradcheck
from tinygrad_mlp.autograd.mutation import Mutant, PowerReport
from tinygrad_mlp.core.primitive import OPS, PRIMITIVES
from tinygrad_mlp.core.state import state

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))

# The rows of the operations' own tests are beside these: only now are they found.
from contract import Sample, differentiable, function_of, normal, tensors
from test_contract import WITH_GRADIENT

# Not a derivative where the scale is not 1: that is its purpose.
ROWS = [*WITH_GRADIENT, Sample("scale_gradient", (normal(2, 3), np.ones((2, 3), np.int64)))]
# Rules of draws, whose values are random, and rules that say that there is no derivative.
WITHOUT = {"_dirichlet_draw", "_dirichlet_gradient", "_gamma_draw", "_gamma_gradient"}
NO_SLOPE = {("igamma", 0), ("igammac", 0), ("zeta", 0)}
RULES = {(op.name, position) for op in PRIMITIVES.values() for position, rule in enumerate(op.rules) if rule is not None}


def leaf(*values: Any) -> tg.Tensor:
    return tg.tensor(values, dtype=tg.float64, requires_grad=True)


def report(func: Callable[..., Any], inputs: Any, **options: Any) -> PowerReport:
    found = gradcheck(func, inputs, report=True, **options)
    assert isinstance(found, PowerReport)
    return found


def row_report(sample: Sample, order: int) -> PowerReport:
    found = function_of(sample)
    return PowerReport() if found is None else report(*found, order=order, atol=1e-7, rtol=1e-6)


def rules_of_gradient(sample: Sample) -> set[tuple[str, int]]:
    """The rules that the gradient of a row's gradient uses."""
    args = tensors(sample, tg)
    outs = differentiable(sample.run(args))
    sources = [a for a in args if isinstance(a, tg.Tensor) and a.requires_grad]
    cotangents = [tg.ones_like(out).requires_grad_() for out in outs]
    stack = []
    if outs:
        gradients = tg.autograd.grad(outs, sources, cotangents, create_graph=True, allow_unused=True)
        stack = [g.grad_fn for g in gradients if g is not None and g.grad_fn is not None]
    seen, rules = set(stack), set()
    while stack:
        node = stack.pop()
        for position, parent in enumerate(node.parents):
            if parent is not None and node.op is not None:
                rules.add((node.op.name, 0 if node.op.variadic else position))
                stack += {parent} - seen
                seen.add(parent)
    return rules


def killed_rules(found: PowerReport) -> set[tuple[str, int]]:
    return {(mutant.rule, 0 if PRIMITIVES[mutant.rule].variadic else mutant.position) for mutant in found.killed}


@pytest.fixture(scope="module")
def of_all_rows() -> PowerReport:
    """The mutants of all rows together: those of first derivatives, and of second ones where a rule is used by no others."""
    total = PowerReport()
    for sample in ROWS:
        total += row_report(sample, 1)
    reached = killed_rules(total)
    for sample in ROWS:
        if sample.order2 and (RULES & rules_of_gradient(sample)) - reached:
            total += row_report(sample, 2)
            reached = killed_rules(total)
    return total


# Of a function of symmetric matrices the gradient is free to have any antisymmetric part.
EQUIVALENT = {("_eigh", "transpose"), ("_cholesky", "dropped term")}


def test_every_mutant_of_every_operation_is_caught(of_all_rows: PowerReport, capsys: pytest.CaptureFixture[str]) -> None:
    assert of_all_rows.survivors == []
    killed = {replace(mutant, order=1) for mutant in of_all_rows.killed}
    # what another rule undoes in one row (a sign, twice) must be caught in another
    left = {replace(mutant, order=1) for mutant in of_all_rows.masked} - killed
    assert {mutant for mutant in left if (mutant.rule, mutant.kind) not in EQUIVALENT} == set()
    assert of_all_rows.mutants > 4000


def test_no_differentiable_operation_is_missing(of_all_rows: PowerReport) -> None:
    left = {rule for rule in RULES - killed_rules(of_all_rows) if rule[0] not in WITHOUT}
    assert left == NO_SLOPE, "give these a sample row"


def test_every_kind_of_mutant_is_caught(of_all_rows: PowerReport) -> None:
    kinds = Counter(mutant.kind for mutant in of_all_rows.killed)
    assert set(kinds) == {"sign", "scale", "dropped term", "missing sum", "transpose", "wrong axis"}
    assert min(kinds.values()) > 50


def caught(found: PowerReport) -> set[tuple[str, str, str, str]]:
    return {(mutant.rule, mutant.input, mutant.kind, mutant.op) for mutant in found.killed}


def test_rules_are_mutated_as_expressions() -> None:
    x = tg.tensor(normal(2, 3), requires_grad=True)
    bias = leaf(0.5, 1.5, -2.0)
    assert ("add", "other", "missing sum", "sum_to") in caught(report(lambda x, b: x + b, (x, bias)))
    assert {
        ("tanh", "input", "sign", ""),
        ("tanh", "input", "scale", ""),
        ("tanh", "input", "dropped term", ""),
        ("tanh", "input", "transpose", ""),
        ("tanh", "input", "dropped term", "mul"),
        ("tanh", "input", "sign", "sub"),
    } <= caught(report(tg.tanh, x))
    assert ("cumsum", "input", "wrong axis", "cumsum") in caught(report(lambda x: x.cumsum(1), x))
    assert ("index", "input", "missing sum", "index_sum") in caught(report(lambda x: x[tg.tensor([0, 0, 1])], x))
    square = tg.tensor(normal(3, 3), requires_grad=True)
    assert ("matrix_product", "mat2", "transpose", "matrix_product") in caught(
        report(lambda a, b: a @ b, (square, square.clone().detach().requires_grad_()))
    )


class Cube(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: tg.Tensor, scale: float) -> Any:
        ctx.save_for_backward(x)
        ctx.scale = scale
        return x**3 * scale, x.sum()

    @staticmethod
    def backward(ctx: Any, g: tg.Tensor, of_sum: tg.Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return g * (3 * ctx.scale * x**2) + of_sum, None


def test_the_rules_of_users_are_mutated_too() -> None:
    found = report(lambda x: Cube.apply(x, 2.0), leaf(0.5, -1.0))
    assert {("Cube", "argument 0", "dropped term", "pow"), ("Cube", "argument 0", "sign", "add")} <= caught(found)
    assert found.survivors == found.masked == []
    assert found.caught == found.mutants == len(found.killed) >= 10


def test_a_check_that_is_too_lax_lets_mutants_live() -> None:
    x = leaf(0.5, -2.0)
    found = report(tg.tanh, x, atol=0.3)
    assert 0 < found.caught < found.mutants
    lines = str(found).splitlines()
    assert lines[0] == f"{found.caught} of {found.mutants} mutants of 1 rule were caught"
    assert "survived: tanh, gradient of input: scale" in lines
    assert lines.count("survived: tanh, gradient of input: scale") == 1
    assert report(tg.tanh, x).survivors == []


def test_fast_mode_catches_them_as_well() -> None:
    x = tg.tensor(normal(3, 3), requires_grad=True)
    found = report(lambda x: tg.softmax(x @ x, 1), x, fast_mode=True)
    assert found.survivors == []
    assert found.mutants > 20


def test_what_changes_nothing_does_not_count() -> None:
    flat = report(lambda x: x.floor() + x, leaf(0.5, -2.2))
    kinds = {mutant.kind for mutant in flat.equivalent if mutant.rule == "floor"}
    assert kinds == {"sign", "scale", "dropped term"}  # of zeros
    assert not {mutant for mutant in flat.killed if mutant.rule == "floor" and mutant.call is None}
    twice = report(lambda x: x.flip(0).flip(0), leaf(1.0, 2.0))
    assert Mutant("flip", "input", "sign", 0) in twice.masked
    assert Mutant("flip", "input", "scale", 0) in twice.killed
    assert f"{len(twice.masked)} more change what a rule gives, but not the gradient" in str(twice)
    assert f"{len(flat.equivalent)} more change nothing at these inputs" in str(flat)
    assert twice.mutants == len(twice.killed)


def test_second_order_rules_are_named_so() -> None:
    found = report(tg.tanh, leaf(0.5), order=2)
    assert {mutant.order for mutant in found.killed} == {1, 2}
    assert "mul, gradient of other (order 2): sign" in map(str, found.killed)


def test_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    found = report(tg.exp, leaf(0.5))
    assert capsys.readouterr().out == f"{found}\n"
    assert repr(found) == f"<PowerReport: {found.caught} of {found.mutants} mutants caught>"


def test_rules_and_observers_are_left_as_they_were() -> None:
    rules = {name: op.rules for name, op in PRIMITIVES.items()}
    operations = dict(OPS)
    report(lambda x: tg.softmax(x, 0) * x, leaf(0.5, 1.0))
    assert {name: op.rules for name, op in PRIMITIVES.items()} == rules
    assert operations == OPS
    assert state.observers == ()


def test_an_error_among_the_mutants_leaves_nothing_behind() -> None:
    calls = iter(range(10**6))

    class Tired(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: tg.Tensor) -> tg.Tensor:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: tg.Tensor) -> tg.Tensor:
            if next(calls) == 12:
                raise KeyboardInterrupt
            return g * 2

    with pytest.raises(KeyboardInterrupt):
        gradcheck(Tired.apply, leaf(1.0), report=True)
    assert next(calls) > 12
    assert state.observers == ()


def test_mutants_stay_in_their_thread() -> None:
    x = leaf(0.5, -1.0, 2.0)
    expected = (1 - np.tanh(x.detach().numpy()) ** 2) * 2
    wrong, reports = [], []

    def check() -> None:
        y = leaf(0.5, -1.0, 2.0)
        for _ in range(5):
            found = gradcheck(lambda y: tg.tanh(y) * 2, y, report=True)
            assert isinstance(found, PowerReport)
            reports.append(str(found))

    thread = threading.Thread(target=check)
    thread.start()
    while thread.is_alive():
        (g,) = tg.autograd.grad((tg.tanh(x) * 2).sum(), x)
        if not np.allclose(g.numpy(), expected, rtol=1e-15, atol=0):
            wrong.append(g)
    thread.join()
    assert wrong == []
    assert len(set(reports)) == 1
    assert len(reports) == 5
