"""Pages of a search over several accounts: what was read once is given once, whatever happens meanwhile."""

import datetime as dt
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.domain.query import Sort
from invoice_mcp.errors import StorageFailed, VendorUnavailable
from invoice_mcp.service import merging
from invoice_mcp.service.snapshots import MAX_ROWS, Binding, Snapshot, Snapshots
from invoice_mcp.storage.engine import Database
from invoice_mcp.storage.state_schema import APPLICATION_ID, MIGRATIONS
from tests.flows.conftest import HeldClock, code
from tests.service.conftest import Firm, Vendor, row

Firms = Callable[..., Firm]


def vendor(account: str, count: int, **more: Any) -> Vendor:
    return Vendor(account, [row(account, number) for number in range(count)], **more)


@pytest.fixture
def firm(firms: Firms, tmp_path: Path) -> Firm:
    return firms(tmp_path, vendor("a", 43), vendor("b", 50), vendor("c", 7))


async def test_later_pages_cost_nothing_and_lose_and_repeat_nothing(firm: Firm) -> None:
    first = await firm.search(limit=10)
    cost = firm.requests()
    assert cost == 5 + 5 + 1
    assert 0 < len(first["next_cursor"]) <= 12
    pages = await firm.pages(limit=10)
    assert firm.requests() == 2 * cost
    refs = [cells[0] for page in pages for cells in page["rows"]]
    everything = [list(reversed(each.rows)) for each in firm.vendors.values()]
    assert refs == [str(each.ref) for each in merging.in_order(everything, Sort())]
    assert [page["as_of"] for page in pages] == ["2026-03-15T12:00:00Z"] * len(pages)
    assert all("incomplete" not in page for page in pages)


@pytest.mark.parametrize("sort", ["-issue_date", "payable_amount", "buyer", "-invoice_number"])
@pytest.mark.parametrize("limit", [1, 7, 100])
@pytest.mark.parametrize("totals", [True, False])
async def test_every_row_comes_once_however_far_the_scan_goes(
    firms: Firms, tmp_path: Path, sort: str, limit: int, totals: bool
) -> None:
    # Windows of 12 rows, so that the scan goes on many times, and one account that is read at once.
    firm = firms(tmp_path, vendor("a", 61, per_page=4, scan_pages=3), vendor("b", 30, per_page=4, scan_pages=3))
    for name in firm.vendors:
        firm.vendors[name].rows[3] = row(name, 3, issue_date=None, invoice_number=None)
    refs = await firm.refs(sort=sort, limit=limit, totals=totals)
    assert sorted(refs) == sorted(str(each.ref) for account in firm.vendors.values() for each in account.rows)


async def test_without_sums_a_search_reads_one_page_and_stays_in_order(firms: Firms, tmp_path: Path) -> None:
    firm = firms(tmp_path, vendor("a", 60), vendor("b", 60))
    first = await firm.search(limit=8, totals=False)
    assert firm.requests() == 2
    assert len(first["rows"]) == 8
    pages = await firm.pages(limit=8, totals=False)
    refs = [cells[0] for page in pages for cells in page["rows"]]
    everything = [list(reversed(each.rows)) for each in firm.vendors.values()]
    assert refs == [str(each.ref) for each in merging.in_order(everything, Sort())]
    assert firm.requests() == 2 + 12
    assert all("incomplete" not in page for page in pages)


def uneven() -> tuple[Vendor, Vendor]:
    """One account with an invoice a day, and one with an invoice every nine days: a page of it reaches far back."""
    return vendor("dense", 90), Vendor("sparse", [row("sparse", number) for number in range(0, 90, 9)])


async def test_what_one_account_has_not_told_yet_is_waited_for_by_the_rows_of_others(
    firms: Firms, tmp_path: Path
) -> None:
    firm = firms(tmp_path, *uneven())
    refs = await firm.refs(limit=8, totals=False)
    everything = [list(reversed(each.rows)) for each in firm.vendors.values()]
    assert refs == [str(each.ref) for each in merging.in_order(everything, Sort())]


