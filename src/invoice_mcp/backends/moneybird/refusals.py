"""What a refusal of Moneybird's means to a caller, told from its codes alone: its sentences are never passed on.

Two shapes: `{"error": "…", "symbolic": {field: code}}` and `{"error": {field: […]}, "details": {field: [{"error":
code}]}}`. A code that is not known here counts as none.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from invoice_mcp.backends.access import Access
from invoice_mcp.errors import (
    Conflict,
    InvalidRequest,
    InvoiceError,
    NotFound,
    PolicyRefused,
    Unauthorized,
    VendorRefused,
)
from invoice_mcp.net.answers import Refusal

_MAX_CODES: Final = 20


@dataclass(frozen=True, slots=True)
class _Meaning:
    """One known code: `said` and `advice` are ours. None as a field stands for any."""

    field: str | None
    code: str
    make: Callable[..., InvoiceError]
    said: str
    advice: str


_LOOK: Final = "Look at the invoice with get_invoice; ask the user to look in Moneybird if it seems possible."

_MEANINGS: Final = (
    _Meaning(
        "administration",
        "limit_reached",
        PolicyRefused,
        "The Moneybird plan of this administration allows no more invoices for now.",
        "Ask the user to look at their Moneybird subscription.",
    ),
    _Meaning(
        None,
        "details_cannot_be_empty",
        Conflict,
        "Moneybird does not send an invoice without lines.",
        "Add lines first: create_invoice with replaces.",
    ),
    _Meaning(
        None,
        "need_identity_email",
        VendorRefused,
        "The sender in Moneybird has no e-mail address, so nothing can be mailed.",
        "Ask the user to set one in Moneybird, or use deliver manual.",
    ),
    _Meaning(
        None,
        "email_not_verified",
        VendorRefused,
        "The sender's e-mail address is not verified in Moneybird, so nothing can be mailed.",
        "Ask the user to verify it in Moneybird, or use deliver manual.",
    ),
    _Meaning(
        "email_address",
        "blank",
        VendorRefused,
        "Moneybird has no e-mail address for this buyer.",
        "Ask the user to add one in Moneybird, or use deliver manual.",
    ),
    _Meaning(
        "invoice_date",
        "locked_period",
        Conflict,
        "The invoice lies in a period that is locked in Moneybird.",
        "Use a later date, or ask the user to unlock the period.",
    ),
    _Meaning(
        "invoice_date",
        "too_early",
        InvalidRequest,
        "Moneybird schedules an invoice for a later day only.",
        "Give a date after today.",
    ),
    _Meaning(None, "not_open", Conflict, "The invoice is not in a state in which Moneybird allows this.", _LOOK),
    _Meaning(None, "state", Conflict, "The invoice is not in a state in which Moneybird allows this.", _LOOK),
    _Meaning(None, "invalid_state", Conflict, "The invoice is not in a state in which Moneybird allows this.", _LOOK),
    _Meaning(None, "has_payments", Conflict, "There are payments on this invoice.", "Take them back first."),
    _Meaning(None, "not_due", Conflict, "Moneybird does not remind of this invoice now.", _LOOK),
    _Meaning(
        "price",
        "less_than_or_equal_to",
        Conflict,
        "Moneybird takes no payment of more than is unpaid.",
        "Look at the invoice with get_invoice; somebody may have registered a payment.",
    ),
    _Meaning(
        None,
        "not_found",
        NotFound,
        "Moneybird has no such record in this administration.",
        "Take a ref from search_invoices.",
    ),
)

_BY_STATUS: Final[Mapping[int, tuple[Callable[..., InvoiceError], str, str]]] = {
    402: (
        PolicyRefused,
        "The Moneybird plan of this administration does not allow this.",
        "Ask the user to look at their Moneybird subscription.",
    ),
    403: (
        Unauthorized,
        "The account's token may not do this.",
        "Ask the user for a token with the scope sales_invoices.",
    ),
    404: (
        NotFound,
        "Moneybird has no such record in this administration.",
        "Take a ref from search_invoices.",
    ),
}


def lacks_scope(body: Any) -> bool:
    """Whether a 401 says that the token is good and its scopes lack sales invoices: told by its sentence alone."""
    said = body.get("error") if isinstance(body, dict) else None
    return isinstance(said, str) and said.startswith("No access to ")


ACCESS: Final = Access(
    vendor="Moneybird",
    keys=("token",),
    made_in="Moneybird, under Settings, External and AI connections (Externe en AI-koppelingen)",
    scope="to see sales invoices",
    lacks_scope=lacks_scope,
)


def refused(refusal: Refusal) -> InvoiceError:
    """The error that a refusal is for a caller."""
    codes = list(_codes(refusal.json))
    for meaning in _MEANINGS:
        if any(meaning.code == code and meaning.field in (None, field) for field, code in codes):
            return meaning.make(meaning.said, next=meaning.advice)
    make, said, advice = _BY_STATUS.get(
        refusal.status,
        (VendorRefused, "Moneybird refused this; nothing was written.", _LOOK),
    )
    return make(said, next=advice)


def _codes(body: Any) -> Iterator[tuple[str, str]]:
    """Every field and code of a body, of either shape."""
    if not isinstance(body, dict):
        return
    for shape in ("symbolic", "details"):
        fields = body.get(shape)
        if isinstance(fields, dict):
            for field, said in list(fields.items())[:_MAX_CODES]:
                yield from ((str(field).rpartition(".")[2], code) for code in _code(said))


def _code(said: Any) -> Iterator[str]:
    if isinstance(said, str):
        yield said
    elif isinstance(said, dict):
        yield from (code for code in said.values() if isinstance(code, str))
    elif isinstance(said, list):
        for item in said[:_MAX_CODES]:
            yield from _code(item)
