"""Writes docs/pytorch.md, which says what of PyTorch is here: ``python -m tests.pytorch_page``.

PyTorch's public names are kept in pytorch_names.txt; what is here is read from the package.
"""

from __future__ import annotations

import importlib
import textwrap
from pathlib import Path
from typing import Any

import tinygrad_mlp
from tinygrad_mlp.absent import NEVER, never

NAMES = Path(__file__).with_name("pytorch_names.txt")
PAGE = Path(__file__).parents[1] / "docs" / "pytorch.md"
HEAD = """# What of PyTorch is here

Programs written for PyTorch 2.13 run with `import tinygrad_mlp as torch` as far as they say names that are listed here as offered. A name
that is here does what PyTorch's does; one that is not raises an `AttributeError` that says what to use instead, or which name may have been
meant. This page is written from the package: `python -m tests.pytorch_page`.

## Never

| left out for good | instead |
|---|---|
"""


def pytorch_names() -> dict[str, list[str]]:
    """PyTorch's public names, by namespace."""
    lines = [line.partition(": ") for line in NAMES.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {namespace: names.split() for namespace, _, names in lines}


def ours(namespace: str) -> Any:
    """What stands for PyTorch's namespace, or None."""
    if namespace == "torch.Tensor":
        return tinygrad_mlp.Tensor
    try:
        return importlib.import_module(namespace.replace("torch", "tinygrad_mlp", 1))
    except ModuleNotFoundError:
        found: Any = tinygrad_mlp
        for part in namespace.split(".")[1:]:
            found = getattr(found, part, None)
        return found


def sorted_out(namespace: str, names: list[str]) -> tuple[list[str], list[str], int]:
    """The names that are offered, those that are not here, and how many of them never will be."""
    place, prefix = ours(namespace), namespace.removeprefix("torch").lstrip(".")
    offered = [name for name in names if place is not None and hasattr(place, name)]
    absent = [name for name in names if name not in offered]
    missing = [name for name in absent if never(f"{prefix}.{name}".lstrip(".")) is None]
    return offered, missing, len(absent) - len(missing)


def listed(names: list[str]) -> str:
    """Names as a paragraph."""
    return textwrap.fill(" ".join(f"`{name}`" for name in names), 140, break_long_words=False, break_on_hyphens=False)


def page() -> str:
    """The text of docs/pytorch.md."""
    parts = [HEAD + "".join(f"| {what} | {instead} |\n" for what, _, instead in NEVER)]
    for namespace, names in pytorch_names().items():
        offered, missing, excluded = sorted_out(namespace, names)
        count = f"{len(offered)} of {len(names) - excluded} names" + (
            f", and {excluded} that are left out for good" * bool(excluded)
        )
        parts.append(f"## {namespace}\n\nOffered: {count}.\n")
        parts += [listed(offered) + "\n"] if offered else []
        parts += ["Not here:\n", listed(missing) + "\n"] if missing else []
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
