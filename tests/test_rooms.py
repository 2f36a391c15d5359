"""Who may import whom: the table of rooms in docs/design.md, held against what the files of the package import.

The table lists files and folders from the bottom up, and its order is the rule: a file imports only from rows above its own, or from
its own folder. Nor may imports of single files run in a circle. The first half of this file reads imports; the second half is the
tests, each rule first on small packages that break it, to see that it finds them, and then on the package.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_mlp
from tinygrad_mlp.core.primitive import OPS, PRIMITIVES

# Calls that import what only the running program knows; (file, function): why that is no hole in the rule.
UNREADABLE = {
    ("later.py", "__getattr__"): "imports what tables say that are read where they are given to later()",
    **{
        ("ops/reserve.py", name): "imports a file of its own folder"
        for name in ("__get__", "all_families", "family_of_ufunc")
    },
    ("experiments/__init__.py", "load"): "imports a file of its own folder",
    ("cli.py", "_need_extra"): "looks whether the libraries of the extra are there",
}
IMPORTERS = {"importlib.import_module", "importlib.__import__", "builtins.__import__", "__import__"}
TABLES = {"OPS", "PRIMITIVES"}  # operations by name
WRITTEN = "Written by tests/stubs.py"

# ------------------------------------------------------------------------------------------------ what a file imports


class Import(NamedTuple):
    """``file`` imports ``target``, a file of the package, in a line."""

    file: str
    line: int
    target: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.target}"


class Unreadable(NamedTuple):
    """A place whose import cannot be told from the text, or names no file of the package."""

    file: str
    function: str
    line: int


def operation_defined_by(node: ast.stmt) -> str | None:
    """The name of the operation that a statement defines: a decorated function, or ``exp = made("exp", …)``."""
    match node:
        case ast.FunctionDef(decorator_list=[_, *_]):
            return node.name
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(args=[ast.Constant(value=called), *_]))
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.Call(args=[ast.Constant(value=called), *_]))
        ):
            return name if name == called else None
    return None


class Package:
    """The files of a package, what they import, and where that cannot be told. Files are named as from the package's folder.

    What counts as an import:

    - ``import`` and ``from … import`` wherever they stand: in a function, in ``try``, under ``TYPE_CHECKING``. ``from . import x`` is
      an import of the file ``x`` where there is one, and else of the package's ``__init__.py``, which has that name;
    - ``import_module("…")`` and ``__import__("…")``;
    - the table of a package's names given to ``later(__name__, {…})``;
    - looking for an operation by name, ``OPS["exp"]``, ``OPS.get("exp")``, ``"exp" in OPS`` or ``op.name == "exp"``: an import of the
      file that defines it.

    Python runs the ``__init__.py`` of each package on the way to a file: ``nn/linear.py``, which imports ``ops/shape.py``, imports
    ``ops/__init__.py``, too. Within a package this does not count, as every package would be a circle with its own files:
    ``ops/shape.py`` is in ``ops/``, so that its import of ``ops/dims.py`` is none of ``ops/__init__.py``.

    A stub, ``x.pyi``, is a part of ``x.py``. But one that tests/stubs.py writes imports nothing: it is no text that somebody wrote
    in its room, but a description of what the finished package has, which no program runs.
    """

    def __init__(self, root: Path) -> None:
        self.name = root.name
        paths = sorted(path for path in root.rglob("*.py*") if path.suffix in (".py", ".pyi"))
        trees = [(path.relative_to(root).as_posix().removesuffix("i"), ast.parse(path.read_bytes())) for path in paths]
        self.files = {file for file, _ in trees}
        self.operations = {  # by name, the module that defines it
            name: self.module_of(file)
            for file, tree in trees
            if file.startswith(("core/", "ops/"))
            for node in tree.body
            if (name := operation_defined_by(node)) is not None
        }
        self.imports: list[Import] = []
        self.unreadable: list[Unreadable] = []
        for file, tree in trees:
            if WRITTEN in (ast.get_docstring(tree) or ""):
                continue
            for node, module in Reader(self, file, tree).found:
                targets = [] if module is None else self.targets(file, module)
                self.imports += [Import(file, node.lineno, target) for target in targets]
                if module is None or (not targets and module.split(".")[0] == self.name):
                    self.unreadable.append(Unreadable(file, function_around(tree, node), node.lineno))

    def module_of(self, file: str) -> str:
        """``package.a.b`` for the file ``a/b.py``, or ``a/b/__init__.py``."""
        return ".".join([self.name, *(part for part in file.removesuffix(".py").split("/") if part != "__init__")])

    def file_of(self, module: str) -> str | None:
        """``a/b.py`` or ``a/b/__init__.py`` for the module ``package.a.b``; None where there is no such file."""
        top, *parts = module.split(".")
        if top != self.name:
            return None
        candidates = "/".join([*parts, "__init__.py"]), "/".join(parts) + ".py"
        return next((file for file in candidates if file in self.files), None)

    def targets(self, file: str, module: str) -> list[str]:
        """The files that an import of ``module`` in ``file`` runs; none where the module is not of this package."""
        target = self.file_of(module)
        if target is None:
            return []
        folders = ["/".join(target.split("/")[:n]) for n in range(1, target.count("/") + 1)]
        on_the_way = {f"{folder}/__init__.py" for folder in folders if not file.startswith(f"{folder}/")}
        return sorted({target} | on_the_way & self.files)


class Reader:
    """What the text of one file imports: ``found`` has, for each import, its node and the module; None if that cannot be told."""

    def __init__(self, package: Package, file: str, tree: ast.Module) -> None:
        self.package = package
        self.module = package.module_of(file)
        self.folder = self.module if file.endswith("__init__.py") else self.module.rpartition(".")[0]
        self.names: dict[str, str] = {}  # what a name of this file is: {"np": "numpy", "later": "tinygrad_mlp.later.later"}
        self.found: list[tuple[ast.expr | ast.stmt, str | None]] = []
        nodes = list(ast.walk(tree))
        for node in nodes:
            if isinstance(node, ast.Import):
                self.read_import(node)
            elif isinstance(node, ast.ImportFrom):
                self.read_import_from(node)
        calls = {id(node.func): node for node in nodes if isinstance(node, ast.Call)}
        for node in nodes:
            if isinstance(node, ast.Name | ast.Attribute):
                meaning = self.meaning(node)
                if meaning in IMPORTERS:
                    self.found.append((node, self.imported_by(calls.get(id(node)))))
                elif meaning == f"{package.name}.later.later":
                    self.found += [(node, module) for module in self.table_of(calls.get(id(node)))]
            if isinstance(node, ast.expr):
                names = self.operations_in(node)
                self.found += [(node, package.operations[name]) for name in names if name in package.operations]

    def read_import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.found.append((node, alias.name))
            top = alias.name.split(".")[0]
            if alias.asname is None:  # the name that this defines is that of the outermost package
                self.found.append((node, top))
            self.names[alias.asname or top] = alias.name if alias.asname else top

    def read_import_from(self, node: ast.ImportFrom) -> None:
        start = self.absolute("." * node.level) if node.level else ""
        base = ".".join(part for part in (start, node.module) if part)
        for alias in node.names:
            full = f"{base}.{alias.name}"
            self.found.append((node, full if self.package.file_of(full) else base))
            self.names[alias.asname or alias.name] = full

    def absolute(self, module: str, start: str = "") -> str:
        """The full name of a module like ``..ops.shape``."""
        inner = module.lstrip(".")
        outward = len(module) - len(inner) - 1
        parts = (start or self.folder).split(".")
        return ".".join([*parts[: len(parts) - outward], *([inner] if inner else [])])

    def meaning(self, node: ast.expr) -> str:
        """``importlib.import_module`` for any way to write that; empty for what is no name."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            return f"{self.meaning(node.value)}.{node.attr}"
        return ""

    def imported_by(self, call: ast.Call | None) -> str | None:
        """The module that ``import_module("…")`` imports, or ``import_module(".x", __package__)``."""
        match call:
            case ast.Call(args=[ast.Constant(value=str(module))], keywords=[]) if not module.startswith("."):
                return module
            case ast.Call(args=[ast.Constant(value=str(module)), start], keywords=[]) if module.startswith("."):
                match start:
                    case ast.Name(id="__package__"):
                        return self.absolute(module)
                    case ast.Name(id="__name__"):
                        return self.absolute(module, self.module)
                    case ast.Constant(value=str(package)):
                        return self.absolute(module, package)
        return None

    def table_of(self, call: ast.Call | None) -> Iterator[str | None]:
        """The modules in the table of ``later(__name__, {"compile": ".compiling"})``."""
        match call:
            case ast.Call(args=[ast.Name(id="__name__"), ast.Dict(values=values)]):
                for value in values:
                    match value:
                        case ast.Constant(value=str(module)):
                            yield self.absolute(module, self.module)
                        case _:
                            yield None
            case _:
                yield None

    def operations_in(self, node: ast.expr) -> list[Any]:
        """The names of operations that are looked for, or compared with; perhaps other constants, too."""
        match node:
            case (
                ast.Subscript(value=table, slice=ast.Constant(value=name))
                | ast.Call(func=ast.Attribute(value=table, attr="get"), args=[ast.Constant(value=name), *_])
                | ast.Compare(left=ast.Constant(value=name), comparators=[table])
            ) if self.is_table(table):
                return [name]
            case ast.Compare(left=left, comparators=others) if any(map(self.is_name_of_operation, (left, *others))):
                return [inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant)]
        return []

    def is_table(self, node: ast.expr) -> bool:
        return self.meaning(node).split(".")[-1] in TABLES

    def is_name_of_operation(self, node: ast.expr) -> bool:
        return self.meaning(node).split(".")[-2:] == ["op", "name"]


