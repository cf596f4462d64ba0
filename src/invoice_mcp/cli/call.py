"""`invoice-mcp call`: one tool, once, from a script or a terminal, with the accounts that are configured."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from invoice_mcp.cli import terminal
from invoice_mcp.cli.options import config_option, configured
from invoice_mcp.cli.running import with_services
from invoice_mcp.domain.tools import TOOLS
from invoice_mcp.errors import InvoiceError

if TYPE_CHECKING:
    from invoice_mcp.domain.document import Document
    from invoice_mcp.service.app import Services

EPILOG = """\b
Examples:
  invoice-mcp call search_invoices status=unpaid sort=due_date
  invoice-mcp call get_invoice invoice_number=2026-0042
  invoice-mcp call get_invoice invoice_number=2026-0042 --document invoice.html
  invoice-mcp call register_payment ref=ledger:inv_123456789012345678 amount=121.00
  invoice-mcp call create_invoice buyer='{"name": "Acme"}' lines='{"item_name": "Design", "net_price": "95.00"}'
"""


@click.command("call", epilog=EPILOG)
@config_option
@click.option(
    "--json",
    "given",
    metavar="ARGS",
    help="All arguments as one JSON object, instead of KEY=VALUE; - reads it from stdin, @FILE from a file.",
)
@click.option(
    "--document",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With get_invoice: write the invoice as the buyer got it to FILE; as plain text if its name ends in .txt, "
    "else as HTML.",
)
@click.argument("tool", metavar="TOOL", type=click.Choice(TOOLS))
@click.argument("pairs", metavar="[KEY=VALUE]...", nargs=-1)
@click.pass_context
def command(
    context: click.Context, given: str | None, document: Path | None, tool: str, pairs: tuple[str, ...]
) -> None:
    """Call one tool; its answer is printed as JSON.

    TOOL is search_invoices, get_invoice, create_invoice, register_payment, send_reminder or change_phase.

    A list is the same KEY several times; an object is written as JSON. A refusal is printed too, and the exit code is
    then 1. A question is asked on the terminal; without a terminal the account's `confirm` decides.
    """
    if given is not None and pairs:
        raise click.UsageError("give the arguments as KEY=VALUE or with --json, not both")
    if document is not None and tool != "get_invoice":
        raise click.UsageError("--document goes with get_invoice")
    arguments = from_pairs(pairs) if given is None else from_json(given)
    settings = configured(context)
    try:
        answer, made = with_services(
            settings, lambda services: _call(services, tool, arguments, with_document=document is not None)
        )
    except InvoiceError as error:
        terminal.print_json(error.as_dict())
        if terminal.is_person(sys.stderr) and not terminal.is_person(sys.stdout):
            click.echo(f"{error.message}\n{error.next}", err=True)
        context.exit(1)
    if made is not None and document is not None:
        _write(made, document)
    terminal.print_json(answer)


def _write(document: "Document", file: Path) -> None:
    """Write the document to `file`: as plain text if its name ends in `.txt`, else as HTML.

    Raises:
        click.UsageError: it cannot be written there.
    """
    try:
        file.write_text(document.text if file.suffix.lower() == ".txt" else document.html, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"--document: {error.filename}: {error.strerror}") from None


class TerminalCaller:
    """The `Caller` at the other end of a terminal, or of a script, which cannot be asked."""

    client = "invoice-mcp call"
    reply = None

    @property
    def can_ask(self) -> bool:
        """Whether a person sits at the terminal."""
        return terminal.can_ask()

    async def ask(self, question: str, token: str) -> bool:  # noqa: ARG002  the answer comes in this very call
        """Put a question to the person; whether they agree."""
        return await terminal.ask(question)

    async def progress(self, done: int, total: int, message: str) -> None:
        """Progress is for clients that wait on behalf of somebody; here nothing is reported."""


def from_pairs(pairs: Sequence[str]) -> dict[str, Any]:
    """The arguments in `pairs` of KEY=VALUE; a key given several times is a list.

    Values stay text: the tool reads numbers, `true` and JSON out of text, each where its schema wants it, so that
    `invoice_number=0042` keeps its zeros and `amount=1210.10` is never a float.

    Raises:
        click.UsageError: a pair without a key or `=`.
    """
    arguments: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise click.UsageError("arguments are written KEY=VALUE, as limit=5")
        before = arguments.get(key)
        arguments[key] = value if before is None else [*(before if isinstance(before, list) else [before]), value]
    return arguments


def from_json(given: str) -> dict[str, Any]:
    """The arguments in the JSON object `given`, in the file it names as `@FILE`, or on stdin for `-`.

    Raises:
        click.UsageError: not a JSON object in UTF-8, or the file cannot be read.
    """
    import pydantic_core

    try:
        arguments = pydantic_core.from_json(_content(given), allow_inf_nan=False)  # as the server reads them
    except OSError as error:
        raise click.UsageError(f"--json: {error.filename}: {error.strerror}") from None
    except ValueError:
        raise click.UsageError("--json: this is not JSON in UTF-8") from None
    if not isinstance(arguments, dict):
        raise click.UsageError('--json: the arguments are one object, as {"limit": 5}')
    return arguments


def _content(given: str) -> str | bytes:
    if given == "-":
        return sys.stdin.buffer.read()
    return Path(given[1:]).read_bytes() if given.startswith("@") else given


async def _call(
    services: "Services", tool: str, arguments: dict[str, Any], *, with_document: bool
) -> tuple[dict[str, Any], "Document | None"]:
    """The answer of the tool, and the document of the invoice it is about if that is wanted."""
    from invoice_mcp.domain.invoice import Ref
    from invoice_mcp.service.documents import document_of
    from invoice_mcp.tools import TOOLS as DEFINITIONS
    from invoice_mcp.tools.calling import call

    definition = next(each for each in DEFINITIONS if each.name == tool)
    answer = await call(definition, arguments, list(services.settings.accounts), services, TerminalCaller())
    return answer, await document_of(Ref.parse(answer["ref"]), services) if with_document else None
