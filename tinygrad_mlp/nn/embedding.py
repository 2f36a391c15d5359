"""Embedding: a vector for each of a set of integers."""

from __future__ import annotations

from .._tensor import Tensor
from ..device import DeviceLike
from ..dtypes import dtype
from ..ops.creation import empty
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter

__all__ = ["Embedding"]


class Embedding(Module):
    """A table of vectors, looked up by row number: y = weight[input].

    Shapes: ``(*)`` of integers ``-> (*, embedding_dim)``. The vectors start normally distributed, N(0, 1).

    Args:
        num_embeddings: The number of vectors.
        embedding_dim: The size of each vector.
        padding_idx: A row that starts at zero and gets no gradient.
        max_norm: Rows that are looked up are first scaled down, in place, to this norm at most.
        norm_type: The p of that norm.
        scale_grad_by_freq: Divide the gradient of a row by how often it was looked up.
        sparse: PyTorch's: gradients are dense here.
        device: The CPU, or None.
        dtype: Of the vectors; the default dtype where None.

    Raises:
        AssertionError: ``padding_idx`` is not a row, or ``_weight``, the vectors to begin with, has another shape.

    >>> import tinygrad_mlp as torch
    >>> table = torch.nn.Embedding(10, 3, padding_idx=0)
    >>> table(torch.tensor([[1, 2, 0]])).shape
    torch.Size([1, 3, 3])
    >>> table(torch.tensor([0])).tolist()
    [[0.0, 0.0, 0.0]]
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: DeviceLike = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise AssertionError(f"Padding_idx must be within num_embeddings: got {padding_idx} of {num_embeddings}")
            padding_idx %= num_embeddings
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        if _weight is None:
            self.weight = Parameter(empty(num_embeddings, embedding_dim, device=device, dtype=dtype), not _freeze)
            self.reset_parameters()
        elif list(_weight.shape) != [num_embeddings, embedding_dim]:
            raise AssertionError(
                f"Shape of weight does not match num_embeddings and embedding_dim: {list(_weight.shape)}, expected "
                f"{[num_embeddings, embedding_dim]}"
            )
        else:
            self.weight = Parameter(_weight, not _freeze)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """A table over given vectors ``(num_embeddings, embedding_dim)``, not trained unless ``freeze`` is False."""
        if embeddings.ndim != 2:
            raise AssertionError(f"Embeddings parameter is expected to be 2-dimensional, got {embeddings.shape}")
        options = (padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, embeddings, freeze)
        rows, columns = embeddings.shape
        return cls(rows, columns, *options)

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            init.zeros_(self.weight.detach()[self.padding_idx])

    def forward(self, input: Tensor) -> Tensor:
        """``(*) -> (*, embedding_dim)``."""
        return F.embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        )

    def extra_repr(self) -> str:
        """The sizes, and the other arguments where they are not the defaults."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        defaults = {"padding_idx": None, "max_norm": None, "norm_type": 2, "scale_grad_by_freq": False, "sparse": False}
        given = {name: getattr(self, name) for name in defaults}
        return text + "".join(f", {name}={value}" for name, value in given.items() if value != defaults[name])
