"""Users' own operations: a forward and a backward of their own, in PyTorch's form."""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..core.apply import node_of, view_of
from ..core.backward import fit
from ..core.errors import ArgumentError, GraphError
from ..core.graph import Node, Version, version_of, wrap
from ..core.lines import origin
from ..core.state import recording, state
from ..grad_mode import is_grad_enabled, no_grad
from ..ops.inplace import rebase, refuse_leaf
from .saving import Packed, packing

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a ``backward`` that is not written with Tensor operations: its result is not differentiated again."""

    @functools.wraps(backward)
    def wrapper(ctx: FunctionCtx, *grad_outputs: Any) -> Any:
        with no_grad():
            return backward(ctx, *grad_outputs)

    return wrapper


class _Pushing(threading.local):
    """Whether this thread walks back only to walk back through the walk: for products with the Jacobian from the right."""

    forward = False


_pushing = _Pushing()


@contextmanager
def pushing_forward() -> Iterator[None]:
    """A block in which a function that has a ``jvp`` of its own is differentiated by that."""
    before, _pushing.forward = _pushing.forward, True
    try:
        yield
    finally:
        _pushing.forward = before


class FunctionCtx:
    """What a forward leaves for its backward.

    Attributes:
        needs_input_grad: Per argument of the forward, whether its gradient is wanted.

    Any other attribute may be set for backward to read; tensors belong in :meth:`save_for_backward`, which keeps them
    without keeping their graph alive in a cycle and notices when they are overwritten.
    """

    needs_input_grad: tuple[bool, ...]
    _pushing = False  # whether it is for ``jvp`` now

    def __init__(self) -> None:
        self._to_save: tuple[Tensor | None, ...] = ()
        self._saved: list[_Saved] | None = []
        self._forms: list[Any] = []  # shapes and dtypes of the arguments, for jvp
        self._for_forward: tuple[Tensor | None, ...] | None = None
        self._node: weakref.ref[_FunctionNode] | None = None
        self._not_differentiable: tuple[Tensor, ...] = ()
        self._dirty: tuple[Tensor, ...] = ()
        self._materialize = True

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs, outputs or intermediate tensors for ``saved_tensors`` in backward; ArgumentError for anything else."""
        for position, tensor in enumerate(tensors):
            if tensor is not None and not isinstance(tensor, Tensor):
                raise ArgumentError(
                    f"save_for_backward can only save variables, but argument {position} is of type {type(tensor).__name__}; "
                    "keep other values as attributes of ctx"
                )
        self._to_save = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for ``saved_tensors`` in ``jvp``."""
        self._for_forward = tensors

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """The tensors given to :meth:`save_for_backward`.

        Raises:
            GraphError: They were freed by an earlier backward pass.
            InplaceError: One of them was overwritten since.
        """
        if self._pushing and self._for_forward is not None:
            return self._for_forward
        if self._saved is None:
            raise GraphError(
                "Trying to backward through the graph a second time: the saved tensors were freed by the first pass. "
                "Pass retain_graph=True to the first backward(), or run the forward pass again."
            )
        node = None if self._node is None else self._node()
        return tuple(saved.unpack(node) for saved in self._saved)

    def mark_non_differentiable(self, *outputs: Tensor) -> None:
        """Declare outputs that have no gradient, such as indices."""
        self._not_differentiable = outputs

    def mark_dirty(self, *inputs: Tensor) -> None:
        """Declare inputs that the forward wrote in place and returns."""
        self._dirty = inputs

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros (the default) or None for an output that nothing was computed from."""
        self._materialize = value