def function_around(tree: ast.Module, node: ast.expr | ast.stmt) -> str:
    """The innermost function that a node is in; empty outside of functions."""
    around = [
        inner
        for inner in ast.walk(tree)
        if isinstance(inner, ast.FunctionDef) and inner.lineno <= node.lineno <= (inner.end_lineno or 0)
    ]
    return max(around, key=lambda inner: inner.lineno).name if around else ""


# --------------------------------------------------------------------------------------------------------- the rules


def rooms_of(text: str) -> list[list[str]]:
    """The rows of the table in the section "Rooms": the files and folders that the first cell of each names."""
    section = text.split("\n## Rooms\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| *(`[^|]*)\|", section, re.MULTILINE)
    return [re.findall(r"`([^`]+)`", cell) for cell in cells]


def is_in(file: str, entry: str) -> bool:
    """Whether a file is what an entry of the table names: itself, or the folder ``entry/`` that it is in."""
    return file.startswith(entry) if entry.endswith("/") else file == entry


def misplaced(package: Package, rooms: list[list[str]]) -> list[str]:
    """Files that are not in exactly one row, and rows of what does not exist."""
    entries = [entry for row in rooms for entry in row]
    homes = {file: [entry for entry in entries if is_in(file, entry)] for file in sorted(package.files)}
    wrong = [f"{file} is in {found or 'no row'}" for file, found in homes.items() if len(found) != 1]
    return wrong + [f"{entry} does not exist" for entry in entries if not any(is_in(file, entry) for file in package.files)]


