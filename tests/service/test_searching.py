"""One question over several accounts: order, sums, groups, and what is missing from them."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest

from invoice_mcp.domain.query import Gap, InvoiceQuery, Page, Position
from invoice_mcp.domain.status import Status
from invoice_mcp.errors import RateLimited, Unauthorized
from invoice_mcp.service.asking import Patience
from tests.flows.conftest import code
from tests.service.conftest import Firm, Vendor, known, row

Firms = Callable[..., Firm]


def fails(error: Exception) -> Callable[[int], None]:
    def fail(_request: int) -> None:
        raise error

    return fail


def cells(answer: dict[str, Any], *names: str) -> list[tuple[Any, ...]]:
    """Of every row the cells of these columns."""
    places = [answer["columns"].index(name) for name in names]
    return [tuple(each[place] for place in places) for each in answer["rows"]]


async def test_who_owes_most_anywhere(firms: Firms, tmp_path: Path) -> None:
    vat, spelt_otherwise = "NL001234567B01", "nl 001234567 b01"
    acme = {"buyer": "Acme B.V.", "due_date": dt.date(2026, 1, 1), "status": Status.OVERDUE}
    firm = firms(
        tmp_path,
        Vendor(
            "books",
            [
                known(row("books", 1, **acme, payable_amount=Decimal("100.00"), buyer_id="11"), vat),
                known(row("books", 2, **acme, payable_amount=Decimal("50.00"), buyer_id="11", currency="USD"), vat),
                known(row("books", 3, buyer="Beta", payable_amount=Decimal("120.00"), buyer_id="12")),
            ],
        ),
        Vendor(
            "crm",
            [
                known(row("crm", 1, buyer="ACME bv", payable_amount=Decimal("70.00"), buyer_id="aa"), spelt_otherwise),
                known(row("crm", 2, buyer="Beta", payable_amount=Decimal("5.00"), buyer_id="bb"), None, "b@b.example"),
            ],
        ),
    )
    answer = await firm.search(group_by="buyer", status=["unpaid"])
    assert cells(answer, "key", "currency", "count", "payable_amount", "buyer_ids", "same_name") == [
        ("Acme B.V.", "EUR", 2, "170.00", "11 aa", ""),
        ("Beta", "EUR", 1, "120.00", "12", "yes"),
        ("Beta", "EUR", 1, "5.00", "bb", "yes"),
        ("Acme B.V.", "USD", 1, "50.00", "11", ""),
    ]
    assert cells(answer, "overdue_amount", "oldest_due_date")[0] == ("100.00", "2025-03-11")
    assert [(each["currency"], each["count"], each["payable_amount"]) for each in answer["totals"]] == [
        ("EUR", 4, "295.00"),
        ("USD", 1, "50.00"),
    ]
    assert "incomplete" not in answer


async def test_namesakes_in_one_account_that_are_one_buyer_are_not_marked(firms: Firms, tmp_path: Path) -> None:
    twice = [known(row("a", number, buyer="Twin", buyer_id=f"t{number}"), None, "t@twin.example") for number in (1, 2)]
    answer = await firms(tmp_path, Vendor("a", twice)).search(group_by="buyer")
    assert cells(answer, "count", "buyer_ids", "same_name") == [(2, "t2 t1", "")]


async def test_ageing_adds_up_over_accounts_by_days_past_due(firms: Firms, tmp_path: Path) -> None:
    def due(account: str, number: int, days: int, payable: str) -> Any:
        late = dt.date(2026, 3, 15) - dt.timedelta(days=days)
        status = Status.OVERDUE if days > 0 else Status.OPEN
        return row(account, number, due_date=late, payable_amount=Decimal(payable), status=status)

    days = (0, 1, 30, 31, 60, 61, 90, 91)
    firm = firms(
        tmp_path,
        Vendor("a", [due("a", number, late, f"{10**number}.00") for number, late in enumerate(days)]),
        Vendor("b", [due("b", 1, 45, "0.50"), row("b", 2, invoice_number=None, status=Status.DRAFT)]),
    )
    answer = await firm.search()
    assert answer["ageing"] == [
        {
            "currency": "EUR",
            "not_due": "1.00",
            "1-30": "110.00",
            "31-60": "11000.50",
            "61-90": "1100000.00",
            "over_90": "10000000.00",
        }
    ]
    assert [(each["count"], each.get("not_issued", False)) for each in answer["totals"]] == [(9, False), (1, True)]


async def test_a_month_a_status_and_an_account_are_one_over_all_accounts(firms: Firms, tmp_path: Path) -> None:
    march = [row(name, number, issue_date=dt.date(2026, 3, number)) for name in "ab" for number in (1, 2)]
    april = [row("b", 9, issue_date=dt.date(2026, 4, 1), status=Status.PAID, payable_amount=Decimal(0))]
    rows = [*march, *april]
    firm = firms(tmp_path, *(Vendor(name, [each for each in rows if each.ref.account == name]) for name in "ab"))
    assert cells(await firm.search(group_by="month"), "key", "count") == [("2026-03", 4), ("2026-04", 1)]
    assert sorted(cells(await firm.search(group_by="status"), "key", "count")) == [("open", 4), ("paid", 1)]
    assert sorted(cells(await firm.search(group_by="account"), "key", "count")) == [("a", 2), ("b", 3)]


async def test_what_cannot_be_grouped_is_said_by_account(firms: Firms, tmp_path: Path) -> None:
    answer = await firms(tmp_path, Vendor("a", [row("a", 1)])).search(group_by="tax_rate")
    assert answer["rows"] == []
    assert answer["incomplete"][0]["fields"] == ["group_by"]


async def test_sums_are_partial_exactly_where_something_was_not_read(firms: Firms, tmp_path: Path) -> None:
    whole = Vendor("whole", [row("whole", number) for number in range(20)])
    firm = firms(tmp_path, whole, Vendor("long", [row("long", number, currency="USD") for number in range(200)]))
    answer = await firm.search()
    assert [(each["currency"], each["count"], each.get("partial", False)) for each in answer["totals"]] == [
        ("EUR", 20, True),  # the other account may have euros where nobody has looked yet
        ("USD", 50, True),
    ]
    assert [each["account"] for each in answer["incomplete"]] == ["long"]
    assert "only 50 invoices were read" in answer["incomplete"][0]["reason"]
    exact = await firm.search(accounts=["whole"])
    assert "partial" not in exact["totals"][0]
    assert "incomplete" not in exact


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unauthorized("The token is not accepted.", next="…"), "The token is not accepted."),
        (RateLimited("A limit is reached.", next="…", retry_after_s=9), "A limit is reached. A retry may help in 9 s."),
    ],
)
async def test_an_account_that_fails_hides_nobody_and_is_named_on_every_page(
    firms: Firms, tmp_path: Path, error: Exception, reason: str
) -> None:
    broken = Vendor("broken", [row("broken", 1)])
    broken.before = fails(error)
    firm = firms(tmp_path, broken, Vendor("well", [row("well", number) for number in range(30)]))
    for page in await firm.pages(limit=10):
        assert len(page["rows"]) == 10
        assert page["incomplete"] == [{"account": "broken", "reason": reason}]
    first = await firm.search(limit=10)
    assert first["totals"][0]["partial"] is True
    alone = await firm.search(accounts=["broken"])
    assert code(alone) in ("unauthorized", "rate_limited")


async def test_all_accounts_failing_is_never_no_invoices(firms: Firms, tmp_path: Path) -> None:
    vendors = [Vendor(name, [row(name, 1)]) for name in "ab"]
    for each in vendors:
        each.before = fails(Unauthorized("The token is not accepted.", next="…"))
    answer = await firms(tmp_path, *vendors).search()
    assert answer["rows"] == []
    assert [each["account"] for each in answer["incomplete"]] == ["a", "b"]


async def test_an_account_that_hangs_is_not_waited_for(firms: Firms, tmp_path: Path) -> None:
    hanging = Vendor("slow", [row("slow", 1)])
    hanging.before = lambda _: anyio.sleep_forever()

    async def once_all_wait() -> None:
        await anyio.wait_all_tasks_blocked()

    patience = Patience(quiet=anyio.sleep_forever, whole=once_all_wait)
    firm = firms(tmp_path, hanging, Vendor("quick", [row("quick", 1)]), patience=patience)
    answer = await firm.search()
    assert [each[0] for each in answer["rows"]] == ["quick:000001"]
    assert answer["incomplete"] == [
        {"account": "slow", "reason": "The account did not answer in time. A retry may help."}
    ]
    assert hanging.requests == 1
    assert code(await firm.search(accounts=["slow"])) == "deadline"


async def test_rows_without_the_sort_key_come_last_and_are_named(firms: Firms, tmp_path: Path) -> None:
    dateless = Vendor("crm", [row("crm", number, issue_date=None) for number in range(5)])
    firm = firms(tmp_path, dateless, Vendor("books", [row("books", number) for number in range(5)]))
    for sort in ("issue_date", "-issue_date"):
        answer = await firm.search(sort=sort)
        assert [each[0].split(":")[0] for each in answer["rows"]] == ["books"] * 5 + ["crm"] * 5
        assert answer["last"] == "without issue_date"
    assert "last" not in await firm.search(sort="due_date")


async def test_amounts_are_never_compared_across_currencies(firms: Firms, tmp_path: Path) -> None:
    def of(account: str) -> Vendor:
        codes = ("USD", "EUR", "JPY")
        return Vendor(account, [row(account, number, currency=codes[number % 3]) for number in range(30)])

    answer = await firms(tmp_path, of("a"), of("b")).search(sort="-payable_amount", limit=100)
    assert answer["sorted_within"] == "currency"
    found = [(currency, Decimal(amount)) for currency, amount in cells(answer, "currency", "payable_amount")]
    assert found == sorted(found, key=lambda cell: (cell[0], -cell[1]))
    assert {each["currency"] for each in answer["totals"]} == {"EUR", "USD", "JPY"}


async def test_a_number_that_one_account_has_is_not_looked_for_loosely_in_others(firms: Firms, tmp_path: Path) -> None:
    class Loose(Vendor):
        async def search(self, query: InvoiceQuery, position: Position | None) -> Page:
            page = await super().search(replace(query, invoice_number=None), position)
            return replace(page, loose_number=True)

    exact = Vendor("exact", [row("exact", 7)])
    firm = firms(tmp_path, Loose("loose", [row("loose", 7)]), exact)
    answer = await firm.search(invoice_number="000007")
    assert [each[0] for each in answer["rows"]] == ["exact:000007"]
    assert "number_match" not in answer
    assert answer["totals"][0]["count"] == 1
    exact.rows.clear()
    answer = await firm.search(invoice_number="000007")
    assert [each[0] for each in answer["rows"]] == ["loose:000007"]
    assert answer["number_match"] == "separators and leading zeros ignored"


async def test_a_filter_that_was_not_applied_is_named_and_makes_the_sums_partial(firms: Firms, tmp_path: Path) -> None:
    class Deaf(Vendor):
        async def search(self, query: InvoiceQuery, position: Position | None) -> Page:
            return Page(gaps=(Gap("text is not searched here", ("text",)),))

    firm = firms(tmp_path, Deaf("deaf", []), Vendor("books", [row("books", 1)]))
    answer = await firm.search(text="Buyer")
    assert answer["incomplete"] == [{"account": "deaf", "reason": "text is not searched here", "fields": ["text"]}]
    assert answer["totals"][0]["partial"] is True


async def test_a_ledger_alone_is_read_on_from_its_key_and_among_others_kept(firms: Firms, tmp_path: Path) -> None:
    firm = firms(tmp_path, Vendor("a", [row("a", 1)]), ledger=True)
    backend = firm.services.accounts.get("ledger").backend()
    asked: list[InvoiceQuery] = []
    search = backend.search

    async def spy(query: InvoiceQuery, position: Position | None) -> Page:
        asked.append(query)
        return await search(query, position)

    backend.search = spy  # type: ignore[method-assign]
    await firm.search(accounts=["ledger"], limit=7)
    await firm.search(limit=7)
    assert [query.limit for query in asked] == [7, 1000]


async def test_a_long_search_reports_progress_to_its_caller(
    firms: Firms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int, str]] = []
    slow, told_something = Vendor("slow", [row("slow", 1)]), anyio.Event()
    slow.before = lambda _: told_something.wait()

    async def progress(done: int, total: int, message: str) -> None:
        told.append((done, total, message))
        told_something.set()

    async def once_all_wait() -> None:
        await anyio.wait_all_tasks_blocked()

    patience = Patience(quiet=once_all_wait, whole=anyio.sleep_forever)
    firm = firms(tmp_path, Vendor("quick", [row("quick", 1)]), slow, patience=patience)
    monkeypatch.setattr(firm.person, "progress", progress)
    assert len((await firm.search())["rows"]) == 2
    assert told == [(1, 2, "waiting for slow"), (2, 2, "all accounts have answered")]
