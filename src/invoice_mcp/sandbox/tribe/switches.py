"""What is not known for certain about Tribe CRM, one switch each; the defaults are the likeliest reading."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Switches:
    """How the double behaves where the vendor's pages are silent, or where only its other clients tell.

    Attributes:
        product_lines: lines inside the body of a new invoice. `inline` makes them, as notes inside an activity are
            made; `refused` answers 400; `ignored` makes the invoice without them.
        import_id: `ImportId` is used as a marker on activities by one client, and no field of the invoice's page.
            `kept` stores it, `ignored` forgets it, `refused` answers 400.
        existing_id: a POST with an ID that is there: it is `changed`, as Tribe's page has it, or `refused` with 400, as
            by an engine that knows the protocol only.
        unknown_id: a POST with an ID that no invoice has: `created` under that ID, or `refused` with 404.
        line_link: whether a line that is written alone may name its invoice as `Activity`; otherwise 400.
        name_filter: whether `_Name`, which is computed, can be filtered by; otherwise 400.
        numbered: when an invoice gets its number and, where the tenant has fields for them, its dates. By the `phase`
            that follows the draft, at its `creation` (number only), or only by `people` who finalize it in Tribe.
        update_reply: what a change is answered with: the `entity`, or nothing (204).
        page_size: the most rows of one answer, whatever `$top` says; None for no limit.
        next_link: how a cut answer tells that there is more: by a `relative` or `absolute` link, or `none` at all.
        count: whether `$count=true` is answered.
        case_insensitive: whether `contains` and its like ignore case, as Tribe's page on OData says.
        null_differs: whether null `ne` a value, as OData says; a database behind it may not think so.
        figures: totals `rounded` to cents, or a `double` with the noise of binary fractions.
        billing: whether the tenant has the billing module; without it there are no invoices to be found.
        expired: whether a client secret that has expired is told from a wrong one, by the description that RFC 6749
            has room for. No page says that secrets expire.
        token_life_s: how long an access token is good for.
    """

    product_lines: Literal["inline", "refused", "ignored"] = "inline"
    import_id: Literal["kept", "ignored", "refused"] = "kept"
    existing_id: Literal["changed", "refused"] = "changed"
    unknown_id: Literal["created", "refused"] = "created"
    line_link: bool = True
    name_filter: bool = True
    numbered: Literal["phase", "creation", "people"] = "phase"
    update_reply: Literal["entity", "empty"] = "entity"
    page_size: int | None = None
    next_link: Literal["relative", "absolute", "none"] = "relative"
    count: bool = True
    case_insensitive: bool = True
    null_differs: bool = True
    figures: Literal["rounded", "double"] = "rounded"
    billing: bool = True
    expired: Literal["silent", "said"] = "silent"
    token_life_s: int = 3600