def forbidden(package: Package, rooms: list[list[str]]) -> list[Import]:
    """Imports from the own row or from below it, but for those within a folder."""
    home = {file: (k, entry) for k, row in enumerate(rooms) for entry in row for file in package.files if is_in(file, entry)}

    def allowed(file: str, target: str) -> bool:
        return home[target][0] < home[file][0] or home[target] == home[file]

    placed = [found for found in package.imports if found.file in home and found.target in home]
    return [found for found in placed if not allowed(found.file, found.target)]


def circle(package: Package) -> list[str]:
    """The files of a circle of imports, if there is one."""
    graph: dict[str, set[str]] = {file: set() for file in package.files}
    for found in package.imports:
        graph[found.file].add(found.target)
    try:
        TopologicalSorter({file: sorted(targets) for file, targets in graph.items()}).prepare()
    except CycleError as error:
        return error.args[1][::-1]
    return []


def undeclared(package: Package, declared: Iterable[tuple[str, str]]) -> list[str]:
    """Places whose import cannot be told and that are not declared; and declared ones that are no more."""
    left = list(declared)
    wrong = []
    for found in package.unreadable:
        if found[:2] in left:
            left.remove(found[:2])
        else:
            wrong.append(
                f"{found.file}:{found.line}: what is imported in {found.function}() cannot be told, or does not exist"
            )
    return wrong + [f"{file} has no such import in {function}() any more" for file, function in left]


