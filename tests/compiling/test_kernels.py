"""Loops that numba compiles: what NumPy's calls compute, in one pass."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_openblas import blas_threads
from trainings import CALLS, instructions, names, training_step, warm

import tinygrad_mlp as torch
from tinygrad_mlp import nn, optim
from tinygrad_mlp.compiling.instruction import Instruction, Number, choose
from tinygrad_mlp.compiling.passes.chains import chained
from tinygrad_mlp.errors import ArgumentError, DimensionError
from tinygrad_mlp.lending import owner
from tinygrad_mlp.locking import locked
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.ops.calls import masked
from tinygrad_mlp.ops.class_losses import class_losses, class_slopes, class_total

SPECIAL = [0.0, -0.0, 1.0, -1.5, 80.0, -80.0, 1e-38, 3e38, np.inf, -np.inf, np.nan]


@pytest.fixture
def numba() -> Any:
    return pytest.importorskip("numba", reason="numba is not installed")


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two threads of OpenBLAS, for loops of any length."""
    from tinygrad_mlp.compiling.numba import threads as numba_threads

    with blas_threads(2) as blas:
        monkeypatch.setattr(numba_threads, "_WORTH", 1)
        yield blas


def line(ufunc: Any, out: Any, *inputs: Any) -> Instruction:
    return Instruction(ufunc.__name__, ufunc, list(inputs), {}, out)


def loops(program: list[Instruction], *live: Any) -> list[Instruction]:
    from tinygrad_mlp.compiling.numba import NUMBA

    return chained(program, {owner(array) for array in live}, set(), NUMBA)


def replayed(program: list[Instruction]) -> None:
    for instruction in program:
        with np.errstate(all="ignore"):
            if instruction.kind == "loop":
                instruction.call(*instruction.inputs)
            else:
                instruction.call(*instruction.inputs, out=instruction.output)


def operands(dtype: Any) -> tuple[Any, Any]:
    a, b = (grid.reshape(-1).astype(dtype) for grid in np.meshgrid(SPECIAL, SPECIAL))
    return a, b


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_function_of_numbers_is_numpys(numba: Any, dtype: Any) -> None:
    from tinygrad_mlp.compiling.numba.chains import _EXPRESSIONS

    a, b = operands(dtype)
    for function in set(_EXPRESSIONS) - {np.exp, choose, masked}:
        inputs = [a, b][: function.nin]
        with np.errstate(all="ignore"):
            expected = function(*inputs)
        out, after = np.empty_like(expected), np.empty_like(a)
        program = [line(function, out, *inputs), line(np.multiply, after, b, out)]
        (loop,) = loops(program, out, after)
        replayed([loop])
        np.testing.assert_array_equal(out, expected, err_msg=function.__name__)
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(after, b * expected, err_msg=function.__name__)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_function_of_truth_values_is_numpys(numba: Any, dtype: Any) -> None:
    from tinygrad_mlp.compiling.numba.chains import _LOGICAL

    a, b = operands(dtype)
    for function in _LOGICAL:
        p, q, out = np.empty(a.shape, bool), np.empty(a.shape, bool), np.empty(a.shape, bool)
        chosen, kept = np.empty_like(a), np.empty_like(a)
        program = [
            line(np.less, p, a, b),
            line(np.greater, q, b, 0.5),
            line(function, out, *[p, q][: function.nin]),
            line(choose, chosen, out, a, 2.0),
            line(masked, kept, b, out),
        ]
        (loop,) = loops(program, out, chosen, kept)
        assert not any(array is p for array in loop.inputs)  # it is in a register
        replayed([loop])
        expected = function(*[a < b, b > 0.5][: function.nin])
        np.testing.assert_array_equal(out, expected, err_msg=function.__name__)
        np.testing.assert_array_equal(chosen, np.where(expected, a, dtype(2)))
        np.testing.assert_array_equal(kept, np.where(expected, b, dtype(0)))
        (alone,) = loops([line(function, out, *[p, q][: function.nin])], out)  # of truth values only
        p[:], q[:] = a < b, b > 0.5
        replayed([alone])
        np.testing.assert_array_equal(out, expected, err_msg=function.__name__)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_roots_and_masks_are_numpys(numba: Any, dtype: Any) -> None:
    a, b = operands(dtype)
    root, masked, inside = np.empty_like(a), np.empty_like(a), np.empty(a.shape, bool)
    program = [
        line(np.less_equal, inside, a, 0),
        line(np.logical_not, inside, inside),
        line(np.multiply, masked, b, inside),
        line(np.sqrt, root, b),
    ]
    (loop,) = loops(program, root, masked)
    assert not any(array.dtype == bool for array in loop.inputs)  # the mask is in a register
    replayed([loop])
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(masked, b * ~(a <= 0))
        np.testing.assert_array_equal(root, np.sqrt(b))


