"""Tribe CRM, as its double plays it, does what every backend does, but for what it has no notion of."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from invoice_mcp.backends.base import Found
from invoice_mcp.domain.status import Kind, Status
from invoice_mcp.errors import Conflict, InvalidRequest, InvoiceError, Unsupported
from tests.backends.contract import LINE, BackendContract, Desk
from tests.backends.tribe import office as offices
from tests.backends.tribe.office import TribeDesk, TribeOffice


@pytest.fixture
async def office() -> AsyncIterator[TribeOffice]:
    async with offices.office() as opened:
        yield opened


@pytest.fixture
def desk(office: TribeOffice) -> Desk:
    return TribeDesk(office)


class TestTribe(BackendContract):
    """All of the contract. What is written anew here is what Tribe has no notion of."""

    async def test_a_new_invoice_is_a_draft_or_open_and_what_was_said(self, desk: Desk) -> None:
        lines = [LINE, {**LINE, "item_name": "Hosting", "description": "March", "quantity": "0.5", "tax_rate": "9"}]
        given = {"buyer": {"name": desk.office.buyer}, "lines": lines, "buyer_reference": "PO-12"}
        result = await desk.do("create_invoice", **given)
        invoice = await desk.backend.get(result.invoice_id)
        assert (invoice.status, invoice.kind, invoice.invoice_number) == (Status.DRAFT, Kind.INVOICE, None)
        assert (invoice.tax_exclusive_amount, invoice.tax_inclusive_amount) == (Decimal("125.00"), Decimal("148.25"))
        assert [(line.item_name, line.description, line.quantity, line.tax_rate) for line in invoice.lines] == [
            ("Design", None, 2, 21),
            ("Hosting", "March", Decimal("0.5"), 9),
        ]
        assert (invoice.buyer.name, invoice.buyer_reference) == (desk.office.buyer, "PO-12")
        await desk.refused(Unsupported, "create_invoice", **given, payment_terms_days=30)

    @pytest.mark.parametrize(
        ("given", "error"),
        [
            ({"amount": "121.01"}, InvalidRequest),
            ({"amount": "0"}, InvalidRequest),
            ({"amount": "-1"}, InvalidRequest),
            ({"amount": "1.005"}, InvalidRequest),
            ({"amount": "1.00", "currency": "USD"}, InvalidRequest),
            ({"amount": "21.00"}, Unsupported),
            ({"paid_on": "2999-01-01"}, InvalidRequest),
            ({"paid_on": "2026-11-01"}, Unsupported),
            ({"method": "cash"}, Unsupported),
            ({"reference": "bank 7"}, Unsupported),
            ({"undo_payment_id": "1"}, Unsupported),
        ],
        ids=str,
    )
    async def test_a_payment_that_cannot_be_is_refused(
        self, desk: Desk, given: dict[str, Any], error: type[InvoiceError]
    ) -> None:
        await desk.refused(error, "register_payment", await desk.issued(), **given)

    async def test_a_draft_and_a_credit_note_take_no_payment(self, desk: Desk) -> None:
        await desk.refused(Conflict, "register_payment", await desk.draft())
        credit = next(each for each in desk.office.held() if each.kind is Kind.CREDIT_NOTE)
        await desk.refused(Conflict, "register_payment", credit.id, amount="1.00")

    async def test_a_payment_is_known_again_and_only_once_it_was_made(self, desk: Desk) -> None:
        plan = await desk.plan("register_payment", await desk.issued())
        assert not isinstance(await desk.backend.find(plan.steps[0], []), Found)
        result = await desk.carry_out(plan)
        found = await desk.backend.find(plan.steps[0], [])
        assert isinstance(found, Found)
        assert found.result == result.result

    async def test_a_draft_is_mailed_to_the_address_on_file(self, desk: Desk) -> None:
        await desk.refused(Unsupported, "change_phase", await desk.draft(), phase="sent", deliver="email")

    async def test_a_sent_invoice_is_cancelled_by_crediting_all_of_it(self, desk: Desk) -> None:
        """The tenant has a phase for it."""
        invoice_id = await desk.issued()
        result = await desk.do("change_phase", invoice_id, phase="cancelled", expected_status="open")
        invoice = await desk.backend.get(invoice_id)
        assert (invoice.status, invoice.payable_amount) == (Status.CANCELLED, 0)
        assert (result.invoice_id, result.result["to"]) == (invoice_id, "cancelled")
        assert (await desk.plan("change_phase", invoice_id, phase="cancelled", expected_status="cancelled")).steps == ()

    async def test_an_invoice_with_payments_is_not_cancelled(self, desk: Desk) -> None:
        invoice_id = await desk.issued()
        await desk.do("register_payment", invoice_id)
        await desk.refused(Conflict, "change_phase", invoice_id, phase="cancelled", expected_status="paid")

    async def test_a_change_by_somebody_else_meanwhile_is_a_conflict(self, desk: Desk) -> None:
        invoice_id = await desk.issued()
        plan = await desk.plan("change_phase", invoice_id, phase="uncollectible", expected_status="open")
        desk.office.advance(seconds=60)
        await desk.office.colleague(invoice_id)
        before = desk.office.effects()
        with pytest.raises(Conflict):
            await desk.carry_out(plan)
        assert desk.office.effects() == before
