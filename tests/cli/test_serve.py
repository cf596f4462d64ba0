"""`invoice-mcp`, as a chat client starts it: only messages on stdout, and nothing touched until a tool is called."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import invoice_mcp

SOURCES = Path(invoice_mcp.__file__).parents[1]

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}
LIST = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}


def converse(arguments: list[str], *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """Everything a server says to these messages, after which its input ends."""
    done = subprocess.run(
        [sys.executable, "-m", "invoice_mcp", *arguments],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        input="".join(json.dumps(message) + "\n" for message in messages),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("arguments", [[], ["serve"]])
def test_it_serves_with_and_without_the_command(arguments: list[str]) -> None:
    initialized, listed = converse(arguments, INITIALIZE, INITIALIZED, LIST)
    assert initialized["result"]["serverInfo"]["name"] == "invoice-mcp"
    assert initialized["result"]["serverInfo"]["version"] == invoice_mcp.__version__
    assert len(listed["result"]["tools"]) == 6


def test_the_instructions_list_the_accounts_and_no_secret(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        "[accounts.ledger]\nbackend = 'ledger'\nlabel = 'our own'\nmode = 'read_only'\n"
        "[accounts.books]\nbackend = 'moneybird'\nadministration_id = '1'\nbase_url = 'http://127.0.0.1:1'\n"
        "token = 'kanarie-9c41e2'\n",
        encoding="utf-8",
    )
    answers = converse(["--config", str(config)], INITIALIZE, INITIALIZED, LIST)
    assert "ledger: embedded ledger, EUR, read_only, our own" in answers[0]["result"]["instructions"]
    assert "books" in answers[0]["result"]["instructions"]
    assert [tool["name"] for tool in answers[1]["result"]["tools"]] == ["search_invoices", "get_invoice"]
    assert "kanarie" not in json.dumps(answers)


def test_nothing_is_created_and_no_secret_is_needed_before_a_tool_is_called(home: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        "[http]\ntoken = { env = 'NOT_SET_ANYWHERE' }\n[accounts.ledger]\nbackend = 'ledger'\n"
        "[accounts.books]\nbackend = 'moneybird'\nadministration_id = '1'\ntoken = { file = 'not/there' }\n",
        encoding="utf-8",
    )
    converse(["--config", str(config)], INITIALIZE, INITIALIZED, LIST)
    assert list(home.iterdir()) == []
