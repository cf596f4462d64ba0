"""Which writes this ledger has seen: each is recorded in the transaction of its effect."""

from typing import TYPE_CHECKING, Any

from invoice_mcp.backends.base import Identity, Recorded
from invoice_mcp.backends.ledger.book import Effect, Moment
from invoice_mcp.errors import Conflict, DuplicateSuspected, InvalidRequest
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
    if identity.key is not None and (done := sql.operation_by_key(connection, identity.key)) is not None:
        if done["fingerprint"] != identity.fingerprint:
            raise Conflict(
                "This idempotency_key was used for other arguments.",
                next="Use a new key for a new write; keep the key and the arguments to repeat the first one.",
                field="idempotency_key",
                operation=done["id"],
            )
        return _as_recorded(connection, done)
    if identity.window_hours > 0:
        since = moment.ago(hours=identity.window_hours)
        done = sql.operation_by_fingerprint(connection, identity.fingerprint, since)
        if done is not None and _stands(connection, done):
            if identity.key is not None:
                raise DuplicateSuspected(
                    f"The same {identity.tool} was already done at {done['at']}.",
                    next="If a second one is meant, call again with repeat_of set to this operation.",
                    operation=done["id"],
                )
            return _as_recorded(connection, done)
    if identity.repeat_of is not None:
        first = sql.operation_by_id(connection, identity.repeat_of)
        if first is None or first["tool"] != identity.tool:
            raise InvalidRequest(
                f"repeat_of names no earlier {identity.tool} of this account.",
                next="Give the operation that duplicate_suspected or a replayed answer named.",
                field="repeat_of",
            )
    return None


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


def _stands(connection: "apsw.Connection", done: dict[str, Any]) -> bool:
    """Whether the effect is still there: a payment taken back or a discarded draft may be made again."""
    if done["tool"] == "register_payment" and not done["result"]["payment"].get("undone"):
        return sql.payment_stands(connection, done["result"]["payment"]["id"])
    if done["tool"] == "create_invoice":
        head = sql.head(connection, sql.invoice_id_of(connection, done["invoice_seq"]))
        return head is not None and head["state"] != "cancelled"
    return True


def _as_recorded(connection: "apsw.Connection", done: dict[str, Any]) -> Recorded:
    return Recorded(
        operation=done["id"],
        invoice_id=sql.invoice_id_of(connection, done["invoice_seq"]),
        first_at=done["at"],
        result=done["result"],
        stands=_stands(connection, done),
    )
