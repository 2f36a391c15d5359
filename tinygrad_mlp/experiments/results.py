"""What a run is given and what it leaves: settings, measured rows, and the folder with its files."""

import csv
import io
import json
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from ..atomic import replacing

__all__ = ["Record", "Row", "RunFolder", "Section", "Settings", "format_number", "new_root"]


@dataclass(frozen=True)
class Settings:
    """What the user asked of a run."""

    data: str = "sample"  # or "full", or a folder, see load_images()
    epochs: int | None = None  # passes over the training images, of every training; None for each one's own number
    seeds: tuple[int, ...] = (0,)  # the run is repeated from each of them; all random streams start from it
    eager: bool = False  # training steps run as they are written, not compiled: with the same results, to the last bit

    @property
    def difference(self) -> str:
        """How the run differs from the reports', in words; empty if it does not."""
        parts = ["the images that ship with the package, a fraction of the whole set"] if self.data == "sample" else []
        if self.epochs is not None:
            parts.append(f"{self.epochs} epochs in every training")
        elif parts:
            parts.append("fewer epochs")
        return "" if not parts else f"Not comparable with the reports' numbers: {' and '.join(parts)}."

    @property
    def incomparable(self) -> str:
        """The same in a word or two, for a table."""
        return "sample" if self.data == "sample" else f"{self.epochs} epochs" if self.epochs is not None else ""


@dataclass(frozen=True)
class Row:
    """One measured quantity beside the report's number for it."""

    section: str  # where in the report it belongs, such as "Table 1"
    quantity: str
    unit: str  # empty for a pure number
    paper: float | None  # the report's number; None where it gives none
    ours: float  # the number measured: the mean over the seeds
    sd: float | None = None  # the standard deviation over the seeds (divided by n - 1); None for a single one
    n: int = 1  # how many seeds
    note: str = ""  # how it differs from the report's quantity, and why
    headline: str = ""  # what it is called in the table of all experiments; empty where it is not there

    def verdict(self, incomparable: str = "") -> str:
        """How the number measured stands to the report's, in a word or two; empty where the report gives none.

        Both are taken to be single draws with the spread sd, the mean of n seeds having sd / √n. They are equal within noise if
        they differ by at most 2 sd √(1 + 1/n), and half a unit of the last digit that the report prints. Of one seed no spread is known.

        >>> from tinygrad_mlp.experiments.results import Row
        >>> row = Row("Table 1", "accuracy", "%", paper=98.0, ours=97.9, sd=0.1, n=3)
        >>> row.verdict(), row.verdict("sample")
        ('equal within noise', 'not comparable: sample')
        """
        if self.paper is None:
            return ""
        if incomparable:
            return f"not comparable: {incomparable}"
        if not math.isfinite(self.ours):
            return "diverged"
        printed = 0.5 * 10.0 ** Decimal(repr(self.paper)).as_tuple().exponent  # type: ignore[operator] # finite
        noise = 2 * (self.sd or 0.0) * math.sqrt(1 + 1 / self.n)
        if abs(self.ours - self.paper) <= printed + noise:
            return "equal within noise" if noise else "equal as printed"
        return ("above" if self.ours > self.paper else "below") + ("" if self.n > 1 else " (one seed)")


@dataclass
class Section:
    """A part of a report: a text, figures and measured quantities under one title."""

    title: str
    text: str
    figures: list[dict[str, str]] = field(default_factory=list)
    measured: dict[str, tuple[Row, list[float]]] = field(default_factory=dict)  # by the quantity; with each seed's value
    claims: dict[str, list[bool]] = field(default_factory=dict)  # what the report says; with whether it is so for each seed

    def add(
        self,
        quantity: str,
        value: float,
        unit: str = "",
        paper: float | None = None,
        note: str = "",
        headline: str = "",
    ) -> None:
        """Record the value that one seed measured."""
        row = Row(self.title, quantity, unit, paper, math.nan, note=note, headline=headline)
        self.measured.setdefault(quantity, (row, []))[1].append(float(value))


