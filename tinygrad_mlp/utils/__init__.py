"""Helpers around training; :mod:`~tinygrad_mlp.utils.data` feeds it."""

from . import data

__all__ = ["data"]
