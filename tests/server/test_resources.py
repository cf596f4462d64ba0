"""The document of an invoice as a resource, read by a client in both eras of the protocol."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from invoice_mcp.cli.serve import build_server
from invoice_mcp.settings import parse_settings

CONFIGURATION = """
state_dir = "state"
[accounts.ledger]
backend = "ledger"
path = "books/ledger.db"
tax_rate = "25"
language = "sv"
seller = { name = "Studio Norr", street = "Kajen 1", postal_code = "111 52", city = "Stockholm", country_code = "SE", vat_identifier = "SE556677889901", iban = "SE4550000000058398257466" }
[accounts.books]
backend = "moneybird"
administration_id = "123"
token = "canary"
base_url = "http://127.0.0.1:9"
"""  # noqa: E501  one key, one line, as TOML 1.0 wants it
LINES = [{"item_name": "Rådgivning <b>", "quantity": "2", "net_price": "100.00"}]
BUYER = {"name": "Bageriet AB", "new": True, "address": {"street": "Gatan 2", "city": "Umeå", "country_code": "SE"}}


@asynccontextmanager
async def connected(folder: Path, era: Any = "auto") -> AsyncIterator[Client]:
    server = build_server(parse_settings(CONFIGURATION, folder))
    async with Client(server, mode=era) as client:
        yield client


async def called(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return dict(result.structured_content or {})


async def drafted(client: Client) -> str:
    made = await called(client, "create_invoice", account="ledger", buyer=BUYER, lines=LINES)
    return str(made["invoice"]["ref"])


def uri_of(ref: str) -> str:
    account, _, invoice_id = ref.partition(":")
    return f"invoice://{account}/{invoice_id}/document"


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_sent_invoice_is_read_as_a_page_and_as_text(tmp_path: Path, era: str) -> None:
    async with connected(tmp_path, era) as client:
        [template] = (await client.list_resource_templates()).resource_templates
        assert template.uri_template == "invoice://{account}/{id}/document"
        ref = await drafted(client)
        await called(client, "change_phase", ref=ref, phase="sent", deliver="manual")
        page, text = (await client.read_resource(uri_of(ref))).contents
    assert (page.mime_type, text.mime_type) == ("text/html", "text/plain")
    assert page.text.startswith('<!DOCTYPE html>\n<html lang="sv">')  # type: ignore[union-attr]
    assert "Rådgivning &lt;b&gt;" in page.text  # type: ignore[union-attr]
    assert text.text.startswith("Faktura ")  # type: ignore[union-attr]
    assert "Rådgivning <b>" in text.text  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "uri",
    [
        "invoice://ledger/inv_000000000000000000/document",
        "invoice://nobody/inv_000000000000000000/document",
        "invoice://books/123/document",
        "invoice://ledger/..%2F..%2Fetc/document",
        "invoice://ledger/inv_1/document?x=1",
        "invoice://ledger/inv_1",
        "file:///etc/passwd",
    ],
)
async def test_what_is_not_there_is_a_protocol_error_of_the_reader(tmp_path: Path, uri: str) -> None:
    async with connected(tmp_path) as client:
        with pytest.raises(MCPError) as raised:
            await client.read_resource(uri)
    assert raised.value.error.code == -32602
    assert str(tmp_path) not in str(raised.value.error)


async def test_a_draft_has_no_document_and_the_error_says_what_to_do(tmp_path: Path) -> None:
    async with connected(tmp_path) as client:
        ref = await drafted(client)
        with pytest.raises(MCPError) as raised:
            await client.read_resource(uri_of(ref))
    assert raised.value.error.data["error"]["code"] == "not_found"
    assert "change_phase" in raised.value.error.data["error"]["next"]
