"""What a transform is, and transforms made of others."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

from .._tensor import Size, Tensor
from ..dtypes import finfo
from ..ops.creation import zeros_like
from ..ops.functions import sigmoid
from . import constraints
from .utils import _sum_rightmost, size_of

__all__ = ["ComposeTransform", "IndependentTransform", "ReshapeTransform", "Transform", "identity_transform"]

Array = Any  # a Tensor


def clipped_sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x), never 0 or 1."""
    limits = finfo(x.dtype)
    return sigmoid(x).clamp(min=limits.tiny, max=1.0 - limits.eps)


def widened(constraint: Any, event_dim: int) -> Any:
    """The constraint, of events of ``event_dim`` dimensions."""
    extra = event_dim - constraint.event_dim
    return constraints.independent(constraint, extra) if extra > 0 else constraint


class Transform:
    """A function y = f(x), with its inverse and log abs det dy/dx.

    A subclass defines ``_call``, ``_inverse`` and ``log_abs_det_jacobian``, ``domain`` and ``codomain``.

    Args:
        cache_size: 1 keeps the latest x and y, so that the inverse of what was just computed is exact and costs nothing.

    Attributes:
        domain, codomain: The constraints that x and y satisfy.
        bijective: Whether there is an inverse, not only a function with f(f^-1(f(x))) = f(x).
        sign: 1 or -1: whether it rises or falls.

    >>> import tinygrad_mlp as torch
    >>> t = torch.distributions.AffineTransform(1.0, 2.0)
    >>> t(torch.tensor([0.0, 1.0])), t.inv(torch.tensor([1.0]))
    (tensor([1., 3.]), tensor([0.]))
    """

    bijective: Any = False
    domain: Any
    codomain: Any

    def __init__(self, cache_size: int = 0) -> None:
        if cache_size not in (0, 1):
            raise ValueError("cache_size must be 0 or 1")
        self._cache_size = cache_size
        self._inv: Transform | None = None
        self._cached_x_y: tuple[Any, Any] = None, None

    @property
    def event_dim(self) -> int:
        """How many dimensions its events have."""
        if self.domain.event_dim == self.codomain.event_dim:
            return int(self.domain.event_dim)
        raise ValueError("Please use either .domain.event_dim or .codomain.event_dim")

    @property
    def inv(self) -> Transform:
        """The inverse; its inverse is this."""
        if self._inv is None:
            self._inv = _InverseTransform(self)
        return self._inv

    @property
    def sign(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no sign")

    def with_cache(self, cache_size: int = 1) -> Any:
        """The same transform with this ``cache_size``."""
        if self._cache_size == cache_size:
            return self
        new = object.__new__(type(self))
        vars(new).update(vars(self))
        new._cache_size, new._inv, new._cached_x_y = cache_size, None, (None, None)
        return new

    def _state(self) -> Any:
        """What transforms of one class are compared by; None where only a transform itself is equal to it."""
        return None if "__init__" in vars(type(self)) else ()

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        state = self._state()
        return type(self) is type(other) and state is not None and _equal(state, other._state())

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __call__(self, x: Array) -> Array:
        if self._cache_size and x is self._cached_x_y[0]:
            return self._cached_x_y[1]
        y = self._call(x)
        self._cached_x_y = (x, y) if self._cache_size else (None, None)
        return y

    def _inv_call(self, y: Array) -> Array:
        if self._cache_size and y is self._cached_x_y[1]:
            return self._cached_x_y[0]
        x = self._inverse(y)
        self._cached_x_y = (x, y) if self._cache_size else (None, None)
        return x

    def _call(self, x: Array) -> Array:
        raise NotImplementedError(f"{type(self).__name__} does not define _call")

    def _inverse(self, y: Array) -> Array:
        raise NotImplementedError(f"{type(self).__name__} does not define _inverse")

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        """log abs det dy/dx."""
        raise NotImplementedError(f"{type(self).__name__} does not define log_abs_det_jacobian")

    def forward_shape(self, shape: Sequence[int]) -> Any:
        """The shape of y for an x of this shape."""
        return shape

    def inverse_shape(self, shape: Sequence[int]) -> Any:
        """The shape of x for a y of this shape."""
        return shape

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def _equal(ours: Sequence[Any], theirs: Sequence[Any]) -> bool:
    return all(bool((a == b).all()) if isinstance(a == b, Tensor) else bool(a == b) for a, b in zip(ours, theirs))


class _InverseTransform(Transform):
    def __init__(self, transform: Transform) -> None:
        super().__init__(transform._cache_size)
        self._of = self._inv = transform

    domain: Any = constraints.dependent_property(lambda self: self._of.codomain, is_discrete=False)
    codomain: Any = constraints.dependent_property(lambda self: self._of.domain, is_discrete=False)
    bijective: Any = property(lambda self: self._of.bijective)
    sign: Any = property(lambda self: self._of.sign)

    def with_cache(self, cache_size: int = 1) -> Any:
        return self._of.with_cache(cache_size).inv

    def _state(self) -> Any:
        return (self._of,)

    def __call__(self, x: Array) -> Array:
        return self._of._inv_call(x)

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        return -self._of.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape: Sequence[int]) -> Any:
        return self._of.inverse_shape(shape)

    def inverse_shape(self, shape: Sequence[int]) -> Any:
        return self._of.forward_shape(shape)

    def __repr__(self) -> str:
        return f"_InverseTransform({self._of!r})"


