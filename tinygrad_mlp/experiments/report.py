"""The pages of runs: one for each experiment, which contains its figures, and an index, for narrow and wide screens.

No finding is written by hand: verdicts are computed from the numbers (:meth:`.results.Row.verdict`), and of what a report claims the page tells
whether it was so here. A run on the sample has beside its numbers those of a run on the whole data set, from `whole.json`.
"""

import base64
import html
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..serialization import read_json
from .results import Row, RunFolder, format_number

__all__ = ["headlines", "write_index", "write_page"]

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --line: #8884; --faint: #8882; --link: #06c; }}
@media (prefers-color-scheme: dark) {{ :root {{ --link: #6af; }} }}
* {{ box-sizing: border-box; }}
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 62rem; overflow-wrap: anywhere; }}
h1, h2, h3 {{ line-height: 1.2; }}
h2 {{ border-top: 2px solid var(--line); padding-top: 1.5rem; margin-top: 3rem; }}
a {{ color: var(--link); }}
pre, code {{ font: 0.875em/1.5 ui-monospace, monospace; }}
pre {{ background: var(--faint); padding: 0.75rem; border-radius: 4px; white-space: pre-wrap; }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: normal; }}
th, td {{ padding: 0.25rem 0.6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }}
th:first-child, td:first-child, .note {{ text-align: left; white-space: normal; min-width: 9rem; }}
.word {{ text-align: left; }}
td.note {{ font-size: 0.875em; }}
figure {{ margin: 1.5rem 0; }}
figure img {{ max-width: 100%; min-width: 44rem; height: auto; background: white; border-radius: 4px; display: block; }}
figcaption {{ font-size: 0.9em; margin-top: 0.4rem; }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 0.1rem 1rem; font-size: 0.9em; }}
dd {{ margin: 0; }}
@media (max-width: 32rem) {{
  table {{ font-size: 0.75rem; }}
  th, td {{ padding: 0.2rem 0.3rem; }}
  th:first-child, td:first-child, .note {{ min-width: 7rem; }}
}}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


_NOT_LEARNED = 10  # points that a training on the sample is behind the whole set's, to be called not learned


def write_page(folder: Path) -> None:
    """Write `index.html` in the folder of a run, from what it saved; a DataError where that is missing or damaged."""
    run = _read(folder)
    with _damaged(folder):
        title = run["about"]["experiment"] + (f": {run['outline']['title']}" if "title" in run["outline"] else "")
        body = _run(run)
    RunFolder(folder, "page").write_text("index.html", _PAGE.format(title=html.escape(title), body=body))


def write_index(root: Path) -> Path:
    """Write the pages of all finished runs in a folder anew, and an index of them; returns the page to look at.

    Raises:
        DataError: There is none in or below the folder, or one is damaged.
    """
    folders = sorted({path.parent for path in root.rglob("run.json")} if root.is_dir() else [], key=_order)
    finished = [folder for folder in folders if (folder / "report.json").exists()]
    if not finished:
        raise DataError(
            f"{root}: there is no finished run in this folder or below it; expected one that `tinygrad-mlp run` wrote"
        )
    for folder in finished:
        write_page(folder)
    if finished != [root]:
        runs = [(folder.relative_to(root), _read(folder)) for folder in finished]
        with _damaged(root):
            body = _index(runs)
        RunFolder(root, "index").write_text("index.html", _PAGE.format(title="Runs of tinygrad_mlp", body=body))
    return root / "index.html"


def _order(folder: Path) -> tuple[bool, Path]:
    """The recipes, which are the best networks, come first."""
    return folder.name != "recipe", folder


