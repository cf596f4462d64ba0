"""Which day it is around midnight, in the account's own time zone."""

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from invoice_mcp.clock import FixedDayClock, SystemClock
from invoice_mcp.settings import Settings, account_today, parse_settings, system_clock


class StoppedClock:
    """Stands at one instant."""

    def __init__(self, instant: str) -> None:
        self._instant = dt.datetime.fromisoformat(instant)

    def now(self) -> dt.datetime:
        return self._instant

    async def sleep(self, seconds: int) -> None:
        raise AssertionError("nobody waits here")


@pytest.fixture
def system_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine is in Auckland, 13 hours ahead in February."""
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def ledger(zone: str | None = None, today: str = "system") -> Settings:
    line = f"time_zone = '{zone}'\n" if zone else ""
    return parse_settings(f"today = '{today}'\n[accounts.ledger]\nbackend = 'ledger'\n{line}", Path.cwd())


def today(settings: Settings, instant: str) -> str:
    return account_today(settings, settings.accounts["ledger"], StoppedClock(instant)).isoformat()


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        ("Europe/Amsterdam", "2026-02-28T22:59:59+00:00", "2026-02-28"),
        ("Europe/Amsterdam", "2026-02-28T23:00:00+00:00", "2026-03-01"),
        ("Europe/Amsterdam", "2026-06-30T22:00:00+00:00", "2026-07-01"),
        ("America/New_York", "2026-03-01T04:59:59+00:00", "2026-02-28"),
        ("America/New_York", "2026-03-01T05:00:00+00:00", "2026-03-01"),
        ("Pacific/Kiritimati", "2026-02-28T10:00:00+00:00", "2026-03-01"),
        ("UTC", "2026-02-28T23:59:59+00:00", "2026-02-28"),
    ],
)
def test_the_day_changes_at_midnight_of_the_account(zone: str, instant: str, day: str) -> None:
    assert today(ledger(zone), instant) == day


def test_without_a_time_zone_the_day_is_the_systems(system_zone: None) -> None:
    assert today(ledger(), "2026-02-28T10:59:59+00:00") == "2026-02-28"
    assert today(ledger(), "2026-02-28T11:00:00+00:00") == "2026-03-01"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/New_York", None])
def test_a_fixed_day_is_the_same_everywhere_and_at_any_hour(zone: str | None, system_zone: None) -> None:
    for instant in ("2030-01-01T00:00:00+00:00", "2030-01-01T23:59:59+00:00"):
        assert today(ledger(zone, "2026-03-01"), instant) == "2026-03-01"


@pytest.mark.parametrize("written", ["2026-03-01", "'2026-03-01'", '"2026-03-01"'])
def test_a_fixed_day_may_be_quoted_or_not(written: str) -> None:
    assert parse_settings(f"today = {written}", Path.cwd()).today == dt.date(2026, 3, 1)


def test_the_clock_stands_on_the_fixed_day_and_else_runs_with_the_system() -> None:
    fixed = system_clock(ledger(today="2026-03-01"))
    assert isinstance(fixed, FixedDayClock)
    assert fixed.now().date() == dt.date(2026, 3, 1)
    assert isinstance(system_clock(ledger()), SystemClock)
