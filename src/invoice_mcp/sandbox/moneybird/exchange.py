"""One request and its reply, as the handlers see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from invoice_mcp.sandbox.bodies import json_object
from invoice_mcp.sandbox.moneybird.lifecycle import Desk
from invoice_mcp.sandbox.moneybird.refusals import required, symbolic
from invoice_mcp.sandbox.moneybird.switches import Switches


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `body` is encoded as JSON unless it is text already; None is no body at all."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """A request to one administration. `path` holds the values in the path, `url` is the whole address."""

    desk: Desk
    path: Mapping[str, str]
    query: Mapping[str, str]
    url: str
    raw: bytes = b""

    @property
    def switches(self) -> Switches:
        """How to read what is not certain."""
        return self.desk.switches

    def json(self) -> dict[str, Any]:
        """The body; an empty one is an empty object, as the vendor takes it.

        Raises:
            Refusal: not JSON, or not an object.
        """
        try:
            return json_object(self.raw)
        except ValueError:
            raise symbolic(400, "The request body could not be parsed") from None

    def wrapped(self, name: str) -> dict[str, Any]:
        """The object under the one attribute the body has.

        Raises:
            Refusal: it is missing or no object.
        """
        inner = self.json().get(name)
        if not isinstance(inner, dict):
            raise required(name)
        return inner


def page_of(call: Call, records: Sequence[Any]) -> tuple[Sequence[Any], dict[str, str]]:
    """The records of the page that was asked for, and the `Link` header that leads to its neighbours.

    Raises:
        Refusal: `page` below 1, `per_page` outside 1 to 100, or either no number.
    """
    per_page = _number(call, "per_page", call.switches.default_per_page, 100)
    page = _number(call, "page", 1, None)
    chosen = records[(page - 1) * per_page : page * per_page]
    if not chosen and page > 1 and call.switches.page_past_the_end == "refused":
        raise symbolic(400, "page does not have a valid value")
    links = []
    if page * per_page < len(records):
        links.append(f'<{_at_page(call.url, page + 1)}>; rel="next"')
    if page > 1:
        links.append(f'<{_at_page(call.url, page - 1)}>; rel="prev"')
    return chosen, {"Link": ", ".join(links)} if links else {}


def _number(call: Call, name: str, default: int, most: int | None) -> int:
    text = call.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and int(text) >= 1 and (most is None or int(text) <= most)):
        raise symbolic(400, f"{name} does not have a valid value")
    return int(text)


def _at_page(url: str, page: int) -> str:
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "page"]
    return urlunsplit(parts._replace(query=urlencode([*kept, ("page", str(page))])))
