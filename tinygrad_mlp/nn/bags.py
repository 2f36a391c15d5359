"""EmbeddingBag: sums, means and maxima of bags of vectors, without the vectors of each."""

from __future__ import annotations

from .._tensor import Tensor
from ..device import DeviceLike
from ..dtypes import dtype
from . import functional as F
from .embedding import Embedding

__all__ = ["EmbeddingBag"]


class EmbeddingBag(Embedding):
    """The sum, mean or maximum of the vectors of each bag of integers.

    Shapes: ``(B, N)`` of integers, or ``(M,)`` and offsets ``(B,)``, ``-> (B, embedding_dim)``. The vectors start normally
    distributed, N(0, 1).

    Args:
        num_embeddings: The number of vectors.
        embedding_dim: The size of each vector.
        max_norm: Vectors that are looked up are first scaled down, in place, to this norm at most.
        norm_type: The p of that norm.
        scale_grad_by_freq: Divide the gradient of a vector by how often it was looked up.
        mode: ``"sum"``, ``"mean"`` or ``"max"``.
        sparse: PyTorch's: gradients are dense here.
        include_last_offset: Whether the last offset is the end of the last bag.
        padding_idx: A vector that starts at zero, does not count and gets no gradient.
        device: The CPU, or None.
        dtype: Of the vectors; the default dtype where None.

    >>> import tinygrad_mlp as torch
    >>> bags = torch.nn.EmbeddingBag(10, 3, mode="sum")
    >>> bags(torch.tensor([1, 2, 4, 5]), torch.tensor([0, 3])).shape
    torch.Size([2, 3])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: DeviceLike = None,
        dtype: dtype | None = None,
    ) -> None:
        options = (padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, _weight, False, device, dtype)
        super().__init__(num_embeddings, embedding_dim, *options)
        self.mode = mode
        self.include_last_offset = include_last_offset

    @classmethod
    def from_pretrained(  # type: ignore[override] # other options
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> EmbeddingBag:
        """Bags of given vectors ``(num_embeddings, embedding_dim)``, not trained unless ``freeze`` is False."""
        if embeddings.ndim != 2:
            raise AssertionError(f"Embeddings parameter is expected to be 2-dimensional, got {embeddings.shape}")
        options = (max_norm, norm_type, scale_grad_by_freq, mode, sparse, embeddings, include_last_offset, padding_idx)
        rows, columns = embeddings.shape
        table = cls(rows, columns, *options)
        table.weight.requires_grad_(not freeze)
        return table

    def forward(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        """``(B, N)``, or ``(M,)`` and offsets ``(B,)``, ``-> (B, embedding_dim)``."""
        return F.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        """The sizes, and the other arguments where they are not the defaults."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        defaults = {"max_norm": None, "norm_type": 2, "scale_grad_by_freq": False, "padding_idx": None}
        given = {name: getattr(self, name) for name in defaults}
        shown = {name: value for name, value in given.items() if value != defaults[name]}
        place = [name for name in shown if name != "padding_idx"]
        parts = [f"{name}={shown[name]}" for name in place] + [f"mode={self.mode!r}"]
        return ", ".join([text, *parts, *([f"padding_idx={self.padding_idx}"] if self.padding_idx is not None else [])])
