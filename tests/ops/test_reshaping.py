"""Tensors that get another shape in place."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_mlp as tg

FORMS = {
    "unsqueeze_": ("unsqueeze", (1,)),
    "squeeze_": ("squeeze", ()),
    "t_": ("t", ()),
    "transpose_": ("transpose", (0, 1)),
    "swapaxes_": ("swapaxes", (0, 1)),
}


@pytest.mark.parametrize("name", FORMS)
def test_the_tensor_itself_becomes_the_view(name: str) -> None:
    operation, args = FORMS[name]
    x = tg.arange(3.0).reshape(1, 3)
    whole = x[:]
    expected = getattr(x, operation)(*args)
    assert getattr(x, name)(*args) is x
    assert x.shape == expected.shape
    assert x.tolist() == expected.tolist()
    assert x.data_ptr() == whole.data_ptr()
    x.zero_()
    assert whole.tolist() == [[0.0, 0.0, 0.0]]


def grads(torch: Any) -> list[Any]:
    """Gradients through tensors and views that got another shape."""
    found = []
    for change in (lambda y: y.unsqueeze_(0), lambda y: y.t_(), lambda y: y.transpose_(0, 1).mul_(2)):
        w = torch.arange(4.0).reshape(2, 2).requires_grad_()
        y = w * torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        change(y)
        (y * torch.tensor([1.0, 10.0])).sum().backward()
        found.append(w.grad.tolist())
    w = torch.ones(2, 2, requires_grad=True)
    y = w * 1
    part = y[0]
    part.unsqueeze_(0)
    part.mul_(3)
    y.sum().backward()
    return [*found, w.grad.tolist(), part.shape == (1, 2)]


def test_gradients() -> None:
    assert grads(tg)[3] == [[3.0, 3.0], [1.0, 1.0]]
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    assert grads(tg) == grads(torch)


def test_what_cannot_be_followed_is_refused() -> None:
    y = tg.ones(2, 2, requires_grad=True) * 1
    row = y[0]
    y.t_()
    with pytest.raises(RuntimeError, match="another shape since"):
        row.mul_(3)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        tg.ones(2, 2, requires_grad=True).t_()
    with pytest.raises(RuntimeError, match="cannot resize variables that require grad"):
        tg.ones(2, requires_grad=True).resize_(3)
    with pytest.raises(RuntimeError, match="must not be negative"):
        tg.ones(2).resize_(-1)


def test_sizes_in_place() -> None:
    x = tg.arange(6)
    assert x.resize_(2, 2).tolist() == [[0, 1], [2, 3]]
    assert x.resize_((3, 2)).tolist()[:2] == [[0, 1], [2, 3]]
    assert x.resize_as_(tg.ones(1)).tolist() == [0]
    source = tg.ones(3)
    assert tg.zeros(1).set_(source).data_ptr() == source.data_ptr()
    with pytest.raises(RuntimeError, match="dtype of 'source'"):
        tg.zeros(1).set_(tg.arange(2))


def test_a_compiled_step_that_reshapes() -> None:
    def step(x: Any) -> Any:
        y = x * 2
        y.unsqueeze_(0)
        return y.sum(1)

    compiled = tg.compile(step)
    for k in range(4):
        assert compiled(tg.full((2,), float(k))).tolist() == step(tg.full((2,), float(k))).tolist()
