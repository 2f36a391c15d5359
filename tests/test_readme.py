"""The README's Python runs as it stands, and its shell blocks are the two commands that set everything up."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import tinygrad_mlp
import tinygrad_mlp.datasets
from tinygrad_mlp.experiments.data import load_images

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def test_the_first_two_shell_blocks_are_one_command_each() -> None:
    assert [block.count("\n") for block in blocks("sh")[:2]] == [1, 1]


def test_the_training_loop_learns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (program,) = blocks("python")
    tinygrad_mlp.manual_seed(0)
    names: dict[str, Any] = {}
    exec(program, names)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["0", "1", "2"]
    images, labels = load_images(tinygrad_mlp.datasets.MNIST, "sample")[1].tensors
    predicted = names["model"](images).argmax(1)
    assert (predicted == labels).float().mean().item() > 0.85
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]


def test_every_link_to_a_file_of_the_project_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert links
    for link in links:
        assert (Path(__file__).parents[1] / link).exists(), link
