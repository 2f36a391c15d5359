"""The Kullback-Leibler divergence of distributions, by formulas for pairs of families.

Those of different families are minus the entropy of p, minus the mean of log q over p, which moments of p give.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

import numpy as np

from ..autograd.gradients import grad
from ..grad_mode import enable_grad
from ..ops.activations import softplus
from ..ops.choosing import where
from ..ops.creation import full_like
from ..ops.factorisations import solve_triangular
from ..ops.functions import erf
from ..ops.gamma import digamma, lgamma
from ..ops.logarithms import xlogy
from .bernoulli import Bernoulli
from .beta import Beta
from .binomial import Binomial
from .categorical import Categorical
from .cauchy import Cauchy
from .continuous_bernoulli import ContinuousBernoulli
from .dirichlet import Dirichlet
from .distribution import Distribution
from .exp_family import ExponentialFamily
from .exponential import Exponential
from .gamma import Gamma
from .geometric import Geometric
from .gumbel import Gumbel
from .half_normal import HalfNormal
from .independent import Independent
from .laplace import Laplace
from .lowrank_multivariate_normal import LowRankMultivariateNormal
from .multivariate_normal import MultivariateNormal, half_log_det, mahalanobis
from .normal import Normal
from .one_hot_categorical import OneHotCategorical
from .pareto import Pareto
from .poisson import Poisson
from .transformed_distribution import TransformedDistribution
from .uniform import Uniform
from .utils import _sum_rightmost, diagonals, euler_constant

__all__ = ["kl_divergence", "register_kl"]

Array = Any  # a Tensor
_Formula = Callable[[Any, Any], Any]
_REGISTRY: dict[tuple[type, type], _Formula] = {}
_FOUND: dict[tuple[type, type], _Formula | None] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[_Formula], _Formula]:
    """Decorate a function of p and q, so that :func:`kl_divergence` calls it for these classes and their subclasses.

    Raises:
        TypeError: One of both is no class of distributions.
    """
    for name, kind in (("type_p", type_p), ("type_q", type_q)):
        if not isinstance(kind, type) or not issubclass(kind, Distribution):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {kind}")

    def decorator(formula: _Formula) -> _Formula:
        _REGISTRY[type_p, type_q] = formula
        _FOUND.clear()
        return formula

    return decorator


def _found(type_p: Any, type_q: Any) -> _Formula | None:
    """The formula of the nearest classes: nearest to p first; a warning where the one nearest to q first is another."""
    if (type_p, type_q) in _FOUND:
        return _FOUND[type_p, type_q]
    near = {}
    for pair in _REGISTRY:
        if issubclass(type_p, pair[0]) and issubclass(type_q, pair[1]):
            near[pair] = type_p.__mro__.index(pair[0]), type_q.__mro__.index(pair[1])
    if not near:
        return _FOUND.setdefault((type_p, type_q), None)
    by_p, by_q = min(near, key=lambda pair: near[pair]), min(near, key=lambda pair: near[pair][::-1])
    if _REGISTRY[by_p] is not _REGISTRY[by_q]:
        warnings.warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). "
            f"Please register_kl({by_p[0].__name__}, {by_q[1].__name__})",
            RuntimeWarning,
            stacklevel=3,
        )
    return _FOUND.setdefault((type_p, type_q), _REGISTRY[by_p])


def kl_divergence(p: Distribution, q: Distribution) -> Array:
    """KL(p || q), the mean over p of log p(x) - log q(x); of the shape of the batch.

    Raises:
        NotImplementedError: There is no formula for this pair; :func:`register_kl` adds one.

    >>> from tinygrad_mlp.distributions import Normal, kl_divergence
    >>> kl_divergence(Normal(1.0, 1.0), Normal(0.0, 1.0))
    tensor(0.5000)
    """
    formula = _found(type(p), type(q))
    if formula is None:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}"
        )
    return formula(p, q)


# -------------------------------------------------------------------------------------------------- of the same family


@register_kl(Normal, Normal)
def _normal(p: Any, q: Any) -> Array:
    ratio = (p.scale / q.scale).square()
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).square() - 1 - ratio.log())


register_kl(HalfNormal, HalfNormal)(lambda p, q: _normal(p.base_dist, q.base_dist))


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Any, q: Any) -> Array:
    ones = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    ones = where(p.probs == 0, 0.0, where(q.probs == 0, math.inf, ones))
    zeros = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    return ones + where(p.probs == 1, 0.0, where(q.probs == 1, math.inf, zeros))


@register_kl(Categorical, Categorical)
def _categorical(p: Any, q: Any) -> Array:
    terms = p.probs * (p.logits - q.logits)
    return where(p.probs == 0, 0.0, where(q.probs == 0, math.inf, terms)).sum(-1)


register_kl(OneHotCategorical, OneHotCategorical)(lambda p, q: _categorical(p._categorical, q._categorical))


@register_kl(Binomial, Binomial)
def _binomial(p: Any, q: Any) -> Array:
    if bool((p.total_count < q.total_count).any()):
        raise NotImplementedError("KL between Binomials where q.total_count > p.total_count is not implemented")
    each = p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    return where(p.total_count > q.total_count, math.inf, p.total_count * each)


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Any, q: Any) -> Array:
    a, b = p.concentration, q.concentration
    mean_logs = digamma(a) - digamma(a.sum(-1, keepdim=True))
    return lgamma(a.sum(-1)) - lgamma(b.sum(-1)) - (lgamma(a) - lgamma(b)).sum(-1) + ((a - b) * mean_logs).sum(-1)


register_kl(Beta, Beta)(lambda p, q: _dirichlet(p._dirichlet, q._dirichlet))


@register_kl(Gamma, Gamma)
def _gamma(p: Any, q: Any) -> Array:
    a, b = p.concentration, q.concentration
    scale = b * (p.rate / q.rate).log() + (q.rate - p.rate) * (a / p.rate)
    return scale + lgamma(b) - lgamma(a) + (a - b) * digamma(a)


@register_kl(Exponential, Exponential)
def _exponential(p: Any, q: Any) -> Array:
    ratio = q.rate / p.rate
    return ratio - 1 - ratio.log()


@register_kl(Poisson, Poisson)
def _poisson(p: Any, q: Any) -> Array:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Geometric, Geometric)
def _geometric(p: Any, q: Any) -> Array:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Laplace, Laplace)
def _laplace(p: Any, q: Any) -> Array:
    ratio, distance = p.scale / q.scale, (p.loc - q.loc).abs()
    return distance / q.scale + ratio * (-distance / p.scale).exp() - 1 - ratio.log()


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Any, q: Any) -> Array:
    return ((p.scale + q.scale).square() + (p.loc - q.loc).square()).log() - (4 * p.scale * q.scale).log()


@register_kl(Gumbel, Gumbel)
def _gumbel(p: Any, q: Any) -> Array:
    ratio, distance = p.scale / q.scale, (p.loc - q.loc) / q.scale
    power = (lgamma(1 + ratio) - distance).exp()
    return distance - ratio.log() + ratio * euler_constant + power - (1 + euler_constant)


@register_kl(Pareto, Pareto)
def _pareto(p: Any, q: Any) -> Array:
    ratio = q.alpha / p.alpha
    result = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return where(p.scale < q.scale, math.inf, result)


@register_kl(Uniform, Uniform)
def _uniform(p: Any, q: Any) -> Array:
    result = ((q.high - q.low) / (p.high - p.low)).log()
    return where((q.low > p.low) | (q.high < p.high), math.inf, result)


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _continuous_bernoulli(p: Any, q: Any) -> Array:
    norms = p._cont_bern_log_norm() - q._cont_bern_log_norm()
    return p.mean * (p.logits - q.logits) + norms + (-p.probs).log1p() - (-q.probs).log1p()


def _squares(matrix: Array) -> Array:
    return matrix.square().sum((-2, -1))


def _of_one_size(p: Any, q: Any) -> int:
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"KL-divergence between two Multivariate Normals with different event shapes cannot be computed: {p}, {q}"
        )
    return int(p.event_shape[0])


def _solved(q: Any, matrix: Array) -> Array:
    """L^-1 of q's covariance times a matrix."""
    tril = q._unbroadcasted_scale_tril
    batch = np.broadcast_shapes(tuple(tril.shape[:-2]), tuple(matrix.shape[:-2]))
    return solve_triangular(tril.expand((*batch, -1, -1)), matrix.expand((*batch, -1, -1)), upper=False)


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate(p: Any, q: Any) -> Array:
    n, tril = _of_one_size(p, q), p._unbroadcasted_scale_tril
    distance = mahalanobis(q._unbroadcasted_scale_tril, q.loc - p.loc)
    sizes = half_log_det(q._unbroadcasted_scale_tril) - half_log_det(tril)
    return sizes + 0.5 * (_squares(_solved(q, tril)) + distance - n)


