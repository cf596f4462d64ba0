"""The vendor's arithmetic, its spelling of numbers, its periods."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.sandbox.moneybird.figures import cents, number_text
from invoice_mcp.sandbox.moneybird.periods import parse_instant, parse_period

AMOUNTS = st.decimals(-(10**9), 10**9, places=2)


@pytest.mark.parametrize(
    ("value", "text"),
    [("363", "363.0"), ("363.00", "363.0"), ("157.24", "157.24"), ("-363.0", "-363.0"), ("0", "0.0"), ("-0.00", "0.0"),
     ("0.10", "0.1"), ("1E+3", "1000.0")],
)  # fmt: skip
def test_a_number_has_at_least_one_decimal_and_no_zeros_after_it(value: str, text: str) -> None:
    assert number_text(Decimal(value)) == text


@settings(deadline=None, derandomize=True)
@given(AMOUNTS)
def test_a_printed_amount_is_the_amount(value: Decimal) -> None:
    assert Decimal(number_text(value)) == value


@pytest.mark.parametrize(
    ("value", "rounded"), [("0.005", "0.01"), ("-0.005", "-0.01"), ("2.675", "2.68"), ("1", "1.00")]
)
def test_half_a_cent_goes_away_from_zero(value: str, rounded: str) -> None:
    assert cents(Decimal(value)) == Decimal(rounded)


@settings(deadline=None, derandomize=True)
@given(st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)), st.sampled_from(["week", "month", "quarter", "year"]))
def test_last_this_and_next_follow_each_other_and_this_holds_today(today: dt.date, unit: str) -> None:
    last, this, following = (parse_period(f"{which}_{unit}", today) for which in ("prev", "this", "next"))
    assert today in this
    assert today not in last
    assert last.end + dt.timedelta(days=1) == this.start
    assert this.end + dt.timedelta(days=1) == following.start


@pytest.mark.parametrize(
    "text",
    ["2026-08-21 13:50:12 UTC", "2026-08-21T13:50:12Z", "2026-08-21T13:50:12", "2026-08-21T15:50:12+02:00"],
)
def test_instants_are_utc_unless_they_say_otherwise(text: str) -> None:
    assert parse_instant(text) == dt.datetime(2026, 8, 21, 13, 50, 12, tzinfo=dt.UTC)
