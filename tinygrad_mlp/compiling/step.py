"""Functions that are traced, then replayed: what :func:`compile` gives."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np

from .._tensor import Tensor, is_tensor
from ..core.graph import version_of, wrap
from ..core.state import state
from ..dtypes import get_default_dtype
from ..errors import ArgumentError
from ..observing import observed_by
from ..trees import leaves, mapped
from .instruction import Backend
from .passes.chains import NUMPY
from .program import Program, copied
from .tracer import Tracer

__all__ = ["CompiledStep", "compile"]

Array = np.ndarray[Any, Any]
_KEPT, _KEPT_OF_A_KIND = 64, 4  # programs: kinds of arguments, and of each kind


class CompiledStep:
    """What :func:`compile` returns: call it like the function.

    Attributes:
        program: The program that ran last; None before there is one.
    """

    def __init__(self, function: Callable[..., Any], backend: Backend | None, check: bool) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._backend = backend
        self._check = check
        self._programs: dict[Any, list[Program]] = {}
        self._warm = False
        self._lock = threading.Lock()
        self.program: Program | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function's result; tensors in it are new ones."""
        tensors = leaves((args, kwargs), Tensor)
        if state.observers or any(tensor._node is not None for tensor in tensors):
            return self._function(*args, **kwargs)  # in another compiled step, or observed, or arguments get gradients
        if not self._warm:  # the first call makes what exists from then on, such as the optimizer's state
            result = self._function(*args, **kwargs)
            self._warm = True
            return result
        arrays = [tensor._data for tensor in tensors]
        first: dict[int, int] = {}
        same = tuple(first.setdefault(id(array), i) for i, array in enumerate(arrays))
        key = (state.grad, get_default_dtype(), same, _described((args, kwargs)))
        with self._lock:  # the buffers are the program's
            for program in self._programs.get(key, ()):
                if not program.holds():
                    continue
                if self._check:
                    return self._checked(program, key, arrays, args, kwargs)
                if (result := program(arrays)) is not None:
                    self.program = program
                    return result[0]
            tracer = Tracer()
            inputs, args, kwargs = _renewed(args, kwargs)
            return self._kept(tracer, key, inputs, self._traced(tracer, inputs, args, kwargs))

    def _traced(self, tracer: Tracer, arrays: list[Array], args: Any, kwargs: Any) -> Any:
        tracer.made.update((id(array), array) for array in arrays)
        with observed_by(tracer):
            return self._function(*args, **kwargs)

    def _kept(self, tracer: Tracer, key: Any, arrays: list[Array], result: Any) -> Any:
        """The result of a traced call, of which a program is made."""
        _described(result)
        if tracer.once:
            return result
        self.program = Program(tracer, arrays, result, self._backend, self._check)
        while len(self._programs) >= _KEPT and key not in self._programs:
            del self._programs[next(iter(self._programs))]
        self._programs.setdefault(key, []).insert(0, self.program)
        del self._programs[key][_KEPT_OF_A_KIND:]
        return copied(result, (tensor._data for tensor in leaves(result, Tensor)))

    def _checked(self, program: Program, key: Any, arrays: list[Array], args: Any, kwargs: Any) -> Any:
        """The function's own result, after the program was replayed beside it and compared.

        Both start from the same memory; what the function leaves there stays.
        """
        memory = [*arrays, *program.memory()]
        before, numbers = [array.copy() for array in memory], [dict(entries) for entries in program.counted()]
        reference = Tracer(values=[])
        inputs, args, kwargs = _renewed(args, kwargs)
        result = self._traced(reference, inputs, args, kwargs)
        after, counted = [array.copy() for array in memory], [dict(entries) for entries in program.counted()]
        try:
            _restore(memory, before, program.counted(), numbers)
            applies = program.check(reference, arrays, exact=self._backend is None)
        finally:
            _restore(memory, after, program.counted(), counted)
        if not applies:
            return self._kept(reference, key, inputs, result)
        program.take_gradients()
        self.program = program
        return copied(result, (tensor._data for tensor in leaves(result, Tensor)))


def _restore(
    memory: Sequence[Array], values: Sequence[Array], counted: Sequence[dict[str, Any]], numbers: Sequence[dict[str, Any]]
) -> None:
    for array, value in zip(memory, values, strict=True):
        if array.flags.writeable:  # read-only memory was not written, and need not be restored
            np.copyto(array, value)
    for entries, kept in zip(counted, numbers, strict=True):
        entries.update(kept)


