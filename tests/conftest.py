"""Settings every test runs under, and a seal on the library's global state."""

from __future__ import annotations

import os
from collections.abc import Iterator

# The tests run side by side and their arrays are small: threads of their own would only get in each other's way.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import pytest
from hypothesis import HealthCheck, settings

import tinygrad_mlp as tg
from tinygrad_mlp.ops.reserve import all_families

all_families()  # tests look through all operations, whatever has been used before

settings.register_profile("ci", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("large", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True)
def sealed_state() -> Iterator[None]:
    """Each test starts from one seed, and leaves grad mode and the default dtype as it found them."""
    tg.manual_seed(0)
    yield
    assert tg.is_grad_enabled()
    assert not tg.is_inference_mode_enabled()
    assert tg.get_default_dtype() is tg.float32
