"""The file and its folder before SQLite sees them: private, ours, local, and no link to somewhere else."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from invoice_mcp.errors import StorageFailed
from invoice_mcp.storage.failures import from_system

MOUNTS: Final = Path("/proc/self/mountinfo")
"""Where Linux lists what is mounted; elsewhere there is no such file."""

_NETWORK_TYPES: Final = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda"),
        *("ceph", "glusterfs", "gfs2", "gpfs", "lustre", "beegfs", "ocfs2"),
        *("fuse.sshfs", "fuse.davfs", "fuse.rclone", "fuse.s3fs", "fuse.glusterfs", "fuse.ceph"),
    }
)
"""File systems that several machines can share, as Linux names them: SQLite's WAL needs memory all users share."""

_ELSEWHERE: Final = "name another file in the configuration"


def admit(path: Path) -> tuple[Path, os.stat_result]:
    """Make `path` ready for SQLite; where it is once every link in its folder is followed, and what is there.

    A missing folder is created with mode 0700, a missing file with 0600, empty. A file that others may read is
    closed to them. Raises StorageFailed when the place is not safe or cannot be made ready.
    """
    try:
        _create_folders(path.parent)
        place = path.parent.resolve(strict=True) / path.name
        _check_folder(place.parent)
        if not os.path.lexists(place):
            _create_file(place)
        return place, _check_file(place)
    except OSError as error:
        raise from_system(error) from error


def require_same(path: Path, before: os.stat_result) -> os.stat_result:
    """What is at `path` now. Raises StorageFailed when that is not the file that was there before."""
    try:
        now = os.lstat(path)
    except OSError:
        now = None
    if now is None or not os.path.samestat(now, before):
        raise StorageFailed(
            "The database file was moved, replaced or deleted while it was in use.",
            next="Put the file back, or restart the server to use what is there now.",
        )
    return now


def file_system_type(mountinfo: str, folder: Path) -> str | None:
    """The type of the file system that holds `folder`, from the text of Linux's /proc/self/mountinfo."""
    found, depth = None, 0
    for line in mountinfo.splitlines():
        mount, _, source = line.partition(" - ")
        point = Path(mount.split(" ")[4].replace("\\040", " "))
        if len(point.parts) >= depth and folder.is_relative_to(point):  # a later mount hides an earlier one
            found, depth = source.split(" ")[0], len(point.parts)
    return found


def _create_folders(folder: Path) -> None:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        _sync(each.parent)


def _sync(folder: Path) -> None:
    """Make a new entry of `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _check_folder(folder: Path) -> None:
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise StorageFailed(
            "The folder of the database belongs to another user.",
            next=f"Make it yours (chown), or {_ELSEWHERE}, in a folder of your own.",
        )
    if found.st_mode & stat.S_IWOTH:
        raise StorageFailed(
            "Every user of this machine may write to the folder of the database.",
            next=f"Take that right away (chmod o-w), or {_ELSEWHERE}.",
        )
    if MOUNTS.exists() and file_system_type(MOUNTS.read_text("utf-8", "surrogateescape"), folder) in _NETWORK_TYPES:
        raise StorageFailed(
            "The database is on a network file system, where SQLite cannot keep it safe.",
            next=f"Move it to a disk of this machine and {_ELSEWHERE}.",
        )


def _create_file(place: Path) -> None:
    """Create the file, empty, in one step with its mode.

    It is made under another name and linked into place. Opening it by its own name and closing it again would drop
    the locks SQLite holds on it for another connection of this process: POSIX locks go with any close.
    """
    draft = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with suppress(FileExistsError):  # another process was quicker
            os.link(draft, place)
    finally:
        draft.unlink()


def _check_file(place: Path) -> os.stat_result:
    found = place.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise StorageFailed(
            "In the place of the database is a link, a folder or something else that is no regular file.",
            next=f"Move it away, or {_ELSEWHERE}.",
        )
    if found.st_uid != os.geteuid():
        raise StorageFailed(
            "The database file belongs to another user.", next=f"Make it yours (chown), or {_ELSEWHERE}."
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise StorageFailed(
            "Other users of this machine may write to the database file.",
            next="Check that its content is right, then take that right away (chmod go-w).",
        )
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        with suppress(OSError):  # a read-only file system
            place.chmod(stat.S_IMODE(found.st_mode) & stat.S_IRWXU)
    return found
