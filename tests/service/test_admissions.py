"""That an account was let in is on record once a day, and nothing fails where it cannot be."""

import datetime as dt
import logging
from pathlib import Path

import pytest

from invoice_mcp.service.app import Services
from invoice_mcp.settings import load_settings
from invoice_mcp.storage.engine import Database
from invoice_mcp.storage.state_schema import APPLICATION_ID, MIGRATIONS
from tests.held_clock import HeldClock

BOOKS = """
state_dir = "state"
[accounts.books]
backend = "moneybird"
administration_id = "1"
token = { env = "CANARY_8D2" }
base_url = "BASE_URL"
[accounts.own]
backend = "ledger"
"""
MORNING = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)


def opened(folder: Path, clock: HeldClock, base_url: str = "https://moneybird.com/api/v2") -> Services:
    file = folder / "config.toml"
    file.write_text(BOOKS.replace("BASE_URL", base_url))
    file.chmod(0o600)
    return Services(load_settings(file), clock)


async def test_the_latest_is_kept_for_one_address(tmp_path: Path) -> None:
    clock = HeldClock(MORNING)
    services = opened(tmp_path, clock)
    books, own = services.accounts.get("books"), services.accounts.get("own")
    assert await services.admissions.last(books) is None
    await services.admissions.note([books, own])
    clock.advance(hours=1)
    await services.admissions.note([books])  # the same day: not written again
    assert await services.admissions.last(books) == MORNING
    assert await services.admissions.last(own) is None
    clock.advance(days=1)
    await services.admissions.note([books])
    await services.close()
    later = opened(tmp_path, clock)
    assert await later.admissions.last(later.accounts.get("books")) == MORNING + dt.timedelta(days=1, hours=1)
    await later.close()
    moved = opened(tmp_path, clock, "https://moneybird.com/api/v3")
    assert await moved.admissions.last(moved.accounts.get("books")) is None
    await moved.close()


async def test_a_ledger_alone_leaves_no_file(tmp_path: Path) -> None:
    services = opened(tmp_path, HeldClock(MORNING))
    await services.admissions.note([services.accounts.get("own")])
    await services.close()
    assert not services.state_file.exists()


async def test_what_cannot_be_noted_fails_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "state").write_text("no folder")
    services = opened(tmp_path, HeldClock(MORNING))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            await services.admissions.note([services.accounts.get("books")])
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "being let in is not on record for books"
    ]
    await services.close()


async def test_a_state_file_from_before_is_brought_forward(tmp_path: Path) -> None:
    services = opened(tmp_path, HeldClock(MORNING))
    [before] = [number for number, sql in enumerate(MIGRATIONS) if "CREATE TABLE let_in" in sql]
    old = Database(services.state_file, migrations=MIGRATIONS[:before], application_id=APPLICATION_ID)
    await old.write(lambda connection: connection.execute("SELECT 1").get)
    await old.close()
    books = services.accounts.get("books")
    await services.admissions.note([books])
    assert await services.admissions.last(books) == MORNING
    await services.close()