async def test_only_the_account_that_has_run_short_is_read_on(firms: Firms, tmp_path: Path) -> None:
    dense, sparse = uneven()
    sparse.rows += [row("sparse", -number) for number in range(1, 30)]
    firm = firms(tmp_path, dense, sparse)
    cursor = (await firm.search(limit=4, totals=False))["next_cursor"]
    for _ in range(6):
        cursor = (await firm.search(limit=4, totals=False, cursor=cursor))["next_cursor"]
    assert dense.requests > 2
    assert sparse.requests == 1


async def test_a_page_is_filled_although_an_account_that_ran_short_has_failed(firms: Firms, tmp_path: Path) -> None:
    dense, sparse = uneven()
    sparse.rows += [row("sparse", -number) for number in range(1, 30)]
    firm = firms(tmp_path, dense, sparse)
    cursor = (await firm.search(limit=8, totals=False))["next_cursor"]

    def fail(_request: int) -> None:
        raise VendorUnavailable("The vendor is out of order.", next="Wait.")

    dense.before = fail
    answer = await firm.search(limit=8, totals=False, cursor=cursor)
    assert len(answer["rows"]) == 8
    assert [each["account"] for each in answer["incomplete"]] == ["dense"]


async def test_what_changes_meanwhile_does_not_move_what_was_read(firm: Firm) -> None:
    first = await firm.search(limit=10)
    expected = [cells[0] for page in await firm.pages(limit=10) for cells in page["rows"]]
    for each in firm.vendors.values():
        each.rows = [row(each.account, 900), *each.rows[5:]]
    refs = [cells[0] for cells in first["rows"]]
    cursor = first["next_cursor"]
    while cursor:
        answer = await firm.search(limit=10, cursor=cursor)
        refs += [cells[0] for cells in answer["rows"]]
        cursor = answer.get("next_cursor")
    assert refs == expected


async def test_a_scan_that_goes_on_repeats_no_row_that_moved(firms: Firms, tmp_path: Path) -> None:
    firm = firms(tmp_path, vendor("a", 40, per_page=5, scan_pages=2))
    first = await firm.search(limit=10)
    firm.vendors["a"].rows += [row("a", 900 + number) for number in range(3)]  # what was given moves to later pages
    refs = [cells[0] for cells in first["rows"]]
    cursor = first["next_cursor"]
    while cursor:
        answer = await firm.search(limit=10, cursor=cursor)
        refs += [cells[0] for cells in answer["rows"]]
        cursor = answer.get("next_cursor")
    assert len(refs) == len(set(refs)) == 40


async def test_a_page_asked_for_twice_is_the_same_page(firms: Firms, tmp_path: Path) -> None:
    firm = firms(tmp_path, vendor("a", 60, per_page=5, scan_pages=2), vendor("b", 60, per_page=5, scan_pages=2))
    cursor = (await firm.search(limit=10))["next_cursor"]
    for _ in range(8):
        answer = await firm.search(limit=10, cursor=cursor)
        cost = firm.requests()
        for each in firm.vendors.values():
            random.Random(7).shuffle(each.rows)
        assert await firm.search(limit=10, cursor=cursor) == answer
        assert firm.requests() == cost
        cursor = answer["next_cursor"]


async def test_a_cursor_outlives_the_process(firm: Firm) -> None:
    first = await firm.search(limit=10)
    second = await firm.search(limit=10, cursor=first["next_cursor"])
    await firm.restart()
    assert await firm.search(limit=10, cursor=first["next_cursor"]) == second


async def test_a_cursor_lives_a_quarter_of_an_hour_and_then_says_what_to_do(firm: Firm) -> None:
    cursor = (await firm.search(limit=10))["next_cursor"]
    firm.clock.advance(minutes=14, seconds=59)
    assert "rows" in await firm.search(limit=10, cursor=cursor)
    firm.clock.advance(seconds=1)
    late = await firm.search(limit=10, cursor=cursor)
    assert code(late) == "invalid_request"
    assert late["error"]["field"] == "cursor"
    assert "Leave cursor out" in late["error"]["next"]


