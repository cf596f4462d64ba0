"""`invoice-mcp sandbox`: all five vendors' doubles on this machine, with a configuration that leads to them."""

import shlex
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from invoice_mcp.cli.options import config_option
from invoice_mcp.cli.private_file import new_private_file
from invoice_mcp.cli.studio import SELLER

if TYPE_CHECKING:
    from invoice_mcp.sandbox.plans import Planned
    from invoice_mcp.sandbox.together import Together

CONFIGURATION: Final = "config.toml"
MAX_INVOICES: Final = 10_000

OWN: Final = f"""\
# Written by `invoice-mcp sandbox`, and gone when it ends. Its secrets open nothing but the doubles on this machine.
state_dir = "state"

[mail]
from = "Studio Noord <hello@example.com>"

[accounts.ledger]
backend = "ledger"
path = "ledger.db"
tax_rate = "21"

{SELLER}"""
"""What the configuration has beside the accounts on the doubles: a ledger, and who sends mail, into the outbox."""


@click.command("sandbox")
@config_option
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to put the configuration, the ledger and the outbox; default a temporary folder, deleted at the end.",
)
@click.option("--invoices", type=click.IntRange(0, MAX_INVOICES), help="In each system, about; default 320.")
@click.option(
    "--mode",
    type=click.Choice(["read_only", "draft_only", "full"]),
    default="full",
    show_default=True,
    help="Of the accounts.",
)
@click.option(
    "--fault",
    "faults",
    metavar="ACCOUNT=FAULT[:METHOD[:PATH]]",
    multiple=True,
    help="Do this fault to the next such request, once; can be repeated. As books=commit_then_reset:POST:/payments.",
)
def command(folder: Path | None, invoices: int | None, mode: str, faults: tuple[str, ...]) -> None:
    """Run doubles of all five vendors on this machine.

    They listen on free ports of the loopback interface, keep state until they end, and know some of the same
    customers. Ends by Ctrl-C or SIGTERM. What is configured otherwise is neither read nor written.
    """
    import anyio

    from invoice_mcp.sandbox.together import INVOICES

    plans = _plans(faults)
    with _kept_or_temporary(folder) as place:
        anyio.run(_run, place, INVOICES if invoices is None else invoices, mode, plans)


async def _run(folder: Path, invoices: int, mode: str, plans: "dict[str, list[Planned]]") -> None:
    import anyio

    from invoice_mcp.clock import SystemClock
    from invoice_mcp.sandbox.together import running_together

    # From here on a signal is an end like any other: everything is put away on the way out.
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with running_together(SystemClock(), invoices, plans) as together:
            file = folder / CONFIGURATION
            with new_private_file(file) as keep:
                keep(f"{OWN}\n{together.configuration(mode)}")
            try:
                _introduce(together, file)
                async for _ in signals:
                    break
            finally:
                file.unlink(missing_ok=True)
    _say_what_was_left(together)


@contextmanager
def _kept_or_temporary(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="invoice-mcp-sandbox-") as temporary:
        yield Path(temporary)


def _introduce(together: "Together", file: Path) -> None:
    from invoice_mcp.sandbox.customers import CUSTOMERS

    for name, proxy in together.proxies.items():
        click.echo(f"{name:8}{proxy.url}")
    shown = shlex.quote(str(file))
    owing = ", ".join(customer.name for customer in CUSTOMERS)
    click.echo(f"\nThe configuration is {file}. Some who owe money in several systems: {owing}.\n")
    click.echo(f"  invoice-mcp --config {shown} call search_invoices status=unpaid group_by=buyer")
    click.echo(f"  invoice-mcp --config {shown} doctor\n")
    click.echo("Ctrl-C ends it.")
    sys.stdout.flush()  # whoever waits for this in a pipe is waiting to begin


def _say_what_was_left(together: "Together") -> None:
    for name, proxy in together.proxies.items():
        left = f"; not done: {', '.join(proxy.unused)}" if proxy.unused else ""
        click.echo(f"{name:8}{len(proxy.received)} requests{left}")


def _plans(given: Sequence[str]) -> "dict[str, list[Planned]]":
    """The faults of each account.

    Raises:
        UsageError: there is no such account or fault.
    """
    from invoice_mcp.sandbox.faults import FAULTS
    from invoice_mcp.sandbox.plans import on
    from invoice_mcp.sandbox.together import DOUBLES

    known = {fault.name: fault for fault in FAULTS if fault.moment != "address"}
    plans: dict[str, list[Planned]] = {}
    for text in given:
        account, _, what = text.partition("=")
        name, _, request = what.partition(":")
        method, _, path = request.partition(":")
        if account not in DOUBLES:
            raise click.UsageError(f"--fault {text}: no such account; one of {', '.join(DOUBLES)}")
        if name not in known:
            raise click.UsageError(f"--fault {text}: no such fault; one of {', '.join(known)}")
        plans.setdefault(account, []).append(on(known[name], *([method.upper()] if method else []), path=path))
    return plans
