"""Layers, activations and losses as functions, under PyTorch's names and with its defaults.

Written by tests/stubs.py, do not edit: python -m tests.stubs
"""

from builtins import bool as _bool, float as _float, int as _int
from collections.abc import Callable as _Callable, Iterator as _Iterator, Sequence as _Sequence
from types import EllipsisType as _EllipsisType
from typing import Any as _Any, Literal as _Literal, TypeAlias as _TypeAlias, overload as _overload

import numpy as _np
from numpy.typing import NDArray as _NDArray

from tinygrad_mlp._tensor import RemovableHandle as _RemovableHandle, Size as Size
from tinygrad_mlp.core.graph import Node as _Node, Tensor as Tensor
from tinygrad_mlp.device import device as _device
from tinygrad_mlp.dtypes import dtype as _dtype
from tinygrad_mlp.ops.order import Selected as _Selected
from tinygrad_mlp.ops.random import Generator as Generator
from tinygrad_mlp.nn.functional.pooling import adaptive_avg_pool1d as adaptive_avg_pool1d
from tinygrad_mlp.nn.functional.pooling import adaptive_avg_pool2d as adaptive_avg_pool2d
from tinygrad_mlp.nn.functional.pooling import adaptive_avg_pool3d as adaptive_avg_pool3d
from tinygrad_mlp.nn.functional.pooling import adaptive_max_pool1d as adaptive_max_pool1d
from tinygrad_mlp.nn.functional.pooling import adaptive_max_pool2d as adaptive_max_pool2d
from tinygrad_mlp.nn.functional.pooling import adaptive_max_pool3d as adaptive_max_pool3d
from tinygrad_mlp.nn.functional.rarer_activations import alpha_dropout as alpha_dropout
from tinygrad_mlp.nn.functional.pooling import avg_pool1d as avg_pool1d
from tinygrad_mlp.nn.functional.pooling import avg_pool2d as avg_pool2d
from tinygrad_mlp.nn.functional.pooling import avg_pool3d as avg_pool3d
from tinygrad_mlp.nn.functional.layers import batch_norm as batch_norm
from tinygrad_mlp.nn.functional.layers import bilinear as bilinear
from tinygrad_mlp.nn.functional.losses import binary_cross_entropy as binary_cross_entropy
from tinygrad_mlp.nn.functional.losses import binary_cross_entropy_with_logits as binary_cross_entropy_with_logits
from tinygrad_mlp.nn.functional.activations import celu as celu
from tinygrad_mlp.nn.functional.rarer_activations import celu_ as celu_
from tinygrad_mlp.nn.functional.rearranging import channel_shuffle as channel_shuffle
from tinygrad_mlp.nn.functional.rarer_losses import cosine_embedding_loss as cosine_embedding_loss
from tinygrad_mlp.nn.functional.layers import cosine_similarity as cosine_similarity
from tinygrad_mlp.nn.functional.losses import cross_entropy as cross_entropy
from tinygrad_mlp.nn.functional.ctc import ctc_loss as ctc_loss
from tinygrad_mlp.nn.functional.layers import dropout as dropout
from tinygrad_mlp.nn.functional.channel_dropout import dropout1d as dropout1d
from tinygrad_mlp.nn.functional.channel_dropout import dropout2d as dropout2d
from tinygrad_mlp.nn.functional.channel_dropout import dropout3d as dropout3d
from tinygrad_mlp.nn.functional.activations import elu as elu
from tinygrad_mlp.nn.functional.rarer_activations import elu_ as elu_
from tinygrad_mlp.nn.functional.bags import embedding_bag as embedding_bag
from tinygrad_mlp.nn.functional.rarer_activations import feature_alpha_dropout as feature_alpha_dropout
from tinygrad_mlp.nn.functional.folding import fold as fold
from tinygrad_mlp.nn.functional.rarer_losses import gaussian_nll_loss as gaussian_nll_loss
from tinygrad_mlp.nn.functional.rarer_activations import glu as glu
from tinygrad_mlp.nn.functional.rarer_norms import group_norm as group_norm
from tinygrad_mlp.nn.functional.rarer_activations import gumbel_softmax as gumbel_softmax
from tinygrad_mlp.nn.functional.rarer_activations import hardshrink as hardshrink
from tinygrad_mlp.nn.functional.activations import hardsigmoid as hardsigmoid
from tinygrad_mlp.nn.functional.rarer_activations import hardswish as hardswish
from tinygrad_mlp.nn.functional.activations import hardtanh as hardtanh
from tinygrad_mlp.nn.functional.rarer_activations import hardtanh_ as hardtanh_
from tinygrad_mlp.nn.functional.rarer_losses import hinge_embedding_loss as hinge_embedding_loss
from tinygrad_mlp.nn.functional.losses import huber_loss as huber_loss
from tinygrad_mlp.nn.functional.rarer_norms import instance_norm as instance_norm
from tinygrad_mlp.nn.functional.resampling import interpolate as interpolate
from tinygrad_mlp.nn.functional.losses import kl_div as kl_div
from tinygrad_mlp.nn.functional.losses import l1_loss as l1_loss
from tinygrad_mlp.nn.functional.layers import layer_norm as layer_norm
from tinygrad_mlp.nn.functional.activations import leaky_relu as leaky_relu
from tinygrad_mlp.nn.functional.rarer_activations import leaky_relu_ as leaky_relu_
from tinygrad_mlp.nn.functional.layers import linear as linear
from tinygrad_mlp.nn.functional.rarer_norms import local_response_norm as local_response_norm
from tinygrad_mlp.nn.functional.activations import log_softmax as log_softmax
from tinygrad_mlp.nn.functional.pooling import lp_pool1d as lp_pool1d
from tinygrad_mlp.nn.functional.pooling import lp_pool2d as lp_pool2d
from tinygrad_mlp.nn.functional.pooling import lp_pool3d as lp_pool3d
from tinygrad_mlp.nn.functional.rarer_losses import margin_ranking_loss as margin_ranking_loss
from tinygrad_mlp.nn.functional.pooling import max_pool1d as max_pool1d
from tinygrad_mlp.nn.functional.pooling import max_pool2d as max_pool2d
from tinygrad_mlp.nn.functional.pooling import max_pool3d as max_pool3d
from tinygrad_mlp.nn.functional.pooling import max_unpool1d as max_unpool1d
from tinygrad_mlp.nn.functional.pooling import max_unpool2d as max_unpool2d
from tinygrad_mlp.nn.functional.pooling import max_unpool3d as max_unpool3d
from tinygrad_mlp.nn.functional.activations import mish as mish
from tinygrad_mlp.nn.functional.losses import mse_loss as mse_loss
from tinygrad_mlp.nn.functional.attention import multi_head_attention_forward as multi_head_attention_forward
from tinygrad_mlp.nn.functional.rarer_losses import multi_margin_loss as multi_margin_loss
from tinygrad_mlp.nn.functional.rarer_losses import multilabel_margin_loss as multilabel_margin_loss
from tinygrad_mlp.nn.functional.rarer_losses import multilabel_soft_margin_loss as multilabel_soft_margin_loss
from tinygrad_mlp.nn.functional.losses import nll_loss as nll_loss
from tinygrad_mlp.nn.functional.layers import normalize as normalize
from tinygrad_mlp.nn.functional.layers import pairwise_distance as pairwise_distance
from tinygrad_mlp.nn.functional.rearranging import pixel_shuffle as pixel_shuffle
from tinygrad_mlp.nn.functional.rearranging import pixel_unshuffle as pixel_unshuffle
from tinygrad_mlp.nn.functional.rarer_losses import poisson_nll_loss as poisson_nll_loss
from tinygrad_mlp.nn.functional.activations import relu as relu
from tinygrad_mlp.nn.functional.activations import relu6 as relu6
from tinygrad_mlp.nn.functional.rarer_activations import relu_ as relu_
from tinygrad_mlp.nn.functional.rarer_norms import rms_norm as rms_norm
from tinygrad_mlp.nn.functional.rarer_activations import rrelu as rrelu
from tinygrad_mlp.nn.functional.rarer_activations import rrelu_ as rrelu_
from tinygrad_mlp.nn.functional.attention import scaled_dot_product_attention as scaled_dot_product_attention
from tinygrad_mlp.nn.functional.activations import selu as selu
from tinygrad_mlp.nn.functional.rarer_activations import selu_ as selu_
from tinygrad_mlp.nn.functional.activations import silu as silu
from tinygrad_mlp.nn.functional.losses import smooth_l1_loss as smooth_l1_loss
from tinygrad_mlp.nn.functional.rarer_losses import soft_margin_loss as soft_margin_loss
from tinygrad_mlp.nn.functional.activations import softmax as softmax
from tinygrad_mlp.nn.functional.rarer_activations import softmin as softmin
from tinygrad_mlp.nn.functional.rarer_activations import softshrink as softshrink
from tinygrad_mlp.nn.functional.rarer_activations import tanhshrink as tanhshrink
from tinygrad_mlp.nn.functional.rarer_activations import threshold as threshold
from tinygrad_mlp.nn.functional.rarer_activations import threshold_ as threshold_
from tinygrad_mlp.nn.functional.rarer_losses import triplet_margin_loss as triplet_margin_loss
from tinygrad_mlp.nn.functional.rarer_losses import triplet_margin_with_distance_loss as triplet_margin_with_distance_loss
from tinygrad_mlp.nn.functional.folding import unfold as unfold
from tinygrad_mlp.nn.functional.resampling import upsample as upsample
from tinygrad_mlp.nn.functional.resampling import upsample_bilinear as upsample_bilinear
from tinygrad_mlp.nn.functional.resampling import upsample_nearest as upsample_nearest

