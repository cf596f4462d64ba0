"""A disk that is watched, and that can fail: SQLite's default VFS while the `with` block lasts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import apsw


@dataclass(frozen=True)
class Call:
    """One call of SQLite to the disk. `file` is the end of its name: "", "-wal" or "-journal"."""

    method: str
    file: str
    data: bytes = b""
    offset: int = 0
    sync_folder: bool = False


class Disk:
    """Keeps every call, and asks `before` first, which may raise one of apsw's errors instead."""

    def __init__(self, before: Callable[[Call], None] = lambda call: None) -> None:
        self.calls: list[Call] = []
        self.before = before

    def note(self, method: str, file: str, **details: Any) -> None:
        call = Call(method, "-" + file.rpartition("-")[2] if file.endswith(("-wal", "-journal")) else "", **details)
        self.calls.append(call)
        self.before(call)

    def __enter__(self) -> Self:
        self._vfs = _Vfs(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._vfs.unregister()


class _Vfs(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._under = apsw.vfs_names()[0]
        super().__init__("watched", self._under, True)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        plain = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._disk.note("open", plain or "")
        return _File(self._disk, plain or "", self._under, name, flags)

    def xDelete(self, name: str, sync_folder: bool) -> None:  # noqa: N802
        self._disk.note("delete", name, sync_folder=sync_folder)
        super().xDelete(name, sync_folder)

    def xAccess(self, name: str, flags: int) -> bool:  # noqa: N802
        self._disk.note("access", name)
        return super().xAccess(name, flags)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, plain: str, under: str, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._name = plain
        super().__init__(under, name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        self._disk.note("read", self._name)
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.note("write", self._name, data=bytes(data), offset=offset)
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.note("sync", self._name)
        super().xSync(flags)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self._disk.note("truncate", self._name, offset=size)
        super().xTruncate(size)

    def xLock(self, level: int) -> None:  # noqa: N802
        self._disk.note("lock", self._name)
        super().xLock(level)

    def xFileSize(self) -> int:  # noqa: N802
        self._disk.note("size", self._name)
        return super().xFileSize()
