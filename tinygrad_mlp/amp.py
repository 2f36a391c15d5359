"""Mixed precision as far as a CPU without bfloat16 has it: PyTorch's ``torch.amp``.

``autocast`` for a device that is not there is switched off with a warning, as PyTorch does without CUDA; one for the CPU may be
switched off by ``enabled=False`` only. A ``GradScaler`` for the CPU scales; one for CUDA is switched off.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from .core.errors import DTypeError
from .core.graph import Tensor
from .device import device as _device
from .dtypes import bfloat16, dtype, float16
from .grad_mode import no_grad
from .optim.optimizer import Optimizer

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available", "is_autocast_enabled"]


class autocast:  # noqa: N801 - PyTorch's name
    """A block, or a function, whose products are computed in another dtype: here only one that is switched off.

    >>> import tinygrad_mlp as torch
    >>> with torch.autocast("cpu", enabled=False):
    ...     (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
    tinygrad_mlp.float32

    Raises:
        DTypeError: It is entered enabled, for the CPU: in bfloat16 or float16, in which products are not computed here.
    """

    def __init__(
        self, device_type: str, dtype: dtype | None = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        self.device: str = _device(device_type).type
        self.fast_dtype: Any = bfloat16 if dtype is None else dtype
        if enabled and self.device != "cpu":
            warnings.warn(f"{self.device.upper()} is not available. Disabling autocast.", stacklevel=2)
            enabled = False
        if enabled and self.fast_dtype not in (bfloat16, float16):
            warnings.warn(
                f"In CPU autocast, but the target dtype {dtype} is not supported. Disabling autocast.", stacklevel=2
            )
            enabled = False
        self._enabled = enabled

    def __enter__(self) -> autocast:
        if self._enabled:
            raise DTypeError(
                f"autocast('cpu') would compute products in {self.fast_dtype}, which is not available here; say "
                "autocast('cpu', enabled=False), or leave it out"
            )
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is to be undone."""

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, run within the block."""

        @functools.wraps(function)
        def within(*args: Any, **params: Any) -> Any:
            with self:
                return function(*args, **params)

        return within


def is_autocast_available(device_type: str) -> bool:
    """Whether the device has an autocast that works: none has."""
    _device(device_type)
    return False


def is_autocast_enabled(device_type: str | None = None) -> bool:
    """False: autocast is switched off wherever it can be entered."""
    return False


def custom_fwd(fwd: Any = None, *, device_type: str, cast_inputs: dtype | None = None) -> Any:
    """Decorate a Function's ``forward``: it runs as it is, as autocast is never on."""
    return fwd if fwd is not None else functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)


def custom_bwd(bwd: Any = None, *, device_type: str) -> Any:
    """Decorate a Function's ``backward``: it runs as it is."""
    return bwd if bwd is not None else functools.partial(custom_bwd, device_type=device_type)


