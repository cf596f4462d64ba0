"""What models really send, what is taken of it, and how the rest is refused."""

import datetime as dt
import json
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.domain.invoice import Ref
from invoice_mcp.domain.query import Sort, SortKey
from invoice_mcp.errors import InvalidRequest, InvoiceError, TooLarge
from invoice_mcp.tools import TOOLS, Tool
from invoice_mcp.tools.arguments import MAX_BYTES, MAX_DEPTH, parse
from invoice_mcp.tools.rules import RULES
from tools.calls import ACCOUNTS, CONTRADICTIONS, LEAST, LINE, TOOL, line

CREATE = LEAST["create_invoice"]


def parsed(name: str, arguments: dict[str, Any]) -> Any:
    return parse(TOOL[name], arguments, ACCOUNTS)


def refused(name: str, arguments: dict[str, Any]) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        parsed(name, arguments)
    return caught.value


@pytest.mark.parametrize(
    ("name", "arguments", "field", "expected"),
    [
        pytest.param("create_invoice", {**CREATE, "buyer": '{"name": "Acme"}'}, "buyer.name", "Acme", id="object"),
        pytest.param(
            "create_invoice",
            {**CREATE, "buyer": {"name": "A", "address": ' {"city": "Groningen"} '}},
            "buyer.address.city",
            "Groningen",
            id="object inside an object",
        ),
        pytest.param(
            "create_invoice", {**CREATE, "lines": json.dumps([LINE])}, "lines.0.item_name", "Advice", id="list"
        ),
        pytest.param(
            "create_invoice",
            {**CREATE, "lines": [json.dumps(LINE)]},
            "lines.0.item_name",
            "Advice",
            id="item of a list",
        ),
        pytest.param("create_invoice", {**CREATE, "lines": LINE}, "lines.0.item_name", "Advice", id="one object"),
        pytest.param("search_invoices", {"status": '["open", "paid"]'}, "status", ["open", "paid"], id="list of words"),
        pytest.param("search_invoices", {"status": "unpaid"}, "status", ["unpaid"], id="one word"),
        pytest.param("send_reminder", {"refs": "books:7"}, "refs", [Ref("books", "7")], id="one ref"),
        pytest.param("search_invoices", {"limit": "20"}, "limit", 20, id="whole number in quotes"),
        pytest.param("search_invoices", {"limit": 20.0}, "limit", 20, id="whole number with a point"),
        pytest.param("search_invoices", {"totals": "false"}, "totals", False, id="false in quotes"),
        pytest.param("create_invoice", {**CREATE, "dry_run": " TRUE "}, "dry_run", True, id="true in capitals"),
        pytest.param("register_payment", {"ref": "books:7", "amount": 121}, "amount", Decimal(121), id="amount 121"),
        pytest.param(
            "register_payment", {"ref": "books:7", "amount": 120.5}, "amount", Decimal("120.5"), id="amount 120.5"
        ),
        pytest.param("get_invoice", {"invoice_number": 20260007}, "invoice_number", "20260007", id="number as text"),
        pytest.param("get_invoice", {"ref": " books:7\n"}, "ref", Ref("books", "7"), id="blanks around"),
        pytest.param("search_invoices", {"due_to": " 2026-03-31 "}, "due_to", dt.date(2026, 3, 31), id="date"),
        pytest.param("search_invoices", {"sort": "due_date"}, "sort", Sort(SortKey.DUE_DATE, False), id="sort"),
    ],
)
def test_a_plain_meaning_is_taken_whatever_its_form(
    name: str, arguments: dict[str, Any], field: str, expected: object
) -> None:
    value = parsed(name, arguments)
    for step in field.split("."):
        value = value[int(step)] if step.isdecimal() else getattr(value, step)
    assert value == expected


@pytest.mark.parametrize("field", ["accounts", "status", "fields", "text", "due_from", "amount_min", "sort", "limit"])
@pytest.mark.parametrize("nothing", [None, "", "  \n", []])
def test_what_says_nothing_is_taken_as_not_given(field: str, nothing: object) -> None:
    assert parsed("search_invoices", {field: nothing}) == parsed("search_invoices", {})


@pytest.mark.parametrize("nothing", [["", None], "[]", [" "]])
def test_a_list_of_nothing_is_taken_as_not_given(nothing: object) -> None:
    assert parsed("search_invoices", {"status": nothing}) == parsed("search_invoices", {})


