"""Layers, activations and losses as modules, and as functions in ``nn.functional``.

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
from tinygrad_mlp.nn.pooling import AdaptiveAvgPool1d as AdaptiveAvgPool1d
from tinygrad_mlp.nn.pooling import AdaptiveAvgPool2d as AdaptiveAvgPool2d
from tinygrad_mlp.nn.pooling import AdaptiveAvgPool3d as AdaptiveAvgPool3d
from tinygrad_mlp.nn.adaptive import AdaptiveLogSoftmaxWithLoss as AdaptiveLogSoftmaxWithLoss
from tinygrad_mlp.nn.pooling import AdaptiveMaxPool1d as AdaptiveMaxPool1d
from tinygrad_mlp.nn.pooling import AdaptiveMaxPool2d as AdaptiveMaxPool2d
from tinygrad_mlp.nn.pooling import AdaptiveMaxPool3d as AdaptiveMaxPool3d
from tinygrad_mlp.nn.rarer_activations import AlphaDropout as AlphaDropout
from tinygrad_mlp.nn.pooling import AvgPool1d as AvgPool1d
from tinygrad_mlp.nn.pooling import AvgPool2d as AvgPool2d
from tinygrad_mlp.nn.pooling import AvgPool3d as AvgPool3d
from tinygrad_mlp.nn.losses import BCELoss as BCELoss
from tinygrad_mlp.nn.losses import BCEWithLogitsLoss as BCEWithLogitsLoss
from tinygrad_mlp.nn.normalisation import BatchNorm1d as BatchNorm1d
from tinygrad_mlp.nn.image_norms import BatchNorm2d as BatchNorm2d
from tinygrad_mlp.nn.image_norms import BatchNorm3d as BatchNorm3d
from tinygrad_mlp.nn.linear import Bilinear as Bilinear
from tinygrad_mlp.nn.parameter import Buffer as Buffer
from tinygrad_mlp.nn.activations import CELU as CELU
from tinygrad_mlp.nn.rarer_losses import CTCLoss as CTCLoss
from tinygrad_mlp.nn.images import ChannelShuffle as ChannelShuffle
from tinygrad_mlp.nn.padding import CircularPad1d as CircularPad1d
from tinygrad_mlp.nn.padding import CircularPad2d as CircularPad2d
from tinygrad_mlp.nn.padding import CircularPad3d as CircularPad3d
from tinygrad_mlp.nn.padding import ConstantPad1d as ConstantPad1d
from tinygrad_mlp.nn.padding import ConstantPad2d as ConstantPad2d
from tinygrad_mlp.nn.padding import ConstantPad3d as ConstantPad3d
from tinygrad_mlp.nn.convolution import Conv1d as Conv1d
from tinygrad_mlp.nn.convolution import Conv2d as Conv2d
from tinygrad_mlp.nn.convolution import Conv3d as Conv3d
from tinygrad_mlp.nn.convolution import ConvTranspose1d as ConvTranspose1d
from tinygrad_mlp.nn.convolution import ConvTranspose2d as ConvTranspose2d
from tinygrad_mlp.nn.convolution import ConvTranspose3d as ConvTranspose3d
from tinygrad_mlp.nn.rarer_losses import CosineEmbeddingLoss as CosineEmbeddingLoss
from tinygrad_mlp.nn.distances import CosineSimilarity as CosineSimilarity
from tinygrad_mlp.nn.losses import CrossEntropyLoss as CrossEntropyLoss
from tinygrad_mlp.nn.dropout import Dropout as Dropout
from tinygrad_mlp.nn.channel_dropout import Dropout1d as Dropout1d
from tinygrad_mlp.nn.channel_dropout import Dropout2d as Dropout2d
from tinygrad_mlp.nn.channel_dropout import Dropout3d as Dropout3d
from tinygrad_mlp.nn.activations import ELU as ELU
from tinygrad_mlp.nn.embedding import Embedding as Embedding
from tinygrad_mlp.nn.bags import EmbeddingBag as EmbeddingBag
from tinygrad_mlp.nn.rarer_activations import FeatureAlphaDropout as FeatureAlphaDropout
from tinygrad_mlp.nn.linear import Flatten as Flatten
from tinygrad_mlp.nn.folding import Fold as Fold
from tinygrad_mlp.nn.activations import GELU as GELU
from tinygrad_mlp.nn.rarer_activations import GLU as GLU
from tinygrad_mlp.nn.recurrent import GRU as GRU
from tinygrad_mlp.nn.recurrent import GRUCell as GRUCell
from tinygrad_mlp.nn.rarer_losses import GaussianNLLLoss as GaussianNLLLoss
from tinygrad_mlp.nn.rarer_norms import GroupNorm as GroupNorm
from tinygrad_mlp.nn.rarer_activations import Hardshrink as Hardshrink
from tinygrad_mlp.nn.activations import Hardsigmoid as Hardsigmoid
from tinygrad_mlp.nn.rarer_activations import Hardswish as Hardswish
from tinygrad_mlp.nn.activations import Hardtanh as Hardtanh
from tinygrad_mlp.nn.rarer_losses import HingeEmbeddingLoss as HingeEmbeddingLoss
from tinygrad_mlp.nn.losses import HuberLoss as HuberLoss
from tinygrad_mlp.nn.linear import Identity as Identity
from tinygrad_mlp.nn.rarer_norms import InstanceNorm1d as InstanceNorm1d
from tinygrad_mlp.nn.rarer_norms import InstanceNorm2d as InstanceNorm2d
from tinygrad_mlp.nn.rarer_norms import InstanceNorm3d as InstanceNorm3d
from tinygrad_mlp.nn.losses import KLDivLoss as KLDivLoss
from tinygrad_mlp.nn.losses import L1Loss as L1Loss
from tinygrad_mlp.nn.pooling import LPPool1d as LPPool1d
from tinygrad_mlp.nn.pooling import LPPool2d as LPPool2d
from tinygrad_mlp.nn.pooling import LPPool3d as LPPool3d
from tinygrad_mlp.nn.recurrent import LSTM as LSTM
from tinygrad_mlp.nn.recurrent import LSTMCell as LSTMCell
from tinygrad_mlp.nn.normalisation import LayerNorm as LayerNorm
from tinygrad_mlp.nn.lazy import LazyBatchNorm1d as LazyBatchNorm1d
from tinygrad_mlp.nn.lazy import LazyBatchNorm2d as LazyBatchNorm2d
from tinygrad_mlp.nn.lazy import LazyBatchNorm3d as LazyBatchNorm3d
from tinygrad_mlp.nn.lazy_convolution import LazyConv1d as LazyConv1d
from tinygrad_mlp.nn.lazy_convolution import LazyConv2d as LazyConv2d
from tinygrad_mlp.nn.lazy_convolution import LazyConv3d as LazyConv3d
from tinygrad_mlp.nn.lazy_convolution import LazyConvTranspose1d as LazyConvTranspose1d
from tinygrad_mlp.nn.lazy_convolution import LazyConvTranspose2d as LazyConvTranspose2d
from tinygrad_mlp.nn.lazy_convolution import LazyConvTranspose3d as LazyConvTranspose3d
from tinygrad_mlp.nn.lazy import LazyInstanceNorm1d as LazyInstanceNorm1d
from tinygrad_mlp.nn.lazy import LazyInstanceNorm2d as LazyInstanceNorm2d
from tinygrad_mlp.nn.lazy import LazyInstanceNorm3d as LazyInstanceNorm3d
from tinygrad_mlp.nn.lazy import LazyLinear as LazyLinear
from tinygrad_mlp.nn.activations import LeakyReLU as LeakyReLU
from tinygrad_mlp.nn.linear import Linear as Linear
from tinygrad_mlp.nn.rarer_norms import LocalResponseNorm as LocalResponseNorm
from tinygrad_mlp.nn.activations import LogSigmoid as LogSigmoid
from tinygrad_mlp.nn.activations import LogSoftmax as LogSoftmax
from tinygrad_mlp.nn.losses import MSELoss as MSELoss
from tinygrad_mlp.nn.rarer_losses import MarginRankingLoss as MarginRankingLoss
from tinygrad_mlp.nn.pooling import MaxPool1d as MaxPool1d
from tinygrad_mlp.nn.pooling import MaxPool2d as MaxPool2d
from tinygrad_mlp.nn.pooling import MaxPool3d as MaxPool3d
from tinygrad_mlp.nn.pooling import MaxUnpool1d as MaxUnpool1d
from tinygrad_mlp.nn.pooling import MaxUnpool2d as MaxUnpool2d
from tinygrad_mlp.nn.pooling import MaxUnpool3d as MaxUnpool3d
from tinygrad_mlp.nn.activations import Mish as Mish
from tinygrad_mlp.nn.module import Module as Module
from tinygrad_mlp.nn.containers import ModuleDict as ModuleDict
from tinygrad_mlp.nn.containers import ModuleList as ModuleList
from tinygrad_mlp.nn.rarer_losses import MultiLabelMarginLoss as MultiLabelMarginLoss
from tinygrad_mlp.nn.rarer_losses import MultiLabelSoftMarginLoss as MultiLabelSoftMarginLoss
from tinygrad_mlp.nn.rarer_losses import MultiMarginLoss as MultiMarginLoss
from tinygrad_mlp.nn.attention import MultiheadAttention as MultiheadAttention
from tinygrad_mlp.nn.losses import NLLLoss as NLLLoss
from tinygrad_mlp.nn.activations import PReLU as PReLU
from tinygrad_mlp.nn.distances import PairwiseDistance as PairwiseDistance
from tinygrad_mlp.nn.parameter import Parameter as Parameter
from tinygrad_mlp.nn.parameter_dict import ParameterDict as ParameterDict
from tinygrad_mlp.nn.containers import ParameterList as ParameterList
from tinygrad_mlp.nn.images import PixelShuffle as PixelShuffle
from tinygrad_mlp.nn.images import PixelUnshuffle as PixelUnshuffle
from tinygrad_mlp.nn.rarer_losses import PoissonNLLLoss as PoissonNLLLoss
from tinygrad_mlp.nn.rarer_norms import RMSNorm as RMSNorm
from tinygrad_mlp.nn.recurrent import RNN as RNN
from tinygrad_mlp.nn.recurrent import RNNBase as RNNBase
from tinygrad_mlp.nn.recurrent import RNNCell as RNNCell
from tinygrad_mlp.nn.recurrent import RNNCellBase as RNNCellBase
from tinygrad_mlp.nn.rarer_activations import RReLU as RReLU
from tinygrad_mlp.nn.activations import ReLU as ReLU
from tinygrad_mlp.nn.activations import ReLU6 as ReLU6
from tinygrad_mlp.nn.padding import ReflectionPad1d as ReflectionPad1d
from tinygrad_mlp.nn.padding import ReflectionPad2d as ReflectionPad2d
from tinygrad_mlp.nn.padding import ReflectionPad3d as ReflectionPad3d
from tinygrad_mlp.nn.padding import ReplicationPad1d as ReplicationPad1d
from tinygrad_mlp.nn.padding import ReplicationPad2d as ReplicationPad2d
from tinygrad_mlp.nn.padding import ReplicationPad3d as ReplicationPad3d
from tinygrad_mlp.nn.activations import SELU as SELU
from tinygrad_mlp.nn.containers import Sequential as Sequential
from tinygrad_mlp.nn.activations import SiLU as SiLU
from tinygrad_mlp.nn.activations import Sigmoid as Sigmoid
from tinygrad_mlp.nn.losses import SmoothL1Loss as SmoothL1Loss
from tinygrad_mlp.nn.rarer_losses import SoftMarginLoss as SoftMarginLoss
from tinygrad_mlp.nn.activations import Softmax as Softmax
from tinygrad_mlp.nn.rarer_activations import Softmax2d as Softmax2d
from tinygrad_mlp.nn.rarer_activations import Softmin as Softmin
from tinygrad_mlp.nn.activations import Softplus as Softplus
from tinygrad_mlp.nn.rarer_activations import Softshrink as Softshrink
from tinygrad_mlp.nn.activations import Softsign as Softsign
from tinygrad_mlp.nn.activations import Tanh as Tanh
from tinygrad_mlp.nn.rarer_activations import Tanhshrink as Tanhshrink
from tinygrad_mlp.nn.rarer_activations import Threshold as Threshold
from tinygrad_mlp.nn.transformer import Transformer as Transformer
from tinygrad_mlp.nn.transformer import TransformerDecoder as TransformerDecoder
from tinygrad_mlp.nn.transformer import TransformerDecoderLayer as TransformerDecoderLayer
from tinygrad_mlp.nn.transformer import TransformerEncoder as TransformerEncoder
from tinygrad_mlp.nn.transformer import TransformerEncoderLayer as TransformerEncoderLayer
from tinygrad_mlp.nn.rarer_losses import TripletMarginLoss as TripletMarginLoss
from tinygrad_mlp.nn.rarer_losses import TripletMarginWithDistanceLoss as TripletMarginWithDistanceLoss
from tinygrad_mlp.nn.linear import Unflatten as Unflatten
from tinygrad_mlp.nn.folding import Unfold as Unfold
from tinygrad_mlp.nn.parameter import UninitializedBuffer as UninitializedBuffer
from tinygrad_mlp.nn.parameter import UninitializedParameter as UninitializedParameter
from tinygrad_mlp.nn.images import Upsample as Upsample
from tinygrad_mlp.nn.images import UpsamplingBilinear2d as UpsamplingBilinear2d
from tinygrad_mlp.nn.images import UpsamplingNearest2d as UpsamplingNearest2d
from tinygrad_mlp.nn.padding import ZeroPad1d as ZeroPad1d
from tinygrad_mlp.nn.padding import ZeroPad2d as ZeroPad2d
from tinygrad_mlp.nn.padding import ZeroPad3d as ZeroPad3d
from . import functional as functional
from . import init as init
from . import modules as modules
from . import utils as utils

_Number: _TypeAlias = _float | _np.number[_Any] | _np.bool_
_Operand: _TypeAlias = Tensor | _Number | _NDArray[_Any]
_Place: _TypeAlias = _int | slice | _EllipsisType | Tensor | _NDArray[_Any] | list[_Any] | None
_Index: _TypeAlias = _Place | tuple[_Place, ...]


__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveLogSoftmaxWithLoss",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AlphaDropout",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "Bilinear",
    "Buffer",
    "CELU",
    "CTCLoss",
    "ChannelShuffle",
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "CosineEmbeddingLoss",
    "CosineSimilarity",
    "CrossEntropyLoss",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "ELU",
    "Embedding",
    "EmbeddingBag",
    "FeatureAlphaDropout",
    "Flatten",
    "Fold",
    "GELU",
    "GLU",
    "GRU",
    "GRUCell",
    "GaussianNLLLoss",
    "GroupNorm",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "Identity",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "KLDivLoss",
    "L1Loss",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "LSTM",
    "LSTMCell",
    "LayerNorm",
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
    "LazyLinear",
    "LeakyReLU",
    "Linear",
    "LocalResponseNorm",
    "LogSigmoid",
    "LogSoftmax",
    "MSELoss",
    "MarginRankingLoss",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
    "Mish",
    "Module",
    "ModuleDict",
    "ModuleList",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "MultiheadAttention",
    "NLLLoss",
    "PReLU",
    "PairwiseDistance",
    "Parameter",
    "ParameterDict",
    "ParameterList",
    "PixelShuffle",
    "PixelUnshuffle",
    "PoissonNLLLoss",
    "RMSNorm",
    "RNN",
    "RNNBase",
    "RNNCell",
    "RNNCellBase",
    "RReLU",
    "ReLU",
    "ReLU6",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "SELU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
    "Unflatten",
    "Unfold",
    "UninitializedBuffer",
    "UninitializedParameter",
    "Upsample",
    "UpsamplingBilinear2d",
    "UpsamplingNearest2d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
    "functional",
    "init",
    "modules",
    "utils",
]
