"""Transforms from all real numbers to the values that satisfy a constraint.

``biject_to`` gives bijective ones, ``transform_to`` those that suit optimization best.

>>> import tinygrad_mlp as torch
>>> from tinygrad_mlp.distributions import constraints, transform_to
>>> transform_to(constraints.interval(1.0, 3.0))(torch.zeros(1))
tensor([2.])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._tensor import Tensor
from . import constraints, transforms

__all__ = ["ConstraintRegistry", "biject_to", "transform_to"]


class ConstraintRegistry:
    """A table from kinds of constraints to functions that make transforms."""

    def __init__(self) -> None:
        self._registry: dict[type, Callable[[Any], Any]] = {}

    def register(self, constraint: Any, factory: Callable[[Any], Any] | None = None) -> Any:
        """Enter the function that makes the transform for a kind of constraint; also a decorator.

        Raises:
            TypeError: It is neither a constraint nor a class of them.
        """
        if factory is None:
            return lambda given: self.register(constraint, given)
        kind = type(constraint) if isinstance(constraint, constraints.Constraint) else constraint
        if not isinstance(kind, type) or not issubclass(kind, constraints.Constraint):
            raise TypeError(f"Expected constraint to be either a Constraint subclass or instance, but got {constraint}")
        self._registry[kind] = factory
        return factory

    def __call__(self, constraint: Any) -> Any:
        if type(constraint) not in self._registry:
            raise NotImplementedError(f"Cannot transform {type(constraint).__name__} constraints")
        return self._registry[type(constraint)](constraint)


biject_to: ConstraintRegistry = ConstraintRegistry()
transform_to: ConstraintRegistry = ConstraintRegistry()


def _to_interval(constraint: Any) -> Any:
    low, high = constraint.lower_bound, constraint.upper_bound
    if not isinstance(low, Tensor) and not isinstance(high, Tensor) and (low, high) == (0, 1):
        return transforms.SigmoidTransform()
    return transforms.ComposeTransform([transforms.SigmoidTransform(), transforms.AffineTransform(low, high - low)])


def _beyond(bound: Any, sign: int) -> Any:
    return transforms.ComposeTransform([transforms.ExpTransform(), transforms.AffineTransform(bound, sign)])


def _fill(to: ConstraintRegistry) -> None:
    """Enter what both tables have."""
    makers: dict[Any, Callable[[Any], Any]] = {
        constraints.real: lambda c: transforms.identity_transform,
        constraints.independent: lambda c: transforms.IndependentTransform(
            to(c.base_constraint), c.reinterpreted_batch_ndims
        ),
        constraints.greater_than: lambda c: _beyond(c.lower_bound, 1),
        constraints.greater_than_eq: lambda c: _beyond(c.lower_bound, 1),
        constraints.less_than: lambda c: _beyond(c.upper_bound, -1),
        constraints.interval: _to_interval,
        constraints.half_open_interval: _to_interval,
        constraints.corr_cholesky: lambda c: transforms.CorrCholeskyTransform(),
        constraints.cat: lambda c: transforms.CatTransform([*map(to, c.cseq)], c.dim, c.lengths),
        constraints.stack: lambda c: transforms.StackTransform([*map(to, c.cseq)], c.dim),
    }
    for constraint, maker in makers.items():
        to.register(constraint, maker)


_fill(biject_to)
_fill(transform_to)
biject_to.register(constraints.simplex, lambda c: transforms.StickBreakingTransform())
transform_to.register(constraints.simplex, lambda c: transforms.SoftmaxTransform())
transform_to.register(constraints.lower_cholesky, lambda c: transforms.LowerCholeskyTransform())
for _constraint in (constraints.positive_definite, constraints.positive_semidefinite):
    transform_to.register(_constraint, lambda c: transforms.PositiveDefiniteTransform())
