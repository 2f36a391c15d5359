"""The version, and which accelerators the library was built for: none."""

from ._version import __version__

__all__ = ["__version__", "cuda", "debug", "hip"]

cuda: str | None = None
hip: str | None = None
debug: bool = False
