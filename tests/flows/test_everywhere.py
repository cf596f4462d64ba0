"""Every filter on every backend, asked of all of them at once: no wrong row, no missing row, sums to the cent.

What a search should give is worked out by a plain filter over what the books behind the accounts hold.
"""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from enum import Enum
from importlib import resources
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from invoice_mcp.backends.registry import ADAPTERS
from invoice_mcp.clock import SystemClock
from invoice_mcp.domain.query import GroupBy, InvoiceQuery
from invoice_mcp.service.app import Services
from invoice_mcp.settings import parse_settings
from invoice_mcp.tools import TOOLS
from invoice_mcp.tools.arguments import parse
from tests.backends.contract import CASES, Held, Office, held_and_one
from tests.backends.offices import OFFICES
from tests.flows.conftest import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

REFERENCE = resources.files("invoice_mcp").joinpath("reference.toml").read_text("utf-8")
SEARCH = next(tool for tool in TOOLS if tool.name == "search_invoices")

Sums = dict[tuple[str, bool], tuple[int, Decimal, Decimal]]


class Everywhere:
    """The search over one office of every kind."""

    def __init__(self, folder: Path, offices: Sequence[Office]) -> None:
        reference = parse_settings(REFERENCE, folder)
        named = {account.backend: account for account in reference.accounts.values()}
        self.offices = dict(zip(OFFICES, offices, strict=True))
        accounts = {each.account: replace(named[kind], name=each.account) for kind, each in self.offices.items()}
        settings = replace(reference, accounts=accounts, default_account=None, state_dir=folder / "state")
        self.names = list(accounts)
        self.services = Services(settings, SystemClock())
        for office in offices:
            account = self.services.accounts.get(office.account)
            account._backend = office.backend  # type: ignore[assignment]
            account._around = replace(account._around, today=lambda office=office: office.today)
        self.held = {f"{office.account}:{each.id}": each for office in offices for each in office.held()}

    async def search(self, **arguments: Any) -> dict[str, Any]:
        """The first page, with the rows of all, and what the later ones lack as `later`."""
        first = answer = await self._page(arguments)
        rows, later = list(first["rows"]), list[Any]()
        while cursor := answer.get("next_cursor"):
            answer = await self._page({**arguments, "cursor": cursor})
            rows += answer["rows"]
            later += answer.get("incomplete", ())
        return {**first, "rows": rows, "later": later}

    async def _page(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return await SEARCH.handle(parse(SEARCH, arguments, self.names), self.services, Person())


@asynccontextmanager
async def opened(folder: Path, invoices: int) -> AsyncIterator[Everywhere]:
    async with AsyncExitStack() as stack:
        offices = [await stack.enter_async_context(make(folder, invoices)) for make in OFFICES.values()]
        made = Everywhere(folder, offices)
        stack.push_async_callback(made.services.close)
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def everywhere(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Everywhere]:
    async with opened(tmp_path_factory.mktemp("everywhere"), 120) as made:
        yield made


def plain(value: Any) -> Any:
    """An argument as a client sends it."""
    if isinstance(value, frozenset):
        return sorted(plain(each) for each in value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else value


def said(arguments: dict[str, Any]) -> dict[str, Any]:
    return {{"statuses": "status"}.get(name, name): plain(value) for name, value in arguments.items()}


def summed(held: Sequence[Held]) -> Sums:
    sums: Sums = {}
    for each in held:
        count, total, payable = sums.get((each.currency, each.number is None), (0, Decimal(0), Decimal(0)))
        sums[each.currency, each.number is None] = (count + 1, total + each.total, payable + each.payable)
    return sums


def totals_of(answer: dict[str, Any]) -> Sums:
    return {
        (each["currency"], each.get("not_issued", False)): (
            each["count"],
            Decimal(each["tax_inclusive_amount"]),
            Decimal(each["payable_amount"]),
        )
        for each in answer.get("totals", ())
    }


async def check(everywhere: Everywhere, kind: str, name: str) -> None:
    """The search that is made of what `kind` holds gives of all accounts what it means, and sums that up."""
    case = CASES[name]
    arguments = case.arguments(*held_and_one(everywhere.offices[kind]))
    expected = {ref: held for ref, held in everywhere.held.items() if case.means(held, arguments)}
    answer = await everywhere.search(**said(arguments), limit=100)
    missing = [*answer.get("incomplete", ()), *answer["later"]]
    unfiltered = {each["account"]: each["fields"] for each in missing if "fields" in each}
    assert {field for fields in unfiltered.values() for field in fields} <= said(arguments).keys()
    refs = [cells[0] for cells in answer["rows"]]
    assert len(refs) == len(set(refs))
    assert {ref.partition(":")[0] for ref in expected.keys() ^ set(refs)} <= unfiltered.keys()
    partial = {each.get("partial", False) for each in answer.get("totals", ())}
    assert partial <= {bool(answer.get("incomplete"))}
    if not answer.get("incomplete"):
        assert totals_of(answer) == summed([*expected.values()])


async def test_every_registered_backend_has_an_office_here() -> None:
    assert OFFICES.keys() == ADAPTERS.keys()


@pytest.mark.parametrize(("name", "kind"), [*zip(CASES, cycle(OFFICES), strict=False)])
async def test_every_filter_finds_on_every_backend_what_it_means(everywhere: Everywhere, name: str, kind: str) -> None:
    """All are asked; what is asked for is made of what one of them holds, each in its turn."""
    await check(everywhere, kind, name)


async def test_a_name_that_nobody_bears_leaves_nothing_out(everywhere: Everywhere) -> None:
    answer = await everywhere.search(buyer="Nobody at all")
    assert answer["rows"] == []
    assert "incomplete" not in answer


@pytest.mark.parametrize("by", GroupBy)
async def test_groups_add_up_to_the_whole(everywhere: Everywhere, by: GroupBy) -> None:
    answer = await everywhere.search(group_by=by.value, limit=100)
    groups = [dict(zip(answer["columns"], cells, strict=True)) for cells in answer["rows"]]
    ungrouped = {each["account"] for each in answer.get("incomplete", ()) if "group_by" in each.get("fields", ())}
    assert not ungrouped or by is GroupBy.TAX_RATE  # the lists of some systems tell no VAT by rate, and so it says
    sums = summed([held for ref, held in everywhere.held.items() if ref.partition(":")[0] not in ungrouped])
    if by is not GroupBy.TAX_RATE:  # an invoice counts for each of its rates
        assert sum(group["count"] for group in groups) == len(everywhere.held)
    for currency in {currency for currency, _ in sums}:
        wanted = sum(total for (each, _), (_, total, _) in sums.items() if each == currency)
        assert sum(Decimal(each["tax_inclusive_amount"]) for each in groups if each["currency"] == currency) == wanted


@pytest.mark.parametrize("kind", ["ledger", "moneybird", "ysuite", "next", "productive"])
async def test_a_buyer_can_be_known_in_other_accounts(everywhere: Everywhere, kind: str) -> None:
    """Lists of Tribe tell neither VAT identifier nor address."""
    office = everywhere.offices[kind]
    page = await office.backend.search(InvoiceQuery(today=office.today, group_by=GroupBy.BUYER), None)
    assert any(group.buyer_identifiers for group in page.groups)


@pytest.mark.long
async def test_every_filter_over_years_of_invoices(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with opened(tmp_path_factory.mktemp("large"), 2_500) as large:
        for kind in OFFICES:
            assert len([*large.offices[kind].held()]) >= 2_500
            for name in CASES:
                await check(large, kind, name)
