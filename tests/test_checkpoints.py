"""Checkpoints: a training that is killed, or whose disk is full, goes on where it was kept; random streams; places in an epoch."""

from __future__ import annotations

import errno
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from killed_training import ROOT, kill_often, start

import tinygrad_mlp as tg
from tinygrad_mlp import atomic, nn
from tinygrad_mlp.checkpoints import Checkpoint, CheckpointError, DivergenceError, Position, RandomStreams, state_of
from tinygrad_mlp.errors import ArgumentError, FileFormatError, StateDictError
from tinygrad_mlp.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    TensorDataset,
    WeightedRandomSampler,
)

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX signals, limits and permissions")


def python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A program in a process of its own, which has imported what it needs."""
    begin = "import os, signal, sys, tinygrad_mlp as tg\nfrom tinygrad_mlp.checkpoints import *\nfolder = sys.argv[1]\n"
    return subprocess.run(
        [sys.executable, "-c", begin + code, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def kept(folder: Path) -> dict[str, Any]:
    """What is in a folder with one checkpoint of a dict."""
    values: dict[str, Any] = {}
    with Checkpoint(folder, values=values) as checkpoint:
        checkpoint.load()
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "checkpoint.npz"]  # and nothing half-written
    return values


def keep(folder: Path, **values: Any) -> None:
    with Checkpoint(folder, values=values) as checkpoint:
        checkpoint.save(1, 2)


# ---------------------------------------------------------------------------------------------------- killed, and more


@posix
def test_a_killed_training_ends_like_an_undisturbed_one(tmp_path: Path) -> None:
    assert kill_often(10, seed=0, folder=tmp_path).kills == 10


@posix
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_killed_while_a_checkpoint_is_written(call: str, tmp_path: Path) -> None:
    keep(tmp_path, kept="before")
    done = python(
        f"os.{call} = lambda *paths: os.kill(os.getpid(), signal.SIGKILL)\n"
        "with Checkpoint(folder, values={'kept': 'after'}) as checkpoint:\n    checkpoint.save(2)",
        tmp_path,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(list(tmp_path.glob(".checkpoint.npz.*.tmp"))) == 1
    assert kept(tmp_path) == {"kept": "before"}


@posix
def test_a_full_disk(tmp_path: Path) -> None:
    keep(tmp_path, kept="before")
    done = python(
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))  # a write beyond it fails, half done\n"
        "with Checkpoint(folder, values={'kept': tg.ones(10_000)}) as checkpoint:\n"
        "    try:\n"
        "        checkpoint.save(2, 5)\n"
        "    except CheckpointError as error:\n"
        "        print(error)",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    path = tmp_path / "checkpoint.npz"
    assert done.stdout == (
        f"{path}: the checkpoint of epoch 2, step 5 could not be written: {os.strerror(errno.EFBIG)}; {path} is as it was\n"
    )
    assert kept(tmp_path) == {"kept": "before"}


def test_what_is_kept_is_said_where_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    values = {"kept": "before"}
    with Checkpoint(tmp_path, values=values) as checkpoint:
        with monkeypatch.context() as patch:
            patch.setattr(atomic.os, "fsync", full)
            with pytest.raises(CheckpointError, match=r"epoch 0, step 0 .* No space left on device; nothing was kept yet"):
                checkpoint.save(0)
        checkpoint.save(3, 4)
        values["kept"] = "after"
        monkeypatch.setattr(atomic.os, "fsync", full)
        with pytest.raises(
            CheckpointError, match="No space left on device; the last good one, of epoch 3, step 4, is kept in"
        ):
            checkpoint.save(3, 5)
    assert kept(tmp_path) == {"kept": "before"}


@posix
@pytest.mark.parametrize("there", [True, False])
def test_a_read_only_folder(there: bool) -> None:
    with tempfile.TemporaryDirectory() as outer:
        folder = Path(outer, "folder")
        if there:
            keep(folder, kept="before")
            folder.chmod(0o555)
        os.chmod(outer, 0o555)
        done = python(  # no permission binds the superuser
            "if os.geteuid() == 0:\n    os.seteuid(65534)\n"
            "try:\n    Checkpoint(folder, values={})\nexcept CheckpointError as error:\n    print(error)",
            folder,
        )
        assert (done.stdout, done.stderr) == (f"{folder}: checkpoints cannot be written there: Permission denied\n", "")
        os.chmod(outer, 0o755)
        if there:
            folder.chmod(0o755)
            assert kept(folder) == {"kept": "before"}


@posix
def test_two_runs_in_one_folder(tmp_path: Path) -> None:
    keep(tmp_path, kept="before")
    message = f"{tmp_path}: another process, or this one, keeps its checkpoints there; wait for it, or use another folder"
    with Checkpoint(tmp_path, values={}) as checkpoint:
        done = python("Checkpoint(folder, values={})", tmp_path)
        assert done.stderr.splitlines()[-1].endswith(message)
        with pytest.raises(CheckpointError, match="another process, or this one, keeps its checkpoints there"):
            Checkpoint(tmp_path, values={})
        checkpoint.load()
    assert kept(tmp_path) == {"kept": "before"}


@posix
def test_a_second_run_removes_nothing_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def another(file: int) -> None:  # while the first writes
        with pytest.raises(CheckpointError):
            Checkpoint(tmp_path, values={})
        fsync(file)

    monkeypatch.setattr(atomic.os, "fsync", another)
    keep(tmp_path, kept="first")
    assert kept(tmp_path) == {"kept": "first"}


def test_interrupted_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path, kept="before")

    def interrupt(*arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    def save() -> None:
        with monkeypatch.context() as patch, Checkpoint(tmp_path, values={"kept": "after"}) as checkpoint:
            patch.setattr(atomic.os, "fsync", interrupt)  # while it writes, and again while it removes what it wrote
            patch.setattr(Path, "unlink", interrupt)
            checkpoint.save(2)

    with pytest.raises(KeyboardInterrupt) as caught:
        save()
    assert caught.value.__notes__ == [f"checkpoint: {tmp_path / 'checkpoint.npz'} is as it was"]
    assert len(list(tmp_path.glob(".checkpoint.npz.*.tmp"))) == 1
    assert kept(tmp_path) == {"kept": "before"}


@posix
def test_ctrl_c_twice_in_a_training(tmp_path: Path) -> None:
    process = start(tmp_path / "parts", 5000, stderr=subprocess.PIPE)
    while not (tmp_path / "parts" / "checkpoint.npz").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == -signal.SIGINT
    assert b"KeyboardInterrupt" in errors
    model = tg.load(tmp_path / "parts" / "checkpoint.npz")["parts"]["model"]
    assert all(bool(value.isfinite().all()) for value in model.values())


# -------------------------------------------------------------------------------------------------------- what is kept


def test_any_part_comes_back_and_what_does_not_fit_is_said(tmp_path: Path) -> None:
    def parts(width: int = 3) -> dict[str, Any]:
        model = nn.Linear(2, width)
        return {
            "model": model,
            "optimizer": tg.optim.Adam(model.parameters()),
            "generator": tg.Generator(),
            "curve": [],
            "best": {},
        }

    given = parts()
    given["model"](tg.ones(1, 2)).sum().backward()
    given["optimizer"].step()
    drawn = tg.rand(3, generator=given["generator"].manual_seed(5))
    given["generator"].manual_seed(5)
    given["curve"] += [1.5, float("nan")]
    given["best"].update(loss=0.5, weights={"a": tg.ones(2)})
    with Checkpoint(tmp_path, **given) as checkpoint:
        assert (checkpoint.load(), checkpoint.last) == (Position(0, 0), None)
        checkpoint.save(4, 7)
        assert checkpoint.last == (4, 7)
    again = parts()
    with Checkpoint(tmp_path, **again) as checkpoint:
        assert checkpoint.load() == Position(epoch=4, step=7)
    assert again["model"].weight.tolist() == given["model"].weight.tolist()
    assert (
        again["optimizer"].state_dict()["state"][0]["exp_avg"].tolist()
        == given["optimizer"].state_dict()["state"][0]["exp_avg"].tolist()
    )
    assert tg.rand(3, generator=again["generator"]).tolist() == drawn.tolist()
    assert again["curve"][0] == 1.5
    assert len(again["curve"]) == 2
    assert again["best"]["weights"]["a"].tolist() == [1, 1]

    with (
        Checkpoint(tmp_path, **parts(width=4)) as checkpoint,
        pytest.raises(FileFormatError, match=r"(?s)does not fit 'model'.*size mismatch"),
    ):
        checkpoint.load()
    with (
        Checkpoint(tmp_path, model=nn.Linear(2, 3)) as checkpoint,
        pytest.raises(
            FileFormatError, match="keeps the state of model, optimizer, generator, curve, best, expected model; give the"
        ),
    ):
        checkpoint.load()
    with pytest.raises(TypeError, match=r"a checkpoint keeps what has state_dict\(\) and load_state_dict\(\), .* not float"):
        Checkpoint(tmp_path, lr=0.1)


@pytest.mark.parametrize(
    "saved", [{}, [], *({"epoch": epoch, "step": 0, "default_generator": tg.ones(2), "parts": {}} for epoch in ("1", -1))]
)
def test_another_file_is_no_checkpoint(saved: Any, tmp_path: Path) -> None:
    tg.save(saved, tmp_path / "checkpoint.npz")
    with (
        Checkpoint(tmp_path) as checkpoint,
        pytest.raises(FileFormatError, match=r"checkpoint\.npz: it is not a checkpoint"),
    ):
        checkpoint.load()


def test_a_damaged_state_is_said(tmp_path: Path) -> None:
    keep(tmp_path, kept="before")
    saved = tg.load(tmp_path / "checkpoint.npz")
    for damaged in ({"default_generator": tg.ones(2)}, {"parts": {"values": 3}}, {"parts": {"values": [[1, 2]]}}):
        tg.save({**saved, **damaged}, tmp_path / "checkpoint.npz")
        with Checkpoint(tmp_path, values={}) as checkpoint, pytest.raises(FileFormatError, match="its state does not fit"):
            checkpoint.load()


class Smoothed:
    """A part with a state, and attributes beside it, which it writes to before it looks."""

    def __init__(self) -> None:
        self.values = [tg.ones(2, requires_grad=True) * 3]
        self.name = "smoothed"

    def state_dict(self) -> dict[str, Any]:
        return {"values": self.values}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.name = "loading"
        self.values.clear()
        self.values += state_dict["values"]
        self.count = len(self.values)
        if self.count != 1:
            raise ArithmeticError("one value, please")
        self.name = "loaded"


def of_every_kind(seed: int) -> dict[str, Any]:
    """A training's parts, after a few steps that depend on the seed."""
    streams = RandomStreams(seed)
    with streams.using("init"):
        model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    optimizer = tg.optim.Adam(model.parameters(), lr=0.1 + seed)
    scheduler = tg.optim.lr_scheduler.StepLR(optimizer, 2 + seed)
    data = TensorDataset(tg.arange(20.0).reshape(10, 2))
    loader = DataLoader(data, batch_size=2, shuffle=True, generator=streams["shuffle"])
    for _, (x,) in zip(range(seed), loader, strict=False):
        optimizer.zero_grad()
        model(x).sum().backward()
        optimizer.step()
        scheduler.step()
    smoothed = Smoothed()
    smoothed.load_state_dict({"values": [tg.full((2,), float(seed))]})
    return {
        "best": {"weights": {"a": tg.full((2,), seed)}},
        "curve": [1.0, seed],
        "generator": tg.Generator().manual_seed(seed),
        "loader": loader,
        "model": model,
        "optimizer": optimizer,
        "scheduler": scheduler,
        "smoothed": smoothed,
        "streams": streams,
    }


