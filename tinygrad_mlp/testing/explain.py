"""What a backward pass does, operation by operation: as text, as Graphviz DOT, as a drawing; and where a handwritten one errs."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import pairwise
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from .._tensor import is_tensor
from ..autograd.gradients import grad
from ..autograd.recording import Array, operation_of
from ..core.apply import node_of
from ..core.backward import fit, history
from ..core.graph import Node, wrap
from ..core.lines import source_line
from ..core.primitive import OPS, Primitive
from ..core.state import Observer, state
from ..dtypes import as_dtype
from ..errors import ArgumentError, GraphError, ShapeError
from ..grad_mode import observed_by
from ..nn import Module
from ..ops.places import first_place

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["BackwardStep", "Explanation", "GradientDifference", "explain_backward", "keep_values"]

_kept: WeakKeyDictionary[Node, Array] = WeakKeyDictionary()  # what keep_values saw, for as long as the graph lives


class _Keeper(Observer):
    """An observer that copies what every operation computes."""

    def applied(
        self, op: Primitive, args: Sequence[Any], arrays: Sequence[Any], params: dict[str, Any], result: Tensor
    ) -> None:
        node = result._node
        if node is not None:
            _kept[node] = result._data.copy()  # a copy, as it may be overwritten


def keep_values() -> AbstractContextManager[None]:
    """Keep the value of every operation recorded in the block, for :func:`explain_backward`.

    A graph keeps only what its rules need, so the norms of other values are unknown afterwards. What is kept here is freed
    with the graph.

    >>> import tinygrad_mlp as torch
    >>> x = torch.tensor([3.0, 4.0], requires_grad=True)
    >>> with keep_values():
    ...     loss = (x + 0).sum()
    >>> explain_backward(loss).steps[1].value_norm
    5.0
    """
    return observed_by(*state.observers, _Keeper())


# ------------------------------------------------------------------------------------------------- what is explained


@dataclass(frozen=True)
class BackwardStep:
    """One operation of the graph, or one of its leaves."""

    label: str  # "#1" for the operation that made the loss, and so on, away from it; a leaf's name
    operation: str  # what it is called; "" for a leaf
    formula: str  # what it computes, in a few words
    inputs: tuple[tuple[str, str], ...]  # of each that wants a gradient, the operation's name and the label of what made it
    shape: tuple[int, ...]  # of the output
    dtype: str  # likewise
    value_norm: float | None  # the Euclidean norm of the output; None where the value was not kept
    gradient_norm: float | None  # of its gradient; None where there is none, such as for a user's function as a whole
    line: str | None  # the line of the program that ran it, where it was noted
    depth: int  # the length of the longest way to it from the loss


@dataclass(frozen=True)
class GradientDifference:
    """Where a handwritten gradient and the graph's part first, walking back from the loss."""

    tensor: str  # the label of the tensor whose gradients differ
    operation: str  # the label and the name of the operation that the gradient comes from
    input: str  # the operation's name for that tensor
    element: tuple[int, ...]  # the index at which they differ most
    given: float  # the number there
    computed: float  # and the right one
    text: str  # all of it as a sentence, with what the difference looks like and what else may be at fault


