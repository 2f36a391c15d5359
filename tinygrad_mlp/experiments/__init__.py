"""The experiments: each the work of one report, in one file that reads like a script for PyTorch.

To add an experiment, add its file to this folder. Its docstring is the text of its part of the report. It defines:

* ``TITLE``, a heading for that part, and ``SUMMARY``, one line for ``tinygrad-mlp list``; both plain strings;
* ``DATASETS``, those it loads, such as ``(MNIST,)``; they are looked for before anything is trained;
* ``NETWORKS``, whose gradients ``tinygrad-mlp check`` compares, see :class:`~tinygrad_mlp.experiments.gradient_check.Network`;
* ``SECONDS``, about how long it takes on the sample, on one core: how the time left is guessed;
* ``run(lab)``, which trains, and gives the :class:`~tinygrad_mlp.experiments.lab.Lab` what it measures.

It may define ``READINGS``: what other readings of the report gave on the whole data set, a text for the pages of such runs alone.
A file ``my_idea.py`` is called ``my-idea`` on the command line.

The files without ``run`` are what experiments share; `runs` does a run from its start to its `report`. All but this file need the
libraries of the extra `experiments`.
"""

import ast
import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from ..core.lines import is_program
from ..errors import TinygradError

__all__ = ["Experiment", "find_experiments"]

is_program(os.path.dirname(__file__) + os.sep)  # an error names the line of the experiment
_REQUIRED = ("TITLE", "SUMMARY", "SECONDS", "DATASETS", "NETWORKS")


@dataclass(frozen=True)
class Experiment:
    """What a file of this folder says of its experiment, without being imported."""

    name: str
    title: str
    summary: str
    seconds: float

    def load(self) -> ModuleType:
        """The experiment's module, with ``DATASETS``, ``NETWORKS`` and ``run``."""
        return import_module(f"{__name__}.{self.name.replace('-', '_')}")


def find_experiments() -> dict[str, Experiment]:
    """The experiments in this folder by their names, in alphabetical order.

    The files are parsed and not imported, so this is quick, and needs no extra.

    Raises:
        TinygradError: A file defines ``run``, but not all the rest.

    >>> from tinygrad_mlp.experiments import find_experiments
    >>> find_experiments()["fashion"].title
    'Simple networks for Fashion-MNIST'
    """
    paths = sorted(path for folder in __path__ for path in Path(folder).glob("*.py"))
    return {found.name: found for path in paths if (found := _declared(path))}


def _declared(path: Path) -> Experiment | None:
    """The experiment of a file; None where it does not define `run`."""
    defined: dict[str, ast.expr | None] = {}
    try:
        for node in ast.parse(path.read_bytes()).body:
            match node:
                case ast.FunctionDef(name=name):
                    defined[name] = None
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=value)
                ):
                    defined[name] = value
        if "run" not in defined:
            return None
        if missing := [name for name in _REQUIRED if name not in defined]:
            raise ValueError(f"it defines run(), but not {', '.join(missing)}")
        title, summary, seconds = (ast.literal_eval(defined[name] or "") for name in ("TITLE", "SUMMARY", "SECONDS"))
        if not isinstance(title, str) or not isinstance(summary, str) or not isinstance(seconds, int | float):
            raise ValueError("TITLE and SUMMARY must be plain strings, and SECONDS a number")
    except (SyntaxError, ValueError) as e:
        raise TinygradError(f"{path}: is not an experiment: {e}") from e
    return Experiment(path.stem.replace("_", "-"), title, summary, seconds)
