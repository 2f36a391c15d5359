"""A process of one peer and one step: reads how often to run, prints how long that took and the loss; until its input ends."""

from __future__ import annotations

import importlib
import json
import sys
import time

from .peers import PEERS
from .steps import STEPS


def _resident() -> int:
    """The most memory that the process has held so far, in bytes."""
    if sys.platform == "win32":  # which does not say
        return 0
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def main() -> None:
    """``python -m benchmarks.worker PEER STEP``."""
    peer, step = sys.argv[1:]
    module, make = PEERS[peer]
    importlib.import_module(module)
    before = _resident()
    run = make(STEPS[step])
    first = run()
    for _ in range(3):  # compilers work, caches fill
        run()
    print(json.dumps({"first": first, "resident": _resident() - before}), flush=True)
    for line in sys.stdin:
        count = int(line)
        start = time.perf_counter()
        for _ in range(count):
            loss = run()
        print(json.dumps({"seconds": time.perf_counter() - start, "loss": loss}), flush=True)


if __name__ == "__main__":
    main()
