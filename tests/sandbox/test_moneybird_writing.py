"""Creating, changing and deleting invoices: what is taken, how it is computed, what is refused."""

from decimal import Decimal
from typing import Any

import pytest

from invoice_mcp.sandbox.moneybird.records import Invoice

from .conftest import Vendor


async def create(moneybird: Vendor, *, status: int = 201, **invoice: Any) -> dict[str, Any]:
    body = {"sales_invoice": {"contact_id": moneybird.contact(), **invoice}}
    answer: dict[str, Any] = await moneybird.ask("POST", "sales_invoices.json", body, status=status)
    return answer


async def change(moneybird: Vendor, invoice: dict[str, Any] | Invoice, *, status: int = 200, **changes: Any) -> Any:
    invoice_id = invoice["id"] if isinstance(invoice, dict) else invoice.id
    return await moneybird.ask("PATCH", f"sales_invoices/{invoice_id}.json", {"sales_invoice": changes}, status=status)


async def test_a_new_invoice_is_a_draft_without_number_or_date(moneybird: Vendor) -> None:
    made = await create(moneybird, reference="30052", details_attributes=[{"description": "Stoel", "price": "129.95"}])
    assert (made["state"], made["invoice_id"], made["invoice_date"], made["sent_at"]) == ("draft", None, None, None)
    assert (made["payment_reference"], made["next_reminder"], made["due_date"]) == (None, None, "2026-12-02")
    assert (made["total_price_excl_tax"], made["total_price_incl_tax"], made["total_unpaid"]) == (
        "129.95", "157.24", "157.24",
    )  # fmt: skip
    assert [event["action"] for event in made["events"]] == ["sales_invoice_created"]
    [line] = made["details"]
    assert (line["amount"], line["amount_decimal"], line["price"], line["row_order"]) == (None, "1.0", "129.95", 0)
    assert moneybird.effects("invoice_created") == 1
    assert moneybird.effects("mail") == 0


async def test_amounts_are_taken_in_every_documented_spelling(moneybird: Vendor) -> None:
    prices = ["10.95", "10,95", 10, -5, "7", Decimal("0.10")]
    lines = [{"price": float(price) if isinstance(price, Decimal) else price} for price in prices]
    made = await create(moneybird, details_attributes=lines)
    assert [line["price"] for line in made["details"]] == ["10.95", "10.95", "10.0", "-5.0", "7.0", "0.1"]


async def test_a_quantity_is_shown_as_text_beside_its_number(moneybird: Vendor) -> None:
    lines = [{"price": "10", "amount": amount} for amount in ("2", 3, "1,5", "4 uur")]
    made = await create(moneybird, details_attributes=lines)
    shown = [(line["amount"], line["amount_decimal"]) for line in made["details"]]
    assert shown == [("2 x", "2.0"), ("3 x", "3.0"), ("1.5 x", "1.5"), ("4 uur", "4.0")]
    assert made["total_price_excl_tax"] == "105.0"


async def test_lines_come_as_an_array_or_as_an_object(moneybird: Vendor) -> None:
    made = await create(moneybird, details_attributes={"0": {"price": "1"}, "1": {"price": "2"}})
    assert [line["price"] for line in made["details"]] == ["1.0", "2.0"]


async def test_lines_stand_in_their_row_order(moneybird: Vendor) -> None:
    lines = [{"description": "second", "row_order": 5}, {"description": "first", "row_order": "2"}]
    made = await create(moneybird, details_attributes=lines)
    assert [line["description"] for line in made["details"]] == ["first", "second"]


async def test_vat_is_rounded_once_per_rate_and_a_discount_comes_off_each_line(moneybird: Vendor) -> None:
    standard, reduced, none = (moneybird.tax_rate(name) for name in ("21% btw", "9% btw", "Levering buiten EU"))
    lines = [
        {"price": "0.07", "tax_rate_id": standard},
        {"price": "0.07", "tax_rate_id": standard},
        {"price": "100", "tax_rate_id": reduced},
        {"price": "50", "tax_rate_id": none},
    ]
    made = await create(moneybird, details_attributes=lines, discount="10")
    assert made["total_discount"] == "15.02"
    assert made["total_price_excl_tax"] == "135.12"
    assert [(tax["tax_rate_id"], tax["taxable_amount"], tax["tax_amount"]) for tax in made["tax_totals"]] == [
        (standard, "0.12", "0.03"),
        (reduced, "90.0", "8.1"),
    ]
    assert made["total_price_incl_tax"] == "143.25"


