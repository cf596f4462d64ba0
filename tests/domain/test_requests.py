"""Requests are parsed strictly: numbers exactly, dates by one notation, text without anything hidden."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from invoice_mcp.domain.invoice import Ref
from invoice_mcp.domain.query import Sort, SortKey
from invoice_mcp.domain.requests import (
    BuyerInput,
    ChangePhase,
    CreateInvoice,
    GetInvoice,
    LineInput,
    RegisterPayment,
    Request,
    SearchInvoices,
    SendReminder,
)
from invoice_mcp.domain.status import Status

UTC = dt.UTC


def refusal(model: type[Request], **arguments: Any) -> str:
    """The one message by which `model` refuses `arguments`."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(arguments)
    assert "input_value" not in str(caught.value)
    return caught.value.errors(include_input=False)[0]["msg"]


@pytest.mark.parametrize(
    ("sent", "amount"),
    [
        ('"1210.00"', "1210.00"),
        ("1210", "1210"),
        ("1210.5", "1210.5"),
        ("1210.0", "1210"),
        ("0.1", "0.1"),
        ("-3", "-3"),
        ("0", "0"),
        ("99999999999.9999", "99999999999.9999"),
        ("123456789012345", "123456789012345"),
        ("123456789012345.0", "123456789012345"),
        ('"999999999999999.9999"', "999999999999999.9999"),
    ],
)
def test_a_number_is_taken_from_a_string_or_by_the_shortest_form_of_a_json_number(sent: str, amount: str) -> None:
    parsed = RegisterPayment.model_validate({"ref": "books:1", "amount": json.loads(sent)})
    assert parsed.amount == Decimal(amount)
    assert str(parsed.amount) == amount


@pytest.mark.parametrize("sent", ["12345678901234.56", "0.1234567890123456", "1e22", "1e-7", "123456789012.34567"])
def test_a_json_number_that_may_have_been_rounded_is_to_be_sent_as_a_string(sent: str) -> None:
    assert "send it as a string" in refusal(RegisterPayment, ref="books:1", amount=json.loads(sent))


@pytest.mark.parametrize(
    "value",
    ["１２３", "1,50", "1e5", "1_000", "NaN", "Infinity", "€ 5", "five", "0x1", "1.23456", True, [5], {"value": 5},
     json.loads("NaN"), json.loads("Infinity"), Decimal("NaN"), Decimal("1E+5"), Decimal("1" * 20), 10**15, 10**30],
    ids=str,
)  # fmt: skip
def test_what_is_no_plain_number_is_refused(value: object) -> None:
    message = refusal(RegisterPayment, ref="books:1", amount=value)
    assert "number" in message
    assert str(value) not in message or len(str(value)) < 4


@given(st.integers(-(10**15) + 1, 10**15 - 1), st.integers(0, 4))
@settings(deadline=None, derandomize=True)
def test_what_a_json_number_of_fifteen_digits_says_is_what_is_understood(coefficient: int, places: int) -> None:
    text = f"{Decimal(coefficient).scaleb(-places):f}"
    for sent in (text, json.loads(text)):
        amount = RegisterPayment.model_validate({"ref": "books:1", "amount": sent}).amount
        assert amount == Decimal(text)


@pytest.mark.parametrize("text", ["2026-03-01", "2024-02-29", "0001-01-01"])
def test_a_date_has_one_notation(text: str) -> None:
    assert SearchInvoices.model_validate({"due_to": text}).due_to == dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    "value",
    ["2026-W03-4", "20260301", "２０２６-03-01", "2026-3-1", "01-03-2026", "2026-03-01T00:00:00Z", "tomorrow", 20260301,
     dt.datetime(2026, 3, 1), "2026-03-01\n", "2026-060"],
)  # fmt: skip
def test_every_other_notation_of_a_date_is_refused(value: object) -> None:
    assert "YYYY-MM-DD" in refusal(SearchInvoices, due_to=value)


