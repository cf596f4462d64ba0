"""The schema of the state database, which several server processes share, as migrations: entry n brings n to n + 1."""

from typing import Final

APPLICATION_ID: Final = 0x494E5653
"""SQLite's application_id of our state files: "INVS"."""

_FIRST = """
CREATE TABLE pending (
    token_hash TEXT PRIMARY KEY,
    binding TEXT NOT NULL,
    plans TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_expires_at ON pending (expires_at);
"""

MIGRATIONS: Final[tuple[str, ...]] = (_FIRST,)
