"""register_payment on Next: the paid date, in full, read back, and nothing else."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from invoice_mcp.backends.base import Absent, Found, Undetermined
from invoice_mcp.domain.status import Status
from invoice_mcp.errors import Conflict, InvoiceError, Unsupported, VendorContract, VendorRefused
from invoice_mcp.net import LostAnswer
from invoice_mcp.sandbox.faults import COMMIT_THEN_RESET, ERROR_AFTER_COMMIT
from invoice_mcp.sandbox.next_project.switches import Switches
from invoice_mcp.sandbox.plans import on
from tests.backends.next_project.conftest import Bench, bench


async def test_a_payment_is_one_put_of_the_date_and_is_read_back(site: Bench) -> None:
    invoice = site.supply("100.00")
    await site.search(limit=1)
    before = len(site.sent)
    plan = await site.plan(invoice.id, paid_on="2026-11-16")
    [step] = plan.steps
    assert (step.method, step.path, step.body) == ("PUT", f"/customerinvoice/{invoice.id}", {"datepaid": "2026-11-16"})
    assert str(plan.amount) == "SEK 125.00"
    assert plan.final
    assert plan.warnings
    result = await site.backend.perform(step, [])
    one = f"/customerinvoice/{invoice.id}"
    assert site.since(before) == [f"GET {one}", f"PUT {one}", f"GET {one}"]
    assert site.proxy.received[-2].body == b'{"datepaid":"2026-11-16"}'
    assert result.result["payment"] == {"id": "paid", "amount": "125.00", "paid_on": "2026-11-16"}
    assert invoice.paid_date == dt.date(2026, 11, 16)
    assert [effect.word for effect in site.database.effects("changed")] == ["paid_date"]


async def test_after_a_tax_reduction_what_the_buyer_owes_is_all_of_it(site: Bench) -> None:
    invoice = site.supply("1000.00", reduced=True)
    with pytest.raises(InvoiceError):
        await site.plan(invoice.id, amount="1250.00")
    result = await site.pay(invoice.id, amount="875.00")
    assert result.result["after"] == {"status": "paid", "paid_amount": "875.00", "payable_amount": "0.00"}


@pytest.mark.parametrize("given", [{"method": "cash"}, {"reference": "bank 7"}, {"undo_payment_id": "paid"}], ids=str)
async def test_what_next_cannot_keep_is_refused_before_anything_is_asked(site: Bench, given: dict[str, Any]) -> None:
    with pytest.raises(Unsupported) as refused:
        await site.plan(site.supply().id, **given)
    assert refused.value.field == next(iter(given))
    assert site.sent == []


async def test_what_is_paid_says_since_when(site: Bench) -> None:
    paid = site.supply(paid_date=dt.date(2026, 11, 2))
    with pytest.raises(Conflict, match="2026-11-02"):
        await site.plan(paid.id)


async def test_a_cancelled_invoice_takes_no_payment(site: Bench) -> None:
    invoice = site.supply()
    invoice.credited_by = site.supply(credit_note=True).id
    with pytest.raises(Conflict, match="Nothing is payable"):
        await site.plan(invoice.id)


async def test_a_date_that_was_taken_and_not_kept_is_no_payment() -> None:
    switches = Switches(requests_per_second=None, paid_date="ignored", put_reply="message")
    async with bench(switches=switches) as site:
        invoice = site.supply()
        with pytest.raises(VendorContract, match=r"does not show it under datepaid") as refused:
            await site.pay(invoice.id)
        assert "paid_date" in refused.value.next
        assert invoice.paid_date is None


@pytest.mark.parametrize("reply", ["record", "message", "nothing"])
async def test_whatever_a_put_answers_the_invoice_is_what_is_believed(reply: Any) -> None:
    async with bench(switches=Switches(requests_per_second=None, put_reply=reply)) as site:
        assert (await site.pay(site.supply().id)).result["after"]["status"] == "paid"


@pytest.mark.parametrize("fault", [COMMIT_THEN_RESET, ERROR_AFTER_COMMIT], ids=lambda fault: fault.name)
async def test_after_a_lost_answer_the_date_itself_tells(site: Bench, fault: Any) -> None:
    invoice = site.supply()
    plan = await site.plan(invoice.id)
    assert isinstance(await site.backend.find(plan.steps[0], []), Absent)
    site.proxy.plan(on(fault, "PUT"))
    with pytest.raises(LostAnswer):
        await site.backend.perform(plan.steps[0], [])
    assert site.proxy.unused == []
    found = await site.backend.find(plan.steps[0], [])
    assert isinstance(found, Found)
    assert found.result["after"] == {"status": "paid", "paid_amount": "125.00", "payable_amount": "0.00"}


async def test_a_read_back_that_fails_leaves_the_outcome_to_be_looked_up(site: Bench) -> None:
    plan = await site.plan(site.supply().id)
    site.proxy.plan(on(ERROR_AFTER_COMMIT, "GET"))
    with pytest.raises(LostAnswer):
        await site.backend.perform(plan.steps[0], [])


async def test_another_date_is_somebody_elses(site: Bench) -> None:
    invoice = site.supply()
    plan = await site.plan(invoice.id)
    invoice.paid_date = dt.date(2026, 11, 1)
    assert await site.backend.find(plan.steps[0], []) == Undetermined((str(invoice.id),))


async def test_a_put_that_next_refuses_is_refused() -> None:
    switches = Switches(requests_per_second=None, paid_date_on_draft="refused", refusal_shape="object")
    async with bench(switches=switches) as site:
        invoice = site.supply()
        plan = await site.plan(invoice.id)
        invoice.locked = False
        with pytest.raises(VendorRefused, match="nothing was written"):
            await site.backend.perform(plan.steps[0], [])
        assert invoice.paid_date is None


async def test_what_can_be_paid_is_told(site: Bench) -> None:
    told = {
        (await site.backend.get(str(each.id))).can.register_payment
        for each in (site.supply(issued=False), site.supply(credit_note=True), site.supply(paid_date=site.today))
    }
    assert told == {"no"}
    owed = await site.backend.get(str(site.supply().id))
    assert (owed.can.register_payment, owed.status, owed.payable_amount) == ("full", Status.OPEN, Decimal("125.00"))
