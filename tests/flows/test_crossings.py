"""What opens an account goes to that account's own address and to no other, whatever is called in whatever order."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.backends import registry
from invoice_mcp.net.auth import StaticHeaders
from tests.flows.conftest import HeldClock
from tests.flows.neighbours import ACCOUNTS, World, everywhere, mark
from tests.flows.vendors import BUYER

LINE = {"item_name": "Design", "quantity": "2", "net_price": "50.00", "tax_rate": "21"}


def calls(refs: list[str]) -> list[Callable[[random.Random], tuple[str, dict[str, Any]]]]:
    """Kinds of calls, each drawn with what it is about: an invoice there is, or one of them under another account."""
    names = list(ACCOUNTS)

    def ref(draw: random.Random) -> str:
        found = draw.choice(refs)
        return found if draw.random() < 0.8 else f"{draw.choice(names)}:{found.partition(':')[2]}"

    return [
        lambda draw: ("search_invoices", {"accounts": draw.sample(names, draw.choice((1, 1, 2, 8))), "limit": 5}),
        lambda draw: ("search_invoices", {"accounts": [draw.choice(names)], "buyer": BUYER, "totals": False}),
        lambda draw: ("get_invoice", {"ref": ref(draw)}),
        lambda draw: ("get_invoice", {"ref": ref(draw)}),
        lambda draw: (
            "get_invoice",
            {"account": draw.choice(names), "invoice_number": f"2026-00{draw.randrange(99):02d}"},
        ),
        lambda draw: ("create_invoice", {"account": draw.choice(names), "buyer": {"name": BUYER}, "lines": [LINE]}),
        lambda draw: ("create_invoice", {"copy_of": ref(draw), "dry_run": True}),
        lambda draw: ("register_payment", {"ref": ref(draw)}),
        lambda draw: ("register_payment", {"ref": ref(draw), "amount": f"{draw.randrange(1, 99)}.00"}),
        lambda draw: ("send_reminder", {"refs": [ref(draw), ref(draw)]}),
        lambda draw: ("change_phase", {"ref": ref(draw), "phase": "sent", "deliver": "manual"}),
        lambda draw: (
            "change_phase",
            {"ref": ref(draw), "phase": draw.choice(("paused", "dubious", "resumed", "paid"))},
        ),
    ]


async def nothing_crosses(world: World, number: int) -> None:
    """So many calls, drawn by a seed; then every request is looked at."""
    draw = random.Random(number)
    office = world.office
    found = [await office.call("search_invoices", accounts=[name], limit=8, totals=False) for name in ACCOUNTS]
    refs = [row[0] for each in found for row in each.get("rows", ())]
    kinds = calls(refs)
    answered = 0
    for _ in range(number):
        tool, arguments = draw.choice(kinds)(draw)
        office.clock.advance(seconds=1)
        answered += "error" not in await office.call(tool, **arguments)
    for name, vendor in world.vendors.items():
        for request in vendor.proxy.received:
            said = f"{request.target} {request.headers} {request.body!r}"
            assert said.count("..of.") == said.count(mark(name)) > 0, f"{said} went to {name}"
        assert vendor.proxy.received, f"nothing came to {name}"
    assert len(refs) == 8 * len(ACCOUNTS)
    assert answered > number / 3


async def test_no_credential_goes_to_another_account(tmp_path: Path, clock: HeldClock) -> None:
    async with everywhere(tmp_path, clock) as world:
        await nothing_crosses(world, 200)


@pytest.mark.long
async def test_no_credential_goes_to_another_account_in_ten_thousand_calls(tmp_path: Path, clock: HeldClock) -> None:
    async with everywhere(tmp_path, clock) as world:
        await nothing_crosses(world, 10_000)


def _one_header_for_all() -> Callable[..., Any]:
    kept: dict[str, Any] = {}
    own = StaticHeaders.headers

    async def headers(self: StaticHeaders, deadline: Any) -> Any:
        return kept.setdefault("headers", await own(self, deadline))

    return headers


def _one_connection_a_kind() -> Callable[..., Any]:
    kept: dict[str, Any] = {}
    own = registry.connect

    def connect(settings: Any, around: Any) -> Any:
        if settings.backend == "ledger":
            return own(settings, around)
        return kept.setdefault(settings.backend, own(settings, around))

    return connect


MUTANTS = {
    "headers that are shared": (StaticHeaders, "headers", _one_header_for_all, "went to"),
    "one connection for all accounts of a kind": (registry, "connect", _one_connection_a_kind, "nothing came to"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
async def test_what_accounts_share_is_noticed(
    tmp_path: Path, clock: HeldClock, mutant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name, instead, noticed = MUTANTS[mutant]
    monkeypatch.setattr(owner, name, instead())
    async with everywhere(tmp_path, clock) as world:
        with pytest.raises(AssertionError, match=noticed):
            await nothing_crosses(world, 30)
