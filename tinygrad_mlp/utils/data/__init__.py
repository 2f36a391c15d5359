"""Data sets, the order in which their samples are drawn, and their batches: PyTorch's ``torch.utils.data``.

A :class:`DataLoader` asks a :class:`Sampler` for indices, a :class:`Dataset` for the samples at them, and collates the
samples into one batch. A data set that holds its samples in arrays skips the samples: it says ``batched = True``, and
its ``__getitems__(indices)``, given a range or an array of indices, may return the batch itself, a tuple of Tensors
made by one indexing call each. :class:`TensorDataset` does, and :class:`Subset` and :class:`ConcatDataset` of such.
Every other data set is treated as in PyTorch: ``__getitems__``, where it has one, gets a list of ints and returns a
list of samples.

Batches are made in the process that asks for them, there are no worker processes: see :class:`DataLoader`.
"""

from . import collating, dataloader, dataset, sampler
from .collating import *  # noqa: F403 - each file lists its public names in __all__
from .dataloader import *  # noqa: F403
from .dataset import *  # noqa: F403
from .sampler import *  # noqa: F403

__all__: list[str] = []
__all__ += collating.__all__
__all__ += dataset.__all__
__all__ += dataloader.__all__
__all__ += sampler.__all__
