"""Booked invoices for tests: any there can be, as hypothesis draws them."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

from hypothesis import strategies as st

from invoice_mcp.domain.booked import BookedInvoice, BookedLine, BookedPayment, settled_totals
from invoice_mcp.domain.invoice import Address, Party
from invoice_mcp.domain.status import Kind, TaxCategory

RATES = (
    (TaxCategory.STANDARD, "21"),
    (TaxCategory.STANDARD, "9"),
    (TaxCategory.STANDARD, "5.5"),
    (TaxCategory.ZERO_RATED, "0"),
    (TaxCategory.REVERSE_CHARGE, "0"),
    (TaxCategory.OUTSIDE_SCOPE, "0"),
)
_ALPHABET = "abcXYZ 0123456789-_=+@'\",;.&<>\u00e9\u00df\u65e5\u0416"

words = st.text(_ALPHABET, min_size=1, max_size=12).map(str.strip).filter(bool)
days = st.dates(dt.date(2020, 1, 1), dt.date(2026, 3, 1))


def decimals(least: int, most: int, places: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(least, most, places=places, allow_nan=False, allow_infinity=False)


parties = st.builds(
    Party,
    name=words,
    email=st.none() | st.just("ap@acme.example"),
    vat_identifier=st.none() | st.just("NL123456789B01"),
    address=st.builds(
        Address,
        street=st.none() | words,
        postal_code=st.none() | st.just("1234 AB"),
        city=st.none() | words,
        country_code=st.none() | st.just("NL"),
    ),
)


@st.composite
def lines(draw: st.DrawFn) -> BookedLine:
    category, rate = draw(st.sampled_from(RATES))
    return BookedLine(
        item_name=draw(words),
        quantity=draw(decimals(1, 500, 2)),
        net_price=draw(decimals(0, 2000, 3)),
        tax_category=category,
        tax_rate=Decimal(rate),
        description=draw(st.none() | words),
        unit=draw(st.none() | st.sampled_from(["hour", "day", "kg"])),
        discount_percent=draw(st.sampled_from([Decimal(0), Decimal(0), Decimal(10), Decimal("2.5")])),
    )


@st.composite
def invoices(draw: st.DrawFn, bases: tuple[str, ...] = ("exclusive", "inclusive")) -> BookedInvoice:
    """An invoice or credit note that adds up."""
    issued = draw(days)
    invoice = BookedInvoice(
        place="a test",
        number=draw(st.from_regex(r"[A-Z]{0,3}[0-9]{1,6}(-[0-9]{1,4})?", fullmatch=True)),
        kind=Kind.INVOICE,
        issue_date=issued,
        due_date=draw(st.none() | st.just(issued + dt.timedelta(14))),
        currency=draw(st.sampled_from(["EUR", "JPY", "KWD"])),
        buyer=draw(parties),
        lines=draw(st.lists(lines(), min_size=1, max_size=4)),
        tax_basis=draw(st.sampled_from(bases)),
        buyer_reference=draw(st.none() | words),
        payment_reference=draw(st.none() | st.just("RF18539007547034")),
        note=draw(st.none() | words),
        language=draw(st.none() | st.just("nl")),
    )
    total = settled_totals(invoice).tax_inclusive_amount
    if total > 0 and draw(st.booleans()):
        negated = [replace(line, quantity=-line.quantity) for line in invoice.lines]
        invoice = replace(invoice, kind=Kind.CREDIT_NOTE, lines=negated, credits=draw(st.none() | st.just("2025-7")))
    elif total > 0 and draw(st.booleans()):
        invoice = replace(invoice, payments=[BookedPayment(total, issued)])
    totals = settled_totals(invoice)
    return replace(
        invoice,
        tax_exclusive_amount=totals.tax_exclusive_amount,
        tax_amount=totals.tax_amount,
        tax_inclusive_amount=totals.tax_inclusive_amount,
    )
