"""Rounds of taking turns: A B C A B C …, each peer in a process of its own, so that what disturbs one disturbs all.

Between its turns a process is stopped: threads of BLAS and OpenMP that have nothing to do spin for a while, on the cores that the
next one needs.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

__all__ = ["PINS", "Worker", "measure", "started"]

PINS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Variables that give NumPy's BLAS other kernels than it would choose for the processor; nobody else's products heed them, so that
the processes are started without them."""


class Worker:
    """A process that answers each line that it is sent, all in JSON; it has said a first one when it is ready."""

    def __init__(self, process: subprocess.Popen[str], peer: str) -> None:
        self._process = process
        self.peer = peer
        self.first = self._answer()
        self.repeats = 1
        self._signal("SIGSTOP")

    def ask(self, request: Any) -> dict[str, Any]:
        """Its answer; it runs meanwhile only."""
        assert self._process.stdin is not None
        self._signal("SIGCONT")
        self._process.stdin.write(f"{json.dumps(request)}\n")
        self._process.stdin.flush()
        answer = self._answer()
        self._signal("SIGSTOP")
        return answer

    def run(self) -> float:
        """Seconds a step, over ``repeats`` steps."""
        return float(self.ask(self.repeats)["seconds"]) / self.repeats

    def _signal(self, name: str) -> None:
        if hasattr(signal, name):  # Windows has neither
            self._process.send_signal(getattr(signal, name))

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.peer} ended with exit status {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def started(module: str, peer: str, *arguments: str) -> Iterator[Worker]:
    """A worker: ``python -m MODULE PEER …``, which ends with the block."""
    command = [sys.executable, "-m", module, peer, *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in PINS}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield Worker(process, peer)
        finally:
            process.kill()


def measure(step: str, peers: Sequence[str], rounds: int, seconds: float) -> dict[str, dict[str, Any]]:
    """Per peer the ``seconds`` of each round, the ``first`` loss, and the bytes that its first steps needed (``resident``).

    Args:
        step: Its name.
        peers: Their names.
        rounds: How often each takes its turn.
        seconds: Roughly how long a turn lasts.
    """
    with ExitStack() as stack:
        workers = [stack.enter_context(started("benchmarks.worker", peer, step)) for peer in peers]
        for worker in workers:
            worker.run()
            worker.repeats = max(1, int(seconds / worker.run()))
        times: dict[str, list[float]] = {peer: [] for peer in peers}
        for _ in range(rounds):
            for worker in workers:
                times[worker.peer].append(worker.run())
        return {worker.peer: {"seconds": times[worker.peer], **worker.first} for worker in workers}
