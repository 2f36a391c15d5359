"""``Variable``, from when tensors did not yet remember their history by themselves."""

from ..legacy import Variable

__all__ = ["Variable"]
