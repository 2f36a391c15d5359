"""``out=``: an operation's result written into tensors that there are already.

One place for every operation: it computes its result, which is then written. Gradients do not go through it, as in PyTorch.
"""

from __future__ import annotations

import functools
import warnings
from typing import Any

from ..core.apply import node_of
from ..core.errors import ArgumentError, DTypeError, GraphError
from ..core.graph import Tensor
from ..core.primitive import on_operation
from ..core.state import recording, state
from ..dtypes import can_cast
from .inplace import write_copy

__all__: list[str] = []

# What takes it in PyTorch.
_NAMES = frozenset(
    [
        "abs", "absolute", "acos", "acosh", "add", "addbmm", "addcdiv", "addcmul", "addmm", "addmv", "addr", "airy_ai",
        "all", "amax", "amin", "aminmax", "angle", "any", "arange", "arccos", "arccosh", "arcsin", "arcsinh", "arctan",
        "arctan2", "arctanh", "argmax", "argmin", "argsort", "asin", "asinh", "atan", "atan2", "atanh", "baddbmm",
        "bernoulli", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "bitwise_and", "bitwise_left_shift",
        "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "bmm", "bucketize", "cat", "ceil",
        "chain_matmul", "chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v",
        "chebyshev_polynomial_w", "cholesky", "cholesky_ex", "cholesky_inverse", "cholesky_solve", "clamp", "clamp_max",
        "clamp_min", "clip", "column_stack", "concat", "concatenate", "cond", "conj_physical", "copysign", "cos",
        "cosh", "cross", "cummax", "cummin", "cumprod", "cumsum", "deg2rad", "det", "diag", "diff", "digamma", "div",
        "divide", "dot", "dstack", "eig", "eigh", "eigvals", "eigvalsh", "empty", "entr", "eq", "erf", "erfc", "erfcx",
        "erfinv", "exp", "exp2", "expit", "expm1", "eye", "fix", "float_power", "floor", "floor_divide", "fmax", "fmin",
        "fmod", "frac", "frexp", "frobenius_norm", "full", "gammainc", "gammaincc", "gammaln", "gather", "gcd", "ge",
        "geqrf", "ger", "greater", "greater_equal", "gt", "hardshrink", "heaviside", "hermite_polynomial_h",
        "hermite_polynomial_he", "histc", "histogram", "householder_product", "hstack", "hypot", "i0", "i0e", "i1",
        "i1e", "igamma", "igammac", "index_add", "index_select", "inner", "inv", "inv_ex", "inverse", "isin",
        "isneginf", "isposinf", "kron", "kthvalue", "laguerre_polynomial_l", "lcm", "ldexp", "ldl_factor",
        "ldl_factor_ex", "ldl_solve", "le", "legendre_polynomial_p", "lerp", "less", "less_equal", "lgamma", "linspace",
        "log", "log10", "log1p", "log2", "log_ndtr", "log_softmax", "logaddexp", "logaddexp2", "logcumsumexp",
        "logical_and", "logical_not", "logical_or", "logical_xor", "logit", "logspace", "logsumexp", "lstsq", "lt",
        "lu", "lu_factor", "lu_factor_ex", "lu_solve", "lu_unpack", "masked_select", "matmul", "matrix_norm",
        "matrix_power", "matrix_rank", "max", "maximum", "mean", "median", "min", "minimum", "mm", "mode",
        "modified_bessel_i0", "modified_bessel_i1", "modified_bessel_k0", "modified_bessel_k1", "msort", "mul",
        "multi_dot", "multigammaln", "multinomial", "multiply", "mv", "mvlgamma", "nan_to_num", "nanmean", "nanmedian",
        "nansum", "ndtr", "ndtri", "ne", "neg", "negative", "nextafter", "nonzero", "norm", "normal", "not_equal",
        "nuclear_norm", "ones", "orgqr", "ormqr", "outer", "pinv", "polar", "polygamma", "pow", "prod", "psi", "qr",
        "rad2deg", "rand", "randint", "randn", "randperm", "range", "reciprocal", "remainder", "renorm", "round",
        "row_stack", "rsqrt", "scaled_modified_bessel_k0", "scaled_modified_bessel_k1", "scatter", "scatter_add",
        "searchsorted", "sgn", "shifted_chebyshev_polynomial_t", "shifted_chebyshev_polynomial_u",
        "shifted_chebyshev_polynomial_v", "shifted_chebyshev_polynomial_w", "sigmoid", "sign", "signbit", "sin", "sinc",
        "sinh", "slogdet", "softmax", "solve", "solve_ex", "sort", "spherical_bessel_j0", "sqrt", "square", "stack",
        "std", "sub", "subtract", "sum", "svd", "svdvals", "take", "take_along_dim", "tan", "tanh", "tensordot",
        "tensorinv", "tensorsolve", "threshold", "topk", "triangular_solve", "tril", "triu", "true_divide", "trunc",
        "var", "vdot", "vecdot", "vector_norm", "vstack", "where", "xlog1py", "xlogy", "zeros", "zeta",
    ]
)  # fmt: skip
# Those whose result must have the very dtype.
_SAME_DTYPE = frozenset(
    [
        "addmm", "addmv", "addr", "baddbmm", "bmm", "clamp", "clamp_max", "clamp_min", "diag", "dot", "gather", "index_select", "kthvalue",
        "masked_select", "matmul", "max", "median", "min", "mm", "mode", "mv", "outer", "sort", "topk", "tril", "triu",
    ]
)  # fmt: skip


