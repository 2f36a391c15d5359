"""Layers that find the sizes of their parameters at their first call."""

from __future__ import annotations

from typing import Any, ClassVar

from .._tensor import Tensor
from ..device import DeviceLike
from ..dtypes import dtype, int64
from ..grad_mode import no_grad
from ..ops.creation import tensor
from .image_norms import BatchNorm2d, BatchNorm3d
from .linear import Linear
from .module import Module
from .normalisation import BatchNorm1d
from .parameter import UninitializedBuffer, UninitializedParameter, is_lazy
from .rarer_norms import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d

__all__ = [
    "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d", "LazyInstanceNorm1d", "LazyInstanceNorm2d", "LazyInstanceNorm3d", "LazyLinear",
]  # fmt: skip


class LazyModuleMixin:
    """Makes a module lazy: before its first forward it calls ``initialize_parameters`` with the arguments.

    That is to give sizes to the parameters that have none. Then the module becomes one of the class ``cls_to_become``, if
    that is not None. Derive from this class first and from a module second.

    >>> import tinygrad_mlp as torch
    >>> layer = torch.nn.LazyLinear(2)
    >>> layer(torch.ones(4, 3)).shape
    torch.Size([4, 2])
    >>> layer
    Linear(in_features=3, out_features=2, bias=True)
    """

    cls_to_become: ClassVar[type[Module] | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waits = True

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give sizes to the parameters, from the arguments of the first forward."""
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}: define it")

    def has_uninitialized_params(self) -> bool:
        """Whether parameters or buffers of this module itself are without size."""
        own: Any = self
        return any(is_lazy(entry) for entry in (*own._parameters.values(), *own._buffers.values()))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The module's, after ``initialize_parameters`` if it is the first one."""
        if self._waits:
            self.initialize_parameters(*args, **kwargs)
            if self.has_uninitialized_params():
                raise RuntimeError(
                    f"module {type(self).__name__} has not been fully initialized: initialize_parameters left some"
                )
            self._waits = False
            if self.cls_to_become is not None:
                del self._waits
                self.__class__ = self.cls_to_become  # type: ignore[assignment] # as PyTorch's
        called: Any = Module.__call__
        return called(self, *args, **kwargs)


class LazyLinear(LazyModuleMixin, Linear):
    """A :class:`Linear` whose ``in_features`` is the last size of its first input.

    Args:
        out_features: Size of each output vector.
        bias: Whether there is a bias.
        device: The CPU, or None.
        dtype: Of the parameters; the default dtype where None.

    >>> import tinygrad_mlp as torch
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LazyLinear(10))
    >>> model(torch.ones(3, 1, 28, 28)).shape
    torch.Size([3, 10])
    """

    cls_to_become: ClassVar[type[Module] | None] = Linear

    def __init__(self, out_features: int, bias: bool = True, device: DeviceLike = None, dtype: dtype | None = None) -> None:
        super().__init__(0, 0, False)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_features = out_features
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw new initial values, if there is something to fill."""
        if not self.has_uninitialized_params() and self.in_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """The last size of the input is ``in_features``."""
        if self.has_uninitialized_params():
            with no_grad():
                self.in_features = input.shape[-1]
                self.weight.materialize((self.out_features, self.in_features))  # type: ignore[attr-defined]
                if self.bias is not None:
                    self.bias.materialize((self.out_features,))  # type: ignore[attr-defined]
                self.reset_parameters()
        if self.in_features == 0:
            self.in_features = input.shape[-1]


class _LazyNorm(LazyModuleMixin):
    """What the lazy normalisations have in common: the number of features is the size of the input's channels."""

    num_features: int

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: DeviceLike = None,
        dtype: dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False)
        own: Any = self
        where: Any = {"device": device, "dtype": dtype}
        own.affine = affine
        own.track_running_stats = track_running_stats
        if affine:
            own.weight = UninitializedParameter(**where)
            if bias:
                own.bias = UninitializedParameter(**where)
        if track_running_stats:
            own.running_mean = UninitializedBuffer(**where)
            own.running_var = UninitializedBuffer(**where)
            own.num_batches_tracked = tensor(0, dtype=int64)

    def reset_parameters(self) -> None:
        """Set the initial values again, if there is something to fill."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()  # type: ignore[misc] # the module's

    def initialize_parameters(self, input: Tensor) -> None:
        """The input's second size is ``num_features``."""
        self.num_features = input.shape[1]
        if self.has_uninitialized_params():
            own: Any = self
            for entry in (*own._parameters.values(), *own._buffers.values()):
                if is_lazy(entry):
                    entry.materialize((self.num_features,))
            self.reset_parameters()


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """A :class:`BatchNorm1d` whose ``num_features`` is the second size of its first input; the other arguments are the same."""

    cls_to_become: ClassVar[type[Module] | None] = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """A :class:`BatchNorm2d` whose ``num_features`` is the second size of its first input."""

    cls_to_become: ClassVar[type[Module] | None] = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """A :class:`BatchNorm3d` whose ``num_features`` is the second size of its first input."""

    cls_to_become: ClassVar[type[Module] | None] = BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """An :class:`InstanceNorm1d` whose ``num_features`` is the second size of its first input."""

    cls_to_become: ClassVar[type[Module] | None] = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    """An :class:`InstanceNorm2d` whose ``num_features`` is the second size of its first input."""

    cls_to_become: ClassVar[type[Module] | None] = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    """An :class:`InstanceNorm3d` whose ``num_features`` is the second size of its first input."""

    cls_to_become: ClassVar[type[Module] | None] = InstanceNorm3d
