"""The mails of a ledger: on record before they leave, and what became of them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import apsw


def insert_mail(connection: "apsw.Connection", values: Mapping[str, Any]) -> None:
    """Record a mail before it leaves, so that it can never leave twice."""
    connection.execute(
        "INSERT INTO mails (message_id, invoice_seq, purpose, tone, recipient, language, channel, outcome, created_at) "
        "VALUES (:message_id, :invoice_seq, :purpose, :tone, :recipient, :language, :channel, 'pending', :at)",
        dict(values),
    )


def share_message_id(connection: "apsw.Connection", shared: str, message_id: str) -> None:
    """Make what was recorded as a mail of its own part of another one, before either leaves."""
    connection.execute("UPDATE mails SET message_id = ? WHERE message_id = ?", (shared, message_id))


def settle_mail(connection: "apsw.Connection", message_id: str, outcome: str, at: str) -> None:
    """Record what became of a mail, for every invoice it is about: sent, queued, refused or unknown."""
    connection.execute("UPDATE mails SET outcome = ?, settled_at = ? WHERE message_id = ?", (outcome, at, message_id))


def settle_queued(connection: "apsw.Connection", message_id: str, outcome: str, at: str) -> bool:
    """Record what became of a mail that lay in the outbox: sent or unknown; whether it is one of this ledger."""
    connection.execute(
        "UPDATE mails SET outcome = ?, settled_at = ? WHERE message_id = ? AND outcome = 'queued'",
        (outcome, at, message_id),
    )
    return connection.changes() > 0


# Instants are whole seconds; within one, the order of the operations tells what came later.
_CHANGED_SINCE = """
SELECT i.number FROM mails AS m JOIN invoices AS i ON i.seq = m.invoice_seq
WHERE m.message_id = ? AND (i.state = 'cancelled' OR m.purpose = 'reminder' AND (
    i.updated_at > m.created_at OR EXISTS (
        SELECT 1 FROM operations AS reminding JOIN operations AS later USING (invoice_seq)
        WHERE reminding.invoice_seq = i.seq AND reminding.tool = 'send_reminder' AND reminding.at = m.created_at
          AND later.seq > reminding.seq
    )
))
ORDER BY i.number
"""


def changed_since_mailed(connection: "apsw.Connection", message_id: str) -> list[str]:
    """The numbers of the invoices that a mail is no longer true of: cancelled, or changed since it reminds of them."""
    return [number for (number,) in connection.execute(_CHANGED_SINCE, (message_id,))]


def mailed_outcomes(connection: "apsw.Connection", seq: int) -> set[str]:
    """The outcomes of all mails that carried this invoice."""
    sql = "SELECT outcome FROM mails WHERE invoice_seq = ? AND purpose = 'invoice'"
    return {outcome for (outcome,) in connection.execute(sql, (seq,))}


def count_reminder(connection: "apsw.Connection", seq: int, at: str) -> None:
    """Count a reminder that is about to leave."""
    connection.execute(
        "UPDATE invoices SET reminder_count = reminder_count + 1, last_reminder_at = :at, updated_at = :at, "
        "version = version + 1 WHERE seq = :seq",
        {"at": at, "seq": seq},
    )


def uncount_reminder(connection: "apsw.Connection", seq: int, at: str) -> None:
    """Take back a reminder that certainly did not leave."""
    connection.execute(
        "UPDATE invoices SET reminder_count = reminder_count - 1, updated_at = :at, version = version + 1, "
        "last_reminder_at = (SELECT max(created_at) FROM mails WHERE invoice_seq = :seq AND purpose = 'reminder' "
        "AND outcome <> 'refused') WHERE seq = :seq",
        {"at": at, "seq": seq},
    )
