"""From Moneybird's records to invoices, rows and buyers. Pure; figures are passed on as they are."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from invoice_mcp.backends.moneybird.rates import tax_of
from invoice_mcp.backends.moneybird.states import (
    REMINDER,
    channel_of,
    flags_of,
    is_sending,
    kind_of,
    possible_phases,
    status_of,
)
from invoice_mcp.backends.moneybird.wire import READER, Contact, Detail, Event, SalesInvoice, TaxRate
from invoice_mcp.backends.moneybird.wire import Payment as WirePayment
from invoice_mcp.domain.invoice import (
    Abilities,
    Address,
    Invoice,
    Line,
    Party,
    Payment,
    Ref,
    Reminder,
    Sending,
    TaxSubtotal,
)
from invoice_mcp.domain.marks import reference_of
from invoice_mcp.domain.query import InvoiceRow
from invoice_mcp.domain.same_buyer import identifiers
from invoice_mcp.domain.status import UNPAID, Flag, Kind
from invoice_mcp.domain.tax import check_rate
from invoice_mcp.domain.vat import Tax

WEB_ADDRESS: Final = "https://moneybird.com"
"""Where a person who may enter the administration sees an invoice; of no use to anybody else."""

_NUMBERED: Final = "0123456789.,-"
_METHODS: Final = {
    "private_payment": "private",
    "payment_without_proof": "without proof",
    "cash_payment": "cash",
    "rounding_error": "rounding difference",
    "bank_transfer": "bank transfer",
    "balance_settlement": "balance settlement",
    "invoices_settlement": "settlement with an invoice",
}


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """What decides how a record reads: the account, its currency, its zone and its date there."""

    account: str
    currency: str
    zone: dt.tzinfo
    today: dt.date


def from_vendor_invoice(
    record: SalesInvoice, rates: Mapping[str, TaxRate], view: Viewpoint, credits: Sequence[SalesInvoice] = ()
) -> Invoice:
    """The whole invoice. `credits` are its credit invoices, as far as they were looked for.

    Raises:
        VendorContract: an amount finer than its currency, or a line with a VAT rate that there is not.
    """
    currency = record.currency
    taxes = _line_taxes(record, rates)
    figures = amounts(record)
    original = record.original_sales_invoice_id
    return Invoice(
        ref=Ref(view.account, record.id),
        kind=kind_of(record),
        status=status_of(record, view.today, credits),
        currency=currency,
        buyer=_buyer(record),
        tax_exclusive_amount=figures.net,
        tax_amount=figures.gross - figures.net,
        tax_inclusive_amount=figures.gross,
        paid_amount=figures.paid,
        payable_amount=figures.payable,
        flags=flags_of(record, credits),
        vendor_status=record.state,
        invoice_number=record.invoice_id or None,
        issue_date=record.invoice_date,
        due_date=record.due_date,
        subject=_subject(record),
        buyer_reference=record.reference or None,
        payment_reference=record.payment_reference or None,
        language=record.language or None,
        tax_basis="inclusive" if record.prices_are_incl_tax else "exclusive",
        lines=tuple(_line(record, detail, tax) for detail, tax in zip(record.details, taxes, strict=True)),
        taxes=_subtotals(record, taxes),
        payments=tuple(from_vendor_payment(payment, currency, at) for at, payment in enumerate(record.payments)),
        reminders=tuple(_reminder(event) for event in record.events if event.action.startswith(REMINDER)),
        sent=_sending(record, view.zone),
        credits=None if original is None else Ref(view.account, original),
        credited_by=tuple(Ref(view.account, credit.id) for credit in credits if credit.state != "draft"),
        mail_to=mail_to(record),
        can=_abilities(record, view),
        vendor_url=f"{WEB_ADDRESS}/{record.administration_id}/sales_invoices/{record.id}",
        created_at=record.created_at,
        updated_at=record.updated_at,
        warnings=_warnings(record, figures),
    )


def from_vendor_row(record: SalesInvoice, view: Viewpoint, credits: Sequence[SalesInvoice] = ()) -> InvoiceRow:
    """The invoice in a list.

    Raises:
        VendorContract: an amount finer than its currency.
    """
    figures = amounts(record)
    reminded = [event.created_at for event in record.events if event.action.startswith(REMINDER)]
    return InvoiceRow(
        ref=Ref(view.account, record.id),
        kind=kind_of(record),
        status=status_of(record, view.today, credits),
        currency=record.currency,
        buyer=name_of(record.contact),
        payable_amount=figures.payable,
        tax_exclusive_amount=figures.net,
        tax_amount=figures.gross - figures.net,
        tax_inclusive_amount=figures.gross,
        invoice_number=record.invoice_id or None,
        issue_date=record.invoice_date,
        due_date=record.due_date,
        buyer_id=record.contact_id,
        subject=_subject(record),
        buyer_reference=record.reference or None,
        paid_on=record.paid_at,
        sent_on=record.sent_at,
        created_at=record.created_at,
        updated_at=record.updated_at,
        reminder_count=record.reminder_count or 0,
        last_reminder_on=max(reminded).astimezone(view.zone).date() if reminded else None,
        vendor_status=record.state,
        flags=flags_of(record, credits),
        buyer_identifiers=identifiers(record.contact.tax_number, invoice_email(record.contact)),
    )


def from_vendor_contact(contact: Contact) -> Party:
    """The buyer."""
    street = " ".join(part.strip() for part in (contact.address1, contact.address2) if part and part.strip())
    return Party(
        name=name_of(contact),
        id=contact.id,
        email=invoice_email(contact),
        vat_identifier=contact.tax_number or None,
        address=Address(street or None, contact.zipcode or None, contact.city or None, contact.country or None),
    )


def from_vendor_payment(payment: WirePayment, currency: str, place: int = 0) -> Payment:
    """The payment, in `currency`.

    Raises:
        VendorContract: an amount finer than the currency.
    """
    method = _METHODS.get(payment.manual_payment_action or "")
    if method is None and payment.credit_invoice_id is not None:
        method = "credit note"
    if method is None and payment.financial_mutation_id is not None:
        method = "bank transfer"
    amount = READER.exact(payment.price, currency, f"sales_invoice.payments.{place}.price")
    reference = reference_of(payment.transaction_identifier)
    return Payment(payment.id, amount, payment.payment_date, method, reference)


@dataclass(frozen=True, slots=True)
class Amounts:
    """The figures of an invoice, in its currency."""

    net: Decimal
    gross: Decimal
    paid: Decimal
    payable: Decimal


def amounts(record: SalesInvoice) -> Amounts:
    """The figures.

    Raises:
        VendorContract: one is finer than the currency, or too large.
    """
    names = ("total_price_excl_tax", "total_price_incl_tax", "total_paid", "total_unpaid")
    return Amounts(*(READER.exact(getattr(record, name), record.currency, f"sales_invoice.{name}") for name in names))


def name_of(contact: Contact) -> str:
    """The company, else the person."""
    person = " ".join(part.strip() for part in (contact.firstname, contact.lastname) if part and part.strip())
    return (contact.company_name or "").strip() or person


def invoice_email(contact: Contact) -> str | None:
    """Where a contact's invoices go."""
    return (contact.send_invoices_to_email or "").strip() or (contact.email or "").strip() or None


