"""Writes to Productive: exactly what is said, in how many requests, and what is refused instead of half said."""

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.backends.base import Absent, Found, Undetermined, Undone
from invoice_mcp.domain.query import InvoiceQuery
from invoice_mcp.domain.status import UNPAID, Status
from invoice_mcp.errors import (
    Ambiguous,
    Conflict,
    DuplicateSuspected,
    InvalidRequest,
    InvoiceError,
    NotFound,
    Unsupported,
    VendorRefused,
)
from invoice_mcp.net import LostAnswer
from invoice_mcp.sandbox.faults import COMMIT_THEN_RESET, RESET_BEFORE_COMMIT
from invoice_mcp.sandbox.plans import on
from invoice_mcp.sandbox.productive.records import DocumentType, Payment, Subsidiary, TaxRate
from invoice_mcp.sandbox.productive.switches import Switches
from tests.backends.productive.conftest import GIVEN, LINE, UNLIMITED, Bench, bench


async def refused(
    agency: Bench, error: type[InvoiceError], tool: str, invoice_id: str | None = None, **given: Any
) -> InvoiceError:
    before = agency.writes
    with pytest.raises(error) as caught:
        await agency.plan(tool, invoice_id, **given)
    assert agency.writes == before
    return caught.value


class TestCreate:
    async def test_an_invoice_and_its_lines_are_said_to_the_last_default(self, agency: Bench) -> None:
        organization, company = agency.organization, agency.company("Hotel de Brug")
        lines = [
            {**LINE, "description": "March", "quantity": "0.5", "unit": "hour", "discount_percent": "10"},
            {"item_name": "Book", "net_price": "18.00", "tax_rate": "9"},
        ]
        plan = await agency.plan(
            "create_invoice", buyer={"name": "hotel"}, lines=lines, buyer_reference="PO 1", issue_date="2026-11-20"
        )
        await agency.carry_out(plan)
        head, first, second = agency.bodies
        assert head["data"] == {
            "type": "invoices",
            "attributes": {
                "invoiced_on": "2026-11-20",
                "currency": "EUR",
                "invoice_type_id": 1,
                "tag_list": [plan.steps[0].identity.operation],
                "pay_on": "2026-12-04",
                "purchase_order_number": "PO 1",
            },
            "relationships": {
                "company": {"data": {"type": "companies", "id": company.id}},
                "document_type": {"data": {"type": "document_types", "id": next(iter(organization.document_types))}},
                "subsidiary": {"data": {"type": "subsidiaries", "id": next(iter(organization.subsidiaries))}},
            },
        }
        assert first["data"]["attributes"] == {
            "description": "Design\nMarch",
            "quantity": "0.5",
            "unit_price": 10000,
            "unit_id": 1,
            "position": 1,
            "discount": "10",
        }
        rate = next(each.id for each in organization.tax_rates.values() if each.name == "VAT 9%")
        assert second["data"]["relationships"]["tax_rate"] == {"data": {"type": "tax_rates", "id": rate}}
        assert second["data"]["attributes"]["unit_price"] == 1800
        assert plan.warnings == ()

    async def test_requests_are_as_few_as_can_be(self, agency: Bench) -> None:
        await agency.do("create_invoice", **GIVEN)
        assert agency.since(0) == [
            "GET /companies",
            "GET /subsidiaries",
            "GET /document_types",
            "GET /invoices",
            "GET /tax_rates",
            "POST /invoices",
            "POST /line_items",
        ]
        before = len(agency.sent)
        await agency.do("create_invoice", **GIVEN, buyer_reference="second")
        # Tax rates, templates and subsidiaries are known by now; the list is the look for a copy.
        assert agency.since(before) == ["GET /companies", "GET /invoices", "POST /invoices", "POST /line_items"]

    @pytest.mark.parametrize(
        ("given", "error"),
        [
            ({"note": "thanks"}, Unsupported),
            ({"prices_include_tax": True}, Unsupported),
            ({"currency": "JPY"}, Unsupported),
            ({"buyer": {"name": "New", "new": True}}, Unsupported),
            ({"buyer": {"id": "1/../2"}}, NotFound),
            ({"copy_of": "agency:inv_7"}, NotFound),
            ({"replaces": "agency:inv_7"}, NotFound),
            ({"lines": [{**LINE, "net_price": "1.005"}]}, Unsupported),
            ({"lines": [{**LINE, "unit": "day"}]}, Unsupported),
            ({"lines": [{**LINE, "item_name": "<b>Design</b>"}]}, Unsupported),
            ({"lines": [{**LINE, "item_name": "R&amp;D"}]}, Unsupported),
            ({"lines": [{"item_name": "x", "net_price": "1"}]}, InvalidRequest),
        ],
        ids=str,
    )
    async def test_what_cannot_be_said_is_refused_before_anything_is_asked(
        self, agency: Bench, given: dict[str, Any], error: type[InvoiceError]
    ) -> None:
        with pytest.raises(error):
            await agency.plan("create_invoice", **{**GIVEN, **given})
        assert agency.sent == []

    async def test_text_that_only_looks_like_markup_stands(self, agency: Bench) -> None:
        line = {**LINE, "item_name": "R&D, 1 < 2 & 3 > 2"}
        invoice_id = await agency.draft(lines=[line])
        assert (await agency.backend.get(invoice_id)).lines[0].item_name == line["item_name"]

    async def test_a_draft_without_dates_says_what_they_will_be(self, agency: Bench) -> None:
        plan = await agency.plan("create_invoice", **GIVEN)  # Acme Inc. has no terms of its own
        assert [words.partition(" ")[0] for words in plan.warnings] == ["Productive", "When"]
        assert "pay_on" not in plan.steps[0].body["data"]["attributes"]

    async def test_a_due_date_before_the_issue_date_is_refused(self, agency: Bench) -> None:
        await refused(agency, InvalidRequest, "create_invoice", **GIVEN, issue_date="2026-11-20", due_date="2026-11-19")

    async def test_a_company_s_own_defaults_go_before_the_only_ones(self, agency: Bench) -> None:
        chosen = DocumentType("777", "Fancy")
        agency.organization.document_types["777"] = chosen
        agency.organization.subsidiaries["778"] = Subsidiary("778", "Second B.V.")
        company = replace(agency.company(), default_document_type_id="777", default_subsidiary_id="778")
        agency.organization.companies[company.id] = company
        invoice = agency.organization.invoices[await agency.draft()]
        assert (invoice.document_type_id, invoice.subsidiary_id) == ("777", "778")
        assert "GET /subsidiaries" not in agency.since(0)

    @pytest.mark.parametrize("kind", ["subsidiaries", "document_types"])
    async def test_several_templates_or_subsidiaries_are_asked_about(self, agency: Bench, kind: str) -> None:
        made = {"subsidiaries": Subsidiary("777", "Second"), "document_types": DocumentType("777", "Second")}[kind]
        getattr(agency.organization, kind)["777"] = made
        error = await refused(agency, Ambiguous, "create_invoice", **GIVEN)
        assert {"id": "777", "name": "Second"} in (error.candidates or [])

    async def test_no_template_at_all_is_said(self, agency: Bench) -> None:
        agency.organization.document_types.clear()
        await refused(agency, InvalidRequest, "create_invoice", **GIVEN)

    async def test_a_rate_that_is_not_there_is_refused_with_those_that_are(self, agency: Bench) -> None:
        error = await refused(
            agency, InvalidRequest, "create_invoice", **{**GIVEN, "lines": [{**LINE, "tax_rate": "19"}]}
        )
        names = [each["name"] for each in error.candidates or []]
        assert "VAT 9%" in names
        assert "VAT 21% (until 2024)" not in names

    async def test_two_rates_of_one_percentage_are_asked_about_or_configured(self) -> None:
        twin = TaxRate("99", "VAT 21% web", "VAT", Decimal(21))
        async with bench() as agency:
            agency.organization.tax_rates["99"] = twin
            error = await refused(agency, Ambiguous, "create_invoice", **GIVEN)
            assert "99" in [each["id"] for each in error.candidates or []]
        async with bench(more='tax_rate_ids = { "21" = "99" }') as agency:
            agency.organization.tax_rates["99"] = twin
            [line] = agency.lines_of(await agency.draft())
            assert line.tax_rate_id == "99"
        async with bench(more='tax_rate_ids = { "21" = "404" }') as agency:
            error = await refused(agency, InvalidRequest, "create_invoice", **GIVEN)
            assert "tax_rate_ids" in error.next

    async def test_a_rate_of_another_subsidiary_is_not_meant(self, agency: Bench) -> None:
        other = [*agency.organization.subsidiaries][1]
        agency.organization.tax_rates["99"] = TaxRate("99", "VAT 21% south", "VAT", Decimal(21), subsidiary_id=other)
        [line] = agency.lines_of(await agency.draft())
        assert line.tax_rate_id != "99"

    @pytest.mark.parametrize(
        ("category", "name"),
        [
            ("Z", "VAT 0%"),
            ("AE", "VAT reverse charge"),
            ("K", "Intra-community supply"),
            ("G", "Export outside the EU"),
        ],
    )
    async def test_a_category_at_zero_percent_finds_its_rate(self, agency: Bench, category: str, name: str) -> None:
        invoice_id = await agency.draft(lines=[{**LINE, "tax_rate": "0", "tax_category": category}])
        [line] = agency.lines_of(invoice_id)
        assert agency.organization.tax_rates[line.tax_rate_id or ""].name == name
        assert (await agency.backend.get(invoice_id)).lines[0].tax_category == category

    async def test_a_name_of_several_is_asked_about(self, agency: Bench) -> None:
        error = await refused(agency, Ambiguous, "create_invoice", buyer={"name": "jansen"}, lines=[LINE])
        assert len(error.candidates or []) == 3

    @pytest.mark.parametrize(
        ("given", "right"),
        [
            ({"email": "ap@acme.example"}, True),
            ({"email": "evil@acme.example"}, False),
            ({"address": {"city": "Utrecht"}}, True),
            ({"address": {"city": "Delft"}}, False),
            ({"vat_identifier": "NL100B01"}, True),
        ],
        ids=str,
    )
    async def test_details_of_a_buyer_are_compared_and_never_written(
        self, agency: Bench, given: dict[str, Any], right: bool
    ) -> None:
        arguments = {"buyer": {"name": "Acme Inc.", **given}, "lines": [LINE]}
        if right:
            assert (await agency.plan("create_invoice", **arguments)).steps
        else:
            await refused(agency, InvalidRequest, "create_invoice", **arguments)

    async def test_a_look_alike_is_suspected_and_a_reference_tells_it_apart(self, agency: Bench) -> None:
        first = await agency.draft()
        error = await refused(agency, DuplicateSuspected, "create_invoice", **GIVEN)
        assert [each["ref"] for each in error.candidates or []] == [f"agency:{first}"]
        assert (await agency.plan("create_invoice", **GIVEN, buyer_reference="second")).steps
        agency.clock.advance(days=8)
        assert (await agency.plan("create_invoice", **GIVEN)).steps

    @pytest.mark.parametrize("tags", ["list", "string"])
    async def test_a_lost_draft_is_found_by_its_tag(self, tags: Any) -> None:
        async with bench(switches=replace(UNLIMITED, tags=tags)) as agency:
            plan = await agency.plan("create_invoice", **GIVEN)
            assert await agency.backend.find(plan.steps[0], []) == Absent()
            agency.proxy.plan(COMMIT_THEN_RESET)
            with pytest.raises(LostAnswer):
                await agency.backend.perform(plan.steps[0], [])
            found = await agency.backend.find(plan.steps[0], [])
            assert isinstance(found, Found)
            [created] = agency.organization.effects("invoice_created")
            assert found.invoice_id == created.record_id

    async def test_a_draft_among_more_than_are_read_is_not_known_for_certain(self, agency: Bench) -> None:
        plan = await agency.plan("create_invoice", **GIVEN)
        source = agency.one(lambda invoice, _: invoice.company_id == agency.company().id)
        for number in range(201):
            made = replace(source, id=str(900000 + number), created_at=agency.clock.now())
            agency.organization.invoices[made.id] = made
        assert isinstance(await agency.backend.find(plan.steps[0], []), Undetermined)

    @pytest.mark.parametrize("positions", ["kept", "counted"])
    async def test_a_lost_line_is_found_by_its_place(self, positions: Any) -> None:
        async with bench(switches=replace(UNLIMITED, positions=positions)) as agency:
            plan = await agency.plan("create_invoice", **{**GIVEN, "lines": [LINE, LINE]})
            done = [await agency.backend.perform(plan.steps[0], [])]
            assert await agency.backend.find(plan.steps[1], done) == Absent()
            done.append(await agency.backend.perform(plan.steps[1], done))
            assert isinstance(await agency.backend.find(plan.steps[1], done), Found)
            assert await agency.backend.find(plan.steps[2], done) == Absent()

    async def test_a_line_of_somebody_else_in_its_place_is_not_ours(self, agency: Bench) -> None:
        plan = await agency.plan("create_invoice", **GIVEN)
        done = [await agency.backend.perform(plan.steps[0], [])]
        await agency.backend.perform(plan.steps[1], done)
        agency.lines_of(done[0].invoice_id)[0].unit_price = Decimal(1)
        assert await agency.backend.find(plan.steps[1], done) == Undetermined((done[0].invoice_id,))

    async def test_a_draft_whose_line_is_refused_is_deleted_again(self, agency: Bench) -> None:
        plan = await agency.plan("create_invoice", **{**GIVEN, "lines": [LINE, {**LINE, "tax_rate": "9"}]})
        rate_id = plan.steps[2].body["data"]["relationships"]["tax_rate"]["data"]["id"]
        del agency.organization.tax_rates[rate_id]
        with pytest.raises(Undone) as caught:
            await agency.carry_out(plan)
        [created] = agency.organization.effects("invoice_created")
        assert [each.record_id for each in agency.organization.effects("invoice_deleted")] == [created.record_id]
        assert isinstance(caught.value.error, VendorRefused)
        assert f"agency:{created.record_id}" in caught.value.error.message

    async def test_a_draft_that_cannot_be_deleted_again_is_named(self, agency: Bench) -> None:
        plan = await agency.plan("create_invoice", **GIVEN)
        agency.organization.tax_rates.clear()
        agency.proxy.plan(on(RESET_BEFORE_COMMIT, "DELETE"))
        with pytest.raises(VendorRefused) as caught:
            await agency.carry_out(plan)
        [created] = agency.organization.effects("invoice_created")
        assert f"agency:{created.record_id}" in caught.value.next
        assert agency.organization.effects("invoice_deleted") == []

    async def test_a_copy_keeps_rates_template_and_discount(self, agency: Bench) -> None:
        source = agency.one(lambda invoice, _: invoice.discount is not None and not invoice.is_draft)
        copied = await agency.do("create_invoice", copy_of=f"agency:{source.id}", buyer_reference="x", repeat_of="op_1")
        invoice = agency.organization.invoices[copied.invoice_id]
        assert (invoice.discount, invoice.document_type_id) == (source.discount, source.document_type_id)
        assert agency.inside.totals(invoice).with_tax == agency.inside.totals(source).with_tax
        assert "GET /tax_rates" not in agency.since(0)

    async def test_a_credit_note_names_what_it_credits_and_is_negative(self, agency: Bench) -> None:
        source = await agency.issued()
        credit = await agency.do("create_invoice", kind="credit_note", copy_of=f"agency:{source}")
        head, line = agency.bodies[-2:]
        assert head["data"]["attributes"]["invoice_type_id"] == 2
        assert head["data"]["relationships"]["parent_invoice"] == {"data": {"type": "invoices", "id": source}}
        assert line["data"]["attributes"]["quantity"] == "-1"
        assert (await agency.backend.get(credit.invoice_id)).tax_inclusive_amount == Decimal("-121.00")
        await refused(agency, Conflict, "create_invoice", kind="credit_note", copy_of=f"agency:{source}")
        ref = f"agency:{credit.invoice_id}"
        await refused(agency, Conflict, "create_invoice", kind="credit_note", copy_of=ref)

    async def test_a_credit_note_for_somebody_else_or_in_another_currency_is_refused(self, agency: Bench) -> None:
        ref = f"agency:{await agency.issued()}"
        for given in ({"buyer": {"name": "Hotel de Brug"}}, {"currency": "USD"}):
            await refused(agency, InvalidRequest, "create_invoice", kind="credit_note", copy_of=ref, **given)

    async def test_a_lost_edit_is_known_by_what_the_draft_says(self, agency: Bench) -> None:
        ref = f"agency:{await agency.draft()}"
        plan = await agency.plan("create_invoice", replaces=ref, lines=[{**LINE, "quantity": "3"}], buyer_reference="x")
        assert [(step.method, step.path.split("/")[1]) for step in plan.steps] == [
            ("PATCH", "invoices"),
            ("PATCH", "line_items"),
        ]
        done: list[Any] = []
        for step in plan.steps:
            assert await agency.backend.find(step, done) == Absent()
            done.append(await agency.backend.perform(step, done))
            assert isinstance(await agency.backend.find(step, done), Found)


