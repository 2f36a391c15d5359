"""The stubs say what the running package has."""

from __future__ import annotations

import ast
import inspect
import pydoc
from pathlib import Path
from types import ModuleType

import pytest

import tinygrad_mlp as torch
from tests.stubs import INDEX, PACKAGE, STUBS, members_of_tensor
from tests.typed.typed_training import main


def names_in(body: list[ast.stmt]) -> set[str]:
    """The names that a stub, or a class in it, defines."""
    names = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    names |= {node.target.id for node in body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)}
    return names | {alias.asname or "" for node in body if isinstance(node, ast.ImportFrom) for alias in node.names}


@pytest.mark.parametrize("path", STUBS, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_stub_is_what_is_written_from_the_package(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == STUBS[path](), "write the stubs anew: python -m tests.stubs"


def test_every_stub_is_written() -> None:
    assert {*PACKAGE.rglob("*.pyi"), INDEX} == set(STUBS)


def test_the_stub_has_every_member_of_tensor() -> None:
    tree = ast.parse((PACKAGE / "core" / "members.pyi").read_text(encoding="utf-8"))
    (members,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    public = {name for name in dir(torch.Tensor) if not name.startswith("_")}
    assert len(public) > 200
    assert public <= names_in(members.body)
    assert names_in(members.body) == members_of_tensor().keys()


@pytest.mark.parametrize(
    ("module", "path"),
    [(torch, "__init__.pyi"), (torch.linalg, "linalg.pyi"), (torch.nn.functional, "nn/functional/__init__.pyi")],
)
def test_the_stub_has_every_name(module: ModuleType, path: str) -> None:
    tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
    assert set(module.__all__) <= names_in(tree.body)


@pytest.mark.parametrize(
    ("function", "signature"),
    [
        (torch.relu, "(input: 'Array') -> 'Array'"),
        (
            torch.Tensor.sum,
            "(input: 'Array', dim: 'Dims' = None, keepdim: 'bool' = False, *, dtype: 'dtype | None' = None) -> 'Array'",
        ),
        (torch.Tensor.item, "(self) -> 'builtins.float | builtins.int | builtins.bool'"),
        (
            torch.nn.Linear,
            "(in_features: 'int', out_features: 'int', bias: 'bool' = True, device: 'DeviceLike' = None, dtype: 'dtype | None' = None) -> 'None'",
        ),
    ],
)
def test_signatures_at_run_time(function: object, signature: str) -> None:
    assert callable(function)
    assert str(inspect.signature(function)) == signature


def test_help() -> None:
    assert inspect.getdoc(torch.relu) == "max(input, 0). EE6132 lab, eq. 1."
    assert "relu(input: 'Array') -> 'Array'" in pydoc.plain(pydoc.render_doc(torch.relu))


def test_the_training_that_type_checkers_accept_is_right(tmp_path: Path) -> None:
    assert main(tmp_path) > 0.7