def taxes_of(record: SalesInvoice, rates: Mapping[str, TaxRate]) -> tuple[TaxSubtotal, ...]:
    """VAT per category and rate. Moneybird lists no total for lines at 0 %; they are summed from the lines.

    Raises:
        VendorContract: a line with a VAT rate that there is not.
    """
    return _subtotals(record, _line_taxes(record, rates))


def mail_to(record: SalesInvoice) -> str | None:
    """Where this invoice goes: to the contact, and to the person at it that the invoice names."""
    person = record.contact_person and (record.contact_person.email or "").strip()
    addresses = [address for address in (invoice_email(record.contact), person) if address]
    return "; ".join(dict.fromkeys(addresses)) or None


def words_of(detail: Detail) -> tuple[str, str | None]:
    """The item, and what else the line says: Moneybird has one text for both."""
    item, _, rest = detail.description.strip().partition("\n")
    return item.strip(), rest.strip() or None


def unit_of(detail: Detail) -> str | None:
    """The unit in a printed quantity: none in `2 x` and `2`, `uur` in `2 uur`."""
    unit = (detail.amount or "").strip().lstrip(_NUMBERED).strip()
    return None if unit in ("", "x") else unit


def _line_taxes(record: SalesInvoice, rates: Mapping[str, TaxRate]) -> list[Tax]:
    return [_tax(detail, rates, f"sales_invoice.details.{index}") for index, detail in enumerate(record.details)]


def _tax(detail: Detail, rates: Mapping[str, TaxRate], path: str) -> Tax:
    rate = rates.get(detail.tax_rate_id)
    if rate is None or rate.percentage is None:
        raise READER.broken(f"{path}.tax_rate_id")
    tax = tax_of(rate, detail.tax_report_reference)
    try:
        check_rate(tax.category, tax.rate)
    except ValueError:
        raise READER.broken("tax_rates.percentage") from None
    return tax


