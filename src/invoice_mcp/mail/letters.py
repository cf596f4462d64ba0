"""What we write to buyers: reminders, and invoices and credit notes as plain text.

Every figure is one the invoice states; nothing is added up here. Every word of a language is in its templates,
`templates/<language>/<letter>.txt.j2`: the first line is the subject, the rest the body. Names and notes are put
in as data: on one line each, nothing hidden in them, and never read as a template.
"""

import datetime as dt
import functools
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from invoice_mcp.domain.invoice import Invoice, Line, Party
from invoice_mcp.domain.status import Kind, TaxCategory
from invoice_mcp.mail import layout
from invoice_mcp.mail.figures import Figures, Language, figures_for, iban_groups, language_for

if TYPE_CHECKING:
    from jinja2 import Environment

Tone = Literal["friendly", "firm", "final"]

FINAL_DAYS: Final = 7
"""How many days after today the last date of a final reminder is."""

_KINDS: Final[tuple[Literal["text", "figure"], ...]] = (
    "text",
    "figure",
    "text",
    "figure",
    "figure",
    "figure",
    "figure",
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter in plain text. `subject` is one line; `body` ends with a line end; `language` is the one used."""

    subject: str
    body: str
    language: Language


def reminder_letter(invoice: Invoice, seller: Party, tone: Tone, language: str | None, today: dt.date) -> Letter:
    """A reminder of an overdue invoice.

    Args:
        language: the reader's (BCP 47); what we do not write is answered in English.
        today: the account's own date; a final reminder names today + `FINAL_DAYS` as the last date.

    Raises:
        ValueError: the invoice is not overdue on `today`.
    """
    if invoice.due_date is None or invoice.due_date >= today:
        raise ValueError("only an overdue invoice is reminded of")
    used = language_for(language)
    figures = figures_for(used)
    terms = {
        **_common(invoice, seller, figures),
        "days_overdue": (today - invoice.due_date).days,
        "last_date": _date(today + dt.timedelta(days=FINAL_DAYS), figures),
    }
    return _letter(used, tone, terms)


def invoice_letter(
    invoice: Invoice, seller: Party, language: str | None, *, credited_number: str | None = None
) -> Letter:
    """The invoice or credit note itself.

    Args:
        language: the reader's (BCP 47); what we do not write is answered in English.
        credited_number: the printed number of the invoice a credit note takes back.
    """
    used = language_for(language)
    figures = figures_for(used)
    terms = {
        **_common(invoice, seller, figures),
        "seller_block": _party_block(seller, figures),
        "buyer_block": _party_block(invoice.buyer, figures),
        "seller_vat": layout.one_line(seller.vat_identifier or ""),
        "buyer_vat": layout.one_line(invoice.buyer.vat_identifier or ""),
        "buyer_reference": layout.one_line(invoice.buyer_reference or ""),
        "credited_number": layout.one_line(credited_number or ""),
        "lines": [_cells(line, invoice.currency, figures) for line in invoice.lines],
        "prices_include_tax": invoice.tax_basis == "inclusive",
        "tax_exclusive_amount": _known(invoice.tax_exclusive_amount, invoice.currency, figures),
        "taxes": [
            {
                "rate": _rate(tax.tax_category, figures.percent(tax.tax_rate)),
                "taxable_amount": figures.amount(tax.taxable_amount, invoice.currency),
                "tax_amount": figures.amount(tax.tax_amount, invoice.currency),
            }
            for tax in invoice.taxes
        ],
        "tax_amount": _known(invoice.tax_amount, invoice.currency, figures),
        "tax_categories": [str(category) for category in dict.fromkeys(tax.tax_category for tax in invoice.taxes)],
        "owed": invoice.payable_amount > 0,
        "note": layout.lines_of(invoice.note or ""),
    }
    return _letter(used, "credit_note" if invoice.kind is Kind.CREDIT_NOTE else "invoice", terms)


def _common(invoice: Invoice, seller: Party, figures: Figures) -> dict[str, Any]:
    """What every letter may say. Text that is not known is empty."""
    settled = invoice.tax_inclusive_amount - invoice.paid_amount
    return {
        "buyer": layout.one_line(invoice.buyer.name),
        "seller": layout.one_line(seller.name),
        "seller_email": layout.one_line(seller.email or ""),
        "number": layout.one_line(invoice.invoice_number or ""),
        "issue_date": _date(invoice.issue_date, figures),
        "due_date": _date(invoice.due_date, figures),
        "tax_inclusive_amount": figures.amount(invoice.tax_inclusive_amount, invoice.currency),
        "paid_amount": figures.amount(invoice.paid_amount, invoice.currency) if invoice.paid_amount else "",
        "payable_amount": figures.amount(invoice.payable_amount, invoice.currency),
        "adjusted": settled != invoice.payable_amount,
        "iban": layout.unbroken(iban_groups(layout.one_line(seller.iban or ""))),
        "payment_reference": layout.one_line(invoice.payment_reference or ""),
    }


def _known(amount: Decimal | None, currency: str, figures: Figures) -> str:
    return "" if amount is None else figures.amount(amount, currency)


def _date(day: dt.date | None, figures: Figures) -> str:
    return layout.unbroken(figures.date(day)) if day else ""


def _party_block(party: Party, figures: Figures) -> list[str]:
    address = party.address
    country = figures.country(address.country_code) if address.country_code else ""
    place = f"{address.postal_code or ''} {address.city or ''}"
    written = (layout.one_line(text) for text in (party.name, address.street or "", place, country))
    return [line for line in written if line]


def _cells(line: Line, currency: str, figures: Figures) -> list[str]:
    """A line of the invoice, in the order of `_KINDS`: item, quantity, unit, price, discount, VAT, net amount."""
    described = [layout.one_line(line.item_name), *(f"  {text}" for text in layout.lines_of(line.description or ""))]
    return [
        "\n".join(described),
        figures.number(line.quantity),
        layout.one_line(line.unit or ""),
        figures.price(line.net_price, currency),
        figures.percent(line.discount_percent) if line.discount_percent else "",
        _rate(line.tax_category, figures.percent(line.tax_rate)),
        figures.amount(line.net_amount, currency),
    ]


def _rate(category: TaxCategory, percent: str) -> str:
    """A rate, with the category's code where the rate alone does not tell: `21%`, `0% AE`."""
    return percent if category is TaxCategory.STANDARD else f"{percent} {category}"


def _letter(language: Language, name: str, terms: dict[str, Any]) -> Letter:
    text = _environment().get_template(f"{language}/{name}.txt.j2").render(terms)
    subject, _, body = layout.loosened(text).strip("\n").partition("\n")
    return Letter(layout.paragraph_text(subject), _spaced(body), language)


def _spaced(body: str) -> str:
    """`body` with single blank lines, whatever the optional parts of a template left between them."""
    parts = [part.strip("\n") for part in body.split("\n\n")]
    return "\n\n".join(part for part in parts if part) + "\n"


def _invoice_table(headings: list[str], lines: list[list[str]]) -> str:
    columns = [layout.Column(heading, kind) for heading, kind in zip(headings, _KINDS, strict=True)]
    return layout.table(columns, lines)


def _tax_rows(label: str, taxes: list[dict[str, str]]) -> list[tuple[str, str]]:
    """`label` filled in for each rate of VAT, with the tax beside it."""
    return [(label.format(**tax), tax["tax_amount"]) for tax in taxes]


@functools.cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("invoice_mcp.mail"),
        autoescape=False,  # noqa: S701 -- plain text: there is no markup to break out of
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["paragraph"] = layout.paragraph
    environment.filters["underlined"] = layout.underlined
    environment.filters["indented"] = layout.indented
    environment.globals["facts"] = layout.facts
    environment.globals["totals"] = layout.totals
    environment.globals["invoice_table"] = _invoice_table
    environment.globals["tax_rows"] = _tax_rows
    return environment
