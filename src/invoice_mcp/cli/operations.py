"""`invoice-mcp operations`: the writes to vendors on record, and a person's word on those nobody could settle.

The ledger's own writes are not listed: they are on record in the transaction of their effect, and never unsettled.
"""

from typing import TYPE_CHECKING, Any

import click

from invoice_mcp.cli import terminal
from invoice_mcp.cli.options import config_option, configured, json_option
from invoice_mcp.cli.running import with_services
from invoice_mcp.clock import rfc3339
from invoice_mcp.errors import Conflict, NotFound

if TYPE_CHECKING:
    from invoice_mcp.service.app import Services
    from invoice_mcp.writes.journal import Operation

MAX_LISTED = 50


@click.group("operations")
@config_option
def command() -> None:
    """List writes to vendors, and settle those whose outcome is not known."""


@command.command("list")
@config_option
@json_option
@click.option("--unsettled", is_flag=True, help="Only those under way or of unknown outcome.")
@click.option("--limit", type=click.IntRange(1, 1000), default=MAX_LISTED, show_default=True, help="At most so many.")
@click.pass_context
def list_command(context: click.Context, as_json: bool, unsettled: bool, limit: int) -> None:
    """List the latest operations, newest first."""

    async def read(services: "Services") -> "list[Operation]":
        journal = services.journal
        return await (journal.unsettled(limit) if unsettled else journal.latest(limit))

    rows = [_head(operation) for operation in with_services(configured(context), read)]
    if as_json:
        terminal.print_json(rows)
    elif rows:
        keys = ("at", "account", "tool", "state", "operation")
        cells = [[row[key] for key in keys] for row in rows]
        terminal.print_table(("Begun", "Account", "Tool", "State", "Operation"), cells)
    else:
        click.echo("No operation waits to be settled." if unsettled else "No operation is on record.")


@command.command("show")
@config_option
@click.argument("operation")
@click.pass_context
def show_command(context: click.Context, operation: str) -> None:
    """Show an operation with its steps, as JSON."""
    found = with_services(configured(context), lambda services: _get(services, operation))
    terminal.print_json(_whole(found))


@command.command("settle")
@config_option
@click.argument("operation")
@click.argument("outcome", type=click.Choice(["done", "refused"]))
@click.option("--invoice", metavar="ID", default="", help="With done: the id the invoice has in its system.")
@click.pass_context
def settle_command(context: click.Context, operation: str, outcome: str, invoice: str) -> None:
    """Say what became of an operation, after looking in the vendor's own system.

    done: it took effect, and the same call is answered with that. refused: it did not, and the same call is sent anew.
    """

    async def settle(services: "Services") -> None:
        found = await _get(services, operation)
        if found.state != "unknown":
            raise Conflict(
                f"This operation is {found.state.replace('_', ' ')}; only one of unknown outcome waits for a word.",
                next="See `invoice-mcp operations list --unsettled`.",
            )
        await services.journal.settle_by_hand(found, done=outcome == "done", invoice_id=invoice)

    with_services(configured(context), settle)
    click.echo(f"{operation}: {outcome}.")


async def _get(services: "Services", operation: str) -> "Operation":
    found = await services.journal.get(operation)
    if found is None:
        raise NotFound("No operation has this id.", next="See `invoice-mcp operations list` for the ids.")
    return found


def _head(operation: "Operation") -> dict[str, str]:
    return {
        "operation": operation.id,
        "at": rfc3339(operation.at),
        "account": operation.account,
        "tool": operation.tool,
        "state": operation.state,
    }


def _whole(operation: "Operation") -> dict[str, Any]:
    steps = [
        {
            "number": record.step.number,
            "method": record.step.method,
            "path": record.step.path,
            "state": record.state,
            **({"invoice_id": record.result.invoice_id} if record.result is not None else {}),
        }
        for record in operation.steps
    ]
    return {**_head(operation), "steps": steps}
