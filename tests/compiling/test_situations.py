"""A compiled step, or Module, is what it is without compiling: a table of small situations, each run eagerly and compiled."""

from __future__ import annotations

import functools
import importlib.util
from typing import Any

import pytest
import situations_autograd
import situations_compiled
import situations_memory
import situations_modules
import situations_python
import situations_training
from twins import SITUATIONS, attempt, difference, itself, numbers, watched

import tinygrad_mlp as torch
from tinygrad_mlp import nn

THEMES = (
    situations_autograd,
    situations_compiled,
    situations_memory,
    situations_modules,
    situations_python,
    situations_training,
)
LOOPS = (  # with numba: each new loop takes about a second to make
    "forward_hook_removed", "module_in_a_loop", "training_with_a_short_last_batch", "in_place_on_an_intermediate", "if_on_a_value",
    "gradients_kept_across_calls", "shapes_in_rotation", "interrupts_in_training", "two_calls_in_flight", "optimizer Adam",
)  # fmt: skip
MODES: dict[str, tuple[Any, bool, bool]] = {  # compile, whether to the last bit, whether all that was yielded is held
    "itself": (itself, True, True),
    "without fusion": (functools.partial(torch.compile, fusion=False), True, True),
    "fused": (torch.compile, False, False),
    "fused, results kept": (torch.compile, False, True),
}


@functools.cache
def eager(name: str, keep: bool) -> Any:
    """What is seen of a situation eagerly."""
    return watched(SITUATIONS[name], itself, keep)


def assert_same(name: str, c: Any, exact: bool, keep: bool) -> None:
    found = difference(watched(SITUATIONS[name], c, keep), eager(name, keep), exact)
    if found is not None:
        pytest.fail(f"{name}: compiled and eager differ\n{found}", pytrace=False)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", SITUATIONS)
def test_situation(name: str, mode: str) -> None:
    assert_same(name, *MODES[mode])


@pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="numba is not installed")
@pytest.mark.parametrize("name", LOOPS)
def test_situation_in_loops(name: str) -> None:
    assert_same(name, functools.partial(torch.compile, backend="numba"), exact=False, keep=True)


# ------------------------------------------------------------------------------------------- the table and the harness


def test_there_are_enough_situations() -> None:
    assert len(SITUATIONS) >= 250
    used = {theme.__name__ for theme in THEMES}
    assert {function.__module__ for function in SITUATIONS.values()} == used


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_situation_shows_something(name: str) -> None:
    places = [place for place, _ in eager(name, keep=False)]
    assert not [place for place in places if place.startswith("raised")]
    assert len(places) >= 5


def _frozen(function: Any = None, **options: Any) -> Any:
    """A ``compile`` that looks at nothing: it gives the first result for ever."""
    results: list[Any] = []

    def replay(*args: Any, **kwargs: Any) -> Any:
        if not results:
            results.append(function(*args, **kwargs))
        return results[0]

    return _frozen if function is None else replay


def _rounding(function: Any = None, **options: Any) -> Any:
    """A ``compile`` whose results are a little off."""
    return lambda *args, **kwargs: function(*args, **kwargs) * (1 + 1e-4)


@pytest.mark.parametrize(
    "name", ["forward_hook_removed", "item_within", "printing_text", "two_calls_in_flight", "lists_appended"]
)
def test_the_harness_sees_a_compile_that_is_wrong(name: str) -> None:
    assert difference(watched(SITUATIONS[name], _frozen, keep=False), eager(name, keep=False), exact=False) is not None


def test_the_harness_sees_numbers_that_are_a_little_off() -> None:
    name = "in_place_on_an_argument"
    found = difference(watched(SITUATIONS[name], _rounding, keep=False), eager(name, keep=False), exact=False)
    assert found is not None
    assert found.startswith("at [0][0]: differ by up to")


# ------------------------------------------------------------------------------------------------ as PyTorch names it


def test_names_in_a_compiled_module_are_pytorchs() -> None:
    compiled = torch.compile(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4, affine=False)))
    parameters, buffers = ["0.weight", "0.bias"], ["1.running_mean", "1.running_var", "1.num_batches_tracked"]
    assert list(compiled.state_dict()) == [f"_orig_mod.{name}" for name in parameters + buffers]
    assert [name for name, _ in compiled.named_parameters()] == [f"_orig_mod.{name}" for name in parameters]
    assert [name for name, _ in compiled.named_buffers()] == [f"_orig_mod.{name}" for name in buffers]
    assert [name for name, _ in compiled.named_modules()] == ["", "_orig_mod", "_orig_mod.0", "_orig_mod.1"]
    assert repr(compiled).splitlines()[:2] == ["OptimizedModule(", "  (_orig_mod): Sequential("]


def test_the_original_module_is_where_pytorch_has_it() -> None:
    model = nn.Linear(3, 2)
    compiled = torch.compile(model)
    assert compiled._orig_mod is model
    assert isinstance(compiled, nn.Module)
    assert compiled.weight is model.weight
    compiled.eval()
    assert not model.training
    model.load_state_dict({name.removeprefix("_orig_mod."): value for name, value in compiled.state_dict().items()})
    assert attempt(compiled, numbers(0, 2, 3)).requires_grad


def test_compile_refuses_what_is_no_function() -> None:
    for wrong in (3, "step", torch.ones(2)):
        with pytest.raises((TypeError, ValueError, RuntimeError)):
            torch.compile(wrong)
    with pytest.raises((TypeError, ValueError, RuntimeError)):
        torch.compile(len, backend="no such backend")(3)
