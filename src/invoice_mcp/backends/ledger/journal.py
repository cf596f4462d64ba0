"""Which writes this ledger has seen: each is recorded in the transaction of its effect."""

from typing import TYPE_CHECKING

from invoice_mcp.backends.base import Recorded
from invoice_mcp.backends.ledger.book import Effect, Moment
from invoice_mcp.domain.identity import Identity, KnownOperations, Row, recognise
from invoice_mcp.storage import ledger_writes as sql

if TYPE_CHECKING:
    import apsw


def recorded(connection: "apsw.Connection", identity: Identity, moment: Moment) -> Recorded | None:
    """The operation that `identity` repeats, None when it is new.

    Raises:
        Conflict: the key stands for other arguments.
        DuplicateSuspected: the same arguments were carried out under another key.
        InvalidRequest: `repeat_of` names no operation of this tool.
    """
    since = moment.ago(hours=identity.window_hours)

    def standing(fingerprint: str) -> Row | None:
        done = sql.operation_by_fingerprint(connection, fingerprint, since)
        return done if done is not None and _stands(connection, done) else None

    done = recognise(
        identity,
        KnownOperations(
            by_key=lambda key: sql.operation_by_key(connection, key),
            by_fingerprint=standing,
            unsettled=lambda _: None,
            by_id=lambda operation: sql.operation_by_id(connection, operation),
        ),
    )
    return None if done is None else _as_recorded(connection, done)


def record(connection: "apsw.Connection", identity: Identity, effect: Effect, moment: Moment) -> None:
    """Write the operation down, in the transaction of its effect."""
    sql.insert_operation(
        connection,
        {
            "id": identity.operation,
            "tool": identity.tool,
            "key": identity.key,
            "fingerprint": identity.fingerprint,
            "repeat_of": identity.repeat_of,
            "invoice_seq": effect.seq,
            "result": effect.result,
            "at": moment.at,
        },
    )


def _stands(connection: "apsw.Connection", done: Row) -> bool:
    """Whether the effect is still there: what was taken back, discarded or edited over may be done again."""
    if done["tool"] == "register_payment" and not done["result"]["payment"].get("undone"):
        return sql.payment_stands(connection, done["result"]["payment"]["id"])
    if done["tool"] == "create_invoice":
        head = sql.head(connection, sql.invoice_id_of(connection, done["invoice_seq"]))
        return head is not None and head["state"] != "cancelled" and not _edited_over(connection, done)
    return True


def _edited_over(connection: "apsw.Connection", done: Row) -> bool:
    """Whether this was an edit of a draft, and another one came after it. A new draft stands however it is edited."""
    return bool(done["result"].get("edit")) and sql.edited_since(connection, done["id"])


def _as_recorded(connection: "apsw.Connection", done: Row) -> Recorded:
    return Recorded(
        operation=done["id"],
        invoice_id=sql.invoice_id_of(connection, done["invoice_seq"]),
        first_at=done["at"],
        result=done["result"],
        stands=_stands(connection, done),
    )
