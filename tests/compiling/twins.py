"""Twins: what a user sees of a situation, eagerly and compiled, and the first thing that differs.

A situation is a generator that is given ``compile`` and yields whatever a user could look at: results, models, optimizers, lists of
side effects, errors. It runs once with :func:`itself` for ``compile`` and once with the real one, from the same seeds.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import random
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import tinygrad_mlp as torch
from tinygrad_mlp import nn, optim
from tinygrad_mlp.nn import functional as F

__all__ = [
    "SITUATIONS", "Compile", "Seen", "Sights", "attempt", "attempted", "batch", "changed", "difference", "itself", "labels", "net", "numbers",
    "seen_of", "sgd", "situation", "training", "watched",
]  # fmt: skip

Compile = Callable[..., Any]
Seen = Iterator[Any]
Situation = Callable[[Compile], Seen]
Sights = list[tuple[str, Any]]  # where something was seen, and what: an array, or a text

SITUATIONS: dict[str, Situation] = {}


def situation(function: Situation) -> Situation:
    """A row of the table."""
    assert function.__name__ not in SITUATIONS, function.__name__
    SITUATIONS[function.__name__] = function
    return function


def itself(function: Any = None, **options: Any) -> Any:
    """What ``compile`` must be like: the function as it is, whatever the options."""
    return itself if function is None else function


def attempt(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The result, or the error as a text."""
    try:
        return function(*args, **kwargs)
    except (Exception, KeyboardInterrupt) as error:
        return f"{type(error).__name__}: {error}"


# ------------------------------------------------------------------------------------------------ what can be seen


def _plain(name: str) -> str:
    return name.replace("_orig_mod.", "")


def _of_module(path: str, module: nn.Module) -> Iterator[tuple[str, Any]]:
    for name, parameter in module.named_parameters():
        yield from seen_of(f"{path}.{_plain(name)}", parameter)
    for name, buffer in module.named_buffers():
        yield from seen_of(f"{path}.{_plain(name)}", buffer)
    modes = {_plain(f"{name}."): inner.training for name, inner in module.named_modules()}
    yield f"{path}.training", str({name: mode for name, mode in modes.items() if name})


