"""Derivatives of functions: ``grad``, products with the Jacobian from either side, Jacobians and Hessians.

A function's arguments are given nodes of their own, it runs, and the graph is walked back from what it returns: one walk is v^T J
(:func:`vjp`). The walk is itself a function, linear in v, and walking back through *that* gives J u (:func:`jvp`, :func:`linearize`): so
the rules of the reverse mode are those of the forward mode, too.

Inside ``vmap`` the arguments become batches first, as each sample has a gradient of its own. Cotangents of a batch that the graph was not made
for go through it as samples of a level of their own (:func:`_walked`): so a Jacobian is one walk.
"""

from __future__ import annotations

import functools
import math
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..autograd.function import pushing_forward
from ..core.apply import node_of
from ..core.backward import gradients, history, walk
from ..core.basics import reshaped
from ..core.graph import Node, wrap
from ..core.state import recording, state
from ..errors import ArgumentError, GraphError, ShapeError, TransformError, ValuesError
from ..grad_mode import enable_grad
from ..ops.joining import stack
from .batching import Level, levels, lowered, raised, running_under
from .trees import filled, replaced, tensors_in
from .vmapping import vmap

__all__ = ["grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize", "vjp"]

Argnums = int | tuple[int, ...]


# ----------------------------------------------------------------------------------------------------- running a function


_made: weakref.WeakSet[Node] = (
    weakref.WeakSet()
)  # leaves that are nobody's: arguments of a call, and cotangents to differentiate by


class _Run:
    """A call of a function whose arguments have nodes of their own.

    Attributes:
        levels: Every ``vmap`` that was running.
        sources, outputs: The batches of the arguments and of what came out, with the history between.
        kept: Whether what is computed from them has a history beyond the arguments: somebody else differentiates, too.
    """

    def __init__(self, name: str, function: Callable[..., Any], inputs: Any, has_aux: bool = False) -> None:
        self.levels = levels()
        self.base: Any = self.levels[0].outer if self.levels else state.follower
        recorded = state.grad
        tensors = tensors_in(name, "inputs", inputs)
        for x in tensors:
            if x._like.dtype.kind != "f":
                raise GraphError(
                    f"{name}: only Tensors of floating point dtype can require gradients, got {x.dtype}; cast with .float()"
                )
        self.inputs = inputs
        with enable_grad():
            self.sources = [self._source(lowered(x, self.levels), recorded) for x in tensors]
            result = function(filled(inputs, [raised(x, self.levels) for x in self.sources]))
            self.aux: Any = None
            if has_aux:
                if not (isinstance(result, tuple) and len(result) == 2):
                    raise ArgumentError(
                        f"{name}: with has_aux=True the function must return a pair (outputs, aux), got {type(result).__name__}"
                    )
                result, self.aux = result
            self.result = result
            self.outputs = [lowered(y, self.levels) for y in tensors_in(name, "outputs of the function", result)]
        self.nodes: list[Any] = [node_of(x) for x in self.sources]
        self.kept = recorded and self._is_watched()

    def _source(self, x: Tensor, recorded: bool) -> Tensor:
        with running_under(self.base):
            if recorded and node_of(x) is not None:
                return reshaped(x, shape=x._like.shape)
            source = x.detach().requires_grad_()
            _made.update(node for node in (node_of(source),) if node is not None)
            return source

    def _is_watched(self) -> bool:
        own = set(self.nodes)
        if any(not node.is_leaf for node in own):
            return True
        starts = [(node, None) for node in map(node_of, self.outputs) if node is not None]
        return any(node.is_leaf and node not in own and node not in _made for node in history(starts, own))

    def returned(self, tree: Any) -> Any:
        """What the user gets of what the function returned: without the history that is not theirs."""
        return tree if self.kept else replaced(lambda x: x.detach(), tree)

    def pulled(self, cotangents: Sequence[Any], retain: bool, forward: bool = False) -> list[Tensor]:
        """v^T J: for each source a gradient, as samples of the levels that are running now."""
        return _walked(self, self.outputs, self.sources, cotangents, retain, self.kept or forward)


