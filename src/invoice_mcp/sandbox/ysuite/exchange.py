"""One request and its reply, as the handlers see them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from invoice_mcp.sandbox.bodies import json_object
from invoice_mcp.sandbox.ysuite import readers
from invoice_mcp.sandbox.ysuite.book import Organisation
from invoice_mcp.sandbox.ysuite.refusals import Refusal, invalid
from invoice_mcp.sandbox.ysuite.switches import Switches

DEFAULT_PAGE_SIZE: Final = 10
MOST_PER_PAGE: Final = 100

_PAGING: Final = {"pageSize": (readers.whole_text, False), "pageIndex": (readers.whole_text, False)}


@dataclass(frozen=True, slots=True)
class Call:
    """A request to one organisation at the instant `now`. `record_id` is the id in the path, as it was sent."""

    organisation: Organisation
    switches: Switches
    now: dt.datetime
    query: Mapping[str, str]
    record_id: str = ""
    raw: bytes = b""

    @property
    def today(self) -> dt.date:
        """The day it is."""
        return self.now.date()

    def json(self) -> dict[str, Any]:
        """The body.

        Raises:
            Refusal: not JSON, or not an object.
        """
        try:
            return json_object(self.raw)
        except ValueError:
            raise Refusal(400, "Invalid JSON.") from None

    def missing(self, what: str) -> Refusal:
        """The refusal for a record that does not exist."""
        return Refusal(self.switches.missing_status, f"{what} not found.")

    def failed(self, message: str) -> Refusal:
        """The refusal for what the rules of the business forbid."""
        return Refusal(self.switches.failure_status, message)


def listed(call: Call, records: Sequence[Any]) -> dict[str, Any]:
    """The inner half of a list's double envelope: the records of one page, and where in the list it is.

    Pages count from 0 in a request and from 1 in the answer.

    Raises:
        Refusal: paging that cannot be.
    """
    given = readers.read(call.query, _PAGING)
    size = given.get("pageSize", DEFAULT_PAGE_SIZE)
    index = given.get("pageIndex", 0)
    if size < 1 or (size > MOST_PER_PAGE and call.switches.page_size_over_100 == "refused"):
        raise invalid({"pageSize": [f"The pageSize must be between 1 and {MOST_PER_PAGE}."]})
    size = min(size, MOST_PER_PAGE)
    pages = -(-len(records) // size) or call.switches.total_pages_of_nothing
    if index >= max(pages, 1) and call.switches.page_past_the_end == "refused":
        raise call.failed("Page out of range.")
    return {
        "data": records[index * size : (index + 1) * size],
        "current_page": index + 1,
        "total_records": len(records),
        "total_pages": pages,
    }
