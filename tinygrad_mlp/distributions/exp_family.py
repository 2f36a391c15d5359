"""Exponential families."""

from __future__ import annotations

from typing import Any

from ..autograd.gradients import grad
from ..grad_mode import enable_grad
from .distribution import Distribution

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    """Distributions of the density exp(<t(x), theta> - F(theta) + k(x)).

    A subclass that gives ``_natural_params`` (theta, a tuple), ``_log_normalizer`` (F) and ``_mean_carrier_measure`` (the mean of k) has
    its entropy, by the derivative of F: F. Nielsen and R. Nock, "Entropies and cross-entropies of exponential families" (2010).
    """

    _natural_params: Any = ()

    def _log_normalizer(self, *natural_params: Any) -> Any:
        raise NotImplementedError(f"{type(self)} does not implement _log_normalizer")

    @property
    def _mean_carrier_measure(self) -> float:
        raise NotImplementedError(f"{type(self)} does not implement entropy")

    def entropy(self) -> Any:
        """-<theta, dF/dtheta> + F - mean of k."""
        result = -self._mean_carrier_measure
        with enable_grad():
            natural = [parameter.detach().requires_grad_() for parameter in self._natural_params]
            normalizer = self._log_normalizer(*natural)
        slopes = grad(normalizer.sum(), natural, create_graph=True)
        result = result + normalizer
        for parameter, slope in zip(natural, slopes):
            result = result - (parameter * slope).reshape((*self._batch_shape, -1)).sum(-1)
        return result
