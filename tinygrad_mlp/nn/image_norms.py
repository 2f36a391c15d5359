"""Batch norm for images and volumes."""

from __future__ import annotations

from .normalisation import _BatchNorm

__all__ = ["BatchNorm2d", "BatchNorm3d"]


class BatchNorm2d(_BatchNorm):
    """Batch norm of each channel over images and places, see :class:`~tinygrad_mlp.nn.BatchNorm1d`. Shapes ``(N, num_features, H, W)``, in and out.

    >>> import tinygrad_mlp as torch
    >>> norm = torch.nn.BatchNorm2d(3)
    >>> norm(torch.ones(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    _dims = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch norm of each channel over volumes and places. Shapes ``(N, num_features, D, H, W)``, in and out."""

    _dims = (5,)
