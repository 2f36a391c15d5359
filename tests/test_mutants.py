"""What the mutation testing of the core names is there: files, and the tests that mirror them."""

from __future__ import annotations

from itertools import chain

from mutants import EQUIVALENT, MIRRORED, NOT_WIDER, ROOT


def test_its_files_and_tests_exist() -> None:
    sources = {*MIRRORED, *chain.from_iterable(EQUIVALENT.values())}
    tests = {*chain.from_iterable(MIRRORED.values()), *(f"tests/{name}" for name in NOT_WIDER)}
    wanted = [*(f"tinygrad_mlp/{name}" for name in sources), *tests]
    assert [name for name in wanted if not (ROOT / name).exists()] == []
