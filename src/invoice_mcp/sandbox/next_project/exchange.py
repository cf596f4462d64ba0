"""One request and its reply, as the handlers see them, and the pages that lists come in."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NoReturn

from invoice_mcp.sandbox.next_project.book import Database
from invoice_mcp.sandbox.next_project.refusals import invalid, said
from invoice_mcp.sandbox.next_project.switches import Switches

_DEFAULT_SIZE: Final = 50
_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Call:
    """A request to one database. `path` holds the values in the path, `now` is the local time there."""

    database: Database
    switches: Switches
    path: Mapping[str, str]
    query: Mapping[str, str]
    now: dt.datetime
    raw: bytes = b""

    def record_id(self) -> int:
        """The id in the path.

        Raises:
            Refusal: it is no whole number.
        """
        text = self.path["id"]
        if not (text.isascii() and text.removeprefix("-").isdigit()):
            raise invalid(("path", "customerinvoice_id"), "value is not a valid integer", "type_error.integer")
        return int(text)

    def json(self) -> dict[str, Any]:
        """The body.

        Raises:
            Refusal: not JSON, or not an object.
        """
        try:
            body = json.loads(self.raw, parse_float=Decimal, parse_constant=_no_constant)
        except ValueError:
            raise invalid(("body",), "Expecting value", "value_error.jsondecode") from None
        if not isinstance(body, dict):
            raise invalid(("body",), "value is not a valid dict", "type_error.dict")
        return body


def page_of(call: Call, records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The page that was asked for.

    Raises:
        Refusal: `page` below 1, `size` outside 1 to 100, either no number, or (by switch) a page past the end.
    """
    page, size = _number(call, "page", 1, None), _number(call, "size", _DEFAULT_SIZE, _MOST)
    pages = -(-len(records) // size)
    if page > max(pages, 1) and call.switches.page_past_the_end == "refused":
        raise said(404, "Page not found", call.switches)
    found = {"items": records[(page - 1) * size : page * size], "page": page, "size": size, "total": len(records)}
    return found | ({"pages": pages} if call.switches.page_total else {})


def encoded(body: Any) -> bytes:
    """A body as JSON. Amounts are numbers as the vendor's language prints them: `1250.5`, `1000.0`."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=float).encode()


def _number(call: Call, name: str, default: int, most: int | None) -> int:
    text = call.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()):
        raise invalid(("query", name), "value is not a valid integer", "type_error.integer")
    number = int(text)
    if number < 1:
        raise invalid(("query", name), "ensure this value is greater than or equal to 1", "value_error.number.not_ge")
    if most is not None and number > most:
        raise invalid(
            ("query", name), f"ensure this value is less than or equal to {most}", "value_error.number.not_le"
        )
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
