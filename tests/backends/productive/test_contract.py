"""Productive, as its double plays it, does what every backend does, but for what it has no notion of."""

from collections.abc import AsyncIterator

import pytest

from invoice_mcp.domain.query import InvoiceQuery
from invoice_mcp.domain.status import Status
from invoice_mcp.errors import Conflict, Unsupported
from tests.backends.contract import LINE, BackendContract, Desk
from tests.backends.productive import office as offices


@pytest.fixture
async def office() -> AsyncIterator[offices.ProductiveOffice]:
    async with offices.office() as opened:
        yield opened


class TestProductive(BackendContract):
    """All of the contract, with what is different said."""

    async def test_prices_with_vat_stand_to_the_cent(self, desk: Desk) -> None:
        """Prices in Productive are without VAT, so the others cannot be said."""
        given = {"buyer": {"name": desk.office.buyer}, "lines": [LINE], "prices_include_tax": True}
        with pytest.raises(Unsupported):
            await desk.plan("create_invoice", **given)
        assert desk.office.requests() == 0

    async def test_a_sent_invoice_is_cancelled_by_crediting_all_of_it(self, desk: Desk) -> None:
        """Cancelling discards drafts only; the credit note is made and sent in two calls, and then it is cancelled."""
        invoice_id = await desk.issued()
        await desk.refused(Conflict, "change_phase", invoice_id, phase="cancelled", expected_status="open")
        ref = f"{desk.office.account}:{invoice_id}"
        credit = (await desk.do("create_invoice", kind="credit_note", copy_of=ref)).invoice_id
        await desk.do("change_phase", credit, phase="sent", deliver="manual")
        invoice = await desk.backend.get(invoice_id)
        assert (invoice.status, invoice.payable_amount) == (Status.CANCELLED, 0)
        assert (await desk.plan("change_phase", invoice_id, phase="cancelled")).steps == ()

    async def test_a_change_by_somebody_else_meanwhile_is_a_conflict(self, desk: Desk) -> None:
        invoice_id = await desk.issued()
        plan = await desk.plan("change_phase", invoice_id, phase="uncollectible")
        desk.office.advance(seconds=60)
        await desk.office.colleague(invoice_id)
        before = desk.office.effects()
        with pytest.raises(Conflict):
            await desk.carry_out(plan)
        assert desk.office.effects() == before

    async def test_an_overdue_invoice_is_reminded_of_once(self, desk: Desk) -> None:
        """Productive keeps no list of mails here; the day of sending moves, and tells when the last one was."""
        invoice_id = await desk.overdue()
        assert (await desk.backend.get(invoice_id)).can.send_reminder
        plan = await desk.plan("send_reminder", invoice_id)
        result = (await desk.carry_out(plan)).result
        assert result["delivery"]["to"] == plan.recipient
        assert {"language", "at"} <= result.keys()
        sent = (await desk.backend.get(invoice_id)).sent
        assert sent is not None
        assert sent.at.date() == desk.office.today
        assert (await desk.plan("send_reminder", invoice_id)).skipped == "too_soon"


async def test_a_search_for_words_says_that_items_were_not_searched(office: offices.ProductiveOffice) -> None:
    page = await office.backend.search(InvoiceQuery(today=office.today, text="design"), None)
    assert [gap.fields for gap in page.gaps] == [("text",)]
