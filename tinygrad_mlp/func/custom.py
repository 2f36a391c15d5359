"""Users' Functions on batches: by their own ``vmap``, or by one that is made of their forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .._tensor import Tensor
from ..autograd.function import Function, FunctionCtx
from ..core.state import state
from ..errors import TransformError
from .trees import each_with, replaced, with_leaves

__all__ = ["of_samples"]


class VmapInfo(NamedTuple):
    """What a Function's ``vmap`` is told."""

    batch_size: int
    randomness: str


def of_samples(level: Any, function: Any, args: Sequence[Any]) -> Any:
    """What a Function gives for arguments of which some are samples of a level.

    Raises:
        TransformError: It has no ``vmap``, and none is to be made.
    """
    name = function.__name__
    if function.setup_context is None:
        raise TransformError(
            f"In order to use an autograd.Function with functorch transforms (vmap, grad, ...), it must override the setup_context "
            f"staticmethod: {name} has a forward that takes ctx"
        )
    if function.generate_vmap_rule and function.vmap is not None:
        raise RuntimeError(f"{name}: has both generate_vmap_rule=True and a vmap staticmethod; leave one of them out")
    if function.vmap is None and not function.generate_vmap_rule:
        raise TransformError(
            f"You tried to vmap over {name}, but it does not have vmap support: override the vmap staticmethod, or set "
            "generate_vmap_rule=True if forward, backward and jvp are written with operations"
        )
    before, state.follower = state.follower, level.outer
    try:
        values = replaced(level.value, [*args])
        if function.vmap is not None:
            dims = with_leaves([*args], [0 if level.owns(leaf) else None for leaf, _ in each_with(name, [*args], None)])
            result, out_dims = function.vmap(VmapInfo(level.size, level.randomness), tuple(dims), *values)
            pairs = each_with(f"{name}.vmap", result, out_dims)
            placed = [x if dim is None else level.sample(x.movedim(dim, 0) if dim else x) for x, dim in pairs]
            return with_leaves(result, placed)
        batched = [isinstance(a, Tensor) and level.owns(a) for a in args]
        kind: Any = type(level)
        made = _made(function, lambda: kind(level.size, level.randomness), batched)
        return replaced(level.sample, made.apply(*values))
    finally:
        state.follower = before


class _Context(FunctionCtx):
    """What a Function of samples finds in its ctx: what it left there, as samples of the level that runs now."""

    given: tuple[Any, ...] = ()

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """The samples."""
        return self.given


def _made(function: Any, level_of: Callable[[], Any], batched: Sequence[bool]) -> type[Function]:
    """The Function of batches that does to each sample what ``function`` does: for one call, whose ``batched`` arguments are batches."""
    inner = _Context()
    saved: list[bool] = []  # which of the tensors that it saved are batches; likewise for jvp
    pushed: list[bool] = []

    def run(level: Any, call: Callable[..., Any], *given: Any) -> Any:
        outer, state.follower = state.follower, level
        try:
            return call(*given)
        finally:
            state.follower = outer

    def samples(level: Any, values: Sequence[Any], which: Sequence[bool]) -> list[Any]:
        return [level.sample(v) if b and v is not None else v for v, b in zip(values, which, strict=True)]

    class OfBatches(Function):
        """The Function of batches."""

        @staticmethod
        def forward(*values: Any) -> Any:
            level = level_of()
            given = samples(level, values, batched)
            inner.needs_input_grad = tuple(isinstance(v, Tensor) and v.requires_grad for v in values)
            result = run(level, function.forward, *given)
            run(level, function.setup_context, inner, tuple(given), result)
            for which, kept in ((saved, inner._to_save), (pushed, inner._for_forward or inner._to_save)):
                which[:] = map(level.owns, kept)
            inner._to_save = tuple(map(level.value, inner._to_save))
            inner._for_forward = inner._for_forward and tuple(map(level.value, inner._for_forward))
            return replaced(level.full, result)

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(*inner._to_save)
            ctx.save_for_forward(*(inner._for_forward or inner._to_save))
            inner._to_save = ()
            inner._for_forward = None

        @staticmethod
        def backward(ctx: Any, *cotangents: Any) -> Any:
            level = level_of()
            inner.given = tuple(samples(level, ctx.saved_tensors, saved))
            found = run(level, function.backward, inner, *samples(level, cotangents, [True] * len(cotangents)))
            found = found if isinstance(found, tuple) else (found,)
            full = [None if g is None else level.full(g) for g in found]
            return tuple(g if g is None or b else g.sum(0) for g, b in zip(full, batched, strict=True))

        @staticmethod
        def jvp(ctx: Any, *tangents: Any) -> Any:
            level = level_of()
            inner.given = tuple(samples(level, ctx.saved_tensors, pushed))
            return replaced(level.full, run(level, function.jvp, inner, *samples(level, tangents, batched)))

    if function.jvp is None:
        OfBatches.jvp = None  # type: ignore[assignment,method-assign] # as if it had none
    OfBatches.__name__ = f"Vmapped{function.__name__}"
    return OfBatches
