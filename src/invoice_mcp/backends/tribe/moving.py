"""Moving an invoice to another phase of the tenant's: one request, after it was read, and read again after.

The POST that Tribe documents for this also creates: with an ID that no invoice has, it may make one. So it is sent
only for an invoice that was just read. An account can be set to PATCH instead, which any engine of OData V4 knows.
"""

from typing import Any

from invoice_mcp.backends.base import Absent, Step, Undetermined, Write
from invoice_mcp.backends.tribe.api import INVOICES, ROOT, invoice_path
from invoice_mcp.backends.tribe.desk import Desk
from invoice_mcp.backends.tribe.reading import from_vendor_invoice
from invoice_mcp.backends.tribe.wire import WholeInvoice
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.errors import InvoiceError
from invoice_mcp.net import LostAnswer

PATH = f"/{'/'.join(ROOT)}/{INVOICES}"


async def step(desk: Desk, write: Write, record: WholeInvoice, code: str, **before: Any) -> Step:
    """The step that moves the invoice of `record` to the tenant's phase `code`.

    Raises:
        PolicyRefused: the tenant has no such phase.
    """
    phase = await desk.phase(code)
    status = desk.phases.status(phase)
    link = {"Phase": {"ID": phase.id}}
    by_patch = desk.options.updates == "patch"
    return Step(
        number=1,
        method="PATCH" if by_patch else "POST",
        path=f"{PATH.rpartition('/')[0]}/{invoice_path(record.id)}" if by_patch else PATH,
        body=link if by_patch else {"ID": record.id, **link},
        before=desk.before(record, phase=phase.id, to=status.value, **before),
        identity=write.identity,
    )


async def perform(desk: Desk, step: Step) -> Invoice | None:
    """Move it; the invoice as it is then, None when it was accepted and cannot be read.

    Raises:
        Conflict: the invoice changed since the plan was made.
        NotFound: it is gone.
        LostAnswer: whether it took effect is not known.
    """
    await desk.unchanged(step)
    await desk.api.write(step.method, step.path.rpartition("/")[2], step.body)
    try:
        record = await desk.api.invoice(step.before["invoice"])
    except InvoiceError:
        return None  # it was accepted; that it cannot be read now says nothing about it
    if not _arrived(record, step):
        raise LostAnswer("the invoice is still in another phase")
    return from_vendor_invoice(record, desk.view())


async def find(desk: Desk, step: Step) -> Invoice | Absent | Undetermined:
    """Whether the invoice is in the phase: the invoice then."""
    record = await desk.api.invoice(step.before["invoice"])
    if _arrived(record, step):
        return from_vendor_invoice(record, desk.view())
    return Absent() if desk.is_unchanged(record, step.before) else Undetermined((record.id,))


def _arrived(record: WholeInvoice, step: Step) -> bool:
    return record.phase is not None and record.phase.id == step.before["phase"]
