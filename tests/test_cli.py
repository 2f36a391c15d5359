"""The command line: what it prints, its exit status, and that every error is one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tinygrad_mlp import __version__
from tinygrad_mlp.cli import main
from tinygrad_mlp.datasets import sources
from tinygrad_mlp.errors import DataError
from tinygrad_mlp.experiments import ee6132_lab
from tinygrad_mlp.experiments.results import Row, RunFolder, Settings


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No data sets but the sample, and a folder of its own to run in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("TINYGRAD_MLP_DATA", raising=False)
    monkeypatch.setattr(sources, "_SYSTEM", tmp_path / "system")


@pytest.fixture
def experiment(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., list[Row]]], None]:
    """Puts a function in the place of the experiment's own."""
    return lambda function: monkeypatch.setattr(ee6132_lab, "run", function)


def ROWS(settings: Settings, folder: RunFolder) -> list[Row]:  # noqa: N802 - stands for what it returns
    return [Row("accuracy", "%", 98.0, 97.5, note="3 epochs, not 15"), Row("F1", "", None, float("nan"))]


def error_of(arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr of a command that fails with that status."""
    try:
        got = main(arguments)
    except SystemExit as e:
        got = e.code
    out, err = capsys.readouterr()
    assert got == status
    assert err.startswith("tinygrad-mlp: error: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert "Traceback" not in out
    return err


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("ee6132-lab  MNIST digits by a 784-500-250-100-10 network")
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--help"], "run experiments"),
        (["list", "--help"], "List the experiments."),
        (["run", "--help"], "--data sample|full|DIR"),
        (["data", "--help"], "fetch"),
        (["data", "fetch", "--help"], "mnist or fashion-mnist"),
        (["--version"], f"tinygrad-mlp {__version__}"),
    ],
)
def test_help_and_version(arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 0
    assert text in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "the following arguments are required: COMMAND (see tinygrad-mlp --help)"),
        (["walk"], "invalid choice: 'walk'"),
        (["run", "ee6132"], "no experiment is called 'ee6132'; known: ee6132-lab (see tinygrad-mlp run --help)"),
        (["run", "--epochs", "0"], "argument --epochs: expected a whole number of 1 or more, got '0'"),
        (["run", "--epochs", "-3"], "argument --epochs: expected a whole number of 1 or more, got '-3'"),
        (["run", "--epochs", "1.5"], "argument --epochs: expected a whole number of 1 or more, got '1.5'"),
        (["run", "--seed", "-1"], "argument --seed: expected a whole number from 0 to 4294967295, got '-1'"),
        (["run", "--seed", "4294967296"], "got '4294967296'"),
        (["run", "--walk"], "unrecognized arguments: --walk"),
        (["data", "fetch"], "the following arguments are required: NAME (see tinygrad-mlp data fetch --help)"),
        (["data", "fetch", "cifar"], "invalid choice: 'cifar'"),
    ],
)
def test_a_command_that_is_not_understood_exits_with_2(
    arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert text in error_of(arguments, 2, capsys)


def test_run_prints_a_table_and_writes_the_results(
    experiment: Callable[[Callable[..., list[Row]]], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment(ROWS)
    assert main(["run", "ee6132-lab", "ee6132-lab", "--seed", "3", "--out", "my results"]) == 0
    (folder,) = (tmp_path / "my results" / "ee6132-lab").iterdir()
    assert json.loads((folder / "results.json").read_text()) == [
        {
            "experiment": "ee6132-lab",
            "quantity": "accuracy",
            "unit": "%",
            "paper": 98.0,
            "ours": 97.5,
            "n": 1,
            "note": "3 epochs, not 15",
        },
        {
            "experiment": "ee6132-lab",
            "quantity": "F1",
            "unit": "",
            "paper": None,
            "ours": None,
            "n": 1,
            "note": "",
        },
    ]
    about = json.loads((folder / "run.json").read_text())
    assert about["command"] == "tinygrad-mlp run ee6132-lab --data sample --seed 3 --out 'my results'"
    assert about["seconds"] >= 0
    assert about["versions"]["tinygrad_mlp"] == __version__
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:6] == [
        "quantity  unit  paper  ours",
        "---------------------------",
        "accuracy  %        98  97.5",
        "F1                  -   nan",
    ]
    assert "Ours: 3 epochs, not 15." in lines
    where = folder.relative_to(tmp_path)
    assert lines[-1] == f"Written to {where}: results.json, run.json"


def test_run_passes_its_options_on(experiment: Callable[[Callable[..., list[Row]]], None]) -> None:
    got = []

    def run(settings: Settings, folder: RunFolder) -> list[Row]:
        got.append(settings)
        return ROWS(settings, folder)

    experiment(run)
    assert main(["run"]) == 0
    assert main(["run", "--data", "full", "--epochs", "3", "--seed", "0"]) == 0
    assert got == [Settings("sample", None, 0), Settings("full", 3, 0)]


@pytest.mark.parametrize("library", ["matplotlib", "safetensors", "sklearn", "tqdm"])
def test_a_missing_library_is_named_with_the_remedy(
    library: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    text = error_of(["run"], 1, capsys)
    assert text == (
        f"tinygrad-mlp: error: the experiments need {library}; install it with: pip install 'tinygrad_mlp[experiments]'\n"
    )


def test_an_out_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert "file/ee6132-lab: Not a directory" in error_of(["run", "--out", "file"], 1, capsys)


def test_data_that_is_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    text = error_of(["run", "--data", "full"], 1, capsys)
    assert "MNIST was not found. Tried: 1. $TINYGRAD_MLP_DATA: not set" in text
    assert "`tinygrad-mlp data fetch mnist`" in text


def test_data_that_is_broken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(b"broken")
    text = error_of(["run", "--data", str(tmp_path)], 1, capsys)
    assert f"{tmp_path}/train-labels-idx1-ubyte: starts with bytes" in text


@pytest.mark.parametrize(
    ("raised", "status", "text"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (DataError("two\n  lines"), 1, "two lines"),
        (OSError(28, "No space left on device"), 1, "No space left on device"),
        (PermissionError(13, "Permission denied", "runs"), 1, "runs: Permission denied"),
    ],
)
def test_failures_of_a_run(
    raised: BaseException,
    status: int,
    text: str,
    experiment: Callable[[Callable[..., list[Row]]], None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(settings: Settings, folder: RunFolder) -> list[Row]:
        raise raised

    experiment(run)
    assert text in error_of(["run"], status, capsys)
    assert list((tmp_path / "runs" / "ee6132-lab").iterdir()) == []


def test_a_run_that_fails_late_keeps_what_it_wrote(
    experiment: Callable[[Callable[..., list[Row]]], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(settings: Settings, folder: RunFolder) -> list[Row]:
        folder.write_csv("epochs.csv", ["epoch"], [[1]])
        raise KeyboardInterrupt

    experiment(run)
    error_of(["run"], 130, capsys)
    (folder,) = (tmp_path / "runs" / "ee6132-lab").iterdir()
    assert [path.name for path in folder.iterdir()] == ["epochs.csv"]


def test_data_shows_every_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data"]) == 0
    out = capsys.readouterr().out
    assert "mnist (CC BY-SA 3.0, Y. LeCun, C. Cortes, C. Burges)" in out
    assert "sample, ships with the package: 5,000 training and 1,000 test images" in out
    assert "sample, ships with the package: 1,500 training and 500 test images" in out
    assert out.count("$TINYGRAD_MLP_DATA: not set") == 2
    assert f"the user's cache: no folder {tmp_path}/xdg/tinygrad-mlp/mnist" in out


def test_fetch_prints_where_the_set_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("tinygrad_mlp.datasets.fetch", lambda name: Path("found", name))
    assert main(["data", "fetch", "fashion-mnist"]) == 0
    assert capsys.readouterr().out == f"{Path('found', 'fashion-mnist')}\n"


def test_python_m_is_the_same_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tinygrad_mlp", "run", "--epochs", "0"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("tinygrad-mlp: error: argument --epochs")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and signals are POSIX's")
def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    code = "import sys; from tinygrad_mlp.cli import main; input(); sys.exit(main(['list']))"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdin.write(b"\n")
    process.stdin.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 1
