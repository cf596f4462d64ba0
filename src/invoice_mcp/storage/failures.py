"""What a caller is told when SQLite or the operating system refuses: one table, no paths, nothing of a row."""

import errno
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from invoice_mcp.errors import StorageFailed

if TYPE_CHECKING:
    import apsw

_DEFECT: Final = "Nothing was changed. This is a defect of invoice-mcp: please report it, with the log."

_BY_NAME: Final[Mapping[str, tuple[str, str]]] = {
    "PermissionsError": (
        "The operating system denies access to the database.",
        "Give your user access to the file and its folder, then repeat the call.",
    ),
    "BusyError": (
        "Another program holds the database locked.",
        "Repeat the call. If it stays locked, close the program that has the file open, such as a database browser.",
    ),
    "LockedError": ("Another connection holds a part of the database locked.", "Repeat the call."),
    "NoMemError": ("There is not enough memory for the database.", "Close other programs, then repeat the call."),
    "ReadOnlyError": (
        "The database can only be read.",
        "Make the file and its folder writable for your user, then repeat the call.",
    ),
    "IOError": (
        "The disk reported an error while the database was read or written.",
        "Check that the disk is connected, healthy and not full, then repeat the call.",
    ),
    "CorruptError": (
        "The database is damaged.",
        "Stop the server, keep a copy of the file and put back a backup. `invoice-mcp doctor` shows the damage.",
    ),
    "FullError": (
        "The disk is full.",
        "Free some space on the disk that holds the database, then repeat the call.",
    ),
    "CantOpenError": (
        "The database cannot be opened.",
        "Check that its folder exists and that your user may write to it, then repeat the call.",
    ),
    "ProtocolError": ("Too many programs use the database at this moment.", "Repeat the call."),
    "TooBigError": ("A text is too long for the database.", "Shorten the longest text, then repeat the call."),
    "ConstraintError": ("The database refused a change that would break one of its own rules.", _DEFECT),
    "NotADBError": (
        "The file in the place of the database is not an SQLite database.",
        "Move the file elsewhere, or name another file in the configuration. It was left as it is.",
    ),
}
"""The names of apsw's error classes, which are SQLite's result codes (sqlite.org/rescode.html), and the way out."""

_UNEXPECTED: Final = ("The database refused an operation.", _DEFECT)

_BY_ERRNO: Final[Mapping[int, str]] = {
    errno.EACCES: "PermissionsError",
    errno.EPERM: "PermissionsError",
    errno.EROFS: "ReadOnlyError",
    errno.ENOSPC: "FullError",
    errno.EDQUOT: "FullError",
    errno.EIO: "IOError",
}
"""The operating system's errors, as the error of SQLite that says the same."""


def from_sqlite(error: "apsw.Error") -> StorageFailed:
    """The failure to raise in the place of any error of apsw."""
    message, way_out = _BY_NAME.get(type(error).__name__, _UNEXPECTED)
    return StorageFailed(message, next=way_out)


def from_system(error: OSError) -> StorageFailed:
    """The failure to raise when the folder or the file cannot be made ready."""
    message, way_out = _BY_NAME[_BY_ERRNO.get(error.errno or 0, "CantOpenError")]
    return StorageFailed(message, next=way_out)
