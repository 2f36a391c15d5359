"""How tensors look when printed: PyTorch's layout, four digits, columns aligned, long tensors cut short.

>>> import tinygrad_mlp as torch
>>> torch.tensor([[1.5, -2.0], [0.25, 100.0]])
tensor([[  1.5000,  -2.0000],
        [  0.2500, 100.0000]])
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .core.apply import node_of
from .core.graph import Tensor
from .dtypes import as_dtype, bool_, get_default_dtype, int64

__all__ = ["set_printoptions", "tensor_str"]


class _Options(NamedTuple):
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES = {
    "default": _Options(),
    "short": _Options(precision=2, edgeitems=2),
    "full": _Options(threshold=math.inf),
}
_options = _Options()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Change how tensors are printed; what is left out stays, but for ``sci_mode``.

    Args:
        precision: Digits after the decimal point, 4 at first.
        threshold: The number of elements above which only the edges are shown, 1000 at first.
        edgeitems: Elements shown at each edge of a dimension, 3 at first.
        linewidth: Characters after which a line is broken, 80 at first.
        profile: ``"default"``, ``"short"`` or ``"full"``: settings to start from.
        sci_mode: Whether to print ``1.0000e+00``; None decides by the values.

    Raises:
        ValueError: There is no such profile.

    >>> import tinygrad_mlp as torch
    >>> torch.set_printoptions(precision=2)
    >>> torch.tensor([1 / 3])
    tensor([0.33])
    >>> torch.set_printoptions(profile="default")
    """
    global _options
    if profile is not None and profile not in _PROFILES:
        raise ValueError(f"set_printoptions: profile must be one of {', '.join(_PROFILES)}, got {profile!r}")
    start = _options if profile is None else _PROFILES[profile]
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    _options = start._replace(**changed, sci_mode=sci_mode)


def tensor_str(tensor: Tensor) -> str:
    """The tensor as text: its values, then what is not the default about it."""
    if hasattr(tensor._cell, "described"):  # it stands for one sample of a batch
        return tensor._cell.described()
    array = tensor._data
    kind = as_dtype(array.dtype)
    suffixes = []
    if array.size == 0:
        usual = kind is get_default_dtype()
        if array.ndim != 1:
            suffixes.append(f"size={array.shape}")
    else:
        usual = kind in (get_default_dtype(), int64, bool_)
        if not _options.edgeitems:
            suffixes.append(f"size={array.shape}")
    if not usual:
        suffixes.append(f"dtype={kind}")
    node = node_of(tensor)
    if node is not None:
        suffixes.append("requires_grad=True" if node.is_leaf else f"grad_fn={node}")
    head = "tensor("
    text = head + (_values(array, len(head)) if array.size else "[]")
    used = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if used + len(suffix) + 2 > _options.linewidth:
            text += ",\n" + " " * len(head) + suffix
            used = len(head) + len(suffix)
        else:
            text += ", " + suffix
            used += len(suffix) + 2
    return text + ")"


def _values(array: np.ndarray[Any, Any], indent: int) -> str:
    cut = array.size > _options.threshold
    shown = array
    if cut:
        for axis, size in enumerate(array.shape):
            shown = np.take(shown, [*_edges(size)[0], *_edges(size)[1]], axis)
    form, width = _formatter(shown)
    return _nested(array, indent, cut, form, width)


def _edges(size: int) -> tuple[range, range]:
    """The indices shown of a long dimension: those before the dots and those after."""
    edge = _options.edgeitems
    return (range(edge), range(size - edge, size)) if size > 2 * edge else (range(size), range(0))


def _formatter(shown: np.ndarray[Any, Any]) -> tuple[Callable[[Any], str], int]:
    """How to write one value, and the width of a column; decided by the values that are shown."""
    if shown.dtype.kind != "f":
        width = max((len(str(v)) for v in shown.ravel().tolist()), default=1)
        return lambda v: str(v).rjust(width), width
    digits = _options.precision
    values = shown[np.isfinite(shown) & (shown != 0)].astype(np.float64)
    whole, scientific = True, False
    if values.size:
        low, high = np.abs(values).min(), np.abs(values).max()
        whole = bool((values == np.ceil(values)).all())
        scientific = bool(high / low > 1000 or high > 1e8 or low < 1e-4)
        if _options.sci_mode is not None:
            scientific = _options.sci_mode

    def form(v: float) -> str:
        if scientific:
            return f"{v:.{digits}e}"
        if whole:
            return f"{v:.0f}." if math.isfinite(v) else f"{v:.0f}"
        return f"{v:.{digits}f}"

    width = max((len(form(v)) for v in values.tolist()), default=1)
    return lambda v: form(v).rjust(width), width


def _nested(array: np.ndarray[Any, Any], indent: int, cut: bool, form: Callable[[Any], str], width: int) -> str:
    """The values in brackets, dimension by dimension; ``indent`` is the column of the opening bracket."""
    if array.ndim == 0:
        return form(array.item())
    before, after = _edges(len(array)) if cut else (range(len(array)), range(0))
    dots = len(before) + len(after) < len(array)
    if array.ndim == 1:
        numbers = array.tolist()
        items = [form(numbers[i]) for i in before] + [" ..."] * dots + [form(numbers[i]) for i in after]
        if dots and not _options.edgeitems:
            items = ["..."]
        count = max(1, (_options.linewidth - indent) // (width + 2))
        items = [", ".join(items[i : i + count]) for i in range(0, len(items), count)]
        gap = ",\n"
    else:
        parts = [[_nested(array[i], indent + 1, cut, form, width) for i in rows] for rows in (before, after)]
        items = parts[0] + ["..."] * dots + parts[1]
        gap = "," + "\n" * (array.ndim - 1)
    return "[" + (gap + " " * (indent + 1)).join(items) + "]"
