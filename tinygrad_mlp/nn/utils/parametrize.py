"""Tensors that are computed in the place of a module's parameters: from other ones, which are trained instead.

>>> import tinygrad_mlp as torch
>>> class Symmetric(torch.nn.Module):
...     def forward(self, X):
...         return X.triu() + X.triu(1).mT
>>> layer = torch.nn.Linear(3, 3)
>>> _ = torch.nn.utils.parametrize.register_parametrization(layer, "weight", Symmetric())
>>> bool((layer.weight == layer.weight.mT).all()), list(layer.state_dict())
(True, ['bias', 'parametrizations.weight.original'])
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..._tensor import Tensor
from ...grad_mode import no_grad
from ..containers import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Parameter

__all__ = [
    "ParametrizationList", "cached", "is_parametrized", "register_parametrization", "remove_parametrizations",
    "transfer_parametrizations_and_params", "type_before_parametrizations",
]  # fmt: skip

_cache: dict[tuple[int, str], Tensor] = {}
_caching = 0


@contextmanager
def cached() -> Iterator[None]:
    """In this block a tensor is computed when it is first asked for, and then kept."""
    global _caching
    _caching += 1
    try:
        yield
    finally:
        _caching -= 1
        if not _caching:
            _cache.clear()


def _inverse(parametrizations: Sequence[Module], value: Any) -> Any:
    """What gives the value, where each has a ``right_inverse``."""
    for parametrization in reversed(parametrizations):
        value = parametrization.right_inverse(value)  # type: ignore[operator] # a method, if it is there
    return value


class ParametrizationList(ModuleList):
    """The parametrizations of a tensor, one after the other, and what the first is given: ``original``, or ``original0`` ….

    Args:
        modules: The parametrizations.
        original: The tensor.
        unsafe: Do not compute, to see whether the shape and dtype are the tensor's.

    Raises:
        ValueError: They are not, or ``right_inverse`` gives no tensors.
    """

    def __init__(self, modules: Sequence[Module], original: Tensor | Parameter, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        new: Any = original
        with no_grad():
            if all(hasattr(module, "right_inverse") for module in modules):
                try:
                    new = _inverse(modules, original)
                except NotImplementedError:
                    new = original
        if not isinstance(new, Tensor | tuple | list):
            raise ValueError(
                f"'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got {type(new).__name__}"
            )
        self.is_tensor: bool = isinstance(new, Tensor)
        self.ntensors: int = 1 if self.is_tensor else len(new)
        for name, tensor in zip(self._names(), [new] if self.is_tensor else new, strict=True):
            if not isinstance(tensor, Tensor):
                raise ValueError(
                    f"'right_inverse' must return a Tensor or a Sequence of tensors, but one is {type(tensor).__name__}"
                )
            if isinstance(original, Parameter):
                trained = original if tensor is original else Parameter(tensor.detach(), original.requires_grad)
                self.register_parameter(name, trained)
            else:
                self.register_buffer(name, tensor)
        if not unsafe:
            value = self()
            if not isinstance(value, Tensor):
                raise ValueError(f"A parametrization must return a tensor. Got {type(value).__name__}.")
            if (value.shape, value.dtype) != (original.shape, original.dtype):
                raise ValueError(
                    f"Registering a parametrization may not change the shape or the dtype of the tensor, unless `unsafe` is set: "
                    f"it was {tuple(original.shape)} of {original.dtype}, and is {tuple(value.shape)} of {value.dtype}"
                )

    def _names(self) -> list[str]:
        return ["original"] if self.is_tensor else [f"original{k}" for k in range(self.ntensors)]

    def right_inverse(self, value: Tensor) -> None:
        """Set the originals so that the result is ``value``.

        Raises:
            RuntimeError: A parametrization has no ``right_inverse``, or it gives another number of tensors, or other shapes.
        """
        with no_grad():
            for module in self:
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse: define it to assign a value"
                    )
            new = _inverse(list(self), value)
            given = [new] if self.is_tensor else list(new)
            if len(given) != self.ntensors:
                raise ValueError(
                    f"'right_inverse' must return {self.ntensors} tensors, as at first, but returned {len(given)}"
                )
            for name, tensor in zip(self._names(), given, strict=True):
                getattr(self, name).data.copy_(tensor)

    def forward(self) -> Any:
        """The tensor."""
        first, *rest = self
        value = first(*(getattr(self, name) for name in self._names()))
        for module in rest:
            value = module(value)
        return value


def _property(name: str) -> property:
    def get(self: Any) -> Any:
        if not _caching:
            return self.parametrizations[name]()
        key = id(self), name
        if key not in _cache:
            _cache[key] = self.parametrizations[name]()
        return _cache[key]

    def put(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    return property(get, put)


def _of_own_class(module: Module) -> None:
    """Give the module a class of its own, which can have properties."""
    kind = type(module)

    def deepcopy(self: Any, memo: dict[int, Any]) -> Any:
        twin = kind.__new__(kind)
        memo[id(self)] = twin
        copied: dict[str, Any] = {key: copy.deepcopy(value, memo) for key, value in self.__dict__.items()}
        twin.__dict__.update(copied)
        _of_own_class(twin)
        chains: Any = twin.parametrizations
        for name in chains:
            setattr(type(twin), name, _property(name))
        return twin

    module.__class__ = type(f"Parametrized{kind.__name__}", (kind,), {"__deepcopy__": deepcopy, "__module__": __name__})


def register_parametrization(module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False) -> Module:
    """Compute a parameter, or buffer, of the module by a parametrization, from what is trained in its place.

    Where the parametrization has ``right_inverse``, what is trained starts as that of the tensor; a value that is assigned
    goes through it, too. Several are applied one after the other.

    Args:
        module: The module, whose class becomes one of its own.
        tensor_name: The name of the parameter or buffer.
        parametrization: Its ``forward`` gives the tensor.
        unsafe: Do not see whether shape and dtype stay.

    Raises:
        ValueError: There is no such tensor, or its shape or dtype would change.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        chain: Any = module.parametrizations[tensor_name]  # type: ignore[index] # a ModuleDict
        value = getattr(module, tensor_name)
        if not unsafe:
            new = parametrization(value)
            if not isinstance(new, Tensor) or (new.shape, new.dtype) != (value.shape, value.dtype):
                raise ValueError(
                    "Registering a parametrization may not change the shape or the dtype of the tensor, unless `unsafe` is set"
                )
        if hasattr(parametrization, "right_inverse"):
            with no_grad():
                chain.right_inverse(parametrization.right_inverse(value))  # type: ignore[operator] # a method
        chain.append(parametrization)
        chain.unsafe |= unsafe
        return module
    if tensor_name not in module._parameters and tensor_name not in module._buffers:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name '{tensor_name}'"
        )
    original: Any = getattr(module, tensor_name)
    made = ParametrizationList([parametrization], original, unsafe=unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        _of_own_class(module)
        module.add_module("parametrizations", ModuleDict())
    setattr(type(module), tensor_name, _property(tensor_name))
    chains: Any = module.parametrizations
    chains[tensor_name] = made
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether the module has a parametrization; with a name, whether that tensor has one."""
    found = module._modules.get("parametrizations")
    if not isinstance(found, ModuleDict):
        return False
    return len(found) > 0 if tensor_name is None else tensor_name in found


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Take the parametrizations of a tensor off: it becomes a parameter with its present value, or with the original one.

    Args:
        module: The module.
        tensor_name: The name of the tensor.
        leave_parametrized: Keep the present value; else that of ``original``.

    Raises:
        ValueError: The tensor is not parametrized, or there are several originals and ``leave_parametrized`` is False.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    chains: Any = module.parametrizations
    chain = chains[tensor_name]
    if not chain.is_tensor and not leave_parametrized:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a sequence of tensors."
        )
    with no_grad():
        value = getattr(module, tensor_name).detach()
    result: Any = chain.original if chain.is_tensor else Parameter(value, any(p.requires_grad for p in chain.parameters()))
    if chain.is_tensor and leave_parametrized:
        result.data = value
    delattr(type(module), tensor_name)
    del chains[tensor_name]
    if isinstance(result, Parameter):
        module.register_parameter(tensor_name, result)
    else:
        module.register_buffer(tensor_name, result)
    if not len(chains):
        delattr(module, "parametrizations")
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class that the module had."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(from_module: Module, to_module: Module, tensor_name: str | None = None) -> Module:
    """Give a module the parametrizations of another one, and what they are computed from.

    Args:
        from_module: The one that has them.
        to_module: One with tensors of the same names.
        tensor_name: Of one tensor only.
    """
    chains: Any = from_module.parametrizations
    for name in list(chains) if tensor_name is None else [tensor_name]:
        for parametrization in chains[name]:
            register_parametrization(to_module, name, copy.deepcopy(parametrization))
        own: Any = to_module.parametrizations
        own[name].load_state_dict(chains[name].state_dict())
    return to_module
