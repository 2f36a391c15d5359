"""A process of one peer and one step: reads how often to run, prints how long that took and the loss; until its input ends."""

from __future__ import annotations

import json
import sys
import time

from .peers import PEERS
from .steps import STEPS


def main() -> None:
    """``python -m benchmarks.worker PEER STEP``."""
    peer, step = sys.argv[1:]
    run = PEERS[peer][1](STEPS[step])
    first = run()
    for _ in range(3):  # compilers work, caches fill
        run()
    print(json.dumps({"first": first}), flush=True)
    for line in sys.stdin:
        count = int(line)
        start = time.perf_counter()
        for _ in range(count):
            loss = run()
        print(json.dumps({"seconds": time.perf_counter() - start, "loss": loss}), flush=True)


if __name__ == "__main__":
    main()
