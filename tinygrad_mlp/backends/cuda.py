"""Switches of CUDA, which is not there."""

from types import SimpleNamespace

__all__ = ["is_built", "matmul"]

matmul: SimpleNamespace = SimpleNamespace(
    allow_tf32=False, allow_fp16_reduced_precision_reduction=True, allow_bf16_reduced_precision_reduction=True
)


def is_built() -> bool:
    """False: there is no CUDA."""
    return False
