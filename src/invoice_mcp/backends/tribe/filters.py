"""What of a search Tribe can do itself, as OData filters. Pure.

A filter may let through too much, since everything is checked here again, and never too little: amounts have a cent
to spare on both sides, what is null is let through, and a word is looked for in several spellings of its case.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

from invoice_mcp.domain.query import Gap, InvoiceQuery
from invoice_mcp.domain.status import Kind
from invoice_mcp.wire.odata import Filter, all_of, any_of, contains, eq, ge, guid, le, lt, ne, sayable

GROSS: Final = "TotalSalesIncludingVAT"
NUMBER: Final = "Number"
NAME: Final = "_Name"
CHANGED: Final = "LastMutationDate"
CREATED: Final = "CreationDate"
CURRENCY: Final = "Currency"
IMPORT_ID: Final = "ImportId"
BUYER: Final = "Relationship/ID"
PHASE: Final = "Phase/Code"

MAX_WORDS: Final = 4
"""So many words are said to Tribe, the longest; the others are looked for here."""

ITEMS_NOT_SEARCHED: Final = Gap(
    "item names are not searched in Tribe CRM, nor spellings with other accents than were given", ("text",)
)

_WORD: Final = re.compile(r"[^\W_]+")
_SPARE: Final = Decimal("0.01")
_IN_TEXT: Final = ("Subject", NUMBER, "RelationDescription")
_DATES: Final[Mapping[str, tuple[str, ...]]] = {
    "issue_date": ("issued_from", "issued_to"),
    "due_date": ("due_from", "due_to"),
    "paid_date": ("paid_from", "paid_to"),
    "buyer_reference": ("buyer_reference",),
}
"""Arguments by the field that answers them, which Tribe has not: only a field of the tenant's own can."""


def unanswerable(query: InvoiceQuery, fields: Mapping[str, str], key: str) -> Gap | None:
    """What nothing in this account can be searched by; `key` is where fields are configured."""
    asked = [
        (meaning, [name for name in names if getattr(query, name) is not None]) for meaning, names in _DATES.items()
    ]
    missing = [(meaning, names) for meaning, names in asked if names and meaning not in fields]
    if not missing:
        return None
    what = ", ".join(meaning for meaning, _ in missing)
    return Gap(
        f"invoices in Tribe CRM have no {what}; if the tenant has a field for it, {key} can name it",
        tuple(name for _, names in missing for name in names),
    )


def invoice_filter(
    query: InvoiceQuery,
    *,
    codes: Sequence[str] | None,
    buyer_ids: Iterable[str] | None,
    reference_field: str | None,
    currency: str | None,
    number: bool,
) -> Filter | None:
    """What to ask for; None for all.

    Args:
        codes: those of the phases that can be meant.
        buyer_ids: those of the buyers that are meant.
        reference_field: where the buyer's reference stands.
        currency: that of invoices that name none.
        number: whether the number has to match as it is spelled.
    """
    parts = [
        *([any_of(*(eq(PHASE, code) for code in codes))] if codes else []),
        *([any_of(*(eq(BUYER, guid(each)) for each in buyer_ids))] if buyer_ids is not None else []),
        *([eq(NUMBER, query.invoice_number)] if number and query.invoice_number is not None else []),
        *([ge(CHANGED, query.updated_since - timedelta(seconds=1))] if query.updated_since is not None else []),
        *([lt(GROSS, Decimal(0))] if query.kind is Kind.CREDIT_NOTE else []),
        *_amounts(query),
        *_words(query.text, [*_IN_TEXT, *([reference_field] if reference_field else [])]),
    ]
    if query.currency is not None:
        same = eq(CURRENCY, query.currency)
        parts.append(any_of(same, eq(CURRENCY, None)) if query.currency == currency else same)
    if query.buyer_reference is not None and reference_field is not None and sayable(query.buyer_reference):
        parts.append(eq(reference_field, query.buyer_reference))
    return all_of(*parts) if parts else None


def named_like(text: str) -> Filter | None:
    """Records whose name contains `text`, in whatever case; None when it cannot be said."""
    return any_of(*(contains(NAME, each) for each in _cases(text))) if sayable(text) else None


def has_words(text: str) -> bool:
    """Whether there is a word in `text` to search for."""
    return _WORD.search(text) is not None


def numbered() -> Filter:
    """Invoices that have a number."""
    return ne(NUMBER, None)


def _amounts(query: InvoiceQuery) -> list[Filter]:
    """The total, which is also what is payable unless nothing is: then 0 may be what was asked for."""
    low, high = query.amount_min, query.amount_max
    if (low is None or low <= 0) and (high is None or high >= 0):
        return []
    bounds: list[Filter] = []
    if low is not None:
        bounds.append(ge(GROSS, low - _SPARE))
    if high is not None:
        bounds.append(le(GROSS, high + _SPARE))
    return [any_of(eq(GROSS, None), all_of(*bounds))]


def _words(text: str | None, places: Sequence[str]) -> list[Filter]:
    words = sorted(dict.fromkeys(_WORD.findall(text or "")), key=len, reverse=True)[:MAX_WORDS]
    return [any_of(*(contains(place, each) for place in places for each in _cases(word))) for word in words]


def _cases(text: str) -> list[str]:
    """Spellings of `text` that an engine which minds case may have it in."""
    return list(dict.fromkeys((text, text.lower(), text.upper(), text.capitalize(), text.title())))
