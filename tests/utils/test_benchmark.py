"""Times of statements."""

from __future__ import annotations

from tinygrad_mlp.utils.benchmark import Measurement, Timer


def test_a_statement_is_run_as_often_as_asked() -> None:
    calls: list[int] = []
    measured = Timer("calls.append(1)", globals={"calls": calls}, label="append").timeit(10)
    assert len(calls) == 12  # and twice to warm up
    assert measured.number_per_run == len(measured.times) * 10
    assert measured.mean == measured.median == measured.raw_times[0] / 10
    assert repr(measured).startswith("<Measurement of append>\n  Median: ")


def test_a_function_is_run_for_a_while() -> None:
    measured = Timer(lambda: None).blocked_autorange(min_run_time=0.001)
    assert sum(measured.raw_times) >= 0.001


def test_units() -> None:
    shown = [repr(Measurement(1, [seconds])).split()[4:6] for seconds in (2.0, 2e-3, 2e-6, 2e-9)]
    assert [unit for _, unit in shown] == ["s", "ms", "us", "ns"]
    assert {number for number, _ in shown} == {"2.00"}
