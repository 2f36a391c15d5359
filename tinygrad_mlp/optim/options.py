"""The options of an optimizer, as its constructor was given them."""

from __future__ import annotations

from typing import Any

__all__ = ["options_among"]


def options_among(arguments: dict[str, Any]) -> dict[str, Any]:
    """What a group has by default: of a constructor's ``locals()`` all arguments but the parameters and ``implementation``."""
    return {key: value for key, value in arguments.items() if key not in ("self", "params", "implementation", "__class__")}
