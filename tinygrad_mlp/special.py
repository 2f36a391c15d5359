"""PyTorch's ``torch.special``: functions of mathematics beyond the elementary ones."""

from typing import TYPE_CHECKING

from .later import later as _later
from .ops.bessel import i0, i0e, i1, i1e
from .ops.bessel import i0 as modified_bessel_i0
from .ops.bessel import i1 as modified_bessel_i1
from .ops.elementary import exp2
from .ops.functions import erf, erfc, expm1, log1p, round
from .ops.functions import sigmoid as expit
from .ops.gamma import digamma, polygamma, zeta
from .ops.gamma import digamma as psi
from .ops.gamma import igamma as gammainc
from .ops.gamma import igammac as gammaincc
from .ops.gamma import lgamma as gammaln
from .ops.gamma import mvlgamma as multigammaln
from .ops.gaussian import erfcx, erfinv, log_ndtr, ndtr, ndtri
from .ops.logarithms import entr, logit, sinc, xlog1py, xlogy
from .ops.normalisation import log_softmax, softmax
from .ops.norms import logsumexp

__all__ = [
    "digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "exp2", "expit", "expm1", "gammainc", "gammaincc", "gammaln",
    "i0", "i0e", "i1", "i1e", "log1p", "log_ndtr", "log_softmax", "logit", "logsumexp", "modified_bessel_i0",
    "modified_bessel_i1", "multigammaln", "ndtr", "ndtri", "polygamma", "psi", "round", "sinc", "softmax", "xlog1py",
    "xlogy", "zeta",
]  # fmt: skip

if not TYPE_CHECKING:
    __getattr__, __dir__ = _later(__name__, {})  # for its errors
