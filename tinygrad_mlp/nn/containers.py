"""Modules that hold modules (or parameters): in sequence, in a list, by key."""

from __future__ import annotations

import operator
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from itertools import groupby
from typing import Any, Self, overload

from .._tensor import Tensor
from ..errors import ArgumentError
from .module import Module
from .parameter import Parameter

__all__ = ["ModuleDict", "ModuleList", "ParameterList", "Sequential"]


class _Indexed(Module):
    """Submodules under the names "0", "1", ...: what Sequential and ModuleList have in common."""

    _modules: dict[str, Module]  # type: ignore[assignment] # None is not put in here

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    @overload
    def __getitem__(self, index: int) -> Module: ...

    @overload
    def __getitem__(self, index: slice) -> Self: ...

    def __getitem__(self, index: int | slice) -> Module | Self:
        if isinstance(index, slice):
            return self._of(list(self._modules.items())[index])
        return self._modules[self._name(index)]

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._name(index), module)

    def __delitem__(self, index: int | slice) -> None:
        modules = list(self)
        if not isinstance(index, slice):
            self._name(index)
        del modules[index]
        self._renumber(modules)

    def __iadd__(self, other: Iterable[Module]) -> Self:
        return self.extend(other)

    def append(self, module: Module) -> Self:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end."""
        if not isinstance(modules, Iterable):
            raise ArgumentError(f"extend() expects an iterable of modules, got {type(modules).__name__}")
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Add a module before position ``index``; the later ones move up."""
        if not isinstance(module, Module):
            raise ArgumentError(f"{type(module).__name__} is not a Module subclass")
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Index out of range: {index}, there are {len(self)} modules")
        modules = list(self)
        modules.insert(index, module)
        return self._renumber(modules)

    def pop(self, index: int) -> Module:
        """Take out the module at position ``index``, and return it; the later ones move down."""
        module = self[index]
        del self[index]
        return module

    def _of(self, entries: list[tuple[str, Module]]) -> Self:
        """One of the same kind with other modules."""
        return type(self)(module for _, module in entries)  # type: ignore[call-arg] # a list's

    def _name(self, index: int) -> str:
        """The name of the module at a position, which may be negative."""
        if not -len(self) <= operator.index(index) < len(self):
            raise IndexError(f"index {index} is out of range: there are {len(self)} modules")
        return list(self._modules)[index]

    def _renumber(self, modules: Iterable[Module]) -> Self:
        named = {str(position): module for position, module in enumerate(modules)}
        self._modules = named  # pyright: ignore[reportIncompatibleVariableOverride] # as in the declaration
        return self


class Sequential(_Indexed):
    """Modules applied one after the other: the output of each is the input of the next.

    Args:
        modules: The modules in order, or one dict of them by name.

    Raises:
        ArgumentError: One is not a Module.

    >>> import tinygrad_mlp as torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    >>> net(torch.ones(5, 4)).shape
    torch.Size([5, 2])
    >>> net[:2]
    Sequential(
      (0): Linear(in_features=4, out_features=3, bias=True)
      (1): ReLU()
    )
    """

    @overload
    def __init__(self, *modules: Module) -> None: ...

    @overload
    def __init__(self, modules: Mapping[str, Module], /) -> None: ...

    def __init__(self, *modules: Any) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            for name, module in modules[0].items():
                self.add_module(name, module)
        else:
            self.extend(modules)

    def forward(self, input: Any) -> Any:
        """``modules[-1](... modules[1](modules[0](input)))``."""
        value = input
        for module in self._modules.values():
            value = module(value)
        return value

    def _of(self, entries: list[tuple[str, Module]]) -> Self:
        return type(self)(dict(entries))

    def __add__(self, other: Sequential) -> Sequential:
        if not isinstance(other, Sequential):
            raise ValueError(f"add operator supports only objects of Sequential class, got {type(other).__name__}")
        return Sequential(*self, *other)


