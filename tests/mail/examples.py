"""Invoices to write letters about."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

from invoice_mcp.domain.invoice import Address, Invoice, Line, Party, Ref, TaxSubtotal
from invoice_mcp.domain.status import Kind, Status, TaxCategory
from invoice_mcp.mail.documents import make_document
from invoice_mcp.mail.letters import Letter, document_letter

TODAY = dt.date(2026, 3, 15)

SELLER = Party(
    "Studio Noord",
    vat_identifier="NL001234567B01",
    iban="NL91ABNA0417164300",
    email="hello@example.com",
    address=Address("Kade 1", "9700 AA", "Groningen", "NL"),
)
BUYER = Party(
    "Bakkerij Jansen B.V.",
    vat_identifier="NL987654321B01",
    email="administratie@bakkerij.example",
    address=Address("Dorpsstraat 12", "1234 AB", "Ons Dorp", "NL"),
)

_LINES = (
    Line(
        "Website design",
        Decimal(12),
        Decimal("95.00"),
        TaxCategory.STANDARD,
        Decimal(21),
        Decimal("1026.00"),
        description="Homepage and three subpages, including two rounds of corrections",
        unit="hour",
        discount_percent=Decimal(10),
    ),
    Line(
        "Hosting", Decimal("0.5"), Decimal("240.00"), TaxCategory.STANDARD, Decimal(21), Decimal("120.00"), unit="year"
    ),
    Line("Printed booklets", Decimal(1000), Decimal("0.0840"), TaxCategory.STANDARD, Decimal(9), Decimal("84.00")),
)
_TAXES = (
    TaxSubtotal(TaxCategory.STANDARD, Decimal(21), Decimal("1146.00"), Decimal("240.66")),
    TaxSubtotal(TaxCategory.STANDARD, Decimal(9), Decimal("84.00"), Decimal("7.56")),
)

INVOICE = Invoice(
    ref=Ref("ledger", "inv_1"),
    kind=Kind.INVOICE,
    status=Status.OVERDUE,
    currency="EUR",
    buyer=BUYER,
    tax_exclusive_amount=Decimal("1230.00"),
    tax_amount=Decimal("248.22"),
    tax_inclusive_amount=Decimal("1478.22"),
    paid_amount=Decimal("0.00"),
    payable_amount=Decimal("1478.22"),
    invoice_number="2026-0042",
    issue_date=dt.date(2026, 2, 1),
    due_date=dt.date(2026, 3, 3),
    buyer_reference="PO-7731",
    payment_reference="RF18539007547034",
    note="Thank you for the pleasant cooperation.\nThe source files follow separately.",
    lines=_LINES,
    taxes=_TAXES,
)
PARTLY_PAID = replace(INVOICE, paid_amount=Decimal("210.00"), payable_amount=Decimal("1268.22"))
PAID = replace(INVOICE, status=Status.PAID, paid_amount=Decimal("1478.22"), payable_amount=Decimal("0.00"))
PARTLY_CREDITED = replace(INVOICE, payable_amount=Decimal("1000.00"))

CREDIT_NOTE = replace(
    INVOICE,
    kind=Kind.CREDIT_NOTE,
    status=Status.PAID,
    invoice_number="2026-0043",
    issue_date=dt.date(2026, 3, 9),
    due_date=None,
    payment_reference=None,
    note=None,
    tax_exclusive_amount=Decimal("-84.00"),
    tax_amount=Decimal("-7.56"),
    tax_inclusive_amount=Decimal("-91.56"),
    payable_amount=Decimal("0.00"),
    lines=(replace(_LINES[2], quantity=Decimal(-1000), net_amount=Decimal("-84.00")),),
    taxes=(replace(_TAXES[1], taxable_amount=Decimal("-84.00"), tax_amount=Decimal("-7.56")),),
)

_UNTAXED = tuple(category for category in TaxCategory if category is not TaxCategory.STANDARD)
EVERY_CATEGORY = replace(
    INVOICE,
    buyer=Party("Nordlys AS", address=Address("Havnegata 3", "0150", "Oslo", "NO")),
    buyer_reference=None,
    note=None,
    tax_exclusive_amount=Decimal("60.00"),
    tax_amount=Decimal("0.00"),
    tax_inclusive_amount=Decimal("60.00"),
    payable_amount=Decimal("60.00"),
    lines=tuple(
        Line(f"Item {number}", Decimal(1), Decimal("10.00"), category, Decimal(0), Decimal("10.00"))
        for number, category in enumerate(_UNTAXED, start=1)
    ),
    taxes=tuple(TaxSubtotal(category, Decimal(0), Decimal("10.00"), Decimal("0.00")) for category in _UNTAXED),
)

BARE = Invoice(
    ref=Ref("crm", "1"),
    kind=Kind.INVOICE,
    status=Status.OVERDUE,
    currency="SEK",
    buyer=Party("Åsa Öberg"),
    tax_exclusive_amount=Decimal("1000.00"),
    tax_amount=Decimal("250.00"),
    tax_inclusive_amount=Decimal("1250.00"),
    paid_amount=Decimal("0.00"),
    payable_amount=Decimal("1250.00"),
    due_date=dt.date(2026, 3, 14),
)
"""As little as a vendor may tell: no number, no issue date, no lines."""

HUGE = replace(
    INVOICE,
    currency="KWD",
    buyer=Party("株式会社東京ベーカリー 🥐", address=Address("千代田1-1", "100-0001", "東京都", "JP")),
    note=None,
    tax_exclusive_amount=Decimal("999999999999998.999"),
    tax_amount=Decimal("0.000"),
    tax_inclusive_amount=Decimal("999999999999998.999"),
    payable_amount=Decimal("999999999999998.999"),
    lines=(
        Line(
            "ウェブサイトのデザインと多言語コンテンツ管理システムの構築、および年間保守契約一式",
            Decimal("123456789012345.1234"),
            Decimal("8.1000"),
            TaxCategory.EXPORT,
            Decimal(0),
            Decimal("999999999999998.999"),
            unit="時間",
        ),
    ),
    taxes=(TaxSubtotal(TaxCategory.EXPORT, Decimal(0), Decimal("999999999999998.999"), Decimal("0.000")),),
)

WIDE_CHARACTERS = replace(
    INVOICE,
    currency="JPY",
    buyer=HUGE.buyer,
    note=None,
    tax_basis="inclusive",
    tax_exclusive_amount=Decimal(11000),
    tax_amount=Decimal(1100),
    tax_inclusive_amount=Decimal(12100),
    payable_amount=Decimal(12100),
    lines=(
        Line(
            "クロワッサン 🥐",
            Decimal(10),
            Decimal(605),
            TaxCategory.STANDARD,
            Decimal(10),
            Decimal(5500),
            unit="個",
            description="北海道産バター使用。毎朝、店内の石窯で焼き上げています。",
        ),
        Line("Rye bread", Decimal(10), Decimal(605), TaxCategory.STANDARD, Decimal(10), Decimal(5500), unit="piece"),
    ),
    taxes=(TaxSubtotal(TaxCategory.STANDARD, Decimal(10), Decimal(11000), Decimal(1100)),),
)


def sent(invoice: Invoice, seller: Party, language: str, *, credited_number: str | None = None) -> Letter:
    """The letter with the document of `invoice`, made in `language`."""
    document = make_document(replace(invoice, language=language), seller, credited_number=credited_number)
    return document_letter(invoice, seller, document)
