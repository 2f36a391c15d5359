"""Operations that are written in terms of others."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, overload

from ..core.apply import declare
from ..core.errors import ArgumentError
from ..core.graph import Tensor
from ..core.primitive import renamed, signature
from ..core.state import state
from ..errors import ValuesError

__all__ = ["Operation", "called", "composite", "takes_tensors"]

Operation = Callable[..., Any]
_F = TypeVar("_F", bound=Callable[..., Any])


def takes_tensors(function: _F) -> _F:
    """Decorate a function so that an argument that should be a Tensor, and is not, is named in the error."""
    written = getattr(function, "__wrapped__", function)  # not what decorates it
    positional, keyword, _ = signature(written)
    parameters = positional + keyword
    kinds = {name: str(kind) for name, kind in function.__annotations__.items()}

    @functools.wraps(function)
    def call(*args: Any, **params: Any) -> Any:
        __tracebackhide__ = True
        try:
            return function(*args, **params)
        except AttributeError as error:  # only now is it worth looking: most calls are right
            given = dict(zip(positional, args, strict=False)) | params
            if len(args) > len(positional):  # of *operands
                given[written.__code__.co_varnames[len(parameters)]] = args[len(positional) :]
            for name in given.keys() & kinds.keys():
                several = kinds[name] in ("Sequence[Array]", "Sequence[Tensor]") or name not in parameters
                if several or kinds[name] in ("Array", "Tensor"):
                    for value in given[name] if several else (given[name],):
                        if not isinstance(value, Tensor):
                            raise ArgumentError(
                                f"{function.__name__}(): argument {name!r} must be {'Tensors' if several else 'a Tensor'}, "
                                f"not {type(value).__name__}; make one with tensor(...)"
                            ) from error
            raise

    return call  # type: ignore[return-value] # same signature as `function`, which mypy cannot see


def called(function: Any, module: str, name: str, doc: str) -> Any:
    """A function that was made by another one, as if it stood in ``module`` under its own name, with its own docstring."""
    function.__module__, function.__name__, function.__qualname__, function.__doc__ = module, name, name, doc
    return function


@overload
def composite(function: _F, **declared: Any) -> _F: ...
@overload
def composite(**declared: Any) -> Callable[[_F], _F]: ...
def composite(function: Any = None, **declared: Any) -> Any:
    """Make an operation of a function of Tensors, which may then be given ``axis`` for ``dim`` and so on.

    Args:
        function: What it computes, written with other operations.
        declared: What else it is: a method, an operator …, as for :func:`~tinygrad_mlp.core.apply.declare`.
    """
    if function is None:
        return functools.partial(composite, **declared)
    positional, keyword, _ = signature(getattr(function, "__wrapped__", function))
    known = {*positional, *keyword}
    checked = takes_tensors(function)

    @functools.wraps(function)
    def call(*args: Any, **params: Any) -> Any:
        __tracebackhide__ = True
        if params and not known.issuperset(params):
            if "out" in params:
                return call.into(args, params)  # type: ignore[attr-defined] # given by the file out.py
            params = {renamed(key, known): value for key, value in params.items()}
        try:
            return checked(*args, **params)
        except ValuesError:  # under vmap: an operation, unlike a user's function, is the same on one sample after the other
            if state.follower is None or function.__name__.endswith("_"):
                raise
            return state.follower.each(function.__name__, checked, args, params)

    return declare(call, **declared)