@pytest.mark.parametrize("nothing", [{}, "{}", {"street": "", "city": None}])
def test_an_object_of_nothing_is_taken_as_not_given(nothing: object) -> None:
    given = {**CREATE, "buyer": {"name": "Acme", "address": nothing}}
    assert parsed("create_invoice", given).buyer.address is None


def test_numbers_in_a_json_string_keep_every_digit() -> None:
    lines = '[{"item_name": "Ore", "net_price": 123456789012345.6789, "quantity": 0.10}]'
    request = parsed("create_invoice", {**CREATE, "lines": lines})
    assert (request.lines[0].net_price, request.lines[0].quantity) == (Decimal("123456789012345.6789"), Decimal("0.1"))


def test_text_that_looks_like_json_stays_text() -> None:
    assert parsed("create_invoice", {**CREATE, "note": '{"a": 1}'}).note == '{"a": 1}'


@pytest.mark.parametrize(
    ("name", "arguments", "field", "said", "wanted"),
    [
        pytest.param(
            "register_payment",
            {},
            "ref",
            "ref is missing",
            "Send ref as account:id from search_invoices.",
            id="missing",
        ),
        pytest.param(
            "create_invoice",
            {**CREATE, "lines": [LINE, {"item_name": "Travel"}]},
            "lines[1].net_price",
            "lines[1].net_price is missing",
            'Send lines[1].net_price as "95.00".',
            id="missing in a line",
        ),
        pytest.param(
            "register_payment",
            {"ref": "books:7", "amount": "12,50"},
            "amount",
            'amount: a number is written with digits and at most one dot, as 1210.00 (got "12,50")',
            'Send amount as "121.00".',
            id="number",
        ),
        pytest.param(
            "search_invoices",
            {"due_from": "1 March"},
            "due_from",
            'due_from: a date is written YYYY-MM-DD (got "1 March")',
            'Send due_from as "2026-03-01".',
            id="date",
        ),
        pytest.param(
            "send_reminder",
            {"refs": "books:7", "tone": "angry"},
            "tone",
            'tone: not one of the allowed values (got "angry")',
            "Allowed: friendly, firm, final.",
            id="word",
        ),
        pytest.param(
            "search_invoices",
            {"status": ["open", "late"]},
            "status[1]",
            'status[1]: not one of the allowed values (got "late")',
            "Allowed: unpaid, open, partially_paid, overdue, paid, draft, scheduled, ",
            id="word in a list",
        ),
        pytest.param(
            "search_invoices",
            {"query": "chair"},
            "query",
            "search_invoices takes no query; did you mean text?",
            "Arguments of search_invoices: accounts, text, buyer, ",
            id="known by another name",
        ),
        pytest.param(
            "get_invoice",
            {"ref": "books:7", "acount": None},
            "acount",
            "get_invoice takes no acount; did you mean account?",
            "Arguments of get_invoice: ref, invoice_number, account.",
            id="misspelt",
        ),
        pytest.param(
            "create_invoice",
            line(price="95.00"),
            "lines[0].price",
            "lines[0] takes no price; did you mean net_price?",
            "Properties of lines[0]: item_name, description, quantity, unit, ",
            id="unknown in a line",
        ),
        pytest.param(
            "search_invoices",
            {"limit": 500},
            "limit",
            "limit: 100 at most (got 500)",
            "Send limit as 20.",
            id="limit",
        ),
        pytest.param(
            "search_invoices", {"limit": True}, "limit", "limit: a whole number is wanted (got true)", "Send", id="int"
        ),
        pytest.param(
            "search_invoices",
            {"totals": "yes"},
            "totals",
            'totals: true or false is wanted (got "yes")',
            "Send totals as true.",
            id="switch",
        ),
        pytest.param(
            "create_invoice",
            {**CREATE, "buyer": "Acme"},
            "buyer",
            'buyer: an object is wanted (got "Acme")',
            'Send buyer as {"name": "Acme BV"}.',
            id="text for an object",
        ),
        pytest.param(
            "create_invoice",
            {**CREATE, "lines": 5},
            "lines",
            "lines: a list is wanted (got 5)",
            'Send lines as [{"item_name": "Advice", "net_price": "95.00"}].',
            id="number for a list",
        ),
        pytest.param(
            "create_invoice",
            {**CREATE, "buyer": '{"name": '},
            "buyer",
            "buyer: an object is wanted",
            'Send buyer as {"name": "Acme BV"}.',
            id="broken JSON",
        ),
        pytest.param(
            "get_invoice",
            {"invoice_number": 457123456789012345},
            "invoice_number",
            "invoice_number: text is wanted (got 457123456789012345)",
            'Send invoice_number as "2026-0007".',
            id="a number that may have been rounded",
        ),
        pytest.param(
            "send_reminder", {"refs": ["books:7"] * 21}, "refs", "refs: 20 at most", "Send fewer refs.", id="too many"
        ),
    ],
)
def test_a_refusal_names_the_path_what_was_wrong_and_what_is_wanted(
    name: str, arguments: dict[str, Any], field: str, said: str, wanted: str
) -> None:
    error = refused(name, arguments)
    assert error.field == field
    assert error.message.startswith(said)
    assert error.next.startswith(wanted)


