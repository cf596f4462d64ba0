"""`invoice-mcp phases`: what an account's system calls the phases of an invoice, and what each is taken to mean."""

from typing import TYPE_CHECKING

import click

from invoice_mcp.cli import terminal
from invoice_mcp.cli.options import config_option, configured, json_option
from invoice_mcp.cli.running import with_services

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invoice_mcp.backends.base import PhaseLabel
    from invoice_mcp.service.app import Services


@click.command("phases")
@config_option
@json_option
@click.argument("account")
@click.pass_context
def command(context: click.Context, account: str, as_json: bool) -> None:
    """List the phases that the system of an account has.

    On Tribe CRM every tenant has its own: those that mean nothing yet are for the account's `phases` table.
    """
    found = with_services(configured(context), lambda services: _phases(services, account))
    if as_json:
        terminal.print_json([{"label": each.label, "phase": each.phase} for each in found])
    elif found:
        terminal.print_table(("Phase", "Means"), [(each.label, each.phase or "not mapped") for each in found])
    else:
        click.echo(f"The system of account {account} tells no phases.")


async def _phases(services: "Services", account: str) -> "Sequence[PhaseLabel]":
    return await services.accounts.get(account).backend().phases()
