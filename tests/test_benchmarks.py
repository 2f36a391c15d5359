"""The benchmarks run, and the three ways to write a step do the same work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_mlp

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.steps import STEPS, with_library


def test_quick_mode_prints_a_row_for_each_peer() -> None:
    command = [sys.executable, "-m", "benchmarks", "--quick", "tiny"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).resolve().parents[1])
    rows = [line.split()[:2] for line in done.stdout.splitlines()[1:]]
    assert rows[:2] == [["tiny", "numpy"], ["tiny", "tinygrad_mlp"]]


def test_an_unknown_step_is_an_error() -> None:
    command = [sys.executable, "-m", "benchmarks", "s999"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).resolve().parents[1])
    assert done.returncode == 2
    assert "no step ['s999']" in done.stderr


@pytest.mark.parametrize("name", ["s002", "s004", "tiny"])
def test_a_step_learns(name: str) -> None:
    run = with_library(tinygrad_mlp, STEPS[name])
    first = run()
    assert [run() for _ in range(20)][-1] < first
