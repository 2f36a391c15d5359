"""The base of modules that are a function of :mod:`.functional` with its options remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .._tensor import Tensor
from .module import Module

__all__ = ["FunctionModule"]


class FunctionModule(Module):
    """A module that remembers the options of a function: each is an attribute of its name; weights are buffers.

    A subclass names its function, ``class ReLU(..., function=relu)``, and spells out the options in its ``__init__``.
    """

    _function: ClassVar[Callable[..., Tensor]]

    def __init_subclass__(cls, function: Callable[..., Tensor] | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if function is not None:  # else that of the base class
            cls._function = staticmethod(function)

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self._options = tuple(options)
        for name, value in options.items():
            if name in ("weight", "pos_weight"):
                self.register_buffer(name, value)
            else:
                setattr(self, name, value)

    def options(self) -> dict[str, Any]:
        """The function's keyword arguments, as they are now."""
        own = self.__dict__
        return {name: own[name] if name in own else getattr(self, name) for name in self._options}
