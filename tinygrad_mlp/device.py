"""PyTorch's device names. There is one device, the CPU; others have names, to compare, but asking for memory there is an error.

>>> import tinygrad_mlp as torch
>>> device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
>>> device, device.type == "cuda"
(device(type='cpu'), False)
"""

from __future__ import annotations

from typing import Any, TypeAlias

from .core.errors import ArgumentError
from .errors import DeviceError

__all__ = ["accelerator", "device", "on_cpu", "xpu"]

_TYPES = (
    "cpu", "cuda", "ipu", "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip", "ve", "fpga", "maia", "xla", "lazy", "vulkan",
    "mps", "meta", "hpu", "mtia", "privateuseone",
)  # fmt: skip


class device:  # noqa: N801 - PyTorch's name
    """The name of a place for tensors: ``device("cpu")``, ``device("cuda:0")``, ``device("cuda", 0)``.

    Raises:
        DeviceError: No such name; an accelerator by its number, as there is none.
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: str | device, index: int | None = None) -> None:  # noqa: A002 - PyTorch's argument name
        if isinstance(type, device):
            self.type, self.index = type.type, type.index
            return
        if isinstance(type, int):
            raise DeviceError("Cannot access accelerator device when none is available: use 'cpu'")
        if not isinstance(type, str):
            raise ArgumentError(f"device() takes a name such as 'cpu', or a device, not {type!r}")
        name, colon, number = type.partition(":")
        if name not in _TYPES:
            raise DeviceError(f"Expected one of {', '.join(_TYPES)} device type at start of device string: {type}")
        if colon and (not number.isdecimal() or str(int(number)) != number):
            raise DeviceError(f"Invalid device string: {type!r}; after the colon stands a number, as in 'cuda:0'")
        if colon and index is not None:
            raise DeviceError(f"type (string) must not include an index because index was passed explicitly: {type}")
        self.type, self.index = name, int(number) if colon else index

    def __repr__(self) -> str:
        return f"device(type={self.type!r}{'' if self.index is None else f', index={self.index}'})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> tuple[Any, ...]:
        return device, (str(self),)

    def __enter__(self) -> device:
        """As a context: new tensors are made there, which is possible for the CPU only."""
        on_cpu(self)
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is to be undone."""


DeviceLike: TypeAlias = device | str | None  # what an argument `device` may be
CPU = device("cpu")


def on_cpu(place: Any) -> None:
    """Nothing, if ``place`` is the CPU.

    Raises:
        DeviceError: It is another device.
    """
    if place is not CPU and device(place).type != "cpu":
        raise DeviceError(f"device {str(place)!r} is not available: this library computes on the CPU; use 'cpu'")


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


accelerator: _Accelerator = _Accelerator()
xpu: _Absent = _Absent()
