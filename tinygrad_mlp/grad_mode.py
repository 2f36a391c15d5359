"""Whether operations are recorded, per thread: ``no_grad``, ``enable_grad``, ``set_grad_enabled``, ``inference_mode``."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from .core.state import Observer, state

__all__ = [
    "enable_grad", "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "no_grad", "set_grad_enabled",
]  # fmt: skip

_GENERATOR = 0x20  # inspect.CO_GENERATOR; importing inspect takes as long as half of NumPy

_F = TypeVar("_F", bound=Callable[..., Any])


def is_grad_enabled() -> bool:
    """Whether operations are being recorded in this thread."""
    return state.grad


def is_inference_mode_enabled() -> bool:
    """Whether this thread is inside :class:`inference_mode`."""
    return state.inference


class _GradMode:
    """A block, or a decorated function, inside which recording is on or off."""

    @overload
    def __new__(cls, function: _F, /) -> _F: ...  # type: ignore[misc] # the decorated function, no object of the class
    @overload
    def __new__(cls, *args: Any, **kwargs: Any) -> Self: ...
    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if args and callable(args[0]):  # @no_grad, without parentheses
            return cls()(args[0])
        return super().__new__(cls)

    def __init__(self, mode: bool = False) -> None:
        self.mode = mode
        self.previous: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self.previous.append((state.grad, state.inference))
        state.grad = self.mode

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        state.grad, state.inference = self.previous.pop()

    def __call__(self, function: _F) -> _F:
        """Decorate a function: its body runs in this mode."""
        if getattr(function, "__code__", None) is not None and function.__code__.co_flags & _GENERATOR:

            @functools.wraps(function)
            def generator(*args: Any, **kwargs: Any) -> Any:
                return self._driven(function(*args, **kwargs))

            return generator  # type: ignore[return-value] # as below

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self._again():  # a block of its own: the function may recurse, or run in several threads
                return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value] # same signature as `function`, which mypy cannot see

    def _driven(self, steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """A generator whose body runs in this mode, and whose user does not."""
        resume: Callable[..., Any] = steps.send
        argument: Any = None
        while True:
            try:
                with self._again():
                    item = resume(argument)
            except StopIteration as end:
                return end.value
            try:
                resume, argument = steps.send, (yield item)
            except GeneratorExit:
                with self._again():
                    steps.close()
                raise
            except BaseException as error:
                resume, argument = steps.throw, error

    def _again(self) -> _GradMode:
        return type(self)()


class no_grad(_GradMode):  # noqa: N801 - PyTorch's name
    """Record nothing inside the block or the decorated function.

    >>> import tinygrad_mlp as torch
    >>> w = torch.ones(2, requires_grad=True)
    >>> with torch.no_grad():
    ...     y = w * 2
    >>> y.requires_grad
    False
    """

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(_GradMode):  # noqa: N801 - PyTorch's name
    """Record again inside the block, within an outer :class:`no_grad`."""

    def __init__(self) -> None:
        super().__init__(True)


class set_grad_enabled(_GradMode):  # noqa: N801 - PyTorch's name
    """Switch recording on or off: at once when called, until the end of the block when used with ``with``."""

    def __init__(self, mode: bool) -> None:
        super().__init__(mode)
        self.outer: tuple[bool, bool] = (state.grad, state.inference)
        state.grad = mode

    def __enter__(self) -> None:
        self.previous.append(self.outer)
        state.grad = self.mode

    def __call__(self, function: _F) -> _F:
        """Decorate a function: the mode is set while its body runs, and not before."""
        state.grad, state.inference = self.outer
        return super().__call__(function)

    def _again(self) -> _GradMode:
        return set_grad_enabled(self.mode)


class inference_mode(_GradMode):  # noqa: N801 - PyTorch's name
    """Record nothing, and make tensors that can never take part in recording: a stricter :class:`no_grad`."""

    def __init__(self, mode: bool = True) -> None:
        super().__init__(not mode)

    def __enter__(self) -> None:
        super().__enter__()
        state.inference = not self.mode

    def _again(self) -> _GradMode:
        return inference_mode(not self.mode)


@contextmanager
def observed_by(*observers: Observer) -> Iterator[None]:
    """A block in which these observers, and no others, are told what happens in this thread."""
    outer = state.observers
    state.observers = observers
    try:
        yield
    finally:
        state.observers = outer