class ComposeTransform(Transform):
    """Transforms one after the other.

    Args:
        parts: In the order in which they are applied.
        cache_size: Of the parts.
    """

    def __init__(self, parts: Sequence[Transform], cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.parts: list[Transform] = [part.with_cache(cache_size) for part in parts] if cache_size else list(parts)

    def _state(self) -> Any:
        return (self.parts,)

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        if not self.parts:
            return constraints.real
        event_dim = self.parts[-1].codomain.event_dim
        for part in reversed(self.parts):
            event_dim = max(event_dim + part.domain.event_dim - part.codomain.event_dim, part.domain.event_dim)
        return widened(self.parts[0].domain, event_dim)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        if not self.parts:
            return constraints.real
        event_dim = self.parts[0].domain.event_dim
        for part in self.parts:
            event_dim = max(event_dim + part.codomain.event_dim - part.domain.event_dim, part.codomain.event_dim)
        return widened(self.parts[-1].codomain, event_dim)

    @property
    def bijective(self) -> bool:
        return all(part.bijective for part in self.parts)

    @property
    def sign(self) -> Any:
        return functools.reduce(operator.mul, (part.sign for part in self.parts), 1)

    @property
    def inv(self) -> Transform:
        if self._inv is None:
            self._inv = ComposeTransform([part.inv for part in reversed(self.parts)])
            self._inv._inv = self
        return self._inv

    def with_cache(self, cache_size: int = 1) -> Any:
        return self if self._cache_size == cache_size else ComposeTransform(self.parts, cache_size)

    def __call__(self, x: Array) -> Array:
        for part in self.parts:
            x = part(x)
        return x

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        if not self.parts:
            return zeros_like(x)
        values = [x]
        for part in self.parts[:-1]:
            values.append(part(values[-1]))
        values.append(y)
        terms, event_dim = [], self.domain.event_dim
        for part, before, after in zip(self.parts, values, values[1:]):
            terms.append(_sum_rightmost(part.log_abs_det_jacobian(before, after), event_dim - part.domain.event_dim))
            event_dim += part.codomain.event_dim - part.domain.event_dim
        return functools.reduce(operator.add, terms)

    def forward_shape(self, shape: Sequence[int]) -> Any:
        for part in self.parts:
            shape = part.forward_shape(shape)
        return shape

    def inverse_shape(self, shape: Sequence[int]) -> Any:
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return shape

    def __repr__(self) -> str:
        return "ComposeTransform(\n    " + ",\n    ".join(map(repr, self.parts)) + "\n)"


identity_transform: ComposeTransform = ComposeTransform([])


class IndependentTransform(Transform):
    """A transform whose events have ``reinterpreted_batch_ndims`` more dimensions, over which the log determinants are summed."""

    def __init__(self, base_transform: Transform, reinterpreted_batch_ndims: int, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.base_transform: Transform = base_transform.with_cache(cache_size)
        self.reinterpreted_batch_ndims: int = reinterpreted_batch_ndims

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        return constraints.independent(self.base_transform.domain, self.reinterpreted_batch_ndims)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        return constraints.independent(self.base_transform.codomain, self.reinterpreted_batch_ndims)

    bijective: Any = property(lambda self: self.base_transform.bijective)
    sign: Any = property(lambda self: self.base_transform.sign)

    def _call(self, x: Array) -> Array:
        if x.ndim < self.domain.event_dim:
            raise ValueError("Too few dimensions on input")
        return self.base_transform(x)

    def _inverse(self, y: Array) -> Array:
        if y.ndim < self.codomain.event_dim:
            raise ValueError("Too few dimensions on input")
        return self.base_transform.inv(y)

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        return _sum_rightmost(self.base_transform.log_abs_det_jacobian(x, y), self.reinterpreted_batch_ndims)

    def forward_shape(self, shape: Sequence[int]) -> Any:
        return self.base_transform.forward_shape(shape)

    def inverse_shape(self, shape: Sequence[int]) -> Any:
        return self.base_transform.inverse_shape(shape)

    def __repr__(self) -> str:
        return f"IndependentTransform({self.base_transform!r}, {self.reinterpreted_batch_ndims})"


class ReshapeTransform(Transform):
    """The last dimensions in another shape of as many elements.

    Raises:
        ValueError: The numbers of elements differ.
    """

    bijective: Any = True

    def __init__(self, in_shape: Sequence[int], out_shape: Sequence[int], cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.in_shape: Size = Size(in_shape)
        self.out_shape: Size = Size(out_shape)
        if self.in_shape.numel() != self.out_shape.numel():
            raise ValueError("in_shape, out_shape have different numbers of elements")

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        return constraints.independent(constraints.real, len(self.in_shape))

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        return constraints.independent(constraints.real, len(self.out_shape))

    def _call(self, x: Array) -> Array:
        return x.reshape(self.forward_shape(x.shape))

    def _inverse(self, y: Array) -> Array:
        return y.reshape(self.inverse_shape(y.shape))

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        return x.new_zeros(tuple(x.shape[: x.ndim - len(self.in_shape)]))

    def forward_shape(self, shape: Sequence[int]) -> Any:
        return _exchanged(shape, self.in_shape, self.out_shape)

    def inverse_shape(self, shape: Sequence[int]) -> Any:
        return _exchanged(shape, self.out_shape, self.in_shape)


def _exchanged(shape: Sequence[int], old: Size, new: Size) -> Size:
    if len(shape) < len(old):
        raise ValueError("Too few dimensions on input")
    cut = len(shape) - len(old)
    if tuple(shape[cut:]) != tuple(old):
        raise ValueError(f"Shape mismatch: expected {tuple(old)} but got {tuple(shape[cut:])}")
    return size_of(shape[:cut]) + new
