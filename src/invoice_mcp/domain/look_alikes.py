"""An invoice like one about to be made: no proof that it is a second copy, but worth a question."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from invoice_mcp.domain.query import InvoiceRow
from invoice_mcp.domain.results import render_row
from invoice_mcp.errors import DuplicateSuspected

LOOK_ALIKE_DAYS: Final = 7
"""Same buyer, currency and total within this many days is suspected to be a second copy."""

_SHOWN: Final = ("ref", "invoice_number", "status", "buyer", "issue_date", "currency", "tax_inclusive_amount")


def check_look_alikes(rows: Sequence[InvoiceRow], reference: str | None) -> None:
    """Refuse what looks like a second copy of one of `rows`; a reference of its own tells an invoice apart.

    Raises:
        DuplicateSuspected: there are some; they are listed.
    """
    alike = [row for row in rows if reference in (None, row.buyer_reference)]
    if alike:
        raise suspected([_shown(row) for row in alike])


def suspected(candidates: Sequence[Mapping[str, Any]], operation: str | None = None) -> DuplicateSuspected:
    """The refusal that names `candidates`; `operation` is what made the first of them, where that is known."""
    what = "an invoice" if len(candidates) == 1 else f"{len(candidates)} invoices"
    meant = "repeat_of with the operation of the first"
    if operation is None:
        meant = f"a buyer_reference of its own, or {meant}"
    return DuplicateSuspected(
        f"This buyer already has {what} of the same total from the last {LOOK_ALIKE_DAYS} days; nothing was written.",
        next=f"If a second one is meant, give it {meant}.",
        candidates=[dict(each) for each in candidates],
        operation=operation,
    )


def _shown(row: InvoiceRow) -> dict[str, Any]:
    cells = zip(_SHOWN, render_row(row, _SHOWN), strict=True)
    return {name: cell for name, cell in cells if cell != ""}