BAD: dict[str, Any] = {
    "best": [[1, 2]],
    "curve": {"1": 2},
    "generator": tg.ones(3),
    "loader": {"given": -1, "start": None},
    "model": {},
    "optimizer": {"state": {99: {}}, "param_groups": [{"params": [0, 1, 2, 3, 4, 5]}]},
    "scheduler": 3,
    "smoothed": {"values": [1, 2]},
    "streams": {},
}


@pytest.mark.parametrize("refused", BAD)
def test_a_load_that_is_refused_changes_nothing(refused: str, tmp_path: Path) -> None:
    with Checkpoint(tmp_path, **of_every_kind(3)) as checkpoint:
        checkpoint.save(4, 7)
    saved = tg.load(tmp_path / "checkpoint.npz")
    saved["parts"]["scheduler"] |= {"optimizer": 5, "stray": 6}  # what a scheduler takes for attributes
    saved["parts"][refused] = BAD[refused]
    tg.save(saved, tmp_path / "checkpoint.npz")

    given = of_every_kind(1)
    last = given[refused]  # when the others have theirs
    parts = {name: part for name, part in given.items() if part is not last} | {refused: last}
    weights, optimizer = given["best"]["weights"], given["optimizer"]
    tg.manual_seed(5)
    tg.save({name: state_of(part) for name, part in given.items()}, tmp_path / "before.json")
    random = tg.get_rng_state()
    with Checkpoint(tmp_path, **parts) as checkpoint:
        with pytest.raises(FileFormatError, match=rf"checkpoint\.npz: its state does not fit {refused!r}: \w+: .+"):
            checkpoint.load()
        assert checkpoint.last is None
    tg.save({name: state_of(part) for name, part in given.items()}, tmp_path / "after.json")
    before, after = (json.loads((tmp_path / f"{when}.json").read_text()) for when in ("before", "after"))
    assert before == after
    assert tg.get_rng_state().equal(random)
    assert given["best"]["weights"] is weights
    assert given["scheduler"].optimizer is optimizer
    assert given["smoothed"].name == "loaded"
    given["scheduler"].step()  # and it goes on like one to which nothing was given
    alike = of_every_kind(1)
    alike["scheduler"].step()
    for training in (given, alike):
        training["model"](tg.ones(2, 2)).sum().backward()
        training["optimizer"].step()
    for (name, mine), its in zip(given["model"].state_dict().items(), alike["model"].state_dict().values(), strict=True):
        assert mine.equal(its), name
    orders = [[x.tolist() for (x,) in training["loader"]] for training in (given, alike)]
    assert orders[0] == orders[1]


