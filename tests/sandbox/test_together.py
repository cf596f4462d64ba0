"""All doubles at once are the systems of one business: the same customers owe money in several of them."""

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.clock import MovedClock, SystemClock
from invoice_mcp.sandbox.customers import CUSTOMERS
from invoice_mcp.sandbox.together import DOUBLES, running_together
from invoice_mcp.service.app import Services
from invoice_mcp.settings import BACKENDS, parse_settings
from invoice_mcp.tools import TOOLS
from invoice_mcp.tools.arguments import parse
from tests.flows.conftest import Person

SEARCH = next(tool for tool in TOOLS if tool.name == "search_invoices")


async def searched(services: Services, **arguments: Any) -> list[dict[str, Any]]:
    answer = await SEARCH.handle(parse(SEARCH, arguments, list(DOUBLES)), services, Person())
    assert "incomplete" not in answer
    return [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]


@pytest.mark.parametrize("day", [dt.date(2026, 4, 1), dt.date(2027, 12, 31), dt.date(2028, 2, 29)])
async def test_the_same_customers_owe_money_in_several_systems(day: dt.date, tmp_path: Path) -> None:
    clock = MovedClock(dt.datetime.combine(day, dt.time(7), dt.UTC), SystemClock())
    async with running_together(clock) as together:
        text = f'today = "{day}"\nstate_dir = "state"\n{together.configuration()}'
        services = Services(parse_settings(text, tmp_path), clock)
        owing = defaultdict(set)
        for customer in CUSTOMERS:
            for row in await searched(services, buyer=customer.name, status=["unpaid"], limit=100):
                if row["buyer"] == customer.name and Decimal(row["payable_amount"]) > 0:
                    owing[customer.name].add(row["ref"].partition(":")[0])
        groups = await searched(services, buyer="Hotel de Brug", status=["unpaid"], group_by="buyer", limit=100)
        await services.close()
    assert owing.pop("Hotel de Brug") == set(DOUBLES)
    assert all(len(accounts) > 1 for accounts in owing.values())
    assert len(owing) == len(CUSTOMERS) - 1
    # Moneybird, Productive and YSuite tell what the hotel is known by: what it owes there is one sum.
    assert any(len(group["buyer_ids"].split()) == 3 and group["currency"] == "EUR" for group in groups)


def test_every_vendor_has_its_double() -> None:
    backends = {double.account.template.partition('backend = "')[2].partition('"')[0] for double in DOUBLES.values()}
    assert backends == set(BACKENDS) - {"ledger"}
