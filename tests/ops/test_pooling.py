"""Windows along one dimension: the sample rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from contract import Sample, integers, normal

from tinygrad_mlp.ops.pooling import window_places

NOT_ELEMENTWISE: set[str] = set()

WINDOWS = [(-1, (2, 2, 0, 1, 3)), (-2, (3, 1, 1, 1, 4)), (-1, (2, 2, 1, 2, 3)), (-1, (3, 2, 1, 1, 4))]


def parts(x: Any, dim: int, window: Any) -> Any:
    """The windows of one dimension, along a new last one, by their definition; zeros are padded."""
    from torch import stack

    kernel, stride, padding, dilation, count = window
    x = x.movedim(dim, -1)
    slots = []
    for k in range(kernel):
        at = [o * stride - padding + k * dilation for o in range(count)]
        columns = [x[..., i] if 0 <= i < x.shape[-1] else x[..., 0] * 0 for i in at]
        slots.append(stack(columns, -1).movedim(-1, dim))
    return stack(slots, -1)


def picked(x: Any, places: Any, dim: int, window: Any) -> Any:
    return parts(x, dim, window).gather(-1, places.long().unsqueeze(-1)).squeeze(-1)


def placed(x: Any, dim: int, window: Any) -> Any:
    shifted = x + 100  # so that what is padded is less
    return parts(shifted, dim, window).argmax(-1).to(__import__("torch").uint8)


def adjoint(function: Any) -> Any:
    def of(g: Any, *more: Any, dim: int, window: Any, length: int) -> Any:
        import torch

        shape = list(g.shape)
        shape[dim] = length
        x = torch.zeros(shape, dtype=g.dtype, requires_grad=True)
        (slope,) = torch.autograd.grad((function(x, *more, dim=dim, window=window) * g).sum(), x, create_graph=True)
        return slope

    return of


def shape_of(dim: int, count: int) -> tuple[int, int, int]:
    return (2, count, 6) if dim == -2 else (2, 4, count)


SAMPLES = [
    row
    for dim, window in WINDOWS
    for options in ({"dim": dim, "window": window},)
    for back in ({**options, "length": 4 if dim == -2 else 6},)
    for x, g in ((normal(2, 4, 6), normal(*shape_of(dim, window[4]), seed=1)),)
    for places in (np.where(window[2], 1, integers(2, *g.shape)).astype(np.uint8),)
    for row in (
        Sample("window_places", (x,), options, torch_fn=placed),
        Sample("window_pick", (x, places), options, torch_fn=picked),
        Sample("window_unpick", (g, places), back, torch_fn=adjoint(picked)),
        Sample("window_sum", (x,), options, torch_fn=lambda x, **o: parts(x, **o).sum(-1)),
        Sample("window_unsum", (g,), back, torch_fn=adjoint(lambda x, **o: parts(x, **o).sum(-1))),
    )
]


def test_nothing_that_is_padded_is_the_largest() -> None:
    low = np.full(4, -np.inf)
    assert window_places(low, dim=-1, window=(3, 1, 1, 1, 4)).tolist() == [1, 0, 0, 0]
    assert window_places(np.array([-128, -128], np.int8), dim=-1, window=(2, 1, 1, 1, 3)).tolist() == [1, 0, 0]
    nan = np.array([np.nan, 1.0, np.nan, 2.0])
    assert window_places(nan, dim=-1, window=(2, 1, 0, 1, 3)).tolist() == [0, 1, 0]
    assert window_places(nan, dim=-1, window=(4, 1, 0, 1, 1)).tolist() == [2]
