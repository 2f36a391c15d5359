"""Every public name is there, documented and whole."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_mlp as tg

ROOT = Path(tg.__file__).parent
MODULES = sorted(m.name for m in pkgutil.walk_packages([str(ROOT)], "tinygrad_mlp.") if not m.name.endswith("__main__"))


def test_all_names_exist_once() -> None:
    assert [name for name in tg.__all__ if not hasattr(tg, name)] == []
    assert len(tg.__all__) == len(set(tg.__all__))


@pytest.mark.parametrize("name", MODULES)
def test_modules_list_what_they_have_and_document_it(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} says nothing about itself"
    for public in getattr(module, "__all__", []):
        value = getattr(module, public)
        if inspect.isroutine(value) or inspect.isclass(value):
            assert inspect.getdoc(value), f"{name}.{public} has no docstring"


def test_in_place_names_follow_their_primitives() -> None:
    x = tg.tensor([0.25, 0.5])
    for name in ("neg_", "abs_", "exp_", "log_", "sqrt_", "square_", "tanh_", "sigmoid_", "relu_", "sin_", "cos_"):
        twin = x.clone()
        assert getattr(twin, name)() is twin
        assert twin.equal(getattr(x, name[:-1])())


def test_names_that_torch_has_too() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    ours_alone = {"is_inference_mode_enabled"}
    assert {n for n in tg.__all__ if not hasattr(torch, n)} <= ours_alone
    methods = {n for n in vars(tg.Tensor) if not n.startswith("_")}
    assert {n for n in methods if not hasattr(torch.Tensor, n)} == set()


def test_what_is_imported_later_is_there_when_asked_for() -> None:
    asked = """
import sys, tinygrad_mlp as tg
late = ["autograd.anomaly", "autograd.functional", "compiling", "optim.lr_scheduler", "printing", "serialization", "testing", "utils.data"]
late += ["distributions", "ops.gamma", "special"]
early = [name for name in late if f"tinygrad_mlp.{name}" in sys.modules]
assert not early, early
tg.utils.data.DataLoader, tg.optim.lr_scheduler.StepLR, tg.autograd.functional.jacobian, tg.autograd.detect_anomaly
assert tg.optim.lr_scheduler is sys.modules["tinygrad_mlp.optim.lr_scheduler"]
assert tg.is_anomaly_enabled() is False
try:
    tg.optim.lr_schedular
except AttributeError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "module 'tinygrad_mlp.optim' has no attribute 'lr_schedular'; did you mean 'lr_scheduler'?\n"


def test_importing_needs_numpy_alone() -> None:
    code = (
        "import sys; import tinygrad_mlp; "
        "print(sorted({m.partition('.')[0] for m in sys.modules} & "
        "{'torch', 'scipy', 'sklearn', 'matplotlib', 'tqdm', 'safetensors', 'pytest', 'hypothesis', 'joblib', 'PIL'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