@dataclass(frozen=True)
class Explanation:
    """A backward pass explained: ``str()`` or ``.text``, ``.dot``, ``.svg``; a notebook shows the drawing."""

    steps: tuple[BackwardStep, ...]  # the operations from the loss back, then the leaves
    difference: GradientDifference | None = (
        None  # where given and computed gradients part; None if nowhere, or none were given
    )
    compared: tuple[str, ...] = ()  # the labels of the tensors whose gradients were given

    @property
    def text(self) -> str:
        """A table with a row an operation, and the difference, if gradients were given."""
        rows = [("", "operation", "formula", "shape", "dtype", "|value|", "|gradient|", "inputs", "line")]
        for step in self.steps:
            inputs = " ".join(f"{name}={label}" for name, label in step.inputs)
            norms = _norm_text(step.value_norm), _norm_text(step.gradient_norm)
            shown = step.label, step.operation or "leaf", _cut(step.formula, 44), str(step.shape), step.dtype
            rows.append((*shown, *norms, inputs, _place(step.line)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        if any(step.value_norm is None for step in self.steps):
            lines.append("?: not kept by the graph; run the forward pass in `with keep_values():`")
        if self.difference is not None:
            lines += ["", self.difference.text]
        elif self.compared:
            lines += ["", f"The given gradients agree: {', '.join(self.compared)}."]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text

    @property
    def dot(self) -> str:
        """The graph in Graphviz's language: ``dot -Tsvg`` draws it."""
        names = {step.label: f"n{k}" for k, step in enumerate(self.steps)}
        lines = ["digraph backward {", '  node [shape=box, fontname="monospace", fontsize=10];']
        for step in self.steps:
            label = "\\n".join(part.replace("\\", "\\\\").replace('"', '\\"') for part in _box_text(step))
            colour = f', style=filled, fillcolor="{_colour(step)}"' + (', color="#c00000"' if self._parts(step) else "")
            lines.append(f'  {names[step.label]} [label="{label}"{colour}];')
        lines += [f"  {names[label]} -> {names[step.label]};" for step in self.steps for _, label in step.inputs]
        return "\n".join([*lines, "}", ""])

    @property
    def svg(self) -> str:
        """The graph as a drawing: leaves above what uses them, the loss at the bottom."""
        return _drawing(self)

    def _parts(self, step: BackwardStep) -> bool:
        """Whether the difference is here: at the operation whose rule the gradient comes from, or at the tensor."""
        d = self.difference
        return d is not None and (step.label == d.tensor or f"{step.label} {step.operation}" == d.operation)

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | PathLike[str]) -> None:
        """Write it to a file by the name's ending: ``.svg``, ``.dot`` or ``.txt``.

        Raises:
            ArgumentError: Another ending.
        """
        name = fspath(path)
        kind = {".svg": "svg", ".dot": "dot", ".txt": "text"}.get(name[-4:])
        if kind is None:
            raise ArgumentError(f"save() writes by ending, .svg, .dot or .txt; got {name!r}")
        Path(name).write_text(getattr(self, kind), encoding="utf-8")


def _norm_text(norm: float | None) -> str:
    return "?" if norm is None else f"{norm:.4g}"


def _place(line: str | None) -> str:
    """The file's name and the line's number, of ``path:line (text)``."""
    return "" if line is None else line.partition(" (")[0].replace("\\", "/").rpartition("/")[2]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."


def _colour(step: BackwardStep) -> str:
    return "#ffffff" if step.operation else "#dce9f7"


def _box_text(step: BackwardStep) -> list[str]:
    title = f"{step.label} {step.operation}".rstrip()
    norms = f"|value| {_norm_text(step.value_norm)}  |gradient| {_norm_text(step.gradient_norm)}"
    return [title, *([_cut(step.formula, 34)] if step.formula else []), f"{step.shape} {step.dtype}", norms]


# ---------------------------------------------------------------------------------------------------- looking at a graph


def _formula(node: Node) -> str:
    """The operation's docstring, up to the end of what can be read as a formula."""
    if node.op is None:
        text = getattr(getattr(node, "function", None), "__doc__", None)
    else:
        public = OPS.get(node.op.name.strip("_"))
        text = node.op.forward.__doc__ or (None if public is None else public.__doc__)
    sentence = " ".join((text or "").split("\n\n")[0].split()).partition(". ")[0]
    formula = sentence.partition(": ")[0].partition("; ")[0]
    return formula.removesuffix(".").replace("``", "").replace(":func:", "").replace("`", "")


def _input_name(node: Node, position: int) -> str:
    return node.op.inputs[position] if node.op is not None and not node.op.variadic else str(position)


class _Graph:
    """The nodes behind a loss, newest first, with who uses them, and what they are called: ``names`` are users' own."""

    def __init__(self, loss: Tensor, gradient: Tensor | None, names: Mapping[Node, str]) -> None:
        root = node_of(loss)
        if root is None:
            raise GraphError(
                "explain_backward: the loss has no graph: nothing it was computed from has requires_grad=True, or it was "
                "computed under no_grad, or it was detached"
            )
        self.root = root
        self.nodes = history([(root, None)])
        self.users: dict[Node, list[tuple[Node, int]]] = {node: [] for node in self.nodes}
        for node in self.nodes:
            for position, parent in enumerate(node.parents):
                if parent is not None:
                    self.users[parent].append((node, position))
        self.depth = {root: 0}
        for node in self.nodes[1:]:
            self.depth[node] = 1 + max(self.depth[user] for user, _ in self.users[node])
        targets = [node for node in self.nodes if not hasattr(node, "function")]  # not a Function's own
        stand_ins = [wrap(np.broadcast_to(np.zeros((), node.dtype), node.shape), node) for node in targets]
        gradients = grad(loss, stand_ins, gradient, retain_graph=True, allow_unused=True)
        self.gradients = {node: g._data for node, g in zip(targets, gradients, strict=True) if g is not None}
        self.labels = self._labels(names)

    def values(self) -> dict[Node, Array]:
        """What is known of the values: kept, a leaf's own, or saved by an operation for its rules."""
        known: dict[Node, Array] = {}
        for node in self.nodes:
            saved = node.saved or {}
            if node.op is not None:
                if "y" in saved:
                    known[node] = saved["y"]
                for position, parent in enumerate(node.parents):
                    value = saved["inputs"][position] if "inputs" in saved else saved.get(_input_name(node, position))
                    if parent is not None and isinstance(value, np.ndarray):
                        known.setdefault(parent, value)
            elif node.is_leaf and node.sink is not None and (tensor := node.sink()) is not None:
                known[node] = tensor._data
        return known | {node: _kept[node] for node in self.nodes if node in _kept}

    def _labels(self, names: Mapping[Node, str]) -> dict[Node, str]:
        """``#k`` for operations, from the loss on, with the name where there is one; for leaves the name alone."""
        operations = [node for node in self.nodes if not node.is_leaf]
        leaves = [node for node in self.nodes if node.is_leaf]
        labels = {node: f"#{k} {names.get(node, '')}".rstrip() for k, node in enumerate(operations, 1)}
        taken = set(labels.values())
        for k, node in enumerate(leaves, 1):
            label = names.get(node, f"leaf {k}")
            while label in taken:
                label += "'"
            taken.add(label)
            labels[node] = label
        return labels

    def title(self, node: Node) -> str:
        return f"{self.labels[node]} {operation_of(node)}"


def _norm(array: Array | None) -> float | None:
    return None if array is None else float(np.linalg.norm(np.asarray(array, np.float64).ravel()))


def explain_backward(
    loss: Tensor,
    given: Mapping[Tensor | str, Any] | None = None,
    names: Mapping[str, Tensor] | Module | None = None,
    *,
    gradient: Tensor | None = None,
    rtol: float | None = None,
) -> Explanation:
    """The operations behind ``loss``: formulas, shapes, dtypes, norms of values and of gradients; nothing is changed.

    The graph stays usable and no ``.grad`` is touched; hooks on tensors run, as they do in ``autograd.grad``. A value that
    the graph did not keep is shown as ``?``; see :func:`keep_values`.

    With ``given`` it is also a debugger for handwritten backpropagation: it walks back from the loss and names the first
    tensor whose given gradient differs, and the operation that it comes from. The more gradients are given, also of
    intermediate tensors, the closer it gets.

    >>> import tinygrad_mlp as torch
    >>> W = torch.tensor([[1.0, 2.0]], requires_grad=True)
    >>> h = W * 3
    >>> loss = (h * h).sum()
    >>> explained = explain_backward(loss, {h: [[6.0, 12.0]], "W": [[18.0, -36.0]]}, names={"W": W})
    >>> print(explained.difference.text)
    The gradient of W parts from the given one at #3 mul, input 'input': at element [0, 1] the given number is -36, the \
computed one 36; 1 of 2 elements differ. The gradient of the output of #3 mul was given and agrees, so it is this step.

    Args:
        loss: The root. Of one element, unless ``gradient`` is given.
        given: Gradients computed elsewhere, by tensor or by its name in ``names``; arrays, lists or Tensors.
        names: What to call tensors: a mapping such as ``dict(model.named_parameters())``, which may have intermediate
            tensors in it, or a module.
        gradient: The cotangent of ``loss``, as in ``backward``.
        rtol: Two gradients agree where they differ by at most rtol times the larger of the element and the largest
            element; the square root of the dtype's resolution unless given.

    Raises:
        GraphError: The loss has no graph, or it was freed; a given tensor is not part of it.
        ArgumentError: A name in ``given`` that ``names`` does not have. ShapeError: A given gradient of another shape.
    """
    tensors = dict(names.named_parameters() if isinstance(names, Module) else names or {})
    named = {node: name for name, tensor in tensors.items() if (node := node_of(tensor)) is not None}
    graph = _Graph(loss, gradient, named)
    labels, values = graph.labels, graph.values()
    steps = tuple(
        BackwardStep(
            label=labels[node],
            operation="" if node.is_leaf else operation_of(node),
            formula="" if node.is_leaf else _formula(node),
            inputs=tuple((_input_name(node, k), labels[p]) for k, p in enumerate(node.parents) if p is not None),
            shape=node.shape,
            dtype=as_dtype(node.dtype).name,
            value_norm=_norm(values.get(node)),
            gradient_norm=_norm(graph.gradients.get(node)),
            line=None if node.origin is None else source_line(node.origin),
            depth=graph.depth[node],
        )
        for node in sorted(graph.nodes, key=lambda node: node.is_leaf)
    )
    theirs = _given(graph, given or {}, tensors)
    return Explanation(steps, _difference(graph, theirs, rtol), tuple(labels[node] for node in theirs))


# --------------------------------------------------------------------------------------- where a handwritten gradient errs


def _given(graph: _Graph, given: Mapping[Any, Any], tensors: Mapping[str, Tensor]) -> dict[Node, Array]:
    """The given gradients, by node and checked, from the loss back."""
    found: dict[Node, Array] = {}
    for key, value in given.items():
        if isinstance(key, str) and key not in tensors:
            raise ArgumentError(
                f"explain_backward: given has {key!r}, which is not in names ({', '.join(tensors) or 'empty'})"
            )
        tensor = tensors[key] if isinstance(key, str) else key
        if not is_tensor(tensor):
            raise ArgumentError(f"explain_backward: given is by Tensor or name, got a key of type {type(tensor).__name__}")
        node = node_of(tensor)
        if node not in graph.gradients:
            raise GraphError(
                f"explain_backward: the loss does not depend on the given tensor {key!r}, so it has no gradient"
            )
        array = np.asarray(value._data if is_tensor(value) else value, np.float64)
        if array.shape != node.shape:
            raise ShapeError(
                f"explain_backward: the gradient given for {key if isinstance(key, str) else 'a tensor'} has shape "
                f"{array.shape}, but the tensor {node.shape}"
            )
        found[node] = array
    # a gradient is complete when the rule of the oldest operation that used the tensor has run
    complete = {node: min((user.number for user, _ in graph.users[node]), default=math.inf) for node in found}
    return dict(sorted(found.items(), key=lambda item: (complete[item[0]], item[0].number), reverse=True))


def _difference(graph: _Graph, given: Mapping[Node, Array], rtol: float | None) -> GradientDifference | None:
    agreeing: set[Node] = set()
    for node, theirs in given.items():
        ours = np.asarray(graph.gradients[node], np.float64)
        tolerance = rtol if rtol is not None else math.sqrt(np.finfo(node.dtype).eps)

        def same(a: Array, b: Array, tolerance: float = tolerance) -> Array:
            largest = np.abs(b[np.isfinite(b)]).max(initial=0)
            return np.isclose(a, b, rtol=tolerance, atol=tolerance * largest, equal_nan=True)

        alike = same(theirs, ours)
        if alike.all():
            agreeing.add(node)
            continue
        error = np.where(alike, -1, np.nan_to_num(np.abs(theirs - ours), nan=np.inf))
        element = first_place(error)
        users = graph.users[node]
        user, position = min(users, key=lambda use: use[0].number, default=(node, 0))
        at = graph.title(user) if users else "the loss"
        name = _input_name(user, position) if users else ""
        text = (
            f"The gradient of {graph.labels[node]} parts from the given one at {at}"
            + (f", input {name!r}" if users else "")
            + f": at element {list(element)} the given number is {theirs[element]:.9g}, the computed one {ours[element]:.9g}; "
            f"{(~alike).sum()} of {alike.size} elements differ."
            + _likeness(graph, node, theirs, ours, lambda a, b: bool(same(a, b).all()))
            + _suspects(graph, node, agreeing)
        )
        return GradientDifference(graph.labels[node], at, name, element, float(theirs[element]), float(ours[element]), text)
    return None


def _likeness(graph: _Graph, node: Node, theirs: Array, ours: Array, same: Callable[[Array, Array], bool]) -> str:
    """What the given gradient looks like: a usual mistake, if it is one."""
    if not theirs.any():
        return " It is 0 everywhere."
    scale = np.vdot(ours, theirs) / np.vdot(ours, ours) if ours.any() else math.nan
    if math.isfinite(scale) and same(theirs, scale * ours):
        return " Its sign is the opposite one." if same(theirs, -ours) else f" It is {scale:.6g} times the computed one."
    if ours.ndim == 2 and ours.shape[0] == ours.shape[1] and same(theirs, ours.T):
        return " It is the computed one transposed."
    if len(graph.users[node]) > 1:
        for user in {user for user, _ in graph.users[node]}:
            terms = user.vjp(graph.gradients[user], {node}, False) if user in graph.gradients else ()
            if same(theirs, ours - sum(np.asarray(fit(term, node), np.float64) for _, term in terms)):
                return f" The term that comes from {graph.title(user)} is missing."
    return ""


def _suspects(graph: _Graph, node: Node, agreeing: set[Node]) -> str:
    """Which operations lie between the tensor and the nearest ones whose gradients agree."""
    between: set[Node] = set()
    stack = [user for user, _ in graph.users[node]]
    while stack:
        user = stack.pop()
        if user not in between:
            between.add(user)
            if user not in agreeing:
                stack.extend(next_user for next_user, _ in graph.users[user])
    if not between:
        return ""
    names = [graph.title(user) for user in graph.nodes if user in between]
    if len(names) == 1:
        known = "was given and agrees, so it" if between <= agreeing else "is that of the loss, so it"
        return f" The gradient of the output of {names[0]} {known} is this step."
    return f" It passed through {', '.join(names)}: give the gradients between them to narrow it down."


# ------------------------------------------------------------------------------------------------------------ the drawing

_CHARACTER, _LINE, _PAD, _GAP, _LAYER = 6.7, 15, 8, 24, 44  # pixels; of 11 px monospace


def _printable(text: str) -> str:
    return html.escape("".join(c if c.isprintable() else "?" for c in text))


@dataclass(eq=False)
class _Box:
    """A box in the drawing, or a point where a line passes through a layer."""

    layer: int
    step: BackwardStep | None = None
    x: float = 0

    def __post_init__(self) -> None:
        self.lines = [] if self.step is None else _box_text(self.step)
        self.width = _CHARACTER * max(map(len, self.lines)) + 2 * _PAD if self.lines else 8
        self.height = _LINE * len(self.lines) + _PAD if self.lines else 0


def _layout(steps: Sequence[BackwardStep]) -> tuple[list[list[_Box]], list[tuple[_Box, ...]]]:
    """Boxes in layers by depth, and the lines between them, a point in every layer that one passes."""
    boxes = {step.label: _Box(step.depth, step) for step in steps}
    layers: list[list[_Box]] = [[] for _ in range(1 + max(step.depth for step in steps))]
    for box in boxes.values():
        layers[box.layer].append(box)
    lines = []
    for step in steps:
        for _, label in step.inputs:
            user, maker = boxes[step.label], boxes[label]
            points = [_Box(layer) for layer in range(user.layer + 1, maker.layer)]
            for point in points:
                layers[point.layer].append(point)
            lines.append((user, *points, maker))
    below: dict[_Box, list[_Box]] = {}
    for line in lines:
        for user, maker in pairwise(line):
            below.setdefault(maker, []).append(user)
    for layer in layers:  # each box near the middle of what uses it, in the order that crosses fewest lines
        wish = {box: np.mean([user.x for user in below[box]]) if box in below else 0.0 for box in layer}
        layer.sort(key=wish.__getitem__)
        x = 0.0
        for box in layer:
            box.x = x + box.width / 2
            x += box.width + _GAP
        shift = np.mean([wish[box] - box.x for box in layer])
        for box in layer:
            box.x += float(shift)
    return layers, lines


def _drawing(explanation: Explanation) -> str:
    layers, lines = _layout(explanation.steps)
    left = min(box.x - box.width / 2 for layer in layers for box in layer) - _GAP
    right = max(box.x + box.width / 2 for layer in layers for box in layer) + _GAP
    top, tops, heights = float(_GAP), {}, {}
    for k in range(len(layers) - 1, -1, -1):  # the loss last
        tops[k], heights[k] = top, max(box.height for box in layers[k])
        top += heights[k] + _LAYER
    height = top - _LAYER + _GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{right - left:.0f}" height="{height:.0f}" '
        f'viewBox="{left:.1f} 0 {right - left:.1f} {height:.1f}" font-family="monospace" font-size="11">',
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="#555555"/></marker></defs>',
        f'<rect x="{left:.1f}" y="0" width="{right - left:.1f}" height="{height:.1f}" fill="#ffffff"/>',
    ]
    for line in lines:
        path = f"M{line[-1].x:.1f},{tops[line[-1].layer] + line[-1].height:.1f}"
        for maker, user in pairwise(line[::-1]):
            start, end = tops[maker.layer] + (maker.height or heights[maker.layer]), tops[user.layer]
            middle = (start + end) / 2
            path += (
                f" L{maker.x:.1f},{start:.1f} C{maker.x:.1f},{middle:.1f} {user.x:.1f},{middle:.1f} {user.x:.1f},{end:.1f}"
            )
        parts.append(f'<path d="{path}" fill="none" stroke="#555555" marker-end="url(#arrow)"/>')
    for box in (box for layer in layers for box in layer if box.step is not None):
        step = box.step
        assert step is not None
        x, y = box.x - box.width / 2, tops[box.layer]
        stroke = 'stroke="#c00000" stroke-width="3"' if explanation._parts(step) else 'stroke="#555555"'
        about = "\n".join(_printable(part) for part in (step.label, step.formula, step.line) if part)
        parts.append(
            f"<g><title>{about}</title>"
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="4" '
            f'fill="{_colour(step)}" {stroke}/>'
        )
        for k, text in enumerate(box.lines):
            bold = ' font-weight="bold"' if k == 0 else ""
            parts.append(f'<text x="{x + _PAD:.1f}" y="{y + _LINE * (k + 1):.1f}"{bold}>{_printable(text)}</text>')
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])
