"""`invoice-mcp serve`: the server, as a chat client starts it."""

from typing import TYPE_CHECKING

import click

from invoice_mcp.cli.options import config_option, configured

if TYPE_CHECKING:
    from invoice_mcp.server.server import InvoiceServer
    from invoice_mcp.service.app import Services
    from invoice_mcp.settings import Settings


@click.command("serve")
@config_option
@click.pass_context
def command(context: click.Context) -> None:
    """Serve on stdin and stdout, for a client that starts this program itself."""
    settings = configured(context)  # first: what is wrong with it is said before the slow imports

    from invoice_mcp.server.stdio import serve_stdio

    serve_stdio(lambda: build_server(settings))


def build_server(settings: "Settings") -> "InvoiceServer":
    """The server of these accounts. Nothing is opened or asked until a tool is called."""
    from invoice_mcp import __version__
    from invoice_mcp.server.instructions import AccountLine, instructions
    from invoice_mcp.server.server import InvoiceServer
    from invoice_mcp.service.accounts import Accounts
    from invoice_mcp.settings import system_clock
    from invoice_mcp.tools import TOOLS

    clock = system_clock(settings)
    accounts = Accounts(settings, clock)
    lines = [
        AccountLine(account.name, account.backend, account.currency, account.mode, account.label)
        for account in settings.accounts.values()
    ]

    def make_services() -> "Services":
        from invoice_mcp.service.app import Services

        return Services(settings, clock)

    return InvoiceServer(
        TOOLS,
        list(settings.accounts),
        {tool.name: accounts.that_may(tool.name) for tool in TOOLS},
        make_services,
        instructions=instructions(lines),
        version=__version__,
    )
