"""What the audience is told at the end: where everything is, and how to go on."""

import json
import shlex
import sys
from pathlib import Path

from invoice_mcp.cli.demo.stage import PROGRAM, Stage


def kept(stage: Stage) -> None:
    """The folder stays."""
    stage.screen.tells(f"The folder of this demo is kept: {stage.folder}. Look around in it:")
    stage.screen.output(f"{shlex.join(command())} --config {stage.configuration} call search_invoices")


def deleted(stage: Stage) -> None:
    """The folder goes."""
    stage.screen.tells(f"The folder of this demo, {stage.folder}, is deleted now; --keep would keep it.")


def go_on(stage: Stage) -> None:
    """The same in a chat client."""
    program, *arguments = command()
    entry = {"mcpServers": {"invoice-mcp": {"command": program, "args": arguments}}}
    stage.screen.tells("To have the five doubles to yourself, run invoice-mcp sandbox: it says where they are.")
    stage.screen.tells("To do this in your own chat client, add this to its MCP servers, then ask it to bill somebody:")
    stage.screen.output(json.dumps(entry, indent=2))


def command() -> list[str]:
    """How a chat client starts this very program: its script where there is one, with its absolute path."""
    script = Path(sys.executable).with_name("invoice-mcp")
    return [str(script)] if script.exists() else list(PROGRAM)