class TestPayments:
    async def test_a_payment_is_minor_units_and_bears_our_mark(self, agency: Bench) -> None:
        invoice_id = await agency.issued()
        before = len(agency.sent)
        plan = await agency.plan("register_payment", invoice_id, amount="21.05", reference="PSP 1")
        await agency.carry_out(plan)
        reads = sorted(["GET /line_items", "GET /payments", f"GET /invoices/{invoice_id}"])
        asked = agency.since(before)
        assert (sorted(asked[:3]), asked[3], sorted(asked[4:])) == (reads, "POST /payments", reads)
        assert agency.bodies[-1]["data"] == {
            "type": "payments",
            "attributes": {
                "amount": 2105,
                "paid_on": "2026-11-18",
                "note": f"PSP 1 {plan.steps[0].identity.operation}",
            },
            "relationships": {"invoice": {"data": {"type": "invoices", "id": invoice_id}}},
        }

    @pytest.mark.parametrize(
        "given", [{"method": "cash"}, {"reference": "x" * 151}, {"reference": "<b>x</b>"}, {"undo_payment_id": "a/b"}]
    )
    async def test_what_cannot_be_said_is_refused_before_anything_is_asked(self, agency: Bench, given: Any) -> None:
        with pytest.raises((Unsupported, InvalidRequest, NotFound)):
            await agency.plan("register_payment", "1", **given)
        assert agency.sent == []

    async def test_an_invoice_that_was_not_sent_is_warned_about_and_left_to_productive(self, agency: Bench) -> None:
        invoice_id = await agency.issued()
        agency.organization.invoices[invoice_id].sent_on = None
        plan = await agency.plan("register_payment", invoice_id)
        assert "not marked as sent" in plan.warnings[0]
        with pytest.raises(Conflict):
            await agency.carry_out(plan)
        assert agency.payments_of(invoice_id) == []

    async def test_a_currency_whose_size_is_not_documented_is_not_written(self, agency: Bench) -> None:
        invoice_id = await agency.issued()
        agency.organization.invoices[invoice_id].currency = "JPY"
        invoice = await agency.backend.get(invoice_id)
        assert invoice.can.register_payment == "no"
        assert any("JPY" in words for words in invoice.warnings)
        for tool, given in (("register_payment", {}), ("change_phase", {"phase": "uncollectible"})):
            await refused(agency, Unsupported, tool, invoice_id, **given)

    async def test_what_is_more_than_owed_at_productive_is_a_conflict(self) -> None:
        async with bench(switches=replace(UNLIMITED, overpayment="refused")) as agency:
            invoice_id = await agency.issued()
            plan = await agency.plan("register_payment", invoice_id)
            desk = agency.inside  # a colleague, within the five seconds
            new_id = agency.organization.new_id()
            desk.pay(Payment(new_id, invoice_id, Decimal(100), desk.today, None, None, desk.now))
            with pytest.raises(Conflict):
                await agency.carry_out(plan)

    @pytest.mark.parametrize("write_off_pays", [True, False])
    async def test_a_write_off_is_found_by_its_mark(self, write_off_pays: bool) -> None:
        async with bench(switches=replace(UNLIMITED, write_off_pays=write_off_pays)) as agency:
            invoice_id = await agency.issued()
            await agency.do("register_payment", invoice_id, amount="21.00")
            [step] = (await agency.plan("change_phase", invoice_id, phase="uncollectible")).steps
            assert await agency.backend.find(step, []) == Absent()
            done = await agency.backend.perform(step, [])
            assert agency.bodies[-1]["data"]["attributes"] == {
                "amount": 10000,
                "written_off_on": "2026-11-18",
                "note": step.identity.operation,
            }
            found = await agency.backend.find(step, [])
            assert isinstance(found, Found)
            assert found.result == done.result
            # Part of it was paid, so all of it is settled: paid, with a write-off.
            assert (await agency.backend.get(invoice_id)).status is Status.PAID


