"""What the core raises. Every error is also the built-in class that PyTorch raises, so either can be caught."""


class TinygradError(Exception):
    """Root of every error that this package raises on purpose."""


class ShapeError(TinygradError, RuntimeError):
    """Shapes that do not fit together: what was got, what was expected, what to do."""


class DimensionError(TinygradError, IndexError):
    """A dim, or an index along it, that the tensor does not have."""


class DTypeError(TinygradError, RuntimeError):
    """A dtype that the operation does not take, or a result that the target cannot store."""


class ArgumentError(TinygradError, TypeError):
    """An argument of the wrong Python type."""


class GraphError(TinygradError, RuntimeError):
    """A backward pass that the graph cannot give: freed, not recorded, or started from a non-scalar."""


class InplaceError(TinygradError, RuntimeError):
    """An in-place write that autograd does not allow, or a saved value found overwritten."""
