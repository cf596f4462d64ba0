import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.status import Flag, Kind, Status
from invoice_mcp.mail.skipping import REASONS, skip_reason

from . import examples

AMSTERDAM = dt.timezone(dt.timedelta(hours=1))


def reason(invoice: Invoice = examples.INVOICE, **known: Any) -> str | None:
    usual: dict[str, Any] = {
        "today": examples.TODAY,
        "min_reminder_days": 3,
        "last_reminder_at": None,
        "has_address": True,
        "address_confirmed": True,
    }
    return skip_reason(invoice, **usual | known)


def days_ago(days: int, hour: int = 12) -> dt.datetime:
    return dt.datetime.combine(examples.TODAY - dt.timedelta(days=days), dt.time(hour), AMSTERDAM)


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "draft": ({"status": Status.DRAFT}, {}),
    "scheduled": ({"status": Status.SCHEDULED}, {}),
    "paid": ({"status": Status.PAID, "payable_amount": Decimal(0)}, {}),
    "cancelled": ({"status": Status.CANCELLED, "payable_amount": Decimal(0)}, {}),
    "uncollectible": ({"status": Status.UNCOLLECTIBLE}, {}),
    "credit_note": ({"kind": Kind.CREDIT_NOTE, "status": Status.OPEN, "payable_amount": Decimal(-5)}, {}),
    "not_due": ({"due_date": examples.TODAY, "status": Status.OPEN}, {}),
    "paused": ({"flags": (Flag.PAUSED,)}, {}),
    "dubious": ({"flags": (Flag.DUBIOUS,)}, {}),
    "no_address": ({}, {"has_address": False}),
    "unconfirmed_address": ({}, {"address_confirmed": False}),
    "too_soon": ({}, {"last_reminder_at": days_ago(2)}),
}


def test_the_documentation_names_the_reasons_in_their_order() -> None:
    documentation = (Path(__file__).parents[2] / "docs" / "mail.md").read_text(encoding="utf-8")
    section = documentation.partition("## When no reminder goes out")[2].partition("\n## ")[0]
    cells = " ".join(row.split("|")[1] for row in section.split("\n") if row.startswith("|"))

    assert tuple(re.findall(r"`([a-z_]+)`", cells)) == REASONS


def test_an_overdue_invoice_with_a_confirmed_address_is_reminded_of() -> None:
    assert reason() is None


@pytest.mark.parametrize("expected", REASONS)
def test_each_reason_alone_keeps_a_reminder_back(expected: str) -> None:
    changes, known = CASES[expected]

    assert reason(replace(examples.INVOICE, **changes), **known) == expected


def test_of_several_reasons_the_first_in_the_documented_order_is_given() -> None:
    """A state excludes the other states, so those before `credit_note` are each set against all that come after."""
    rest: dict[str, Any] = {"kind": Kind.CREDIT_NOTE, "due_date": None, "flags": (Flag.DUBIOUS, Flag.PAUSED)}
    known: dict[str, Any] = {"has_address": False, "address_confirmed": False, "last_reminder_at": days_ago(0)}
    for expected in REASONS[:5]:
        assert reason(replace(examples.INVOICE, **rest | CASES[expected][0]), **known) == expected

    assert reason(replace(examples.INVOICE, status=Status.OPEN, payable_amount=Decimal(-5), **rest), **known) == (
        "credit_note"
    )
    del rest["kind"]
    assert reason(replace(examples.INVOICE, **rest), **known) == "not_due"
    del rest["due_date"]
    assert reason(replace(examples.INVOICE, **rest), **known) == "paused"
    assert reason(replace(examples.INVOICE, flags=(Flag.DUBIOUS,)), **known) == "dubious"
    assert reason(**known) == "no_address"
    assert reason(**known | {"has_address": True}) == "unconfirmed_address"
    assert reason(**known | {"has_address": True, "address_confirmed": True}) == "too_soon"


@pytest.mark.parametrize("status", [Status.OPEN, Status.PARTIALLY_PAID, Status.OVERDUE, Status.UNKNOWN])
@pytest.mark.parametrize("payable", [Decimal(0), Decimal("-0.01")])
def test_an_invoice_on_which_nothing_is_owed_counts_as_paid(status: Status, payable: Decimal) -> None:
    assert reason(replace(examples.INVOICE, status=status, payable_amount=payable)) == "paid"


@pytest.mark.parametrize(("due_in", "expected"), [(1, "not_due"), (0, "not_due"), (-1, None)])
def test_an_invoice_is_due_for_reminding_from_the_day_after_its_due_date(due_in: int, expected: str | None) -> None:
    due_date = examples.TODAY + dt.timedelta(days=due_in)

    assert reason(replace(examples.INVOICE, due_date=due_date)) == expected


def test_an_invoice_without_a_due_date_is_never_due() -> None:
    assert reason(replace(examples.INVOICE, due_date=None)) == "not_due"


@pytest.mark.parametrize(
    ("last", "minimum", "expected"),
    [
        (days_ago(2, hour=0), 3, "too_soon"),
        (days_ago(3, hour=23), 3, None),
        (days_ago(0), 0, None),
        (days_ago(0), 1, "too_soon"),
        (days_ago(-1), 1, "too_soon"),
    ],
)
def test_reminders_lie_whole_days_of_the_account_apart(last: dt.datetime, minimum: int, expected: str | None) -> None:
    assert reason(last_reminder_at=last, min_reminder_days=minimum) == expected
