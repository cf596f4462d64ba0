"""The six years of invoices the double of Productive begins with."""

import dataclasses
import datetime as dt
import time
from collections import Counter
from decimal import Decimal

import pytest

from invoice_mcp.sandbox.productive.book import Organization
from invoice_mcp.sandbox.productive.lifecycle import Desk
from invoice_mcp.sandbox.productive.seeds import ORGANIZATION_ID, OTHER_ORGANIZATION_ID, seeded_book
from tests.sandbox.productive import NOW, UNLIMITED


@pytest.fixture(scope="module")
def organization() -> Organization:
    started = time.process_time()
    book = seeded_book(NOW)
    assert time.process_time() - started < 3
    return book.organizations[ORGANIZATION_ID]


def test_there_are_enough_over_six_years_in_three_currencies(organization: Organization) -> None:
    invoices = organization.invoices.values()
    assert len(invoices) >= 2500
    years = Counter(each.invoiced_on.year for each in invoices)
    assert min(years) == NOW.year - 6
    assert all(years[year] > 300 for year in range(NOW.year - 5, NOW.year))
    assert Counter(each.currency for each in invoices).keys() == {"EUR", "USD", "GBP"}


@pytest.mark.parametrize("day", [dt.date(2026, 1, 1), dt.date(2028, 2, 29), dt.date(2026, 11, 18)])
def test_every_standing_is_among_them_whatever_the_day(day: dt.date) -> None:
    now = dt.datetime.combine(day, dt.time(9), dt.UTC)
    small = seeded_book(now, 200).organizations[ORGANIZATION_ID]
    desk = Desk(small, UNLIMITED, now)
    found = [(each, desk.standing(each)) for each in small.invoices.values()]
    final = [(each, standing) for each, standing in found if not each.is_draft]
    assert any(each.is_draft for each, _ in found)
    assert any(each.sent_on is None for each, _ in final)
    assert any(each.pay_on < desk.today and standing.unpaid > 0 for each, standing in final)
    assert any(each.pay_on >= desk.today and standing.unpaid > 0 for each, standing in final)
    assert any(standing.paid > 0 and standing.unpaid > 0 for _, standing in final)
    assert any(standing.written_off for _, standing in final)
    assert any(standing.credited for _, standing in final)
    assert any(each.invoice_type_id == 2 for each, _ in final)


def test_they_are_the_same_every_time() -> None:
    first, second = (seeded_book(NOW, 200) for _ in range(2))
    assert dataclasses.asdict(first) == dataclasses.asdict(second)


def test_every_figure_is_one_the_double_could_have_reached(organization: Organization) -> None:
    desk = Desk(organization, UNLIMITED, NOW)
    for invoice in organization.invoices.values():
        standing = desk.standing(invoice)
        assert (invoice.number is None) == invoice.is_draft
        if invoice.invoice_type_id == 1:
            assert standing.unpaid >= 0
        else:
            assert desk.totals(invoice).with_tax < 0
        if invoice.paid_on is not None:
            assert standing.unpaid == Decimal(0)


def test_some_companies_are_easily_taken_for_each_other(organization: Organization) -> None:
    names = [company.name for company in organization.companies.values()]
    assert sum("acme" in name.casefold() for name in names) >= 3
    assert len({invoice.company_id for invoice in organization.invoices.values()}) > 10


def test_nothing_has_happened_yet(organization: Organization) -> None:
    assert organization.journal == []


def test_the_second_organisation_shares_no_record_with_the_first() -> None:
    book = seeded_book(NOW, 200)
    first, second = (book.organizations[each] for each in (ORGANIZATION_ID, OTHER_ORGANIZATION_ID))
    assert second.invoices
    for name in ("invoices", "line_items", "payments", "companies", "tax_rates", "document_types", "subsidiaries"):
        assert first.all_of(name).keys().isdisjoint(second.all_of(name))
