"""What a ledger tells about one invoice, and about its buyers."""

import datetime as dt
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

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
from invoice_mcp.domain.money import from_minor
from invoice_mcp.domain.phases import PhaseFacts, possible_phases
from invoice_mcp.domain.status import Flag, Kind, Status, TaxCategory
from invoice_mcp.domain.text import fold
from invoice_mcp.storage.ledger_rows import HEAD_COLUMNS, Head, as_date, flags_of, split_head, status_of

if TYPE_CHECKING:
    import apsw

# All of it in one statement: between two, other threads would run, and while they read they let nobody in for long.
# A mail that was refused reached nobody; it is not counted as a reminder either.
_PARTS: Final = """
(SELECT json_group_array(json_array(item_name, quantity, net_price, tax_category, tax_rate, net_amount, description,
                                    unit, discount_percent) ORDER BY position)
 FROM lines WHERE invoice_seq = i.seq),
(SELECT json_group_array(json_array(tax_category, tax_rate, taxable, tax)
                         ORDER BY tax_category, CAST(tax_rate AS REAL))
 FROM taxes WHERE invoice_seq = i.seq),
(SELECT json_group_array(json_array(id, amount, paid_on, method, reference) ORDER BY paid_on, seq)
 FROM payments WHERE invoice_seq = i.seq AND undone_at IS NULL),
(SELECT json_group_array(json_array(created_at, tone, channel, recipient, outcome) ORDER BY seq)
 FROM mails WHERE invoice_seq = i.seq AND purpose = 'reminder' AND outcome <> 'refused'),
(SELECT json_group_array(id ORDER BY seq) FROM invoices WHERE credits_seq = i.seq AND state = 'issued')
"""
_INVOICE: Final = " ".join(
    (
        "SELECT",
        HEAD_COLUMNS,
        """, i.buyer_vat_identifier, i.buyer_street, i.buyer_postal_code, i.buyer_city, i.buyer_country_code,
        b.email, b.email_confirmed, b.language, i.payment_reference, i.note, i.language, i.tax_basis, i.sent_to,
        credited.id,""",
        _PARTS,
        """FROM invoices AS i
        JOIN buyers AS b ON b.seq = i.buyer_seq
        LEFT JOIN invoices AS credited ON credited.seq = i.credits_seq
        WHERE i.id = ?""",
    )
)
_STATUS: Final = " ".join(("SELECT", HEAD_COLUMNS, "FROM invoices AS i WHERE i.id = ?"))
_BUYER_COLUMNS: Final = """
SELECT id, name, email, email_confirmed, vat_identifier, street, postal_code, city, country_code, language
FROM buyers
"""
_FIND_BUYERS: Final = " ".join(
    (
        _BUYER_COLUMNS,
        """WHERE id = :text OR (:key <> '' AND instr(name_key, :key) > 0)
        ORDER BY id = :text DESC, name_key = :key DESC, name_key, seq LIMIT :limit""",
    )
)
_ALL_BUYERS: Final = " ".join((_BUYER_COLUMNS, "ORDER BY name_key, seq"))
_UNCONFIRMED_BUYERS: Final = " ".join(
    (_BUYER_COLUMNS, "WHERE email IS NOT NULL AND email_confirmed = 0 ORDER BY name_key, seq")
)


class _Detail(NamedTuple):
    """The columns of `_INVOICE` after the head."""

    vat_identifier: str | None
    street: str | None
    postal_code: str | None
    city: str | None
    country_code: str | None
    email: str | None
    email_confirmed: int
    buyer_language: str | None
    payment_reference: str | None
    note: str | None
    language: str
    tax_basis: Literal["exclusive", "inclusive"]
    sent_to: str | None
    credits: str | None
    lines: str
    taxes: str
    payments: str
    reminders: str
    credited_by: str


def read_invoice(
    connection: "apsw.Connection", account: str, invoice_id: str, today: dt.date, seller: Party | None = None
) -> Invoice | None:
    """The whole invoice as it stands on `today`, or None where the ledger has no such id.

    The buyer's name, VAT identifier and address are those of the invoice; e-mail address and language those on file
    now. Payments taken back and drafts of credit notes are left out. `seller` is the account's, put in as given.
    """
    values = connection.execute(_INVOICE, (invoice_id,)).fetchone()
    if values is None:
        return None
    head, rest = split_head(values)
    detail = _Detail._make(rest)
    status = status_of(head, today)
    flags = flags_of(head)
    return Invoice(
        ref=Ref(account, head.id),
        kind=Kind(head.kind),
        status=status,
        currency=head.currency,
        buyer=_buyer_of(head, detail),
        tax_exclusive_amount=from_minor(head.tax_exclusive, head.currency),
        tax_amount=from_minor(head.tax, head.currency),
        tax_inclusive_amount=from_minor(head.tax_inclusive, head.currency),
        paid_amount=from_minor(head.paid, head.currency),
        payable_amount=from_minor(head.payable, head.currency),
        flags=flags,
        invoice_number=head.number,
        issue_date=as_date(head.issue_date),
        due_date=as_date(head.due_date),
        seller=seller,
        subject=head.subject or None,
        buyer_reference=head.buyer_reference,
        payment_reference=detail.payment_reference,
        note=detail.note,
        language=detail.language,
        tax_basis=detail.tax_basis,
        lines=_lines(json.loads(detail.lines), head.currency),
        taxes=_taxes(json.loads(detail.taxes), head.currency),
        payments=_payments(json.loads(detail.payments), head.currency),
        reminders=_reminders(json.loads(detail.reminders)),
        sent=_sending(head, detail),
        credits=_ref(account, detail.credits),
        credited_by=tuple(Ref(account, id_) for id_ in json.loads(detail.credited_by)),
        mail_to=detail.email,
        can=_abilities(head, status, flags, detail.email),
        created_at=dt.datetime.fromisoformat(head.created_at),
        updated_at=dt.datetime.fromisoformat(head.updated_at),
    )


