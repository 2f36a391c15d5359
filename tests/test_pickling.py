"""Python's own pickle and copy: of tensors, modules, optimizers, and what else programs send to other processes."""

from __future__ import annotations

import copy
import io
import multiprocessing
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.pickling import memory_of
from tinygrad_mlp.utils.data import DataLoader, Subset, TensorDataset

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def again(obj: Any, protocol: int = pickle.DEFAULT_PROTOCOL) -> Any:
    return pickle.loads(pickle.dumps(obj, protocol))


def trained() -> tuple[Any, Any, Any]:
    """A model, its optimizer after a step, and a scheduler."""
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.ReLU())
    model.register_buffer("scale", tg.ones(2), persistent=False)
    optimizer = tg.optim.Adam(model.parameters(), lr=0.1)
    model(tg.ones(4, 3)).sum().backward()
    optimizer.step()
    return model, optimizer, tg.optim.lr_scheduler.StepLR(optimizer, 1)


OBJECTS: dict[str, Callable[[], Any]] = {
    "tensor": lambda: tg.ones(2),
    "number": lambda: tg.tensor(5),
    "nothing": lambda: tg.zeros(0, 3),
    "parameter": lambda: nn.Parameter(tg.ones(2)),
    "buffer": lambda: nn.Buffer(tg.ones(2), persistent=False),
    "module, optimizer, scheduler": trained,
    "plateau": lambda: tg.optim.lr_scheduler.ReduceLROnPlateau(trained()[1]),
    "compiled": lambda: tg.compile(nn.Linear(3, 2)),
    "generator": lambda: tg.Generator().manual_seed(3),
    "dtype": lambda: tg.float32,
    "device": lambda: tg.device("cpu"),
    "size": lambda: tg.Size([1, 2]),
    "loader": lambda: DataLoader(Subset(TensorDataset(tg.ones(4, 2)), [1, 2]), 2, shuffle=True, generator=tg.Generator()),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_every_protocol_and_copy(name: str) -> None:
    obj = OBJECTS[name]()
    for protocol in PROTOCOLS:
        assert type(again(obj, protocol)) is type(obj)
    for twin in (copy.copy(obj), copy.deepcopy(obj)):
        assert type(twin) is type(obj)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"])
def test_values_and_layout(protocol: int, dtype: str) -> None:
    x = tg.from_numpy(np.arange(6).reshape(2, 3).astype(dtype))
    for tensor in (x, x.T, x[:, 1:], x[1], x[:0], x[1, 2], x[:, None].expand(2, 4, 3)):
        copied = again(tensor, protocol)
        assert (copied.dtype, copied.shape, copied.stride()) == (tensor.dtype, tensor.shape, tensor.stride())
        assert copied.tolist() == tensor.tolist()
        if 0 not in tensor.stride():
            copied.zero_()  # it can be written
    assert x.sum().item() == tg.from_numpy(np.arange(6).astype(dtype)).sum().item()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_views_of_one_memory_share_it_and_its_counter(protocol: int) -> None:
    x = tg.zeros(2, 3)
    a, row, transposed = again((x, x[0], x.T), protocol)
    row.add_(1)
    assert a.tolist() == [[1, 1, 1], [0, 0, 0]]
    assert transposed.tolist() == [[1, 0], [1, 0], [1, 0]]
    weight = tg.ones(2, requires_grad=True)
    saved, alias = again((x, x.detach()), protocol)
    product = weight * saved[0, :2]
    alias.add_(1)  # what the product needs
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.sum().backward()
    twin, its_row = copy.deepcopy((x, x[0]))
    its_row.add_(1)
    assert twin[0].tolist() == [1, 1, 1]
    thrice, its_row = copy.deepcopy((twin, its_row))
    its_row.add_(1)
    assert thrice[0].tolist() == [2, 2, 2]
    assert x.sum().item() == 0


def test_memory_that_goes_backwards_or_is_not_whole() -> None:
    array = np.arange(6, dtype=np.float32)
    assert memory_of(array[::-1])[0] is None
    assert memory_of(np.frombuffer(b"abcdefgh", np.float32))[0] is not None
    misaligned = np.frombuffer(bytearray(10), np.uint8)[1:9].view(np.float32)
    assert memory_of(misaligned)[0] is None
    assert again(tg.from_numpy(misaligned)).tolist() == [0, 0]
    fields = np.zeros(2, [("a", "f4"), ("b", "f4")])["b"]
    assert again(tg.from_numpy(fields)).tolist() == [0, 0]


def test_what_a_tensor_keeps() -> None:
    leaf = tg.ones(2, requires_grad=True)
    leaf.grad = tg.ones(2)
    leaf.label = "w"
    computed = leaf * 2
    copied, result = again((leaf, computed))
    assert (copied.requires_grad, copied.grad, copied.label) == (True, None, "w")
    assert (result.requires_grad, result.is_leaf) == (True, True)
    (copied * 3).sum().backward()
    assert copied.grad.tolist() == [3, 3]
    with pytest.raises(RuntimeError, match="graph leaves"):
        copy.deepcopy(computed)
    assert copy.deepcopy(leaf).grad.tolist() == [1, 1]
    assert not again(nn.Parameter(tg.ones(2), requires_grad=False)).requires_grad
    with tg.inference_mode():
        made = tg.ones(2)
    assert not again(made).is_inference()


def test_hooks_of_a_tensor_stay_behind() -> None:
    leaf = tg.ones(2, requires_grad=True)
    leaf.register_hook(lambda g: 2 * g)
    with pytest.warns(UserWarning, match="hooks of a tensor are not pickled"):
        copied = again(leaf)
    copied.sum().backward()
    assert copied.grad.tolist() == [1, 1]


def hook(module: Any, args: Any, output: Any) -> Any:
    return output + 1


def test_hooks_of_a_module_go_with_it_where_python_pickles_them() -> None:
    model = nn.Linear(2, 2)
    model.register_forward_hook(hook)
    x = tg.ones(1, 2)
    assert again(model)(x).tolist() == model(x).tolist()
    model.activation = lambda x: x
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(model)


def test_training_goes_on_in_a_pickle() -> None:
    parts = trained()
    copies = again(parts)
    model, optimizer, scheduler = copies
    assert optimizer.param_groups[0]["params"][0] is model[0].weight
    assert scheduler.optimizer is optimizer
    for net, steps, schedule in (parts, copies):
        steps.zero_grad()
        net(tg.arange(12.0).reshape(4, 3)).square().sum().backward()
        steps.step()
        schedule.step()
    assert list(model.state_dict()) == list(parts[0].state_dict())
    for key, value in model.state_dict().items():
        assert value.tolist() == parts[0].state_dict()[key].tolist()
    assert optimizer.param_groups[0]["lr"] == parts[1].param_groups[0]["lr"]


class OwnAdam(tg.optim.Adam):
    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("added", True)


class OwnLinear(nn.Linear):
    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.added = True


def test_own_classes_add_what_older_pickles_lack() -> None:
    model = OwnLinear(2, 1)
    for twin, optimizer in (
        again((model, OwnAdam(model.parameters()))),
        copy.deepcopy((model, OwnAdam(model.parameters()))),
    ):
        assert twin.added
        assert optimizer.param_groups[0]["added"]
        assert optimizer.param_groups[0]["params"][0] is twin.weight


def test_attributes_of_a_tensor_are_copied() -> None:
    x = tg.ones(2)
    x.names_of = ["a", "b"]
    for twin in (again(x), copy.deepcopy(x)):
        assert twin.names_of == ["a", "b"]
        assert twin.names_of is not x.names_of
    assert copy.copy(x).names_of is x.names_of


def test_lazy_modules() -> None:
    model = nn.Sequential(nn.LazyLinear(2), nn.ReLU())
    twin = again(model)
    assert repr(twin[0].weight) == repr(model[0].weight)
    assert twin(tg.ones(1, 3)).shape == (1, 2)
    assert twin[0].weight.shape == (2, 3)


def test_a_generator_goes_on_where_it_was() -> None:
    generator = tg.Generator().manual_seed(1)
    tg.rand(3, generator=generator)
    copied = again(generator)
    assert tg.rand(3, generator=copied).tolist() == tg.rand(3, generator=generator).tolist()


def test_compiled_modules_and_results() -> None:
    compiled = tg.compile(nn.Linear(3, 2))
    x = tg.ones(1, 3)
    for _ in range(3):
        result = compiled(x)
    assert again(result.detach()).tolist() == result.tolist()
    copied = again(compiled)
    for _ in range(3):
        assert copied(x).tolist() == result.tolist()
    assert copied.weight.data_ptr() != compiled.weight.data_ptr()
    assert list(copied.state_dict()) == list(compiled.state_dict())


def add_one_to_each(queue: Any, answers: Any) -> None:
    tensor, model = queue.get()
    answers.put((tensor + 1, model(tensor).detach(), model))


def test_another_process_gets_tensors_and_modules_and_sends_them() -> None:
    context = multiprocessing.get_context("spawn")
    queue, answers = context.Queue(), context.Queue()
    process = context.Process(target=add_one_to_each, args=(queue, answers))
    process.start()
    model, tensor = nn.Linear(3, 2), tg.ones(2, 3)
    queue.put((tensor, model))
    more, output, its_model = answers.get(timeout=100)
    process.join(timeout=100)
    assert process.exitcode == 0
    assert more.tolist() == (tensor + 1).tolist()
    np.testing.assert_allclose(output.numpy(), model(tensor).detach().numpy(), rtol=1e-6)
    assert its_model.weight.tolist() == model.weight.tolist()


def test_joblib() -> None:
    joblib = pytest.importorskip("joblib", reason="joblib is not installed")
    buffer = io.BytesIO()
    model = nn.Linear(3, 2)
    joblib.dump(model, buffer)
    buffer.seek(0)
    assert joblib.load(buffer).weight.tolist() == model.weight.tolist()


def test_as_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    for library in (torch, tg):
        leaf = library.ones(2, requires_grad=True)
        leaf.grad = library.ones(2)
        assert again(leaf).grad is None
        assert again(leaf * 2).is_leaf
        assert copy.deepcopy(leaf).grad is not None
        assert copy.deepcopy(library.nn.Parameter(leaf.detach())).grad is None
        assert copy.copy(leaf).data_ptr() == leaf.data_ptr()
        a, b = copy.deepcopy((leaf.detach(), leaf.detach()[:1]))
        assert a.data_ptr() == b.data_ptr()
        generator = library.Generator().manual_seed(4)
        assert again(generator).initial_seed() == 4
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises((pickle.PicklingError, AttributeError)):
                pickle.dumps(library.optim.lr_scheduler.LambdaLR(library.optim.SGD([leaf], lr=1.0), lambda epoch: 1.0))


def kept(compiled: bool) -> list[Any]:
    """What a step has at each moment that it is saved, pickled or copied."""
    tg.manual_seed(0)
    model = nn.Linear(3, 2)
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    count, found = tg.zeros(2), []

    def keep(*tensors: Any) -> None:
        buffer = io.BytesIO()
        tg.save([*tensors, model.state_dict(), optimizer.state_dict()], buffer)
        buffer.seek(0)
        found.append(tg.load(buffer))
        found.append(again((*tensors, model)))
        found.append(copy.deepcopy((*tensors, model)))

    def step(x: Any) -> Any:
        optimizer.zero_grad()
        loss = model(x).square().sum()
        loss.backward()
        count.add_(1)
        keep(count, (count * 2)[0], loss.detach(), model.weight.grad)
        count.mul_(2)
        with tg.no_grad():
            model.bias.add_(1)
        optimizer.step()
        keep(count)
        return loss

    run = tg.compile(step) if compiled else step
    for i in range(4):
        run(tg.full((2, 3), i + 1.0))
    return found


def numbers_in(value: Any) -> list[float]:
    if isinstance(value, nn.Module):
        value = value.state_dict()
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [number for item in value for number in numbers_in(item)]
    return value.double().flatten().tolist() if isinstance(value, tg.Tensor) else []


def test_compiled_steps_keep_what_is_there_at_the_moment() -> None:
    expected = numbers_in(kept(False))
    assert len(expected) > 300
    np.testing.assert_allclose(numbers_in(kept(True)), expected, rtol=1e-5)
