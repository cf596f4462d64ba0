"""What letters and documents may say of an invoice: every figure as it states it, every name as data on one line."""

import datetime as dt
from decimal import Decimal
from typing import Any

from invoice_mcp.domain.countries import EU
from invoice_mcp.domain.invoice import Invoice, Line, Party
from invoice_mcp.domain.status import Kind, TaxCategory
from invoice_mcp.mail import layout
from invoice_mcp.mail.figures import Figures, figures_for, iban_groups, language_for


def common_terms(invoice: Invoice, seller: Party, figures: Figures) -> dict[str, Any]:
    """What everything we write may say. Text that is not known is empty."""
    settled = invoice.tax_inclusive_amount - invoice.paid_amount
    return {
        "language": figures.language,
        "buyer": layout.one_line(invoice.buyer.name),
        "seller": layout.one_line(seller.name),
        "seller_email": layout.one_line(seller.email or ""),
        "number": layout.one_line(invoice.invoice_number or ""),
        "issue_date": written_date(invoice.issue_date, figures),
        "due_date": written_date(invoice.due_date, figures),
        "tax_inclusive_amount": figures.amount(invoice.tax_inclusive_amount, invoice.currency),
        "paid_amount": figures.amount(invoice.paid_amount, invoice.currency) if invoice.paid_amount else "",
        "payable_amount": figures.amount(invoice.payable_amount, invoice.currency),
        "adjusted": settled != invoice.payable_amount,
        "owed": invoice.payable_amount > 0,
        "iban": layout.unbroken(iban_groups(layout.one_line(seller.iban or ""))),
        "payment_reference": layout.one_line(invoice.payment_reference or ""),
        "is_credit_note": invoice.kind is Kind.CREDIT_NOTE,
    }


def document_terms(invoice: Invoice, seller: Party, credited_number: str | None) -> dict[str, Any]:
    """What a document says, in the language of the invoice."""
    figures = figures_for(language_for(invoice.language))
    lines = [_cells(line, invoice.currency, figures) for line in invoice.lines]
    return {
        **common_terms(invoice, seller, figures),
        "seller_block": _party_block(seller, figures),
        "seller_in_eu": seller.address.country_code in EU,
        "buyer_block": _party_block(invoice.buyer, figures),
        "seller_vat": layout.one_line(seller.vat_identifier or ""),
        "buyer_vat": layout.one_line(invoice.buyer.vat_identifier or ""),
        "buyer_reference": layout.one_line(invoice.buyer_reference or ""),
        "credited_number": layout.one_line(credited_number or ""),
        "lines": lines,
        "discounted": any(line["discount"] for line in lines),
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
        "note": layout.lines_of(invoice.note or ""),
    }


def written_date(day: dt.date | None, figures: Figures) -> str:
    """A date as the reader writes it, in one piece; empty when there is none."""
    return layout.unbroken(figures.date(day)) if day else ""


def _known(amount: Decimal | None, currency: str, figures: Figures) -> str:
    return "" if amount is None else figures.amount(amount, currency)


def _party_block(party: Party, figures: Figures) -> list[str]:
    """Name and address, a line each; the name is always the first."""
    address = party.address
    country = figures.country(address.country_code) if address.country_code else ""
    place = f"{address.postal_code or ''} {address.city or ''}"
    name, *written = (layout.one_line(text) for text in (party.name, address.street or "", place, country))
    return [name, *(line for line in written if line)]


def _cells(line: Line, currency: str, figures: Figures) -> dict[str, Any]:
    return {
        "item_name": layout.one_line(line.item_name),
        "description": layout.lines_of(line.description or ""),
        "quantity": figures.number(line.quantity),
        "unit": layout.one_line(line.unit or ""),
        "price": figures.price(line.net_price, currency),
        "discount": figures.percent(line.discount_percent) if line.discount_percent else "",
        "rate": _rate(line.tax_category, figures.percent(line.tax_rate)),
        "amount": figures.amount(line.net_amount, currency),
    }


def _rate(category: TaxCategory, percent: str) -> str:
    """A rate, with the category's code where the rate alone does not tell: `21%`, `0% AE`."""
    return percent if category is TaxCategory.STANDARD else f"{percent} {category}"