_Number: _TypeAlias = _float | _np.number[_Any] | _np.bool_
_Operand: _TypeAlias = Tensor | _Number | _NDArray[_Any]
_Place: _TypeAlias = _int | slice | _EllipsisType | Tensor | _NDArray[_Any] | list[_Any] | None
_Index: _TypeAlias = _Place | tuple[_Place, ...]

def conv1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | _Sequence[_int] = 1, padding: _int | _Sequence[_int] | str = 0, dilation: _int | _Sequence[_int] = 1, groups: _int = 1) -> Tensor: """The cross-correlation of each sample with a weight: y_o = b_o + sum_c w_oc * x_c."""
def conv2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | _Sequence[_int] = 1, padding: _int | _Sequence[_int] | str = 0, dilation: _int | _Sequence[_int] = 1, groups: _int = 1) -> Tensor: """The cross-correlation of each sample with a weight: y_o = b_o + sum_c w_oc * x_c."""
def conv3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | _Sequence[_int] = 1, padding: _int | _Sequence[_int] | str = 0, dilation: _int | _Sequence[_int] = 1, groups: _int = 1) -> Tensor: """The cross-correlation of each sample with a weight: y_o = b_o + sum_c w_oc * x_c."""
def conv_transpose1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | _Sequence[_int] = 1, padding: _int | _Sequence[_int] = 0, output_padding: _int | _Sequence[_int] = 0, groups: _int = 1, dilation: _int | _Sequence[_int] = 1) -> Tensor: """The transpose of a convolution, which is its gradient by the input: each element adds its multiple of the weight."""
def conv_transpose2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | _Sequence[_int] = 1, padding: _int | _Sequence[_int] = 0, output_padding: _int | _Sequence[_int] = 0, groups: _int = 1, dilation: _int | _Sequence[_int] = 1) -> Tensor: """The transpose of a convolution, which is its gradient by the input: each element adds its multiple of the weight."""
def conv_transpose3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | _Sequence[_int] = 1, padding: _int | _Sequence[_int] = 0, output_padding: _int | _Sequence[_int] = 0, groups: _int = 1, dilation: _int | _Sequence[_int] = 1) -> Tensor: """The transpose of a convolution, which is its gradient by the input: each element adds its multiple of the weight."""
def embedding(input: Tensor, weight: Tensor, padding_idx: _int | None = None, max_norm: _float | None = None, norm_type: _float = 2.0, scale_grad_by_freq: _bool = False, sparse: _bool = False) -> Tensor: """The rows of ``weight`` at the indices, shapes ``(*), (V, H) -> (*, H)``."""
def gelu(input: Tensor, *, approximate: str = 'none') -> Tensor: """x Phi(x), Phi the normal distribution function, or its approximation by ``"tanh"``."""
def logsigmoid(input: Tensor) -> Tensor: """log(1 / (1 + exp(-x))) = -softplus(-x)."""
def one_hot(tensor: Tensor, num_classes: _int = -1) -> Tensor: """1 at the class and 0 elsewhere, shapes ``(*) -> (*, num_classes)``, int64; -1 takes the largest class plus 1."""
def pad(input: Tensor, pad: _Sequence[_int], mode: str = 'constant', value: _float | None = None) -> Tensor: """The tensor with elements added at (or, where negative, cut off) both ends of its last dimensions."""
def pdist(input: Tensor, p: _float = 2) -> Tensor: """The p-norms of the differences of all pairs of rows of a matrix, shapes ``(n, d) -> (n (n - 1) / 2,)``."""
def prelu(input: Tensor, weight: Tensor) -> Tensor: """x where x > 0, else weight x, with one weight for all or one per channel (dimension 1)."""
def sigmoid(input: Tensor) -> Tensor: """The logistic function 1 / (1 + e^-x). EE6132 lab, eq. 3."""
def softplus(input: Tensor, beta: _float = 1.0, threshold: _float = 20.0) -> Tensor: """log(1 + exp(beta x)) / beta, and x itself where beta x > threshold."""
def softsign(input: Tensor) -> Tensor: """x / (1 + abs(x))."""
def tanh(input: Tensor) -> Tensor: """The hyperbolic tangent (e^x - e^-x) / (e^x + e^-x). EE6132 lab, eq. 2."""

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "alpha_dropout",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "batch_norm",
    "bilinear",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "celu_",
    "channel_shuffle",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "ctc_loss",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "elu",
    "elu_",
    "embedding",
    "embedding_bag",
    "feature_alpha_dropout",
    "fold",
    "gaussian_nll_loss",
    "gelu",
    "glu",
    "group_norm",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "hinge_embedding_loss",
    "huber_loss",
    "instance_norm",
    "interpolate",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "leaky_relu_",
    "linear",
    "local_response_norm",
    "log_softmax",
    "logsigmoid",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "margin_ranking_loss",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
    "mish",
    "mse_loss",
    "multi_head_attention_forward",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "pairwise_distance",
    "pdist",
    "pixel_shuffle",
    "pixel_unshuffle",
    "poisson_nll_loss",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "rms_norm",
    "rrelu",
    "rrelu_",
    "scaled_dot_product_attention",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "threshold_",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
    "unfold",
    "upsample",
    "upsample_bilinear",
    "upsample_nearest",
]
