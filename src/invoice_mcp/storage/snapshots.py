"""Answers of searches that go on, kept for the pages to come; one SQL statement each."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import apsw

KEPT = 64
"""So many snapshots are kept at most; the one that ends first makes room."""


def keep(
    connection: "apsw.Connection",
    *,
    snapshot: str,
    caller: str,
    question: str,
    continues: str | None,
    body: str,
    now: str,
    expires_at: str,
) -> None:
    """Keep a snapshot until `expires_at` (RFC 3339); forget those whose time is over at `now`, and those too many.

    `continues` is the cursor that it goes on from, if it goes on from one.
    """
    connection.execute("DELETE FROM snapshots WHERE expires_at <= ?", (now,))
    connection.execute(
        "INSERT INTO snapshots (id, caller, question, continues, body, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        (snapshot, caller, question, continues, body, expires_at),
    )
    connection.execute(
        "DELETE FROM snapshots WHERE seq <= (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT 1 OFFSET ?)", (KEPT,)
    )


def find(connection: "apsw.Connection", snapshot: str, caller: str, now: str) -> tuple[str, str] | None:
    """The question and the body of a snapshot of this caller's; None when there is none, or not any more."""
    row = connection.execute(
        "SELECT question, body FROM snapshots WHERE id = ? AND caller = ? AND expires_at > ?", (snapshot, caller, now)
    ).fetchone()
    return None if row is None else (str(row[0]), str(row[1]))


def continuation(connection: "apsw.Connection", cursor: str, caller: str, now: str) -> tuple[str, str] | None:
    """Id and body of the snapshot that goes on from `cursor`; None when nobody has gone on from there yet."""
    row = connection.execute(
        "SELECT id, body FROM snapshots WHERE continues = ? AND caller = ? AND expires_at > ? ORDER BY seq LIMIT 1",
        (cursor, caller, now),
    ).fetchone()
    return None if row is None else (str(row[0]), str(row[1]))
