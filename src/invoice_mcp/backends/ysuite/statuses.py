"""Where an invoice stands: YSuite knows open, paid and cancelled; what is overdue or paid in part, the amounts tell."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from invoice_mcp.backends.ysuite.wire import CANCELLED, OPEN, PAID, Row
from invoice_mcp.domain.status import UNPAID, Facts, Kind, Status, derive_status

LABELS: Final = {OPEN: "Open", PAID: "Paid", CANCELLED: "Cancelled"}

_CODES: Final = {
    **dict.fromkeys(UNPAID, (OPEN,)),
    # An open invoice on which nothing is due any more counts as paid, whether or not YSuite has noticed.
    Status.PAID: (PAID, OPEN),
    Status.CANCELLED: (CANCELLED,),
}


def kind_of(row: Row) -> Kind:
    """Credit notes are not documented; what claims less than nothing is one. Inferred."""
    return Kind.CREDIT_NOTE if row.total < 0 else Kind.INVOICE


def status_of(row: Row, today: dt.date) -> Status:
    """The status on `today`, the first that applies; a number that is no status of YSuite's is unknown."""
    if row.inv_status not in LABELS:
        return Status.UNKNOWN
    settled = row.inv_status == PAID or (row.total > 0 and row.amount_due <= 0)
    facts = Facts(
        cancelled=row.inv_status == CANCELLED,
        draft=False,
        scheduled=False,
        uncollectible=False,
        payable_amount=Decimal(0) if settled else row.amount_due,
        paid_amount=row.total - row.amount_due,
        due_date=row.due_date,
    )
    return derive_status(facts, today)


def label_of(row: Row) -> str:
    """YSuite's own word for the state, or its number where there is none."""
    return LABELS.get(row.inv_status, str(row.inv_status))


def payable_of(row: Row) -> Decimal:
    """What is still owed. On a cancelled invoice that is nothing, whatever it shows as due."""
    return Decimal(0) if row.inv_status == CANCELLED else row.amount_due


def codes_for(statuses: frozenset[Status]) -> Sequence[int | None]:
    """The values of `inv_status` to ask for so that no invoice of these statuses is missed; None is no filter."""
    if not statuses or Status.UNKNOWN in statuses:
        return (None,)
    codes = {code for status in statuses for code in _CODES.get(status, ())}
    return (None,) if codes == LABELS.keys() else sorted(codes)