@contextmanager
def _damaged(folder: Path) -> Iterator[None]:
    """Errors of what a run saved, as DataErrors."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
        raise DataError(f"{folder}: its results are damaged ({type(e).__name__}: {e}); run the experiment again") from e


def _read(folder: Path) -> dict[str, Any]:
    """What a run saved: what it is about, its outline, rows and figures."""
    try:
        with _damaged(folder):
            about, outline, results = (read_json(folder / f"{name}.json") for name in ("run", "report", "results"))
            figures = [figure["file"] for section in outline["sections"] for figure in section["figures"]]
            if elsewhere := [name for name in figures if Path(name).name != name]:
                raise ValueError(f"it has figures in another folder: {elsewhere[0]!r}")
            images = {name: base64.b64encode((folder / name).read_bytes()).decode() for name in figures}
            known = {field.name for field in fields(Row)}
            rows = [
                Row(**{key: value for key, value in {**row, "ours": _number(row["ours"])}.items() if key in known})
                for row in results
            ]
    except FileNotFoundError as e:
        raise DataError(f"{folder}: is not the folder of a finished run: {e.filename} is not there") from e
    return {"about": about, "outline": outline, "rows": rows, "images": images}


def _number(value: Any) -> float:
    """A number measured; JSON has none that are not finite."""
    return math.nan if value is None else float(value)


@cache
def _whole() -> dict[str, dict[str, dict[str, list[Any]]]]:
    """By experiment, section and quantity: mean, standard deviation and number of seeds of the runs on the whole sets."""
    known: dict[str, dict[str, dict[str, list[Any]]]] = read_json(Path(__file__).with_name("whole.json"))
    return known


def on_whole(experiment: str, row: Row) -> Row | None:
    """The row of the committed run on the whole set; None where it has none."""
    found = _whole().get(experiment, {}).get(row.section, {}).get(row.quantity)
    return replace(row, ours=_number(found[0]), sd=found[1], n=found[2]) if found else None


def headlines(folder: Path) -> list[list[str]]:
    """Of each headline of a run: its words, the report's number, ours, the verdict, and the whole set's number beside the sample's."""
    run = _read(folder)
    with _damaged(folder):
        return _headlines(run)


def _headlines(run: dict[str, Any]) -> list[list[str]]:
    incomparable = run["about"].get("incomparable", "")
    lines = []
    for row in run["rows"]:
        if row.headline:
            whole = on_whole(run["about"]["experiment"], row) if incomparable else None
            lines.append([row.headline, *_numbers(row, incomparable), _ours(whole) if whole else ""])
    return lines


def _ours(row: Row) -> str:
    """A number measured, with its spread."""
    if not math.isfinite(row.ours):
        return "not finite"
    return format_number(row.ours) + (f" ± {format_number(row.sd, 2)}" if row.sd is not None else "")


def _numbers(row: Row, incomparable: str) -> list[str]:
    return [format_number(row.paper, 10, ""), _ours(row), row.verdict(incomparable)]


def _index(runs: Sequence[tuple[Path, dict[str, Any]]]) -> str:
    """The headlines of several runs, and links to their pages."""
    lines: list[list[str]] = []
    sample = False
    for path, run in runs:
        about = run["about"]
        experiment, link = about["experiment"], f"{path.as_posix()}/index.html"
        sample |= about.get("incomparable", "") == "sample"
        lines.append(
            [f'<a href="{html.escape(link)}">{html.escape(experiment)}</a>: {html.escape(run["outline"].get("title", ""))}']
        )
        lines += [[*map(html.escape, line)] for line in _headlines(run)]
    note = (
        "<p>These networks learned from the sample of 5,000 images that ships with the package. Beside their numbers stand those of a run "
        "on the whole data sets, which has been made once and is part of the package.</p>"
        if sample
        else ""
    )
    return note + _table(["", "report", "ours", "verdict", "whole data"], lines)


def _run(run: dict[str, Any]) -> str:
    about, outline = run["about"], run["outline"]
    settings, versions = about["settings"], about["versions"]
    facts = {
        "data": settings["data"],
        "epochs": settings["epochs"] or "each training's own",
        "seeds": ", ".join(map(str, settings["seeds"])),
        "begun": about["started"],
        "time": f"{about['seconds']:.0f} s",
        "computed by": f"tinygrad_mlp {versions['tinygrad_mlp']}, NumPy {versions['numpy']}, Python {versions['python']}",
    }
    listed = "".join(f"<dt>{key}</dt><dd>{html.escape(str(value))}</dd>" for key, value in facts.items())
    sections = "".join(_section(section, run) for section in outline["sections"])
    difference = f"<p><strong>{html.escape(about['difference'])}</strong></p>" if about["difference"] else ""
    return f"<pre>{html.escape(about['command'])}</pre>\n<dl>{listed}</dl>\n{difference}{_text(outline['text'])}\n{sections}"


