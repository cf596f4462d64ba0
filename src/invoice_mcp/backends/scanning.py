"""Searching a system that cannot filter, sort or sum all that is asked: read page by page, and done here.

A list is read so many pages at a time. What was read is filtered, sorted and summed; what is beyond it is said, never
passed over. A later call goes on where an earlier one stopped.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, NamedTuple, TypeVar

from invoice_mcp.domain import summing
from invoice_mcp.domain.matching import Candidate, Filters
from invoice_mcp.domain.ordering import is_ordered, lacks_key
from invoice_mcp.domain.query import Gap, GroupBy, InvoiceQuery, Page, Position
from invoice_mcp.errors import InvalidRequest

MAX_PAGE: Final = 10_000

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Sheet(Generic[R]):
    """One page of a vendor's list, and whether another follows: `following`, else the next number."""

    records: Sequence[R]
    more: bool
    following: int | None = None


@dataclass(frozen=True, slots=True)
class Lists(Generic[R]):
    """Lists of a vendor's that are read one after the other.

    `fetch` reads a page of a list (from 0); `key` is the id of a record, by which one that comes twice is known. Page
    1 is read first. What other numbers stand for is the adapter's to say, below zero for one on the way back from a
    list's end.
    """

    count: int
    fetch: Callable[[int, int], Awaitable[Sheet[R]]]
    key: Callable[[R], str]


@dataclass(frozen=True, slots=True)
class Source(Generic[R]):
    """What a search reads, and how the records are understood.

    Attributes:
        account: whose they are.
        lists: where they stand.
        candidates: the records as rows, made from all that was read (one may decide what another is).
        by_rate: the same with their VAT by rate, for grouping by it; None where lists do not tell it.
        ordered: whether the vendor gives the lists in the order that was asked for. It is checked on what was read.
        consult: reads what decides how the records are understood and is not among them; once, after the last page.
    """

    account: str
    lists: Lists[R]
    candidates: Callable[[Sequence[R]], Sequence[Candidate]]
    by_rate: Callable[[Sequence[R]], Awaitable[Sequence[Candidate]]] | None = None
    ordered: bool = False
    consult: Callable[[Sequence[R]], Awaitable[None]] | None = None


class Spot(NamedTuple):
    """A page of one of several lists, by the number its adapter gave it."""

    list: int
    page: int


FIRST_PAGE: Final = Spot(0, 1)


@dataclass(frozen=True, slots=True)
class Mark:
    """Where an answer stopped: in the window of `pages` pages from `spot`, after `given` rows, the last being `last`.

    `pages` 0 is a window that was not read yet.
    """

    spot: Spot = FIRST_PAGE
    pages: int = 0
    given: int = 0
    last: str = ""

    def position(self) -> Position:
        """As callers keep it."""
        return (self.spot.list, self.spot.page, self.pages, self.given, self.last)

    @classmethod
    def read(cls, position: Position | None, *, lists: int, scan_pages: int) -> "Mark":
        """`position` as a mark in `lists` lists.

        Raises:
            InvalidRequest: it is none.
        """
        match position:
            case None:
                return cls()
            case (int(index), int(page), int(pages), int(given), str(last)):
                real = 0 <= index < lists and 1 <= abs(page) <= MAX_PAGE
                if real and 0 <= pages <= scan_pages and given >= 0:
                    return cls(Spot(index, page), pages, given, last)
        raise InvalidRequest(
            "The cursor does not fit this search any more.", next="Leave cursor out to start again.", field="cursor"
        )


BEGINNING: Final = Mark()


@dataclass(frozen=True, slots=True)
class Window(Generic[R]):
    """What was read: each record once, over `pages` pages; `next` is where there is more.

    `looped`: a page said that more follows and brought nothing new, so nobody can tell whether it was all.
    """

    records: Sequence[R]
    pages: int
    next: Spot | None
    looped: bool = False

    @property
    def whole(self) -> bool:
        """Whether everything was read to the end."""
        return self.next is None and not self.looped


async def read_window(
    lists: Lists[R], spot: Spot, most: int, enough: Callable[[Sequence[R]], bool] = lambda _: False
) -> Window[R]:
    """At most `most` pages of the lists, from `spot` on, or until `enough` says so.

    A page that brings nothing new ends its list: pages that repeat themselves would never end.
    """
    found: dict[str, R] = {}
    pages = 0
    looped = False
    here: Spot | None = spot
    while here is not None and pages < most:
        sheet = await lists.fetch(here.list, here.page)
        pages += 1
        fresh = {lists.key(record): record for record in sheet.records if lists.key(record) not in found}
        found |= fresh
        looped = looped or (sheet.more and not fresh)
        if sheet.more and fresh:
            here = Spot(here.list, here.page + 1 if sheet.following is None else sheet.following)
        else:
            here = Spot(here.list + 1, 1) if here.list + 1 < lists.count else None
        if enough([*found.values()]):
            break
    return Window([*found.values()], pages, here, looped)


