"""Views by sizes and steps in memory: the sample rows, and what is special."""

from __future__ import annotations

from typing import Any

import pytest
from contract import Sample, normal

import tinygrad_mlp as tg

SAMPLES = [
    Sample("as_strided", (normal(4),), {"size": (3, 2), "stride": (1, 1)}),
    Sample("as_strided", (normal(2, 3),), {"size": (2, 2), "stride": (1, 3), "storage_offset": 1}),
    Sample("as_strided", (normal(2, 3),), {"size": (), "stride": ()}),
    Sample("strided_view", (normal(2, 3),), {"size": (2, 2), "stride": (2, 0), "start": 1}, torch_name=""),
]


def written(torch: Any) -> list[Any]:
    """What writes through a view leave, and their gradient."""
    x = torch.arange(6.0).requires_grad_()
    y = x * 1
    part = y.as_strided((2, 2), (3, 1), 1)
    part.mul_(10)
    y.sum().backward()
    tail = torch.arange(6)[2:]
    return [y.tolist(), x.grad.tolist(), tail.as_strided((2,), (2,)).tolist(), tail.as_strided((2,), (2,), 3).tolist()]


def test_writes_and_views_of_views() -> None:
    assert written(tg)[0] == [0.0, 10.0, 20.0, 3.0, 40.0, 50.0]
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    assert written(tg) == written(torch)


@pytest.mark.parametrize(("size", "stride"), [((2,), (1, 1)), ((7,), (1,)), ((2,), (-1,))])
def test_what_does_not_fit(size: Any, stride: Any) -> None:
    with pytest.raises(RuntimeError, match="as_strided: sizes"):
        tg.arange(6).as_strided(size, stride)
    with pytest.raises(RuntimeError, match="not contiguous"):
        tg.ones(2, 3).t().as_strided((1,), (1,))


def test_tensors_over_buffers() -> None:
    memory = bytearray(b"\x00\x00\x80?\x00\x00\x00@")
    x = tg.frombuffer(memory, dtype=tg.float32)
    assert x.tolist() == [1.0, 2.0]
    assert tg.frombuffer(memory, dtype=tg.float32, count=1, offset=4).tolist() == [2.0]
    x.zero_()
    assert memory == bytearray(8)
    for wrong in ({"count": 0}, {"count": 5}, {"offset": 9}):
        with pytest.raises(ValueError, match="buffer|offset"):
            tg.frombuffer(memory, dtype=tg.float32, **wrong)
