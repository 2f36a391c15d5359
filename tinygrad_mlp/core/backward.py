"""The walk back through the graph: gradients flow from the outputs to the leaves."""

from __future__ import annotations

import weakref
from collections.abc import Container, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from .apply import node_of
from .basics import cast, clone, sum_to
from .errors import ArgumentError, GraphError, ShapeError
from .graph import INFERENCE, Node, Tensor, version_of, wrap
from .state import recording, state

_age = attrgetter("number")


def history(starts: Iterable[tuple[Node, Any]], ends: Container[Node] = ()) -> list[Node]:
    """Every node the starts depend on, newest first: an input's node is older than its output's, so this is the order to walk in."""
    seen = {node for node, _ in starts}
    stack = list(seen)
    while stack:
        for parent in stack.pop().parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                if parent not in ends:
                    stack.append(parent)
    return sorted(seen, key=_age, reverse=True)


def _aims(order: Sequence[Node], targets: Sequence[Node] | None) -> tuple[set[Node], set[Node]]:
    """The nodes that gradients are wanted for, and those that lead to them: all, where no targets are named."""
    if targets is None:
        every = set(order)
        return every, every
    aims = set(targets)
    leading: set[Node] = set()
    for node in reversed(order):  # oldest first: parents are decided before the nodes that used them
        if node in aims or not leading.isdisjoint(node.parents):
            leading.add(node)
    return aims, leading


def walk(
    starts: Any, targets: Any, retain_graph: bool, create_graph: bool, accumulate: bool, ends: Container[Node] = ()
) -> dict[Node, Any]:
    """Send gradients from the starts down the graph; return those that reach the targets.

    The nodes in ``ends`` belong to another walk: what reaches them stays there.
    ``targets`` None means every leaf. ``accumulate`` adds what arrives to the ``.grad`` of leaves, or of the targets.
    """
    order = history(starts, ends)
    aims, wanted = _aims(order, targets)
    pending: dict[Node, Any] = {}
    shared: set[Node] = set()  # nodes whose pending gradient is memory that something else may hold, too
    for node, g in starts:
        _add(pending, shared, node, g, False)
    arrived: dict[Node, Any] = {}
    observers = state.observers
    for node in order:
        g = pending.pop(node, None)
        if g is None or node not in wanted:
            continue
        if node in ends:
            arrived[node] = _unshared(node, g, shared)
            continue
        if node.hooks:
            g = _run_hooks(node, g, create_graph)
            shared.add(node)
        if targets is not None and node in aims:
            arrived[node] = _unshared(node, g, shared)
        if node.sink is not None and (not node.is_leaf or (accumulate and node in aims)):
            _deliver(node, g, node in shared)
        if node.parents and (targets is None or not wanted.isdisjoint(node.parents)):
            found = _observed(node, g, wanted, create_graph) if observers else node.vjp(g, wanted, create_graph)
            for parent, contribution in found:
                _add(pending, shared, parent, contribution, node.op is not None and contribution is not g)
            if not retain_graph:
                node.free()
    return arrived


def _unshared(node: Node, g: Any, shared: set[Node]) -> Any:
    """A gradient whose memory nothing else holds, where it is an array."""
    return np.array(g) if node in shared and type(g) is np.ndarray else g


def _add(pending: dict[Node, Any], shared: set[Node], node: Node, g: Any, fresh: bool) -> None:
    """Add a gradient to those that wait for ``node``; never in place, as a rule may return its cotangent twice."""
    if type(g) is not np.ndarray or g.shape != node.shape or g.dtype is not node.dtype:
        g = fit(g, node)
    if node in pending:
        pending[node] = pending[node] + g
        shared.discard(node)
    else:
        pending[node] = g
        if not fresh or (g._view if isinstance(g, Tensor) else g.base) is not None:
            shared.add(node)


def _observed(node: Node, g: Any, wanted: set[Node], lift: bool) -> Iterable[tuple[Node, Any]]:
    """What a node's rules give its parents. Observers are told before the rules run."""
    found: Iterator[tuple[Node, Any]] = _lazily(node, g, wanted, lift)
    for observer in state.observers:
        found = observer.differentiating(node, g, found)
    return found


def _lazily(node: Node, g: Any, wanted: set[Node], lift: bool) -> Iterator[tuple[Node, Any]]:
    for parent, contribution in node.vjp(g, wanted, lift):
        yield parent, fit(contribution, parent)


def fit(g: Any, node: Node) -> Any:
    """A gradient summed back over broadcast dimensions and cast to its input's dtype."""
    if g.shape != node.shape:
        g = sum_to(g, node.shape)
    if (g._like if isinstance(g, Tensor) else g).dtype != node.dtype:
        g = cast(g, node.dtype)
    return g


def _run_hooks(node: Node, g: Any, create_graph: bool) -> Any:
    tensor = g if isinstance(g, Tensor) else wrap(np.asarray(g))
    assert node.hooks is not None
    for hook in list(node.hooks.values()):
        with recording(create_graph):
            replaced = hook(tensor)
        if replaced is None:
            continue
        if not isinstance(replaced, Tensor) or (replaced._like.shape, replaced._like.dtype) != (node.shape, node.dtype):
            got = type(replaced).__name__
            if isinstance(replaced, Tensor):
                got = f"{replaced._like.dtype} of shape {tuple(replaced._like.shape)}"
            raise GraphError(
                f"a hook on {node.name()} must return None or a Tensor of shape {node.shape} and dtype {node.dtype}, as the "
                f"gradient that it got; it returned {got}"
            )
        tensor = replaced
    return tensor if create_graph else tensor._data


