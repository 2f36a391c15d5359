"""The benchmarks run, and every peer does the same work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

# The benchmarks are beside the package, not in it: only now are they found.
from benchmarks import catalogue, script
from benchmarks.goals import markdown
from benchmarks.peers import PEERS, available
from benchmarks.steps import STEPS

SMALL = [name for name, step in STEPS.items() if step.batch <= 128]


def benchmarks(*arguments: str, module: str = "benchmarks") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_quick_mode_prints_a_table_and_writes_the_times(tmp_path: Path) -> None:
    done = benchmarks("--quick", "tiny", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "tinygrad_mlp, compiled" in done.stdout
    saved = json.loads((tmp_path / "steps.json").read_text())
    assert saved["steps"]["tiny"].keys() == set(available(STEPS["tiny"], quick=True))
    assert all(len(times["seconds"]) == 2 for times in saved["steps"]["tiny"].values())
    tables = (tmp_path / "steps.md").read_text()
    assert "| ratio |" in tables
    assert "compiled / gemms" in tables
    assert (tmp_path / "steps.png").read_bytes().startswith(b"\x89PNG")


def test_the_small_measurements_run(tmp_path: Path) -> None:
    done = benchmarks("--quick", "--out", str(tmp_path), module="benchmarks.micro")
    assert done.returncode == 0, done.stderr
    parts = json.loads((tmp_path / "micro.json").read_text())
    assert list(parts) == ["products", "operations", "graphs", "imports", "memory", "resident", "growth", "epoch"]
    assert all(rows for rows in parts.values())
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


def test_the_catalogue_has_every_layer_loss_and_optimizer_and_each_computes_what_pytorch_does(tmp_path: Path) -> None:
    done = benchmarks("--catalogue", "--quick", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    entries = json.loads((tmp_path / "catalogue.json").read_text())["catalogue"]
    assert (
        {"BatchNorm1d", "GELU", "HuberLoss", "NAdam", "Bilinear", "attention"} <= entries.keys() == catalogue.ENTRIES.keys()
    )
    assert (tmp_path / "catalogue.md").read_text() in done.stdout
    for name, peers in entries.items():
        first = peers["tinygrad_mlp"]["losses"]
        for peer, own in peers.items():
            assert len(own["seconds"]) == 2
            assert own["losses"] == pytest.approx(first, rel=1e-4) or name == "Dropout", (name, peer)


def test_without_pytorch_the_catalogue_has_no_ratios() -> None:
    times = {"tinygrad_mlp": {"seconds": [1e-3, 2e-3]}, "torch": {"seconds": [1e-3, 4e-3]}}
    assert catalogue.table({"GELU": times}).splitlines()[2:] == [
        "| GELU | 1,500 | 2,500 | 0.75 |",
        "| geometric mean of 1 |  |  | 0.75 |",
    ]
    del times["torch"]
    assert catalogue.table({"GELU": times}).splitlines()[2:] == ["| GELU | 1,500 |"]


def test_the_script_trains_with_every_peer_that_is_installed(tmp_path: Path) -> None:
    done = benchmarks("--script", "--quick", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    peers = json.loads((tmp_path / "script.json").read_text())["script"]
    assert peers.keys() == script.SCRIPTS.keys()
    assert {"seconds", "accuracy"} == peers["tinygrad_mlp"].keys() == peers["tinygrad_mlp, compiled"].keys()
    for name, own in peers.items():
        assert own["accuracy"] > 0.2 if "problem" not in own else f"| {name} | not run: {own['problem']}" in done.stdout


def test_a_peer_that_is_missing_or_fails_is_named_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = {
        "tinygrad_mlp": ("json", "print(0.5)"),
        "torch": ("no_such_module", ""),
        "jax.jit": ("json", "raise OSError('no device')"),
    }
    monkeypatch.setattr(script, "SCRIPTS", failing)
    results = script.measure(str(tmp_path), 2, tmp_path)
    assert results["tinygrad_mlp"]["accuracy"] == 0.5
    assert len(results["tinygrad_mlp"]["seconds"]) == 2
    assert results["torch"] == {"problem": "no_such_module is not installed"}
    assert results["jax.jit"] == {"problem": "OSError: no device"}


def test_an_unknown_step_is_an_error() -> None:
    done = benchmarks("s999")
    assert done.returncode == 2
    assert "no step ['s999']" in done.stderr


def test_a_goal_is_held_against_the_fastest_peer_and_bold_where_it_is_missed() -> None:
    seconds = {
        "tinygrad_mlp": [2.0, 2.0, 9.0],
        "torch": [2.0, 4.0, 9.0],
        "tinygrad_mlp, compiled": [1.0, 1.0, 1.0],
        "jax.jit": [1.0] * 3,
    }
    table = markdown({"s001": {peer: {"seconds": taken} for peer, taken in seconds.items()}}).splitlines()[-1]
    assert table == "| s001 | **1.00** | **1.00** (jax.jit) | 0.25 | 1.00 |"
    seconds["tinygrad_mlp"] = [1.0, 1.0, 1.0]
    table = markdown({"s001": {peer: {"seconds": taken} for peer, taken in seconds.items()}}).splitlines()[-1]
    assert table == "| s001 | 0.25 | **1.00** (jax.jit) | 0.25 | 1.00 |"


@pytest.mark.parametrize("step", SMALL)
def test_every_peer_trains_the_same_network(step: str) -> None:
    """Sklearn draws weights of its own, torch.compile needs a compiler of C, GEMMs alone have no loss."""
    losses = {}
    for peer in available(STEPS[step]):
        if peer not in ("sklearn", "torch.compile", "gemms"):
            run = PEERS[peer][1](STEPS[step])
            losses[peer] = [run() for _ in range(5)]
    expected = losses.pop("numpy by hand")
    assert expected[-1] < expected[0]
    assert {"tinygrad_mlp", "tinygrad_mlp, compiled"} <= losses.keys()
    for peer, own in losses.items():
        assert own == pytest.approx(expected, rel=1e-4), peer
