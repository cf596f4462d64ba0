"""What the README tells a newcomer to do works as it stands there."""

import json
import re
from pathlib import Path

import pytest

from invoice_mcp.backends.registry import ADAPTERS
from invoice_mcp.cli import COMMANDS
from invoice_mcp.settings import BACKENDS, LedgerOptions, parse_settings

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def snippets(language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def test_the_configuration_it_shows_is_accepted_in_parts_and_as_one(tmp_path: Path) -> None:
    seller, mail = snippets("toml")
    for text in (seller, mail, seller + mail):
        parse_settings(text, tmp_path)


def test_with_the_seller_it_shows_an_invoice_can_be_sent(tmp_path: Path) -> None:
    from invoice_mcp.backends.ledger.seller import missing_keys

    options = parse_settings(snippets("toml")[0], tmp_path).accounts["ledger"].options
    assert isinstance(options, LedgerOptions)
    assert missing_keys(options.seller) == []


@pytest.mark.parametrize("snippet", snippets("json"))
def test_a_client_entry_is_one_server_with_an_absolute_path(snippet: str) -> None:
    (servers,) = json.loads(snippet).values()
    (server,) = servers.values()
    assert server["command"] == "/path/to/invoice-mcp"
    assert server["args"] == []
    assert server.get("type", "stdio") == "stdio"


def test_there_is_an_entry_for_every_client_there_is_an_example_of() -> None:
    shapes = {(*json.loads(snippet), "type" in snippet) for snippet in snippets("json")}
    assert shapes == {("mcpServers", False), ("mcpServers", True), ("servers", True)}


def test_it_leads_to_the_page_of_every_system() -> None:
    assert set(ADAPTERS) == set(BACKENDS)
    assert set(re.findall(r"\(docs/backends/(\w+)\.md\)", README)) == set(BACKENDS)


def test_it_names_every_command_and_no_other() -> None:
    table = README.partition("## On the command line")[2].partition("\n## ")[0]
    named = set(re.findall(r"`invoice-mcp ([a-z-]+)", table))
    assert named == set(COMMANDS) - {"serve"}
