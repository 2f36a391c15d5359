"""What a call computes, as a list of primitives that can be computed again: on other numbers, or with one of them changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.graph import Node
from ..core.primitive import Primitive
from ..core.state import Observer, state

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["Call", "Recorder", "Slot", "forward", "operation_of"]

Array = np.ndarray[Any, Any]


def operation_of(node: Node) -> str:
    """The name of the primitive, or of the user's Function, that made a node."""
    return node.op.name if node.op is not None else node.name().removesuffix("Backward")


class Slot(int):
    """The position of a recorded value: the inputs come first, then one result a call."""


@dataclass(frozen=True)
class Call:
    """One application of a primitive."""

    op: Primitive
    inputs: tuple[Any, ...]  # each the Slot that it came from, or the constant that it was
    params: dict[str, Any]  # the options
    value: Array  # what came out


def forward(call: Call, args: Sequence[Any]) -> Array:
    """The call's primitive, computed on ``args``."""
    return np.asarray(state.quiet(call.op.forward, *args, **call.params))


class Recorder(Observer):
    """An observer that notes the primitives applied to Tensors.

    What is not a primitive is not noted (in-place writes, random numbers, values that went through Python), and counts as
    the constant that it was: compare what :meth:`replay` gives with ``call.value``.

    >>> import numpy as np
    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.grad_mode import observed_by
    >>> x = torch.tensor([1.0, 2.0])
    >>> recorder = Recorder([x._data])
    >>> with observed_by(recorder):
    ...     y = (3 * x).exp()
    >>> [call.op.name for call in recorder.calls]
    ['mul', 'exp']
    >>> recorder.replay([np.array([0.0, 0.0])])[-1]
    array([1., 1.])
    """

    def __init__(self, inputs: Sequence[Array]) -> None:
        self.calls: list[Call] = []  # what was computed, in order
        self.values: list[Array] = list(inputs)  # then what came out of each call: a value a slot
        self._slots = {id(array): Slot(k) for k, array in enumerate(inputs)}  # all kept in values: no id is used again

    def slot(self, array: Any) -> Slot | None:
        """Where the array came from, None if from outside."""
        return self._slots.get(id(array))

    def replay(self, inputs: Sequence[Array], compute: Callable[[Call, list[Any]], Array] = forward) -> list[Array]:
        """Every value, by slot, as ``compute`` gives it from these inputs."""
        values = list(inputs)
        for call in self.calls:
            values.append(compute(call, [values[a] if type(a) is Slot else a for a in call.inputs]))
        return values

    def applied(
        self, op: Primitive, args: Sequence[Any], arrays: Sequence[Any], params: dict[str, Any], result: Tensor
    ) -> None:
        """Note a primitive."""
        self.calls.append(Call(op, tuple(self._slots.get(id(a), a) for a in arrays), params, result._data))
        self._slots[id(result._data)] = Slot(len(self.values))
        self.values.append(result._data)
