"""Writes the types of Tensor's members and of the package's names, which operations get when they are defined, into stubs.

``python -m tests.stubs`` writes them anew; tests/test_stubs.py holds that they are what this file writes. What a stub says is read
from the running package: the signatures, the annotations, and what each operation is declared to be. By hand are only the tables
below, where one annotation cannot say that what comes back depends on what is given.
"""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

INDEX = Path(__file__).parent.parent / "tinygrad_mlp" / "ops" / "index.py"
if __name__ == "__main__" and not sys.argv[1:]:  # what stands there may name files that are gone
    INDEX.write_text("FUNCTIONS = MEMBERS = UFUNCS = {}\n", encoding="utf-8")

import tinygrad_mlp as torch
from tinygrad_mlp.core.primitive import OPS
from tinygrad_mlp.ops.reserve import all_families

PACKAGE = Path(torch.__file__).parent
all_families()

_HEADER = '''"""{doc}

Written by tests/stubs.py, do not edit: python -m tests.stubs
"""

from builtins import bool as _bool, float as _float, int as _int
from collections.abc import Callable as _Callable, Iterator as _Iterator, Sequence as _Sequence
from types import EllipsisType as _EllipsisType
from typing import Any as _Any, Literal as _Literal, TypeAlias as _TypeAlias, overload as _overload

import numpy as _np
from numpy.typing import NDArray as _NDArray

from tinygrad_mlp._tensor import RemovableHandle as _RemovableHandle, Size as Size
from tinygrad_mlp.core.graph import Node as _Node, Tensor as Tensor
from tinygrad_mlp.device import device as _device
from tinygrad_mlp.dtypes import dtype as _dtype
from tinygrad_mlp.ops.order import Selected as _Selected
from tinygrad_mlp.ops.random import Generator as Generator
{more}
_Number: _TypeAlias = _float | _np.number[_Any] | _np.bool_
_Operand: _TypeAlias = Tensor | _Number | _NDArray[_Any]
_Place: _TypeAlias = _int | slice | _EllipsisType | Tensor | _NDArray[_Any] | list[_Any] | None
_Index: _TypeAlias = _Place | tuple[_Place, ...]
'''

