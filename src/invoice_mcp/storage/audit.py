"""The audit, one SQL statement each. Rows are only ever added; the schema sees to that."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from invoice_mcp.storage.rows import rows

if TYPE_CHECKING:
    import apsw

_INSERT = """
INSERT INTO audit (at, client, tool, account, ref, outcome, operation)
VALUES (:at, :client, :tool, :account, :ref, :outcome, :operation)
"""
_BEGUN = "SELECT count(*) FROM audit WHERE account = ? AND at >= ? AND outcome = 'begun'"
_LATEST = """
SELECT at, client, tool, account, ref, outcome, operation FROM audit
WHERE :account IS NULL OR account = :account ORDER BY seq DESC LIMIT :limit
"""


def add(connection: "apsw.Connection", entries: Sequence[Mapping[str, Any]]) -> None:
    """Add rows."""
    for entry in entries:
        connection.execute(_INSERT, dict(entry))


def begin(connection: "apsw.Connection", entry: Mapping[str, Any], since: str, limit: int) -> bool:
    """Add the row of a write that begins, unless `limit` of its account's were begun since then."""
    if connection.execute(_BEGUN, (entry["account"], since)).get >= limit:
        return False
    add(connection, [entry])
    return True


def latest(connection: "apsw.Connection", limit: int, account: str | None) -> list[dict[str, Any]]:
    """The latest rows, newest first; those of one account where one is named."""
    return rows(connection, _LATEST, {"account": account, "limit": limit})
