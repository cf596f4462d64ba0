"""What all drafts have in common: what they say, and when they are due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from invoice_mcp.backends.moneybird import lines
from invoice_mcp.backends.moneybird.lines import OutLine
from invoice_mcp.backends.moneybird.wire import SalesInvoice
from invoice_mcp.domain.money import Money
from invoice_mcp.domain.requests import CreateInvoice
from invoice_mcp.errors import InvalidRequest, Unsupported


@dataclass(frozen=True, slots=True)
class Draft:
    """What a draft says, resolved. `head` has Moneybird's keys."""

    head: Mapping[str, Any]
    lines: Sequence[OutLine]
    discount: Decimal | None
    currency: str
    basis: Literal["exclusive", "inclusive"]

    def total(self) -> Money:
        """What the lines come to, with VAT."""
        totals = lines.totals_of(self.lines, self.discount, self.currency, self.basis)
        return Money(totals.tax_inclusive_amount, self.currency)


def dates_of(request: CreateInvoice, record: SalesInvoice | None) -> dict[str, Any]:
    """The invoice date, and the days from it until the invoice is due; `record` is the draft that is edited.

    Raises:
        Unsupported: a due date without an invoice date to count from.
        InvalidRequest: a due date before the invoice date.
    """
    dates: dict[str, Any] = {}
    if request.issue_date is not None:
        dates["invoice_date"] = request.issue_date.isoformat()
    if request.payment_terms_days is not None:
        dates["first_due_interval"] = request.payment_terms_days
    if request.due_date is not None:
        issued = request.issue_date or (None if record is None else record.invoice_date)
        if issued is None:
            raise Unsupported(
                "Moneybird counts the days to pay from the invoice date, and this draft has none.",
                next="Give payment_terms_days instead, or issue_date as well.",
                field="due_date",
            )
        if request.due_date < issued:
            raise InvalidRequest(
                "due_date lies before issue_date.", next="Give a due_date on or after the issue_date.", field="due_date"
            )
        dates["first_due_interval"] = (request.due_date - issued).days
    return dates
