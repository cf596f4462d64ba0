"""What all drafts have in common: what they say, when they are due, and what they come to."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from invoice_mcp.backends.productive import lines
from invoice_mcp.backends.productive.choosing import Links
from invoice_mcp.backends.productive.lines import OutLine
from invoice_mcp.backends.productive.rates import choose
from invoice_mcp.backends.productive.wire import TaxRate
from invoice_mcp.domain.money import Money
from invoice_mcp.domain.requests import CreateInvoice
from invoice_mcp.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Draft:
    """What a draft says, resolved. `head` and `links` have Productive's names; `discount` is the whole invoice's."""

    head: Mapping[str, Any]
    links: Links
    lines: Sequence[OutLine]
    discount: Decimal | None
    currency: str

    def total(self) -> Money:
        """What the lines come to, with VAT."""
        return lines.total_of(self.lines, self.discount, self.currency)


def due_on(request: CreateInvoice, issued: dt.date, due_days: int | None) -> dt.date | None:
    """When an invoice of the day `issued` is due; None where that is left to Productive. `due_days` is the company's.

    Raises:
        InvalidRequest: before it is issued.
    """
    if request.due_date is not None:
        if request.due_date < issued:
            raise InvalidRequest(
                "due_date lies before issue_date.", next="Give a due_date on or after the issue_date.", field="due_date"
            )
        return request.due_date
    days = due_days if request.payment_terms_days is None else request.payment_terms_days
    return None if days is None else issued + dt.timedelta(days=days)


def with_rates(
    out: Sequence[OutLine], rates: Sequence[TaxRate], subsidiary_id: str | None, configured: Mapping[Decimal, str]
) -> list[str]:
    """The id of the tax rate of each line.

    Raises:
        InvalidRequest, Ambiguous: no rate in Productive, or several, for what a line says.
    """
    return [
        line.tax_rate_id or choose(rates, line.tax, subsidiary_id, configured, f"lines[{index}].tax_rate")
        for index, line in enumerate(out)
    ]
