"""Data sets: MNIST and Fashion-MNIST, the IDX files they come as, and where those are found."""

from .catalog import SETS, Source
from .idx import read_idx
from .mnist import MNIST, FashionMNIST
from .sources import Place, cache_folder, fetch, find

__all__ = ["MNIST", "SETS", "FashionMNIST", "Place", "Source", "cache_folder", "fetch", "find", "read_idx"]