async def test_a_cursor_is_good_for_its_question_its_caller_and_its_accounts(
    firm: Firm, firms: Firms, tmp_path: Path
) -> None:
    cursor = (await firm.search(limit=10))["next_cursor"]
    assert "rows" in await firm.search(limit=3, cursor=cursor, fields=["subject"], totals=False)
    assert "other arguments" in (await firm.search(cursor=cursor, buyer="Buyer 1"))["error"]["message"]
    firm.person.client = "somebody else"
    assert "15 minutes" in (await firm.search(cursor=cursor))["error"]["message"]
    other = firms(tmp_path, vendor("a", 43), vendor("b", 50))  # the same state, one account less
    assert "15 minutes" in (await other.search(cursor=cursor))["error"]["message"]


@pytest.mark.parametrize("cursor", ["x", "AAAAAAAAAAAA", "A" * 400, "AAAAAAAAAAA!", "AAAAAAAAAAAA=", "ÄÄÄÄÄÄÄÄÄÄÄÄ"])
async def test_what_is_no_cursor_is_refused(firm: Firm, cursor: str) -> None:
    assert code(await firm.search(cursor=cursor)) == "invalid_request"


async def test_a_place_beyond_the_end_has_no_rows(firm: Firm) -> None:
    cursor = (await firm.search(limit=10))["next_cursor"]
    beyond = await firm.search(limit=10, cursor=f"{cursor[:10]}__")
    assert beyond["rows"] == []
    assert "next_cursor" not in beyond


async def test_at_most_two_thousand_rows_are_kept_and_the_scan_goes_on_behind_them(
    firms: Firms, tmp_path: Path
) -> None:
    firm = firms(tmp_path, *(vendor(name, 700, per_page=700) for name in "abcd"))
    refs = await firm.refs(limit=100, totals=False)
    assert len(refs) == len(set(refs)) == 2800
    kept = await firm.services.state.read(
        lambda c: [count for (count,) in c.execute("SELECT json_array_length(body, '$.rows') FROM snapshots")]
    )
    assert max(kept) <= MAX_ROWS


async def test_old_snapshots_make_room(firm: Firm) -> None:
    async def kept() -> int:
        return await firm.services.state.read(lambda c: int(c.execute("SELECT count(*) FROM snapshots").get))

    first = (await firm.search(limit=10))["next_cursor"]
    for _ in range(64):
        await firm.search(limit=10)
    assert await kept() == 64
    assert code(await firm.search(limit=10, cursor=first)) == "invalid_request"
    firm.clock.advance(minutes=15)
    await firm.search(limit=10)
    assert await kept() == 1


async def test_an_account_that_fails_later_on_is_named_and_read_again_by_the_next_page(
    firms: Firms, tmp_path: Path
) -> None:
    firm = firms(tmp_path, vendor("a", 30, per_page=5, scan_pages=2), vendor("b", 100))
    cursor = (await firm.search(limit=10))["next_cursor"]
    broken = True

    def fail(_request: int) -> None:
        if broken:
            raise VendorUnavailable("The vendor is out of order.", next="Wait.")

    firm.vendors["a"].before = fail
    cursor = (await firm.search(limit=40, cursor=cursor))["next_cursor"]
    answer = await firm.search(limit=40, cursor=cursor)
    assert {"account": "a", "reason": "The vendor is out of order. A retry may help."} in answer["incomplete"]
    broken = False
    rows: list[Any] = answer["rows"]
    while cursor := answer.get("next_cursor"):
        answer = await firm.search(limit=40, cursor=cursor)
        rows += answer["rows"]
    assert len({cells[0] for cells in rows if cells[0].startswith("a:")}) >= 20


async def test_the_only_account_failing_later_on_is_an_error_and_the_cursor_stays_good(
    firms: Firms, tmp_path: Path
) -> None:
    firm = firms(tmp_path, vendor("a", 30, per_page=5, scan_pages=2))
    cursor = (await firm.search(limit=10))["next_cursor"]

    def fail(_request: int) -> None:
        raise VendorUnavailable("The vendor is out of order.", next="Wait.")

    firm.vendors["a"].before = fail
    assert code(await firm.search(limit=10, cursor=cursor)) == "vendor_unavailable"
    firm.vendors["a"].before = lambda request: None
    assert len((await firm.search(limit=10, cursor=cursor))["rows"]) == 10


