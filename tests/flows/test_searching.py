"""search_invoices and get_invoice over one ledger and over two: every row once, sums per currency."""

import asyncio
import datetime as dt
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import HeldClock, Office, code

SECOND = """
[accounts.private]
backend = "ledger"
mode = "full"
path = "books/private.db"
currency = "EUR"
tax_rate = "21"
[accounts.private.seller]
name = "Noord privé"
street = "Kade 1"
postal_code = "9700 AA"
city = "Groningen"
iban = "NL91ABNA0417164300"
"""


FIRST_DAY = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dt.datetime]:
    """The files of two books with twelve invoices, and the moment at which they were written."""
    folder, clock = tmp_path_factory.mktemp("two"), HeldClock(FIRST_DAY)
    asyncio.run(_write(folder, clock))
    return folder, clock.now()


async def _write(folder: Path, clock: HeldClock) -> None:
    office = Office(folder, clock, more=SECOND)
    for number in range(12):
        account = "private" if number % 3 == 0 else "ledger"
        buyer = {"name": f"Buyer {number}", "new": True}
        lines = [{"item_name": "Work", "net_price": f"{100 + 7 * (number % 5)}"}]
        currency = "USD" if number % 4 == 0 else "EUR"
        made = await office.call(
            "create_invoice", account=account, buyer=buyer, lines=lines, currency=currency, due_date="2026-04-01"
        )
        ref = made["invoice"]["ref"]
        if number != 5:
            await office.call("change_phase", ref=ref, phase="sent", deliver="manual")
        clock.advance(hours=13)
    await office.services.close()


@pytest.fixture
async def two(tmp_path: Path, written: tuple[Path, dt.datetime]) -> AsyncIterator[Office]:
    """An office with books of its own of which nothing has been asked yet."""
    folder, now = written
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    office = Office(tmp_path, HeldClock(now), more=SECOND)
    yield office
    await office.services.close()


async def pages(office: Office, **question: Any) -> list[list[Any]]:
    """All rows of a question, page by page."""
    rows: list[list[Any]] = []
    cursor = None
    for _ in range(50):
        answer = await office.call("search_invoices", **question, **({"cursor": cursor} if cursor else {}))
        rows += answer["rows"]
        cursor = answer.get("next_cursor")
        if cursor is None:
            return rows
    raise AssertionError("the pages never end")


@pytest.mark.parametrize("sort", ["issue_date", "-issue_date", "payable_amount", "-payable_amount", "buyer", "-buyer"])
@pytest.mark.parametrize("limit", [1, 5, 100])
async def test_paging_over_two_books_loses_and_repeats_nothing(two: Office, sort: str, limit: int) -> None:
    whole = (await two.call("search_invoices", sort=sort, limit=100))["rows"]
    paged = await pages(two, sort=sort, limit=limit)
    assert paged == whole
    assert len({row[0] for row in paged}) == 12


async def test_rows_without_the_sort_key_come_last_and_are_named(two: Office) -> None:
    for sort in ("issue_date", "-issue_date"):
        answer = await two.call("search_invoices", sort=sort)
        assert answer["rows"][-1][2] == "draft"
        assert answer["last"] == "without issue_date"


async def test_amounts_are_ordered_within_a_currency(two: Office) -> None:
    answer = await two.call("search_invoices", sort="-payable_amount")
    assert answer["sorted_within"] == "currency"
    found = [(row[6], float(row[7])) for row in answer["rows"]]
    assert found == sorted(found, key=lambda cell: (cell[0], -cell[1]))
    one = await two.call("search_invoices", sort="-payable_amount", currency="USD")
    assert "sorted_within" not in one


async def test_totals_add_up_over_both_books_and_never_over_currencies(two: Office) -> None:
    answer = await two.call("search_invoices", limit=1)
    totals = {(each["currency"], each.get("not_issued", False)): each for each in answer["totals"]}
    assert {key: value["count"] for key, value in totals.items()} == {
        ("EUR", False): 8,
        ("USD", False): 3,
        ("EUR", True): 1,
    }
    rows = await pages(two)
    for currency in ("EUR", "USD"):
        cents = sum(round(float(row[7]) * 100) for row in rows if row[6] == currency and row[2] != "draft")
        assert totals[currency, False]["payable_amount"] == f"{cents / 100:.2f}"