def into(operation: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """``operation(*args, **params)`` written into ``params["out"]``, a tensor or a tuple of them, which is returned.

    Raises:
        ArgumentError: The operation has no ``out``, or it is no tensor. DTypeError: it cannot hold the result.
        GraphError: A gradient is wanted.
    """
    __tracebackhide__ = True
    name = operation.__name__.removeprefix("linalg_")
    params = dict(params)
    out = params.pop("out")
    if name not in _NAMES:
        raise ArgumentError(f"{name}() got an unexpected keyword argument 'out'; copy_() the result")
    if out is None:
        return operation(*args, **params)
    targets = list(out) if isinstance(out, tuple | list) else [out]
    for target in targets:
        if not isinstance(target, Tensor):
            raise ArgumentError(f"{name}(): argument 'out' must be Tensor, not {type(target).__name__}")
    given = [*args, *params.values(), *targets]
    if state.grad and any(isinstance(x, Tensor) and node_of(x) is not None for x in given):
        raise GraphError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the arguments "
            "requires grad; leave out= away, or use no_grad()"
        )
    with recording(False):
        result = operation(*args, **params)
        results = result if isinstance(result, tuple) else (result,)
        if len(results) != len(targets) or isinstance(result, tuple) != isinstance(out, tuple | list):
            raise ArgumentError(f"{name}(): 'out' must be {len(results)} tensor(s), as many as it gives, got {len(targets)}")
        for target, value in zip(targets, results, strict=True):
            _write(name, target, value)
    return result._make(targets) if hasattr(result, "_make") else out


def _write(name: str, target: Tensor, value: Tensor) -> None:
    if name in _SAME_DTYPE and target.dtype is not value.dtype:
        raise DTypeError(f"{name}(): Expected out tensor to have dtype {value.dtype}, but got {target.dtype} instead")
    if not can_cast(value.dtype, target.dtype):
        raise DTypeError(f"{name}(): result type {value.dtype} can't be cast to the desired output type {target.dtype}")
    if target.shape != value.shape:
        if target.numel():
            warnings.warn(
                f"{name}(): An output with one or more elements was resized since it had shape {list(target.shape)}, which does "
                f"not match the required output shape {list(value.shape)}; give one of that shape, or an empty one",
                UserWarning,
                stacklevel=5,
            )
        from .reshaping import resize_  # a family that few programs use

        resize_(target, value.shape)
    write_copy(target, value)


@on_operation
def _taking_out(operation: Any) -> None:
    """The operation's ``into``, which is called with the arguments of a call that has ``out=``."""
    operation.into = functools.partial(into, operation)