@pytest.mark.parametrize(
    ("name", "arguments", "path"),
    [
        ("search_invoices", {"accounts": ["books", "boks"]}, "accounts[1]"),
        ("get_invoice", {"invoice_number": "7", "account": "boks"}, "account"),
        ("get_invoice", {"ref": "boks:7"}, "ref"),
        ("send_reminder", {"refs": ["books:7", "boks:7"]}, "refs[1]"),
        ("create_invoice", {"copy_of": "boks:7"}, "copy_of"),
    ],
)
def test_an_account_that_is_not_configured_is_refused_with_those_that_are(
    name: str, arguments: dict[str, Any], path: str
) -> None:
    error = refused(name, arguments)
    assert error.message == f'{path} names no configured account (got "boks"); did you mean books?'
    assert error.next == "Accounts: ledger, crm, books, ysuite, site, agency."
    assert error.field == path


def test_more_accounts_than_a_refusal_can_list_are_counted() -> None:
    many = [f"administration_number_{number}" for number in range(50)]
    with pytest.raises(InvalidRequest) as caught:
        parse(TOOL["get_invoice"], {"ref": "ledger:1"}, many)
    assert re.search(r" and [0-9]+ more\.$", caught.value.next)
    assert len(caught.value.next) < 400


def test_several_problems_come_in_one_refusal_up_to_three() -> None:
    error = refused(
        "create_invoice", {**CREATE, "kind": "bill", "due_date": "soon", "dry_run": "no", "note": [], "x": 1}
    )
    assert error.field == "dry_run"
    assert [path in error.message for path in ("dry_run:", "kind:", "due_date:")] == [True] * 3
    assert error.message.endswith("; and 1 more.")


@pytest.mark.parametrize("hidden", ["a\u202eb", "tag\U000e0041", "x" * 41, "line\nbreak", "\ud800", "é" * 30])
def test_a_value_that_is_long_or_not_plain_is_never_repeated(hidden: str) -> None:
    for arguments in ({"status": hidden}, {hidden: "x"}, {"ref": hidden}, {"due_from": hidden}, {"accounts": hidden}):
        error = refused("search_invoices", arguments)
        assert hidden not in json.dumps(error.as_dict(), ensure_ascii=False)


@pytest.mark.parametrize(("name", "arguments", "field"), CONTRADICTIONS)
def test_arguments_that_contradict_each_other_are_refused_by_the_one_to_blame(
    name: str, arguments: dict[str, Any], field: str
) -> None:
    error = refused(name, arguments)
    assert error.field == field
    assert error.message.startswith(f"{field} ")
    assert error.next.endswith(".")