def room_names(rooms: list[list[str]]) -> set[str]:
    return {entry.strip("/").removesuffix(".py") for row in rooms[1:] for entry in row}


def named_in(text: str, names: set[str]) -> set[str]:
    """The names that occur in strings without blanks, such as ``"ops/shape.py"``: others, and docstrings, are for people."""
    tree = ast.parse(text)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docstrings]
    strings = [value for value in constants if isinstance(value, str) and " " not in value]
    return {word for value in strings for word in re.findall(r"\w+", value)} & names


def ufuncs_in(text: str) -> set[str]:
    """The mathematical functions of NumPy that a file uses."""
    nodes = list(ast.walk(ast.parse(text)))
    names = {node.attr for node in nodes if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "np"}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "numpy":
            names |= {alias.name for alias in node.names}
    return {name for name in names if isinstance(getattr(np, name, None), np.ufunc)}


def libraries_in(text: str) -> set[str]:
    """The outermost packages of what a file imports, without the standard library; "." for a relative import."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." if node.level else str(node.module).split(".")[0])
        elif isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node).endswith(("__import__", "import_module")):
            found.add(ast.unparse(node))
    return found - sys.stdlib_module_names


# ------------------------------------------------------------------------------------------ the rules find what they should

PLANTED = {  # a package of the same build as the real one
    "__init__.py": "from .nn import Linear\nfrom .later import later as _later\n__getattr__ = _later(__name__, {'module': '.nn.module'})",
    "later.py": "def later(package, names): ...",
    "core/__init__.py": "from .graph import Tensor",
    "core/graph.py": "",
    "core/primitive.py": "OPS = {}",
    "core/basics.py": "@primitive()\ndef add(input, other): ...",
    "ops/__init__.py": "from .activations import softmax",
    "ops/activations.py": "from ..core.graph import Tensor\n@primitive()\ndef softmax(input): ...",
    "ops/shape.py": "from . import activations",
    "nn/__init__.py": "from .linear import Linear\nfrom . import linear",
    "nn/linear.py": "from .module import Module\nfrom ..ops.shape import reshape",
    "nn/module.py": "",
    "cli.py": "import tinygrad_mlp as torch",
}
TABLE = """
## Rooms

The list:

| room | what is in it |
|---|---|
| `core/` | the core |
| `later.py` | nothing of `nn/` |
| `ops/` | operations |
| `nn/` | layers |
| `__init__.py` | names |
| `cli.py` | the command line |

## Others

