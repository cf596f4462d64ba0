"""A Moneybird that answers something else than it was asked for, or says that there is more for ever."""

from collections.abc import Callable
from typing import Any

import pytest

from invoice_mcp.backends.base import Absent, Found
from invoice_mcp.domain.query import InvoiceQuery
from invoice_mcp.errors import Unauthorized, VendorContract
from invoice_mcp.net import LostAnswer
from invoice_mcp.sandbox.faults import COMMIT_THEN_RESET
from tests.backends.altered import changed
from tests.backends.moneybird.conftest import NOW, Bench, bench

TODAY = NOW.date()


def _set(**values: Any) -> Callable[[Any], Any]:
    return lambda reply: [each | values for each in reply] if isinstance(reply, list) else reply | values


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (_set(administration_id="178732006918727798"), "administration_id"),
        (_set(id="1"), "id"),
        (lambda reply: reply | {"payments": [each | {"invoice_id": "1"} for each in reply["payments"]]}, "invoice_id"),
        (lambda _: [], "sales_invoice"),
        (lambda _: None, "sales_invoice"),
    ],
)
async def test_another_invoice_than_was_asked_for_is_none(change: Any, path: str) -> None:
    async with bench(dress=changed("/sales_invoices/", change)) as books:
        paid = books.in_state("paid")
        with pytest.raises(VendorContract, match=path):
            await books.backend.get(paid.id)


async def test_invoices_of_another_administration_end_a_search() -> None:
    async with bench(dress=changed("/sales_invoices.json", _set(administration_id="178732006918727798"))) as books:
        with pytest.raises(VendorContract, match="administration_id"):
            await books.backend.search(InvoiceQuery(today=TODAY), None)


async def test_another_number_than_was_looked_up_is_none() -> None:
    async with bench(dress=changed("/find_by_invoice_id/", _set(invoice_id="2026-9999"))) as books:
        with pytest.raises(VendorContract, match="invoice_id"):
            await books.backend.find_number("2026-0001")


async def test_filters_that_are_ignored_change_nothing() -> None:
    """The double answers every list as if nothing had been asked."""

    def dress(app: Any) -> Any:
        async def deaf(scope: Any, receive: Any, send: Any) -> None:
            deafened = scope
            if scope["path"].endswith("/sales_invoices.json"):
                kept = [part for part in scope["query_string"].split(b"&") if not part.startswith(b"filter=")]
                everything = b"filter=state:all,period:20000101..20991231"
                deafened = {**scope, "query_string": b"&".join([everything, *kept])}
            await app(deafened, receive, send)

        return deaf

    async with bench(dress=dress) as books:
        held = [*books.administration.invoices.values()]
        one = next(each for each in reversed(held) if each.reference and each.state == "paid")
        for query in (
            {"buyer": one.contact.id},
            {"buyer_reference": one.reference},
            {"issued_from": one.invoice_date, "issued_to": one.invoice_date},
            {"updated_since": one.updated_at},
        ):
            page = await books.backend.search(InvoiceQuery(today=TODAY, limit=100, **query), None)
            assert one.id in [row.ref.id for row in page.rows]
            assert len(page.rows) < len(books.administration.invoices) / 2


@pytest.mark.parametrize("repeated", [True, False])
async def test_pages_without_end_are_read_no_further_than_allowed_and_said(repeated: bool) -> None:
    """Every page says that another follows; it is the same one, or an endless row of new ones."""
    pages: list[Any] = []

    def change(reply: Any) -> Any:
        first = pages[0] if pages else reply[:3]
        count = len(pages)
        made = [each | {"id": f"{count}{index:06d}", "payments": []} for index, each in enumerate(first)]
        pages.append(first if repeated else made)
        return pages[-1]

    forever = {"link": '<https://evil.example/next>; rel="next"'}
    async with bench(dress=changed("/sales_invoices.json", change, forever)) as books:
        page = await books.backend.search(InvoiceQuery(today=TODAY), None)
        assert len(pages) == (2 if repeated else 5)
        assert page.gaps
        assert all(each.partial for each in page.totals)


