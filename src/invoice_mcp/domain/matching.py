"""Every filter of a search, checked on a row here: whatever a system may have left out or ignored."""

import datetime as dt
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Final

from invoice_mcp.domain.query import InvoiceQuery, InvoiceRow, NumberMatches
from invoice_mcp.domain.text import fold, number_key

MAX_NEAREST: Final = 5
"""So many numbers are offered when none matches."""

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row, what it can be found by, and its VAT as (rate, taxable amount, VAT)."""

    row: InvoiceRow
    text: str
    taxes: Sequence[tuple[Decimal, Decimal, Decimal]] = ()


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a query.

    `buyer_ids` are the buyers meant, None for any; where they are not known beforehand, `buyer` is an id or part of a
    name. `loose_number` ignores separators and leading zeros.
    """

    query: InvoiceQuery
    buyer_ids: Collection[str] | None = None
    loose_number: bool = False
    buyer: str | None = None

    def match(self, candidate: Candidate) -> bool:
        """Whether all of them let the candidate through."""
        row, query = candidate.row, self.query
        tests = (
            not query.statuses or row.status in query.statuses,
            query.kind in (None, row.kind),
            query.currency in (None, row.currency),
            self.buyer_ids is None or row.buyer_id in self.buyer_ids,
            self.buyer is None or row.buyer_id == self.buyer or fold(self.buyer) in fold(row.buyer),
            query.buyer_reference in (None, row.buyer_reference),
            _within(row.issue_date, query.issued_from, query.issued_to),
            _within(row.due_date, query.due_from, query.due_to),
            _within(row.paid_on, query.paid_from, query.paid_to),
            query.updated_since is None or (row.updated_at is not None and row.updated_at >= query.updated_since),
            _between(row, query.amount_min, query.amount_max),
            self._has_number(row),
        )
        return all(tests) and (query.text is None or has_words(candidate.text, query.text))

    def _has_number(self, row: InvoiceRow) -> bool:
        wanted = self.query.invoice_number
        if wanted is None:
            return True
        if self.loose_number:
            return row.invoice_number is not None and number_key(row.invoice_number) == number_key(wanted)
        return row.invoice_number == wanted


def has_words(body: str, text: str) -> bool:
    """Whether every word of `text` stands in `body`: whole words, or with `*` their beginning; no case, no accents."""
    words = _WORD.findall(fold(body))
    phrases = [(_WORD.findall(fold(word)), word.endswith("*")) for word in text.split()]
    said = [(phrase, prefix) for phrase, prefix in phrases if phrase]
    return bool(said) and all(_has_phrase(words, phrase, prefix) for phrase, prefix in said)


def by_number(number: str, rows: Sequence[InvoiceRow]) -> NumberMatches:
    """Those of `rows` that bear `number`: exactly, else with separators and leading zeros ignored, else the nearest."""
    numbered = [row for row in rows if row.invoice_number]
    exact = tuple(row for row in numbered if row.invoice_number == number)
    if exact:
        return NumberMatches(exact)
    key = number_key(number)
    alike = tuple(row for row in numbered if number_key(row.invoice_number or "") == key)
    if alike:
        return NumberMatches(alike, loose=True)
    return NumberMatches(nearest=nearest(number, [row.invoice_number or "" for row in numbered]))


def nearest(number: str, numbers: Sequence[str]) -> tuple[str, ...]:
    """The numbers that look most like `number`, most alike first."""
    matcher = SequenceMatcher(b=number_key(number), autojunk=False)

    def distance(candidate: str) -> tuple[int, str]:
        matcher.set_seq1(number_key(candidate))
        return -round(1000 * matcher.ratio()), candidate

    return tuple(sorted(dict.fromkeys(numbers), key=distance)[:MAX_NEAREST])


def _has_phrase(words: Sequence[str], phrase: Sequence[str], prefix: bool) -> bool:
    *whole, last = phrase
    for at in range(len(words) - len(phrase) + 1):
        *head, end = words[at : at + len(phrase)]
        if head == whole and (end.startswith(last) if prefix else end == last):
            return True
    return False


def _within(day: dt.date | None, first: dt.date | None, last: dt.date | None) -> bool:
    if first is None and last is None:
        return True
    return day is not None and (first is None or first <= day) and (last is None or day <= last)


def _between(row: InvoiceRow, low: Decimal | None, high: Decimal | None) -> bool:
    return any(
        (low is None or low <= amount) and (high is None or amount <= high)
        for amount in (row.tax_inclusive_amount, row.payable_amount)
    )
