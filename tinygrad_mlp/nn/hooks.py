"""Hooks around a module's forward, and around its part of a backward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .._tensor import Tensor
from ..errors import GraphError
from ..grad_mode import is_grad_enabled
from ..ops.creation import zeros_like

Gradients = tuple[Tensor | None, ...]


class Hook(NamedTuple):
    """A function, and the event at which it is called: "forward", "forward_pre", "backward" or "backward_pre"."""

    event: str
    function: Callable[..., Any]
    with_kwargs: bool = False
    always_call: bool = False


def call_with_hooks(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``module.forward``, with the module's hooks around it."""
    called: set[int] = set()
    try:
        for hook in _hooks_on(module, "forward_pre").values():
            if hook.with_kwargs:
                changed = hook.function(module, args, kwargs)
                if changed is not None:
                    if not isinstance(changed, tuple) or len(changed) != 2:
                        raise RuntimeError(
                            f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {changed}."
                        )
                    args, kwargs = changed
            else:
                changed = hook.function(module, args)
                if changed is not None:
                    args = changed if isinstance(changed, tuple) else (changed,)
        listens = is_grad_enabled() and any(hook.event.startswith("backward") for hook in module._hooks.values())
        backward = _BackwardHooks(module) if listens else None
        if backward:
            args = backward.enter(args)
        result = module.forward(*args, **kwargs)
        for key, hook in _hooks_on(module, "forward").items():
            called.add(key)
            changed = hook.function(module, args, *([kwargs] if hook.with_kwargs else []), result)
            if changed is not None:
                result = changed
        return backward.leave(result) if backward else result
    except Exception:
        for key, hook in _hooks_on(module, "forward").items():
            if hook.always_call and key not in called:
                hook.function(module, args, *([kwargs] if hook.with_kwargs else []), None)
        raise


def _hooks_on(module: Any, event: str) -> dict[int, Hook]:
    return {key: hook for key, hook in module._hooks.items() if hook.event == event}


class _BackwardHooks:
    """The backward hooks around one call of a module."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.inputs = 0
        self.waits_for_inputs = False
        self.grad_output: Gradients = ()

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.inputs = len(args)
        self.waits_for_inputs = any(isinstance(a, Tensor) and a.requires_grad for a in args)
        return _gate(args, self._on_inputs)

    def leave(self, result: Any) -> Any:
        if isinstance(result, tuple):
            return _gate(result, self._on_outputs)
        return _gate((result,), self._on_outputs)[0]

    def _on_outputs(self, grads: Gradients) -> Gradients:
        for hook in _hooks_on(self.module, "backward_pre").values():
            grads = _replaced(grads, hook.function(self.module, grads), "grad_output")
        self.grad_output = grads
        if not self.waits_for_inputs:
            self._on_inputs((None,) * self.inputs)
        return grads

    def _on_inputs(self, grads: Gradients) -> Gradients:
        for hook in _hooks_on(self.module, "backward").values():
            grads = _replaced(grads, hook.function(self.module, grads, self.grad_output), "grad_input")
        return grads


def _gate(values: Sequence[Any], fire: Callable[[Gradients], Gradients]) -> tuple[Any, ...]:
    """Pass tensors through; in the backward pass call ``fire`` once, with the gradients of all together.

    A tensor that gets no gradient counts with zeros. Each tensor passes two identities. Backward runs newer nodes first,
    so all second identities have collected their gradients before a first identity runs and hands them to ``fire``.
    """
    memory = [value.detach() if isinstance(value, Tensor) else None for value in values]
    collected: dict[int, Tensor] = {}
    leaving: dict[int, Tensor | None] = {}

    def leave(position: int) -> Tensor | None:
        if collected:
            blank = [None if like is None else zeros_like(like) for like in memory]
            grads = tuple(collected.get(i, blank[i]) for i in range(len(memory)))
            collected.clear()
            leaving.update(enumerate(fire(grads)))
        return leaving.pop(position)

    passed = list(values)
    gated = [i for i, value in enumerate(values) if isinstance(value, Tensor) and value.requires_grad]
    for i in gated:
        passed[i] = passed[i].view_as(passed[i])
        passed[i].register_hook(lambda grad, i=i: leave(i))
    for i in gated:
        passed[i] = passed[i].view_as(passed[i])
        passed[i].register_hook(lambda grad, i=i: collected.update({i: grad}))
    return tuple(passed)


def _replaced(grads: tuple[Any, ...], new: Any, what: str) -> tuple[Any, ...]:
    if new is None:
        return grads
    new = new if isinstance(new, tuple) else (new,)
    if len(new) != len(grads):
        raise GraphError(f"Backward hook returned an invalid number of {what}, got {len(new)}, but expected {len(grads)}")
    return new
