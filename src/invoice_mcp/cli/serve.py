"""`invoice-mcp serve`: the server, as a chat client starts it."""

import functools
from typing import TYPE_CHECKING

import click

from invoice_mcp import __version__
from invoice_mcp.cli.options import config_option, configured
from invoice_mcp.settings import Settings, system_clock

if TYPE_CHECKING:
    from invoice_mcp.server.server import InvoiceServer
    from invoice_mcp.server.table import ToolTable
    from invoice_mcp.service.app import Services


@click.command("serve")
@config_option
@click.pass_context
def command(context: click.Context) -> None:
    """Serve a chat client on stdin and stdout."""
    settings = configured(context)  # what is wrong with it is said before the slow imports

    from invoice_mcp.server.stdio import serve_stdio

    serve_stdio(lambda: build_server(settings))


def build_server(settings: Settings) -> "InvoiceServer":
    """The server of these accounts. The tools and what they need are imported when a client first asks for them."""
    from invoice_mcp.server.instructions import AccountLine, instructions
    from invoice_mcp.server.server import InvoiceServer

    @functools.cache
    def services() -> "Services":
        from invoice_mcp.service.app import Services

        return Services(settings, system_clock(settings))

    def table() -> "ToolTable":
        from invoice_mcp.server.table import ToolTable
        from invoice_mcp.tools import TOOLS

        able = {tool.name: services().accounts.that_may(tool.name) for tool in TOOLS}
        return ToolTable(TOOLS, list(settings.accounts), able)

    lines = [
        AccountLine(account.name, account.backend, account.currency, account.mode, account.label)
        for account in settings.accounts.values()
    ]
    return InvoiceServer(table, services, instructions=instructions(lines), version=__version__)