def _buyer(record: SalesInvoice) -> Party:
    party = from_vendor_contact(record.contact)
    if party.id != record.contact_id:
        raise READER.broken("sales_invoice.contact.id")
    return party


def _line(record: SalesInvoice, detail: Detail, tax: Tax) -> Line:
    item, description = words_of(detail)
    return Line(
        item_name=item,
        quantity=Decimal(1) if detail.amount_decimal is None else detail.amount_decimal,
        net_price=detail.price,
        tax_category=tax.category,
        tax_rate=tax.rate,
        net_amount=detail.total_price_excl_tax_with_discount,
        description=description,
        unit=unit_of(detail),
        discount_percent=record.discount or Decimal(0),
    )


def _subject(record: SalesInvoice) -> str | None:
    return next((words_of(detail)[0] for detail in record.details if detail.description.strip()), None)


def _subtotals(record: SalesInvoice, taxes: Sequence[Tax]) -> tuple[TaxSubtotal, ...]:
    tax_of_rate = {detail.tax_rate_id: tax for detail, tax in zip(record.details, taxes, strict=True)}
    sums: dict[Tax, tuple[Decimal, Decimal]] = {}
    listed = {total.tax_rate_id: (total.taxable_amount, total.tax_amount) for total in record.tax_totals}
    for index, total in enumerate(record.tax_totals):
        if total.tax_rate_id not in tax_of_rate:
            raise READER.broken(f"sales_invoice.tax_totals.{index}.tax_rate_id")
    parts = [(tax_of_rate[rate], figures) for rate, figures in listed.items()] + [
        (tax, (detail.total_price_excl_tax_with_discount, Decimal(0)))
        for detail, tax in zip(record.details, taxes, strict=True)
        if detail.tax_rate_id not in listed
    ]
    for tax, (taxable, amount) in parts:
        known = sums.get(tax, (Decimal(0), Decimal(0)))
        sums[tax] = (known[0] + taxable, known[1] + amount)
    ordered = sorted(sums.items(), key=lambda item: (item[0].category, item[0].rate))
    return tuple(TaxSubtotal(tax.category, tax.rate, *figures) for tax, figures in ordered)


def _reminder(event: Event) -> Reminder:
    by_mail = event.action.endswith("email")
    return Reminder(
        at=event.created_at,
        tone=None,
        channel="vendor" if by_mail else "manual",
        to=_recipient(event),
        outcome="sent",
    )


def _sending(record: SalesInvoice, zone: dt.tzinfo) -> Sending | None:
    events = [event for event in record.events if is_sending(event.action)]
    if events:
        last = events[-1]
        return Sending(last.created_at, channel_of(record) or "manual", _recipient(last))
    if record.sent_at is None:
        return None
    midnight = dt.datetime.combine(record.sent_at, dt.time(), zone)
    return Sending(midnight.astimezone(dt.UTC), "manual")


def _recipient(event: Event) -> str | None:
    address = event.data.get("email_address")
    return address if isinstance(address, str) and address else None


def _abilities(record: SalesInvoice, view: Viewpoint) -> Abilities:
    status = status_of(record, view.today)
    claimed = status in UNPAID and kind_of(record) is Kind.INVOICE and record.total_unpaid > 0
    held = {Flag.PAUSED, Flag.DUBIOUS} & set(flags_of(record))
    due = record.due_date is not None and record.due_date < view.today
    payable: Literal["part", "full"] = "part" if record.currency == view.currency else "full"
    return Abilities(
        register_payment=payable if claimed else "no",
        send_reminder=claimed and due and not held and mail_to(record) is not None,
        phases=tuple(possible_phases(record, view.today)),
    )


def _warnings(record: SalesInvoice, figures: Amounts) -> tuple[str, ...]:
    lines = sum((detail.total_price_excl_tax_with_discount for detail in record.details), Decimal(0))
    vat = sum((total.tax_amount for total in record.tax_totals), Decimal(0))
    disagreements = (
        (abs(lines - figures.net) > Decimal("0.02") * len(record.details), "The lines do not add up to the total."),
        (vat != figures.gross - figures.net, "The VAT amounts do not add up to the total."),
        (figures.paid + figures.payable != figures.gross, "What is paid and payable does not add up to the total."),
    )
    return tuple(words for applies, words in disagreements if applies)
