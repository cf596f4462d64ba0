from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.storage.engine import Database

from .notes import notes_database

Opener = Callable[..., Database]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database will be; neither it nor its folder is there yet."""
    return tmp_path / "data" / "notes.db"


@pytest.fixture
async def opener(path: Path) -> AsyncIterator[Opener]:
    """Makes databases, at `path` unless told otherwise, and closes them after the test."""
    made: list[Database] = []

    def make(at: Path = path, **settings: Any) -> Database:
        made.append(notes_database(at, **settings))
        return made[-1]

    yield make
    for database in made:
        await database.close()