class ModuleList(_Indexed):
    """A list of modules whose parameters are found; it computes nothing itself.

    Args:
        modules: The modules.

    Raises:
        ArgumentError: One is not a Module.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.ModuleList(torch.nn.Linear(2, 2) for _ in range(3))
    ModuleList(
      (0-2): 3 x Linear(in_features=2, out_features=2, bias=True)
    )
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def _listed(self, children: list[tuple[str, str]]) -> list[str]:
        lines = []
        for text, run in groupby(children, key=lambda child: child[1]):
            names = [name for name, _ in run]
            one = len(names) == 1
            lines.append(f"({names[0]}): {text}" if one else f"({names[0]}-{names[-1]}): {len(names)} x {text}")
        return lines


class ModuleDict(Module):
    """A dict of modules whose parameters are found; it computes nothing itself.

    Args:
        modules: The modules by key.

    Raises:
        ArgumentError: A value is not a Module, or a key not a string.
        KeyError: A key is empty, contains a dot or is the name of an attribute.

    >>> import tinygrad_mlp as torch
    >>> heads = torch.nn.ModuleDict({"mean": torch.nn.Linear(2, 1), "scale": torch.nn.Linear(2, 1)})
    >>> heads["mean"](torch.ones(5, 2)).shape
    torch.Size([5, 1])
    """

    _modules: dict[str, Module]  # type: ignore[assignment] # None is not put in here

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Module:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Take out all modules."""
        self._modules.clear()

    def pop(self, key: str) -> Module:
        """Take out the module of a key, and return it."""
        return self._modules.pop(key)

    def keys(self) -> KeysView[str]:
        """The keys, in order of insertion."""
        return self._modules.keys()

    def items(self) -> ItemsView[str, Module]:
        """Pairs of key and module."""
        return self._modules.items()

    def values(self) -> ValuesView[Module]:
        """The modules."""
        return self._modules.values()

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add the modules of a mapping, or of pairs of key and module."""
        if not isinstance(modules, Iterable):
            raise ArgumentError(f"ModuleDict.update should be called with a mapping or pairs, got {type(modules).__name__}")
        for key, module in dict(modules).items():
            self[key] = module


class ParameterList(Module):
    """A list of parameters that the module it is assigned to finds; it computes nothing itself.

    Args:
        values: Parameters, or tensors to make parameters of.

    Raises:
        ArgumentError: One is not a Tensor.

    >>> import tinygrad_mlp as torch
    >>> weights = torch.nn.ParameterList(torch.ones(2, 2) for _ in range(3))
    >>> len(list(weights.parameters()))
    3
    """

    _parameters: dict[str, Parameter]  # type: ignore[assignment] # None is not put in here

    def __init__(self, values: Iterable[Tensor] | None = None) -> None:
        super().__init__()
        if values is not None:
            self.extend(values)

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._parameters.values())

    @overload
    def __getitem__(self, index: int) -> Parameter: ...

    @overload
    def __getitem__(self, index: slice) -> Self: ...

    def __getitem__(self, index: int | slice) -> Parameter | Self:
        return type(self)(list(self)[index]) if isinstance(index, slice) else list(self)[index]

    def __setitem__(self, index: int, value: Tensor) -> None:
        setattr(self, list(self._parameters)[index], _parameter(value))

    def __iadd__(self, other: Iterable[Tensor]) -> Self:
        return self.extend(other)

    def append(self, value: Tensor) -> Self:
        """Add a parameter at the end."""
        self.register_parameter(str(len(self)), _parameter(value))
        return self

    def extend(self, values: Iterable[Tensor]) -> Self:
        """Add parameters at the end."""
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise ArgumentError(f"extend() expects an iterable of Tensors, got {type(values).__name__}")
        for value in list(values):
            self.append(value)
        return self

    def _listed(self, children: list[tuple[str, str]]) -> list[str]:
        return [
            f"  ({i}): Parameter containing: [{p.dtype} of size {'x'.join(map(str, p.shape))}]" for i, p in enumerate(self)
        ]


def _parameter(value: Tensor) -> Parameter:
    return value if isinstance(value, Parameter) else Parameter(value)
