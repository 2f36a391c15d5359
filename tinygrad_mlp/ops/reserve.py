"""Families of operations that are imported when one of them is first used, as a function, a method or a ufunc.

``index.py`` is the table of what they define. It is written from the running package (``python -m tests.stubs``), so it names whatever
a family's file declares.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from ..core.graph import Tensor
from .index import MEMBERS, UFUNCS

__all__ = ["all_families", "family_of_ufunc"]


class _Member:
    """A member of Tensor whose family is not imported yet. The family then puts the operation in its place."""

    def __init__(self, name: str, family: str) -> None:
        self.name, self.family = name, family

    def __get__(self, tensor: Tensor | None, owner: type[Tensor]) -> Any:
        import_module(self.family, __package__)
        return getattr(owner if tensor is None else tensor, self.name)


for _name, _family in MEMBERS.items():
    setattr(Tensor, _name, _Member(_name, _family))


def family_of_ufunc(name: str) -> None:
    """Import the family that answers the ufunc ``np.<name>``, if there is one."""
    if name in UFUNCS:
        import_module(UFUNCS[name], __package__)


def all_families() -> None:
    """Import every family: for who looks through all operations."""
    for family in iter_modules([str(Path(__file__).parent)]):
        import_module(f".{family.name}", __package__)