def read_status(connection: "apsw.Connection", invoice_id: str, today: dt.date) -> Status | None:
    """The status of an invoice on `today`, or None where the ledger has no such id."""
    values = connection.execute(_STATUS, (invoice_id,)).fetchone()
    return None if values is None else status_of(split_head(values)[0], today)


def find_buyers(connection: "apsw.Connection", text: str, limit: int) -> list[Party]:
    """At most `limit` buyers whose id is `text` or whose name contains it, without case or accents.

    The one with that id comes first, then those who bear exactly that name, then the others by name.
    """
    found = {"text": text, "key": fold(text), "limit": limit}
    return [_party(values) for values in connection.execute(_FIND_BUYERS, found)]


def list_buyers(connection: "apsw.Connection") -> list[Party]:
    """All buyers, by name."""
    return [_party(values) for values in connection.execute(_ALL_BUYERS)]


def list_unconfirmed_buyers(connection: "apsw.Connection") -> list[Party]:
    """The buyers whose e-mail address no person has accepted yet, by name."""
    return [_party(values) for values in connection.execute(_UNCONFIRMED_BUYERS)]


def _party(values: tuple[Any, ...]) -> Party:
    id_, name, email, confirmed, vat_identifier, street, postal_code, city, country_code, language = values
    return Party(
        name=name,
        id=id_,
        email=email,
        email_confirmed=confirmed == 1,
        vat_identifier=vat_identifier,
        address=Address(street, postal_code, city, country_code),
        language=language,
    )


def _buyer_of(head: Head, detail: _Detail) -> Party:
    return Party(
        name=head.buyer_name,
        id=head.buyer_id,
        email=detail.email,
        email_confirmed=detail.email_confirmed == 1,
        vat_identifier=detail.vat_identifier,
        address=Address(detail.street, detail.postal_code, detail.city, detail.country_code),
        language=detail.buyer_language,
    )


def _lines(rows: list[list[Any]], currency: str) -> tuple[Line, ...]:
    return tuple(
        Line(
            item_name=item_name,
            quantity=Decimal(quantity),
            net_price=Decimal(net_price),
            tax_category=TaxCategory(category),
            tax_rate=Decimal(rate),
            net_amount=from_minor(net_amount, currency),
            description=description,
            unit=unit,
            discount_percent=Decimal(discount),
        )
        for item_name, quantity, net_price, category, rate, net_amount, description, unit, discount in rows
    )


def _taxes(rows: list[list[Any]], currency: str) -> tuple[TaxSubtotal, ...]:
    return tuple(
        TaxSubtotal(TaxCategory(category), Decimal(rate), from_minor(taxable, currency), from_minor(tax, currency))
        for category, rate, taxable, tax in rows
    )


def _payments(rows: list[list[Any]], currency: str) -> tuple[Payment, ...]:
    return tuple(
        Payment(id_, from_minor(amount, currency), dt.date.fromisoformat(paid_on), method, reference)
        for id_, amount, paid_on, method, reference in rows
    )


def _reminders(rows: list[list[Any]]) -> tuple[Reminder, ...]:
    return tuple(
        Reminder(dt.datetime.fromisoformat(at), tone, channel, recipient, outcome)
        for at, tone, channel, recipient, outcome in rows
    )


def _sending(head: Head, detail: _Detail) -> Sending | None:
    if head.sent_at is None or head.sent_channel is None:
        return None
    return Sending(dt.datetime.fromisoformat(head.sent_at), head.sent_channel, detail.sent_to)


def _ref(account: str, invoice_id: str | None) -> Ref | None:
    return None if invoice_id is None else Ref(account, invoice_id)


def _abilities(head: Head, status: Status, flags: tuple[Flag, ...], email: str | None) -> Abilities:
    """What the state of the invoice allows; that a person still has to accept the address does not count here."""
    kind = Kind(head.kind)
    paused, dubious = Flag.PAUSED in flags, Flag.DUBIOUS in flags
    owed = kind is Kind.INVOICE and head.state == "issued" and head.payable > 0
    remindable = status is Status.OVERDUE and email is not None and not (paused or dubious)
    facts = PhaseFacts(kind, status, from_minor(head.paid, head.currency), paused, dubious)
    return Abilities("part" if owed else "no", remindable, possible_phases(facts))
