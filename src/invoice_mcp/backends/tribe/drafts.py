"""What new drafts and edits have in common: what they can say, what they come to, and the requests for their lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from invoice_mcp.backends.base import Step
from invoice_mcp.backends.tribe import buyers, lines
from invoice_mcp.backends.tribe.api import LINES, ROOT
from invoice_mcp.backends.tribe.desk import Desk
from invoice_mcp.backends.tribe.lines import OutLine
from invoice_mcp.domain.identity import Identity
from invoice_mcp.domain.money import Money
from invoice_mcp.domain.requests import CreateInvoice
from invoice_mcp.domain.status import Kind
from invoice_mcp.errors import NotFound, Unsupported
from invoice_mcp.wire.odata import guid

SET_PATH = f"/{'/'.join(ROOT)}"
NEW_INVOICE = "{invoice}"
"""Stands in a step for the invoice that the first step makes."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a draft says, resolved. `head` has Tribe's keys."""

    head: Mapping[str, Any]
    lines: Sequence[OutLine]
    currency: str

    def total(self) -> Money:
        """What the lines come to, with VAT."""
        inclusive = bool(self.head.get("IsVatIncluded"))
        return Money(lines.total_of(self.lines, self.currency, inclusive=inclusive), self.currency)


def check_sayable(desk: Desk, request: CreateInvoice) -> None:
    """Refuse, before anything is asked, what cannot be said to Tribe.

    Raises:
        Unsupported: it has no place there.
        NotFound: a ref or id that Tribe cannot have.
        InvalidRequest: a line without a VAT rate.
    """
    if request.kind is Kind.CREDIT_NOTE:
        raise Unsupported(
            "How Tribe CRM makes a credit note is not known.",
            next="Ask the user to credit the invoice in Tribe CRM.",
            field="kind",
        )
    missing = {
        "note": "prints no note of its own on an invoice",
        "issue_date": "dates an invoice when it is finalized",
        "due_date": "works out itself when an invoice is due",
        "payment_terms_days": "works out itself when an invoice is due",
    }
    if "buyer_reference" not in desk.options.fields:
        missing["buyer_reference"] = f"has no such field, and accounts.{desk.account}.fields names none"
    for field, why in missing.items():
        if getattr(request, field) is not None:
            raise Unsupported(f"Tribe CRM {why}.", next=f"Leave {field} out.", field=field)
    if request.buyer is not None:
        buyers.check_sayable(request.buyer)
    for field in ("copy_of", "replaces"):
        ref = getattr(request, field)
        if ref is not None and guid(ref.id) is None:
            raise NotFound(
                f"{field} names no invoice of this account.", next="Take a ref from search_invoices.", field=field
            )
    lines.from_request(request.lines or ())


def reference_head(desk: Desk, request: CreateInvoice) -> dict[str, Any]:
    """The buyer's reference in the tenant's own field."""
    if request.buyer_reference is None:
        return {}
    return {desk.options.fields["buyer_reference"]: request.buyer_reference}


def line_steps(
    out: Sequence[OutLine], invoice_id: str, identity: Identity, *, first: int, before: Mapping[str, Any]
) -> list[Step]:
    """One step per line, each by a request of its own; before the n-th, n - 1 of them stand on the invoice."""
    return [
        Step(
            number=first + place,
            method="POST",
            path=f"{SET_PATH}/{LINES}",
            body={**line.written(), "Activity": {"ID": invoice_id}},
            before={**before, "expected": place},
            identity=identity,
        )
        for place, line in enumerate(out)
    ]
