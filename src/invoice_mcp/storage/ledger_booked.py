"""Issued invoices as they leave a ledger for a file, in the order in which they were written."""

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from invoice_mcp.domain.booked import BookedInvoice, BookedLine, BookedPayment
from invoice_mcp.domain.invoice import Address, Party
from invoice_mcp.domain.money import from_minor
from invoice_mcp.domain.status import Kind, TaxCategory
from invoice_mcp.storage.rows import rows

if TYPE_CHECKING:
    import apsw

_HEADS: Final = """
SELECT i.*, b.email, credited.number AS credits
FROM invoices AS i
JOIN buyers AS b ON b.seq = i.buyer_seq
LEFT JOIN invoices AS credited ON credited.seq = i.credits_seq
WHERE i.seq > :after AND i.number IS NOT NULL AND i.issue_date BETWEEN :first AND :last
ORDER BY i.seq LIMIT :limit
"""
_LINES: Final = """
SELECT item_name, quantity, net_price, tax_category, tax_rate, description, unit, discount_percent
FROM lines WHERE invoice_seq = ? ORDER BY position
"""
_PAYMENTS: Final = "SELECT amount, paid_on FROM payments WHERE invoice_seq = ? AND undone_at IS NULL ORDER BY seq"


def read_booked(
    connection: "apsw.Connection", after: int, limit: int, first: dt.date, last: dt.date
) -> list[tuple[int, BookedInvoice]]:
    """At most `limit` invoices with a number, issued from `first` to `last`, that follow row `after`; each with its
    row number."""
    span = {"after": after, "limit": limit, "first": str(first), "last": str(last)}
    return [(head["seq"], _booked(connection, head)) for head in rows(connection, _HEADS, span)]


def count_unnumbered(connection: "apsw.Connection") -> int:
    """How many drafts there are, discarded ones too: they have no number, so no file has them."""
    return int(connection.execute("SELECT count(*) FROM invoices WHERE number IS NULL").get)


def _booked(connection: "apsw.Connection", head: dict[str, Any]) -> BookedInvoice:
    currency = head["currency"]
    return BookedInvoice(
        place=head["id"],
        number=head["number"],
        kind=Kind(head["kind"]),
        issue_date=dt.date.fromisoformat(head["issue_date"]),
        due_date=dt.date.fromisoformat(head["due_date"]) if head["due_date"] else None,
        currency=currency,
        buyer=Party(
            name=head["buyer_name"],
            email=head["email"],
            vat_identifier=head["buyer_vat_identifier"],
            address=Address(
                head["buyer_street"], head["buyer_postal_code"], head["buyer_city"], head["buyer_country_code"]
            ),
        ),
        lines=[_line(*line) for line in connection.execute(_LINES, (head["seq"],))],
        tax_basis=head["tax_basis"],
        tax_exclusive_amount=from_minor(head["tax_exclusive"], currency),
        tax_amount=from_minor(head["tax"], currency),
        tax_inclusive_amount=from_minor(head["tax_inclusive"], currency),
        buyer_reference=head["buyer_reference"],
        payment_reference=head["payment_reference"],
        note=head["note"],
        language=head["language"],
        credits=head["credits"],
        payments=[
            BookedPayment(from_minor(amount, currency), dt.date.fromisoformat(paid_on))
            for amount, paid_on in connection.execute(_PAYMENTS, (head["seq"],))
        ],
    )


def _line(
    item_name: str,
    quantity: str,
    net_price: str,
    category: str,
    rate: str,
    description: str | None,
    unit: str | None,
    discount: str,
) -> BookedLine:
    return BookedLine(
        item_name=item_name,
        quantity=Decimal(quantity),
        net_price=Decimal(net_price),
        tax_category=TaxCategory(category),
        tax_rate=Decimal(rate),
        description=description,
        unit=unit,
        discount_percent=Decimal(discount),
    )
