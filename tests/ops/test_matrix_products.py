"""Products of several matrices and of tensors, and sums with products: the sample rows, and what is special."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from contract import Sample, integers, normal

import tinygrad_mlp as tg
from tinygrad_mlp.core.primitive import OPS

SAMPLES = [
    *[
        Sample("tensordot", (normal(*a), normal(*b)), {"dims": dims}, rtol=1e-11)
        for a, b, dims in [
            ((2, 3), (3, 4), 1),
            ((2, 3), (4,), 0),
            ((2, 3, 4), (4, 3, 5), ([1, 2], [1, 0])),
            ((2, 3), (2, 3), 2),
        ]
    ],
    *[
        Sample("kron", (normal(*a), normal(*b)))
        for a, b in [((2, 3), (3, 2)), ((2,), (3, 2)), ((2, 1, 3), (2,)), ((), (2,))]
    ],
    Sample("vdot", (normal(3), normal(3, seed=1))),
    Sample("vecdot", (normal(2, 3), normal(3)), torch_name="linalg.vecdot"),
    Sample("vecdot", (normal(3, 2), normal(3, 1)), {"dim": 0}, torch_name="linalg.vecdot"),
    Sample("cross", (normal(2, 3), normal(2, 3, seed=1)), {"dim": 1}),
    Sample("linalg_cross", (normal(2, 3), normal(1, 3, seed=1)), torch_name="linalg.cross"),
    Sample("linalg_vander", (normal(2, 3),), torch_name="linalg.vander"),
    Sample("linalg_vander", (integers(4, 3),), {"N": 4}, torch_name="linalg.vander"),
    *[Sample("vander", (integers(5, 3),), {"N": n, "increasing": up}) for n in (None, 0, 1, 4) for up in (False, True)],
    Sample("vander", (normal(3),), torch_name=""),  # PyTorch 2.13 cannot differentiate it
    *[
        Sample(
            "multi_dot",
            tuple(normal(*shape, seed=k) for k, shape in enumerate(shapes)),
            call=lambda *xs: OPS["multi_dot"](list(xs)),
            torch_fn=lambda *xs: pytest.importorskip("torch").linalg.multi_dot(list(xs)),
            rtol=1e-11,
        )
        for shapes in (((2, 3), (3, 4)), ((2, 3), (3, 1), (1, 4), (4, 2)), ((3,), (3, 2), (2,)), ((2, 2), (2, 3), (3,)))
    ],
    Sample("chain_matmul", (normal(2, 3), normal(3, 2), normal(2, 2)), torch_name="", rtol=1e-11),
    Sample("baddbmm", (normal(2, 1, 4), normal(2, 2, 3), normal(2, 3, 4)), {"beta": 0.5, "alpha": 2}),
    Sample("addbmm", (normal(2, 4), normal(2, 2, 3), normal(2, 3, 4)), {"beta": 0}),
    Sample("addmv", (normal(2), normal(2, 3), normal(3))),
    Sample("addr", (normal(1, 3), normal(2), normal(3)), {"alpha": 2}),
    Sample("ger", (normal(2), normal(3))),
    Sample("matrix_norm", (normal(2, 3, 2),), torch_name="linalg.matrix_norm"),
    Sample("matrix_norm", (normal(2, 3, 2), 2, (0, 2), True), torch_name="linalg.matrix_norm", rtol=1e-9),
    Sample("linalg_diagonal", (normal(2, 3, 4),), {"offset": 1}, torch_name="linalg.diagonal"),
]


def test_a_chain_is_multiplied_in_the_cheapest_order() -> None:
    from tinygrad_mlp.ops.matrix_products import _cheapest

    cut = _cheapest([50, 2, 50, 2, 50])
    assert cut[0][3] == 0  # A (...): 2 rows remain
    chain = [tg.tensor(normal(m, n)) for m, n in itertools.pairwise([5, 2, 5, 2, 5])]
    np.testing.assert_allclose(
        tg.linalg.multi_dot(chain).numpy(), np.linalg.multi_dot([x.numpy() for x in chain]), atol=1e-12
    )


def test_what_does_not_fit_is_refused() -> None:
    x = tg.ones(2, 3)
    for call in (
        lambda: tg.tensordot(x, x, dims=1),
        lambda: tg.tensordot(x, x, dims=-1),
        lambda: tg.tensordot(x, x, dims=([0, 1], [0])),
        lambda: tg.linalg.cross(tg.ones(2), tg.ones(2)),
        lambda: tg.cross(tg.ones(2), tg.ones(2)),
        lambda: tg.linalg.multi_dot([x]),
        lambda: tg.linalg.multi_dot([x, x]),
        lambda: tg.linalg.multi_dot([x, tg.ones(3), x]),
        lambda: tg.chain_matmul(),
        lambda: tg.vander(x),
        lambda: tg.vander(tg.ones(2), N=-1),
        lambda: tg.linalg.vander(x, N=1),
        lambda: tg.addmv(tg.ones(2), x.double(), tg.ones(3)),
        lambda: tg.addr(x.long(), tg.ones(2).long(), tg.ones(3).long(), beta=0.5),
        lambda: tg.linalg.matrix_norm(tg.ones(3)),
        lambda: tg.linalg.matrix_norm(x, dim=(0, 1, 2)),
    ):
        with pytest.raises(RuntimeError):
            call()
