"""Layers, activations and losses as functions, under PyTorch's names and with its defaults."""

from ...core.basics import tanh
from ...later import later as _later
from ...ops.activations import gelu, logsigmoid, prelu, softplus, softsign
from ...ops.functions import sigmoid
from ...ops.indexing import embedding, one_hot
from ...ops.joining import pad
from . import activations, layers, losses
from .activations import *  # noqa: F403 - each file lists its public names in __all__
from .layers import *  # noqa: F403
from .losses import *  # noqa: F403

__all__ = ["embedding", "gelu", "logsigmoid", "one_hot", "pad", "prelu", "sigmoid", "softplus", "softsign", "tanh"]
__all__ += activations.__all__
__all__ += layers.__all__
__all__ += losses.__all__

# The rarer ones are imported when they are first used.
__getattr__, __dir__ = _later(
    __name__,
    {
        "adaptive_avg_pool1d": ".pooling",
        "adaptive_avg_pool2d": ".pooling",
        "adaptive_avg_pool3d": ".pooling",
        "adaptive_max_pool1d": ".pooling",
        "adaptive_max_pool2d": ".pooling",
        "adaptive_max_pool3d": ".pooling",
        "alpha_dropout": ".rarer_activations",
        "avg_pool1d": ".pooling",
        "avg_pool2d": ".pooling",
        "avg_pool3d": ".pooling",
        "celu_": ".rarer_activations",
        "channel_shuffle": ".rearranging",
        "conv1d": "...ops.convolution",
        "conv2d": "...ops.convolution",
        "conv3d": "...ops.convolution",
        "conv_transpose1d": "...ops.convolution",
        "conv_transpose2d": "...ops.convolution",
        "conv_transpose3d": "...ops.convolution",
        "cosine_embedding_loss": ".rarer_losses",
        "ctc_loss": ".ctc",
        "dropout1d": ".channel_dropout",
        "dropout2d": ".channel_dropout",
        "dropout3d": ".channel_dropout",
        "elu_": ".rarer_activations",
        "embedding_bag": ".bags",
        "feature_alpha_dropout": ".rarer_activations",
        "fold": ".folding",
        "gaussian_nll_loss": ".rarer_losses",
        "glu": ".rarer_activations",
        "group_norm": ".rarer_norms",
        "gumbel_softmax": ".rarer_activations",
        "hardshrink": ".rarer_activations",
        "hardswish": ".rarer_activations",
        "hardtanh_": ".rarer_activations",
        "hinge_embedding_loss": ".rarer_losses",
        "instance_norm": ".rarer_norms",
        "interpolate": ".resampling",
        "leaky_relu_": ".rarer_activations",
        "local_response_norm": ".rarer_norms",
        "lp_pool1d": ".pooling",
        "lp_pool2d": ".pooling",
        "lp_pool3d": ".pooling",
        "margin_ranking_loss": ".rarer_losses",
        "max_pool1d": ".pooling",
        "max_pool2d": ".pooling",
        "max_pool3d": ".pooling",
        "max_unpool1d": ".pooling",
        "max_unpool2d": ".pooling",
        "max_unpool3d": ".pooling",
        "multi_head_attention_forward": ".attention",
        "multi_margin_loss": ".rarer_losses",
        "multilabel_margin_loss": ".rarer_losses",
        "multilabel_soft_margin_loss": ".rarer_losses",
        "pdist": "...ops.statistics",
        "pixel_shuffle": ".rearranging",
        "pixel_unshuffle": ".rearranging",
        "poisson_nll_loss": ".rarer_losses",
        "relu_": ".rarer_activations",
        "rms_norm": ".rarer_norms",
        "rrelu": ".rarer_activations",
        "rrelu_": ".rarer_activations",
        "scaled_dot_product_attention": ".attention",
        "selu_": ".rarer_activations",
        "soft_margin_loss": ".rarer_losses",
        "softmin": ".rarer_activations",
        "softshrink": ".rarer_activations",
        "tanhshrink": ".rarer_activations",
        "threshold": ".rarer_activations",
        "threshold_": ".rarer_activations",
        "triplet_margin_loss": ".rarer_losses",
        "triplet_margin_with_distance_loss": ".rarer_losses",
        "unfold": ".folding",
        "upsample": ".resampling",
        "upsample_bilinear": ".resampling",
        "upsample_nearest": ".resampling",
    },
)
__all__ += [name for name in __dir__() if name not in globals()]
