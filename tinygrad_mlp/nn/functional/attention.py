"""Attention: each place takes a weighted mean of values, the weights from how well its query fits their keys.

Vaswani et al. 2017, sec. 3.2. A mask says which places may be looked at: a bool one by True, and one of floats is added to
the products of queries and keys, minus infinity for "not".
"""

from __future__ import annotations

import math

from ..._tensor import Tensor
from ...core.basics import matrix_product
from ...dtypes import bool_, dtype
from ...errors import DTypeError, ShapeError
from ...ops.attention import safe_softmax
from ...ops.composite import takes_tensors
from ...ops.creation import full, zeros
from ...ops.joining import cat, pad
from ...ops.shape import repeat_interleave
from .activations import softmax
from .layers import dropout, linear

__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]


def causal_mask(places: int, sources: int, dtype: dtype | None) -> Tensor:
    """0 where the source is not later than the place, else minus infinity."""
    return full((places, sources), -math.inf, dtype=dtype).triu(1)


def additive(mask: Tensor | None, kind: dtype, name: str, hidden: bool = True) -> Tensor | None:
    """A mask as one to add: of bools, those equal to ``hidden`` become minus infinity.

    Raises:
        AssertionError: It is of integers.
    """
    if mask is None:
        return None
    if mask.dtype is bool_:
        return zeros(mask.shape, dtype=kind).masked_fill(mask if hidden else ~mask, -math.inf)
    if not mask.is_floating_point():
        raise AssertionError(f"only bool and floating types of {name} are supported, got {mask.dtype}")
    return mask


def _attended(query: Tensor, key: Tensor, mask: Tensor | None, scale: float) -> Tensor:
    """The products of queries and keys, masked."""
    scores = matrix_product(query * scale, key.transpose(-2, -1))
    return scores if mask is None else scores + mask


def _check_attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout_p: float) -> None:
    for name, tensor in (("query", query), ("key", key), ("value", value)):
        if tensor.ndim < 2:
            raise ShapeError(f"scaled_dot_product_attention: {name} must be at least 2 dimensional, got {tensor.ndim}")
        if tensor.dtype is not query.dtype:
            raise DTypeError(
                "scaled_dot_product_attention: Expected query, key, and value to have the same dtype, but got "
                f"{query.dtype}, {key.dtype} and {value.dtype}; cast with .to(dtype)"
            )
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p}")
    if mask is not None and mask.dtype not in (bool_, query.dtype):
        raise DTypeError(
            f"scaled_dot_product_attention: Expected attn_mask dtype to be bool or {query.dtype}, but got {mask.dtype}"
        )