class _Saved:
    """A saved tensor: its array, its history and the version it had.

    The history of an output is its function, which must not be held from here: that would be a cycle.
    """

    def __init__(self, tensor: Tensor | None, outputs: dict[int, int], name: str) -> None:
        self.array: Any = None if tensor is None else tensor._data
        self.name = name
        self.packed: Packed | None = None
        if tensor is not None:
            self.position = outputs.get(id(tensor))
            self.node = node_of(tensor) if self.position is None else None
            self.version: Version = version_of(tensor)
            self.count = self.version.count
            if (hooks := packing()) is not None:
                self.packed = Packed(tensor.detach(), hooks)
                self.array = np.broadcast_to(np.zeros((), tensor._like.dtype), tensor._like.shape)  # of its form

    def unpack(self, function: _FunctionNode | None) -> Tensor | None:
        if self.array is None:
            return None
        if self.packed is not None:
            array = self.packed.array()
            return wrap(
                array, self.node if self.position is None or function is None else function.output(self.position, array)
            )
        if self.version.count != self.count:
            need = f"{self.name} saved a tensor of shape {self.array.shape} and needs it"
            raise self.version.overwritten(need, self.count, None if function is None else function.origin)
        if self.position is None or function is None:
            return wrap(self.array, self.node)
        return wrap(self.array, function.output(self.position, self.array))


class Cotangents:
    """The cotangents of a function's outputs, by position; adding two of them adds position by position.

    To the walk back it is a gradient of a shape and dtype of its own.
    """

    shape: tuple[int, ...] = (0,)
    dtype: np.dtype[Any] = np.dtype(float)
    base: None = None

    def __init__(self, by_position: dict[int, Any]) -> None:
        self.by_position = by_position

    def __add__(self, other: Cotangents) -> Cotangents:
        total = dict(self.by_position)
        for position, g in other.by_position.items():
            total[position] = total[position] + g if position in total else g
        return Cotangents(total)


class _FunctionNode(Node):
    """The application of a user's function; its gradient is the bundle of its outputs' cotangents."""

    __slots__ = ("ctx", "function", "nodes", "outputs")

    def __init__(self, function: type[Function], ctx: FunctionCtx, parents: tuple[Node | None, ...]) -> None:
        super().__init__(parents, np.empty(Cotangents.shape, Cotangents.dtype), origin())
        self.function = function
        self.ctx = ctx
        self.outputs: list[tuple[tuple[int, ...], np.dtype[Any]]] = []
        self.nodes: dict[int, weakref.ref[Node]] = {}  # of the outputs, which hold this one

    def output(self, position: int, array: np.ndarray[Any, Any]) -> Node:
        """The node of an output."""
        node = self.nodes[position]() if position in self.nodes else None
        if node is None:
            node = self.function._output_node(self, position, array)
            self.nodes[position] = weakref.ref(node)
        return node

    def vjp(self, g: Any, wanted: set[Node], lift: bool) -> Iterator[tuple[Node, Any]]:
        """What the user's backward gives for the inputs in ``wanted``.

        Raises:
            GraphError: It gives too few or too many gradients, something else than Tensors, or another shape.
        """
        cotangents: list[Tensor | None] = []
        for position, (shape, dtype) in enumerate(self.outputs):
            value = g.by_position.get(position)
            if value is None and self.ctx._materialize:
                value = np.zeros(shape, dtype)
            cotangents.append(value if value is None or isinstance(value, Tensor) else wrap(np.asarray(value)))
        if _pushing.forward and self.function.jvp is not None:
            yield from self._pushed(g.by_position, wanted)
            return
        with recording(lift and is_grad_enabled()):
            result = self.function.backward(self.ctx, *cotangents)
        gradients = result if isinstance(result, tuple) else (result,)
        count = len(self.parents)
        if len(gradients) < count or any(extra is not None for extra in gradients[count:]):
            raise GraphError(
                f"function {self.name()} returned an incorrect number of gradients (expected {count}, one for each "
                f"argument of forward, got {len(gradients)}); return None for arguments without a gradient"
            )
        for position, (parent, gradient) in enumerate(zip(self.parents, gradients, strict=False)):
            if parent is None or parent not in wanted or gradient is None:
                continue
            if not isinstance(gradient, Tensor):
                raise GraphError(f"{self.name()} returned a {type(gradient).__name__} for argument {position}, not a Tensor")
            try:
                yield parent, fit(gradient if lift else gradient._data, parent)
            except (RuntimeError, ValueError) as error:
                raise GraphError(
                    f"Function {self.name()} returned an invalid gradient at index {position} - got "
                    f"{list(gradient.shape)} but expected shape compatible with {list(parent.shape)}"
                ) from error

    def _pushed(self, by_position: dict[int, Any], wanted: set[Node]) -> Iterator[tuple[Node, Any]]:
        """Zeros in the place of gradients, whose own gradient by the cotangents is what the user's ``jvp`` gives."""
        chosen = [k for k, parent in enumerate(self.parents) if parent is not None and parent in wanted]
        positions = sorted(by_position)
        with recording(True):
            zeros = _Push.apply(self, chosen, positions, *(by_position[k] for k in positions))
        for k, zero in zip(chosen, zeros, strict=True):
            parent = self.parents[k]
            assert parent is not None
            yield parent, zero

    def free(self) -> None:
        """Let go of the saved tensors."""
        if self.ctx._saved:
            self.ctx._saved = None


