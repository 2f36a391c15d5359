"""A training that is killed again and again, and must end with the weights of one that nobody disturbed.

``python tests/killed_training.py --kills 200`` does it that often, and prints what it saw; the tests do it ten times.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
STEPS = 8  # of an epoch


def train(folder: Path, epochs: int) -> None:
    """The training: everything random that a training can have, and a checkpoint after every step."""
    import tinygrad_mlp as torch
    from tinygrad_mlp import nn
    from tinygrad_mlp.checkpoints import Checkpoint, RandomStreams, check_finite
    from tinygrad_mlp.utils.data import DataLoader, TensorDataset

    print("ready", flush=True)
    streams = RandomStreams(seed=0)
    with streams.using("init"):
        model = nn.Sequential(
            nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 3)
        )
        data = TensorDataset(torch.randn(8 * STEPS, 20), torch.randint(3, (8 * STEPS,)))
    first, *others = model.parameters()
    adam = torch.optim.Adam([first], lr=1e-2)
    momentum = torch.optim.SGD(others, lr=0.05, momentum=0.9, nesterov=True)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(adam, 1e-2, epochs * STEPS + 1, cycle_momentum=False)
    decay = torch.optim.lr_scheduler.StepLR(momentum, 2, 0.9)
    loader = DataLoader(data, batch_size=8, shuffle=True, generator=streams["shuffle"])
    curve: list[float] = []
    parts = {
        "model": model, "adam": adam, "momentum": momentum, "scheduler": scheduler, "decay": decay, "loader": loader,
        "streams": streams, "curve": curve,
    }  # fmt: skip
    with Checkpoint(folder, **parts) as checkpoint, streams.using("dropout"):
        start = checkpoint.load()
        for epoch in range(start.epoch, epochs):
            for step, (inputs, targets) in enumerate(loader, start.step if epoch == start.epoch else 0):
                noisy = inputs + 0.1 * torch.randn(inputs.shape, generator=streams["augmentation"])
                noisy = noisy * (torch.rand(1) > 0.01)  # from the default generator, between two masks of dropout
                loss = nn.functional.cross_entropy(model(noisy), targets)
                check_finite(loss, model, noisy, epoch=epoch, step=step, checkpoint=checkpoint)
                adam.zero_grad()
                momentum.zero_grad()
                loss.backward()
                adam.step()
                momentum.step()
                scheduler.step()
                curve.append(loss.item())
                checkpoint.save(epoch, step + 1)
            decay.step()
            model.eval()
            with torch.no_grad():
                curve.append(model(torch.randn(5, 20, generator=streams["evaluation"])).sum().item())
            model.train()
            checkpoint.save(epoch + 1)
    torch.save(
        {"model": model.state_dict(), "state": [o.state_dict()["state"] for o in (adam, momentum)], "curve": curve},
        folder / "final.npz",
    )


def start(folder: Path, epochs: int, stderr: int | None = None) -> subprocess.Popen[bytes]:
    """The training in a process of its own, once it has imported what it needs."""
    command = [sys.executable, __file__, "--train", str(folder), str(epochs)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, env=environment)
    assert process.stdout is not None
    if process.stdout.readline() != b"ready\n":
        raise AssertionError(f"the training did not start: exit status {process.wait()}")
    return process


@dataclass
class Seen:
    """What the kills met."""

    kills: int = 0
    in_a_write: int = 0
    trainings: int = 0


def finished(process: subprocess.Popen[bytes]) -> None:
    process.communicate()
    if process.returncode:
        raise AssertionError(f"the training failed: exit status {process.returncode}")


def kill_often(kills: int, seed: int, folder: Path) -> Seen:
    """Kill and resume trainings until there were so many kills, and hold each one's end against an undisturbed one.

    Raises:
        AssertionError: The ends differ.
    """
    epochs = 20
    chance = random.Random(seed)
    whole = folder / "whole"
    process = start(whole, epochs)
    before = time.monotonic()
    finished(process)
    duration = time.monotonic() - before
    expected = (whole / "final.npz").read_bytes()
    seen = Seen()
    parts = folder / "parts"
    while seen.kills < kills:
        process = start(parts, epochs)
        try:
            process.wait(chance.uniform(0, duration / 4))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            seen.kills += 1
            seen.in_a_write += any(parts.glob(".checkpoint.npz.*.tmp"))
            if seen.kills < kills:
                continue
            process = start(parts, epochs)
        finished(process)
        if (parts / "final.npz").read_bytes() != expected:
            raise AssertionError(f"after {seen.kills} kills (seed {seed}) the training ends otherwise: {parts}")
        # A kill in the writing of final.npz, which is no checkpoint, leaves what it had written of it.
        left = sorted(path.name for path in parts.iterdir() if not path.name.startswith(".final.npz."))
        if left != [".lock", "checkpoint.npz", "final.npz"]:
            raise AssertionError(f"something is left in {parts}: {left}")
        seen.trainings += 1
        shutil.rmtree(parts)
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--train", nargs=2, metavar=("FOLDER", "EPOCHS"), help="be the training that is killed")
    options = parser.parse_args()
    if options.train:
        train(Path(options.train[0]), int(options.train[1]))
        return
    before = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        seen = kill_often(options.kills, options.seed, Path(folder))
    print(f"{seen}: all {seen.trainings} trainings end like the undisturbed one; {time.monotonic() - before:.0f} s")


if __name__ == "__main__":
    main()
