"""Convolutions: the sample rows, and loops in NumPy that compute the same."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from contract import Sample, normal
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp.errors import DTypeError, ShapeError

NOT_ELEMENTWISE: set[str] = set()


def slope_of_weight(x: Any, g: Any, how: Any, size: Any) -> Any:
    import torch

    stride, _, dilation, groups = how
    w = torch.zeros(g.shape[1], x.shape[1] // groups, *size, dtype=x.dtype, requires_grad=True)
    y = torch.conv2d(x, w, None, stride, 0, dilation, groups)
    return torch.autograd.grad((y * g).sum(), w, create_graph=True)[0]


def unfolded(x: Any, kernel: Any, how: Any, size: Any) -> Any:
    from torch.nn.functional import unfold

    return unfold(x, kernel, how[2], [before for before, _ in how[1]], how[0])


def folded(x: Any, kernel: Any, how: Any, size: Any, positions: Any) -> Any:
    from torch.nn.functional import fold

    return fold(x, size, kernel, how[2], [before for before, _ in how[1]], how[0])


WINDOWS: list[Any] = [
    ((2, 3), ((1, 1), ((0, 0), (0, 0)), (1, 1), 1), (4, 2)),
    ((2, 2), ((2, 1), ((1, 1), (0, 0)), (2, 1), 1), (3, 3)),
]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"stride": 2, "padding": 1},
    {"padding": "same", "dilation": 2},
    {"groups": 2, "stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)},
]
SAMPLES = [
    *[Sample("conv2d", (normal(2, 4, 6, 5), normal(4, 4 // o.get("groups", 1), 3, 2), normal(4)), o) for o in OPTIONS],
    *[Sample("conv1d", (normal(2, 3, 7), normal(4, 3, 3)), o) for o in OPTIONS[:3]],
    Sample("conv1d", (normal(3, 7), normal(4, 3, 2), normal(4))),
    Sample("conv1d", (normal(0, 3, 7), normal(4, 3, 2), normal(4))),
    Sample("conv3d", (normal(1, 2, 3, 4, 3), normal(2, 2, 2, 1, 2), normal(2)), {"stride": (1, 2, 1)}),
    *[
        Sample("conv_transpose2d", (normal(2, 4, 3, 2), normal(4, 4 // o.get("groups", 1), 3, 2), normal(4)), o)
        for o in (
            {},
            {"stride": 2, "padding": 1, "output_padding": 1},
            {"groups": 2, "dilation": (2, 1)},
            {"dilation": 3, "output_padding": 2},
        )
    ],
    Sample(
        "convolution_weight",
        (normal(2, 4, 6, 5), normal(2, 4, 2, 3)),
        {"how": ((2, 1), ((0, 0), (0, 0)), (1, 2), 2), "size": (3, 2)},
        torch_fn=lambda x, g, how, size: slope_of_weight(x, g, how, size),
    ),
    *[
        Sample("unfold_windows", (normal(2, 3, 5, 4),), {"kernel": kernel, "how": how, "size": size}, torch_fn=unfolded)
        for kernel, how, size in WINDOWS
    ],
    *[
        Sample(
            "fold_windows",
            (normal(2, 3 * kernel[0] * kernel[1], size[0] * size[1]),),
            {"kernel": kernel, "how": how, "size": (5, 4), "positions": size},
            torch_fn=folded,
        )
        for kernel, how, size in WINDOWS
    ],
    Sample("conv_transpose1d", (normal(3, 4), normal(3, 2, 3))),
    Sample("conv_transpose3d", (normal(1, 2, 2, 2, 2), normal(2, 1, 2, 1, 2), normal(1)), {"stride": 2}),
]


def convolved(x: Any, w: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> np.ndarray:
    """What each output is, by its definition."""
    x = np.pad(x, ((0, 0), (0, 0), *((p, p) for p in padding)))
    kernel = w.shape[2:]
    size = [(n - d * (k - 1) - 1) // s + 1 for n, d, k, s in zip(x.shape[2:], dilation, kernel, stride, strict=True)]
    y = np.zeros((len(x), len(w), *size))
    per_group = len(w) // groups
    for n, o in itertools.product(range(len(x)), range(len(w))):
        for place in itertools.product(*map(range, size)):
            for c, *at in itertools.product(range(w.shape[1]), *map(range, kernel)):
                source = [p * s + d * k for p, s, d, k in zip(place, stride, dilation, at, strict=True)]
                y[(n, o, *place)] += w[(o, c, *at)] * x[(n, o // per_group * w.shape[1] + c, *source)]
    return y


two = st.tuples(st.integers(1, 2), st.integers(1, 2))


@given(
    st.integers(1, 2), two, two, st.tuples(st.integers(0, 2), st.integers(0, 2)), two, st.integers(1, 2), st.integers(0, 9)
)
def test_convolution_by_its_definition(
    batch: int, kernel: Any, stride: Any, padding: Any, dilation: Any, groups: int, seed: int
) -> None:
    x, w = normal(batch, 2, 4, 5, seed=seed), normal(2, 2 // groups, *kernel, seed=seed + 1)
    y = tg.conv2d(tg.tensor(x), tg.tensor(w), None, stride, padding, dilation, groups)
    expected = convolved(x, w, stride, padding, dilation, groups)
    np.testing.assert_allclose(y.numpy(), expected, atol=1e-12)
    g = normal(*expected.shape, seed=seed + 2)  # <g, conv(x)> = <conv^T(g), x>, where the size is given back
    back = tg.conv_transpose2d(tg.tensor(g), tg.tensor(w), None, stride, padding, 0, groups, dilation).numpy()
    x = x[:, :, : back.shape[2], : back.shape[3]]
    rest = convolved(x, w, stride, padding, dilation, groups)
    np.testing.assert_allclose((back * x).sum(), (g * rest).sum(), rtol=1e-9, atol=1e-9)


def test_results_lie_in_rows_and_keep_their_dtype() -> None:
    for dtype in (tg.float16, tg.float32, tg.float64):
        y = tg.conv2d(tg.ones(3, 2, 5, 5, dtype=dtype), tg.ones(4, 2, 2, 2, dtype=dtype))
        assert y.dtype is dtype
        assert y.is_contiguous()
        assert y.view(3, -1).tolist() == [[8.0] * 64] * 3


def test_an_input_that_wants_no_gradient_gets_none() -> None:
    x, w = tg.ones(1, 1, 3), tg.ones(1, 1, 2, requires_grad=True)
    y = tg.conv1d(x, w)
    assert y.grad_fn is not None
    assert y.grad_fn.name() == "ConvolutionBackward0"
    assert y.grad_fn.next_functions[0][0] is None
    y.sum().backward()
    assert w.grad.tolist() == [[[2, 2]]]


def test_a_compiled_step_is_as_an_eager_one() -> None:
    def run(c: Any) -> list[Any]:
        tg.manual_seed(0)
        w = tg.nn.Parameter(tg.randn(3, 2, 3, 3))
        v = tg.nn.Parameter(tg.randn(3, 1, 2, 2))

        def step(x: Any) -> Any:
            w.grad = v.grad = None
            loss = tg.conv_transpose2d(tg.conv2d(x, w, padding=1).relu(), v, stride=2).square().mean()
            loss.backward()
            with tg.no_grad():
                for p in (w, v):
                    p -= 0.1 * p.grad
            return loss

        step = c(step)
        return [step(tg.randn(4, 2, 5, 5)).item() for _ in range(6)]

    np.testing.assert_allclose(run(tg.compile), run(lambda f: f), rtol=1e-4)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: tg.conv2d(tg.ones(2, 5, 5), tg.ones(4, 3, 2, 2)), ShapeError, "to have 3 channels, but got 2 channels"),
        (lambda: tg.conv2d(tg.ones(5, 5), tg.ones(4, 3, 2, 2)), ShapeError, "Expected 3D .unbatched. or 4D .batched. input"),
        (lambda: tg.conv1d(tg.ones(1, 1, 2), tg.ones(1, 1, 3)), ShapeError, "Kernel size can't be greater than"),
        (lambda: tg.conv1d(tg.ones(1, 1, 4), tg.ones(1, 1, 3), stride=0), ShapeError, "non-positive stride"),
        (lambda: tg.conv1d(tg.ones(1, 1, 4), tg.ones(1, 1, 3), padding=-1), ShapeError, "negative padding"),
        (lambda: tg.conv1d(tg.ones(1, 1, 4), tg.ones(1, 1, 3), padding=(1, 1)), ShapeError, "a list of 1"),
        (lambda: tg.conv1d(tg.ones(1, 1, 4), tg.ones(1, 1, 3), stride=2, padding="same"), ShapeError, "strided"),
        (lambda: tg.conv1d(tg.ones(1, 1, 4), tg.ones(1, 1, 3), padding="some"), ShapeError, "Invalid padding string"),
        (lambda: tg.conv1d(tg.ones(1, 1, 4), tg.ones(1, 1, 3), tg.ones(2)), ShapeError, "1-dimensional with 1 elements"),
        (lambda: tg.conv1d(tg.ones(1, 2, 4), tg.ones(3, 1, 3), groups=2), ShapeError, "groups must be positive and divide"),
        (lambda: tg.conv1d(tg.ones(1, 1, 4), tg.ones(1, 1, 3).double()), DTypeError, "same dtype"),
        (lambda: tg.conv_transpose1d(tg.ones(1, 1, 4), tg.ones(1, 1, 3), output_padding=1), ShapeError, "output padding"),
        (lambda: tg.conv_transpose1d(tg.ones(1, 1, 1), tg.ones(1, 1, 1), padding=1), ShapeError, "size is too small"),
    ],
)
def test_errors(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
