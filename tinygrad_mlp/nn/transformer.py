"""Transformers: layers of attention and of two affine maps, each added to its input. Vaswani et al. 2017."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from .._tensor import Tensor
from ..device import DeviceLike
from ..dtypes import bool_, dtype
from ..grad_mode import is_grad_enabled
from . import functional as F
from . import init
from .attention import MultiheadAttention
from .containers import ModuleList
from .dropout import Dropout
from .functional.attention import causal_mask
from .linear import Linear
from .module import Module
from .normalisation import LayerNorm

__all__ = [
    "Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer",
]  # fmt: skip

Function = Callable[[Tensor], Tensor]


def _activation_of(activation: str | Function) -> Function:
    if not isinstance(activation, str):
        return activation
    known: dict[str, Function] = {"relu": F.relu, "gelu": F.gelu}
    if activation not in known:
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return known[activation]


class _Layer(Module):
    """What layers of encoders and decoders have in common: ``attentions``, then two affine maps; each with a norm and a dropout."""

    activation: Any

    def __init__(
        self,
        attentions: tuple[str, ...],
        d_model: int,
        nhead: int,
        dim_feedforward: int,
        dropout: float,
        activation: str | Function,
        layer_norm_eps: float,
        batch_first: bool,
        norm_first: bool,
        bias: bool,
        device: DeviceLike,
        dtype: dtype | None,
    ) -> None:
        super().__init__()
        where: Any = {"device": device, "dtype": dtype}
        for name in attentions:
            attention = MultiheadAttention(d_model, nhead, dropout=dropout, batch_first=batch_first, bias=bias, **where)
            self.add_module(name, attention)
        self.linear1: Linear = Linear(d_model, dim_feedforward, bias=bias, **where)
        self.dropout: Dropout = Dropout(dropout)
        self.linear2: Linear = Linear(dim_feedforward, d_model, bias=bias, **where)
        self.norm_first = norm_first
        parts = range(1, len(attentions) + 2)
        for k in parts:
            self.add_module(f"norm{k}", LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **where))
        for k in parts:
            self.add_module(f"dropout{k}", Dropout(dropout))
        self.activation = _activation_of(activation)

    def _added(self, k: int, x: Tensor, part: Function) -> Tensor:
        """x + part(norm(x)), or norm(x + part(x)), with the k-th norm."""
        norm: Any = getattr(self, f"norm{k}")
        return x + part(norm(x)) if self.norm_first else norm(x + part(x))

    def _attend(
        self, k: int, name: str, x: Tensor, memory: Tensor | None, mask: Tensor | None, padding: Tensor | None, causal: bool
    ) -> Tensor:
        attention: Any = getattr(self, name)
        dropout: Any = getattr(self, f"dropout{k}")

        def part(x: Tensor) -> Any:
            source = x if memory is None else memory
            return dropout(
                attention(x, source, source, attn_mask=mask, key_padding_mask=padding, is_causal=causal, need_weights=False)[
                    0
                ]
            )

        return self._added(k, x, part)

    def _feed_forward(self, k: int, x: Tensor) -> Tensor:
        dropout: Any = getattr(self, f"dropout{k}")
        return self._added(k, x, lambda x: dropout(self.linear2(self.dropout(self.activation(self.linear1(x))))))


class TransformerEncoderLayer(_Layer):
    """Self-attention, then two affine maps with an activation between them; each is added to its input and normalized.

    Shapes ``(S, N, d_model) -> (S, N, d_model)``, ``(N, S, d_model)`` if ``batch_first``; or without N.

    Args:
        d_model: The size of the vectors.
        nhead: The number of heads.
        dim_feedforward: The size between the two affine maps.
        dropout: The probability of an element to be zeroed in training.
        activation: ``"relu"``, ``"gelu"`` or a function.
        layer_norm_eps: Of the layer norms.
        batch_first: Whether the batch is the first dimension.
        norm_first: Normalize the input of each part, not the sum.
        bias: Whether maps and norms have biases.
        device: The CPU, or None.
        dtype: Of the parameters; the default dtype where None.

    Raises:
        RuntimeError: There is no such activation.

    >>> import tinygrad_mlp as torch
    >>> layer = torch.nn.TransformerEncoderLayer(d_model=8, nhead=2, dim_feedforward=16)
    >>> layer(torch.ones(5, 3, 8)).shape
    torch.Size([5, 3, 8])
    """

    self_attn: MultiheadAttention

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Function = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: DeviceLike = None,
        dtype: dtype | None = None,
    ) -> None:
        options = (dropout, activation, layer_norm_eps, batch_first, norm_first, bias, device, dtype)
        super().__init__(("self_attn",), d_model, nhead, dim_feedforward, *options)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """The sequence through the layer; masks as for :class:`MultiheadAttention`."""
        x = self._attend(1, "self_attn", src, None, src_mask, src_key_padding_mask, is_causal)
        return self._feed_forward(2, x)


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to an encoder's memory, then two affine maps; each is added to its input and normalized.

    Shapes ``(T, N, d_model), (S, N, d_model) -> (T, N, d_model)``. The arguments are those of
    :class:`TransformerEncoderLayer`.

    >>> import tinygrad_mlp as torch
    >>> layer = torch.nn.TransformerDecoderLayer(d_model=8, nhead=2, dim_feedforward=16)
    >>> layer(torch.ones(4, 3, 8), torch.ones(5, 3, 8)).shape
    torch.Size([4, 3, 8])
    """

    self_attn: MultiheadAttention
    multihead_attn: MultiheadAttention

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Function = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: DeviceLike = None,
        dtype: dtype | None = None,
    ) -> None:
        options = (dropout, activation, layer_norm_eps, batch_first, norm_first, bias, device, dtype)
        super().__init__(("self_attn", "multihead_attn"), d_model, nhead, dim_feedforward, *options)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The sequence through the layer; masks as for :class:`MultiheadAttention`."""
        x = self._attend(1, "self_attn", tgt, None, tgt_mask, tgt_key_padding_mask, tgt_is_causal)
        x = self._attend(2, "multihead_attn", x, memory, memory_mask, memory_key_padding_mask, memory_is_causal)
        return self._feed_forward(3, x)


class _Stack(Module):
    """Copies of a layer, one after the other, and a norm behind them."""

    def __init__(self, layer: Module, num_layers: int, norm: Module | None) -> None:
        super().__init__()
        self.layers: ModuleList = ModuleList(copy.deepcopy(layer) for _ in range(num_layers))
        self.num_layers = num_layers
        self.norm = norm

    def _normed(self, x: Tensor) -> Tensor:
        result: Tensor = x if self.norm is None else self.norm(x)
        return result


def _is_causal(mask: Tensor | None, hint: bool | None) -> bool:
    """Whether a layer is told that its mask is the causal one. PyTorch looks if it is; the mask itself does as well."""
    return bool(hint) and mask is not None


class TransformerEncoder(_Stack):
    """``num_layers`` copies of an encoder layer, one after the other.

    As in PyTorch, which computes so without the padding, hidden places give 0 in evaluation without gradients, if
    ``enable_nested_tensor`` is set and the layers are ones of ``batch_first`` with the norm last and an even number of heads.

    Args:
        encoder_layer: The layer to copy.
        num_layers: How many copies.
        norm: A module behind the last of them.
        enable_nested_tensor: See above.
        mask_check: PyTorch's: nothing here.

    >>> import tinygrad_mlp as torch
    >>> layer = torch.nn.TransformerEncoderLayer(d_model=8, nhead=2, dim_feedforward=16, batch_first=True)
    >>> torch.nn.TransformerEncoder(layer, num_layers=2)(torch.ones(3, 5, 8)).shape
    torch.Size([3, 5, 8])
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__(encoder_layer, num_layers, norm)
        self.enable_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check

    def _blanks(self, src: Tensor) -> bool:
        first = self.layers[0] if len(self.layers) else None
        return (
            self.enable_nested_tensor
            and isinstance(first, TransformerEncoderLayer)
            and not (first.training or first.norm_first)
            and first.self_attn.batch_first
            and first.self_attn.num_heads % 2 == 0
            and first.self_attn.in_proj_bias is not None
            and first.activation in (F.relu, F.gelu)
            and not (is_grad_enabled() and any(p.requires_grad for p in (src, *first.parameters())))
        )

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """The sequence through the layers; masks as for :class:`MultiheadAttention`."""
        x, causal = src, _is_causal(mask, is_causal)
        for layer in self.layers:
            x = layer(x, src_mask=mask, is_causal=causal, src_key_padding_mask=src_key_padding_mask)
        padding = src_key_padding_mask
        if padding is not None and src.ndim == 3 and mask is None and self._blanks(src):
            x = x.masked_fill((padding if padding.dtype is bool_ else padding != 0).unsqueeze(-1), 0.0)
        return self._normed(x)


