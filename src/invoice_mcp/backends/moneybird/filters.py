"""Moneybird's filter strings: `key:value` terms between commas. Only what cannot be read otherwise is written.

A filter without a period, and an empty one, mean this year only; a key that is not known is ignored. So the keys are
constants here, and a period and a state are always said. No way to escape a comma, a colon or a pipe is documented.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from invoice_mcp.domain.query import InvoiceQuery
from invoice_mcp.wire.leaves import is_identifier

BEGINNING: Final = dt.date(2000, 1, 1)
END: Final = dt.date(2099, 12, 31)
"""Every period that is open ends then: counted from the account's own date, which can be a fixed one, it could end
before Moneybird's today, and drafts without a date would be missing."""

SALES_TAX_RATES: Final = "tax_rate_type:sales_invoice"

_RESERVED: Final = frozenset(",|:")


@dataclass(frozen=True, slots=True)
class Period:
    """Days by invoice date, both included. A draft without one matches when `end` is not before today."""

    start: dt.date
    end: dt.date


def sayable(text: str) -> bool:
    """Whether `text` can stand in a filter and mean only itself."""
    return text.isprintable() and text == text.strip() and bool(text) and not _RESERVED & set(text)


def period_of(query: InvoiceQuery) -> Period | None:
    """The days in which an invoice that matches can be dated; None when there are none."""
    start = max(BEGINNING, query.issued_from or BEGINNING)
    end = min(END, query.issued_to or END)
    return Period(start, end) if start <= end else None


def since(day: dt.date) -> Period:
    """From `day` on."""
    return Period(day, END)


def invoice_filter(
    period: Period,
    *,
    states: Collection[str] | None = None,
    contact_id: str | None = None,
    reference: str | None = None,
    created_after: dt.datetime | None = None,
    updated_after: dt.datetime | None = None,
) -> str:
    """The filter for a list of invoices. Instants are exclusive and compared to the second.

    Raises:
        ValueError: a contact id that is no id, or a reference that is not `sayable`.
    """
    terms: list[tuple[str, str]] = [
        ("state", "|".join(sorted(states)) if states else "all"),
        ("period", f"{period.start:%Y%m%d}..{period.end:%Y%m%d}"),
    ]
    if contact_id is not None:
        if not is_identifier(contact_id):
            raise ValueError("not the id of a contact")
        terms.append(("contact_id", contact_id))
    if reference is not None:
        if not sayable(reference):
            raise ValueError("this reference cannot be said in a filter")
        terms.append(("reference", reference))
    for key, instant in (("created_after", created_after), ("updated_after", updated_after)):
        if instant is not None:
            terms.append((key, f"{instant.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"))
    return _joined(terms)


def _joined(terms: Sequence[tuple[str, str]]) -> str:
    return ",".join(f"{key}:{value}" for key, value in terms)
