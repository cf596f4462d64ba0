"""Writes to Moneybird: exactly what is said, in how many requests, and what is refused instead of half said."""

from collections.abc import Sequence
from typing import Any

import pytest

from invoice_mcp.backends.base import Absent, Found, Plan, StepResult, Undetermined
from invoice_mcp.domain import marks
from invoice_mcp.domain.status import Status
from invoice_mcp.errors import (
    Ambiguous,
    Conflict,
    DuplicateSuspected,
    InvalidRequest,
    InvoiceError,
    NotFound,
    PolicyRefused,
    Unauthorized,
    Unsupported,
    VendorRefused,
)
from invoice_mcp.net import LostAnswer
from invoice_mcp.sandbox.moneybird.records import TaxRate
from invoice_mcp.sandbox.moneybird.seeds import ADMINISTRATION_ID, seeded_book
from invoice_mcp.sandbox.moneybird.switches import Switches
from tests.backends.moneybird.conftest import NOW, Bench, bench
from tests.backends.writing import carried_out_together
from tests.sandbox import colleagues

LINE: dict[str, Any] = {"item_name": "Ontwerp", "net_price": "100.00", "tax_rate": "21"}
RATE, NINE = list(seeded_book(NOW, 0).administrations[ADMINISTRATION_ID].tax_rates)[:2]
"""The ids of 21 % and 9 %."""

GIVEN: dict[str, Any] = {"buyer": {"name": "Acme B.V."}, "lines": [LINE]}


async def refused(
    books: Bench, error: type[InvoiceError], tool: str, invoice_id: str | None = None, **given: Any
) -> None:
    before = books.bodies
    with pytest.raises(error):
        await books.plan(tool, invoice_id, **given)
    assert books.bodies == before


