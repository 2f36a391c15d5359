"""What the times are held against, and both as tables in Markdown."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .peers import PEERS

__all__ = ["GOALS", "Goal", "markdown", "ratios"]

EAGER, COMPILED, NUMBA = "tinygrad_mlp", "tinygrad_mlp, compiled", "tinygrad_mlp, numba"
COMPILERS = ("torch", "torch.compile", "jax.jit")


@dataclass(frozen=True)
class Goal:
    """A median ratio that is not to be exceeded.

    Attributes:
        ours, peers: Whose time is divided by the least of whose.
        most: By step the largest ratio; under ``""`` for the others. A step without is not held to anything, but shown.
    """

    ours: str
    peers: tuple[str, ...]
    most: dict[str, float]

    def title(self) -> str:
        """As the head of a column."""
        names = {EAGER: "eager", COMPILED: "compiled", NUMBA: "numba", COMPILERS: "best peer", ("numpy by hand",): "by hand"}
        return f"{names[self.ours]} / {names.get(self.peers, self.peers[0])}"


GEMMS = {"s000": 1.1, "s003": 1.1, "big": 1.1, "s001": 1.3}
GOALS = (
    Goal(EAGER, ("torch",), {"": 0.8}),
    Goal(EAGER, ("mygrad",), {"": 1}),
    Goal(EAGER, ("autograd",), {"": 1}),
    Goal(EAGER, ("numpy by hand",), {"tiny": 1.5}),
    Goal(COMPILED, COMPILERS, {"": 0.95, "tiny": math.inf}),  # on tiny, of Python alone, jax.jit freezes it
    Goal(NUMBA, COMPILERS, {"": 0.95, "tiny": math.inf}),
    Goal(COMPILED, ("torch",), {"tiny": 0.45}),
    Goal(COMPILED, ("jax.jit",), {"tiny": 2.0}),
    Goal(NUMBA, ("torch",), {"tiny": 0.35}),
    Goal(COMPILED, ("gemms",), GEMMS),
    Goal(NUMBA, ("gemms",), GEMMS),
)


def ratios(times: dict[str, Any], ours: str, peer: str) -> list[float]:
    """Ours by theirs, round by round."""
    return [a / b for a, b in zip(times[ours]["seconds"], times[peer]["seconds"], strict=True)]


def markdown(results: dict[str, dict[str, Any]]) -> str:
    """The median times, and the goals with what misses them in bold."""
    peers = [peer for peer in PEERS if any(peer in times for times in results.values())]
    goals = [goal for goal in GOALS if goal.ours in peers and not set(goal.peers).isdisjoint(peers)]
    return "\n".join(
        [
            *_table(["median µs", *peers], results, lambda step: [_median(results[step], peer) for peer in peers]),
            "",
            *_table(
                ["ratio", *(g.title() for g in goals)], results, lambda step: [_held(g, step, results[step]) for g in goals]
            ),
            "",
        ]
    )


def _table(head: Sequence[str], steps: Sequence[str] | dict[str, Any], cells: Callable[[str], list[str]]) -> list[str]:
    rows = [head, ["---", *["--:"] * (len(head) - 1)], *([step, *cells(step)] for step in steps)]
    return [f"| {' | '.join(row)} |" for row in rows]


def _median(times: dict[str, Any], peer: str) -> str:
    return f"{statistics.median(times[peer]['seconds']) * 1e6:,.0f}" if peer in times else ""


def _held(goal: Goal, step: str, times: dict[str, Any]) -> str:
    """The median ratio to the fastest peer, named where there are several."""
    found = {p: statistics.median(ratios(times, goal.ours, p)) for p in goal.peers if p in times}
    if goal.ours not in times or not found:
        return ""
    peer, ratio = max(found.items(), key=lambda item: item[1])
    most = goal.most.get(step, goal.most.get(""))
    shown = f"{ratio:.2f}" if most is None or ratio <= most else f"**{ratio:.2f}**"
    return f"{shown} ({peer})" if len(goal.peers) > 1 else shown
