"""Writes the results on the whole data sets, which are in docs/results, into the package: ``python -m tests.whole_results``."""

from __future__ import annotations

import json
from pathlib import Path

import tinygrad_mlp

RESULTS = Path(__file__).parent.parent / "docs" / "results"
WHOLE = Path(tinygrad_mlp.__file__).parent / "experiments" / "whole.json"


def whole_results() -> str:
    """By experiment, section and quantity: mean, standard deviation and number of seeds, with six digits."""
    found: dict[str, dict[str, dict[str, list[float | None]]]] = {}
    for path in sorted(RESULTS.glob("*/results.json")):
        for row in json.loads(path.read_text(encoding="utf-8")):
            mean, sd = (None if row[key] is None else float(f"{row[key]:.6g}") for key in ("ours", "sd"))
            found.setdefault(row["experiment"], {}).setdefault(row["section"], {})[row["quantity"]] = [mean, sd, row["n"]]
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    WHOLE.write_text(whole_results(), encoding="utf-8")
