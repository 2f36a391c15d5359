"""The same code run on this library and on PyTorch: `import tinygrad_mlp as torch` is the contract."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp.testing import gradcheck

Code = Callable[..., Any]  # code(torch, *tensors), with either library as `torch`


def both() -> tuple[Any, Any]:
    """This library and PyTorch; skips where there is no PyTorch."""
    return tg, pytest.importorskip("torch", reason="PyTorch is not installed")


def cotangent(shape: Any, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(tuple(shape))


def tensors(library: Any, arrays: tuple[np.ndarray, ...], dtype: Any) -> list[Any]:
    return [library.tensor(a.astype(dtype)).requires_grad_() if a.dtype.kind == "f" else library.tensor(a) for a in arrays]


def derivatives(library: Any, y: Any, sources: list[Any], order: int) -> list[list[np.ndarray | None]]:
    """Gradients of <w, y>, then of <v, gradients>, and so on up to the order."""
    found = []
    for k in range(order):
        if not y.requires_grad:
            break
        w = library.tensor(cotangent(y.shape, k)).to(y.dtype)
        grads = library.autograd.grad((w * y).sum(), sources, create_graph=True, allow_unused=True)
        found.append([None if g is None else g.detach().numpy(force=True) for g in grads])
        y = sum(
            (library.tensor(cotangent(g.shape, 10 * k + i)).to(g.dtype) * g).sum()
            for i, g in enumerate(grads)
            if g is not None
        )
    return found


def assert_same(code: Code, *arrays: np.ndarray, order: int = 2, rtol: float = 1e-10) -> None:
    """Values, dtypes, shapes and derivatives agree, in float64 closely and in float32."""
    results = {}
    for dtype, tolerance in ((np.float64, rtol), (np.float32, 1e-3)):
        for library in both():
            inputs = tensors(library, arrays, dtype)
            y = code(library, *inputs)
            sources = [t for t in inputs if t.requires_grad]
            results[library] = y, derivatives(library, y, sources, order if dtype is np.float64 else 1)
        (ours, our_grads), (theirs, their_grads) = results.values()
        assert str(ours.dtype).split(".")[1] == str(theirs.dtype).split(".")[1]
        assert tuple(ours.shape) == tuple(theirs.shape)
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=tolerance, atol=tolerance)
        for mine, other in zip(our_grads, their_grads, strict=False):
            for a, b in zip(mine, other, strict=True):
                zero = np.zeros(())
                a, b = (zero if a is None else a), (zero if b is None else b)
                assert a.dtype == dtype or a is zero
                np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def assert_same_error(code: Code, message: str) -> None:
    """Both raise, this library an exception that catches PyTorch's, with a message that says what was wrong."""
    caught = []
    for library in both():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(Exception) as info:  # noqa: PT011 - which one is the question
                code(library)
        caught.append(info)
    ours, theirs = caught
    kind = RuntimeError if issubclass(theirs.type, NotImplementedError) else theirs.type
    assert issubclass(ours.type, kind), f"{ours.type.__name__} where PyTorch raises {theirs.type.__name__}: {theirs.value}"
    assert ours.match(message)


def numeric_gradients(code: Code, *arrays: np.ndarray) -> None:
    """The first two derivatives agree with numerical ones."""
    assert gradcheck(lambda *inputs: code(tg, *inputs), tensors(tg, arrays, np.float64), atol=1e-6, rtol=1e-5, order=2)
