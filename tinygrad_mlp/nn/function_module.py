"""The base of modules that are a function of :mod:`.functional` with its options remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..tensor import Tensor
from .module import Module

__all__ = ["FunctionModule"]


class FunctionModule(Module):
    """A module whose forward is ``function`` with the options given to ``__init__``, each an attribute of its name.

    An option that is a tensor is a buffer. Subclasses name their function and spell out their options.
    """

    function: ClassVar[Callable[..., Tensor]]

    def __init__(self, tensors: dict[str, Tensor | None] | None = None, **options: Any) -> None:
        super().__init__()
        for name, tensor in (tensors or {}).items():
            self.register_buffer(name, tensor)
        for name, value in options.items():
            setattr(self, name, value)
        self._options = (*(tensors or {}), *options)

    def options(self) -> dict[str, Any]:
        """The function's keyword arguments, as they are now."""
        return {name: getattr(self, name) for name in self._options}

    def forward(self, *inputs: Tensor) -> Tensor:
        """The function of the inputs, with this module's options."""
        return type(self).function(*inputs, **self.options())
