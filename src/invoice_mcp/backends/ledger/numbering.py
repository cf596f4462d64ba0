"""Numbers: gap-free, in order of date, given when an invoice is issued and at no other time."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from invoice_mcp.backends.ledger.book import Book, Moment
from invoice_mcp.domain.references import payment_reference
from invoice_mcp.errors import Conflict
from invoice_mcp.storage import ledger_writes as sql

if TYPE_CHECKING:
    import apsw


@dataclass(frozen=True, slots=True)
class Numbering:
    """What an invoice gets when it is issued. `year` is the issue date's; `index` counts from 1 in each year."""

    number: str
    year: int
    index: int
    issue_date: dt.date
    due_date: dt.date
    payment_reference: str


def next_number(connection: "apsw.Connection", book: Book, head: Mapping[str, Any], moment: Moment) -> Numbering:
    """The number and dates this draft would get now. Inside a write transaction they are its own.

    Raises:
        Conflict: the issue date lies in the future or before the last number's, the due date before the issue
            date, or `number_format` gives a number twice.
    """
    issue_date = dt.date.fromisoformat(head["issue_date"]) if head["issue_date"] else moment.today
    if issue_date > moment.today:
        raise Conflict(
            f"The issue date {issue_date} lies in the future.",
            next="Send it on that day, or edit the draft (create_invoice with replaces) to an earlier issue_date.",
        )
    year = issue_date.year
    last, last_date = sql.last_number(connection, year)
    if last_date is not None and issue_date.isoformat() < last_date:
        raise Conflict(
            f"The issue date {issue_date} lies before {last_date}, the date of the last number given.",
            next=f"Edit the draft (create_invoice with replaces) to an issue_date from {last_date} on.",
        )
    if head["due_date"]:
        due_date = dt.date.fromisoformat(head["due_date"])
    else:
        due_date = issue_date + dt.timedelta(days=head["payment_terms_days"])
    if due_date < issue_date:
        raise Conflict(
            f"The due date {due_date} lies before the issue date {issue_date}.",
            next="Edit the draft: create_invoice with replaces and a later due_date.",
        )
    number = book.number_format.format(year=year, n=last + 1)
    if sql.number_exists(connection, number):
        raise Conflict(
            f"The number {number} is taken: the account's number_format gives it twice.",
            next="Ask the person who keeps the configuration to set a number_format that was not used before.",
        )
    return Numbering(number, year, last + 1, issue_date, due_date, payment_reference(number))
