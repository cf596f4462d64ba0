"""What a search answers: a page of rows or groups, what they sum up to, and what is missing."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from invoice_mcp.domain.ordering import AMOUNT_KEYS, lacks_key
from invoice_mcp.domain.query import Gap, GroupBy, Page
from invoice_mcp.domain.requests import SearchInvoices
from invoice_mcp.domain.results import (
    BUYER_GROUP_COLUMNS,
    DEFAULT_COLUMNS,
    GROUP_COLUMNS,
    cut_note,
    dumps,
    prune,
    render_ageing,
    render_group,
    render_row,
    render_totals,
)
from invoice_mcp.domain.status import Kind
from invoice_mcp.errors import StorageFailed
from invoice_mcp.service import merging
from invoice_mcp.service.snapshots import Snapshot

MAX_BYTES: Final = 24_000
"""A page ends where its rows are longer; the next one goes on. With totals an answer stays below 32 KiB."""

Cells = list[str | int]


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: `count` rows or groups of a snapshot. `goes_on`: there is more, here or in the accounts."""

    snapshot: Snapshot
    columns: Sequence[str]
    rows: Sequence[Cells]
    notes: dict[str, Any]
    goes_on: bool

    @property
    def count(self) -> int:
        """How many rows it has."""
        return len(self.rows)

    def answer(self, cursor: Callable[[int], str] | None, sums: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer of search_invoices. `cursor` gives the one after so many rows."""
        following = cursor(self.count) if cursor and self.goes_on else None
        return self._answer({"next_cursor": following}, sums or {}, self.snapshot.gaps)

    def answer_cut_short(self, failure: StorageFailed, sums: dict[str, Any]) -> dict[str, Any]:
        """The answer where there is more and no way to go on."""
        unread = {row.ref.account for row in self.snapshot.rows[self.count :]} | self.snapshot.positions.keys()
        gap = Gap(f"There is more, and no cursor for it could be kept: {failure.message}")
        names = sorted(unread) or ["all"]
        return self._answer({}, sums, (*self.snapshot.gaps, *((name, gap) for name in names)))

    def _answer(
        self, following: dict[str, Any], sums: dict[str, Any], gaps: Iterable[tuple[str, Gap]]
    ) -> dict[str, Any]:
        number_match = "separators and leading zeros ignored" if self.snapshot.loose_number else None
        missing = [
            prune({"account": account, "reason": gap.reason, "fields": list(gap.fields)}) for account, gap in gaps
        ]
        return {
            "as_of": self.snapshot.as_of,
            "columns": list(self.columns),
            "rows": list(self.rows),
            **prune(
                {
                    **self.notes,
                    "cut": cut_note(self.rows),
                    **following,
                    **sums,
                    "number_match": number_match,
                    "incomplete": missing,
                }
            ),
        }


def page(request: SearchInvoices, snapshot: Snapshot, offset: int) -> Shown:
    """The page of `snapshot` that begins at `offset`."""
    return _groups(request, snapshot, offset) if request.group_by else _rows(request, snapshot, offset)


def without(snapshot: Snapshot, count: int) -> Snapshot:
    """What is left of `snapshot` once the first `count` rows or groups of it were given."""
    return replace(
        snapshot,
        rows=snapshot.rows[count:],
        settled=max(0, snapshot.settled - count),
        groups=snapshot.groups[count:],
        given=(*snapshot.given, *(str(row.ref) for row in snapshot.rows[:count])),
    )


def sums(pages: Iterable[Page], *, partial: bool) -> dict[str, Any]:
    """Totals and ageing over all pages."""
    every = list(pages)
    return {
        "totals": [render_totals(total) for total in merging.totals(every, partial=partial)],
        "ageing": [render_ageing(ageing) for ageing in merging.ageings(every)],
    }


def _rows(request: SearchInvoices, snapshot: Snapshot, offset: int) -> Shown:
    sort = request.sort
    rows = snapshot.rows[offset : min(offset + request.limit, snapshot.settled)]
    columns = [
        *DEFAULT_COLUMNS,
        *(["kind"] if any(row.kind is Kind.CREDIT_NOTE for row in rows) else []),
        *dict.fromkeys(request.fields or []),
    ]
    cells = _as_many_as_fit([render_row(row, columns) for row in rows])
    rows = rows[: len(cells)]
    amounts_of_many = sort.key in AMOUNT_KEYS and request.currency is None
    return Shown(
        snapshot,
        columns,
        cells,
        {
            "sorted_within": "currency" if amounts_of_many else None,
            "last": f"without {sort.key}" if any(lacks_key(row, sort) for row in rows) else None,
        },
        goes_on=offset + len(rows) < len(snapshot.rows) or bool(snapshot.positions),
    )


def _groups(request: SearchInvoices, snapshot: Snapshot, offset: int) -> Shown:
    columns = list(BUYER_GROUP_COLUMNS if request.group_by is GroupBy.BUYER else GROUP_COLUMNS)
    groups = snapshot.groups[offset : offset + request.limit]
    cells = _as_many_as_fit([render_group(group, columns) for group in groups])
    return Shown(snapshot, columns, cells, {}, goes_on=offset + len(cells) < len(snapshot.groups))


def _as_many_as_fit(rows: Sequence[Cells]) -> list[Cells]:
    """As many rows as may be answered at once; the first always."""
    left = MAX_BYTES
    shown: list[Cells] = []
    for row in rows:
        left -= len(dumps(row).encode())
        if shown and left < 0:
            break
        shown.append(row)
    return shown
