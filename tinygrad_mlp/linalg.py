"""PyTorch's ``torch.linalg``: the few of its functions that are about norms, products and factorisations."""

from .ops.factorisations import LinAlgError, cholesky_ex, solve_triangular
from .ops.factorisations import linalg_cholesky as cholesky
from .ops.linalg import matmul, svdvals
from .ops.norms import linalg_norm as norm
from .ops.norms import vector_norm

__all__ = ["LinAlgError", "cholesky", "cholesky_ex", "matmul", "norm", "solve_triangular", "svdvals", "vector_norm"]
