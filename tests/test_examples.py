"""Every file in examples/ works as it stands: parsed, started or run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
COMMAND = Path(sys.executable).parent / "invoice-mcp"
PLACEHOLDER = "/path/to/invoice-mcp"

# File, the key its client reads servers from, and whether the client wants each server's transport named.
CLIENTS = {
    "claude-desktop.json": ("mcpServers", False),
    "claude-code.mcp.json": ("mcpServers", True),
    "vscode.mcp.json": ("servers", True),
    "cursor.mcp.json": ("mcpServers", False),
}
OTHERS = {"config.toml", "invoice.html", "session.py", "test_tools.py"}


def read(name: str) -> dict[str, Any]:
    return json.loads((EXAMPLES / name).read_text(encoding="utf-8"))


def expanded(value: str) -> str:
    """`value` as a client hands it on: ${VAR:-default} is its default, ${input:id} what a person typed."""
    return re.sub(r"\$\{input:[a-z_]+\}", "typed", re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", value))


def environment(home: Path) -> dict[str, str]:
    """This environment with every folder the program writes to below `home`, and no setting of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("INVOICE_MCP_", "XDG_"))}
    return {**kept, "HOME": str(home)}


def test_every_example_is_tested() -> None:
    assert {path.name for path in EXAMPLES.iterdir() if path.is_file()} == CLIENTS.keys() | OTHERS


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_configuration_has_the_shape_its_client_reads(name: str) -> None:
    key, typed = CLIENTS[name]
    (server,) = read(name)[key].values()
    assert server["command"] == PLACEHOLDER
    assert server.get("type") == ("stdio" if typed else None)
    inputs = {entry["id"] for entry in read(name).get("inputs", [])}
    asked = {found for value in server["env"].values() for found in re.findall(r"\$\{input:([a-z_]+)\}", value)}
    assert inputs == asked


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_client_configuration_starts_a_server_that_initializes(name: str, tmp_path: Path) -> None:
    (server,) = read(name)[CLIENTS[name][0]].values()
    parameters = StdioServerParameters(
        command=server["command"].replace(PLACEHOLDER, str(COMMAND)),
        args=server["args"],
        env={"HOME": str(tmp_path)} | {key: expanded(value) for key, value in server["env"].items()},
        cwd=tmp_path,
    )
    async with Client(parameters, mode="legacy") as client:
        assert client.server_info is not None
        assert client.server_info.name == "invoice-mcp"


async def test_the_example_configuration_is_accepted_and_names_its_account(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text((EXAMPLES / "config.toml").read_text(encoding="utf-8"), encoding="utf-8")
    parameters = StdioServerParameters(
        command=str(COMMAND), args=["--config", str(config)], env={"HOME": str(tmp_path)}, cwd=tmp_path
    )
    async with Client(parameters) as client:
        assert "books" in (client.instructions or "")


def test_the_mail_section_of_the_example_is_valid_when_uncommented(tmp_path: Path) -> None:
    text = (EXAMPLES / "config.toml").read_text(encoding="utf-8")
    head, _, mail = text.partition("# [mail]")
    uncommented = head + "[mail]" + mail.replace("\n# ", "\n")
    assert "\n[mail]\nsmtp_url = " in uncommented
    config = tmp_path / "config.toml"
    config.write_text(uncommented, encoding="utf-8")
    run = subprocess.run(
        [COMMAND, "accounts", "--config", config],
        env=environment(tmp_path) | {"SMTP_PASSWORD": "typed"},
        capture_output=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stderr


def test_the_scripted_session_plays_to_its_end(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, EXAMPLES / "session.py", COMMAND],
        env=environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stderr
    steps = dict(line.split(maxsplit=1) for line in run.stdout.splitlines())
    assert list(steps) == ["create", "send", "search", "payment", "get"]
    # 12 x 95.00 + 120.00 = 1260.00, and 21 % of it on top.
    assert steps["create"].startswith("draft, 1524.60 EUR")
    assert steps["get"] == "partially_paid, 524.60 EUR left to pay"
    assert list(tmp_path.iterdir()) == []


def test_the_tool_test_to_copy_passes_where_it_is_copied_to(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "test_tools.py", tmp_path)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "anyio", "-p", "no:cacheprovider", "test_tools.py"],
        env=environment(tmp_path) | {"INVOICE_MCP_COMMAND": str(COMMAND), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stdout
    assert "3 passed" in run.stdout
