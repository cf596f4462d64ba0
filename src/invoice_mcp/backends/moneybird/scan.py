"""Reading lists page by page, so many at a time, and going on where an earlier call stopped."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from invoice_mcp.backends.moneybird.api import Api
from invoice_mcp.backends.moneybird.wire import SalesInvoice
from invoice_mcp.domain.query import Position
from invoice_mcp.errors import InvalidRequest

MAX_PAGE: Final = 10_000


class Spot(NamedTuple):
    """A page of one of several lists; pages count from 1."""

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
                fits = 0 <= index < lists and 1 <= page <= MAX_PAGE and 0 <= pages <= scan_pages and given >= 0
                if fits:
                    return cls(Spot(index, page), pages, given, last)
        raise InvalidRequest(
            "The cursor does not fit this search any more.", next="Leave cursor out to start again.", field="cursor"
        )


@dataclass(frozen=True, slots=True)
class Window:
    """What was read: each invoice once, over `pages` pages; `next` is where there is more.

    `looped`: a page said that more follows and brought nothing new, so nobody can tell whether it was all.
    """

    invoices: Sequence[SalesInvoice]
    pages: int
    next: Spot | None
    looped: bool = False

    @property
    def whole(self) -> bool:
        """Whether everything was read to the end."""
        return self.next is None and not self.looped


async def read_window(
    api: Api, filters: Sequence[str], spot: Spot, most: int, enough: Callable[[Sequence[SalesInvoice]], bool]
) -> Window:
    """At most `most` pages of the lists that `filters` ask for, from `spot` on, or until `enough` says so.

    A page that brings nothing new ends its list: pages that repeat themselves would never end.
    """
    found: dict[str, SalesInvoice] = {}
    pages = 0
    looped = False
    here: Spot | None = spot
    while here is not None and pages < most:
        page = await api.invoices(filters[here.list], here.page)
        pages += 1
        fresh = {invoice.id: invoice for invoice in page.invoices if invoice.id not in found}
        found |= fresh
        looped = looped or (page.more and not fresh)
        if page.more and fresh:
            here = Spot(here.list, here.page + 1)
        else:
            here = Spot(here.list + 1, 1) if here.list + 1 < len(filters) else None
        if enough([*found.values()]):
            break
    return Window([*found.values()], pages, here, looped)
