"""Time whole training steps side by side: rounds interleaved, each peer in its own process; tables, JSON and a plot.

    python -m benchmarks [STEP…] [--rounds N] [--out DIR] [--quick]
    python -m benchmarks --catalogue [ENTRY…]   a step with every layer, loss and optimizer there is, against PyTorch
    python -m benchmarks --script [--python PATH]   import, load MNIST, train for an epoch: the wall time of all of it

A ratio is taken within a round, so that what slows the machine down slows both down. Peers that are not installed are left out
(``pip install '.[bench]'`` brings them).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from . import catalogue, script
from .goals import COMPILED, EAGER, NUMBA, markdown, ratios
from .peers import available, installed
from .rounds import PINS, measure
from .steps import STEPS


def main() -> None:
    """Measure the steps named, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"of {', '.join(STEPS)}; all if none is named")
    parser.add_argument("--rounds", type=int, default=15, help="rounds of taking turns (default 15)")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write steps.json, steps.md (times and goals) and, where matplotlib is, steps.png",
    )
    parser.add_argument("--quick", action="store_true", help="2 short rounds: that it runs, not how fast")
    parser.add_argument(
        "--catalogue", action="store_true", help="the steps are of the catalogue: each layer, loss and optimizer"
    )
    parser.add_argument("--script", action="store_true", help="time a whole script, from a cold start")
    parser.add_argument(
        "--python", action="append", default=[], help="with --script: a further interpreter, for peers that this one lacks"
    )
    args = parser.parse_args()
    unknown = set(args.steps) - set(catalogue.ENTRIES if args.catalogue else STEPS)
    if unknown or args.rounds < 1:
        parser.error(f"no step {sorted(unknown)}" if unknown else "--rounds must be at least 1")
    rounds, seconds = (2, 0.002) if args.quick else (args.rounds, 0.15)
    results: dict[str, Any] = {}
    for name in PINS:
        if name in os.environ:
            print(f"{name}={os.environ[name]} would bind NumPy alone: set aside for the peers' processes")
    if args.catalogue:
        peers = [peer for peer, (module, _) in catalogue.PEERS.items() if installed(module)]
        results = catalogue.measure(args.steps or catalogue.ENTRIES, peers, rounds, seconds / 5)
        print(catalogue.table(results))
        save(args.out, "catalogue", rounds, results, catalogue.table(results))
        return
    if args.script:
        with tempfile.TemporaryDirectory() as scratch:
            folder = script.folder_of_digits(Path(scratch), args.quick)
            results = script.measure(
                folder, 1 if args.quick else min(rounds, 5), Path(scratch), [sys.executable, *args.python]
            )
        print(script.table(results))
        save(args.out, "script", rounds, results, script.table(results))
        return
    for name in args.steps or STEPS:
        results[name] = measure(name, available(STEPS[name], args.quick), rounds, seconds)
        print(table(name, results[name]), flush=True)
    if save(args.out, "steps", rounds, results, markdown(results)):
        plot(results, args.out / "steps.png")


def save(out: Path | None, name: str, rounds: int, results: dict[str, Any], tables: str) -> bool:
    """Write the times as JSON and the tables in Markdown, where a folder is given."""
    if out is None:
        return False
    out.mkdir(parents=True, exist_ok=True)
    about = {"machine": platform.platform(), "cores": os.cpu_count(), "numpy": np.__version__, "rounds": rounds}
    (out / f"{name}.json").write_text(json.dumps({"about": about, name: results}, indent=1) + "\n")
    (out / f"{name}.md").write_text(f"{tables.rstrip()}\n")
    return True


def table(name: str, times: dict[str, Any]) -> str:
    """Medians in microseconds, and the median ratios of ours to each peer with their quartiles."""
    lines = [f"{name}: {STEPS[name].sizes}, batch {STEPS[name].batch}"]
    measured = [ours for ours in (EAGER, COMPILED, NUMBA) if ours in times]
    lines.append(f"  {'':24}{'median µs':>11}" + "".join(f"{ours + ' /':>36}" for ours in measured))
    for peer, own in times.items():
        line = f"  {peer:24}{statistics.median(own['seconds']) * 1e6:11.0f}"
        for ours in measured:
            low, middle, high = statistics.quantiles(ratios(times, ours, peer), n=4)
            line += f"{middle:20.2f} ({low:.2f} to {high:.2f})"
        lines.append(line)
    return "\n".join(lines)


def plot(results: dict[str, Any], path: Path) -> None:
    """The medians as bars, relative to PyTorch eager's (or, without it, NumPy's by hand)."""
    try:
        from matplotlib import colormaps
        from matplotlib.figure import Figure
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    figure = Figure(figsize=(10, 6), layout="constrained")
    axes = figure.subplots()
    peers = list(dict.fromkeys(peer for times in results.values() for peer in times))
    width = 0.9 / len(peers)
    for i, peer in enumerate(peers):
        places, heights = [], []
        for place, times in enumerate(results.values()):
            if peer in times:
                base = "torch" if "torch" in times else "numpy by hand"
                places.append(place + (i - len(peers) / 2 + 0.5) * width)
                heights.append(statistics.median(ratios(times, peer, base)))
        axes.bar(places, heights, width, label=peer, color=colormaps["tab20"](i))
    axes.axhline(1, color="black", linewidth=0.5)
    axes.set(xticks=range(len(results)), xticklabels=list(results), ylabel="time relative to PyTorch eager", yscale="log")
    figure.legend(loc="outside lower center", fontsize=8, ncols=4)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
