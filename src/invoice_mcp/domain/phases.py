"""Which phases an invoice can move to from where it stands, in a system that has all of them but `scheduled`."""

from dataclasses import dataclass
from decimal import Decimal

from invoice_mcp.domain.status import UNPAID, Kind, Phase, Status


@dataclass(frozen=True, slots=True)
class PhaseFacts:
    """What decides the possible phases. `paid_amount` is in the invoice's currency."""

    kind: Kind
    status: Status
    paid_amount: Decimal
    paused: bool
    dubious: bool


def possible_phases(facts: PhaseFacts) -> tuple[Phase, ...]:
    """The phases that would change something now, in the order of `Phase`.

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
