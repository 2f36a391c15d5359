"""What an experiment's script works with: its seed, trainings that can be resumed, and a place for what it measures.

An experiment is a function `run(lab)`, called once for each seed. A resumed run calls it again from the start, and only finished
epochs are skipped; so that it ends with the same results, all random numbers come from :meth:`Lab.generator`.
"""

import functools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from matplotlib.figure import Figure
from tqdm import tqdm

import tinygrad_mlp as torch

from .. import nn
from ..checkpoints import Checkpoint, RandomStreams, check_finite
from .results import Record, RunFolder, Settings
from .training import History

__all__ = ["UNFINISHED", "Lab"]

_REFRESH = 0.5  # seconds between two states of a progress bar
_SECONDS = 1.0  # at least so long between two checkpoints: writing one may take longer than a short epoch

UNFINISHED = "unfinished"  # the folder of an unfinished run's checkpoints, in its own

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Lab:
    """One seed of a run."""

    def __init__(
        self, settings: Settings, seed: int, folder: RunFolder, record: Record, time_left: Callable[[], str] = str
    ) -> None:
        self.settings = settings  # what the user asked for
        self._time_left = time_left  # of all that the command does, for the progress bars
        self.seed = seed
        self.first: bool = seed == settings.seeds[0]  # the seed whose figures, tables and models are kept
        self._folder = folder
        self._record = record
        self._title = ""
        self._finished: dict[str, tuple[int, History]] = {}  # the number of epochs and the curves of each training
        self._epoch = self._steps = 0  # of the training that is going on
        self._checkpoint: Checkpoint | None = None  # likewise

    # ------------------------------------------------------------------------------------------------ computing

    @property
    def whole(self) -> bool:
        """Whether the whole data set is used, not the sample."""
        return self.settings.data != "sample"

    def count(self, paper: int, sample: int) -> int:
        """How many epochs: what the user asked for, or the report's number, or the fewer that do for the sample."""
        return self.settings.epochs or (paper if self.whole else sample)

    def generator(self, purpose: str) -> torch.Generator:
        """The seed's random stream of that name, at its start, see :class:`~tinygrad_mlp.checkpoints.RandomStreams`."""
        return RandomStreams(self.seed)[purpose]

    def checkpoint(self, name: str, **parts: Any) -> Checkpoint:
        """A :class:`~tinygrad_mlp.checkpoints.Checkpoint` of that name, which is there until the run is finished."""
        return Checkpoint(self._folder.path / UNFINISHED / f"seed-{self.seed}" / quote(name, safe=""), **parts)

    def epochs(
        self, name: str, count: int, history: History, *, until: Callable[[], bool] | None = None, **state: Any
    ) -> Iterator[int]:
        """Count epochs from 1 to `count`, and save a checkpoint after the last, and after others if a second has gone by.

        If there is a checkpoint of an interrupted run, `state` and `history` are set to what it holds, and the counting
        goes on from there.

        Args:
            name: The training's; no two of a run may have the same.
            count: The number of the last epoch.
            history: The curves; those with a value per epoch go into `epochs.csv` and their last values into the
                progress bar.
            until: Asked before each epoch whether to stop early.
            state: All that the training changes: modules, optimizers, schedulers, random streams and whatever else
                a :class:`~tinygrad_mlp.checkpoints.Checkpoint` takes.

        Raises:
            ValueError: There is a training of that name already.
        """
        if name in self._finished:
            raise ValueError(f"there is a training {name!r} already; a run's trainings need names of their own")
        title = name if len(self.settings.seeds) == 1 else f"seed {self.seed}, {name}"
        with self.checkpoint(name, history=history, **state) as self._checkpoint:
            done = saved = self._checkpoint.load().epoch
            saved_when = time.monotonic()
            with self.bar(title, count, done, "epoch") as bar:
                while done < count and not (until is not None and until()):
                    self._epoch, self._steps = done + 1, 0
                    yield done + 1
                    done += 1
                    if time.monotonic() - saved_when >= _SECONDS:
                        self._checkpoint.save(done)
                        saved, saved_when = done, time.monotonic()
                    latest = (f"{key} {values[-1]:.4g}" for key, values in history.items() if len(values) == done)
                    bar.set_postfix_str(", ".join([*[*latest][:1], self._time_left()]), refresh=False)
                    bar.update()
            if saved < done:
                self._checkpoint.save(done)
        self._finished[name] = done, history

    def bar(self, title: str, total: int, done: int, unit: str) -> "tqdm[Any]":
        """A progress bar of one line, which the next one takes; there is none where nobody looks."""
        return tqdm(
            total=total,
            initial=done,
            desc=f"{title:.36}",
            unit=unit,
            mininterval=_REFRESH,
            leave=False,
            disable=None,
            bar_format="  {desc} {n_fmt}/{total_fmt} {postfix}",
            postfix=self._time_left(),
        )

    def compiled(self, model: nn.Module, step: _Function) -> _Function:
        """A training step of the model, compiled unless the run is eager; a loss that is not finite ends the run.

        The step takes the model's inputs first, and returns the loss, alone or first. Compiled it computes the same bits.

        Raises:
            DivergenceError: From the step: the loss is NaN or infinite. The last checkpoint stays.
        """
        run: Callable[..., Any] = step if self.settings.eager else torch.compile(step, fusion=False)

        @functools.wraps(step)
        def checked(inputs: torch.Tensor, *rest: Any) -> Any:
            self._steps += 1
            result = run(inputs, *rest)
            loss = result[0] if isinstance(result, tuple) else result
            check_finite(loss, model, inputs, epoch=self._epoch, step=self._steps, checkpoint=self._checkpoint)
            return result

        return checked  # type: ignore[return-value] # takes and gives what `step` does, which mypy cannot see

    def once(self, name: str, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What `compute` returns (tensors and plain values), saved, so that a resumed run need not compute it again."""
        result: dict[str, Any] = {}
        with self.checkpoint(name, result=result) as checkpoint:
            if not checkpoint.load().epoch:
                with self.bar(name, 1, 0, "step"):
                    result.update(compute())
                checkpoint.save(1)
        return result

    # ------------------------------------------------------------------------------------------------ measuring

    def section(self, title: str, text: str = "") -> None:
        r"""Begin a section of the report; rows and figures that follow belong to it.

        Args:
            title: Such as `"Table 1: sigmoid, learning rates"`.
            text: What was done, and which reading of the report was taken; findings are :meth:`claim`\ s.
        """
        self._title = title
        self._record.section(title, text)

    def row(
        self,
        quantity: str,
        ours: float,
        paper: float | None = None,
        unit: str = "",
        note: str = "",
        headline: str = "",
    ) -> None:
        """Record a measured quantity beside the report's number for it; its headline, in the table of all experiments."""
        self._record.section(self._title).add(quantity, ours, unit, paper, note, headline)

    def claim(self, says: str, holds: bool) -> None:
        """Record whether something is so for this seed that the report says, such as `"ReLU ends above tanh"`.

        The page tells whether it is; no finding is written by hand.
        """
        self._record.section(self._title).claims.setdefault(says, []).append(bool(holds))

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
            torch.save(model.state_dict(), self._folder.path / name)

    def curves(self) -> Iterator[tuple[int, str, int, str, float]]:
        """Seed, training, epoch, quantity and value of each history with a value per epoch."""
        for name, (done, history) in self._finished.items():
            for quantity, values in history.items():
                if len(values) == done:
                    yield from ((self.seed, name, i, quantity, value) for i, value in enumerate(values, 1))