def test_an_interrupted_load_changes_nothing(tmp_path: Path) -> None:
    class Stubborn:
        def state_dict(self) -> dict[str, Any]:
            return {}

        def load_state_dict(self, state_dict: dict[str, Any]) -> None:
            raise KeyboardInterrupt

    values = {"a": 1}
    with Checkpoint(tmp_path, values=values, stubborn=Stubborn()) as checkpoint:
        checkpoint.save(1)
        values["a"] = 2
        with pytest.raises(KeyboardInterrupt):
            checkpoint.load()
    assert values == {"a": 2}


@pytest.mark.parametrize(
    ("position", "error", "message"),
    [
        ((-1,), ValueError, "a checkpoint's epoch is the next one to do, from 0, got -1"),
        ((1, -2), ValueError, "step is the next one to do, from 0, got -2"),
        ((1.7,), ArgumentError, "epoch is the next one to do, an int from 0, got 1.7"),
        ((1, "2"), ArgumentError, "step is .* an int from 0, got '2'"),
        ((True,), ArgumentError, "epoch is .* an int from 0, got True"),
    ],
)
def test_a_position_that_is_none(position: Any, error: type[Exception], message: str, tmp_path: Path) -> None:
    with Checkpoint(tmp_path, values={}) as checkpoint:
        with pytest.raises(error, match=message):
            checkpoint.save(*position)
        assert not checkpoint.path.exists()
        checkpoint.save(np.int64(3), np.int32(4))
        assert checkpoint.load() == (3, 4)


