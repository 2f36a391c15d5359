"""Batch norm for images and volumes."""

from __future__ import annotations

from .normalisation import BatchNorm1d

__all__ = ["BatchNorm2d", "BatchNorm3d"]


class BatchNorm2d(BatchNorm1d):
    """:class:`BatchNorm1d` for images: each channel over batch and positions. Shapes ``(N, num_features, H, W)``, in and out.

    >>> import tinygrad_mlp as torch
    >>> norm = torch.nn.BatchNorm2d(3)
    >>> norm(torch.ones(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    _ndims = (4,)


class BatchNorm3d(BatchNorm1d):
    """:class:`BatchNorm1d` for volumes. Shapes ``(N, num_features, D, H, W)``, in and out."""

    _ndims = (5,)
