"""Products and sums with logarithms: the sample rows, and what happens at 0 and infinity."""

from __future__ import annotations

import numpy as np
import pytest
from contract import Sample, apart, normal, positive, unit

import tinygrad_mlp as tg
from tinygrad_mlp.core.primitive import OPS

A, P = normal(2, 3), positive(3)
SAMPLES = [
    Sample("logaddexp", (A, P)),
    Sample("logaddexp2", (A, P)),
    Sample("xlogy", (A, P)),
    Sample("xlog1py", (A, P), torch_name="special.xlog1py"),
    Sample("entr", (P,), torch_name="special.entr"),
    Sample("logit", ((unit(2, 3) + 1) / 2,), rtol=1e-11),
    Sample("logit", ((unit(2, 3) + 1) / 2, 0.2), rtol=1e-11),
    Sample("sinc", (apart(2, 3),), rtol=1e-11),
    Sample("sinc", (apart(2, 3) * 9,), rtol=1e-11),
    Sample("_sinc_slope", (A,), {"order": 2}, torch_name=""),
]


def both(name: str, *arrays: list[float]) -> list[np.ndarray]:
    """Value and gradients in float64."""
    x = [tg.tensor(a, dtype=tg.float64, requires_grad=True) for a in arrays]
    y = OPS[name](*x)
    y.sum().backward()
    return [y.detach().numpy(), *(v.grad.numpy() for v in x)]


EDGES = {
    "xlogy": [[0, 0, 0, 2, 0, np.nan], [0, -1, np.nan, 0, np.inf, 1]],
    "xlog1py": [[0, 0, 0, 2, 0, np.nan], [-1, -2, np.nan, -1, np.inf, 1]],
    "entr": [[0, -1, np.nan, np.inf, 1]],
    "logaddexp": [[-np.inf, np.inf, 1000, np.nan], [1, 1, -1000, 0]],
    "sinc": [[0, 1, 1e-2, 30.5]],
    "logit": [[0, 1, 0.5, np.nan]],
}


@pytest.mark.parametrize("name", EDGES)
def test_edges_are_those_of_torch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in EDGES[name]]
    y = getattr(torch.special, name, None) or getattr(torch, name)
    y = y(*x)
    y.sum().backward()
    for ours, theirs in zip(both(name, *EDGES[name]), [y.detach(), *(v.grad for v in x)], strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-12, atol=1e-9)


def test_nothing_times_minus_infinity_is_nothing() -> None:
    assert both("xlogy", [0.0], [0.0])[0] == 0
    assert both("xlog1py", [0.0], [-1.0])[0] == 0
    assert both("entr", [0.0])[0] == 0
    assert tg.xlogy(2.0, tg.tensor([1.0])).item() == 0


def test_numbers_are_weak() -> None:
    x = tg.tensor([0.0, 3.0], requires_grad=True)
    for number, slope in ((2, np.log(2)), (0.5, np.log(0.5))):
        y = tg.xlogy(x, number)
        assert y.dtype is tg.float32
        np.testing.assert_allclose(y.detach(), [0, 3 * slope], rtol=1e-6)
        (g,) = tg.autograd.grad(y.sum(), x)
        np.testing.assert_allclose(g, [slope, slope], rtol=1e-6)
    (g,) = tg.autograd.grad(tg.xlogy(2, x + 1).sum(), x)
    np.testing.assert_allclose(g, [2, 0.5])
