"""How long a statement takes: PyTorch's ``torch.utils.benchmark``."""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Callable
from typing import Any

__all__ = ["Measurement", "Timer"]


class Measurement:
    """Times of runs of a statement.

    Attributes:
        number_per_run: How often the statement was run for each time.
        raw_times: The seconds of each such run.
        times: Seconds for the statement once.
    """

    def __init__(self, number_per_run: int, raw_times: list[float], title: str = "") -> None:
        self.number_per_run: int = number_per_run
        self.raw_times: list[float] = raw_times
        self.title: str = title

    @property
    def times(self) -> list[float]:
        """Seconds for the statement once, of each run."""
        return [seconds / self.number_per_run for seconds in self.raw_times]

    @property
    def mean(self) -> float:
        """The mean of the times."""
        return statistics.mean(self.times)

    @property
    def median(self) -> float:
        """The median of the times."""
        return statistics.median(self.times)

    def __repr__(self) -> str:
        unit, factor = next(
            (unit, factor) for unit, factor in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 0.0)) if self.median >= factor
        )
        runs = f"{len(self.times)} measurement{'s' * (len(self.times) > 1)}, {self.number_per_run} runs per measurement"
        return f"<Measurement of {self.title}>\n  Median: {self.median / (factor or 1e-9):.2f} {unit}\n  {runs}"


class Timer:
    """Times a statement, given as text or as a function, after a setup.

    >>> from tinygrad_mlp.utils.benchmark import Timer
    >>> Timer("x + 1", globals={"x": 1}).timeit(10).number_per_run
    10
    """

    def __init__(
        self,
        stmt: str | Callable[[], Any] = "pass",
        setup: str | Callable[[], Any] = "pass",
        global_setup: str = "",
        timer: Callable[[], float] = timeit.default_timer,
        globals: dict[str, Any] | None = None,  # noqa: A002 - PyTorch's argument name
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        env: str | None = None,
        num_threads: int = 1,
    ) -> None:
        self._timer = timeit.Timer(stmt, setup, timer, dict(globals or {}))
        self._title = ": ".join(part for part in (label, sub_label, description) if part) or str(stmt)

    def timeit(self, number: int = 1000000) -> Measurement:
        """Run the statement ``number`` times, after a hundredth as many runs to warm up."""
        self._timer.timeit(max(number // 100, 2))
        return Measurement(number, [self._timer.timeit(number)], self._title)

    def blocked_autorange(self, callback: Any = None, min_run_time: float = 0.2) -> Measurement:
        """Run it for at least that many seconds, in blocks long enough to be timed."""
        number, taken = self._timer.autorange()
        block = max(1, round(number * min_run_time / 100 / max(taken, 1e-9)))
        times: list[float] = []
        while sum(times) < min_run_time:
            times.append(self._timer.timeit(block))
        return Measurement(block, times, self._title)
