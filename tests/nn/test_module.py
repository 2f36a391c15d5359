"""Module: registration, traversal, state, hooks; each held against PyTorch's where it is installed."""

from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.errors import ArgumentError, DeviceError, InplaceError, StateDictError


@pytest.fixture
def torch() -> ModuleType:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def both(torch: ModuleType) -> list[ModuleType]:
    return [torch, tg]


def make_net(lib: ModuleType) -> Any:
    """The same model in either library: nested, with buffers, a shared layer and a parameter that is None."""

    class Block(lib.nn.Module):
        def __init__(self, shared: Any) -> None:
            super().__init__()
            self.shared = shared
            self.register_buffer("scratch", lib.zeros(2), persistent=False)
            self.register_buffer("steps", lib.tensor(3))
            self.scale = lib.nn.Parameter(lib.tensor([2.0, 3.0]))
            self.register_parameter("shift", None)
            self.last = None

        def forward(self, x: Any) -> Any:
            return self.shared(x) * self.scale

    class Net(lib.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = lib.nn.Parameter(lib.tensor(1.0))
            shared = lib.nn.Linear(2, 2)
            self.blocks = lib.nn.Sequential(Block(shared), Block(shared))
            self.head = lib.nn.Linear(2, 1, bias=False)
            self.act = lib.nn.ReLU()

        def forward(self, x: Any) -> Any:
            return self.head(self.act(self.blocks(x))) * self.scale

    return Net()


def outcome(function: Any) -> Any:
    """What a call returns, or the built-in exception class it raises with."""
    try:
        return function()
    except Exception as error:
        return next(c for c in type(error).__mro__ if c.__module__ == "builtins")


# ------------------------------------------------------------------------------------------------ registration


def test_parameters_buffers_and_modules_are_found_by_name() -> None:
    net = make_net(tg)
    assert [name for name, _ in net.named_parameters()] == [
        "scale",
        "blocks.0.scale",
        "blocks.0.shared.weight",
        "blocks.0.shared.bias",
        "blocks.1.scale",
        "head.weight",
    ]
    assert net.blocks[0].scale.tolist() == [2.0, 3.0]
    assert net.blocks[0].shift is None
    assert net.blocks[0].last is None
    assert net.blocks[0].steps.item() == 3


@pytest.mark.parametrize("what", ["named_parameters", "named_buffers", "named_modules"])
@pytest.mark.parametrize("remove_duplicate", [True, False])
def test_traversal_equals_pytorch(torch: ModuleType, what: str, remove_duplicate: bool) -> None:
    names = [
        [n for n, _ in getattr(make_net(lib), what)(prefix="p", remove_duplicate=remove_duplicate)] for lib in both(torch)
    ]
    assert names[0] == names[1]
    assert len(names[0]) > 3


def test_children_and_modules_equal_pytorch(torch: ModuleType) -> None:
    for what in ("children", "modules"):
        kinds = [[type(m).__name__ for m in getattr(make_net(lib), what)()] for lib in both(torch)]
        assert kinds[0] == kinds[1]
    own = [[n for n, _ in make_net(lib).named_parameters(recurse=False)] for lib in both(torch)]
    assert own[0] == own[1] == ["scale"]
    assert [len(list(make_net(lib).buffers())) for lib in both(torch)] == [4, 4]
    assert [[n for n, _ in make_net(lib).named_children()] for lib in both(torch)] == [["blocks", "head", "act"]] * 2


def registration_attempts(lib: ModuleType) -> dict[str, Any]:
    class NoInit(lib.nn.Module):
        def __init__(self, value: Any) -> None:
            self.value = value

    class NoInitRegister(lib.nn.Module):
        def __init__(self) -> None:
            self.register_buffer("x", lib.ones(2))

    def linear() -> Any:
        return lib.nn.Linear(2, 2)

    return {
        "parameter before init": lambda: NoInit(lib.nn.Parameter(lib.ones(2))),
        "module before init": lambda: NoInit(linear()),
        "buffer before init": NoInitRegister,
        "missing attribute": lambda: linear().nothing,
        "delete missing": lambda: delattr(linear(), "nothing"),
        "number as parameter": lambda: setattr(linear(), "weight", 3),
        "tensor as parameter": lambda: setattr(linear(), "weight", lib.ones(2, 2)),
        "module as parameter": lambda: setattr(linear(), "weight", linear()),
        "number as module": lambda: setattr(lib.nn.Sequential(linear()), "0", 3),
        "number as buffer": lambda: setattr(lib.nn.BatchNorm1d(2), "running_mean", 3),
        "parameter name with dot": lambda: linear().register_parameter("a.b", None),
        "empty parameter name": lambda: linear().register_parameter("", None),
        "taken parameter name": lambda: linear().register_parameter("forward", None),
        "parameter name no string": lambda: linear().register_parameter(1, None),
        "tensor registered as parameter": lambda: linear().register_parameter("p", lib.ones(2)),
        "buffer name with dot": lambda: linear().register_buffer("a.b", None),
        "taken buffer name": lambda: linear().register_buffer("weight", None),
        "number registered as buffer": lambda: linear().register_buffer("b", 1),
        "module name with dot": lambda: linear().add_module("a.b", linear()),
        "taken module name": lambda: linear().add_module("forward", linear()),
        "number registered as module": lambda: linear().add_module("m", 1),
        "no such submodule": lambda: linear().get_submodule("a.b"),
        "parameter as submodule": lambda: linear().get_submodule("weight"),
        "no such parameter": lambda: linear().get_parameter("a"),
        "method as parameter": lambda: linear().get_parameter("forward"),
        "parameter as buffer": lambda: linear().get_buffer("weight"),
        "no forward": lambda: lib.nn.Module()(1),
        "train with a number": lambda: linear().train(1),
        "to an integer dtype": lambda: linear().to(lib.int64),
        "integer parameter": lambda: lib.nn.Parameter(lib.tensor([1])),
        "state_dict that is a list": lambda: linear().load_state_dict([1]),
        "state_dict of numbers": lambda: linear().load_state_dict({"weight": 1, "bias": 2}),
    }


@pytest.mark.parametrize("case", registration_attempts(tg))
def test_wrong_use_raises_what_pytorch_raises(torch: ModuleType, case: str) -> None:
    theirs, ours = (outcome(registration_attempts(lib)[case]) for lib in both(torch))
    assert isinstance(theirs, type)
    assert ours is theirs


def test_messages_of_wrong_use() -> None:
    layer = nn.Linear(2, 2)
    with pytest.raises(AttributeError, match="'Linear' object has no attribute 'nothing'"):
        _ = layer.nothing
    with pytest.raises(ArgumentError, match="cannot assign 'Tensor' as parameter 'weight' of Linear"):
        layer.weight = tg.ones(2, 2)
    with pytest.raises(KeyError, match="attribute 'forward' already exists"):
        layer.register_parameter("forward", None)

    class Half(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match=r'Module \[Half\] is missing the required "forward" function'):
        Half()(1)

    class NoInit(nn.Module):
        def __init__(self) -> None:
            self.w = nn.Parameter(tg.ones(1))

    with pytest.raises(AttributeError, match=r"cannot assign parameters before Module.__init__\(\) call.*NoInit"):
        NoInit()


def test_attributes_change_their_kind() -> None:
    module = nn.Module()
    module.x = 1
    module.x = nn.Parameter(tg.ones(2))
    assert "x" not in module.__dict__
    assert list(module.state_dict()) == ["x"]
    module.x = None
    assert module.x is None
    assert list(module.parameters()) == []
    del module.x
    module.x = nn.Linear(1, 1)
    assert [n for n, _ in module.named_children()] == ["x"]
    del module.x
    assert not hasattr(module, "x")
    module.x = nn.Buffer(tg.ones(1), persistent=False)
    assert list(module.state_dict()) == []
    module.x = tg.zeros(1)  # a plain tensor takes the buffer's place
    assert [n for n, _ in module.named_buffers()] == ["x"]
    module.x = nn.Parameter(tg.ones(1))
    assert list(module.state_dict()) == ["x"]
    assert list(module.buffers()) == []


def test_a_weight_may_be_replaced_by_a_computed_tensor() -> None:
    layer = nn.Linear(2, 1, bias=False)
    raw = nn.Parameter(tg.ones(1, 2))
    del layer.weight
    layer.weight = raw * 3
    layer(tg.ones(1, 2)).sum().backward()
    assert raw.grad is not None
    assert raw.grad.tolist() == [[3.0, 3.0]]


def test_dir_lists_what_is_registered() -> None:
    names = dir(nn.Sequential(nn.BatchNorm1d(2))[0])
    assert {"weight", "running_mean", "forward"} <= set(names)
    assert "0" not in dir(nn.Sequential(nn.Identity()))


def test_get_by_dotted_name() -> None:
    net = make_net(tg)
    assert net.get_submodule("") is net
    assert net.get_submodule("blocks.1.shared") is net.blocks[0].shared
    assert net.get_parameter("head.weight") is net.head.weight
    assert net.get_buffer("blocks.0.steps") is net.blocks[0].steps


# ------------------------------------------------------------------------------------------------ Parameter, Buffer


def test_results_of_a_parameter_are_plain_tensors() -> None:
    p = nn.Parameter(tg.ones(2))
    for result in (p + 1, p * p, p.detach(), p.data, p.clone(), p[0], p.reshape(1, 2)):
        assert type(result) is tg.Tensor
    assert p.is_leaf
    assert p.requires_grad


def test_parameter_shares_memory_and_forgets_history() -> None:
    x = tg.ones(2, requires_grad=True)
    p = nn.Parameter(x * 2)
    assert p.is_leaf
    data = tg.zeros(2)
    q = nn.Parameter(data, requires_grad=False)
    data.fill_(5)
    assert q.tolist() == [5.0, 5.0]
    assert not q.requires_grad
    assert nn.Parameter().shape == (0,)
    with pytest.raises(ArgumentError, match=r"Parameter\(\) expects a Tensor, got list"):
        nn.Parameter([1.0])


def test_reprs_equal_pytorch(torch: ModuleType) -> None:
    theirs, ours = (repr(lib.nn.Parameter(lib.tensor([[1.0, 2.5]]))) for lib in both(torch))
    assert ours == theirs
    assert repr(make_net(tg)) == repr(make_net(torch))
    assert repr(tg.nn.Module()) == repr(torch.nn.Module())


def test_repr_of_a_module_with_options_and_children(torch: ModuleType) -> None:
    def make(lib: ModuleType) -> Any:
        class Odd(lib.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.inner = lib.nn.Sequential(lib.nn.Linear(1, 2))
                self.nothing = lib.nn.Identity()
                self.nothing = None

            def extra_repr(self) -> str:
                return "first line\nsecond line"

        return Odd()

    assert repr(make(tg)) == repr(make(torch))


def test_deepcopy_keeps_sharing_class_and_flags() -> None:
    net = make_net(tg)
    net.head.weight.requires_grad_(False)
    net(tg.ones(3, 2)).sum().backward()
    twin = copy.deepcopy(net)
    assert twin.blocks[0].shared is twin.blocks[1].shared
    assert twin.blocks[0].shared is not net.blocks[0].shared
    assert isinstance(twin.scale, nn.Parameter)
    assert twin.scale.grad is None
    assert not twin.head.weight.requires_grad
    assert repr(twin) == repr(net)
    with tg.no_grad():
        twin.scale.add_(1)
    assert net.scale.item() == 1.0
    twin(tg.ones(3, 2)).sum().backward()
    assert twin.scale.grad is not None


def test_deepcopy_of_tied_parameters_and_buffers() -> None:
    module = nn.Module()
    module.a = nn.Parameter(tg.ones(2))
    module.b = module.a
    module.c = nn.Buffer(tg.ones(2), persistent=False)
    twin = copy.deepcopy(module)
    assert twin.a is twin.b
    assert isinstance(twin.c, nn.Buffer)
    assert not twin.c.persistent
    assert list(twin.state_dict()) == ["a", "b"]


# ------------------------------------------------------------------------------------------------ state_dict


def test_state_dict_keys_and_order_equal_pytorch(torch: ModuleType) -> None:
    theirs, ours = (list(make_net(lib).state_dict()) for lib in both(torch))
    assert ours == theirs


def test_state_dict_is_detached_and_shares_memory() -> None:
    layer = nn.Linear(2, 2)
    state = layer.state_dict()
    assert type(state["weight"]) is tg.Tensor
    assert not state["weight"].requires_grad
    state["weight"].fill_(7)
    assert layer.weight.detach().tolist() == [[7.0, 7.0], [7.0, 7.0]]
    assert layer.state_dict(keep_vars=True)["weight"] is layer.weight
    filled: dict[str, Any] = {"other": 1}
    assert layer.state_dict(destination=filled, prefix="p.") is filled
    assert list(filled) == ["other", "p.weight", "p.bias"]


def test_state_dicts_go_to_and_fro(torch: ModuleType) -> None:
    torch.manual_seed(0)
    theirs, ours = make_net(torch).double(), make_net(tg).double()
    keys = ours.load_state_dict({k: tg.from_numpy(v.numpy()) for k, v in theirs.state_dict().items()})
    assert repr(keys) == "<All keys matched successfully>"
    x = np.random.default_rng(0).standard_normal((4, 2))
    np.testing.assert_allclose(ours(tg.from_numpy(x)).detach(), theirs(torch.from_numpy(x)).detach(), rtol=1e-10, atol=1e-14)
    with tg.no_grad():
        ours.scale.fill_(5)
    theirs.load_state_dict({k: torch.from_numpy(v.numpy()) for k, v in ours.state_dict().items()})
    assert theirs.scale.item() == 5


def wrong_state(lib: ModuleType) -> dict[str, Any]:
    state = make_net(lib).state_dict()
    del state["head.weight"], state["blocks.0.steps"]
    state["extra"], state["blocks.0.more"] = lib.ones(1), lib.ones(1)
    state["scale"] = lib.ones(3)
    state["blocks.1.scale"] = lib.ones(2, 1)
    return state


def test_all_problems_of_a_state_dict_are_listed_and_nothing_is_loaded() -> None:
    net = make_net(tg)
    state = wrong_state(tg)
    state["blocks.0.scale"] = tg.tensor([9.0, 9.0])
    with pytest.raises(StateDictError) as caught:
        net.load_state_dict(state)
    text = str(caught.value)
    assert text.startswith("Error(s) in loading state_dict for Net:\n\t")
    assert 'Missing key(s) in state_dict: "blocks.0.steps", "head.weight". ' in text
    assert 'Unexpected key(s) in state_dict: "extra", "blocks.0.more". ' in text
    assert "size mismatch for scale: copying a param with shape torch.Size([3]) from checkpoint" in text
    assert "size mismatch for blocks.1.scale" in text
    assert net.blocks[0].scale.tolist() == [2.0, 3.0]


def test_the_error_text_equals_pytorch(torch: ModuleType) -> None:
    texts = []
    for lib in both(torch):
        with pytest.raises(RuntimeError) as caught:
            make_net(lib).load_state_dict(wrong_state(lib))
        texts.append(sorted(str(caught.value).replace('"blocks.0.more", "extra"', '"extra", "blocks.0.more"').split("\n\t")))
    assert texts[0] == texts[1]


def test_not_strict_returns_the_keys(torch: ModuleType) -> None:
    results = []
    for lib in both(torch):
        state = wrong_state(lib)
        del state["scale"], state["blocks.1.scale"]
        keys = make_net(lib).load_state_dict(state, strict=False)
        results.append((sorted(keys.missing_keys), sorted(keys.unexpected_keys)))
    assert results[0] == results[1]
    keys = nn.Linear(1, 1).load_state_dict({"weight": tg.ones(1, 1)}, strict=False)
    assert "missing_keys=['bias']" in repr(keys)
    with pytest.raises(StateDictError, match="size mismatch for weight"):
        nn.Linear(1, 1).load_state_dict({"weight": tg.ones(2, 1)}, strict=False)


def test_loading_copies_or_assigns() -> None:
    layer = nn.Linear(2, 1)
    weight, before = tg.tensor([[1.0, 2.0]], dtype=tg.float64), layer.weight
    layer.load_state_dict({"weight": weight, "bias": tg.zeros(1)})
    assert layer.weight is before
    assert layer.weight.dtype is tg.float32
    weight.fill_(0)
    assert layer.weight.tolist() == [[1.0, 2.0]]
    layer.load_state_dict({"weight": weight, "bias": tg.zeros(1)}, assign=True)
    assert layer.weight is not before
    assert isinstance(layer.weight, nn.Parameter)
    assert layer.weight.dtype is tg.float64
    assert layer.weight.requires_grad


def test_loading_is_not_recorded_and_trainable_after() -> None:
    layer = nn.Linear(2, 1)
    layer.load_state_dict({"weight": tg.ones(1, 2, requires_grad=True) * 2, "bias": tg.zeros(1)})
    layer(tg.ones(1, 2)).sum().backward()
    assert layer.weight.is_leaf
    assert layer.weight.grad is not None


# ------------------------------------------------------------------------------------------------ modes, dtypes, grads


def test_train_eval_apply() -> None:
    net = make_net(tg)
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    net.blocks.train()
    assert next(n for n, m in net.named_modules() if m.training) == "blocks"
    seen: list[str] = []
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen[-1] == "Net"
    assert seen.index("Block") < seen.index("Sequential")


def test_conversion_keeps_the_parameters() -> None:
    net = make_net(tg)
    before = list(net.parameters())
    net(tg.ones(1, 2)).sum().backward()
    hooked: list[Any] = []
    net.scale.register_hook(hooked.append)
    assert net.to("cpu") is net
    assert net.float().to(tg.float32) is net
    net(tg.ones(1, 2)).sum().backward()
    assert len(hooked) == 1  # conversion to the same dtype leaves the parameter alone
    assert net.double() is net
    assert all(a is b for a, b in zip(before, net.parameters(), strict=True))
    assert {p.dtype for p in net.parameters()} == {tg.float64}
    assert {p.grad.dtype for p in net.parameters()} == {tg.float64}
    assert net.blocks[0].steps.dtype is tg.int64
    assert net.blocks[0].scratch.dtype is tg.float64
    net.zero_grad()
    net(tg.ones(1, 2, dtype=tg.float64)).sum().backward()
    assert net.head.weight.grad.dtype is tg.float64
    assert net.half().scale.dtype is tg.float16
    assert net.to(tg.ones(1)).scale.dtype is tg.float32
    assert net.to("cpu", tg.float64).scale.dtype is tg.float64
    assert net.to(dtype=tg.float32).cpu().scale.dtype is tg.float32
    assert net.type(tg.float64).blocks[0].steps.dtype is tg.float64
    with pytest.raises(
        ArgumentError, match=r"only accepts floating point dtypes, but got desired dtype=tinygrad_mlp\.int64"
    ):
        net.to(tg.int64)
    with pytest.raises(DeviceError):
        net.to("cuda")


def test_zero_grad_and_requires_grad() -> None:
    layer = nn.Linear(2, 1)
    layer(tg.ones(1, 2)).sum().backward()
    gradient = layer.weight.grad
    layer.zero_grad(set_to_none=False)
    assert gradient is not None
    assert gradient.tolist() == [[0.0, 0.0]]  # zeroed in place
    assert layer.weight.grad is not None
    layer.zero_grad()
    assert layer.weight.grad is None
    layer.requires_grad_(False)
    assert not layer(tg.ones(1, 2)).requires_grad
    assert layer.requires_grad_().weight.requires_grad


def test_a_trained_model_is_freed_without_the_cycle_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        net = make_net(tg)
        net.register_full_backward_hook(lambda module, grad_input, grad_output: None)
        net(tg.ones(1, 2, requires_grad=True)).sum().backward()
        gone = weakref.ref(net.head.weight)
        del net
        assert gone() is None
    finally:
        gc.enable()


# ------------------------------------------------------------------------------------------------ hooks


def test_forward_hooks_see_and_replace() -> None:
    layer = nn.Identity()
    seen: list[Any] = []
    pre = layer.register_forward_pre_hook(lambda module, args: (args[0] * 2,))
    post = layer.register_forward_hook(lambda module, args, output: seen.append((module, args, output)))
    last = layer.register_forward_hook(lambda module, args, output: output + 1)
    assert layer(tg.tensor(3.0)).item() == 7.0
    ((module, args, output),) = seen
    assert module is layer
    assert args[0].item() == output.item() == 6.0
    for handle in (pre, post, last):
        handle.remove()
    assert layer(tg.tensor(3.0)).item() == 3.0
    with layer.register_forward_hook(lambda module, args, output: output * 10):
        assert layer(tg.tensor(3.0)).item() == 30.0
    assert layer(tg.tensor(3.0)).item() == 3.0


def hook_story(lib: ModuleType) -> list[Any]:
    """What happens, in order, in a module with hooks of all kinds."""
    story: list[Any] = []

    class Scale(lib.nn.Module):
        def forward(self, x: Any, factor: float = 1.0) -> Any:
            return x * factor

    module = Scale()
    module.register_forward_pre_hook(lambda m, args: story.append(("pre", args[0].item())))
    module.register_forward_pre_hook(lambda m, args: args[0] + 1, prepend=True)
    module.register_forward_pre_hook(lambda m, args, kwargs: (args, {"factor": kwargs["factor"] * 2}), with_kwargs=True)
    module.register_forward_hook(
        lambda m, args, kwargs, out: story.append(("post", args[0].item(), kwargs, out.item())), with_kwargs=True
    )
    module.register_forward_hook(lambda m, args, out: story.append(("first", out.item())), prepend=True)
    module.register_full_backward_hook(
        lambda m, grad_in, grad_out: story.append(("back", grad_in[0].item(), grad_out[0].item()))
    )
    module.register_full_backward_hook(lambda m, grad_in, grad_out: (grad_in[0] * 100,))
    module.register_full_backward_pre_hook(lambda m, grad_out: (grad_out[0] + 1,))
    x = lib.tensor(3.0, requires_grad=True)
    y = module(x, factor=5.0)
    y.backward(retain_graph=True)
    y.backward()
    story.append(("grad", x.grad.item()))
    return story


def test_hooks_run_as_in_pytorch(torch: ModuleType) -> None:
    assert hook_story(tg) == hook_story(torch)


def test_always_called_hooks_run_where_forward_raises(torch: ModuleType) -> None:
    for lib in both(torch):
        seen: list[Any] = []
        module = lib.nn.Linear(2, 2)
        module.register_forward_hook(lambda m, args, out, seen=seen: seen.append(out), always_call=True)
        module.register_forward_hook(lambda m, args, out, seen=seen: seen.append("no"))
        with pytest.raises(RuntimeError):
            module(lib.ones(1, 3))
        assert seen == [None]


def several(lib: ModuleType, x_grad: bool, y_grad: bool) -> list[Any]:
    story: list[Any] = []

    class Pair(lib.nn.Module):
        def forward(self, x: Any, y: Any, z: Any, word: str) -> Any:
            return x * y, y * 3, word

    module = Pair()
    module.register_full_backward_hook(
        lambda m, gi, go: story.append([[None if g is None else g.tolist() for g in gs] for gs in (gi, go)])
    )
    x = lib.tensor([2.0, 3.0], requires_grad=x_grad)
    y = lib.tensor([5.0, 7.0], requires_grad=y_grad)
    first, second, _ = module(x, y, lib.ones(2, requires_grad=True), "w")
    (first.sum() + (second * second).sum()).backward()
    story.append([None if t.grad is None else t.grad.tolist() for t in (x, y)])
    return story


@pytest.mark.parametrize(("x_grad", "y_grad"), [(True, True), (False, True)])
def test_backward_hooks_get_all_gradients_together(torch: ModuleType, x_grad: bool, y_grad: bool) -> None:
    ours = several(tg, x_grad, y_grad)
    assert ours == several(torch, x_grad, y_grad)
    assert len(ours) == 2


def test_a_backward_hook_without_input_gradients_still_runs() -> None:
    layer = nn.Linear(2, 1)
    seen: list[Any] = []
    layer.register_full_backward_hook(lambda m, grad_in, grad_out: seen.append((grad_in, grad_out[0].tolist())))
    layer(tg.ones(1, 2)).sum().backward()
    assert seen == [((None,), [[1.0]])]
    assert layer.weight.grad is not None


def test_a_backward_hook_must_return_as_many_gradients() -> None:
    module = nn.Identity()
    module.register_full_backward_hook(lambda m, grad_in, grad_out: (None, None))
    with pytest.raises(RuntimeError, match="invalid number of grad_input, got 2, but expected 1"):
        module(tg.ones(1, requires_grad=True)).sum().backward()


def test_backward_hooks_do_not_change_values_or_gradients() -> None:
    x = tg.randn(5, 2)
    plain, hooked = make_net(tg), make_net(tg)
    hooked.load_state_dict(plain.state_dict())
    for module in hooked.modules():
        module.register_full_backward_hook(lambda m, grad_in, grad_out: None)
        module.register_full_backward_pre_hook(lambda m, grad_out: None)
    outputs = [net(x) for net in (plain, hooked)]
    assert outputs[0].equal(outputs[1])
    for output in outputs:
        output.sum().backward()
    for a, b in zip(plain.parameters(), hooked.parameters(), strict=True):
        assert a.grad is not None
        assert a.grad.equal(b.grad)


def test_backward_hooks_stay_quiet_under_no_grad() -> None:
    module = nn.Identity()
    module.register_full_backward_hook(lambda m, grad_in, grad_out: None)
    x = tg.ones(1, requires_grad=True)
    with tg.no_grad():
        assert module(x) is x


def test_pre_hook_with_kwargs_must_return_a_pair() -> None:
    module = nn.Identity()
    module.register_forward_pre_hook(lambda m, args, kwargs: args, with_kwargs=True)
    with pytest.raises(RuntimeError, match=r"must return None or a tuple of \(new_args, new_kwargs\)"):
        module(tg.ones(1))


@pytest.mark.parametrize("persistent", [True, False])
def test_the_copies_of_a_tensor_and_its_views_share_memory(torch: ModuleType, persistent: bool) -> None:
    def code(torch: Any) -> Any:
        module = torch.nn.Module()
        module.table = torch.zeros(3, 4)
        module.part = module.table[1:, ::2]
        module.turned = module.table.t()
        module.mean = torch.nn.Buffer(torch.zeros(3), persistent=persistent)
        module.means = [module.mean[1:], module.mean]
        module.array = np.zeros(2)
        module.of_array = torch.from_numpy(module.array)
        twin = copy.deepcopy(module)
        twin.table[1, 0] = 9.0
        twin.mean[1] = 4.0
        assert twin.mean is twin.means[1]
        assert list(twin.state_dict()) == ["mean"] * persistent
        tensors = twin.part, twin.turned, twin.means[0], twin.of_array, module.table, module.mean
        return [(t.tolist(), tuple(t.stride())) for t in tensors]

    assert code(tg) == code(torch)


def test_a_write_to_a_copied_view_is_noticed() -> None:
    x = tg.ones(3)
    whole, part = copy.deepcopy([x, x[:2]])
    y = tg.ones(2, requires_grad=True) * part
    whole.add_(1)
    with pytest.raises(InplaceError, match="modified by an inplace operation"):
        y.sum().backward()


def test_a_deep_model_is_shown_and_walked() -> None:
    net: nn.Module = nn.Linear(1, 1)
    for _ in range(300):
        net = nn.Sequential(net)
    assert repr(net).count("Sequential(") == 300
    assert len(list(net.parameters())) == len(net.state_dict()) == 2


LAYERS: list[Callable[[], nn.Module]] = [
    lambda: nn.Linear(2, 2),
    lambda: nn.Bilinear(2, 2, 2),
    lambda: nn.Embedding(3, 2, padding_idx=0, max_norm=1.0),
    lambda: nn.Embedding.from_pretrained(tg.ones(3, 2), freeze=False),
    lambda: nn.BatchNorm1d(2),
    lambda: nn.LayerNorm(2),
    lambda: nn.PReLU(),
    lambda: nn.ParameterList([tg.ones(2)]),
]


@pytest.mark.parametrize("make", LAYERS)
def test_layers_can_be_made_in_inference_mode(make: Callable[[], nn.Module]) -> None:
    with tg.inference_mode():
        layer = make()
        twin = copy.deepcopy(layer)
    for parameter in (*layer.parameters(), *twin.parameters()):
        assert parameter.requires_grad
        assert parameter.is_leaf
    assert all(parameter.is_inference() for parameter in layer.parameters())


def test_a_layer_made_in_inference_mode_computes_there_and_is_not_trained_outside() -> None:
    with tg.inference_mode():
        layer = nn.Linear(2, 2)
        assert not layer(tg.ones(1, 2)).requires_grad
    layer(tg.ones(1, 2)).sum().backward()
    with pytest.raises(InplaceError, match="inference tensor outside InferenceMode"):
        tg.optim.SGD(layer.parameters(), lr=0.1).step()
