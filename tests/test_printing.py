"""How tensors are printed: PyTorch's text, character by character."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_mlp as tg


@pytest.fixture(autouse=True)
def default_options() -> Iterator[None]:
    yield
    tg.set_printoptions(profile="default")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: tg.tensor(1.5), "tensor(1.5000)"),
        (lambda: tg.tensor([1.0, 20.0]), "tensor([ 1., 20.])"),
        (lambda: tg.tensor([1.0, float("nan"), -float("inf")]), "tensor([1., nan, -inf])"),
        (lambda: tg.tensor([1e-5, 1.0]), "tensor([1.0000e-05, 1.0000e+00])"),
        (lambda: tg.tensor([[1, -2], [3, 40]]), "tensor([[ 1, -2],\n        [ 3, 40]])"),
        (lambda: tg.tensor([True, False]), "tensor([ True, False])"),
        (lambda: tg.zeros(0, 3), "tensor([], size=(0, 3))"),
        (lambda: tg.zeros(0, dtype=tg.int64), "tensor([], dtype=tinygrad_mlp.int64)"),
        (lambda: tg.ones(2, dtype=tg.float64), "tensor([1., 1.], dtype=tinygrad_mlp.float64)"),
        (lambda: tg.ones(2, requires_grad=True), "tensor([1., 1.], requires_grad=True)"),
        (lambda: tg.ones(2, requires_grad=True) * 2, "tensor([2., 2.], grad_fn=<MulBackward0>)"),
        (lambda: tg.arange(2000), "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"),
    ],
)
def test_text(make, text) -> None:
    assert repr(make()) == str(make()) == text


DTYPES = ["float64", "float32", "float16", "int64", "int32", "int8", "uint8", "bool"]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 1e-4, 9.9e-5, 1e8, 1.1e8, 1000.0, 1001.0, np.inf, -np.inf, np.nan, 1e-30, 123456.0]


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3) | st.just((11, 4)) | st.just((30,)))
    if dtype.kind != "f":
        return draw(hnp.arrays(dtype, shape))
    count = int(np.prod(shape))
    scale = 10.0 ** draw(st.integers(-6, 9))
    pools = [
        st.sampled_from(SPECIAL),
        st.floats(-scale, scale, allow_subnormal=False),
        st.integers(-2000, 2000).map(float),
    ]
    pool = draw(st.sampled_from(pools))
    with np.errstate(over="ignore"):
        return np.array(draw(st.lists(pool, min_size=count, max_size=count))).reshape(shape).astype(dtype)


def same(ours, theirs) -> None:
    """The same text; after a dtype, whose name is longer here, lines may be broken elsewhere."""
    a, b = repr(ours).replace("tinygrad_mlp.", "torch."), repr(theirs)
    if "dtype=" in a:
        a, b = (re.sub(r",\s+(?=[a-z_]+=)", ", ", text) for text in (a, b))
    assert a == b


@given(arrays(), st.booleans())
def test_like_torch(array, requires_grad) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    ours, theirs = tg.tensor(array), torch.tensor(array)
    if requires_grad and array.dtype.kind == "f":
        ours.requires_grad_()
        theirs.requires_grad_()
        same(ours * 2, theirs * 2)
    same(ours, theirs)


@given(
    arrays(),
    st.sampled_from([0, 2, 4, 7]),
    st.sampled_from([0, 5, 1000]),
    st.integers(0, 4),
    st.sampled_from([20, 80, 200]),
    st.sampled_from([None, True, False]),
)
def test_options_like_torch(array, precision, threshold, edgeitems, linewidth, sci_mode) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    options = {
        "precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth, "sci_mode": sci_mode
    }  # fmt: skip
    try:
        tg.set_printoptions(**options)
        torch.set_printoptions(**options)
        same(tg.tensor(array), torch.tensor(array))
    finally:
        tg.set_printoptions(profile="default")
        torch.set_printoptions(profile="default")


@pytest.mark.parametrize("shape", [(2000,), (50, 50), (7, 300), (300, 7), (12, 11, 10), (2, 2, 2, 500), (3, 1000)])
@pytest.mark.parametrize("profile", ["default", "short", "full"])
def test_long_tensors_like_torch(shape, profile) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    array = np.random.default_rng(0).standard_normal(shape)
    array.flat[len(array.flat) // 2] = 1e9  # not shown, so without a say in the format
    try:
        for library in (tg, torch):
            library.set_printoptions(profile=profile)
        same(tg.tensor(array), torch.tensor(array))
    finally:
        for library in (tg, torch):
            library.set_printoptions(profile="default")


def test_options() -> None:
    x = tg.tensor([1 / 3, 2.0])
    tg.set_printoptions(precision=2)
    assert repr(x) == "tensor([0.33, 2.00])"
    tg.set_printoptions(sci_mode=True)
    assert repr(x) == "tensor([3.33e-01, 2.00e+00])", "the precision stays"
    tg.set_printoptions(threshold=1, edgeitems=1)
    assert repr(tg.arange(5)) == "tensor([0,  ..., 4])"
    with pytest.raises(ValueError, match="profile must be one of default, short, full, got 'tiny'"):
        tg.set_printoptions(profile="tiny")
