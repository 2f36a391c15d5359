"""Every sample of PyTorch's own database of modules: what the modules here and there compute, and their gradients."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import types
import unittest
import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
if (
    importlib.util.find_spec("expecttest") is None
):  # PyTorch's own tests derive from a class of it, and use nothing else that matters here
    sys.modules.setdefault("expecttest", types.ModuleType("expecttest")).__dict__["TestCase"] = unittest.TestCase
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    database = pytest.importorskip(
        "torch.testing._internal.common_modules", reason="this PyTorch has no database of modules"
    )

# Where the results differ, by module and a part of the sample's description ("" for all), and why.
DIFFERENT: dict[tuple[str, str], str] = {}


def ours(value: Any) -> Any:
    """A value of PyTorch's as the same one of ours."""
    if isinstance(value, torch.Tensor):
        return tg.tensor(value.detach().numpy().copy()).requires_grad_(value.requires_grad and value.is_leaf)
    if isinstance(value, torch.dtype):
        return getattr(tg, str(value).removeprefix("torch."))
    if isinstance(value, torch.nn.TransformerEncoderLayer):
        heads, first = value.self_attn, value.self_attn.batch_first
        sizes = heads.embed_dim, heads.num_heads, value.linear1.out_features, value.dropout.p
        dtype = ours(value.linear1.weight.dtype)
        options = {"norm_first": value.norm_first, "bias": value.linear1.bias is not None, "dtype": dtype}
        return tg.nn.TransformerEncoderLayer(*sizes, ours(value.activation), batch_first=first, **options)
    if isinstance(value, torch.device):
        return str(value)
    if inspect.isroutine(value) and (value.__module__ or "").startswith("torch"):
        return getattr(tg.nn.functional, value.__name__)
    if isinstance(value, dict):
        return {key: ours(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(*map(ours, value)) if hasattr(value, "_fields") else type(value)(map(ours, value))
    return value


def tensors_of(value: Any, kind: type) -> list[Any]:
    """The tensors in a result, in order."""
    if isinstance(value, kind):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [tensor for part in parts for tensor in tensors_of(part, kind)]


def results(library: Any, module: Any, args: Any, kwargs: Any) -> dict[str, np.ndarray | None]:
    """The outputs of a call, the gradients of a weighted sum of them, and what it left in the buffers."""
    outputs = tensors_of(module(*args, **kwargs), library.Tensor)
    found: dict[str, Any] = {f"output {i}": output for i, output in enumerate(outputs)}
    floating = [output for output in outputs if output.requires_grad]
    if floating:
        rng = np.random.default_rng(0)
        weights = [library.tensor(rng.standard_normal(tuple(y.shape))).to(y.dtype) for y in floating]
        sum((w * y).sum() for w, y in zip(weights, floating, strict=True)).backward()
    leaves = {
        f"input {i}": t for i, t in enumerate(tensors_of([args, kwargs], library.Tensor)) if t.requires_grad and t.is_leaf
    }
    found |= {f"gradient of {name}": leaf.grad for name, leaf in (leaves | dict(module.named_parameters())).items()}
    found |= {f"buffer {name}": buffer for name, buffer in module.named_buffers()}
    return {name: None if value is None else np.array(value.detach().numpy()) for name, value in found.items()}


def assert_close(key: str, mine: Any, theirs: Any, dtype: Any) -> None:
    """Close, of one shape and dtype; None, no gradient, is as good as zeros."""
    if mine is not None and theirs is not None:
        assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape), key
    mine, theirs = (np.zeros(()) if x is None else x for x in (mine, theirs))
    close = {"rtol": 1e-3, "atol": 1e-4} if dtype is torch.float32 else {"rtol": 1e-8, "atol": 1e-10}
    np.testing.assert_allclose(mine, theirs, err_msg=key, **close)


def offered() -> list[Any]:
    return [info for info in database.module_db if hasattr(tg.nn, info.module_cls.__name__)]


def made(info: Any, training: bool, dtype: Any) -> Any:
    torch.manual_seed(0)
    return info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=True, training=training)


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("info", offered(), ids=lambda info: info.name)
@pytest.mark.filterwarnings("ignore")
def test_samples(info: Any, dtype: Any, training: bool) -> None:
    name = info.module_cls.__name__
    wrong = []
    for sample in made(info, training, dtype):
        made_of, call = sample.constructor_input, sample.forward_input
        told = f"{sample.desc}: {made_of.args} {made_of.kwargs}"
        if sample.forward_input is None or any(n == name and part in told for n, part in DIFFERENT):
            continue
        args, kwargs = sample.constructor_input.args, dict(sample.constructor_input.kwargs)
        takes = inspect.signature(info.module_cls).parameters
        kwargs |= {"dtype": dtype} if "dtype" in takes or issubclass(info.module_cls, torch.nn.RNNBase) else {}
        theirs = info.module_cls(*args, **kwargs).train(training)
        mine = getattr(tg.nn, name)(*ours(args), **ours(kwargs)).train(training)
        our_call = ours(call.args), ours(call.kwargs)
        try:
            if isinstance(theirs, torch.nn.modules.lazy.LazyModuleMixin):  # which gets its sizes now
                theirs(*call.args, **call.kwargs)
                mine(*our_call[0], **our_call[1])
            if repr(mine) != repr(theirs):
                wrong.append(f"{told}\n  repr {mine!r}\n  instead of {theirs!r}")
            assert list(mine.state_dict()) == list(theirs.state_dict())
            mine.load_state_dict({key: ours(value) for key, value in theirs.state_dict().items()})
            expected = results(torch, theirs, call.args, call.kwargs)
            got = results(tg, mine, *our_call)
            assert got.keys() == expected.keys()
            for key, value in expected.items():
                assert_close(key, got[key], value, dtype)
        except Exception as error:
            wrong.append(f"{told[:600]}\n  {type(error).__name__}: {str(error)[:600]}")
    assert not wrong, f"{len(wrong)} samples\n" + "\n".join(wrong[:4])
