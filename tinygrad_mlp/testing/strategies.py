"""Hypothesis strategies: what property-based tests of one's own functions and layers draw their arguments from.

Numbers are well away from kinks and singularities unless asked for (:func:`tensors`), so that central differences mean something.
Counterexamples shrink to few, small tensors of short numbers. A test::

    from hypothesis import given
    from tinygrad_mlp.testing import assert_gradients_match, broadcastable_tensors

    @given(broadcastable_tensors(2))
    def test_my_function(operands):
        assert_gradients_match(my_function, *operands)

>>> from hypothesis import find
>>> find(tensors(shape=(2,)), lambda x: float(x.detach().sum()) > 1)
tensor([0.4000, 0.6500], dtype=tinygrad_mlp.float64, requires_grad=True)
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from .. import nn
from .._tensor import Tensor
from ..dtypes import as_dtype, dtype, float64
from ..errors import ArgumentError
from ..ops.creation import from_numpy
from ..ops.random import get_rng_state, manual_seed, set_rng_state
from .random_programs import RandomProgram, lattice, write

__all__ = [
    "broadcastable_tensors", "class_targets", "matmul_operands", "modules", "programs", "shapes", "tensors",
]  # fmt: skip

Shape = tuple[int, ...]
Strategy: TypeAlias = st.SearchStrategy
DTypes: TypeAlias = "dtype | Strategy[dtype]"

# Zeros of both signs, ties, the ends of float32's range and beyond what it can tell apart, subnormal, infinite and not a number.
EXTREMES = (0.0, -0.0, 1.0, -1.0, 1e38, -1e38, 1e-45, -1e-45, 1e-7, 88.0, -104.0, float("inf"), float("-inf"), float("nan"))


_DIMENSIONS = 32  # hypothesis's limit


def _require(caller: str, least: int, **values: Any) -> None:
    """Refuse what are not ints from ``least``, and too many dimensions."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ArgumentError(f"{caller}(): {name} must be an int, {least} or more, got {value!r}")
        if name == "max_dims" and value > _DIMENSIONS:
            raise ArgumentError(f"{caller}(): {name} must be {_DIMENSIONS} or less, got {value}")