# What names in annotations are called in the stubs, where ``int``, ``float`` … are members of Tensor, and names of the package.
_NAMES = {
    "Array": "Tensor",
    "Any": "_Any",
    "Callable": "_Callable",
    "DType": "_dtype",
    "Device": "_device",
    "Dims": "_int | _Sequence[_int] | None",
    "Flag": "_bool | None",
    "Generator": "Generator",
    "Iterator": "_Iterator",
    "Node": "_Node",
    "Number": "_Number",
    "RemovableHandle": "_RemovableHandle",
    "Selected": "_Selected",
    "Sequence": "_Sequence",
    "Size": "Size",
    "_dtype_type": "_dtype",
    "bool": "_bool",
    "builtins.bool": "_bool",
    "builtins.float": "_float",
    "builtins.int": "_int",
    "device": "_device",
    "dtype": "_dtype",
    "float": "_float",
    "int": "_int",
    "np.ndarray[Any, Any]": "_NDArray[_Any]",
}
_SIZES = "_int | _Sequence[_int]"
_MASKS = {"condition", "index", "indices", "mask"}  # operands that cannot be numbers
# Parameters that are annotated with Any, by name, or by operation and name.
_PARAMETERS = {
    "args": _SIZES,
    "arange.args": "_float",
    "randint.args": _SIZES,
    "randint_like.args": "_int",
    "arange.start": "_float | None",
    "arange.end": "_float | None",
    "arange.step": "_float | None",
    "device": "_device | str | None",
    "div.other": "_Operand",
    "div_.other": "_Operand",
    "divide.other": "_Operand",
    "true_divide.other": "_Operand",
    "end": "_float | Tensor",
    "fill_value": "_Number | Tensor",
    "full.size": "_Sequence[_int]",
    "new_full.size": "_Sequence[_int]",
    "bernoulli_.p": "_float | Tensor",
    "mean": "_float | Tensor",
    "std": "_float | Tensor",
    "ndarray": "_NDArray[_Any]",
    "size": "_Sequence[_int] | None",
    "start": "_float | Tensor",
    "result_type.tensor1": "_Operand",
    "result_type.tensor2": "_Operand",
}
_OPTIONS = "non_blocking: _bool = False, copy: _bool = False"
_EXTREME = [
    "() -> Tensor",
    "(dim: _int, keepdim: _bool = False) -> _Selected",
    "(other: Tensor) -> Tensor",
]
_BINARY = "(other: _Operand) -> Tensor"
# Members whose result depends on what is given; as functions they take the tensor first.
_OVERLOADS = {
    "__eq__": ["(other: object) -> Tensor"],
    "__getitem__": ["(key: _Index) -> Tensor"],
    "__hash__": ["() -> _int"],
    "__ne__": ["(other: object) -> Tensor"],
    "__setitem__": ["(key: _Index, value: _Operand) -> None"],
    "max": _EXTREME,
    "median": _EXTREME[:2],
    "min": _EXTREME,
    "nonzero": [
        "(*, as_tuple: _Literal[False] = False) -> Tensor",
        "(*, as_tuple: _Literal[True]) -> tuple[Tensor, ...]",
    ],
    "size": ["() -> Size", "(dim: _int) -> _int"],
    "stride": ["() -> tuple[_int, ...]", "(dim: _int) -> _int"],
    "to": [
        f"(dtype: _dtype, {_OPTIONS}) -> Tensor",
        f"(device: _device | str, dtype: _dtype | None = None, {_OPTIONS}) -> Tensor",
        f"(other: Tensor, {_OPTIONS}) -> Tensor",
    ],
    "unique": [
        "(sorted: _bool = True, *, dim: _int | None = None) -> Tensor",
        "(sorted: _bool, return_inverse: _Literal[True], return_counts: _bool = False, dim: _int | None = None)"
        " -> tuple[Tensor, ...]",
        "(sorted: _bool = True, *, return_inverse: _Literal[True], return_counts: _bool = False, dim: _int | None = None)"
        " -> tuple[Tensor, ...]",
        "(sorted: _bool = True, return_inverse: _bool = False, *, return_counts: _Literal[True], dim: _int | None = None)"
        " -> tuple[Tensor, ...]",
    ],
}
_OVERLOADS |= {
    f"__{reflected}{name}__": [_BINARY]
    for name in ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor"]
    for reflected in ("", "r", "i")
}
_OVERLOADS |= {f"__{name}__": [_BINARY] for name in ["lt", "le", "gt", "ge"]}
_NO_OPERATORS = {"__iabs__", "__ineg__"}  # in-place forms of operators with one operand, which Python does not have
_IGNORED = {
    "__eq__": "  # type: ignore[override] # of tensors a tensor",
    "__ne__": "  # type: ignore[override] # likewise",
}
_IGNORED |= {
    f"__{name}__": "  # type: ignore[misc] # NumPy's arrays leave it to the tensor" for name in ["lt", "le", "gt", "ge"]
}

# ------------------------------------------------------------------------------------------------------- annotations


class _Renamed(ast.NodeTransformer):
    """An annotation with the stub's names."""

    def visit(self, node: ast.AST) -> Any:
        name = _NAMES.get(ast.unparse(node)) if isinstance(node, ast.expr) else None
        return ast.parse(name, mode="eval").body if name else self.generic_visit(node)


def type_of(annotation: Any) -> str:
    """An annotation as the stub writes it."""
    if annotation is inspect.Parameter.empty:
        return "_Any"
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    return ast.unparse(_Renamed().visit(ast.parse(text, mode="eval").body))


def parameter_of(function: Callable[..., Any], parameter: inspect.Parameter, first: bool) -> str:
    """``name: type = default``."""
    primitive = getattr(function, "primitive", None)
    several = primitive is not None and primitive.arity > 1
    kind = type_of(parameter.annotation)
    if kind == "Tensor" and several and parameter.name not in _MASKS:
        kind = "_Operand"
    if (kind == "_Any" and not function.__name__.startswith("__")) or (kind == "Tensor" and not first):
        kind = _PARAMETERS.get(f"{function.__name__}.{parameter.name}", _PARAMETERS.get(parameter.name, kind))
    default = ""
    if parameter.default is not inspect.Parameter.empty:
        if parameter.default is None and kind != "_Any" and "None" not in kind:
            kind += " | None"
        default = f" = {parameter.default!r}"
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    return f"{stars}{parameter.name}: {kind}{default}"


