"""Mutants of the core: one operator, comparison, constant or loop of a file is changed, and a test has to fail.

``python tests/mutants.py --sample 60 --seed 0`` draws 60 mutants of each core file by chance from the seed, no place in a file a
second time before every place had its turn, and prints how many were killed, and the survivors as diffs; name files to take
only those. It needs ``pip install cosmic-ray``, which makes the mutants; what is never run (annotations, ``TYPE_CHECKING``) is left
alone, and so are changes between ``==`` and ``is``, which differ on None and small numbers in nothing but speed.

A mutant first meets the tests that mirror its file, then, if they let it live, the wider tests (not with ``--mirrored``). Each runs
in a process forked off one that has the libraries loaded already, on a copy of the project in a temporary folder, with a limit on
time and on memory: to hang is to be killed. ``--journal FILE`` notes every outcome; what it has as killed is not run again, so
that a run can be continued, or repeated after a new test. ``EQUIVALENT`` names the mutants that no test can tell from
the original, with the reason; they are counted for themselves.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import difflib
import json
import multiprocessing
import os
import random
import re
import resource
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before NumPy is loaded: a forked process must not find threads that are not there

import hypothesis  # noqa: F401 - loaded once, for every forked process
import numpy  # noqa: F401, ICN001 - the same
import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

with contextlib.suppress(ImportError):  # tests against PyTorch are skipped without it
    import torch  # noqa: F401 - the same

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = ["-x", "-q", "-p", "no:cacheprovider", "-o", "addopts=", "--strict-markers"]
MEMORY = 4 * 2**30  # bytes; a mutant may ask for an array of any size

# By core file, the tests that mirror it. Of the contract of every operation, the rows of the file's own operations are taken.
CONTRACT = "tests/ops/test_contract.py"
MIRRORED: dict[str, list[str]] = {
    "engine.py": ["tests/test_engine.py", "tests/ops/test_shape.py", "tests/autograd", "tests/test_as_in_pytorch.py"],
    "inplace.py": ["tests/test_engine.py", "tests/autograd", "tests/ops/test_indexing.py", "tests/ops/test_shape.py"],
    "grad_mode.py": ["tests/test_engine.py", "tests/autograd/test_function.py", "tests/test_threads.py"],
    "autograd/function.py": ["tests/autograd/test_function.py"],
    "ops/elementwise.py": ["tests/ops/test_elementwise.py", CONTRACT, "tests/ops/test_extremes.py"],
    "ops/linalg.py": ["tests/ops/test_linalg.py", CONTRACT],
    "ops/reduction.py": ["tests/ops/test_reduction.py", CONTRACT, "tests/ops/test_extremes.py"],
    "ops/shape.py": ["tests/ops/test_shape.py", CONTRACT],
    "ops/neural.py": ["tests/ops/test_neural.py", CONTRACT, "tests/ops/test_extremes.py"],
    "ops/indexing.py": ["tests/ops/test_indexing.py", CONTRACT],
    "optim/sgd.py": ["tests/optim/test_optimizers.py"],
    "optim/adam.py": ["tests/optim/test_optimizers.py"],
    "optim/optimizer.py": ["tests/optim/test_optimizers.py"],
}
# Files, processes and speed are no matter of the core, and slow to test.
NOT_WIDER = ["test_benchmarks.py", "test_checkpoints.py", "test_cli.py", "test_compiling.py", "test_loading_fuzz.py", "test_readme.py"]

SAME = re.compile(r"_(Eq_Is|NotEq_IsNot|Is_Eq|IsNot_NotEq)$")

EQUIVALENT: dict[tuple[str, str], str] = {}


@dataclass(frozen=True)
class Mutant:
    """A changed file: ``change`` has the lines that differ, with - and +, on line number ``line``."""

    file: str
    line: int
    change: str
    code: str


def never_run(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """From where to where the source is for readers and type checkers only: annotations, ``if TYPE_CHECKING``, ``@overload``."""
    found: list[ast.expr | ast.stmt | None] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            found.append(node.returns)
            found += [d for d in node.decorator_list if isinstance(d, ast.Name) and d.id == "overload"]
        elif isinstance(node, ast.arg | ast.AnnAssign):
            found.append(node.annotation)
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            found.append(node)
    return [((n.lineno, n.col_offset), (n.end_lineno or 0, n.end_col_offset or 0)) for n in found if n is not None]


def drawn(file: str, sample: int, rng: random.Random) -> list[Mutant]:
    """Mutants of a file by chance, another place of the file each as long as there is one."""
    source = (ROOT / "tinygrad_mlp" / file).read_text(encoding="utf-8")
    skipped = never_run(source)
    operators = {name: get_operator(name) for name in operator_names() if not SAME.search(name)}
    operators = {name: operator() for name, operator in operators.items() if not operator.arguments()}
    places: dict[Any, list[tuple[str, int]]] = defaultdict(list)
    for name, operator in operators.items():
        occurrence = 0
        for node in ast_nodes(get_ast(source)) if not places else nodes:
            for start, _ in operator.mutation_positions(node):
                if not any(first <= start < last for first, last in skipped):
                    places[start].append((name, occurrence))
                occurrence += 1
    return []
