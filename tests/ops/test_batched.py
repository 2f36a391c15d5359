"""Products of matrices, one for each of a batch: the sample rows, and that an expanded factor is not copied."""

from __future__ import annotations

import numpy as np
from contract import Sample, normal

import tinygrad_mlp as tg
from tinygrad_mlp.ops.batched import batch_product

SAMPLES = [
    Sample("batch_product", (normal(3, 2, 4), normal(3, 4, 5)), torch_name="bmm"),
    Sample("batch_product", (normal(3, 2, 1), normal(3, 1, 5)), torch_name="bmm"),
    Sample("batch_product", (normal(1, 2, 3), normal(1, 3, 2)), torch_name="bmm"),
]


def test_an_expanded_factor_is_one_matrix() -> None:
    x, w = tg.tensor(normal(4, 2, 3)), tg.tensor(normal(3, 5)).requires_grad_()
    y = batch_product(x, w.expand(4, 3, 5))
    np.testing.assert_allclose(y.detach().numpy(), x.numpy() @ w.detach().numpy(), rtol=1e-12)
    y.sum().backward()
    assert w.grad is not None
    z = batch_product(w.expand(4, 3, 5).mT, x.mT)
    np.testing.assert_allclose(z.detach().numpy(), (x.numpy() @ w.detach().numpy()).swapaxes(1, 2), rtol=1e-12)
    np.testing.assert_allclose(w.grad.numpy(), np.tile(x.numpy().sum((0, 1))[:, None], 5), rtol=1e-12)
