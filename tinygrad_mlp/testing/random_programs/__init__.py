"""Random programs: straight-line code over the library's operations, as text that this library and PyTorch both run.

A :class:`Writer` writes one: it draws a template and its arguments, runs the line to learn the result's shape, dtype and
values, and goes on from there. What it draws comes from a :class:`Choices`: from a seeded stream (:mod:`..fuzz`), or from
hypothesis (:func:`..strategies.programs`), which can then shrink it. The templates of elementwise operations follow from the
operations themselves; those whose arguments need more thought are a :class:`Template` each in :data:`TEMPLATES`.
"""

from .generate import TEMPLATES, write
from .program import Leaf, Line, RandomProgram
from .writer import Seeded, Value, Writer, lattice

__all__ = ["TEMPLATES", "Leaf", "Line", "RandomProgram", "Seeded", "Value", "Writer", "lattice", "write"]