@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _low_rank_multivariate(p: Any, q: Any) -> Array:
    n = _of_one_size(p, q)
    spread = _squares(_solved(q, p._factor)) + _squares(_solved(q, diagonals(p._diag.sqrt())))
    distance = mahalanobis(q._unbroadcasted_scale_tril, q.loc - p.loc)
    return 0.5 * (2 * half_log_det(q._unbroadcasted_scale_tril) - p.log_det() + spread + distance - n)


def _of_low_rank(q: Any, matrix: Array) -> Array:
    """The trace of q's precision times matrix matrix^T."""
    a = solve_triangular(q._capacitance_tril, q._scaled, upper=False)
    return _squares(matrix * q._diag.rsqrt().unsqueeze(-1)) - _squares(a @ matrix)


@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def _multivariate_low_rank(p: Any, q: Any) -> Array:
    n, tril = _of_one_size(p, q), p._unbroadcasted_scale_tril
    sizes = q.log_det() - 2 * half_log_det(tril)
    return 0.5 * (sizes + q.mahalanobis(q.loc - p.loc) + _of_low_rank(q, tril) - n)


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _low_rank(p: Any, q: Any) -> Array:
    n = _of_one_size(p, q)
    spread = _of_low_rank(q, p._factor) + _of_low_rank(q, diagonals(p._diag.sqrt()))
    return 0.5 * (q.log_det() - p.log_det() + q.mahalanobis(q.loc - p.loc) + spread - n)


