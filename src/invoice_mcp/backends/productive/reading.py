"""From Productive's records to invoices, rows and buyers. Pure; credit notes are negative whatever is sent."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from invoice_mcp.backends.productive.rates import tax_of_line
from invoice_mcp.backends.productive.states import flags_of, is_claimed, is_draft, kind_of, possible_phases, status_of
from invoice_mcp.backends.productive.texts import plain
from invoice_mcp.backends.productive.units import UNIT_NAMES, amount_of, exact_amount, is_documented
from invoice_mcp.backends.productive.wire import READER, ContactEntry, Invoice, InvoiceRow, LineItem, Payment
from invoice_mcp.domain import invoice as model
from invoice_mcp.domain import marks
from invoice_mcp.domain.invoice import Abilities, Address, Line, Party, Ref, Sending, TaxSubtotal
from invoice_mcp.domain.money import round_money
from invoice_mcp.domain.query import InvoiceRow as Row
from invoice_mcp.domain.same_buyer import identifiers
from invoice_mcp.domain.status import Kind
from invoice_mcp.domain.vat import Tax
from invoice_mcp.mail.message import is_address

_CENT: Final = Decimal("0.01")
_HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """What decides how a record reads: the account and its date."""

    account: str
    today: dt.date


@dataclass(frozen=True, slots=True)
class Whole:
    """An invoice with its lines, in the order they are printed, and its payments and write-offs."""

    record: Invoice
    lines: Sequence[LineItem]
    payments: Sequence[Payment]


def from_vendor_invoice(whole: Whole, view: Viewpoint) -> model.Invoice:
    """The whole invoice.

    Raises:
        VendorContract: an amount too large, or a line or payment in another currency.
    """
    record, currency = whole.record, whole.record.currency
    figures = amounts(record)
    lines, subtotals = _lines(whole, figures)
    return model.Invoice(
        ref=Ref(view.account, record.id),
        kind=kind_of(record),
        status=status_of(record, view.today),
        currency=currency,
        buyer=_buyer(record),
        seller=_seller(record),
        tax_exclusive_amount=figures.net,
        tax_amount=figures.gross - figures.net,
        tax_inclusive_amount=figures.gross,
        paid_amount=figures.paid,
        payable_amount=figures.payable,
        flags=flags_of(record),
        invoice_number=None if is_draft(record) else record.number or None,
        issue_date=record.invoiced_on,
        due_date=record.pay_on,
        subject=record.subject or None,
        buyer_reference=record.purchase_order_number or None,
        language=language_of(record),
        lines=lines,
        taxes=subtotals,
        payments=payments_of(whole),
        sent=None if record.sent_on is None else Sending(_midnight(record.sent_on), "vendor"),
        credits=None if record.parent_invoice is None else Ref(view.account, record.parent_invoice.id),
        mail_to=mail_to(record),
        can=_abilities(record, view),
        created_at=record.created_at,
        updated_at=record.updated_at,
        warnings=_warnings(record, figures, lines, subtotals),
    )


def from_vendor_row(record: InvoiceRow, view: Viewpoint) -> Row:
    """The invoice in a list.

    Raises:
        VendorContract: an amount too large.
    """
    figures = amounts(record)
    return Row(
        ref=Ref(view.account, record.id),
        kind=kind_of(record),
        status=status_of(record, view.today),
        currency=record.currency,
        buyer=record.company.name.strip(),
        payable_amount=figures.payable,
        tax_exclusive_amount=figures.net,
        tax_amount=figures.gross - figures.net,
        tax_inclusive_amount=figures.gross,
        invoice_number=None if is_draft(record) else record.number or None,
        issue_date=record.invoiced_on,
        due_date=record.pay_on,
        buyer_id=record.company.id,
        subject=record.subject or None,
        buyer_reference=record.purchase_order_number or None,
        paid_on=record.paid_on,
        sent_on=record.sent_on,
        created_at=record.created_at,
        updated_at=record.updated_at,
        flags=flags_of(record),
        buyer_identifiers=identifiers(record.company.vat, None),
    )


@dataclass(frozen=True, slots=True)
class Amounts:
    """The figures of an invoice, in its currency; negative on a credit note."""

    net: Decimal
    gross: Decimal
    paid: Decimal
    payable: Decimal


def amounts(record: InvoiceRow) -> Amounts:
    """The figures, rounded to the currency.

    Raises:
        VendorContract: one is too large.
    """
    names = ("amount", "amount_with_tax", "amount_paid", "amount_unpaid")
    sign = sign_of(record)
    return Amounts(*(sign * amount_of(getattr(record, name), record.currency, f"invoices.{name}") for name in names))


def sign_of(record: InvoiceRow) -> int:
    """-1 where Productive writes what a credit note gives back as positive amounts, else 1."""
    return -1 if kind_of(record) is Kind.CREDIT_NOTE and record.amount_with_tax > 0 else 1


def from_vendor_payment(payment: Payment, currency: str, path: str) -> model.Payment | None:
    """The payment; None for a write-off, which is no money.

    Raises:
        VendorContract: another currency, too large, or without a day.
    """
    if payment.written_off_on is not None:
        return None
    if payment.currency != currency:
        raise READER.broken(f"{path}.currency")
    if payment.paid_on is None:
        raise READER.broken(f"{path}.paid_on")
    amount = amount_of(payment.amount, currency, f"{path}.amount")
    return model.Payment(payment.id, amount, payment.paid_on, reference=marks.reference_of(plain(payment.note or "")))


def payments_of(whole: Whole) -> tuple[model.Payment, ...]:
    """The money that came in."""
    currency = whole.record.currency
    found = (from_vendor_payment(each, currency, f"payments.{at}") for at, each in enumerate(whole.payments))
    return tuple(payment for payment in found if payment is not None)


def from_vendor_company(company_id: str, name: str, vat: str | None = None, entry: ContactEntry | None = None) -> Party:
    """The buyer: a company, and its address where that is known."""
    if entry is None:
        return Party(name=name.strip(), id=company_id, vat_identifier=vat or None)
    return Party(
        name=name.strip(),
        id=company_id,
        email=email_of(entry),
        vat_identifier=vat or entry.vat or None,
        address=_address(entry),
    )


def email_of(entry: ContactEntry | None) -> str | None:
    """Where invoices go: the address for bills, else the general one; only if mail can be sent to it."""
    if entry is None:
        return None
    given = (text.strip() for text in (entry.billing_email, entry.email) if text and text.strip())
    return next((text for text in given if is_address(text)), None)


def mail_to(record: Invoice) -> str | None:
    """Where this invoice goes: to its own billing contact."""
    return email_of(record.bill_to)


def language_of(record: Invoice) -> str | None:
    """The language of the template that the invoice is rendered with."""
    return None if record.document_type is None else record.document_type.locale or None


def in_order(lines: Iterable[LineItem]) -> list[LineItem]:
    """The lines as they are printed: by position, those of one position by age."""
    return sorted(lines, key=lambda line: (line.position or 0, len(line.id), line.id))


def words_of(line: LineItem) -> tuple[str, str | None]:
    """The item, and what else the line says: Productive has one text for both."""
    item, _, rest = plain(line.description or "").strip().partition("\n")
    return item.strip(), rest.strip() or None


def _lines(whole: Whole, figures: Amounts) -> tuple[tuple[Line, ...], tuple[TaxSubtotal, ...]]:
    """The lines, and their VAT per category and rate after the discount of the whole invoice.

    Whether the amounts of lines lack that discount already is not documented; if they add up to the total, they do.
    """
    record, sign = whole.record, sign_of(whole.record)
    lines, sums = [], dict[Tax, tuple[Decimal, Decimal]]()
    together = sum((line.amount for line in whole.lines), Decimal(0))
    left = Decimal(1)
    if record.discount and amount_of(together, record.currency, "line_items.amount") != sign * figures.net:
        left = (_HUNDRED - record.discount) / _HUNDRED
    for index, item in enumerate(whole.lines):
        path = f"line_items.{index}"
        if item.currency != record.currency:
            raise READER.broken(f"{path}.currency")
        tax = tax_of_line(item, path)
        net, vat = (sign * exact_amount(each, record.currency) for each in (item.amount, item.amount_tax))
        known = sums.get(tax, (Decimal(0), Decimal(0)))
        sums[tax] = (known[0] + net * left, known[1] + vat * left)
        lines.append(_line(item, tax, sign, net, record.currency))
    ordered = sorted(sums.items(), key=lambda each: (each[0].category, each[0].rate))
    subtotals = [
        TaxSubtotal(tax.category, tax.rate, *(round_money(each, record.currency) for each in parts))
        for tax, parts in ordered
    ]
    return tuple(lines), tuple(subtotals if left == 1 else _evened(subtotals, figures))


def _evened(subtotals: Sequence[TaxSubtotal], figures: Amounts) -> list[TaxSubtotal]:
    """Shares of a discounted invoice, which are worked out here, made to add up to what Productive says they do.

    The largest takes what rounding left over; more than that is left as it is, and said in a warning.
    """
    net = figures.net - sum((each.taxable_amount for each in subtotals), Decimal(0))
    vat = figures.gross - figures.net - sum((each.tax_amount for each in subtotals), Decimal(0))
    if max(abs(net), abs(vat)) > _CENT * len(subtotals):
        return [*subtotals]
    largest = max(subtotals, key=lambda each: abs(each.tax_amount))
    taken = replace(largest, taxable_amount=largest.taxable_amount + net, tax_amount=largest.tax_amount + vat)
    return [taken if each is largest else each for each in subtotals]


def _line(item: LineItem, tax: Tax, sign: int, net: Decimal, currency: str) -> Line:
    name, description = words_of(item)
    return Line(
        item_name=name,
        quantity=sign * item.quantity,
        net_price=exact_amount(item.unit_price, currency),
        tax_category=tax.category,
        tax_rate=tax.rate,
        net_amount=net,
        description=description,
        unit=UNIT_NAMES.get(item.unit_id or 0),
        discount_percent=item.discount or Decimal(0),
    )


def _buyer(record: Invoice) -> Party:
    entry = record.bill_to
    return from_vendor_company(record.company.id, record.company.name, entry=entry)


def _seller(record: Invoice) -> Party | None:
    """Who bills: the contact it is billed from, else the subsidiary."""
    if record.bill_from is not None:
        entry = record.bill_from
        return Party(name=entry.name.strip(), email=email_of(entry), vat_identifier=entry.vat or None)
    return None if record.subsidiary is None else Party(name=record.subsidiary.name.strip())


def _address(entry: ContactEntry) -> Address:
    """Country comes as free text: only a code is one."""
    country = (entry.country or "").strip()
    coded = country if len(country) == 2 and country.isascii() and country.isupper() else None
    return Address(entry.address or None, entry.zipcode or None, entry.city or None, coded)


def _midnight(day: dt.date) -> dt.datetime:
    """A day of which the hour is not known, as an instant that shows that day."""
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def _abilities(record: Invoice, view: Viewpoint) -> Abilities:
    claimed = is_claimed(record)
    due = record.pay_on is not None and record.pay_on < view.today
    return Abilities(
        register_payment="part" if claimed and is_documented(record.currency) else "no",
        send_reminder=claimed and due and mail_to(record) is not None and _seller(record) is not None,
        phases=tuple(possible_phases(record)),
    )


def _warnings(
    record: Invoice, figures: Amounts, lines: Sequence[Line], subtotals: Sequence[TaxSubtotal]
) -> tuple[str, ...]:
    taxable = sum((each.taxable_amount for each in subtotals), Decimal(0))
    vat = sum((each.tax_amount for each in subtotals), Decimal(0))
    sign, currency = sign_of(record), record.currency
    gone = sign * exact_amount(record.amount_written_off + record.amount_credited_with_tax, currency)
    settled = figures.paid + figures.payable + gone
    tolerance = Decimal("0.02") * max(1, len(lines))
    rules = (
        (
            not is_documented(currency),
            f"How Productive counts amounts in {currency} is not documented; they are read in its smallest unit.",
        ),
        (abs(taxable - figures.net) > tolerance, "The lines do not add up to the total."),
        (abs(vat - (figures.gross - figures.net)) > tolerance, "The VAT amounts do not add up to the total."),
        (
            kind_of(record) is Kind.INVOICE and settled != figures.gross,
            "What is paid and payable does not add up to the total.",
        ),
        (
            bool(record.discount),
            f"A discount of {record.discount} % goes for the whole invoice, beside those of lines.",
        ),
    )
    return tuple(words for applies, words in rules if applies)
