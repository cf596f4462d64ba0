"""What a refusal of Tribe's means to a caller. Its codes are null, so the status tells, and for one case the sentence.

No part of a sentence is passed on.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from invoice_mcp.backends.access import Access
from invoice_mcp.errors import Conflict, InvoiceError, NotFound, Unauthorized, VendorRefused
from invoice_mcp.net.answers import Refusal

_LOOK: Final = "Look at the invoice with get_invoice; ask the user to look in Tribe CRM if it seems possible."
_CHANGED: Final = "The invoice is not in a state in which Tribe CRM allows this."
_TAKEN: Final = ("already exist", "already_exists", "unique constraint", "unique_constraint", "duplicate key")
_SETTINGS: Final = (("importid", "import_id = false"), ("productlines", 'product_lines = "separate"'))
"""What a sentence names, and the setting that leaves it out."""

_MISSING_SET: Final = ("entityset", "entity set", "entity type", "resource path", "segment")

_BY_STATUS: Final[Mapping[int, tuple[Callable[..., InvoiceError], str, str]]] = {
    403: (
        Unauthorized,
        "The account's client may not do this in Tribe CRM.",
        "Ask the user what the client of client_id is allowed in Tribe CRM.",
    ),
    404: (NotFound, "Tribe CRM has no such record.", "Take a ref from search_invoices."),
    409: (Conflict, _CHANGED, _LOOK),
    412: (Conflict, _CHANGED, _LOOK),
}


ACCESS: Final = Access(
    vendor="Tribe CRM",
    keys=("client_id", "client_secret"),
    made_in="Tribe CRM, under Configuration, Applications",
    scope="to read and write",
    urls=("base_url", "token_url"),
)


def refused(refusal: Refusal, entity_set: str) -> InvoiceError:
    """The error that a refusal of a request about `entity_set` is for a caller."""
    if lacks_set(refusal, entity_set):
        return VendorRefused(
            "Tribe CRM has nothing of this kind there: its Billing module is off, or base_url is not right.",
            next="Ask the user to check the Billing module of the tenant, and base_url of the account.",
        )
    message = _message(refusal.json).casefold()
    for name, setting in _SETTINGS:
        if refusal.status == 400 and name in message:
            return VendorRefused(
                "Tribe CRM refused a property of this request; nothing was written.",
                next=f"Ask the user to set {setting} in the account.",
            )
    make, said, advice = _BY_STATUS.get(
        refusal.status, (VendorRefused, "Tribe CRM refused this; nothing was written.", _LOOK)
    )
    return make(said, next=advice)


def taken_for_new(body: Any) -> VendorRefused | None:
    """The error for a caller, where the answer to a POST with an ID says that the ID is taken.

    By Tribe's page such a POST is a change. An engine that goes by the protocol alone takes it for a new record; some
    say so as an error of their database, with a status of 500.
    """
    message = _message(body).casefold()
    if not any(words in message for words in _TAKEN):
        return None
    return VendorRefused(
        "The change was taken for a new invoice and refused, because its ID is taken; nothing was changed.",
        next='Ask the user to set updates = "patch" in the account, which changes records by PATCH.',
    )


def lacks_set(refusal: Refusal, entity_set: str) -> bool:
    """Whether a 404 says that the whole set is missing, and not one entity of it.

    Engines say so in a sentence of their own (Apache Olingo: "Cannot find EntitySet, Singleton, …"), most of them
    with the name of the set in it; Tribe's other clients look for "entity type not found".
    """
    message = _message(refusal.json).casefold()
    named = entity_set.casefold() in message and "(" not in message
    return refusal.status == 404 and (named or any(words in message for words in _MISSING_SET))


def _message(body: Any) -> str:
    match body:
        case {"error": {"message": str(message)}}:
            return message
        case {"error": {"message": {"value": str(message)}}}:
            return message
        case _:
            return ""
