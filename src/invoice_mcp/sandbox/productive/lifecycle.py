"""The life of an invoice: from draft to paid, written off, credited, or away.

Which request is refused when is decided by the handlers; here every step is taken.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from invoice_mcp.sandbox.productive.book import Organization
from invoice_mcp.sandbox.productive.figures import ZERO, Totals, compute, whole
from invoice_mcp.sandbox.productive.records import CREDIT_NOTE, Invoice, LineItem, Payment
from invoice_mcp.sandbox.productive.switches import Switches


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of an invoice's amount, in minor units, with tax; `credited` is without."""

    paid: Decimal
    written_off: Decimal
    credited: Decimal
    credited_with_tax: Decimal
    unpaid: Decimal


class Desk:
    """The invoices of one organisation at one instant, and what can happen to them."""

    def __init__(self, organization: Organization, switches: Switches, now: dt.datetime) -> None:
        self.organization: Final = organization
        self.switches: Final = switches
        self.now: Final = now
        self.today: Final = organization.today(now)
        self._totals: dict[str, Totals] = {}

    def lines_of(self, invoice: Invoice) -> list[LineItem]:
        """Its lines, in the order of their positions."""
        lines = [self.organization.line_items[line_id] for line_id in invoice.line_ids]
        return sorted(lines, key=lambda line: line.position)

    def totals(self, invoice: Invoice) -> Totals:
        """What its lines come to; worked out once, until something is changed."""
        if invoice.id not in self._totals:
            self._totals[invoice.id] = compute(
                self.lines_of(invoice),
                self.organization.tax_rates,
                invoice.discount,
                self.switches.tax_rounding,
                discounted_lines=self.switches.discounted_lines,
            )
        return self._totals[invoice.id]

    def payments_of(self, invoice: Invoice) -> list[Payment]:
        """Its payments, in the order they were registered."""
        return [self.organization.payments[payment_id] for payment_id in invoice.payment_ids]

    def credits_of(self, invoice: Invoice) -> list[Invoice]:
        """The finalised credit notes that name it."""
        named = [self.organization.invoices[credit_id] for credit_id in invoice.credit_ids]
        return [credit for credit in named if not credit.is_draft and credit.deleted_at is None]

    def standing(self, invoice: Invoice) -> Standing:
        """What became of its amount."""
        total = self.totals(invoice).with_tax
        payments = self.payments_of(invoice)
        written_off = sum((each.amount for each in payments if each.written_off_on is not None), ZERO)
        paid = sum((each.amount for each in payments if each.written_off_on is None), ZERO)
        credits = [self.totals(each) for each in self.credits_of(invoice)]
        credited_with_tax = -sum((each.with_tax for each in credits), ZERO)
        unpaid = total - paid - written_off
        if self.switches.credit_reduces_unpaid:
            unpaid -= credited_with_tax
        if invoice.invoice_type_id == CREDIT_NOTE and self.switches.credit_note_unpaid == "zero":
            unpaid = ZERO
        return Standing(paid, written_off, -sum((each.amount for each in credits), ZERO), credited_with_tax, unpaid)

    def in_base(self, amount: Decimal, currency: str) -> Decimal:
        """`amount` in the currency of the organisation."""
        return whole(amount * self.organization.rates[currency])

    def add(self, invoice: Invoice) -> None:
        """A new draft."""
        self.organization.invoices[invoice.id] = invoice
        if invoice.parent_invoice_id is not None:
            self.organization.invoices[invoice.parent_invoice_id].credit_ids.append(invoice.id)
        self.organization.record("invoice_created", invoice.id)

    def add_line(self, line: LineItem) -> None:
        """A new line of a draft."""
        invoice = self.organization.invoices[line.invoice_id]
        if self.switches.positions == "counted":
            line.position = len(invoice.line_ids) + 1
        self.organization.line_items[line.id] = line
        invoice.line_ids.append(line.id)
        self._touch(invoice)
        self.organization.record("line_created", line.id)

    def remove_line(self, line: LineItem) -> None:
        """A line less."""
        invoice = self.organization.invoices[line.invoice_id]
        del self.organization.line_items[line.id]
        invoice.line_ids.remove(line.id)
        self._touch(invoice)
        self.organization.record("line_deleted", line.id)

    def change(self, invoice: Invoice) -> None:
        """Note that it was changed."""
        self._touch(invoice)
        self.organization.record("invoice_updated", invoice.id)

    def change_line(self, line: LineItem) -> None:
        """Note that a line was changed."""
        self._touch(self.organization.invoices[line.invoice_id])
        self.organization.record("line_updated", line.id)

    def finalize(self, invoice: Invoice, number: str | None) -> None:
        """Lock a draft and give it its number; a credit note credits its invoice from then on."""
        invoice.finalized_at = self.now
        invoice.number = number or invoice.number or self.organization.new_number(invoice.invoiced_on.year)
        self._touch(invoice)
        self.organization.record("invoice_finalized", invoice.id)

    def send(self, invoice: Invoice, recipients: Sequence[str], text: str) -> None:
        """Mail it; it counts as sent from today on."""
        if invoice.sent_on is None or self.switches.resend == "overwrites":
            invoice.sent_on = self.today
        self._touch(invoice)
        self.organization.record("invoice_sent", invoice.id)
        for recipient in recipients:
            self.organization.record("mail", invoice.id, recipient, text)

    def pay(self, payment: Payment) -> None:
        """Register a payment; the one that leaves nothing unpaid says when the invoice was paid."""
        invoice = self.organization.invoices[payment.invoice_id]
        self.organization.payments[payment.id] = payment
        invoice.payment_ids.append(payment.id)
        if self.standing(invoice).unpaid <= 0:
            invoice.paid_on = payment.paid_on or (payment.written_off_on if self.switches.write_off_pays else None)
        self._touch(invoice)
        self.organization.record("payment_created", payment.id)

    def unpay(self, payment: Payment) -> None:
        """Take a payment back."""
        invoice = self.organization.invoices[payment.invoice_id]
        del self.organization.payments[payment.id]
        invoice.payment_ids.remove(payment.id)
        if self.standing(invoice).unpaid > 0:
            invoice.paid_on = None
        self._touch(invoice)
        self.organization.record("payment_deleted", payment.id)

    def remove(self, invoice: Invoice) -> None:
        """Delete it; nobody finds it any more, but in lists by switch."""
        invoice.deleted_at = self.now
        self._touch(invoice)
        self.organization.record("invoice_deleted", invoice.id)

    def _touch(self, invoice: Invoice) -> None:
        invoice.updated_at = self.now
        self._totals.clear()
