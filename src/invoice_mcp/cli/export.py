"""`invoice-mcp export`: the issued invoices of the ledger as one CSV file, or as UBL documents in a folder."""

import datetime as dt
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import click

from invoice_mcp.cli.books import InvoiceBook, book_of
from invoice_mcp.cli.options import config_option, configured
from invoice_mcp.cli.running import with_services
from invoice_mcp.domain.booked import BookedInvoice
from invoice_mcp.errors import InvalidRequest

if TYPE_CHECKING:
    from invoice_mcp.domain.invoice import Party
    from invoice_mcp.service.app import Services

PAGE: Final = 500

_day = click.DateTime(formats=["%Y-%m-%d"])
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)


@click.command("export")
@config_option
@click.option("--account", metavar="NAME", help="The ledger to export; needed when there are several.")
@click.option("--format", "as_format", type=click.Choice(["csv", "ubl"]), default="csv", help="csv, or ubl.")
@click.option("--from", "first", type=_day, help="Issued on this day or later, YYYY-MM-DD.")
@click.option("--to", "last", type=_day, help="Issued on this day or earlier.")
@click.argument("target", metavar="TARGET", type=click.Path(path_type=Path))
@click.pass_context
def command(
    context: click.Context,
    account: str | None,
    as_format: str,
    first: dt.datetime | None,
    last: dt.datetime | None,
    target: Path,
) -> None:
    """Write the issued invoices to TARGET: a new CSV file, or a new folder with one UBL document each.

    Drafts are left out: they have no number. Nothing is overwritten.
    """
    if target.exists():
        raise InvalidRequest(f"{target.name} exists already.", next="Name a file or folder that does not.")
    span = (first.date() if first else dt.date.min, last.date() if last else dt.date.max)

    async def work(services: "Services") -> tuple[Target, int]:
        account_, book = book_of(services.accounts, account)
        goal = _TARGETS[as_format](target, book.seller, account_.name)
        async for page in _pages(book, span):
            goal.write(page)
        return goal, await book.unnumbered()

    goal, drafts = with_services(configured(context), work)
    click.echo(f"{goal.count} invoices written to {target}.", err=True)
    if drafts:
        click.echo(f"{drafts} drafts left out: they have no number.", err=True)
    for words, number in goal.unsaid.most_common():
        click.echo(f"Not said by this format: {words} ({number}).", err=True)


class Target(Protocol):
    """Where invoices are written. `unsaid` counts what the format cannot say."""

    count: int
    unsaid: Counter[str]

    def write(self, page: Sequence[BookedInvoice]) -> None:
        """Add some."""
        ...


class CsvFile:
    """One CSV file, which only its owner can read."""

    def __init__(self, path: Path, _seller: "Party | None", _account: str) -> None:
        from invoice_mcp.wire import invoice_csv

        self._path = path
        self.count = 0
        self.unsaid: Counter[str] = Counter()
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(invoice_csv.write([]), encoding="utf-8", newline="")

    def write(self, page: Sequence[BookedInvoice]) -> None:
        from invoice_mcp.wire import invoice_csv

        with self._path.open("a", encoding="utf-8", newline="") as file:
            file.write(invoice_csv.write(page).partition("\n")[2])
        self.count += len(page)


class UblFolder:
    """A folder with one document for each invoice, named by its number."""

    def __init__(self, path: Path, seller: "Party | None", account: str) -> None:
        if seller is None:
            raise InvalidRequest(
                "A UBL document names its seller.", next=f"Set accounts.{account}.seller in the configuration."
            )
        self._path = path
        self._seller = seller
        self.count = 0
        self.unsaid: Counter[str] = Counter()
        path.mkdir(mode=0o700)

    def write(self, page: Sequence[BookedInvoice]) -> None:
        from invoice_mcp.wire import ubl_writing

        for invoice in page:
            document = ubl_writing.write(invoice, self._seller)
            file = self._path / f"{_UNSAFE.sub('_', invoice.number).strip('._') or invoice.place}.xml"
            if file.exists():  # two numbers that differ in what a file name cannot have
                file = self._path / f"{file.stem}_{invoice.place}.xml"
            file.touch(mode=0o600)
            file.write_bytes(document)
            self.unsaid.update(ubl_writing.unsayable(invoice))
        self.count += len(page)


_TARGETS: Final[dict[str, Callable[[Path, "Party | None", str], Target]]] = {"csv": CsvFile, "ubl": UblFolder}


async def _pages(book: InvoiceBook, span: tuple[dt.date, dt.date]) -> AsyncIterator[list[BookedInvoice]]:
    after = 0
    while page := await book.booked(after, PAGE, *span):
        yield [invoice for _, invoice in page]
        after = page[-1][0]