async def test_later_pages_do_not_repeat_the_totals(two: Office) -> None:
    first = await two.call("search_invoices", limit=5)
    second = await two.call("search_invoices", limit=5, cursor=first["next_cursor"])
    assert "totals" in first
    assert "totals" not in second


async def test_a_cursor_belongs_to_its_question(two: Office) -> None:
    cursor = (await two.call("search_invoices", limit=5))["next_cursor"]
    assert code(await two.call("search_invoices", limit=5, cursor=cursor, status=["paid"])) == "invalid_request"
    for forged in ("x", cursor[:-2], "W10", "bnVsbA", cursor + "AAAA"):
        assert code(await two.call("search_invoices", limit=5, cursor=forged)) == "invalid_request", forged


async def test_groups_by_account_and_status_sum_both_books(two: Office) -> None:
    by_account = await two.call("search_invoices", group_by="account", currency="EUR")
    counts = {row[0]: row[2] for row in by_account["rows"]}
    assert sum(counts.values()) == 9
    assert set(counts) == {"ledger", "private"}
    by_status = await two.call("search_invoices", group_by="status", currency="USD")
    assert [(row[0], row[2]) for row in by_status["rows"]] == [("open", 3)]


async def test_groups_are_paged_like_rows(two: Office) -> None:
    whole = (await two.call("search_invoices", group_by="buyer", limit=100))["rows"]
    assert await pages(two, group_by="buyer", limit=5) == whole
    assert len(whole) == 12


async def test_an_equal_name_in_two_books_is_marked_and_never_merged(two: Office) -> None:
    for account in ("ledger", "private"):
        lines = [{"item_name": "Work", "net_price": "1"}]
        await two.call("create_invoice", account=account, buyer={"name": "Same & Co", "new": True}, lines=lines)
    answer = await two.call("search_invoices", group_by="buyer", buyer="same")
    names = [(row[0], row[answer["columns"].index("same_name")]) for row in answer["rows"]]
    assert names == [("Same & Co", "yes"), ("Same & Co", "yes")]


async def test_one_account_can_be_asked_alone(two: Office) -> None:
    answer = await two.call("search_invoices", accounts=["private"], limit=100)
    assert {row[0].split(":")[0] for row in answer["rows"]} == {"private"}
    assert code(await two.call("search_invoices", accounts=["nobody"])) == "invalid_request"


async def test_a_number_in_both_books_returns_candidates(two: Office) -> None:
    answer = await two.call("get_invoice", invoice_number="2026-0001")
    assert code(answer) == "ambiguous"
    assert {each["ref"].split(":")[0] for each in answer["error"]["candidates"]} == {"ledger", "private"}
    one = await two.call("get_invoice", invoice_number="2026-0001", account="private")
    assert one["ref"].startswith("private:")


async def test_an_unknown_number_returns_the_nearest(two: Office) -> None:
    answer = await two.call("get_invoice", invoice_number="2026-0099")
    assert code(answer) == "not_found"
    assert answer["error"]["candidates"]


async def test_a_number_is_found_without_its_separators_and_zeros(two: Office) -> None:
    invoice = await two.call("get_invoice", invoice_number="2026/7", account="ledger")
    assert invoice["invoice_number"] == "2026-0007"
    found = await two.call("search_invoices", invoice_number="2026 7", accounts=["ledger"])
    assert [row[1] for row in found["rows"]] == ["2026-0007"]
    assert found["number_match"] == "separators and leading zeros ignored"


async def test_a_ref_of_one_book_means_nothing_in_another(two: Office) -> None:
    row = (await two.call("search_invoices", accounts=["private"]))["rows"][0]
    moved = "ledger:" + row[0].split(":")[1]
    assert code(await two.call("get_invoice", ref=moved)) == "not_found"
    assert code(await two.call("register_payment", ref=moved)) == "not_found"


async def test_an_invoice_is_not_copied_into_another_book(two: Office) -> None:
    row = (await two.call("search_invoices", accounts=["private"]))["rows"][0]
    assert code(await two.call("create_invoice", account="ledger", copy_of=row[0])) == "invalid_request"


async def test_extra_columns_come_in_the_order_asked(two: Office) -> None:
    answer = await two.call("search_invoices", fields=["tax_amount", "subject"], limit=1)
    assert answer["columns"][-2:] == ["tax_amount", "subject"]
    assert answer["rows"][0][-1] == "Work"
