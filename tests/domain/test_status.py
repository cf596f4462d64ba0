"""A status is the first that applies, in the order of the vocabulary."""

import datetime as dt
import itertools
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.domain.money import Money
from invoice_mcp.domain.status import NOT_ISSUED, UNPAID, Facts, Status, derive_status

TODAY = dt.date(2026, 3, 1)
PLAIN = Facts(
    cancelled=False,
    draft=False,
    scheduled=False,
    uncollectible=False,
    payable_amount=Decimal("100.00"),
    paid_amount=Decimal(0),
    due_date=dt.date(2026, 3, 1),
)
YESTERDAY = dt.date(2026, 2, 28)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, Status.OPEN),
        ({"due_date": None}, Status.OPEN),
        ({"due_date": YESTERDAY}, Status.OVERDUE),
        ({"paid_amount": Decimal("1.00")}, Status.PARTIALLY_PAID),
        ({"paid_amount": Decimal("1.00"), "due_date": YESTERDAY}, Status.OVERDUE),
        ({"payable_amount": Decimal("0.00"), "paid_amount": Decimal("100.00")}, Status.PAID),
        ({"payable_amount": Decimal("0.00"), "due_date": YESTERDAY}, Status.PAID),
        ({"payable_amount": Decimal("-5.00"), "due_date": YESTERDAY}, Status.OPEN),
        ({"payable_amount": Decimal("-5.00"), "paid_amount": Decimal("-1.00")}, Status.PARTIALLY_PAID),
        ({"uncollectible": True, "due_date": YESTERDAY}, Status.UNCOLLECTIBLE),
        ({"uncollectible": True, "payable_amount": Decimal(0)}, Status.UNCOLLECTIBLE),
        ({"scheduled": True, "uncollectible": True}, Status.SCHEDULED),
        ({"draft": True, "scheduled": True, "due_date": YESTERDAY}, Status.DRAFT),
        ({"draft": True, "payable_amount": Decimal(0)}, Status.DRAFT),
        ({"cancelled": True, "draft": True, "payable_amount": Decimal(0)}, Status.CANCELLED),
    ],
)
def test_the_first_status_that_applies(changes: dict[str, object], status: Status) -> None:
    assert derive_status(replace(PLAIN, **changes), TODAY) is status


def test_an_invoice_is_overdue_from_the_day_after_its_due_date() -> None:
    assert derive_status(PLAIN, TODAY) is Status.OPEN
    assert derive_status(PLAIN, TODAY + dt.timedelta(days=1)) is Status.OVERDUE


def test_unpaid_and_not_issued_share_no_status() -> None:
    assert set(UNPAID) == {Status.OPEN, Status.PARTIALLY_PAID, Status.OVERDUE}
    assert not set(UNPAID) & set(NOT_ISSUED)


@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=4))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_payments_leave_the_same_payable_in_whatever_order_until_it_is_paid(cents: list[int]) -> None:
    payments = [Money(Decimal(each).scaleb(-2), "EUR") for each in cents]
    total = Money(Decimal(sum(cents)).scaleb(-2), "EUR")
    for order in itertools.permutations(payments):
        payable, paid = total, Money(Decimal(0), "EUR")
        for payment in order:
            facts = replace(PLAIN, payable_amount=payable.amount, paid_amount=paid.amount)
            assert derive_status(facts, TODAY) in UNPAID
            payable, paid = payable - payment, paid + payment
            assert payable + paid == total
        assert (
            derive_status(replace(PLAIN, payable_amount=payable.amount, paid_amount=paid.amount), TODAY) is Status.PAID
        )
