"""Sequential, ModuleList, ModuleDict, ParameterList, held against PyTorch's where it is installed."""

from __future__ import annotations

from collections import OrderedDict
from types import ModuleType
from typing import Any

import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import nn


@pytest.fixture
def torch() -> ModuleType:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def layers(lib: ModuleType, *sizes: int) -> list[Any]:
    return [lib.nn.Linear(n, n) for n in sizes]


def edited(lib: ModuleType, kind: str, edit: str) -> Any:
    """A container of one kind after one edit; its repr shows what it is."""
    make = lib.nn.Sequential if kind == "Sequential" else lambda *modules: lib.nn.ModuleList(modules)
    c = make(*layers(lib, 1, 2, 3))
    extra = lib.nn.ReLU()
    if edit == "append":
        assert c.append(extra) is c
    elif edit == "extend":
        assert c.extend([extra, lib.nn.Tanh()]) is c
    elif edit == "insert":
        c.insert(1, extra)
    elif edit == "insert first":
        c.insert(0, extra)
    elif edit == "set":
        c[1] = extra
    elif edit == "set last":
        c[-1] = extra
    elif edit == "del":
        del c[0]
    elif edit == "del slice":
        del c[0:2]
    elif edit == "pop":
        return c.pop(1), c
    elif edit == "slice":
        return c[1:]
    elif edit == "step":
        return c[::2]
    elif edit == "add":
        return c + make(extra)
    elif edit == "iadd":
        c += make(extra)
    elif edit == "iter":
        return list(c), len(c)
    elif edit == "index":
        return c[-1], c[0]
    elif edit == "out of range":
        return c[3]
    elif edit == "out of range below":
        return c[-4]
    elif edit == "append number":
        c.append(1)
    elif edit == "extend number":
        c.extend(1)
    elif edit == "del out of range":
        del c[5]
    elif edit == "add number":
        return c + 1
    return c


EDITS = [
    "append",
    "extend",
    "insert",
    "insert first",
    "set",
    "set last",
    "del",
    "del slice",
    "pop",
    "slice",
    "step",
    "add",
    "iadd",
    "iter",
    "index",
    "out of range",
    "out of range below",
    "append number",
    "extend number",
    "del out of range",
    "add number",
]


def outcome(function: Any) -> str:
    """The repr of what a call returns, or the name of the built-in exception it raises."""
    try:
        return repr(function())
    except Exception as error:
        return next(c.__name__ for c in type(error).__mro__ if c.__module__ == "builtins")


@pytest.mark.parametrize("kind", ["Sequential", "ModuleList"])
@pytest.mark.parametrize("edit", EDITS)
def test_edits_equal_pytorch(torch: ModuleType, kind: str, edit: str) -> None:
    theirs, ours = (outcome(lambda lib=lib: edited(lib, kind, edit)) for lib in (torch, tg))
    assert ours == theirs


def test_sequential_applies_in_order() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    x = tg.randn(4, 2)
    assert net(x).equal(net[2](net[1](net[0](x))))
    assert net[:2](x).equal(net[1](net[0](x)))
    assert nn.Sequential()(x) is x


def test_sequential_by_name(torch: ModuleType) -> None:
    for lib in (torch, tg):
        net = lib.nn.Sequential(OrderedDict([("first", lib.nn.Linear(2, 3)), ("last", lib.nn.ReLU())]))
        assert net.first is net[0]
        assert list(net.state_dict()) == ["first.weight", "first.bias"]
        assert list(net[:1].state_dict()) == ["first.weight", "first.bias"]


def test_slices_share_their_modules_and_keep_their_names() -> None:
    net = nn.Sequential(*layers(tg, 2, 2, 2))
    assert net[1:][0] is net[1]
    assert list(net[2:].state_dict()) == ["2.weight", "2.bias"]
    assert list(nn.ModuleList(net)[2:].state_dict()) == ["0.weight", "0.bias"]


def test_wrong_entries_are_named() -> None:
    with pytest.raises(TypeError, match="'int' object"):
        nn.Sequential(1)
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        nn.ModuleList().insert(0, 1)
    with pytest.raises(IndexError, match="index 1 is out of range: there are 1 modules"):
        nn.Sequential(nn.Identity())[1]
    with pytest.raises(IndexError, match="Index out of range: 2"):
        nn.ModuleList().insert(2, nn.Identity())
    with pytest.raises(NotImplementedError, match=r"Module \[ModuleList\]"):
        nn.ModuleList()(1)


@pytest.mark.parametrize("sizes", [(), (1,), (1, 1), (1, 1, 2, 2, 2, 1), (1, 2, 3)])
def test_module_list_repr_groups_equal_layers(torch: ModuleType, sizes: tuple[int, ...]) -> None:
    theirs, ours = (repr(lib.nn.ModuleList(layers(lib, *sizes))) for lib in (torch, tg))
    assert ours == theirs
    nested = [repr(lib.nn.ModuleList(lib.nn.Sequential(*layers(lib, 1, 1)) for _ in range(3))) for lib in (torch, tg)]
    assert nested[0] == nested[1]


def test_module_list_registers() -> None:
    blocks = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    assert len(list(blocks.parameters())) == 6
    assert list(blocks.state_dict())[:2] == ["0.weight", "0.bias"]


def dict_story(lib: ModuleType) -> list[Any]:
    a, b, c = layers(lib, 1, 2, 3)
    d = lib.nn.ModuleDict({"a": a, "b": b})
    story: list[Any] = [repr(d), len(d), "a" in d, "z" in d, list(d), list(d.keys())]
    d["c"] = c
    story += [d["c"] is c, d.c is c, d.pop("a") is a, [k for k, _ in d.items()], [m is b for m in d.values()]]
    d.update([("b", c), ("e", a)])
    story += [list(d), d["b"] is c, list(d.state_dict())]
    del d["b"]
    story.append(repr(d))
    story += [outcome(lambda: d["z"]), outcome(lambda: d.update(1)), outcome(lambda: d.__setitem__("x", 1))]
    story += [outcome(lambda: d.__setitem__("keys", a)), outcome(lambda: d.__setitem__("x.y", a))]
    d.clear()
    story.append(repr(d))
    return story


def test_module_dict_equals_pytorch(torch: ModuleType) -> None:
    assert dict_story(tg) == dict_story(torch)


def test_parameter_list(torch: ModuleType) -> None:
    for lib in (torch, tg):
        p = lib.nn.Parameter(lib.ones(2, 3))
        ps = lib.nn.ParameterList([p, lib.zeros(4)])
        ps += [lib.ones(1)]
        ps.append(lib.ones(5))
        assert ps[0] is p
        assert all(isinstance(q, lib.nn.Parameter) for q in ps)
        assert [tuple(q.shape) for q in ps[1:]] == [(4,), (1,), (5,)]
        ps[1] = lib.ones(7)
        assert len(ps) == 4
        assert ps[1].shape == ps[-3].shape == (7,)
        assert list(ps.state_dict()) == ["0", "1", "2", "3"]
        with pytest.raises(IndexError):
            ps[9]
        with pytest.raises(TypeError):
            ps.extend(1)
    ours, theirs = (repr(lib.nn.ParameterList([lib.ones(2, 3), lib.tensor(1.0)])) for lib in (tg, torch))
    assert ours.replace("tinygrad_mlp.", "torch.") == theirs


def test_an_index_is_an_integer() -> None:
    for container in (nn.Sequential(nn.ReLU()), nn.ModuleList([nn.ReLU()])):
        with pytest.raises(TypeError, match="'str' object cannot be interpreted as an integer"):
            container["0"]  # type: ignore[call-overload]
