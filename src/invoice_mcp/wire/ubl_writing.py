"""Writing invoices and credit notes as UBL 2.1, in the order and with the terms that EN 16931 uses.

Conformance to the norm is not claimed: it asks for things a book may not hold, an electronic address for instance.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final
from xml.etree import ElementTree

from invoice_mcp.domain.booked import BookedInvoice, settled_totals
from invoice_mcp.domain.invoice import Party, TaxSubtotal
from invoice_mcp.domain.money import format_amount, format_number, round_money
from invoice_mcp.domain.status import Kind, TaxCategory
from invoice_mcp.wire.ubl_names import CAC, CBC, CREDIT_NOTE, INVOICE, NO_UNIT, UNITS

_CUSTOMIZATION: Final = "urn:cen.eu:en16931:2017"
_CODES: Final = {word: code for code, word in reversed([*UNITS.items()])}
_PRICE_DECIMALS: Final = Decimal("1e-10")

# Every category but S and Z has to say why there is no VAT (BR-E-10, BR-AE-10, BR-IC-10, BR-G-10, BR-O-10).
_REASONS: Final = {
    TaxCategory.EXEMPT: "Exempt from VAT",
    TaxCategory.REVERSE_CHARGE: "Reverse charge",
    TaxCategory.INTRA_EU: "Intra-community supply",
    TaxCategory.EXPORT: "Export outside the EU",
    TaxCategory.OUTSIDE_SCOPE: "Not subject to VAT",
}

for _prefix, _namespace in (("cac", CAC), ("cbc", CBC)):
    ElementTree.register_namespace(_prefix, _namespace)


def unsayable(invoice: BookedInvoice) -> list[str]:
    """What of an invoice UBL cannot say, in words."""
    told = []
    if invoice.tax_basis == "inclusive":
        told.append("prices with VAT; the net prices are written")
    if invoice.payments:
        told.append("the days of payments; their sum is written")
    if invoice.language:
        told.append("the language of the letters")
    return told


def write(invoice: BookedInvoice, seller: Party) -> bytes:
    """The document.

    Raises:
        ValueError: the invoice does not add up.
    """
    totals = settled_totals(invoice)
    credit = invoice.kind is Kind.CREDIT_NOTE
    sign = Decimal(-1 if credit else 1)
    namespace, name = (CREDIT_NOTE, "CreditNote") if credit else (INVOICE, "Invoice")
    ElementTree.register_namespace("", namespace)
    root = ElementTree.Element(f"{{{namespace}}}{name}")
    currency = invoice.currency
    _leaf(root, "CustomizationID", _CUSTOMIZATION)
    _leaf(root, "ID", invoice.number)
    _leaf(root, "IssueDate", invoice.issue_date.isoformat())
    if invoice.due_date and not credit:
        _leaf(root, "DueDate", invoice.due_date.isoformat())
    _leaf(root, f"{name}TypeCode", "381" if credit else "380")
    _leaf(root, "Note", invoice.note)
    _leaf(root, "DocumentCurrencyCode", currency)
    _leaf(root, "BuyerReference", invoice.buyer_reference)
    if invoice.credits:
        _leaf(_part(root, "BillingReference", "InvoiceDocumentReference"), "ID", invoice.credits)
    _party(_part(root, "AccountingSupplierParty", "Party"), seller)
    _party(_part(root, "AccountingCustomerParty", "Party"), invoice.buyer)
    _means(root, invoice, seller)
    _taxes(root, totals.taxes, sign, currency)
    paid = sum((payment.amount for payment in invoice.payments), Decimal(0))
    total = _part(root, "LegalMonetaryTotal")
    _amount(total, "LineExtensionAmount", sign * totals.tax_exclusive_amount, currency)
    _amount(total, "TaxExclusiveAmount", sign * totals.tax_exclusive_amount, currency)
    _amount(total, "TaxInclusiveAmount", sign * totals.tax_inclusive_amount, currency)
    if paid:
        _amount(total, "PrepaidAmount", paid, currency)
    _amount(total, "PayableAmount", sign * totals.tax_inclusive_amount - paid, currency)
    for number, (line, net) in enumerate(zip(invoice.lines, totals.line_net_amounts, strict=True), 1):
        part = _part(root, f"{name}Line")
        _leaf(part, "ID", str(number))
        quantity = sign * line.quantity
        code = _CODES.get(line.unit or "", line.unit or NO_UNIT)
        _leaf(part, f"{'Credited' if credit else 'Invoiced'}Quantity", format_number(quantity), unitCode=code)
        _amount(part, "LineExtensionAmount", sign * net, currency)
        price, allowance = _price(invoice, line.net_price, line.discount_percent, quantity, sign * net)
        if allowance:
            each = _part(part, "AllowanceCharge")
            _leaf(each, "ChargeIndicator", "false")
            _leaf(each, "AllowanceChargeReason", "Discount")
            _leaf(each, "MultiplierFactorNumeric", format_number(line.discount_percent))
            _amount(each, "Amount", allowance, currency)
            _amount(each, "BaseAmount", allowance + sign * net, currency)
        item = _part(part, "Item")
        _leaf(item, "Description", line.description)
        _leaf(item, "Name", line.item_name)
        _category(_part(item, "ClassifiedTaxCategory"), line.tax_category, line.tax_rate)
        _leaf(_part(part, "Price"), "PriceAmount", format_number(price), currencyID=currency)
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return document


def _price(
    invoice: BookedInvoice, price: Decimal, discount: Decimal, quantity: Decimal, net: Decimal
) -> tuple[Decimal, Decimal]:
    """The net price per unit, and what an allowance takes off the line.

    A price with VAT is written as what the line's net amount makes of it, to ten decimals.
    """
    if invoice.tax_basis == "inclusive":
        return ((net / quantity).quantize(_PRICE_DECIMALS).normalize() if quantity else price), Decimal(0)
    gross = round_money(quantity * price, invoice.currency)
    return price, gross - net if discount else Decimal(0)


def _party(part: ElementTree.Element, party: Party) -> None:
    address = party.address
    where = _part(part, "PostalAddress")
    _leaf(where, "StreetName", address.street)
    _leaf(where, "CityName", address.city)
    _leaf(where, "PostalZone", address.postal_code)
    if address.country_code:
        _leaf(_part(where, "Country"), "IdentificationCode", address.country_code)
    if not len(where):
        part.remove(where)
    if party.vat_identifier:
        scheme = _part(part, "PartyTaxScheme")
        _leaf(scheme, "CompanyID", party.vat_identifier)
        _leaf(_part(scheme, "TaxScheme"), "ID", "VAT")
    _leaf(_part(part, "PartyLegalEntity"), "RegistrationName", party.name)
    if party.email:
        _leaf(_part(part, "Contact"), "ElectronicMail", party.email)


def _means(root: ElementTree.Element, invoice: BookedInvoice, seller: Party) -> None:
    due = invoice.due_date if invoice.kind is Kind.CREDIT_NOTE else None
    if not (invoice.payment_reference or seller.iban or due):
        return
    means = _part(root, "PaymentMeans")
    _leaf(means, "PaymentMeansCode", "30")  # credit transfer
    _leaf(means, "PaymentDueDate", due.isoformat() if due else None)
    _leaf(means, "PaymentID", invoice.payment_reference)
    if seller.iban:
        _leaf(_part(means, "PayeeFinancialAccount"), "ID", seller.iban)


def _taxes(root: ElementTree.Element, taxes: Sequence[TaxSubtotal], sign: Decimal, currency: str) -> None:
    total = _part(root, "TaxTotal")
    _amount(total, "TaxAmount", sign * sum((tax.tax_amount for tax in taxes), Decimal(0)), currency)
    for tax in taxes:
        subtotal = _part(total, "TaxSubtotal")
        _amount(subtotal, "TaxableAmount", sign * tax.taxable_amount, currency)
        _amount(subtotal, "TaxAmount", sign * tax.tax_amount, currency)
        _category(_part(subtotal, "TaxCategory"), tax.tax_category, tax.tax_rate, _REASONS.get(tax.tax_category))


def _category(part: ElementTree.Element, category: TaxCategory, rate: Decimal, reason: str | None = None) -> None:
    _leaf(part, "ID", category.value)
    if category is not TaxCategory.OUTSIDE_SCOPE:  # BR-O-5: it has no rate
        _leaf(part, "Percent", format_number(rate))
    _leaf(part, "TaxExemptionReason", reason)
    _leaf(_part(part, "TaxScheme"), "ID", "VAT")


def _part(parent: ElementTree.Element, *names: str) -> ElementTree.Element:
    for name in names:
        parent = ElementTree.SubElement(parent, f"{{{CAC}}}{name}")
    return parent


def _leaf(parent: ElementTree.Element, name: str, text: str | None, **attributes: str) -> None:
    if text:
        ElementTree.SubElement(parent, f"{{{CBC}}}{name}", attributes).text = text


def _amount(parent: ElementTree.Element, name: str, amount: Decimal, currency: str) -> None:
    _leaf(parent, name, format_amount(amount, currency), currencyID=currency)
