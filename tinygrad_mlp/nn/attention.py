"""Attention as a layer: several heads, each with projections of its own."""

from __future__ import annotations

from .._tensor import Tensor
from ..device import DeviceLike
from ..dtypes import dtype
from ..ops.creation import empty
from . import init
from .functional.attention import multi_head_attention_forward
from .linear import Linear
from .module import Module
from .parameter import Parameter

__all__ = ["MultiheadAttention"]


class NonDynamicallyQuantizableLinear(Linear):
    """A :class:`Linear` under the name that PyTorch shows for the last map of attention."""


class MultiheadAttention(Module):
    """Heads of attention beside each other, their results concatenated and mapped: Vaswani et al. 2017, sec. 3.2.2.

    Shapes: query ``(L, N, embed_dim)``, key ``(S, N, kdim)`` and value ``(S, N, vdim)`` ``-> (L, N, embed_dim)``, and the
    weights ``(N, L, S)``; N first in all if ``batch_first``, or absent in all.

    Args:
        embed_dim: The size of the vectors of all heads together.
        num_heads: Its number of parts.
        dropout: The probability of a weight to be zeroed in training.
        bias: Whether the maps have biases.
        add_bias_kv: Add a learned key and value as one more source.
        add_zero_attn: Add a key and value of zeros as one more source.
        kdim: The size of keys; ``embed_dim`` where None.
        vdim: The size of values; ``embed_dim`` where None.
        batch_first: Whether the batch is the first dimension.
        device: The CPU, or None.
        dtype: Of the parameters; the default dtype where None.

    Raises:
        ValueError: A size is not positive.
        AssertionError: ``num_heads`` does not divide ``embed_dim``; or, on a call, sizes do not agree.

    >>> import tinygrad_mlp as torch
    >>> attention = torch.nn.MultiheadAttention(8, 2, batch_first=True)
    >>> x = torch.ones(3, 5, 8)
    >>> y, weights = attention(x, x, x)
    >>> y.shape, weights.shape
    (torch.Size([3, 5, 8]), torch.Size([3, 5, 5]))
    """

    in_proj_weight: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: DeviceLike = None,
        dtype: dtype | None = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim: int = embed_dim if kdim is None else kdim
        self.vdim: int = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim: int = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError(f"embed_dim must be divisible by num_heads, got {embed_dim} and {num_heads}")
        self.add_zero_attn = add_zero_attn

        def add(name: str, there: bool, *shape: int) -> None:
            self.register_parameter(name, Parameter(empty(shape, device=device, dtype=dtype)) if there else None)

        add("q_proj_weight", not self._qkv_same_embed_dim, embed_dim, embed_dim)
        add("k_proj_weight", not self._qkv_same_embed_dim, embed_dim, self.kdim)
        add("v_proj_weight", not self._qkv_same_embed_dim, embed_dim, self.vdim)
        add("in_proj_weight", self._qkv_same_embed_dim, 3 * embed_dim, embed_dim)
        add("in_proj_bias", bias, 3 * embed_dim)
        self.out_proj: NonDynamicallyQuantizableLinear = NonDynamicallyQuantizableLinear(
            embed_dim, embed_dim, bias=bias, device=device, dtype=dtype
        )
        add("bias_k", add_bias_kv, 1, 1, embed_dim)
        add("bias_v", add_bias_kv, 1, 1, embed_dim)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.zeros_(bias)
        for source in (self.bias_k, self.bias_v):
            if source is not None:
                init.xavier_normal_(source)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """The attended values, and the weights if asked for.

        Args:
            query: What looks.
            key: What is looked at.
            value: What is taken from it.
            key_padding_mask: ``(N, S)``, True where a source is hidden; or floats to add.
            need_weights: Whether the weights are given too.
            attn_mask: ``(L, S)`` or ``(N num_heads, L, S)``, True where a place may not look; or floats to add.
            average_attn_weights: Give the mean of the heads' weights, not ``(N, num_heads, L, S)``.
            is_causal: A hint that ``attn_mask`` is the causal one.
        """
        turned = self.batch_first and query.ndim == 3
        if turned:
            same, pair = query is key is value, key is value
            query = query.transpose(0, 1)
            key = query if same else key.transpose(0, 1)
            value = key if pair else value.transpose(0, 1)
        y, weights = multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return (y.transpose(0, 1) if turned else y), weights
