"""What can be wrong with a database file: each is done to it while a `with` block lasts, and taken back after."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import apsw
from storage.programs import start

from invoice_mcp.storage import state_schema

Damage = Callable[[Path], AbstractContextManager[None]]


@contextmanager
def in_its_place(path: Path, make: Callable[[Path], object]) -> Iterator[None]:
    """Something else stands where the file was."""
    kept = path.with_name("kept.db")
    path.rename(kept)
    make(path)
    yield
    path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    kept.rename(path)


@contextmanager
def with_content(path: Path, change: Callable[[bytearray], object]) -> Iterator[None]:
    """The file has other bytes."""
    right = path.read_bytes()
    content = bytearray(right)
    change(content)
    path.write_bytes(content)
    yield
    path.write_bytes(right)


@contextmanager
def held_by(program: str, path: Path) -> Iterator[None]:
    """Another program has the file."""
    other = start(program, path, 0)
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == "locked\n"
        yield
    finally:
        other.communicate(timeout=30)
    assert other.returncode == 0


@contextmanager
def with_version(path: Path, version: int) -> Iterator[None]:
    """The schema has another version."""
    with closing(apsw.Connection(str(path))) as connection:
        right = connection.pragma("user_version")
        connection.pragma("user_version", version)
        connection.pragma("journal_mode", "delete")
    yield
    with closing(apsw.Connection(str(path))) as connection:
        connection.pragma("user_version", right)


@contextmanager
def without_folder(path: Path) -> Iterator[None]:
    """A file stands where the folder was."""
    kept = path.parent.with_name("kept")
    path.parent.rename(kept)
    path.parent.touch()
    yield
    path.parent.unlink()
    kept.rename(path.parent)


def database_of_another(path: Path, *, application_id: int) -> None:
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("CREATE TABLE theirs (text)")
        connection.pragma("application_id", application_id)
    path.chmod(0o600)


def private_text(path: Path) -> None:
    path.write_text("my shopping list\n" * 50)
    path.chmod(0o600)


def zeros(content: bytearray) -> None:
    content[:16] = bytes(16)


def noise(content: bytearray) -> None:
    content[4096:] = bytes(each ^ 0xFF for each in content[4096:])


def half(content: bytearray) -> None:
    del content[len(content) // 2 :]


DAMAGES: Final[dict[str, tuple[Damage, str]]] = {
    "a folder": (partial(in_its_place, make=Path.mkdir), "no regular file"),
    "a link": (partial(in_its_place, make=lambda path: path.symlink_to("kept.db")), "a link"),
    "a text": (partial(in_its_place, make=private_text), "not an SQLite database"),
    "a database of another program": (
        partial(in_its_place, make=partial(database_of_another, application_id=7)),
        "belongs to another program",
    ),
    "the state database": (
        partial(in_its_place, make=partial(database_of_another, application_id=state_schema.APPLICATION_ID)),
        "another part of this one",
    ),
    "a newer schema": (partial(with_version, version=99), "newer version of invoice-mcp"),
    "a damaged header": (partial(with_content, change=zeros), "not an SQLite database"),
    "damaged pages": (partial(with_content, change=noise), "damaged"),
    "a file cut short": (partial(with_content, change=half), "damaged"),
    "a file open to others": (
        lambda path: in_its_place(path, lambda at: (shutil.copy(at.with_name("kept.db"), at), at.chmod(0o666))),
        "Other users of this machine",
    ),
    "no folder": (without_folder, "cannot be opened"),
    "a program that keeps the file to itself": (partial(held_by, "hold_file"), "locked"),
}
"""Each with words of what a caller is told."""
