"""Names of a package that are imported when they are first used, as few programs use them and importing them takes time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["later"]


def later(
    package: str, names: dict[str, str], needs: tuple[str, str] = ("", ""), also: Mapping[str, str] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """A package's ``__getattr__`` and ``__dir__`` (PEP 562).

    Args:
        package: Its name.
        names: For each name the relative name of its module: the one that defines it, or the one that it names.
        needs: A library that some of the modules import, and the extra that installs it.
        also: More such names: a table that is written by a program.
    """
    names = {**names, **(also or {})}

    def __getattr__(name: str) -> Any:  # noqa: N807 - it becomes the module's
        """The value of the name, imported now."""
        if name not in names:
            from .absent import absence  # most programs say no such name

            raise AttributeError(absence(package, name, __dir__()))
        try:
            module = import_module(names[name], package)
        except ModuleNotFoundError as error:
            if not needs[0] or (error.name or "").partition(".")[0] != needs[0]:
                raise
            raise ModuleNotFoundError(
                f"{package}.{name} needs {needs[0]}, which is not installed: pip install 'tinygrad_mlp[{needs[1]}]'",
                name=error.name,
            ) from error
        value = module if names[name] == f".{name}" else getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    def __dir__() -> list[str]:  # noqa: N807 - likewise
        """The package's names, also those that are not imported yet."""
        return sorted({*vars(sys.modules[package]), *names})

    return __getattr__, __dir__