class TestPhases:
    async def test_sending_by_hand_finalises_and_marks(self, agency: Bench) -> None:
        invoice_id = await agency.draft()
        before = len(agency.sent)
        plan = await agency.plan("change_phase", invoice_id, phase="sent", deliver="manual")
        done = await agency.carry_out(plan)
        path = f"/invoices/{invoice_id}"
        assert agency.since(before)[3:] == [f"PATCH {path}/finalize", f"PATCH {path}", f"GET {path}"]
        assert agency.bodies[-1]["data"]["attributes"] == {"sent_on": "2026-11-18"}
        assert not any(step.mails for step in plan.steps)
        assert done[-1].result == {"changed": True, "from": "draft", "to": "open", "delivery": {"channel": "manual"}}

    async def test_a_mail_has_the_number_that_the_invoice_got(self, agency: Bench) -> None:
        invoice_id = await agency.draft()
        plan = await agency.plan("change_phase", invoice_id, phase="sent", deliver="email")
        assert "{invoice_number}" in plan.steps[1].body["data"]["attributes"]["subject"]
        assert [step.mails for step in plan.steps] == [False, True]
        await agency.carry_out(plan)
        number = agency.organization.invoices[invoice_id].number
        [mail] = agency.organization.effects("mail")
        assert (mail.recipient, mail.text and mail.text.splitlines()[0]) == (
            "ap@acme.example",
            f"Invoice {number} from Studio Noord B.V.",
        )
        assert "121.00" in (mail.text or "")
        assert "{invoice_number}" not in (mail.text or "")

    async def test_what_is_finalised_already_is_only_marked_or_mailed(self, agency: Bench) -> None:
        invoice_id = await agency.draft()
        agency.inside.finalize(agency.organization.invoices[invoice_id], None)
        plan = await agency.plan("change_phase", invoice_id, phase="sent", deliver="email")
        assert [step.path.rpartition("/")[2] for step in plan.steps] == ["send"]
        await agency.carry_out(plan)
        assert (await agency.plan("change_phase", invoice_id, phase="sent", deliver="email")).steps == ()

    async def test_without_an_address_nothing_is_mailed(self, agency: Bench) -> None:
        invoice_id = await agency.draft(buyer="Molen & Meel")
        await refused(agency, InvalidRequest, "change_phase", invoice_id, phase="sent", deliver="email")

    async def test_a_contact_that_is_no_single_address_is_not_mailed_to(self, agency: Bench) -> None:
        entry_id = agency.company().contact_entry_id or ""
        entry = agency.organization.contact_entries[entry_id]
        agency.organization.contact_entries[entry_id] = replace(entry, email="a@b.example, c@d.example")
        invoice_id = await agency.draft()
        await refused(agency, InvalidRequest, "change_phase", invoice_id, phase="sent", deliver="email")

    async def test_productive_may_give_an_invoice_no_contact(self) -> None:
        async with bench(switches=replace(UNLIMITED, bill_to="none")) as agency:
            invoice_id = await agency.draft()
            await refused(agency, InvalidRequest, "change_phase", invoice_id, phase="sent", deliver="email")
            await agency.do("change_phase", invoice_id, phase="sent", deliver="manual")

    async def test_an_empty_draft_that_is_not_finalised_is_a_conflict(self) -> None:
        async with bench(switches=replace(UNLIMITED, finalize_empty="refused")) as agency:
            invoice_id = await agency.draft()
            agency.inside.remove_line(agency.lines_of(invoice_id)[0])
            plan = await agency.plan("change_phase", invoice_id, phase="sent", deliver="manual")
            with pytest.raises(Conflict):
                await agency.carry_out(plan)

    async def test_a_discarded_draft_is_gone(self, agency: Bench) -> None:
        invoice_id = await agency.draft()
        plan = await agency.plan("change_phase", invoice_id, phase="cancelled", expected_status="draft")
        assert await agency.backend.find(plan.steps[0], []) == Absent()
        await agency.carry_out(plan)
        assert isinstance(await agency.backend.find(plan.steps[0], []), Found)
        with pytest.raises(NotFound):
            await agency.backend.get(invoice_id)

    @pytest.mark.parametrize("phase", ["scheduled", "dubious", "paused", "resumed", "framed"])
    async def test_a_phase_that_productive_lacks_is_refused_before_anything_is_asked(
        self, agency: Bench, phase: str
    ) -> None:
        with pytest.raises(Unsupported):
            await agency.plan("change_phase", "1", phase=phase)
        assert agency.sent == []

    async def test_a_change_takes_as_few_requests_as_can_be(self, agency: Bench) -> None:
        invoice_id = await agency.draft()
        before = len(agency.sent)
        plan = await agency.plan("change_phase", invoice_id, phase="cancelled")
        await agency.carry_out(plan)
        assert len(agency.since(before)) == 4


