"""Apple's graphics processors, which are not used."""

__all__ = ["is_available", "is_built"]


def is_available() -> bool:
    """False: they are not used."""
    return False


def is_built() -> bool:
    """False: they are not used."""
    return False
