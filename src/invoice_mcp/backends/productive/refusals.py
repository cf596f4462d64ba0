"""What a refusal of Productive's means to a caller, told by its codes and pointers: its sentences are never passed on.

The status inside an error object is not reliable (a word was seen there), so the one of the answer counts. A pointer
lacks its leading slash, and may name the wrong attribute.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from invoice_mcp.backends.access import Access
from invoice_mcp.errors import Conflict, InvoiceError, NotFound, Unauthorized, VendorContract, VendorRefused
from invoice_mcp.net.answers import Refusal
from invoice_mcp.wire.jsonapi import Fault, faults


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What is known of a code, a pointer or a status: `said` and `advice` are ours."""

    make: Callable[..., InvoiceError]
    said: str
    advice: str


_LOOK: Final = "Look at the invoice with get_invoice; ask the user to look in Productive if it seems possible."

_BY_CODE: Final = {
    "no_person": _Meaning(
        Unauthorized,
        "The account's token belongs to nobody in the organisation of its organization_id.",
        "Ask the user to check organization_id and token in the configuration.",
    ),
    "financials_unavailable": _Meaning(
        Unauthorized,
        "The account's token does not open invoices: the plan or the person's permissions lack them.",
        "Ask the user to look at their permissions in Productive.",
    ),
    "record_not_found": _Meaning(
        NotFound, "Productive has no such record in this organisation.", "Take a ref from search_invoices."
    ),
}
_BY_FIELD: Final = {
    "base": _Meaning(Conflict, "The invoice is not in a state in which Productive allows this.", _LOOK),
    "invoice": _Meaning(Conflict, "The invoice is not in a state in which Productive allows this.", _LOOK),
    "to": _Meaning(
        VendorRefused,
        "Productive does not mail to this address.",
        "Ask the user to look at the billing contact in Productive, or use deliver manual.",
    ),
    "amount": _Meaning(
        Conflict,
        "Productive does not take this amount.",
        "Look at the invoice with get_invoice; somebody may have registered a payment.",
    ),
}
_BY_STATUS: Final = {
    400: _Meaning(
        VendorContract,
        "Productive does not know something that its documents promise.",
        "Search with fewer filters; ask the user to report this.",
    ),
    403: _Meaning(
        Unauthorized, "The account's token may not do this.", "Ask the user to look at their permissions in Productive."
    ),
    404: _BY_CODE["record_not_found"],
    409: _BY_FIELD["base"],
    415: _Meaning(
        VendorContract, "Productive does not take the format it documents.", "Ask the user to check base_url."
    ),
}
_OTHERWISE: Final = _Meaning(VendorRefused, "Productive refused this; nothing was written.", _LOOK)


ACCESS: Final = Access(
    vendor="Productive",
    keys=("token",),
    made_in="Productive, under Settings, API integrations",
    ends=("revoked", "of somebody who was deactivated"),  # by its help pages tokens do not expire
)


def refused(refusal: Refusal) -> InvoiceError:
    """The error that a refusal is for a caller."""
    meaning = _meaning(faults(refusal.json), refusal.status)
    return meaning.make(meaning.said, next=meaning.advice)


def _meaning(found: list[Fault], status: int) -> _Meaning:
    known = [_BY_CODE[fault.code] for fault in found if fault.code in _BY_CODE]
    if not known and status == 422:
        known = [_BY_FIELD[fault.field] for fault in found if fault.field in _BY_FIELD]
    return known[0] if known else _BY_STATUS.get(status, _OTHERWISE)
