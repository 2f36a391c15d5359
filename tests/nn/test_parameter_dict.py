"""ParameterDict, held against PyTorch's."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest
from against_torch import assert_same_error, both

import tinygrad_mlp as tg
from tinygrad_mlp import nn


def said(torch: Any) -> list[Any]:
    """What the same calls give."""
    p = torch.nn.ParameterDict({"right": torch.ones(2, 3), "left": torch.nn.Parameter(torch.zeros(1).double()), "n": 3})
    seen: list[Any] = [repr(p), list(p), list(p.state_dict()), [n for n, _ in p.named_parameters()], len(p), "left" in p]
    p["new"] = torch.ones(4)
    seen += [
        type(p["new"]).__name__,
        list(reversed(p)),
        p.get("none", 5),
        p.setdefault("other", torch.ones(1)).requires_grad,
    ]
    seen += [[key for key, _ in p.items()], len(list(p.values())), list(p.keys()), p.pop("n"), p.popitem()[0]]
    q = p.copy()
    q |= torch.nn.ParameterDict(OrderedDict(z=torch.ones(1), a=torch.ones(1)))
    seen += [list(q), list(p), list(p | q), list(p.fromkeys(["x", "y"], torch.ones(1)))]
    p.update([("pair", torch.ones(2))])
    del p["left"]
    seen += [list(p), repr(p)]
    p.clear()
    return [*seen, len(p), repr(p)]


def test_like_pytorch() -> None:
    ours, theirs = map(said, both())
    for mine, other in zip(ours, theirs, strict=True):
        assert mine == other


def test_parameters_are_found_and_trained() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights = nn.ParameterDict({"a": tg.ones(2), "b": tg.ones(2)})

        def forward(self, x: Any, name: str) -> Any:
            return (self.weights[name] * x).sum()

    model = Model()
    assert list(model.state_dict()) == ["weights.a", "weights.b"]
    model(tg.tensor([1.0, 2.0]), "b").backward()
    assert model.weights["b"].grad.tolist() == [1, 2]
    assert model.weights["a"].grad is None


@pytest.mark.parametrize(
    "code",
    [
        lambda torch: torch.nn.ParameterDict(3),
        lambda torch: torch.nn.ParameterDict([("a", 1, 2)]),
        lambda torch: torch.nn.ParameterDict([3]),
        lambda torch: torch.nn.ParameterDict({"a": torch.ones(1)})["b"],
        lambda torch: torch.nn.ParameterDict().__setitem__(3, torch.ones(1)),
    ],
)
def test_errors(code: Any) -> None:
    assert_same_error(code, "")


def test_bad_input_is_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'b'"):
        nn.ParameterDict()["b"]
    with pytest.raises(TypeError, match="iterable of key/value pairs"):
        nn.ParameterDict(3)