def test_every_rule_is_broken_by_one_of_these_calls() -> None:
    told = [refused(name, arguments).message for name, arguments, _ in CONTRADICTIONS]
    clauses = [f"{rule.field} {rule.said}" for rules in RULES.values() for rule in rules]
    assert [clause for clause in clauses if not any(clause in message for message in told)] == []


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("search_invoices", {"issued_from": "2026-02-01", "issued_to": "2026-02-01", "amount_min": 5, "amount_max": 5}),
        ("get_invoice", {"ref": "books:7", "account": "books"}),
        ("create_invoice", {"copy_of": "ledger:1"}),
        ("create_invoice", {"copy_of": "ledger:1", "kind": "credit_note"}),
        ("create_invoice", {"replaces": "ledger:1", "due_date": "2026-03-31"}),
        ("create_invoice", {"replaces": "ledger:1", "account": "ledger", "kind": "invoice", "lines": [LINE]}),
        ("create_invoice", {**CREATE, "buyer": {"id": "b1", "new": False}}),
        ("create_invoice", line(net_price="-10.00")),
        ("create_invoice", line(quantity="-1")),
        ("create_invoice", {**line(), "kind": "credit_note"}),
        ("create_invoice", line(tax_rate="0", tax_category="Z")),
        ("create_invoice", line(tax_category="AE")),
        ("create_invoice", line(discount_percent="100", tax_rate="100")),
        ("register_payment", {"ref": "books:7", "amount": "500.000", "currency": "JPY"}),
        ("register_payment", {"ref": "books:7", "undo_payment_id": "p1", "dry_run": True}),
        ("change_phase", {"ref": "crm:7", "phase": "Verzonden", "deliver": "manual", "on": "2026-03-31"}),
        ("change_phase", {"ref": "crm:7", "phase": "paid", "on": "2026-03-31"}),
        ("change_phase", {"ref": "books:7", "phase": "paused", "expected_status": "overdue"}),
    ],
)
def test_what_can_be_meant_is_not_refused(name: str, arguments: dict[str, Any]) -> None:
    assert parsed(name, arguments)


def nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = {"a": value}
    return value


def test_arguments_as_deep_as_allowed_are_read_and_deeper_ones_are_not() -> None:
    assert refused("get_invoice", {"ref": nested(MAX_DEPTH - 1)}).field == "ref"
    assert "levels deep" in refused("get_invoice", {"ref": nested(MAX_DEPTH)}).message


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 100_000])
def test_depth_is_refused_before_anything_walks_into_it(levels: int) -> None:
    assert "levels deep" in refused("search_invoices", {"accounts": nested(levels)}).message


@pytest.mark.parametrize("opening", ['{"a":', "["])
def test_depth_inside_a_json_string_is_refused_as_well(opening: str) -> None:
    deep = opening * 60 + "1" + {"[": "]", '{"a":': "}"}[opening] * 60
    assert "levels deep" in refused("create_invoice", {"buyer" if "{" in deep else "lines": deep}).message
    hopeless = opening * 40_000
    assert refused("create_invoice", {**CREATE, "buyer" if "{" in deep else "lines": hopeless}).field is not None


@pytest.mark.parametrize(
    "arguments",
    [{"text": "x" * MAX_BYTES}, {"x" * MAX_BYTES: 1}, {"status": ["open"] * (MAX_BYTES // 4)}, {"text": "é" * 150_000}],
    ids=["text", "name", "list", "utf-8"],
)
def test_arguments_that_are_too_large_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(TooLarge, match="256 KiB"):
        parsed("search_invoices", arguments)


def test_a_number_beyond_all_use_is_refused_without_being_written_out() -> None:
    assert "digits" in refused("register_payment", {"ref": "books:7", "amount": 10**5000}).message


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=50)
    | st.sampled_from(["ledger:1", "2026-03-01", "95.00", "sent", '{"name": 1}', "[[]]", "EUR", "open", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def calls(draw: st.DrawFn) -> tuple[Tool[Any], dict[str, Any]]:
    tool = draw(st.sampled_from(TOOLS))
    names = st.sampled_from([*tool.request.model_fields, "bogus"]) | st.text(max_size=8)
    line_names = st.sampled_from([*LINE, "quantity", "tax_rate", "tax_category", "price"])
    lines = st.lists(st.dictionaries(line_names, ANYTHING, max_size=4), max_size=3)
    return tool, draw(st.dictionaries(names, ANYTHING | lines, max_size=5))


def outcome(tool: Tool[Any], arguments: dict[str, Any]) -> InvoiceError | None:
    try:
        assert isinstance(parse(tool, arguments, ACCOUNTS), tool.request)
    except InvoiceError as error:
        return error
    return None


@settings(max_examples=120, deadline=None, derandomize=True)
@given(calls())
def test_whatever_is_sent_becomes_a_request_or_a_refusal_in_our_own_words(
    call: tuple[Tool[Any], dict[str, Any]],
) -> None:
    error = outcome(*call)
    if error is None:
        return
    told = json.dumps(error.as_dict(), ensure_ascii=False)
    assert not re.search(r"pydantic|input_value|https?:|[Vv]alidation|Traceback|type=", told)
    assert error.message.endswith((".", "?"))
    assert error.next.endswith(".")
    assert len(error.message) <= 420
    assert len(error.next) <= 420
