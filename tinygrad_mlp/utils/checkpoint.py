"""Less memory for more time: what the graph would save is computed again when backward needs it. Chen et al. 2016."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from .._tensor import Tensor
from ..autograd.function import Function, FunctionCtx
from ..autograd.graph import saved_tensors_hooks
from ..autograd.saving import Packing
from ..core.backward import backward as walk_back
from ..core.state import recording
from ..grad_mode import enable_grad, is_grad_enabled, observed_by
from ..ops.random import get_rng_state, set_rng_state

__all__ = ["CheckpointError", "checkpoint", "checkpoint_sequential", "noop_context_fn"]

Contexts = Callable[[], tuple[AbstractContextManager[Any], AbstractContextManager[Any]]]


class CheckpointError(RuntimeError):
    """A function computed other things the second time than the first."""


def noop_context_fn() -> tuple[AbstractContextManager[Any], AbstractContextManager[Any]]:
    """Two blocks that do nothing."""
    return nullcontext(), nullcontext()


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Contexts = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """``function(*args)``, which saves its arguments only: what backward needs is computed again from them.

    Args:
        function: To compute, once now and once in backward.
        args: Its arguments.
        use_reentrant: False saves nothing and has one graph, which ``autograd.grad`` and second derivatives go through as without. True is
            the older way: no graph now, and a backward pass of its own inside backward; an argument must require a gradient.
        context_fn: Gives two blocks to compute in, the first time and the second.
        determinism_check: ``"default"`` compares shapes and dtypes of what is saved, ``"none"`` does not.
        debug, early_stop: May be set, for code that does.
        kwargs: ``preserve_rng_state``: whether the same random numbers are drawn both times, True unless given; others are the function's.

    Raises:
        CheckpointError: In backward: the function computed other things the second time.

    >>> import tinygrad_mlp as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> torch.utils.checkpoint.checkpoint(torch.tanh, x, use_reentrant=False).sum().backward()
    >>> x.grad
    tensor([0.4200, 0.4200])
    """
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly; use_reentrant=False is recommended, and "
            "True is what is done without it",
            stacklevel=2,
        )
        use_reentrant = True
    if use_reentrant:
        if context_fn is not noop_context_fn or kwargs:
            raise ValueError(
                f"checkpoint: with use_reentrant=True there are no context_fn and keyword arguments, got {sorted(kwargs)}"
            )
        if not any(isinstance(a, Tensor) and a.requires_grad for a in args):
            warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)
        return _Reentrant.apply(function, preserve, *args)
    again = _Again(function, args, kwargs, preserve, context_fn, determinism_check == "default")
    return again.first()


class _Again:
    """A function that is computed again when something that its graph saved is asked for."""

    def __init__(self, function: Any, args: Any, kwargs: Any, preserve: bool, contexts: Contexts, checks: bool) -> None:
        self.function, self.args, self.kwargs, self.checks = function, args, kwargs, checks
        self.state = get_rng_state() if preserve else None
        self.now, self.later = contexts()
        self.forms: list[Any] = []  # of what was saved, in order
        self.values: dict[int, Tensor] = {}  # what was computed again and not asked for yet

    def first(self) -> Any:
        """Compute it, and save nothing."""
        if not is_grad_enabled():
            return self.function(*self.args, **self.kwargs)
        with saved_tensors_hooks(self._noted, self._value), self.now:
            return self.function(*self.args, **self.kwargs)

    def _noted(self, tensor: Tensor) -> int:
        self.forms.append((tuple(tensor.shape), tensor.dtype))
        return len(self.forms) - 1

    def _value(self, place: int) -> Tensor:
        if place not in self.values:
            self._compute()
        return self.values.pop(place)

    def _compute(self) -> None:
        found: list[Tensor] = []
        with observed_by(Packing(found.append, _never)), _drawing_from(self.state), enable_grad(), self.later:
            self.function(*self.args, **self.kwargs)
        forms = [(tuple(x.shape), x.dtype) for x in found]
        if len(forms) != len(self.forms) or (self.checks and forms != self.forms):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original forward and recomputation, or of "
                f"other shapes: {self.forms} and then {forms}; the function must compute the same both times"
            )
        self.values = dict(enumerate(found))


def _never(value: Any) -> Tensor:
    raise CheckpointError("the graph of a computation that was done again has no backward pass")


@contextmanager
def _drawing_from(start: Tensor | None) -> Iterator[None]:
    """A block whose random numbers are those from a state on; after it they go on as before."""
    if start is None:
        yield
        return
    now = get_rng_state()
    set_rng_state(start)
    try:
        yield
    finally:
        set_rng_state(now)


class _Reentrant(Function):
    """A function without a graph, and one that its backward makes and goes through."""

    @staticmethod
    def forward(ctx: FunctionCtx, function: Any, preserve: bool, *args: Any) -> Any:
        """Compute it."""
        settings: Any = ctx
        settings.function, settings.state = function, get_rng_state() if preserve else None
        settings.args = [None if isinstance(a, Tensor) else a for a in args]
        settings.places = [k for k, a in enumerate(args) if isinstance(a, Tensor)]
        ctx.save_for_backward(*(args[k] for k in settings.places))
        return function(*args)

    @staticmethod
    def backward(ctx: FunctionCtx, *cotangents: Any) -> Any:
        """Compute it again, with a graph, and walk that back: gradients of parameters are added to their ``.grad`` here."""
        settings: Any = ctx
        args = list(settings.args)
        for k, tensor in zip(settings.places, ctx.saved_tensors, strict=True):
            assert tensor is not None
            args[k] = tensor.detach().requires_grad_(tensor.requires_grad)
        with _drawing_from(settings.state), enable_grad():
            result = settings.function(*args)
        outputs = result if isinstance(result, tuple) else (result,)
        pairs = [
            (y, g)
            for y, g in zip(outputs, cotangents, strict=True)
            if isinstance(y, Tensor) and y.requires_grad and g is not None
        ]
        if not pairs:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        with recording(False):
            walk_back([y for y, _ in pairs], [g for _, g in pairs])
        return None, None, *(a._grad if isinstance(a, Tensor) else None for a in args)


def checkpoint_sequential(
    functions: Any,
    segments: int,
    input: Any,  # noqa: A002 - PyTorch's name
    use_reentrant: bool | None = None,
    **kwargs: Any,
) -> Any:
    """The functions one after the other, in segments that are each a :func:`checkpoint`, but for the last, which is computed as it is.

    Args:
        functions: A Sequential, or functions of one argument.
        segments: How many.
        input: Of the first function.
        use_reentrant: As of :func:`checkpoint`.
        kwargs: ``preserve_rng_state``.

    Raises:
        ValueError: Another keyword argument.
    """
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError(f"Unexpected keyword arguments: {','.join(kwargs)}")
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be passed explicitly",
            stacklevel=2,
        )
        use_reentrant = True
    steps: Sequence[Callable[[Any], Any]] = list(functions.children()) if hasattr(functions, "children") else list(functions)
    size, value = len(steps) // segments, input
    for k in range(segments - 1):
        part = _chain(steps[k * size : (k + 1) * size])
        value = checkpoint(part, value, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return _chain(steps[(segments - 1) * size :])(value)


def _chain(steps: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def run(value: Any) -> Any:
        for step in steps:
            value = step(value)
        return value

    return run