@register_kl(Independent, Independent)
def _independent(p: Any, q: Any) -> Array:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("KL between Independents of different reinterpreted_batch_ndims is not implemented")
    return _sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: Any, q: Any) -> Array:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError("KL between differently transformed distributions is not implemented")
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(ExponentialFamily, ExponentialFamily)
def _exponential_family(p: Any, q: Any) -> Array:
    """The Bregman divergence of the log normalizers."""
    if type(p) is not type(q) or not p._natural_params:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}"
        )
    with enable_grad():
        ours = [parameter.detach().requires_grad_() for parameter in p._natural_params]
        normalizer = p._log_normalizer(*ours)
    result = q._log_normalizer(*q._natural_params) - normalizer
    for of_p, of_q, slope in zip(ours, q._natural_params, grad(normalizer.sum(), ours, create_graph=True)):
        result = result - _sum_rightmost((of_q - of_p) * slope, len(q.event_shape))
    return result


# ---------------------------------------------------------------------------------------------- of different families


def _mean_square(p: Any) -> Array:
    return p.variance + p.mean.square()


def _log_of_gamma(q: Any, mean_log: Array, mean: Array) -> Array:
    """Minus the mean of a gamma distribution's log density."""
    a = q.concentration
    return lgamma(a) - a * q.rate.log() - (a - 1) * mean_log + q.rate * mean


def _log_of_normal(p: Any, q: Any) -> Array:
    """Minus the mean over p of a normal distribution's log density."""
    distance = _mean_square(p) - 2 * q.loc * p.mean + q.loc.square()
    return 0.5 * math.log(2 * math.pi) + q.scale.log() + distance / (2 * q.scale.square())


def _register_all(types_p: Iterable[type], types_q: Iterable[type], formula: _Formula) -> None:
    for type_p, type_q in product(types_p, types_q):
        register_kl(type_p, type_q)(formula)


_WITH_MOMENTS = Beta, ContinuousBernoulli, Exponential, Gamma, Gumbel, Laplace
_register_all((*_WITH_MOMENTS, Uniform), (Normal,), lambda p, q: -p.entropy() + _log_of_normal(p, q))
_register_all((Beta, ContinuousBernoulli, Gamma), (Exponential,), lambda p, q: -p.entropy() - q.rate.log() + q.rate * p.mean)
register_kl(Bernoulli, Poisson)(lambda p, q: -p.entropy() - (p.probs * q.rate.log() - q.rate))


def _outside(p: Any, q: Any) -> Array:
    """Infinity, for a p that has values where q has none."""
    return full_like(p.mean, math.inf)


_UNBOUNDED = Exponential, Gamma, Gumbel, Laplace, Normal
_register_all((*_UNBOUNDED, Pareto), (Beta, ContinuousBernoulli, Uniform), _outside)
_register_all((Gumbel, Laplace, Normal), (Exponential, Gamma), _outside)
_register_all((*_WITH_MOMENTS, Normal), (Pareto,), _outside)
_register_all((Poisson,), (Bernoulli, Binomial), _outside)


@register_kl(Beta, ContinuousBernoulli)
def _beta_continuous_bernoulli(p: Any, q: Any) -> Array:
    return -p.entropy() - p.mean * q.logits - (-q.probs).log1p() - q._cont_bern_log_norm()


@register_kl(Beta, Gamma)
def _beta_gamma(p: Any, q: Any) -> Array:
    mean_log = digamma(p.concentration1) - digamma(p.concentration1 + p.concentration0)
    return -p.entropy() + _log_of_gamma(q, mean_log, p.mean)


@register_kl(Beta, Uniform)
@register_kl(ContinuousBernoulli, Uniform)
def _unit_uniform(p: Any, q: Any) -> Array:
    result = -p.entropy() + (q.high - q.low).log()
    outside = (q.low > 0) | (q.high < 1) if isinstance(p, Beta) else (q.low >= 0) | (q.high <= 1)
    return where(outside, math.inf, result)