class TestCreate:
    async def test_ids_are_strings_and_every_default_is_said(self, books: Bench) -> None:
        await books.do(
            "create_invoice", **GIVEN, issue_date="2026-11-20", due_date="2026-12-20", buyer_reference="PO 1"
        )
        [body] = books.bodies
        said = body["sales_invoice"]
        assert said["contact_id"] == books.contact().id
        assert said["details_attributes"] == [
            {
                "description": "Ontwerp",
                "amount": "1",
                "price": "100",
                "tax_rate_id": next(iter(books.administration.tax_rates)),
                "row_order": 0,
            }
        ]
        assert {key: said[key] for key in ("invoice_date", "first_due_interval", "reference", "currency")} == {
            "invoice_date": "2026-11-20",
            "first_due_interval": 30,
            "reference": "PO 1",
            "currency": "EUR",
        }
        assert said["prices_are_incl_tax"] is False

    async def test_requests_are_as_few_as_can_be(self, books: Bench) -> None:
        await books.draft("1.00")
        before = len(books.sent)
        await books.draft("2.00")
        # The second list is the look for a copy that was made before.
        assert books.since(before) == ["GET /contacts.json", "GET /sales_invoices.json", "POST /sales_invoices.json"]

    @pytest.mark.parametrize(
        ("given", "error"),
        [
            ({"note": "thanks"}, Unsupported),
            ({"due_date": "2026-12-01"}, Unsupported),
            ({"buyer": {"name": "New", "new": True}}, Unsupported),
            ({"buyer": {"id": "1/../2"}}, NotFound),
            ({"copy_of": "books:inv_7"}, NotFound),
            ({"replaces": "books:inv_7"}, NotFound),
            ({"lines": [{**LINE, "net_price": "1.005"}]}, Unsupported),
            ({"lines": [{**LINE, "unit": "2x"}]}, Unsupported),
            ({"lines": [{**LINE, "discount_percent": "5"}, LINE]}, Unsupported),
            ({"lines": [{"item_name": "x", "net_price": "1"}]}, InvalidRequest),
        ],
        ids=str,
    )
    async def test_what_cannot_be_said_is_refused_before_anything_is_asked(
        self, books: Bench, given: dict[str, Any], error: type[InvoiceError]
    ) -> None:
        with pytest.raises(error):
            await books.plan("create_invoice", **{**GIVEN, **given})
        assert books.sent == []

    async def test_one_discount_is_the_invoice_s(self, books: Bench) -> None:
        invoice_id = await books.draft(lines=[{**LINE, "discount_percent": "10"}, {**LINE, "discount_percent": "10"}])
        invoice = await books.backend.get(invoice_id)
        assert (str(invoice.tax_exclusive_amount), invoice.lines[0].discount_percent) == ("180.00", 10)

    async def test_a_rate_that_is_not_there_is_refused_with_those_that_are(self, books: Bench) -> None:
        with pytest.raises(InvalidRequest) as caught:
            await books.plan("create_invoice", buyer={"name": "Acme B.V."}, lines=[{**LINE, "tax_rate": "19"}])
        [nine] = [each for each in caught.value.candidates or [] if each["tax_rate"] == "9"]
        known = next(each for each in books.administration.tax_rates.values() if each.name == "9% btw")
        assert nine == {"id": known.id, "name": "9% btw", "tax_rate": "9", "tax_category": "S"}

    async def test_two_rates_of_one_percentage_are_asked_about(self, books: Bench) -> None:
        first = next(iter(books.administration.tax_rates.values()))
        twin = TaxRate("99", "21% btw webwinkel", first.percentage, "sales_invoice", first.created_at, "NL/1a")
        books.administration.tax_rates["99"] = twin
        with pytest.raises(Ambiguous) as caught:
            await books.plan("create_invoice", **GIVEN)
        assert [each["name"] for each in caught.value.candidates or []] == ["21% btw", "21% btw webwinkel"]

    async def test_a_foreign_rate_of_the_same_percentage_is_not_taken_for_granted(self, books: Bench) -> None:
        await refused(books, Ambiguous, "create_invoice", buyer={"name": "Brouwerij Zilver BV"}, lines=[LINE])

    @pytest.mark.parametrize("buyer", ["Acme B.V.", "Brouwerij Zilver BV"])
    async def test_the_configuration_says_which_of_several_rates_is_meant(self, buyer: str) -> None:
        async with bench(more=f'tax_rate_ids = {{ "21" = "{RATE}" }}') as books:
            first = books.administration.tax_rates[RATE]
            twin = TaxRate("99", "21% btw webwinkel", first.percentage, "sales_invoice", first.created_at, "NL/1a")
            books.administration.tax_rates["99"] = twin
            await books.draft(buyer=buyer)
            [body] = books.bodies
            assert body["sales_invoice"]["details_attributes"][0]["tax_rate_id"] == RATE

    @pytest.mark.parametrize("named", ["404", NINE], ids=["nobody's", "another percentage's"])
    async def test_a_rate_in_the_configuration_that_cannot_be_meant_is_refused(self, named: str) -> None:
        async with bench(more=f'tax_rate_ids = {{ "21" = "{named}" }}') as books:
            with pytest.raises(PolicyRefused, match=r"accounts\.books\.tax_rate_ids"):
                await books.plan("create_invoice", **GIVEN)
            assert books.bodies == []

    @pytest.mark.parametrize(
        ("category", "name"),
        [("Z", "0% btw"), ("AE", "Btw verlegd binnenland"), ("K", "Levering binnen EU"), ("G", "Levering buiten EU")],
    )
    async def test_a_category_at_zero_percent_finds_its_rate(self, books: Bench, category: str, name: str) -> None:
        line = {**LINE, "tax_rate": "0", "tax_category": category}
        invoice_id = await books.draft(lines=[line])
        [detail] = books.administration.invoices[invoice_id].lines
        assert books.administration.tax_rates[detail.tax_rate_id].name == name
        assert (await books.backend.get(invoice_id)).lines[0].tax_category == category

    async def test_a_name_of_several_is_asked_about(self, books: Bench) -> None:
        with pytest.raises(Ambiguous) as caught:
            await books.plan("create_invoice", buyer={"name": "De Groene"}, lines=[LINE])
        assert len(caught.value.candidates or []) == 2

    async def test_a_look_alike_is_suspected_and_a_reference_tells_it_apart(self, books: Bench) -> None:
        first = await books.draft()
        with pytest.raises(DuplicateSuspected) as caught:
            await books.plan("create_invoice", **GIVEN)
        assert [each["ref"] for each in caught.value.candidates or []] == [f"books:{first}"]
        assert (await books.plan("create_invoice", **GIVEN, buyer_reference="second")).steps
        books.clock.advance(days=8)
        assert (await books.plan("create_invoice", **GIVEN)).steps

    async def test_a_lost_create_is_never_known_for_certain(self, books: Bench) -> None:
        plan = await books.plan("create_invoice", **GIVEN)
        assert await books.backend.find(plan.steps[0], []) == Undetermined(())
        [done] = await books.carry_out(plan)
        assert await books.backend.find(plan.steps[0], []) == Undetermined((done.invoice_id,))

    async def test_a_lost_edit_is_known_by_what_the_draft_says(self, books: Bench) -> None:
        ref = f"books:{await books.draft()}"
        plan = await books.plan("create_invoice", replaces=ref, lines=[{**LINE, "quantity": "3"}], buyer_reference="x")
        assert await books.backend.find(plan.steps[0], []) == Absent()
        await books.carry_out(plan)
        assert isinstance(await books.backend.find(plan.steps[0], []), Found)

    async def test_a_part_credit_can_be_finished_after_its_first_step(self, books: Bench) -> None:
        ref = f"books:{await books.issued()}"
        plan = await books.plan(
            "create_invoice", kind="credit_note", copy_of=ref, lines=[{**LINE, "net_price": "10.00"}]
        )
        first, second = plan.steps
        assert await books.backend.find(first, []) == Absent()
        done = [await books.backend.perform(first, [])]
        found = await books.backend.find(first, [])
        assert isinstance(found, Found)
        assert found.invoice_id == done[0].invoice_id
        assert await books.backend.find(second, done) == Absent()
        for _ in range(2):  # the same again does no harm
            await books.backend.perform(second, done)
        assert isinstance(await books.backend.find(second, done), Found)
        assert str((await books.backend.get(done[0].invoice_id)).tax_inclusive_amount) == "-12.10"