async def test_prices_with_vat_in_them_stand_as_they_were_given(moneybird: Vendor) -> None:
    made = await create(moneybird, prices_are_incl_tax=True, details_attributes=[{"price": "99.99", "amount": "3"}])
    assert (made["total_price_incl_tax"], made["total_price_excl_tax"]) == ("299.97", "247.91")
    assert made["tax_totals"][0]["tax_amount"] == "52.06"


async def test_a_foreign_invoice_has_its_amounts_in_the_base_currency_too(moneybird: Vendor) -> None:
    lines = [{"price": "159.99", "tax_rate_id": moneybird.tax_rate("Levering binnen EU")}]
    made = await create(moneybird, currency="USD", details_attributes=lines)
    assert (made["currency"], made["total_price_incl_tax"], made["total_price_incl_tax_base"]) == (
        "USD", "159.99", "127.99",
    )  # fmt: skip
    assert made["tax_totals"] == []
    assert made["details"][0]["mandatory_tax_text"].startswith("Intracommunautaire")


async def test_the_due_date_follows_from_the_interval(moneybird: Vendor) -> None:
    made = await create(moneybird, invoice_date="2026-11-01", first_due_interval=10)
    assert (made["invoice_date"], made["due_date"]) == ("2026-11-01", "2026-11-11")


async def test_defaults_come_from_the_contacts_workflow(moneybird: Vendor) -> None:
    made = await create(moneybird, contact_id=moneybird.contact("Jan Jansen"))
    assert (made["prices_are_incl_tax"], made["due_date"]) == (True, "2026-11-26")
    abroad = await create(moneybird, contact_id=int(moneybird.contact("Globex Corporation")))
    assert (abroad["language"], abroad["due_date"]) == ("en", "2026-12-18")


async def test_a_contact_person_is_shown(moneybird: Vendor) -> None:
    contact = moneybird.contact("Acme Media")
    person = moneybird.books.contacts[contact].people[0]
    made = await create(moneybird, contact_id=contact, contact_person_id=person.id)
    assert made["contact_person"]["firstname"] == "Lotte"
    assert (await create(moneybird, contact_person_id=person.id, status=422))["error"]


@pytest.mark.parametrize(
    ("invoice", "field", "code"),
    [
        ({"contact_id": None}, "contact_id", "blank"),
        ({"contact_id": "123"}, "contact_id", "invalid"),
        ({"contact_id": "Acme"}, "contact_id", "invalid"),
        ({"workflow_id": "1"}, "workflow_id", "invalid"),
        ({"document_style_id": "1"}, "document_style_id", "invalid"),
        ({"invoice_date": "18-11-2026"}, "invoice_date", "is not a valid date"),
        ({"first_due_interval": "soon"}, "first_due_interval", "not_a_number"),
        ({"currency": "XYZ"}, "currency", "inclusion"),
        ({"discount": "101"}, "discount", "inclusion"),
        ({"prices_are_incl_tax": "maybe"}, "prices_are_incl_tax", "inclusion"),
        ({"reference": 7}, "reference", "invalid"),
        ({"details_attributes": "two"}, "details", "invalid"),
        ({"details_attributes": [{"price": "ten"}]}, "details.price", "not_a_number"),
        ({"details_attributes": [{"price": 1000000001}]}, "details.price", "less_than_or_equal_to"),
        ({"details_attributes": [{"price": True}]}, "details.price", "not_a_number"),
        ({"details_attributes": [{"amount": "many"}]}, "details.amount", "not_a_number"),
        ({"details_attributes": [{"tax_rate_id": "1"}]}, "details.tax_rate_id", "invalid"),
        ({"details_attributes": [{"product_id": "1"}]}, "details.product_id", "invalid"),
    ],
)
async def test_what_cannot_be_is_refused_by_field(
    moneybird: Vendor, invoice: dict[str, Any], field: str, code: str
) -> None:
    before = len(moneybird.books.invoices)
    answer = await create(moneybird, status=422, **invoice)
    assert answer["details"][field][0]["error"] == code
    assert answer["error"][field]
    assert len(moneybird.books.invoices) == before
    assert moneybird.books.journal == []


