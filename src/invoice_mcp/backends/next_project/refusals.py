"""What a refusal of Next's means to a caller. Its sentences are never passed on; names of fields are ours, and are.

`detail` is a sentence, an object, or a list of objects with `loc`, `msg` and `type`: all three are documented or were
seen.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from invoice_mcp.backends.access import Access
from invoice_mcp.backends.next_project.fields import Names
from invoice_mcp.errors import InvoiceError, NotFound, Unauthorized, VendorContract, VendorRefused
from invoice_mcp.net.answers import Refusal

_MAX_DETAILS: Final = 20
_MAX_TEXT: Final = 2000

_DENIED: Final[Mapping[str, tuple[str, str]]] = {
    "access_denied": (
        "Next does not let the account's token in: it was revoked, or Next is closed for maintenance or a release.",
        "Try again in some minutes; if it stays so, ask the user whether the API key was deleted in Next.",
    ),
    "Access denied to module.": (
        "Next keeps the account's token out of customer invoices: its user has no right to them, or a release is "
        "being put in.",
        "Try again in some minutes; if it stays so, ask the user about the rights of the token's user in Next.",
    ),
}
_DENIED_SOMEHOW: Final = (
    "Next refused access: the token was revoked, its user has no right to customer invoices, or Next is closed for "
    "maintenance or a release; Next does not tell which.",
    "Try again in some minutes; if it stays so, ask the user to check the API key and its user in Next.",
)
_LOOK: Final = "Look at the invoice with get_invoice; ask the user to look in Next if it seems possible."


ACCESS: Final = Access(
    vendor="Next",
    keys=("token",),
    made_in="Next, as a one-time key that `invoice-mcp next-token` exchanges",
    ends=("revoked",),  # its documents give a token no end but that
)


def refused(refusal: Refusal, names: Names) -> InvoiceError:
    """The error that a refusal is for a caller."""
    make = _BY_STATUS.get(refusal.status)
    if make is None:
        return VendorRefused("Next refused this; nothing was written.", next=_LOOK)
    return make(list(_details(refusal.json)), names)


def _forbidden(details: list[tuple[str, str]], _names: Names) -> InvoiceError:
    said, advice = next((_DENIED[said] for _, said in details if said in _DENIED), _DENIED_SOMEHOW)
    return Unauthorized(said, next=advice)


def _not_found(_details: list[tuple[str, str]], _names: Names) -> InvoiceError:
    return NotFound("Next has no such record.", next="Take a ref from search_invoices.")


def _malformed(details: list[tuple[str, str]], names: Names) -> InvoiceError:
    """A name that Next does not know, or a value it does not take: what it says is searched for our own names."""
    told = " ".join(f"{place} {said} " for place, said in details)
    known = sorted(f"{name} ({word})" for word, name in names.of.items() if _mentions(told, name))
    which = f" in {', '.join(known)}" if known else ""
    return VendorContract(
        f"Next does not take the request as it was made{which}; nothing was written.",
        next="Ask the user to compare the names under `fields` in the account with Next's API reference.",
    )


def _mentions(told: str, name: str) -> bool:
    return any(f"{before}{name}{after}" in told for before in ("'", " ") for after in ("'", "__", " "))


def _details(body: Any) -> Iterator[tuple[str, str]]:
    """Every place and sentence of a body, whatever its shape."""
    detail = body.get("detail") if isinstance(body, dict) else None
    for item in (detail if isinstance(detail, list) else [detail])[:_MAX_DETAILS]:
        if isinstance(item, str):
            yield "", item[:_MAX_TEXT]
        elif isinstance(item, dict):
            place = item.get("loc")
            message = item.get("msg")
            where = " ".join(str(step) for step in place) if isinstance(place, list) else ""
            yield where[:_MAX_TEXT], message[:_MAX_TEXT] if isinstance(message, str) else ""


_BY_STATUS: Final[Mapping[int, Callable[[list[tuple[str, str]], Names], InvoiceError]]] = {
    403: _forbidden,
    404: _not_found,
    422: _malformed,
}
