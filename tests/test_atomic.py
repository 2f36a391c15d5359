"""Files that are whole or not there: errors, interrupts, links, permissions, names, what killed processes leave."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import atomic
from tinygrad_mlp.atomic import remove_leftovers, replacing

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX links, permissions and devices")


def write(path: Path, content: bytes = b"new") -> None:
    with replacing(path) as file:
        file.write(content)


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt(), ValueError("in the block")])
@pytest.mark.parametrize("step", ["block", "fsync", "replace"])
def test_an_error_leaves_the_old_file_and_nothing_else(
    step: str, error: BaseException, there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    if there:
        path.write_bytes(b"old")

    def fail(*arguments: Any) -> None:
        raise error

    def block() -> None:
        with replacing(path) as file:
            file.write(b"new")
            if step == "block":
                raise error

    if step != "block":
        monkeypatch.setattr(atomic.os, step, fail)
    with pytest.raises(type(error)) as caught:
        block()
    assert caught.value is error
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"old")] * there


def test_a_file_is_on_the_disk_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(atomic.os, "fsync", lambda file: (steps.append("fsync"), fsync(file)))
    monkeypatch.setattr(
        atomic.os, "replace", lambda old, new: (steps.append(Path(old).parent == Path(new).parent), replace(old, new))
    )
    write(tmp_path / "a")
    assert steps == ["fsync", True]


@posix
def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real" / "a")
    for content in (b"first", b"second"):
        write(tmp_path / "link", content)
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "real" / "a").read_bytes() == content
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(OSError, match="loop"):
        write(tmp_path / "loop")
    assert (tmp_path / "loop").is_symlink()


@posix
def test_permissions_are_those_of_the_old_file_or_the_usual_ones(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write(tmp_path / "new")
    assert permissions(tmp_path / "new") == permissions(tmp_path / "plain")
    for mode in (0o600, 0o664, 0o444):
        (tmp_path / "new").chmod(mode)
        tg.save({"secret": 1}, tmp_path / "new.npz")
        write(tmp_path / "new")
        assert permissions(tmp_path / "new") == mode


@posix
@pytest.mark.parametrize("name", ["a" * 255, "é" * 127, "\N{CJK UNIFIED IDEOGRAPH-6F22}" * 85, "\N{GRINNING FACE}" * 63])
def test_names_as_long_as_a_file_system_has_them(name: str, tmp_path: Path) -> None:
    write(tmp_path / name)
    assert (tmp_path / name).read_bytes() == b"new"


@posix
def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    for name, code in (("folder", errno.EISDIR), ("pipe", errno.EINVAL), ("link", errno.EINVAL)):
        with pytest.raises(OSError, match=f"a folder or a device, .*{name}") as caught:
            write(tmp_path / name)
        assert caught.value.errno == code
    assert sorted(os.listdir(tmp_path)) == ["folder", "link", "pipe"]
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    with pytest.raises(FileNotFoundError, match="the folder .*nowhere does not exist"):
        write(tmp_path / "nowhere" / "a")


@posix
def test_an_error_of_the_system_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import os, sys\nfrom tinygrad_mlp.atomic import replacing\nif os.geteuid() == 0:\n    os.seteuid(65534)\n"
        "try:\n    with replacing('a.npz'):\n        pass\nexcept PermissionError as error:\n    print(error)"
    )  # no permission binds the superuser
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, env=environment)
    assert (done.stdout, done.stderr) == ("[Errno 13] Permission denied: 'a.npz'\n", "")

    def full(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: .*/a'$"):
        write(tmp_path / "a")


def test_what_killed_processes_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    names = [".a.0123456789abcdef.tmp", ".a.b.0123456789abcdef.tmp", ".a.tmp", "a.0123456789abcdef.tmp", "a"]
    for name in names:
        (tmp_path / name).touch()
    remove_leftovers(tmp_path / "a")
    assert sorted(os.listdir(tmp_path)) == sorted(names[1:])
