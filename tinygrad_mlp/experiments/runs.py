"""Runs from their start to their pages: new ones, or those that were interrupted."""

import platform
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from .._version import __version__
from ..errors import TinygradError
from ..locking import locked
from ..serialization import read_json
from . import find_experiments
from .data import load_images
from .lab import UNFINISHED, Lab
from .report import write_page
from .results import Record, Row, RunFolder, Settings

__all__ = ["Clock", "find_data", "perform", "start", "unfinished"]


class Clock:
    """Guesses how long a command's runs still take, from what each experiment says it takes on the sample (``SECONDS``).

    >>> from tinygrad_mlp.experiments.runs import Clock
    >>> Clock({"a": 10.0, "b": 30.0}).left()
    'about 40 s left'
    """

    def __init__(self, seconds: dict[str, float]) -> None:
        self._declared = seconds
        self._ended: list[str] = []
        self._begun = time.monotonic()
        self._last = self._begun  # when the last experiment ended

    def ended(self, name: str) -> None:
        """An experiment is done."""
        self._ended.append(name)
        self._last = time.monotonic()

    def left(self) -> str:
        """The guess, in words."""
        done = sum(self._declared[name] for name in self._ended)
        pace = (self._last - self._begun) / done if done else 1.0
        rest = pace * (sum(self._declared.values()) - done) - (time.monotonic() - self._last)
        if rest <= 0:
            return "time left unknown"
        return f"about {rest:.0f} s left" if rest < 100 else f"about {rest / 60:.0f} min left"


def find_data(planned: Iterable[tuple[str, Settings]]) -> None:
    """Load the data sets that these experiments need: a DataError says what is not there, or broken, before anything is trained."""
    experiments = find_experiments()
    needed = ((dataset, settings.data) for name, settings in planned for dataset in experiments[name].load().DATASETS)
    for dataset, data in dict.fromkeys(needed):
        load_images(dataset, data)


def start(name: str, settings: Settings, root: Path, command: str) -> RunFolder:
    """The folder of a new run, with its `run.json`: the command, the settings, and what computes it."""
    folder = RunFolder.new(root, name)
    folder.write_json(
        "run.json",
        {
            "experiment": name,
            "command": command,
            "settings": asdict(settings),
            "difference": settings.difference,
            "incomparable": settings.incomparable,
            "started": f"{datetime.now().astimezone():%Y-%m-%dT%H:%M:%S%z}",
            "seconds": 0.0,
            "finished": False,
            "versions": {
                "tinygrad_mlp": __version__,
                "numpy": np.__version__,
                "python": platform.python_version(),
                "machine": platform.platform(),
            },
        },
    )
    return folder


def unfinished(name: str, out: str) -> tuple[RunFolder, Settings] | None:
    """The newest run of that name under `out` that was not finished, and its settings; a TinygradError if it is damaged."""
    for path in sorted(Path(out).glob(f"*/{name}/run.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True):
        try:
            match read_json(path):
                case {"finished": True}:
                    continue
                case {
                    "finished": False,
                    "seconds": float() | int(),
                    "settings": {"data": str(data), "epochs": (int() | None) as epochs, "seeds": [*seeds]},
                } if seeds and all(type(seed) is int for seed in seeds):
                    return RunFolder(path.parent, name), Settings(data, epochs, tuple(seeds))
                case _:
                    raise TinygradError("it does not hold a run's settings")
        except TinygradError as e:
            raise TinygradError(f"{path}: is damaged ({e}); remove its folder") from e
    return None


def perform(folder: RunFolder, settings: Settings, time_left: Callable[[], str] = str) -> list[Row]:
    """Do the run, or the rest of it, and write its results; returns the rows.

    If it is interrupted, calling this again goes on from the last checkpoint in the folder. If there is no checkpoint
    yet, the folder is removed.

    Raises:
        TinygradError: Another process is performing it.
    """
    busy = f"{folder.path}: another process is at work on this run; wait for it, or run without --resume"
    # One thread of BLAS: the results do not depend on the number of cores, and other busy processes hardly slow it down.
    with locked(folder.path / ".lock", TinygradError(busy)), threadpool_limits(1, "blas"):
        for left in folder.path.glob(".*"):  # left by a process that was killed while it wrote a file
            if left.is_dir():
                shutil.rmtree(left)
            elif left.name != ".lock":
                left.unlink()
        rows = _perform(folder, settings, time_left)
    (folder.path / ".lock").unlink(missing_ok=True)
    return rows


def _perform(folder: RunFolder, settings: Settings, time_left: Callable[[], str]) -> list[Row]:
    experiment = find_experiments()[folder.name]
    module = experiment.load()
    record = Record()
    curves: list[tuple[Any, ...]] = []
    before = time.perf_counter()
    try:
        for seed in settings.seeds:
            lab = Lab(settings, seed, folder, record, time_left)
            module.run(lab)
            curves += lab.curves()
            folder.write_results(record.rows())
    except BaseException:
        if any((folder.path / UNFINISHED).rglob("checkpoint.npz")):
            _spent(folder, before)
        else:
            shutil.rmtree(folder.path)
            if not any(folder.path.parent.iterdir()):
                folder.path.parent.rmdir()
        raise
    folder.write_csv("epochs.csv", ["seed", "training", "epoch", "quantity", "value"], curves)
    text = (module.__doc__ or "").strip()
    readings = "" if settings.incomparable else getattr(module, "READINGS", "").strip()
    folder.write_json(
        "report.json", {"title": experiment.title, "text": f"{text}\n\n{readings}".strip(), "sections": record.outline()}
    )
    about = _spent(folder, before)
    write_page(folder.path)
    folder.write_json("run.json", {**about, "finished": True})
    shutil.rmtree(folder.path / UNFINISHED, ignore_errors=True)
    return record.rows()


def _spent(folder: RunFolder, since: float) -> dict[str, Any]:
    """Add the time since then to the run's; returns its `run.json`."""
    about: dict[str, Any] = read_json(folder.path / "run.json")
    about["seconds"] = round(about["seconds"] + time.perf_counter() - since, 1)
    folder.write_json("run.json", about)
    return about
