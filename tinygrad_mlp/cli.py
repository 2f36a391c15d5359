"""The command line: `tinygrad-mlp` or `python -m tinygrad_mlp`.

An error is one line on stderr. The exit status is 0 for success, 1 for a failure, 2 for a wrong command line, 130 for an
interruption by Ctrl-C.
"""

from __future__ import annotations

import argparse
import io
import os
import shlex
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ._version import __version__
from .core.lines import is_program
from .errors import TinygradError
from .experiments import find_experiments

if TYPE_CHECKING:
    from .experiments.results import RunFolder, Settings

__all__ = ["main"]

is_program(__file__)
_EXTRA = ("joblib", "matplotlib", "safetensors", "skimage", "sklearn", "threadpoolctl", "tqdm")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line, by default the process's own; returns the exit status.

    >>> from tinygrad_mlp.cli import main
    >>> main(["list"])  # doctest: +ELLIPSIS
    ascii-bits ...
    0
    """
    _prepare_output()
    try:
        options = _parser().parse_args(arguments)
        options.command(options)
        sys.stdout.flush()
    except KeyboardInterrupt as e:
        return _failed(str(e) or "interrupted", 130)
    except BrokenPipeError:  # whoever read the output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as e:
        return _failed(f"{e.filename}: {e.strerror}" if e.filename else str(e), 1)
    except TinygradError as e:
        return _failed(str(e), 1)
    return 0


def _prepare_output() -> None:
    """Let every text be printed, also where a stream is closed, as by `>&-`, or where its encoding lacks a character."""
    # What is opened takes the place of a closed stream, here and in processes begun here.
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - open until the process ends, as the stream would be
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _failed(message: str, status: int) -> int:
    print("tinygrad-mlp: error:", " ".join(message.split()), file=sys.stderr)
    return status


# ---------------------------------------------------------------------------------------------------- options


class _Parser(argparse.ArgumentParser):
    """A parser that takes no abbreviated options, and whose errors are one line, too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"tinygrad-mlp: error: {message} (see {self.prog} --help)\n")


