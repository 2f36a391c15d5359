"""A part of PyTorch's database of operations: what differs is in the table of differences. All of it: ``python -m tests.operation_database``."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_mlp as tg

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from tests import operation_database as database  # noqa: E402 - it is for PyTorch alone
from tests.operation_differences import DIFFERENCES, reason_of  # noqa: E402 - likewise

EVERY = 37  # of the operations


def test_a_part_of_the_database() -> None:
    outcome = database.run(dtypes=["float32", "int64", "bool"], most=4, chosen=lambda k: k % EVERY == 5)
    unknown = {key: outcome.examples[key] for key in outcome.differing if reason_of(*key) is None}
    assert unknown == {}
    assert outcome.samples > 100
    assert len(outcome.names) > 8


def test_differences_are_found() -> None:
    one = tg.tensor([1.0, 2.0])
    for other, kind in [
        (torch.tensor([1.0, 2.0]), None),
        (torch.tensor([1.0, 2.5]), "value"),
        (torch.tensor([[1.0, 2.0]]), "shape"),
        (torch.tensor([1, 2]), "dtype"),
        ((torch.tensor([1.0, 2.0]), 1), "number of results"),
        (1.0, "type"),
    ]:
        assert database.difference(one, other) == kind
    found = database.derivatives(tg, lambda x: x**3, (tg.tensor([2.0], dtype=tg.float64), (), {}), True)
    assert [g.item() for (g,) in found] == [12, 12]


def test_what_is_not_here_is_refused() -> None:
    for value in (torch.ones(1, dtype=torch.complex64), torch.bfloat16, 1j, {"out": 1}):
        with pytest.raises(database.RefusedError):
            database.ours_of(value)
    x = database.ours_of([torch.arange(2), {"dtype": torch.int32}, "a"])
    assert x[0].dtype is tg.int64
    np.testing.assert_array_equal(x[0].numpy(), [0, 1])
    assert x[1:] == [{"dtype": tg.int32}, "a"]


def test_the_table_names_operations_of_the_database() -> None:
    names = {op.name for op in database.database()}
    assert {name for row in DIFFERENCES for name in row[0].split() if name != "*"} <= names
