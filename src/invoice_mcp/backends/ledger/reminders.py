"""send_reminder on the ledger: one mail on one overdue invoice, to the address on file, never twice."""

from typing import TYPE_CHECKING

from invoice_mcp.backends.base import Plan, Step, Write
from invoice_mcp.backends.ledger.addresses import ACCEPTS, addressed, let_mail_go
from invoice_mcp.backends.ledger.book import Book, Effect, Moment, OwedMail, owed_id
from invoice_mcp.backends.ledger.heads import head_of, invoice_of, unchanged
from invoice_mcp.domain.requests import SendReminder
from invoice_mcp.mail.message import is_address
from invoice_mcp.mail.skipping import last_reminder, skip_reason
from invoice_mcp.storage import ledger_mails as mails

if TYPE_CHECKING:
    import apsw


def plan(connection: "apsw.Connection", book: Book, write: Write, moment: Moment) -> Plan:
    """The one step that sends the reminder, or the reason why none is due.

    Raises:
        NotFound: this book has no such invoice.
    """
    request = write.request
    assert isinstance(request, SendReminder)
    head = head_of(connection, write.invoice_id, "refs")
    invoice = invoice_of(connection, book, head["id"], moment.today)
    reason = skip_reason(
        invoice,
        today=moment.today,
        min_reminder_days=book.min_reminder_days,
        last_reminder_at=last_reminder(invoice, book.time_zone),
        has_address=invoice.buyer.email is not None and is_address(invoice.buyer.email),
        address_confirmed=True,  # or a person has to accept it, which the plan says
    )
    if reason is not None:
        return Plan(steps=(), before=invoice, skipped=reason)
    assert invoice.buyer.email is not None
    where = addressed(invoice.buyer, invoice.buyer.email)
    step = Step(
        number=1,
        method="POST",
        path=f"/invoices/{head['id']}/reminders",
        body={"tone": request.tone, **where, "channel": book.channel, "language": head["language"]},
        before={"invoice": head["id"], "version": head["version"]},
        identity=write.identity,
        joins=" ".join((str(invoice.buyer.id), where["recipient"], head["language"], head["currency"])),
    )
    return Plan(
        steps=(step,),
        before=invoice,
        final="A mail that has left cannot be taken back.",
        recipient=invoice.buyer.email,
        unconfirmed=ACCEPTS in where,
    )


def perform(connection: "apsw.Connection", book: Book, step: Step, moment: Moment) -> Effect:
    """Note the reminder and the mail that is owed for it.

    Raises:
        Conflict: the invoice changed since the plan was made.
    """
    head = unchanged(connection, step.before["invoice"], step.before["version"])
    body = step.body
    let_mail_go(connection, head, body)
    mail = OwedMail(owed_id(book), "reminder", body["tone"], body["recipient"])
    mails.count_reminder(connection, head["seq"], moment.at)
    mails.insert_mail(
        connection,
        {
            "message_id": mail.message_id,
            "invoice_seq": head["seq"],
            "purpose": mail.purpose,
            "tone": mail.tone,
            "recipient": mail.recipient,
            "language": body["language"],
            "channel": body["channel"],
            "at": moment.at,
        },
    )
    delivery = {"channel": body["channel"], "to": body["recipient"], "outcome": "pending"}
    return Effect(head["seq"], head["id"], {"delivery": delivery, "language": body["language"], "at": moment.at}, mail)
