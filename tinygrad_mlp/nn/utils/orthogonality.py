"""Orthogonal weights, by :mod:`.parametrize`: maps from any matrix to an orthogonal one."""

from __future__ import annotations

import numpy as np

from ..._tensor import Tensor
from ...grad_mode import no_grad
from ...linalg import matrix_exp, qr, solve
from ...ops.creation import eye, from_numpy, zeros_like
from ...ops.joining import cat, pad
from ...ops.random import randn
from ..module import Module
from .parametrize import register_parametrization

__all__ = ["orthogonal"]

_MAPS = ("matrix_exp", "cayley", "householder")


def _householder(x: Tensor) -> Tensor:
    """The product of the reflections along the columns below the diagonal, with the signs of the diagonal."""
    n, k = x.shape[-2:]
    below = x.tril(-1)
    vectors = below + eye(n, k, dtype=x.dtype)
    factors = 2.0 / (1.0 + (below * below).sum(-2))
    result = eye(n, k, dtype=x.dtype).expand(x.shape)
    for i in reversed(range(k)):
        v = vectors[..., i : i + 1]
        result = result - factors[..., i, None, None] * (v @ (v.mT @ result))
    return result * x.detach().diagonal(dim1=-2, dim2=-1).trunc().unsqueeze(-2)


def _made_orthogonal(x: Tensor) -> Tensor:
    """The orthogonal matrix of the QR decomposition whose R has a positive diagonal."""
    q, r = qr(x)
    return q * r.diagonal(dim1=-2, dim2=-1).sign().unsqueeze(-2)


def _reflectors(q: Tensor) -> Tensor:
    """What :func:`_householder` gives an orthogonal matrix for."""
    matrices = q.detach().numpy().reshape(-1, *q.shape[-2:])
    found = []
    for matrix in matrices:
        h, tau = np.linalg.qr(matrix, mode="raw")
        reflectors = h.T.copy()
        places = np.arange(len(tau))
        reflectors[places, places] = np.sign(reflectors[places, places]) * np.where(tau == 0, -1, 1)
        found.append(reflectors)
    return from_numpy(np.stack(found).reshape(q.shape).astype(matrices.dtype))


class _Orthogonal(Module):
    """A map to orthogonal matrices, from a ``base``, if there is one."""

    base: Tensor | None

    def __init__(self, weight: Tensor, orthogonal_map: str, *, use_trivialization: bool = True) -> None:
        super().__init__()
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        self.use_trivialization = use_trivialization
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:  # noqa: N803 - a matrix
        """The orthogonal matrix of a matrix."""
        wide = X.shape[-2] < X.shape[-1]
        x = X.mT if wide else X
        n, k = x.shape[-2:]
        if self.orthogonal_map == "householder":
            q = _householder(x)
        else:
            square = pad(x.tril(), (0, n - k))
            skew, one = square - square.mT, eye(n, dtype=x.dtype)
            q = matrix_exp(skew) if self.orthogonal_map == "matrix_exp" else solve(one - skew * 0.5, one + skew * 0.5)
            q = q[..., :k]
        if self.use_trivialization and self.base is not None:
            q = self.base @ q
        return q.mT if wide else q

    def right_inverse(self, Q: Tensor) -> Tensor:  # noqa: N803 - likewise
        """What the given matrix, made orthogonal, is the value for."""
        if self.shape != Q.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {Q.shape}."
            )
        with no_grad():
            q = Q.mT if Q.shape[-2] < Q.shape[-1] else Q
            n, k = q.shape[-2:]
            if not self.use_trivialization:
                if self.orthogonal_map != "householder":
                    raise NotImplementedError(
                        "It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
                        "use_trivialization=False."
                    )
                found = _reflectors(q)
                return found.mT if q is not Q else found
            if n != k:
                q = cat([q, randn(*q.shape[:-2], n, n - k, dtype=q.dtype)], -1)
            self.base = _made_orthogonal(q)
            return zeros_like(Q) - eye(*Q.shape[-2:], dtype=Q.dtype)


def orthogonal(
    module: Module, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> Module:
    """Keep a weight's rows or columns, whichever are fewer, orthonormal. Lezcano-Casado & Martínez-Rubio 2019.

    Args:
        module: The module.
        name: The name of the weight, a matrix or several.
        orthogonal_map: ``"matrix_exp"``, the default of square ones, ``"cayley"`` or ``"householder"``.
        use_trivialization: Map from the weight's first value on.

    Raises:
        ValueError: There is no such weight, or map, or it is a vector.

    >>> import tinygrad_mlp as torch
    >>> layer = torch.nn.utils.parametrizations.orthogonal(torch.nn.Linear(3, 3))
    >>> torch.allclose(layer.weight @ layer.weight.mT, torch.eye(3), atol=1e-5)
    True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.shape[-2] == weight.shape[-1] else "householder"
    if orthogonal_map not in _MAPS:
        raise ValueError(f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}')
    made = _Orthogonal(weight, orthogonal_map, use_trivialization=use_trivialization)
    return register_parametrization(module, name, made, unsafe=True)
