"""Reading files that must not be anybody's: checked on the open file, so nothing can be swapped in between."""

import io
import os
import stat
from pathlib import Path


class UntrustedFileError(Exception):
    """The file exists and cannot be relied on; `str()` says why, without its name."""


def read_trusted(path: Path, *, forbidden_mode: int, remedy: str, max_bytes: int) -> bytes:
    """The content of a regular file that belongs to us or root.

    Args:
        forbidden_mode: permission bits that must not be set, as 0o002 for "writable by everybody".
        remedy: what to say when one is.

    Raises:
        OSError: it cannot be opened.
        UntrustedFileError: not a regular file, somebody else's, a forbidden bit is set, or larger than `max_bytes`.
    """
    # Without blocking: a named pipe would otherwise hold the program up before it can be refused.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with io.FileIO(descriptor) as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise UntrustedFileError("it is not a regular file")
        if os.name == "posix":
            if found.st_uid not in (os.geteuid(), 0):
                raise UntrustedFileError("it belongs to another user")
            if found.st_mode & forbidden_mode:
                raise UntrustedFileError(remedy)
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise UntrustedFileError(f"it is larger than {max_bytes} bytes")
    return content
