"""PyTorch's ``torch.linalg``: the few of its functions that are about norms and products."""

from .ops.linalg import matmul, svdvals
from .ops.norms import linalg_norm as norm
from .ops.norms import vector_norm

__all__ = ["matmul", "norm", "svdvals", "vector_norm"]