| `no_room.py` | |
"""
ROOMS_OF_PLANTED = rooms_of(TABLE)


def plant(folder: Path, changes: dict[str, str]) -> Package:
    """The planted package with further files, or with lines added to its own."""
    root = folder / "tinygrad_mlp"
    for file in PLANTED.keys() | changes.keys():
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{PLANTED.get(file, '')}\n{changes.get(file, '')}\n", encoding="utf-8")
    return Package(root)


def test_the_table_is_read() -> None:
    assert ROOMS_OF_PLANTED == [["core/"], ["later.py"], ["ops/"], ["nn/"], ["__init__.py"], ["cli.py"]]
    assert rooms_of(TABLE.replace("`ops/` |", "`ops/`, `explain.py` |"))[2] == ["ops/", "explain.py"]


def test_operations_are_decorated_functions_and_what_is_made_under_its_own_name(tmp_path: Path) -> None:
    text = "@primitive()\ndef a(): ...\nb = made('b', 1)\nc: Made = made('c')\nd = made('e')\nf = made()\ndef g(): ..."
    package = plant(tmp_path, {"ops/more.py": text})
    assert {name for name, module in package.operations.items() if module.endswith("ops.more")} == {"a", "b", "c"}


def test_the_planted_package_is_in_order(tmp_path: Path) -> None:
    package = plant(tmp_path, {})
    assert package.operations == {"add": "tinygrad_mlp.core.basics", "softmax": "tinygrad_mlp.ops.activations"}
    assert len(package.imports) == 15
    assert not misplaced(package, ROOMS_OF_PLANTED)
    assert not forbidden(package, ROOMS_OF_PLANTED)
    assert not circle(package)
    assert not undeclared(package, ())


UPWARD = [  # file, what it imports, where that is
    # import
    ("core/graph.py", "import tinygrad_mlp.nn.linear as linear", "nn/linear.py"),
    ("core/graph.py", "import tinygrad_mlp.nn.linear", "nn/linear.py"),
    ("core/graph.py", "import tinygrad_mlp.core.primitive", "__init__.py"),  # it makes the name tinygrad_mlp
    ("core/graph.py", "import tinygrad_mlp as x", "__init__.py"),
    ("core/graph.py", "import numpy, tinygrad_mlp", "__init__.py"),
    # from … import
    ("core/graph.py", "from tinygrad_mlp import Linear", "__init__.py"),
    ("core/graph.py", "from tinygrad_mlp import nn", "nn/__init__.py"),
    ("core/graph.py", "from tinygrad_mlp.nn.linear import Linear", "nn/linear.py"),
    ("later.py", "from . import Linear", "__init__.py"),
    ("later.py", "from . import nn", "nn/__init__.py"),
    ("later.py", "from .nn import *", "nn/__init__.py"),
    ("core/graph.py", "from .. import Linear", "__init__.py"),
    ("core/__init__.py", "from .. import cli", "cli.py"),
    ("core/graph.py", "from ..nn import Linear", "nn/__init__.py"),
    ("core/graph.py", "from ..nn import linear", "nn/linear.py"),
    ("ops/shape.py", "from ..nn.linear import Linear", "nn/linear.py"),
    ("ops/shape.py", "from ..nn.linear import Linear", "nn/__init__.py"),  # which runs first
    ("ops/deep/er/still.py", "from ....nn.linear import Linear", "nn/linear.py"),
    # wherever they stand
    ("core/graph.py", "def f():\n    from .. import nn", "nn/__init__.py"),
    ("core/graph.py", "class A:\n    async def f(self):\n        import tinygrad_mlp", "__init__.py"),
    ("core/graph.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..nn import linear", "nn/linear.py"),
    ("core/graph.py", "try:\n    from ..ops import shape\nexcept ImportError:\n    from .. import cli", "ops/shape.py"),
    ("core/graph.py", "try:\n    from ..ops import shape\nexcept ImportError:\n    from .. import cli", "cli.py"),
    ("core/graph.pyi", "from ..nn import linear", "nn/linear.py"),
    # by calls
    ("core/graph.py", "from importlib import import_module\nimport_module('tinygrad_mlp.nn')", "nn/__init__.py"),
    ("core/graph.py", "from importlib import import_module as f\nf('tinygrad_mlp.nn')", "nn/__init__.py"),
    ("core/graph.py", "import importlib\nimportlib.import_module('tinygrad_mlp')", "__init__.py"),
    (
        "core/graph.py",
        "import importlib as i\ndef f():\n    return i.import_module('tinygrad_mlp.nn.linear').Linear",
        "nn/linear.py",
    ),
    ("core/graph.py", "from importlib import import_module\nimport_module('..nn', __package__)", "nn/__init__.py"),
    ("core/__init__.py", "from importlib import import_module\nimport_module('..nn', __name__)", "nn/__init__.py"),
    ("later.py", "from importlib import import_module\nimport_module('.linear', 'tinygrad_mlp.nn')", "nn/linear.py"),
    ("core/graph.py", "__import__('tinygrad_mlp.nn')", "nn/__init__.py"),
    ("core/graph.py", "import builtins\nbuiltins.__import__('tinygrad_mlp')", "__init__.py"),
    # by tables of names
    ("ops/__init__.py", "from ..later import later as _later\n_later(__name__, {'main': '..cli'})", "cli.py"),
    (
        "ops/__init__.py",
        "from ..later import later\nf, g = later(__name__, {'shape': '.shape', 'nn': '..nn'})",
        "nn/__init__.py",
    ),
    ("ops/__init__.py", "from .. import later\nlater.later(__name__, {'linear': '..nn.linear'})", "nn/linear.py"),
    # by names of operations
    ("core/primitive.py", "OPS['softmax']", "ops/activations.py"),
    ("core/graph.py", "from .primitive import OPS as O\nO.get('softmax', None)", "ops/activations.py"),
    ("core/graph.py", "from . import primitive\nprimitive.PRIMITIVES['softmax']", "ops/activations.py"),
    ("core/primitive.py", "def f(name):\n    return 'softmax' in OPS", "ops/activations.py"),
    ("core/graph.py", "def f(node):\n    return node.op.name == 'softmax'", "ops/activations.py"),
    ("core/graph.py", "def f(op):\n    return 'softmax' != op.name", "ops/activations.py"),
    ("core/graph.py", "def f(op):\n    return op.name in ('add', 'softmax')", "ops/activations.py"),
]


@pytest.mark.parametrize(("file", "text", "target"), UPWARD)
def test_an_import_from_below_is_found(tmp_path: Path, file: str, text: str, target: str) -> None:
    package = plant(tmp_path, {file: text})
    assert not undeclared(package, ())
    assert (file.removesuffix("i"), target) in {(found.file, found.target) for found in forbidden(package, ROOMS_OF_PLANTED)}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("core/graph.py", '"""For example::\n\n    from tinygrad_mlp import nn\n\n>>> import tinygrad_mlp as torch\n"""'),
        ("core/graph.py", "import torch.nn\nfrom torch import nn\n__import__('torch')"),
        ("core/graph.py", "import importlib.resources\nimportlib.import_module('numpy.linalg')"),
        ("core/graph.py", "from .primitive import OPS\nfrom . import primitive\nOPS['add'], primitive.PRIMITIVES['add']"),
        ("core/graph.py", "from .primitive import OPS\nOPS['no operation'], OPS[name], {}['softmax']"),
        (
            "core/graph.py",
            "def f(dtype, op):\n    return dtype.name == 'softmax' or op.name == 'add' or op.named == 'softmax'",
        ),
        ("core/graph.py", "def f(later):\n    return later({'nn': '..nn'})"),
        ("later.py", "from .core import graph, Tensor"),
        ("nn/linear.py", "from ..core.primitive import OPS\nOPS['softmax']\nfrom .. import ops, later"),
        ("nn/linear.py", "def f():\n    from .module import Module"),
    ],
)
def test_other_lines_are_allowed(tmp_path: Path, file: str, text: str) -> None:
    package = plant(tmp_path, {file: text})
    assert not undeclared(package, ())
    assert not forbidden(package, ROOMS_OF_PLANTED)
    assert not circle(package)


def test_a_stub_that_is_written_from_the_finished_package_imports_nothing(tmp_path: Path) -> None:
    stub = f'"""What it has.\n\n{WRITTEN}\n"""\nfrom ..nn import linear'
    package = plant(
        tmp_path, {"core/graph.pyi": stub, "core/members.pyi": stub, "core/primitive.py": "from . import members"}
    )
    assert not undeclared(package, ())
    assert not forbidden(package, ROOMS_OF_PLANTED)
    assert not circle(package)


def test_files_of_one_row_do_not_import_each_other(tmp_path: Path) -> None:
    package = plant(tmp_path, {"dtypes.py": "", "device.py": "from .dtypes import float32"})
    rooms = [["core/"], ["dtypes.py", "device.py"], *ROOMS_OF_PLANTED[1:]]
    assert [str(found) for found in forbidden(package, rooms)] == ["device.py:2 imports dtypes.py"]


def test_a_file_in_no_row_is_found(tmp_path: Path) -> None:
    package = plant(tmp_path, {"extra.py": "", "more/__init__.py": "", "stub.pyi": ""})
    assert misplaced(package, ROOMS_OF_PLANTED) == [
        f"{file} is in no row" for file in ("extra.py", "more/__init__.py", "stub.py")
    ]


def test_a_file_in_two_rows_is_found(tmp_path: Path) -> None:
    rooms = [*ROOMS_OF_PLANTED, ["nn/linear.py"]]
    assert misplaced(plant(tmp_path, {}), rooms) == ["nn/linear.py is in ['nn/', 'nn/linear.py']"]


def test_a_row_of_nothing_is_found(tmp_path: Path) -> None:
    rooms = [*ROOMS_OF_PLANTED, ["gone.py", "away/"], ["nn/gone.py"]]
    assert misplaced(plant(tmp_path, {}), rooms) == [
        f"{entry} does not exist" for entry in ("gone.py", "away/", "nn/gone.py")
    ]


@pytest.mark.parametrize(
    ("file", "text", "files"),
    [
        ("nn/module.py", "from .linear import Linear", {"nn/linear.py", "nn/module.py"}),
        ("nn/module.py", "from . import linear", {"nn/linear.py", "nn/module.py"}),
        ("nn/module.py", "def f():\n    from .linear import Linear", {"nn/linear.py", "nn/module.py"}),
        ("nn/module.py", "if TYPE_CHECKING:\n    from .linear import Linear", {"nn/linear.py", "nn/module.py"}),
        ("nn/module.pyi", "from .linear import Linear", {"nn/linear.py", "nn/module.py"}),
        ("nn/module.py", "from . import Linear", {"nn/__init__.py", "nn/linear.py", "nn/module.py"}),
        ("cli.py", "", set()),
        ("later.py", "from . import cli", {"__init__.py", "cli.py", "later.py"}),
        ("ops/shape.py", "from ..nn.module import f", {"ops/shape.py", "nn/__init__.py", "nn/linear.py"}),
        (
            "ops/__init__.py",
            "from ..later import later\nlater(__name__, {'main': '..cli'})",
            {"ops/__init__.py", "cli.py", "__init__.py", "nn/__init__.py", "nn/linear.py"},
        ),
    ],
)
def test_a_circle_is_found(tmp_path: Path, file: str, text: str, files: set[str]) -> None:
    assert set(circle(plant(tmp_path, {file: text}))) == files


@pytest.mark.parametrize(
    "text",
    [
        "from importlib import import_module\ndef f(name):\n    import_module(name)",
        "import importlib\ndef f(name):\n    importlib.import_module(f'tinygrad_mlp.{name}')",
        "from importlib import import_module\ndef f(name, start):\n    import_module('.nn', start)",
        "from importlib import import_module\ndef f(name):\n    return import_module",
        "def f(name):\n    __import__(name)",
        "def f(name):\n    __import__('nn', globals(), locals(), [], 1)",
        "def f(name):\n    __import__('tinygrad_mlp', fromlist=['nn'])",
        "from importlib import import_module\ndef f():\n    import_module('.nn', __name__)",  # there is no tinygrad_mlp.cli.nn
        "from .later import later\ndef f():\n    later(__name__, {'nn': '.nn'})",  # likewise
        "from .later import later\ndef f(names):\n    later(__name__, names)",
        "from .later import later\ndef f(file):\n    later(__name__, {'a': file})",
        "from .later import later\ndef f(names):\n    later(__name__, {**names})",
        "from .later import later\ndef f():\n    later('tinygrad_mlp.nn', {'nn': '..nn'})",
        "def f():\n    from .nothing import a",
        "def f():\n    import tinygrad_mlp.nothing as a",
    ],
)
def test_an_import_that_cannot_be_told_is_found(tmp_path: Path, text: str) -> None:
    package = plant(tmp_path, {"cli.py": text})
    line = 1 + PLANTED["cli.py"].count("\n") + len(text.split("\n"))
    assert undeclared(package, ()) == [f"cli.py:{line}: what is imported in f() cannot be told, or does not exist"]
    assert not undeclared(package, [("cli.py", "f")])
    assert undeclared(package, [("cli.py", "f"), ("later.py", "g")]) == ["later.py has no such import in g() any more"]


def test_a_second_import_that_cannot_be_told_is_found(tmp_path: Path) -> None:
    package = plant(tmp_path, {"cli.py": "def f(name):\n    __import__(name)\n    __import__(name)"})
    assert len(undeclared(package, [("cli.py", "f")])) == 1


@pytest.mark.parametrize(
    "text", ["a = 'experiments'", "a = f'{b}/cli.py'", "a['tinygrad_mlp.testing.fuzz']", "def f(a='testing'): ..."]
)
def test_a_name_of_an_upper_room_is_found(text: str) -> None:
    assert len(named_in(text, {"experiments", "cli", "testing"})) == 1


@pytest.mark.parametrize(
    "text", ['"""See cli.py."""', "def f():\n    'testing'", "a = 'no testing here'", "testing = 'a'", "a = 'clip'"]
)
def test_other_strings_are_no_names_of_rooms(text: str) -> None:
    assert not named_in(text, {"experiments", "cli", "testing"})


def test_mathematics_is_found() -> None:
    assert ufuncs_in("np.exp(x), np.asarray(x), f(np.add), np.float32") == {"exp", "add"}
    assert ufuncs_in("from numpy import exp, asarray") == {"exp"}


@pytest.mark.parametrize(
    "text",
    [
        "import torch",
        "import numpy.linalg, scipy.special",
        "from . import core",
        "from tinygrad_mlp import nn",
        "__import__('a')",
    ],
)
def test_another_library_is_found(text: str) -> None:
    assert len(libraries_in(text) - {"numpy"}) == 1


# -------------------------------------------------------------------------------------------------------------- the package

ROOT = Path(tinygrad_mlp.__file__).parent
PACKAGE = Package(ROOT)
ROOMS = rooms_of((ROOT.parent / "docs" / "design.md").read_text(encoding="utf-8"))
CORE = sorted((ROOT / "core").rglob("*.py"))


def listed(problems: Iterable[object]) -> str:
    """The message of a failed test: a problem a line."""
    return "".join(f"\n  {problem}" for problem in problems)


def test_every_file_is_in_one_row() -> None:
    assert not (wrong := misplaced(PACKAGE, ROOMS)), listed(wrong)


def test_imports_come_from_the_rows_above() -> None:
    assert not (wrong := forbidden(PACKAGE, ROOMS)), listed(wrong)


def test_imports_run_in_no_circle() -> None:
    assert not (files := circle(PACKAGE)), " imports ".join(files)


def test_what_is_imported_can_be_told() -> None:
    assert not (wrong := undeclared(PACKAGE, UNREADABLE)), listed(wrong)


def test_every_operation_is_found_where_it_is_defined() -> None:
    defined = {
        name: operation.__module__ for name, operation in OPS.items() if operation.__module__.startswith("tinygrad_mlp.")
    }
    assert PRIMITIVES.keys() <= OPS.keys()
    assert len(defined) > 200
    assert {name: PACKAGE.operations.get(name) for name in defined} == defined


def test_the_core_imports_nothing_from_other_rooms() -> None:
    assert ROOMS[0] == ["core/"]
    assert all(found.target.startswith("core/") for found in PACKAGE.imports if found.file.startswith("core/"))


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.name)
def test_the_core_names_no_other_room(path: Path) -> None:
    assert not named_in(path.read_text(encoding="utf-8"), room_names(ROOMS))


def test_the_core_knows_no_mathematics_beyond_its_basics() -> None:
    assert {module for module in PACKAGE.operations.values() if ".core." in module} == {"tinygrad_mlp.core.basics"}
    used = {path.name: ufuncs_in(path.read_text(encoding="utf-8")) for path in CORE if path.name != "basics.py"}
    assert {name: found for name, found in used.items() if found} == {
        "backward.py": {"add"}
    }  # gradients of one leaf are summed


def test_the_reference_imports_numpy_only() -> None:
    assert libraries_in((ROOT / "reference.py").read_text(encoding="utf-8")) == {"numpy"}
