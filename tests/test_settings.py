"""The heads of scripts: devices, determinism, threads, accelerators that are not there."""

from __future__ import annotations

import copy
import importlib

import pytest

import tinygrad_mlp as tg
from tinygrad_mlp.blas import function_of_openblas


def test_devices_have_names_to_compare() -> None:
    assert tg.device("cuda:1") == tg.device("cuda", 1) != tg.device("cuda")
    assert repr(tg.device("cuda:1")) == "device(type='cuda', index=1)"
    assert tg.device("cpu") == tg.zeros(1).device != tg.device("cpu", 0)
    assert tg.device("cpu") != "cpu"
    assert copy.deepcopy(tg.device("cuda:1")) == tg.device(tg.device("cuda:1"))
    assert str(tg.device("mps")) == "mps"
    with tg.device("cpu") as place:
        assert tg.zeros(1).device == place == tg.get_default_device()
    for wrong in ("foo", "cuda:x", "cuda:01"):
        with pytest.raises(RuntimeError, match="device"):
            tg.device(wrong)
    with pytest.raises(RuntimeError, match="index was passed explicitly"):
        tg.device("cuda:0", 1)
    with pytest.raises(RuntimeError, match="accelerator"):
        tg.device(0)


def test_memory_elsewhere_is_refused() -> None:
    requests = [
        lambda: tg.zeros(2).cuda(),
        lambda: tg.zeros(2).to(tg.device("cuda")),
        lambda: tg.zeros(2, device="cuda:0"),
        lambda: tg.nn.Linear(2, 2).to("mps"),
        lambda: tg.set_default_device("cuda"),
        lambda: tg.device("cuda").__enter__(),
        lambda: tg.zeros(2, pin_memory=True),
        tg.cuda.synchronize,
        tg.cuda.current_device,
        tg.cuda.Event,
    ]
    for request in requests:
        with pytest.raises(AssertionError, match="not available|no CUDA|none is available") as caught:
            request()
        assert isinstance(caught.value, RuntimeError)


def test_arguments_on_memory() -> None:
    x = tg.zeros(2, device="cpu:0", layout=tg.strided, pin_memory=False)
    assert x.new_zeros(3, device=x.device).shape == x.new_ones((3,), layout=tg.strided).shape == (3,)
    assert tg.zeros_like(x, memory_format=None).shape == x.contiguous(memory_format=None).shape == (2,)
    with pytest.raises(TypeError, match=r"zeros\(\) got an unexpected keyword argument 'layuot'"):
        tg.zeros(2, layuot=None)


def test_warnings_and_other_names() -> None:
    tg.set_warn_always(True)
    assert tg.is_warn_always_enabled()
    tg.set_warn_always(False)
    assert tg.newaxis is None
    assert tg.get_device(tg.ones(1)) == -1
    with pytest.raises(TypeError, match="expects a bool"):
        tg.set_warn_always(1)  # type: ignore[arg-type] # what is tested


def test_determinism_and_precision() -> None:
    assert (tg.are_deterministic_algorithms_enabled(), tg.get_deterministic_debug_mode()) == (False, 0)
    try:
        tg.use_deterministic_algorithms(True, warn_only=True)
        assert tg.is_deterministic_algorithms_warn_only_enabled()
        assert tg.get_deterministic_debug_mode() == 1
        tg.set_deterministic_debug_mode("error")
        assert tg.are_deterministic_algorithms_enabled()
        assert tg.get_deterministic_debug_mode() == 2
        tg.set_float32_matmul_precision("high")
        with pytest.warns(UserWarning, match="low is not one of"):
            tg.set_float32_matmul_precision("low")
        assert tg.get_float32_matmul_precision() == "high"
    finally:
        tg.use_deterministic_algorithms(False)
        tg.set_float32_matmul_precision("highest")
    with pytest.raises(TypeError, match="'mode' must be bool, not int"):
        tg.use_deterministic_algorithms(1)  # type: ignore[arg-type] # what is tested
    with pytest.raises(RuntimeError, match="debug_mode"):
        tg.set_deterministic_debug_mode("warning")


def test_threads_of_products() -> None:
    before = tg.get_num_threads()
    try:
        if function_of_openblas("set_num_threads") is not None:
            tg.set_num_threads(1)
            assert tg.get_num_threads() == 1
    finally:
        tg.set_num_threads(before)
    for wrong in (0, -1, 1.5, True):
        with pytest.raises(RuntimeError, match="set_num_threads expects"):
            tg.set_num_threads(wrong)  # type: ignore[arg-type] # what is tested


def test_accelerators_answer_that_they_are_not_there() -> None:
    for answer in (tg.cuda.is_available, tg.backends.mps.is_available, tg.backends.cudnn.is_available, tg.xpu.is_available):
        assert answer() is False
    assert tg.cuda.device_count() == tg.cuda.memory_allocated() == tg.accelerator.device_count() == 0
    tg.cuda.manual_seed_all(0)
    tg.cuda.empty_cache()
    before = tg.backends.cudnn.deterministic
    tg.backends.cudnn.deterministic = True
    tg.backends.cudnn.deterministic = before
    for name in (
        "backends.cudnn",
        "cuda.amp",
        "utils.data.dataloader",
        "utils.data.sampler",
        "autograd.variable",
        "version",
    ):
        assert importlib.import_module(f"tinygrad_mlp.{name}")


def test_a_forked_stream_of_random_numbers() -> None:
    state = tg.random.get_rng_state()
    with tg.random.fork_rng():
        tg.manual_seed(3)
    assert tg.get_rng_state().equal(state)
    with tg.random.fork_rng(enabled=False):
        tg.rand(1)
    assert not tg.get_rng_state().equal(state)
