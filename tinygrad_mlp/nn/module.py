"""Module: parameters, buffers and submodules found by name, and hooks around forward and backward."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self, TypeVar, overload

from .._tensor import RemovableHandle, Tensor
from ..device import DeviceLike
from ..dtypes import dtype
from ..errors import ArgumentError, StateDictError
from ..grad_mode import no_grad
from ..ops.creation import empty
from .hooks import Gradients, Hook, call_with_hooks
from .loading import IncompatibleKeys, as_kind_of, compared
from .parameter import Buffer, Parameter, is_lazy

__all__ = ["IncompatibleKeys", "Module"]

_M = TypeVar("_M")


class Module:
    """Base class of layers and models: assign parameters and submodules to attributes, define ``forward``.

    Attributes:
        training: Whether it is in training mode; see :meth:`train`.

    >>> import tinygrad_mlp as torch
    >>> class Scale(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = torch.nn.Parameter(torch.tensor(2.0))
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> scale = Scale()
    >>> scale(torch.tensor(3.0)).item()
    6.0
    >>> list(scale.state_dict())
    ['factor']
    """

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _non_persistent: set[str]  # names of the buffers that state_dict leaves out
    _hooks: OrderedDict[int, Hook]
    _may_miss: tuple[str, ...] = ()  # names that a state_dict need not have

    def __init__(self) -> None:
        self.__dict__.update(
            training=True,
            _parameters={},
            _buffers={},
            _modules={},
            _non_persistent=set(),
            _hooks=OrderedDict(),
        )

    # ----------------------------------------------------------------------------------------------- the call

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; every subclass defines it.

        Raises:
            NotImplementedError: The subclass does not.
        """
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function: define it')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """``forward``, with the hooks around it."""
        if not self._hooks:
            return self.forward(*args, **kwargs)
        return call_with_hooks(self, args, kwargs)

    def _add_hook(self, hook: Hook, prepend: bool) -> RemovableHandle:
        handle = RemovableHandle(self._hooks, hook)
        if prepend:
            self._hooks.move_to_end(handle.id, last=False)
        return handle

    def register_forward_pre_hook(
        self,
        hook: Callable[[Self, tuple[Any, ...]], object]
        | Callable[[Self, tuple[Any, ...], dict[str, Any]], tuple[Any, dict[str, Any]] | None],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before every forward; what it returns, if not None, replaces ``args``.

        Args:
            hook: The function.
            prepend: Call it before the hooks that are there already.
            with_kwargs: Call ``hook(module, args, kwargs)``, which returns None or a pair (args, kwargs).
        """
        return self._add_hook(Hook("forward_pre", hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[[Self, tuple[Any, ...], Any], object]
        | Callable[[Self, tuple[Any, ...], dict[str, Any], Any], object],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after forward; what it returns, if not None, replaces the output.

        Args:
            hook: The function.
            prepend: Call it before the hooks that are there already.
            with_kwargs: Call ``hook(module, args, kwargs, output)``.
            always_call: Call it with the output None where the forward raises, too.
        """
        return self._add_hook(Hook("forward", hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[[Self, Gradients], Gradients | Tensor | None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` when the gradients of the outputs are known.

        ``grad_output`` is a tuple with an entry per output, None for one that is not a tensor. What the hook
        returns, if not None, replaces it.
        """
        return self._add_hook(Hook("backward_pre", hook), prepend)

    def register_full_backward_hook(
        self, hook: Callable[[Self, Gradients, Gradients], Gradients | Tensor | None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the inputs are known.

        Both are tuples with an entry per positional input and per output, None for one that is not a tensor;
        ``grad_input`` has None only where no input requires grad. What the hook returns, if not None, replaces it.
        """
        return self._add_hook(Hook("backward", hook), prepend)

    # --------------------------------------------------------------------------------------------- attributes

    def __setattr__(self, name: str, value: Any) -> None:
        for registry, kind, accepted, noun in _REGISTRIES:
            entries = self.__dict__.get(registry)
            if isinstance(value, kind):
                if entries is None:
                    raise AttributeError(
                        f"cannot assign {noun}s before Module.__init__() call: put super().__init__() first "
                        f"in {type(self).__name__}.__init__"
                    )
                if name not in entries:
                    self._forget(name)
                entries[name] = value
                if isinstance(value, Buffer):
                    self._mark_persistent(name, value.persistent)
                return
            if entries is not None and name in entries:
                if value is not None and not isinstance(value, accepted):
                    raise ArgumentError(
                        f"cannot assign '{type(value).__name__}' as {noun} '{name}' of {type(self).__name__} "
                        f"({accepted.__name__} or None expected); del it first to make it something else"
                    )
                entries[name] = value
                return
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Tensor | Module:  # called only where there is no ordinary attribute
        own = self.__dict__
        if "_parameters" in own:  # set by super().__init__(); no loop over the three: this is on the path of every forward
            if name in own["_parameters"]:
                return own["_parameters"][name]
            if name in own["_modules"]:
                return own["_modules"][name]
            if name in own["_buffers"]:
                return own["_buffers"][name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'", name=name, obj=self)

    def __delattr__(self, name: str) -> None:
        if not self._forget(name):
            object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        names = {*object.__dir__(self), *self._parameters, *self._buffers, *self._modules}
        return sorted(name for name in names if not name[0].isdigit())

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what was pickled or copied; subclasses may add what older pickles lack."""
        self.__dict__.update(state)

    def _forget(self, name: str) -> bool:
        """Remove the attribute, parameter, buffer or submodule ``name``; returns whether there was one."""
        self._non_persistent.discard(name)
        places = [self.__dict__[registry] for registry, *_ in _REGISTRIES] + [self.__dict__]
        found = [place for place in places if name in place]
        for place in found:
            del place[name]
        return bool(found)

    def _mark_persistent(self, name: str, persistent: bool) -> None:
        if persistent:
            self._non_persistent.discard(name)
        else:
            self._non_persistent.add(name)

    def _register(self, registry: str, name: str, value: Any) -> None:
        """Enter a value under a name that is not taken."""
        accepted, noun = next(row[2:] for row in _REGISTRIES if row[0] == registry)
        entries = self.__dict__.get(registry)
        if entries is None:
            raise AttributeError(
                f"cannot assign {noun} before Module.__init__() call: put super().__init__() first in "
                f"{type(self).__name__}.__init__"
            )
        if not isinstance(name, str):
            raise ArgumentError(f"{noun} name should be a string. Got {type(name).__name__}")
        if "." in name:
            raise KeyError(f'{noun} name can\'t contain ".", got: {name}')
        if not name:
            raise KeyError(f'{noun} name can\'t be empty string ""')
        if hasattr(self, name) and name not in entries:
            raise KeyError(f"attribute '{name}' already exists")
        if value is not None and not isinstance(value, accepted):
            raise ArgumentError(
                f"cannot assign '{type(value).__name__}' object to {noun} '{name}' ({accepted.__name__} or None required)"
            )
        entries[name] = value

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, or with None the name of one that this module does without.

        Raises:
            KeyError: The name is empty, contains a dot, or is an attribute already.
            ArgumentError: The value is of another type.
        """
        self._register("_parameters", name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is not trained, but in ``state_dict()`` if ``persistent``; errors as in :meth:`register_parameter`."""
        self._register("_buffers", name, tensor)
        self._mark_persistent(name, persistent)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a submodule; errors as in :meth:`register_parameter`."""
        self._register("_modules", name, module)

    register_module = add_module

    # -------------------------------------------------------------------------------------------- traversal

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all modules in it, with their dotted names; a shared one once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, _join(prefix, name), remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """This module and all modules in it; a shared one once."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The submodules with their names; a shared one once."""
        return _once(self._modules.items(), set())

    def children(self) -> Iterator[Module]:
        """The submodules; a shared one once."""
        return (module for _, module in self.named_children())

    def _named(self, registry: str, prefix: str, recurse: bool, remove_duplicate: bool) -> Iterator[tuple[str, Any]]:
        modules = self.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, self)]
        entries = ((_join(path, name), value) for path, m in modules for name, value in m.__dict__[registry].items())
        return _once(entries, set() if remove_duplicate else None)

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their dotted names; a shared one once, under its first name.

        Args:
            prefix: Prepended to every name.
            recurse: Those of submodules, too.
            remove_duplicate: Whether a shared parameter is listed once.
        """
        return self._named("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, what an optimizer takes; a shared one once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """The buffers with their dotted names; arguments as for :meth:`named_parameters`."""
        return self._named("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers; a shared one once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        """The module of a dotted name, such as ``"encoder.0"``; this one for ``""``.

        Raises:
            AttributeError: There is none.
        """
        module = self
        for name in target.split(".") if target else ():
            module = module._get(name, Module)
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter of a dotted name, such as ``"encoder.0.weight"``.

        Raises:
            AttributeError: There is none.
        """
        path, _, name = target.rpartition(".")
        return self.get_submodule(path)._get(name, Parameter)

    def get_buffer(self, target: str) -> Tensor:
        """The buffer of a dotted name.

        Raises:
            AttributeError: There is none.
        """
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        buffer = owner._get(name, Tensor)
        if name not in owner._buffers:
            raise AttributeError(f"`{name}` is not a buffer of {type(owner).__name__}")
        return buffer

    def _get(self, name: str, kind: type[_M]) -> _M:
        if not hasattr(self, name):
            raise AttributeError(f"{type(self).__name__} has no attribute `{name}`")
        value = getattr(self, name)
        if not isinstance(value, kind):
            raise AttributeError(f"`{name}` of {type(self).__name__} is not an nn.{kind.__name__}")
        return value

    # ---------------------------------------------------------------------------------------------- state

    def _entries(self, prefix: str = "") -> Iterator[tuple[str, Module, str, Tensor]]:
        """Key, owner, name and value of everything in the state_dict; shared ones under all their names."""
        for name, value in (*self._parameters.items(), *self._buffers.items()):
            if value is not None and name not in self._non_persistent:
                yield prefix + name, self, name, value
        for name, module in self._modules.items():
            if module is not None:
                yield from module._entries(f"{prefix}{name}.")

    def state_dict(
        self, *, destination: dict[str, Tensor] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Tensor]:
        """Parameters and persistent buffers by dotted name, detached but sharing the module's memory.

        Args:
            destination: A dict to fill, instead of a new one.
            prefix: Prepended to every key.
            keep_vars: Give the parameters themselves, not detached.
        """
        entries = {} if destination is None else destination
        for key, _, _, value in self._entries(prefix):
            entries[key] = value if keep_vars else value.detach()
        return entries

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> IncompatibleKeys:
        """Copy values from a state_dict into the parameters and buffers of the same names.

        Args:
            state_dict: Tensors by dotted name.
            strict: Refuse missing and unexpected keys, instead of returning them.
            assign: Take over the given tensors, with their dtypes, instead of copying their values.

        Raises:
            StateDictError: Keys are missing or unexpected (if ``strict``), or shapes differ; all are listed,
                and nothing has been loaded.
            ArgumentError: ``state_dict`` is not a mapping.
        """
        if not isinstance(state_dict, Mapping):
            raise ArgumentError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        entries = list(self._entries())
        own = {key: value for key, owner, name, value in entries if key in state_dict or name not in owner._may_miss}
        keys, problems = compared(own, state_dict, strict)
        if problems:
            listed = "\n\t".join(problems)
            raise StateDictError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{listed}")
        with no_grad():
            for key, owner, name, value in entries:
                if key not in state_dict or is_lazy(value):
                    continue
                if assign:
                    setattr(owner, name, as_kind_of(value, state_dict[key]))
                else:
                    value.copy_(state_dict[key])
        return keys

    def train(self, mode: bool = True) -> Self:
        """Put this module and all in it into training mode, or with False into evaluation mode.

        It matters to modules such as Dropout and BatchNorm1d.
        """
        if not isinstance(mode, bool):
            raise ValueError(f"training mode is expected to be boolean, got {type(mode).__name__}")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Put this module and all in it into evaluation mode."""
        return self.train(False)

    def apply(self, fn: Callable[[Module], object]) -> Self:
        """Call ``fn`` on every submodule, then on this module; typically to initialize parameters."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Start, or stop, computing gradients for all parameters."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Reset the gradients of all parameters: to None, or with ``set_to_none=False`` to zeros."""
        for parameter in self.parameters():
            if parameter.grad is not None:
                parameter.grad = None if set_to_none else parameter.grad.detach().zero_()

    @overload
    def to(self, device: DeviceLike = None, dtype: dtype | None = None, non_blocking: bool = False) -> Self: ...

    @overload
    def to(self, dtype: dtype, non_blocking: bool = False) -> Self: ...

    @overload
    def to(self, tensor: Tensor, non_blocking: bool = False) -> Self: ...

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert floating-point parameters and buffers: ``to(dtype)``, ``to(device)``, ``to(tensor)``.

        Parameters are converted in place, so an optimizer that has them keeps them.

        Raises:
            ArgumentError: The dtype is not a floating-point one.
            DeviceError: The device is not the CPU.
        """
        wanted = empty(0).to(*args, **kwargs).dtype
        if not wanted.is_floating_point:
            raise ArgumentError(f"nn.Module.to only accepts floating point dtypes, but got desired dtype={wanted}")
        return self._convert(lambda tensor: tensor.to(*args, **kwargs))

    def cpu(self) -> Self:
        """Itself: it lives on the CPU."""
        return self

    def cuda(self, device: Any = None) -> Self:
        """An error, as PyTorch without CUDA gives one.

        Raises:
            DeviceError: There is no device but the CPU.
        """
        return self.to("cuda")

    def double(self) -> Self:
        """Convert floating-point parameters and buffers to float64, in place."""
        return self._convert(Tensor.double)

    def float(self) -> Self:
        """Convert floating-point parameters and buffers to float32, in place."""
        return self._convert(Tensor.float)

    def half(self) -> Self:
        """Convert floating-point parameters and buffers to float16, in place."""
        return self._convert(Tensor.half)

    def type(self, dst_type: dtype) -> Self:
        """Convert parameters and buffers to a dtype, in place."""
        return self._convert(lambda tensor: tensor.to(dst_type), every=True)

    def _convert(self, convert: Callable[[Tensor], Tensor], every: bool = False) -> Self:
        for module in self.modules():
            for tensor in (*module._parameters.values(), *module._buffers.values()):
                if tensor is None or not (every or tensor.is_floating_point()):
                    continue
                data, gradient = convert(tensor.data), tensor.grad
                if data.dtype is not tensor.dtype:
                    tensor.data = data
                    tensor.grad = None if gradient is None else convert(gradient.detach())
        return self

    # ----------------------------------------------------------------------------------------------- repr

    def extra_repr(self) -> str:
        """What stands between the parentheses of the repr; subclasses override it."""
        return ""

    def _listed(self, children: list[tuple[str, str]]) -> list[str]:
        """The lines of the repr about what the module has, from the names and the reprs of its submodules."""
        return [f"({name}): {text}" for name, text in children]

    def __repr__(self) -> str:
        extra = self.extra_repr()
        extra_lines = extra.split("\n") if extra else []
        children = []
        for name, module in self._modules.items():  # not in a helper: its frames would halve the depth that can be shown
            children.append((name, repr(module).replace("\n", "\n  ")))
        lines = extra_lines + self._listed(children)
        body = lines[0] if len(lines) == len(extra_lines) == 1 else ("\n  " + "\n  ".join(lines) + "\n" if lines else "")
        return f"{type(self).__name__}({body})"


# Where attributes are registered: registry, what assignment enters, what may replace it later, its name.
_REGISTRIES: tuple[tuple[str, type, type, str], ...] = (
    ("_parameters", Parameter, Parameter, "parameter"),
    ("_modules", Module, Module, "module"),
    ("_buffers", Buffer, Tensor, "buffer"),
)


def _once(pairs: Iterable[tuple[str, Any]], seen: set[int] | None) -> Iterator[tuple[str, Any]]:
    """The pairs whose value is not None; where ``seen`` is given, each value once."""
    for name, value in pairs:
        if value is None or (seen is not None and id(value) in seen):
            continue
        if seen is not None:
            seen.add(id(value))
        yield name, value


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name