class TestReminders:
    async def test_what_a_reminder_changes_is_said_before_and_read_back_after(self, agency: Bench) -> None:
        invoice_id = await agency.overdue()
        before = len(agency.sent)
        plan = await agency.plan("send_reminder", invoice_id)
        assert "shows 2026-11-18 as its day of sending" in (plan.final or "")
        assert "2026-12-08" in (plan.final or "")
        [done] = await agency.carry_out(plan)
        assert done.result["delivery"] == {
            "channel": "vendor",
            "to": "ap@acme.example",
            "outcome": "sent",
            "sent_on": "2026-12-08",
        }
        assert len(agency.since(before)) == 4
        [mail] = agency.organization.effects("mail")
        assert (mail.recipient, agency.bodies[-1]["data"]["attributes"]["to"]) == ("ap@acme.example", [mail.recipient])

    @pytest.mark.parametrize(
        ("tone", "words"), [("friendly", "Friendly reminder"), ("firm", "Overdue"), ("final", "Final reminder")]
    )
    async def test_a_tone_is_ours_and_the_language_that_of_the_template(
        self, agency: Bench, tone: str, words: str
    ) -> None:
        invoice_id = await agency.overdue()
        plan = await agency.plan("send_reminder", invoice_id, tone=tone)
        said = plan.steps[0].body["data"]["attributes"]
        assert said["subject"].startswith(words)
        assert said["body"].startswith("<pre>")
        kind = next(iter(agency.organization.document_types))
        agency.organization.document_types[kind] = replace(agency.organization.document_types[kind], locale="nl")
        plan = await agency.plan("send_reminder", invoice_id, tone=tone)
        assert plan.steps[0].before["language"] == "nl"
        assert "Studio Noord B.V." in plan.steps[0].body["data"]["attributes"]["subject"]

    async def test_text_of_the_invoice_is_no_markup_in_the_mail(self, agency: Bench) -> None:
        invoice_id = await agency.overdue()
        company = agency.company()
        agency.organization.companies[company.id] = replace(company, name="<a href='https://evil.example'>Acme</a>")
        plan = await agency.plan("send_reminder", invoice_id)
        assert "<a" not in plan.steps[0].body["data"]["attributes"]["body"]

    @pytest.mark.parametrize(("resend", "moved"), [("overwrites", True), ("keeps", False)])
    async def test_a_lost_reminder_is_known_by_the_day_of_sending_if_that_moves(self, resend: Any, moved: bool) -> None:
        async with bench(switches=replace(UNLIMITED, resend=resend)) as agency:
            invoice_id = await agency.overdue()
            [step] = (await agency.plan("send_reminder", invoice_id)).steps
            assert not isinstance(await agency.backend.find(step, []), Found | Absent)
            await agency.backend.perform(step, [])
            assert isinstance(await agency.backend.find(step, []), Found) == moved
            assert not isinstance(await agency.backend.find(step, []), Absent)

    async def test_nobody_is_reminded_without_an_address(self, agency: Bench) -> None:
        invoice_id = await agency.overdue(buyer="Molen & Meel")
        assert (await agency.plan("send_reminder", invoice_id)).skipped == "no_address"


