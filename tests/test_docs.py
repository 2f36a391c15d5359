"""What the pages of documentation name exists: files, folders and names of the package."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import tinygrad_mlp

PACKAGE = Path(tinygrad_mlp.__file__).parent
ROOT = Path(__file__).parents[1]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted((ROOT / "docs").rglob("*.md"))
SOURCES = sorted(PACKAGE.rglob("*.py"))
OTHERS = {"my_idea.py", "build/"}  # what a reader might write, and what pip leaves

FILE = re.compile(r"[\w./-]*\w\.pyi?\b|\b[\w-]+/(?:[\w-]+/)*(?=`)")
NAME = re.compile(r"(?<![\w./-])tinygrad_mlp((?:\.\w+)+)")


def missing_files(text: str) -> list[str]:
    """The files, and the folders with a slash at their end, that are named between backticks and are not there.

    They are named as from the project's folder, from the package's, or from the core's.
    """
    named = [match for quoted in re.findall(r"`[^`\n]+`", text) if "<" not in quoted for match in FILE.findall(quoted)]
    folders = (ROOT, PACKAGE, PACKAGE / "core")
    return sorted(name for name in named if name not in OTHERS and not any((folder / name).exists() for folder in folders))


def missing_names(text: str) -> list[str]:
    """The dotted names ``tinygrad_mlp.…`` that stand for nothing: no module, and nothing that one defines or imports."""
    return sorted(name for name in NAME.findall(text) if not is_there(name.lstrip(".").split(".")))


def is_there(parts: list[str]) -> bool:
    place, *rest = PACKAGE, *parts
    while rest and ((place / rest[0]).is_dir() or (place / f"{rest[0]}.py").is_file()):
        place /= rest.pop(0)
    if not rest:
        return True
    if place == PACKAGE:
        return hasattr(tinygrad_mlp, rest[0])
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    return re.search(rf"\b{rest[0]}\b", file.read_text(encoding="utf-8")) is not None


def test_what_is_missing_is_found() -> None:
    text = "`ops/shape.py`, `core/`, `graph.py`, `tests/test_docs.py`, `python tests/mutants.py --seed 1`, `ops/test_<family>.py`"
    assert missing_files(text) == []
    text = "`engine.py`, `ops/elementwise.py`, `gone/`, `tests/test_gone.py`, `ops/gone/`"
    assert missing_files(text) == ["engine.py", "gone/", "ops/elementwise.py", "ops/gone/", "tests/test_gone.py"]
    assert missing_names("`python -m tinygrad_mlp.testing.fuzz`, tinygrad_mlp.float32, tinygrad_mlp.core.graph.Node") == []
    assert missing_names("tinygrad_mlp.engine, tinygrad_mlp.core.graph.Engine") == [".core.graph.Engine", ".engine"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert missing_files(text) == []
    assert missing_names(text) == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_what_a_file_of_the_package_names_is_there(path: Path) -> None:
    assert missing_names(path.read_text(encoding="utf-8")) == []


def test_the_picture_of_the_rooms_has_all_of_them() -> None:
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    picture = text.split("```text\n")[1].split("```")[0]
    rows = re.findall(r"^\| *(`[^|]*)\|", text.split("\n## Rooms\n")[1].split("\n## ")[0], re.MULTILINE)
    rooms = [
        room for row in rows for room in re.findall(r"`([^`]+)`", row) if not room.startswith("_") or room == "_tensor.py"
    ]
    assert rooms
    assert [room for room in rooms if room not in picture] == []


def test_the_core_needs_numpy_and_the_standard_library_only() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "core").glob("*.py"))
    found = set(re.findall(r"^ *(?:from|import) (\w+)", text, re.MULTILINE))
    assert "numpy" in found
    assert found <= {"numpy"} | sys.stdlib_module_names


def test_in_the_order_of_the_readme_a_file_of_the_core_needs_only_those_before_it() -> None:
    paragraph = (ROOT / "README.md").read_text(encoding="utf-8").partition("`core/`")[2].partition("\n\n")[0]
    read: set[str] = set()
    for file in re.findall(r"`(\w+)\.py`", paragraph):
        text = (PACKAGE / "core" / f"{file}.py").read_text(encoding="utf-8")
        assert set(re.findall(r"^ *from \.(\w+) import", text, re.MULTILINE)) - {"members"} <= read, file  # the stub of Tensor
        read.add(file)
    assert read
