"""The double of Next: what is documented of it, and that each switch changes what it says."""

import datetime as dt
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any, get_args, get_type_hints

import httpx
import pytest

from invoice_mcp.sandbox.next_project.app import create_app
from invoice_mcp.sandbox.next_project.book import Book, Database
from invoice_mcp.sandbox.next_project.fields import INVOICE
from invoice_mcp.sandbox.next_project.records import Invoice
from invoice_mcp.sandbox.next_project.seeds import (
    DATABASE,
    ONE_TIME_KEY,
    OTHER_DATABASE,
    TOKEN,
    TOKEN_WITHOUT_INVOICES,
    seeded_book,
)
from invoice_mcp.sandbox.next_project.switches import Switches
from invoice_mcp.sandbox.runner import running
from tests.held_clock import HeldClock

NOW = dt.datetime(2026, 11, 18, 9, 30, tzinfo=dt.UTC)
LIST = "/customerinvoice/"
FREE = Switches(requests_per_second=None)


@dataclass
class Next:
    """The double, from outside and from inside."""

    http: httpx.AsyncClient
    book: Book
    clock: HeldClock

    @property
    def database(self) -> Database:
        return self.book.databases[DATABASE]

    def invoice(self, **attributes: Any) -> Invoice:
        return next(
            each
            for each in reversed(self.database.invoices.values())
            if all(getattr(each, name) == value for name, value in attributes.items())
        )

    async def ask(self, method: str, path: str, body: Any = None, *, status: int = 200, **query: Any) -> Any:
        """What an endpoint answers, which has to be `status`."""
        reply = await self.http.request(method, path, json=body, params=query or None)
        assert reply.status_code == status, reply.text
        return json.loads(reply.text, parse_float=Decimal)

    async def listed(self, **terms: Any) -> list[dict[str, Any]]:
        """The first hundred that a filter lets through."""
        return (await self.ask("GET", LIST, filter_str=json.dumps(terms), size=100))["items"]


@asynccontextmanager
async def opened(switches: Switches = FREE, invoices: int = 60) -> AsyncIterator[Next]:
    clock = HeldClock(NOW)
    book = seeded_book(NOW, invoices)
    async with (
        running(create_app(book, switches, clock)) as proxy,
        httpx.AsyncClient(
            base_url=f"{proxy.url}/v1",
            headers={"Authorization": f"Bearer {TOKEN}"},
            trust_env=False,
            verify=False,  # nothing here speaks TLS, and loading certificates takes its time
        ) as http,
    ):
        yield Next(http, book, clock)


@pytest.fixture
async def next_() -> AsyncIterator[Next]:
    async with opened() as made:
        yield made


def test_the_seeds_are_six_years_of_everything_and_the_same_every_time() -> None:
    book = seeded_book(NOW)
    database = book.databases[DATABASE]
    held = [*database.invoices.values()]
    assert len(held) >= 2500
    assert (NOW.date() - min(each.created for each in held).date()).days >= 6 * 365 - 1
    kinds = Counter(
        (
            "draft" if not each.locked else "paid" if each.paid_date else "open",
            each.credit_note,
            each.credited_by is not None,
        )
        for each in held
    )
    assert {("draft", False, False), ("paid", False, False), ("open", False, True), ("paid", False, True)} <= set(kinds)
    assert ("open", True, False) in kinds
    assert any((each.external_number or "").startswith("!") for each in held)
    assert any(each.figures.reduction for each in held)
    assert any(each.number and not each.locked for each in held)
    assert seeded_book(NOW) == book
    assert not {each.id for each in held if each.customer.name == "x"}
    assert len(book.databases[OTHER_DATABASE].invoices) > 60


def test_the_fields_stand_in_the_order_of_the_reference_and_of_the_alphabet() -> None:
    """The one check there is on the guesses: the vendor lists fields alphabetically after the block of the record."""
    names = [field.name for field in INVOICE]
    assert len(names) == 62
    assert names[7:] == sorted(names[7:])


async def test_pages_are_as_documented(next_: Next) -> None:
    page = await next_.ask("GET", LIST)
    assert {key: page[key] for key in ("page", "size", "total", "pages")} == {
        "page": 1, "size": 50, "total": len(next_.database.invoices), "pages": 2,
    }  # fmt: skip
    assert len(page["items"]) == 50
    last = await next_.ask("GET", LIST, page=2, size=50)
    assert len(last["items"]) == page["total"] - 50
    assert (await next_.ask("GET", LIST, page=9))["items"] == []
    for wrong in ({"page": 0}, {"page": "x"}, {"size": 101}, {"size": 0}):
        refused = await next_.ask("GET", LIST, status=422, **wrong)
        assert refused["detail"][0]["loc"] == ["query", next(iter(wrong))]


async def test_a_collection_ends_in_a_slash(next_: Next) -> None:
    reply = await next_.http.get("/customerinvoice")
    assert (reply.status_code, httpx.URL(reply.headers["location"]).path) == (307, "/v1/customerinvoice/")
    await next_.ask("GET", "/customer/", status=404)


