"""Check suites for one's own functions, layers, losses and optimizers: what PyTorch users take for granted, written down.

:func:`check_module`, :func:`check_loss` and :func:`check_optimizer` run every check of their suite and raise one
:class:`CheckError` that names those that failed, what each expects, what it saw and what to do. A check that does not apply is
left out with ``skip=``; ``MODULE_CHECKS``, ``LOSS_CHECKS`` and ``OPTIMIZER_CHECKS`` list them with what they promise.

>>> import tinygrad_mlp as torch
>>> class Centred(torch.nn.Module):
...     def forward(self, x):
...         return x - x.mean()
>>> check_module(Centred, torch.tensor([[1.0, 2.0], [4.0, 7.0]]))
Traceback (most recent call last):
    ...
tinygrad_mlp.testing.checks.suite.CheckError: check_module(Centred): 1 of 20 checks failed
batch_rows_independent
    expected: in evaluation mode a row's output does not depend on the other rows of the batch (batched=False: there is no batch)
    saw: row 0 in the batch and alone: result 0, element (0, 0), is -2.5 and -0.5
    do: reduce over dim=-1 or dim=1, not over everything; statistics of the batch only where self.training
"""

from .functions import assert_equivalent, assert_gradients_match
from .losses import LOSS_CHECKS, check_loss
from .modules import MODULE_CHECKS, check_module
from .optimizers import OPTIMIZER_CHECKS, check_optimizer
from .suite import CheckError

__all__ = [
    "LOSS_CHECKS", "MODULE_CHECKS", "OPTIMIZER_CHECKS", "CheckError", "assert_equivalent", "assert_gradients_match",
    "check_loss", "check_module", "check_optimizer",
]  # fmt: skip
