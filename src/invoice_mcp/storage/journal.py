"""The journal of writes to vendors, one SQL statement each. What its rows mean is the write protocol's."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from invoice_mcp.storage.rows import row, rows

if TYPE_CHECKING:
    import apsw

_OPERATION = """
SELECT seq, id, account, tool, key, fingerprint, repeat_of, state, deadline_at, at FROM operations
"""
_BY_KEY = _OPERATION + "WHERE account = ? AND key = ? AND state <> 'refused'"
_BY_ID = _OPERATION + "WHERE account = ? AND id = ?"
_BY_FINGERPRINT = (
    _OPERATION + "WHERE account = ? AND fingerprint = ? AND at >= ? AND state <> 'refused' ORDER BY seq DESC LIMIT 1"
)
_UNSETTLED_BY_FINGERPRINT = (
    _OPERATION + "WHERE account = ? AND fingerprint = ? AND at >= ? AND state IN ('under_way', 'unknown') "
    "ORDER BY seq DESC LIMIT 1"
)
_ABANDONED = _OPERATION + "WHERE account = ? AND state = 'under_way' AND deadline_at < ? ORDER BY seq"
_LATEST = _OPERATION + "ORDER BY seq DESC LIMIT ?"
_UNSETTLED = _OPERATION + "WHERE state IN ('under_way', 'unknown') ORDER BY seq DESC LIMIT ?"
_ANYWHERE = _OPERATION + "WHERE id = ?"
_CREATIONS = (
    _OPERATION
    + """WHERE account = ? AND tool = 'create_invoice' AND seq IN (
SELECT operation_seq FROM steps WHERE invoice_id = ? AND state = 'done')
"""
)


def by_key(connection: "apsw.Connection", account: str, key: str) -> dict[str, Any] | None:
    """The operation of this account under this key, unless it was refused."""
    return row(connection, _BY_KEY, (account, key))


def by_id(connection: "apsw.Connection", account: str, operation: str) -> dict[str, Any] | None:
    """The operation of this account with this id."""
    return row(connection, _BY_ID, (account, operation))


def anywhere(connection: "apsw.Connection", operation: str) -> dict[str, Any] | None:
    """The operation with this id, in whatever account."""
    return row(connection, _ANYWHERE, (operation,))


def by_fingerprint(connection: "apsw.Connection", account: str, fingerprint: str, since: str) -> dict[str, Any] | None:
    """The latest operation of this account with this fingerprint since then, unless it was refused."""
    return row(connection, _BY_FINGERPRINT, (account, fingerprint, since))


def unsettled_by_fingerprint(
    connection: "apsw.Connection", account: str, fingerprint: str, since: str
) -> dict[str, Any] | None:
    """The latest operation of this account with this fingerprint since then whose outcome is not known."""
    return row(connection, _UNSETTLED_BY_FINGERPRINT, (account, fingerprint, since))


def abandoned(connection: "apsw.Connection", account: str, before: str) -> list[dict[str, Any]]:
    """Operations that are under way past their deadline: whoever carried them out is gone."""
    return rows(connection, _ABANDONED, (account, before))


def latest(connection: "apsw.Connection", limit: int) -> list[dict[str, Any]]:
    """The latest operations of all accounts, newest first."""
    return rows(connection, _LATEST, (limit,))


def unsettled(connection: "apsw.Connection", limit: int) -> list[dict[str, Any]]:
    """The operations of all accounts whose outcome is not known, newest first."""
    return rows(connection, _UNSETTLED, (limit,))


def creations(connection: "apsw.Connection", account: str, invoice_id: str) -> list[dict[str, Any]]:
    """The operations of create_invoice whose steps left this invoice behind: made or edited."""
    return rows(connection, _CREATIONS, (account, invoice_id))


def claim(connection: "apsw.Connection", values: Mapping[str, Any], steps: Sequence[str]) -> None:
    """Record an operation and its planned steps (JSON), before anything of it leaves."""
    sql = (
        "INSERT INTO operations (id, account, tool, key, fingerprint, repeat_of, state, deadline_at, at) VALUES "
        "(:id, :account, :tool, :key, :fingerprint, :repeat_of, 'under_way', :deadline_at, :at) RETURNING seq"
    )
    seq = connection.execute(sql, dict(values)).get
    for number, step in enumerate(steps, 1):
        connection.execute(
            "INSERT INTO steps (operation_seq, number, step, state) VALUES (?, ?, ?, 'planned')", (seq, number, step)
        )


def steps_of(connection: "apsw.Connection", seq: int) -> list[dict[str, Any]]:
    """The steps of an operation, in their order."""
    sql = "SELECT number, step, state, invoice_id, result FROM steps WHERE operation_seq = ? ORDER BY number"
    return rows(connection, sql, (seq,))


def steps_on(
    connection: "apsw.Connection", account: str, tool: str, invoice_ids: Sequence[str]
) -> list[dict[str, Any]]:
    """The steps that left for invoices of this account, but for those that were refused, in their order."""
    sql = (
        "SELECT number, step, steps.state, invoice_id, result, sent_at "
        "FROM steps JOIN operations ON seq = operation_seq "
        "WHERE account = ? AND tool = ? AND steps.state IN ('sent', 'done') AND sent_at IS NOT NULL "
        "AND json_extract(step, '$.before.invoice') IN (SELECT value FROM json_each(?)) ORDER BY seq, number"
    )
    return rows(connection, sql, (account, tool, json.dumps(list(invoice_ids))))


def set_step(connection: "apsw.Connection", operation: str, number: int, values: Mapping[str, Any]) -> None:
    """Settle a step: its state, settled_at, and where it took effect invoice_id and result (JSON)."""
    connection.execute(
        "UPDATE steps SET state = :state, invoice_id = coalesce(:invoice_id, invoice_id), "
        "result = coalesce(:result, result), "
        "settled_at = :settled_at "
        "WHERE number = :number AND operation_seq = (SELECT seq FROM operations WHERE id = :operation)",
        {"invoice_id": None, "result": None, **values} | {"operation": operation, "number": number},
    )


def leave(connection: "apsw.Connection", operation: str, number: int, now: str) -> bool:
    """Mark a step as sent, unless somebody else has settled its operation or its deadline has passed."""
    connection.execute(
        "UPDATE steps SET state = 'sent', sent_at = :now WHERE number = :number AND operation_seq = "
        "(SELECT seq FROM operations WHERE id = :operation AND state = 'under_way' AND deadline_at >= :now)",
        {"now": now, "number": number, "operation": operation},
    )
    return connection.changes() == 1


def set_operation(connection: "apsw.Connection", operation: str, state: str, deadline_at: str, at: str) -> None:
    """Move an operation to another state."""
    connection.execute(
        "UPDATE operations SET state = ?, deadline_at = ?, settled_at = ? WHERE id = ?",
        (state, deadline_at, at, operation),
    )