def _walked(
    run: _Run,
    outputs: Sequence[Tensor],
    sources: Sequence[Tensor],
    cotangents: Sequence[Tensor],
    retain: bool,
    record: bool,
) -> list[Tensor]:
    """The products of cotangents, samples of the levels that run now, with the Jacobian of a graph that was made when fewer ran."""
    now = levels()
    extra = now[len(run.levels) :]
    depth, sizes = len(run.levels), tuple(level.size for level in extra)
    with recording(record or state.grad):
        starts = [
            (y, _batch_of_cotangents(run, v, extra))
            for y, v in zip(outputs, cotangents, strict=True)
            if node_of(y) is not None
        ]
    roots, vectors = [y for y, _ in starts], [v for _, v in starts]
    targets: list[Any] = [node_of(x) for x in sources]
    level = Level(math.prod(sizes))
    with running_under(run.base), recording(record):
        arrived: dict[Node, Any] = {}
        if not extra and roots:
            arrived = gradients("grad", roots, vectors, targets, retain or record, record)
        elif roots:
            level.outer = run.base
            arrived = _together(level, starts, targets, record)
        found: list[Tensor] = []
        for node, x in zip(targets, sources, strict=True):
            g = arrived.get(node)
            if g is None:
                g = wrap(np.zeros(x._like.shape, x._like.dtype))
            g = g if isinstance(g, Tensor) else wrap(np.asarray(g))
            if extra:
                g = level.full(g).movedim(0, depth)
                g = g.reshape(*g.shape[:depth], *sizes, *g.shape[depth + 1 :])
            found.append(g)
    return [raised(g, now) for g in found]


def _together(
    level: Level, starts: Sequence[tuple[Tensor, Tensor]], targets: Sequence[Any], record: bool
) -> dict[Node, Any]:
    """What reaches the targets from a batch of cotangents: in one walk or, where a rule looks at values, one after the other."""
    try:
        with running_under(level):
            samples: list[Any] = [(node_of(y), level.sample(v)) for y, v in starts]
            return walk(samples, targets, True, True, False)
    except ValuesError:
        roots = [y for y, _ in starts]
        rows = [gradients("grad", roots, [v[k] for _, v in starts], targets, True, record) for k in range(level.size)]
        columns = {node: [row[node] for row in rows] for node in (rows[0] if rows else ())}
        return {
            node: level.sample(stack([g if isinstance(g, Tensor) else wrap(np.asarray(g)) for g in column]))
            for node, column in columns.items()
        }


def _batch_of_cotangents(run: _Run, v: Tensor, extra: Sequence[Level]) -> Tensor:
    """The batch of a cotangent, the samples of the levels that were not there when the graph was made in one dimension in front."""
    v = lowered(v, extra)
    if extra:
        with running_under(run.levels[-1] if run.levels else run.base):
            v = v.reshape(math.prod(level.size for level in extra), *v.shape[len(extra) :])
    v = lowered(v, run.levels)
    if not extra or not run.levels:
        return v
    with running_under(run.base):
        return v.movedim(len(run.levels), 0)


# -------------------------------------------------------------------------------------------------------- which arguments


def _chosen(name: str, argnums: Argnums, args: tuple[Any, ...]) -> Any:
    """The arguments to differentiate by: one, or a tuple."""
    for k in (argnums,) if isinstance(argnums, int) else argnums:
        if not isinstance(k, int) or isinstance(k, bool):
            raise ArgumentError(f"{name}: argnum must be int, got {type(k).__name__}")
        if not -len(args) <= k < len(args):
            raise RuntimeError(f"{name}: Got argnum={k}, but only {len(args)} positional inputs")
    if isinstance(argnums, int):
        return args[argnums]
    if not argnums or len({k % len(args) for k in argnums}) < len(argnums):
        raise ValueError(f"{name}: argnums must be nonempty, and name each argument once, got {argnums}")
    return tuple(args[k] for k in argnums)