class TransformerDecoder(_Stack):
    """``num_layers`` copies of a decoder layer, one after the other, all with the same memory.

    Args:
        decoder_layer: The layer to copy.
        num_layers: How many copies.
        norm: A module behind the last of them.

    >>> import tinygrad_mlp as torch
    >>> layer = torch.nn.TransformerDecoderLayer(d_model=8, nhead=2, dim_feedforward=16)
    >>> torch.nn.TransformerDecoder(layer, num_layers=2)(torch.ones(4, 3, 8), torch.ones(5, 3, 8)).shape
    torch.Size([4, 3, 8])
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__(decoder_layer, num_layers, norm)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The sequence through the layers; masks as for :class:`MultiheadAttention`."""
        x, causal = tgt, _is_causal(tgt_mask, tgt_is_causal)
        for layer in self.layers:
            x = layer(
                x,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=causal,
                memory_is_causal=memory_is_causal,
            )
        return self._normed(x)


class Transformer(Module):
    """An encoder of one sequence, and a decoder of another that looks at what the encoder gives.

    Shapes ``(S, N, d_model), (T, N, d_model) -> (T, N, d_model)``; N first if ``batch_first``, or absent.

    Args:
        d_model: The size of the vectors.
        nhead: The number of heads.
        num_encoder_layers: How many layers the encoder has.
        num_decoder_layers: How many layers the decoder has.
        dim_feedforward: The size between the two affine maps of a layer.
        dropout: The probability of an element to be zeroed in training.
        activation: ``"relu"``, ``"gelu"`` or a function.
        custom_encoder: A module in the place of the encoder.
        custom_decoder: A module in the place of the decoder.
        layer_norm_eps: Of the layer norms.
        batch_first: Whether the batch is the first dimension.
        norm_first: Normalize the input of each part, not the sum.
        bias: Whether maps and norms have biases.
        device: The CPU, or None.
        dtype: Of the parameters; the default dtype where None.

    Raises:
        RuntimeError: On a call: the batch sizes, or the sizes of the vectors, do not agree.

    >>> import tinygrad_mlp as torch
    >>> model = torch.nn.Transformer(8, 2, 1, 1, 16)
    >>> model(torch.ones(5, 3, 8), torch.ones(4, 3, 8)).shape
    torch.Size([4, 3, 8])
    """

    encoder: Module
    decoder: Module

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Function = F.relu,
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: DeviceLike = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        of_layer: Any = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first)
        of_layer += (bias, device, dtype)

        def norm() -> LayerNorm:
            return LayerNorm(d_model, eps=layer_norm_eps, bias=bias, device=device, dtype=dtype)

        self.encoder = custom_encoder or TransformerEncoder(TransformerEncoderLayer(*of_layer), num_encoder_layers, norm())
        self.decoder = custom_decoder or TransformerDecoder(TransformerDecoderLayer(*of_layer), num_decoder_layers, norm())
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def _reset_parameters(self) -> None:
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The decoder's sequence; masks as for :class:`MultiheadAttention`."""
        batch = 0 if self.batch_first else 1
        if src.ndim == 3 and src.shape[batch] != tgt.shape[batch]:
            raise RuntimeError(f"the batch number of src and tgt must be equal, got {tuple(src.shape)}, {tuple(tgt.shape)}")
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise RuntimeError(
                f"the feature number of src and tgt must be equal to d_model, {self.d_model}, got {tuple(src.shape)} and "
                f"{tuple(tgt.shape)}"
            )
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        result: Tensor = self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )
        return result

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: DeviceLike = None, dtype: dtype | None = None) -> Tensor:
        """The causal mask ``(sz, sz)``: 0 on and below the diagonal, minus infinity above.

        >>> import tinygrad_mlp as torch
        >>> torch.nn.Transformer.generate_square_subsequent_mask(2)
        tensor([[0., -inf],
                [0., 0.]])
        """
        return causal_mask(sz, sz, dtype)
