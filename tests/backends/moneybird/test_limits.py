"""Moneybird counts requests per address, so all accounts of a process use up one allowance together."""

from pathlib import Path

import pytest

from invoice_mcp.errors import RateLimited
from invoice_mcp.net import Window
from invoice_mcp.sandbox.moneybird.app import create_app
from invoice_mcp.sandbox.moneybird.seeds import ADMINISTRATION_ID, OTHER_ADMINISTRATION_ID, TOKEN, seeded_book
from invoice_mcp.sandbox.moneybird.switches import Switches
from invoice_mcp.sandbox.runner import running
from invoice_mcp.service.app import Services
from invoice_mcp.settings import parse_settings
from tests.backends.moneybird.conftest import NOW
from tests.held_clock import HeldClock

ACCOUNT = """
[accounts.{name}]
backend = "moneybird"
base_url = "{url}/api/v2"
administration_id = "{administration}"
token = "{token}"
"""


async def test_two_accounts_share_one_limit_and_another_vendor_address_has_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoice_mcp.backends.moneybird.connect.REQUESTS", Window(requests=2, seconds=300))
    clock = HeldClock(NOW)
    app = create_app(seeded_book(NOW, 0), Switches(), clock)
    async with running(app) as proxy, running(app) as elsewhere:
        text = 'state_dir = "state"\n' + "".join(
            ACCOUNT.format(name=name, url=url, administration=administration, token=TOKEN)
            for name, url, administration in (
                ("one", proxy.url, ADMINISTRATION_ID),
                ("two", proxy.url, OTHER_ADMINISTRATION_ID),
                ("three", elsewhere.url, ADMINISTRATION_ID),
            )
        )
        services = Services(parse_settings(text, tmp_path), clock)
        backends = {account.name: account.backend() for account in services.accounts.all()}
        await backends["one"].probe()
        await backends["two"].probe()
        for name in ("one", "two"):
            with pytest.raises(RateLimited):
                await backends[name].find_number("2026-0001")
        assert (await backends["three"].probe()).ok
        assert len(proxy.received) == 2
        clock.advance(seconds=301)
        await backends["two"].find_number("2026-0001")
        await services.close()
