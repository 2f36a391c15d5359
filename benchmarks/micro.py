"""Small measurements around the steps: matrix products by size, cost per operation, deep and wide graphs, import, memory, growth.

    python -m benchmarks.micro [PART…] [--out DIR] [--quick]

Parts: products, operations, graphs, imports, memory, growth, epoch. Where PyTorch is installed it is measured beside.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_mlp

from .peers import PEERS, available
from .rounds import PINS, measure
from .steps import STEPS

Rows = list[dict[str, Any]]


def libraries() -> dict[str, Any]:
    """tinygrad_mlp, and torch where it is installed."""
    found: dict[str, Any] = {"tinygrad_mlp": tinygrad_mlp}
    if importlib.util.find_spec("torch") is not None:
        import torch

        found["torch"] = torch
    return found


def times(runs: dict[str, Callable[[], Any]], quick: bool, seconds: float = 0.05, rounds: int = 9) -> dict[str, float]:
    """The median seconds of each run, the runs taking turns."""
    repeats = {}
    for name, run in runs.items():
        run()
        start = time.perf_counter()
        run()
        repeats[name] = 1 if quick else max(1, int(seconds / (time.perf_counter() - start)))
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(2 if quick else rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            for _ in range(repeats[name]):
                run()
            taken[name].append((time.perf_counter() - start) / repeats[name])
    return {name: statistics.median(values) for name, values in taken.items()}


def products(quick: bool) -> Iterator[Rows]:
    """Linear layers of n by n at a batch of n: forward, backward and both, in GFLOP/s beside those of the product alone."""
    for n in (32, 64) if quick else (32, 64, 128, 256, 512, 1024):
        a, b = (np.random.default_rng(i).random((n, n), dtype=np.float32) for i in range(2))
        out = np.empty_like(a)
        runs: dict[str, Callable[[], Any]] = {"gemm": lambda a=a, b=b, out=out: np.matmul(a, b, out=out)}
        flops = {"gemm": 2 * n**3}
        for name, library in libraries().items():
            layer = library.nn.Linear(n, n)
            x = library.from_numpy(a).requires_grad_()

            def both(layer: Any = layer, x: Any = x) -> None:
                layer(x).sum().backward()

            runs |= {f"{name}, forward": lambda layer=layer, x=x: layer(x), f"{name}, both": both}
            flops |= {f"{name}, forward": 2 * n**3, f"{name}, both": 6 * n**3}
        taken = times(runs, quick)
        for name in libraries():
            taken[f"{name}, backward"] = max(taken[f"{name}, both"] - taken[f"{name}, forward"], 1e-9)
            flops[f"{name}, backward"] = 4 * n**3
        yield [{"n": n, "what": k, "us": t * 1e6, "GFLOP/s": flops[k] / t / 1e9} for k, t in taken.items()]


def operations(quick: bool) -> Iterator[Rows]:
    """One operation on one element, recorded, and its backward pass."""
    for name, library in libraries().items():
        x = library.ones(1).requires_grad_()
        y = library.ones(1)
        runs: dict[str, Callable[[], Any]] = {
            "add": lambda x=x, y=y: x + y,
            "mul by a number": lambda x=x: x * 2.0,
            "exp": lambda x=x: x.exp(),
            "add, backward": lambda x=x, y=y: (x + y).backward(),
        }
        yield [{"library": name, "what": what, "us": t * 1e6} for what, t in times(runs, quick).items()]


def graphs(quick: bool) -> Iterator[Rows]:
    """Microseconds per operation, forward and backward, of a chain and of one tensor used many times, by their length."""
    for count in (10, 100) if quick else (100, 1_000, 10_000, 100_000, 1_000_000):
        for name, library in libraries().items():

            def chain(library: Any = library, count: int = count) -> None:
                y = library.ones(1).requires_grad_()
                for _ in range(count):
                    y = y * 1.0
                y.backward()

            def fan_out(library: Any = library, count: int = count) -> None:
                x = library.ones(1).requires_grad_()
                library.stack([x * 1.0 for _ in range(count)]).sum().backward()

            taken = times({"chain": chain, "fan-out": fan_out}, quick or count >= 100_000)
            yield [
                {"library": name, "what": what, "length": count, "us per op": t / count * 1e6} for what, t in taken.items()
            ]


def imports(quick: bool) -> Iterator[Rows]:
    """Seconds of `import` in a fresh interpreter, less those of an empty one: the least of several."""
    least = {}
    for code in ("pass", "import numpy", "import tinygrad_mlp", "import torch"):
        if code == "import torch" and (quick or "torch" not in libraries()):
            continue
        taken = []
        for _ in range(1 if quick else 7):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            taken.append(time.perf_counter() - start)
        least[code] = min(taken)
    yield [{"what": code, "ms": (t - least["pass"]) * 1e3} for code, t in least.items() if code != "pass"]


def memory(quick: bool) -> Iterator[Rows]:
    """What a step allocates at most beyond what it keeps, and what 10,000 steps (20 of large batches) leave behind, in bytes."""
    for name in ("tiny", "s002") if quick else STEPS:
        for peer in ("tinygrad_mlp", "tinygrad_mlp, compiled", "numpy by hand"):
            run = PEERS[peer][1](STEPS[name])
            tracemalloc.start()
            for _ in range(4):
                run()
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            run()
            peak = tracemalloc.get_traced_memory()[1] - before
            for _ in range(20 if quick or STEPS[name].batch > 1000 or name == "big" else 10_000):
                run()
            left = tracemalloc.get_traced_memory()[0] - before
            tracemalloc.stop()
            yield [{"step": name, "peer": peer, "peak": peak, "left": left}]


def resident(quick: bool) -> Iterator[Rows]:
    """The most memory that a process holds in its first steps beyond what it held after its imports, in MiB; the data counts, too."""
    for name in ("tiny",) if quick else ("s000", "s001", "s003", "big"):
        row: dict[str, Any] = {"step": name}
        for peer in ("tinygrad_mlp", "tinygrad_mlp, compiled", "torch", "numpy by hand"):
            if peer in available(STEPS[name]):
                row[peer] = measure(name, [peer], 1, 0)[peer]["resident"] / 2**20
        yield [row]


def growth(quick: bool) -> Iterator[Rows]:
    """Time and peak memory of a step by depth, width and batch, and their slopes on logarithmic axes between the two largest."""
    sizes = {
        "depth": ((2, 4) if quick else (2, 4, 8, 16, 32), lambda n: ([64] * n, 64)),
        "width": ((16, 32) if quick else (64, 128, 256, 512, 1024), lambda n: ([n, n], 64)),
        "batch": ((16, 32) if quick else (64, 256, 1024, 4096), lambda n: ([64, 64], n)),
    }
    for axis, (values, shape) in sizes.items():
        rows: Rows = []
        for n in values:
            widths, batch = shape(n)
            layers: list[Any] = []
            for a, b in zip([64, *widths], [*widths, 10], strict=True):
                layers += [tinygrad_mlp.nn.Linear(a, b), tinygrad_mlp.nn.ReLU()]
            model = tinygrad_mlp.nn.Sequential(*layers[:-1])
            x, y = tinygrad_mlp.rand(batch, 64), tinygrad_mlp.zeros(batch, dtype=tinygrad_mlp.int64)

            def run(model: Any = model, x: Any = x, y: Any = y) -> None:
                tinygrad_mlp.nn.functional.cross_entropy(model(x), y).backward()
                model.zero_grad()

            rows.append({"by": axis, "n": n, "us": times({"": run}, quick)[""] * 1e6, "peak": float(_peak(run))})
        for what in ("us", "peak"):
            slope = np.log(rows[-1][what] / rows[-2][what]) / np.log(rows[-1]["n"] / rows[-2]["n"])
            rows[-1][f"slope of {what}"] = float(slope)
        yield rows


def _peak(run: Callable[[], Any]) -> int:
    """The most memory that a run allocates, in bytes."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    run()
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return peak


