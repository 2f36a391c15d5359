"""Weights that are a direction and a length, of spectral norm 1, or orthogonal, by :mod:`.parametrize`."""

from __future__ import annotations

from ..._tensor import Tensor
from ...grad_mode import no_grad
from ...ops.creation import empty
from ...ops.linalg import dot, mv
from ...ops.norms import vector_norm
from ..functional.layers import normalize
from ..module import Module
from .orthogonality import orthogonal
from .parametrize import register_parametrization

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


def norm_except_dim(weight: Tensor, dim: int | None) -> Tensor:
    """The norms over all dimensions but ``dim``, which stay with size 1; over all for None and -1."""
    if dim is None or dim == -1:
        return vector_norm(weight)
    others = tuple(d for d in range(weight.ndim) if d != dim % weight.ndim)
    return vector_norm(weight, dim=others, keepdim=True) if others else weight.abs()


class _WeightNorm(Module):
    """g v / |v|."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        """The weight of a length and a direction."""
        return weight_v * (weight_g / norm_except_dim(weight_v, self.dim))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """The length and the direction."""
        return norm_except_dim(weight, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int = 0) -> Module:
    """Train a weight's length g and direction v, ``w = g v / |v|``. Salimans & Kingma 2016.

    Args:
        module: The module.
        name: The name of the weight.
        dim: There is a length for each position along this dimension; one for all where None.

    >>> import tinygrad_mlp as torch
    >>> layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(3, 2))
    >>> [tuple(p.shape) for p in layer.parameters()]
    [(2,), (2, 1), (2, 3)]
    """
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """``(size of dim, all others)``."""
    return weight.movedim(dim, 0).flatten(1) if weight.ndim > 1 else weight


def power_iterations(matrix: Tensor, u: Tensor, v: Tensor, times: int, eps: float) -> None:
    """Move u and v, in place, towards the matrix' first singular vectors."""
    with no_grad():
        for _ in range(times):
            u.copy_(normalize(mv(matrix, v), dim=0, eps=eps))
            v.copy_(normalize(mv(matrix.mT, u), dim=0, eps=eps))


class _SpectralNorm(Module):
    """W / sigma(W), sigma by power iterations."""

    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        if not -weight.ndim <= dim < weight.ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{weight.ndim}, {weight.ndim - 1}] but got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}")
        self.dim = dim % weight.ndim
        self.eps = eps
        if weight.ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = as_matrix(weight.detach(), self.dim)
            for name, size in zip(("_u", "_v"), matrix.shape, strict=True):
                self.register_buffer(name, normalize(empty(size, dtype=weight.dtype).normal_(), dim=0, eps=eps))
            power_iterations(matrix, self._u, self._v, 15, eps)

    def forward(self, weight: Tensor) -> Tensor:
        """The weight divided by its spectral norm."""
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            power_iterations(matrix.detach(), self._u, self._v, self.n_power_iterations, self.eps)
        return weight / dot(self._u.clone(), mv(matrix, self._v.clone()))

    def right_inverse(self, value: Tensor) -> Tensor:
        """The value itself, which is taken for normalized."""
        return value


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Divide a weight by its largest singular value, which power iterations estimate. Miyato et al. 2018, algorithm 1.

    Args:
        module: The module.
        name: The name of the weight.
        n_power_iterations: How many, each time the weight is computed in training.
        eps: The least norm to divide by.
        dim: The dimension of the outputs; 0 where None.

    Raises:
        ValueError: There is no such weight, or no iteration.

    >>> import tinygrad_mlp as torch
    >>> layer = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(5, 5))
    >>> bool((torch.linalg.norm(layer.weight, 2) - 1).abs() < 0.1)
    True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim or 0, eps))
