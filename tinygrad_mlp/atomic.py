"""Files that are whole or not there: each is written beside its place, and moved there once it is complete."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import BinaryIO

__all__ = ["remove_leftovers", "replacing"]

_NAME = 50  # characters of the file's name in the temporary one, so that this is no longer than a file system allows


@contextmanager
def replacing(path: str | Path) -> Iterator[BinaryIO]:
    """A new file, open for writing, that takes the place of ``path`` when the block ends.

    An error in the block removes the new file and leaves the old one as it was. A link is followed, and the new file has the
    permissions of the old one. A process that is killed in the block leaves a hidden file behind, see :func:`remove_leftovers`.

    Raises:
        OSError: It cannot be written, or ``path`` is a folder or a device; names ``path``.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from tinygrad_mlp.atomic import replacing
    >>> path = Path(tempfile.mkdtemp(), "a.txt")
    >>> with replacing(path) as file:
    ...     file.write(b"whole")
    ...     path.exists()
    5
    False
    >>> path.read_text()
    'whole'
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"cannot write {path}: the folder {target.parent} does not exist")
    old = None
    with suppress(FileNotFoundError):
        old = target.stat().st_mode
    if old is not None and not stat.S_ISREG(old):
        code = errno.EISDIR if stat.S_ISDIR(old) else errno.EINVAL
        raise OSError(code, "a folder or a device, which is not replaced by a file", str(path))
    temporary = target.with_name(f".{target.name[:_NAME]}.{os.urandom(8).hex()}.tmp")
    try:
        with temporary.open("xb") as file:
            if old is not None and os.fstat(file.fileno()).st_mode != old:
                temporary.chmod(stat.S_IMODE(old))
            yield file
            file.flush()
            os.fsync(file.fileno())  # on the disk before it has its name, so that a power failure leaves no empty file
        os.replace(temporary, target)
    except BaseException as error:
        with suppress(OSError):  # it was never made, or cannot be removed either
            temporary.unlink()
        if isinstance(error, OSError) and error.errno is not None and error.filename in (None, str(temporary)):
            error.filename = str(path)
        raise


def remove_leftovers(path: str | Path) -> None:
    """Remove what killed processes left of their :func:`replacing`; nobody else may be writing ``path`` at the time."""
    target = Path(os.path.realpath(path))
    for left in target.parent.glob(f".{escape(target.name[:_NAME])}.{'?' * 16}.tmp"):
        left.unlink()