def heads_of(name: str, function: Callable[..., Any], method: bool) -> list[str]:
    """``(self, dim: _int) -> Tensor`` and so on, one for each overload."""
    given = "self" if method else "input: Tensor"
    if name in _OVERLOADS:
        return [f"({given}{', ' if text[1] != ')' else ''}{text[1:]}" for text in _OVERLOADS[name]]
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    texts: list[str] = [given] if method else []
    for k, parameter in enumerate(parameters[1:] if method else parameters):
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not any(text.startswith("*") for text in texts):
            texts.append("*")
        texts.append(parameter_of(function, parameter, first=not method and k == 0))
    returned = type_of(signature.return_annotation)
    if method and getattr(function, "declared", {}).get("sizes"):
        sizes = parameters[1].name
        return [f"(self, *{sizes}: _int) -> {returned}", f"(self, {sizes}: _Sequence[_int]) -> {returned}"]
    return [f"({', '.join(texts)}) -> {returned}"]


# -------------------------------------------------------------------------------------------------------- definitions


def summary_of(thing: Any) -> str:
    """The first line of a docstring, as one."""
    text = (inspect.getdoc(thing) or "").partition("\n")[0].strip()
    return '"""' + text.replace("\\", "\\\\") + '"""' if text else "..."


def definition(name: str, function: Callable[..., Any], method: bool) -> Iterator[str]:
    """The lines of a function."""
    heads = heads_of(name, function, method)
    for head in heads:
        if len(heads) > 1:
            yield "@_overload"
        body = "..." if name.startswith("__") else summary_of(function)
        yield f"def {name}{head}: {body}{_IGNORED.get(name, '')}"


def property_of(name: str, member: property) -> Iterator[str]:
    """The lines of a property."""
    assert member.fget is not None
    kind = type_of(inspect.signature(member.fget).return_annotation)
    yield "@property"
    yield f"def {name}(self) -> {kind}: {summary_of(member)}"
    if member.fset is not None:
        yield f"@{name}.setter"
        yield f"def {name}(self, value: {kind}) -> None: ..."
    if member.fdel is not None:
        yield f"@{name}.deleter"
        yield f"def {name}(self) -> None: ..."


def members_of_tensor() -> dict[str, Any]:
    """What a Tensor has for its users."""
    ours = {name: member for name, member in vars(torch.Tensor).items() if isinstance(member, types.FunctionType | property)}
    hidden = {name for name in ours if name.startswith("_") and not name.startswith("__")} | _NO_OPERATORS
    return {name: member for name, member in sorted(ours.items()) if name not in hidden} | {"__hash__": object.__hash__}


def tensor_stub() -> str:
    """The stub ``core/members.pyi``."""
    lines = ["", "class Members:", f"    {summary_of(torch.Tensor)}", ""]
    for name, member in members_of_tensor().items():
        made = property_of(name, member) if isinstance(member, property) else definition(name, member, True)
        lines += [f"    {line}" for line in made]
    header = _HEADER.format(
        doc="What a Tensor can do: the members that the files on top of the core give it.",
        more="",
    )
    return header + "\n".join(lines) + "\n"


def names_stub(module: types.ModuleType, later: Iterable[str] = ()) -> str:
    """The stub of a package that gathers names, among them those of operations."""
    imports: list[str] = []
    lines: list[str] = []
    for name in sorted({*module.__all__, *later} - {"Generator", "Size", "Tensor"}):
        value = getattr(module, name)
        ours = ("tinygrad_mlp.core", "tinygrad_mlp.ops", "tinygrad_mlp._tensor")
        if (
            isinstance(value, types.FunctionType)
            and value.__module__.startswith(ours)
            and name not in ("is_tensor", "numel")
        ):
            lines += definition(name, value, False)
        elif value is None:
            lines.append(f"{name}: None")
        elif isinstance(value, torch.dtype):
            lines.append(f"{name}: _dtype")
        elif isinstance(value, torch.Generator):
            lines.append(f"{name}: Generator")
        elif isinstance(value, float | str):
            lines.append(f"{name}: {'_float' if isinstance(value, float) else 'str'}")
        elif isinstance(value, types.ModuleType):
            imports.append(f"from . import {name} as {name}")
        elif isinstance(value, type | types.FunctionType):
            imports.append(f"from {value.__module__} import {value.__name__} as {name}")
        else:  # cuda and its like
            imports.append(f"from {type(value).__module__} import {name} as {name}")
    names = [f'    "{name}",' for name in sorted(module.__all__)]
    header = _HEADER.format(
        doc=str(module.__doc__).partition("\n")[0],
        more="".join(f"{line}\n" for line in imports),
    )
    return header + "\n" + "\n".join([*lines, "", "__all__ = [", *names, "]"]) + "\n"