@overload
def compile(  # noqa: A001 - PyTorch's name
    function: Callable[..., Any], *, fusion: bool = ..., check: bool = ..., backend: str = ...
) -> CompiledStep: ...


@overload
def compile(  # noqa: A001 - likewise
    *, fusion: bool = ..., check: bool = ..., backend: str = ...
) -> Callable[[Callable[..., Any]], CompiledStep]: ...


def compile(  # noqa: A001 - likewise
    function: Any = None, *, fusion: bool = True, check: bool = False, backend: str = "numpy"
) -> Any:
    """A training step that is traced, then replayed without allocating memory or building a graph.

    The function takes tensors (in tuples, lists and dicts, too), and does a whole step: forward, backward, update. See the
    module's docstring for what may change from call to call.

    Args:
        function: The step; without it, a decorator comes back.
        fusion: Whether to rewrite the program so that it is faster. Without, results are the function's own, to the last bit.
        check: Whether to run the function in each call, too, to compare what each instruction computes with what it computed when the
            function ran, and to return the function's results: a few times slower than the function alone.
        backend: ``"numpy"``, or ``"numba"``, which makes each chain of elementwise operations a loop compiled for the processor: one
            pass over memory where NumPy takes one for each operation. It needs ``pip install 'tinygrad_mlp[numba]'``, a second or so
            for each different loop, and fusion.

    Raises:
        ArgumentError: There is no such backend, or it is not installed.
        GraphError: The step looks at values. With ``check``: an instruction computes something else than the function; it is named.

    >>> import tinygrad_mlp as torch
    >>> model = torch.nn.Linear(2, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> @torch.compile
    ... def step(x, y):
    ...     optimizer.zero_grad()
    ...     loss = torch.nn.functional.mse_loss(model(x), y)
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> losses = [step(torch.ones(4, 2), torch.zeros(4, 1)).item() for _ in range(20)]
    >>> losses[-1] < 1e-3
    True
    """
    if function is None:
        return functools.partial(compile, fusion=fusion, check=check, backend=backend)
    if not callable(function):
        raise ArgumentError(f"compile() expects a function, got {type(function).__name__}")
    if backend not in ("numpy", "numba"):
        raise ArgumentError(f"compile() has the backends 'numpy' and 'numba', not {backend!r}")
    runs = NUMPY
    if backend == "numba":
        if not fusion:
            raise ArgumentError("compile(backend='numba') fuses; with fusion=False take backend='numpy'")
        from .numba import NUMBA, require_numba  # here, as it takes time to import, and numba need not be installed

        require_numba()
        runs = NUMBA
    return CompiledStep(function, runs if fusion else None, check)


def _described(value: Any) -> Any:
    """What a program is traced for: of a tensor its shape, dtype and whether it requires grad, of the rest itself."""
    if is_tensor(value):
        array = value._data
        return array.shape, array.strides, array.dtype.char, array.flags.writeable, value.requires_grad
    if isinstance(value, list | tuple):
        return tuple(_described(item) for item in value)
    if isinstance(value, dict):
        return tuple((key, _described(item)) for key, item in value.items())
    if value is None or isinstance(value, bool | int | float | str):
        return type(value), repr(value)  # so that -0.0 is not 0.0
    raise ArgumentError(
        f"a compiled step takes and gives tensors, numbers, strings and None, in lists, tuples and dicts, not "
        f"{type(value).__name__}"
    )


def _renewed(args: Any, kwargs: Any) -> tuple[list[Array], Any, Any]:
    """The arguments as tensors of their own on the same memory: what the step holds besides is not taken for one of them."""
    renewed: dict[int, Tensor] = {}

    def of(tensor: Tensor) -> Tensor:
        if id(tensor._data) not in renewed:
            renewed[id(tensor._data)] = wrap(tensor._data[...])
            renewed[id(tensor._data)]._version = version_of(tensor)
        return renewed[id(tensor._data)]

    args, kwargs = mapped(of, (args, kwargs), Tensor)
    return [tensor._data for tensor in leaves((args, kwargs), Tensor)], args, kwargs
