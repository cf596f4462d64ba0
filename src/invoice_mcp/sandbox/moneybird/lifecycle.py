"""The life of an invoice: from draft to paid, late, uncollectible, or away.

Which request is refused when is decided by the handlers; here every step is taken, and time passes.
"""

import datetime as dt
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.sandbox.moneybird.book import Administration
from invoice_mcp.sandbox.moneybird.figures import Totals, cents, compute
from invoice_mcp.sandbox.moneybird.records import Event, Invoice, Line, Payment, Sending, State
from invoice_mcp.sandbox.moneybird.switches import Switches

PAYABLE: Final[frozenset[State]] = frozenset({"open", "late", "reminded", "pending_payment"})
"""The states in which a payment can be registered."""

_ZERO: Final = Decimal(0)
_CREDIT_HEADINGS: Final = {"nl": "**Creditfactuur voor factuur {}**", "en": "**Credit invoice for invoice {}**"}


class Desk:
    """The invoices of one administration at one instant, and what can happen to them."""

    def __init__(self, administration: Administration, switches: Switches, now: dt.datetime) -> None:
        self.administration: Final = administration
        self.switches: Final = switches
        self.now: Final = now
        self.today: Final = administration.today(now)

    def totals(self, invoice: Invoice) -> Totals:
        """What the lines of `invoice` come to."""
        return compute(invoice.lines, self.administration.tax_rates, invoice, self.switches.tax_rounding)

    def unpaid(self, invoice: Invoice) -> Decimal:
        """What is still owed; negative on an unsettled credit invoice and after an overpayment."""
        return self.totals(invoice).incl_tax - paid(invoice)

    def in_base(self, amount: Decimal, currency: str) -> Decimal:
        """`amount` in the currency of the administration."""
        return cents(amount * self.administration.rates[currency])

    def catch_up(self) -> None:
        """Do what happened by itself since the last day anybody looked."""
        if self.administration.caught_up_on == self.today:
            return
        self.administration.caught_up_on = self.today
        scheduled = [each for each in self.administration.invoices.values() if each.state == "scheduled"]
        for invoice in sorted(scheduled, key=lambda each: (each.invoice_date, int(each.id))):
            if invoice.invoice_date is not None and invoice.invoice_date <= self.today:
                day = self.administration.midnight(invoice.invoice_date)
                then = Desk(self.administration, self.switches, max(day, invoice.updated_at))
                then.send(invoice, invoice.sending or Sending("Manual"))
        for invoice in self.administration.invoices.values():
            self.age(invoice)

    def age(self, invoice: Invoice) -> None:
        """Let an unpaid invoice become late, or what was late become open where its due date has moved."""
        late_on = self._late_on(invoice)
        if invoice.state in {"open", "reminded"} and late_on <= self.today:
            self._enter(invoice, "late", max(self.administration.midnight(late_on), invoice.updated_at))
        elif invoice.state == "late" and late_on > self.today:
            self._enter(invoice, "open", self.now)

    def add(self, invoice: Invoice, action: str, **data: Any) -> None:
        """A new draft, with the first line of its history."""
        self.administration.next_draft += 1
        self.administration.invoices[invoice.id] = invoice
        invoice.events.append(Event(action, self.now, data))
        self.administration.record("invoice_created", invoice.id)

    def send(self, invoice: Invoice, sending: Sending) -> None:
        """Make a draft or scheduled invoice open, give it its number, and deliver it; deliver any other again."""
        if invoice.state in {"draft", "scheduled"}:
            invoice.invoice_date = invoice.invoice_date or self.today
            invoice.due_date = invoice.invoice_date + dt.timedelta(days=invoice.interval)
            invoice.invoice_id = self.administration.new_number(invoice.invoice_date.year)
            invoice.draft_id = None
            invoice.sent_at = self.today
            invoice.next_reminder = invoice.due_date
            self._enter(invoice, "open", self.now)
        invoice.sending = sending
        self.administration.record("invoice_sent", invoice.id)
        self._deliver(invoice, sending)
        self.age(invoice)

    def schedule(self, invoice: Invoice, sending: Sending, day: dt.date) -> None:
        """Send a draft by itself on `day`."""
        invoice.sending = sending
        invoice.invoice_date = day
        invoice.due_date = day + dt.timedelta(days=invoice.interval)
        self._enter(invoice, "scheduled", self.now)
        self.administration.record("invoice_scheduled", invoice.id)

    def pay(self, invoice: Invoice, payment: Payment) -> None:
        """Register a payment; the one that leaves nothing unpaid makes the invoice paid."""
        invoice.payments.append(payment)
        invoice.updated_at = self.now
        self.administration.record("payment_created", payment.id)
        if self._is_settled(invoice):
            invoice.paid_at = payment.payment_date
            self._enter(invoice, "paid", self.now)

    def unpay(self, invoice: Invoice, payment: Payment) -> None:
        """Take a payment back."""
        invoice.payments.remove(payment)
        invoice.updated_at = self.now
        self.administration.record("payment_deleted", payment.id)
        if invoice.state == "paid" and not self._is_settled(invoice):
            invoice.paid_at = None
            self._enter(invoice, "open", self.now)
            self.age(invoice)

    def remind(self, invoice: Invoice) -> None:
        """Count a reminder and wait for the next step of the workflow."""
        intervals = self.administration.workflows[invoice.workflow_id].intervals
        invoice.reminder_count += 1
        wait = intervals[min(invoice.reminder_count, len(intervals) - 1)]
        invoice.next_reminder = self.today + dt.timedelta(days=wait)
        self._enter(invoice, "reminded", self.now)
        self.administration.record("reminder_sent", invoice.id)

    def mark_dubious(self, invoice: Invoice, day: dt.date) -> None:
        """Doubt that it will be paid; the state stays."""
        invoice.marked_dubious_on = day
        self.happen(invoice, "sales_invoice_marked_as_dubious")
        self.administration.record("marked_dubious", invoice.id)

    def mark_uncollectible(self, invoice: Invoice, day: dt.date) -> None:
        """Give up; there is no way back."""
        invoice.marked_uncollectible_on = day
        self._enter(invoice, "uncollectible", self.now)
        self.happen(invoice, "sales_invoice_marked_as_uncollectible")
        self.administration.record("marked_uncollectible", invoice.id)

    def pause(self, invoice: Invoice) -> None:
        """Hold the workflow."""
        invoice.paused = True
        self.happen(invoice, "sales_invoice_paused")
        self.administration.record("paused", invoice.id)

    def resume(self, invoice: Invoice) -> None:
        """Let the workflow go on."""
        invoice.paused = False
        self.happen(invoice, "sales_invoice_unpaused")
        self.administration.record("resumed", invoice.id)

    def credit(self, original: Invoice) -> Invoice:
        """A new draft that takes back every line of `original`."""
        workflow = self.administration.workflows[original.workflow_id]
        invoice = Invoice(
            id=self.administration.new_id(self.now),
            contact=original.contact,
            contact_person_id=original.contact_person_id,
            workflow_id=original.workflow_id,
            document_style_id=original.document_style_id,
            identity_id=original.identity_id,
            interval=original.interval,
            due_date=self.today + dt.timedelta(days=original.interval),
            currency=original.currency,
            language=original.language,
            prices_are_incl_tax=original.prices_are_incl_tax,
            payment_conditions=workflow.payment_conditions,
            discount=original.discount,
            reference=original.reference,
            original_sales_invoice_id=original.id,
            draft_id=self.administration.next_draft,
            created_at=self.now,
            updated_at=self.now,
        )
        heading = _CREDIT_HEADINGS.get(original.language, _CREDIT_HEADINGS["en"]).format(original.invoice_id)
        first = original.lines[0]
        invoice.lines = [self._line(heading, _ZERO, Decimal(1), None, first, 1)]
        for order, line in enumerate(original.lines, start=2):
            amount = None if line.amount is None else _negated(line.amount)
            invoice.lines.append(self._line(line.description, line.price, -line.quantity, amount, line, order))
        self.add(invoice, "credit_invoice_created_from_original", original_invoice=original.invoice_id)
        self.administration.record("credit_created", invoice.id)
        return invoice

    def settle(self, credit: Invoice, original: Invoice) -> None:
        """Let a credit invoice and its original pay each other: one payment on each, over the credit's total."""
        total = self.totals(credit).incl_tax
        named = credit.id if self.switches.settlement_names_credit else None
        self.pay(original, self._settlement(original, -total, named))
        self.pay(credit, self._settlement(credit, total, None))

    def happen(self, invoice: Invoice, action: str, **data: Any) -> None:
        """Add to an invoice's history."""
        invoice.events.append(Event(action, self.now, data))
        invoice.updated_at = self.now

    def _settlement(self, invoice: Invoice, price: Decimal, credit_id: str | None) -> Payment:
        accounts = self.administration.ledger_accounts.values()
        return Payment(
            id=self.administration.new_id(self.now),
            invoice_id=invoice.id,
            price=price,
            price_base=self.in_base(price, invoice.currency),
            payment_date=self.today,
            created_at=self.now,
            ledger_account_id=next(each.id for each in accounts if each.name == "Vereffeningen"),
            credit_invoice_id=credit_id,
        )

    def _line(
        self, description: str, price: Decimal, quantity: Decimal, amount: str | None, like: Line, order: int
    ) -> Line:
        return Line(
            id=self.administration.new_id(self.now),
            description=description,
            price=price,
            quantity=quantity,
            amount=amount,
            tax_rate_id=like.tax_rate_id,
            ledger_account_id=like.ledger_account_id,
            row_order=order,
            created_at=self.now,
            updated_at=self.now,
            period=like.period,
            project_id=like.project_id,
            product_id=like.product_id,
        )

    def _deliver(self, invoice: Invoice, sending: Sending) -> None:
        if sending.delivery_method == "Peppol":
            self.happen(invoice, "sales_invoice_send_si", si_identifier=invoice.contact.si_identifier)
        if sending.delivery_method == "Email":
            recipient = sending.email_address or invoice.contact.invoice_email
            message = sending.email_message or f"Geachte {invoice.contact.name}, hierbij factuur {invoice.invoice_id}."
            self.happen(invoice, "sales_invoice_send_email", email_address=recipient, email_message=message)
            self.administration.record("mail", invoice.id, recipient)

    def _is_settled(self, invoice: Invoice) -> bool:
        total = self.totals(invoice).incl_tax
        left = total - paid(invoice)
        return left >= 0 if total < 0 else left <= 0

    def _late_on(self, invoice: Invoice) -> dt.date:
        """The day on which an unpaid invoice is late, which a reminder puts off to the next step of the workflow."""
        due = invoice.due_date
        if invoice.state == "reminded" and invoice.next_reminder is not None:
            if invoice.paused or not self.switches.reminder_expires:
                return dt.date.max
            due = max(due, invoice.next_reminder)
        return due + dt.timedelta(days=1 if self.switches.late_from == "day_after_due" else 0)

    def _enter(self, invoice: Invoice, state: State, at: dt.datetime) -> None:
        invoice.state = state
        invoice.events.append(Event(f"sales_invoice_state_changed_to_{state}", at))
        invoice.updated_at = at


def paid(invoice: Invoice) -> Decimal:
    """What was paid on an invoice, in its currency."""
    return sum((payment.price for payment in invoice.payments), _ZERO)


def _negated(amount: str) -> str:
    return amount[1:] if amount.startswith("-") else f"-{amount}"
