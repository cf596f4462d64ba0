"""Questions to Productive's lists: filters, order, sparse fieldsets, page. Pure.

A filter may be ignored without a word, so every one is checked here again on what comes back; and one that is refused
is left out. So only what is documented is asked for, and nothing relies on it.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from invoice_mcp.domain.query import InvoiceQuery, Sort, SortKey
from invoice_mcp.domain.status import UNPAID, Kind, Status

Params = tuple[tuple[str, str], ...]

PER_PAGE: Final = 200
"""The most that a page can hold."""

ROW_FIELDS: Final = ",".join(
    (
        "number",
        "subject",
        "invoiced_on",
        "pay_on",
        "sent_on",
        "paid_on",
        "finalized_on",
        "finalized_at",
        "deleted_at",
        "created_at",
        "updated_at",
        "currency",
        "invoice_type_id",
        "purchase_order_number",
        "tag_list",
        "amount",
        "amount_tax",
        "amount_with_tax",
        "amount_paid",
        "amount_unpaid",
        "amount_written_off",
        "amount_credited_with_tax",
        "company",
        "organization",
    )
)
"""Attributes of a row, and the relationships whose linkage would be left out as well."""

COMPANY_FIELDS: Final = (
    "name,vat,default_currency,default_subsidiary_id,default_document_type_id,due_days,payment_terms_type"
)

NEWEST_FIRST: Final = "-created_at"

_SORTS: Final = {SortKey.ISSUE_DATE: "invoiced_on", SortKey.DUE_DATE: "pay_on"}
_TYPES: Final = {Kind.INVOICE: "1", Kind.CREDIT_NOTE: "2"}

_DRAFT: Final = (("filter[invoice_state]", "1"),)
_FINALIZED: Final = (("filter[invoice_state]", "2"),)
_CLAIMS: Final[tuple[tuple[Kind, Params], ...]] = (
    (Kind.INVOICE, (*_FINALIZED, ("filter[payment_status]", "2"))),
    (Kind.INVOICE, (*_FINALIZED, ("filter[payment_status]", "3"))),
    (Kind.CREDIT_NOTE, _FINALIZED),
)
"""Unpaid, partially paid, and credit notes that were not settled."""


def lists_for(query: InvoiceQuery, company_ids: Sequence[str] | None) -> list[Params]:
    """The filters to ask for; one list after the other, as a filter takes one value for certain."""
    common = _common(query)
    companies: list[Params] = [()] if company_ids is None else [(("filter[company_id]", each),) for each in company_ids]
    return [(*company, *state, *common) for company in companies for state in _states(query)]


def order_of(sort: Sort) -> str | None:
    """The order that Productive gives rows in for `sort`; None when it has none."""
    key = _SORTS.get(sort.key)
    return None if key is None else f"-{key}" if sort.descending else key


def rows_asked(filters: Params, order: str, page: int) -> Params:
    """A page of invoices as rows."""
    return (
        *filters,
        ("include", "company"),
        ("fields[invoices]", ROW_FIELDS),
        ("fields[companies]", "name,vat"),
        ("sort", order),
        *paged(page),
    )


def paged(page: int) -> Params:
    """The page of a list."""
    return (("page[number]", str(page)), ("page[size]", str(PER_PAGE)))


def _common(query: InvoiceQuery) -> Params:
    said: list[tuple[str, str]] = []
    if query.currency is not None:
        said.append(("filter[currency]", query.currency))
    if query.buyer_reference is not None:
        said.append(("filter[purchase_order_number]", query.buyer_reference))
    spans = (
        ("invoiced_on", query.issued_from, query.issued_to),
        ("pay_on", query.due_from, query.due_to),
        ("paid_on", query.paid_from, query.paid_to),
    )
    for name, first, last in spans:
        said += _span(name, first, last)
    return tuple(said)


def _span(name: str, first: dt.date | None, last: dt.date | None) -> list[tuple[str, str]]:
    ends = (("gt_eq", first), ("lt_eq", last))
    return [(f"filter[{name}][{operation}]", day.isoformat()) for operation, day in ends if day is not None]


def _states(query: InvoiceQuery) -> list[Params]:
    """The vendor's kinds and states in which what is wanted can be.

    What is unpaid is asked for by the two states of payment it can be in. In which of them a credit note is, is not
    documented, so those are asked for whole.
    """
    wanted = query.statuses
    kind: Params = () if query.kind is None else (("filter[invoice_type]", _TYPES[query.kind]),)
    if not wanted or Status.UNKNOWN in wanted:
        return [kind]
    if wanted == {Status.DRAFT}:
        return [(*kind, *_DRAFT)]
    if wanted <= set(UNPAID):
        return [
            (("filter[invoice_type]", _TYPES[each]), *state) for each, state in _CLAIMS if query.kind in (None, each)
        ]
    # A draft that was deleted is cancelled, where lists still hold it.
    return [kind] if {Status.DRAFT, Status.CANCELLED} & wanted else [(*kind, *_FINALIZED)]
