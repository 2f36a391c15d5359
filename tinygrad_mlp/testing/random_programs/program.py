"""A random program: straight-line code as text, which this library and PyTorch both run."""

from __future__ import annotations

import functools
import importlib
import re
from dataclasses import dataclass
from types import CodeType, SimpleNamespace
from typing import Any

import numpy as np

from ... import autograd, dtypes, linalg, nn, ops
from ..._tensor import Tensor
from ...errors import ArgumentError

__all__ = ["LIBRARY", "Leaf", "Line", "RandomProgram", "Shape", "pytorch"]


Shape = tuple[int, ...]

_names = {name: getattr(room, name) for room in (ops, dtypes) for name in room.__all__}
# What lines use of this library. The package's own namespace is above this file, so it cannot be imported here.
LIBRARY: Any = SimpleNamespace(**_names, bool=dtypes.bool_, autograd=autograd, linalg=linalg, nn=nn)


def pytorch() -> Any:
    """PyTorch; of type Any, as it need not be installed."""
    return importlib.import_module("torch")


@dataclass(frozen=True)
class Leaf:
    """An input: its name and the numbers that it starts with, row by row."""

    name: str
    shape: Shape
    dtype: str
    values: tuple[Any, ...]
    requires_grad: bool = False

    def __str__(self) -> str:
        if self.values or 0 not in self.shape:
            data = f"torch.tensor({_number(np.array(self.values, dtype=object).reshape(self.shape).tolist())}"
        else:
            data = f"torch.zeros({self.shape}"
        return f"{self.name} = {data}, dtype=torch.{self.dtype}{', requires_grad=True' if self.requires_grad else ''})"

    def make(self, library: Any) -> Any:
        """The tensor, of this library or of PyTorch."""
        array = np.array(self.values, dtype=self.dtype).reshape(self.shape)
        return library.from_numpy(array).requires_grad_(self.requires_grad)


def _number(value: Any) -> str:
    return re.sub(r"\b(nan|inf)\b", r'float("\1")', repr(value))


@functools.lru_cache(maxsize=4096)
def _compiled(line: str) -> CodeType:
    return compile(line, "<program>", "exec")


@dataclass(frozen=True)
class Line:
    """A line: ``target = expression``; a statement where there is no target."""

    target: str
    expression: str

    def __str__(self) -> str:
        return f"{self.target} = {self.expression}" if self.target else self.expression

    @property
    def code(self) -> CodeType:
        """The compiled line."""
        return _compiled(str(self))

    @property
    def uses(self) -> list[str]:
        """The names that the line reads."""
        return re.findall(r"\b[xv]\d+\b", self.expression)


@dataclass(frozen=True, repr=False)
class RandomProgram:
    """Inputs and lines; called with tensors, of this library or of PyTorch, it returns the value named ``result``.

    Its text is a Python script that runs.

    >>> leaf = Leaf("x0", (2,), "float64", (0.4, -0.65), requires_grad=True)
    >>> program = RandomProgram((leaf,), (Line("v0", "torch.sin(x0)"), Line("v1", "v0 * v0")), "v1")
    >>> program(*program.inputs)
    tensor([0.1516, 0.3663], dtype=tinygrad_mlp.float64, grad_fn=<MulBackward0>)
    >>> print(program)
    import tinygrad_mlp as torch  # or: import torch
    <BLANKLINE>
    F = torch.nn.functional
    <BLANKLINE>
    <BLANKLINE>
    def program(x0):
        v0 = torch.sin(x0)
        v1 = v0 * v0
        return v1
    <BLANKLINE>
    <BLANKLINE>
    x0 = torch.tensor([0.4, -0.65], dtype=torch.float64, requires_grad=True)
    print(program(x0))
    """

    leaves: tuple[Leaf, ...]
    lines: tuple[Line, ...]
    result: str

    @property
    def inputs(self) -> list[Any]:
        """The inputs as new tensors of this library."""
        return [leaf.make(LIBRARY) for leaf in self.leaves]

    def __call__(self, *tensors: Any) -> Any:
        """The program's result for these inputs."""
        if len(tensors) != len(self.leaves):
            raise ArgumentError(f"the program takes {len(self.leaves)} tensors ({self._arguments}), got {len(tensors)}")
        library = LIBRARY if isinstance(tensors[0], Tensor) else pytorch()
        names = {"torch": library, "F": library.nn.functional} | dict(zip([leaf.name for leaf in self.leaves], tensors))
        for line in self.lines:
            exec(line.code, names)
        return names[self.result]

    @property
    def _arguments(self) -> str:
        return ", ".join(leaf.name for leaf in self.leaves)

    def __str__(self) -> str:
        head = ["import tinygrad_mlp as torch  # or: import torch", "", "F = torch.nn.functional", "", ""]
        body = [f"def program({self._arguments}):", *(f"    {line}" for line in self.lines), f"    return {self.result}"]
        return "\n".join([*head, *body, "", "", *map(str, self.leaves), f"print(program({self._arguments}))"])

    __repr__ = __str__
