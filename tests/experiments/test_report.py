"""The report: one page that holds everything and escapes what it is given."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from tinygrad_mlp.errors import DataError
from tinygrad_mlp.experiments.report import headlines, write_index, write_page
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
            "[a-z0-9/-]+/index.html$|data:image/png;base64,", values.get("href") or values["src"] or ""
        )
        if tag == "img":
            self.images.append(values["alt"] or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.cells.append(data)


def run_folder(path: Path, rows: list[Row], name: str = "toy", text: str = "", incomparable: str = "sample") -> Path:
    path.mkdir()
    folder = RunFolder(path, name)
    figure = Figure()
    figure.subplots().plot([1, 2])
    folder.write_figure("loss.png", figure)
    folder.write_results(rows)
    sections = [
        {"title": "Table 1", "text": "", "figures": [], "claims": {"a < `b`": [True], "c": [False], "d": [True, False]}},
        {"title": "Figures", "text": "", "figures": [{"file": "loss.png", "number": "Figure 1", "says": "a < b"}]},
    ]
    folder.write_json("report.json", {"text": text, "sections": sections})
    folder.write_json(
        "run.json",
        {
            "experiment": name,
            "command": "tinygrad-mlp run <toy>",
            "difference": "Not <comparable>." if incomparable else "",
            "incomparable": incomparable,
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
    write_page(folder)
    page = (folder / "index.html").read_text()
    checked = Checker(page)
    assert checked.cells == [
        *("", "report", "ours", "verdict", "note")[1:],
        *("accuracy <test> in %", "97.98", "97.123 ± 0.12", "not comparable: sample", "R&D"),
        *("loss", "not finite"),
    ]
    assert checked.images == ["Figure 1"]
    assert "<p>First &lt;line&gt;, <code>second</code>.</p>\n<ul><li>one goes on</li><li>two</li></ul>" in page
    assert "<pre>tinygrad-mlp run &lt;toy&gt;</pre>" in page
    assert "Figure 1; the report: a &lt; b" in page
    assert "<title>toy</title>" in page
    for says in (
        "a &lt; <code>b</code>: <strong>so here</strong>.",
        "c: <strong>not so here</strong>.",
        "d: so here for 1 of 2 seeds.",
    ):
        assert f"<li>{says}</li>" in page
    assert "<strong>Not &lt;comparable&gt;.</strong>" in page


def test_an_index_of_several_runs(tmp_path: Path) -> None:
    for name in ("one", "recipe"):
        row = Row("Table 1", "accuracy", "", 1.0, 2.0, headline=f"accuracy of {name}")
        run_folder(tmp_path / name, [row], name, incomparable="")
    assert write_index(tmp_path) == tmp_path / "index.html"
    page = (tmp_path / "index.html").read_text()
    assert Checker(page).cells[3:] == [
        *(": ", "accuracy of recipe", "1", "2", "above (one seed)"),
        *(": ", "accuracy of one", "1", "2", "above (one seed)"),
    ]
    assert '<a href="one/index.html">' in page
    assert headlines(tmp_path / "one") == [["accuracy of one", "1", "2", "above (one seed)", ""]]


def test_the_whole_sets_numbers_stand_beside_those_of_the_sample(tmp_path: Path) -> None:
    title = "Table 1: sigmoid, learning rates"
    rows = [
        Row(title, "sigmoid, lr 0.1: accuracy (test)", "%", 93.87, 15.9),
        Row(title, "sigmoid, lr 1: accuracy (test)", "%", 97.98, 97.5),
    ]
    folder = run_folder(tmp_path / "ee6132-lab", [], "ee6132-lab")
    RunFolder(folder, "ee6132-lab").write_results(rows)
    (folder / "report.json").write_text(json.dumps({"text": "", "sections": [{"title": title, "text": "", "figures": []}]}))
    write_page(folder)
    page = (folder / "index.html").read_text()
    cells = Checker(page).cells
    assert "whole data" in cells
    assert cells.count("not comparable: sample") == 2
    assert cells.count("equal within noise") == 2
    assert "Not learned from the sample in the steps of this run: sigmoid, lr 0.1: accuracy (test). " in page


@pytest.mark.parametrize(
    ("paper", "ours", "sd", "n", "incomparable", "verdict"),
    [
        (None, 1.0, None, 1, "", ""),
        (98.0, 97.9, 0.1, 3, "", "equal within noise"),
        (98.0, 97.5, 0.1, 3, "", "below"),
        (98.0, 98.5, 0.1, 3, "", "above"),
        (98.0, 98.04, None, 1, "", "equal as printed"),
        (98.0, 98.1, None, 1, "", "above (one seed)"),
        (0.0731, 0.07314, None, 1, "", "equal as printed"),
        (0.0731, 0.0732, None, 1, "", "above (one seed)"),
        (40_000, 40_000.0, 0.0, 3, "", "equal as printed"),
        (98.0, float("nan"), None, 3, "", "diverged"),
        (98.0, 98.0, 0.1, 3, "sample", "not comparable: sample"),
    ],
)
def test_a_verdict_follows_from_the_numbers(
    paper: float | None, ours: float, sd: float | None, n: int, incomparable: str, verdict: str
) -> None:
    assert Row("Table 1", "accuracy", "%", paper, ours, sd, n).verdict(incomparable) == verdict


def test_what_is_no_run_or_is_damaged(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", [])
    (folder / "report.json").write_text(json.dumps({"sections": [{}]}))
    with pytest.raises(DataError, match="run: its results are damaged"):
        write_page(folder)
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
            write_page(folder)
    (folder / "run.json").write_text(about)
    for figure in ("../run/loss.png", "/etc/hostname"):
        (folder / "report.json").write_text(json.dumps({"text": "", "sections": [{"figures": [{"file": figure}]}]}))
        with pytest.raises(DataError, match="it has figures in another folder"):
            write_page(folder)
    (folder / "report.json").unlink()
    with pytest.raises(DataError, match="run: is not the folder of a finished run: .*report.json is not there"):
        write_page(folder)
    (folder / "report.json").write_text('{"text": "", "sections": []}')
    (tmp_path / "empty").mkdir()
    for wrong in (tmp_path / "nowhere", tmp_path / "empty"):
        with pytest.raises(DataError, match="there is no finished run in this folder or below it"):
            write_index(wrong)
    assert not (folder / "index.html").exists()
