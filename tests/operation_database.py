"""PyTorch's own database of operations, run on ours: every sample input and error input of every operation that is offered here.

``python -m tests.operation_database`` runs all of it (name operations to run only those) and prints, for each operation and kind, how many
samples differ, with an example. Each sample is called as a function, a method, an operator and in place, in every dtype that both have, and
in float64 its first and second derivatives are compared. ``operation_differences.py`` has the differences that are left, with reasons.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import types
import unittest
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import tinygrad_mlp as tg

try:
    import torch
except ModuleNotFoundError:  # who asks for the database then gets None
    torch = None  # type: ignore[assignment] # only where it is not installed

DTYPES = ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]
TOLERANCES = {"float64": 1e-7, "float32": 1e-4, "float16": 1e-2}
SECONDS = 20  # for one sample


def database() -> list[Any]:
    """PyTorch's list of operations, whose file wants a library for tests that it does not need here."""
    if "expecttest" not in sys.modules:
        try:
            import expecttest  # noqa: F401 - it is there
        except ModuleNotFoundError:
            stand_in = types.ModuleType("expecttest")
            stand_in.TestCase = unittest.TestCase  # type: ignore[attr-defined] # all that is asked of it
            sys.modules["expecttest"] = stand_in
    from torch.testing._internal.common_methods_invocations import op_db

    return list(op_db)


class RefusedError(Exception):
    """A sample that has something that there is not here: complex numbers, another layout, a generator."""


@dataclass
class Outcome:
    """What was run, and what differs: by operation and kind, how often, and the first example."""

    samples: int = 0
    refused: int = 0
    errors: int = 0
    names: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    differing: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong_samples: int = 0
    wrong_errors: int = 0
    examples: dict[tuple[str, str], str] = field(default_factory=dict)

    def note(self, name: str, kind: str, example: str) -> None:
        """Count a difference."""
        self.differing[name, kind] += 1
        self.examples.setdefault((name, kind), example)


# ------------------------------------------------------------------------------------------------------- calls of both


def ours_of(value: Any) -> Any:
    """PyTorch's value as ours."""
    if isinstance(value, torch.Tensor):
        if value.layout is not torch.strided or value.is_complex() or str(value.dtype).removeprefix("torch.") not in DTYPES:
            raise RefusedError
        return tg.tensor(value.detach().numpy().copy())
    if isinstance(value, torch.dtype):
        name = str(value).removeprefix("torch.")
        if name not in DTYPES:
            raise RefusedError
        return getattr(tg, name)
    if isinstance(value, torch.Size):
        return tg.Size(value)
    if isinstance(value, list | tuple):
        return type(value)(ours_of(v) for v in value) if not hasattr(value, "_fields") else tuple(map(ours_of, value))
    if isinstance(value, dict):
        if "out" in value:  # which operations here do not take
            raise RefusedError
        return {key: ours_of(v) for key, v in value.items()}
    if isinstance(value, complex | torch.layout | torch.memory_format | torch.Generator | torch.device | torch.nn.Module):
        raise RefusedError
    return value


def flat(value: Any) -> list[Any]:
    """The tensors and other values of a result."""
    if isinstance(value, list | tuple) and not isinstance(value, torch.Size | tg.Size):
        return [part for item in value for part in flat(item)]
    return [value]


def difference(a: Any, b: Any, tolerance: float | None = None) -> str | None:
    """What kind of difference there is between our result and PyTorch's."""
    ours, theirs = flat(a), flat(b)
    if len(ours) != len(theirs):
        return "number of results"
    for x, y in zip(ours, theirs, strict=True):
        if isinstance(x, tg.Tensor) != isinstance(y, torch.Tensor):
            return "type"
        if not isinstance(x, tg.Tensor):
            if isinstance(x, int | float) and x != y and not (x != x and y != y):
                return "value"
            continue
        name = str(y.dtype).removeprefix("torch.")
        if x.dtype.name != name:
            return "dtype"
        if tuple(x.shape) != tuple(y.shape):
            return "shape"
        one, other = x.detach().numpy(), y.detach().numpy()
        allowed = tolerance or TOLERANCES.get(name, 0)
        with np.errstate(all="ignore"):
            if not np.allclose(one.astype(np.float64), other.astype(np.float64), allowed, allowed, equal_nan=True):
                return "value"
    return None