def test_the_exponential_is_within_two_units_in_the_last_place(numba: Any) -> None:
    x = np.concatenate([np.linspace(-110, 95, 1_000_001), np.linspace(-1, 1, 100_001), [0.0, -np.inf, np.inf, np.nan]])
    x = x.astype(np.float32)
    out, twice = np.empty_like(x), np.empty_like(x)
    (loop,) = loops([line(np.exp, out, x), line(np.add, twice, out, out)], out, twice)
    replayed([loop])
    with np.errstate(over="ignore"):
        exact = np.exp(x.astype(np.float64))
        rounded = exact.astype(np.float32)
    np.testing.assert_array_equal(np.isinf(out), np.isinf(rounded))
    np.testing.assert_array_equal(np.isnan(out), np.isnan(x))
    finite = np.isfinite(rounded)
    assert np.all(np.abs(out[finite] - exact[finite]) <= 2 * np.spacing(rounded[finite]))


@pytest.mark.parametrize(
    "shapes",
    [
        ((6,), (6,), ()),
        ((3, 4, 5), (3, 4, 5), ()),
        ((4, 5), (5,), ()),
        ((4, 5), (1, 5), (4, 1)),
        ((4, 5), (4, 1), ()),
        ((1, 5), (5,), (1, 1)),
        ((5, 1), (1,), (5, 1)),
    ],
)
def test_rows_columns_and_numbers_go_along(numba: Any, shapes: tuple[tuple[int, ...], ...]) -> None:
    rng = np.random.default_rng(0)
    a, b, c = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    term, out = np.empty_like(a), np.empty_like(a)
    (loop,) = loops([line(np.multiply, term, a, b), line(np.add, out, term, c), line(np.multiply, out, out, 0.5)], out)
    assert not any(array is term for array in loop.inputs)  # what nobody reads later is not written
    replayed([loop])
    np.testing.assert_allclose(out, (a * b + c) * np.float32(0.5), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("columns", [slice(None, None, 2), slice(0, 1)])
def test_parts_of_rows_and_columns_that_are_all_there_is(numba: Any, columns: slice) -> None:
    w = torch.randn(3, 8)
    run = torch.compile(lambda x: ((x @ w)[:, columns] * 2 + 1).sum(), backend="numba")
    for rows in (4,) * (CALLS + 1) + (1,) * (CALLS + 1):
        x = torch.ones(rows, 3)
        assert run(x).item() == pytest.approx(((x @ w)[:, columns] * 2 + 1).sum().item(), rel=1e-5)


def test_what_is_read_later_is_written_and_memory_read_first_keeps_its_last_value(numba: Any) -> None:
    a = np.arange(1, 7, dtype=np.float32)
    kept, out, state = np.empty_like(a), np.empty_like(a), np.ones_like(a)
    program = [
        line(np.multiply, state, state, 3),
        line(np.add, kept, state, a),
        line(np.add, state, state, kept),
        line(np.multiply, out, state, 2),
        line(np.tanh, out, kept),  # not one of a loop
    ]
    loop, tanh = loops(program, out, state)
    assert (loop.kind, tanh.kind) == ("loop", "out")
    assert {id(array) for array in loop.writes()} == {id(kept), id(state), id(out)}
    assert [array is state for array in loop.reads()].count(True) >= 1
    replayed([loop, tanh])
    np.testing.assert_array_equal(kept, 3 + a)
    np.testing.assert_array_equal(state, 6 + a)
    np.testing.assert_allclose(out, np.tanh(3 + a), rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "shapes",
    [((7,), ()), ((3, 4, 5), ()), ((7, 5), (5,)), ((7, 5), (1, 5)), ((7, 5), (7, 1)), ((2, 3), (3,)), ((1, 9), (9,))],
)
def test_threads_compute_the_same(numba: Any, threads: Any, shapes: tuple[tuple[int, ...], ...], dtype: Any) -> None:
    from tinygrad_mlp.compiling.numba import threads as numba_threads

    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape).astype(dtype) for shape in shapes)

    def computed() -> tuple[Any, list[Instruction]]:
        out, state, mask, masked = a * 0 - 1, a.copy(), np.empty(a.shape, bool), a * 0 - 1
        program = [
            line(np.multiply, out, a, b),
            line(np.subtract, out, out, 0.1),
            line(np.add, state, state, out),
            line(np.less_equal, mask, state, 0),
            line(np.multiply, masked, state, mask),
        ]
        program = loops(program, out, state, mask, masked)
        replayed(program)
        replayed(program)
        return (out, state, mask, masked), program

    (*divided, together), program = computed()
    assert [type(i.call) for i in program] == [numba_threads._Divided]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numba_threads, "_WORTH", 1000)
        (*whole, alone), program = computed()
    assert [type(i.call) for i in program] != [numba_threads._Divided]
    for one, other in zip((*divided, together), (*whole, alone), strict=True):
        np.testing.assert_array_equal(one, other)


