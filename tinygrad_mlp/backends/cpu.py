"""The processor."""

__all__ = ["get_cpu_capability"]


def get_cpu_capability() -> str:
    """ "DEFAULT": NumPy chooses the processor's instructions by itself."""
    return "DEFAULT"
