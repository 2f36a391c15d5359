"""Hooks of optimizers: functions that run before and after a step, or when a state_dict is made or loaded."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from .._tensor import RemovableHandle
from ..errors import ArgumentError

__all__ = ["Hooks", "hooked", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook"]

_Step = TypeVar("_Step", bound=Callable[..., Any])
_BEFORE: dict[int, Callable[..., Any]] = {}  # for every optimizer
_AFTER: dict[int, Callable[..., Any]] = {}


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Have ``hook(optimizer, args, kwargs)`` run before each step of every optimizer; returns a handle that takes it off."""
    return RemovableHandle(_BEFORE, hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Have ``hook(optimizer, args, kwargs)`` run after each step of every optimizer; returns a handle that takes it off."""
    return RemovableHandle(_AFTER, hook)


def hooked(step: _Step) -> _Step:
    """A method ``step`` that runs the hooks. A step that a step of a subclass calls runs none."""

    @functools.wraps(step)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        hooks: Hooks | None = self._hooks
        if (hooks is None and not _BEFORE and not _AFTER) or self._stepping:
            return step(self, *args, **kwargs)
        self._stepping = True
        try:
            for hook in [*_BEFORE.values(), *(hooks.before.values() if hooks else ())]:
                changed = hook(self, args, kwargs)
                if changed is not None:
                    if not isinstance(changed, tuple) or len(changed) != 2:
                        raise ArgumentError(
                            f"{hook} must return None or a tuple of (new_args, new_kwargs), but got {changed!r}"
                        )
                    args, kwargs = changed
            result = step(self, *args, **kwargs)
            for hook in [*(hooks.after.values() if hooks else ()), *_AFTER.values()]:
                hook(self, args, kwargs)
        finally:
            self._stepping = False
        return result

    return call  # type: ignore[return-value] # same signature as `step`, which mypy cannot see


class Hooks:
    """The hooks of one optimizer, each by its handle's id."""

    def __init__(self) -> None:
        self.before: dict[int, Callable[..., Any]] = {}
        self.after: dict[int, Callable[..., Any]] = {}
        self.saving: dict[int, Callable[..., Any]] = {}
        self.saved: dict[int, Callable[..., Any]] = {}
        self.loading: dict[int, Callable[..., Any]] = {}
        self.loaded: dict[int, Callable[..., Any]] = {}

    def add(self, kind: str, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Add a hook of a kind, as the last, or the first."""
        hooks: dict[int, Callable[..., Any]] = getattr(self, kind)
        handle = RemovableHandle(hooks, hook)
        if prepend:
            others = {key: other for key, other in hooks.items() if key != handle.id}
            hooks.clear()
            hooks.update({handle.id: hook, **others})
        return handle
