"""Where an invoice stands. Next's statuses are each customer's own, so it is told from the fields.

Source: Next's page on exporting customer invoices: an invoice is made, reviewed, locked (and then has a number),
exported, and its paid date comes from the accounting system. A credit note does not name what it credits; the invoice
names its credit note. So two records may be needed to understand one.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from invoice_mcp.backends.next_project.wire import CustomerInvoice
from invoice_mcp.domain.status import Facts, Flag, Kind, Status, derive_status

FAILED: Final = "!"
"""What an external number begins with that is none: the accounting system's error stands in its place."""


class Counterparts:
    """Credit notes and the invoices that name them, as far as they were read."""

    def __init__(self, records: Iterable[CustomerInvoice]) -> None:
        self._by_id = {record.id: record for record in records}
        self._originals: dict[str, list[CustomerInvoice]] = {}
        for record in self._by_id.values():
            if record.credited_by is not None:
                self._originals.setdefault(record.credited_by, []).append(record)

    def credit_of(self, record: CustomerInvoice) -> CustomerInvoice | None:
        """The credit note that the invoice names."""
        return self._by_id.get(record.credited_by or "")

    def originals_of(self, record: CustomerInvoice) -> Sequence[CustomerInvoice]:
        """The invoices that name this credit note."""
        return self._originals.get(record.id, ())

    def lacking(self, records: Iterable[CustomerInvoice]) -> tuple[set[str], set[str]]:
        """What would have to be read to understand `records`: ids of credit notes; ids that invoices may name."""
        unsettled = [record for record in records if record.locked and record.paid_date is None]
        credits = {each.credited_by for each in unsettled if each.credited_by and self.credit_of(each) is None}
        notes = {each.id for each in unsettled if each.credit_note and not self.originals_of(each)}
        return credits, notes


@dataclass(frozen=True, slots=True)
class Standing:
    """Amounts with the sign of this project: those of a credit note are below zero."""

    kind: Kind
    status: Status
    net: Decimal
    gross: Decimal
    paid: Decimal
    payable: Decimal
    flags: tuple[Flag, ...]


def standing_of(record: CustomerInvoice, known: Counterparts, today: dt.date) -> Standing:
    """How the invoice stands on `today`.

    What the buyer owes is the amount after the tax reduction, which the tax agency pays. An invoice that one issued
    credit note takes back in full is cancelled, and that note settled; credited in part, each stands for itself.
    """
    owed = signed(record, record.customer_amount)
    gross = signed(record, record.invoice_amount)
    balanced = _is_balanced(record, known)
    paid = owed if record.locked and record.paid_date is not None else Decimal(0)
    payable = Decimal(0) if paid or balanced else owed
    facts = Facts(
        cancelled=balanced and not record.credit_note,
        draft=not record.locked,
        scheduled=False,
        uncollectible=False,
        payable_amount=payable,
        paid_amount=paid,
        due_date=record.due_date,
    )
    return Standing(
        kind=Kind.CREDIT_NOTE if record.credit_note else Kind.INVOICE,
        status=derive_status(facts, today),
        net=gross - signed(record, record.tax_amount or Decimal(0)),
        gross=gross,
        paid=paid,
        payable=payable,
        flags=_flags(record, known),
    )


def signed(record: CustomerInvoice, amount: Decimal) -> Decimal:
    """`amount` of a credit note below zero; with which sign Next tells it is not documented."""
    return -abs(amount) if record.credit_note else amount


def printed_number(record: CustomerInvoice) -> str | None:
    """The accounting system's number, else Next's own; what was never locked has none."""
    external = (record.external_number or "").strip()
    if external and not external.startswith(FAILED):
        return external
    return None if record.number is None else str(record.number)


def bears(record: CustomerInvoice, number: str) -> bool:
    """Whether `number` is one of its three: the accounting system's, Next's own, or a draft's."""
    own = (str(record.number), record.invoice_number)
    return number in own or (number == record.external_number and not number.startswith(FAILED))


def _is_balanced(record: CustomerInvoice, known: Counterparts) -> bool:
    """Whether an unpaid invoice and the credit note over all of it take each other away."""
    if not record.locked or record.paid_date is not None:
        return False
    if record.credit_note:
        return any(_takes_back(record, original) for original in known.originals_of(record))
    credit = known.credit_of(record)
    return credit is not None and _takes_back(credit, record)


def _takes_back(credit: CustomerInvoice, original: CustomerInvoice) -> bool:
    issued = credit.locked and original.locked and credit.credit_note and original.paid_date is None
    return issued and abs(credit.customer_amount) >= abs(original.customer_amount)


def _flags(record: CustomerInvoice, known: Counterparts) -> tuple[Flag, ...]:
    credit = known.credit_of(record)
    unread = record.credited_by is not None and credit is None and record.locked and record.paid_date is None
    rules = (
        (record.credited_by is not None and not unread and (credit is None or credit.locked), Flag.CREDITED),
        (unread, Flag.MAYBE_CREDITED),
        ((record.external_number or "").startswith(FAILED), Flag.EXPORT_FAILED),
    )
    return tuple(flag for applies, flag in rules if applies)