def seen_of(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Everything that can be seen of a value: arrays and texts, each with the place where it is."""
    if isinstance(value, torch.Tensor):
        yield path, value.detach().numpy().copy()
        yield f"{path}'s kind", f"{type(value).__name__} requires_grad={value.requires_grad} is_leaf={value.is_leaf}"
        if value.is_leaf and value.grad is not None:
            yield from seen_of(f"{path}.grad", value.grad)
        elif value.is_leaf:
            yield f"{path}.grad", "None"
    elif isinstance(value, nn.Module):
        yield from _of_module(path, value)
    elif isinstance(value, optim.Optimizer):
        yield from seen_of(f"{path}.state_dict()", value.state_dict())
    elif isinstance(value, dict):
        yield f"{path}'s keys", str([_plain(str(key)) for key in value])
        for key, item in value.items():
            yield from seen_of(f"{path}[{_plain(str(key))!r}]", item)
    elif isinstance(value, list | tuple):
        yield f"{path}'s kind", f"{type(value).__name__} of {len(value)}"
        for i, item in enumerate(value):
            yield from seen_of(f"{path}[{i}]", item)
    elif isinstance(value, np.ndarray | np.generic | float):
        yield path, np.array(value)
        yield f"{path}'s kind", type(value).__name__
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from seen_of(f"{path}'s fields", {f.name: getattr(value, f.name) for f in dataclasses.fields(value)})
    elif isinstance(value, BaseException):
        yield path, f"{type(value).__name__}: {value}"
    else:
        yield path, f"{type(value).__name__} {value}"


def attempted(path: str, value: Any) -> Sights:
    """:func:`seen_of`, up to where it raises: what was good when it was yielded need not be so later."""
    seen: Sights = []
    try:
        seen += seen_of(path, value)
    except Exception as error:
        seen.append((path, f"{type(error).__name__}: {error}"))
    return seen


def watched(situation: Situation, c: Compile, keep: bool) -> Sights:
    """All that is seen of a situation, in order; with ``keep``, what was yielded is held, and looked at again in the end."""
    torch.manual_seed(0)
    random.seed(0)
    seen, kept, printed = [], [], io.StringIO()
    with contextlib.redirect_stdout(printed), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            for n, value in enumerate(situation(c)):
                seen += seen_of(f"[{n}]", value)
                if keep:
                    kept.append(value)
                del value
        except (Exception, KeyboardInterrupt) as error:
            seen.append((f"raised after [{len(kept)}]" if keep else "raised", f"{type(error).__name__}: {error}"))
    for n, value in enumerate(kept):
        seen += attempted(f"[{n}], looked at again afterwards,", value)
    seen.append(("printed", printed.getvalue()))
    seen.append(
        ("warnings", str([f"{w.category.__name__}: {w.message}" for w in warned if w.category is not ResourceWarning]))
    )
    seen.append(("default generator", torch.get_rng_state().numpy().copy()))
    seen.append(("modes", f"grad {torch.is_grad_enabled()}, inference {torch.is_inference_mode_enabled()}"))
    torch.set_grad_enabled(True)
    return seen


# -------------------------------------------------------------------------------------------------- what differs


def _apart(got: Any, expected: Any, exact: bool) -> str:
    """In what way two things that were seen differ; "" if they do not."""
    if isinstance(got, str) or isinstance(expected, str):
        return "" if isinstance(got, str) and isinstance(expected, str) and got == expected else "differ"
    if (got.shape, got.dtype) != (expected.shape, expected.dtype):
        return f"{got.dtype} of shape {got.shape}, not {expected.dtype} of shape {expected.shape}"
    if got.dtype.kind != "f":
        return "" if np.array_equal(got, expected) else "differ"
    if exact:
        return "" if np.array_equal(got, expected, equal_nan=True) else f"differ by up to {_largest(got, expected):.3g}"
    finite = np.isfinite(expected)
    scale = float(np.abs(expected[finite]).max(initial=0.0))
    if np.allclose(got, expected, rtol=0, atol=1e-5 * scale + 1e-7, equal_nan=True):
        return ""
    return f"differ by up to {_largest(got[finite], expected[finite]):.3g}"


def _largest(a: Any, b: Any) -> float:
    with np.errstate(invalid="ignore"):
        return float(np.abs(a - b).max(initial=0.0))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else np.array2string(value, precision=9, threshold=12, edgeitems=3)
    return text if len(text) < 700 else text[:700] + " …"


def difference(got: Sights, expected: Sights, exact: bool) -> str | None:
    """The first thing that is seen of one and not of the other, as a text for people; None where there is none."""
    for (place, a), (other, b) in zip(got, expected):
        if place != other:
            return f"compiled: {place}: {_short(a)}\neager:    {other}: {_short(b)}"
        if how := _apart(a, b, exact):
            return f"at {place}: {how}\ncompiled: {_short(a)}\neager:    {_short(b)}"
    if len(got) != len(expected):
        longer, name = (got, "compiled") if len(got) > len(expected) else (expected, "eager")
        place, value = longer[min(len(got), len(expected))]
        return f"only {name}: {place}: {_short(value)}"
    return None


# ------------------------------------------------------------------------------------------- parts of situations


def numbers(seed: int, *shape: int) -> torch.Tensor:
    """Normal numbers that the seed alone decides; nothing is drawn from the default generator."""
    return torch.from_numpy(np.array(np.random.default_rng(seed).standard_normal(shape), np.float32))


def labels(seed: int, count: int = 4, classes: int = 2) -> torch.Tensor:
    """Random classes."""
    return torch.from_numpy(np.random.default_rng(seed).integers(0, classes, count))


def batch(seed: int, count: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs of three features and targets of two."""
    return numbers(seed, count, 3), numbers(100 + seed, count, 2)


def net(*middle: nn.Module) -> nn.Sequential:
    """A network from three features to two."""
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 4), *(middle or (nn.Tanh(),)), nn.Linear(4, 2))


def sgd(model: nn.Module, **options: Any) -> optim.SGD:
    """With momentum."""
    return optim.SGD(model.parameters(), **{"lr": 0.1, "momentum": 0.9, **options})


def training(model: nn.Module, optimizer: optim.Optimizer, loss_fn: Any = F.mse_loss) -> Callable[..., Any]:
    """The ordinary step."""

    def step(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def changed(c: Compile, model: nn.Module, *changes: Callable[[], Any], optimizer: Any = None, step: Any = None) -> Seen:
    """A training, of which three steps are made before, between and after the changes."""
    optimizer = sgd(model) if optimizer is None else optimizer
    step = c(training(model, optimizer) if step is None else step)
    for i, change in enumerate((None, *changes)):
        if change is not None:
            change()
        for j in range(3):
            yield step(*batch(10 * i + j)), model, optimizer
