"""search_invoices: one question to every account at once; complete, or it says in what it is not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import anyio

from invoice_mcp.clock import rfc3339
from invoice_mcp.domain.ordering import AMOUNT_KEYS, lacks_key
from invoice_mcp.domain.query import Gap, GroupBy, InvoiceQuery, Page, Position
from invoice_mcp.domain.requests import SearchInvoices
from invoice_mcp.domain.results import (
    BUYER_GROUP_COLUMNS,
    DEFAULT_COLUMNS,
    GROUP_COLUMNS,
    prune,
    render_ageing,
    render_group,
    render_row,
    render_totals,
)
from invoice_mcp.domain.status import Kind
from invoice_mcp.errors import InvoiceError
from invoice_mcp.service import cursors, merging
from invoice_mcp.service.accounts import Account
from invoice_mcp.service.app import Services
from invoice_mcp.service.cursors import Cursor
from invoice_mcp.service.policy import check_tool

MAX_GROUPS: Final = 5_000
"""So many groups of one account are read; that there are more is said in `incomplete`."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one account said: a page, read on from `position`; a page with a gap when it failed."""

    account: Account
    position: Position | None
    page: Page


async def search(request: SearchInvoices, services: Services) -> dict[str, Any]:
    """The answer of search_invoices.

    Raises:
        InvalidRequest: the cursor is not of this question, or an account does not exist.
        InvoiceError: the only account asked failed.
    """
    cursor = cursors.read(request)
    answers = await _ask(_asked(request, services, cursor), request, cursor)
    table = _groups(request, answers, cursor) if request.group_by else await _rows(request, answers)
    pages = [answer.page for answer in answers]
    return {
        "as_of": rfc3339(services.clock.now()),
        **table,
        **prune(
            {
                "totals": [render_totals(total) for total in merging.totals(pages)],
                "ageing": [render_ageing(ageing) for ageing in merging.ageings(pages)],
                "number_match": "separators and leading zeros ignored" if any(p.loose_number for p in pages) else None,
                "incomplete": [
                    prune({"account": answer.account.name, "reason": gap.reason, "fields": list(gap.fields)})
                    for answer in answers
                    for gap in answer.page.gaps
                ],
            }
        ),
    }


def _asked(request: SearchInvoices, services: Services, cursor: Cursor | None) -> list[Account]:
    """The accounts to ask: those named, else all; on later pages those that have more."""
    names = request.accounts or [account.name for account in services.accounts.all()]
    accounts = [services.accounts.get(name, "accounts") for name in dict.fromkeys(names)]
    return [account for account in accounts if cursor is None or account.name in cursor.positions]


async def _ask(accounts: Sequence[Account], request: SearchInvoices, cursor: Cursor | None) -> list[_Answer]:
    """Ask all at the same time; an account that fails becomes a gap, unless it is the only one."""
    said: dict[str, _Answer | InvoiceError] = {}

    async def ask(account: Account) -> None:
        position = None if cursor is None else cursor.positions[account.name]
        try:
            check_tool(account, "search_invoices")
            page = await _page(account, _query(request, account, first=cursor is None), position)
            said[account.name] = _Answer(account, position, page)
        except InvoiceError as error:
            said[account.name] = error

    async with anyio.create_task_group() as group:
        for account in accounts:
            group.start_soon(ask, account)
    answers = []
    for account in accounts:
        answer = said[account.name]
        if isinstance(answer, InvoiceError):
            if len(accounts) == 1:
                raise answer
            retry = " A retry may help." if answer.retryable else ""
            answer = _Answer(account, None, Page(gaps=(Gap(f"{answer.message}{retry}"),)))
        answers.append(answer)
    return answers


async def _page(account: Account, query: InvoiceQuery, position: Position | None) -> Page:
    """A page of rows; of groups, all of them, since only together they can be merged and ordered."""
    page = await account.backend().search(query, position)
    if query.group_by is None:
        return page
    groups = list(page.groups)
    rest = page
    while rest.next is not None and len(groups) < MAX_GROUPS:
        rest = await account.backend().search(replace(query, totals=False), rest.next)
        groups += rest.groups
    gaps = page.gaps if rest.next is None else (*page.gaps, Gap(f"more than {MAX_GROUPS} groups; the rest is not read"))
    return replace(page, groups=tuple(groups), gaps=gaps)


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


async def _rows(request: SearchInvoices, answers: Sequence[_Answer]) -> dict[str, Any]:
    """The table of rows, and where to go on."""
    sort = request.sort
    rows, taken = merging.first_rows([answer.page for answer in answers], sort, request.limit)
    more: dict[str, Position | None] = {}
    for answer, count in zip(answers, taken, strict=True):
        if count < len(answer.page.rows):
            more[answer.account.name] = await _after(request, answer, count)
        elif answer.page.next is not None:
            more[answer.account.name] = answer.page.next
    columns = [
        *DEFAULT_COLUMNS,
        *(["kind"] if any(row.kind is Kind.CREDIT_NOTE for row in rows) else []),
        *dict.fromkeys(request.fields or []),
    ]
    amounts_of_many = sort.key in AMOUNT_KEYS and request.currency is None
    return {
        "columns": columns,
        "rows": [render_row(row, columns) for row in rows],
        **prune(
            {
                "sorted_within": "currency" if amounts_of_many else None,
                "last": f"without {sort.key}" if any(lacks_key(row, sort) for row in rows) else None,
                "next_cursor": cursors.write(request, Cursor(more)) if more else None,
            }
        ),
    }


async def _after(request: SearchInvoices, answer: _Answer, count: int) -> Position | None:
    """Where an account's page would have ended after `count` rows: what other accounts pushed out comes next."""
    if count == 0:
        return answer.position
    query = replace(_query(request, answer.account, first=False), limit=count)
    return (await answer.account.backend().search(query, answer.position)).next


def _groups(request: SearchInvoices, answers: Sequence[_Answer], cursor: Cursor | None) -> dict[str, Any]:
    """The table of groups, and where to go on."""
    by = request.group_by or GroupBy.BUYER
    groups = merging.groups([answer.page for answer in answers], by)
    begin = 0 if cursor is None else cursor.groups
    end = begin + request.limit
    columns = list(BUYER_GROUP_COLUMNS if by is GroupBy.BUYER else GROUP_COLUMNS)
    more = Cursor({answer.account.name: None for answer in answers}, end) if end < len(groups) else None
    return {
        "columns": columns,
        "rows": [render_group(group, columns) for group in groups[begin:end]],
        **prune({"next_cursor": cursors.write(request, more) if more else None}),
    }
