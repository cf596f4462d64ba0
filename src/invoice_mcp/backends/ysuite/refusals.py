"""What a refusal of YSuite's means to a caller, told from its status and the fields it names, never its sentences."""

from collections.abc import Iterable
from typing import Any, Final

from invoice_mcp.backends.access import Access
from invoice_mcp.errors import InvalidRequest, InvoiceError, NotFound, PolicyRefused, Unauthorized, VendorRefused

FINE: Final = 200
"""The status of a failure that says so in `success` alone."""

_MAX_FIELDS: Final = 50

# By the beginning of the field's name in YSuite: what it is called here, and what to do. The longest fits first.
_FIELDS: Final = {
    "items": ("lines", "Check the lines."),
    "customer_id": ("buyer", "Give another buyer."),
    "transaction_date": ("issue_date", "Give another issue_date."),
    "due_date": ("due_date", "Give another due_date."),
    "reference": ("buyer_reference", "Give another buyer_reference."),
    "notes": ("note", "Give another note."),
}


ACCESS: Final = Access(
    vendor="YSuite",
    keys=("access_key", "secret_key"),
    made_in="YSuite, under Settings, API Keys",
    ends=("revoked",),  # its page on authentication knows no other end
)


def refused(status: int, body: Any, account: str) -> InvoiceError:
    """The error that a refusal is for a caller; nothing was written."""
    if status == 403:
        return PolicyRefused(
            "The YSuite subscription of this organisation has no add-on for this.",
            next="Ask the user to look at their YSuite subscription; the keys themselves are fine.",
        )
    if status == 422:
        return _invalid(list(_fields(body)), account)
    return VendorRefused(
        "YSuite refused this; nothing was written.",
        next="Look at the invoice or the buyer first; ask the user to look in YSuite if it seems possible.",
    )


def no_list() -> NotFound:
    """The error for an address that has no such list: whatever answers there, it is not YSuite's API."""
    return NotFound("YSuite has no such list.", next="Ask the user to check base_url of the account.")


def turned_away() -> Unauthorized:
    """The error for keys that are accepted and yet may not even list: their user is in no organisation."""
    return Unauthorized(
        "YSuite refuses to list anything for these keys; their user may belong to no organisation.",
        next="Ask the user to check in YSuite which organisation the user of the access key belongs to.",
    )


def no_invoice(field: str) -> NotFound:
    """The error for an id that no invoice has; `field` is the argument."""
    return NotFound(f"{field} names no invoice of this account.", next="Take a ref from search_invoices.", field=field)


def _invalid(fields: list[str], account: str) -> InvoiceError:
    for field in fields:
        if field == "template_id" or field.endswith(".item_id"):
            key = field.rpartition(".")[2]
            return PolicyRefused(
                f"YSuite has no such {key.removesuffix('_id')} as accounts.{account}.{key} names.",
                next=f"Ask the person who keeps the configuration to correct accounts.{account}.{key}.",
            )
    for field in fields:
        for beginning, (name, advice) in _FIELDS.items():
            if field.startswith(beginning):
                return InvalidRequest(f"YSuite does not accept {name} as given.", next=advice, field=name)
    return VendorRefused(
        "YSuite does not accept this as given; nothing was written.", next="Ask the user to do it in YSuite."
    )


def _fields(body: Any) -> Iterable[str]:
    errors = body.get("errors") if isinstance(body, dict) else None
    return list(errors)[:_MAX_FIELDS] if isinstance(errors, dict) else ()
