"""The exception tree. Every error is also the built-in class PyTorch raises, so either can be caught.

::

    TinygradError
    ├── ShapeError(RuntimeError)      shapes that do not fit together
    ├── DimensionError(IndexError)    a dim, or an index along it, that the tensor does not have
    ├── DTypeError(RuntimeError)      a dtype the operation does not take or cannot store
    ├── ArgumentError(TypeError)      an argument of the wrong Python type
    ├── GraphError(RuntimeError)      backward asked of a graph that cannot give it
    ├── InplaceError(RuntimeError)    an in-place write autograd does not allow, or found too late
    ├── AnomalyError(RuntimeError)    the first NaN or infinity, under ``detect_anomaly``
    ├── TransformError(RuntimeError)  what a function under ``vmap`` or another transform cannot do
    ├── StateDictError(RuntimeError)  a state_dict that does not fit the module or optimizer
    ├── DeviceError(RuntimeError, AssertionError)  a device other than the CPU
    ├── DataError(RuntimeError)       a data set that is missing or broken
    └── FileFormatError(ValueError)   a file that is damaged, cut short or forged, or that a format cannot hold

Three more stand where they arise: ``ForeignObjectError(FileFormatError)`` in ``serialization``, ``CheckpointError(OSError)`` and
``DivergenceError(ArithmeticError)`` in ``checkpoints``. Every loader of files (models, checkpoints, JSON, IDX) refuses a bad one with
:class:`FileFormatError`, or a class under it.

>>> from tinygrad_mlp.errors import ShapeError
>>> issubclass(ShapeError, RuntimeError)
True
"""

from .core.errors import (
    ArgumentError,
    DimensionError,
    DTypeError,
    GraphError,
    InplaceError,
    ShapeError,
    TinygradError,
)

__all__ = [
    "AnomalyError", "ArgumentError", "DTypeError", "DataError", "DeviceError", "DimensionError", "FileFormatError",
    "GraphError", "InplaceError", "ShapeError", "StateDictError", "TinygradError", "TransformError", "ValuesError",
]  # fmt: skip


class AnomalyError(TinygradError, RuntimeError):
    """The first NaN or infinity that an operation made, found by :class:`~tinygrad_mlp.autograd.detect_anomaly`.

    Attributes:
        op: The operation's name.
        element: The index of the first such element: of the output, or of the gradient of an input.
        value: That element: nan, inf or -inf.
        backward: Whether it is in a gradient.
        line: ``file:line`` and the text of the line that ran the operation's forward; None where detection was off then.
    """

    def __init__(self, message: str, op: str, element: tuple[int, ...], value: float, backward: bool, line: str | None):
        super().__init__(message)
        self.op = op
        self.element = element
        self.value = value
        self.backward = backward
        self.line = line


class TransformError(TinygradError, RuntimeError):
    """What a function cannot do while ``vmap``, ``grad`` or another transform of ``func`` runs it."""


class ValuesError(TransformError):
    """The values of a tensor were asked for that stands for one sample of a batch: they differ from sample to sample."""


class StateDictError(TinygradError, RuntimeError):
    """A state_dict that does not fit: missing, unexpected or wrongly shaped entries."""


class DeviceError(TinygradError, RuntimeError, AssertionError):
    """A device other than the CPU."""


class DataError(TinygradError, RuntimeError):
    """A data set that is missing, truncated, forged or damaged."""


class FileFormatError(TinygradError, ValueError):
    """A file that cannot be read, or an object that its format cannot hold: which file, and why."""