def test_the_default_generator_is_kept_for_programs_that_know_no_other(tmp_path: Path) -> None:
    tg.manual_seed(3)
    with Checkpoint(tmp_path) as checkpoint:
        checkpoint.save(0)
        expected = tg.rand(4).tolist()
        tg.manual_seed(4)
        checkpoint.load()
    assert tg.rand(4).tolist() == expected


class Turned(nn.Module):
    """Its first gradient lies in memory the other way round; its second layer is not used."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(tg.randn(40, 30))
        self.unused = nn.Linear(2, 2)

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        return self.weight.T @ x


class Scale:
    """A part that is no module, with a parameter that only an optimizer knows."""

    def __init__(self) -> None:
        self.factor = tg.ones(3, requires_grad=True)

    def state_dict(self) -> dict[str, Any]:
        return {"factor": self.factor.detach()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        with tg.no_grad():
            self.factor.copy_(state_dict["factor"])


def accumulating(seed: int) -> tuple[dict[str, Any], Callable[[int], None], Callable[[], list[Any]]]:
    """The parts of a training, one of its two backward passes, and its step, which gives all that it trains."""
    tg.manual_seed(seed)
    model, scale = Turned(), Scale()
    optimizer = tg.optim.SGD([*model.parameters(), scale.factor], lr=0.1, momentum=0.9)

    def backward(seed: int) -> None:
        x = tg.randn(40, 3, generator=tg.Generator().manual_seed(seed))
        (model(x) * scale.factor).sin().sum().backward()

    def step() -> list[Any]:
        trained = [*model.parameters(), scale.factor]
        grads = [None if p.grad is None else p.grad.tolist() for p in trained]
        norm = nn.utils.clip_grad_norm_(trained, 1.0).item()
        optimizer.step()
        return [norm, grads, *(p.tolist() for p in trained)]

    return {"optimizer": optimizer, "model": model, "scale": scale}, backward, step


def test_an_accumulation_of_gradients_goes_on_in_its_middle(tmp_path: Path) -> None:
    parts, backward, step = accumulating(0)
    backward(1)
    with Checkpoint(tmp_path, **parts) as checkpoint:
        checkpoint.save(0, 1)
    backward(2)
    expected = step()

    again, backward, step = accumulating(5)
    for parameter in again["model"].parameters():
        parameter.grad = tg.ones_like(parameter)  # also of the layer that had none
    with Checkpoint(tmp_path, **dict(reversed(again.items()))) as checkpoint:
        assert checkpoint.load() == (0, 1)
    assert again["model"].unused.weight.grad is None
    assert again["model"].weight.grad.stride() == parts["model"].weight.grad.stride() == (1, 40)
    backward(2)
    assert step() == expected


def test_gradients_that_do_not_fit_change_nothing_and_old_files_have_none(tmp_path: Path) -> None:
    model = nn.Linear(2, 1)
    with Checkpoint(tmp_path, model=model) as checkpoint:
        checkpoint.save(1)
    saved = tg.load(tmp_path / "checkpoint.npz")
    bad = [
        {"model.weight": (tg.ones(3, 1), [0, 1])},
        {"model.weight": 1},
        {"model.other": (tg.ones(1), [0])},
        [1],
        {"model.bias": (tg.ones(1), [1, 0])},
    ]
    for gradients in bad:
        tg.save({**saved, "gradients": gradients}, tmp_path / "checkpoint.npz")
        model.weight.grad, weights = tg.full((1, 2), 7.0), model.weight.tolist()
        with (
            Checkpoint(tmp_path, model=model) as checkpoint,
            pytest.raises(FileFormatError, match="its state does not fit 'gradients'"),
        ):
            checkpoint.load()
        assert (model.weight.tolist(), model.weight.grad.tolist()) == (weights, [[7.0, 7.0]])
    del saved["gradients"]
    tg.save(saved, tmp_path / "checkpoint.npz")
    with Checkpoint(tmp_path, model=model) as checkpoint:
        assert checkpoint.load() == (1, 0)
    assert model.weight.grad is None


def test_what_is_not_finite_is_not_kept(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    with Checkpoint(tmp_path, net=model) as checkpoint:
        checkpoint.save(0)
        with tg.no_grad():
            model[1].bias.fill_(float("inf"))
        with pytest.raises(
            DivergenceError, match="net is not kept; .* parameter bias of layer '1'; .* epoch 0, step 0, is kept"
        ):
            checkpoint.save(1)
        checkpoint.load()
    assert model[1].bias.isfinite().all()


# ------------------------------------------------------------------------------------------------------ random streams


def test_streams_do_not_depend_on_each_other() -> None:
    one, other = RandomStreams(7), RandomStreams(7)
    tg.rand(5, generator=one["evaluation"])
    with one.using("init"):
        tg.rand(5)
    names = ("shuffle", "dropout", "augmentation")
    drawn = [tg.rand(8, generator=one[name]).tolist() for name in names]
    assert drawn == [tg.rand(8, generator=other[name]).tolist() for name in reversed(names)][::-1]
    assert len({tuple(values) for values in drawn}) == 3
    assert tg.rand(8, generator=RandomStreams(8)["shuffle"]).tolist() != drawn[0]
    with pytest.raises(TypeError, match="expects an int as seed, got float"):
        RandomStreams(1.5)  # type: ignore[arg-type]


def test_what_takes_no_generator_draws_from_the_stream_in_use() -> None:
    streams = RandomStreams(0)
    x = tg.ones(200)
    before = tg.get_rng_state()
    with streams.using("dropout"):
        first = nn.functional.dropout(x)
        with streams.using("init"):
            weights = nn.Linear(3, 2).weight
        tg.randperm(4)
        assert tg.initial_seed() == streams["dropout"].initial_seed()
    assert tg.get_rng_state().equal(before)
    again = RandomStreams(0)
    with again.using("init"):
        assert nn.Linear(3, 2).weight.equal(weights)
    with pytest.raises(ZeroDivisionError), again.using("evaluation"):
        1 / 0  # noqa: B018 - an error in the block
    with again.using("dropout"):
        assert nn.functional.dropout(x).equal(first)
        assert not nn.functional.dropout(x).equal(first)
    assert tg.get_rng_state().equal(before)


def test_a_stream_is_in_use_in_one_thread_alone() -> None:
    seen: list[int] = []
    with RandomStreams(0).using("dropout") as stream:
        thread = threading.Thread(target=lambda: seen.append(tg.initial_seed()))
        thread.start()
        thread.join()
        assert tg.initial_seed() == stream.initial_seed()
    assert seen == [tg.default_generator.initial_seed()] != [stream.initial_seed()]


def test_the_state_of_streams() -> None:
    streams = RandomStreams(3)
    tg.rand(5, generator=streams["shuffle"])
    state = streams.state_dict()
    expected = [tg.rand(3, generator=streams[name]).tolist() for name in ("shuffle", "dropout")]
    other = RandomStreams(4)
    tg.rand(2, generator=other["dropout"])  # which there was not yet: it goes back to its start
    other.load_state_dict(state)
    assert [tg.rand(3, generator=other[name]).tolist() for name in ("shuffle", "dropout")] == expected


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({}, r"expects what its state_dict\(\) gave, .* got a dict of \[\]"),
        ({"seed": 1}, r"got a dict of \['seed'\]"),
        ({"seed": "1", "streams": {}}, r"got a dict of \['seed', 'streams'\]"),
        ({"seed": True, "streams": {}}, "'seed': an int"),
        ({"seed": 1, "streams": []}, "got a dict of"),
        (None, "got NoneType"),
        ({"seed": 1, "streams": {"shuffle": RandomStreams(1)["shuffle"].get_state(), "dropout": 3}}, "the stream 'dropout' is not one: RNG"),
        ({"seed": 1, "streams": {3: RandomStreams(1)["shuffle"].get_state()}}, "the stream 3 is not one: .* called by a string"),
    ],
)  # fmt: skip
def test_what_is_no_state_of_streams(state: Any, message: str) -> None:
    streams = RandomStreams(3)
    tg.rand(5, generator=streams["shuffle"])
    before = streams.state_dict()
    with pytest.raises(StateDictError, match=message):
        streams.load_state_dict(state)
    assert streams.seed == 3
    assert streams.state_dict()["streams"].keys() == {"shuffle"}
    assert streams.state_dict()["streams"]["shuffle"].equal(before["streams"]["shuffle"])
    with pytest.raises(ArgumentError, match="a random stream is called by a string, such as 'shuffle', got 3"):
        _ = streams[3]  # type: ignore[index]


# ---------------------------------------------------------------------------------------------------- place in an epoch


class Squares(Dataset[Any]):
    fetched: list[int]

    def __init__(self) -> None:
        self.fetched = []

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> int:
        self.fetched.append(index)
        return index * index


class Lazy(Sampler[int]):
    """Draws as it goes, from the default generator."""

    def __len__(self) -> int:
        return 10

    def __iter__(self) -> Iterator[int]:
        for _ in range(10):
            yield int(tg.randint(10, (1,)).item())


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Iterator[int]:
        return iter(tg.randperm(10).tolist())


TENSORS = TensorDataset(tg.arange(10))
LOADERS: dict[str, Callable[[tg.Generator], DataLoader[Any]]] = {
    "in order": lambda g: DataLoader(TENSORS, batch_size=3),
    "shuffled": lambda g: DataLoader(TENSORS, batch_size=3, shuffle=True, generator=g),
    "shuffled by the default generator": lambda g: DataLoader(TENSORS, batch_size=3, shuffle=True),
    "weighted": lambda g: DataLoader(TENSORS, batch_size=4, sampler=WeightedRandomSampler([1.0] * 10, 12, generator=g)),
    "lazily": lambda g: DataLoader(TENSORS, batch_size=3, sampler=Lazy()),
    "batch sampler": lambda g: DataLoader(
        Squares(), batch_sampler=BatchSampler(RandomSampler(range(10), generator=g), 4, drop_last=True)
    ),
    "samples": lambda g: DataLoader(Squares(), batch_size=None, shuffle=True, generator=g),
    "stream": lambda g: DataLoader(Stream(), batch_size=3),
    "a list": lambda g: DataLoader(TENSORS, batch_size=2, sampler=[5, 3, 1]),
}


def values(batch: Any) -> Any:
    return [tensor.tolist() for tensor in batch] if isinstance(batch, list) else getattr(batch, "tolist", lambda: batch)()


@pytest.mark.parametrize("kind", LOADERS)
@given(stop=st.integers(0, 10), seed=st.integers(0, 3))
def test_an_epoch_goes_on_in_its_middle(kind: str, stop: int, seed: int) -> None:
    def noise() -> list[float]:
        return [*tg.rand(2).tolist(), *tg.rand(2, generator=generator).tolist()]

    tg.manual_seed(seed)
    generator = tg.Generator().manual_seed(seed)
    loader = LOADERS[kind](generator)
    list(loader)
    seen: list[Any] = []
    state, states, at = loader.state_dict(), (tg.get_rng_state(), generator.get_state()), 0
    for batch in loader:
        seen.append((values(batch), noise()))  # something else that is drawn from the same streams
        if len(seen) == stop:
            state, states, at = loader.state_dict(), (tg.get_rng_state(), generator.get_state()), stop
    after = [values(batch) for batch in loader]

    tg.manual_seed(99)
    generator = tg.Generator()
    again = LOADERS[kind](generator)
    again.load_state_dict(state)
    assert again.state_dict() == state
    tg.set_rng_state(states[0])
    generator.set_state(states[1])
    assert [(values(batch), noise()) for batch in again] == seen[at:]
    assert [values(batch) for batch in again] == after


def test_what_was_given_is_not_fetched_again() -> None:
    loader = DataLoader(Squares(), batch_size=3)
    loader.load_state_dict({"given": 2, "start": None})
    assert [values(batch) for batch in loader] == [[36, 49, 64], [81]]
    assert loader.dataset.fetched == [6, 7, 8, 9]  # type: ignore[attr-defined]


def test_an_epoch_that_was_left_is_not_gone_on_with() -> None:
    loader = DataLoader(TENSORS, batch_size=3)
    for _ in loader:
        assert loader.state_dict()["given"] == 1
        break
    assert loader.state_dict() == {"given": 0, "start": None}
    assert len(list(loader)) == 4
    assert loader.state_dict() == {"given": 0, "start": None}


def test_a_state_that_is_none() -> None:
    loader = DataLoader(TENSORS, batch_size=3, shuffle=True)
    for given_ in (-1, True, 1.0, None):
        with pytest.raises(ValueError, match="has how many batches were given"):
            loader.load_state_dict({"given": given_})
    with pytest.raises(RuntimeError, match="RNG state must have shape"):
        loader.load_state_dict({"given": 1, "start": tg.zeros(3, dtype=tg.uint8)})
    loader.load_state_dict({"given": 5, "start": tg.get_rng_state()})
    with pytest.raises(ValueError, match="had given 5 batches, but now has fewer: its data have changed"):
        iter(loader)


def test_a_closed_checkpoint_writes_nothing(tmp_path: Path) -> None:
    model = tg.nn.Linear(2, 1)
    first = Checkpoint(tmp_path, model=model)
    first.close()
    with Checkpoint(tmp_path, model=model) as second:
        second.save(5)
        with pytest.raises(CheckpointError, match="this checkpoint is closed"):
            first.save(1)
        assert second.load() == (5, 0)


def test_a_buffer_of_nan_is_not_kept_but_an_infinite_one_may_be(tmp_path: Path) -> None:
    model = tg.nn.BatchNorm1d(4)
    with Checkpoint(tmp_path, model=model) as checkpoint:
        assert model.running_mean is not None
        model.running_mean.fill_(-math.inf)
        checkpoint.save(1)
        model.running_mean.fill_(math.nan)
        with pytest.raises(DivergenceError, match="buffer running_mean"):
            checkpoint.save(2)
        assert checkpoint.load() == (1, 0)