async def test_the_attribute_around_the_invoice_is_required(moneybird: Vendor) -> None:
    for body in ({}, {"invoice": {}}, {"sales_invoice": None}):
        answer = await moneybird.ask("POST", "sales_invoices.json", body, status=400)
        assert answer == {"error": "Sales Invoice is required", "symbolic": {"sales_invoice": "required"}}


async def test_what_is_no_json_is_refused(moneybird: Vendor) -> None:
    url = f"{moneybird.http.base_url}{moneybird.books.id}/sales_invoices.json"
    for content in (b"{", b"[]", b"\xff\xfe"):
        assert (await moneybird.http.post(url, content=content)).status_code == 400


async def test_attributes_outside_the_schema_are_ignored(moneybird: Vendor) -> None:
    made = await create(moneybird, due_date="2030-01-01", details_attributes=[{"price": "1", "colour": "red"}])
    assert (made["due_date"], made["details"][0]["price"]) == ("2026-12-02", "1.0")


async def test_a_custom_field_that_does_not_exist_is_a_404(moneybird: Vendor) -> None:
    answer = await create(moneybird, status=404, custom_fields_attributes={"0": {"id": "123456", "value": "x"}})
    assert answer == {
        "error": "Custom field with id 123456 not found for administration",
        "symbolic": {"custom_fields_attributes": "not_found"},
    }


async def test_an_update_changes_only_what_it_names(moneybird: Vendor) -> None:
    draft = await moneybird.draft(reference="old", discount="5")
    moneybird.clock.advance(seconds=1)
    changed = await change(moneybird, draft, reference="new")
    assert changed["reference"] == "new"
    assert changed["version"] > draft["version"]
    assert [event["action"] for event in changed["events"]] == ["sales_invoice_created", "sales_invoice_updated"]
    assert changed["events"][-1]["data"] == {"changes": {"reference": ["old", "new"]}}
    moving = {"reference", "updated_at", "version", "events"}
    assert {key: value for key, value in changed.items() if key not in moving} == {
        key: value for key, value in draft.items() if key not in moving
    }


async def test_a_line_without_an_id_is_added_and_one_with_destroy_is_removed(moneybird: Vendor) -> None:
    draft = await moneybird.draft()
    old = draft["details"][0]["id"]
    both = await change(moneybird, draft, details_attributes=[{"description": "Sofa", "price": "199.99"}])
    assert [line["description"] for line in both["details"]] == ["Ontwerp", "Sofa"]
    edited = await change(moneybird, draft, details_attributes=[{"id": old, "price": "1"}])
    assert [line["price"] for line in edited["details"]] == ["1.0", "199.99"]
    left = await change(moneybird, draft, details_attributes=[{"id": old, "_destroy": True}])
    assert [line["description"] for line in left["details"]] == ["Sofa"]
    answer = await change(moneybird, draft, details_attributes=[{"id": old, "price": "1"}], status=404)
    assert answer["error"] == "record not found"


async def test_a_refused_update_changes_nothing(moneybird: Vendor) -> None:
    draft = await moneybird.draft()
    good = {"contact_id": moneybird.contact("Globex Corporation"), "reference": "new"}
    await change(moneybird, draft, **good, details_attributes=[{"price": "ten"}], status=422)
    assert await moneybird.ask("GET", f"sales_invoices/{draft['id']}") == draft


