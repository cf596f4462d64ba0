"""Retry-After in the three spellings that vendors use, and in none."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.net.retry_after import MAX_RETRY_AFTER_S, retry_after_s

NOW = dt.datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=dt.UTC)
EPOCH = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("1", 1),
        (" 10 ", 10),
        ("3600", 3600),
        ("3601", MAX_RETRY_AFTER_S),
        ("999999999", MAX_RETRY_AFTER_S),
        (str(EPOCH + 7), 7),
        (str(EPOCH - 60), 0),
        ("1000000000", 0),
        ("999999999999", MAX_RETRY_AFTER_S),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30),
        ("Sun, 01 Mar 2026 11:00:30 GMT", 0),
        ("Sun, 01 Mar 2026 13:00:10 +0100", 10),
        ("Sun, 01 Mar 2026 12:00:30 -0000", 30),
        ("Sunday, 01-Mar-26 12:00:30 GMT", 30),
        ("Sun Mar  1 12:00:30 2026", 30),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_RETRY_AFTER_S),
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("+5", None),
        ("1.5", None),
        ("1e3", None),
        ("0x10", None),
        ("９", None),
        ("1, 2", None),
        ("1234567890123", None),
        ("NaN", None),
        ("Infinity", None),
        ("Sun, 99 Foo 2026", None),
        ("2026-03-01T12:00:30Z", None),
    ],
)
def test_it_is_read_in_whole_seconds_or_not_at_all(value: str | None, seconds: int | None) -> None:
    assert retry_after_s(value, NOW) == seconds


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.text(max_size=40))
def test_no_text_breaks_it_and_none_makes_it_long(value: str) -> None:
    found = retry_after_s(value, NOW)
    assert found is None or 0 <= found <= MAX_RETRY_AFTER_S