def _deliver(node: Node, g: Any, shared: bool) -> None:
    """Add a gradient to a tensor's ``.grad``, which never shares its memory with anything and can be written."""
    assert node.sink is not None
    tensor = node.sink()
    if tensor is None or (node.is_leaf and tensor._node is not node):  # nobody holds it, or it was frozen after the forward
        return
    old = tensor._grad
    if old is not None and state.follower is not None:
        state.follower.writing(old)
    if old is not None and (isinstance(g, Tensor) or old._node is not None or old._version is INFERENCE):
        _add_to(tensor, old, g)
    elif isinstance(g, Tensor):
        tensor._grad = clone(g) if shared else g
    elif old is None:
        tensor._grad = wrap(np.array(g) if shared or type(g) is not np.ndarray else g)
    else:
        state.quiet(np.add, old._data, g, out=old._data)
        version_of(old).bump("backward")


def _add_to(tensor: Tensor, old: Any, g: Any) -> None:
    """``tensor.grad`` plus a gradient: a new tensor where that is recorded, else in the memory that holds the sum so far."""
    total = old + (g if isinstance(g, Tensor) else wrap(g))
    if state.grad or node_of(old) is not None or old._version is INFERENCE:
        tensor._grad = total
    else:
        np.copyto(old._data, total._data)


def sequence_of(value: Any) -> tuple[Any, ...]:
    """One tensor, or several, as a tuple."""
    return (value,) if value is None or isinstance(value, Tensor) else tuple(value)


def node_or_error(name: str, what: str, tensor: Any) -> Node:
    """The tensor's node; an ArgumentError where it is no Tensor, a GraphError where it has no history."""
    if not isinstance(tensor, Tensor):
        raise ArgumentError(f"{name}: {what} must be a Tensor, not {type(tensor).__name__}")
    node = node_of(tensor)
    if node is None:
        raise GraphError(
            f"{name}: {what} does not require grad and does not have a grad_fn (shape {tensor._like.shape}): set requires_grad=True "
            "before computing with it; what is computed under no_grad, or detached, has no history"
        )
    return node


def _starts(name: str, roots: Sequence[Any], gradients: Sequence[Any], lift: bool) -> Iterator[tuple[Node, Any]]:
    """Each root's node with the gradient to start from, checked."""
    if any(g is not None and not isinstance(g, Tensor) for g in gradients):
        raise ArgumentError(
            f"{name}: gradients must be Tensors or None, got {', '.join(type(g).__name__ for g in gradients)}"
        )
    if len(gradients) != len(roots):
        raise GraphError(f"{name}: got {len(roots)} tensors but {len(gradients)} gradients; give one for each")
    for k, (tensor, gradient) in enumerate(zip(roots, gradients, strict=True)):
        node = node_or_error(name, f"element {k} of tensors", tensor)
        if gradient is None:
            if tensor._like.size != 1:
                raise GraphError(
                    f"grad can be implicitly created only for scalar outputs, got shape {tensor._like.shape}: reduce "
                    "it with .sum() or .mean(), or pass gradient= of that shape"
                )
            gradient = wrap(np.array(1, node.dtype).reshape(node.shape))
        elif gradient._like.shape != node.shape:
            raise ShapeError(
                f"{name}: Mismatch in shape: gradient {k} has shape {gradient._like.shape}, but its tensor {node.shape}"
            )
        yield node, fit(gradient if lift else gradient._data, node)


def gradients(
    name: str,
    roots: Sequence[Tensor],
    cotangents: Sequence[Tensor | None],
    targets: Sequence[Node] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    accumulate: bool = False,
) -> dict[Node, Any]:
    """What reaches the target nodes; with ``accumulate`` it is added to ``.grad``: of every leaf, where no targets are named."""
    retain_graph = create_graph if retain_graph is None else retain_graph

    def run() -> dict[Node, Any]:
        __tracebackhide__ = True
        starts = list(_starts(name, roots, cotangents, create_graph))
        with recording(create_graph):
            return walk(starts, targets, retain_graph, create_graph, accumulate)

    if state.follower is None or create_graph or state.observers:
        return run()
    return state.follower.graph.sweep(run, roots, cotangents, targets, retain_graph, accumulate)


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add d(tensors)/d(leaf), weighted by ``grad_tensors``, to the ``.grad`` of every leaf (or of ``inputs`` alone).

    Args:
        tensors: The roots. A root of one element needs no gradient of its own.
        grad_tensors: One cotangent per root, of its shape.
        retain_graph: Keep what the graph saved, for another pass. Defaults to ``create_graph``.
        create_graph: Record the pass itself, so that the gradients can be differentiated.
        inputs: Collect gradients in these tensors only.

    Raises a GraphError where there is no graph to walk, or no single number to start from.
    """
    roots = sequence_of(tensors)
    cotangents = (None,) * len(roots) if grad_tensors is None else sequence_of(grad_tensors)
    targets = None
    if inputs is not None:
        targets = [node_or_error("backward", f"input {k}", tensor) for k, tensor in enumerate(sequence_of(inputs))]
        if not targets:
            raise GraphError("backward: inputs= is empty; leave it out to collect gradients in every leaf")
        for tensor, node in zip(sequence_of(inputs), targets, strict=True):
            node.sink = node.sink or weakref.ref(tensor)
    gradients("backward", roots, cotangents, targets, retain_graph, create_graph, accumulate=True)
