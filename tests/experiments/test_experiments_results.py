"""The folder of a run: its name, and files that are whole or not there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tinygrad_mlp.experiments.results import Record, Row, RunFolder, new_root


def test_runs_within_one_second_get_folders_of_their_own(tmp_path: Path) -> None:
    folders = [new_root(tmp_path / "new" / "out") for _ in range(5)]
    assert len(set(folders)) == 5
    for folder in folders:
        assert folder.is_dir()
        assert folder.parent == tmp_path / "new" / "out"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(-\d)?", folder.name)


def test_files(tmp_path: Path) -> None:
    folder = RunFolder.new(tmp_path, "lab")
    folder.write_json("a.json", {"x": [1.5]})
    folder.write_csv("b.csv", ["x", "y"], [[1, 0.1], ["a,b", ""]])
    assert json.loads((folder.path / "a.json").read_text()) == {"x": [1.5]}
    assert (folder.path / "b.csv").read_bytes() == b'x,y\n1,0.1\n"a,b",\n'


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    folder = RunFolder.new(tmp_path, "lab")
    folder.write_csv("a.csv", ["x"], [[1]])

    def rows() -> list[list[int]]:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        folder.write_csv("a.csv", ["x"], (row for row in rows()))
    assert [path.name for path in folder.path.iterdir()] == ["a.csv"]
    assert (folder.path / "a.csv").read_text() == "x\n1\n"


def test_a_number_that_is_not_finite_is_null(tmp_path: Path) -> None:
    folder = RunFolder.new(tmp_path, "lab")
    folder.write_results([Row("Table 1", "loss", "", 0.1, float("inf"))])
    assert json.loads((folder.path / "results.json").read_text())[0]["ours"] is None


def test_rows_are_means_over_seeds_in_the_order_of_the_first() -> None:
    record = Record()
    for value in (1.0, 2.0, 6.0):
        record.section("Table 2", "text").add("b", value, unit="%", paper=2.5, note="a note")
        record.section("Table 1").add("a", 1e300)
    assert record.rows() == [
        Row("Table 2", "b", "%", 2.5, 3.0, 7**0.5, 3, "a note"),
        Row("Table 1", "a", "", None, 1e300, 0.0, 3),
    ]
    record.section("Table 1").add("a", float("inf"))
    row = record.rows()[1]
    assert (row.n, row.sd) == (4, None)
    assert row.ours != row.ours
    assert [section["title"] for section in record.outline()] == ["Table 2", "Table 1"]
