"""A tool test to copy: the installed command, a ledger of its own, and calls as an agent makes them.

    pip install pytest
    pytest examples/test_tools.py

`INVOICE_MCP_COMMAND` names another command than the `invoice-mcp` on PATH. To test against your own settings, write
them into `CONFIG`; `today` keeps "overdue" from depending on the day the test runs.
"""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

COMMAND = os.environ.get("INVOICE_MCP_COMMAND", "invoice-mcp")
CONFIG = """
today = "2026-03-01"
state_dir = "{home}/state"

[accounts.books]
backend = "ledger"
path = "{home}/ledger.db"
currency = "EUR"
tax_rate = "21"

[accounts.books.seller]
name = "Studio Noord"
street = "Kade 1"
postal_code = "9700 AA"
city = "Groningen"
country_code = "NL"
iban = "NL91ABNA0417164300"
"""

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(home=tmp_path.as_posix()), encoding="utf-8")
    server = StdioServerParameters(command=COMMAND, args=["--config", str(config)], env={"HOME": str(tmp_path)})
    async with Client(server) as connected:
        yield connected


async def answer(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return result.structured_content


async def refusal(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result.structured_content
    return json.loads(result.content[0].text)["error"]


async def an_open_invoice(client: Client, net_price: str = "100.00") -> str:
    lines = [{"item_name": "Consult", "net_price": net_price}]
    created = await answer(client, "create_invoice", buyer={"name": "Van Dijk", "new": True}, lines=lines)
    ref = created["invoice"]["ref"]
    await answer(client, "change_phase", ref=ref, phase="sent", deliver="manual")
    return ref


async def test_a_payment_settles_the_invoice(client: Client) -> None:
    ref = await an_open_invoice(client)
    paid = await answer(client, "register_payment", ref=ref, amount="121.00")
    assert paid["outcome"] == "done"
    assert (await answer(client, "get_invoice", ref=ref))["status"] == "paid"


async def test_a_repeated_payment_is_not_booked_twice(client: Client) -> None:
    ref = await an_open_invoice(client)
    arguments = {"ref": ref, "amount": "21.00", "idempotency_key": "bank-line-0042"}
    await answer(client, "register_payment", **arguments)
    again = await answer(client, "register_payment", **arguments)
    assert again["outcome"] == "replayed"
    assert (await answer(client, "get_invoice", ref=ref))["payable_amount"] == "100.00"


async def test_too_much_money_is_refused_with_what_is_owed(client: Client) -> None:
    ref = await an_open_invoice(client)
    error = await refusal(client, "register_payment", ref=ref, amount="500.00")
    assert "121.00" in error["message"] + error["next"]
