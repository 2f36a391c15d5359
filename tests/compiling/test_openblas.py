"""Loops divided between OpenBLAS's threads."""

from __future__ import annotations

import ctypes.util
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from tinygrad_mlp.compiling.numba import openblas as module
from tinygrad_mlp.compiling.numba.openblas import OpenBLAS, openblas


@contextmanager
def blas_threads(count: int) -> Iterator[OpenBLAS]:
    """NumPy's OpenBLAS with so many threads."""
    blas = module._library()
    if blas is None:
        pytest.skip("NumPy does not use OpenBLAS here")
    library: Any = ctypes.CDLL(sys.modules["numpy.linalg._umath_linalg"].__file__)
    set_threads = getattr(library, blas.threads.__name__.replace("_get_", "_set_"))
    before = blas.threads()
    set_threads(count)
    try:
        if not blas.divides:
            pytest.skip("this OpenBLAS does not divide loops as expected")
        yield blas
    finally:
        set_threads(before)


def divided(blas: OpenBLAS, rows: int, between: int) -> tuple[list[tuple[int, int]], set[int]]:
    """The first row and the rows of each part, and the threads that ran one."""
    parts: list[tuple[int, int]] = []
    ran = set()

    def part(count: int, columns: int, *rest: Any) -> None:
        assert (columns, rest[4], rest[6]) == (3, 8, 16)
        parts.append(((rest[2] or 0) // 4, count))
        ran.add(threading.get_native_id())

    callback = module._PART(part)
    blas.divide(ctypes.cast(callback, ctypes.c_void_p).value or 0, rows, 3, 8, 16, between)
    return sorted(parts), ran


@pytest.mark.parametrize("rows", [1, 2, 3, 1000, 123_457])
@pytest.mark.parametrize("between", [1, 2, 3])
def test_each_row_is_in_one_part(rows: int, between: int) -> None:
    with blas_threads(3) as blas:
        parts, _ = divided(blas, rows, between)
    assert len(parts) == min(rows, between)
    assert [first for first, _ in parts] == [sum(count for _, count in parts[:i]) for i in range(len(parts))]
    assert sum(count for _, count in parts) == rows
    assert max(count for _, count in parts) - min(count for _, count in parts) <= 1


def test_parts_run_in_threads_of_which_one_is_the_callers() -> None:
    with blas_threads(2) as blas:
        _, ran = divided(blas, 10, 2)
    assert len(ran) == 2
    assert threading.get_native_id() in ran


def test_products_and_loops_of_several_threads_at_once() -> None:
    a = np.random.default_rng(0).standard_normal((200, 200))
    expected, wrong = a @ a, []

    def work() -> None:
        for _ in range(30):
            parts, _ = divided(blas, 100, 2)
            if sum(count for _, count in parts) != 100 or not np.allclose(a @ a, expected):
                wrong.append(parts)

    with blas_threads(2) as blas:
        workers = [threading.Thread(target=work) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert wrong == []


def test_one_thread_divides_nothing() -> None:
    with blas_threads(1):
        assert openblas() is None
    with blas_threads(2) as blas:
        assert openblas() is blas


def test_a_library_that_divides_otherwise_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with blas_threads(2) as blas:
        level1 = blas._level1
        for wrong in (
            lambda *a: level1(*a[:6], 2, *a[7:]),  # the first address moves on by eight bytes a row
            lambda *a: level1(a[0], a[1] - 1, *a[2:]),  # a row is left out
            lambda *a: level1(*a[:8], 1, *a[9:]),  # another address moves on, too
            lambda *a: None,
        ):
            monkeypatch.delattr(blas, "divides", raising=False)
            monkeypatch.setattr(blas, "_level1", wrong)
            assert openblas() is None
            monkeypatch.undo()
        monkeypatch.delattr(blas, "divides", raising=False)
        assert openblas() is blas


@pytest.mark.parametrize("file", [ctypes.util.find_library("m") or ctypes.util.find_library("msvcrt"), __file__])
def test_another_library_and_what_is_none(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        __file__ = file

    monkeypatch.setitem(sys.modules, "numpy.linalg._umath_linalg", Other)
    module._library.cache_clear()
    try:
        assert openblas() is None
    finally:
        module._library.cache_clear()
