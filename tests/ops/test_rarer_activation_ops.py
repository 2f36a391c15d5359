"""Rarer activations: the sample rows."""

from __future__ import annotations

from contract import Sample, apart
from test_activation_ops import KINKY, functional

from tinygrad_mlp.ops import rarer_activations  # noqa: F401 - which enters them

SAMPLES = [
    Sample("hardswish", (KINKY,), rtol=1e-7, torch_fn=functional("hardswish"), covers=("_hardswish_slope",)),
    Sample("hardshrink", (KINKY,), torch_fn=functional("hardshrink")),
    Sample("hardshrink", (KINKY,), {"lambd": 2.0}, torch_fn=functional("hardshrink")),
    Sample("softshrink", (KINKY,), torch_fn=functional("softshrink")),
    Sample("softshrink", (apart(2, 3),), {"lambd": 0.0}, torch_fn=functional("softshrink")),
    Sample("threshold", (KINKY,), {"threshold": 1.0, "value": -2.0}, torch_fn=functional("threshold")),
]
