"""The page on what of PyTorch is here, and what is said of names that are not."""

from __future__ import annotations

import importlib

import pytest

import tinygrad_mlp as tg
from tests.pytorch_page import PAGE, ours, page, pytorch_names, sorted_out
from tinygrad_mlp.absent import NEVER, absence, never


def test_the_page_is_what_is_written_from_the_package() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write the page anew: python -m tests.pytorch_page"


def test_nothing_that_is_here_is_said_to_be_left_out() -> None:
    told = {
        f"{namespace}.{name}"
        for namespace, names in pytorch_names().items()
        for name in sorted_out(namespace, names)[0]
        if never(f"{namespace}.{name}".removeprefix("torch."))
    }
    names_only = {"cdouble", "cfloat"}  # dtypes to compare with
    assert {name for name in told if name.rpartition(".")[2] not in names_only} <= ANSWERED


# Questions that have an answer here although what they ask for is left out.
ANSWERED = {
    f"torch.Tensor.{name}" for name in ("is_sparse", "is_sparse_csr", "is_quantized", "is_distributed", "values", "indices")
} | {"torch.autocast", "torch.GradScaler"}


def test_names_in_the_data_are_pytorchs() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    for namespace, names in pytorch_names().items():
        if namespace not in ("torch", "torch.Tensor"):
            importlib.import_module(namespace)
        found = torch
        for part in namespace.split(".")[1:]:
            found = getattr(found, part)
        assert [name for name in names if not hasattr(found, name)] == []


def test_namespaces_are_found() -> None:
    assert ours("torch.Tensor") is tg.Tensor
    assert ours("torch.nn.functional") is tg.nn.functional
    assert ours("torch.nn.nothing") is None


@pytest.mark.parametrize(
    ("package", "name", "said"),
    [
        ("tinygrad_mlp", "jit", "there are no TorchScript, tracing and export here; instead: `compile(model)`"),
        ("tinygrad_mlp", "quantize_per_tensor", "quantised numbers"),
        ("tinygrad_mlp", "sparse_coo_tensor", "sparse, nested and masked layouts"),
        ("tinygrad_mlp", "stft", "complex numbers and Fourier transforms"),
        ("tinygrad_mlp.nn", "DataParallel", "the model itself"),
        ("tinygrad_mlp.nn", "Liner", "did you mean 'Linear'"),
        ("tinygrad_mlp.nn", "relu", "did you mean 'ReLU'"),
        ("tinygrad_mlp.optim", "lr_schedular", "did you mean 'lr_scheduler'?"),
        ("tinygrad_mlp.linalg", "solv", "did you mean 'solve'"),
        ("tinygrad_mlp", "xqzzy", "docs/pytorch.md"),
    ],
)
def test_what_is_said_of_a_name_that_is_not_here(package: str, name: str, said: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(importlib.import_module(package), name)
    assert str(caught.value).startswith(f"module {package!r} has no attribute {name!r}")
    assert said in str(caught.value)


def test_private_names_get_no_advice() -> None:
    assert absence("tinygrad_mlp", "__wrapped__", ["wrapped"]) == "module 'tinygrad_mlp' has no attribute '__wrapped__'"
    assert len({what for what, _, _ in NEVER}) == len(NEVER)
