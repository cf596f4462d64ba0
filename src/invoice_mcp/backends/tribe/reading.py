"""From Tribe's records to invoices, rows and buyers. Pure.

Amounts are Doubles there, so they are rounded to the currency; where that takes away more than the noise of binary
fractions, it is said.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from invoice_mcp.backends.tribe.phase_map import PhaseMap
from invoice_mcp.backends.tribe.wire import READER, ProductLine, Relationship, WholeInvoice
from invoice_mcp.backends.tribe.wire import Invoice as Record
from invoice_mcp.domain.invoice import Abilities, Invoice, Line, Party, Ref
from invoice_mcp.domain.money import check_size, round_money
from invoice_mcp.domain.query import InvoiceRow
from invoice_mcp.domain.status import UNPAID, Kind, Status, TaxCategory
from invoice_mcp.domain.tax import InvoiceTotals, LineFigures, compute_totals
from invoice_mcp.wire.edm import read_day

_NOISE: Final = Decimal("0.000001")
_PRICE: Final = Decimal("0.0001")
_UNIT: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """What decides how a record reads.

    `currency` is that of records that name none, `zone` None the system's. `fields` are the tenant's own, by what they
    stand for here; `mail_to_field` is where a contact's address stands. `mails`: mail leaves from here.
    """

    account: str
    currency: str | None
    zone: dt.tzinfo | None
    today: dt.date
    phases: PhaseMap
    fields: Mapping[str, str]
    mail_to_field: str | None
    mails: bool


@dataclass(frozen=True, slots=True)
class Amounts:
    """The figures of an invoice, in `currency`, and what there is to say about them."""

    currency: str
    net: Decimal
    gross: Decimal
    warnings: tuple[str, ...]


def from_vendor_invoice(record: WholeInvoice, view: Viewpoint) -> Invoice:
    """The whole invoice.

    Raises:
        VendorContract: no currency, a figure too large, or a field that holds something else than it should.
    """
    figures = amounts(record, view)
    row = from_vendor_row(record, view)
    totals = line_totals(record.lines, figures.currency, inclusive=bool(record.inclusive))
    mail_to = _mail_to(record, view)
    return Invoice(
        ref=row.ref,
        kind=row.kind,
        status=row.status,
        currency=row.currency,
        buyer=Party(row.buyer, row.buyer_id, email=mail_to),
        tax_exclusive_amount=figures.net,
        tax_amount=figures.gross - figures.net,
        tax_inclusive_amount=figures.gross,
        paid_amount=figures.gross if row.status is Status.PAID else Decimal(0),
        payable_amount=row.payable_amount,
        vendor_status=row.vendor_status,
        invoice_number=row.invoice_number,
        issue_date=row.issue_date,
        due_date=row.due_date,
        subject=row.subject,
        buyer_reference=row.buyer_reference,
        tax_basis="inclusive" if record.inclusive else "exclusive",
        lines=tuple(
            _line(line, net, figures.currency, f"invoice.ProductLines.{place}")
            for place, (line, net) in enumerate(zip(record.lines, totals.line_net_amounts, strict=True))
        ),
        taxes=totals.taxes,
        mail_to=mail_to,
        can=_abilities(record, row, view, mail_to),
        created_at=record.created_at,
        updated_at=record.updated_at,
        warnings=(*figures.warnings, *_disagreements(record, figures, totals)),
    )


def from_vendor_row(record: Record, view: Viewpoint) -> InvoiceRow:
    """The invoice in a list.

    Raises:
        VendorContract: as `from_vendor_invoice`.
    """
    figures = amounts(record, view)
    due = _day(record, view, "due_date")
    status = _status(view.phases.status(record.phase), figures.gross, due, view.today)
    return InvoiceRow(
        ref=Ref(view.account, record.id),
        kind=Kind.CREDIT_NOTE if figures.gross < 0 else Kind.INVOICE,
        status=status,
        currency=figures.currency,
        buyer=buyer_name(record),
        payable_amount=Decimal(0) if status in (Status.PAID, Status.CANCELLED) else figures.gross,
        tax_exclusive_amount=figures.net,
        tax_amount=figures.gross - figures.net,
        tax_inclusive_amount=figures.gross,
        invoice_number=record.number or None,
        issue_date=_day(record, view, "issue_date"),
        due_date=due,
        buyer_id=None if record.relationship is None else record.relationship.id,
        subject=record.subject or None,
        buyer_reference=reference_of(record, view),
        paid_on=_day(record, view, "paid_date"),
        created_at=record.created_at,
        updated_at=record.updated_at,
        vendor_status=phase_label(record),
    )


def _status(mapped: Status, gross: Decimal, due: dt.date | None, today: dt.date) -> Status:
    """What the phase means, on this day: only what is claimed can be overdue."""
    late = mapped is Status.OVERDUE or (due is not None and due < today)
    if mapped in UNPAID and late:
        return Status.OVERDUE if gross > 0 else Status.OPEN
    return mapped


def from_vendor_buyer(relationship: Relationship) -> Party:
    """The buyer: of a relationship only its name is known."""
    return Party(name=(relationship.name or "").strip(), id=relationship.id)


def buyer_name(record: Record) -> str:
    """The name of the relationship; without one, what the invoice says of it."""
    named = None if record.relationship is None else record.relationship.name
    return (named or record.relation or "").strip()


def phase_label(record: Record) -> str | None:
    """The phase as Tribe calls it: its code, else its name."""
    return None if record.phase is None else record.phase.code or record.phase.name


def reference_of(record: Record, view: Viewpoint) -> str | None:
    """The buyer's reference, where the tenant has a field for it.

    Raises:
        VendorContract: it holds no text.
    """
    name = view.fields.get("buyer_reference", "")
    value = record.others.get(name)
    if value is not None and not isinstance(value, str):
        raise READER.broken(f"invoice.{name}")
    return value or None


def amounts(record: Record, view: Viewpoint) -> Amounts:
    """The totals. Where there is none with VAT, what is known stands for it, and that is said.

    Raises:
        VendorContract: no currency, or an amount too large to be held.
    """
    currency = record.currency or view.currency
    if currency is None:
        raise READER.broken("invoice.Currency")
    gross, net = record.gross, record.net
    said: list[str] = []
    if gross is None and net is not None:
        gross = net + (record.vat or 0)
    if gross is None:
        gross = net = record.amount or Decimal(0)
        if record.amount is not None:
            said.append("Tribe CRM gives no total with VAT for this invoice; its Amount stands for it.")
    if net is None:
        net = gross - (record.vat or 0)
    rounded = [_rounded(value, currency, f"invoice.{name}") for name, value in (("net", net), ("gross", gross))]
    if any(abs(value - exact) > _NOISE for value, exact in zip((net, gross), rounded, strict=True)):
        said.append(f"Tribe CRM has fractions of the smallest unit of {currency} here; they are rounded.")
    return Amounts(currency, rounded[0], rounded[1], tuple(said))


def line_totals(lines: list[ProductLine], currency: str, *, inclusive: bool) -> InvoiceTotals:
    """What the lines come to by EN 16931: Tribe keeps no VAT per rate.

    Raises:
        VendorContract: a percentage or amount that cannot be one.
    """
    figures = [LineFigures(*_terms(line), _category(line), line.vat or Decimal(0)) for line in lines]
    try:
        return compute_totals(figures, currency, "inclusive" if inclusive else "exclusive")
    except ValueError:
        raise READER.broken("invoice.ProductLines") from None


def words_of(line: ProductLine) -> tuple[str, str | None]:
    """The item, and what else the line says: Tribe has one text for both."""
    item, _, rest = (line.description or "").strip().partition("\n")
    return item.strip(), rest.strip() or None


def plain(value: Decimal) -> Decimal:
    """A quantity or price without the noise of binary fractions."""
    rounded = value.quantize(_PRICE)
    return rounded if abs(value - rounded) <= _NOISE else value


def _terms(line: ProductLine) -> tuple[Decimal, Decimal, Decimal]:
    """Quantity, price, discount."""
    return plain(_UNIT if line.quantity is None else line.quantity), plain(line.price or Decimal(0)), _discount(line)


def _discount(line: ProductLine) -> Decimal:
    return line.discount or Decimal(0)


def _category(line: ProductLine) -> TaxCategory:
    """Inferred: Tribe has rates and no categories, so at 0 % nobody can tell why."""
    return TaxCategory.STANDARD if line.vat else TaxCategory.ZERO_RATED


def _line(line: ProductLine, computed: Decimal, currency: str, path: str) -> Line:
    item, description = words_of(line)
    quantity, price, discount = _terms(line)
    return Line(
        item_name=item,
        quantity=quantity,
        net_price=price,
        tax_category=_category(line),
        tax_rate=line.vat or Decimal(0),
        net_amount=computed if line.net is None else _rounded(line.net, currency, f"{path}.TotalExcludingVat"),
        description=description,
        discount_percent=discount,
    )


def _rounded(value: Decimal, currency: str, path: str) -> Decimal:
    try:
        return check_size(round_money(value, currency), currency)
    except ValueError:
        raise READER.broken(path) from None


def _day(record: Record, view: Viewpoint, meaning: str) -> dt.date | None:
    """A date out of the tenant's own field for it, where there is one."""
    name = view.fields.get(meaning, "")
    value = record.others.get(name)
    if value is None:
        return None
    try:
        return read_day(value, view.zone)
    except ValueError:
        raise READER.broken(f"invoice.{name}") from None


