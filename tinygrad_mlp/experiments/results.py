"""What an experiment is given and what it leaves: settings, rows of results, and the folder of a run."""

import csv
import json
import math
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from .. import nn, save

__all__ = ["Row", "RunFolder", "Settings"]


@dataclass(frozen=True)
class Settings:
    """What the user asked of a run.

    Attributes:
        data: `"sample"`, `"full"` or a folder, see :func:`~tinygrad_mlp.experiments.data.load_images`.
        epochs: Passes over the training images; None for the report's own number.
        seed: What all random streams of the run start from.
    """

    data: str = "sample"
    epochs: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class Row:
    """One measured quantity beside the report's number for it.

    Attributes:
        quantity: What was measured.
        unit: Its unit, empty for a pure number.
        paper: The report's number; None where it gives none.
        ours: The number measured.
        n: How many runs, from different seeds, that is the mean of.
        note: In what the run differed from the report's.
    """

    quantity: str
    unit: str
    paper: float | None
    ours: float
    n: int = 1
    note: str = ""


class RunFolder:
    """A new folder `<out>/<name>/<time>`; each file in it appears whole or not at all.

    Two runs that start within one second get two folders.

    >>> import tempfile
    >>> from tinygrad_mlp.experiments.results import Row, RunFolder
    >>> folder = RunFolder(tempfile.mkdtemp(), "example")
    >>> folder.write_results([Row("accuracy", "%", paper=97.9, ours=98.1)])
    >>> print((folder.path / "results.json").read_text())
    [
      {
        "experiment": "example",
        "quantity": "accuracy",
        "unit": "%",
        "paper": 97.9,
        "ours": 98.1,
        "n": 1,
        "note": ""
      }
    ]
    <BLANKLINE>
    """

    def __init__(self, out: str | Path, name: str) -> None:
        time = f"{datetime.now():%Y-%m-%dT%H-%M-%S}"
        parent = Path(out, name)
        parent.mkdir(parents=True, exist_ok=True)
        path, again = parent / time, 1
        while True:
            try:
                path.mkdir()
                break
            except FileExistsError:
                again += 1
                path = parent / f"{time}-{again}"
        self.name = name
        self.path = path

    @contextmanager
    def _replacing(self, name: str) -> Iterator[Path]:
        """A temporary path beside the file, which takes the file's name when the block is done."""
        with tempfile.TemporaryDirectory(dir=self.path, prefix=".") as folder:
            part = Path(folder, name)
            yield part
            os.replace(part, self.path / name)

    def write_results(self, rows: Iterable[Row]) -> None:
        """Write the rows to `results.json`; a number that is not finite, as of a diverged run, is null."""
        self.write_json(
            "results.json",
            [
                {"experiment": self.name, **asdict(row), "ours": row.ours if math.isfinite(row.ours) else None}
                for row in rows
            ],
        )

    def write_json(self, name: str, value: Any) -> None:
        """Write a value as JSON."""
        with self._replacing(name) as path:
            path.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")

    def write_csv(self, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Write a table."""
        with self._replacing(name) as path, path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)

    def write_figure(self, name: str, figure: Figure) -> None:
        """Write a figure in the format of the name's ending."""
        with self._replacing(name) as path:
            figure.savefig(path, dpi=120)

    def write_model(self, name: str, model: nn.Module) -> None:
        """Write a model's state_dict in the format of the name's ending."""
        save(model.state_dict(), self.path / name)
