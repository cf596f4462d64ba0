"""What is not known for certain about Next, one switch each; the defaults are the likeliest reading."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Choice = Literal["accepted", "refused"]


@dataclass(frozen=True, slots=True)
class Switches:
    """How the double behaves where the vendor's documents are silent or were only read about.

    Attributes:
        names: other names for fields of invoices and rows, by the words of `fields`. The vendor's reference prints
            descriptions and no names, so every name that no other page prints is a guess.
        absent: words of fields that are not there at all.
        requests_per_second: documented per client and database; None for no limit.
        order: of lists. They cannot be sorted; in what order they come is not said.
        operators: `newer` knows `__gt`, `__lt` and `__ne`, which older documents do not have.
        contains: whether `__contains` ignores case in all letters or in those of ASCII alone.
        page_total: whether a page says how many `pages` there are; public clients read it, the documents do not name
            it.
        page_past_the_end: `accepted` answers an empty page, `refused` a 404.
        rows_in_pages: whether the rows of an invoice come in pages, as other collections, or as a plain list.
        unknown_id: the status of a record that is not there.
        unknown_keys: of a PUT. Ignored is what servers of this kind do when nobody told them otherwise.
        paid_date: `ignored` takes a PUT of the paid date, answers 200 and keeps nothing.
        put_reply: what a PUT answers with.
        paid_date_on_draft: whether the paid date of an invoice that is not locked can be set.
        credit_sign: of the amounts of a credit note.
        part_credit_named: whether an invoice that was credited in part names its credit note, as one credited in full.
        revoked: the status for a token that was revoked; the documents name both.
        used_key: the status for a one-time key that was used.
        refusal_shape: of bodies of 400, 403 and 404: a sentence, or an object with one.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    requests_per_second: int | None = 10
    order: Literal["oldest_first", "newest_first", "by_customer"] = "oldest_first"
    operators: Literal["newer", "older"] = "newer"
    contains: Literal["all_letters", "ascii"] = "all_letters"
    page_total: bool = True
    page_past_the_end: Choice = "accepted"
    rows_in_pages: bool = True
    unknown_id: Literal[400, 404] = 404
    unknown_keys: Literal["ignored", "refused"] = "ignored"
    paid_date: Literal["kept", "ignored"] = "kept"
    put_reply: Literal["record", "message", "nothing"] = "record"
    paid_date_on_draft: Choice = "accepted"
    credit_sign: Literal["negative", "positive"] = "negative"
    part_credit_named: bool = True
    revoked: Literal[401, 403] = 403
    used_key: Literal[400, 401] = 400
    refusal_shape: Literal["sentence", "object"] = "sentence"