class GradScaler:
    """Scales a loss so that small gradients in float16 do not vanish, and skips steps whose gradients overflowed.

    Args:
        device: For the CPU it works; for CUDA, which is not there, it is switched off with a warning.
        init_scale: The factor at the start.
        growth_factor, backoff_factor: What it is multiplied with after ``growth_interval`` good steps, and after a bad one.
        enabled: Whether it does anything.
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._device = device
        if enabled and _device(device).type != "cpu":
            warnings.warn("GradScaler is enabled, but CUDA is not available. Disabling.", stacklevel=2)
            enabled = False
        if enabled and not (growth_factor > 1.0 and backoff_factor < 1.0):
            raise AssertionError(
                f"The growth factor must be > 1.0, the backoff factor < 1.0: {growth_factor}, {backoff_factor}"
            )
        self._enabled = enabled
        self._scale, self._growth, self._backoff, self._interval = init_scale, growth_factor, backoff_factor, growth_interval
        self._good_steps = 0
        self._stages: dict[int, tuple[str, bool]] = {}  # by optimizer: what was done since update(), whether all is finite

    def scale(self, outputs: Any) -> Any:
        """A tensor, or an iterable of them, times the scale.

        Raises:
            ValueError: It is neither.
        """
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            return outputs * self._scale
        if isinstance(outputs, Iterable):
            scaled = map(self.scale, outputs)
            return type(outputs)(scaled) if isinstance(outputs, list | tuple) else scaled
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def unscale_(self, optimizer: Optimizer) -> None:
        """Divide the gradients of the optimizer's parameters by the scale: to clip them before :meth:`step`.

        Raises:
            RuntimeError: It was done already since the last :meth:`update`. ValueError: A gradient is float16.
        """
        if not self._enabled:
            return
        if id(optimizer) in self._stages:
            done = self._stages[id(optimizer)][0]
            raise RuntimeError(f"unscale_() is being called after {done}() of this optimizer since the last update().")
        finite = True
        with no_grad():
            for gradient in (p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None):
                if gradient.dtype is float16:
                    raise ValueError("Attempting to unscale FP16 gradients.")
                gradient.mul_(1.0 / self._scale)
                finite &= bool(gradient.isfinite().all())
        self._stages[id(optimizer)] = "unscale_", finite

    def step(self, optimizer: Optimizer, *args: Any, **kwargs: Any) -> float | None:
        """Unscale, and make the optimizer's step if all gradients are finite; what that returned, else None.

        Raises:
            RuntimeError: It was done already since the last :meth:`update`, or a closure is given.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        if self._stages.get(id(optimizer), ("", False))[0] == "step":
            raise RuntimeError("step() has already been called since the last update().")
        if id(optimizer) not in self._stages:
            self.unscale_(optimizer)
        finite = self._stages[id(optimizer)][1]
        self._stages[id(optimizer)] = "step", finite
        return optimizer.step(*args, **kwargs) if finite else None

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """The next scale: smaller after an overflow, larger after many good steps, or ``new_scale``.

        Raises:
            AssertionError: No step was made.
        """
        if not self._enabled:
            return
        if new_scale is not None:
            self._scale = float(new_scale)
        elif not self._stages:
            raise AssertionError("No inf checks were recorded prior to update.")
        elif all(finite for _, finite in self._stages.values()):
            self._good_steps += 1
            if self._good_steps == self._interval:
                self._scale, self._good_steps = min(self._scale * self._growth, math.inf), 0
        else:
            self._scale, self._good_steps = self._scale * self._backoff, 0
        self._stages = {}

    def get_scale(self) -> float:
        """The scale; 1 where it is switched off."""
        return self._scale if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """What the scale grows by."""
        return self._growth

    def set_growth_factor(self, new_factor: float) -> None:
        """What the scale grows by from now on."""
        self._growth = new_factor

    def get_backoff_factor(self) -> float:
        """What the scale is multiplied with after an overflow."""
        return self._backoff

    def set_backoff_factor(self, new_factor: float) -> None:
        """What the scale is multiplied with from now on."""
        self._backoff = new_factor

    def get_growth_interval(self) -> int:
        """After how many good steps the scale grows."""
        return self._interval

    def set_growth_interval(self, new_interval: int) -> None:
        """After how many good steps it grows from now on."""
        self._interval = new_interval

    def is_enabled(self) -> bool:
        """Whether it does anything."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """The scale and what it follows from; empty where it is switched off."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale,
            "growth_factor": self._growth,
            "backoff_factor": self._backoff,
            "growth_interval": self._interval,
            "_growth_tracker": self._good_steps,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a :meth:`state_dict`.

        Raises:
            RuntimeError: It is empty, that of a scaler that was switched off.
        """
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError("The source state dict is empty, possibly because it was saved from a disabled GradScaler.")
        names = ("scale", "growth_factor", "backoff_factor", "growth_interval", "_growth_tracker")
        self._scale, self._growth, self._backoff, self._interval, self._good_steps = (state_dict[name] for name in names)