def _of_chosen(function: Callable[..., Any], argnums: Argnums, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The function of the chosen arguments alone."""

    def call(chosen: Any) -> Any:
        given = list(args)
        for k, value in zip(
            (argnums,) if isinstance(argnums, int) else argnums,
            (chosen,) if isinstance(argnums, int) else chosen,
            strict=True,
        ):
            given[k] = value
        return function(*given, **kwargs)

    return call


# ------------------------------------------------------------------------------------------------------------------- grad


def grad(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that gives the gradient of ``func``, which returns a single number, by its argument ``argnums``.

    Args:
        func: Of Tensors, or of nested lists, tuples and dicts of them.
        argnums: Which argument; of several the gradients come in a tuple.
        has_aux: ``func`` returns a pair, of which the second is passed on: ``grad(f)(x)`` is then (gradient, aux).

    Raises:
        RuntimeError: ``func`` does not return a Tensor without dimensions. GraphError: An argument does not hold floats.

    >>> import tinygrad_mlp as torch
    >>> torch.func.grad(torch.func.grad(lambda x: x**3))(torch.tensor(2.0))
    tensor(12.)
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def grad_and_value(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """As :func:`grad`, and the value: ``(gradient, value)``, or ``(gradient, (value, aux))``.

    >>> import tinygrad_mlp as torch
    >>> torch.func.grad_and_value(lambda x: x ** 2)(torch.tensor(3.0))
    (tensor(6.), tensor(9.))
    """

    @functools.wraps(func)
    def both(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        chosen = _chosen("grad", argnums, args)
        run = _Run("grad", _of_chosen(func, argnums, args, kwargs), chosen, has_aux)
        value = run.result
        if not isinstance(value, Tensor):
            raise TransformError(f"Expected f(*args) to return a single tensor, got {type(value).__name__}")
        if value._like.ndim:
            raise TransformError(
                f"Expected f(*args) to return a scalar tensor, got tensor with {value._like.ndim} dims. Maybe you forgot to "
                "average, or sum, or to vmap over the batch"
            )
        one = wrap(np.ones((), value._like.dtype))
        found = filled(chosen, run.pulled([one], False))
        value = run.returned(value)
        return found, (value, run.returned(run.aux)) if has_aux else value

    return both


# ------------------------------------------------------------------------------------------------- products with the Jacobian


def _matching(name: str, what: str, tree: Any, like: Any) -> list[Tensor]:
    """The tensors of a nest, which must have the form and the shapes of another."""
    given, wanted = (tensors_in(name, what, t) for t in (tree, like))
    if [x.shape for x in given] != [x.shape for x in wanted]:
        raise ShapeError(
            f"{name}: expected {what} of the shapes {[tuple(x.shape) for x in wanted]}, got {[tuple(x.shape) for x in given]}"
        )
    return given


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """``func(*primals)``, and a function of cotangents v that gives v^T J: a tuple with a product for each primal, or one of a single primal.

    Args:
        func: Of Tensors, or of nested lists, tuples and dicts of them; so is what it returns.
        primals: Where.
        has_aux: ``func`` returns a pair, of which the second comes third.

    Raises:
        ShapeError: The cotangents have other shapes than the outputs.

    >>> import tinygrad_mlp as torch
    >>> value, pull = torch.func.vjp(torch.sin, torch.zeros(2))
    >>> pull(torch.tensor([1.0, 2.0]))
    (tensor([1., 2.]),)
    """
    if not primals:
        raise ArgumentError("vjp: got no primals: there is nothing to differentiate by")
    run = _Run("vjp", lambda given: func(*given), primals, has_aux)

    def pull(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        given = _matching("vjp", "cotangents", cotangents, run.result)
        return filled(
            primals,
            run.pulled(given, retain_graph, bool(create_graph) or (state.grad and any(v.requires_grad for v in given))),
        )

    value = run.returned(run.result)
    return (value, pull, run.returned(run.aux)) if has_aux else (value, pull)


class _Linear:
    """A function at a point as a linear map: J u. Walking back is linear in its cotangent v, and has J^T; walking back through that has J."""

    def __init__(self, name: str, func: Callable[..., Any], primals: Any, has_aux: bool = False) -> None:
        self.run = run = _Run(name, lambda given: func(*given), primals, has_aux)
        with running_under(run.base), enable_grad():
            self.cotangents = [wrap(np.zeros(y._like.shape, y._like.dtype)).requires_grad_() for y in run.outputs]
            _made.update(node for node in map(node_of, self.cotangents) if node is not None)
            starts = [(y, v) for y, v in zip(run.outputs, self.cotangents, strict=True) if node_of(y) is not None]
            self.products: dict[Any, Any] = {}
            if starts:
                roots, vectors = zip(*starts, strict=True)
                with pushing_forward():
                    self.products = gradients("jvp", roots, vectors, run.nodes, True, True)

    def pushed(self, tangents: Sequence[Tensor], retain: bool = True) -> list[Tensor]:
        """J u: for each output a tangent."""
        run = self.run
        record = run.kept or (state.grad and any(u.requires_grad for u in tangents))
        pairs = [(self.products[node], u) for node, u in zip(run.nodes, tangents, strict=True) if node in self.products]
        return _walked(run, [p for p, _ in pairs], self.cotangents, [u for _, u in pairs], retain, record)


def jvp(
    func: Callable[..., Any],
    primals: tuple[Any, ...],
    tangents: tuple[Any, ...],
    *,
    strict: bool = False,
    has_aux: bool = False,
) -> tuple[Any, ...]:
    """``func(*primals)``, and J u for the tangents u, in the form of what ``func`` returns.

    Args:
        func: Of Tensors, or of nested lists, tuples and dicts of them; so is what it returns.
        primals, tangents: Where, and in which direction: tuples with one for each argument.
        strict: Raise where an output does not depend on the primals, instead of returning zeros.
        has_aux: ``func`` returns a pair, of which the second comes third.

    Raises:
        ArgumentError: ``primals`` or ``tangents`` is no tuple. ShapeError: Their shapes differ.

    >>> import tinygrad_mlp as torch
    >>> torch.func.jvp(torch.sin, (torch.zeros(2),), (torch.tensor([1.0, 2.0]),))
    (tensor([0., 0.]), tensor([1., 2.]))
    """
    if not isinstance(primals, tuple) or not primals:
        raise ArgumentError(f"jvp: Expected primals to be a tuple that is not empty, got {type(primals).__name__}")
    if not isinstance(tangents, tuple):
        raise ArgumentError(f"jvp: Expected tangents to be a tuple, got {type(tangents).__name__}")
    given = _matching("jvp", "tangents", tangents, primals)
    linear = _Linear("jvp", func, primals, has_aux)
    run = linear.run
    if strict and any(node_of(y) is None for y in run.outputs):
        raise RuntimeError(
            "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is not allowed with strict=True."
        )
    pushed = filled(run.result, linear.pushed(given, False))
    value = run.returned(run.result)
    return (value, pushed, run.returned(run.aux)) if has_aux else (value, pushed)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """``func(*primals)``, and a function of tangents u that gives J u without running ``func`` again.

    >>> import tinygrad_mlp as torch
    >>> value, push = torch.func.linearize(torch.sin, torch.zeros(2))
    >>> push(torch.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """
    if not primals:
        raise ArgumentError("linearize: got no primals: there is nothing to differentiate by")
    linear = _Linear("linearize", func, primals)

    def push(*tangents: Any) -> Any:
        return filled(linear.run.result, linear.pushed(_matching("linearize", "tangents", tangents, primals)))

    return linear.run.returned(linear.run.result), push


# -------------------------------------------------------------------------------------------------------------- Jacobians


def _basis(tensors: Sequence[Tensor]) -> tuple[list[Tensor], list[int]]:
    """Unit vectors of the space of all elements of the tensors, a row each, and how many are of each tensor."""
    sizes = [x.numel() for x in tensors]
    total, start, rows = sum(sizes), 0, []
    for x, size in zip(tensors, sizes, strict=True):
        block = np.zeros((total, size), x._like.dtype)
        np.fill_diagonal(block[start : start + size], 1)
        rows.append(wrap(block.reshape(total, *x.shape)))
        start += size
    return rows, sizes


def _parts(block: Tensor, sizes: Sequence[int]) -> list[Tensor]:
    return list(block.split(list(sizes))) if len(sizes) > 1 else [block]


def jacrev(
    func: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:
    """The function that gives the Jacobian of ``func``, from products with cotangents: best where there are few outputs.

    J has the shape ``output.shape + input.shape``. It is nested as the outputs are, and in each of those as the inputs.

    Args:
        func, argnums, has_aux: As of :func:`grad`.
        chunk_size: How many rows are computed at once; all if None.

    >>> import tinygrad_mlp as torch
    >>> torch.func.jacrev(lambda x: x ** 2)(torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError(f"jacrev: `chunk_size` should be greater than 0, got {chunk_size}")

    @functools.wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        chosen = _chosen("jacrev", argnums, args)
        run = _Run("jacrev", _of_chosen(func, argnums, args, kwargs), chosen, has_aux)
        outputs = tensors_in("jacrev", "outputs of the function", run.result)
        rows, sizes = _basis(outputs)
        pull = vmap(lambda *cotangents: run.pulled(cotangents, True), chunk_size=chunk_size)
        columns = [_parts(block, sizes) for block in pull(*rows)]  # per input, per output
        sources = tensors_in("jacrev", "inputs", chosen)
        blocks = [
            filled(chosen, [columns[j][i].reshape(*y.shape, *x.shape) for j, x in enumerate(sources)])
            for i, y in enumerate(outputs)
        ]
        found = filled(run.result, blocks)
        return (found, run.returned(run.aux)) if has_aux else found

    return jacobian


def jacfwd(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, *, randomness: str = "error"
) -> Callable[..., Any]:
    """The function that gives the Jacobian of ``func``, from products with tangents: best where there are few inputs.

    Args:
        func, argnums, has_aux: As of :func:`jacrev`, which gives the same.
        randomness: May be set as for :func:`vmap`; ``func`` runs once.

    >>> import tinygrad_mlp as torch
    >>> torch.func.jacfwd(torch.sin)(torch.zeros(2))
    tensor([[1., 0.],
            [0., 1.]])
    """

    @functools.wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        chosen = _chosen("jacfwd", argnums, args)
        of_chosen = _of_chosen(func, argnums, args, kwargs)
        linear = _Linear("jacfwd", of_chosen, (chosen,), has_aux)
        run = linear.run
        sources = tensors_in("jacfwd", "inputs", chosen)
        rows, sizes = _basis(sources)
        columns = [
            _parts(block, sizes) for block in vmap(lambda *tangents: linear.pushed(tangents))(*rows)
        ]  # per output, per input
        outputs = tensors_in("jacfwd", "outputs of the function", run.result)
        blocks = [
            filled(chosen, [_turned(columns[i][j], x, y) for j, x in enumerate(sources)]) for i, y in enumerate(outputs)
        ]
        found = filled(run.result, blocks)
        return (found, run.returned(run.aux)) if has_aux else found

    return jacobian


def _turned(block: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The block of shape ``(x.numel(), *y.shape)`` as ``y.shape + x.shape``."""
    return block.movedim(0, -1).reshape(*y.shape, *x.shape)


def hessian(func: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that gives the Hessian of ``func``, the Jacobian of its gradient.

    >>> import tinygrad_mlp as torch
    >>> torch.func.hessian(lambda x: x[0] ** 2 * x[1])(torch.tensor([2.0, 3.0]))
    tensor([[6., 4.],
            [4., 0.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)
