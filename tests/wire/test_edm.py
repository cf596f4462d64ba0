"""Leaves of OData's JSON."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from invoice_mcp.wire.edm import DateTimeOffset, Double, Guid, read_day

GUID = "8f0c1d2e-3b4a-4c5d-8e6f-7a8b9c0d1e2f"


@pytest.mark.parametrize(
    ("text", "seconds", "microseconds"),
    [
        ("2021-05-17T12:43:48Z", 48, 0),
        ("2021-05-17T14:43:48+02:00", 48, 0),
        ("2021-05-17T12:43Z", 0, 0),
        ("2021-05-17T12:43:48.5Z", 48, 500_000),
        ("2021-05-17T12:43:48.123456789012Z", 48, 123_456),
    ],
)
def test_an_instant_is_read_with_any_fraction(text: str, seconds: int, microseconds: int) -> None:
    expected = dt.datetime(2021, 5, 17, 12, 43, seconds, microseconds, dt.UTC)
    assert TypeAdapter(DateTimeOffset).validate_python(text) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(
            (DateTimeOffset, each)
            for each in ("2021-05-17", "2021-05-17T12:43:48", "0001-01-01T00:00:00+14:00", 5, None)
        ),
        *((DateTimeOffset, each) for each in ("2021-02-30T00:00:00Z", "２021-05-17T12:43:48Z", "2021-05-17 12:43:48Z")),
        *((Double, each) for each in ("1.5", "NaN", "INF", True, None, Decimal("Infinity"), 10**15, 1.5)),
        *((Guid, each) for each in ("1", GUID.replace("-", ""), None, 5)),
    ],
)
def test_what_is_none_is_refused(kind: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


def test_a_double_stays_as_exact_as_it_came() -> None:
    assert TypeAdapter(Double).validate_python(Decimal("0.30000000000000004")) == Decimal("0.30000000000000004")
    assert TypeAdapter(Double).validate_python(Decimal("1.0E7")) == 10_000_000
    assert TypeAdapter(Guid).validate_python(GUID.upper()) == GUID


def test_a_day_is_that_of_the_zone() -> None:
    assert read_day("2026-11-18", dt.UTC) == dt.date(2026, 11, 18)
    late = "2026-11-18T23:30:00Z"
    assert read_day(late, dt.UTC) == dt.date(2026, 11, 18)
    assert read_day(late, dt.timezone(dt.timedelta(hours=1))) == dt.date(2026, 11, 19)