def losses_stub(module: types.ModuleType) -> str:
    """The stub of the losses as modules, whose constructors take arguments of functions."""
    base = module._Loss
    lines = ["", "class _Loss(_FunctionModule):", f"    {summary_of(base)}"]
    lines += [f"    {line}" for name in ("__init__", "forward") for line in definition(name, getattr(base, name), True)]
    if hasattr(module, "_WeightedLoss"):
        lines += ["", "class _WeightedLoss(_Loss):", f"    {summary_of(module._WeightedLoss)}", "    weight: Tensor | None"]
        lines += [f"    {line}" for line in definition("__init__", module._WeightedLoss.__init__, True)]
    for name in module.__all__:
        loss = getattr(module, name)
        (head,) = heads_of("__init__", loss.__init__, True)
        kept = [p for p in inspect.signature(loss).parameters.values() if p.name not in ("size_average", "reduce")]
        lines += ["", f"class {name}(_Loss):", f"    {summary_of(loss)}"]
        lines += [f"    {p.name}: {type_of(p.annotation)}" for p in kept]
        lines.append(f"    def __init__{head}: ...")
        if loss.forward is not base.forward:
            lines += [
                f"    {line}  # type: ignore[override] # other inputs" for line in definition("forward", loss.forward, True)
            ]
    header = _HEADER.format(
        doc=str(module.__doc__).partition("\n")[0],
        more="from tinygrad_mlp.nn.function_module import FunctionModule as _FunctionModule\n",
    )
    names = [f'    "{name}",' for name in module.__all__]
    return header + "\n".join([*lines, "", "__all__ = [", *names, "]"]) + "\n"


def index_of_families() -> str:
    """``ops/index.py``: what is defined by the families of operations that importing the package does not import."""
    program = "import sys, tinygrad_mlp; print(*(name for name in sys.modules if name.startswith('tinygrad_mlp.ops.')))"
    at_once = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    families = {
        f"tinygrad_mlp.ops.{path.stem}": f".{path.stem}"
        for path in sorted((PACKAGE / "ops").glob("*.py"))
        if path.stem != "__init__"
    }
    functions, members, ufuncs = {}, {}, {}
    for module in families.keys() - set(at_once):
        import_module(module)
    for _, operation in sorted(OPS.items()):
        family = families.get(operation.__module__, "")
        if family and operation.__module__ not in at_once:
            functions |= dict.fromkeys(sys.modules[operation.__module__].__all__, family)
            declared = operation.declared.get("ufunc", ())
            ufuncs |= {ufunc.__name__: family for ufunc in (declared if isinstance(declared, tuple) else (declared,))}
    for name, member in sorted(vars(torch.Tensor).items()):
        family = families.get(getattr(member, "__module__", None) or "", "")
        if family and member.__module__ not in at_once:
            members[name] = family
    tables = {"FUNCTIONS": functions, "MEMBERS": members, "UFUNCS": ufuncs}
    lines = [
        '"""Which family defines what: of the families of operations that are imported when one is first used.',
        "",
        "Written by tests/stubs.py, do not edit: python -m tests.stubs",
        '"""',
        "",
    ]
    for title, table in tables.items():
        if not table:
            lines.append(f"{title}: dict[str, str] = {{}}")
            continue
        lines += [
            f"{title}: dict[str, str] = {{",
            *(f'    "{name}": "{family}",' for name, family in sorted(table.items())),
            "}",
        ]
    return "\n".join(lines) + "\n"


STUBS: dict[Path, Callable[[], str]] = {
    INDEX: index_of_families,
    PACKAGE / "core" / "members.pyi": tensor_stub,
    PACKAGE / "__init__.pyi": lambda: names_stub(torch, ("checkpoints", "testing")),
    PACKAGE / "linalg.pyi": lambda: names_stub(torch.linalg),
    PACKAGE / "nn" / "__init__.pyi": lambda: names_stub(torch.nn),
    PACKAGE / "nn" / "losses.pyi": lambda: losses_stub(torch.nn.losses),
    PACKAGE / "nn" / "rarer_losses.pyi": lambda: losses_stub(import_module("tinygrad_mlp.nn.rarer_losses")),
    PACKAGE / "nn" / "functional" / "__init__.pyi": lambda: names_stub(torch.nn.functional),
}


def write(stubs: Iterable[tuple[Path, Callable[[], str]]]) -> None:
    """Write each stub to its path."""
    for path, make in stubs:
        path.write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--others"]:
        write((path, make) for path, make in STUBS.items() if path != INDEX)
    else:
        write([(INDEX, index_of_families)])
        subprocess.run([sys.executable, "-m", "tests.stubs", "--others"], check=True)  # in a package that has this index