class TestPayments:
    async def test_a_payment_takes_three_requests_and_bears_our_mark(self, books: Bench) -> None:
        invoice_id = await books.issued()
        before = len(books.sent)
        plan = await books.plan("register_payment", invoice_id, amount="21.00", reference="PSP 1")
        await books.carry_out(plan)
        path = f"/sales_invoices/{invoice_id}"
        assert books.since(before) == [f"GET {path}.json", f"POST {path}/payments.json", f"GET {path}.json"]
        assert books.bodies[-1] == {
            "payment": {
                "payment_date": "2026-11-18",
                "price": "21.00",
                "transaction_identifier": f"PSP 1 {plan.steps[0].identity.operation}",
            }
        }

    @pytest.mark.parametrize("reference", [None, "PSP-1", "op_x", "a op_1"])
    def test_a_mark_is_read_back(self, reference: str | None) -> None:
        written = marks.marked("op_123", reference)
        assert (marks.operation_of(written), marks.reference_of(written)) == ("op_123", reference)

    @pytest.mark.parametrize("identifier", [None, "", "PSP-1", "op_", "xop_1", "op_1 x"])
    def test_what_is_not_ours_bears_no_mark(self, identifier: str | None) -> None:
        assert marks.operation_of(identifier) is None
        assert marks.reference_of(identifier) == (identifier or None)

    async def test_all_of_a_foreign_invoice_is_paid_at_moneybird_s_own_figure(self, books: Bench) -> None:
        line = {**LINE, "tax_rate": "0", "tax_category": "G"}
        invoice_id = await books.issued(buyer="Globex Corporation", lines=[line], currency="USD")
        plan = await books.plan("register_payment", invoice_id)
        assert plan.steps[0].body["payment"]["price_base"] == "80.00"
        assert "EUR" in plan.warnings[0]
        await books.carry_out(plan)
        assert (await books.backend.get(invoice_id)).status is Status.PAID

    async def test_part_of_a_foreign_invoice_cannot_be_said(self, books: Bench) -> None:
        line = {**LINE, "tax_rate": "0", "tax_category": "G"}
        invoice_id = await books.issued(buyer="Globex Corporation", lines=[line], currency="USD")
        await refused(books, Unsupported, "register_payment", invoice_id, amount="10.00")

    async def test_a_method_is_refused_before_anything_is_asked(self, books: Bench) -> None:
        with pytest.raises(Unsupported):
            await books.plan("register_payment", "504128706969600533", method="cash")
        assert books.sent == []

    @pytest.mark.parametrize("status", [400, 422])
    async def test_a_refusal_is_told_in_our_words(self, status: Any) -> None:
        switches = Switches(requests_per_window=None, payment_refusal_status=status)
        async with bench(switches=switches) as books:
            invoice_id = await books.issued()
            plan = await books.plan("register_payment", invoice_id)
            books.administration.invoices[invoice_id].state = "uncollectible"
            with pytest.raises(Conflict) as caught:
                await books.carry_out(plan)
            assert "accepts a payment" not in caught.value.message


