"""Libraries that PyTorch computes with, by its names. None is used here; what is set in them has no effect."""

from . import cpu, cuda, cudnn, mkl, mkldnn, mps, openmp

__all__ = ["cpu", "cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]
