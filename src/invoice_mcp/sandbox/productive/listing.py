"""Lists: filtered, sorted, page by page."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from invoice_mcp.sandbox.productive.documents import document, view_of
from invoice_mcp.sandbox.productive.exchange import Call, Reply
from invoice_mcp.sandbox.productive.fields import FIELDS, SORTS
from invoice_mcp.sandbox.productive.filters import test_for
from invoice_mcp.sandbox.productive.refusals import unsupported_sort

MAX_SIZE: Final = 200
_SIZE: Final = 30


def list_records(call: Call) -> Reply:
    """One page. An empty list has no pages at all: `total_pages` is 0."""
    view = view_of(call, many=True)
    wanted = test_for(call, FIELDS[call.kind])
    records = _in_order(call, [record for record in _known(call) if wanted(record)])
    size = min(_number(call, ("page[size]", "per_page"), _SIZE), MAX_SIZE)
    page = _number(call, ("page[number]",), 1)
    data, included = document(records[(page - 1) * size : page * size], call.kind, view, call.desk)
    pages = -(-len(records) // size)
    links = {"first": 1, "last": pages or 1, **({"prev": page - 1} if page > 1 else {})}
    if page < pages:
        links["next"] = page + 1
    body = {
        "data": data,
        **({"included": included} if included else {}),
        "links": {name: _at_page(call, number, size) for name, number in links.items()},
        "meta": {
            "current_page": page,
            "total_pages": pages,
            "total_count": len(records),
            "page_size": size,
            "max_page_size": MAX_SIZE,
        },
    }
    return Reply(200, body)


def _known(call: Call) -> list[Any]:
    records = list(call.desk.organization.all_of(call.kind).values())
    if call.kind == "invoices" and call.switches.deleted == "gone":
        records = [each for each in records if each.deleted_at is None]
    return records


def _in_order(call: Call, records: list[Any]) -> list[Any]:
    """By the keys that were asked for, else the newest first; records without a key are first when descending."""
    records.sort(key=lambda record: int(record.id), reverse=True)
    wanted = dict(call.query).get("sort", "")
    for key in reversed([each for each in wanted.split(",") if each]):
        get = SORTS[call.kind].get(key.removeprefix("-"))
        if get is None:
            raise unsupported_sort(key)
        records.sort(key=_keyed(get, call), reverse=key.startswith("-"))
    return records


def _keyed(get: Callable[..., Any], call: Call) -> Callable[[Any], tuple[bool, Any]]:
    def key(record: Any) -> tuple[bool, Any]:
        value = get(record, call.desk)
        return value is None, "" if value is None else value

    return key


def _number(call: Call, names: Sequence[str], default: int) -> int:
    text = next((value for key, value in call.query if key in names), "")
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else default


def _at_page(call: Call, page: int, size: int) -> str:
    parts = urlsplit(call.url)
    kept = [(key, value) for key, value in call.query if key not in ("page[number]", "page[size]", "per_page")]
    paged = [*kept, ("page[number]", str(page)), ("page[size]", str(size))]
    return urlunsplit(parts._replace(query=urlencode(sorted(paged))))
