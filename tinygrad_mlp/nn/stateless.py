"""A module called with other parameters than its own, as a function of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .._tensor import Tensor
from ..errors import ArgumentError
from .module import Module

__all__ = ["functional_call"]


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]],
    args: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """``module(*args, **kwargs)`` with these tensors in the place of its parameters and buffers.

    Args:
        module: To call. Buffers that its forward writes in place are written in the tensors given.
        parameter_and_buffer_dicts: Tensors by their dotted names; or several such dicts, without a name in common.
        args: The arguments, a tuple; or the only one.
        kwargs: By name.
        tie_weights: What the module has under several names is replaced under all of them where one is given.
        strict: Whether every name must be given, and no other.

    Raises:
        ValueError: A name is in two dicts, or tied names are given different tensors. RuntimeError: Where ``strict``, names are missing or
        unexpected.

    >>> import tinygrad_mlp as torch
    >>> layer = torch.nn.Linear(2, 1)
    >>> torch.func.functional_call(layer, {"weight": torch.ones(1, 2), "bias": torch.zeros(1)}, torch.ones(2))
    tensor([2.])
    """
    tensors = _merged(parameter_and_buffer_dicts)
    given = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replaced(module, tensors, tie_weights, strict):
        return module(*given, **(kwargs or {}))


def _merged(given: Any) -> dict[str, Tensor]:
    if isinstance(given, Mapping):
        return dict(given)
    if not isinstance(given, Sequence) or not all(isinstance(part, Mapping) for part in given):
        raise ValueError(
            f"functional_call: expected parameter_and_buffer_dicts to be a dict, or a list or tuple of dicts, got {type(given).__name__}"
        )
    merged: dict[str, Tensor] = {}
    for part in given:
        if twice := sorted(merged.keys() & part.keys()):
            raise ValueError(
                f"functional_call: {twice} appeared in multiple dictionaries; behavior of functional call is ambiguous"
            )
        merged.update(part)
    return merged


@contextmanager
def _replaced(module: Module, tensors: dict[str, Tensor], tie_weights: bool, strict: bool) -> Iterator[None]:
    """A block in which the module has these tensors."""
    own = [*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False)]
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise ArgumentError(f"functional_call: {name} must be a Tensor, not {type(tensor).__name__}")
    if tie_weights:
        tensors = {**tensors, **_tied(own, tensors)}
    if strict:
        names = {name for name, _ in own}
        missing, unexpected = sorted(names - tensors.keys()), sorted(tensors.keys() - names)
        if missing or unexpected:
            raise RuntimeError(
                f"functional_call: with strict=True every parameter and buffer must be given: Missing key(s): {missing}. "
                f"Unexpected key(s): {unexpected}."
            )
    before: list[tuple[dict[str, Any], str, Any]] = []
    try:
        for name, tensor in tensors.items():
            path, _, last = name.rpartition(".")
            owner = module.get_submodule(path)
            registry: Any = owner._parameters if last in owner._parameters else owner._buffers
            if last not in registry:
                raise AttributeError(
                    f"functional_call: {type(owner).__name__} has no parameter or buffer {last!r}, given as {name!r}"
                )
            before.append((registry, last, registry[last]))
            registry[last] = tensor
        yield
    finally:
        for registry, last, value in reversed(before):
            registry[last] = value


def _tied(own: Sequence[tuple[str, Any]], tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What is given for one name of a tensor, under its other names."""
    names: dict[int, list[str]] = {}
    for name, tensor in own:
        names.setdefault(id(tensor), []).append(name)
    found: dict[str, Tensor] = {}
    for tied in names.values():
        given = [tensors[name] for name in tied if name in tensors]
        if any(tensor is not given[0] for tensor in given):
            raise ValueError(
                f"functional_call: {tied} are tied, but different tensors are given for them; give one, or pass tie_weights=False"
            )
        if given:
            found |= dict.fromkeys(tied, given[0])
    return found