@contextlib.contextmanager
def limited(seconds: int) -> Iterator[None]:
    """No longer than that."""

    def stop(*_: Any) -> None:
        raise TimeoutError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def attempt(function: Callable[..., Any], *args: Any, **options: Any) -> tuple[Any, Exception | None]:
    """The result, or the error."""
    try:
        with limited(SECONDS):
            return function(*args, **options), None
    except Exception as error:
        return None, error


def named(library: Any, name: str) -> Any:
    """``nn.functional.relu`` of a library, or None."""
    for part in name.split("."):
        library = getattr(library, part, None)
    return library


RANDOM = (
    *(
        "dropout",
        "alpha_dropout",
        "feature_alpha_dropout",
        "feature_dropout",
        "dropout2d",
        "dropout3d",
        "bernoulli",
        "rand",
        "randn",
    ),
    *(
        "randint",
        "normal",
        "multinomial",
        "empty",
        "rrelu",
        "uniform",
        "exponential",
        "cauchy",
        "geometric",
        "log_normal",
        "poisson",
    ),
    *(
        "fractional_max_pool2d",
        "multi_head_attention_forward",
        "fractional_max_pool3d",
        "scaled_dot_product_attention",
        "svd_lowrank",
        "pca_lowrank",
        "binomial",
    ),
)


def is_random(name: str) -> bool:
    """Whether its results are drawn by chance, or memory as it was found."""
    last = name.rpartition(".")[2]
    return last in RANDOM or last.startswith(("rand", "empty", "new_empty"))


SPELLINGS: dict[tuple[str, str], Callable[..., Any]] = {  # where the database gives the arguments in an order of its own
    ("polygamma", ""): lambda x, n: tg.polygamma(n, x),
    **{("polygamma", f"polygamma_n_{k}"): lambda x, n: tg.polygamma(n, x) for k in range(5)},
    **{("special.polygamma", f"special_polygamma_n_{k}"): lambda x, n: tg.special.polygamma(n, x) for k in range(5)},
    ("einsum", ""): lambda operands, equation: tg.einsum(equation, operands),
    ("where", ""): lambda x, condition, other: tg.where(condition, x, other),
    ("nn.functional.embedding", ""): lambda weight, index, **options: tg.nn.functional.embedding(index, weight, **options),
    ("linalg.pinv", "singular"): lambda a, b: tg.linalg.pinv(a @ b.mT),
    ("linalg.lstsq", "grad_oriented"): lambda a, b, driver: tg.linalg.lstsq(a, b, driver=driver)[:2],
}


def forms_of(op: Any) -> dict[str, tuple[Callable[..., Any], Callable[..., Any]]]:
    """The ways to call an operation: ours and PyTorch's."""
    forms: dict[str, tuple[Any, Any]] = {}
    function = named(tg, op.name)
    if callable(function) and named(torch, op.name) is not None:
        forms["function"] = SPELLINGS.get((op.name, op.variant_test_name), function), op.op
    method = getattr(tg.Tensor, op.name, None)
    if callable(method) and op.method_variant is not None:
        forms["method"] = method, op.method_variant
    if op.inplace_variant is not None and callable(getattr(tg.Tensor, f"{op.name}_", None)):
        forms["in place"] = getattr(tg.Tensor, f"{op.name}_"), op.inplace_variant
    if forms and op.operator_variant is not None:
        forms["operator"] = op.operator_variant, op.operator_variant
    return forms


# ------------------------------------------------------------------------------------------------------- values


