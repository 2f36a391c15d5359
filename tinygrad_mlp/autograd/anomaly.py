"""Finding the operation that made the first NaN or infinity, and the line of the program that ran it.

While detection is on, an observer is told of every operation and of every step of a backward pass (:class:`~tinygrad_mlp.core.state.Observer`).
It looks at what comes out; the graph knows the line. While it is off, nothing of this runs.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.graph import Node
from ..core.lines import origin, source_line
from ..core.primitive import Primitive
from ..core.state import Observer, state
from ..errors import AnomalyError
from ..ops.places import first_place
from .recording import Array

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = [
    "detect_anomaly", "is_anomaly_check_nan_enabled", "is_anomaly_enabled", "set_detect_anomaly",
]  # fmt: skip


def _made(output: Array, inputs: Sequence[Array]) -> tuple[tuple[int, ...], float] | None:
    """The first NaN in the output or, where all inputs are finite, the first infinity; with its index."""
    if np.isfinite(output).all():
        return None
    wrong = np.isnan(output)
    if not wrong.any():
        if not all(np.isfinite(array).all() for array in inputs):
            return None
        wrong = np.isinf(output)
    element = first_place(wrong)
    return element, float(output[element])


def _floats(values: Any) -> list[Array]:
    nested = [v for value in values for v in (value if isinstance(value, tuple | list) else (value,))]
    return [np.asarray(v) for v in nested if isinstance(v, float) or (isinstance(v, np.ndarray) and v.dtype.kind == "f")]


def _range(name: str, array: Array) -> str:
    if np.isnan(array).any():
        return f"{name} already held nan at element {list(first_place(np.isnan(array)))}"
    if array.size < 2:
        return f"{name} {array.item():.6g}" if array.size else f"{name} empty"
    return f"{name} in [{array.min():.6g}, {array.max():.6g}]"


class _Detector(Observer):
    """The observer: with ``check_nan`` it raises at the first NaN or infinity. What rules compute gets the line of the forward pass."""

    def __init__(self, check_nan: bool) -> None:
        self.check_nan = check_nan
        self.differentiated: Node | None = None  # the node whose rules are running; what they compute gets its line

    def applied(
        self, op: Primitive, args: Sequence[Any], arrays: Sequence[Any], params: dict[str, Any], result: Tensor
    ) -> None:
        inside = self.differentiated
        if result._node is not None and inside is not None:
            result._node.origin = inside.origin
        if not self.check_nan or inside is not None or result._like.dtype.kind != "f":
            return
        found = _made(result._data, _floats((*arrays, *params.values())))
        if found is None:
            return
        element, value = found
        here = origin()
        line = None if here is None else source_line(here)
        names = [f"input {k}" for k in range(len(arrays))] if op.variadic else list(op.inputs)
        given = [_range(n, a) for n, a in zip(names, map(np.asarray, arrays), strict=True) if a.dtype.kind in "fiu"]
        text = f"{op.name} returned {value} at element {list(element)} of its output, shape {result._like.shape}; "
        text += f"{', '.join(given)}. Forward line: {line}"
        raise AnomalyError(text, op.name, element, value, False, line)

    def differentiating(self, node: Node, g: Any, contributions: Iterator[tuple[Node, Any]]) -> Iterator[tuple[Node, Any]]:
        outer, self.differentiated = self.differentiated, node
        position = -1
        try:
            for parent, contribution in contributions:
                position = node.parents.index(parent, position + 1)  # gradients come in the order of the inputs
                if self.check_nan:
                    self._look_at_gradient(node, position, g, contribution)
                yield parent, contribution
        except AnomalyError:
            raise
        except Exception as error:
            error.add_note(f"In the backward pass of {node.name()}. {_forward_line(node)}")
            raise
        finally:
            self.differentiated = outer

    def _look_at_gradient(self, node: Node, position: int, g: Any, contribution: Any) -> None:
        cotangent, array = (getattr(value, "_data", value) for value in (g, contribution))
        if not isinstance(array, np.ndarray | np.generic):  # all cotangents of a user's function: each was looked at
            return
        given = [np.asarray(cotangent)] if isinstance(cotangent, np.ndarray | np.generic) else []
        found = _made(np.asarray(array), [*given, *_floats((node.saved or {}).values())])
        if found is None:
            return
        element, value = found
        line = None if node.origin is None else source_line(node.origin)
        named = node.op is not None and not node.op.variadic
        argument = f"argument {node.op.inputs[position]!r}" if node.op and named else f"argument {position}"
        text = (
            f"Function '{node.name()}' returned {'nan' if np.isnan(value) else 'infinite'} values in its {position}th output: "
            f"the gradient of {argument} is {value} at element {list(element)}, shape {array.shape}"
            f"{''.join('; ' + _range('the gradient of the output', c) for c in given)}. {_forward_line(node)}"
        )
        raise AnomalyError(text, node.name() if node.op is None else node.op.name, element, value, True, line)


def _forward_line(node: Node) -> str:
    return "No forward line." if node.origin is None else f"Forward line: {source_line(node.origin)}"


def _detector() -> _Detector | None:
    return next((o for o in state.observers if isinstance(o, _Detector)), None)


def _install(detector: _Detector | None) -> None:
    others = tuple(o for o in state.observers if not isinstance(o, _Detector))
    state.observers = others if detector is None else (*others, detector)


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on in this thread."""
    return _detector() is not None


def is_anomaly_check_nan_enabled() -> bool:
    """Whether detection, where it is on in this thread, looks for NaN and infinity."""
    detector = _detector()
    return detector is None or detector.check_nan


class set_detect_anomaly:  # noqa: N801 - PyTorch's name
    """Switch anomaly detection on or off in this thread: at once, and back at the end of a ``with`` block.

    >>> import tinygrad_mlp as torch
    >>> x = torch.tensor([4.0, 0.0], requires_grad=True)
    >>> with torch.autograd.set_detect_anomaly(True):
    ...     y = x.sqrt().sum()
    ...     try:
    ...         y.backward()
    ...     except AnomalyError as error:
    ...         print(error.op, error.element, error.value, error.line.split(" ", 2)[2])
    sqrt (1,) inf (y = x.sqrt().sum())

    Args:
        mode: On or off.
        check_nan: As in :class:`detect_anomaly`.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.previous: _Detector | None = _detector()
        _install(_Detector(check_nan) if mode else None)

    def __enter__(self) -> None:
        """Detection was switched when this was made."""

    def __exit__(self, *error: object) -> None:
        _install(self.previous)


class detect_anomaly(set_detect_anomaly):  # noqa: N801 - PyTorch's name
    """Find the first NaN or infinity made in the block, forward or backward, and the line that made it.

    Every operation's result and every gradient is looked at. A NaN is an error wherever it came from; an infinity is one
    where it was made of finite numbers, so a mask of -inf may pass. PyTorch looks for NaN in gradients only. Any other error
    in a backward pass has a note with the forward line.

    Args:
        check_nan: Whether to look; False leaves the notes.

    Raises:
        AnomalyError: In the block, at the first NaN or infinity: the operation, the element, the forward line.

    Warns:
        UserWarning: When made, as in PyTorch: detection is slow. :class:`set_detect_anomaly` does the same without it.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        self.previous = _detector()
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        _install(_Detector(self.check_nan))