def test_threads_take_numbers_anew_and_arrays_that_are_elsewhere(numba: Any, threads: Any) -> None:
    a, row, out = np.ones((3, 8), np.float32), np.arange(8, dtype=np.float32), np.empty((3, 8), np.float32)
    (loop,) = loops([line(np.multiply, out, a, row), line(np.multiply, out, out, Number(0, float))], out)
    (number,) = [i for i, value in enumerate(loop.inputs) if not isinstance(value, np.ndarray)]
    arguments = list(loop.inputs)
    for factor in (2.0, 3.0):
        arguments[number] = factor
        loop.call(*arguments)
        np.testing.assert_array_equal(out, factor * a * row)
    for other in (row + 1, np.arange(16, dtype=np.float32)[::2], row):
        loop.call(*(other if value is row else value for value in arguments))
        np.testing.assert_array_equal(out, 3 * a * other)


def test_threads_take_large_loops_alone(numba: Any) -> None:
    from tinygrad_mlp.compiling.numba import threads as numba_threads

    with blas_threads(2):
        for size, divided in ((2 * numba_threads._WORTH, True), (2 * numba_threads._WORTH - 1, False)):
            a = np.ones(size, np.float32)
            (loop,) = loops([line(np.add, a, a, 1)], a)
            replayed([loop])
            assert isinstance(loop.call, numba_threads._Divided) is divided
            np.testing.assert_array_equal(a, 2)
    with blas_threads(1):
        (loop,) = loops([line(np.add, a, a, 1)], a)
        assert not isinstance(loop.call, numba_threads._Divided)


def test_what_a_loop_cannot_compute_stays_numpys(numba: Any) -> None:
    half, double = np.ones(4, np.float16), np.ones(4)
    mixed, strided = np.ones(4, np.float32), np.ones((4, 4))[:, ::2]
    rows = [
        [line(np.add, half, half, 1)] * 2,
        [line(np.exp, double, double)] * 2,  # in double precision NumPy's is faster
        [line(np.add, double, double, mixed)] * 2,
        [line(np.add, strided, strided, 1)] * 2,
        [line(np.add, np.empty(0), np.empty(0), 1)] * 2,
        [line(np.add, np.ones(4, np.int64), np.ones(4, np.int64), 1)] * 2,
    ]
    for program in rows:
        assert [i.kind for i in loops(program)] == ["out", "out"]


# ---------------------------------------------------------------------------------------------------- whole steps