def _section(section: dict[str, Any], run: dict[str, Any]) -> str:
    rows = [row for row in run["rows"] if row.section == section["title"]]
    parts = [f"<h2>{html.escape(section['title'])}</h2>", _text(section["text"])]
    if rows:
        parts.append(_measured(rows, run["about"]["experiment"], run["about"].get("incomparable", "")))
    if claims := section.get("claims"):
        parts.append(
            "<ul>" + "".join(f"<li>{_line(says)}: {_held(seeds)}.</li>" for says, seeds in claims.items()) + "</ul>"
        )
    for figure in section["figures"]:
        said = f"the report: {figure['says']}" if figure["number"] and figure["says"] else figure["says"]
        caption = "; ".join(html.escape(part) for part in (figure["number"], said) if part)
        parts.append(
            f'<figure><div class="scroll"><img alt="{html.escape(figure["number"] or figure["file"])}" '
            f'src="data:image/png;base64,{run["images"][figure["file"]]}"></div>'
            f"<figcaption>{caption}</figcaption></figure>"
        )
    return "\n".join(parts) + "\n"


def _held(seeds: Sequence[bool]) -> str:
    """Whether something was so."""
    if len(seeds) > 1 and len(set(seeds)) > 1:
        return f"so here for {sum(seeds)} of {len(seeds)} seeds"
    return "<strong>so here</strong>" if all(seeds) else "<strong>not so here</strong>"


def _measured(rows: Sequence[Row], experiment: str, incomparable: str) -> str:
    """The table of a section; of a run on the sample with what the whole set gave."""
    wholes = [on_whole(experiment, row) if incomparable else None for row in rows]
    lines = []
    for row, whole in zip(rows, wholes, strict=True):
        cells = [row.quantity + (f" in {row.unit}" if row.unit else ""), *_numbers(row, incomparable)]
        lines.append(
            [html.escape(cell) for cell in (*cells, *([_ours(whole), whole.verdict()] if whole else ["", ""]), row.note)]
        )
    header = ["", "report", "ours", "verdict", "whole data", "its verdict", "note"]
    behind = [
        row.quantity
        for row, whole in zip(rows, wholes, strict=True)
        if whole and row.unit == "%" and "accuracy" in row.quantity and whole.ours - row.ours > _NOT_LEARNED
    ]
    said = (
        f"Not learned from the sample in the steps of this run: {'; '.join(behind)}. The whole data's numbers are beside it."
    )
    return _table(header, lines) + (f"<p>{html.escape(said)}</p>" if behind else "")


def _table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table without its empty columns; the cells are HTML. A line of one cell is a heading."""
    shown = [i for i in range(len(header)) if i == 0 or any(len(line) > 1 and line[i] for line in lines)]
    kinds = dict.fromkeys(("verdict", "its verdict"), ' class="word"') | {"note": ' class="note"'}
    rows = ["<tr>" + "".join(f"<th{kinds.get(header[i], '')}>{header[i]}</th>" for i in shown) + "</tr>"]
    for line in lines:
        if len(line) == 1:
            rows.append(f'<tr><th colspan="{len(shown)}">{line[0]}</th></tr>')
        else:
            rows.append("<tr>" + "".join(f"<td{kinds.get(header[i], '')}>{line[i]}</td>" for i in shown) + "</tr>")
    return f'<div class="scroll"><table>{"".join(rows)}</table></div>'


def _line(text: str) -> str:
    """One line of text; what stands between backticks is code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(" ".join(text.split()), quote=False))


def _text(text: str) -> str:
    """Paragraphs, and lists of lines that begin with an asterisk."""
    parts = []
    for paragraph in text.strip().split("\n\n"):
        lines = paragraph.strip().splitlines()
        if lines and lines[0].startswith("* "):
            items = "\n".join(lines)[2:].split("\n* ")
            parts.append("<ul>" + "".join(f"<li>{_line(item)}</li>" for item in items) + "</ul>")
        elif lines:
            parts.append(f"<p>{_line(paragraph)}</p>")
    return "\n".join(parts)
