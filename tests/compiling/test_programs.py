"""The fuzzer's random programs as compiled training steps: what they are without compiling.

``HYPOTHESIS_PROFILE=large`` runs thousands of them, and says how many.
"""

from __future__ import annotations

import functools
import warnings
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from twins import Compile, Sights, attempted, difference, itself

import tinygrad_mlp as torch
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.testing import fuzz
from tinygrad_mlp.testing.fuzz import Mismatch
from tinygrad_mlp.testing.random_programs import Leaf, RandomProgram, Seeded, write

LARGE = settings().max_examples >= 1000
COUNT = 4_000 if LARGE else 120
CALLS = 5
MODES: dict[str, tuple[Compile, bool]] = {
    "without fusion": (functools.partial(torch.compile, fusion=False), True),
    "fused": (torch.compile, False),
}


def smooth(number: int) -> RandomProgram:
    """Whose derivatives are continuous where its inputs are."""
    choices = Seeded(f"compiled {number}")
    return write(choices, length=choices.integer(1, 8))


PROGRAMS = {"smooth": smooth, "any": fuzz.program_number}


# ---------------------------------------------------------------------------------------------- a program as a training


def trained(leaf: Leaf, k: int) -> bool:
    """Whether an input is a parameter; the others are arguments."""
    return leaf.requires_grad and k % 3 != 2


def argument(leaf: Leaf, call: int) -> Any:
    """The input's values for a call."""
    array = np.array(leaf.values, leaf.dtype).reshape(leaf.shape)
    if array.dtype.kind == "f":
        array = array * array.dtype.type(1 + 0.003 * (call % 3))
    elif array.dtype.kind == "b":
        array = array ^ (call % 2 == 1)
    else:
        array = np.roll(array, call)
    return torch.from_numpy(np.ascontiguousarray(array).reshape(leaf.shape))


def pull(outputs: list[Any]) -> None:
    """Backward from all of them, each element with another weight."""
    weights = [torch.cos(torch.arange(1.0, y.numel() + 1)).reshape(y.shape).to(y.dtype) for y in outputs]
    torch.autograd.backward(outputs, weights)


def watched(program: RandomProgram, c: Compile, moved: float = 0.0) -> Sights:
    """All that is seen of a training whose forward pass is the program; ``moved``: with inputs that are a little different."""
    torch.manual_seed(0)
    parameters, arguments = {}, []
    for k, leaf in enumerate(program.leaves):
        if trained(leaf, k):
            tensor = argument(leaf, 0)
            parameters[leaf.name] = (tensor * (1 + moved) if tensor.is_floating_point() else tensor).requires_grad_()
        else:
            arguments.append(leaf)
    optimizer = torch.optim.SGD(parameters.values(), lr=1e-4, momentum=0.9) if parameters else None

    def step(*values: Any) -> Any:
        names = {"torch": torch, "F": F, **parameters, **dict(zip([leaf.name for leaf in arguments], values, strict=True))}
        results, errors = {}, []
        for line in program.lines:
            try:
                exec(line.code, names)
            except Exception as error:
                errors.append(f"{line}: {type(error).__name__}: {error}")
            else:
                results |= {line.target: names[line.target]} if line.target else {}
        try:
            if optimizer is not None:
                optimizer.zero_grad()
                pull([y for y in results.values() if y.requires_grad])
                optimizer.step()
        except Exception as error:
            errors.append(f"backward: {type(error).__name__}: {error}")
        return results, errors

    step = c(step)
    seen: Sights = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for call in range(CALLS):
            values = [argument(leaf, call) for leaf in arguments]
            try:
                seen += attempted(f"call {call}: (results, errors)", step(*values))
            except Exception as error:
                seen.append((f"call {call}", f"{type(error).__name__}: {error}"))
            seen += attempted(f"call {call}: arguments", values) + attempted(f"call {call}: parameters", parameters)
    return seen


def compared(program: RandomProgram, c: Compile, exact: bool) -> Mismatch | None:
    """The first difference of the compiled training from the eager one that rounding does not explain."""
    eager = watched(program, itself)
    found = difference(watched(program, c), eager, exact)
    if found is None or (not exact and any(difference(watched(program, itself, moved), eager, exact) for moved in MOVES)):
        return None
    return Mismatch("difference", "the compiled step", found, "")


MOVES = (1e-13, -1e-13, 3e-14)  # where these change something, so may rounding in another order


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", PROGRAMS)
def test_programs(kind: str, mode: str, capsys: pytest.CaptureFixture[str]) -> None:
    differing = []
    for number in range(COUNT):
        program = PROGRAMS[kind](number)
        if compared(program, *MODES[mode]) is not None:
            differing.append(number)
    if LARGE:
        with capsys.disabled():
            print(f"\n{COUNT:,} {kind} programs {mode}: {COUNT * CALLS:,} calls")
    if differing:
        compare = functools.partial(
            lambda program, c, exact: compared(program, c, exact), c=MODES[mode][0], exact=MODES[mode][1]
        )
        small = fuzz.shrink(PROGRAMS[kind](differing[0]), "difference", 200, compare)
        found = compare(small)
        assert found is not None
        text = f"{len(differing)} of {COUNT} {kind} programs differ {mode}: {differing[:20]}. The first, made smaller:"
        pytest.fail(f"{text}\n\n{small}\n\n{found.ours}", pytrace=False)


# ------------------------------------------------------------------------------------------------------- the harness


@pytest.mark.parametrize("kind", PROGRAMS)
def test_the_functions_themselves_do_not_differ(kind: str) -> None:
    for number in range(COUNT):
        program = PROGRAMS[kind](number)
        assert difference(watched(program, itself), watched(program, itself), exact=True) is None


def test_rounding_rarely_matters() -> None:
    """Where it does, a fused program is not compared."""
    counts: Counter[str] = Counter()
    for kind, make in PROGRAMS.items():
        for number in range(120):
            program = make(number)
            eager = watched(program, itself)
            counts[kind] += any(
                difference(watched(program, itself, moved), eager, exact=False) is not None for moved in MOVES
            )
    assert counts["smooth"] <= 2
    assert counts["any"] <= 30


def _fixed(function: Any = None, **options: Any) -> Any:
    """A ``compile`` that takes the first arguments for those of all calls."""
    first: list[Any] = []

    def replay(*args: Any) -> Any:
        first.extend(args if not first else ())
        return function(*first)

    return _fixed if function is None else replay


def test_a_compile_that_is_wrong_is_found() -> None:
    found = [compared(fuzz.program_number(number), _fixed, exact=False) for number in range(30)]
    assert sum(mismatch is not None for mismatch in found) > 5