@pytest.mark.parametrize("text", ["2026-02-29", "2026-13-01", "0000-01-01", "2026-04-31"])
def test_a_day_that_does_not_exist_is_refused(text: str) -> None:
    assert "calendar" in refusal(SearchInvoices, due_to=text)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-01T09:30:00Z", dt.datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("2026-03-01T10:30:00+01:00", dt.datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("2026-03-01 09:30:00.250Z", dt.datetime(2026, 3, 1, 9, 30, 0, 250_000, tzinfo=UTC)),
        ("2026-03-01T09:30Z", dt.datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("2026-03-01", dt.datetime(2026, 3, 1, tzinfo=UTC)),
    ],
)
def test_an_instant_is_rfc_3339_or_a_day_in_utc(text: str, instant: dt.datetime) -> None:
    parsed = SearchInvoices.model_validate({"updated_since": text}).updated_since
    assert parsed == instant
    assert parsed is not None
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    ["2026-03-01T09:30:00", "2026-W03-4T09:30:00Z", "20260301T093000Z", "２０２６-03-01T09:30:00Z", "yesterday",
     "0001-01-01T00:00:00+14:00", "2026-03-01T25:00:00Z", "2026-03-01T09:30:00+99:00", 1_772_000_000,
     dt.datetime(2026, 3, 1)],
    ids=str,
)  # fmt: skip
def test_every_other_instant_is_refused_without_an_echo(value: object) -> None:
    message = refusal(SearchInvoices, updated_since=value)
    assert message.endswith("an instant is written with its time zone, as 2026-03-01T09:30:00Z")


@pytest.mark.parametrize(
    "address",
    ["jan@example.com", "jan.de-vries+invoices@mail.example.co.uk", "o'brien@example.ie", "info@localhost",
     "jörg@example.de", "a@1.example"],
)  # fmt: skip
def test_a_bare_email_address_is_taken(address: str) -> None:
    assert BuyerInput.model_validate({"email": f" {address} "}).email == address


@pytest.mark.parametrize(
    "address",
    ["Jan <jan@example.com>", "jan@example.com,eve@evil.example", "jan@example.com;eve@evil.example", "jan",
     "@mail.example", "jan@", "jan@@example.com", "jan@example..com", "jan@-example.com", "jan@example.com.",
     "jan@exam ple.com", "jan\n@example.com", "jan\u00a0x@example.com", "jan@éxample.com", "jan@[127.0.0.1]",
     '"jan"@example.com', "jan@example.com\nBcc: eve@evil.example", "mailto:jan@example.com", "a" * 65 + "@example.com",
     "jan@" + "a" * 64 + ".example", "jan\u202e@example.com", "jan@" + ".".join(["a" * 60] * 5)],
)  # fmt: skip
def test_everything_else_is_no_email_address(address: str) -> None:
    assert address not in refusal(BuyerInput, email=address)


TEXT_ARGUMENTS = [
    (SearchInvoices, {}, "text"),
    (SearchInvoices, {}, "buyer"),
    (SearchInvoices, {}, "invoice_number"),
    (SearchInvoices, {}, "buyer_reference"),
    (SearchInvoices, {}, "cursor"),
    (GetInvoice, {}, "invoice_number"),
    (GetInvoice, {}, "account"),
    (BuyerInput, {}, "id"),
    (BuyerInput, {}, "name"),
    (BuyerInput, {}, "vat_identifier"),
    (LineInput, {"net_price": "1"}, "item_name"),
    (LineInput, {"item_name": "x", "net_price": "1"}, "description"),
    (LineInput, {"item_name": "x", "net_price": "1"}, "unit"),
    (CreateInvoice, {}, "note"),
    (CreateInvoice, {}, "repeat_of"),
    (RegisterPayment, {"ref": "books:1"}, "method"),
    (RegisterPayment, {"ref": "books:1"}, "reference"),
    (RegisterPayment, {"ref": "books:1"}, "undo_payment_id"),
    (ChangePhase, {"ref": "books:1"}, "phase"),
    (ChangePhase, {"ref": "books:1", "phase": "sent"}, "expected_status"),
    (ChangePhase, {"ref": "books:1", "phase": "sent"}, "confirmation"),
]


@pytest.mark.parametrize(
    ("model", "rest", "name"), TEXT_ARGUMENTS, ids=lambda part: part if isinstance(part, str) else ""
)
@pytest.mark.parametrize("hidden", ["\u202e", "\U000e0041", "\u200b", "\x00", "\u2028", "\u3164", "\ufe0f"], ids=ascii)
def test_hidden_characters_are_refused_in_every_text(
    model: type[Request], rest: dict[str, Any], name: str, hidden: str
) -> None:
    message = refusal(model, **rest, **{name: f"secret{hidden}text"})
    assert "leave it out" in message
    assert "secret" not in message


