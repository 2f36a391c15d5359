"""CUDA, which is not there: questions are answered so, requests raise :class:`~tinygrad_mlp.errors.DeviceError`.

>>> import tinygrad_mlp as torch
>>> torch.cuda.is_available(), torch.cuda.device_count()
(False, 0)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from ..device import DeviceLike
from ..errors import DeviceError
from ..later import later as _later

__all__ = [
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "Event", "FloatTensor", "HalfTensor", "IntTensor",
    "LongTensor", "OutOfMemoryError", "ShortTensor", "Stream", "amp", "current_device", "current_stream", "device",
    "device_count", "empty_cache", "get_arch_list", "get_device_capability", "get_device_name", "get_device_properties",
    "get_rng_state", "get_rng_state_all", "initial_seed", "is_available", "is_bf16_supported", "is_initialized",
    "manual_seed", "manual_seed_all", "max_memory_allocated", "max_memory_reserved", "mem_get_info", "memory_allocated",
    "memory_reserved", "seed", "seed_all", "set_device", "set_rng_state_all", "stream", "synchronize",
]  # fmt: skip

if not TYPE_CHECKING:
    __getattr__, __dir__ = _later(
        __name__,
        {
            "amp": ".amp",
            "BoolTensor": ".types",
            "ByteTensor": ".types",
            "CharTensor": ".types",
            "DoubleTensor": ".types",
            "FloatTensor": ".types",
            "HalfTensor": ".types",
            "IntTensor": ".types",
            "LongTensor": ".types",
            "ShortTensor": ".types",
        },
    )


class OutOfMemoryError(RuntimeError):
    """What a full accelerator raises; never raised here."""


def _absent(name: str) -> NoReturn:
    raise DeviceError(f"cuda.{name}: there is no CUDA, this library computes on the CPU; ask cuda.is_available() first")


class _Unavailable:
    def __init__(self, *args: Any, **params: Any) -> None:
        _absent(type(self).__name__)


class Event(_Unavailable):
    """A mark in a stream of CUDA: cannot be made."""


class Stream(_Unavailable):
    """A stream of CUDA: cannot be made."""


class device(_Unavailable):  # noqa: N801 - PyTorch's name
    """A block on a device of CUDA: cannot be entered."""


def is_available() -> bool:
    """False: there is no CUDA."""
    return False


def is_initialized() -> bool:
    """False: there is nothing to be initialized."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False: there is no CUDA."""
    return False


def device_count() -> int:
    """0: there is no CUDA."""
    return 0


def get_arch_list() -> list[str]:
    """Empty: nothing was compiled for CUDA."""
    return []


def _silent(name: str, doc: str) -> Any:
    def function(*args: Any, **params: Any) -> None: ...

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


def _zero(name: str) -> Any:
    def function(device: DeviceLike = None) -> int:
        return 0

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "0: CUDA has no memory here."
    return function


def _refused(name: str) -> Any:
    def function(*args: Any, **params: Any) -> NoReturn:
        _absent(name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "Always an error.\n\nRaises:\n    DeviceError: There is no CUDA."
    return function


def manual_seed(seed: int) -> None:
    """Nothing but a check: CUDA has no generator here. The CPU's is seeded by ``torch.manual_seed``."""
    int(seed)


def manual_seed_all(seed: int) -> None:
    """Nothing but a check, see :func:`manual_seed`."""
    int(seed)


def get_rng_state_all() -> list[Any]:
    """Empty: there are no devices."""
    return []


empty_cache: Callable[..., None] = _silent("empty_cache", "Nothing: there is no cache.")
seed: Callable[..., None] = _silent("seed", "Nothing: there is no generator of CUDA.")
seed_all: Callable[..., None] = _silent("seed_all", "Nothing: there is no generator of CUDA.")
set_rng_state_all: Callable[..., None] = _silent("set_rng_state_all", "Nothing: there is no generator of CUDA.")
memory_allocated: Callable[..., Any] = _zero("memory_allocated")
memory_reserved: Callable[..., Any] = _zero("memory_reserved")
max_memory_allocated: Callable[..., Any] = _zero("max_memory_allocated")
max_memory_reserved: Callable[..., Any] = _zero("max_memory_reserved")
current_device: Callable[..., Any] = _refused("current_device")
current_stream: Callable[..., Any] = _refused("current_stream")
get_device_capability: Callable[..., Any] = _refused("get_device_capability")
get_device_name: Callable[..., Any] = _refused("get_device_name")
get_device_properties: Callable[..., Any] = _refused("get_device_properties")
get_rng_state: Callable[..., Any] = _refused("get_rng_state")
initial_seed: Callable[..., Any] = _refused("initial_seed")
mem_get_info: Callable[..., Any] = _refused("mem_get_info")
set_device: Callable[..., Any] = _refused("set_device")
stream: Callable[..., Any] = _refused("stream")
synchronize: Callable[..., Any] = _refused("synchronize")
