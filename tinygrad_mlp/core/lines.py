"""The line of the user's program that ran an operation: errors name it."""

from __future__ import annotations

import linecache
import os
import sys
from types import CodeType, FrameType

Origin = tuple[CodeType, int]  # a line of a program: the code that ran, and how far it had come


class _Machinery(dict[str, bool]):
    """By file name: whether the file is a part of the package, and not of a program that comes with it."""

    root = os.path.dirname(os.path.dirname(__file__)) + os.sep
    programs: tuple[str, ...] = ()

    def __missing__(self, filename: str) -> bool:
        self[filename] = found = filename.startswith(self.root) and not filename.startswith(self.programs)
        return found


_machinery = _Machinery()


def is_program(path: str) -> None:
    """Take the files of the package that begin with ``path`` for a user's program: their lines are named, too."""
    _machinery.programs += (path,)
    _machinery.clear()


def origin(depth: int = 2) -> Origin | None:
    """The line being run in the nearest frame outside the package, if any, as what it takes to find it out later.

    The frame itself would keep its variables alive.
    """
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None:
        code = frame.f_code
        if not _machinery[code.co_filename]:
            return code, frame.f_lasti
        frame = frame.f_back
    return None


def source_line(origin: Origin) -> str:
    """``file:line`` and the text of the line."""
    code, instruction = origin
    line = next(
        (line for start, end, line in code.co_lines() if start <= instruction < end and line is not None),
        code.co_firstlineno,
    )
    text = linecache.getline(code.co_filename, line).strip()
    return f"{code.co_filename}:{line}" + (f" ({text})" if text else "")
