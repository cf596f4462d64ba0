"""The double of Tribe CRM from outside: tokens, lists, writes, and a switch for each fact that is inferred."""

import datetime as dt
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from invoice_mcp.sandbox.proxy import FaultProxy
from invoice_mcp.sandbox.runner import running
from invoice_mcp.sandbox.tribe.app import create_app
from invoice_mcp.sandbox.tribe.book import Book, Entity
from invoice_mcp.sandbox.tribe.desk import Desk
from invoice_mcp.sandbox.tribe.model import INVOICES, LINES, PHASES, RELATIONSHIPS
from invoice_mcp.sandbox.tribe.seeds import CLIENT_ID, CLIENT_SECRET, seeded_book
from invoice_mcp.sandbox.tribe.switches import Switches
from tests.sandbox.conftest import NOW, HeldClock
from tests.sandbox.packed import fresh

FORM = {
    "grant_type": "client_credentials",
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "scope": "read write",
}
NOBODY = "44444444-0000-4000-8000-000000000000"


@dataclass
class Vendor:
    """The double, as it is seen from outside and from inside."""

    proxy: FaultProxy
    http: httpx.AsyncClient
    book: Book
    clock: HeldClock
    switches: Switches

    async def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        content = None if body is None else body if isinstance(body, str) else json.dumps(body)
        url = httpx.URL(f"{self.proxy.url}/v1/odata/{path}")
        return await self.http.request(method, url, content=content)

    async def refused(self, method: str, path: str, body: Any = None, status: int = 400) -> str:
        before = list(self.book.journal)
        reply = await self.ask(method, path, body)
        assert (reply.status_code, self.book.journal) == (status, before)
        error = reply.json()["error"]
        assert error["code"] is None
        return str(error["message"])

    @property
    def inside(self) -> Desk:
        return Desk(self.book, self.switches, self.clock.now())

    def phase(self, code: str) -> str:
        return next(each.id for each in self.book.all(PHASES).values() if each.values["Code"] == code)

    def buyer(self, name: str = "Acme B.V.") -> str:
        return next(each.id for each in self.book.all(RELATIONSHIPS).values() if each.values["_Name"] == name)

    def in_phase(self, code: str) -> Entity:
        return next(each for each in self.book.all(INVOICES).values() if self.inside.code(each) == code)

    def draft(self, **more: Any) -> dict[str, Any]:
        line = {"Description": "Advies", "Quantity": 2, "Price": 19.99, "VatPercentage": 21}
        return {
            "Subject": "Advies",
            "Currency": "EUR",
            "Relationship": {"ID": self.buyer()},
            "Phase": {"ID": self.phase("Draft")},
            "ProductLines": [line],
            **more,
        }