async def test_filters_are_as_documented(next_: Next) -> None:
    paid = next_.invoice(locked=True, customer=next_.invoice(locked=True).customer)
    customer = paid.customer
    held = next_.database.invoices.values()

    def ids(found: list[dict[str, Any]]) -> set[int]:
        return {each["id"] for each in found}

    assert ids(await next_.listed(customerid=customer.id)) == {each.id for each in held if each.customer is customer}
    assert await next_.listed(customerid=str(customer.id)) == []  # types have to match
    assert ids(await next_.listed(customername__contains=customer.name.upper())) >= {paid.id}
    assert ids(await next_.listed(datepaid=None)) == {each.id for each in held if each.paid_date is None}
    assert ids(await next_.listed(id__in=[paid.id, 1, None])) == {paid.id}
    assert ids(await next_.listed(extinvoiceno__in=[None])) == {each.id for each in held if not each.external_number}
    assert ids(await next_.listed(locked=True, duedate__le="2026-01-01", duedate__ge="2025-01-01")) == {
        each.id
        for each in held
        if each.locked and each.due_date and dt.date(2025, 1, 1) <= each.due_date <= dt.date(2026, 1, 1)
    }
    assert ids(await next_.listed(locked__ne=True)) == {each.id for each in held if not each.locked}
    assert ids(await next_.listed(customeramount__gt=0, customeramount__lt=10**9)) == {
        each.id for each in held if not each.credit_note
    }
    assert await next_.listed(locked=1) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Failed to decode json"),
        ("[1]", "Failed to decode json"),
        ('{"x":1}', "Invalid filter fields for CustomerInvoiceGET: {'x'}"),
        ('{"datepaid__like":1}', "Invalid filter fields for CustomerInvoiceGET: {'datepaid__like'}"),
        ('{"id__in":1}', "value is not a valid list"),
        ('{"customername__contains":1}', "str type expected"),
    ],
)
async def test_a_filter_that_cannot_be_is_a_422_with_one_object(next_: Next, text: str, said: str) -> None:
    refused = await next_.ask("GET", LIST, status=422, filter_str=text)
    assert refused == {"detail": {"loc": ["filter_str"], "msg": said, "type": "format"}}


async def test_a_put_changes_what_it_names_and_no_more(next_: Next) -> None:
    invoice = next_.invoice(locked=True, paid_date=None, credit_note=False)
    one = f"{LIST}{invoice.id}"
    before = replace(invoice)
    next_.clock.advance(hours=1)
    changed = await next_.ask("PUT", one, {"datepaid": "2026-11-01", "nonsense": 1, "customeramount": 0})
    assert changed["datepaid"] == "2026-11-01"
    assert changed["modified"] == "2026-11-18T11:30:00"
    assert replace(invoice, paid_date=None, modified=before.modified) == before
    assert [effect.word for effect in next_.database.effects("changed")] == ["paid_date"]
    assert (await next_.ask("PUT", one, {"datepaid": None}, status=400))["detail"].startswith("The field cannot be")
    for body in ({"datepaid": "yesterday"}, {"datepaid": 7}, {"extinvoiceno": 7}):
        refused = await next_.ask("PUT", one, body, status=422)
        assert refused["detail"][0]["loc"] == ["body", next(iter(body))]
    assert (await next_.ask("PUT", one, [1], status=422))["detail"][0]["loc"] == ["body"]
    assert invoice.paid_date == dt.date(2026, 11, 1)


async def test_ids_and_rows(next_: Next) -> None:
    invoice = next_.invoice(locked=True)
    shown = await next_.ask("GET", f"{LIST}{invoice.id}")
    assert (shown["invoicenumber"], shown["customeramount"]) == (str(invoice.number), invoice.figures.customer)
    rows = await next_.ask("GET", f"{LIST}{invoice.id}/rows/")
    assert sum(row["amount"] for row in rows["items"]) == invoice.figures.net
    assert (await next_.ask("GET", f"{LIST}x", status=422))["detail"][0]["loc"] == ["path", "customerinvoice_id"]
    draft = next_.invoice(number=None)
    assert (await next_.ask("GET", f"{LIST}{draft.id}"))["invoicenumber"] == f"FU{draft.id}"


async def test_who_gets_in(next_: Next) -> None:
    theirs = next(iter(next_.book.databases[OTHER_DATABASE].invoices.values()))
    assert theirs.customer.vat_no not in {row["customervatno"] for row in await next_.listed()} - {None}
    for header, status in (("", 401), ("Bearer wrong", 401), (f"Basic {TOKEN}", 401), (f"Bearer {TOKEN}", 200)):
        next_.http.headers["authorization"] = header
        await next_.ask("GET", LIST, status=status)
    next_.database.closed = True
    assert await next_.ask("GET", LIST, status=403) == {"detail": "access_denied"}
    next_.database.closed = False
    next_.book.unavailable_s = 30
    assert (await next_.http.get(LIST)).headers["retry-after"] == "30"
    next_.book.unavailable_s = 0
    next_.http.headers["authorization"] = f"Bearer {TOKEN_WITHOUT_INVOICES}"
    assert await next_.ask("GET", LIST, status=403) == {"detail": "Access denied to module."}


