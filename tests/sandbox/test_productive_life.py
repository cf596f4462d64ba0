"""An invoice from draft to paid, written off or credited: what each request does, refuses, and leaves behind."""

from decimal import Decimal
from typing import Any

import pytest

from invoice_mcp.sandbox.productive.records import Invoice
from tests.sandbox.productive import Vendor, document, vendor


def kinds(productive: Vendor) -> list[str]:
    return [each.kind for each in productive.organization.journal]


async def test_a_draft_is_finalised_sent_and_paid() -> None:
    async with vendor() as productive:
        one = await productive.draft(12345)
        draft = await productive.shown(one)
        assert (draft["number"], draft["finalized_on"], draft["sent_on"]) == (None, None, None)
        assert (draft["amount"], draft["amount_tax"], draft["amount_with_tax"]) == (12345, 2592, 14937)
        await productive.ask("PATCH", f"/invoices/{one}/finalize")
        final = await productive.shown(one)
        assert final["number"].startswith("2026-")
        assert (final["finalized_on"], final["amount_unpaid"]) == ("2026-11-18", 14937)
        sending = document("invoices", {"to": ["finance@acme.test"], "subject": "Invoice", "body": "<pre>x</pre>"})
        await productive.ask("PATCH", f"/invoices/{one}/send", sending)
        assert (await productive.shown(one))["sent_on"] == "2026-11-18"
        await productive.pay(one, 4937)
        assert ((await productive.shown(one))["amount_unpaid"], (await productive.shown(one))["paid_on"]) == (
            10000,
            None,
        )
        await productive.pay(one, 10000, paid_on="2026-11-17")
        paid = await productive.shown(one)
        assert (paid["amount_paid"], paid["amount_unpaid"], paid["paid_on"]) == (14937, 0, "2026-11-17")
        sent = ["invoice_finalized", "invoice_sent", "mail", "payment_created", "payment_created"]
        assert kinds(productive) == ["invoice_created", "line_created", *sent]
        [mail] = productive.organization.effects("mail")
        assert (mail.recipient, mail.text) == ("finance@acme.test", "Invoice\n<pre>x</pre>")


async def test_a_draft_that_was_deleted_is_gone_and_a_final_one_stays() -> None:
    async with vendor() as productive:
        await productive.ask("DELETE", f"/invoices/{await productive.draft()}", status=204)
        one = await productive.issued()
        await productive.refusal("DELETE", f"/invoices/{one}", status=422)
        assert kinds(productive).count("invoice_deleted") == 1
    async with vendor(delete_finalized="accepted") as productive:
        await productive.ask("DELETE", f"/invoices/{await productive.issued()}", status=204)


async def test_a_sent_invoice_is_changed_in_its_tags_and_dates_of_sending_only() -> None:
    async with vendor() as productive:
        one = await productive.issued()
        await productive.refusal("PATCH", f"/invoices/{one}", document("invoices", {"subject": "x"}), status=422)
        line = next(each.id for each in productive.organization.line_items.values() if each.invoice_id == one)
        await productive.refusal("PATCH", f"/line_items/{line}", document("line_items", {"quantity": 2}), status=422)
        await productive.refusal("DELETE", f"/line_items/{line}", status=422)
        await productive.ask("PATCH", f"/invoices/{one}", document("invoices", {"tag_list": ["seen"]}))


async def test_finalising_twice_and_sending_a_draft_are_refused() -> None:
    async with vendor() as productive:
        one = await productive.draft()
        await productive.refusal("PATCH", f"/invoices/{one}/send", status=422)
        await productive.ask("PATCH", f"/invoices/{one}/finalize")
        await productive.refusal("PATCH", f"/invoices/{one}/finalize", status=422)


async def test_a_credit_note_lowers_what_is_unpaid_once_it_is_final() -> None:
    async with vendor() as productive:
        one = await productive.issued()
        credit = await productive.draft(-10000, credits=one)
        assert (await productive.shown(one))["amount_unpaid"] == 12100
        await productive.ask("PATCH", f"/invoices/{credit}/finalize")
        shown = await productive.shown(one)
        assert (shown["amount_credited"], shown["amount_credited_with_tax"], shown["amount_unpaid"]) == (
            10000,
            12100,
            0,
        )
        assert (await productive.shown(credit))["amount_unpaid"] == 0
    async with vendor(credit_reduces_unpaid=False, credit_note_unpaid="negative") as productive:
        one = await productive.issued()
        credit = await productive.draft(-10000, credits=one)
        await productive.ask("PATCH", f"/invoices/{credit}/finalize")
        assert (await productive.shown(one))["amount_unpaid"] == 12100
        assert (await productive.shown(credit))["amount_unpaid"] == -12100