async def test_what_is_read_within_five_seconds_is_not_read_again(agency: Bench) -> None:
    invoice_id = await agency.issued()
    plan = await agency.plan("change_phase", invoice_id, phase="uncollectible")
    agency.clock.advance(seconds=6)
    before = len(agency.sent)
    await agency.carry_out(plan)
    path = f"GET /invoices/{invoice_id}"
    assert agency.since(before) == [path, "POST /payments", path]


async def test_a_probe_is_one_small_request(agency: Bench) -> None:
    probe = await agency.backend.probe()
    assert probe.ok
    assert probe.facts == {"invoices": str(len(agency.organization.invoices))}
    assert len(agency.sent) == 1


@pytest.mark.parametrize("switch", ["linkage_after_write", "links", "fields_on_one", "amounts"])
async def test_nothing_hangs_on_how_answers_are_written(switch: str) -> None:
    others: dict[str, list[Any]] = {
        "linkage_after_write": ["all"],
        "links": ["relationships"],
        "fields_on_one": ["honoured"],
        "amounts": ["float", "string"],
    }
    for other in others[switch]:
        known: Switches = replace(UNLIMITED, **{switch: other})
        async with bench(invoices=5, switches=known) as agency:
            invoice_id = await agency.issued()
            await agency.do("register_payment", invoice_id, amount="21.00")
            invoice = await agency.backend.get(invoice_id)
            assert (invoice.status, invoice.payable_amount) == (Status.PARTIALLY_PAID, 100)


