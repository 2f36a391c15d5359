"""Layers, activations and losses as modules, and as functions in ``nn.functional``."""

from ..later import later as _later
from . import activations, containers, functional, init, linear, losses, utils
from .activations import *  # noqa: F403 - each file lists its public names in __all__
from .containers import *  # noqa: F403
from .dropout import Dropout
from .embedding import Embedding
from .linear import *  # noqa: F403
from .losses import *  # noqa: F403
from .module import Module
from .normalisation import BatchNorm1d, LayerNorm
from .parameter import Buffer, Parameter

__all__ = [
    "BatchNorm1d", "Buffer", "Dropout", "Embedding", "LayerNorm", "Module", "Parameter", "functional", "init", "utils",
]  # fmt: skip
__all__ += activations.__all__
__all__ += containers.__all__
__all__ += linear.__all__
__all__ += losses.__all__

# The rarer ones are imported when they are first used.
__getattr__, __dir__ = _later(
    __name__,
    {
        "AdaptiveAvgPool1d": ".pooling",
        "AdaptiveAvgPool2d": ".pooling",
        "AdaptiveAvgPool3d": ".pooling",
        "AdaptiveLogSoftmaxWithLoss": ".adaptive",
        "AdaptiveMaxPool1d": ".pooling",
        "AdaptiveMaxPool2d": ".pooling",
        "AdaptiveMaxPool3d": ".pooling",
        "AlphaDropout": ".rarer_activations",
        "AvgPool1d": ".pooling",
        "AvgPool2d": ".pooling",
        "AvgPool3d": ".pooling",
        "BatchNorm2d": ".image_norms",
        "BatchNorm3d": ".image_norms",
        "CTCLoss": ".rarer_losses",
        "ChannelShuffle": ".images",
        "CircularPad1d": ".padding",
        "CircularPad2d": ".padding",
        "CircularPad3d": ".padding",
        "ConstantPad1d": ".padding",
        "ConstantPad2d": ".padding",
        "ConstantPad3d": ".padding",
        "Conv1d": ".convolution",
        "Conv2d": ".convolution",
        "Conv3d": ".convolution",
        "ConvTranspose1d": ".convolution",
        "ConvTranspose2d": ".convolution",
        "ConvTranspose3d": ".convolution",
        "CosineEmbeddingLoss": ".rarer_losses",
        "CosineSimilarity": ".distances",
        "Dropout1d": ".channel_dropout",
        "Dropout2d": ".channel_dropout",
        "Dropout3d": ".channel_dropout",
        "EmbeddingBag": ".bags",
        "FeatureAlphaDropout": ".rarer_activations",
        "GLU": ".rarer_activations",
        "GaussianNLLLoss": ".rarer_losses",
        "GroupNorm": ".rarer_norms",
        "Hardshrink": ".rarer_activations",
        "Hardswish": ".rarer_activations",
        "HingeEmbeddingLoss": ".rarer_losses",
        "InstanceNorm1d": ".rarer_norms",
        "InstanceNorm2d": ".rarer_norms",
        "InstanceNorm3d": ".rarer_norms",
        "LPPool1d": ".pooling",
        "LPPool2d": ".pooling",
        "LPPool3d": ".pooling",
        "LazyBatchNorm1d": ".lazy",
        "LazyBatchNorm2d": ".lazy",
        "LazyBatchNorm3d": ".lazy",
        "LazyInstanceNorm1d": ".lazy",
        "LazyInstanceNorm2d": ".lazy",
        "LazyInstanceNorm3d": ".lazy",
        "LazyLinear": ".lazy",
        "LocalResponseNorm": ".rarer_norms",
        "MarginRankingLoss": ".rarer_losses",
        "MaxPool1d": ".pooling",
        "MaxPool2d": ".pooling",
        "MaxPool3d": ".pooling",
        "MaxUnpool1d": ".pooling",
        "MaxUnpool2d": ".pooling",
        "MaxUnpool3d": ".pooling",
        "MultiLabelMarginLoss": ".rarer_losses",
        "MultiLabelSoftMarginLoss": ".rarer_losses",
        "MultiMarginLoss": ".rarer_losses",
        "MultiheadAttention": ".attention",
        "PairwiseDistance": ".distances",
        "ParameterDict": ".parameter_dict",
        "PixelShuffle": ".images",
        "PixelUnshuffle": ".images",
        "PoissonNLLLoss": ".rarer_losses",
        "RMSNorm": ".rarer_norms",
        "RReLU": ".rarer_activations",
        "ReflectionPad1d": ".padding",
        "ReflectionPad2d": ".padding",
        "ReflectionPad3d": ".padding",
        "ReplicationPad1d": ".padding",
        "ReplicationPad2d": ".padding",
        "ReplicationPad3d": ".padding",
        "SoftMarginLoss": ".rarer_losses",
        "Softmax2d": ".rarer_activations",
        "Softmin": ".rarer_activations",
        "Softshrink": ".rarer_activations",
        "Tanhshrink": ".rarer_activations",
        "Threshold": ".rarer_activations",
        "Transformer": ".transformer",
        "TransformerDecoder": ".transformer",
        "TransformerDecoderLayer": ".transformer",
        "TransformerEncoder": ".transformer",
        "TransformerEncoderLayer": ".transformer",
        "TripletMarginLoss": ".rarer_losses",
        "TripletMarginWithDistanceLoss": ".rarer_losses",
        "UninitializedBuffer": ".parameter",
        "UninitializedParameter": ".parameter",
        "Upsample": ".images",
        "UpsamplingBilinear2d": ".images",
        "UpsamplingNearest2d": ".images",
        "ZeroPad1d": ".padding",
        "ZeroPad2d": ".padding",
        "ZeroPad3d": ".padding",
        "modules": ".modules",
    },
)
__all__ += [name for name in __dir__() if name not in globals()]
