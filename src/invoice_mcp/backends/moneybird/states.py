"""Where an invoice stands: Moneybird's eight states, and what they leave out.

Moneybird has no state for partly paid, overdue before its nightly run, or cancelled. A settlement with a credit
invoice looks like a payment that came from nowhere; only the credit invoice itself tells.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from invoice_mcp.backends.moneybird.wire import Payment, SalesInvoice
from invoice_mcp.domain.status import UNPAID, Flag, Kind, Phase, Status

SENT_STATES: Final = frozenset({"open", "late", "reminded", "pending_payment"})
"""Issued, and neither settled nor given up."""

_CLAIMABLE: Final = SENT_STATES - {"pending_payment"}
_LATE: Final = frozenset({"late", "reminded"})
_SAME: Final = {
    "draft": Status.DRAFT,
    "scheduled": Status.SCHEDULED,
    "uncollectible": Status.UNCOLLECTIBLE,
    "paid": Status.PAID,
}
_STATES: Final = {
    **{status: frozenset({state}) for state, status in _SAME.items()},
    **dict.fromkeys(UNPAID, SENT_STATES),
    Status.CANCELLED: frozenset({"paid"}),
}
SENT_BY: Final = {"email": "email", "si": "peppol", "peppol": "peppol", "post": "post"}
"""How an invoice went out, by the end of the event that tells."""

SENDING: Final = "sales_invoice_send_"
REMINDER: Final = "sales_invoice_send_reminder"


def kind_of(invoice: SalesInvoice) -> Kind:
    """A credit invoice has an original or a negative total."""
    credit = invoice.original_sales_invoice_id is not None or invoice.total_price_incl_tax < 0
    return Kind.CREDIT_NOTE if credit else Kind.INVOICE


def status_of(invoice: SalesInvoice, today: dt.date, credits: Sequence[SalesInvoice] = ()) -> Status:
    """The status on `today`. `credits` are the credit invoices of this invoice that are known."""
    if invoice.state in _SAME:
        return Status.CANCELLED if _is_cancelled(invoice, credits) else _SAME[invoice.state]
    if invoice.state not in SENT_STATES:
        return Status.UNKNOWN
    past_due = invoice.due_date is not None and invoice.due_date < today
    if invoice.total_unpaid > 0 and (invoice.state in _LATE or past_due):
        return Status.OVERDUE
    partly = invoice.total_paid != 0 and invoice.total_unpaid != 0
    return Status.PARTIALLY_PAID if partly else Status.OPEN


def states_for(statuses: frozenset[Status]) -> frozenset[str] | None:
    """Moneybird's states in which an invoice of these statuses can be; None for any."""
    if not statuses or Status.UNKNOWN in statuses:
        return None
    return frozenset().union(*(_STATES[status] for status in statuses))


def flags_of(invoice: SalesInvoice, credits: Sequence[SalesInvoice] = ()) -> tuple[Flag, ...]:
    """What is true beside the status."""
    settled = [payment for payment in invoice.payments if is_settlement(payment)]
    named = any(payment.credit_invoice_id is not None for payment in settled)
    credited = named or any(credit.state != "draft" for credit in credits)
    plain = kind_of(invoice) is Kind.INVOICE
    issued = invoice.invoice_id is not None
    rules = (
        (invoice.paused, Flag.PAUSED),
        (invoice.marked_dubious_on is not None, Flag.DUBIOUS),
        (plain and credited, Flag.CREDITED),
        (issued and not mailed(invoice), Flag.NOT_MAILED),
        (plain and not credited and bool(settled), Flag.MAYBE_CREDITED),
    )
    return tuple(flag for applies, flag in rules if applies)


def is_settlement(payment: Payment) -> bool:
    """Whether a payment may be the settlement with a credit invoice: it names one, or nothing it came from."""
    sources = (
        payment.financial_account_id,
        payment.financial_mutation_id,
        payment.payment_transaction_id,
        payment.transaction_identifier or None,
        payment.manual_payment_action or None,
    )
    return payment.credit_invoice_id is not None or all(source is None for source in sources)


def channel_of(invoice: SalesInvoice) -> str | None:
    """How the invoice went out last, None when no delivery is on record."""
    ends = (event.action.removeprefix(SENDING) for event in invoice.events if is_sending(event.action))
    return next((SENT_BY[end] for end in reversed([*ends]) if end in SENT_BY), None)


def is_sending(action: str) -> bool:
    """Whether this event is about the invoice going out."""
    return action.startswith(SENDING) and not action.startswith(REMINDER)


def mailed(invoice: SalesInvoice) -> bool:
    """Whether the invoice was delivered by Moneybird, as far as its history tells."""
    return channel_of(invoice) is not None


def possible_phases(invoice: SalesInvoice, today: dt.date) -> tuple[Phase, ...]:
    """The phases that would change something now."""
    if invoice.state == "draft":
        return (Phase.SENT, Phase.SCHEDULED, Phase.CANCELLED)
    if invoice.state == "scheduled":
        return (Phase.SENT, Phase.CANCELLED)
    if invoice.state not in SENT_STATES or kind_of(invoice) is Kind.CREDIT_NOTE:
        return ()
    claimable = invoice.state in _CLAIMABLE
    begun = invoice.invoice_date is not None and invoice.invoice_date <= today
    rules = (
        (claimable and begun and invoice.marked_dubious_on is None, Phase.DUBIOUS),
        (claimable and begun, Phase.UNCOLLECTIBLE),
        (claimable and not invoice.payments, Phase.CANCELLED),
        (not invoice.paused, Phase.PAUSED),
        (invoice.paused, Phase.RESUMED),
    )
    return tuple(phase for applies, phase in rules if applies)


def _is_cancelled(invoice: SalesInvoice, credits: Sequence[SalesInvoice]) -> bool:
    """Whether credit invoices, and no money, settled all of it."""
    issued = [credit.total_price_incl_tax for credit in credits if credit.state != "draft"]
    only_credits = invoice.payments and all(is_settlement(payment) for payment in invoice.payments)
    return (
        invoice.state == "paid"
        and kind_of(invoice) is Kind.INVOICE
        and bool(only_credits)
        and bool(issued)
        and sum(issued) == -invoice.total_price_incl_tax
    )
