"""What scripts ask of a tensor in passing, held against PyTorch."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_mlp as tg

NAMES = [
    "is_sparse", "is_quantized", "is_meta", "is_mps", "is_cpu", "is_xpu", "is_nested", "layout", "output_nr", "name",
    "is_complex", "is_conj", "is_neg", "is_signed", "is_shared", "storage_offset", "nbytes", "itemsize", "is_cuda",
]  # fmt: skip


def answers(torch: Any) -> list[Any]:
    """What tensors say."""
    found: list[Any] = []
    for x in (torch.ones(3), torch.tensor([1, 2], dtype=torch.uint8), torch.arange(6).reshape(2, 3)[1, 1:]):
        values = [getattr(x, name) for name in NAMES]
        found += [str(value() if callable(value) else value) for value in values]
        found += [x.conj().tolist(), x.real.tolist(), x.is_same_size(x), x.is_set_to(x), x.is_set_to(x.clone())]
        found += [
            torch.is_complex(x),
            torch.is_signed(x),
            torch.is_same_size(x, x),
            torch.is_inference(x),
            torch.is_storage(x),
        ]
        found += [x.clone().apply_(lambda v: v + 1).tolist(), x.clone().map_(x, lambda a, b: a * b).tolist()]
        found += [torch.is_nonzero(x[:1]), torch.detach(x).tolist(), torch.resolve_conj(x).tolist()]
    return found


def test_as_in_torch() -> None:
    ours = answers(tg)
    assert ours[NAMES.index("layout")] == "torch.strided"
    assert len(ours) > 60
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    assert ours == answers(torch)


def test_conjugates() -> None:
    x = tg.arange(6).reshape(2, 3)
    assert x.H.tolist() == x.mH.tolist() == x.adjoint().tolist() == x.t().tolist()
    with pytest.raises(RuntimeError, match="only supported on matrices"):
        _ = tg.ones(2, 2, 2).H
    with pytest.raises(RuntimeError, match="bfloat16 is not available"):
        x.bfloat16()


def test_what_is_refused() -> None:
    with pytest.raises(TypeError, match="requires grad"):
        tg.ones(2, requires_grad=True).apply_(abs)
    with pytest.raises(RuntimeError, match="ambiguous"):
        tg.is_nonzero(tg.ones(2))
    with pytest.raises(TypeError, match=r"is_complex\(\): argument 'input' must be Tensor, not int"):
        tg.is_complex(3)  # type: ignore[arg-type] # what is tested
