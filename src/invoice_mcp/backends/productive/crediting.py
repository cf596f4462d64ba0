"""What is left to credit of an invoice, its credit notes counted, drafts among them."""

from decimal import Decimal

from invoice_mcp.backends.productive.desk import Desk
from invoice_mcp.backends.productive.reading import amounts
from invoice_mcp.backends.productive.states import is_draft, kind_of
from invoice_mcp.backends.productive.wire import Invoice
from invoice_mcp.domain.money import Money, format_amount
from invoice_mcp.domain.status import Kind
from invoice_mcp.errors import Conflict


def check_creditable(record: Invoice) -> None:
    """Refuse to credit what is not an issued invoice.

    Raises:
        Conflict: it is a draft, a credit note, or deleted.
    """
    if kind_of(record) is Kind.CREDIT_NOTE or is_draft(record) or record.deleted_at is not None:
        raise Conflict(
            "Only an issued invoice can be credited.",
            next="Cancel a draft with change_phase; a credit note is not credited again.",
            field="copy_of",
        )


async def check_credited(desk: Desk, record: Invoice, total: Money) -> None:
    """Refuse to credit more than is left.

    Raises:
        Conflict: earlier credit notes and this one exceed the invoice, or nobody can tell.
    """
    known = await desk.api.credit_notes(record)
    if known.more:
        raise Conflict(
            "This buyer has more invoices since than are read, so earlier credit notes cannot be ruled out.",
            next="Ask the user to credit this invoice in Productive.",
            field="copy_of",
        )
    standing = [each for each in known.records if each.deleted_at is None]
    left = amounts(record).gross + sum((amounts(each).gross for each in standing), Decimal(0))
    if -total.amount > left:
        raise Conflict(
            f"This would credit {-total}, but only {format_amount(left, total.currency)} of the invoice is left to "
            "credit.",
            next="Give lines that add up to no more than that, or cancel a credit note that is still a draft.",
            field="lines",
        )
