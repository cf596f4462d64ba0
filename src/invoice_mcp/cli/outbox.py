"""`invoice-mcp outbox`: the mail that waits for a person, and sending it on their word.

Deliberately no tool: mail waits there because nobody has said yet by which server it is to leave.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import click

from invoice_mcp.cli import terminal
from invoice_mcp.cli.options import config_option, configured, json_option
from invoice_mcp.cli.running import with_services
from invoice_mcp.errors import InvoiceError, NotFound, PolicyRefused

if TYPE_CHECKING:
    from invoice_mcp.mail.delivery import Mailer, WaitingMail
    from invoice_mcp.service.app import Services
    from invoice_mcp.settings import Settings

MAX_SHOWN = 200
"""Characters shown of a subject or an address."""

_ID_LENGTH = 12

_TOLD = {
    "sent": "sent.",
    "refused": "not sent",
    "unknown": "handed over, but whether it left is not known; it is not sent again",
    "declined": "not sent; it still waits.",
    "failed": "not sent",
    "outdated": "not sent",
}


@runtime_checkable
class MailRecord(Protocol):
    """A backend that keeps a record of its mail."""

    async def mail_went(self, message_id: str, outcome: Literal["sent", "unknown"]) -> bool:
        """Put on record what became of a mail out of the outbox; whether it is one of its own."""
        ...

    async def outdated(self, message_id: str) -> list[str]:
        """The numbers of its invoices that a mail in the outbox no longer says the truth about."""
        ...


@click.group("outbox")
@config_option
def command() -> None:
    """List the mail that waits in the outbox, and send it."""


@command.command("list")
@config_option
@json_option
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """List the mail that waits, and mail of which nobody knows whether it left."""
    outbox = _outbox(configured(context))
    rows = [_row(mail, state) for mail, state in _all(outbox)]
    if as_json:
        terminal.print_json(rows)
    elif rows:
        cells = [[row["id"], row["state"], row["written_at"][:10], row["to"], row["subject"]] for row in rows]
        terminal.print_table(("Id", "State", "Written", "To", "Subject"), cells)
    else:
        click.echo("The outbox is empty.")


@command.command("send")
@config_option
@json_option
@click.option("--yes", is_flag=True, help="Do not ask; for scripts of a person who has looked already.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.pass_context
def send_command(context: click.Context, as_json: bool, yes: bool, ids: tuple[str, ...]) -> None:
    """Send what waits by the mail server of the configuration, each mail once.

    ID is as `outbox list` prints it; without one, all that waits is sent. Each mail is shown and asked about, unless
    --yes is given. A reminder whose invoice changed since, and an invoice that was cancelled, are not sent any more.
    The exit code is 1 when not all were sent.
    """
    settings = configured(context)
    if not yes and not terminal.can_ask():
        raise click.UsageError("there is no terminal to ask on; give --yes if a person has looked at the mail")
    mailer = _mailer(settings)
    chosen = _chosen(_outbox(settings), ids)
    outcomes = with_services(settings, lambda services: _send(services, mailer, chosen, unasked=yes))
    if as_json:
        terminal.print_json([{**_row(mail, "waiting"), **outcome} for mail, outcome in outcomes])
    else:
        for mail, outcome in outcomes:
            detail = f": {outcome['detail']}." if "detail" in outcome else ""
            click.echo(f"{_described(mail)}: {_TOLD[outcome['outcome']]}{detail}")
        if not outcomes:
            click.echo("The outbox is empty.")
    if any(outcome["outcome"] != "sent" for _, outcome in outcomes):
        context.exit(1)


async def _send(
    services: "Services", mailer: "Mailer", mails: Sequence["WaitingMail"], *, unasked: bool
) -> list[tuple["WaitingMail", dict[str, str]]]:
    return [(mail, await _outcome(services, mailer, mail, unasked=unasked)) for mail in mails]


async def _outcome(services: "Services", mailer: "Mailer", mail: "WaitingMail", *, unasked: bool) -> dict[str, str]:
    from invoice_mcp.mail.delivery import send_waiting

    changed = [number for book in _books(services) for number in await book.outdated(mail.message_id)]
    if changed:
        return {"outcome": "outdated", "detail": f"changed since it was written: {', '.join(changed)}"}
    if not unasked and not await terminal.ask(f"Send {_described(mail)}?"):
        return {"outcome": "declined"}
    try:
        delivery = await send_waiting(mail, mailer)
        if delivery.outcome in ("sent", "unknown"):
            await _put_on_record(services, mail.message_id, "sent" if delivery.outcome == "sent" else "unknown")
    except InvoiceError as error:
        return {"outcome": "failed", "detail": error.message}
    return {"outcome": delivery.outcome} | ({} if delivery.outcome == "sent" else {"detail": delivery.detail})


async def _put_on_record(services: "Services", message_id: str, outcome: Literal["sent", "unknown"]) -> None:
    for book in _books(services):
        if await book.mail_went(message_id, outcome):
            return


def _books(services: "Services") -> list[MailRecord]:
    own = [each for each in services.accounts.all() if each.capabilities is not None and each.capabilities.own_journal]
    return [backend for backend in (account.backend() for account in own) if isinstance(backend, MailRecord)]


def _outbox(settings: "Settings") -> Path:
    from invoice_mcp.mail.outcome import OUTBOX

    return settings.state_dir / OUTBOX


def _mailer(settings: "Settings") -> "Mailer":
    """The way out by the configured mail server.

    Raises:
        PolicyRefused: there is none.
    """
    from invoice_mcp.mail.delivery import configured_mailer

    mail = settings.mail
    if mail.server is None or mail.sender is None:
        raise PolicyRefused(
            "No mail server is configured, so nothing can be sent.",
            next="Set mail.smtp_url and mail.from in the configuration, or open the files in a mail program.",
        )
    return configured_mailer(mail, otherwise=mail.sender, state_dir=settings.state_dir)


def _all(outbox: Path) -> list[tuple["WaitingMail", str]]:
    from invoice_mcp.mail.delivery import SENDING, list_outbox

    waiting = [(mail, "waiting") for mail in list_outbox(outbox)]
    return [*waiting, *((mail, "unknown") for mail in list_outbox(outbox / SENDING))]


def _chosen(outbox: Path, ids: Sequence[str]) -> list["WaitingMail"]:
    """The waiting mails meant, all of them when none is named.

    Raises:
        NotFound: no mail that waits has this id.
    """
    waiting = {_id(mail): mail for mail, state in _all(outbox) if state == "waiting"}
    if not ids:
        return list(waiting.values())
    if missing := [each for each in ids if each not in waiting]:
        raise NotFound(
            f"{len(missing)} of these ids belong to no mail that waits; none was sent.",
            next="See `invoice-mcp outbox list` for the ids; what is unknown there is not sent again.",
        )
    return [waiting[each] for each in dict.fromkeys(ids)]


def _row(mail: "WaitingMail", state: str) -> dict[str, Any]:
    from invoice_mcp.clock import rfc3339

    return {
        "id": _id(mail),
        "state": state,
        "to": _shown(mail.recipient),
        "subject": _shown(mail.subject),
        "written_at": rfc3339(mail.written_at),
    }


def _id(mail: "WaitingMail") -> str:
    """Enough of the random part of the file's name to tell one mail from another, and short enough to type."""
    return mail.path.stem.partition("-")[2][:_ID_LENGTH]


def _described(mail: "WaitingMail") -> str:
    return f'"{_shown(mail.subject)}" to {_shown(mail.recipient)}, written {mail.written_at:%Y-%m-%d}'


def _shown(text: str) -> str:
    """`text`, which somebody else may have written, with nothing in it that a terminal would obey."""
    from invoice_mcp.domain.text import clean_text

    return clean_text(text, MAX_SHOWN).replace("\n", " ")
