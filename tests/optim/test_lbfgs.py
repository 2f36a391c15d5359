"""L-BFGS beside PyTorch's, on known functions, and in a compiled step."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import tinygrad_mlp as tg
from tinygrad_mlp.errors import ArgumentError
from tinygrad_mlp.optim.lbfgs import Point, cubic_minimum, strong_wolfe

SEARCHES = [None, "strong_wolfe"]


def rosenbrock(w: Any) -> Any:
    return ((1 - w[:-1]) ** 2 + 100 * (w[1:] - w[:-1] ** 2) ** 2).sum()


def trajectory(lib: Any, start: list[float], steps: int, **options: Any) -> tuple[list[list[float]], Any]:
    w = lib.tensor(start, dtype=lib.float64, requires_grad=True)
    unused = lib.ones(2, dtype=lib.float64, requires_grad=True)
    optimizer = lib.optim.LBFGS([w, unused], **options)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = rosenbrock(w)
        loss.backward()
        return loss

    seen = []
    for _ in range(steps):
        loss = optimizer.step(closure)
        seen.append([float(loss), *w.tolist()])
    return seen, optimizer


@pytest.mark.parametrize("search", SEARCHES)
def test_it_finds_the_minimum(search: str | None) -> None:
    lr = 1 if search else 0.01
    seen, _ = trajectory(tg, [-1.2, 1.0, 0.5], 30 if search else 200, lr=lr, line_search_fn=search)
    assert_allclose(seen[-1][1:], [1, 1, 1], atol=1e-4 if search else 0.05)


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize(
    "options",
    [{"max_iter": 6}, {"max_iter": 3}, {"history_size": 2}, {"max_iter": 7, "max_eval": 5}, {"tolerance_grad": 1.0}],
)
def test_every_step_is_pytorchs(search: str | None, options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    lr = 1 if search else 1e-3

    @settings(max_examples=10)
    @given(st.lists(st.floats(-2, 2), min_size=2, max_size=4))
    def check(start: list[float]) -> None:
        steps = 3 if search else 1  # rounding grows fast where no search holds it back
        ours, optimizer = trajectory(tg, start, steps, lr=lr, line_search_fn=search, **options)
        with warnings.catch_warnings():  # PyTorch's of the loss that is made a float
            warnings.simplefilter("ignore")
            theirs, reference = trajectory(torch, start, steps, lr=lr, line_search_fn=search, **options)
        assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
        (known,), (expected,) = optimizer.state.values(), reference.state.values()
        assert known["n_iter"] == expected["n_iter"]
        assert known["func_evals"] == expected["func_evals"]

    check()


def test_a_state_dict_goes_on_where_it_was() -> None:
    start = [-1.2, 1.0]
    whole, _ = trajectory(tg, start, 6, max_iter=4, line_search_fn="strong_wolfe")
    half, optimizer = trajectory(tg, start, 3, max_iter=4, line_search_fn="strong_wolfe")
    w = tg.tensor(half[-1][1:], dtype=tg.float64, requires_grad=True)
    unused = tg.ones(2, dtype=tg.float64, requires_grad=True)
    again = tg.optim.LBFGS([w, unused], max_iter=4, line_search_fn="strong_wolfe")
    again.load_state_dict(optimizer.state_dict())

    def closure() -> Any:
        again.zero_grad()
        loss = rosenbrock(w)
        loss.backward()
        return loss

    for expected in whole[3:]:
        assert_allclose([float(again.step(closure)), *w.tolist()], expected, rtol=1e-9)


def test_a_compiled_closure_gives_the_same() -> None:
    def train(compiled: bool) -> list[float]:
        tg.manual_seed(0)
        model = tg.nn.Sequential(tg.nn.Linear(2, 8), tg.nn.Tanh(), tg.nn.Linear(8, 1))
        optimizer = tg.optim.LBFGS(model.parameters(), lr=0.5, max_iter=5)
        x, y = tg.randn(16, 2), tg.randn(16, 1)

        def closure() -> tg.Tensor:
            optimizer.zero_grad()
            loss = ((model(x) - y) ** 2).mean()
            loss.backward()
            return loss

        def step() -> float:
            return float(optimizer.step(closure))

        run = tg.compile(step, fusion=False) if compiled else step
        return [run() for _ in range(6)]

    assert train(True) == train(False)


def test_the_cubic_through_two_points() -> None:
    """x^3 - x has its minimum at 1 / sqrt(3)."""
    a, b = (Point(t, t**3 - t, np.zeros(1), 3 * t**2 - 1) for t in (0.0, 1.0))
    assert cubic_minimum(a, b) == pytest.approx(3**-0.5)
    assert cubic_minimum(b, a) == pytest.approx(3**-0.5)
    assert cubic_minimum(a, b, 0.9, 2.0) == 0.9
    assert cubic_minimum(a, a._replace(t=1.0, slope=1.0, loss=5.0), 2.0, 4.0) <= 4.0


@given(st.floats(0.01, 50), st.floats(0.05, 20))
def test_the_line_search_ends_where_the_strong_wolfe_conditions_hold(minimum: float, t: float) -> None:
    def at(t: float) -> Point:
        return Point(t, (t - minimum) ** 2, np.zeros(1), 2 * (t - minimum))

    found, count = strong_wolfe(at, at(0.0), t, 1.0, 1e-9)
    assert found.loss <= at(0.0).loss + 1e-4 * found.t * at(0.0).slope
    assert abs(found.slope) <= 0.9 * abs(at(0.0).slope)
    assert 1 <= count <= 26


def test_what_is_refused() -> None:
    w = tg.zeros(2, requires_grad=True)
    with pytest.raises(ValueError, match="parameter groups"):
        tg.optim.LBFGS([{"params": [w]}, {"params": [tg.zeros(1, requires_grad=True)]}])
    with pytest.raises(ArgumentError, match="only 'strong_wolfe' is supported"):
        tg.optim.LBFGS([w], line_search_fn="armijo")
    with pytest.raises(ArgumentError, match="needs a closure"):
        tg.optim.LBFGS([w]).step()