def epoch(quick: bool) -> Iterator[Rows]:
    """An epoch of s001 over MNIST, or where that is not found the digits that ship with the package, through DataLoader."""
    from tinygrad_mlp.datasets import MNIST
    from tinygrad_mlp.errors import DataError

    try:
        digits = MNIST.sample(train=True) if quick else MNIST(train=True)
    except DataError:
        digits = MNIST.sample(train=True)
    images, labels = digits.data.flatten(1).float().numpy() / np.float32(255), digits.targets.numpy()
    if quick:
        images, labels = images[:256], labels[:256]
    runs: dict[str, Callable[[], Any]] = {}
    for name, library in {**libraries(), "tinygrad_mlp, compiled": tinygrad_mlp}.items():
        data = importlib.import_module(f"{library.__name__}.utils.data")
        loader = data.DataLoader(
            data.TensorDataset(library.from_numpy(images), library.from_numpy(labels)), batch_size=64, shuffle=True
        )
        nn = library.nn
        model = nn.Sequential(
            *(nn.Linear(784, 500), nn.Sigmoid(), nn.Linear(500, 250), nn.Sigmoid()),
            *(nn.Linear(250, 100), nn.Sigmoid(), nn.Linear(100, 10)),
        )
        optimizer = library.optim.SGD(model.parameters(), lr=0.1)
        criterion = nn.CrossEntropyLoss()

        def step(x: Any, y: Any, model: Any = model, optimizer: Any = optimizer, criterion: Any = criterion) -> Any:
            loss = criterion(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        train = library.compile(step) if "compiled" in name else step

        def run(train: Any = train, loader: Any = loader) -> float:
            total = 0.0
            for x, y in loader:
                total += train(x, y).item()
            return total

        runs[name] = run
    yield [{"what": name, "ms": t * 1e3} for name, t in times(runs, quick).items()]


PARTS: dict[str, Callable[[bool], Iterator[Rows]]] = {
    part.__name__: part for part in (products, operations, graphs, imports, memory, resident, growth, epoch)
}


def main() -> None:
    """Measure the parts named, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.micro", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all if none is named")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write micro.json there")
    parser.add_argument("--quick", action="store_true", help="that it runs, not how fast")
    args = parser.parse_args()
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f"no part {sorted(unknown)}")
    if os.environ.keys() & set(PINS):  # they hold for NumPy's products, not for those of others
        free = {name: value for name, value in os.environ.items() if name not in PINS}
        sys.exit(subprocess.run([sys.executable, "-m", "benchmarks.micro", *sys.argv[1:]], env=free, check=False).returncode)
    found: dict[str, Rows] = {}
    for name in args.parts or PARTS:
        print(f"\n{name}: {PARTS[name].__doc__}")
        for rows in PARTS[name](args.quick):
            found.setdefault(name, []).extend(rows)
            for row in rows:
                print(
                    "  " + "  ".join(f"{k} {v:,.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()),
                    flush=True,
                )
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "micro.json").write_text(json.dumps(found, indent=1) + "\n")
        if "growth" in found:
            plot(found["growth"], args.out / "growth.png")


def plot(rows: Rows, path: Path) -> None:
    """Time and memory of a step by depth, width and batch, on logarithmic axes."""
    if importlib.util.find_spec("matplotlib") is None:
        print("matplotlib is not installed: no plot")
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    for axes, (what, label) in zip(figure.subplots(1, 2), (("us", "µs a step"), ("peak", "bytes at most")), strict=True):
        for by in dict.fromkeys(row["by"] for row in rows):
            own = [row for row in rows if row["by"] == by]
            axes.loglog(
                [row["n"] for row in own],
                [row[what] for row in own],
                "o-",
                label=f"{by}, slope {own[-1][f'slope of {what}']:.2f}",
            )
        axes.set(xlabel="layers, units of a layer or images in a batch", ylabel=label)
        axes.legend()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
