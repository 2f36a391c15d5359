"""The command line: `tinygrad-mlp` or `python -m tinygrad_mlp`.

An error is one line on stderr; the exit status is 0 for success, 1 for a failure, 2 for a command that was not
understood, 130 for an interruption by Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import shlex
import sys
import time
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from ._version import __version__
from .errors import TinygradError
from .experiments import EXPERIMENTS

if TYPE_CHECKING:
    from .experiments.results import Row

__all__ = ["main"]

_EXTRA = ("matplotlib", "safetensors", "sklearn", "tqdm")
_MAX_SEED = 2**32 - 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line, by default the process's own; returns the exit status.

    >>> from tinygrad_mlp.cli import main
    >>> main(["list"])
    ee6132-lab  MNIST digits by a 784-500-250-100-10 network: sigmoid, tanh and ReLU, mini-batch SGD
    0
    """
    try:
        options = _parser().parse_args(arguments)
        options.command(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _failed("interrupted", 130)
    except BrokenPipeError:  # whoever read the output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as e:
        return _failed(f"{e.filename}: {e.strerror}" if e.filename else str(e), 1)
    except TinygradError as e:
        return _failed(str(e), 1)
    return 0


def _failed(message: str, status: int) -> int:
    print("tinygrad-mlp: error:", " ".join(message.split()), file=sys.stderr)
    return status


# ---------------------------------------------------------------------------------------------------- options


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, too."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"tinygrad-mlp: error: {message} (see {self.prog} --help)\n")


def _parser() -> _Parser:
    parser = _Parser(
        prog="tinygrad-mlp",
        description="Experiments with multilayer perceptrons on the tinygrad_mlp framework.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"tinygrad-mlp {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    listing = commands.add_parser("list", help="list the experiments", description="List the experiments.")
    listing.set_defaults(command=_list)

    run = commands.add_parser(
        "run",
        help="run experiments",
        description="Run experiments, all of them if none is named: train, then print and save what was measured.",
    )
    run.add_argument("names", metavar="NAME", nargs="*", type=_experiment, help=f"one of: {', '.join(EXPERIMENTS)}")
    run.add_argument(
        "--data",
        metavar="sample|full|DIR",
        default="sample",
        help="the images that ship with the package (sample, the default), the whole set (full; "
        "`tinygrad-mlp data` shows where it is looked for), or the folder that holds the whole set",
    )
    run.add_argument(
        "--epochs", metavar="N", type=_epochs, help="passes over the training images (default: the report's own)"
    )
    run.add_argument("--seed", metavar="N", type=_seed, default=0, help="seed of all random numbers (default: 0)")
    run.add_argument(
        "--out",
        metavar="DIR",
        default="runs",
        help="results go to DIR/<experiment>/<time> (default: runs)",
    )
    run.set_defaults(command=_run)

    data = commands.add_parser(
        "data",
        help="show where the data sets are, or fetch one",
        description="Show where the data sets are looked for, and what is there.",
    )
    data.set_defaults(command=_data)
    data_commands = data.add_subparsers(metavar="COMMAND")
    fetch = data_commands.add_parser(
        "fetch",
        help="download a data set",
        description="Download a data set into the user's cache folder, unless it is found on this machine, "
        "and print the folder that holds it.",
    )
    fetch.add_argument("name", metavar="NAME", choices=("mnist", "fashion-mnist"), help="mnist or fashion-mnist")
    fetch.set_defaults(command=_fetch)
    return parser


def _experiment(text: str) -> str:
    if text not in EXPERIMENTS:
        raise argparse.ArgumentTypeError(f"no experiment is called {text!r}; known: {', '.join(EXPERIMENTS)}")
    return text


def _epochs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of 1 or more, got {text!r}")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) > _MAX_SEED:
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 to {_MAX_SEED}, got {text!r}")
    return int(text)


# --------------------------------------------------------------------------------------------------- commands
# What a command needs beyond the standard library is imported when it runs, so that help comes at once.


def _list(options: argparse.Namespace) -> None:
    width = max(map(len, EXPERIMENTS))
    for name, summary in EXPERIMENTS.items():
        print(f"{name:<{width}}  {summary}")


def _run(options: argparse.Namespace) -> None:
    try:
        for library in _EXTRA:
            import_module(library)
    except ImportError as e:
        raise TinygradError(
            f"the experiments need {e.name or e}; install it with: pip install 'tinygrad_mlp[experiments]'"
        ) from e
    from .experiments.results import RunFolder, Settings

    settings = Settings(options.data, options.epochs, options.seed)
    for name in dict.fromkeys(options.names or EXPERIMENTS):
        module = import_module(f".experiments.{name.replace('-', '_')}", __package__)
        folder = RunFolder(options.out, name)
        print(f"{name}: {EXPERIMENTS[name]}", flush=True)
        started, start = time.strftime("%Y-%m-%dT%H:%M:%S%z"), time.perf_counter()
        try:
            rows = module.run(settings, folder)
        except BaseException:
            with contextlib.suppress(OSError):  # a run that leaves nothing leaves no folder
                folder.path.rmdir()
            raise
        folder.write_results(rows)
        seconds = round(time.perf_counter() - start, 1)
        folder.write_json("run.json", {"started": started, "seconds": seconds, **_about(name, options)})
        print(_table(rows))
        print(f"Written to {folder.path}: {', '.join(sorted(os.listdir(folder.path)))}", flush=True)


def _about(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """All that gives the run again: its command, and the versions of what computed it."""
    import numpy as np

    command = ["tinygrad-mlp", "run", name, "--data", options.data, "--seed", str(options.seed), "--out", options.out]
    if options.epochs is not None:
        command += ["--epochs", str(options.epochs)]
    return {
        "command": shlex.join(command),
        "versions": {
            "tinygrad_mlp": __version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
            "machine": platform.platform(),
        },
    }


def _table(rows: Iterable[Row]) -> str:
    """Rows as an aligned table, and beneath it in what the runs differ from the report's."""
    rows = list(rows)
    cells = [("quantity", "unit", "paper", "ours")]
    for row in rows:
        paper = "-" if row.paper is None else f"{row.paper:.5g}"
        cells.append((row.quantity, row.unit, paper, f"{row.ours:.5g}"))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        f"{quantity:<{widths[0]}}  {unit:<{widths[1]}}  {paper:>{widths[2]}}  {ours:>{widths[3]}}"
        for quantity, unit, paper, ours in cells
    ]
    lines.insert(1, "-" * len(lines[0]))
    notes = [f"Ours: {note}." for note in dict.fromkeys(row.note for row in rows) if note]
    return "\n".join(["", *lines, *notes, ""])


def _data(options: argparse.Namespace) -> None:
    from .datasets import SETS, find
    from .datasets.samples import MEMBERS

    for name, source in SETS.items():
        train, test = (MEMBERS[f"{name}/{split}-images-idx3-ubyte"][0] for split in ("train", "t10k"))
        print(f"{name} ({source.licence})")
        print(f"  sample, ships with the package: {train:,} training and {test:,} test images")
        for place in find(name):
            print(f"  {place.label}: {place.problem or f'found in {place.folder}'}")
    print("\nThe first place that holds a set is used; `tinygrad-mlp data fetch NAME` downloads one.")


def _fetch(options: argparse.Namespace) -> None:
    from .datasets import fetch

    print(fetch(options.name))
