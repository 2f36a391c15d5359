"""The class of all distributions: shapes, checks, and what every one of them can be asked."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .._tensor import Size, Tensor
from ..grad_mode import no_grad
from .constraints import is_dependent
from .utils import broadcast_all, lazy_property, size_of

__all__ = ["Distribution"]

Array = Any  # a Tensor


def _undefined(name: str, doc: str) -> Any:
    def get(self: Any) -> Any:
        raise NotImplementedError(f"{type(self)} does not implement {name}")

    return property(get, doc=doc)


class Distribution:
    """A batch of probability distributions of one kind.

    A sample has the shape ``sample_shape + batch_shape + event_shape``: of independent draws, of differently parametrised
    distributions, and of one draw. Parameters broadcast to one shape.

    Args:
        batch_shape, event_shape: See above.
        validate_args: Whether parameters and values are checked; by default they are.

    Attributes:
        has_rsample: Whether :meth:`rsample` draws with a gradient.
        has_enumerate_support: Whether :meth:`enumerate_support` lists all values.

    Raises:
        ValueError: A parameter outside its constraint.

    >>> from tinygrad_mlp.distributions import Normal
    >>> Normal(0.0, 2.0).expand((3,))
    Normal(loc: torch.Size([3]), scale: torch.Size([3]))
    """

    has_rsample: Any = False
    has_enumerate_support: Any = False
    _validate_args: bool = __debug__

    arg_constraints: Any = _undefined("arg_constraints", "The constraint of each parameter that is a tensor, by its name.")
    support: Any = _undefined("support", "The constraint that samples satisfy.")
    mean: Any = _undefined("mean", "The mean.")
    mode: Any = _undefined("mode", "The value, or one of those, with the highest density or probability.")
    variance: Any = _undefined("variance", "The variance.")

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Parameters are attributes, by the names of ``arg_constraints``."""

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether distributions check their arguments where they are not told."""
        if value not in (True, False):
            raise ValueError(f"expected True or False, got {value!r}")
        Distribution._validate_args = value

    def __init__(
        self, batch_shape: Sequence[int] = (), event_shape: Sequence[int] = (), validate_args: bool | None = None
    ) -> None:
        self._batch_shape, self._event_shape = size_of(batch_shape), size_of(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._validate_parameters()

    def _with_parameters(self, validate_args: bool | None, **parameters: Any) -> None:
        """Begin with these parameters, broadcast, as attributes; their shape is the batch's."""
        vars(self).update(zip(parameters, values := broadcast_all(*parameters.values())))
        Distribution.__init__(self, values[0].shape, validate_args=validate_args)

    def _validate_parameters(self) -> None:
        try:
            constraints = self.arg_constraints
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `arg_constraints`. Please set `arg_constraints = {{}}` or initialize the "
                "distribution with `validate_args=False` to turn off validation.",
                stacklevel=4,
            )
            return
        for name, constraint in constraints.items():
            late = name not in vars(self) and isinstance(getattr(type(self), name, None), lazy_property)
            if late or is_dependent(constraint):
                continue
            value = getattr(self, name)
            if not bool(constraint.check(value).all()):
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution {self!r} "
                    f"to satisfy the constraint {constraint!r}, but found invalid values:\n{value}"
                )

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Any:
        """The distribution with its batch dimensions expanded to ``batch_shape``."""
        new = object.__new__(type(self)) if _instance is None else _instance
        batch, constraints = size_of(batch_shape), self.arg_constraints
        for name, value in vars(self).items():
            if isinstance(value, Tensor) and name in constraints:
                value = value.expand((*batch, *value.shape[len(self._batch_shape) :]))
            elif isinstance(value, Distribution):
                value = value.expand(batch + value.batch_shape[len(self._batch_shape) :])
            elif isinstance(getattr(type(self), name, None), lazy_property):
                continue
            new.__dict__[name] = value
        new._batch_shape = batch
        return new

    def _get_checked_instance(self, cls: type, _instance: Any = None) -> Any:
        """For a subclass with its own ``expand``: the object to fill, which this makes unless one is given."""
        if _instance is None and type(self).__init__ is not cls.__init__:  # type: ignore[misc] # that is what is asked
            raise NotImplementedError(
                f"Subclass {type(self).__name__} of {cls.__name__} that defines a custom __init__ method must also define a "
                "custom .expand() method."
            )
        return object.__new__(type(self)) if _instance is None else _instance

    @property
    def batch_shape(self) -> Size:
        """The shape of the batch of distributions."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one draw."""
        return self._event_shape

    @property
    def stddev(self) -> Array:
        """The standard deviation."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Sequence[int] = ()) -> Array:
        """Draws, without a gradient, of shape ``sample_shape + batch_shape + event_shape``."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Array:
        """Draws as functions of the parameters, which get gradients."""
        raise NotImplementedError(f"{type(self)} does not implement rsample: it has no reparameterised samples")

    def sample_n(self, n: int) -> Array:
        """``n`` draws; deprecated, use ``sample((n,))``."""
        warnings.warn("`sample_n(n)` will be deprecated. Use `sample((n,))` instead.", FutureWarning, stacklevel=2)
        return self.sample((n,))

    def log_prob(self, value: Array) -> Array:
        """The logarithm of the density, or the probability, of ``value``; of shape ``sample_shape + batch_shape``."""
        raise NotImplementedError(f"{type(self)} does not implement log_prob")

    def cdf(self, value: Array) -> Array:
        """The probability that a draw is at most ``value``."""
        raise NotImplementedError(f"{type(self)} does not implement cdf")

    def icdf(self, value: Array) -> Array:
        """The quantiles: the inverse of :meth:`cdf`."""
        raise NotImplementedError(f"{type(self)} does not implement icdf")

    def enumerate_support(self, expand: bool = True) -> Array:
        """All values along the first dimension, for each of the batch unless ``expand`` is False."""
        raise NotImplementedError(f"{type(self)} does not implement enumerate_support")

    def entropy(self) -> Array:
        """The entropy: minus the mean of :meth:`log_prob`."""
        raise NotImplementedError(f"{type(self)} does not implement entropy")

    def perplexity(self) -> Array:
        """e to the power of the entropy."""
        return self.entropy().exp()

    def _extended_shape(self, sample_shape: Sequence[int] = ()) -> Size:
        return size_of(sample_shape) + self._batch_shape + self._event_shape

    def _validate_sample(self, value: Array) -> None:
        """Raises a ValueError where ``value`` has the wrong shape or lies outside the support."""
        if not isinstance(value, Tensor):
            raise ValueError(f"The value argument to log_prob must be a Tensor, not {type(value).__name__}")
        start = value.ndim - len(self._event_shape)
        if value.shape[start:] != self._event_shape:
            raise ValueError(f"The right-most size of value must match event_shape: {value.shape} vs {self._event_shape}.")
        expected = self._batch_shape + self._event_shape
        for i, j in zip(reversed(value.shape), reversed(expected)):
            if i not in (1, j) and j != 1:
                raise ValueError(f"Value is not broadcastable with batch_shape+event_shape: {value.shape} vs {expected}.")
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `support` to enable sample validation. Please initialize the distribution with "
                "`validate_args=False` to turn off validation.",
                stacklevel=3,
            )
            return
        if not bool(support.check(value).all()):
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) to be within the support "
                f"({support!r}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    def _checked(self, value: Array) -> Array:
        """The value, validated where arguments are."""
        if self._validate_args:
            self._validate_sample(value)
        return value

    def __repr__(self) -> str:
        shown = {name: vars(self)[name] for name in self.arg_constraints if name in vars(self)}
        return f"{type(self).__name__}({', '.join(f'{n}: {v if v.numel() == 1 else v.size()}' for n, v in shown.items())})"
