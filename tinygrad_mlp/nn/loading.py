"""What becomes of a module's state when a state_dict is loaded: what fits, what does not, and what replaces what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .._tensor import Tensor
from .parameter import Parameter, _Uninitialized

__all__ = ["IncompatibleKeys"]


class IncompatibleKeys(NamedTuple):
    """What ``load_state_dict`` found: the module's keys that were missing, and keys that it does not have."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


def _optional(key: str, state_dict: Mapping[str, Any]) -> bool:
    """Whether it is the counter that a batch normalization had not yet when the state_dict, without a version, was made."""
    return key.rpartition(".")[2] == "num_batches_tracked" and not hasattr(state_dict, "_metadata")


def compared(own: Mapping[str, Tensor], state_dict: Mapping[str, Any], strict: bool) -> tuple[IncompatibleKeys, list[str]]:
    """The keys that only one of the two has, and everything that speaks against loading."""
    keys = IncompatibleKeys(
        [key for key in own if key not in state_dict and not _optional(key, state_dict)],
        [key for key in state_dict if key not in own],
    )
    problems = []
    for key, value in own.items():
        new = state_dict.get(key)
        if isinstance(value, _Uninitialized) and isinstance(new, Tensor) and not isinstance(new, _Uninitialized):
            value.materialize(new.shape)
    for kind, names in zip(("Missing", "Unexpected"), keys, strict=True):
        if strict and names:
            quoted = ", ".join(f'"{name}"' for name in names)
            problems.append(f"{kind} key(s) in state_dict: {quoted}. ")
    for key, value in own.items():
        new = state_dict.get(key, value)
        if not isinstance(new, Tensor):
            problems.append(
                f'expected a Tensor for "{key}" from checkpoint but received {type(new)}; make one with torch.as_tensor(...)'
            )
        elif not isinstance(value, _Uninitialized) and new.shape != value.shape:
            problems.append(
                f"size mismatch for {key}: copying a param with shape {new.shape} from checkpoint, "
                f"the shape in current model is {value.shape}."
            )
    return keys, problems


def as_kind_of(old: Tensor, new: Tensor) -> Tensor:
    """The tensor to put in the place of ``old``: a Parameter in the place of one."""
    if isinstance(old, Parameter) and not isinstance(new, Parameter):
        return Parameter(new, old.requires_grad)
    return new
