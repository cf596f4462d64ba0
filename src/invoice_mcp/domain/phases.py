"""Which phases an invoice can move to from where it stands, and what is said when it cannot."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.requests import ChangePhase
from invoice_mcp.domain.status import UNPAID, Kind, Phase, Status
from invoice_mcp.errors import Conflict


@dataclass(frozen=True, slots=True)
class PhaseFacts:
    """What decides the possible phases. `paid_amount` is in the invoice's currency."""

    kind: Kind
    status: Status
    paid_amount: Decimal
    paused: bool
    dubious: bool


def possible_phases(facts: PhaseFacts) -> tuple[Phase, ...]:
    """The phases that would change something now, in a system that has all but `scheduled`; in the order of `Phase`.

    A draft is sent or cancelled. After that a credit note stays as it is, and so does an invoice that is settled,
    cancelled or uncollectible. Cancelling a sent invoice credits all of it, so nothing may have been paid yet.
    """
    if facts.status is Status.DRAFT:
        return (Phase.SENT, Phase.CANCELLED)
    if facts.kind is Kind.CREDIT_NOTE or facts.status not in UNPAID:
        return ()
    rules = (
        (not facts.dubious, Phase.DUBIOUS),
        (True, Phase.UNCOLLECTIBLE),
        (facts.paid_amount == 0, Phase.CANCELLED),
        (not facts.paused, Phase.PAUSED),
        (facts.paused or facts.dubious, Phase.RESUMED),
    )
    return tuple(phase for applies, phase in rules if applies)


def check_expected(request: ChangePhase, invoice: Invoice) -> None:
    """Let a change go on if the invoice stands where the caller believes.

    Raises:
        Conflict: its status is another one than `expected_status`.
    """
    if request.expected_status is not None and request.expected_status != invoice.status:
        raise Conflict(
            f"The invoice is {invoice.status}, not as expected.",
            next="Look at it with get_invoice; call again if the change is still wanted.",
            field="expected_status",
        )


def cannot_become(phase: Phase, invoice: Invoice, possible: Sequence[str]) -> Conflict:
    """The refusal of a phase that is not among the `possible` ones."""
    return Conflict(
        f"A {invoice.status} {invoice.kind.replace('_', ' ')} cannot become {phase}.",
        next=f"Possible now: {', '.join(possible)}." if possible else "No phase is possible from there.",
        field="phase",
    )
