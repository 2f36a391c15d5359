"""Families of operations are imported when one of their operations is first used, however it is asked for."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import numpy as np
import tinygrad_mlp as torch
from tinygrad_mlp.ops import index

def loaded():
    return {name for name in sys.modules if name.startswith("tinygrad_mlp.ops.")}

families = {f"tinygrad_mlp.ops{name}" for table in (index.FUNCTIONS, index.MEMBERS, index.UFUNCS) for name in table.values()}
assert not families & loaded(), families & loaded()
assert set(index.FUNCTIONS) <= set(dir(torch)) and set(index.MEMBERS) <= set(dir(torch.Tensor))
before = loaded()
WAY
"""
WAYS = {
    "function": "for name, family in index.FUNCTIONS.items(): assert getattr(torch, name).__module__.startswith('tinygrad_mlp.')",
    "method": "for name in index.MEMBERS: assert getattr(torch.Tensor, name) is getattr(torch.ones(2), name).__func__",
    "ufunc": """
for name in index.UFUNCS:
    ones = torch.ones(2).int() if name in ("gcd", "lcm", "left_shift", "right_shift") else torch.ones(2)
    assert isinstance(getattr(np, name)(*[ones] * getattr(np, name).nin), torch.Tensor)
""",
}


def test_each_way_of_asking_imports_what_is_asked_for() -> None:
    for way in WAYS.values():
        subprocess.run([sys.executable, "-c", PROGRAM.replace("WAY", way)], check=True)