@pytest.mark.parametrize(
    ("model", "rest", "name"), TEXT_ARGUMENTS, ids=lambda part: part if isinstance(part, str) else ""
)
def test_every_text_is_trimmed_and_has_a_limit(model: type[Request], rest: dict[str, Any], name: str) -> None:
    assert getattr(model.model_validate({**rest, name: " abc\n"}), name) == "abc"
    assert "at most" in refusal(model, **rest, **{name: "a" * 501})


@pytest.mark.parametrize(
    "model", [SearchInvoices, GetInvoice, CreateInvoice, RegisterPayment, SendReminder, ChangePhase]
)
def test_unknown_arguments_are_refused(model: type[Request]) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate({"recipient": "eve@evil.example"})
    assert ("extra_forbidden", ("recipient",)) in {(error["type"], error["loc"]) for error in caught.value.errors()}
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("due_date", Sort(SortKey.DUE_DATE, descending=False)),
        ("-payable_amount", Sort(SortKey.PAYABLE_AMOUNT, descending=True)),
    ],
)
def test_a_sort_is_a_key_with_or_without_a_minus(text: str, sort: Sort) -> None:
    assert Sort.parse(text) == sort
    assert SearchInvoices.model_validate({"sort": text}).sort == sort


@pytest.mark.parametrize("value", ["amount", "--due_date", "due_date desc", "", 5, ["due_date"]])
def test_every_other_sort_is_refused_with_the_keys(value: object) -> None:
    message = refusal(SearchInvoices, sort=value)
    assert all(key in message for key in SortKey)


def test_unpaid_stands_for_three_statuses() -> None:
    assert SearchInvoices.model_validate({"status": "unpaid"}).statuses() == {
        Status.OPEN,
        Status.PARTIALLY_PAID,
        Status.OVERDUE,
    }
    assert SearchInvoices.model_validate({"status": ["unpaid", "draft"]}).statuses() >= {Status.DRAFT, Status.OPEN}
    assert SearchInvoices.model_validate({"status": ["paid"]}).statuses() == {Status.PAID}
    assert SearchInvoices().statuses() == frozenset()


def test_one_value_is_taken_where_a_list_is_meant() -> None:
    assert SearchInvoices.model_validate({"accounts": "books"}).accounts == ["books"]
    assert SendReminder.model_validate({"refs": "books:1"}).refs == [Ref("books", "1")]


def test_refs_are_parsed_and_hostile_ones_refused() -> None:
    assert GetInvoice.model_validate({"ref": "books:1"}).ref == Ref("books", "1")
    for hostile in ("books:../x", "books", "books:1 or true", 5, ["books:1"]):
        assert "account:id" in refusal(GetInvoice, ref=hostile)


@pytest.mark.parametrize("currency", ["euro", "eur", "ABC", "XAU", "ＥＵＲ"])
def test_a_currency_is_of_iso_4217(currency: str) -> None:
    refusal(RegisterPayment, ref="books:1", currency=currency)
    assert RegisterPayment.model_validate({"ref": "books:1", "currency": "KWD"}).currency == "KWD"


@pytest.mark.parametrize("key", ["short", "a" * 65, "has blank key", "slash/slash", "ключключ", "newline9\n"])
def test_an_idempotency_key_has_a_fixed_form(key: str) -> None:
    assert "8 to 64" in refusal(CreateInvoice, idempotency_key=key)


def test_limits_of_lists_and_counts() -> None:
    for arguments in ({"limit": 0}, {"limit": 101}, {"status": ["late"]}, {"fields": ["margin"]}):
        refusal(SearchInvoices, **arguments)
    refusal(SendReminder, refs=[])
    refusal(SendReminder, refs=[f"books:{number}" for number in range(21)])
    refusal(CreateInvoice, lines=[{"item_name": "x", "net_price": "1"}] * 201)
    refusal(CreateInvoice, payment_terms_days=-1)


def test_a_country_is_two_capitals() -> None:
    for code in ("nl", "NLD", "Ｎ Ｌ"):
        assert "two capital letters" in refusal(BuyerInput, address={"country_code": code})
