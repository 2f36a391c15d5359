"""Time training steps side by side: rounds interleaved, medians, ratios to the handwritten NumPy step.

    python -m benchmarks [STEP…] [--rounds N] [--quick]

PyTorch takes part where it is installed. Both cores may be used by whoever uses them.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import time
from collections.abc import Callable
from functools import partial

import tinygrad_mlp

from .steps import STEPS, Step, by_hand, with_library


def peers() -> dict[str, Callable[[Step], Callable[[], object]]]:
    """Who takes part: name to a maker of steps."""
    found: dict[str, Callable[[Step], Callable[[], object]]] = {
        "numpy": by_hand,
        "tinygrad_mlp": partial(with_library, tinygrad_mlp),
    }
    if importlib.util.find_spec("torch") is not None:
        import torch

        found["torch"] = partial(with_library, torch)
    return found


def measure(step: Step, rounds: int, seconds: float) -> dict[str, list[float]]:
    """Microseconds a step per round, for each peer; the peers take turns within a round."""
    runs = {name: make(step) for name, make in peers().items()}
    repeats = {}
    for name, run in runs.items():
        run()
        start = time.perf_counter()
        run()
        repeats[name] = max(1, int(seconds / (time.perf_counter() - start)))
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            for _ in range(repeats[name]):
                run()
            times[name].append((time.perf_counter() - start) / repeats[name] * 1e6)
    return times


def main() -> None:
    """Measure the steps named, or all of them, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"of {', '.join(STEPS)}; all if none is named")
    parser.add_argument("--rounds", type=int, default=15, help="rounds of taking turns (default 15)")
    parser.add_argument("--quick", action="store_true", help="3 short rounds: that it runs, not how fast")
    args = parser.parse_args()
    unknown = set(args.steps) - set(STEPS)
    if unknown or args.rounds < 1:
        parser.error(f"no step {sorted(unknown)}" if unknown else "--rounds must be at least 1")
    rounds, seconds = (3, 0.005) if args.quick else (args.rounds, 0.1)
    print(f"{'step':6}{'peer':14}{'median µs':>12}{'ratio to numpy':>18}{'quartiles':>16}")
    for name in args.steps or STEPS:
        times = measure(STEPS[name], rounds, seconds)
        for peer, own in times.items():
            ratios = sorted(a / b for a, b in zip(own, times["numpy"], strict=True))
            low, middle, high = statistics.quantiles(ratios, n=4)
            print(f"{name:6}{peer:14}{statistics.median(own):12.0f}{middle:18.2f}{low:10.2f} - {high:.2f}")


if __name__ == "__main__":
    main()
