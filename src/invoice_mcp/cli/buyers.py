"""`invoice-mcp buyers`: who is on file, and a person's word that mail may go to an address.

Deliberately no tool: an assistant that could accept the address it was given would make the acceptance worthless.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import click

from invoice_mcp.cli import terminal
from invoice_mcp.cli.options import config_option, configured, json_option
from invoice_mcp.cli.running import with_services
from invoice_mcp.domain.invoice import Party
from invoice_mcp.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from invoice_mcp.service.accounts import Accounts
    from invoice_mcp.service.app import Services

MAX_SHOWN = 200
"""Characters shown of a name or of an address."""

Buyers = Awaitable[list[Party]]

account_option = click.option("--account", metavar="NAME", help="Look in this account only.")


@runtime_checkable
class BuyerBook(Protocol):
    """A backend that keeps buyers of its own, whose addresses a person accepts here."""

    async def buyers(self) -> list[Party]:
        """Everybody on file."""
        ...

    async def unconfirmed_buyers(self) -> list[Party]:
        """Those whose address came from a tool call and waits for a person."""
        ...

    async def confirm_buyer(self, buyer_id: str) -> bool:
        """Accept the address on file; whether there was one."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A buyer, and the account and the book it is in."""

    account: str
    book: BuyerBook
    party: Party

    def as_dict(self) -> dict[str, Any]:
        """The buyer as a JSON object; without an e-mail address there is nothing to confirm."""
        party = self.party
        confirmed = party.email_confirmed if party.email else None
        return {
            "account": self.account,
            "id": party.id,
            "name": _shown(party.name),
            "email": _shown(party.email) or None,
            "email_confirmed": confirmed,
        }


@click.group("buyers")
@config_option
def command() -> None:
    """List buyers, and let mail go to their addresses.

    An address that came from a conversation gets no mail until a person has confirmed it.
    """


@command.command("list")
@config_option
@json_option
@account_option
@click.option("--unconfirmed", is_flag=True, help="Only those whose address waits for a person.")
@click.pass_context
def list_command(context: click.Context, as_json: bool, account: str | None, unconfirmed: bool) -> None:
    """List the buyers on file."""
    wanted = _waiting if unconfirmed else _all
    found = with_services(configured(context), lambda services: _entries(services, account, wanted))
    rows = [entry.as_dict() for entry in found]
    if as_json:
        terminal.print_json(rows)
    elif rows:
        _print_table(rows)
    else:
        click.echo("No address waits to be confirmed." if unconfirmed else "No buyer is on file.")


@command.command("confirm")
@config_option
@json_option
@account_option
@click.option("--yes", is_flag=True, help="Do not ask; for scripts of a person who has looked already.")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.pass_context
def confirm_command(
    context: click.Context, as_json: bool, account: str | None, yes: bool, ids: tuple[str, ...]
) -> None:
    """Let mail go to the addresses of these buyers.

    Each is shown and asked about, unless --yes is given. ID is as `buyers list` prints it.
    """
    if not yes and not terminal.can_ask():
        raise click.UsageError("there is no terminal to ask on; give --yes if a person has looked at the addresses")
    outcomes = with_services(configured(context), lambda services: _confirm(services, account, ids, unasked=yes))
    if as_json:
        terminal.print_json([{**entry.as_dict(), "outcome": outcome} for entry, outcome in outcomes])
    else:
        for entry, outcome in outcomes:
            click.echo(f"{_described(entry)}: {_TOLD[outcome]}")
    if any(outcome == "declined" for _, outcome in outcomes):
        context.exit(1)


_TOLD = {
    "confirmed": "confirmed; mail may go there now.",
    "already_confirmed": "was confirmed already.",
    "declined": "not confirmed; no mail goes there.",
}


async def _confirm(
    services: "Services", account: str | None, ids: Sequence[str], *, unasked: bool
) -> list[tuple[Entry, str]]:
    """What became of each buyer. All are looked up first: with one unknown id, none is confirmed."""
    on_file = {entry.party.id: entry for entry in await _entries(services, account, _all)}
    chosen = [_known(on_file.get(buyer_id)) for buyer_id in dict.fromkeys(ids)]
    return [(entry, await _outcome(entry, unasked=unasked)) for entry in chosen]


async def _outcome(entry: Entry, *, unasked: bool) -> str:
    if entry.party.email_confirmed:
        return "already_confirmed"
    if not unasked and not await terminal.ask(f"May mail go to {_described(entry)}?"):
        return "declined"
    await entry.book.confirm_buyer(str(entry.party.id))
    return "confirmed"


def _known(entry: Entry | None) -> Entry:
    """`entry`, if there is one with an address.

    Raises:
        NotFound: no buyer has the id that was given.
        InvalidRequest: there is no address to confirm.
    """
    if entry is None:
        raise NotFound("No buyer has this id; none was confirmed.", next="See `invoice-mcp buyers list` for the ids.")
    if not entry.party.email:
        raise InvalidRequest(
            f"{_shown(entry.party.name)} has no e-mail address on file; none was confirmed.", next="Leave this id out."
        )
    return entry


def _all(book: BuyerBook) -> Buyers:
    return book.buyers()


def _waiting(book: BuyerBook) -> Buyers:
    return book.unconfirmed_buyers()


async def _entries(services: "Services", account: str | None, wanted: Callable[[BuyerBook], Buyers]) -> list[Entry]:
    books = _books(services.accounts, account)
    return [Entry(name, book, party) for name, book in books for party in await wanted(book)]


def _books(accounts: "Accounts", named: str | None) -> list[tuple[str, BuyerBook]]:
    """The accounts that keep buyers, or the one that is named.

    Raises:
        InvalidRequest: the one that is named does not exist or keeps none.
        Unsupported: there is no adapter for its system.
    """
    if named is None:
        backends = [(each.name, each.backend()) for each in accounts.all() if each.capabilities is not None]
    else:
        backends = [(named, accounts.get(named).backend())]
    books: list[tuple[str, BuyerBook]] = [(name, each) for name, each in backends if isinstance(each, BuyerBook)]
    if named is not None and not books:
        raise InvalidRequest(
            "Addresses of this account's buyers are kept by its own system.", next="Look at them there."
        )
    return books


def _described(entry: Entry) -> str:
    return f"{_shown(entry.party.email)} ({_shown(entry.party.name)}, account {entry.account})"


def _shown(text: str | None) -> str:
    """`text`, which somebody else wrote, with nothing in it that a terminal would obey."""
    from invoice_mcp.domain.text import clean_text

    return clean_text(text or "", MAX_SHOWN).replace("\n", " ")


def _print_table(rows: Sequence[dict[str, Any]]) -> None:
    answers = {None: "", True: "confirmed", False: "waits"}
    cells = [
        (row["account"], row["id"], row["name"], row["email"] or "", answers[row["email_confirmed"]]) for row in rows
    ]
    terminal.print_table(("Account", "Id", "Name", "E-mail", "Address"), cells)
