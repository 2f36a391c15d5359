"""What an experiment's script works with: its seed, training that can be resumed, and a place for what it measures.

An experiment is a function `run(lab)`, called once for each seed. It reads like a script for PyTorch; the
:class:`Lab` gives it random streams, a loop over epochs that goes on where an interrupted run stopped, and takes
down rows, figures and tables. Whatever the script does again when it is resumed must be the same again: all
randomness comes from :meth:`Lab.generator`.
"""

import functools
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from zlib import crc32

from matplotlib.figure import Figure
from tqdm import tqdm

import tinygrad_mlp as torch

from .. import nn
from ..checkpoints import check_finite, restore, state_of
from .results import Record, RunFolder, Settings

__all__ = ["History", "Lab"]

_SECONDS = 1.0  # between checkpoints, at least: short epochs are done again sooner than each is written

History = defaultdict[str, list[float]]  # a curve by its name
_Step = TypeVar("_Step", bound=Callable[..., Any])


class Lab:
    """One seed of a run.

    Attributes:
        settings: What the user asked for.
        seed: The seed.
        first: Whether it is the run's first seed, the one whose figures, tables and models are kept.
    """

    def __init__(self, settings: Settings, seed: int, folder: RunFolder, record: Record) -> None:
        self.settings = settings
        self.seed = seed
        self.first = seed == settings.seeds[0]
        self._folder = folder
        self._record = record
        self._title = ""
        self._epochs: dict[str, tuple[int, History]] = {}
        self._epoch = self._steps = 0  # of the training that is going on

    # ------------------------------------------------------------------------------------------------ computing

    @property
    def whole(self) -> bool:
        """Whether the whole data set is used, not the sample."""
        return self.settings.data != "sample"

    def count(self, paper: int, sample: int) -> int:
        """How many epochs: what the user asked for, or the report's number, or the fewer that do for the sample."""
        return self.settings.epochs or (paper if self.whole else sample)

    def generator(self, *purpose: object) -> torch.Generator:
        """The random stream for a purpose: of its own, the same for the same seed and purpose."""
        return torch.Generator().manual_seed(crc32(repr((self.seed, *purpose)).encode()))

    def epochs(
        self, name: str, count: int, history: History, *, until: Callable[[], bool] | None = None, **state: Any
    ) -> Iterator[int]:
        """Count epochs from 1 to `count`, and keep the state of the training after each that ends a second or more.

        A training that an earlier, interrupted run began is taken up: what `state` and `history` hold is set to
        what it was after the last epoch that was kept, and the counting goes on from there.

        Args:
            name: The training's; no two of a run may have the same.
            count: The number of the last epoch.
            history: The curves; those with a value per epoch go into `epochs.csv` and their last values into the
                progress bar.
            until: Asked before each epoch whether to stop early.
            state: All that the training changes: modules, optimizers, schedulers, random streams and whatever else
                has `state_dict` and `load_state_dict`.

        Raises:
            ValueError: There is a training of that name already.
        """
        if name in self._epochs:
            raise ValueError(f"there is a training {name!r} already; a run's trainings need names of their own")
        checkpoint = self._scratch(name)
        done = 0
        if checkpoint.exists():
            saved = torch.load(checkpoint)
            done = saved["epoch"]
            for key, part in state.items():
                restore(part, saved["state"][key])
            restore(history, saved["history"])
        title = name if len(self.settings.seeds) == 1 else f"seed {self.seed}, {name}"
        saved_at, saved_when = done, time.monotonic()
        with tqdm(total=count, initial=done, desc=title, unit="epoch", mininterval=0.5) as bar:
            while done < count and not (until is not None and until()):
                self._epoch, self._steps = done + 1, 0
                yield done + 1
                done += 1
                if time.monotonic() - saved_when >= _SECONDS:
                    self._keep(_snapshot(done, history, state), checkpoint)
                    saved_at, saved_when = done, time.monotonic()
                latest = (f"{key} {values[-1]:.4g}" for key, values in history.items() if len(values) == done)
                bar.set_postfix_str(", ".join(latest), refresh=False)
                bar.update()
        if saved_at < done:
            self._keep(_snapshot(done, history, state), checkpoint)
        self._epochs[name] = done, history

    def compiled(self, model: nn.Module, step: _Step) -> _Step:
        """A training step of the model, compiled unless the run is eager; a loss that is not finite ends the run.

        The step takes the model's inputs first, and gives the loss, alone or first. Compiled it computes the same bits.

        Raises:
            DivergenceError: From the step: the loss is NaN or infinite. What was kept before stays.
        """
        run: Callable[..., Any] = step if self.settings.eager else torch.compile(step, fusion=False)

        @functools.wraps(step)
        def checked(inputs: torch.Tensor, *rest: Any) -> Any:
            self._steps += 1
            result = run(inputs, *rest)
            loss = result[0] if isinstance(result, tuple) else result
            check_finite(loss, model, inputs, epoch=self._epoch, step=self._steps)
            return result

        return checked  # type: ignore[return-value] # takes and gives what `step` does, which mypy cannot see

    def once(self, name: str, compute: Callable[[], Any]) -> Any:
        """What `compute` returns (tensors and plain values), kept, so that a resumed run need not compute it again."""
        if self.kept(name) is None:
            tqdm.write(f"{name} …", file=sys.stderr)
            self.keep(name, compute())
        return self.kept(name)

    def keep(self, name: str, value: Any) -> None:
        """Keep a value (tensors and plain values, not None) for when the run is resumed."""
        self._keep({"value": value}, self._scratch(name))

    def kept(self, name: str) -> Any:
        """The value kept under that name, in this run or in the part of it before an interruption; else None."""
        path = self._scratch(name)
        return torch.load(path)["value"] if path.exists() else None

    def _keep(self, value: Any, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(value, path)

    def _scratch(self, name: str) -> Path:
        folder = self._folder.path / "unfinished" / f"seed-{self.seed}"
        return folder / (re.sub(r"[^a-zA-Z0-9.-]+", "_", name) + f"-{crc32(name.encode()):08x}.safetensors")

    # ------------------------------------------------------------------------------------------------ measuring

    def section(self, title: str, text: str = "") -> None:
        """Begin a section of the report; rows and figures that follow belong to it.

        Args:
            title: Such as `"Table 1: sigmoid, learning rates"`.
            text: What differs from the report's numbers and why; which reading of it was taken.
        """
        self._title = title
        self._record.section(title, text)

    def row(self, quantity: str, ours: float, paper: float | None = None, unit: str = "", note: str = "") -> None:
        """Take down a measured quantity beside the report's number for it."""
        self._record.section(self._title).add(quantity, ours, unit=unit, paper=paper, note=note)

    def figure(self, name: str, figure: Figure, number: str = "", says: str = "") -> None:
        """Keep a figure.

        Args:
            name: The file's, ending in `.png`.
            figure: Matplotlib's.
            number: Of the report's figures that it stands for, such as `"Figures 1-4"`.
            says: What the report shows there, or says of it.
        """
        if self.first:
            self._folder.write_figure(name, figure)
            figures = self._record.section(self._title).figures
            figures.append({"file": name, "number": number, "says": says})

    def table(self, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Keep a table as a CSV file."""
        if self.first:
            self._folder.write_csv(name, header, rows)

    def model(self, name: str, model: nn.Module) -> None:
        """Keep a model's state_dict, in the format of the name's ending."""
        if self.first:
            self._folder.write_model(name, model)

    def curves(self) -> Iterator[tuple[int, str, int, str, float]]:
        """Seed, training, epoch, quantity and value of each history with a value per epoch."""
        for name, (done, history) in self._epochs.items():
            for quantity, values in history.items():
                if len(values) == done:
                    yield from ((self.seed, name, i, quantity, value) for i, value in enumerate(values, 1))


def _snapshot(epoch: int, history: History, state: Mapping[str, Any]) -> dict[str, Any]:
    return {"epoch": epoch, "history": dict(history), "state": {key: state_of(part) for key, part in state.items()}}
