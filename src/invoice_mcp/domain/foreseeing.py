"""An invoice as a write would leave it, as far as that can be told from what is known before. Pure."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.status import Flag, Phase, Status

_MOVED: Final = {
    Phase.SENT: Status.OPEN,
    Phase.SCHEDULED: Status.SCHEDULED,
    Phase.UNCOLLECTIBLE: Status.UNCOLLECTIBLE,
    Phase.CANCELLED: Status.CANCELLED,
}
_FLAGS: Final = {Phase.DUBIOUS: Flag.DUBIOUS, Phase.PAUSED: Flag.PAUSED}


def after_payment(invoice: Invoice, amount: Decimal) -> Invoice:
    """The invoice once `amount` came in; a negative one is a payment taken back."""
    paid, payable = invoice.paid_amount + amount, invoice.payable_amount - amount
    status = invoice.status
    if payable == 0:
        status = Status.PAID
    elif status is Status.OPEN and paid != 0:
        status = Status.PARTIALLY_PAID
    elif status is Status.PARTIALLY_PAID and paid == 0:
        status = Status.OPEN
    return replace(invoice, paid_amount=paid, payable_amount=payable, status=status)


def after_phase(invoice: Invoice, phase: Phase) -> Invoice:
    """The invoice once it was moved to `phase`."""
    flags = [flag for flag in invoice.flags if not (phase is Phase.RESUMED and flag is Flag.PAUSED)]
    if phase in _FLAGS:
        flags.append(_FLAGS[phase])
    return replace(invoice, status=_MOVED.get(phase, invoice.status), flags=tuple(flags))