def _parser() -> _Parser:
    parser = _Parser(
        prog="tinygrad-mlp", description="Experiments with multilayer perceptrons on the tinygrad_mlp framework."
    )
    parser.add_argument("--version", action="version", version=f"tinygrad-mlp {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    _add(commands, "list", _list, "list the experiments", "List the experiments.")

    says = "Run experiments, all of them if none is named: train, then print and save what was measured."
    _add_options_of_run(_add(commands, "run", _run, "run experiments", says))

    says = "Write the pages of all runs in a folder, and below it, anew from what they saved."
    report = _add(commands, "report", _report, "write the pages of finished runs anew", says)
    report.add_argument("folder", metavar="DIR", type=Path, help="the folder of a run, or one above it, such as runs")

    says = """Compare, for each experiment's networks on real images, the engine's gradients with the handwritten formulas
        and with central differences; the exit status is 1 where they differ."""
    check = _add(commands, "check", _check_gradients, "compare gradients with handwritten formulas", says)
    check.add_argument("names", metavar="NAME", nargs="*", type=_experiment, help="an experiment; all if none is named")
    check.add_argument("--data", metavar="sample|full|DIR", default="sample", help="as for run")

    says = "Show where the data sets are looked for, and what is there."
    data = _add(commands, "data", _data, "show where the data sets are, or fetch one", says)
    data_commands = data.add_subparsers(metavar="COMMAND")
    says = "Download a data set into the user's cache folder, unless it is found on this machine, and print the folder that holds it."
    fetch = _add(data_commands, "fetch", _fetch, "download a data set", says)
    fetch.add_argument("name", metavar="NAME", choices=("mnist", "fashion-mnist"), help="mnist or fashion-mnist")
    return parser


def _add(
    commands: argparse._SubParsersAction[_Parser], name: str, run: Callable[..., None], summary: str, description: str
) -> _Parser:
    parser = commands.add_parser(name, help=summary, description=description)
    parser.set_defaults(command=run)
    return parser


def _add_options_of_run(run: _Parser) -> None:
    known = ", ".join(find_experiments())
    run.add_argument("names", metavar="NAME", nargs="*", type=_experiment, help=f"one of: {known}")
    data = """the images that ship with the package (sample, the default), the whole sets (full; `tinygrad-mlp data` shows where
        it is looked for), or the folder that holds the whole sets"""
    run.add_argument("--data", metavar="sample|full|DIR", help=data)
    epochs = "passes over the training images (default: the report's, fewer on the sample)"
    run.add_argument("--epochs", metavar="N", type=_whole_number(1), help=epochs)
    seeds = run.add_mutually_exclusive_group()
    seed = "seed of all random numbers (default: 0)"
    seeds.add_argument("--seed", dest="seeds", metavar="N", type=_whole_number(0, 2**32 - 1, lambda n: (n,)), help=seed)
    repeat = "repeat over the seeds 0 to N-1; mean and spread are given"
    seeds.add_argument("--seeds", metavar="N", type=_whole_number(1, 1000, lambda n: tuple(range(n))), help=repeat)
    eager = "run training steps as they are written, not compiled: slower, with the same results"
    run.add_argument("--eager", action="store_true", help=eager)
    run.add_argument("--out", metavar="DIR", default="runs", help="results go to DIR/<time>/<experiment> (default: runs)")
    resume = "go on with the newest unfinished run under --out, or start one where there is none"
    run.add_argument("--resume", action="store_true", help=resume)


def _experiment(text: str) -> str:
    if text not in (known := find_experiments()):
        raise argparse.ArgumentTypeError(f"no experiment is called {text!r}; known: {', '.join(known)}")
    return text


def _whole_number(least: int, most: int | None = None, made: Callable[[int], Any] = int) -> Callable[[str], Any]:
    """What argparse calls to read a whole number within these limits, and to make something of it."""
    limits = f"of {least} or more" if most is None else f"from {least} to {most}"

    def parse(text: str) -> Any:
        if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
            raise argparse.ArgumentTypeError(f"expected a whole number {limits}, got {text!r}")
        return made(int(text))

    return parse


# --------------------------------------------------------------------------------------------------- commands
# What only one command needs is imported when it runs, so that help appears quickly, and without the extra.


def _list(options: argparse.Namespace) -> None:
    experiments = find_experiments()
    width = max(map(len, experiments))
    for name, experiment in experiments.items():
        print(f"{name:<{width}}  {experiment.summary}")


def _need_extra() -> None:
    for library in _EXTRA:
        try:
            import_module(library)
        except ImportError as e:
            raise TinygradError(
                f"the experiments need {e.name or e}; install the extra that has it, in the project's folder: pip install '.[experiments]'"
            ) from e
        except Exception as e:  # such as matplotlib's ValueError where MPLBACKEND names no backend
            raise TinygradError(
                f"{library} cannot be imported: {e}; correct its settings, such as an environment variable (matplotlib: MPLBACKEND)"
            ) from e


def _run(options: argparse.Namespace) -> None:
    _need_extra()
    from .experiments import runs
    from .experiments.report import headlines, write_index
    from .experiments.results import Settings, new_root

    asked = Settings(options.data or "sample", options.epochs, options.seeds or (0,), options.eager)
    planned: list[tuple[str, RunFolder | None, Settings]] = []
    experiments = find_experiments()
    for name in dict.fromkeys(options.names or experiments):
        folder, settings = (options.resume and runs.unfinished(name, options.out)) or (None, asked)
        if folder is not None:
            _agree(options, folder.path, settings)
        planned.append((name, folder, replace(settings, eager=options.eager)))
    runs.find_data((name, settings) for name, _, settings in planned)
    clock = runs.Clock({name: experiments[name].seconds * len(settings.seeds) for name, _, settings in planned})
    begun = [folder.path.parent for _, folder, _ in planned if folder is not None]
    root = begun[0] if begun else new_root(options.out)
    table: list[list[str]] = []
    for name, unfinished, settings in planned:
        if unfinished is None and (root / name).exists():  # an earlier part of what is resumed
            clock.ended(name)
            table += headlines(root / name)
            continue
        folder = unfinished or runs.start(name, settings, root, _command(name, options))
        print(f"{name}: {'goes on' if unfinished else 'runs'} in {folder.path}; {clock.left()}", flush=True)
        try:
            runs.perform(folder, settings, clock.left)
        except KeyboardInterrupt:
            again = shlex.join(["tinygrad-mlp", "run", name, "--out", options.out, "--resume"])
            if folder.path.exists():
                raise KeyboardInterrupt(f"interrupted; {folder.path} keeps what is done; go on with: {again}") from None
            raise
        clock.ended(name)
        table += headlines(folder.path)
    print()
    _print_table(["", "report", "ours", "verdict", "whole data"], table)
    print()
    for difference in dict.fromkeys(settings.difference for _, _, settings in planned):
        print(textwrap.fill(difference, 80))
    print(f"Look at {write_index(root)}", flush=True)


def _print_table(header: Sequence[str], lines: Sequence[Sequence[str]], width: int = 80) -> None:
    """Print a table without columns that say nothing, the first one cut so that all fit in the width."""
    if not lines:
        return
    columns = [column for column in zip(header, *lines, strict=True) if any(column[1:])]
    columns = [column for column in columns if not all(cell.startswith("not comparable") for cell in column[1:] if cell)]
    widths = [max(map(len, column)) for column in columns]
    widths[0] = min(widths[0], max(20, width - sum(widths[1:]) - 2 * len(widths) + 2))
    for cells in zip(*columns, strict=True):
        first, *rest = (
            cell if len(cell) <= size else cell[: size - 1] + "…" for cell, size in zip(cells, widths, strict=True)
        )
        print(
            "  ".join(
                [first.ljust(widths[0]), *(cell.rjust(size) for cell, size in zip(rest, widths[1:], strict=True))]
            ).rstrip()
        )


def _agree(options: argparse.Namespace, path: Path, settings: Settings) -> None:
    """Refuse to resume a run with other settings than it was begun with."""
    for name, asked, begun in (
        ("--data", options.data, settings.data),
        ("--epochs", options.epochs, settings.epochs),
        ("--seed or --seeds", options.seeds, settings.seeds),
    ):
        if asked is not None and asked != begun:
            raise TinygradError(f"{path} was begun with other {name} ({begun}); leave that out, or run without --resume")


def _report(options: argparse.Namespace) -> None:
    _need_extra()
    from .experiments.report import write_index

    print(write_index(options.folder))


def _check_gradients(options: argparse.Namespace) -> None:
    _need_extra()
    from .experiments.gradient_check import compare_gradients, format_table

    differences = compare_gradients(options.names, options.data)
    print(format_table(differences))
    if wrong := sum(not difference.ok for difference in differences):
        raise TinygradError(f"{wrong} of {len(differences)} gradients are wrong")


def _command(name: str, options: argparse.Namespace) -> str:
    """The command that repeats the run."""
    command = ["tinygrad-mlp", "run", name, "--data", options.data or "sample", "--out", options.out]
    if options.epochs is not None:
        command += ["--epochs", str(options.epochs)]
    if options.seeds is not None:
        command += ["--seeds", str(len(options.seeds))] if len(options.seeds) > 1 else ["--seed", str(options.seeds[0])]
    return shlex.join(command)


def _data(options: argparse.Namespace) -> None:
    from .datasets import SETS, find
    from .datasets.catalog import file_names
    from .datasets.samples import MEMBERS

    for name, source in SETS.items():
        train, test = (MEMBERS[f"{name}/{file_names(train)[0]}"][0] for train in (True, False))
        print(f"{name} ({source.licence})")
        print(f"  sample, ships with the package: {train:,} training and {test:,} test images")
        for place in find(name):
            print(f"  {place.label}: {place.problem or f'found in {place.folder}'}")
    print("\nThe first place that holds a set is used; `tinygrad-mlp data fetch NAME` downloads one.")


def _fetch(options: argparse.Namespace) -> None:
    from .datasets import fetch

    print(fetch(options.name))