async def scan(source: Source[R], filters: Filters, position: Position | None, *, scan_pages: int) -> Page:
    """One page of what matches. Where no sums are asked for and the list comes in order, it stops at a full page.

    Raises:
        InvalidRequest: `position` is of another search.
    """
    mark = Mark.read(position, lists=source.lists.count, scan_pages=scan_pages)
    query = filters.query
    hasty = source.ordered and not query.totals and query.group_by is None and not mark.pages

    def enough(read: Sequence[R]) -> bool:
        if not hasty:
            return False
        candidates = source.candidates(read)
        matching = [each.row for each in candidates if filters.match(each)]
        full = len(matching) >= query.limit and not any(lacks_key(row, query.sort) for row in matching)
        return full and is_ordered((each.row for each in candidates), query.sort)

    window = await read_window(source.lists, mark.spot, mark.pages or scan_pages, enough)
    return await page_of(source, window, filters, mark)


async def page_of(source: Source[R], window: Window[R], filters: Filters, mark: Mark = BEGINNING) -> Page:
    """The page that `mark` stands before, out of what was read."""
    query = filters.query
    if source.consult is not None:
        await source.consult(window.records)
    by_rate = query.group_by is GroupBy.TAX_RATE
    read = await source.by_rate(window.records) if by_rate and source.by_rate else source.candidates(window.records)
    found = [each for each in read if filters.match(each)]
    partial = not window.whole or mark.spot != FIRST_PAGE
    ordered = source.ordered and is_ordered((each.row for each in read), query.sort)
    told_by_cursor = ordered and not query.totals and not window.looped
    gaps = [Gap(_how_much(window))] if partial and (query.group_by is not None or not told_by_cursor) else []
    totals = summing.totals(found, partial=partial) if query.totals else ()
    ageing = summing.ageing(found, query.today) if query.totals else ()
    if query.group_by is not None:
        summed = Page(totals=totals, ageing=ageing, gaps=tuple(gaps), partial=bool(gaps))
        return _grouped(source, query, found, summed)
    rows = summing.in_order(found, query.sort)
    begin = _after(rows, mark)
    shown = rows[begin : begin + query.limit + query.spare]
    given = begin + len(shown)
    following = None
    if given < len(rows):
        following = Mark(mark.spot, window.pages, given, shown[-1].row.ref.id if shown else mark.last)
    elif window.next is not None:
        following = Mark(window.next)
    return Page(
        rows=tuple(each.row for each in shown),
        next=None if following is None else following.position(),
        totals=totals,
        ageing=ageing,
        gaps=tuple(gaps),
        loose_number=filters.loose_number and bool(found),
        partial=bool(gaps),
    )


FILTERED_BY: Final = {
    "buyer_reference": ("buyer_reference",),
    "paid_on": ("paid_from", "paid_to"),
    "updated_at": ("updated_since",),
}
"""Fields of a row that not every system lists, and the arguments that filter by them."""


def untold_filters(query: InvoiceQuery, unlisted: Collection[str], system: str) -> Gap | None:
    """What to say of a query that asks for fields its lists do not tell (`Capabilities.unlisted`); nothing is read."""
    asked = tuple(
        argument
        for field in sorted(unlisted)
        for argument in FILTERED_BY.get(field, ())
        if getattr(query, argument) is not None
    )
    return (
        Gap(f"lists of {system} tell nothing that {', '.join(asked)} could be held against", asked) if asked else None
    )


def _grouped(source: Source[R], query: InvoiceQuery, found: Sequence[Candidate], page: Page) -> Page:
    """`page` with the groups that were asked for."""
    assert query.group_by is not None
    if query.group_by is not GroupBy.TAX_RATE:
        return replace(page, groups=summing.groups(found, query.group_by, source.account))
    if source.by_rate is None:
        gap = Gap("lists of this system tell no VAT by rate; get_invoice does", ("group_by",))
        return replace(page, gaps=(*page.gaps, gap))
    groups = summing.groups(found, query.group_by, source.account)
    return replace(page, groups=groups, gaps=(*page.gaps, summing.NOT_BY_RATE))


def _after(rows: Sequence[Candidate], mark: Mark) -> int:
    """Where to go on: after the row that was given last, or where it stood when it does not match any more."""
    if mark.given == 0:
        return 0
    ids = [each.row.ref.id for each in rows]
    return ids.index(mark.last) + 1 if mark.last in ids else mark.given - 1


def _how_much(window: Window[R]) -> str:
    return (
        f"only {len(window.records)} invoices were read, and there may be more: order and sums hold among those; "
        "narrow the search down, by date for instance"
    )
