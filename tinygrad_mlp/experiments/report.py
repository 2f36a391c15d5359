"""The report of runs: one HTML page that contains its figures, for narrow and wide screens."""

import base64
import html
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..serialization import read_json
from .results import RunFolder, format_number

__all__ = ["write_report"]

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
th:first-child, td:first-child, th.note, td.note {{ text-align: left; white-space: normal; min-width: 9rem; }}
td.note {{ font-size: 0.875em; }}
figure {{ margin: 1.5rem 0; }}
figure img {{ max-width: 100%; min-width: 44rem; height: auto; background: white; border-radius: 4px; display: block; }}
figcaption {{ font-size: 0.9em; margin-top: 0.4rem; }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 0.1rem 1rem; font-size: 0.9em; }}
dd {{ margin: 0; }}
@media (max-width: 32rem) {{
  table {{ font-size: 0.75rem; }}
  th, td {{ padding: 0.2rem 0.3rem; }}
  th:first-child, td:first-child, th.note, td.note {{ min-width: 7rem; }}
}}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def write_report(folders: Sequence[Path], file: Path) -> None:
    """Write one page for the runs in these folders, from what they saved; a DataError where that is missing or damaged."""
    if not folders:
        raise DataError("a report needs the folder of at least one run")
    parts = [_part(i, folder) for i, folder in enumerate(folders)]
    names = [name for name, _ in parts]
    title = "tinygrad_mlp: " + ", ".join(names)
    contents = "".join(f'<li><a href="#run-{i}">{html.escape(name)}</a></li>' for i, name in enumerate(names))
    body = (f"<ul>{contents}</ul>" if len(parts) > 1 else "") + "".join(part for _, part in parts)
    page = _PAGE.format(title=html.escape(title), body=body)
    if not file.parent.is_dir() or file.is_dir():
        raise DataError(f"{file}: cannot be written: expected the name of a file in a folder that exists")
    RunFolder(file.parent, "report").write_text(file.name, page)


def _part(number: int, folder: Path) -> tuple[str, str]:
    """The name of a run, and its part of the page."""
    try:
        run = {name: read_json(folder / f"{name}.json") for name in ("run", "report", "results")}
        figures = [figure["file"] for section in run["report"]["sections"] for figure in section["figures"]]
        if elsewhere := [name for name in figures if Path(name).name != name]:
            raise ValueError(f"it has figures in another folder: {elsewhere[0]!r}")
        run["images"] = {name: base64.b64encode((folder / name).read_bytes()).decode() for name in figures}
        return str(run["run"]["experiment"]), _run(number, run)
    except FileNotFoundError as e:
        raise DataError(f"{folder}: is not the folder of a finished run: {e.filename} is not there") from e
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
        raise DataError(f"{folder}: its results are damaged ({type(e).__name__}: {e}); run the experiment again") from e


def _run(number: int, run: dict[str, Any]) -> str:
    about, outline = run["run"], run["report"]
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
    heading = about["experiment"] + (f": {outline['title']}" if "title" in outline else "")  # not in runs of version 0.1.0
    return (
        f'<h2 id="run-{number}">{html.escape(heading)}</h2>\n'
        f"<pre>{html.escape(about['command'])}</pre>\n<dl>{listed}</dl>\n{difference}{_text(outline['text'])}\n{sections}"
    )


def _section(section: dict[str, Any], run: dict[str, Any]) -> str:
    rows = [row for row in run["results"] if row["section"] == section["title"]]
    parts = [f"<h3>{html.escape(section['title'])}</h3>", _text(section["text"])]
    if rows:
        parts.append(_table(rows))
    for figure in section["figures"]:
        said = f"the report: {figure['says']}" if figure["number"] and figure["says"] else figure["says"]
        caption = "; ".join(html.escape(part) for part in (figure["number"], said) if part)
        parts.append(
            f'<figure><div class="scroll"><img alt="{html.escape(figure["number"] or figure["file"])}" '
            f'src="data:image/png;base64,{run["images"][figure["file"]]}"></div>'
            f"<figcaption>{caption}</figcaption></figure>"
        )
    return "\n".join(parts) + "\n"


def _table(rows: Sequence[dict[str, Any]]) -> str:
    notes, spread = any(row["note"] for row in rows), any(row["n"] > 1 for row in rows)
    header = ["", "paper", "ours", *(["sd", "n"] if spread else [])]
    lines = [
        "<tr>" + "".join(f"<th>{name}</th>" for name in header) + ('<th class="note">note</th>' if notes else "") + "</tr>"
    ]
    for row in rows:
        unit = f" in {row['unit']}" if row["unit"] else ""
        numbers = format_number(row["paper"], 10, ""), format_number(row["ours"], missing="not finite")
        cells = [html.escape(row["quantity"] + unit), *numbers]
        if spread:
            cells += [format_number(row["sd"], 2, ""), str(row["n"])]
        line = "".join(f"<td>{cell}</td>" for cell in cells)
        lines.append(f"<tr>{line}" + (f'<td class="note">{html.escape(row["note"])}</td>' if notes else "") + "</tr>")
    return f'<div class="scroll"><table>{"".join(lines)}</table></div>'


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
