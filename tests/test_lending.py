"""Memory that others than tensors refer to: who is known to, for how long, and that a compiled step sees what they write."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as torch
from tinygrad_mlp import lending
from tinygrad_mlp.lending import borrowed, is_lent, lend, owner

CALLS = 8


# ----------------------------------------------------------------------------------------------------------- the owner


def test_the_owner_of_views_is_that_of_the_array() -> None:
    a = np.zeros((4, 3))
    for view in (a[1:], a.T, a[::2, 1], a.reshape(-1)[3:][2:], np.broadcast_to(a, (2, 4, 3)), a.view(np.int64)):
        assert owner(view) == owner(a) == id(a)
    assert owner(a.copy()) != owner(a)


def test_the_owner_goes_through_a_loan() -> None:
    a = np.zeros(3)
    for view in (lend(a), lend(a)[1:], lend(lend(a)[:2])):
        assert owner(view) == id(a)


def test_memory_that_is_no_arrays() -> None:
    memory = bytearray(16)
    a = np.frombuffer(memory, np.float32)
    assert owner(a[1:]) == id(a)


# ------------------------------------------------------------------------------------------------------------ for how long


def test_a_loan_lasts_as_long_as_the_array_that_was_lent() -> None:
    a = np.arange(3.0)
    assert not is_lent(a)
    view = lend(a)
    assert np.shares_memory(view, a)
    assert is_lent(a)
    assert is_lent(a[1:])
    view[0] = 5
    assert a[0] == 5
    del view
    assert not is_lent(a)


def test_views_of_what_was_lent_go_on_with_the_loan() -> None:
    a = np.arange(3.0)
    view = lend(a)
    part = view[1:]
    del view
    assert is_lent(a)
    second = lend(a)
    del part
    assert is_lent(a)
    del second
    assert not is_lent(a)


def test_what_was_lent_keeps_the_memory_alive() -> None:
    a = np.arange(3.0)
    view = lend(a)
    del a
    gc.collect()
    assert view.tolist() == [0, 1, 2]


@pytest.mark.parametrize("writeable", [True, False])
def test_what_is_read_only_stays_so(writeable: bool) -> None:
    a = np.arange(3.0)
    a.flags.writeable = writeable
    assert lend(a).flags.writeable is writeable
    assert a.flags.writeable is writeable


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 3)),
        np.zeros(()),
        np.zeros(3, np.float16),
        np.zeros(3, bool),
        np.zeros((2, 3)).T,
        np.broadcast_to(np.zeros(3), (2, 3)),
    ],
    ids=lambda a: f"{a.dtype}{list(a.shape)}",
)
def test_what_is_lent_is_the_same_in_all_but_its_base(array: Any) -> None:
    view = lend(array)
    assert (view.shape, view.dtype) == (array.shape, array.dtype)
    assert array.size == 0 or (view.ctypes.data, view.strides) == (array.ctypes.data, array.strides)


def test_a_users_array_is_known_as_long_as_the_user_has_it() -> None:
    a, before = np.zeros(3), lending.lent[0]
    array = borrowed(a)
    assert np.shares_memory(array, a)
    assert is_lent(array)
    part = array[1:]
    assert is_lent(part)
    del a
    assert not is_lent(array)
    assert not is_lent(part)
    view = lend(part)
    assert is_lent(array)
    del view
    assert not is_lent(array)
    del array, part
    assert lending.lent[0] == before


def test_the_memory_that_a_users_array_views_may_be_held_as_well() -> None:
    a = np.zeros((3, 4))
    array = borrowed(a[1:])
    assert is_lent(array)
    del a
    assert not is_lent(array)
    memory = bytearray(16)
    assert is_lent(borrowed(np.frombuffer(memory, np.float32)))  # who has the bytes is not known


def test_borrowing_what_was_lent() -> None:
    a = np.zeros(3)
    array = borrowed(lend(a))
    assert is_lent(array)
    assert is_lent(a)
    assert owner(array) == owner(a)


# -------------------------------------------------------------------------------------- which calls of the library lend

LENDS: dict[str, Callable[[torch.Tensor], Any]] = {
    "numpy": lambda t: t.numpy(),
    "detached": lambda t: t.detach().numpy(),
    "asarray": np.asarray,
    "view": lambda t: t.view(3)[1:].numpy(),
    "array interface": lambda t: np.array(t, copy=False),
    "buffer": lambda t: memoryview(t.numpy()),
}
COPIES: dict[str, Callable[[torch.Tensor], Any]] = {
    "tolist": lambda t: t.tolist(),
    "array": np.array,
    "item": lambda t: t[0].item(),
    "copy": lambda t: t.numpy().copy(),
    "text": str,
}


@pytest.mark.parametrize("name", LENDS)
def test_calls_that_lend(name: str) -> None:
    t = torch.ones(3)
    view = LENDS[name](t)
    assert is_lent(t._data)
    del view
    gc.collect()
    assert not is_lent(t._data)


@pytest.mark.parametrize("name", COPIES)
def test_calls_that_copy_do_not_lend(name: str) -> None:
    t = torch.ones(3)
    kept = COPIES[name](t)
    assert not is_lent(t._data)
    del kept


def test_from_numpy_borrows_and_tensor_copies() -> None:
    a = np.ones(3, np.float32)
    assert is_lent(torch.from_numpy(a)._data)
    assert is_lent(torch.from_numpy(a)[1:]._data)
    assert not is_lent(torch.tensor(np.ones(3, np.float32))._data)
    assert not is_lent((torch.from_numpy(a) * 2)._data)


# ------------------------------------------------------------------------------------------ what a compiled step sees


@pytest.mark.parametrize("fusion", [True, False])
def test_a_step_sees_what_is_written_into_a_users_array(fusion: bool) -> None:
    a = np.zeros(3, np.float32)
    t = torch.from_numpy(a)
    step = torch.compile(lambda x: (x * t + t).sum(), fusion=fusion)
    for i in range(CALLS):
        a[...] = i
        assert step(torch.ones(3)).item() == 6 * i


@pytest.mark.parametrize("fusion", [True, False])
@pytest.mark.parametrize("first", [0, 1, 3, 5])
def test_a_step_writes_into_a_users_array_within(fusion: bool, first: int) -> None:
    a = np.zeros(3, np.float32)
    t = torch.from_numpy(a)
    call = [0]

    def step(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        y = x * t
        if call[0] >= first:
            a[...] += 1
        z = x * t
        return y, z

    compiled = torch.compile(step, fusion=fusion)
    for i in range(first + CALLS):
        call[0] = i
        before = a[0]
        y, z = compiled(torch.ones(3))
        assert (y.tolist(), z.tolist()) == ([before] * 3, [a[0]] * 3)


@pytest.mark.parametrize("fusion", [True, False])
@pytest.mark.parametrize("first", [0, 1, 3, 5])
def test_a_step_sees_what_is_written_into_an_array_that_it_handed_out(fusion: bool, first: int) -> None:
    w = torch.ones(3)
    call = [0]

    def step(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        y = x * w
        view = w.numpy() if call[0] >= first else None
        z = x + w
        if view is not None:
            view += 1
        return y + 0, z * w

    compiled = torch.compile(step, fusion=fusion)
    expected = np.ones(3, np.float32)
    for i in range(first + CALLS):
        call[0] = i
        y, z = compiled(torch.ones(3))
        before, expected = expected, expected + (i >= first)
        assert (y.tolist(), z.tolist()) == (before.tolist(), ((1 + before) * expected).tolist())


def test_a_result_that_was_lent_is_not_computed_over() -> None:
    step = torch.compile(lambda x: x * 2)
    kept = [step(torch.full((3,), float(i))).numpy() for i in range(12)]
    assert [k.tolist() for k in kept] == [[2.0 * i] * 3 for i in range(12)]


def test_a_step_reads_a_users_array_before_it_is_written_after_the_call() -> None:
    step = torch.compile(lambda x: x * 2)
    a, results = np.zeros(3, np.float32), []
    for i in range(CALLS):
        a[...] = i
        results.append(step(torch.from_numpy(a)))
    a[...] = -1
    assert [r.tolist() for r in results] == [[2.0 * i] * 3 for i in range(CALLS)]
