"""Random streams, trainings that go on where they stopped, and what is taken down for the report."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import tinygrad_mlp as torch
from tinygrad_mlp.checkpoints import RandomStreams
from tinygrad_mlp.experiments.lab import Lab
from tinygrad_mlp.experiments.results import Record, RunFolder, Settings
from tinygrad_mlp.experiments.training import History


def lab(path: Path, seed: int = 0, settings: Settings | None = None, record: Record | None = None) -> Lab:
    path.mkdir(exist_ok=True)
    return Lab(settings or Settings(seeds=(seed,)), seed, RunFolder(path, "toy"), record or Record())


def train_model(place: Lab, stop: int | None = None, epochs: int = 6) -> tuple[torch.nn.Module, History]:
    """A training with everything that has a state; it breaks off in one of its epochs."""
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 1))
    for p in model.parameters():
        torch.nn.init.uniform_(p, -1, 1, generator=place.generator("init"))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
    noise = place.generator("noise")
    history: History = defaultdict(list)
    state = {"model": model, "optimizer": optimizer, "scheduler": scheduler, "noise": noise}
    for epoch in place.epochs("a training: 1", epochs, history, **state):
        for _ in range(3):
            loss = model(torch.randn(8, 3, generator=noise)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            if epoch == stop:
                raise KeyboardInterrupt
            optimizer.step()
            history["step"].append(loss.item())
        scheduler.step()
        history["loss"].append(loss.item())
    return model, history


def weights(model: torch.nn.Module) -> list[Any]:
    return [value.tolist() for value in model.state_dict().values()]


@pytest.mark.parametrize("stop", [1, 2, 5])
@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_a_resumed_training_ends_like_an_uninterrupted_one(
    tmp_path: Path, stop: int, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinygrad_mlp.experiments.lab._SECONDS", seconds)
    whole, curves = train_model(lab(tmp_path / "whole"))
    with pytest.raises(KeyboardInterrupt):
        train_model(lab(tmp_path / "parts"), stop)
    assert len(list((tmp_path / "parts").rglob("checkpoint.npz"))) == (stop > 1 and seconds == 0)
    resumed, again = train_model(lab(tmp_path / "parts"))
    assert weights(resumed) == weights(whole)
    assert again == curves
    assert len(curves["loss"]) == 6

    finished, same = train_model(lab(tmp_path / "parts"), stop=1)  # nothing is left to do: it does not get to its stop
    assert weights(finished) == weights(whole)
    assert same == curves


def test_other_seeds_have_trainings_of_their_own(tmp_path: Path) -> None:
    models = [train_model(lab(tmp_path, seed))[0] for seed in (0, 1)]
    assert weights(models[0]) != weights(models[1])


def test_until_ends_a_training(tmp_path: Path) -> None:
    history: History = defaultdict(list)
    for epoch in lab(tmp_path).epochs("one", 10, history, until=lambda: len(history["epoch"]) == 3):
        history["epoch"].append(epoch)
    assert history["epoch"] == [1, 2, 3]


def test_two_trainings_of_one_name(tmp_path: Path) -> None:
    place = lab(tmp_path)
    assert list(place.epochs("one", 1, defaultdict(list))) == [1]
    with pytest.raises(ValueError, match="training 'one' already"):
        next(place.epochs("one", 1, defaultdict(list)))


def test_names_that_differ_in_odd_characters_do_not_meet(tmp_path: Path) -> None:
    for name in ("a/b", "a b", "a_b", "ä"):
        assert list(lab(tmp_path).epochs(name, 2, defaultdict(list))) == [1, 2]


def test_curves_hold_what_has_a_value_per_epoch(tmp_path: Path) -> None:
    place = lab(tmp_path, seed=3)
    _, history = train_model(place, epochs=2)
    assert list(place.curves()) == [
        (3, "a training: 1", 1, "loss", history["loss"][0]),
        (3, "a training: 1", 2, "loss", history["loss"][1]),
    ]


def test_the_bar_names_the_training_and_its_latest_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    train_model(lab(tmp_path / "unseen"), epochs=1)
    assert capsys.readouterr().err == ""  # nobody looks
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr("tinygrad_mlp.experiments.lab._REFRESH", 0.0)
    _, history = train_model(lab(tmp_path, seed=1, settings=Settings(seeds=(0, 1))), epochs=2)
    bar = capsys.readouterr().err
    assert "seed 1, a training: 1 2/2" in bar
    assert "\n" not in bar
    assert f"loss {history['loss'][-1]:.4g}" in bar
    assert "step" not in bar


def test_random_streams() -> None:
    """They are those of `RandomStreams`, each from its start."""
    place = lab(Path(), 3)
    for name in ("init", "shuffle"):
        expected = torch.rand(5, generator=RandomStreams(3)[name]).tolist()
        for _ in range(2):
            assert torch.rand(5, generator=place.generator(name)).tolist() == expected


def test_once_computes_once(tmp_path: Path) -> None:
    calls = []

    def compute() -> dict[str, Any]:
        calls.append(1)
        return {"features": torch.eye(2), "seconds": 1.5}

    for _ in range(2):
        value = lab(tmp_path).once("hog", compute)
        assert value["seconds"] == 1.5
        assert value["features"].tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert calls == [1]


def test_epochs_are_the_users_or_the_reports_or_fewer_on_the_sample() -> None:
    assert lab(Path()).count(100, 5) == 5
    assert lab(Path(), settings=Settings(data="full", seeds=(0,))).count(100, 5) == 100
    assert lab(Path(), settings=Settings(epochs=2, seeds=(0,))).count(100, 5) == 2


def test_only_the_first_seed_keeps_figures_tables_and_models(tmp_path: Path) -> None:
    record, settings = Record(), Settings(seeds=(4, 5))
    for seed in settings.seeds:
        place = lab(tmp_path, seed, settings, record)
        place.section("Table 1: rates", "Their mean.")
        place.row("accuracy", 90 + seed, 97.0, "%")
        place.claim("The loss falls", seed == 4)
        figure = Figure()
        figure.subplots().plot(np.arange(3))
        place.figure("loss.png", figure, number="Figure 1", says="It falls.")
        place.table("a.csv", ["seed"], [[seed]])
        place.model("model.npz", torch.nn.Linear(seed, 1))
    assert (tmp_path / "a.csv").read_text().split() == ["seed", "4"]
    assert torch.load(tmp_path / "model.npz")["weight"].shape == (1, 4)
    assert record.outline() == [
        {
            "title": "Table 1: rates",
            "text": "Their mean.",
            "figures": [{"file": "loss.png", "number": "Figure 1", "says": "It falls."}],
            "claims": {"The loss falls": [True, False]},
        }
    ]
    (row,) = record.rows()
    assert (row.section, row.ours, row.n) == ("Table 1: rates", 94.5, 2)
