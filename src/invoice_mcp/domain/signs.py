"""Which sign a total has to have, and its size without one."""

from invoice_mcp.domain.money import Money
from invoice_mcp.domain.status import Kind
from invoice_mcp.errors import InvalidRequest


def check_sign(kind: Kind, total: Money) -> None:
    """Let pass invoices that claim nothing negative and credit notes that give something back.

    Raises:
        InvalidRequest: the wrong sign for its kind.
    """
    if kind is Kind.INVOICE and total.amount < 0:
        raise InvalidRequest(
            f"The lines add up to {total}; an invoice is never negative.",
            next="Use kind credit_note with positive lines to give money back.",
            field="lines",
        )
    if kind is Kind.CREDIT_NOTE and total.amount >= 0:
        raise InvalidRequest(
            "A credit note must give something back.",
            next="Give the credited lines with positive quantities and prices; they are made negative here.",
            field="lines",
        )


def size_of(total: Money) -> Money:
    """`total` without its sign, for ceilings."""
    return Money(abs(total.amount), total.currency)
