"""What is not known for certain about YSuite, one switch each; the defaults are the likeliest reading."""

from dataclasses import dataclass
from typing import Literal

Match = Literal["contains", "begins", "exact"]
Place = Literal["data", "wrapped", "list"]


@dataclass(frozen=True, slots=True)
class Switches:
    """How the double behaves where the vendor's pages are silent or give no example.

    Attributes:
        invoice_place: where the one invoice of a GET lies: it is `data`, lies in `data.invoice`, or is the only item
            of the list `data`. No page shows the body.
        lines_key: the name of its lines, None for a body without any. Create calls them `items`.
        payments_key: the name of its payment history, None for none.
        detail_fields: whether GET one tells what create takes beside the lines (reference, notes, addresses,
            currency).
        missing_status: of an id that does not exist. The error page says 400, and knows no 404.
        failure_status: of other business errors. The page says 400; its own sample looks at `success` alone.
        unknown_contact: the status of a create for a contact that there is not.
        number_search: how `search` compares invoice numbers.
        contact_search: how `search` compares names and e-mail addresses of contacts.
        order: of lists without `sortBy`.
        sort_fields: what becomes of a `sortBy` that names no field of a row.
        date_filter: the day that `inv_datetime_from` and `inv_datetime_to` are about.
        page_size_over_100: a `pageSize` above the documented maximum.
        page_past_the_end: `accepted` answers an empty list, `refused` an error.
        total_pages_of_nothing: how many pages a list without records has.
        tax_rounding: whether VAT is rounded once per rate or once per line.
        tax_rate_alone: whether a line's `tax_rate` counts without a `tax_id`, as in the example.
        total_includes_tax: whether `total` is the amount with VAT, as the example of create and of the list, read
            together, say.
        due_without_terms: `due_date` when none was given: none, or the invoice date.
        settled_status: whether an invoice of which nothing is due any more becomes 1 (paid) by itself.
        cancelled_amount_due: what a cancelled invoice shows as due.
        negative_total: a create whose lines come to less than nothing.
        created_status: the `inv_status` of a new invoice. No page shows one; none is a draft.
        requests_per_minute: then 429; None for no limit. No page names one.
    """

    invoice_place: Place = "data"
    lines_key: str | None = "items"
    payments_key: str | None = "payments"
    detail_fields: bool = True
    missing_status: Literal[200, 400, 404] = 400
    failure_status: Literal[200, 400] = 400
    unknown_contact: Literal[400, 422] = 422
    number_search: Match = "contains"
    contact_search: Match = "contains"
    order: Literal["newest_first", "oldest_first"] = "newest_first"
    sort_fields: Literal["ignored", "refused"] = "ignored"
    date_filter: Literal["transaction_date", "created"] = "transaction_date"
    page_size_over_100: Literal["cut", "refused"] = "cut"
    page_past_the_end: Literal["accepted", "refused"] = "accepted"
    total_pages_of_nothing: Literal[0, 1] = 0
    tax_rounding: Literal["per_rate", "per_line"] = "per_rate"
    tax_rate_alone: bool = True
    total_includes_tax: bool = True
    due_without_terms: Literal["none", "invoice_date"] = "none"
    settled_status: bool = True
    cancelled_amount_due: Literal["total", "nothing"] = "total"
    negative_total: Literal["accepted", "refused"] = "refused"
    created_status: int = 0
    requests_per_minute: int | None = None