async def test_a_key_is_good_for_one_token(next_: Next) -> None:
    form = {"grant_type": "password", "username": DATABASE, "password": ONE_TIME_KEY, "scope": ""}
    for missing in ("grant_type", "username", "password"):
        reply = await next_.http.post("/token", data={**form, missing: ""})
        assert (reply.status_code, reply.json()["detail"][0]["loc"]) == (422, ["body", missing])
    assert (await next_.http.post("/token", data={**form, "username": OTHER_DATABASE})).status_code == 400
    given = (await next_.http.post("/token", data=form)).json()
    assert given["token_type"] == "bearer"
    assert (await next_.http.post("/token", data=form)).status_code == 400
    next_.http.headers["authorization"] = f"Bearer {given['access_token']}"
    assert await next_.listed()


async def test_ten_requests_in_a_second() -> None:
    async with opened(Switches()) as limited:
        codes = [(await limited.http.get(LIST, params={"size": 1})).status_code for _ in range(12)]
        assert codes == [200] * 10 + [429] * 2
        limited.clock.advance(seconds=1)
        await limited.ask("GET", LIST)


async def _names(made: Next) -> Any:
    return [key in (await made.listed())[0] for key in ("datepaid", "paydate")]


async def _absent(made: Next) -> Any:
    return "duedate" in (await made.listed())[0]


async def _many(made: Next) -> Any:
    return {(await made.http.get(LIST)).status_code for _ in range(12)}


async def _order(made: Next) -> Any:
    return [row["id"] for row in (await made.ask("GET", LIST))["items"]]


async def _ne(made: Next) -> Any:
    return (await made.http.get(LIST, params={"filter_str": '{"locked__ne":true}'})).status_code


async def _contains(made: Next) -> Any:
    return len(await made.listed(customername__contains="åkeri"))


async def _pages(made: Next) -> Any:
    return "pages" in await made.ask("GET", LIST)


async def _past(made: Next) -> Any:
    return (await made.http.get(LIST, params={"page": 99})).status_code


async def _rows(made: Next) -> Any:
    return type(await made.ask("GET", f"{LIST}{made.invoice(locked=True).id}/rows/"))


async def _unknown(made: Next) -> Any:
    reply = await made.http.get(f"{LIST}99999999")
    return reply.status_code, type(reply.json()["detail"])


async def _put(made: Next, invoice: Invoice | None = None, **body: Any) -> Any:
    found = invoice or made.invoice(locked=True, paid_date=None, credit_note=False)
    reply = await made.http.put(f"{LIST}{found.id}", json=body or {"datepaid": "2026-11-01"})
    return reply.status_code, len(reply.text) > 100, reply.text == "null", found.paid_date is None


async def _extra(made: Next) -> Any:
    return await _put(made, nonsense=1)


async def _draft(made: Next) -> Any:
    return await _put(made, made.invoice(locked=False))


async def _sign(made: Next) -> Any:
    return (await made.listed(creditnote=True))[0]["customeramount"] < 0


async def _named(made: Next) -> Any:
    return sum(each["creditinvoiceid"] is not None for each in await made.listed())


async def _revoked(made: Next) -> Any:
    made.book.revoked.add(TOKEN)
    return (await made.http.get(LIST)).status_code


async def _used(made: Next) -> Any:
    form = {"grant_type": "password", "username": DATABASE, "password": "used"}
    return (await made.http.post("/token", data=form)).status_code


OBSERVED: dict[str, Any] = {
    "names": _names,
    "absent": _absent,
    "requests_per_second": _many,
    "order": _order,
    "operators": _ne,
    "contains": _contains,
    "page_total": _pages,
    "page_past_the_end": _past,
    "rows_in_pages": _rows,
    "unknown_id": _unknown,
    "unknown_keys": _extra,
    "paid_date": _put,
    "put_reply": _put,
    "paid_date_on_draft": _draft,
    "credit_sign": _sign,
    "part_credit_named": _named,
    "revoked": _revoked,
    "used_key": _used,
    "refusal_shape": _unknown,
}
OTHERWISE: dict[str, list[Any]] = {
    "names": [{"paid_date": "paydate"}],
    "absent": [frozenset({"due_date"})],
    "requests_per_second": [3],
    "page_total": [False],
    "rows_in_pages": [False],
    "part_credit_named": [False],
}


@pytest.mark.parametrize("name", [field.name for field in fields(Switches)])
async def test_each_switch_changes_what_can_be_seen(name: str) -> None:
    default = getattr(FREE, name)
    choices = OTHERWISE.get(name) or [each for each in get_args(get_type_hints(Switches)[name]) if each != default]
    assert choices
    seen = []
    for value in (default, *choices):
        async with opened(replace(FREE, **{name: value})) as made:
            seen.append(await OBSERVED[name](made))
    assert all(seen[0] != other for other in seen[1:]), seen