def step_of(make: Callable[[Any], optim.Optimizer], *middle: Callable[[], nn.Module]) -> Callable[[], Any]:
    def made() -> Any:
        torch.manual_seed(0)
        layers: list[nn.Module] = []
        for i, module in enumerate(middle):
            layers += [nn.Linear((20, 30, 17)[i], (30, 17, 9)[i]), module()]
        model = nn.Sequential(*layers, nn.Linear((30, 17, 9)[len(middle) - 1], 5))
        optimizer = make(model.parameters())
        return model, optimizer, training_step(model, optimizer)

    return made


MAKES = {
    "sigmoid, SGD": step_of(lambda p: optim.SGD(p, 0.1), nn.Sigmoid),
    "relu, Adam": step_of(lambda p: optim.Adam(p, 1e-2), nn.ReLU, nn.ReLU),
    "tanh, everything": step_of(lambda p: optim.SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.01), nn.Tanh),
    "batch norm, SGD": step_of(lambda p: optim.SGD(p, 0.1, momentum=0.9), lambda: nn.BatchNorm1d(30), nn.Sigmoid),
    "dropout, AdamW": step_of(lambda p: optim.AdamW(p, 1e-2, amsgrad=True), lambda: nn.Dropout(0.2), nn.ELU),
}


def trained(made: Callable[[], Any], batch: int, dtype: Any, parts: list[int] | None = None, **options: Any) -> list[Any]:
    """Losses and parameters after eight batches, the seventh of another size, with a learning rate that changes.

    ``parts`` is told how many loops are divided between threads.
    """
    parts = [] if parts is None else parts
    rng = np.random.default_rng(0)
    torch.set_default_dtype(dtype)
    try:
        model, optimizer, step = made()
        run = torch.compile(step, **options) if options else step
        losses = []
        for i in range(8):
            size = 7 if i == 6 else batch
            x, y = torch.tensor(rng.standard_normal((size, 20)), dtype=dtype), torch.tensor(rng.integers(0, 5, size))
            losses.append(run(x, y).item())
            optimizer.param_groups[0]["lr"] *= 0.8
        if options:
            assert any(i.kind == "loop" for i in instructions(run))
            parts.append(sum(type(i.call).__name__ == "_Divided" for i in instructions(run)))
        return [np.array(losses), *(p.detach().numpy() for p in model.parameters())]
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", MAKES)
@pytest.mark.parametrize("batch", [12, 50])  # smaller and larger than the layers
def test_a_step_is_the_functions_but_for_rounding(numba: Any, name: str, batch: int) -> None:
    made = MAKES[name]
    exact = trained(made, batch, torch.float64)
    for got, expected in zip(trained(made, batch, torch.float64, backend="numba"), exact, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-8)
    single = trained(made, batch, torch.float32)
    for got, expected in zip(trained(made, batch, torch.float32, backend="numba"), single, strict=True):
        assert np.linalg.norm(got - expected) <= 1e-4 * np.linalg.norm(expected) + 1e-6


