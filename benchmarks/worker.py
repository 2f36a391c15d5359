"""A process of one peer and one step: reads how often to run, prints how long that took and the loss; until its input ends."""

from __future__ import annotations

import importlib
import json
import sys
import time

from .peers import PEERS
from .steps import STEPS


def _resident(what: str) -> int:
    """The memory that the process holds (``VmRSS``), or the most it has held so far (``VmHWM``), in bytes; 0 elsewhere than on Linux."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(what))
    except OSError:
        return 0


def main() -> None:
    """``python -m benchmarks.worker PEER STEP``."""
    peer, step = sys.argv[1:]
    module, make = PEERS[peer]
    importlib.import_module(module)
    before = _resident("VmRSS")
    run = make(STEPS[step])
    first = run()
    for _ in range(3):  # compilers work, caches fill
        run()
    print(json.dumps({"first": first, "resident": _resident("VmHWM") - before}), flush=True)
    for line in sys.stdin:
        count = int(line)
        start = time.perf_counter()
        for _ in range(count):
            loss = run()
        print(json.dumps({"seconds": time.perf_counter() - start, "loss": loss}), flush=True)


if __name__ == "__main__":
    main()
