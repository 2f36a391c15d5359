"""Every operation, on every sample row: values, gradients of both orders, dtypes, no mutation, no aliasing."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contract import Sample, differentiable, function_of, outputs, tensors, weights_for

import tinygrad_mlp as tg
from tinygrad_mlp.core.primitive import PRIMITIVES
from tinygrad_mlp.testing import gradcheck

FAMILIES = [
    importlib.import_module(path.stem) for path in sorted(Path(__file__).parent.glob("test_*.py")) if path != Path(__file__)
]
SAMPLES: list[Sample] = [row for family in FAMILIES for row in getattr(family, "SAMPLES", [])]
WITH_GRADIENT = [s for s in SAMPLES if any(isinstance(a, np.ndarray) and a.dtype.kind == "f" for a in s.args)]

every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=str)
every_gradient = pytest.mark.parametrize("sample", WITH_GRADIENT, ids=str)


def test_every_primitive_has_a_sample() -> None:
    reached: set[str] = set()
    for sample in SAMPLES:
        reached |= {sample.name, *sample.covers}
        for out in outputs(sample.run(tensors(sample, tg))):
            stack = [out.grad_fn] if isinstance(out, tg.Tensor) and out.grad_fn is not None else []
            while stack:
                node = stack.pop()
                if node.op is not None:
                    reached.add(node.op.name)
                stack.extend(p for p in node.parents if p is not None)
    assert not set(PRIMITIVES) - reached, "give these primitives a sample row"


@every_sample
def test_against_torch(sample: Sample) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if sample.torch_name == "":
        return
    for dtype, rtol in ((np.float64, sample.rtol), (np.float32, 2e-4)):
        ours_in, theirs_in = tensors(sample, tg, dtype), tensors(sample, torch, dtype)
        ours, theirs = sample.run(ours_in), sample.run_torch(torch, theirs_in)
        assert len(outputs(ours)) == len(outputs(theirs))
        for a, b in zip(outputs(ours), outputs(theirs), strict=True):
            if not isinstance(a, tg.Tensor):
                assert a == b
                continue
            assert tuple(a.shape) == tuple(b.shape)
            assert a.dtype.name == str(b.dtype).removeprefix("torch.")
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=rtol, atol=rtol)
        ours_out, theirs_out = differentiable(ours), differentiable(theirs)
        assert len(ours_out) == len(theirs_out), "the same outputs are differentiable"
        if not ours_out:
            continue
        cotangents = weights_for(ours_out)
        tg.autograd.backward(ours_out, [tg.tensor(w, dtype=t.dtype) for w, t in zip(cotangents, ours_out, strict=True)])
        torch.autograd.backward(
            theirs_out, [torch.tensor(w, dtype=t.dtype) for w, t in zip(cotangents, theirs_out, strict=True)]
        )
        for a, b in zip(ours_in, theirs_in, strict=True):
            if isinstance(a, tg.Tensor) and a.requires_grad:
                assert (a.grad is None) == (b.grad is None)
                if a.grad is not None:
                    assert a.grad.dtype is a.dtype
                    np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=rtol, atol=rtol * 10)


@every_gradient
def test_derivatives(sample: Sample) -> None:
    found = function_of(sample)
    if found is not None:
        assert gradcheck(*found, atol=1e-7, rtol=1e-6, order=2 if sample.order2 else 1)


@every_gradient
def test_float32_stays_float32(sample: Sample) -> None:
    args = tensors(sample, tg, np.float32)
    result = sample.run(args)
    assert sample.widens or not [t for t in outputs(result) if isinstance(t, tg.Tensor) and t.dtype is tg.float64]
    outs = differentiable(result)
    if outs:
        tg.autograd.backward(outs, [tg.ones_like(t) for t in outs])
    for a in args:
        if isinstance(a, tg.Tensor) and a.grad is not None:
            assert a.grad.dtype is tg.float32
            assert a.grad.shape == a.shape


@every_gradient
def test_inputs_and_cotangents_are_not_written(sample: Sample) -> None:
    args = tensors(sample, tg)
    before = [a.detach().numpy().copy() if isinstance(a, tg.Tensor) else None for a in args]
    outs = differentiable(sample.run(args))
    cotangents = [tg.tensor(w) for w in weights_for(outs)]
    if outs:
        tg.autograd.backward(outs, cotangents)
    for a, b in zip(args, before, strict=True):
        if b is not None:
            np.testing.assert_array_equal(a.detach().numpy(), b)
    for c, w in zip(cotangents, weights_for(outs), strict=True):
        np.testing.assert_array_equal(c.numpy(), w)


@every_gradient
def test_gradients_own_their_memory(sample: Sample) -> None:
    args = tensors(sample, tg)
    outs = differentiable(sample.run(args))
    if not outs:
        return
    cotangents = [tg.tensor(w) for w in weights_for(outs)]
    tg.autograd.backward(outs, cotangents)
    sources = [a for a in args if isinstance(a, tg.Tensor) and a.grad is not None]
    held = [t.detach().numpy() for t in [*sources, *cotangents, *outs]]
    for k, a in enumerate(sources):
        g = a.grad.numpy()
        assert g.flags.writeable
        assert not any(np.shares_memory(g, h) for h in held)
        assert not any(np.shares_memory(g, other.grad.numpy()) for other in sources[:k])


# ------------------------------------------------------------------------------------- on a machine of 32 bits, simulated

GIVING = [
    "arange",
    "argmax",
    "argmin",
    "argsort",
    "argwhere",
    "bincount",
    "flatnonzero",
    "nonzero",
    "searchsorted",
    "unique",
]
TAKING = ["bincount", "repeat"]  # what cannot be cast safely to these integers is refused


INTP = np.dtype(np.intp)


def narrow(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(narrow, value))
    return value.astype(np.int32) if isinstance(value, np.ndarray | np.generic) and value.dtype == INTP else value


def of_32_bits(name: str) -> Callable[..., Any]:
    function = getattr(np, name)

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        if name in TAKING:
            for arg in args[name == "repeat" :][:1]:
                if isinstance(arg, np.ndarray) and not np.can_cast(arg.dtype, np.int32, "safe"):
                    raise TypeError(f"Cannot cast array data from {arg.dtype} to int32 according to the rule 'safe'")
        result = function(*args, **options)
        if name == "unique":  # the values stay what they are
            return (result[0], *map(narrow, result[1:])) if isinstance(result, tuple) else result
        return result if "dtype" in options else narrow(result)

    return call


@pytest.fixture
def small_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = {name: of_32_bits(name) for name in {*GIVING, *TAKING}}
    for name, call in calls.items():
        monkeypatch.setattr(np, name, call)
    monkeypatch.setattr(np, "intp", np.int32)


ROWS = [
    *SAMPLES,
    Sample("unique", (np.array([3.0, 1.0, 3.0]),), {"return_inverse": True, "return_counts": True}),
    Sample("multinomial", (np.array([0.5, 0.5]), 2)),
    Sample("multinomial", (np.array([0.5, 0.5]), 3, True)),
    Sample("bincount", (np.array([0, 2, 2]),)),
    Sample("nonzero", (np.array([0.0, 2.0]),)),
    Sample("nonzero", (np.array([0.0, 2.0]),), {"as_tuple": True}),
    Sample("argwhere", (np.array([0.0, 2.0]),)),
    Sample("one_hot", (np.array([0, 2]),)),
    Sample("randperm", (3,)),
    Sample("randint", (3, (2,))),
    Sample("arange", (3,)),
    Sample("arange", (2**40, 2**40 + 3)),
    Sample("tensor", ([1, 2],)),
    Sample("full", ((2,), 7)),
]


def dtypes(sample: Sample) -> list[Any]:
    return [t.dtype for t in outputs(sample.run(tensors(sample, tg, requires_grad=False))) if isinstance(t, tg.Tensor)]


@pytest.mark.parametrize("sample", ROWS, ids=str)
def test_dtypes_are_those_of_large_machines(sample: Sample, request: pytest.FixtureRequest) -> None:
    wanted = dtypes(sample)
    request.getfixturevalue("small_machine")
    assert dtypes(sample) == wanted


def test_the_simulation(small_machine: None) -> None:
    assert np.argmax(np.ones(2)).dtype == np.int32
    assert np.unique(np.array([1, 1]), return_counts=True)[1].dtype == np.int32
    with pytest.raises(TypeError, match="safe"):
        np.bincount(np.array([1, 2]))
