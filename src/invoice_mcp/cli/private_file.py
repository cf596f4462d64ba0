"""A file for one secret, ready before the secret is there: one that comes only once must not be lost to a full disk."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from invoice_mcp.errors import Conflict

ROOM: Final = 4096
"""Bytes that are set aside before anything is sent."""


@contextmanager
def new_private_file(path: Path) -> Iterator[Callable[[str], None]]:
    """A new file for its owner alone, and the function that puts one line into it. Without a line it is gone again.

    Raises:
        Conflict: it is there already.
        OSError: it cannot be made.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Conflict(
            f"{path} is there already, and what is in it may still be good.",
            next="Use another file, or move that one away first.",
        ) from None
    kept = False
    with os.fdopen(descriptor, "wb", buffering=0) as file:

        def keep(line: str) -> None:
            nonlocal kept
            file.seek(0)
            file.write(f"{line}\n".encode())
            file.truncate()
            os.fsync(file.fileno())
            kept = True

        try:
            file.write(b"\n" * ROOM)
            os.fsync(file.fileno())
            yield keep
        finally:
            if not kept:
                with suppress(OSError):
                    path.unlink()
