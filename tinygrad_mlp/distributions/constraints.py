"""Which values a parameter, or a sample, may have: objects whose ``check(value)`` says it for every event.

>>> import tinygrad_mlp as torch
>>> torch.distributions.constraints.positive.check(torch.tensor([-1.0, 2.0]))
tensor([False,  True])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dtypes import bool_, finfo
from ..errors import ArgumentError
from ..ops.comparing import isclose
from ..ops.creation import as_tensor, full
from ..ops.factorisations import cholesky_ex
from ..ops.joining import cat as joined
from ..ops.joining import stack as stacked

__all__ = [
    "Constraint", "MixtureSameFamilyConstraint", "boolean", "cat", "corr_cholesky", "dependent", "dependent_property",
    "greater_than", "greater_than_eq", "half_open_interval", "independent", "integer_interval", "interval", "is_dependent",
    "less_than", "lower_cholesky", "lower_triangular", "multinomial", "nonnegative", "nonnegative_integer", "one_hot", "positive",
    "positive_definite", "positive_integer", "positive_semidefinite", "real", "real_vector", "simplex", "square", "stack",
    "symmetric", "unit_interval",
]  # fmt: skip

Array = Any  # a Tensor


class Constraint:
    """A set of values.

    Attributes:
        is_discrete: Whether it has gaps between its values.
        event_dim: How many of the last dimensions make one value; ``check`` removes them.
    """

    is_discrete: Any = False
    event_dim: Any = 0

    def check(self, value: Array) -> Array:
        """Whether each value belongs to it, a bool tensor."""
        raise NotImplementedError(f"{type(self).__name__} does not define check()")

    def __repr__(self) -> str:
        return type(self).__name__.removeprefix("_") + "()"


class _Dependent(Constraint):
    """A set that depends on other values; called with ``is_discrete`` or ``event_dim``, one that knows these."""

    def __init__(self, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented) -> None:
        self._known = {"is_discrete": is_discrete, "event_dim": event_dim}

    @property
    def is_discrete(self) -> bool:
        return bool(self._ask("is_discrete"))

    @property
    def event_dim(self) -> int:
        return int(self._ask("event_dim"))

    def _ask(self, name: str) -> Any:
        if self._known[name] is NotImplemented:
            raise NotImplementedError(f".{name} cannot be determined statically")
        return self._known[name]

    def __call__(self, *function: Any, **known: Any) -> Any:
        return _Dependent(**{**self._known, **known})

    def check(self, value: Array) -> Array:
        raise ValueError("Cannot determine validity of dependent constraint")


class _DependentProperty(property, _Dependent):
    """A property of a distribution whose value, a constraint, depends on its parameters; of the class, a dependent constraint."""

    def __init__(self, fn: Any = None, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented) -> None:
        super().__init__(fn)
        self._known = {"is_discrete": is_discrete, "event_dim": event_dim}

    def __call__(self, *function: Any, **known: Any) -> Any:
        return _DependentProperty(*function, **{**self._known, **known})


def is_dependent(constraint: Any) -> bool:
    """Whether a constraint depends on other values, so that it cannot be checked."""
    return isinstance(constraint, _Dependent)


def _base(constraint: Any) -> Constraint:
    if not isinstance(constraint, Constraint):
        raise AssertionError(f"base_constraint must be a Constraint, got {type(constraint).__name__}")
    return constraint


def _all_of(result: Array, dims: int, expected: int, value: Array) -> Array:
    """Whether all hold over the last ``dims`` dimensions."""
    if result.ndim < dims:
        raise ValueError(f"Expected value.dim() >= {expected} but got {value.ndim}")
    return result.reshape((*result.shape[: result.ndim - dims], -1)).all(-1)


class _IndependentConstraint(Constraint):
    """Events of several values, all of which must satisfy a constraint."""

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        if not isinstance(reinterpreted_batch_ndims, int) or reinterpreted_batch_ndims < 0:
            raise AssertionError(f"reinterpreted_batch_ndims must be an int >= 0, got {reinterpreted_batch_ndims!r}")
        self.base_constraint: Constraint = _base(base_constraint)
        self.reinterpreted_batch_ndims: int = reinterpreted_batch_ndims

    @property
    def is_discrete(self) -> bool:
        return bool(self.base_constraint.is_discrete)

    @property
    def event_dim(self) -> int:
        return int(self.base_constraint.event_dim) + self.reinterpreted_batch_ndims

    def check(self, value: Array) -> Array:
        return _all_of(self.base_constraint.check(value), self.reinterpreted_batch_ndims, self.event_dim, value)

    def __repr__(self) -> str:
        return f"IndependentConstraint({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamilyConstraint(Constraint):
    """The values of a mixture: those that all components may have.

    Args:
        base_constraint: That of the components.
    """

    def __init__(self, base_constraint: Constraint) -> None:
        self.base_constraint: Constraint = _base(base_constraint)

    @property
    def is_discrete(self) -> bool:
        return bool(self.base_constraint.is_discrete)

    @property
    def event_dim(self) -> int:
        return int(self.base_constraint.event_dim)

    def check(self, value: Array) -> Array:
        result = self.base_constraint.check(value.unsqueeze(-1 - self.event_dim))
        return _all_of(result, result.ndim - (value.ndim - self.event_dim), self.event_dim, value)

    def __repr__(self) -> str:
        return f"MixtureSameFamilyConstraint({self.base_constraint!r})"


class _Boolean(Constraint):
    is_discrete: Any = True

    def check(self, value: Array) -> Array:
        return (value == 0) | (value == 1)


class _OneHot(Constraint):
    is_discrete: Any = True
    event_dim: Any = 1

    def check(self, value: Array) -> Array:
        return ((value == 0) | (value == 1)).all(-1) & (value.sum(-1) == 1)


class _Bounded(Constraint):
    """A constraint with bounds, numbers or tensors."""

    bounds: tuple[str, ...] = ("lower_bound", "upper_bound")
    lower_bound: Any
    upper_bound: Any

    def __init__(self, *bounds: Any, **named: Any) -> None:
        given = dict(zip(self.bounds, bounds)) | named
        if len(bounds) > len(self.bounds) or given.keys() != {*self.bounds}:
            raise ArgumentError(f"{self!s} takes {' and '.join(self.bounds)}")
        vars(self).update(given)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name, None)}" for name in self.bounds)
        return f"{type(self).__name__.removeprefix('_')}({values})"


class _IntegerInterval(_Bounded):
    is_discrete: Any = True

    def check(self, value: Array) -> Array:
        return (value % 1 == 0) & (value >= self.lower_bound) & (value <= self.upper_bound)


class _IntegerGreaterThan(_Bounded):
    is_discrete: Any = True
    bounds: Any = ("lower_bound",)

    def check(self, value: Array) -> Array:
        return (value % 1 == 0) & (value >= self.lower_bound)


class _Real(Constraint):
    def check(self, value: Array) -> Array:
        return value == value


class _GreaterThan(_Bounded):
    bounds: Any = ("lower_bound",)

    def check(self, value: Array) -> Array:
        return value > self.lower_bound


class _GreaterThanEq(_Bounded):
    bounds: Any = ("lower_bound",)

    def check(self, value: Array) -> Array:
        return value >= self.lower_bound


class _LessThan(_Bounded):
    bounds: Any = ("upper_bound",)

    def check(self, value: Array) -> Array:
        return value < self.upper_bound


class _Interval(_Bounded):
    def check(self, value: Array) -> Array:
        return (value >= self.lower_bound) & (value <= self.upper_bound)


class _HalfOpenInterval(_Bounded):
    def check(self, value: Array) -> Array:
        return (value >= self.lower_bound) & (value < self.upper_bound)


class _Simplex(Constraint):
    event_dim: Any = 1

    def check(self, value: Array) -> Array:
        return (value >= 0).all(-1) & ((value.sum(-1) - 1).abs() < 1e-6)


class _Multinomial(_Bounded):
    is_discrete: Any = True
    event_dim: Any = 1
    bounds: Any = ("upper_bound",)

    def check(self, value: Array) -> Array:
        return (value >= 0).all(-1) & (value.sum(-1) <= self.upper_bound)

    def __repr__(self) -> str:
        return "Multinomial()"


class _LowerTriangular(Constraint):
    event_dim = 2

    def check(self, value: Array) -> Array:
        return (value.tril() == value).flatten(-2).all(-1)


class _LowerCholesky(_LowerTriangular):
    def check(self, value: Array) -> Array:
        return super().check(value) & (value.diagonal(0, -2, -1) > 0).all(-1)


class _CorrCholesky(_LowerCholesky):
    def check(self, value: Array) -> Array:
        tolerance = finfo(value.dtype).eps * value.shape[-1] * 10
        lengths = value.detach().square().sum(-1).sqrt()
        return super().check(value) & ((lengths - 1).abs() <= tolerance).all(-1)


class _Square(Constraint):
    event_dim = 2

    def check(self, value: Array) -> Array:
        return full(tuple(value.shape[:-2]), value.shape[-2] == value.shape[-1], dtype=bool_)


class _Symmetric(_Square):
    def check(self, value: Array) -> Array:
        square = super().check(value)
        return isclose(value, value.mT, atol=1e-6).all(-1).all(-1) if square.all() else square


class _PositiveSemidefinite(_Symmetric):
    def check(self, value: Array) -> Array:
        symmetric = super().check(value)
        return as_tensor(np.linalg.eigvalsh(value.detach().numpy()) >= 0).all(-1) if symmetric.all() else symmetric


class _PositiveDefinite(_Symmetric):
    def check(self, value: Array) -> Array:
        symmetric = super().check(value)
        return cholesky_ex(value.detach()).info == 0 if symmetric.all() else symmetric


class _Several(Constraint):
    """Constraints for the parts of a tensor along a dimension."""

    def __init__(self, cseq: Sequence[Constraint], dim: int = 0) -> None:
        self.cseq: list[Constraint] = [_base(constraint) for constraint in cseq]
        self.dim: int = dim

    @property
    def is_discrete(self) -> bool:
        return any(constraint.is_discrete for constraint in self.cseq)

    @property
    def event_dim(self) -> int:
        return max(constraint.event_dim for constraint in self.cseq)

    def _checked(self, value: Array) -> Array:
        if not -value.ndim <= self.dim < value.ndim:
            raise AssertionError(f"dim {self.dim} out of range for value with {value.ndim} dimensions")
        return value


class _Cat(_Several):
    def __init__(self, cseq: Sequence[Constraint], dim: int = 0, lengths: Sequence[int] | None = None) -> None:
        super().__init__(cseq, dim)
        self.lengths: list[int] = [1] * len(self.cseq) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.cseq):
            raise AssertionError(f"lengths ({len(self.lengths)}) must match cseq ({len(self.cseq)})")

    def check(self, value: Array) -> Array:
        parts = self._checked(value).split(self.lengths, self.dim)
        return joined([constraint.check(part) for constraint, part in zip(self.cseq, parts)], self.dim)


class _Stack(_Several):
    @property
    def event_dim(self) -> int:
        dim = max(constraint.event_dim for constraint in self.cseq)
        return dim + 1 if self.dim + dim < 0 else dim

    def check(self, value: Array) -> Array:
        parts = self._checked(value).unbind(self.dim)
        return stacked([constraint.check(part) for constraint, part in zip(self.cseq, parts)], self.dim)


dependent: _Dependent = _Dependent()
dependent_property = _DependentProperty
independent = _IndependentConstraint
boolean: Constraint = _Boolean()
one_hot: Constraint = _OneHot()
nonnegative_integer: Constraint = _IntegerGreaterThan(0)
positive_integer: Constraint = _IntegerGreaterThan(1)
integer_interval = _IntegerInterval
real: Constraint = _Real()
real_vector: Constraint = independent(real, 1)
positive: Constraint = _GreaterThan(0.0)
nonnegative: Constraint = _GreaterThanEq(0.0)
greater_than = _GreaterThan
greater_than_eq = _GreaterThanEq
less_than = _LessThan
multinomial = _Multinomial
unit_interval: Constraint = _Interval(0.0, 1.0)
interval = _Interval
half_open_interval = _HalfOpenInterval
simplex: Constraint = _Simplex()
lower_triangular: Constraint = _LowerTriangular()
lower_cholesky: Constraint = _LowerCholesky()
corr_cholesky: Constraint = _CorrCholesky()
square: Constraint = _Square()
symmetric: Constraint = _Symmetric()
positive_semidefinite: Constraint = _PositiveSemidefinite()
positive_definite: Constraint = _PositiveDefinite()
cat = _Cat
stack = _Stack