async def test_a_token_for_other_books_is_said_to_be_one() -> None:
    async with bench(dress=changed("/administrations", lambda reply: reply[1:])) as books:
        with pytest.raises(Unauthorized, match="administration_id"):
            await books.backend.search(InvoiceQuery(today=TODAY), None)


async def test_a_time_zone_that_is_none_is_refused() -> None:
    async with bench(dress=changed("/administrations", _set(time_zone="Mars/Olympus"))) as books:
        with pytest.raises(VendorContract, match="time_zone"):
            await books.backend.search(InvoiceQuery(today=TODAY), None)


async def test_a_write_whose_answer_is_no_record_has_a_lost_answer() -> None:
    async with bench(dress=changed("/payments", lambda _: {"id": "1"})) as books:
        invoice_id = await books.issued()
        plan = await books.plan("register_payment", invoice_id)
        with pytest.raises(LostAnswer):
            await books.carry_out(plan)
        found = await books.backend.find(plan.steps[0], [])
        assert isinstance(found, Found)
        assert found.result["after"]["status"] == "paid"


async def test_a_payment_whose_answer_got_lost_is_found_by_its_mark(books: Bench) -> None:
    invoice_id = await books.issued()
    plan = await books.plan("register_payment", invoice_id, amount="21.00")
    books.proxy.plan(COMMIT_THEN_RESET)
    with pytest.raises(LostAnswer):
        await books.carry_out(plan)
    assert isinstance(await books.backend.find(plan.steps[0], []), Found)
    assert [str(each.price) for each in books.administration.invoices[invoice_id].payments] == ["21.00"]


@pytest.mark.parametrize("day", ["2012-03-01", "2048-03-01"])
@pytest.mark.parametrize("tool", ["create_invoice", "change_phase"])
async def test_a_lost_credit_note_is_found_whatever_day_it_is_here(day: str, tool: str) -> None:
    async with bench(top=f'today = "{day}"') as books:
        invoice_id = await books.issued()
        credit = {"kind": "credit_note", "copy_of": f"books:{invoice_id}"}
        cancelled = {"phase": "cancelled", "expected_status": (await books.backend.get(invoice_id)).status}
        arguments = (None, credit) if tool == "create_invoice" else (invoice_id, cancelled)
        plan = await books.plan(tool, arguments[0], **arguments[1])
        assert await books.backend.find(plan.steps[0], []) == Absent()
        books.proxy.plan(COMMIT_THEN_RESET)
        with pytest.raises(LostAnswer):
            await books.carry_out(plan)
        assert isinstance(await books.backend.find(plan.steps[0], []), Found)


async def test_what_cannot_be_read_after_a_write_does_not_undo_it() -> None:
    broken = False

    def change(reply: Any) -> Any:
        return {} if broken else reply

    def unless_written(app: Any) -> Any:
        reading = changed("/sales_invoices/", change)(app)

        async def only_reads(scope: Any, receive: Any, send: Any) -> None:
            await (reading if scope["method"] == "GET" else app)(scope, receive, send)

        return only_reads

    async with bench(dress=unless_written) as books:
        plan = await books.plan("register_payment", await books.issued())
        broken = True
        [done] = await books.carry_out(plan)
        assert done.result["payment"]["amount"] == "121.00"
        assert "after" not in done.result


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (lambda _: [], "unknown"),
        (_set(reminder_count=0), "unknown"),
        (_set(reminder_count=None), "unknown"),
        (_set(id="1"), "sent"),
        (_set(administration_id="178732006918727798"), "sent"),
        (lambda _: {"error": "nothing"}, "sent"),
    ],
)
async def test_an_accepted_reminder_is_claimed_unless_its_count_says_otherwise(change: Any, outcome: str) -> None:
    """What cannot be read for certain does not speak against what was accepted."""
    async with bench(dress=changed("/synchronization", change)) as books:
        invoice_id = await books.issued()
        books.clock.advance(days=20)
        done = await books.do("send_reminder", invoice_id)
        assert done.result["delivery"]["outcome"] == outcome
