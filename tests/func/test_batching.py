"""``vmap`` of every operation is a loop over the samples, on every sample row; so are gradients, and both derivatives agree."""

from __future__ import annotations

import importlib
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp.errors import TransformError
from tinygrad_mlp.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, vmap

OPS_TESTS = Path(__file__).parent.parent / "ops"


def rows() -> list[Any]:
    sys.path.insert(0, str(OPS_TESTS))
    try:
        return [
            row
            for path in sorted(OPS_TESTS.glob("test_*.py"))
            if path.stem != "test_contract"
            for row in getattr(importlib.import_module(path.stem), "SAMPLES", [])
        ]
    finally:
        sys.path.remove(str(OPS_TESTS))


SAMPLES = rows()
every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=str)


def batch_of(array: np.ndarray, count: int = 3) -> np.ndarray:
    """Samples that differ, but have the values that the operation can take."""
    flat = array.reshape(-1)
    return np.stack([np.roll(flat, k).reshape(array.shape) for k in range(count)])


def flat(result: Any) -> list[Any]:
    if isinstance(result, tuple | list):
        return [t for part in result for t in flat(part)]
    return [result]


def agree(got: Any, expected: Any, rtol: float = 1e-9) -> None:
    assert got.shape == expected.shape
    assert got.dtype is expected.dtype
    np.testing.assert_allclose(got.detach().numpy(), expected.detach().numpy(), rtol=rtol, atol=rtol)


@every_sample
@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_vmap_is_a_loop(sample: Any) -> None:
    places = [k for k, a in enumerate(sample.args) if isinstance(a, np.ndarray)]
    given = [tg.tensor(a) if isinstance(a, np.ndarray) else a for a in sample.args]
    batches = {k: tg.tensor(batch_of(sample.args[k])) for k in places}
    moved: list[tuple[int, ...]] = [tuple(places), *((k,) for k in places if len(places) > 1)]

    def call(args: list[Any], some: tuple[int, ...], xs: tuple[Any, ...]) -> tuple[Any, ...]:
        args = list(args)
        for k, x in zip(some, xs, strict=True):
            args[k] = x
        return tuple(t for t in flat(sample.run(args)) if isinstance(t, tg.Tensor))

    for some in moved:
        xs = tuple(batches[k] for k in some)
        try:
            expected = [call(given, some, tuple(x[k] for x in xs)) for k in range(3)]
            if len({tuple(t.shape for t in row) for row in expected}) > 1:
                return
        except (RuntimeError, IndexError, ValueError, TypeError):
            continue  # the operation refuses such samples
        if not xs or not expected[0]:
            continue
        try:
            got = vmap(lambda *xs: call(given, some, xs))(*xs)  # noqa: B023 - called at once
        except TransformError as error:
            if re.search("depends on values|random", str(error)):
                continue
            raise
        for k in range(3):
            for a, b in zip(got, expected[k], strict=True):
                agree(a[k], b)


def of_one(sample: Any) -> tuple[Any, list[Any]] | None:
    """The row as a function of its floating-point arrays that returns a tuple of its floating-point results."""
    places = [k for k, a in enumerate(sample.args) if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
    given = [tg.tensor(a) if isinstance(a, np.ndarray) else a for a in sample.args]

    def call(*xs: Any) -> tuple[Any, ...]:
        args = list(given)
        for k, x in zip(places, xs, strict=True):
            args[k] = x
        return tuple(t for t in flat(sample.run(args)) if isinstance(t, tg.Tensor) and t.is_floating_point())

    xs = [given[k] for k in places]
    return (call, xs) if xs and call(*xs) else None


@every_sample
@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_derivatives_of_both_modes_agree(sample: Any) -> None:
    found = of_one(sample)
    if found is None:
        return
    call, xs = found
    which = tuple(range(len(xs)))
    reverse, forward = jacrev(call, which)(*xs), jacfwd(call, which)(*xs)
    for a, b in zip(flat(reverse), flat(forward), strict=True):
        agree(a, b, 1e-7)
    tangents = tuple(tg.tensor(np.random.default_rng(k).standard_normal(x.shape)) for k, x in enumerate(xs))
    values, pushed = jvp(call, tuple(xs), tangents)
    for y, p, row in zip(values, pushed, reverse, strict=True):
        total = sum((j * u).sum(tuple(range(-u.ndim, 0))) if u.ndim else j * u for j, u in zip(row, tangents, strict=True))
        agree(p, total.reshape(y.shape), 1e-7)


@every_sample
@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_gradients_of_samples_are_those_of_a_loop(sample: Any) -> None:
    found = of_one(sample)
    if found is None:
        return
    call, xs = found

    def loss(*xs: Any) -> Any:
        return sum((y * y).sum() for y in call(*xs))

    batches = [tg.tensor(batch_of(x.numpy())) for x in xs]
    which = tuple(range(len(xs)))
    try:
        expected = [grad(loss, which)(*(b[k] for b in batches)) for k in range(3)]
        got = vmap(grad(loss, which))(*batches)
    except (TransformError, ValueError, RuntimeError, TypeError):
        pytest.skip("the operation refuses such samples")
    for k in range(3):
        for a, b in zip(got, expected[k], strict=True):
            agree(a[k], b, 1e-7)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_hessian_of_cross_entropy_has_rules(reduction: str) -> None:
    """Rows that are ignored, too; and no loop."""
    x, t = tg.tensor(np.random.default_rng(0).standard_normal((4, 3))), tg.tensor([0, 2, -100, 1])

    def loss(x: Any) -> Any:
        return tg.nn.functional.cross_entropy(x, t, reduction=reduction)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = hessian(loss)(x)
    agree(got, tg.autograd.functional.hessian(loss, x))


def test_gradients_of_samples_of_a_convolutional_network() -> None:
    """Without a loop: with a weight each, samples are groups of channels."""
    tg.manual_seed(0)
    nn, functional = tg.nn, tg.nn.functional
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(4, 6, 3, groups=2), nn.Flatten(), nn.Linear(24, 3)
    )
    model.double()
    params = {name: p.detach() for name, p in model.named_parameters()}
    x, t = tg.rand(3, 2, 8, 8, dtype=tg.float64), tg.tensor([0, 2, 1])

    def loss(p: Any, x: Any, t: Any) -> Any:
        return functional.cross_entropy(functional_call(model, p, (x.unsqueeze(0),)), t.unsqueeze(0))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = vmap(grad(loss), in_dims=(None, 0, 0))(params, x, t)
        outer = grad(lambda p: sum((g**2).sum() for g in vmap(grad(loss), in_dims=(None, 0, 0))(p, x, t).values()))(params)
    for k in range(3):
        one = grad(loss)(params, x[k], t[k])
        for name, g in one.items():
            agree(got[name][k], g)
    rows = grad(lambda p: sum((g**2).sum() for k in range(3) for g in grad(loss)(p, x[k], t[k]).values()))(params)
    for name, g in rows.items():
        agree(outer[name], g)
