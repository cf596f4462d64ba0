"""Writing to YSuite: what is sent, how often, and what is refused before anything is."""

from decimal import Decimal
from typing import Any

import pytest

from invoice_mcp.backends.base import Undetermined
from invoice_mcp.errors import (
    Ambiguous,
    Conflict,
    DuplicateSuspected,
    InvalidRequest,
    NotFound,
    PolicyRefused,
    Unsupported,
    VendorRefused,
)
from invoice_mcp.net import LostAnswer
from invoice_mcp.net.decode import decode_json
from invoice_mcp.sandbox.faults import COMMIT_THEN_RESET, HTML_200
from invoice_mcp.sandbox.plans import on
from invoice_mcp.sandbox.ysuite.switches import Switches
from tests.backends.altered import changed
from tests.backends.ysuite.office import Bench, bench

LINE: dict[str, Any] = {"item_name": "Design", "quantity": "2.5", "net_price": "95.10", "tax_rate": "21"}
BUYER = {"name": "Hotel de Brug"}


def written(ysuite: Bench) -> Any:
    """The body of the last request that wrote."""
    return decode_json(next(each.body for each in reversed(ysuite.proxy.received) if each.method == "POST"))


async def test_what_is_sent_is_what_the_vendor_documents(ysuite: Bench) -> None:
    await ysuite.do(
        "create_invoice",
        buyer=BUYER,
        lines=[{**LINE, "description": "March", "discount_percent": "10"}],
        issue_date="2026-11-01",
        due_date="2026-11-30",
        buyer_reference="PO-7",
        note="Thank you",
    )
    assert written(ysuite) == {
        "customer_id": 23,
        "template_id": 1,
        "transaction_date": "2026-11-01",
        "due_date": "2026-11-30",
        "reference": "PO-7",
        "notes": "Thank you",
        "items": [
            {
                "item_id": 12,
                "item_name": "Design",
                "quantity": Decimal("2.5"),
                "price": Decimal("95.1"),
                "type": "item",
                "description": "March",
                "discount": 10,
                "discount_type": 2,
                "tax_rate": 21,
            }
        ],
    }


async def test_a_create_takes_three_requests(ysuite: Bench) -> None:
    await ysuite.do("create_invoice", buyer={"id": "23"}, lines=[LINE])
    assert ysuite.since(0) == ["GET /v1/contacts/23", "GET /v1/invoices", "POST /v1/invoices"]
    before = len(ysuite.sent)
    await ysuite.do("create_invoice", buyer=BUYER, lines=[{**LINE, "net_price": "1.00"}])
    assert ysuite.since(before) == ["GET /v1/contacts", "GET /v1/invoices", "POST /v1/invoices"]


async def test_a_plan_says_what_is_final_and_what_nobody_knows(ysuite: Bench) -> None:
    plan = await ysuite.plan("create_invoice", buyer=BUYER, lines=[LINE])
    assert plan.final is not None
    assert "open at once" in plan.final
    assert "due date" in plan.warnings[0]
    assert plan.steps[0].body["transaction_date"] == "2026-11-18"
    assert "due_date" not in plan.steps[0].body
    assert (await ysuite.plan("create_invoice", buyer=BUYER, lines=[LINE], payment_terms_days=30)).warnings == ()


@pytest.mark.parametrize("more", ["", "template_id = 1", "item_id = 12"])
async def test_without_the_ids_it_needs_nothing_is_created_or_asked(more: str) -> None:
    async with bench(more=more) as ysuite:
        with pytest.raises(PolicyRefused, match=r"accounts\.ysuite\.(template_id|item_id) is not set"):
            await ysuite.plan("create_invoice", buyer=BUYER, lines=[LINE])
        assert ysuite.sent == []


@pytest.mark.parametrize(
    ("key", "more"), [("template_id", "template_id = 9\nitem_id = 12"), ("item_id", "template_id = 1\nitem_id = 9")]
)
async def test_an_id_that_the_vendor_does_not_have_is_said_by_its_key(key: str, more: str) -> None:
    async with bench(more=more) as ysuite:
        with pytest.raises(PolicyRefused, match=rf"accounts\.ysuite\.{key}"):
            await ysuite.do("create_invoice", buyer=BUYER, lines=[LINE])
        assert ysuite.effects() == 0


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"lines": [{**LINE, "tax_rate": "0"}]}, InvalidRequest),
        ({"lines": [{**LINE, "tax_rate": "21", "tax_category": "AE"}]}, InvalidRequest),
        ({"lines": [{**LINE, "tax_rate": None}]}, InvalidRequest),
        ({"lines": [{**LINE, "tax_rate": "0", "tax_category": "K"}]}, Unsupported),
        ({"lines": [{**LINE, "tax_rate": "101"}]}, InvalidRequest),
        ({"lines": None}, InvalidRequest),
        ({"buyer": None}, InvalidRequest),
        ({"buyer": {"id": "../1"}}, NotFound),
        ({"copy_of": "ysuite:0", "lines": None}, NotFound),
    ],
    ids=range(9),
)
async def test_what_the_arguments_alone_rule_out_sends_nothing(ysuite: Bench, given: Any, error: Any) -> None:
    with pytest.raises(error):
        await ysuite.plan("create_invoice", **{"buyer": BUYER, "lines": [LINE], **given})
    assert ysuite.sent == []


