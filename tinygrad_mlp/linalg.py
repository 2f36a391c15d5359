"""PyTorch's ``torch.linalg``: factorisations, systems of equations, determinants, norms and products, with gradients."""

from .later import later as _later
from .ops.factorisations import LinAlgError, cholesky_ex, solve_triangular
from .ops.factorisations import linalg_cholesky as cholesky
from .ops.linalg import matmul, svdvals
from .ops.matrix_products import linalg_cross as cross
from .ops.matrix_products import linalg_vander as vander
from .ops.matrix_products import multi_dot, vecdot
from .ops.norms import linalg_norm as norm
from .ops.norms import matrix_norm, vector_norm
from .ops.shape import linalg_diagonal as diagonal
from .ops.solving import det, inv, inv_ex, matrix_exp, matrix_power, slogdet, solve, solve_ex, tensorinv, tensorsolve
from .ops.spectra import cond, eigh, eigvalsh, lstsq, matrix_rank, pinv
from .ops.spectra import linalg_qr as qr
from .ops.spectra import linalg_svd as svd

__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eigh", "eigvalsh", "inv", "inv_ex", "lstsq", "matmul",
    "matrix_exp", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet", "solve", "solve_ex",
    "solve_triangular", "svd", "svdvals", "tensorinv", "tensorsolve", "vander", "vecdot", "vector_norm",
]  # fmt: skip

__getattr__, __dir__ = _later(__name__, {})  # for its errors
