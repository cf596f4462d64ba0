"""Writes to Tribe CRM: exactly what is said, in how many requests, and what is refused instead of half said."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest

from invoice_mcp.backends.base import Absent, Found, Undetermined
from invoice_mcp.domain.status import Status
from invoice_mcp.errors import (
    Ambiguous,
    Conflict,
    DuplicateSuspected,
    InvalidRequest,
    InvoiceError,
    NotFound,
    PolicyRefused,
    Unsupported,
    VendorRefused,
)
from invoice_mcp.net import LostAnswer
from invoice_mcp.sandbox.faults import COMMIT_THEN_RESET, RESET_BEFORE_COMMIT
from invoice_mcp.sandbox.plans import on
from invoice_mcp.sandbox.tribe.model import INVOICES, LINES, REFERENCE, RELATIONSHIPS
from invoice_mcp.sandbox.tribe.switches import Switches
from tests.backends.altered import changed
from tests.backends.tribe.conftest import FIELDS, ROOT, Bench, bench

LINE: dict[str, Any] = {"item_name": "Ontwerp", "net_price": "19.99", "tax_rate": "21"}
GIVEN: dict[str, Any] = {"buyer": {"name": "Acme B.V."}, "lines": [LINE]}
NOBODY = "44444444-0000-4000-8000-000000000000"


def bodies(crm: Bench) -> list[Any]:
    """What was written, numbers as they stood on the wire."""
    written = [each for each in crm.proxy.received if each.method in ("POST", "PUT") and ROOT in each.path]
    return [json.loads(each.body, parse_float=Decimal) for each in written]


def keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for inner in value.values() for key in keys(inner)}
    return {key for inner in value for key in keys(inner)} if isinstance(value, list) else set()


async def refused(crm: Bench, error: type[InvoiceError], tool: str, invoice_id: str | None = None, **given: Any) -> str:
    before = crm.writes
    with pytest.raises(error) as raised:
        await crm.plan(tool, invoice_id, **given)
    assert crm.writes == before
    return raised.value.message


class TestCreate:
    async def test_what_is_written_is_right_odata_and_every_default_is_said(self, crm: Bench) -> None:
        line = {**LINE, "quantity": "0.5", "discount_percent": "10", "description": "huisstijl"}
        await crm.do("create_invoice", **{**GIVEN, "lines": [line]}, currency="USD", buyer_reference="PO 1")
        buyer = next(each for each in crm.book.all(RELATIONSHIPS).values() if each.values["_Name"] == "Acme B.V.")
        assert bodies(crm) == [
            {
                "Subject": "Ontwerp",
                "Currency": "USD",
                "IsVatIncluded": False,
                "Relationship": {"ID": buyer.id},
                REFERENCE: "PO 1",
                "Phase": {"ID": crm.phase("Draft")},
                "ImportId": f"op_{crm.counter:018d}",
                "ProductLines": [
                    {
                        "Description": "Ontwerp\nhuisstijl",
                        "Quantity": Decimal("0.5"),
                        "Price": Decimal("19.99"),
                        "VatPercentage": 21,
                        "DiscountPercentage": 10,
                    }
                ],
            }
        ]
        [raw] = [each.body for each in crm.proxy.received if each.method == "POST" and ROOT in each.path]
        assert b'"Price":19.99' in raw

    async def test_requests_are_as_few_as_can_be(self, crm: Bench) -> None:
        await crm.draft("1.00")
        before = len(crm.sent)
        await crm.draft("2.00")
        # The list is the look for a copy that was made before, the last the look whether the lines are there.
        assert crm.since(before) == [
            "GET /Relationship",
            "GET /Activity_Invoice",
            "POST /Activity_Invoice",
            "GET /Activity_Invoice",
        ]
        assert "CreationDate ge 2026-11-11T09:30:00Z" in crm.sent[before + 1]

    async def test_no_key_ends_in_what_tribe_does_not_have(self, crm: Bench) -> None:
        async with bench(more='product_lines = "separate"' + FIELDS) as separate:
            for books in (crm, separate):
                invoice_id = await books.issued(buyer_reference="x")
                await books.do("register_payment", invoice_id)
                ref = f"crm:{await books.draft('7.00')}"
                await books.do("create_invoice", replaces=ref, lines=[LINE], buyer={"name": "Acme Media"})
                named = keys(bodies(books))
                assert {"ID", "Phase", "Relationship", "Activity", "Description"} <= named
                assert not [key for key in named if key.endswith("_ID") or "@" in key]

    async def test_every_address_is_percent_encoded(self, crm: Bench) -> None:
        await crm.draft(buyer="O'Brien Consulting", buyer_reference="a+b & c#d")
        targets = [each.target for each in crm.proxy.received]
        assert all(re.fullmatch(r"[A-Za-z0-9/_.~$()?=&%-]+", target) for target in targets)
        assert any("O%27%27Brien%20Consulting" in target for target in targets)

    @pytest.mark.parametrize(
        ("given", "error"),
        [
            ({"note": "thanks"}, Unsupported),
            ({"due_date": "2026-12-01"}, Unsupported),
            ({"issue_date": "2026-12-01"}, Unsupported),
            ({"payment_terms_days": 30}, Unsupported),
            ({"buyer": {"name": "New", "new": True}}, Unsupported),
            ({"buyer": {"id": "1/../2"}}, NotFound),
            ({"copy_of": "crm:inv_7"}, NotFound),
            ({"replaces": "crm:inv_7"}, NotFound),
            ({"kind": "credit_note", "copy_of": f"crm:{NOBODY}"}, Unsupported),
            ({"lines": [{**LINE, "unit": "hour"}]}, Unsupported),
            ({"lines": [{**LINE, "tax_rate": "0", "tax_category": "AE"}]}, Unsupported),
            ({"lines": [{**LINE, "tax_rate": "0", "tax_category": "S"}]}, InvalidRequest),
            ({"lines": [{"item_name": "x", "net_price": "1"}]}, InvalidRequest),
        ],
        ids=str,
    )
    async def test_what_cannot_be_said_is_refused_before_anything_is_asked(
        self, crm: Bench, given: dict[str, Any], error: type[InvoiceError]
    ) -> None:
        await refused(crm, error, "create_invoice", **{**GIVEN, **given})
        assert crm.proxy.received == []

    async def test_a_reference_needs_a_field_of_the_tenant_s_own(self) -> None:
        async with bench() as crm:
            said = await refused(crm, Unsupported, "create_invoice", **GIVEN, buyer_reference="PO 1")
            assert "accounts.crm.fields" in said
            assert crm.proxy.received == []

    async def test_a_phase_for_drafts_has_to_be_mapped_and_there(self) -> None:
        async with bench(phases={"Paid": "paid"}) as crm:
            await refused(crm, PolicyRefused, "create_invoice", **GIVEN)
            assert crm.proxy.received == []
        async with bench(phases={"Concept": "draft"}) as crm:
            await refused(crm, PolicyRefused, "create_invoice", **GIVEN)

    async def test_a_currency_that_nobody_names_is_said(self) -> None:
        async with bench() as crm:
            assert (await crm.plan("create_invoice", **GIVEN)).warnings == ()
        async with bench(currency=None) as crm:
            plan = await crm.plan("create_invoice", **GIVEN)
            assert "EUR is used" in plan.warnings[0]
            assert plan.steps[0].body["Currency"] == "EUR"

    async def test_a_copy_made_before_is_suspected(self, crm: Bench) -> None:
        first = await crm.draft()
        with pytest.raises(DuplicateSuspected) as raised:
            await crm.draft()
        assert raised.value.candidates
        assert raised.value.candidates[0]["ref"] == f"crm:{first}"
        await crm.draft(buyer_reference="another")
        await crm.draft(repeat_of="op_0")
        crm.clock.advance(days=8)
        await crm.draft()

    async def test_several_of_a_name_are_candidates(self, crm: Bench) -> None:
        with pytest.raises(Ambiguous) as raised:
            await crm.plan("create_invoice", **{**GIVEN, "buyer": {"name": "Acme"}})
        assert {each["name"] for each in raised.value.candidates or []} == {
            "Acme B.V.",
            "Acme Holding B.V.",
            "Acme Media",
        }
        details = {"buyer": {"name": "Acme B.V.", "email": "evil@example.com"}}
        await refused(crm, InvalidRequest, "create_invoice", **{**GIVEN, **details})

    async def test_a_copy_takes_the_contact_with_the_buyer(self, crm: Bench) -> None:
        source = crm.in_phase("Paid")
        await crm.do("create_invoice", copy_of=f"crm:{source.id}")
        [body] = bodies(crm)
        assert body["Relationship"]["ID"] == source.links["Relationship"]
        assert body.get("Contact", {"ID": None})["ID"] == source.links["Contact"]
        assert len(body["ProductLines"]) == source.values["NumberOfProductLines"]
        assert body["IsVatIncluded"] is source.values["IsVatIncluded"]

    async def test_lines_are_sent_one_by_one_where_that_is_configured(self) -> None:
        async with bench(more='product_lines = "separate"') as crm:
            lines = [LINE, {**LINE, "item_name": "Advies"}]
            plan = await crm.plan("create_invoice", buyer={"name": "Acme B.V."}, lines=lines)
            assert [step.path for step in plan.steps] == [f"{ROOT}/Activity_Invoice", *[f"{ROOT}/ProductLine"] * 2]
            assert "ProductLines" not in plan.steps[0].body
            invoice_id = (await crm.carry_out(plan))[-1].invoice_id
            assert bodies(crm)[-1]["Activity"] == {"ID": invoice_id}
            assert crm.total(invoice_id) == Decimal("48.38")

    async def test_a_draft_that_lost_its_lines_is_deleted_again(self) -> None:
        async with bench(switches=Switches(product_lines="ignored")) as crm:
            before = set(crm.invoices)
            with pytest.raises(VendorRefused) as raised:
                await crm.draft()
            assert "product_lines" in raised.value.next
            assert set(crm.invoices) == before

    async def test_lines_that_are_refused_inside_leave_nothing(self) -> None:
        async with bench(switches=Switches(product_lines="refused")) as crm:
            with pytest.raises(VendorRefused):
                await crm.draft()
            assert crm.book.journal == []

    async def test_a_draft_without_lines_that_cannot_be_deleted_is_not_said_to_be_nothing(self) -> None:
        async with bench(switches=Switches(product_lines="ignored")) as crm:
            crm.proxy.plan(on(COMMIT_THEN_RESET, "DELETE"))
            with pytest.raises(LostAnswer):
                await crm.draft()


class TestMark:
    async def test_a_lost_draft_is_found_by_its_mark(self, crm: Bench) -> None:
        plan = await crm.plan("create_invoice", **GIVEN)
        assert isinstance(await crm.backend.find(plan.steps[0], []), Absent)
        crm.proxy.plan(on(COMMIT_THEN_RESET, "POST", path=ROOT))
        with pytest.raises(LostAnswer):
            await crm.carry_out(plan)
        found = await crm.backend.find(plan.steps[0], [])
        assert isinstance(found, Found)
        assert crm.invoices[found.invoice_id].values["ImportId"] == plan.steps[0].identity.operation

    async def test_a_tenant_that_keeps_no_mark_does_not_make_us_write_twice(self) -> None:
        async with bench(switches=Switches(import_id="ignored")) as crm:
            plan = await crm.plan("create_invoice", **GIVEN)
            assert isinstance(await crm.backend.find(plan.steps[0], []), Absent)
            crm.proxy.plan(on(COMMIT_THEN_RESET, "POST", path=ROOT))
            with pytest.raises(LostAnswer):
                await crm.carry_out(plan)
            found = await crm.backend.find(plan.steps[0], [])
            assert isinstance(found, Undetermined)
            assert found.candidates == tuple(each.id for each in crm.book.effects("created", INVOICES))

    async def test_without_marks_nothing_is_certain(self) -> None:
        async with bench(more="import_id = false", switches=Switches(import_id="refused")) as crm:
            plan = await crm.plan("create_invoice", **GIVEN)
            assert "ImportId" not in plan.steps[0].body
            assert await crm.backend.find(plan.steps[0], []) == Undetermined(())
            await crm.carry_out(plan)

    @pytest.mark.parametrize("marked", [True, False])
    async def test_a_tenant_whose_invoices_have_no_such_property_is_sent_none(self, marked: bool) -> None:
        def without(reply: Any) -> Any:
            rows = [{k: v for k, v in row.items() if k != "ImportId"} for row in reply["value"]]
            return {**reply, "value": rows}

        dress = (lambda app: app) if marked else changed(INVOICES, without)
        async with bench(dress=dress) as crm:
            plan = await crm.plan("create_invoice", **GIVEN)
            assert ("ImportId" in plan.steps[0].body) is marked

    async def test_a_property_that_is_refused_is_told_by_its_setting(self) -> None:
        async with bench(0, switches=Switches(import_id="refused")) as crm:
            with pytest.raises(VendorRefused) as raised:
                await crm.draft()
            assert "import_id = false" in raised.value.next
            assert crm.book.journal == []

    async def test_a_line_that_may_not_name_its_invoice_so_leaves_the_draft_without(self) -> None:
        async with bench(more='product_lines = "separate"', switches=Switches(line_link=False)) as crm:
            plan = await crm.plan("create_invoice", **GIVEN)
            head = await crm.backend.perform(plan.steps[0], [])
            with pytest.raises(VendorRefused):
                await crm.backend.perform(plan.steps[1], [head])
            assert [(each.set, each.kind) for each in crm.book.journal] == [(INVOICES, "created")]

    async def test_another_s_mark_that_contains_ours_is_none(self, crm: Bench) -> None:
        plan = await crm.plan("create_invoice", **GIVEN)
        crm.in_phase("Paid").values["ImportId"] = f"{plan.steps[0].identity.operation}9"
        assert isinstance(await crm.backend.find(plan.steps[0], []), Absent)


class TestEdit:
    async def test_lines_are_replaced_and_nothing_else_changes(self, crm: Bench) -> None:
        invoice_id = await crm.draft(buyer_reference="kept")
        before = len(crm.sent)
        await crm.do("create_invoice", replaces=f"crm:{invoice_id}", lines=[LINE, LINE])
        assert crm.since(before) == [
            "GET /Activity_Invoice",
            "DELETE /ProductLine",
            "POST /ProductLine",
            "POST /ProductLine",
        ]
        assert crm.total(invoice_id) == Decimal("48.38")
        assert crm.invoices[invoice_id].values[REFERENCE] == "kept"

    async def test_a_step_of_an_edit_is_known_by_what_stands_there(self, crm: Bench) -> None:
        invoice_id = await crm.draft()
        plan = await crm.plan("create_invoice", replaces=f"crm:{invoice_id}", lines=[LINE], currency="GBP")
        done = []
        for step in plan.steps:
            assert isinstance(await crm.backend.find(step, done), Absent), step.method
            crm.proxy.plan(on(COMMIT_THEN_RESET, step.method, path=ROOT))
            with pytest.raises(LostAnswer):
                await crm.backend.perform(step, done)
            found = await crm.backend.find(step, done)
            assert isinstance(found, Found), step.method
            done.append(found)
        assert [step.method for step in plan.steps] == ["PUT", "DELETE", "POST"]
        assert len(crm.inside.lines(crm.invoices[invoice_id])) == 1

    async def test_a_line_of_somebody_else_meanwhile_leaves_it_open(self, crm: Bench) -> None:
        invoice_id = await crm.draft()
        plan = await crm.plan("create_invoice", replaces=f"crm:{invoice_id}", lines=[LINE])
        crm.inside.create(LINES, {"Description": "Theirs", "VatPercentage": Decimal(21)}, {"Activity": invoice_id})
        assert isinstance(await crm.backend.find(plan.steps[-1], []), Undetermined)

    async def test_what_is_no_draft_is_left_alone(self, crm: Bench) -> None:
        for code in ("Paid", "Dispute", None):
            ref = f"crm:{crm.in_phase(code).id}"
            await refused(crm, Conflict, "create_invoice", replaces=ref, buyer_reference="x")


class TestPay:
    async def test_the_phase_is_changed_by_a_post_with_the_id_after_it_was_read(self, crm: Bench) -> None:
        invoice = crm.in_phase("Reminder1")
        plan = await crm.plan("register_payment", invoice.id)
        assert "keeps no date" in plan.warnings[0]
        [result] = await crm.carry_out(plan)
        assert bodies(crm) == [{"ID": invoice.id, "Phase": {"ID": crm.phase("Paid")}}]
        assert crm.since(0) == [
            "GET /Activity_Invoice",
            "GET /Datastore_Phase_ActivityInvoice",
            "POST /Activity_Invoice",
            "GET /Activity_Invoice",
        ]
        assert result.result["payment"]["amount"] == str(crm.total(invoice.id))
        assert result.result["after"]["status"] == "paid"

    async def test_an_invoice_that_is_gone_is_not_made_anew(self, crm: Bench) -> None:
        invoice = crm.in_phase("Reminder1")
        plan = await crm.plan("register_payment", invoice.id)
        crm.inside.delete(invoice)
        crm.clock.advance(seconds=60)
        with pytest.raises(NotFound):
            await crm.carry_out(plan)
        await refused(crm, NotFound, "register_payment", NOBODY)
        assert crm.writes == 0

    async def test_an_amount_that_is_all_of_it_may_be_named(self, crm: Bench) -> None:
        invoice = crm.in_phase("Reminder2")
        amount = str(crm.total(invoice.id))
        await crm.do("register_payment", invoice.id, amount=amount, currency=invoice.values["Currency"])
        assert crm.inside.code(invoice) == "Paid"

    async def test_nothing_is_paid_in_phases_that_nobody_mapped(self, crm: Bench) -> None:
        for code in ("Dispute", None, "WrittenOff", "Cancelled", "Paid"):
            await refused(crm, Conflict, "register_payment", crm.in_phase(code).id)
        async with bench(phases={"Sent": "open"}) as unmapped:
            await refused(unmapped, Unsupported, "register_payment", NOBODY)
            assert unmapped.proxy.received == []

    @pytest.mark.parametrize("reply", ["entity", "empty"])
    async def test_whatever_a_change_is_answered_with_it_is_read_again(self, reply: Any) -> None:
        async with bench(switches=Switches(update_reply=reply)) as crm:
            result = await crm.do("register_payment", crm.in_phase("Reminder1").id)
            assert result.result["after"]["payable_amount"] == "0.00"


class TestPhases:
    async def test_labels_of_the_tenant_s_own_are_phases_too(self, crm: Bench) -> None:
        invoice_id = await crm.issued()
        result = await crm.do("change_phase", invoice_id, phase="Reminder1")
        assert (result.result["from"], result.result["to"]) == ("open", "overdue")
        assert (await crm.plan("change_phase", invoice_id, phase="reminder1")).steps == ()
        can = (await crm.backend.get(invoice_id)).can.phases
        assert can == ("sent", "uncollectible", "cancelled", "Sent", "Reminder2", "WrittenOff", "Cancelled")
        assert set(can) <= set(crm.backend.capabilities.phases)

    async def test_what_no_phase_is_mapped_to_is_refused_before_anything_is_asked(self, crm: Bench) -> None:
        for phase in ("dubious", "paused", "resumed", "Dispute", "framed"):
            said = await refused(crm, Unsupported, "change_phase", NOBODY, phase=phase)
            assert "accounts.crm.phases" in said
        await refused(crm, Unsupported, "change_phase", NOBODY, phase="sent", deliver="email")
        await refused(crm, Unsupported, "change_phase", NOBODY, phase="Paid")
        assert crm.proxy.received == []

    async def test_what_is_settled_stays_so(self, crm: Bench) -> None:
        for code in ("Paid", "WrittenOff", "Cancelled"):
            await refused(crm, Conflict, "change_phase", crm.in_phase(code).id, phase="Sent")
        await refused(crm, Conflict, "change_phase", crm.in_phase("Reminder1").id, phase="Draft")
        assert (await crm.backend.get(crm.in_phase("Paid").id)).can.phases == ()

    async def test_an_invoice_without_a_phase_can_be_given_one(self, crm: Bench) -> None:
        invoice = crm.in_phase(None)
        assert (await crm.backend.get(invoice.id)).status is Status.UNKNOWN
        await crm.do("change_phase", invoice.id, phase="sent", deliver="manual")
        assert crm.inside.code(invoice) == "Sent"

    async def test_a_sent_invoice_is_cancelled_only_where_a_phase_means_that(self) -> None:
        async with bench(phases={"Draft": "draft", "Sent": "open"}) as crm:
            invoice_id = await crm.issued()
            await refused(crm, Unsupported, "change_phase", invoice_id, phase="cancelled", expected_status="open")
            draft = await crm.draft("7.00")
            await crm.do("change_phase", draft, phase="cancelled", expected_status="draft")
            assert draft not in crm.invoices

    async def test_that_sent_does_not_number_is_said(self) -> None:
        async with bench(switches=Switches(numbered="people")) as crm:
            draft = await crm.draft()
            plan = await crm.plan("change_phase", draft, phase="sent", deliver="manual")
            assert plan.final is not None
            assert "not known" in plan.final
            await crm.carry_out(plan)
            assert (await crm.backend.get(draft)).invoice_number is None

    @pytest.mark.parametrize("status", [400, 500])
    async def test_an_engine_that_takes_a_change_for_a_new_invoice_is_said_and_can_be_patched(
        self, status: int
    ) -> None:
        """Some refuse it as theirs, some as an error of their database."""
        strict = Switches(existing_id="refused")

        def as_status(app: Any) -> Any:
            async def answered(scope: Any, receive: Any, send: Any) -> None:
                async def told(message: Any) -> None:
                    if message.get("status") == 400:
                        message = {**message, "status": status}
                    await send(message)

                await app(scope, receive, told)

            return answered

        async with bench(switches=strict, dress=as_status) as crm:
            invoice = crm.in_phase("Reminder1")
            with pytest.raises(VendorRefused) as raised:
                await crm.do("register_payment", invoice.id)
            assert 'updates = "patch"' in raised.value.next
            assert crm.inside.code(invoice) == "Reminder1"
            assert crm.book.journal == []
        async with bench(switches=strict, more='updates = "patch"') as crm:
            invoice = crm.in_phase("Reminder1")
            plan = await crm.plan("register_payment", invoice.id)
            assert (plan.steps[0].method, plan.steps[0].path) == ("PATCH", f"{ROOT}/{INVOICES}({invoice.id})")
            assert plan.steps[0].body.keys() == {"Phase"}
            await crm.carry_out(plan)
            assert isinstance(await crm.backend.find(plan.steps[0], []), Found)
            draft = await crm.draft()
            await crm.do("create_invoice", replaces=f"crm:{draft}", currency="USD")
            assert crm.invoices[draft].values["Currency"] == "USD"
            assert {each.partition(" ")[0] for each in crm.sent} == {"GET", "POST", "PATCH"}

    async def test_a_change_that_did_not_come_is_not_done(self, crm: Bench) -> None:
        invoice_id = await crm.issued()
        plan = await crm.plan("change_phase", invoice_id, phase="Reminder1")
        crm.proxy.plan(on(RESET_BEFORE_COMMIT, "POST", path=ROOT))
        with pytest.raises(LostAnswer):
            await crm.carry_out(plan)
        assert isinstance(await crm.backend.find(plan.steps[0], []), Absent)
        crm.clock.advance(seconds=1)
        crm.inside.update(crm.invoices[invoice_id], {"Subject": "Theirs"}, {})
        assert isinstance(await crm.backend.find(plan.steps[0], []), Undetermined)


class TestRemind:
    async def test_without_its_configuration_nothing_is_asked(self) -> None:
        async with bench() as crm:
            said = await refused(crm, Unsupported, "send_reminder", NOBODY)
            assert "contact_email_field" in said
            assert crm.proxy.received == []
        async with bench(more='contact_email_field = "emailAddress"') as crm:
            assert "due_date" in await refused(crm, Unsupported, "send_reminder", NOBODY)
            assert crm.proxy.received == []

    async def test_whoever_has_no_address_is_not_reminded(self, crm: Bench) -> None:
        invoice = crm.in_phase("Reminder1")
        crm.inside.update(invoice, {}, {"Contact": None})
        assert (await crm.plan("send_reminder", invoice.id)).skipped == "no_address"


class TestTokens:
    async def test_one_token_serves_until_a_minute_before_its_end(self, crm: Bench) -> None:
        def fetched() -> int:
            return crm.proxy.count("POST", "/oauth2/token")

        await crm.backend.phases()
        await crm.backend.get(crm.in_phase("Paid").id)
        crm.clock.advance(minutes=58)
        await crm.backend.get(crm.in_phase("Paid").id)
        assert fetched() == 1
        crm.clock.advance(minutes=1)
        await crm.backend.get(crm.in_phase("Paid").id)
        assert fetched() == 2

    async def test_a_token_that_is_refused_is_replaced_once(self, crm: Bench) -> None:
        invoice_id = await crm.draft()
        crm.book.tokens.clear()
        await crm.do("change_phase", invoice_id, phase="sent", deliver="manual")
        assert crm.proxy.count("POST", "/oauth2/token") == 2
        assert len(crm.book.effects("updated", INVOICES)) == 1

    async def test_nothing_secret_stands_in_an_address(self, crm: Bench) -> None:
        await crm.draft()
        token = next(iter(crm.book.tokens))
        assert all(token not in each.target and "secret" not in each.target for each in crm.proxy.received)
        assert all(
            "sandbox-secret" not in (each.body or b"").decode()
            for each in crm.proxy.received
            if "/oauth2/token" not in each.target
        )