@register_kl(Exponential, Gamma)
def _exponential_gamma(p: Any, q: Any) -> Array:
    return -p.entropy() + _log_of_gamma(q, -euler_constant - p.rate.log(), p.mean)


def _log_of_gumbel(q: Any, mean: Array, mean_power: Array) -> Array:
    """Minus the mean of a Gumbel distribution's log density; ``mean_power`` is that of e^(-x / scale)."""
    return q.scale.log() + (mean - q.loc) / q.scale + (q.loc / q.scale).exp() * mean_power


@register_kl(Exponential, Gumbel)
def _exponential_gumbel(p: Any, q: Any) -> Array:
    product = p.rate * q.scale
    return -p.entropy() + _log_of_gumbel(q, p.mean, product / (product + 1))


@register_kl(Gamma, Gumbel)
def _gamma_gumbel(p: Any, q: Any) -> Array:
    power = (1 + (p.rate * q.scale).reciprocal()).pow(-p.concentration)
    return -p.entropy() + _log_of_gumbel(q, p.mean, power)


@register_kl(Normal, Gumbel)
def _normal_gumbel(p: Any, q: Any) -> Array:
    power = (-p.loc / q.scale + 0.5 * (p.scale / q.scale).square()).exp()
    return -p.entropy() + _log_of_gumbel(q, p.loc, power)


@register_kl(Normal, Laplace)
def _normal_laplace(p: Any, q: Any) -> Array:
    distance = p.loc - q.loc
    scaled = distance / p.scale
    mean_distance = math.sqrt(2 / math.pi) * p.scale * (-0.5 * scaled.square()).exp()
    mean_distance = mean_distance + distance * erf(math.sqrt(0.5) * scaled)
    return -p.entropy() + (2 * q.scale).log() + mean_distance / q.scale


@register_kl(Pareto, Exponential)
def _pareto_exponential(p: Any, q: Any) -> Array:
    return where(p.alpha <= 1, math.inf, -p.entropy() - q.rate.log() + q.rate * p.mean)


@register_kl(Pareto, Gamma)
def _pareto_gamma(p: Any, q: Any) -> Array:
    mean_log = p.scale.log() + p.alpha.reciprocal()
    return where(p.alpha <= 1, math.inf, -p.entropy() + _log_of_gamma(q, mean_log, p.mean))


@register_kl(Pareto, Normal)
def _pareto_normal(p: Any, q: Any) -> Array:
    return where(p.alpha <= 2, math.inf, -p.entropy() + _log_of_normal(p, q))


def _mean_log(p: Any) -> Array:
    """The mean of log x over a uniform distribution."""
    width = p.high - p.low
    return (xlogy(p.high, p.high) - xlogy(p.low, p.low) - width) / width


@register_kl(Uniform, Beta)
def _uniform_beta(p: Any, q: Any) -> Array:
    a, b, width = q.concentration1, q.concentration0, p.high - p.low
    mean_log_rest = (xlogy(1 - p.low, 1 - p.low) - xlogy(1 - p.high, 1 - p.high) - width) / width
    normalizer = lgamma(a) + lgamma(b) - lgamma(a + b)
    result = normalizer - (a - 1) * _mean_log(p) - (b - 1) * mean_log_rest - width.log()
    return where((p.high > 1) | (p.low < 0), math.inf, result)


@register_kl(Uniform, ContinuousBernoulli)
def _uniform_continuous_bernoulli(p: Any, q: Any) -> Array:
    result = -p.entropy() - p.mean * q.logits - (-q.probs).log1p() - q._cont_bern_log_norm()
    return where((p.high >= 1) | (p.low <= 0), math.inf, result)


@register_kl(Uniform, Exponential)
def _uniform_exponential(p: Any, q: Any) -> Array:
    return where(p.low < 0, math.inf, -p.entropy() - q.rate.log() + q.rate * p.mean)


@register_kl(Uniform, Gamma)
def _uniform_gamma(p: Any, q: Any) -> Array:
    return where(p.low < 0, math.inf, -p.entropy() + _log_of_gamma(q, _mean_log(p), p.mean))


@register_kl(Uniform, Gumbel)
def _uniform_gumbel(p: Any, q: Any) -> Array:
    power = q.scale * ((-p.low / q.scale).exp() - (-p.high / q.scale).exp()) / (p.high - p.low)
    return -p.entropy() + _log_of_gumbel(q, p.mean, power)


@register_kl(Uniform, Pareto)
def _uniform_pareto(p: Any, q: Any) -> Array:
    density = q.alpha.log() + q.alpha * q.scale.log() - (q.alpha + 1) * _mean_log(p)
    return where(p.low < q.scale, math.inf, -p.entropy() - density)
