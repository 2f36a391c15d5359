"""A suite of checks: how it is run, and the error that says which of them failed."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

from ...dtypes import get_default_dtype, set_default_dtype
from ...errors import ArgumentError, TinygradError
from ...grad_mode import is_grad_enabled, set_grad_enabled
from ...nn import Module
from ...ops.random import get_rng_state, set_rng_state
from ...optim import Optimizer
from .comparing import Array, close, difference, name_of

__all__ = [
    "CheckError",
    "FailedCheck",
    "Suite",
    "expect",
    "expect_equal",
    "expect_error",
    "register",
    "run",
    "try_factory",
    "undisturbed",
]

_F = TypeVar("_F", bound=Callable[..., None])


class CheckError(TinygradError, AssertionError):
    """Which checks of a suite failed.

    Attributes:
        failures: What to read, by the check's name.
    """

    def __init__(self, title: str, failures: Mapping[str, str] | None = None) -> None:
        self.failures: dict[str, str] = dict(failures or {})
        super().__init__("\n".join([title, *(f"{name}\n{text}" for name, text in self.failures.items())]))


class FailedCheck(Exception):  # noqa: N818 - caught by run(), never by users
    """What a check saw and what to do about it, on its way into a CheckError."""

    def __init__(self, saw: str, do: str) -> None:
        super().__init__(saw)
        self.saw: str = saw
        self.do: str = do


Suite: TypeAlias = "dict[str, Callable[[Any], None]]"


def register(suite: Suite) -> Callable[[_F], _F]:
    """Add the function below to a suite: its docstring is what the check promises."""

    def add(function: _F) -> _F:
        suite[function.__name__] = function
        return function

    return add


@contextmanager
def undisturbed() -> Iterator[None]:
    """A block that leaves random numbers and modes as they were, and in which nobody is warned."""
    state, grad_mode, default = get_rng_state(), is_grad_enabled(), get_default_dtype()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        set_rng_state(state)
        set_grad_enabled(grad_mode)
        set_default_dtype(default)


def expect(holds: Any, saw: str, do: str) -> None:
    """Raise FailedCheck, with what was seen and what to do, unless the condition holds."""
    if not holds:
        raise FailedCheck(saw, do)


def expect_error(errors: type[Exception] | tuple[type[Exception], ...], call: Callable[[], Any], saw: str, do: str) -> None:
    """Raise FailedCheck unless the call raises one of the errors; ``{}`` in ``saw`` stands for the result."""
    try:
        result = call()
    except errors:
        return
    raise FailedCheck(saw.format(result), do)


def expect_equal(
    a: Sequence[Array], b: Sequence[Array], do: str, what: str = "", *, names: Sequence[str] | None = None, rtol: float = 0.0
) -> None:
    """Raise FailedCheck, with where they differ, unless two lists of arrays are equal: to the last bit, or within ``rtol``."""
    if not close(a, b, rtol):
        where = difference(a, b, names, rtol)
        raise FailedCheck(f"{what}: {where}" if what else where, do)


def try_factory(
    caller: str, noun: str, factory: Any, parameter: str, make: Callable[[], Any], usable: Callable[[Any], bool]
) -> None:
    """Make one of what is to be checked: what is wrong with its factory is then said once, and not by every check.

    Its ``parameter`` is for messages. An ArgumentError says that it is no factory, raised an error, or gave nothing ``usable``.
    """
    expected = f"{caller}() makes a new {noun} for each check: give the class, or a function that makes one"
    if isinstance(factory, Module | Optimizer):
        head = f"lambda {parameter}" if parameter else "lambda"
        raise ArgumentError(f"{expected}, as {head}: {type(factory).__name__}(...), not one that is made")
    try:
        with undisturbed():
            made = make()
    except Exception as error:  # whatever the code under test raises
        raise ArgumentError(f"{expected}; {name_of(factory)}({parameter}) raised {type(error).__name__}: {error}") from error
    if isinstance(made, type) or not usable(made):
        raise ArgumentError(f"{expected}; {name_of(factory)}({parameter}) gave {made!r:.80}")


def run(title: str, suite: Suite, case: Any, skip: str | Iterable[str], not_applicable: Iterable[str] = ()) -> None:
    """Run the checks of a suite but for those to skip and those that do not apply; a CheckError names those that failed."""
    skipped = {skip} if isinstance(skip, str) else set(skip)
    unknown = sorted(skipped - set(suite))
    if unknown:
        raise ValueError(f"{title}: skip= names {', '.join(unknown)}; the checks are {', '.join(suite)}")
    left = {name: check for name, check in suite.items() if name not in skipped.union(not_applicable)}
    failures: dict[str, str] = {}
    for name, check in left.items():
        promise = " ".join((check.__doc__ or "").split()).rstrip(".")
        promise = promise[:1].lower() + promise[1:]
        try:
            with undisturbed():
                check(case)
        except FailedCheck as failed:
            saw, do = failed.saw, failed.do
        except Exception as error:  # whatever the code under test raises is what this check saw
            saw = f"{type(error).__name__}: {error}"
            do = "see the traceback of the error by calling it yourself, as the check does"
        else:
            continue
        failures[name] = textwrap.indent(f"expected: {promise}\nsaw: {saw}\ndo: {do}", "    ")
    if failures:
        raise CheckError(f"{title}: {len(failures)} of {len(left)} checks failed", failures)
