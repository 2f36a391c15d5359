"""The von Mises distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..dtypes import float64
from ..grad_mode import no_grad
from ..ops.bessel import i0e, i1e
from ..ops.choosing import where
from ..ops.creation import zeros
from ..ops.random import rand
from . import constraints
from .distribution import Distribution

__all__ = ["VonMises"]

Array = Any  # a Tensor


class VonMises(Distribution):
    """A distribution over angles, with the density exp(concentration cos(x - loc)) / (2 pi I_0(concentration)).

    Draws: D. J. Best and N. I. Fisher, "Efficient simulation of the von Mises distribution", Applied Statistics 28 (1979).
    """

    arg_constraints: Any = {"loc": constraints.real, "concentration": constraints.positive}
    support: Any = constraints.real

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self._with_parameters(validate_args, loc=loc, concentration=concentration)

    mean: Any = property(lambda self: self.loc)
    mode: Any = mean
    variance: Any = property(lambda self: 1 - i1e(self.concentration) / i0e(self.concentration))

    def log_prob(self, value: Array) -> Array:
        nearness = (self._checked(value) - self.loc).cos() - 1
        return self.concentration * nearness - math.log(2 * math.pi) - i0e(self.concentration).log()

    def sample(self, sample_shape: Sequence[int] = ()) -> Array:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            loc, kappa = self.loc.to(float64), self.concentration.to(float64)
            tau = 1 + (1 + 4 * kappa * kappa).sqrt()
            rho = (tau - (2 * tau).sqrt()) / (2 * kappa)
            r = where(kappa < 1e-5, 1 / kappa + kappa, (1 + rho * rho) / (2 * rho))
            x, done = zeros(shape, dtype=float64), zeros(shape, dtype=float64) > 0
            while not done.all():
                u, v, w = rand((3, *shape), dtype=float64).unbind()
                z = (math.pi * u).cos()
                f = (1 + r * z) / (r + z)
                c = kappa * (r - f)
                accepted = (c * (2 - c) - v > 0) | ((c / v).log() + 1 - c >= 0)
                x = where(accepted, (w - 0.5).sign() * f.acos(), x)
                done = done | accepted
            return ((x + math.pi + loc) % (2 * math.pi) - math.pi).to(self.loc.dtype)
