"""Who may import whom: a module imports only from the rooms above its own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tinygrad_mlp

ROOT = Path(tinygrad_mlp.__file__).parent
ROOMS = (
    ("errors", "_version", "later", "memory"),
    ("dtypes", "device", "grad_mode", "locking"),
    ("engine",),
    ("inplace", "printing"),
    ("tensor",),
    ("ops",),
    ("linalg",),
    ("autograd",),
    ("nn",),
    ("optim",),
    ("utils",),
    ("transforms",),
    ("datasets",),
    ("compiling",),
    ("serialization",),
    ("checkpoints",),
    ("testing",),
    ("reference",),
    ("experiments",),
    ("cli",),
    ("__main__",),
)
LEVEL = {name: level for level, names in enumerate(ROOMS) for name in names}
FILES = sorted(p for p in ROOT.rglob("*.py") if p != ROOT / "__init__.py")


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    """The rooms that a file imports while it runs; imports for type checkers alone do not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "_TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    package = ["tinygrad_mlp", *path.relative_to(ROOT).parts[:-1]]
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        names: list[str] = []
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            module = [*base, *(node.module or "").split(".")] if node.module else base
            names = [".".join([*module, alias.name]) for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "tinygrad_mlp" and len(parts) > 1 and parts[1] in LEVEL:
                found.add(parts[1])
    return found


def test_every_file_has_a_room() -> None:
    assert {room(p) for p in FILES} <= set(LEVEL)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_up(path: Path) -> None:
    own = LEVEL[room(path)]
    wrong = {name for name in imported_rooms(path) - {room(path)} if LEVEL[name] >= own}
    assert not wrong, f"{path.name} may not import {sorted(wrong)}"


def test_the_engine_knows_no_mathematics() -> None:
    assert imported_rooms(ROOT / "engine.py") == {"dtypes", "errors", "grad_mode"}
    assert imported_rooms(ROOT / "reference.py") == set()