class TestPhases:
    @pytest.mark.parametrize(
        ("arguments", "body"),
        [
            (
                {"phase": "sent", "deliver": "email"},
                {"sales_invoice_sending": {"delivery_method": "Email", "email_address": "ap@acme.example"}},
            ),
            ({"phase": "sent", "deliver": "manual"}, {"sales_invoice_sending": {"delivery_method": "Manual"}}),
            (
                {"phase": "scheduled", "deliver": "manual", "on": "2026-12-01"},
                {
                    "sales_invoice_sending": {
                        "delivery_method": "Manual",
                        "sending_scheduled": True,
                        "invoice_date": "2026-12-01",
                    }
                },
            ),
        ],
        ids=str,
    )
    async def test_a_sending_says_how_and_where_to(self, books: Bench, arguments: Any, body: Any) -> None:
        invoice_id = await books.draft()
        before = len(books.sent)
        plan = await books.plan("change_phase", invoice_id, **arguments)
        await books.carry_out(plan)
        assert books.bodies[-1] == body
        assert plan.steps[0].mails == (arguments["deliver"] == "email")
        assert [each.partition(" ")[0] for each in books.since(before)] == ["GET", "PATCH"]

    async def test_a_person_at_the_customer_gets_the_invoice_too(self, books: Bench) -> None:
        contact = books.contact("Acme Media")
        invoice_id = await books.draft(buyer="Acme Media")
        books.administration.invoices[invoice_id].contact_person_id = contact.people[0].id
        object.__setattr__(contact.people[0], "email", "lotte@home.example")
        plan = await books.plan("change_phase", invoice_id, phase="sent", deliver="email")
        assert plan.recipient == "lotte@acme-media.example; lotte@home.example"

    async def test_without_an_address_nothing_is_mailed(self, books: Bench) -> None:
        invoice_id = await books.draft(buyer="Molen & Meel")
        await refused(books, InvalidRequest, "change_phase", invoice_id, phase="sent", deliver="email")

    async def test_what_was_handed_over_can_still_be_mailed_once(self, books: Bench) -> None:
        invoice_id = await books.issued()
        await books.do("change_phase", invoice_id, phase="sent", deliver="email")
        assert len(books.administration.effects("mail")) == 1
        assert (await books.plan("change_phase", invoice_id, phase="sent", deliver="email")).steps == ()

    async def test_dubious_is_not_lifted_from_here(self, books: Bench) -> None:
        invoice_id = await books.issued()
        await books.do("change_phase", invoice_id, phase="dubious")
        await refused(books, Conflict, "change_phase", invoice_id, phase="resumed")

    async def test_a_day_that_is_not_ahead_is_not_scheduled(self, books: Bench) -> None:
        given = {"phase": "scheduled", "deliver": "manual"}
        invoice_id = await books.draft()
        await refused(books, InvalidRequest, "change_phase", invoice_id, **given, on="2026-11-18")
        await refused(books, InvalidRequest, "change_phase", invoice_id, **given)

    @pytest.mark.parametrize(
        "phase", ["sent", "scheduled", "dubious", "uncollectible", "paused", "resumed", "cancelled"]
    )
    async def test_a_lost_answer_is_found_by_the_state_itself(self, books: Bench, phase: str) -> None:
        invoice_id = await (books.draft() if phase in ("sent", "scheduled", "cancelled") else books.issued())
        if phase == "resumed":
            await books.do("change_phase", invoice_id, phase="paused")
        more = {"deliver": "email"} if phase in ("sent", "scheduled") else {}
        more |= {"on": "2026-12-01"} if phase == "scheduled" else {}
        [step] = (await books.plan("change_phase", invoice_id, phase=phase, **more)).steps
        assert await books.backend.find(step, []) == Absent()
        done = await books.backend.perform(step, [])
        found = await books.backend.find(step, [])
        assert isinstance(found, Found)
        assert found.result == done.result

    async def test_a_cancellation_is_resumed_at_every_step(self, books: Bench) -> None:
        invoice_id = await books.issued()
        given = {"phase": "cancelled", "expected_status": "open"}
        for left in (3, 2, 1):
            plan = await books.plan("change_phase", invoice_id, **given)
            assert len(plan.steps) == left
            assert await books.backend.find(plan.steps[0], []) == Absent()
            await books.backend.perform(plan.steps[0], [])
            assert isinstance(await books.backend.find(plan.steps[0], []), Found)
        assert (await books.backend.get(invoice_id)).status is Status.CANCELLED
        assert len(books.administration.effects("credit_created")) == 1
        assert (await books.plan("change_phase", invoice_id, **given)).steps == ()

    async def test_a_cancellation_takes_five_requests(self, books: Bench) -> None:
        invoice_id = await books.issued()
        before = len(books.sent)
        steps = await books.carry_out(
            await books.plan("change_phase", invoice_id, phase="cancelled", expected_status="open")
        )
        credit = steps[0].invoice_id
        assert [each.partition(" ")[0] for each in books.since(before)] == ["GET", "GET", "PATCH", "PATCH", "PATCH"]
        assert steps[0].result == {"credit_note": f"books:{credit}"}
        assert steps[-1].result == {
            "credit_note": f"books:{credit}",
            "changed": True,
            "from": "open",
            "to": "cancelled",
        }

    async def test_what_is_credited_in_part_is_not_cancelled(self, books: Bench) -> None:
        invoice_id = await books.issued()
        part = [{**LINE, "net_price": "10.00"}]
        await books.do("create_invoice", kind="credit_note", copy_of=f"books:{invoice_id}", lines=part)
        await refused(books, Conflict, "change_phase", invoice_id, phase="cancelled", expected_status="open")