async def test_a_payment_can_be_taken_back() -> None:
    async with vendor() as productive:
        one = await productive.issued()
        payment = (await productive.pay(one, 12100, note="op_1"))["data"]["id"]
        listed = await productive.ask("GET", "/payments", include="invoice", **{"filter(invoice_id)": one})
        assert [each["attributes"]["note"] for each in listed["data"]] == ["op_1"]
        await productive.ask("DELETE", f"/payments/{payment}", status=204)
        shown = await productive.shown(one)
        assert (shown["amount_paid"], shown["paid_on"], shown["amount_unpaid"]) == (0, None, 12100)


@pytest.mark.parametrize(("pays", "paid_on"), [(False, None), (True, "2026-11-18")])
async def test_what_is_written_off_is_not_paid(pays: bool, paid_on: str | None) -> None:
    async with vendor(write_off_pays=pays) as productive:
        one = await productive.issued()
        await productive.pay(one, 12100, written_off_on="2026-11-18")
        shown = await productive.shown(one)
        assert (shown["amount_paid"], shown["amount_written_off"], shown["amount_unpaid"]) == (0, 12100, 0)
        assert shown["paid_on"] == paid_on


async def test_no_payment_on_a_draft_or_of_a_part_of_a_cent() -> None:
    async with vendor() as productive:
        await productive.pay(await productive.draft(), 1, status=422)
        one = await productive.issued()
        body = document("payments", {"amount": "100.5"}, {"invoice": ("invoices", one)})
        error = await productive.refusal("POST", "/payments", body, status=422)
        assert error["source"]["pointer"] == "data/attributes/amount"
        body["data"]["attributes"]["amount"] = "100.0"
        await productive.ask("POST", "/payments", body, status=201)


@pytest.mark.parametrize(
    ("changes", "unsent", "over"),
    [
        ({}, 422, 201),
        ({"payment_unsent": "accepted"}, 201, 201),
        ({"overpayment": "refused"}, 422, 422),
    ],
    ids=range(3),
)
async def test_which_payments_are_refused(changes: Any, unsent: int, over: int) -> None:
    async with vendor(**changes) as productive:
        one = await productive.draft()
        await productive.ask("PATCH", f"/invoices/{one}/finalize")
        await productive.pay(one, 100, status=unsent)
        await productive.pay(await productive.issued(), 12101, status=over)


@pytest.mark.parametrize(("choice", "day"), [("overwrites", "2026-11-28"), ("keeps", "2026-11-18")])
async def test_whether_sending_again_moves_the_day(choice: Any, day: str) -> None:
    async with vendor(resend=choice) as productive:
        one = await productive.issued()
        productive.clock.advance(days=10)
        await productive.ask("PATCH", f"/invoices/{one}/send")
        assert (await productive.shown(one))["sent_on"] == day
        assert productive.organization.effects("mail")


async def test_whether_sending_needs_a_recipient_and_finalising_a_line() -> None:
    async with vendor(send_without_to="refused", finalize_empty="refused") as productive:
        one = await productive.issued()
        await productive.refusal("PATCH", f"/invoices/{one}/send", status=422)
        empty = await productive.draft()
        [line] = productive.organization.invoices[empty].line_ids
        await productive.ask("DELETE", f"/line_items/{line}", status=204)
        await productive.refusal("PATCH", f"/invoices/{empty}/finalize", status=422)


@pytest.mark.parametrize(
    ("choice", "written"), [("integer", 12345), ("float", Decimal("12345.0")), ("string", "12345")]
)
async def test_how_amounts_are_written(choice: Any, written: Any) -> None:
    async with vendor(amounts=choice) as productive:
        amount = (await productive.shown(await productive.draft(12345)))["amount"]
        assert (amount, type(amount)) == (written, type(written))


