"""The names of tinygrad_mlp.testing: where they are found, and when they are imported."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import testing

DOCS = Path(__file__).parents[2] / "docs" / "testing.md"


def test_gradcheck_is_the_one_of_autograd() -> None:
    assert testing.gradcheck is tg.autograd.gradcheck
    assert testing.gradgradcheck is tg.autograd.gradgradcheck
    with pytest.raises(AttributeError, match="has no attribute 'gradchek'"):
        _ = testing.gradchek


def test_what_the_docs_name_is_there() -> None:
    public = {
        name for file in ("checks", "explain", "strategies") for name in import_module(f"{testing.__name__}.{file}").__all__
    }
    named = public & set(re.findall(r"`(?:with )?(\w+)", DOCS.read_text(encoding="utf-8")))
    assert {"keep_values", "explain_backward", "check_module", "tensors"} <= named
    assert named <= set(testing.__all__)
    assert all(getattr(testing, name) for name in testing.__all__)


def test_the_fuzzer_is_there_without_an_import_of_its_own() -> None:
    code = "import tinygrad_mlp; tinygrad_mlp.testing.fuzz.DEVIATIONS"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_tools_are_not_imported_with_the_package() -> None:
    code = (
        "import sys, tinygrad_mlp; assert not any(m.startswith('tinygrad_mlp.testing') for m in sys.modules)\n"
        "sys.modules['hypothesis'] = None\n"
        "import tinygrad_mlp.testing; tinygrad_mlp.autograd.gradcheck"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_needs_hypothesis_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, package: str) -> Any:
        raise ModuleNotFoundError(f"No module named {lacking!r}", name=lacking)

    monkeypatch.setattr(sys.modules["tinygrad_mlp.later"], "import_module", missing)
    monkeypatch.delitem(vars(testing), "shapes", raising=False)
    lacking = "hypothesis.strategies"
    with pytest.raises(ModuleNotFoundError, match=r"testing\.shapes .* pip install 'tinygrad_mlp\[test\]'"):
        _ = testing.shapes
    lacking = "numpy"  # something else is broken: its own words
    with pytest.raises(ModuleNotFoundError, match="No module named 'numpy'"):
        _ = testing.shapes


@pytest.mark.parametrize("first", ["tinygrad_mlp.testing", "tinygrad_mlp.testing.fuzz"])
def test_no_public_name_is_a_module(first: str) -> None:
    code = (
        f"import {first}\n"
        "from tinygrad_mlp.testing import *\n"
        "from types import ModuleType\n"
        "import tinygrad_mlp.testing as t\n"
        "assert not [n for n in t.__all__ if isinstance(globals()[n], ModuleType) or isinstance(getattr(t, n), ModuleType)]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
