"""Memory of freed arrays stays with the process, unless the environment says otherwise."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

GLIBC = platform.libc_ver()[0] == "glibc"
FAULTS = """
import resource
import tinygrad_mlp
import numpy as np
def pages():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def arrays():
    return [np.ones(2**20, np.uint8) for _ in range(8)]
for _ in range(3):
    arrays()
before = pages()
for _ in range(20):
    arrays()
print(pages() - before)
"""


def faults(**environment: str) -> int:
    """Pages that the system handed out for 160 arrays of 256 pages each, after the first few."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    run = subprocess.run([sys.executable, "-c", FAULTS], env=kept | environment, capture_output=True, text=True, check=True)
    return int(run.stdout)


@pytest.mark.skipif(not GLIBC, reason="other C libraries decide by themselves")
def test_the_arrays_of_a_step_use_the_memory_of_the_step_before() -> None:
    assert faults() < 1000
    assert faults(MALLOC_MMAP_THRESHOLD_="131072") > 30_000  # the user's word
    assert faults(GLIBC_TUNABLES="glibc.malloc.mmap_threshold=131072") > 30_000


def test_it_is_said_whether_memory_is_kept() -> None:
    code = "import tinygrad_mlp.memory as m; print(m.keep_freed())"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    run = subprocess.run([sys.executable, "-c", code], env=kept, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str(GLIBC)