@pytest.mark.parametrize(("choice", "tax"), [("per_line", 2), ("per_rate", 3), ("never", Decimal("2.94"))])
async def test_how_tax_is_rounded(choice: Any, tax: Any) -> None:
    """Two lines of 7 cents at 21 %: 1.47 of each."""
    async with vendor(tax_rounding=choice) as productive:
        one = await productive.draft(7)
        [line] = [productive.organization.line_items[each] for each in productive.organization.invoices[one].line_ids]
        links = {"invoice": ("invoices", one), "tax_rate": ("tax_rates", line.tax_rate_id)}
        again = document("line_items", {"quantity": 1, "unit_price": 7}, links)
        await productive.ask("POST", "/line_items", again, status=201)
        assert (await productive.shown(one))["amount_tax"] == tax


@pytest.mark.parametrize(("discounted", "line"), [(False, 10000), (True, 9000)])
async def test_whether_lines_lack_the_discount_of_the_invoice(discounted: bool, line: int) -> None:
    async with vendor(discounted_lines=discounted) as productive:
        one = await productive.draft(10000, discount="10")
        lines = await productive.ask("GET", "/line_items", **{"filter(invoice_id)": one})
        assert [each["attributes"]["amount"] for each in lines["data"]] == [line]
        assert (await productive.shown(one))["amount"] == 9000


@pytest.mark.parametrize(("choice", "amount"), [("iso", 500), ("hundredths", 50000)])
async def test_what_an_amount_without_cents_counts(choice: Any, amount: int) -> None:
    async with vendor(minor_units=choice) as productive:
        one = await productive.draft(500)
        productive.organization.rates["JPY"] = Decimal("0.006")
        productive.organization.invoices[one].currency = "JPY"
        assert (await productive.shown(one))["amount"] == amount


@pytest.mark.parametrize(("choice", "position"), [("kept", 7), ("counted", 2)])
async def test_whether_lines_keep_their_positions(choice: Any, position: int) -> None:
    async with vendor(positions=choice) as productive:
        one = await productive.draft()
        rate = next(iter(productive.organization.tax_rates))
        links = {"invoice": ("invoices", one), "tax_rate": ("tax_rates", rate)}
        line = document("line_items", {"quantity": 1, "unit_price": 1, "position": 7}, links)
        made = await productive.ask("POST", "/line_items", line, status=201)
        assert made["data"]["attributes"]["position"] == position


async def test_what_a_new_invoice_needs_and_gets() -> None:
    switches = {"bill_to": "none", "document_type_required": False, "finalized_at": "null"}
    async with vendor(check=False, **switches) as productive:
        one = await productive.draft()
        held: Invoice = productive.organization.invoices[one]
        assert held.bill_to_id is None
        by_attributes = {"company_id": held.company_id, "subsidiary_id": held.subsidiary_id}
        plain = document("invoices", {"currency": "EUR", "invoiced_on": "2026-11-18", **by_attributes})
        await productive.ask("POST", "/invoices", plain, status=201)
        await productive.ask("PATCH", f"/invoices/{one}/finalize")
        shown = await productive.shown(one)
        assert (shown["finalized_on"], shown["finalized_at"]) == ("2026-11-18", None)


async def test_links_by_attribute_and_unknown_attributes_are_refused_by_switch() -> None:
    async with vendor(links="relationships", unknown_attributes="refused") as productive:
        one = await productive.draft()
        held = productive.organization.invoices[one]
        plain = {"currency": "EUR", "invoiced_on": "2026-11-18", "company_id": held.company_id}
        error = await productive.refusal("POST", "/invoices", document("invoices", plain), status=422)
        assert error["source"]["pointer"] == "data/attributes/company"
        strange = document("invoices", {"colour": "red"})
        error = await productive.refusal("PATCH", f"/invoices/{one}", strange, status=422)
        assert error["code"] == "unsupported_attribute"


async def test_nothing_that_is_refused_leaves_a_trace() -> None:
    async with vendor() as productive:
        before = list(productive.organization.invoices)
        for wrong in ({}, {"currency": "ABC", "invoiced_on": "2026-11-18"}, {"currency": "EUR"}):
            await productive.ask("POST", "/invoices", document("invoices", wrong), status=422)
        assert list(productive.organization.invoices) == before
        assert productive.organization.journal == []