class Record:
    """All that a run measured, section by section; each seed adds its values to the same quantities.

    >>> from tinygrad_mlp.experiments.results import Record
    >>> record = Record()
    >>> for value in (97.0, 99.0):
    ...     record.section("Table 1").add("accuracy", value, unit="%", paper=97.98)
    >>> (row,) = record.rows()
    >>> row.ours, row.paper, row.n
    (98.0, 97.98, 2)
    """

    def __init__(self) -> None:
        self.sections: dict[str, Section] = {}

    def section(self, title: str, text: str = "") -> Section:
        """The section of that title, new or known."""
        return self.sections.setdefault(title, Section(title, text))

    def rows(self) -> list[Row]:
        """Mean and standard deviation of each quantity, in the order of their first measurement."""
        return [
            replace(row, ours=_mean(values), sd=_sd(values), n=len(values))
            for section in self.sections.values()
            for row, values in section.measured.values()
        ]

    def outline(self) -> list[dict[str, Any]]:
        """Titles, texts, figures and claims of the sections, as JSON holds them."""
        return [{"title": s.title, "text": s.text, "figures": s.figures, "claims": s.claims} for s in self.sections.values()]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if all(map(math.isfinite, values)) else math.nan


def _sd(values: Sequence[float]) -> float | None:
    return statistics.stdev(values) if len(values) > 1 and all(map(math.isfinite, values)) else None


def format_number(value: float | None, digits: int = 5, missing: str = "-") -> str:
    """A number as tables show it."""
    return missing if value is None else f"{value:.{digits}g}"


def new_root(out: str | Path) -> Path:
    """A new folder `<out>/<time>` for runs that start now. Two that start within one second get two folders."""
    start = Path(out, f"{datetime.now():%Y-%m-%dT%H-%M-%S}")
    start.parent.mkdir(parents=True, exist_ok=True)
    path, again = start, 1
    while True:
        try:
            path.mkdir()
            return path
        except FileExistsError:
            again += 1
            path = start.with_name(f"{start.name}-{again}")


class RunFolder:
    """The folder of an experiment's run, `<out>/<time>/<name>`. A file is written completely or, where writing fails, not at all.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from tinygrad_mlp.experiments.results import Row, RunFolder
    >>> from tinygrad_mlp.serialization import read_json
    >>> folder = RunFolder.new(Path(tempfile.mkdtemp()), "example")
    >>> folder.write_results([Row("Table 1", "accuracy", "%", paper=97.9, ours=98.1)])
    >>> (row,) = read_json(folder.path / "results.json")
    >>> row["experiment"], row["section"], row["paper"], row["ours"], row["sd"]
    ('example', 'Table 1', 97.9, 98.1, None)
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name

    @classmethod
    def new(cls, root: Path, name: str) -> "RunFolder":
        """The folder of an experiment among those of a command that runs several, see :func:`new_root`."""
        (root / name).mkdir(parents=True)
        return cls(root / name, name)

    def write_results(self, rows: Iterable[Row]) -> None:
        """Write the rows to `results.json`; a number that is not finite, as of a diverged run, is null."""
        measured = ((row, row.ours if math.isfinite(row.ours) else None) for row in rows)
        self.write_json("results.json", [{"experiment": self.name, **asdict(row), "ours": ours} for row, ours in measured])

    def write_json(self, name: str, value: Any) -> None:
        """Write a value as JSON."""
        self.write_text(name, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")

    def write_text(self, name: str, text: str) -> None:
        """Write a text, in UTF-8.

        A path that is not text in the system's encoding has lone surrogates, which UTF-8 does not; they are escaped as in JSON.
        """
        with replacing(self.path / name) as file:
            file.write(text.encode(errors="backslashreplace"))

    def write_csv(self, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Write a table."""
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        self.write_text(name, table.getvalue())

    def write_figure(self, name: str, figure: Figure) -> None:
        """Write a figure in the format of the name's ending."""
        with replacing(self.path / name) as file:
            figure.savefig(file, dpi=120, format=Path(name).suffix[1:])
