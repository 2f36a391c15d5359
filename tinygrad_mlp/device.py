"""PyTorch's device names. There is one device, the CPU; asking for another is an error that says so.

>>> import tinygrad_mlp as torch
>>> torch.device("cpu")
device(type='cpu')
>>> torch.cuda.is_available(), torch.accelerator.is_available()
(False, False)
"""

from __future__ import annotations

from typing import TypeAlias

from .errors import DeviceError

__all__ = ["accelerator", "backends", "cuda", "device"]


class device:  # noqa: N801 - PyTorch's name
    """Where a tensor lives: always the CPU.

    Raises:
        DeviceError: another device was named.
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: str | device = "cpu", index: int | None = None) -> None:  # noqa: A002 - PyTorch's argument name
        name = str(type.type if isinstance(type, device) else type)
        if name.partition(":")[0] != "cpu":
            raise DeviceError(f"device {name!r} is not available: this library computes on the CPU; use 'cpu'")
        self.type = "cpu"
        self.index = index

    def __repr__(self) -> str:
        return "device(type='cpu')"

    def __str__(self) -> str:
        return "cpu"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device)

    def __hash__(self) -> int:
        return hash("cpu")

    def __reduce__(self) -> tuple[object, ...]:
        return device, (self.type, self.index)


CPU = device()
DeviceLike: TypeAlias = device | str | None  # what an argument `device` may be


class _Absent:
    """A kind of accelerators, which this library does not use."""

    @staticmethod
    def is_available() -> bool:
        """False: there is no such device."""
        return False

    @staticmethod
    def device_count() -> int:
        """0: there is no such device."""
        return 0


class _Accelerator(_Absent):
    @staticmethod
    def current_accelerator(check_available: bool = False) -> device | None:
        """None: there is no accelerator."""
        return None


class _Backends:
    mps: _Absent = _Absent()


cuda: _Absent = _Absent()
accelerator: _Accelerator = _Accelerator()
backends: _Backends = _Backends()
