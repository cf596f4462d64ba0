"""Payments: registered, refused, taken back."""

from typing import Any

import pytest

from .conftest import Vendor
from .test_moneybird_life import look


async def test_a_payment_is_answered_alone_and_names_the_record_of_its_invoice(moneybird: Vendor) -> None:
    sent = await moneybird.sent()
    payment = await moneybird.pay(sent["id"], "21.00", transaction_identifier="bank-1")
    assert (payment["invoice_id"], payment["invoice_type"], payment["price"], payment["price_base"]) == (
        sent["id"], "SalesInvoice", "21.0", "21.0",
    )  # fmt: skip
    assert (payment["transaction_identifier"], payment["payment_date"]) == ("bank-1", "2026-11-18")
    after = await look(moneybird, sent)
    assert (after["state"], after["total_paid"], after["total_unpaid"]) == ("open", "21.0", "100.0")
    assert after["payments"] == [payment]


async def test_the_last_payment_makes_the_invoice_paid_and_taking_it_back_opens_it(moneybird: Vendor) -> None:
    sent = await moneybird.sent()
    await moneybird.pay(sent["id"], "21")
    last = await moneybird.pay(sent["id"], "100,00", payment_date="2026-11-17T13:50:41.508Z")
    paid = await look(moneybird, sent)
    assert (paid["state"], paid["paid_at"], paid["total_unpaid"]) == ("paid", "2026-11-17", "0.0")
    await moneybird.ask("DELETE", f"sales_invoices/{sent['id']}/payments/{last['id']}.json", status=204)
    again = await look(moneybird, sent)
    assert (again["state"], again["paid_at"], again["total_unpaid"]) == ("open", None, "100.0")
    await moneybird.ask("DELETE", f"sales_invoices/{sent['id']}/payments/{last['id']}.json", status=404)
    assert moneybird.effects("payment_deleted") == 1


async def test_taking_back_the_payment_of_an_invoice_long_due_makes_it_late(moneybird: Vendor) -> None:
    sent = await moneybird.sent(invoice_date="2026-10-01")
    payment = await moneybird.pay(sent["id"], "121")
    await moneybird.ask("DELETE", f"sales_invoices/{sent['id']}/payments/{payment['id']}", status=204)
    assert (await look(moneybird, sent))["state"] == "late"


async def test_the_same_payment_twice_is_two_payments(moneybird: Vendor) -> None:
    sent = await moneybird.sent()
    for _ in range(2):
        await moneybird.pay(sent["id"], "121.00", transaction_identifier="same")
    after = await look(moneybird, sent)
    assert (len(after["payments"]), after["total_paid"], after["total_unpaid"]) == (2, "242.0", "-121.0")


@pytest.mark.parametrize("state", ["draft", "scheduled", "uncollectible"])
async def test_what_is_not_owed_cannot_be_paid(moneybird: Vendor, state: str) -> None:
    answer = await moneybird.pay(moneybird.in_state(state).id, "1.00", status=400)
    assert answer["symbolic"] == {"invoice": "not_open"}
    assert moneybird.effects("payment_created") == 0


async def test_a_payment_without_date_and_amount_is_refused_as_the_vendor_does(moneybird: Vendor) -> None:
    path = f"sales_invoices/{(await moneybird.sent())['id']}/payments.json"
    answer = await moneybird.ask("POST", path, {"payment": {}}, status=422)
    assert answer == {
        "error": {
            "payment_date": ["can't be blank", "is not a valid date"],
            "price": ["can't be blank", "is not a number"],
        },
        "details": {
            "payment_date": [{"error": "blank"}, {"error": "is not a valid date"}],
            "price": [{"error": "blank"}, {"error": "not_a_number", "value": None}],
        },
    }
    answer = await moneybird.ask("POST", path, {}, status=400)
    assert answer["symbolic"] == {"payment": "required"}


async def test_a_payment_on_no_invoice_is_a_404(moneybird: Vendor) -> None:
    answer = await moneybird.pay("999999999999999999", "1", status=404)
    assert answer == {"error": "record not found", "symbolic": {"invoice_id": "not_found"}}


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"manual_payment_action": "cash_payment"}, 422),
        ({"manual_payment_action": "private_payment"}, 422),
        ({"manual_payment_action": "bank_transfer"}, 422),
        ({"manual_payment_action": "balance_settlement"}, 422),
        ({"manual_payment_action": "invoices_settlement"}, 422),
        ({"manual_payment_action": "barter"}, 422),
        ({"payment_date": "18/11/2026"}, 422),
        ({"price": "1e3"}, 422),
        ({"financial_account_id": "1"}, 404),
        ({"financial_mutation_id": "1"}, 404),
        ({"ledger_account_id": "1"}, 404),
    ],
)
async def test_what_a_payment_names_has_to_be_there(moneybird: Vendor, more: dict[str, Any], status: int) -> None:
    sent = await moneybird.sent()
    body = {"payment": {"payment_date": "2026-11-18", "price": "1.00", **more}}
    await moneybird.ask("POST", f"sales_invoices/{sent['id']}/payments.json", body, status=status)
    assert moneybird.effects("payment_created") == 0


async def test_cash_is_paid_into_an_account(moneybird: Vendor) -> None:
    sent = await moneybird.sent()
    account = list(moneybird.books.financial_accounts)[1]
    payment = await moneybird.pay(
        sent["id"], "1.00", manual_payment_action="cash_payment", financial_account_id=account
    )
    assert (payment["manual_payment_action"], payment["financial_account_id"]) == ("cash_payment", account)


async def test_a_foreign_payment_has_to_say_what_it_is_worth(moneybird: Vendor) -> None:
    sent = await moneybird.sent("Globex Corporation", currency="USD")
    answer = await moneybird.pay(sent["id"], "100.00", status=422)
    assert answer["details"] == {"price_base": [{"error": "blank"}]}
    payment = await moneybird.pay(sent["id"], "100.00", price_base="81.50")
    assert (payment["price"], payment["price_base"]) == ("100.0", "81.5")


async def test_a_credit_invoice_is_paid_with_a_negative_amount(moneybird: Vendor) -> None:
    sent = await moneybird.sent(price="-100")
    await moneybird.pay(sent["id"], "-21")
    assert (await look(moneybird, sent))["state"] == "open"
    await moneybird.pay(sent["id"], "-100")
    assert (await look(moneybird, sent))["state"] == "paid"


async def test_the_deprecated_way_ends_with_its_sunset(moneybird: Vendor) -> None:
    sent = await moneybird.sent()
    path = f"sales_invoices/{sent['id']}/register_payment.json"
    body = {"payment": {"payment_date": "2026-11-18", "price": "1"}}
    assert (await moneybird.ask("PATCH", path, body))["invoice_id"] == sent["id"]
    moneybird.clock.advance(days=60)
    await moneybird.ask("PATCH", path, body, status=404)
    assert moneybird.effects("payment_created") == 1
