"""The mail that committed writes owe: each leaves at most once, and what became of it is written down."""

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from invoice_mcp.backends.base import StepResult
from invoice_mcp.backends.ledger.book import Book, Moment, OwedMail
from invoice_mcp.backends.ledger.heads import head_of, invoice_of
from invoice_mcp.domain.invoice import Invoice, Party
from invoice_mcp.errors import InvoiceError, StorageFailed
from invoice_mcp.mail.delivery import Delivery, Mailer
from invoice_mcp.mail.letters import invoice_letter, reminder_letter
from invoice_mcp.mail.message import compose
from invoice_mcp.storage import ledger_writes as sql
from invoice_mcp.storage.engine import Database

if TYPE_CHECKING:
    import apsw


class Post:
    """Sends what a ledger owes, after the transaction that owes it.

    A mail is on record as pending before it leaves. If this process dies in between, it stays pending: whether it
    left is not known, so nobody sends it again.
    """

    def __init__(self, book: Book, database: Database, mailer: Mailer, moment: Callable[[], Moment]) -> None:
        self._book = book
        self._database = database
        self._mailer = mailer
        self._moment = moment

    async def deliver(self, operation: str, done: StepResult, mail: OwedMail) -> Mapping[str, Any]:
        """Send `mail`; the operation's answer, with what became of it."""
        delivery = await self._hand_over(done.invoice_id, mail)
        moment = self._moment()
        told = {**done.result["delivery"], "outcome": delivery.outcome}
        if delivery.outcome == "refused":
            told["detail"] = delivery.detail
        result = {**done.result, "delivery": told}

        def settle(connection: "apsw.Connection") -> None:
            seq = head_of(connection, done.invoice_id)["seq"]
            sql.settle_mail(connection, mail.message_id, delivery.outcome, moment.at)
            sql.update_operation(connection, operation, result)
            if mail.purpose == "reminder" and delivery.outcome == "refused":
                sql.uncount_reminder(connection, seq, moment.at)
                sql.release_operation(connection, operation)
            if mail.purpose == "invoice" and delivery.outcome in ("sent", "queued"):
                sql.set_sent_to(connection, seq, delivery.channel, mail.recipient, moment.at)

        with suppress(StorageFailed):  # on record it stays pending, so it is not sent again; the caller hears the truth
            await self._database.write(settle)
        return result

    async def _hand_over(self, invoice_id: str, mail: OwedMail) -> Delivery:
        """What became of the mail. A failure on this side of the door means that it did not leave."""
        try:
            return await self._mailer.deliver(await self._compose(invoice_id, mail))
        except InvoiceError as error:
            return Delivery("refused", self._mailer.channel, error.message)

    async def _compose(self, invoice_id: str, mail: OwedMail) -> EmailMessage:
        moment = self._moment()
        book = self._book

        def look(connection: "apsw.Connection") -> tuple[Invoice, str | None]:
            invoice = invoice_of(connection, book, invoice_id, moment.today)
            credited = None if invoice.credits is None else head_of(connection, invoice.credits.id)["number"]
            return invoice, credited

        invoice, credited_number = await self._database.read(look)
        seller = book.seller or Party(name=book.sender)
        if mail.tone is None:
            letter = invoice_letter(invoice, seller, invoice.language, credited_number=credited_number)
        else:
            letter = reminder_letter(invoice, seller, mail.tone, invoice.language, moment.today)
        return compose(
            letter,
            sender=book.sender,
            recipient=mail.recipient,
            message_id=mail.message_id,
            date=dt.datetime.fromisoformat(moment.at),
            reply_to=None,
        )