async def three_to_remind_of(books: Bench) -> tuple[list[Plan], list[str]]:
    """Plans for three invoices of one group, with their ids; the second was paid since, unnoticed so far."""
    ids = [await books.issued(f"{100 + number}.00") for number in range(3)]
    books.clock.advance(days=20)
    plans = [await books.plan("send_reminder", each) for each in ids]
    paid = books.administration.invoices[ids[1]]
    colleagues.pay(books.inside, paid, books.inside.unpaid(paid))
    return plans, ids


def outcome_of(outcome: StepResult | InvoiceError | LostAnswer) -> str:
    if isinstance(outcome, StepResult):
        return str(outcome.result["delivery"]["outcome"])
    return outcome.code if isinstance(outcome, InvoiceError) else "lost"


class TestReminders:
    async def test_a_reminder_names_the_four_ids_and_the_address_on_file(self, books: Bench) -> None:
        invoice_id = await books.issued()
        books.clock.advance(days=20)
        await books.backend.get(invoice_id)  # administration and rates, which are kept
        before = len(books.sent)
        await books.do("send_reminder", invoice_id)
        invoice = books.administration.invoices[invoice_id]
        assert books.bodies[-1] == {
            "sales_invoice_reminders": [
                {
                    "contact_id": invoice.contact.id,
                    "workflow_id": invoice.workflow_id,
                    "document_style_id": invoice.document_style_id,
                    "identity_id": invoice.identity_id,
                    "sales_invoice_ids": [invoice_id],
                    "delivery_method": "Email",
                    "email_address": "ap@acme.example",
                }
            ]
        }
        paths = [f"/sales_invoices/{invoice_id}", "/sales_invoices/send_reminders", "/sales_invoices/synchronization"]
        asked = [each.removesuffix(".json") for each in books.since(before)]
        assert asked == [f"{method} {path}" for method, path in zip(("GET", "POST", "POST"), paths, strict=True)]

    @pytest.mark.parametrize("tone", ["firm", "final"])
    async def test_a_tone_cannot_be_said(self, books: Bench, tone: str) -> None:
        with pytest.raises(Unsupported):
            await books.plan("send_reminder", "504128706969600533", tone=tone)
        assert books.sent == []

    async def test_a_reminder_that_is_not_counted_is_not_claimed(self, books: Bench) -> None:
        invoice_id = await books.issued()
        books.clock.advance(days=20)
        plan = await books.plan("send_reminder", invoice_id)
        assert await books.backend.find(plan.steps[0], []) == Absent()
        books.administration.invoices[invoice_id].reminder_count = -1
        [done] = await books.carry_out(plan)
        assert done.result["delivery"]["outcome"] == "unknown"

    async def test_a_group_that_is_refused_for_one_invoice_is_gone_through_one_by_one(self, books: Bench) -> None:
        plans, ids = await three_to_remind_of(books)
        before = len(books.bodies)
        outcomes = await carried_out_together(books.backend, plans)
        assert [outcome_of(each) for each in outcomes] == ["sent", "conflict", "sent"]
        groups = [body["sales_invoice_reminders"][0]["sales_invoice_ids"] for body in books.bodies[before:]]
        assert groups == [ids, *([each] for each in ids)]
        assert [books.administration.invoices[each].reminder_count for each in ids] == [1, 0, 1]

    async def test_what_is_left_out_of_a_group_without_a_word_is_not_claimed(self) -> None:
        switches = Switches(requests_per_window=None, undue_among_others="accepted")
        async with bench(switches=switches) as books:
            plans, _ = await three_to_remind_of(books)
            before = len(books.bodies)
            outcomes = await carried_out_together(books.backend, plans)
            assert [outcome_of(each) for each in outcomes] == ["sent", "unknown", "sent"]
            assert len(books.bodies) == before + 1

    async def test_what_a_refused_group_left_behind_is_not_sent_again(
        self, books: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plans, [first, _, third] = await three_to_remind_of(books)
        api = books.backend._desk.api
        write = api.write

        async def half(method: str, path: Sequence[str], body: Any) -> None:
            [group] = body["sales_invoice_reminders"]
            if group["sales_invoice_ids"] != [first, third]:
                await write(method, path, body)
                return
            await write(method, path, {"sales_invoice_reminders": [{**group, "sales_invoice_ids": [first]}]})
            raise VendorRefused("No.", next="Look.")

        monkeypatch.setattr(api, "write", half)
        outcomes = await carried_out_together(books.backend, [plans[0], plans[2]])
        assert [outcome_of(each) for each in outcomes] == ["sent", "sent"]
        assert [books.administration.invoices[each].reminder_count for each in (first, third)] == [1, 1]

    async def test_a_reason_that_is_no_invoices_refuses_all_at_once(self, books: Bench) -> None:
        plans, _ = await three_to_remind_of(books)
        books.book.tokens.clear()
        before = len(books.bodies)
        with pytest.raises(Unauthorized):
            await carried_out_together(books.backend, plans)
        assert len(books.bodies) == before + 1

    async def test_a_reminder_by_the_workflow_counts_for_too_soon(self, books: Bench) -> None:
        invoice_id = await books.issued()
        books.clock.advance(days=20)
        books.inside.remind(books.administration.invoices[invoice_id])
        assert (await books.plan("send_reminder", invoice_id)).skipped == "too_soon"
        books.clock.advance(days=3)
        assert (await books.plan("send_reminder", invoice_id)).steps

    async def test_nobody_is_reminded_without_an_address(self, books: Bench) -> None:
        invoice_id = await books.issued(buyer="Molen & Meel")
        books.clock.advance(days=20)
        assert (await books.plan("send_reminder", invoice_id)).skipped == "no_address"


async def test_what_is_read_within_five_seconds_is_not_read_again(books: Bench) -> None:
    invoice_id = await books.issued()
    plan = await books.plan("change_phase", invoice_id, phase="paused")
    books.clock.advance(seconds=6)
    before = len(books.sent)
    await books.carry_out(plan)
    assert [each.partition(" ")[0] for each in books.since(before)] == ["GET", "POST"]


async def test_a_probe_tells_what_a_person_should_know(books: Bench) -> None:
    probe = await books.backend.probe()
    assert probe.ok
    assert probe.facts == {"administration": books.administration.id, "an_invoice": "a draft in EUR"}
    assert books.sent == ["GET /sales_invoices.json?per_page=1"]
