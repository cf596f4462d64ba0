"""A session without a model: make an invoice, send it by hand, find it, take a payment, read it back.

    python examples/session.py [COMMAND]

COMMAND starts the server; `invoice-mcp` if not given. The books are a ledger in a temporary folder: yours are not
touched, and nothing is left behind.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters

CONFIG = Path(__file__).resolve().parent / "config.toml"


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The answer of one tool; a refusal ends the session with what the server said to do."""
    result = await client.call_tool(tool, arguments)
    if result.is_error:
        sys.exit(f"{tool}: {result.content[0].text}")
    return result.structured_content


async def session(command: str, home: str) -> None:
    """Play the session with a server whose every file is below `home`."""
    folders = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"), home)
    server = StdioServerParameters(command=command, args=["--config", str(CONFIG)], env=folders)
    async with Client(server) as client:
        created = await call(
            client,
            "create_invoice",
            buyer={"name": "Van Dijk Architecten", "new": True},
            lines=[
                {"item_name": "Website", "quantity": "12", "unit": "hour", "net_price": "95.00"},
                {"item_name": "Hosting, one year", "net_price": "120.00"},
            ],
            payment_terms_days=14,
            idempotency_key="website-2026-03",
        )
        invoice = created["invoice"]
        ref = invoice["ref"]
        print(f"create   {invoice['status']}, {invoice['tax_inclusive_amount']} {invoice['currency']} with VAT")

        sent = await call(client, "change_phase", ref=ref, phase="sent", deliver="manual")
        print(f"send     {sent['from']} to {sent['to']}, number {sent['invoice']['invoice_number']}")

        found = await call(client, "search_invoices", status=["unpaid"], sort="-payable_amount")
        for row in found["rows"]:
            cells = dict(zip(found["columns"], row, strict=True))
            print(f"search   {cells['invoice_number']}  {cells['buyer']}  {cells['payable_amount']}")

        paid = await call(client, "register_payment", ref=ref, amount="1000.00", method="bank transfer")
        print(f"payment  {paid['payment']['amount']} on {paid['payment']['paid_on']}")

        final = await call(client, "get_invoice", ref=ref)
        print(f"get      {final['status']}, {final['payable_amount']} {final['currency']} left to pay")


def main() -> None:
    """Play it."""
    command = sys.argv[1] if len(sys.argv) > 1 else "invoice-mcp"
    with tempfile.TemporaryDirectory() as home:
        asyncio.run(session(command, home))


if __name__ == "__main__":
    main()