def _mail_to(record: WholeInvoice, view: Viewpoint) -> str | None:
    """Where a reminder goes: the configured field of the person that the invoice names."""
    name = view.mail_to_field
    value = None if record.contact is None or name is None else record.contact.others.get(name)
    if value is not None and not isinstance(value, str):
        raise READER.broken(f"invoice.Contact.{name}")
    return (value or "").strip() or None


def _abilities(record: Record, row: InvoiceRow, view: Viewpoint, mail_to: str | None) -> Abilities:
    claimed = row.status in UNPAID and row.kind is Kind.INVOICE and row.payable_amount > 0
    code = None if record.phase is None else record.phase.code
    due = row.due_date is not None and row.due_date < view.today
    return Abilities(
        register_payment="full" if claimed and view.phases.code_for(Status.PAID) else "no",
        send_reminder=view.mails and claimed and due and mail_to is not None,
        phases=view.phases.possible(row.status, code),
    )


def _disagreements(record: WholeInvoice, figures: Amounts, totals: InvoiceTotals) -> tuple[str, ...]:
    if not record.lines:
        return ()
    if (totals.tax_exclusive_amount, totals.tax_inclusive_amount) == (figures.net, figures.gross):
        return ()
    return ("The lines do not add up to the total that Tribe CRM gives.",)
