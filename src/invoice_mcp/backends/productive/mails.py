"""Mails about invoices: written by us, sent by Productive to the billing contact of the invoice.

Whether Productive fills in its own words where none are given is not documented, so they are always said. Where the
number is not known yet, a placeholder stands for it.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from invoice_mcp.backends.productive.api import INVOICES
from invoice_mcp.backends.productive.texts import preformatted
from invoice_mcp.domain.invoice import Invoice, Party
from invoice_mcp.mail.letters import Letter, Tone, invoice_letter, reminder_letter
from invoice_mcp.wire import jsonapi

NUMBER: Final = "{invoice_number}"
"""Stands for the number that an invoice gets when it is finalised."""


def invoice_mail(invoice: Invoice, seller: Party, recipient: str) -> tuple[Letter, dict[str, Any]]:
    """The invoice itself, as a letter and as the body of the request that has it sent."""
    known = invoice if invoice.invoice_number is not None else replace(invoice, invoice_number=NUMBER)
    letter = invoice_letter(known, seller, invoice.language)
    return letter, _body(letter, invoice.ref.id, recipient)


def reminder_mail(
    invoice: Invoice, seller: Party, recipient: str, tone: Tone, today: dt.date
) -> tuple[Letter, dict[str, Any]]:
    """A reminder of an overdue invoice, as a letter and as the body of the request that has it sent."""
    letter = reminder_letter(invoice, seller, tone, invoice.language, today)
    return letter, _body(letter, invoice.ref.id, recipient)


def numbered(body: Mapping[str, Any], number: str) -> dict[str, Any]:
    """`body` with the number of the invoice in its places."""
    data = body["data"]
    filled = {
        name: value.replace(NUMBER, number) if isinstance(value, str) else value
        for name, value in data["attributes"].items()
    }
    return {"data": {**data, "attributes": filled}}


def _body(letter: Letter, invoice_id: str, recipient: str) -> dict[str, Any]:
    said = {"to": [recipient], "subject": letter.subject, "body": preformatted(letter.body)}
    return jsonapi.resource(INVOICES, said, id=invoice_id)