_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Without certificates, which take longer to load than a test to run."""


@asynccontextmanager
async def vendor(switches: Switches | None = None, invoices: int = 130) -> AsyncIterator[Vendor]:
    clock, known = HeldClock(NOW), switches or Switches()
    book: Book = fresh(seeded_book, NOW, invoices)
    async with running(create_app(book, known, clock)) as proxy, httpx.AsyncClient(verify=_NO_TLS) as http:
        reply = await http.post(f"{proxy.url}/oauth2/token", data=FORM)
        http.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"
        yield Vendor(proxy, http, book, clock, known)


@pytest.fixture
async def tribe() -> AsyncIterator[Vendor]:
    async with vendor() as opened:
        yield opened


async def test_a_token_is_for_an_hour_and_for_those_who_know_the_secret(tribe: Vendor) -> None:
    url = f"{tribe.proxy.url}/oauth2/token"
    for wrong, status in (
        ({"client_secret": "guess"}, 401),
        ({"grant_type": "password"}, 400),
        ({"scope": "admin"}, 400),
        ({"client_id": "somebody"}, 401),
    ):
        reply = await tribe.http.post(url, data=FORM | wrong)
        assert (reply.status_code, "error_description" in reply.json()) == (status, True)
    assert (await tribe.http.post(url, json=FORM)).status_code == 400
    basic = await tribe.http.post(url, data={"grant_type": "client_credentials"}, auth=(CLIENT_ID, CLIENT_SECRET))
    assert basic.status_code == 401
    assert (await tribe.ask("GET", "GetCurrentEmployee()")).status_code == 200
    tribe.clock.advance(hours=1)
    assert (await tribe.ask("GET", "GetCurrentEmployee()")).status_code == 401


async def test_a_list_has_what_was_asked_for(tribe: Vendor) -> None:
    query = "$filter=Phase/Code%20ne%20'Paid'&$orderby=ID%20desc&$top=5&$skip=2&$count=true"
    reply = await tribe.ask("GET", f"Activity_Invoice?{query}&$select=Number&$expand=Phase($select=Code),ProductLines")
    body = reply.json()
    open_ = sorted(
        (each.id for each in tribe.book.all(INVOICES).values() if tribe.inside.code(each) != "Paid"), reverse=True
    )
    assert body["@odata.count"] == len(open_)
    assert [each["ID"] for each in body["value"]] == open_[2:7]
    assert body["value"][0].keys() == {"@odata.etag", "ID", "Number", "Phase", "ProductLines"}
    lines = body["value"][0]["ProductLines"]
    assert [each["ID"] for each in lines] == [
        each.id for each in tribe.inside.lines(tribe.book.all(INVOICES)[open_[2]])
    ]


@pytest.mark.parametrize(
    "query",
    [
        "$top=-1",
        "$top=1&$top=2",
        "$skip=x",
        "$orderby=Nothing",
        "$orderby=ID%20up",
        "$select=Nothing",
        "$expand=Nothing",
        "$expand=Phase($filter=x)",
        "$expand=Phase(",
        "$expand=",
        "$count=yes",
        "$format=xml",
        "$search=x",
        "$filter=%FF",
        "$filter=Phase/Code+ne+'Paid'",
        "$filter=contains(Subject,'a&b')",
    ],
)
async def test_a_query_that_is_none_is_refused(tribe: Vendor, query: str) -> None:
    await tribe.refused("GET", f"Activity_Invoice?{query}")


async def test_a_set_that_is_not_there_and_an_entity_that_is_not_are_told_apart_by_words(tribe: Vendor) -> None:
    assert "EntitySet" in await tribe.refused("GET", "Activity_Nothing", status=404)
    assert "EntitySet" not in await tribe.refused("GET", f"Activity_Invoice({NOBODY})", status=404)
    assert "Property" in await tribe.refused("GET", f"Activity_Invoice({tribe.in_phase('Paid').id})/Nope", status=404)
    for key in ("1", f"'{NOBODY}'", NOBODY.replace("-", ""), f"guid'{NOBODY}'", ""):
        await tribe.refused("GET", f"Activity_Invoice({key})")
    async with vendor(Switches(billing=False)) as without:
        assert "EntitySet" in await without.refused("GET", "Activity_Invoice", status=404)
        assert "EntitySet" in await without.refused("GET", f"Activity_Invoice({NOBODY})", status=404)
        assert (await without.ask("GET", "Datastore_Phase_ActivityInvoice")).status_code == 200


async def test_an_invoice_is_made_with_its_lines_and_counted_up(tribe: Vendor) -> None:
    reply = await tribe.ask("POST", "Activity_Invoice", tribe.draft(ImportId="op_1"))
    made = reply.json()
    assert reply.status_code == 201
    assert (made["TotalSalesExcludingVAT"], made["VatAmount"], made["TotalSalesIncludingVAT"]) == (39.98, 8.4, 48.38)
    assert (made["NumberOfProductLines"], made["Number"], made["ImportId"]) == (1.0, None, "op_1")
    assert made["RelationDescription"] == "Acme B.V."
    line = {"Description": "Meer", "Price": 1, "VatPercentage": 0, "Activity": {"ID": made["ID"]}}
    assert (await tribe.ask("POST", "ProductLine", line)).status_code == 201
    again = (await tribe.ask("GET", f"Activity_Invoice({made['ID']})?$expand=ProductLines")).json()
    assert (again["TotalSalesIncludingVAT"], len(again["ProductLines"])) == (49.38, 2)
    gone = again["ProductLines"][0]["ID"]
    assert (await tribe.ask("DELETE", f"ProductLine({gone})")).status_code == 204
    assert (await tribe.ask("GET", f"Activity_Invoice({made['ID']})")).json()["TotalSalesIncludingVAT"] == 1.0
    assert (await tribe.ask("DELETE", f"Activity_Invoice({made['ID']})")).status_code == 204
    assert not any(each.links["Activity"] == made["ID"] for each in tribe.book.all(LINES).values())


async def test_a_post_with_an_id_changes_what_is_there(tribe: Vendor) -> None:
    invoice = tribe.in_phase("Reminder1")
    body = {"ID": invoice.id, "Phase": {"ID": tribe.phase("Paid")}}
    reply = await tribe.ask("POST", "Activity_Invoice", body)
    assert (reply.status_code, tribe.inside.code(invoice)) == (200, "Paid")
    assert [each.kind for each in tribe.book.journal] == ["updated"]
    assert (await tribe.ask("PUT", f"Activity_Invoice({invoice.id})", {"Subject": "Anders"})).status_code == 200
    assert (invoice.values["Subject"], tribe.inside.code(invoice)) == ("Anders", "Paid")
    assert (await tribe.ask("DELETE", f"Activity_Invoice({invoice.id})/Phase/$ref")).status_code == 204
    assert (await tribe.ask("GET", f"Activity_Invoice({invoice.id})?$expand=Phase")).json()["Phase"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"Amount": "12.50"},
        {"Amount": True},
        {"Phase_ID": NOBODY},
        {"Phase@odata.bind": f"Datastore_Phase_ActivityInvoice({NOBODY})"},
        {"Phase": {"ID": NOBODY}},
        {"Phase": NOBODY},
        {"Phase": {"Code": "Paid"}},
        {"Number": "2026-1"},
        {"TotalSalesIncludingVAT": 1},
        {"ID": "1"},
        {"Subject": None},
        {"Nothing": 1},
        {"CreationDate": "2026-01-01T00:00:00Z"},
        {"ProductLines": {"ID": NOBODY}},
        {"ProductLines": [{"Price": "1"}]},
        {"Involved": []},
    ],
    ids=str,
)
async def test_a_body_that_is_none_is_refused(tribe: Vendor, wrong: dict[str, Any]) -> None:
    await tribe.refused("POST", "Activity_Invoice", tribe.draft() | wrong)


@pytest.mark.parametrize("raw", ["", "[]", "{", '{"Amount": NaN}', '{"Amount": 1e400}', "null", "[" * 100_000])
async def test_what_is_no_body_is_refused(tribe: Vendor, raw: str) -> None:
    await tribe.refused("POST", "Activity_Invoice", raw)


async def test_phases_are_read_only(tribe: Vendor) -> None:
    await tribe.refused("POST", "Datastore_Phase_ActivityInvoice", {"Code": "Mine"})
    phase = tribe.phase("Paid")
    await tribe.refused("DELETE", f"Datastore_Phase_ActivityInvoice({phase})", status=405)


class TestSwitches:
    """One test per fact that is not certain."""

    async def test_lines_inside_an_invoice(self) -> None:
        async with vendor(Switches(product_lines="refused")) as tribe:
            await tribe.refused("POST", "Activity_Invoice", tribe.draft())
        async with vendor(Switches(product_lines="ignored")) as tribe:
            made = (await tribe.ask("POST", "Activity_Invoice", tribe.draft())).json()
            assert made["NumberOfProductLines"] == 0.0

    async def test_the_mark(self) -> None:
        async with vendor(Switches(import_id="ignored")) as tribe:
            made = (await tribe.ask("POST", "Activity_Invoice", tribe.draft(ImportId="op_1"))).json()
            assert made["ImportId"] is None
        async with vendor(Switches(import_id="refused")) as tribe:
            await tribe.refused("POST", "Activity_Invoice", tribe.draft(ImportId="op_1"))

    async def test_an_id_that_nothing_has(self, tribe: Vendor) -> None:
        reply = await tribe.ask("POST", "Activity_Invoice", tribe.draft(ID=NOBODY))
        assert (reply.status_code, reply.json()["ID"]) == (201, NOBODY)
        async with vendor(Switches(unknown_id="refused")) as other:
            await other.refused("POST", "Activity_Invoice", other.draft(ID=NOBODY), status=404)

    async def test_when_an_invoice_gets_its_number(self, tribe: Vendor) -> None:
        async def numbers(vendor: Vendor) -> list[bool]:
            made = (await vendor.ask("POST", "Activity_Invoice", vendor.draft())).json()
            body = {"ID": made["ID"], "Phase": {"ID": vendor.phase("Sent")}}
            sent = (await vendor.ask("POST", "Activity_Invoice", body)).json()
            return [each["Number"] is not None for each in (made, sent)]

        assert await numbers(tribe) == [False, True]
        async with vendor(Switches(numbered="creation")) as other:
            assert await numbers(other) == [True, True]
        async with vendor(Switches(numbered="people")) as other:
            assert await numbers(other) == [False, False]

    async def test_what_a_change_is_answered_with(self) -> None:
        async with vendor(Switches(update_reply="empty")) as tribe:
            path = f"Activity_Invoice({tribe.in_phase('Paid').id})"
            reply = await tribe.ask("PUT", path, {"Subject": "Anders"})
            assert (reply.status_code, reply.content) == (204, b"")

    @pytest.mark.parametrize("link", ["relative", "absolute"])
    async def test_a_list_that_is_cut_leads_on(self, link: Any) -> None:
        async with vendor(Switches(page_size=40, next_link=link)) as tribe:
            path = "Activity_Invoice?$orderby=ID&$top=100&$skip=10&$count=true"
            ids: list[str] = []
            while path:
                body = (await tribe.ask("GET", path)).json()
                ids += [each["ID"] for each in body["value"]]
                assert body["@odata.count"] == 130
                following = body.get("@odata.nextLink", "")
                assert following == "" or following.startswith("http") is (link == "absolute")
                path = following.rpartition("/")[2]
            assert ids == sorted(tribe.book.all(INVOICES))[10:110]

    async def test_a_list_can_be_cut_without_a_word(self) -> None:
        async with vendor(Switches(page_size=40, next_link="none", count=False)) as tribe:
            body = (await tribe.ask("GET", "Activity_Invoice?$top=100&$count=true")).json()
            assert (len(body["value"]), body.keys()) == (40, {"@odata.context", "value"})

    async def test_totals_with_the_noise_of_binary_fractions(self) -> None:
        async with vendor(Switches(figures="double")) as tribe:
            made = (await tribe.ask("POST", "Activity_Invoice", tribe.draft())).json()
            assert made["TotalSalesIncludingVAT"] != 48.38
            assert round(made["TotalSalesIncludingVAT"], 2) == 48.38

    @pytest.mark.parametrize("expired", ["silent", "said"])
    async def test_a_secret_that_has_expired_may_be_told_from_a_wrong_one(self, expired: Any) -> None:
        async with vendor(Switches(expired=expired)) as tribe:
            tribe.book.expired.add(CLIENT_ID)
            reply = await tribe.http.post(f"{tribe.proxy.url}/oauth2/token", data=FORM)
            assert (reply.status_code, reply.json()["error"]) == (401, "invalid_client")
            assert ("expired" in reply.json()["error_description"]) is (expired == "said")

    async def test_how_long_a_token_lasts(self) -> None:
        async with vendor(Switches(token_life_s=5)) as tribe:
            tribe.clock.advance(seconds=5)
            assert (await tribe.ask("GET", "Activity_Invoice")).status_code == 401


def test_the_seeds_are_as_large_as_they_are_said_to_be() -> None:
    book = seeded_book(NOW)
    invoices = list(book.all(INVOICES).values())
    dates = [each.values["CreationDate"] for each in invoices]
    assert len(invoices) >= 2500
    assert {each.values["Currency"] for each in invoices} == {"EUR", "USD", "GBP"}
    assert max(dates) - min(dates) > dt.timedelta(days=365 * 5)
    codes = {Desk(book, Switches(), NOW).code(each) for each in invoices}
    assert {None, "Draft", "Sent", "Reminder1", "Paid", "WrittenOff", "Cancelled", "Dispute"} <= codes
    assert any(each.values["TotalSalesIncludingVAT"] < 0 for each in invoices)


def test_the_seeds_are_the_same_every_time() -> None:
    first, second = (seeded_book(NOW, 150) for _ in range(2))
    assert [each.values for each in first.all(INVOICES).values()] == [
        each.values for each in second.all(INVOICES).values()
    ]
