"""The command line: what it prints, its exit status, and that every error is one line."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tinygrad_mlp import __version__, experiments
from tinygrad_mlp.cli import main
from tinygrad_mlp.datasets import MNIST, sources
from tinygrad_mlp.datasets.idx import idx_header
from tinygrad_mlp.errors import DataError
from tinygrad_mlp.experiments import (  # the last two are loaded before a test takes their folder off the package's path
    find_experiments,
    gradient_check,
    report,  # noqa: F401
    runs,  # noqa: F401
)
from tinygrad_mlp.experiments.lab import Lab
from tinygrad_mlp.experiments.training import History

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No data sets but the sample, and a folder of its own to run in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("TINYGRAD_MLP_DATA", raising=False)
    monkeypatch.setattr(sources, "_SYSTEM", tmp_path / "system")


Script = Callable[[Lab], None]


@pytest.fixture
def experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Script], None]:
    """Makes a script the only experiment; its name is toy."""
    folder = tmp_path / "experiments"

    def register(run: Script) -> None:
        folder.mkdir()
        declared = 'TITLE = "Toys"\nSUMMARY = "a toy"\nSECONDS = 1\nDATASETS = ()\nNETWORKS = ()\ndef run(lab): ...\n'
        (folder / "toy.py").write_text(declared)
        module = ModuleType("tinygrad_mlp.experiments.toy", "A toy.")
        exec(declared, module.__dict__)
        module.run = run
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(experiments, "__path__", [str(folder)])

    return register


def measure(lab: Lab) -> None:
    lab.section("Table 1")
    lab.row("accuracy", 97.5 + lab.seed, 98.0, "%", note="3 epochs, not 15", headline="toy: accuracy, %")
    lab.row("F1", float("nan"))


def write_set(folder: Path, dataset: type[MNIST]) -> None:
    """The first images of the sample as a data set of one's own."""
    folder.mkdir(parents=True)
    for split, train in (("train", True), ("t10k", False)):
        sample = dataset.sample(train=train)
        for kind, array in (("images-idx3", sample.data.numpy()[:100]), ("labels-idx1", sample.targets.numpy()[:100])):
            (folder / f"{split}-{kind}-ubyte").write_bytes(idx_header(array.shape) + array.astype(np.uint8).tobytes())


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
    assert [line.split()[0] for line in out.splitlines()] == list(find_experiments())
    assert "784-500-250-100-10" in out
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
        (["run", "ee6132"], "no experiment is called 'ee6132'; known: "),
        (["run", "--epochs", "0"], "argument --epochs: expected a whole number of 1 or more, got '0'"),
        (["run", "--epochs", "-3"], "argument --epochs: expected a whole number of 1 or more, got '-3'"),
        (["run", "--epochs", "1.5"], "argument --epochs: expected a whole number of 1 or more, got '1.5'"),
        (["run", "--seed", "-1"], "argument --seed: expected a whole number from 0 to 4294967295, got '-1'"),
        (["run", "--seed", "4294967296"], "got '4294967296'"),
        (["run", "--seeds", "0"], "argument --seeds: expected a whole number from 1 to 1000, got '0'"),
        (["run", "--seed", "1", "--seeds", "2"], "argument --seeds: not allowed with argument --seed"),
        (["run", "--seeds", "1001"], "argument --seeds: expected a whole number from 1 to 1000, got '1001'"),
        (["report"], "the following arguments are required: DIR"),
        (["run", "--epoch=1"], "unrecognized arguments: --epoch=1"),
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
    experiment: Callable[[Script], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment(measure)
    assert main(["run", "toy", "toy", "--seeds", "2", "--out", "my results"]) == 0
    (folder,) = (tmp_path / "my results").glob("*/toy")
    first, second = json.loads((folder / "results.json").read_text())
    assert first == {
        "experiment": "toy",
        "section": "Table 1",
        "quantity": "accuracy",
        "unit": "%",
        "paper": 98.0,
        "ours": 98.0,
        "sd": 0.5**0.5,
        "n": 2,
        "note": "3 epochs, not 15",
        "headline": "toy: accuracy, %",
    }
    assert (second["quantity"], second["paper"], second["ours"], second["sd"], second["n"]) == ("F1", None, None, None, 2)
    about = json.loads((folder / "run.json").read_text())
    assert about["command"] == "tinygrad-mlp run toy --data sample --out 'my results' --seeds 2"
    assert about["settings"] == {"data": "sample", "epochs": None, "seeds": [0, 1], "eager": False}
    assert about["finished"] is True
    assert about["seconds"] >= 0
    assert about["versions"]["tinygrad_mlp"] == __version__
    where = folder.relative_to(tmp_path)
    assert capsys.readouterr().out.splitlines() == [
        f"toy: runs in {where}; about 2 s left",
        "",
        "                  report       ours",
        "toy: accuracy, %      98  98 ± 0.71",
        "",
        "Not comparable with the reports' numbers: the images that ship with the package,",
        "a fraction of the whole set and fewer epochs.",
        f"Look at {where.parent / 'index.html'}",
    ]


def test_run_passes_its_options_on(experiment: Callable[[Script], None]) -> None:
    got = []
    experiment(lambda lab: got.append((lab.settings.data, lab.settings.epochs, lab.seed)))
    assert main(["run"]) == 0
    assert main(["run", "--data", "full", "--epochs", "3", "--seed", "7"]) == 0
    assert main(["run", "--seeds", "2"]) == 0
    assert got == [("sample", None, 0), ("full", 3, 7), ("sample", None, 0), ("sample", None, 1)]


def stop_in_epoch(number: int) -> tuple[Script, list[int]]:
    """An experiment of three epochs that is interrupted in one of them, the first time that it gets there."""
    seen: list[int] = []

    def run(lab: Lab) -> None:
        history: History = defaultdict(list)
        for epoch in lab.epochs("counting", 3, history):
            seen.append(epoch)
            if epoch == number and seen.count(number) == 1:
                raise KeyboardInterrupt
            history["epoch"].append(epoch)
        lab.section("Table 1")
        lab.row("sum", sum(history["epoch"]))

    return run, seen


def test_an_interrupted_run_says_how_to_go_on_and_does(
    experiment: Callable[[Script], None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tinygrad_mlp.experiments.lab._SECONDS", 0.0)  # every epoch is kept
    run, seen = stop_in_epoch(2)
    experiment(run)
    assert main(["run", "toy", "--epochs", "9"]) == 130
    (folder,) = (tmp_path / "runs").glob("*/toy")
    error = capsys.readouterr().err.splitlines()[-1]
    assert error == (
        f"tinygrad-mlp: error: interrupted; {folder.relative_to(tmp_path)} keeps what is done; "
        "go on with: tinygrad-mlp run toy --out runs --resume"
    )
    assert not json.loads((folder / "run.json").read_text())["finished"]
    (folder / ".tmpabc").mkdir()  # as a process leaves it that is killed while it writes a file
    (folder / ".results.json.abc.tmp").write_text("[")

    assert main(["run", "toy", "--resume", "--epochs", "8"]) == 1
    assert "begun with other --epochs (9); leave that out" in capsys.readouterr().err
    assert main(["run", "toy", "--resume"]) == 0
    assert f"goes on in {folder.relative_to(tmp_path)}" in capsys.readouterr().out
    assert seen == [1, 2, 2, 3]
    assert json.loads((folder / "results.json").read_text())[0]["ours"] == 6
    assert [path.name for path in folder.iterdir() if path.suffix == ""] == []

    assert main(["run", "toy", "--resume"]) == 0  # nothing is unfinished now: a new run
    assert len(list((tmp_path / "runs").glob("*/toy"))) == 2


def test_resuming_several_experiments_does_not_repeat_the_finished(
    experiment: Callable[[Script], None], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinygrad_mlp.experiments.lab._SECONDS", 0.0)
    run, _ = stop_in_epoch(2)
    experiment(run)
    done = tmp_path / "experiments" / "done.py"
    done.write_text('TITLE = "Done"\nSUMMARY = "a toy"\nSECONDS = 1\nDATASETS = ()\nNETWORKS = ()\ndef run(lab): ...\n')
    calls: list[int] = []
    module = ModuleType("tinygrad_mlp.experiments.done", "Done.")
    exec(done.read_text(), module.__dict__)

    def count(lab: Lab) -> None:
        calls.append(lab.seed)
        lab.section("Table 1")
        lab.row("calls", len(calls), headline="calls")

    module.run = count
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert main(["run"]) == 130
    capsys.readouterr()
    assert main(["run", "--resume"]) == 0
    assert calls == [0]
    assert ["calls", "1"] in [line.split() for line in capsys.readouterr().out.splitlines()]
    (root,) = (tmp_path / "runs").iterdir()
    assert sorted(path.name for path in root.iterdir()) == ["done", "index.html", "toy"]


def test_a_run_that_is_still_going_is_not_taken_up(
    experiment: Callable[[Script], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    statuses = []

    def run(lab: Lab) -> None:
        for _ in lab.epochs("one", 2, defaultdict(list)):
            if not statuses:
                statuses.append(None)
                statuses[:] = [main(["run", "toy", "--resume"])]

    experiment(run)
    assert main(["run", "toy"]) == 0
    assert statuses == [1]
    assert "another process is at work on this run" in capsys.readouterr().err
    (folder,) = (tmp_path / "runs").glob("*/toy")
    assert not (folder / ".lock").exists()


@pytest.mark.parametrize(
    "damaged",
    ["", "[]", "[" * 100_000, '{"finished": NaN}', '{"finished": false, "settings": {"data": 1, "epochs": 2, "seeds": []}}'],
)
def test_a_damaged_run_is_not_taken_up(
    damaged: str, experiment: Callable[[Script], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment(lambda lab: None)
    path = tmp_path / "runs" / "2026" / "toy" / "run.json"
    path.parent.mkdir(parents=True)
    path.write_text(damaged)
    assert main(["run", "toy", "--resume"]) == 1
    assert "run.json: is damaged" in capsys.readouterr().err


def test_report_of_several_runs(
    experiment: Callable[[Script], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment(measure)
    for seed in ("0", "1"):
        assert main(["run", "--seed", seed]) == 0
    folders = sorted((tmp_path / "runs").glob("*/toy"))
    for page in (tmp_path / "runs").rglob("index.html"):
        page.unlink()
    capsys.readouterr()
    assert main(["report", "runs"]) == 0
    assert capsys.readouterr().out == "runs/index.html\n"
    page = (tmp_path / "runs" / "index.html").read_text()
    assert page.count("<td>toy: accuracy, %</td>") == 2
    for seed, folder in enumerate(folders):
        assert f'<a href="{folder.parent.name}/toy/index.html">toy</a>' in page
        assert f"--seed {seed}" in (folder / "index.html").read_text()
    assert main(["report", str(folders[0])]) == 0
    (tmp_path / "empty").mkdir()
    assert "empty: there is no finished run in this folder" in error_of(["report", "empty"], 1, capsys)


@pytest.mark.parametrize("library", ["joblib", "matplotlib", "safetensors", "skimage", "sklearn", "threadpoolctl", "tqdm"])
def test_a_missing_library_is_named_with_the_remedy(
    library: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    text = error_of(["run"], 1, capsys)
    assert text == (
        f"tinygrad-mlp: error: the experiments need {library}; install the extra that has it, in the project's folder: "
        "pip install '.[experiments]'\n"
    )


def test_an_out_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert "file" in error_of(["run", "ee6132-lab", "--out", "file"], 1, capsys)


def test_data_that_is_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    text = error_of(["run", "ee6132-lab", "--data", "full"], 1, capsys)
    assert "MNIST was not found. Tried: 1. $TINYGRAD_MLP_DATA: not set" in text
    assert "`tinygrad-mlp data fetch mnist`" in text


def test_all_data_is_found_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """MNIST is there, Fashion-MNIST is not."""
    write_set(tmp_path / "data" / "mnist", MNIST)
    monkeypatch.setenv("TINYGRAD_MLP_DATA", str(tmp_path / "data"))
    for data in ("full", str(tmp_path / "data")):
        assert "FashionMNIST" in error_of(["run", "ascii-bits", "fashion", "--data", data], 1, capsys)
        assert not (tmp_path / "runs").exists()


def test_data_that_is_broken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(b"broken")
    text = error_of(["run", "ee6132-lab", "--data", str(tmp_path)], 1, capsys)
    assert f"{tmp_path}/train-labels-idx1-ubyte: starts with bytes" in text


IDEA = '''"""What `it` does."""

from tinygrad_mlp.datasets import MNIST
from tinygrad_mlp.experiments.data import load_images
from tinygrad_mlp.experiments.gradient_check import Network

TITLE = "A new idea"
SUMMARY = "one more experiment, in one file"
SECONDS = 0.5
DATASETS = (MNIST,)
NETWORKS: tuple[Network, ...] = (Network("784-3-10 tanh", (784, 3, 10), "tanh", "softmax_cross_entropy"),)


def run(lab):
    train, test = load_images(MNIST, lab.settings.data)
    lab.section("Table 1")
    lab.row("images", len(train) + len(test), headline="number of images")
'''


def test_an_experiment_is_added_by_its_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my_idea.py").write_text(IDEA)
    monkeypatch.setattr(experiments, "__path__", [*experiments.__path__, str(tmp_path)])
    try:
        assert main(["list"]) == 0
        assert "my-idea               one more experiment, in one file" in capsys.readouterr().out.splitlines()
        assert main(["run", "my-idea"]) == 0
        assert ["number", "of", "images", "6000"] in [line.split() for line in capsys.readouterr().out.splitlines()]
        (folder,) = (tmp_path / "runs").glob("*/my-idea")
        page = (folder / "index.html").read_text()
        assert "<h1>my-idea: A new idea</h1>" in page
        assert "What <code>it</code> does." in page
        capsys.readouterr()
        assert main(["check", "my-idea"]) == 0
        out = capsys.readouterr().out
        assert "my-idea: 784-3-10 tanh" in out
        assert out.endswith("all 4 parameters agree\n")
    finally:
        sys.modules.pop("tinygrad_mlp.experiments.my_idea", None)
        vars(experiments).pop("my_idea", None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (IDEA.replace("SUMMARY", "SUMARY").replace("DATASETS", "DATA"), "it defines run(), but not SUMMARY, DATASETS"),
        (IDEA.replace('"A new idea"', '"A new".join(idea)'), "malformed node"),
        (IDEA.replace('"A new idea"', "1"), "TITLE and SUMMARY must be plain strings, and SECONDS a number"),
        (IDEA.replace("def run(lab):", "def run(lab)"), "expected ':'"),
    ],
)
def test_an_experiment_that_is_not_declared_in_full(
    text: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my_idea.py").write_text(text)
    monkeypatch.setattr(experiments, "__path__", [*experiments.__path__, str(tmp_path)])
    error = error_of(["list"], 1, capsys)
    assert f"{tmp_path / 'my_idea.py'}: is not an experiment: " in error
    assert reason in error


@pytest.mark.parametrize(
    ("raised", "status", "text"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (DataError("two\n  lines"), 1, "two lines"),
        (OSError(28, "No space left on device"), 1, "No space left on device"),
        (PermissionError(13, "Permission denied", "runs"), 1, "runs: Permission denied"),
    ],
)
def test_a_run_that_fails_before_anything_is_done_leaves_nothing(
    raised: BaseException,
    status: int,
    text: str,
    experiment: Callable[[Script], None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(lab: Lab) -> None:
        raise raised

    experiment(run)
    assert text in error_of(["run"], status, capsys)
    assert list((tmp_path / "runs").iterdir()) == []


def test_check_prints_a_table_and_fails_where_gradients_differ(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "grid-search"]) == 0
    assert capsys.readouterr().out.endswith("all 4 parameters agree\n")
    monkeypatch.setattr(gradient_check, "FORMULAS_BOUND", 0.0)
    assert "4 of 4 gradients are wrong" in error_of(["check", "grid-search"], 1, capsys)
    assert "no experiment is called 'rcipe'; known: ascii-bits, " in error_of(["check", "rcipe"], 2, capsys)


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


def run_module(*arguments: str | bytes, redirect: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m tinygrad_mlp` in the current folder, its streams redirected by the shell."""
    command = [sys.executable, "-m", "tinygrad_mlp", *arguments]
    if redirect:
        command = ["sh", "-c", f'exec "$@" {redirect}', "sh", *command]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", env=env, check=False)


def test_python_m_is_the_same_command() -> None:
    done = run_module("run", "--epochs", "0")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("tinygrad-mlp: error: argument --epochs")
    assert done.stderr.count("\n") == 1


posix = pytest.mark.skipif(sys.platform == "win32", reason="shells, pipes and locales are POSIX's")


@posix
def test_a_run_that_is_killed_again_and_again_ends_like_an_undisturbed_one(tmp_path: Path) -> None:
    """It is killed at any moment after its first, second, … checkpoint."""
    code = "from tinygrad_mlp.experiments import lab; lab._SECONDS = 0.0; from tinygrad_mlp.cli import main; main()"
    arguments = ["run", "ascii-bits", "--epochs", "5", "--resume", "--out"]
    command = [sys.executable, "-c", code, *arguments]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert main([*arguments, "whole"]) == 0
    chance = random.Random(0)
    for kills in (3, 2, 1, 0):
        before = time.time_ns()
        process = subprocess.Popen([*command, "parts"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while kills and process.poll() is None:
            if any(path.stat().st_mtime_ns > before for path in (tmp_path / "parts").rglob("checkpoint.npz")):
                time.sleep(chance.uniform(0, 0.2))
                process.kill()
                break
            time.sleep(0.01)
        if process.wait() == 0:  # on a busy machine maybe before all kills
            break
    assert process.returncode == 0
    (whole,), (parts,) = ((tmp_path / out).glob("*/ascii-bits") for out in ("whole", "parts"))
    assert sorted(path.name for path in parts.iterdir()) == sorted(path.name for path in whole.iterdir())
    for name in ("results.json", "epochs.csv", "model.safetensors", "wrong-bits.csv"):
        assert (parts / name).read_bytes() == (whole / name).read_bytes()


@posix
@pytest.mark.parametrize("redirect", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(redirect: str, tmp_path: Path) -> None:
    for arguments, status in ((["list"], 0), (["walk"], 2), (["run", "grid-search", "--epochs", "1"], 0)):
        done = run_module(*arguments, redirect=redirect)
        assert "Traceback" not in done.stderr
        assert done.returncode == status
    (folder,) = (tmp_path / "runs").glob("*/grid-search")  # it has processes of its own
    assert json.loads((folder / "run.json").read_text())["finished"]


@posix
@pytest.mark.parametrize("name", [b"caf\xc3\xa9", b"caf\xe9"], ids=["UTF-8", "Latin-1"])
@pytest.mark.parametrize("locale", [{"LC_ALL": "C", "PYTHONUTF8": "0"}, {"LC_ALL": "C", "PYTHONUTF8": "1"}])
def test_paths_that_are_not_text_in_the_encoding(name: bytes, locale: dict[str, str], tmp_path: Path) -> None:
    write_set(tmp_path / os.fsdecode(name), MNIST)
    command = ["run", "ascii-bits", "--epochs", "1", "--out", name]
    done = run_module(*command, "--data", name, **locale)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    (folder,) = (tmp_path / os.fsdecode(name)).glob("*/ascii-bits")
    about = json.loads((folder / "run.json").read_text("utf-8"))
    (folder / "run.json").write_text(json.dumps({**about, "finished": False}))  # as if it had been interrupted
    done = run_module(*command, "--resume", **locale)
    assert (done.returncode, "goes on in " in done.stdout) == (0, True)
    (folder / "index.html").unlink()
    assert run_module("report", os.fsencode(folder), **locale).returncode == 0
    assert (folder / "index.html").read_text("utf-8").startswith("<!DOCTYPE html>")


@posix
def test_a_text_that_the_encoding_lacks(tmp_path: Path) -> None:
    """The spread of two seeds is printed with a plus-minus sign."""
    write_set(tmp_path / "data", MNIST)
    done = run_module("run", "ascii-bits", "--seeds", "2", "--epochs", "1", "--data", "data", LC_ALL="C", PYTHONUTF8="0")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert " \\xb1 " in done.stdout


def test_a_backend_of_matplotlib_that_there_is_not() -> None:
    done = run_module("run", "ascii-bits", MPLBACKEND="nonsense")
    assert done.returncode == 1
    assert done.stderr.startswith("tinygrad-mlp: error: matplotlib cannot be imported: ")
    assert "MPLBACKEND" in done.stderr
    assert done.stderr.count("\n") == 1


@posix
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