def run_values(outcome: Outcome, op: Any, dtype: str, most: int) -> None:
    """Every sample in a dtype, in every form."""
    forms = forms_of(op)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        samples = list(op.sample_inputs("cpu", getattr(torch, dtype), requires_grad=False))[:most]
    for sample in samples:
        try:
            given = ours_of((sample.input, tuple(sample.args), sample.kwargs))
        except RefusedError:
            outcome.refused += 1
            continue
        for form, (ours, theirs) in forms.items():
            copied = copies((sample.input, tuple(sample.args), sample.kwargs))
            if form in ("operator", "in place") and sample.kwargs and form == "operator":
                continue
            expected, fault = attempt(theirs, copied[0], *copied[1], **copied[2])
            if fault is not None and form == "operator":
                continue
            mine = ours_of((sample.input, tuple(sample.args), sample.kwargs)) if form == "in place" else given
            found, error = attempt(ours, mine[0], *mine[1], **mine[2])
            outcome.samples += 1
            kind = None
            if fault is not None:
                kind = "no error" if error is None else None
            elif error is not None:
                kind = f"raises {type(error).__name__}"
            else:
                kind = difference(found, expected)
            if kind is not None:
                outcome.wrong_samples += 1
                outcome.note(
                    op.name, f"{form}: {kind}", f"{dtype} {shown(sample)}: {error or ''}{told(found, expected, kind)}"[:500]
                )


def told(found: Any, expected: Any, kind: str) -> str:
    return "" if "raises" in kind else f"{found!r:.150} for {expected!r:.150}"


def copies(value: Any) -> Any:
    """The same values in other memory."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, list | tuple) and not isinstance(value, torch.Size):
        return type(value)(map(copies, value)) if not hasattr(value, "_fields") else value
    return {key: copies(v) for key, v in value.items()} if isinstance(value, dict) else value


def shown(sample: Any) -> str:
    """A sample in a line."""

    def short(value: Any) -> str:
        if isinstance(value, torch.Tensor):
            return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
        if isinstance(value, list | tuple):
            return f"[{', '.join(map(short, value))}]"
        return repr(value)

    parts = [short(sample.input), *map(short, sample.args), *(f"{k}={short(v)}" for k, v in sample.kwargs.items())]
    return f"({', '.join(parts)})"


# ------------------------------------------------------------------------------------------------------- derivatives


def leaves(library: Any, value: Any, found: list[Any]) -> Any:
    """The values with tensors of floats ready to be differentiated, which are put into ``found``."""
    if isinstance(value, library.Tensor):
        value = value.detach().clone()
        if value.is_floating_point():
            found.append(value.requires_grad_())
        return value
    if isinstance(value, list | tuple) and not isinstance(value, library.Size):
        return type(value)(leaves(library, v, found) for v in value) if not hasattr(value, "_fields") else value
    return {key: leaves(library, v, found) for key, v in value.items()} if isinstance(value, dict) else value


def derivatives(library: Any, function: Any, given: Any, twice: bool) -> list[Any]:
    """The gradients of a weighted sum of all results, and those of a weighted sum of these."""
    inputs: list[Any] = []
    value, args, options = leaves(library, given, inputs)
    results = [r for r in flat(function(value, *args, **options)) if isinstance(r, library.Tensor) and r.requires_grad]
    found: list[Any] = []
    for order in range(1 + twice):
        if not results or not inputs:
            break
        total = 0
        for k, result in enumerate(results):
            weights = np.cos(np.arange(result.numel()) + k).reshape(tuple(result.shape))
            total = total + (result.double() * library.tensor(weights)).sum()
        grads = library.autograd.grad(total, inputs, create_graph=twice and order == 0, allow_unused=True)
        grads = [library.zeros_like(x) if g is None else g for x, g in zip(inputs, grads, strict=True)]
        found.append([g.detach() for g in grads])
        results = [g for g in grads if g.requires_grad]
    return found


def run_derivatives(outcome: Outcome, op: Any, most: int) -> None:
    """First and second derivatives of every sample in float64."""
    ours, theirs = next(iter(forms_of(op).values()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        samples = list(op.sample_inputs("cpu", torch.float64, requires_grad=True))[:most]
    for sample in samples:
        given = (sample.input, tuple(sample.args), sample.kwargs)
        try:
            mine = ours_of(given)
        except RefusedError:
            continue
        expected, fault = attempt(derivatives, torch, theirs, copies(given), op.supports_gradgrad)
        if fault is not None:
            continue
        found, error = attempt(derivatives, tg, ours, mine, op.supports_gradgrad)
        outcome.samples += 1
        if error is not None:
            kind: str | None = f"raises {type(error).__name__}"
        else:
            first = difference(found[:1], expected[:1], 1e-6)
            second = difference(found[1:], expected[1:], 1e-5) if len(found) == len(expected) else None
            kind = first or (second and f"second {second}")
        if kind is not None:
            outcome.wrong_samples += 1
            outcome.note(op.name, f"gradient: {kind}", f"{shown(sample)}: {error or ''}{told(found, expected, kind)}"[:500])


# ------------------------------------------------------------------------------------------------------- errors


def run_errors(outcome: Outcome, op: Any) -> None:
    """Every call that PyTorch refuses is refused, with an error of the same class."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        samples, fault = attempt(lambda: list(op.error_inputs("cpu")))
    ours, theirs = next(iter(forms_of(op).values()))
    for wrong in [] if fault is not None else samples:
        sample = wrong.sample_input
        try:
            value, args, options = ours_of((sample.input, tuple(sample.args), sample.kwargs))
        except RefusedError:
            outcome.refused += 1
            continue
        _, expected = attempt(theirs, sample.input, *sample.args, **sample.kwargs)
        if expected is None:  # refused in other circumstances
            continue
        found, error = attempt(ours, value, *args, **options)
        outcome.errors += 1
        kinds = tuple(
            k for k in type(expected).__mro__ if k.__module__ == "builtins" and k not in (Exception, BaseException, object)
        )
        if error is None or not isinstance(error, kinds[:1] or Exception):
            kind = "no error" if error is None else f"{type(error).__name__} for {type(expected).__name__}"
            outcome.wrong_errors += 1
            outcome.note(op.name, f"error: {kind}", f"{shown(sample)}: {error or repr(found)[:100]} for {expected}"[:500])


