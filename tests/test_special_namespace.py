"""The namespace special: PyTorch's names, each the operation of that name."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_mlp as tg

NUMBERS = np.array([0.3, 0.7, 0.9])
CALLS = {
    "gammainc": (NUMBERS * 3,),
    "gammaincc": (NUMBERS * 3,),
    "logsumexp": (0,),
    "log_softmax": (0,),
    "multigammaln": (1,),
    "softmax": (0,),
    "xlog1py": (NUMBERS,),
    "xlogy": (NUMBERS,),
    "zeta": (NUMBERS,),
}


@pytest.mark.parametrize("name", [name for name in tg.special.__all__ if name != "polygamma"])
def test_against_torch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = NUMBERS + 1 if name in ("zeta", "multigammaln") else NUMBERS
    ours, theirs = (
        getattr(library.special, name)(
            library.tensor(x), *(library.tensor(a) if isinstance(a, np.ndarray) else a for a in CALLS.get(name, ()))
        )
        for library in (tg, torch)
    )
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-12)


def test_polygamma_is_that_of_the_package() -> None:
    assert tg.special.polygamma is tg.polygamma
    assert tg.special.psi is tg.digamma