async def test_a_line_without_vat_is_zero_rated(ysuite: Bench) -> None:
    made = await ysuite.made(lines=[{**LINE, "tax_rate": "0", "tax_category": "Z"}])
    assert (await ysuite.backend.get(made)).tax_amount == 0


async def test_several_buyers_of_a_name_are_listed_and_nothing_is_written(ysuite: Bench) -> None:
    with pytest.raises(Ambiguous) as caught:
        await ysuite.plan("create_invoice", buyer={"name": "jans"}, lines=[LINE])
    assert {each["name"] for each in caught.value.candidates or ()} == {
        "Jansen & Zn.", "Janssen & Zoon", "Jan Jansen", "Jan Janssen",
    }  # fmt: skip
    with pytest.raises(InvalidRequest):
        await ysuite.plan("create_invoice", buyer={**BUYER, "email": "else@where.example"}, lines=[LINE])
    assert ysuite.effects() == 0


async def test_a_due_date_before_the_invoice_is_refused(ysuite: Bench) -> None:
    with pytest.raises(InvalidRequest):
        await ysuite.plan("create_invoice", buyer=BUYER, lines=[LINE], due_date="2026-11-17")


async def test_a_look_alike_is_suspected_unless_a_reference_or_a_repeat_tells_it_apart(ysuite: Bench) -> None:
    first = await ysuite.made(buyer_reference="PO-1")
    with pytest.raises(DuplicateSuspected) as caught:
        await ysuite.made()
    assert [each["ref"] for each in caught.value.candidates or ()] == [f"ysuite:{first}"]
    with pytest.raises(DuplicateSuspected):
        await ysuite.made(buyer_reference="PO-1")
    before = len(ysuite.sent)
    second = await ysuite.made(buyer_reference="PO-2")
    assert ysuite.since(before) == [
        "GET /v1/contacts", "GET /v1/invoices", f"GET /v1/invoices/{first}", "POST /v1/invoices",
    ]  # fmt: skip
    await ysuite.made(repeat_of="op_0")
    for each in ysuite.organisation.invoices.values():
        if str(each.id) != second:
            ysuite.organisation.cancel(each)
    with pytest.raises(DuplicateSuspected):
        await ysuite.made()
    ysuite.organisation.cancel(ysuite.organisation.invoices[int(second)])
    await ysuite.made()


async def test_where_references_are_not_told_apart_a_look_alike_stays_one() -> None:
    async with bench(switches=Switches(detail_fields=False)) as ysuite:
        await ysuite.made(buyer_reference="PO-1")
        with pytest.raises(DuplicateSuspected):
            await ysuite.made(buyer_reference="PO-2")


async def test_a_copy_has_the_very_lines_and_terms(ysuite: Bench) -> None:
    source = ysuite.last(1)
    copied = await ysuite.do("create_invoice", copy_of=f"ysuite:{source.id}", buyer_reference="again")
    made = ysuite.organisation.invoices[int(copied.invoice_id)]
    assert made.lines == source.lines
    assert made.contact_id == source.contact_id
    assert made.due_date - made.transaction_date == source.due_date - source.transaction_date


@pytest.mark.parametrize(
    ("switches", "error"),
    [
        (Switches(lines_key=None), NotFound),
        (Switches(lines_key="positions"), NotFound),
        (Switches(total_includes_tax=False), Conflict),
    ],
    ids=range(3),
)
async def test_what_cannot_be_seen_whole_is_not_copied(switches: Switches, error: Any) -> None:
    async with bench(switches=switches) as ysuite:
        source = next(
            each for each in ysuite.organisation.invoices.values() if all(line.tax_rate for line in each.lines)
        )
        with pytest.raises(error):
            await ysuite.do("create_invoice", copy_of=f"ysuite:{source.id}")
        assert ysuite.effects() == 0


@pytest.mark.parametrize("status", [400, 422])
async def test_a_buyer_that_went_meanwhile_is_refused_by_the_vendor(status: Any) -> None:
    async with bench(switches=Switches(unknown_contact=status)) as ysuite:
        plan = await ysuite.plan("create_invoice", buyer=BUYER, lines=[LINE])
        del ysuite.organisation.contacts[ysuite.contact().id]
        with pytest.raises((VendorRefused, InvalidRequest)) as caught:
            await ysuite.carry_out(plan)
        assert "customer_id" not in caught.value.message
        assert ysuite.effects() == 0


@pytest.mark.parametrize(
    "answer",
    [
        {"success": False, "message": "No such template"},
        {"success": False, "errors": {"items.0.price": ["nasty-value"]}},
    ],
)
async def test_a_failure_with_status_200_is_a_refusal(answer: Any) -> None:
    def refusing(app: Any) -> Any:
        answering = changed("/invoices", lambda _: answer)(app)

        async def only_writes(scope: Any, receive: Any, send: Any) -> None:
            reading = {**scope, "method": "GET"}  # so that nothing is written by what is refused
            await (answering(reading, receive, send) if scope["method"] == "POST" else app(scope, receive, send))

        return only_writes

    async with bench(dress=refusing) as ysuite:
        with pytest.raises(VendorRefused) as caught:
            await ysuite.made()
        assert "nasty-value" not in str(caught.value.as_dict())


