"""What :func:`compile` gives: a function, or a module, whose calls are followed."""

from __future__ import annotations

import copy
import functools
import sys
import threading
from collections.abc import Callable
from typing import Any, overload

from ..core.state import state
from ..errors import ArgumentError
from ..nn.module import Module
from .following import Follower
from .graphs import Graph
from .instruction import Backend
from .lines import Line, root_line
from .matching import matcher
from .passes.chains import NUMPY
from .stretches import Stretch

__all__ = ["CompiledFunction", "OptimizedModule", "compile"]

_MOST_LINES = 20_000  # of a function, over all its ways; then it is learnt anew
_MOST_FUSED = 64  # stretches that have a program; others are computed line by line
_BACKENDS = {"numpy": True, "numba": True, "inductor": True, "eager": False, "aot_eager": False}  # whether they fuse


class CompiledFunction:
    """A function whose calls are followed along those before; call it like the function."""

    def __init__(self, function: Callable[..., Any], backend: Backend | None) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self.backend: Backend | None = backend
        self._lock = threading.RLock()
        self._resting = 0  # calls
        self._begin()

    def _begin(self) -> None:
        self.root: Line = root_line()
        self.count: int = 0  # lines
        self.fused: int = 0  # stretches
        self.updates: dict[Any, Any] = {}  # of optimizers, by functions
        self.matcher: Callable[..., Any] = matcher

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function's result."""
        if state.follower is not None or state.observers:
            return self._function(*args, **kwargs)
        if self.full():
            self._begin()
            self._resting = _MOST_LINES
        if self._resting:  # new shapes come faster than they come again: learning them would cost more than it gives
            self._resting -= 1
            return self._function(*args, **kwargs)
        follower = Follower(self, Graph)
        try:
            state.follower = follower
            return self._function(*args, **kwargs)
        finally:
            state.follower = None
            follower.finish()

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __deepcopy__(self, memo: dict[int, Any]) -> CompiledFunction:
        return CompiledFunction(copy.deepcopy(self._function, memo), self.backend)

    def __reduce__(self) -> Any:
        return CompiledFunction, (self._function, self.backend)

    def full(self) -> bool:
        """Whether there are so many lines that no more are kept."""
        return self.count >= _MOST_LINES

    def compute(self, follower: Follower, low: int, high: int, live: tuple[int, ...], keep: bool) -> None:
        """Compute lines ``low`` to ``high`` of a call."""
        stretches = follower.lines[high - 1].stretches
        stretch = stretches.get((low, live, keep))
        if stretch is None:
            stretch = stretches[(low, live, keep)] = Stretch(low, high, live, keep)
        with self._lock:  # the memory is the stretch's
            before = len(stretch.instances)
            stretch.run(follower, 2 + self.fused // 8 if self.fused < _MOST_FUSED else sys.maxsize)
            self.fused += not before and bool(stretch.instances)
            if self.fused >= _MOST_FUSED and low == 0 and not stretch.instances:
                follower.lines[0].alone = self.backend is not None  # it stays without a program, and is faster eagerly

    @property
    def programs(self) -> list[Any]:
        """The programs that its lines were made into."""
        found, lines = [], [self.root]
        while lines:
            line = lines.pop()
            found += [instance.program for stretch in line.stretches.values() for instance in stretch.instances]
            lines += [other for siblings in line.next.values() for other in siblings]
            lines += [other for sweep in line.sweeps.values() if sweep for other in sweep.lines]
        return found


class OptimizedModule(Module):
    """A module whose calls are compiled. Parameters, buffers and attributes are those of the module, ``_orig_mod``."""

    def __init__(self, module: Module, backend: Backend | None) -> None:
        super().__init__()
        self._compiled = CompiledFunction(module, backend)
        self._orig_mod = module

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module gives."""
        return self._compiled(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name == "_orig_mod":
            return super().__getattr__(name)
        return getattr(self._orig_mod, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            super().__setattr__(name, value)
        else:
            setattr(self._orig_mod, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._orig_mod, name)


_OWN = frozenset({"training", "_orig_mod", "_compiled"})


@overload
def compile(  # type: ignore[overload-overlap] # noqa: A001 - a module can be called, too; PyTorch's name
    model: Module, *, fullgraph: bool = ..., dynamic: bool | None = ..., backend: str = ..., mode: str | None = ...,
    options: dict[str, Any] | None = ..., disable: bool = ..., fusion: bool = ...,
) -> OptimizedModule: ...  # fmt: skip
@overload
def compile(  # noqa: A001 - likewise
    model: Callable[..., Any], *, fullgraph: bool = ..., dynamic: bool | None = ..., backend: str = ..., mode: str | None = ...,
    options: dict[str, Any] | None = ..., disable: bool = ..., fusion: bool = ...,
) -> CompiledFunction: ...  # fmt: skip
@overload
def compile(  # noqa: A001 - likewise
    model: None = None, *, fullgraph: bool = ..., dynamic: bool | None = ..., backend: str = ..., mode: str | None = ...,
    options: dict[str, Any] | None = ..., disable: bool = ..., fusion: bool = ...,
) -> Callable[[Callable[..., Any]], Any]: ...  # fmt: skip
def compile(  # noqa: A001 - likewise
    model: Any = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: str = "numpy",
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    disable: bool = False,
    fusion: bool = True,
) -> Any:
    """A function, or a module, that gives what it gave before, faster from its third call on.

    Its Python runs in every call; only the numbers are computed later, together, by a program that earlier calls left behind. So it
    may do all that Python can do. A function is best a whole training step: forward, backward, update. Of a module the forward is
    compiled, and the backward pass through it.

    Args:
        model: The function or module; without it, a decorator comes back.
        backend: ``"numpy"``, or ``"numba"``, which makes each chain of elementwise operations a loop compiled for the processor: one
            pass over memory where NumPy takes one for each operation. It needs ``pip install 'tinygrad_mlp[numba]'``, a second or so
            for each different loop, and fusion. PyTorch's ``"inductor"`` is ``"numpy"``, its ``"eager"`` and ``"aot_eager"`` are ``"numpy"``
            without fusion.
        fusion: Whether to rewrite programs so that they are faster. Without, results are the function's own, to the last bit; with it
            sums and products are added up in another order.
        fullgraph, dynamic, mode, options: PyTorch's. They change nothing here: any step, and any shape, can be compiled.
        disable: Give the function back as it is.

    Raises:
        ArgumentError: There is no such backend, or it is not installed; ``model`` cannot be called.

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
    if model is None:
        return functools.partial(compile, backend=backend, disable=disable, fusion=fusion)
    if not callable(model):
        raise ArgumentError(f"compile() expects a function or a module, got {type(model).__name__}")
    if backend not in _BACKENDS:
        raise ArgumentError(f"compile() has the backends {', '.join(map(repr, _BACKENDS))}, not {backend!r}")
    runs = NUMPY if fusion and _BACKENDS[backend] else None
    if backend == "numba":
        if not fusion:
            raise ArgumentError("compile(backend='numba') fuses; with fusion=False take backend='numpy'")
        from .numba import NUMBA, require_numba  # here, as it takes time to import, and numba need not be installed

        require_numba()
        runs = NUMBA
    if disable:
        return model
    return OptimizedModule(model, runs) if isinstance(model, Module) else CompiledFunction(model, runs)
