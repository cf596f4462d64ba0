"""The file and its folder: private, ours, local, the same from opening to closing, or refused."""

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from invoice_mcp.errors import StorageFailed
from invoice_mcp.storage import connection as connection_module
from invoice_mcp.storage import files
from invoice_mcp.storage.files import file_system_type

from .conftest import Opener
from .notes import add, files_beside, texts, texts_in
from .programs import environment, run


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def open_umask() -> object:
    before = os.umask(0)
    yield
    os.umask(before)


async def test_what_is_created_is_private_from_its_first_moment_whatever_the_umask(
    opener: Opener, tmp_path: Path, open_umask: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Path, "chmod")
    path = tmp_path / "one" / "two" / "notes.db"
    await opener(path).write(add("a"))
    assert [mode(each) for each in (path.parent.parent, path.parent)] == [0o700, 0o700]
    assert files_beside(path) == ["notes.db", "notes.db-shm", "notes.db-wal"]
    assert {mode(each) for each in path.parent.iterdir()} == {0o600}


async def test_a_new_folder_survives_a_power_cut(
    opener: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced, sync = [], os.fsync

    def watched(handle: int) -> None:
        synced.append(os.fstat(handle).st_ino)
        sync(handle)

    monkeypatch.setattr(os, "fsync", watched)
    await opener(tmp_path / "one" / "two" / "notes.db").write(add("a"))
    assert synced == [tmp_path.stat().st_ino, (tmp_path / "one").stat().st_ino]


async def test_opening_a_file_again_keeps_the_locks_on_it(opener: Opener, path: Path) -> None:
    """POSIX drops all locks of a process on a file when it closes any descriptor of it."""
    database = opener()
    await database.write(add("a"))
    other = opener()
    await other.read(texts)
    await other.close()
    assert run("try_to_take_file", path, 0) == "busy\n"
    await database.close()
    assert run("try_to_take_file", path, 0) == "taken\n"


async def test_a_file_others_may_read_is_closed_to_them(opener: Opener, path: Path) -> None:
    await written(opener, path)
    path.chmod(0o644)
    assert await opener().read(texts) == ["a"]
    assert mode(path) == 0o600


async def test_a_relative_path_keeps_its_meaning_when_the_working_directory_changes(
    opener: Opener, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.parent.mkdir()
    monkeypatch.chdir(path.parent)
    database = opener(Path(path.name))
    monkeypatch.chdir("/")
    await database.write(add("a"))
    assert texts_in(path) == ["a"]


async def test_a_folder_that_is_reached_by_a_link_is_fine(opener: Opener, path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    (tmp_path / "link").symlink_to(path.parent)
    await opener(tmp_path / "link" / path.name).write(add("a"))
    assert texts_in(path) == ["a"]


@pytest.mark.parametrize("name", ["a b.db", "a?mode=memory", "a#b.db", "100%20.db", "file:a.db", "été €.db", "-x"])
async def test_no_character_of_a_name_means_anything(opener: Opener, tmp_path: Path, name: str) -> None:
    database = opener(tmp_path / name)
    await database.write(add("a"))
    await database.close()
    assert files_beside(tmp_path / name) == [name]
    assert await opener(tmp_path / name).read(texts) == ["a"]


async def written(opener: Opener, path: Path) -> None:
    database = opener()
    await database.write(add("a"))
    await database.close()


def replace_by(path: Path, make: Callable[[Path], object]) -> None:
    path.rename(path.with_name("kept.db"))
    make(path)


HOSTILE = {
    "a link to a database": lambda path: replace_by(path, lambda at: at.symlink_to("kept.db")),
    "a link to nothing": lambda path: replace_by(path, lambda at: at.symlink_to("nothing")),
    "a folder": lambda path: replace_by(path, Path.mkdir),
    "a pipe": lambda path: replace_by(path, os.mkfifo),
    "a file others may write": lambda path: path.chmod(0o606),
    "a file a group may write": lambda path: path.chmod(0o660),
    "a folder others may write": lambda path: path.parent.chmod(0o777),
    "a folder others may write, with the sticky bit": lambda path: path.parent.chmod(0o1777),
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
async def test_a_place_others_could_have_touched_is_refused(
    opener: Opener, path: Path, hostile: Callable[[Path], object]
) -> None:
    await written(opener, path)
    hostile(path)
    before = files_beside(path)
    database = opener()
    for call in (database.read, database.write):
        with pytest.raises(StorageFailed) as caught:
            await call(texts)
        assert str(path.parent) not in caught.value.message + caught.value.next
    assert files_beside(path) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("given", [lambda path: path, lambda path: path.parent], ids=["file", "folder"])
async def test_what_belongs_to_another_user_is_refused(
    opener: Opener, path: Path, given: Callable[[Path], Path]
) -> None:
    await written(opener, path)
    os.chown(given(path), 12345, 12345)
    with pytest.raises(StorageFailed, match="another user"):
        await opener().read(texts)


async def test_what_belongs_to_another_user_is_refused_seen_from_that_user(
    opener: Opener, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await written(opener, path)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(StorageFailed, match="another user"):
        await opener().read(texts)


@pytest.mark.parametrize("beside", ["", "-wal"], ids=["looked at first", "opened at once"])
async def test_a_link_that_comes_after_the_check_is_not_followed(
    opener: Opener, path: Path, monkeypatch: pytest.MonkeyPatch, beside: str
) -> None:
    await written(opener, path)
    link = path.with_name("link.db")
    link.symlink_to(path)
    link.with_name(link.name + beside).touch()
    monkeypatch.setattr(connection_module, "admit", lambda place: (place, place.lstat()))
    with pytest.raises(StorageFailed, match="cannot be opened"):
        await opener(link).write(add("b"))
    assert texts_in(path) == ["a"]


MOUNTS = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
31 27 0:44 / /home rw - ext4 /dev/vdb rw
32 27 0:45 / /home/me/my\\040share rw - nfs4 server:/export rw
33 27 0:46 / /srv rw - cifs //server/share rw
34 27 0:47 / /srv rw master:1 - btrfs /dev/vdc rw
"""


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("/", "ext4"),
        ("/var/lib", "ext4"),
        ("/home/me/my share", "nfs4"),
        ("/home/me/my share/data", "nfs4"),
        ("/home/me/my shared", "ext4"),
        ("/srv/data", "btrfs"),
        ("/proc/self", "proc"),
    ],
)
def test_the_file_system_of_a_folder_is_the_mount_nearest_to_it(folder: str, expected: str) -> None:
    assert file_system_type(MOUNTS, Path(folder)) == expected


@pytest.mark.parametrize(("kind", "refused"), [("nfs4", True), ("cifs", True), ("fuse.sshfs", True), ("ext4", False)])
async def test_a_network_file_system_is_refused(
    opener: Opener, path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, refused: bool
) -> None:
    path.parent.mkdir()
    mounts = path.with_name("mounts")
    mounts.write_text(f"27 1 254:0 / / rw - {kind} somewhere rw\n", "utf-8")
    monkeypatch.setattr(files, "MOUNTS", mounts)
    if not refused:
        await opener().write(add("a"))
        return
    with pytest.raises(StorageFailed, match="network file system"):
        await opener().write(add("a"))
    assert files_beside(path) == ["mounts"]


async def test_a_system_without_a_list_of_mounts_is_not_refused(
    opener: Opener, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOUNTS", path.with_name("there-is-none"))
    await opener().write(add("a"))


async def test_a_folder_that_cannot_be_made_is_a_clean_failure(opener: Opener, tmp_path: Path) -> None:
    (tmp_path / "a-file").touch()
    database = opener(tmp_path / "a-file" / "notes.db")
    with pytest.raises(StorageFailed, match="cannot be opened"):
        await database.write(add("a"))
    (tmp_path / "a-file").unlink()
    await database.write(add("a"))


MOVES = {
    "deleted": lambda path: path.unlink(),
    "moved": lambda path: path.rename(path.with_name("moved.db")),
    "replaced": lambda path: replace_by(path, Path.touch),
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
async def test_nothing_is_written_to_a_file_that_lost_its_name(
    opener: Opener, path: Path, move: Callable[[Path], object]
) -> None:
    database = opener()
    await database.write(add("a"))
    move(path)
    before = files_beside(path)
    for call in (database.write, database.rehearse, database.read):  # the readers open their connections only now
        with pytest.raises(StorageFailed, match="moved, replaced or deleted"):
            await call(texts)
    assert files_beside(path) == before


async def test_a_file_that_is_moved_during_a_write_is_no_success(opener: Opener, path: Path) -> None:
    database = opener()
    await database.write(lambda connection: None)
    with pytest.raises(StorageFailed, match="moved, replaced or deleted"):
        await database.write(lambda connection: path.unlink())


async def test_a_file_that_is_put_back_is_used_again(opener: Opener, path: Path) -> None:
    database = opener()
    await database.write(add("a"))
    path.rename(path.with_name("moved.db"))
    with pytest.raises(StorageFailed):
        await database.write(add("lost"))
    path.with_name("moved.db").rename(path)
    await database.write(add("b"))
    assert await database.read(texts) == ["a", "b"]


WITHOUT_PRIVILEGES = """
import asyncio, ctypes, json, os, sys
from pathlib import Path
from invoice_mcp.errors import StorageFailed
from storage.notes import add, notes_database, texts

if os.geteuid() == 0:  # still root, but a root whom file modes bind
    header, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None).capset(header, nothing) == 0

async def outcome(call, work):
    try:
        return await call(work)
    except StorageFailed as failure:
        return failure.message

async def main():
    database = notes_database(Path(sys.argv[1]), busy_timeout_ms=100)
    print(json.dumps([
        await outcome(database.read, texts),
        await outcome(database.write, add("b")),
        await outcome(database.rehearse, add("c")),
        await outcome(database.read, texts),
    ]))
    await database.close()

asyncio.run(main())
"""
"""What a process gets that may do no more than the modes of files say."""

bound_by_modes = pytest.mark.skipif(
    os.geteuid() == 0 and not hasattr(ctypes.CDLL(None), "capset"), reason="root here cannot give up its privileges"
)


def outcomes(path: Path) -> list[object]:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PRIVILEGES, str(path)],
        env=environment(), capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


READ_ONLY = "The database can only be read."


@bound_by_modes
@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o400, 0o700), (0o600, 0o500), (0o400, 0o500)])
async def test_what_may_only_be_read_is_read_and_nothing_is_left_beside_it(
    opener: Opener, path: Path, file_mode: int, folder_mode: int
) -> None:
    await written(opener, path)
    content = path.read_bytes()
    path.chmod(file_mode)
    path.parent.chmod(folder_mode)
    try:
        assert outcomes(path) == [["a"], READ_ONLY, READ_ONLY, ["a"]]
        assert files_beside(path) == ["notes.db"]
        assert path.read_bytes() == content
    finally:
        path.parent.chmod(0o700)
        path.chmod(0o600)
    assert outcomes(path) == [["a"], None, None, ["a", "b"]]


@bound_by_modes
async def test_a_file_that_may_only_be_read_and_is_written_by_another_is_read_with_its_newest_rows(
    opener: Opener, path: Path
) -> None:
    await opener().write(add("only in the write-ahead log"))
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        assert outcomes(path) == [
            ["only in the write-ahead log"],
            READ_ONLY,
            READ_ONLY,
            ["only in the write-ahead log"],
        ]
    finally:
        path.parent.chmod(0o700)
        path.chmod(0o600)
    assert texts_in(path) == ["only in the write-ahead log"]


@bound_by_modes
@pytest.mark.parametrize("folder_mode", [0o000, 0o100, 0o300, 0o500])
def test_a_folder_that_may_not_be_written_gets_no_new_file(path: Path, folder_mode: int) -> None:
    path.parent.mkdir()
    path.parent.chmod(folder_mode)
    try:
        found = outcomes(path)
    finally:
        path.parent.chmod(0o700)
    if folder_mode == 0o300:
        assert found[-1] == ["b"]
    else:
        assert set(map(str, found)) == {"The operating system denies access to the database."}
        assert not list(path.parent.iterdir())


async def test_a_frozen_file_that_changes_while_it_is_read_gives_no_answer(
    opener: Opener, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await written(opener, path)
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    database = opener()
    assert await database.read(texts) == ["a"]

    def change(connection: apsw.Connection) -> list[str]:
        before = texts(connection)
        other = apsw.Connection(str(path))
        add("b")(other)
        other.close()
        return before

    with pytest.raises(StorageFailed, match="changed while"):
        await database.read(change)
    assert await database.read(texts) == ["a", "b"]


async def test_a_frozen_file_that_somebody_begins_to_write_gives_no_answer(
    opener: Opener, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await written(opener, path)
    writers = []

    def begin(connection: apsw.Connection) -> list[str]:
        before = texts(connection)
        writers.append(apsw.Connection(str(path)))
        add("only in the write-ahead log")(writers[0])
        return before

    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_, **__: False)
        with pytest.raises(StorageFailed, match="changed while"):
            await opener().read(begin)
    assert await opener().read(texts) == ["a", "only in the write-ahead log"]
    writers[0].close()