async def test_a_sent_invoice_can_be_changed_and_its_due_date_moves(moneybird: Vendor) -> None:
    late = await moneybird.sent(invoice_date="2026-10-01")
    changed = await change(moneybird, late, first_due_interval=3000, reference="X")
    assert (changed["state"], changed["reference"]) == ("open", "X")


async def test_the_invoice_keeps_its_contact_until_told_to_renew_it(moneybird: Vendor) -> None:
    draft = await moneybird.draft()
    contacts = moneybird.books.contacts
    from dataclasses import replace

    contacts[draft["contact_id"]] = replace(contacts[draft["contact_id"]], city="Zeist")
    assert (await change(moneybird, draft, reference="x"))["contact"]["city"] == "Utrecht"
    assert (await change(moneybird, draft, update_contact=True))["contact"]["city"] == "Zeist"


async def test_layout_workflow_and_contact_can_be_changed(moneybird: Vendor) -> None:
    draft = await moneybird.draft()
    style = list(moneybird.books.document_styles.values())[1]
    workflow = list(moneybird.books.workflows)[1]
    contact = moneybird.contact("Café Zuid")
    changed = await change(moneybird, draft, document_style_id=style.id, workflow_id=workflow, contact_id=contact)
    assert (changed["document_style_id"], changed["identity_id"]) == (style.id, style.identity_id)
    assert (changed["workflow_id"], changed["contact_id"]) == (workflow, contact)


async def test_a_deleted_invoice_is_gone(moneybird: Vendor) -> None:
    draft = await moneybird.draft()
    await moneybird.ask("DELETE", f"sales_invoices/{draft['id']}", status=204)
    await moneybird.ask("GET", f"sales_invoices/{draft['id']}", status=404)
    await moneybird.ask("DELETE", f"sales_invoices/{draft['id']}", status=404)
    assert moneybird.effects("invoice_deleted") == 1


async def test_an_invoice_with_payments_is_not_deleted(moneybird: Vendor) -> None:
    for invoice in (moneybird.in_state("paid"), moneybird.in_state("pending_payment")):
        answer = await moneybird.ask("DELETE", f"sales_invoices/{invoice.id}", status=400)
        assert answer["symbolic"] == {"id": "has_payments"}
    assert moneybird.effects("invoice_deleted") == 0


async def test_a_closed_period_cannot_be_written_in(moneybird: Vendor) -> None:
    sent = await moneybird.sent()
    moneybird.books.locked_until = moneybird.books.today(moneybird.clock.now())
    locked = {"invoice_date": "locked_period"}
    assert (await create(moneybird, status=400, invoice_date="2026-11-18"))["symbolic"] == locked
    assert (await change(moneybird, sent, reference="x", status=400))["symbolic"] == locked
    answer = await moneybird.ask("DELETE", f"sales_invoices/{sent['id']}", status=400)
    assert answer["symbolic"] == locked
    assert (await create(moneybird))["state"] == "draft"


async def test_a_note_needs_words_and_an_assignee_makes_it_a_to_do(moneybird: Vendor) -> None:
    path = f"sales_invoices/{moneybird.in_state('paid').id}/notes"
    user = next(iter(moneybird.books.users))
    note = await moneybird.ask("POST", path, {"note": {"note": "Bel", "assignee_id": user}}, status=201)
    assert (note["todo"], note["assignee_id"], note["entity_type"]) == (True, user, "SalesInvoice")
    answer = await moneybird.ask("POST", path, {"note": {}}, status=422)
    assert answer == {"error": {"note": ["can't be blank"]}, "details": {"note": [{"error": "blank"}]}}
    await moneybird.ask("POST", path, {"note": {"note": "x", "assignee_id": "1"}}, status=422)
    await moneybird.ask("DELETE", f"{path}/1", status=404)


async def test_an_attachment_that_is_not_there_is_a_404(moneybird: Vendor) -> None:
    path = f"sales_invoices/{moneybird.in_state('paid').id}/attachments"
    await moneybird.ask("GET", f"{path}/1/download", status=404)
    await moneybird.ask("DELETE", f"{path}/1", status=404)
    await moneybird.ask("POST", path, {}, status=400)
