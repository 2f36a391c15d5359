"""What a page says follows from its numbers: experiments are run on doctored ones, and the words change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as torch
from tests.whole_results import WHOLE, whole_results
from tinygrad_mlp.experiments import find_experiments, training
from tinygrad_mlp.experiments.results import Record, Section, Settings
from tinygrad_mlp.experiments.runs import perform, start


def words(
    path: Path, name: str, shift: float, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, str], dict[str, list[bool]], list[str]]:
    """Verdicts, claims and static texts of a run of one epoch, whose numbers are moved away from the report's by ``shift``."""
    settings = Settings(epochs=1)
    record: list[Record] = []
    with monkeypatch.context() as patch:
        patch.setattr(Settings, "incomparable", property(lambda self: ""))  # as if of the whole set, as the report trains
        add = Section.add

        def doctored(
            self: Section, quantity: str, value: float, unit: str = "", paper: float | None = None, *more: Any
        ) -> None:
            add(self, quantity, value if paper is None else paper + shift * (abs(paper) + 1), unit, paper, *more)

        patch.setattr(Section, "add", doctored)
        score = training.score

        def doctored_score(*arguments: Any) -> training.Evaluation:
            found = score(*arguments)
            chance = np.random.default_rng(seed := 7 if shift > 0 else 8)
            doctored_score.calls = getattr(doctored_score, "calls", 0) + 1  # type: ignore[attr-defined] # a counter
            draws = chance.uniform(1, 99, doctored_score.calls)  # type: ignore[attr-defined] # likewise
            assert seed
            return training.Evaluation(float(draws[-1]), float(draws[-1]), found.predictions)

        for module in (training, find_experiments()[name].load()):
            if hasattr(module, "score"):
                patch.setattr(module, "score", doctored_score)
        init = Record.__init__
        patch.setattr(Record, "__init__", lambda self: (init(self), record.append(self))[0])
        rows = perform(start(name, settings, path, "test"), settings)
        verdicts = {f"{row.section}: {row.quantity}": row.verdict() for row in rows if row.paper is not None}
    (made,) = record
    claims = {
        f"{section.title}: {says}": held for section in made.sections.values() for says, held in section.claims.items()
    }
    return verdicts, claims, [section.text for section in made.sections.values()]


@pytest.mark.parametrize("name", find_experiments())
def test_words_follow_from_the_numbers(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    outcomes = []
    for i, shift in enumerate((0.5, -0.5, 0.0)):
        (tmp_path / str(i)).mkdir()
        outcomes.append(words(tmp_path / str(i), name, shift, monkeypatch))
    (above, claims, texts), (below, other_claims, other_texts), (equal, _, _) = outcomes
    assert above.keys() == below.keys() == equal.keys() != set()
    assert set(above.values()) == {"above (one seed)"}
    assert set(below.values()) == {"below (one seed)"}
    assert set(equal.values()) == {"equal as printed"}
    assert texts == other_texts  # which tell no findings
    assert claims.keys() == other_claims.keys() != set()


def test_the_packages_copy_of_the_results_on_the_whole_sets_is_current() -> None:
    assert WHOLE.read_text(encoding="utf-8") == whole_results(), "write it anew: python -m tests.whole_results"