@pytest.mark.parametrize("name", ["relu, Adam", "batch norm, SGD"])
def test_a_step_in_threads_is_the_same(numba: Any, name: str, threads: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tinygrad_mlp.compiling.numba import threads as numba_threads

    parts: list[int] = []
    divided = trained(MAKES[name], 50, torch.float32, parts, backend="numba")
    monkeypatch.setattr(numba_threads, "_WORTH", 10**9)
    for got, expected in zip(divided, trained(MAKES[name], 50, torch.float32, parts, backend="numba"), strict=True):
        np.testing.assert_array_equal(got, expected)
    assert parts[0] > 0
    assert parts[1] == 0


def test_a_step_in_threads_is_one_program(numba: Any, threads: Any) -> None:
    _, _, step = MAKES["relu, Adam"]()
    run = torch.compile(step, backend="numba")
    warm(run, torch.ones(12, 20), torch.zeros(12, dtype=torch.int64), calls=CALLS + 4)
    assert "_Divided" in [type(i.call).__name__ for i in instructions(run)]
    assert len(run.programs) == 1  # the loops' own references to memory do not count as somebody who holds results


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_in_threads_is_the_same(numba: Any, dtype: Any, threads: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tinygrad_mlp.compiling.numba import NUMBA
    from tinygrad_mlp.compiling.numba import threads as numba_threads

    rng = np.random.default_rng(0)
    x, t = (rng.standard_normal((601, 5)) * 10).astype(dtype), rng.integers(0, 5, 601)

    def computed(ignored: int, in_parts: bool) -> list[Any]:
        work, slopes = np.empty((8, 601), dtype), np.empty_like(x)
        lines = [line(class_losses, work, x, t, ignored), line(class_slopes, slopes, work, t, np.asarray(1.5, dtype), True)]
        losses_of, slopes_of = NUMBA.calls[class_losses](lines[0]), NUMBA.calls[class_slopes](lines[1])
        assert (
            isinstance(losses_of._loop, numba_threads._Divided)
            is isinstance(slopes_of._loop, numba_threads._Divided)
            is in_parts
        )
        losses_of(*lines[0].inputs, out=work)
        slopes_of(*lines[1].inputs, out=slopes)
        result = [np.asarray(class_total(work, True)), slopes]
        with pytest.raises(DimensionError, match="Target 9007199254740993 is out of bounds"):
            losses_of(x, np.where(np.arange(601) == 400, 2**53 + 1, t), ignored, out=work)
        return result

    for ignored in (-100, 2, 2**53):  # a float does not tell the last one from the next
        monkeypatch.setattr(numba_threads, "_WORTH", 1)
        together = computed(ignored, True)
        monkeypatch.setattr(numba_threads, "_WORTH", 10**9)
        for one, other in zip(together, computed(ignored, False), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rows", [1, 300])  # fewer and more than a loop takes together
@pytest.mark.parametrize("ignored", [-100, 2])
def test_cross_entropy_and_its_gradient(numba: Any, dtype: Any, rows: int, ignored: int) -> None:
    rng = np.random.default_rng(0)
    logits = torch.tensor(rng.standard_normal((rows, 5)) * 10, dtype=dtype, requires_grad=True)

    def step(y: torch.Tensor) -> torch.Tensor:
        logits.grad = None
        loss: torch.Tensor = F.cross_entropy(logits, y, ignore_index=ignored)
        loss.backward()
        return loss

    run = torch.compile(step, backend="numba")
    batches = [torch.tensor(np.append(rng.integers(0, 5, rows - 1), 3)) for _ in range(CALLS + 1)]
    for y in [*batches, torch.full((rows,), ignored) if ignored >= 0 else batches[0]]:
        expected = step(y).item(), logits.grad.numpy().copy()
        np.testing.assert_allclose(run(y).item(), expected[0], rtol=1e-5)
        np.testing.assert_allclose(logits.grad.numpy(), expected[1], rtol=1e-5, atol=1e-6 / rows)
    assert names(run) == ["class_losses", "class_total", "class_slopes"]
    for special in (np.nan, np.inf, -np.inf):
        with torch.no_grad():
            logits[0] = 0.0
            logits[0, 1] = special
        expected = step(batches[0]).item(), logits.grad.numpy().copy()
        np.testing.assert_allclose(run(batches[0]).item(), expected[0], rtol=1e-5)
        np.testing.assert_allclose(logits.grad.numpy(), expected[1], rtol=1e-5, atol=1e-6 / rows)
    with pytest.raises(DimensionError, match="Target 7 is out of bounds: the input has 5 classes, 0 to 4"):
        run(torch.full((rows,), 7))


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_arguments_that_share_memory_at_first_or_later(numba: Any, backend: str) -> None:
    """What is one array in the first calls may be two later, and the other way round."""

    def held(make: Callable[[], Callable[..., Any]], *calls: tuple[Any, ...]) -> None:
        alone, step = make(), make()
        compiled = torch.compile(step, backend=backend)
        for call in calls:
            memory = {id(t): np.array(t.numpy()) for t in call}
            result = alone(*call).tolist()
            after = [t.tolist() for t in call]
            for t in call:
                t.copy_(torch.from_numpy(memory[id(t)]))
            assert compiled(*call).tolist() == result
            assert [t.tolist() for t in call] == after

    def data() -> torch.Tensor:
        return torch.arange(200.0)

    def summed(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return (x * 2 + y) * 3

    full = data()
    same, apart = (full[:40], full[:40]), (full[:40], full[40:80])
    held(lambda: summed, *[same] * (CALLS + 1), *[apart] * (CALLS + 1), *[(full[1:41], full[:40])] * (CALLS + 1), same)

    def writes(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        x.mul_(2).add_(1)
        return y * 3

    held(lambda: writes, *((data()[:100], data()[:100]) for _ in range(CALLS + 1)), (full[:100], full[1:101]))

    def adds(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return x.add_(y * 2)

    held(lambda: adds, *((data()[:100], data()[:100]) for _ in range(CALLS + 1)), (full[:100], full[1:101]))

    kept = [data(), data()]  # the function's own, and the compiled one's
    steps = iter(kept)

    def captured() -> Callable[..., Any]:
        w = next(steps)
        return lambda x: w.mul_(0.5).add_(x)[:3].clone()

    held(captured, *((torch.ones(200),) for _ in range(CALLS + 2)))
    assert kept[0].tolist() == kept[1].tolist()


def test_equal_layers_share_a_loop(numba: Any) -> None:
    torch.manual_seed(0)
    weights = [torch.randn(8, 8).requires_grad_() for _ in range(6)]
    optimizer = optim.Adam(weights, 1e-2)

    def step(x: torch.Tensor) -> torch.Tensor:
        for w in weights:
            x = (x @ w).relu()
        loss = x.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    run = torch.compile(step, backend="numba")
    for _ in range(CALLS + 1):
        run(torch.ones(4, 8))
    updates = [i for i in instructions(run) if i.kind == "loop" and "sqrt" in i.name]
    assert len(updates) == 6  # not one for all parameters
    assert len({id(i.call) for i in updates}) == 1  # but compiled once


def test_a_difference_of_equal_products_is_zero(numba: Any) -> None:
    x = torch.randn(1000)
    run = torch.compile(lambda x, y: (x * x - y * y).sqrt(), backend="numba")
    for _ in range(CALLS + 1):
        assert run(x, x.clone()).tolist() == [0.0] * 1000


def test_dtypes_do_not_meet_in_a_loop(numba: Any) -> None:
    x, y = torch.randn(50), torch.randn(50, dtype=torch.float64)
    run = torch.compile(lambda: ((x + 1) * 2, (y * 0.1) * 3), backend="numba")
    for _ in range(CALLS + 1):
        first, second = run()
    np.testing.assert_array_equal(first.numpy(), ((x + 1) * 2).numpy())
    np.testing.assert_array_equal(second.numpy(), ((y * 0.1) * 3).numpy())


def test_half_precision_logits_stay_numpys(numba: Any) -> None:
    logits = torch.randn(6, 5).half().requires_grad_()

    def step(y: torch.Tensor) -> torch.Tensor:
        logits.grad = None
        loss: torch.Tensor = F.cross_entropy(logits * 1, y)
        loss.backward()
        return loss

    y = torch.tensor([0, 1, 2, 3, 4, 0])
    run = torch.compile(step, backend="numba")
    for _ in range(CALLS + 1):
        assert run(y).item() == pytest.approx(step(y).item(), rel=1e-3)


def test_a_read_only_argument_of_a_step_that_writes_is_the_functions_error(numba: Any) -> None:
    w = torch.zeros(3)

    def step(x: torch.Tensor) -> torch.Tensor:
        x.mul_(2).add_(1)
        w.add_(1)
        return x

    run = torch.compile(step, backend="numba")
    for _ in range(CALLS + 1):
        run(torch.ones(3))
    array = np.ones(3, np.float32)
    array.flags.writeable = False
    with pytest.raises(RuntimeError, match="read-only"):
        run(torch.from_numpy(array))
    assert w.tolist() == [CALLS + 1.0] * 3


def test_long_chains_are_divided(numba: Any) -> None:
    w = torch.linspace(0.0, 1.0, 50)

    def step(n: torch.Tensor) -> torch.Tensor:
        x = w * 1
        for _ in range(100):
            x = x * 0.5 + 0.25
        return x + n

    run = torch.compile(step, backend="numba")
    for _ in range(CALLS + 1):
        np.testing.assert_allclose(run(torch.zeros(())).numpy(), step(torch.zeros(())).numpy(), rtol=1e-6)
    assert max(len(i.body) for i in instructions(run)) == 128


def test_the_program_can_be_read(numba: Any) -> None:
    _, _, step = MAKES["relu, Adam"]()
    run = torch.compile(step, backend="numba")
    for _ in range(CALLS + 1):
        run(torch.ones(12, 20), torch.zeros(12, dtype=torch.int64))
    text = str(run.programs[0])
    assert "loop    add+maximum(" in text
    assert "sqrt" in text


TRAINING = """
import hashlib, sys
from numba.core import event
import tinygrad_mlp as torch
from tinygrad_mlp import nn, optim
passes = event.RecordingListener()
event.register("numba:run_pass", passes)
model = nn.Sequential(nn.Linear(8, 256), nn.ReLU(), nn.Linear(256, 256), nn.Sigmoid(), nn.Linear(256, 5))
optimizer = optim.Adam(model.parameters(), 1e-2)

@torch.compile(backend="numba")
def step(x, y):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

for _ in range(8):
    step(torch.randn(200, 8), torch.randint(0, 5, (200,)))
for rank in sys.argv[1:]:  # one loop for arguments of several types
    double = torch.compile(lambda x: (x * 2 + 1) * 3, backend="numba")
    for _ in range(8):
        double(torch.ones((3,) * int(rank)))
weights = b"".join(p.numpy(force=True).tobytes() for p in model.parameters())
print(len(passes.buffer), hashlib.sha256(weights).hexdigest())
"""


def training(folder: Path, *ranks: str) -> subprocess.Popen[str]:
    """A process that trains with ``folder`` as numba's cache."""
    command = [sys.executable, "-c", "import tinygrad_mlp; tinygrad_mlp.manual_seed(0)\n" + TRAINING, *ranks]
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder), "OPENBLAS_NUM_THREADS": "2"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> tuple[int, str]:
    """How many passes of numba's compiler it took, and a hash of what was trained."""
    out, _ = process.communicate()
    assert process.returncode == 0
    passes, weights = out.split()
    return int(passes), weights


def test_another_process_compiles_nothing_anew(numba: Any, tmp_path: Path) -> None:
    together = [training(tmp_path / "cache", *ranks) for ranks in ("123", "321")]  # at the same time
    first = [said(process) for process in together]
    again = said(training(tmp_path / "cache", *"213"))
    assert max(first)[0] > 0
    assert again == (0, first[0][1])
    assert first[0][1] == first[1][1]


def test_where_nothing_can_be_written_each_process_compiles(numba: Any, tmp_path: Path) -> None:
    Path(tmp_path, "file").touch()
    assert said(training(tmp_path / "file" / "cache"))[0] > 0


def test_one_process_at_a_time_writes_an_index_if_it_can(
    numba: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from numba.core.caching import FunctionCache

    from tinygrad_mlp.compiling.numba.compiler import compiled, defined

    def save(cache: Any, *_: Any) -> None:
        with pytest.raises(BlockingIOError), locked(Path(cache._py_func.__code__.co_filename), BlockingIOError()):
            raise AssertionError("two at a time")
        saved.append(cache)
        raise OSError("the disk is full")

    saved: list[Any] = []
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(FunctionCache, "save_overload", save)
    x = np.zeros(3)
    compiled(defined("def loop(x):\n    x[1] = F(321)", "loop"), "d")(x)
    assert x.tolist() == [0, 321, 0]
    assert len(saved) == 1


def test_without_numba_the_backend_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(ArgumentError, match=r"pip install 'tinygrad_mlp\[numba\]'"):
        torch.compile(lambda x: x, backend="numba")


def test_loops_need_fusion(numba: Any) -> None:
    with pytest.raises(ArgumentError, match="fuses"):
        torch.compile(lambda x: x, backend="numba", fusion=False)
