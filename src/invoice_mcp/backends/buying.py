"""Whom a search or a new invoice means, among the records a system has of buyers: never a guess."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from invoice_mcp.domain.buyers import differing_detail
from invoice_mcp.domain.invoice import Party
from invoice_mcp.domain.query import Gap
from invoice_mcp.domain.requests import BuyerInput
from invoice_mcp.domain.results import NAME_LENGTH, prune
from invoice_mcp.domain.text import clean_text, fold
from invoice_mcp.errors import Ambiguous, InvalidRequest, NotFound, Unsupported

MAX_BUYERS: Final = 5
"""So many buyers that match a name are searched for."""

MAX_CANDIDATES: Final = 5


@dataclass(frozen=True, slots=True)
class Wording:
    """How a system calls its records of buyers: `record` as `contact`, `system` as `Moneybird`."""

    record: str
    system: str

    @property
    def one(self) -> str:
        """As `contact in Moneybird`."""
        return f"{self.record} in {self.system}"

    @property
    def several(self) -> str:
        """As `contacts in Moneybird`."""
        plural = f"{self.record[:-1]}ies" if self.record.endswith("y") else f"{self.record}s"
        return f"{plural} in {self.system}"


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The buyers that a search is narrowed to; `ids` None is all. With a gap, none are searched for."""

    ids: Sequence[str] | None = None
    gap: Gap | None = None


def narrowed(wanted: str, named: Iterable[tuple[str, str]], wording: Wording, *, more: bool) -> Narrowed:
    """The buyers whose name contains `wanted`. `named` are ids and names as found; `more`: not all were read."""
    ids = sorted({buyer_id for buyer_id, name in named if fold(wanted) in fold(name)})
    if not ids and not more:
        return Narrowed(gap=Gap(f"no {wording.one} bears this name", ("buyer",), nothing_missing=True))
    if len(ids) > MAX_BUYERS or more:
        number = f"{len(ids)}{' or more' if more else ''}"
        several = wording.several.partition(" ")[0]
        return Narrowed(gap=Gap(f"buyer matches {number} {several}; give more of the name, or a buyer_id", ("buyer",)))
    return Narrowed(ids)


def check_sayable(given: BuyerInput, wording: Wording, is_id: Callable[[str], bool]) -> None:
    """Refuse, before anything is asked, to add a buyer, and an id that the system cannot have.

    Raises:
        Unsupported: a new one.
        NotFound: no such id.
    """
    check_not_new(given, wording)
    if given.id is not None and not is_id(given.id):
        raise no_such_id(wording)


async def resolve(
    given: BuyerInput,
    wording: Wording,
    *,
    by_id: Callable[[str], Awaitable[Party | None]],
    by_name: Callable[[str], Awaitable[Sequence[Party]]],
) -> Party:
    """The buyer meant: by id, else the one who bears exactly that name, else the only one whose name contains it.

    Raises:
        NotFound: nobody of that id or name.
        Ambiguous: several; candidates are listed.
        InvalidRequest: details that differ from those on file.
    """
    if given.id is None:
        return choose(given, await by_name(given.name or ""), wording)
    found = await by_id(given.id)
    if found is None:
        raise no_such_id(wording)
    return unchanged(found, given, wording)


def check_not_new(given: BuyerInput, wording: Wording) -> None:
    """Refuse to add a buyer to a system in which that is a person's work.

    Raises:
        Unsupported: a new one is asked for.
    """
    if given.new:
        raise Unsupported(
            f"New buyers are not added to {wording.system} from here.",
            next=f"Ask the user to add the {wording.one}, then call again with its name.",
            field="buyer.new",
        )


def choose(given: BuyerInput, matches: Sequence[Party], wording: Wording) -> Party:
    """Of those whose name contains the one given: who bears exactly that name, else the only one.

    Raises:
        NotFound: nobody.
        Ambiguous: several; candidates are listed.
        InvalidRequest: details that differ from those on file.
    """
    chosen = [party for party in matches if fold(party.name) == fold(given.name or "")] or matches
    if not chosen:
        raise NotFound(
            f"No {wording.one} bears this name; nothing was written.",
            next=f"Check the spelling with search_invoices, or ask the user to add the {wording.one}.",
            field="buyer.name",
        )
    if len(chosen) > 1:
        raise Ambiguous(
            f"{len(chosen)} {wording.several} match this name; nothing was written.",
            next="Give buyer.id of the one meant.",
            field="buyer.name",
            candidates=[_candidate(party) for party in chosen[:MAX_CANDIDATES]],
        )
    return unchanged(chosen[0], given, wording)


def unchanged(party: Party, given: BuyerInput, wording: Wording) -> Party:
    """`party`, unless the request tries to change what is on file.

    Raises:
        InvalidRequest: it does.
    """
    field = differing_detail(party, given)
    if field is not None:
        raise InvalidRequest(
            f"{field} differs from what {wording.system} has of this buyer, and create_invoice never changes a buyer.",
            next=f"Leave buyer.{field} out to use what is on file.",
            field=f"buyer.{field}",
        )
    return party


def no_such_id(wording: Wording) -> NotFound:
    """The error for an id that no buyer has."""
    return NotFound(
        f"No {wording.one} has this id.",
        next="Give buyer.name instead, or a buyer_id from search_invoices.",
        field="buyer.id",
    )


def _candidate(party: Party) -> dict[str, Any]:
    facts = {"name": party.name, "city": party.address.city, "vat_identifier": party.vat_identifier}
    return prune({"id": party.id, **{key: clean_text(text or "", NAME_LENGTH) for key, text in facts.items()}})