async def test_where_no_cursor_can_be_kept_the_answer_says_that_there_is_more(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any, **__: Any) -> None:
        raise StorageFailed("The disk is full.", next="Make room.")

    monkeypatch.setattr(firm.services.snapshots, "keep", full)
    answer = await firm.search(limit=50)
    assert len(answer["rows"]) == 50
    assert "next_cursor" not in answer
    assert [each["account"] for each in answer["incomplete"]] == ["a", "b", "c"]
    assert all("The disk is full" in each["reason"] for each in answer["incomplete"])


async def test_a_page_that_would_be_too_long_goes_on_in_the_next(firms: Firms, tmp_path: Path) -> None:
    rows = [row("a", number, buyer="Ünïcödé & Söns " * 20, subject="Wörk " * 60) for number in range(60)]
    firm = firms(tmp_path, Vendor("a", rows, per_page=100))
    pages = await firm.pages(limit=100, fields=["subject"])
    assert len(pages) > 1
    assert sum(len(page["rows"]) for page in pages) == 60
    assert all(len(str(page).encode()) < 32_768 for page in pages)
    assert pages[0]["cut"] == "a text that ends in … goes on in its own system"


async def test_sums_come_with_the_first_page_alone(firm: Firm) -> None:
    first, *later = await firm.pages(limit=40)
    assert first["totals"][0]["count"] == 100
    assert not any("totals" in page or "ageing" in page for page in later)


async def test_groups_are_kept_like_rows(firms: Firms, tmp_path: Path) -> None:
    rows = [row("a", number, buyer=f"Buyer {number}", buyer_id=f"b{number}") for number in range(45)]
    firm = firms(tmp_path, Vendor("a", rows))
    pages = await firm.pages(group_by="buyer", limit=20)
    cost = firm.requests()
    assert [len(page["rows"]) for page in pages] == [20, 20, 5]
    assert cost == 5
    payable = [cells[6] for page in pages for cells in page["rows"]]
    assert [len(each) for each in payable] == sorted((len(each) for each in payable), reverse=True)
    assert len({cells[0] for page in pages for cells in page["rows"]}) == 45


async def test_time_stands_still_in_a_snapshot_and_moves_with_the_scan(firms: Firms, tmp_path: Path) -> None:
    firm = firms(tmp_path, vendor("a", 40, per_page=5, scan_pages=2))
    first = await firm.search(limit=10)
    firm.clock.advance(minutes=5)
    second = await firm.search(limit=10, cursor=first["next_cursor"])
    stamps = [dt.datetime.fromisoformat(page["as_of"]) for page in (first, second)]
    assert stamps[1] - stamps[0] == dt.timedelta(minutes=5)


async def test_a_state_database_of_an_older_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    old = Database(path, migrations=MIGRATIONS[:1], application_id=APPLICATION_ID)
    await old.write(
        lambda c: c.execute(
            "INSERT INTO operations (id, account, tool, fingerprint, state, deadline_at, at) "
            "VALUES ('op_1', 'a', 'register_payment', 'f', 'done', '2026-03-15T12:00:00Z', '2026-03-15T12:00:00Z')"
        ).fetchall()
    )
    await old.close()
    new = Database(path, migrations=MIGRATIONS, application_id=APPLICATION_ID)
    binding = Binding("caller", "question")
    snapshots = Snapshots(new, HeldClock(dt.datetime(2026, 3, 15, 12, tzinfo=dt.UTC)))
    place = await snapshots.keep(Snapshot("2026-03-15T12:00:00Z", rows=(row("a", 1),), settled=1), binding)
    assert (await snapshots.open(place.cursor(0), binding)).snapshot == place.snapshot
    assert await new.read(lambda c: c.execute("SELECT id FROM operations").fetchall()) == [("op_1",)]
    await new.close()