@pytest.mark.parametrize(
    "change",
    [
        lambda _: {"success": True},
        lambda _: {"message": "Invoice has been created", "data": {"inv_id": 8, "inv_number": "INV-0008"}},
        lambda reply: reply | {"data": {"inv_number": "INV-0008"}},
        lambda reply: reply | {"success": 1},
        lambda _: [],
    ],
    ids=range(5),
)
async def test_an_answer_that_does_not_tell_is_a_lost_one(change: Any) -> None:
    def unclear(app: Any) -> Any:
        answering = changed("/invoices", change)(app)

        async def only_writes(scope: Any, receive: Any, send: Any) -> None:
            await (answering if scope["method"] == "POST" else app)(scope, receive, send)

        return only_writes

    async with bench(dress=unclear) as ysuite:
        with pytest.raises(LostAnswer):
            await ysuite.made()
        assert len(ysuite.organisation.effects("invoice_created")) == 1


async def test_after_a_lost_answer_only_what_was_not_there_before_is_a_candidate(ysuite: Bench) -> None:
    await ysuite.made(buyer_reference="PO-1")
    plan = await ysuite.plan(
        "create_invoice", buyer=BUYER, lines=[{**LINE, "quantity": "1", "net_price": "100"}], repeat_of="op_0"
    )
    ysuite.proxy.plan(on(HTML_200, "POST"))
    with pytest.raises(LostAnswer):
        await ysuite.carry_out(plan)
    assert await ysuite.backend.find(plan.steps[0], []) == Undetermined(())
    ysuite.proxy.plan(on(COMMIT_THEN_RESET, "POST"))
    with pytest.raises(LostAnswer):
        await ysuite.carry_out(plan)
    made = ysuite.organisation.journal[-1].record_id
    assert await ysuite.backend.find(plan.steps[0], []) == Undetermined((str(made),))


async def test_a_reminder_takes_two_requests_and_no_more_when_it_leaves_at_once(ysuite: Bench) -> None:
    made = await ysuite.made(payment_terms_days=7)
    ysuite.advance(days=8)
    before = len(ysuite.sent)
    plan = await ysuite.plan("send_reminder", made)
    assert ysuite.since(before) == [f"GET /v1/invoices/{made}", "GET /v1/contacts/23"]
    [step] = plan.steps
    assert "€121.00" in step.body["text"]
    assert step.body["message_id"]
    await ysuite.carry_out(plan)
    assert len(ysuite.since(before)) == 2
    [mail] = ysuite.mails()
    assert f"Message-ID: {step.body['message_id']}" in mail


@pytest.mark.parametrize(
    ("name", "reason"), [("Molen & Meel", "no_address"), ("Boekhandel Blad", "no_address"), ("Acme B.V.", None)]
)
async def test_only_an_address_that_mail_can_go_to_gets_one(ysuite: Bench, name: str, reason: str | None) -> None:
    made = await ysuite.made(buyer=name, payment_terms_days=7)
    ysuite.advance(days=8)
    assert (await ysuite.plan("send_reminder", made)).skipped == reason


async def test_what_is_paid_or_cancelled_or_in_another_currency_is_not_reminded_of(ysuite: Bench) -> None:
    paid, cancelled, foreign = [await ysuite.made(price, payment_terms_days=7) for price in ("1.00", "2.00", "3.00")]
    organisation = ysuite.organisation
    organisation.pay(organisation.invoices[int(paid)], Decimal("1.21"), ysuite.today, ysuite.switches)
    organisation.cancel(organisation.invoices[int(cancelled)])
    organisation.invoices[int(foreign)].extra["conversion_rate"] = Decimal("1.1")
    ysuite.advance(days=8)
    reasons = [(await ysuite.plan("send_reminder", each)).skipped for each in (paid, cancelled, foreign)]
    assert reasons == ["paid", "cancelled", "unsupported"]
    assert ysuite.mails() == []


async def test_a_payment_after_the_question_stops_the_reminder(ysuite: Bench) -> None:
    made = await ysuite.made(payment_terms_days=7)
    ysuite.advance(days=8)
    plan = await ysuite.plan("send_reminder", made)
    ysuite.advance(seconds=60)
    await ysuite.colleague(made)
    with pytest.raises(Conflict):
        await ysuite.carry_out(plan)
    assert ysuite.mails() == []


@pytest.mark.parametrize("invoice_id", ["../contacts/1", "1/../2", "0", "１", "1?x=1", "-1"])
async def test_a_hostile_id_gets_no_reminder_and_sends_nothing(ysuite: Bench, invoice_id: str) -> None:
    write = ysuite.write("send_reminder", "1")
    with pytest.raises(NotFound):
        await ysuite.backend.plan(type(write)(write.identity, invoice_id, write.request))
    assert ysuite.sent == []