def run(
    names: Iterable[str] = (),
    dtypes: Iterable[str] = DTYPES,
    most: int = 1000,
    chosen: Callable[[int], bool] = lambda k: True,
) -> Outcome:
    """Run the database: all of it, or the operations named, or those whose places are chosen."""
    outcome, names = Outcome(), set(names)
    torch.set_num_threads(1)
    for k, op in enumerate(database()):
        if (names and op.name not in names) or not chosen(k) or op.name.startswith(("_", "torch.")):
            continue
        if not forms_of(op):
            outcome.missing.add(op.name)
            continue
        outcome.names.add(op.name)
        if is_random(op.name):
            continue
        try:
            for dtype in dtypes:
                if getattr(torch, dtype) in op.dtypes:
                    run_values(outcome, op, dtype, most)
            if op.supports_autograd and torch.float64 in op.dtypes:
                run_derivatives(outcome, op, most)
            if op.error_inputs_func is not None:
                run_errors(outcome, op)
        except Exception as error:  # of the database itself: a sample that needs what is not installed
            outcome.note(op.name, f"database: {type(error).__name__}", str(error)[:200])
    return outcome


def main() -> None:
    """Run it all, and print what differs."""
    outcome = run(sys.argv[1:])
    for (name, kind), count in sorted(outcome.differing.items()):
        print(f"{count:5} {name:40} {kind}\n        {outcome.examples[name, kind]}".replace("\n", "\n        "))
    print(f"{len(outcome.names)} operations; not offered here: {len(outcome.missing)}")
    print(f"{outcome.samples} samples run, {outcome.wrong_samples} differ, {outcome.refused} refused")
    print(f"{outcome.errors} error inputs run, {outcome.wrong_errors} differ")


if __name__ == "__main__":
    main()
