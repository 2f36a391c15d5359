"""What scripts set at their head: determinism, precision, the default device. Here most of it can be one way only, and is."""

from __future__ import annotations

import warnings
from typing import Any

from .core.errors import ArgumentError
from .device import CPU, DeviceLike, on_cpu
from .device import device as device_type

__all__ = [
    "are_deterministic_algorithms_enabled",
    "get_default_device",
    "get_deterministic_debug_mode",
    "get_float32_matmul_precision",
    "is_deterministic_algorithms_warn_only_enabled",
    "is_warn_always_enabled",
    "set_default_device",
    "set_deterministic_debug_mode",
    "set_float32_matmul_precision",
    "set_flush_denormal",
    "set_warn_always",
    "use_deterministic_algorithms",
]  # fmt: skip

_MODES = ("default", "warn", "error")
_deterministic = 0  # a position in _MODES
_precision = "highest"
_warn_always = False


def set_default_device(device: DeviceLike) -> None:
    """Where new tensors are made: the CPU.

    Raises:
        DeviceError: It is another device.
    """
    if device is not None:
        on_cpu(device)


def get_default_device() -> device_type:
    """The CPU."""
    return CPU


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Remember the wish: every operation here gives the same bits each time, so it changes nothing.

    Raises:
        ArgumentError: ``mode`` is not a bool.
    """
    global _deterministic
    for name, value in (("mode", mode), ("warn_only", warn_only)):
        if not isinstance(value, bool):
            raise ArgumentError(
                f"use_deterministic_algorithms(): argument {name!r} must be bool, not {type(value).__name__}"
            )
    _deterministic = (1 if warn_only else 2) if mode else 0


def are_deterministic_algorithms_enabled() -> bool:
    """Whether :func:`use_deterministic_algorithms` asked for them. (They are deterministic anyway.)"""
    return _deterministic > 0


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether they were asked for with ``warn_only``."""
    return _deterministic == 1


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """The same by name or number: "default" 0, "warn" 1, "error" 2.

    Raises:
        ArgumentError: It is neither a number nor text. RuntimeError: It is another one.
    """
    global _deterministic
    if not isinstance(debug_mode, int | str):
        raise ArgumentError(f"debug_mode must be str or int, but got {type(debug_mode).__name__}")
    if debug_mode not in (*_MODES, 0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected one of {', '.join(_MODES)}, but got {debug_mode}")
    _deterministic = _MODES.index(debug_mode) if isinstance(debug_mode, str) else int(debug_mode)


def get_deterministic_debug_mode() -> int:
    """0, 1 or 2, see :func:`set_deterministic_debug_mode`."""
    return _deterministic


def set_float32_matmul_precision(precision: str) -> None:
    """How exact products of float32 must be at least; they always have the "highest" precision here.

    A name other than "highest", "high" and "medium" is ignored with a warning.
    """
    global _precision
    if precision in ("highest", "high", "medium"):
        _precision = precision
    else:
        warnings.warn(f"{precision} is not one of 'highest', 'high', or 'medium'; the call has no effect", stacklevel=2)


def get_float32_matmul_precision() -> str:
    """What was set by :func:`set_float32_matmul_precision`."""
    return _precision


def set_flush_denormal(mode: Any) -> bool:
    """False: NumPy cannot be told to flush denormal numbers to zero."""
    return False


def set_warn_always(b: bool) -> None:
    """Remember whether each warning is to be shown always: here Python's filters decide, see ``warnings``.

    Raises:
        ArgumentError: ``b`` is not a bool.
    """
    global _warn_always
    if not isinstance(b, bool):
        raise ArgumentError(f"setWarnOnlyOnce expects a bool, but got {type(b).__name__}")
    _warn_always = b


def is_warn_always_enabled() -> bool:
    """What was set by :func:`set_warn_always`."""
    return _warn_always
