"""The line that an error names: the user's, and an experiment's as well, but none of the library's own."""

from __future__ import annotations

from pathlib import Path

import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import cli, experiments
from tinygrad_mlp.core.lines import _machinery

ROOT = Path(tg.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))


def test_experiments_and_the_command_line_are_programs_and_all_else_is_the_library() -> None:
    programs = {path for path in FILES if not _machinery[str(path)]}
    folder = Path(experiments.__file__).parent
    assert programs == {Path(cli.__file__), *folder.rglob("*.py")}
    assert not _machinery[__file__]
    assert not _machinery[str(ROOT.with_name("tinygrad_mlp_of_mine") / "model.py")]


# As a file of the package, at a path of which the error is to name the third line, or the one of this test that called it.
OVERWRITES = "def spoil(x):\n    y = x.exp()\n    y.add_(1)\n    return y.sum()\n"


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (ROOT / "experiments" / "mine.py", True),
        (ROOT / "cli.py", True),
        (ROOT / "experiments_of_others.py", False),
        (ROOT / "nn" / "mine.py", False),
        (ROOT / "ops" / "mine.py", False),
    ],
)
def test_an_error_names_the_experiments_line(path: Path, named: bool) -> None:
    names: dict[str, object] = {}
    exec(compile(OVERWRITES, str(path), "exec"), names)
    loss = names["spoil"](tg.ones(2, requires_grad=True))  # type: ignore[operator] # it is the function
    with pytest.raises(RuntimeError, match="add_ has written it") as caught:
        loss.backward()
    assert (f"{path}:3" in str(caught.value)) == named
    assert (f"{__file__}:" in str(caught.value)) == (not named)