class OutputNode(Node):
    """One output of a user's function: hands its cotangent to the function, with its position."""

    __slots__ = ("position",)

    def __init__(self, function: Node, position: int, array: Any) -> None:
        super().__init__((function,), array, function.origin)
        self.position: int = position

    def vjp(self, g: Any, wanted: set[Node], lift: bool) -> Iterator[tuple[Node, Any]]:
        """The cotangent, for the function."""
        (function,) = self.parents
        assert function is not None
        yield function, Cotangents({self.position: g})


def _in_order(cls: type[Any], args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """A forward's arguments by position."""
    import inspect  # slow to import, and for calls with names alone

    first = () if cls.setup_context is not None else (None,)  # ctx
    bound = inspect.signature(cls.forward).bind(*first, *args, **named)
    bound.apply_defaults()
    return bound.args[len(first) :]


class Function:
    """Base of users' own differentiable operations.

    A subclass has two static methods, ``forward(ctx, *args)`` and ``backward(ctx, *grad_outputs)``; or ``forward(*args)``
    with ``setup_context(ctx, inputs, output)``. Call it through ``apply``. ``backward`` returns one gradient per argument
    of ``forward``; written with Tensor operations, it can itself be differentiated. ``jvp(ctx, *tangents)``, if there is one, returns a
    tangent per output, for forward mode; without, that comes from ``backward``. For ``vmap`` there is either
    ``generate_vmap_rule = True``, or ``vmap(info, in_dims, *args)``, which returns outputs and their ``out_dims``.

    >>> import tinygrad_mlp as torch
    >>> class Cube(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x ** 3
    ...     @staticmethod
    ...     def backward(ctx, grad_output):
    ...         (x,) = ctx.saved_tensors
    ...         return grad_output * 3 * x ** 2
    >>> x = torch.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    @staticmethod
    def forward(*args: Any) -> Any:
        """The subclass's: compute the result."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def backward(ctx: FunctionCtx, *grad_outputs: Any) -> Any:
        """The subclass's: one gradient per argument of forward."""
        raise NotImplementedError("You must implement the backward function for custom autograd.Function.")

    setup_context: Callable[..., Any] | None = None
    jvp: Callable[..., Any] | None = None
    vmap: Callable[..., Any] | None = None
    generate_vmap_rule = False
    _node: type[_FunctionNode]
    _output_node: type[OutputNode]

    def __init_subclass__(cls) -> None:
        name = f"{cls.__name__}Backward"  # what its nodes are called, as in PyTorch
        cls._node = type(name, (_FunctionNode,), {"__slots__": ()})
        cls._output_node = type(name, (OutputNode,), {"__slots__": ()})

    def __init__(self) -> None:
        raise GraphError(f"{type(self).__name__} is not instantiated: call {type(self).__name__}.apply(...)")

    @classmethod
    def apply(cls, *args: Any, **named: Any) -> Any:
        """Run the forward and record its backward. Arguments may be given by name, as ``forward`` has them."""
        if named:
            args = _in_order(cls, args, named)
        if state.follower is not None and state.follower.transforms:
            return state.follower.custom(cls, args)
        ctx = FunctionCtx()
        tensors = [a for a in args if isinstance(a, Tensor)]
        parents = tuple(node_of(a) if isinstance(a, Tensor) else None for a in args)
        ctx.needs_input_grad = tuple(parent is not None for parent in parents)
        if cls.jvp is not None:
            ctx._forms = [(a._like.shape, a._like.dtype) if isinstance(a, Tensor) else None for a in args]
        with recording(False):
            if cls.setup_context is None:
                result = cls.forward(ctx, *args)
            else:
                result = cls.forward(*args)
                cls.setup_context(ctx, args, result)
        if not (is_grad_enabled() and any(ctx.needs_input_grad)):
            return result
        return cls._recorded(ctx, result, tensors, parents)

    @classmethod
    def _recorded(cls, ctx: FunctionCtx, result: Any, tensors: Sequence[Tensor], parents: tuple[Node | None, ...]) -> Any:
        """What the user gets, with its history."""
        outputs = result if isinstance(result, tuple) else (result,)
        if not all(any(output is t for output in outputs) for t in ctx._dirty):
            raise GraphError(
                "Some elements marked as dirty during the forward method were not returned as output. The inputs that are "
                "modified inplace must all be outputs of the Function."
            )
        function = cls._node(cls, ctx, parents)
        positions: dict[int, int] = {}
        returned: list[Any] = []
        for position, output in enumerate(outputs):
            if not isinstance(output, Tensor):
                function.outputs.append(((), np.dtype(float)))
                returned.append(output)
                continue
            function.outputs.append((output._like.shape, output._like.dtype))
            if output.is_floating_point() and not any(output is t for t in ctx._not_differentiable):
                positions[id(output)] = position
                output = cls._with_history(output, function.output(position, output._data), tensors, ctx)
            elif any(output is t for t in tensors):
                output = output.detach()
            returned.append(output)
        ctx._node = weakref.ref(function)
        ctx._saved = [_Saved(t, positions, cls.__name__) for t in ctx._to_save]
        ctx._to_save = ctx._not_differentiable = ctx._dirty = ()
        return tuple(returned) if isinstance(result, tuple) else returned[0]

    @classmethod
    def _with_history(cls, output: Tensor, node: Node, inputs: Sequence[Tensor], ctx: FunctionCtx) -> Tensor:
        """What the user gets for an output that ``node`` made."""
        if any(output is t for t in ctx._dirty):
            refuse_leaf(cls.__name__, output)
            version_of(output).bump(cls.__name__, origin())
            rebase(output, node)
            return output
        result: Tensor = wrap(output._data[...] if any(output is t for t in inputs) else output._data, node)
        source = next((t for t in inputs if np.may_share_memory(t._data, output._data)), None)
        if source is None:
            result._version = version_of(output)
        else:
            view_of(result, source, cls._node.__name__, {})
        return result


class _Push(Function):
    """Zeros for the gradients of a function's arguments, by which the walk back through a walk back comes to its ``jvp``."""

    @staticmethod
    def forward(ctx: FunctionCtx, node: _FunctionNode, chosen: list[int], positions: list[int], *cotangents: Tensor) -> Any:
        """The zeros: the walk is linear in the cotangents, and nobody looks at its values."""
        settings: Any = ctx
        settings.node, settings.chosen, settings.positions = node, chosen, positions
        ctx.set_materialize_grads(False)
        parents: list[Any] = [node.parents[k] for k in chosen]
        return tuple(wrap(np.zeros(parent.shape, parent.dtype)) for parent in parents)

    @staticmethod
    def backward(ctx: FunctionCtx, *tangents: Tensor | None) -> Any:
        """What the user's ``jvp`` gives for the tangents of the arguments."""
        settings: Any = ctx
        node: _FunctionNode = settings.node
        given: list[Any] = [
            wrap(np.zeros(*form)) if form is not None and node.ctx._materialize else None for form in node.ctx._forms
        ]
        for k, tangent in zip(settings.chosen, tangents, strict=True):
            given[k] = given[k] if tangent is None else tangent
        assert node.function.jvp is not None
        node.ctx._pushing = True
        try:
            result = node.function.jvp(node.ctx, *given)
        finally:
            node.ctx._pushing = False
        outputs = result if isinstance(result, tuple) else (result,)
        if len(outputs) != len(node.outputs):
            raise GraphError(
                f"{node.function.__name__}.jvp: expected {len(node.outputs)} tangents, one for each output, got {len(outputs)}"
            )
        return None, None, None, *(outputs[k] for k in settings.positions)
