"""Writes that wait for a person's word, by the hash of their token. Each is taken at most once."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import apsw


def keep(connection: "apsw.Connection", token_hash: str, binding: str, plans: str, now: str, expires_at: str) -> None:
    """Keep a write until `expires_at` (RFC 3339), and forget those whose time is over at `now`."""
    connection.execute("DELETE FROM pending WHERE expires_at < ?", (now,))
    connection.execute(
        "INSERT INTO pending (token_hash, binding, plans, expires_at) VALUES (?, ?, ?, ?)",
        (token_hash, binding, plans, expires_at),
    )


def take(connection: "apsw.Connection", token_hash: str, binding: str, now: str) -> str | None:
    """The plans kept under this token for this very call, once; None when there are none, or not any more."""
    row = connection.execute(
        "UPDATE pending SET used_at = :now WHERE token_hash = :token_hash AND binding = :binding "
        "AND used_at IS NULL AND expires_at >= :now RETURNING plans",
        {"token_hash": token_hash, "binding": binding, "now": now},
    ).fetchone()
    return None if row is None else str(row[0])
