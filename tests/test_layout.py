"""How long files and functions may be, how much a function may branch, and which files the project has."""

from __future__ import annotations

import ast
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest

import tinygrad_mlp

PACKAGE = Path(tinygrad_mlp.__file__).parent
ROOT = PACKAGE.parent
LINES_OF_A_FILE = 600
LINES_OF_A_FUNCTION = 60  # without its docstring
BRANCHES = 20  # of a function, with those of the functions inside it
ENDINGS = {".cfg", ".json", ".md", ".png", ".py", ".pyi", ".toml", ".txt", ".typed", ".zip"}
NAMES = {".gitignore", "LICENSE", "run"}  # files without an ending

Function = ast.FunctionDef | ast.AsyncFunctionDef


def lines_of(function: Function) -> int:
    """The lines of a function from ``def`` to its end, without its docstring."""
    first = function.body[0]
    docstring = (first.end_lineno or 0) - first.lineno + 1 if ast.get_docstring(function) is not None else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def branches_of(function: Function) -> int:
    """The places where a function takes one way or another: ifs, loops, excepts, cases, comprehensions; and each and, or."""
    kinds = ast.If | ast.IfExp | ast.For | ast.AsyncFor | ast.While | ast.ExceptHandler | ast.match_case | ast.comprehension
    nodes = list(ast.walk(function))
    return sum(isinstance(node, kinds) for node in nodes) + sum(
        len(node.values) - 1 for node in nodes if isinstance(node, ast.BoolOp)
    )


def too_much(text: str) -> list[str]:
    """What is over the limits in a file."""
    lines = text.count("\n")
    found = [f"{lines} lines"] if lines > LINES_OF_A_FILE else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function):
            if lines_of(node) > LINES_OF_A_FUNCTION:
                found.append(f"{lines_of(node)} lines in {node.name}()")
            if branches_of(node) > BRANCHES:
                found.append(f"{branches_of(node)} branches in {node.name}()")
    return found


def files_of(root: Path) -> list[Path]:
    """The files that git tracks; without git, those in the folder that .gitignore does not name. Relative to ``root``."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:  # git is not installed
        listed = ""
    if listed:
        return [Path(name) for name in listed.split("\0") if name]
    ignored = [".git", *(line.strip("/") for line in (root / ".gitignore").read_text(encoding="utf-8").split())]
    paths = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    return [path for path in paths if not any(fnmatch(part, pattern) for part in path.parts for pattern in ignored)]


def strangers(paths: list[Path]) -> list[str]:
    """The files whose ending no file of the project has."""
    return sorted(str(path) for path in paths if path.suffix not in ENDINGS and path.name not in NAMES)


def function(text: str) -> Function:
    (node,) = ast.parse(text).body
    assert isinstance(node, Function)
    return node


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("def f(): pass", 1),
        ("def f(\n    a,\n):\n    return a\n", 4),
        ('def f():\n    """One line."""\n    return 1', 2),
        ('def f():\n    """Three\n    lines.\n    """\n    return 1', 2),
        ("@a\n@b\ndef f():\n    return 1", 2),
        ("async def f():\n    def g():\n        '''Of g, so it counts.'''\n    return g", 4),
    ],
)
def test_lines_are_counted(text: str, lines: int) -> None:
    assert lines_of(function(text)) == lines


@pytest.mark.parametrize(
    ("body", "branches"),
    [
        ("return a", 0),
        ("if a: b\nelif c: d\nelse: e", 2),
        ("for a in b: c\nelse: d", 1),
        ("while a: b", 1),
        ("return a if b else c", 1),
        ("return a and b or c and d and e", 4),
        ("try: a\nexcept B: c\nexcept D: e\nelse: f\nfinally: g", 2),
        ("return [a for b in c for d in b if e]", 2),
        ("return {a: {b for b in a} for a in c}, tuple(a for a in b)", 3),
        ("match a:\n    case 1: b\n    case _: c", 2),
        ("with a: assert b", 0),
        ("def g():\n    if a: b\nreturn lambda: a or b", 2),
    ],
)
def test_branches_are_counted(body: str, branches: int) -> None:
    indented = body.replace("\n", "\n    ")
    assert branches_of(function(f"def f():\n    {indented}")) == branches


def test_what_is_over_a_limit_is_found() -> None:
    assert too_much("a = 1\n" * 600) == []
    assert too_much("a = 1\n" * 601) == ["601 lines"]
    assert too_much("class A:\n    def f(self):\n" + "        self.a()\n" * 59) == []
    assert too_much("class A:\n    def f(self):\n" + "        self.a()\n" * 60) == ["61 lines in f()"]
    assert too_much("def f():\n" + "    if a: b\n" * 20) == []
    assert too_much("def f():\n" + "    if a: b\n" * 21) == ["21 branches in f()"]


def test_files_of_other_kinds_are_found() -> None:
    usual = ["a/b.py", "LICENSE", ".ci/run", "docs/a.md", ".gitignore"]
    unusual = ["b.py.orig", "b.rej", "b.bak", "b.py~", "a/b.pyc", "run.log", "notes", ".b.py.swp", "py", ".hidden"]
    assert strangers([Path(name) for name in usual + unusual]) == sorted(unusual)


def test_files_are_listed_with_and_without_git(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("build/\n*.egg-info/\n", encoding="utf-8")
    for name in ("a.py", "deep/b.rej", "build/c.o", "deep/build/c.o", "a.egg-info/d"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert {path.as_posix() for path in files_of(tmp_path)} == {".gitignore", "a.py", "deep/b.rej"}
    try:
        subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    except FileNotFoundError:
        pytest.skip("git is not installed")
    subprocess.run(["git", "add", "a.py"], cwd=tmp_path, check=True)
    assert files_of(tmp_path) == [Path("a.py")]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_file_is_over_the_limits(path: Path) -> None:
    assert too_much(path.read_text(encoding="utf-8")) == []


def test_the_project_has_no_files_of_other_kinds() -> None:
    assert strangers(files_of(ROOT)) == []