@takes_tensors
def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(scale Q K^T + mask) V; a place that may look at nothing gets 0. Vaswani et al. 2017, eq. 1.

    Args:
        query: ``(*, H, L, E)``.
        key: ``(*, H, S, E)``.
        value: ``(*, H, S, Ev)``.
        attn_mask: Broadcasts to ``(*, H, L, S)``: True where a place may look; or floats to add.
        dropout_p: The probability of a weight to be zeroed, also in evaluation.
        is_causal: A place looks at itself and earlier ones.
        scale: 1 / sqrt(E) where None.
        enable_gqa: Heads of ``key`` and ``value`` serve several of ``query``, whose number theirs divides.

    Returns:
        ``(*, H, L, Ev)``.

    Raises:
        RuntimeError: Sizes or dtypes do not agree, or there is a mask and ``is_causal``.

    >>> import tinygrad_mlp as torch
    >>> x = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    >>> torch.nn.functional.scaled_dot_product_attention(x, x, x, is_causal=True)
    tensor([[[1.0000, 0.0000],
             [0.3302, 0.6698]]])
    """
    _check_attention(query, key, value, attn_mask, dropout_p)
    if is_causal:
        if attn_mask is not None:
            raise RuntimeError("scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
        attn_mask = causal_mask(query.shape[-2], key.shape[-2], query.dtype)
    if enable_gqa:
        if query.ndim < 3 or query.shape[-3] % key.shape[-3] or query.shape[-3] % value.shape[-3]:
            raise ShapeError(
                "scaled_dot_product_attention: Number of heads in key and value must divide the number of heads in query, "
                f"got {tuple(query.shape)}, {tuple(key.shape)} and {tuple(value.shape)}"
            )
        key, value = (repeat_interleave(x, query.shape[-3] // x.shape[-3], -3) for x in (key, value))
    scale = 1 / math.sqrt(query.shape[-1] or 1) if scale is None else scale
    mask = additive(attn_mask, query.dtype, "attn_mask", hidden=False)
    return matrix_product(dropout(safe_softmax(_attended(query, key, mask, scale), -1), dropout_p), value)


def _expect(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def _check_inputs(
    query: Tensor, key: Tensor, value: Tensor, padding: Tensor | None, mask: Tensor | None, heads: int
) -> bool:
    """Whether the inputs are batches; checked."""
    if query.ndim not in (2, 3):
        raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {query.ndim}-D query tensor")
    batched = query.ndim == 3
    kind = "batched (3-D)" if batched else "unbatched (2-D)"
    _expect(
        key.ndim == value.ndim == query.ndim,
        f"For {kind} `query`, expected `key` and `value` to be {query.ndim}-D but found {key.ndim}-D and {value.ndim}-D "
        "tensors respectively",
    )
    _expect(
        padding is None or padding.ndim == query.ndim - 1,
        f"For {kind} `query`, expected `key_padding_mask` to be `None` or {query.ndim - 1}-D",
    )
    if mask is not None:
        _expect(mask.ndim in (2, 3), f"For {kind} `query`, expected `attn_mask` to be `None`, 2-D or 3-D")
        if not batched and mask.ndim == 3:
            expected = (heads, query.shape[0], key.shape[0])
            _expect(
                tuple(mask.shape) == expected, f"Expected `attn_mask` shape to be {expected} but got {tuple(mask.shape)}"
            )
    return batched


def _check_sizes(query: Tensor, key: Tensor, value: Tensor, expected: int, heads: int, separate: bool) -> None:
    size = query.shape[-1]
    _expect(size == expected, f"was expecting embedding dimension of {expected}, but got {size}")
    _expect(size % heads == 0, f"embed_dim {size} not divisible by num_heads {heads}")
    kv = slice(2) if separate else slice(None)
    _expect(
        key.shape[kv] == value.shape[kv], f"key shape {tuple(key.shape)} does not match value shape {tuple(value.shape)}"
    )


def _given_mask(mask: Tensor | None, is_causal: bool, believed: bool, query: Tensor, key: Tensor) -> Tensor | None:
    """The mask to add: the causal one where the hint that it is so is ``believed``."""
    if is_causal and mask is None:
        raise RuntimeError("Need attn_mask if specifying the is_causal hint.")
    if is_causal and believed:
        return causal_mask(query.shape[0], key.shape[0], query.dtype)
    return additive(mask, query.dtype, "attn_mask")


def _mask_of_heads(mask: Tensor | None, padding: Tensor | None, sizes: tuple[int, int, int, int]) -> Tensor | None:
    """The two masks as one, of a shape that broadcasts to ``sizes``: batch, heads, places, sources."""
    batch, heads, places, sources = sizes
    if mask is not None:
        expected = (places, sources) if mask.ndim == 2 else (batch * heads, places, sources)
        if tuple(mask.shape) != expected:
            raise ShapeError(f"The shape of the {mask.ndim}D attn_mask is {tuple(mask.shape)}, but should be {expected}.")
        mask = mask if mask.ndim == 2 else mask.reshape(sizes)
    if padding is None:
        return mask
    _expect(
        tuple(padding.shape) == (batch, sources),
        f"expecting key_padding_mask shape of {(batch, sources)}, but got {tuple(padding.shape)}",
    )
    padding = padding.reshape(batch, 1, 1, sources)
    return padding if mask is None else mask + padding


def _projected(
    inputs: tuple[Tensor, Tensor, Tensor], weights: tuple[Tensor, ...], biases: tuple[Tensor | None, ...]
) -> list[Tensor]:
    return [linear(x, weight, bias) for x, weight, bias in zip(inputs, weights, biases, strict=True)]


def _queries_keys_values(
    inputs: tuple[Tensor, Tensor, Tensor], packed: Tensor | None, apart: tuple[Tensor | None, ...], bias: Tensor | None
) -> list[Tensor]:
    """The projections of query, key and value by one weight for all three, or by one for each."""
    query, key, value = inputs
    if packed is not None and query is key is value:
        return list(linear(query, packed, bias).chunk(3, -1))
    biases = (None, None, None) if bias is None else bias.chunk(3)
    if packed is not None:
        return _projected(inputs, packed.chunk(3), biases)
    for name, weight in zip(("q_proj_weight", "k_proj_weight", "v_proj_weight"), apart, strict=True):
        _expect(weight is not None, f"use_separate_proj_weight is True but {name} is None")
    return _projected(inputs, tuple(weight for weight in apart if weight is not None), biases)


def _split(x: Tensor, heads: int, fixed: Tensor | None, name: str) -> Tensor:
    """``(S, N, E)`` as ``(N, heads, S, E / heads)``; or what is given in its place, ``(N heads, S, E / heads)``."""
    sources, batch, size = x.shape
    if fixed is None:
        return x.reshape(sources, batch, heads, size // heads).permute(1, 2, 0, 3)
    _expect(
        fixed.shape[0] == batch * heads and fixed.shape[2] == size // heads,
        f"expecting {name} of shape {(batch * heads, '*', size // heads)}, but got {tuple(fixed.shape)}",
    )
    return fixed.reshape(batch, heads, *fixed.shape[1:])


def _one_more(x: Tensor | None) -> Tensor | None:
    """A mask with a source more, which may be looked at."""
    return None if x is None else pad(x, (0, 1))


@takes_tensors
def multi_head_attention_forward(  # the arguments are PyTorch's
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """What :class:`~tinygrad_mlp.nn.MultiheadAttention` computes, of weights that are given.

    Shapes ``(L, N, E), (S, N, E), (S, N, E) -> (L, N, E), (N, L, S)``, or all without N. In masks True means hidden.

    Raises:
        AssertionError: Sizes do not agree.
        RuntimeError: The attention mask has another shape, or ``is_causal`` is set without one.
    """
    batched = _check_inputs(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        same, query = query is key is value, query.unsqueeze(1)
        key, value = (query, query) if same else (key.unsqueeze(1), value.unsqueeze(1))
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    places, batch, size = query.shape
    _check_sizes(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    padding = additive(key_padding_mask, query.dtype, "key_padding_mask")
    mask = _given_mask(attn_mask, is_causal, padding is None and not need_weights, query, key)
    packed = None if use_separate_proj_weight else in_proj_weight
    apart = (q_proj_weight, k_proj_weight, v_proj_weight)
    q, k, v = _queries_keys_values((query, key, value), packed, apart, in_proj_bias)
    if bias_k is not None and bias_v is not None:
        k, v = (cat([x, bias.repeat(1, batch, 1)]) for x, bias in ((k, bias_k), (v, bias_v)))
        mask, padding = _one_more(mask), _one_more(padding)
    q = _split(q, num_heads, None, "")
    k, v = _split(k, num_heads, static_k, "static_k"), _split(v, num_heads, static_v, "static_v")
    if add_zero_attn:
        k, v = pad(k, (0, 0, 0, 1)), pad(v, (0, 0, 0, 1))
        mask, padding = _one_more(mask), _one_more(padding)
    mask = _mask_of_heads(mask, padding, (batch, num_heads, places, k.shape[2]))
    scores = _attended(q, k, mask, 1 / math.sqrt(size // num_heads))
    weights = dropout(softmax(scores, -1) if need_weights else safe_softmax(scores, -1), dropout_p if training else 0.0)
    y = matrix_product(weights, v).permute(2, 0, 1, 3).reshape(places, batch, size)
    y = linear(y, out_proj_weight, out_proj_bias)
    shown = (weights.mean(1) if average_attn_weights else weights) if need_weights else None
    return (y, shown) if batched else (y.squeeze(1), None if shown is None else shown.squeeze(0))
