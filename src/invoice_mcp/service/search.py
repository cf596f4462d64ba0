"""search_invoices: one question to every account at once; complete, or it says in what it is not."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from invoice_mcp.clock import rfc3339
from invoice_mcp.domain.query import Gap, InvoiceQuery, InvoiceRow, Page, Position, Sort
from invoice_mcp.domain.requests import SearchInvoices
from invoice_mcp.errors import InvoiceError, StorageFailed
from invoice_mcp.service import merging, tables
from invoice_mcp.service.accounts import Account
from invoice_mcp.service.app import Services
from invoice_mcp.service.asking import ask, gap_of
from invoice_mcp.service.caller import Caller
from invoice_mcp.service.policy import check_tool
from invoice_mcp.service.snapshots import MAX_ROWS, Binding, Place, Snapshot

MAX_GIVEN: Final = 2_000
"""So many rows already given are remembered, so that none comes twice."""

_NOT_THE_QUESTION: Final = frozenset({"cursor", "limit", "fields", "totals"})
"""Arguments that may change from page to page."""


async def search(request: SearchInvoices, services: Services, caller: Caller) -> dict[str, Any]:
    """The answer of search_invoices.

    Raises:
        InvalidRequest: the cursor is none, is too old or of another question, or an account does not exist.
        InvoiceError: the only account asked failed.
    """
    return await _Search(request, services, caller).answer()


class _Search:
    """One call."""

    def __init__(self, request: SearchInvoices, services: Services, caller: Caller) -> None:
        names = request.accounts or [account.name for account in services.accounts.all()]
        self._accounts = {name: services.accounts.get(name, "accounts") for name in dict.fromkeys(names)}
        self._request = request
        self._services = services
        self._caller = caller
        self._binding = _binding(request, self._accounts.values(), caller)

    async def answer(self) -> dict[str, Any]:
        cursor = self._request.cursor
        if cursor is None:
            return await self._first_page()
        place = await self._services.snapshots.open(cursor, self._binding)
        if self._has_to_read_on(place):
            place = await self._services.snapshots.continuation(cursor, self._binding) or await self._read_on(place)
        return tables.page(self._request, place.snapshot, place.offset).answer(place.cursor)

    async def _first_page(self) -> dict[str, Any]:
        request = self._request
        pages, gaps = _heard(await self._ask(dict.fromkeys(self._accounts)))
        if request.invoice_number is not None:
            pages = _exact(pages)
        snapshot = Snapshot(
            as_of=rfc3339(self._services.clock.now()),
            gaps=gaps,
            loose_number=any(page.loose_number for page in pages.values()),
        )
        if request.group_by is not None:
            snapshot = replace(snapshot, groups=tuple(merging.groups(pages, request.group_by)))
        else:
            snapshot = _merged(snapshot, pages, request.sort, self._accounts)
        partial = _is_partial(pages, asked=len(self._accounts))
        sums = tables.sums(pages.values(), partial=partial) if request.totals else {}
        shown = tables.page(request, snapshot, 0)
        if not shown.goes_on:
            return shown.answer(None, sums)
        try:
            rest = await self._services.snapshots.keep(tables.without(snapshot, shown.count), self._binding)
        except StorageFailed as error:
            return shown.answer_cut_short(error, sums)
        return shown.answer(lambda _: rest.cursor(0), sums)

    def _has_to_read_on(self, place: Place) -> bool:
        snapshot = place.snapshot
        return bool(snapshot.positions) and snapshot.settled - place.offset < self._request.limit

    async def _read_on(self, place: Place) -> Place:
        """What was read and not given, with what the accounts give next that had too little of it."""
        request, old = self._request, place.snapshot
        waiting = old.rows[place.offset :]
        having = {name: sum(row.ref.account == name for row in waiting) for name in old.positions}
        asked = {name: position for name, position in old.positions.items() if having[name] < request.limit}
        said = await self._ask(asked, having)
        failed = {name: error for name, error in said.items() if isinstance(error, InvoiceError)}
        if len(failed) == len(said) and not waiting:
            raise next(iter(failed.values()))
        pages, gaps = _heard(said, alone=False)
        given = (*old.given, *(str(row.ref) for row in old.rows[: place.offset]))[-MAX_GIVEN:]
        known = {*given, *(str(row.ref) for row in waiting)}
        fresh = {name: replace(page, rows=_unknown(page.rows, known)) for name, page in pages.items()}
        kept = replace(
            old,
            as_of=old.as_of if waiting else rfc3339(self._services.clock.now()),
            rows=waiting,
            positions={name: position for name, position in old.positions.items() if name not in pages},
            given=given,
            gaps=tuple(dict.fromkeys((*old.gaps, *gaps))),
            unordered=tuple({*old.unordered, *failed}),
            loose_number=old.loose_number or any(page.loose_number for page in pages.values()),
        )
        following = _merged(kept, fresh, request.sort, self._accounts)
        return await self._services.snapshots.keep(following, self._binding, continues=request.cursor)

    async def _ask(
        self, positions: Mapping[str, Position | None], having: Mapping[str, int] | None = None
    ) -> dict[str, Page | InvoiceError]:
        questions = {
            name: self._question(self._accounts[name], position, (having or {}).get(name, 0))
            for name, position in positions.items()
        }
        said = await ask(questions, self._services.patience, self._caller)
        let_in = (self._accounts[name] for name, answer in said.items() if isinstance(answer, Page))
        await self._services.admissions.note(let_in)
        return said

    def _question(self, account: Account, position: Position | None, having: int) -> Callable[[], Awaitable[Page]]:
        """The question to one account, from `position` on, of which `having` rows are at hand."""
        query = _query(self._request, account, first=self._request.cursor is None)
        share = MAX_ROWS // len(self._accounts)
        if query.group_by is not None:
            query = replace(query, limit=MAX_ROWS)
        elif account.keyset and len(self._accounts) == 1:
            pass  # what it gives next costs nothing and stays in its place
        elif account.keyset:
            query = replace(query, limit=max(1, share - having))
        else:
            limit = max(1, min(query.limit, share - having))
            query = replace(query, limit=limit, spare=max(0, share - having - limit))

        async def put() -> Page:
            check_tool(account, "search_invoices")
            page = await account.backend().search(query, position)
            if query.group_by is None or page.next is None:
                return page
            more = Gap(f"more than {MAX_ROWS} groups; the rest is not read")
            return replace(page, gaps=(*page.gaps, more), partial=True)

        return put


def _heard(
    said: Mapping[str, Page | InvoiceError], *, alone: bool = True
) -> tuple[dict[str, Page], tuple[tuple[str, Gap], ...]]:
    """The pages that came, and what is missing, by account.

    Raises:
        InvoiceError: `alone` was asked and failed: there is nothing else to tell.
    """
    pages: dict[str, Page] = {}
    gaps: list[tuple[str, Gap]] = []
    for name, answer in said.items():
        if isinstance(answer, Page):
            pages[name] = answer
            gaps += [(name, gap) for gap in answer.gaps if not gap.nothing_missing]
        elif alone and len(said) == 1:
            raise answer
        else:
            gaps.append((name, gap_of(answer)))
    return pages, tuple(gaps)


def _exact(pages: Mapping[str, Page]) -> dict[str, Page]:
    """Where an account has the very number, those that only have one like it have nothing."""
    if not any((page.rows or page.groups) and not page.loose_number for page in pages.values()):
        return dict(pages)
    return {name: Page(gaps=page.gaps) if page.loose_number else page for name, page in pages.items()}


def _is_partial(pages: Mapping[str, Page], *, asked: int) -> bool:
    """Whether something that may match is in no sum: an account that failed, or one that was not read to the end."""
    return len(pages) < asked or any(
        page.partial
        or any(gap.fields and not gap.nothing_missing for gap in page.gaps)
        or any(total.partial for total in page.totals)
        for page in pages.values()
    )


def _merged(snapshot: Snapshot, pages: Mapping[str, Page], sort: Sort, accounts: Iterable[str]) -> Snapshot:
    """`snapshot`, with the rows of `pages` among its own, and the positions of those that have more.

    Where rows tie, those of the account that comes first among `accounts` do.
    """
    own: dict[str, list[InvoiceRow]] = {}
    for row in snapshot.rows:
        own.setdefault(row.ref.account, []).append(row)
    feeds = [[*own.get(name, ()), *(pages[name].rows if name in pages else ())] for name in accounts]
    rows = tuple(merging.in_order(feeds, sort))
    positions = {**snapshot.positions, **{name: page.next for name, page in pages.items() if page.next is not None}}
    unordered = {*(set(snapshot.unordered) - pages.keys()), *(name for name, page in pages.items() if page.partial)}
    return replace(
        snapshot,
        rows=rows,
        settled=merging.settled(rows, positions.keys() - unordered),
        positions=positions,
        unordered=tuple(sorted(unordered)),
    )


def _unknown(rows: Sequence[InvoiceRow], known: set[str]) -> tuple[InvoiceRow, ...]:
    return tuple(row for row in rows if str(row.ref) not in known)


def _query(request: SearchInvoices, account: Account, *, first: bool) -> InvoiceQuery:
    """The question to one account. Sums over all matches are given once, with the first page."""
    return InvoiceQuery(
        today=account.today(),
        text=request.text,
        buyer=request.buyer,
        invoice_number=request.invoice_number,
        buyer_reference=request.buyer_reference,
        statuses=request.statuses(),
        kind=request.kind,
        issued_from=request.issued_from,
        issued_to=request.issued_to,
        due_from=request.due_from,
        due_to=request.due_to,
        paid_from=request.paid_from,
        paid_to=request.paid_to,
        updated_since=request.updated_since,
        amount_min=request.amount_min,
        amount_max=request.amount_max,
        currency=request.currency,
        sort=request.sort,
        group_by=request.group_by,
        limit=request.limit,
        totals=request.totals and first,
    )


def _binding(request: SearchInvoices, accounts: Iterable[Account], caller: Caller) -> Binding:
    """What a cursor is bound to: who asks, the accounts as they are configured, and what is asked."""
    return Binding(
        _digest([caller.client, [account.identity for account in accounts]]),
        _digest(request.given(_NOT_THE_QUESTION)),
    )


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
