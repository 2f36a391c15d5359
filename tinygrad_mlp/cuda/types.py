"""Kinds of tensors on CUDA: names to say, of which no tensor can be made."""

from ..legacy import CUDA_TYPES

__all__ = [*CUDA_TYPES]

globals().update(CUDA_TYPES)