def _sides(caller: str, name: str, value: Any) -> Shape:
    """A shape that is given as one, or as a number."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        _require(caller, 0, **{name: value})
        return (int(value),)
    for side in value:
        _require(caller, 0, **{f"a size in {name}={value!r}": side})
    return tuple(int(side) for side in value)


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 4) -> Strategy[Shape]:
    """Shapes of ``min_dims`` to ``max_dims`` dimensions of sizes ``min_side`` to ``max_side``.

    >>> from hypothesis import find
    >>> find(shapes(), lambda shape: True)
    ()
    >>> find(shapes(min_dims=1, min_side=0), lambda shape: len(shape) == 2)
    (0, 0)

    Args:
        min_dims, max_dims: How many dimensions.
        min_side, max_side: Their sizes; ``min_side=0`` draws empty tensors, too.

    Raises:
        ArgumentError: A bound is not an int, is negative, or above the other; or ``max_dims`` is above 32, hypothesis's limit.
    """
    _require("shapes", 0, min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)
    for what, least, most in (("dims", min_dims, max_dims), ("side", min_side, max_side)):
        if least > most:
            raise ArgumentError(f"shapes(): min_{what}={least} is more than max_{what}={most}")
    return hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)


def _as_strategy(value: Any) -> Strategy[Any]:
    return value if isinstance(value, st.SearchStrategy) else st.just(value)


def tensors(
    shape: int | Sequence[int] | Strategy[Shape] | None = None,
    dtype: DTypes = float64,
    elements: Strategy[Any] | None = None,
    requires_grad: bool = True,
    *,
    positive: bool = False,
    extremes: bool = False,
) -> Strategy[Tensor]:
    """Tensors whose numbers are kind to a gradient check, or not.

    Floating-point numbers are ±0.4, ±0.65, ±0.9 …, no two the same in a tensor of up to 24 elements (120, more finely spaced): off
    0, ±0.5, ±1, ±3 and 6, where activations have their kinks, and without ties, at which ``max`` and ``sort`` have theirs.

    >>> from hypothesis import find
    >>> find(tensors(shape=(2, 2)), lambda x: bool((x < 0).any()))
    tensor([[ 0.4000,  0.6500],
            [ 0.9000, -0.4000]], dtype=tinygrad_mlp.float64, requires_grad=True)

    Args:
        shape: The shape, or a strategy for shapes; :func:`shapes` by default.
        dtype: The dtype, or a strategy for dtypes. Integers are small, and never require grad.
        elements: A strategy for single numbers instead; ties and kinks are then up to it.
        requires_grad: Of floating-point tensors.
        positive: Positive numbers only.
        extremes: Draw from 0, −0, ties, ±1e38, subnormal numbers, infinities and nan, among ordinary ones.

    Raises:
        ArgumentError: ``shape`` has a negative size, or something is not what it should be, or options contradict one another.
    """
    if elements is not None and (positive or extremes):
        raise ArgumentError("tensors(): elements= says which numbers to draw; leave out positive= and extremes=")
    if positive and extremes:
        raise ArgumentError("tensors(): extremes are of both signs, and 0; leave out positive= or extremes=")
    if not (elements is None or isinstance(elements, st.SearchStrategy)):
        raise ArgumentError(f"tensors(): elements must be a hypothesis strategy for numbers, got {elements!r}")
    if not isinstance(dtype, st.SearchStrategy):
        dtype = as_dtype(dtype)
    if shape is None:
        wanted = shapes()
    else:
        wanted = shape if isinstance(shape, st.SearchStrategy) else st.just(_sides("tensors", "shape", shape))

    @st.composite
    def drawn(draw: st.DrawFn) -> Tensor:
        sides = tuple(draw(wanted))
        kind = as_dtype(draw(_as_strategy(dtype)))
        array = draw(_arrays(sides, kind.numpy, elements, positive, extremes))
        return from_numpy(array).requires_grad_(requires_grad and kind.is_floating_point)

    return drawn()


def _arrays(
    shape: Shape, kind: np.dtype[Any], elements: Strategy[Any] | None, positive: bool, extremes: bool
) -> Strategy[np.ndarray[Any, Any]]:
    size = int(np.prod(shape))
    if elements is not None:
        return hnp.arrays(kind, shape, elements=elements)
    if kind.kind == "b":
        return hnp.arrays(kind, shape)
    if kind.kind in "iu":
        low = 1 if positive else 0 if kind.kind == "u" else -5
        return hnp.arrays(kind, shape, elements=st.integers(low, 5))
    side = 12 if size <= 24 else 60
    steps = st.integers(0 if positive else -side, 2 * side - 1 if positive else side - 1)
    if extremes:  # in float32 1e38 is near the largest, in float16 it is inf
        numbers = st.sampled_from(EXTREMES) | steps.map(lambda step: lattice(step, size))
        return hnp.arrays(kind, shape, elements=numbers, fill=st.nothing())
    whole = hnp.arrays(np.int64, shape, elements=steps, unique=size <= 2 * side, fill=st.nothing())
    return whole.map(lambda array: np.array([lattice(int(k), size) for k in array.flat], kind).reshape(shape))


def broadcastable_tensors(
    n: int = 2, *, max_dims: int = 3, max_side: int = 4, **options: Any
) -> Strategy[tuple[Tensor, ...]]:
    """``n`` tensors whose shapes broadcast together; ``options`` are those of :func:`tensors` but for ``shape``.

    >>> from hypothesis import find
    >>> a, b = find(broadcastable_tensors(2), lambda pair: pair[0].shape != pair[1].shape)
    >>> (a + b).shape == max(a.shape, b.shape, key=len)
    True

    Raises:
        ArgumentError: ``n`` or ``max_side`` is less than 1, ``max_dims`` is not from 0 to 32; or as :func:`tensors`.
    """
    _require("broadcastable_tensors", 1, n=n, max_side=max_side)
    _require("broadcastable_tensors", 0, max_dims=max_dims)
    tensors((), **options)  # says what is wrong with them
    together = hnp.mutually_broadcastable_shapes(num_shapes=n, max_dims=max_dims, max_side=max_side)
    return together.flatmap(lambda drawn: st.tuples(*(tensors(shape, **options) for shape in drawn.input_shapes)))


def matmul_operands(*, max_side: int = 4, **options: Any) -> Strategy[tuple[Tensor, Tensor]]:
    """Two tensors that ``@`` takes: vectors, matrices, and batches of matrices that broadcast; ``options`` as above.

    >>> from hypothesis import find
    >>> a, b = find(matmul_operands(), lambda pair: pair[0].ndim == 2 and pair[1].ndim == 1)
    >>> tuple(a.shape), tuple(b.shape)
    ((1, 1), (1,))

    Raises:
        ArgumentError: ``max_side`` is less than 1; or as :func:`tensors`.
    """
    _require("matmul_operands", 1, max_side=max_side)
    tensors((), **options)  # says what is wrong with them
    sides = st.integers(1, max_side)

    @st.composite
    def drawn(draw: st.DrawFn) -> tuple[Tensor, Tensor]:
        inner = draw(sides)
        first, second = draw(st.sampled_from([(1, 1), (2, 1), (1, 2), (2, 2), (3, 3)]))
        batches: tuple[Shape, ...] = ((), ())
        if first == 3:
            batches = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=2)).input_shapes
        left = (inner,) if first == 1 else (*batches[0], draw(sides), inner)
        right = (inner,) if second == 1 else (*batches[1], inner, draw(sides))
        return draw(tensors(left, **options)), draw(tensors(right, **options))

    return drawn()


def class_targets(n: int | Sequence[int], classes: int, *, ignore_index: int | None = None) -> Strategy[Tensor]:
    """``n`` class indices (or an array of them of that shape): int64, below ``classes``.

    >>> from hypothesis import find
    >>> find(class_targets(3, 10), lambda t: t.sum() > 2)
    tensor([0, 0, 3])

    Args:
        n: How many, or a shape.
        classes: How many classes.
        ignore_index: A further value to draw, which stands for no class.

    Raises:
        ArgumentError: ``n`` or a size is negative, there is not one class, or something is not an int.
    """
    shape = _sides("class_targets", "n", n)
    _require("class_targets", 1, classes=classes)
    if not (ignore_index is None or type(ignore_index) is int):
        raise ArgumentError(f"class_targets(): ignore_index must be an int or None, got {ignore_index!r}")
    indices: Strategy[int] = st.integers(0, classes - 1)
    if ignore_index is not None:
        indices |= st.just(ignore_index)
    return hnp.arrays(np.int64, shape, elements=indices, fill=st.nothing()).map(from_numpy)


SMOOTH: tuple[Callable[[], Any], ...] = (nn.Tanh, nn.Sigmoid, nn.GELU, nn.SiLU, nn.Softplus, nn.Mish)
KINKED: tuple[Callable[[], Any], ...] = (nn.ReLU, nn.LeakyReLU, nn.ELU, nn.Hardtanh)


def modules(
    in_features: int = 3,
    out_features: int = 2,
    *,
    max_layers: int = 3,
    max_width: int = 5,
    dtype: dtype = float64,
    kinks: bool = False,
    norm: bool = False,
    dropout: bool = False,
) -> Strategy[Any]:
    """Small random multilayer perceptrons, shapes ``(N, in_features) -> (N, out_features)``.

    >>> from hypothesis import find
    >>> find(modules(4, 2), lambda module: len(module) > 1)
    Sequential(
      (0): Linear(in_features=4, out_features=1, bias=True)
      (1): Tanh()
      (2): Linear(in_features=1, out_features=2, bias=True)
    )

    Args:
        in_features, out_features: The sizes of the input and the output.
        max_layers: How many Linear layers at most.
        max_width: The largest hidden size.
        dtype: Of the parameters.
        kinks: Draw activations with kinks, too, such as ReLU: a check by differences can then land on one.
        norm: Draw BatchNorm1d and LayerNorm after hidden layers, too.
        dropout: Draw Dropout, too; random in training mode.

    Raises:
        ArgumentError: A number is less than 1 or not an int, or ``dtype`` is not a floating-point one.
    """
    _require("modules", 1, in_features=in_features, out_features=out_features, max_layers=max_layers, max_width=max_width)
    if not as_dtype(dtype).is_floating_point:
        raise ArgumentError(f"modules(): dtype must be a floating-point one, got {dtype}")
    activations = SMOOTH + (KINKED if kinks else ())

    @st.composite
    def drawn(draw: st.DrawFn) -> Any:
        widths = draw(st.lists(st.integers(1, max_width), max_size=max_layers - 1))
        seed = draw(st.integers(0, 2**32 - 1))
        makers: list[Callable[[], Any]] = []
        for size, following in zip([in_features, *widths], [*widths, out_features], strict=True):
            if makers:
                makers.append(draw(st.sampled_from(activations)))
            if makers and norm and draw(st.booleans()):
                makers.append(functools.partial(draw(st.sampled_from([nn.LayerNorm, nn.BatchNorm1d])), size))
            if makers and dropout and draw(st.booleans()):
                makers.append(nn.Dropout)
            without_bias = draw(st.booleans())
            makers.append(functools.partial(nn.Linear, size, following, bias=not without_bias))
        state = get_rng_state()
        manual_seed(seed)
        module = nn.Sequential(*(make() for make in makers)).to(dtype)
        set_rng_state(state)
        return module

    return drawn()


class _Drawn:
    """A writer's decisions from hypothesis."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def integer(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))


def programs(length: int | Strategy[int] = 5) -> Strategy[RandomProgram]:
    """Random differentiable programs of this many lines over the library's operations.

    A program is called with its ``inputs``, or other tensors of their shapes; every line counts for the result, whose first two
    derivatives are continuous where the inputs are. Printed it is a Python script, for this library or for PyTorch.

    >>> from hypothesis import find
    >>> program = find(programs(2), lambda program: len(program.inputs) > 1)
    >>> program(*program.inputs).requires_grad
    True

    Args:
        length: How many lines, or a strategy for that.

    Raises:
        ArgumentError: It is negative, or neither an int nor a strategy.
    """
    if not isinstance(length, st.SearchStrategy):
        _require("programs", 0, length=length)

    @st.composite
    def drawn(draw: st.DrawFn) -> RandomProgram:
        return write(_Drawn(draw), length=draw(_as_strategy(length)))

    return drawn()
