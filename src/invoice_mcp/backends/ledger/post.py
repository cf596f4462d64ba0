"""The mail that committed writes owe: each leaves at most once, and what became of it is written down."""

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from email.message import EmailMessage
from typing import TYPE_CHECKING

from invoice_mcp.backends.base import StepResult
from invoice_mcp.backends.ledger import documents
from invoice_mcp.backends.ledger.book import Book, Moment, OwedMail
from invoice_mcp.backends.ledger.heads import head_of, invoice_of
from invoice_mcp.domain.invoice import Party
from invoice_mcp.errors import InvoiceError, StorageFailed
from invoice_mcp.mail.delivery import Delivery, Mailer
from invoice_mcp.mail.letters import Letter, document_letter, reminder_of_several
from invoice_mcp.mail.message import compose
from invoice_mcp.storage import ledger_mails as mails
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

    async def deliver(self, mail: OwedMail, owing: Sequence[tuple[str, StepResult]]) -> list[StepResult]:
        """Send `mail`, once, for all operations (by id) that owe it; their results, with what became of it."""
        delivery = await self._hand_over([done.invoice_id for _, done in owing], mail)
        moment = self._moment()
        told = {"outcome": delivery.outcome} | ({"detail": delivery.detail} if delivery.outcome == "refused" else {})
        results = [
            (operation, replace(done, result={**done.result, "delivery": {**done.result["delivery"], **told}}))
            for operation, done in owing
        ]

        def settle(connection: "apsw.Connection") -> None:
            mails.settle_mail(connection, mail.message_id, delivery.outcome, moment.at)
            for operation, done in results:
                seq = head_of(connection, done.invoice_id)["seq"]
                sql.update_operation(connection, operation, done.result)
                if mail.purpose == "reminder" and delivery.outcome == "refused":
                    mails.uncount_reminder(connection, seq, moment.at)
                    sql.release_operation(connection, operation)
                if mail.purpose == "invoice" and delivery.outcome in ("sent", "queued"):
                    sql.set_sent_to(connection, seq, delivery.channel, mail.recipient, moment.at)

        with suppress(StorageFailed):  # on record it stays pending, so it is not sent again; the caller hears the truth
            await self._database.write(settle)
        return [done for _, done in results]

    async def _hand_over(self, invoice_ids: Sequence[str], mail: OwedMail) -> Delivery:
        """What became of the mail. A failure on this side of the door means that it did not leave."""
        try:
            return await self._mailer.deliver(await self._compose(invoice_ids, mail))
        except InvoiceError as error:
            return Delivery("refused", self._mailer.channel, error.message)

    async def _compose(self, invoice_ids: Sequence[str], mail: OwedMail) -> EmailMessage:
        moment = self._moment()
        return compose(
            await self._database.read(lambda connection: self._letter(connection, invoice_ids, mail, moment)),
            sender=self._book.sender,
            recipient=mail.recipient,
            message_id=mail.message_id,
            date=dt.datetime.fromisoformat(moment.at),
            reply_to=None,
        )

    def _letter(
        self, connection: "apsw.Connection", invoice_ids: Sequence[str], mail: OwedMail, moment: Moment
    ) -> Letter:
        invoices = [invoice_of(connection, self._book, invoice_id, moment.today) for invoice_id in invoice_ids]
        seller = self._book.seller or Party(name=self._book.sender)
        if mail.tone is None:
            return document_letter(invoices[0], seller, documents.kept(connection, invoice_ids[0]))
        return reminder_of_several(invoices, seller, mail.tone, invoices[0].language, moment.today)
