"""`invoice-mcp import`: issued invoices of another program, from CSV or UBL, into the ledger; all of them or none."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from invoice_mcp.cli import terminal
from invoice_mcp.cli.books import book_of
from invoice_mcp.cli.options import config_option, configured, json_option
from invoice_mcp.cli.running import with_services
from invoice_mcp.domain.booked import BookedInvoice, Refused
from invoice_mcp.errors import InvalidRequest, ReadOnly

if TYPE_CHECKING:
    from invoice_mcp.backends.ledger.importing import Taken
    from invoice_mcp.service.app import Services

MAX_SHOWN: Final = 50
"""So many refused rows are printed; `--json` has all."""


@click.command("import")
@config_option
@json_option
@click.option("--account", metavar="NAME", help="The ledger to import into; needed when there are several.")
@click.option("--yes", is_flag=True, help="Import without asking, unless something is refused.")
@click.option("--confirm-addresses", is_flag=True, help="Mail may go to the addresses of the buyers in the file.")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.pass_context
def command(
    context: click.Context,
    as_json: bool,
    account: str | None,
    yes: bool,
    confirm_addresses: bool,
    files: tuple[Path, ...],
) -> None:
    """Take issued invoices over from CSV files and UBL 2.1 documents (.xml).

    First it is tried without keeping anything, and what would come of it is shown. Only when nothing is refused it is
    done, all of it or nothing. What is in the book already is left as it is.
    """
    invoices, refused = _read(files)

    async def work(services: "Services") -> tuple[dict[str, Any], bool]:
        name, book = book_of(services.accounts, account)
        if name.settings.mode != "full":
            raise ReadOnly(
                f"Account {name.name} is in mode {name.settings.mode}; nothing was imported.",
                next=f"Set accounts.{name.name}.mode to full.",
            )
        with _progress("Trying", len(invoices)) as told:
            tried = await book.take_over(invoices, confirmed=confirm_addresses, rehearse=True, told=told)
        report = _report(invoices, tried, refused)
        if not as_json:
            _print(report)
        if report["refused"] or not tried.taken or not (yes or await _agreed(tried)):
            return report, False
        with _progress("Importing", len(invoices)) as told:
            done = await book.take_over(invoices, confirmed=confirm_addresses, rehearse=False, told=told)
        return _report(invoices, done, []), not done.refused

    report, imported = with_services(configured(context), work)
    if as_json:
        terminal.print_json({**report, "imported": report["invoices"] if imported else 0})
    else:
        click.echo(f"{report['invoices']} invoices imported." if imported else "Nothing was imported.")
    if report["refused"]:
        context.exit(1)


def _read(files: Sequence[Path]) -> tuple[list[BookedInvoice], list[Refused]]:
    """All that the files tell.

    Raises:
        InvalidRequest: a file is none of the formats, or XML cannot be read here.
    """
    from invoice_mcp.wire import invoice_csv, ubl

    invoices: list[BookedInvoice] = []
    refused: list[Refused] = []
    several = len(files) > 1
    for file in files:
        data = file.read_bytes()
        try:
            if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
                invoices.append(ubl.read(data, file.name))
                continue
            told = invoice_csv.read(data)
        except (ubl.NotThisFormat, invoice_csv.NotThisFormat) as error:
            raise InvalidRequest(
                f"{file.name}: {error}.", next="Nothing was imported; see docs/import-export.md."
            ) from None
        except ubl.LibraryMissing:
            raise InvalidRequest(
                "Reading XML safely needs a library that is not installed.",
                next='Install it: pip install "invoice-mcp[ubl]".',
            ) from None
        except ValueError as error:
            refused.append(Refused(file.name, str(error)))
            continue
        invoices += told.invoices
        refused += [
            Refused(f"{file.name}, {each.place}" if several else each.place, each.reason) for each in told.refused
        ]
    return invoices, refused


def _report(invoices: Sequence[BookedInvoice], taken: "Taken", refused: Sequence[Refused]) -> dict[str, Any]:
    unheld = Counter(words for invoice in invoices for words in invoice.unheld)
    return {
        "invoices": taken.taken,
        "buyers_added": taken.buyers,
        "already_there": len(taken.known),
        "refused": [{"place": each.place, "reason": each.reason} for each in (*refused, *taken.refused)],
        "not_held": [{"what": words, "invoices": count} for words, count in unheld.most_common()],
        "gaps": list(taken.gaps),
    }


def _print(report: dict[str, Any]) -> None:
    facts = [
        (report["invoices"], "invoices to import"),
        (report["buyers_added"], "buyers to add"),
        (report["already_there"], "in the book already"),
        (len(report["refused"]), "refused"),
    ]
    click.echo(", ".join(f"{number} {words}" for number, words in facts) + ".")
    for each in report["refused"][:MAX_SHOWN]:
        click.echo(f"  {each['place']}: {each['reason']}")
    if len(report["refused"]) > MAX_SHOWN:
        click.echo(f"  and {len(report['refused']) - MAX_SHOWN} more; --json has all.")
    if report["not_held"]:
        click.echo("In the files, and not held by a book:")
        for each in report["not_held"]:
            click.echo(f"  {each['what']} ({each['invoices']})")
    for gap in report["gaps"]:
        click.echo(f"Numbers: {gap}.")


async def _agreed(tried: "Taken") -> bool:
    return terminal.can_ask() and await terminal.ask(f"Import {tried.taken} invoices?")


@contextmanager
def _progress(words: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal; nothing elsewhere."""
    if not terminal.is_person(sys.stderr):
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(words, total=total)
        yield lambda done: progress.update(task, completed=done)
