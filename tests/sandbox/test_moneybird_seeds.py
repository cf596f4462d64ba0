"""The six years of invoices the double begins with."""

import dataclasses
import datetime as dt
import time
from collections import Counter
from decimal import Decimal
from typing import get_args

import pytest

from invoice_mcp.sandbox.moneybird.book import Administration
from invoice_mcp.sandbox.moneybird.lifecycle import Desk, paid
from invoice_mcp.sandbox.moneybird.records import State
from invoice_mcp.sandbox.moneybird.seeds import ADMINISTRATION_ID, OTHER_ADMINISTRATION_ID, seeded_book
from invoice_mcp.sandbox.moneybird.switches import Switches

from .conftest import NOW


@pytest.fixture(scope="module")
def administration() -> Administration:
    return seeded_book(NOW).administrations[ADMINISTRATION_ID]


def test_building_them_takes_less_than_three_seconds() -> None:
    started = time.process_time()
    seeded_book(NOW)
    assert time.process_time() - started < 3


def test_there_are_enough_over_six_years_in_three_currencies(administration: Administration) -> None:
    invoices = administration.invoices.values()
    assert len(invoices) >= 2500
    years = Counter(each.invoice_date.year for each in invoices if each.invoice_date)
    assert min(years) == NOW.year - 6
    assert all(years[year] > 300 for year in range(NOW.year - 5, NOW.year))
    assert Counter(each.currency for each in invoices).keys() == {"EUR", "USD", "GBP"}


@pytest.mark.parametrize("invoices", [200, 2600])
@pytest.mark.parametrize("day", [dt.date(2026, 1, 1), dt.date(2028, 2, 29), dt.date(2026, 11, 18)])
def test_every_state_and_mark_is_among_them_whatever_the_day(invoices: int, day: dt.date) -> None:
    now = dt.datetime.combine(day, dt.time(9), dt.UTC)
    found = seeded_book(now, invoices).administrations[ADMINISTRATION_ID].invoices.values()
    assert {each.state for each in found} == set(get_args(State))
    assert any(each.paused for each in found)
    assert any(each.marked_dubious_on for each in found)
    assert any(each.original_sales_invoice_id for each in found)
    assert any(each.payments and each.state in {"late", "open", "reminded"} for each in found)


def test_they_are_the_same_every_time() -> None:
    first, second = (seeded_book(NOW, 200) for _ in range(2))
    assert dataclasses.asdict(first) == dataclasses.asdict(second)


def test_every_figure_is_one_the_double_could_have_reached(administration: Administration) -> None:
    desk = Desk(administration, Switches(), NOW)
    for invoice in administration.invoices.values():
        totals = desk.totals(invoice)
        assert totals.incl_tax == totals.excl_tax + sum((tax.tax for tax in totals.taxes), Decimal(0))
        assert (invoice.state == "paid") == (bool(invoice.payments) and desk.unpaid(invoice) == 0)
        assert (invoice.invoice_id is None) == (invoice.state in {"draft", "scheduled"})
        assert abs(paid(invoice)) <= abs(totals.incl_tax)
        if invoice.state == "open":
            assert invoice.due_date >= desk.today


def test_numbers_run_on_without_gaps_in_the_order_of_sending(administration: Administration) -> None:
    numbers: dict[str, list[int]] = {}
    for invoice in sorted(administration.invoices.values(), key=lambda each: (each.invoice_id or "").zfill(10)):
        if invoice.invoice_id:
            year, number = invoice.invoice_id.split("-")
            numbers.setdefault(year, []).append(int(number))
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())
    dated = [each for each in administration.invoices.values() if each.invoice_id and each.invoice_date]
    assert [each.invoice_id for each in sorted(dated, key=lambda each: (each.invoice_date, each.invoice_id))] == sorted(
        each.invoice_id for each in dated if each.invoice_id
    )


def test_some_customers_are_easily_taken_for_each_other(administration: Administration) -> None:
    names = [contact.name for contact in administration.contacts.values()]
    assert sum("acme" in name.casefold() for name in names) >= 4
    assert {"Jan Jansen", "Jan Janssen", "Jansen & Zn.", "Janssen & Zoon"} <= set(names)
    busy = {each.contact.name for each in administration.invoices.values()}
    assert len(busy) == len(names) - 1, "all but the archived one have invoices"


def test_nothing_has_happened_yet(administration: Administration) -> None:
    assert administration.journal == []


def test_the_second_company_shares_no_record_with_the_first() -> None:
    book = seeded_book(NOW, 200)
    first, second = (book.administrations[each] for each in (ADMINISTRATION_ID, OTHER_ADMINISTRATION_ID))
    assert second.invoices
    for name in ("invoices", "contacts", "tax_rates", "workflows", "document_styles", "identities", "users"):
        assert getattr(first, name).keys().isdisjoint(getattr(second, name))
