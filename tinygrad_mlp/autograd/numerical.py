"""Numerical derivatives: of a function of Tensors along a direction, from its values alone.

A function is taken as a map from a vector (the elements of all inputs that require grad) to a vector (the elements of all
outputs). Its derivative along a direction v is

* by central differences, (f(x + h v) - f(x - h v)) / 2h, good to about h^2 f''' / 6 (truncation) and u |f| / h (rounding), with
  the unit roundoff u = 1.1e-16;
* by a complex step, Im f(x + i h v) / h with a tiny h: nothing is subtracted, so all digits are good. Tensors hold no complex
  numbers, but the primitives that the function applied are known, and computed again on complex arrays. That is used where
  each of them, tried out at the point, is found to be analytic, and the result agrees with the differences.

Where the slopes on the two sides of the point stay apart as h gets smaller there is no derivative. Where they stay apart until h
is as small as the distance of a kink, the derivative is that of the smaller steps: those are looked for as far as rounding lets.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from .._tensor import Tensor
from ..errors import ArgumentError, DTypeError, ShapeError, TinygradError
from ..grad_mode import enable_grad, observed_by
from .recording import Array, Call, Recorder, forward

__all__ = ["Direction", "GradcheckError", "Numerics", "Outputs", "Slopes", "Subject"]

_ROUNDOFF = float(np.finfo(np.float64).eps) / 2
_NOISE = 8  # by how many roundoffs the value of a function may be off
_STEPS = [4.0**k for k in range(-2, 6)]  # of a careful derivative, in units of eps
_NEARER = [4.0**-k for k in range(3, 13)]  # and beside a kink, as far as needed
_SETTLED = 0.1  # of the default tolerances: a derivative that is that good needs no nearer steps
_SUSPECT = 16  # times what rounding may put between the slopes of the two sides
_IMAGINARY = 1e-100  # its square is 0 beside any number
_NO_VALUE = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)  # raised where a function has no value


class GradcheckError(TinygradError, RuntimeError):
    """What a gradient check found: where, and both numbers."""


# ------------------------------------------------------------------------------------------------------ the function


@dataclass
class Outputs:
    """What a call of a function returned."""

    tensors: tuple[Tensor, ...]  # all of it
    watched: list[int]  # which of them have derivatives to check

    @property
    def checked(self) -> list[Tensor]:
        """The tensors whose derivatives are checked."""
        return [self.tensors[k] for k in self.watched]

    def vector(self) -> Array:
        """Their elements, copied."""
        return np.concatenate([np.zeros(0), *(np.ravel(t._data) for t in self.checked)])


class Subject:
    """A function at its inputs, as :func:`~tinygrad_mlp.testing.gradcheck` takes them; errors begin with the caller's name.

    The order is 2 where the outputs are gradients, 3 where they are those of gradients, and so on. Gradients must be
    differentiable, or constant; of other outputs some may be so, and the others are not checked.

    Raises:
        ValueError: No input requires grad. DTypeError: One that does is not float64.
        ShapeError: Elements of the inputs share memory.
    """

    def __init__(
        self,
        caller: str,
        func: Callable[..., Any],
        inputs: Any,
        names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
        order: int = 1,
    ) -> None:
        self.caller: str = caller
        self.func: Callable[..., Any] = func
        self.output_names: Sequence[str] | None = output_names
        self.order: int = order
        self.inputs: tuple[Any, ...] = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
        self.names: list[str] = [f"input {k}" for k in range(len(self.inputs))] if names is None else list(names)
        asked = {id(x): k for k, x in reversed(list(enumerate(self.inputs))) if isinstance(x, Tensor) and x.requires_grad}
        self.chosen: list[int] = sorted(asked.values())  # a tensor that is given twice has one gradient
        self.sources: list[Tensor] = [self.inputs[k] for k in self.chosen]  # what is differentiated by
        self.source_names: list[str] = [self.names[k] for k in self.chosen]
        self._validate()
        self.point: list[np.ndarray[Any, Any]] = [x._data.copy() for x in self.sources]
        self.sizes: list[int] = [x._like.size for x in self.sources]

    def _validate(self) -> None:
        if not self.sources:
            raise ValueError(
                f"{self.caller} expects at least one input tensor to require gradient, but none of them have requires_grad=True."
            )
        for k, (name, x) in enumerate(zip(self.source_names, self.sources, strict=True)):
            if x._like.dtype != np.float64:
                raise DTypeError(
                    f"{self.caller}: {name} is {x.dtype}, whose few digits are lost in differences; make it float64 with .double()"
                )
            low, high = byte_bounds(x._data)
            if not x._like.flags.writeable or high - low < x._like.nbytes:
                raise ShapeError(
                    f"{self.caller}: {name} is read-only, or its elements share memory, so that they cannot be moved one by "
                    "one; pass a clone()"
                )
            for other, y in zip(self.source_names[:k], self.sources[:k], strict=True):
                if np.shares_memory(x._data, y._data):
                    raise ShapeError(
                        f"{self.caller}: {other} and {name} share memory, so that moving the one moves the other; pass a clone()"
                    )

    def output_name(self, k: int) -> str:
        """What an output is called."""
        return f"output {k}" if self.output_names is None else self.output_names[k]

    def call(self) -> Outputs:
        """Call the function; an ArgumentError if it returns something else than Tensors, a DTypeError if they are not float64."""
        with enable_grad():
            result = self.func(*self.inputs)
        tensors = tuple(result) if isinstance(result, tuple | list) else (result,)
        for k, tensor in enumerate(tensors):
            if not isinstance(tensor, Tensor):
                raise ArgumentError(
                    f"{self.caller}: func must return a Tensor, or a tuple or list of them, but {self.output_name(k)} is a "
                    f"{type(tensor).__name__}"
                )
            if tensor.requires_grad and tensor._like.dtype != np.float64:
                raise DTypeError(
                    f"{self.caller}: {self.output_name(k)} is {tensor.dtype}, whose few digits are lost in differences; let func "
                    "compute in the dtype of its inputs"
                )
        floating = [k for k, t in enumerate(tensors) if t._like.dtype == np.float64]
        watched = [k for k in floating if tensors[k].requires_grad]
        return Outputs(tensors, floating if self.order > 1 or not watched else watched)

    def at(self, moves: Sequence[Array | None]) -> tuple[Array, list[Array]]:
        """The elements of the outputs with the sources moved from the point, and where exactly that took the sources."""
        try:
            for x, point, move in zip(self.sources, self.point, moves, strict=True):
                if move is not None:
                    x._data[...] = point + move
            positions = [x._data.copy() for x in self.sources]
            values = self.call().vector()
        finally:
            for x, point in zip(self.sources, self.point, strict=True):
                x._data[...] = point
        return values, positions


# --------------------------------------------------------------------------------------------------- derivatives


@dataclass(frozen=True)
class Direction:
    """Which way to go."""

    vectors: Sequence[Array | None]  # per source; None where it stays
    element: tuple[int, tuple[int, ...]] | None = None  # the source and the index in it, where one element moves, by 1


@dataclass(frozen=True)
class Slopes:
    """The derivatives of all elements of the outputs along a direction."""

    value: Array
    along: Array  # the direction as a vector of all sources' elements, as it was taken: x + h v is rounded
    sides: tuple[Array, Array]  # the slopes below and above the point
    noise: Array  # what rounding alone may put between those
    method: str  # how the value was found
    truncation: Array  # an estimate of the value's error
    rounding: Array  # likewise
    kink: Array  # how much of the truncation a kink may be to blame for

    @property
    def error(self) -> Array:
        """How far off the value may be."""
        return self.truncation + self.rounding

    @property
    def gap(self) -> Array:
        """How far the slopes of the two sides are apart."""
        return np.abs(self.sides[1] - self.sides[0])


class _NotAnalyticError(Exception):
    """A function has no complex step: the differences do."""


class _ComplexStep:
    """The primitives that a function applied, computed again on complex numbers."""

    def __init__(self, subject: Subject) -> None:
        self.point = subject.point
        self.recorder = Recorder([x._data for x in subject.sources])
        with observed_by(self.recorder):
            outputs = subject.call()
        self.outputs = [(self.recorder.slot(t._data), t._like.size) for t in outputs.checked]
        magnitudes = [np.abs(v[np.isfinite(v)]).max(initial=0.0) for v in self.recorder.values if v.dtype.kind == "f"]
        self.scale = float(max(magnitudes))  # of the largest number on the way
        self._ways: dict[int, _Way] = {}  # of the calls, by identity, in which they are computed on complex numbers

    def derivatives(self, vectors: Sequence[Array]) -> Array:
        """Along the direction; a _NotAnalyticError where a primitive is not the same function of complex numbers."""
        inputs = [np.asarray(p + _IMAGINARY * 1j * v) for p, v in zip(self.point, vectors, strict=True)]
        values = self.recorder.replay(inputs, self._computed)
        parts = [
            np.zeros(size) if slot is None else np.imag(values[slot]).ravel() / _IMAGINARY for slot, size in self.outputs
        ]
        return np.concatenate([np.zeros(0), *parts])

    def _computed(self, call: Call, args: list[Any]) -> Array:
        """The call on complex numbers; a _NotAnalyticError if it is not known for them, or gives other real numbers than before."""
        if not any(map(np.iscomplexobj, args)):
            return call.value
        if id(call) not in self._ways:
            self._ways[id(call)] = _way_of(call, args)
        with np.errstate(all="ignore"):
            out = self._ways[id(call)](call, args)
        if not np.allclose(out.real, call.value, rtol=1e-12, atol=0, equal_nan=True):
            raise _NotAnalyticError  # on a branch cut; or something that is no primitive changed the values
        return out


_Way = Callable[[Call, list[Any]], Array]


def _by_parts(call: Call, args: list[Any]) -> Array:
    """A linear call on complex numbers: real and imaginary parts go through it one by one."""
    real = [a.real if np.iscomplexobj(a) else a for a in args]
    return np.asarray(forward(call, real) + 1j * forward(call, [_imaginary(a) for a in args]))


def _imaginary(value: Any) -> Any:
    """The imaginary part of an argument; what is not a floating-point number, an index or a condition, as it is."""
    if isinstance(value, np.ndarray):
        return value.imag if value.dtype.kind in "fc" else value
    return 0.0 if isinstance(value, float | int) else value


def _as_it_is(call: Call, args: list[Any]) -> Array:
    """A call whose forward is the same analytic function of complex numbers; of complex ones alone, as some want one dtype."""
    return forward(call, [a.astype(complex) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in args])


def _way_of(call: Call, args: Sequence[Any]) -> _Way:
    """How to compute a call on complex numbers, found by trying: the way that gives the derivatives that its values have."""
    rng, h = np.random.default_rng(0), 1e-7
    moved = [k for k, a in enumerate(args) if np.iscomplexobj(a)]
    sizes = {k: np.where(args[k].real == 0, 1.0, np.abs(args[k].real)) for k in moved}
    draws = {k: size * rng.uniform(0.5, 1.0, size.shape) * rng.choice([-1, 1], size.shape) for k, size in sizes.items()}

    def at(step: complex) -> list[Any]:
        return [a.real + step * draws[k] if k in draws else a for k, a in enumerate(args)]

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # that a forward discards imaginary parts
        for way in (_by_parts, _as_it_is):
            try:
                slope = (forward(call, at(h)) - forward(call, at(-h))) / (2 * h)
                ahead, behind = (np.imag(way(call, at(sign * _IMAGINARY * 1j))) / _IMAGINARY for sign in (1, -1))
            except _NO_VALUE:
                continue
            allowed = 1e-4 * np.abs(slope).max(initial=0.0) + _NOISE * _ROUNDOFF / h * np.abs(call.value)
            if np.all(np.abs(ahead - slope) <= allowed) and np.all(np.abs(behind + slope) <= allowed):
                return way
    raise _NotAnalyticError


def _tolerance(value: Array) -> Array:
    """The default one of a check."""
    return 1e-5 + 1e-3 * np.abs(value)


def _suspect(slopes: Slopes) -> Array:
    """Where the slopes of the two sides are so far apart that there may be a kink."""
    with np.errstate(all="ignore"):
        steepest = np.maximum(np.abs(slopes.sides[0]), np.abs(slopes.sides[1]))
        suspect: Array = ~(slopes.gap <= _tolerance(steepest) + _SUSPECT * slopes.noise)
        return suspect


def _merged(where: Array, slopes: Slopes, others: Slopes) -> Slopes:
    """The slopes, and for some elements the others."""
    fields = ("value", "truncation", "rounding", "kink")
    return replace(slopes, **{name: np.where(where, getattr(others, name), getattr(slopes, name)) for name in fields})


def _extrapolated(tried: Sequence[Slopes]) -> Slopes:
    """For each number the derivative with the smallest estimated error that differences over steps h, 4h, 16h … give.

    Of a smooth function D(h) + (D(h) - D(4h)) / 15 is good to the fourth order (Richardson), and the gap between the slopes of the
    two sides is proportional to h. Where it is not, there is a kink within 4h or 16h, and nothing to extrapolate: D(h) is off by half
    the gap. D(4h) by itself is as good as it agrees with D(h) and has no gaps. And no derivative is better than it agrees with
    nearer steps.
    """
    with np.errstate(all="ignore"):
        differences, gaps, roundings, noise = (
            np.array([getattr(s, name) for s in tried]) for name in ("value", "gap", "rounding", "noise")
        )
        bent = np.zeros(gaps.shape, bool)
        bent[:-1] = ~(gaps[:-1] <= 0.5 * gaps[1:] + noise[:-1])
        bent = bent[:-1] | bent[1:]
        apart = differences[:-1] - differences[1:]
        corrections = np.where(bent, 0.0, apart / 15)
        values = np.concatenate([differences[:-1] + corrections, differences[1:]])
        kinks = np.concatenate([np.where(bent, gaps[:-1] / 2, 0.0), np.abs(apart) + (gaps[:-1] + gaps[1:]) / 2])
        corrections = np.concatenate([np.abs(corrections), np.zeros(apart.shape)])
        rounding = np.concatenate([roundings[:-1], roundings[1:]])
        steps = [*range(len(apart)), *range(1, len(tried))]
        for k, step in enumerate(steps):
            if step:
                known = corrections[k] + kinks[k] + rounding[k]
                beyond = np.abs(differences[:step] - values[k]) - roundings[:step] - known
                kinks[k] += np.fmax(beyond.max(axis=0), 0.0)
        truncations = corrections + kinks
        errors = np.where(np.isfinite(values), truncations + rounding, np.inf)
        kinks = np.where(np.isinf(errors), np.inf, kinks)
    best = np.argmin(errors, axis=0)[None]
    value, truncation, rounding, kink = (np.take_along_axis(a, best, 0)[0] for a in (values, truncations, rounding, kinks))
    return replace(
        tried[0], value=value, truncation=truncation, rounding=rounding, kink=kink, method="extrapolated differences"
    )


class Numerics:
    """The numerical derivatives of a subject, with steps of ``eps``."""

    def __init__(self, subject: Subject, eps: float) -> None:
        self.subject: Subject = subject
        self.eps: float = eps
        self.base: Array = subject.call().vector()
        self._complex: _ComplexStep | None = _ComplexStep(subject)
        self._scale = self._complex.scale

    def differences(self, direction: Direction, h: float) -> Slopes:
        """Derivatives by differences over ``h``; a GradcheckError if it is too small for the point, or the outputs change shapes."""
        subject = self.subject
        moves = [None if v is None else h * v for v in direction.vectors]
        plus, ahead = subject.at(moves)
        minus, behind = subject.at([None if move is None else -move for move in moves])
        if plus.shape != self.base.shape or minus.shape != self.base.shape:
            raise GradcheckError(f"{subject.caller}: func returns other shapes when its inputs move by {h:g}")
        taken = np.concatenate([np.ravel(a - b) for a, b in zip(ahead, behind, strict=True)])
        up = down = h
        if direction.element is not None:  # as far as the element really went
            source, index = direction.element
            x = subject.point[source][index]
            up, down = float(ahead[source][index] - x), float(x - behind[source][index])
            if not (up > 0 and down > 0):
                raise GradcheckError(
                    f"{subject.caller}: a step of {h:g} is lost beside {subject.source_names[source]}, element {index} = {x:g}, "
                    "the next float64 being farther away: pass a larger eps, or scale the input"
                )
        with np.errstate(all="ignore"):
            sides = (self.base - minus) / down, (plus - self.base) / up
            size = np.maximum(np.maximum(np.abs(plus), np.abs(minus)), np.abs(self.base))
            if direction.element is None:  # rounding x + h v has changed the direction a little
                reach = max(float(np.abs(x).max(initial=0.0)) for x in subject.point)
                size = size + reach * np.fmax(np.abs(sides[0]), np.abs(sides[1]))
            if h < self.eps * _STEPS[0]:  # so small a step that rounding of intermediate values counts
                size = np.maximum(size, self._scale)
            noise = _NOISE * _ROUNDOFF * size / h
            none = np.zeros(noise.shape)
            value = (plus - minus) / (up + down)
            return Slopes(value, taken / (up + down), sides, 2 * noise, "central differences", none, noise, none)

    def quick(self, direction: Direction) -> Slopes:
        """Derivatives from one step, the complex one where it can be taken; where there may be a kink, from many."""
        slopes = self.differences(direction, self.eps)
        suspect = _suspect(slopes)
        if suspect.any() and (many := self._many(direction, suspect)) is not None:
            slopes = _merged(suspect, slopes, many)
        if self._complex is None:
            return slopes
        parts = np.split(slopes.along, np.cumsum(self.subject.sizes)[:-1])
        try:
            exact = self._complex.derivatives([v.reshape(p.shape) for v, p in zip(parts, self.subject.point, strict=True)])
            with np.errstate(all="ignore"):
                near = np.abs(exact - slopes.value) <= _tolerance(slopes.value) + 2 * slopes.error
            if not np.all(near):
                raise _NotAnalyticError
        except _NotAnalyticError:
            self._complex = None
            return slopes
        rounding = _NOISE * _ROUNDOFF * np.abs(exact)
        return replace(slopes, value=exact, method="complex step", truncation=slopes.kink, rounding=rounding)

    def _many(self, direction: Direction, suspect: Array) -> Slopes | None:
        """Derivatives from many steps, and beside a kink from as near ones as it needs; None where there are none.

        Where there may be a kink, it is taken to be the cause of all by which the steps disagree.
        """
        tried = self._tried(direction, _STEPS)
        if len(tried) < 2:
            return None
        best = _extrapolated(tried)
        for factor in _NEARER:
            with np.errstate(all="ignore"):
                open_ = ~(best.error <= _SETTLED * _tolerance(best.value))
                nearer = self._tried(direction, [factor]) if open_.any() else []
                if not nearer or not (open_ & ~(nearer[0].rounding >= best.error)).any():
                    break
            tried = nearer + tried
            best = _merged(open_, best, _extrapolated(tried))
        return replace(best, kink=np.where(suspect, best.truncation, best.kink))

    def _tried(self, direction: Direction, factors: Sequence[float]) -> list[Slopes]:
        found: list[Slopes] = []
        for factor in factors:
            try:
                found.append(self.differences(direction, factor * self.eps))
            except _NO_VALUE:  # too near for the point, or out of the domain: the others are left
                continue
        return found

    def careful(self, direction: Direction) -> Slopes:
        """Derivatives from many steps: for each number the extrapolated difference with the smallest estimated error."""
        quick = self.quick(direction)
        many = self._many(direction, _suspect(quick))
        if many is None:
            return quick
        if quick.method == "complex step":
            if np.all(np.abs(quick.value - many.value) <= 8 * many.error + 1e-12 * np.abs(many.value)):
                return quick
            self._complex = None
        return replace(many, along=quick.along, sides=quick.sides, noise=quick.noise)
