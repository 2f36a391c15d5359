"""The user's folders and the network are kept out of the tests of data sets."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from miniature import Files, Mirror, make_files, set_mnist

from tinygrad_mlp.datasets import sources


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("TINYGRAD_MLP_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(sources, "_SYSTEM", tmp_path / "system")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "xdg" / "tinygrad-mlp" / "mnist"


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Files:
    """The content of a miniature set that takes the place of MNIST, with no mirror and no package."""
    content = make_files(0)
    set_mnist(monkeypatch, content)
    return content


@pytest.fixture
def whole_sets() -> Path:
    """The whole sets, where the working place keeps them beside the project."""
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the whole data sets are not at {folder}")
    return folder


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    mirror = Mirror()
    mirror.thread.start()
    yield mirror
    mirror.server.shutdown()
    mirror.server.server_close()
    mirror.thread.join()