async def _credited(agency: Bench, invoice_id: str) -> None:
    await agency.do("create_invoice", kind="credit_note", copy_of=f"agency:{invoice_id}")


async def _unpaid(agency: Bench, invoice_id: str) -> None:
    [payment] = agency.payments_of(invoice_id)
    await agency.do("register_payment", invoice_id, undo_payment_id=payment.id)


async def _numbered(agency: Bench, invoice_id: str) -> None:
    number = agency.organization.invoices[invoice_id].number
    [row] = (await agency.backend.find_number(number or "")).rows
    await agency.backend.get(row.ref.id)


async def _move(agency: Bench, invoice_id: str, phase: str) -> None:
    await agency.do("change_phase", invoice_id, phase=phase, **({"deliver": "manual"} if phase == "sent" else {}))


def _search(**query: Any) -> Any:
    return lambda agency, _: agency.backend.search(InvoiceQuery(today=agency.clock.now().date(), **query), None)


_CALLS: dict[str, tuple[str, Any]] = {
    "search": ("issued", _search()),
    "search for a buyer": ("issued", _search(buyer="Molen & Meel")),
    "search for the unpaid": ("issued", _search(statuses=frozenset(UNPAID))),
    "get": ("issued", lambda agency, each: agency.backend.get(each)),
    "get by number": ("issued", _numbered),
    "create, one line": ("issued", lambda agency, _: agency.draft("7.00")),
    "credit note by copy, one line": ("issued", _credited),
    "pay": ("issued", lambda agency, each: agency.do("register_payment", each)),
    "take a payment back": ("paid", _unpaid),
    "remind": ("overdue", lambda agency, each: agency.do("send_reminder", each)),
    "mark a draft as sent": (
        "draft",
        lambda agency, each: _move(agency, each, "sent"),
    ),
    "cancel a draft": ("draft", lambda agency, each: _move(agency, each, "cancelled")),
    "write off": ("issued", lambda agency, each: _move(agency, each, "uncollectible")),
}
_PAGE = Path(__file__).parents[3] / "docs" / "backends" / "productive.md"


async def test_requests_per_call_are_as_documented(agency: Bench) -> None:
    rows = dict(re.findall(r"^\| ([a-z ,]+) \| (\d+) \|$", _PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert rows.pop("each further line") == "1"
    counted = {}
    for index, (name, (state, call)) in enumerate(_CALLS.items()):
        make = getattr(agency, "issued" if state == "paid" else state)
        invoice_id = await make(f"{index + 1}00.00")
        if state == "paid":
            await agency.do("register_payment", invoice_id)
        before = len(agency.sent)
        await call(agency, invoice_id)
        counted[name] = str(len(agency.sent) - before)
    assert counted == rows
