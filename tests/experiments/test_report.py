"""The report: one page that holds everything and escapes what it is given."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from tinygrad_mlp.errors import DataError
from tinygrad_mlp.experiments.report import write_report
from tinygrad_mlp.experiments.results import Row, RunFolder

_VOID = {"meta", "img", "br"}


class Checker(HTMLParser):
    """Notes the text and the sources of a page; every element must be closed, innermost first."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []
        self.images: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self.open.append(tag)
        values = dict(attrs)
        assert not {"href", "src"} & values.keys() or re.match(
            "#|data:image/png;base64,", values.get("href") or values["src"] or ""
        )
        if tag == "img":
            self.images.append(values["alt"] or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.cells.append(data)


def run_folder(path: Path, rows: list[Row], name: str = "toy", text: str = "") -> Path:
    path.mkdir()
    folder = RunFolder(path, name)
    figure = Figure()
    figure.subplots().plot([1, 2])
    folder.write_figure("loss.png", figure)
    folder.write_results(rows)
    sections = [
        {"title": "Table 1", "text": "", "figures": []},
        {"title": "Figures", "text": "", "figures": [{"file": "loss.png", "number": "Figure 1", "says": "a < b"}]},
    ]
    folder.write_json("report.json", {"text": text, "sections": sections})
    folder.write_json(
        "run.json",
        {
            "experiment": name,
            "command": "tinygrad-mlp run <toy>",
            "difference": "Not <comparable>.",
            "settings": {"data": "sample", "epochs": None, "seeds": [0, 1]},
            "started": "2026-01-02T03:04:05+0000",
            "seconds": 61.2,
            "versions": {"tinygrad_mlp": "1", "numpy": "2", "python": "3", "machine": "any"},
        },
    )
    return path


def test_page(tmp_path: Path) -> None:
    rows = [
        Row("Table 1", "accuracy <test>", "%", 97.98, 97.123456, 0.123456, 2, "R&D"),
        Row("Table 1", "loss", "", None, float("inf"), None, 2),
    ]
    text = "First <line>,\n`second`.\n\n* one\n  goes on\n* two"
    folder = run_folder(tmp_path / "run", rows, text=text)
    write_report([folder], folder / "report.html")
    page = (folder / "report.html").read_text()
    checked = Checker(page)
    assert checked.cells == [
        *("paper", "ours", "sd", "n", "note"),
        *("accuracy <test> in %", "97.98", "97.123", "0.12", "2", "R&D"),
        *("loss", "not finite", "2"),
    ]
    assert checked.images == ["Figure 1"]
    assert "<p>First &lt;line&gt;, <code>second</code>.</p>\n<ul><li>one goes on</li><li>two</li></ul>" in page
    assert "<pre>tinygrad-mlp run &lt;toy&gt;</pre>" in page
    assert "Figure 1; the report: a &lt; b" in page
    assert "<title>tinygrad_mlp: toy</title>" in page
    assert "<strong>Not &lt;comparable&gt;.</strong>" in page


def test_several_runs_on_one_page(tmp_path: Path) -> None:
    folders = [run_folder(tmp_path / name, [Row("Table 1", "accuracy", "", 1.0, 2.0)], name) for name in ("one", "two")]
    write_report(folders, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert Checker(page).cells == [*("paper", "ours"), *("accuracy", "1", "2")] * 2
    for i in range(2):
        assert f'<a href="#run-{i}">' in page
        assert f'id="run-{i}"' in page


def test_what_is_no_run_or_is_damaged(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", [])
    (folder / "report.json").write_text(json.dumps({"sections": [{}]}))
    with pytest.raises(DataError, match="run: its results are damaged"):
        write_report([folder], tmp_path / "report.html")
    about = (folder / "run.json").read_text()
    for damaged in (
        "[]",
        '{"experiment": "x"}',
        "{",
        "[" * 100_000,
        '{"a": NaN}',
        about.replace("<toy>", '", "command": 1, "a": "'),
    ):
        (folder / "run.json").write_text(damaged)
        with pytest.raises(DataError, match="run: its results are damaged"):
            write_report([folder], tmp_path / "report.html")
    (folder / "run.json").write_text(about)
    for figure in ("../run/loss.png", "/etc/hostname"):
        (folder / "report.json").write_text(json.dumps({"text": "", "sections": [{"figures": [{"file": figure}]}]}))
        with pytest.raises(DataError, match="it has figures in another folder"):
            write_report([folder], tmp_path / "report.html")
    (folder / "report.json").unlink()
    with pytest.raises(DataError, match="run: is not the folder of a finished run: .*report.json is not there"):
        write_report([folder], tmp_path / "report.html")
    (folder / "report.json").write_text('{"text": "", "sections": []}')
    for wrong in (tmp_path / "nowhere" / "report.html", tmp_path):
        with pytest.raises(DataError, match="expected the name of a file in a folder that exists"):
            write_report([folder], wrong)
    with pytest.raises(DataError, match="at least one run"):
        write_report([], tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()
