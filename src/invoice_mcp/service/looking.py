"""get_invoice: one invoice in full, by its ref or by the number printed on it."""

from collections.abc import Awaitable, Callable
from typing import Any

from invoice_mcp.domain.invoice import Ref
from invoice_mcp.domain.query import InvoiceRow, NumberMatches
from invoice_mcp.domain.requests import GetInvoice
from invoice_mcp.domain.results import render_invoice, render_row
from invoice_mcp.errors import Ambiguous, InvoiceError, NotFound
from invoice_mcp.service.accounts import Account
from invoice_mcp.service.app import Services
from invoice_mcp.service.asking import ask
from invoice_mcp.service.caller import Caller
from invoice_mcp.service.policy import check_tool

_CANDIDATE = ("ref", "invoice_number", "status", "buyer", "issue_date", "currency", "tax_inclusive_amount")
_MAX_CANDIDATES = 5


async def get(request: GetInvoice, services: Services, caller: Caller) -> dict[str, Any]:
    """The answer of get_invoice.

    Raises:
        NotFound: no such invoice; the nearest numbers are listed as candidates.
        Ambiguous: the number occurs several times; all are listed.
        InvoiceError: no account could be asked.
    """
    if request.ref is not None:
        return await _by_ref(request.ref, services)
    number = request.invoice_number or ""
    asked = [services.accounts.get(request.account)] if request.account else services.accounts.all()
    said = await ask({each.name: _look_up(each, number) for each in asked}, services.patience, caller)
    failed = {name: answer for name, answer in said.items() if isinstance(answer, InvoiceError)}
    if len(failed) == len(asked):
        raise next(iter(failed.values()))
    unread = list(failed)
    found = [answer for answer in said.values() if not isinstance(answer, InvoiceError)]
    exact = [row for matches in found if not matches.loose for row in matches.rows]
    rows = exact or [row for matches in found for row in matches.rows]
    if len(rows) == 1:
        invoice = await _by_ref(rows[0].ref, services)
        return invoice | ({"incomplete": unread} if unread else {})
    not_asked = f" Not read: {', '.join(unread)}." if unread else ""
    if rows:
        raise Ambiguous(
            f"{len(rows)} invoices bear this number.{not_asked}",
            next="Call again with the ref of the one meant.",
            field="invoice_number",
            candidates=[_candidate(row) for row in rows[:_MAX_CANDIDATES]],
        )
    nearest = [nearest for matches in found for nearest in matches.nearest][:_MAX_CANDIDATES]
    raise NotFound(
        f"No invoice bears this number.{not_asked}",
        next="Try one of the numbers listed, or search_invoices with text or buyer."
        if nearest
        else "Use search_invoices with text or buyer.",
        field="invoice_number",
        candidates=[{"invoice_number": near} for near in nearest] or None,
    )


def _look_up(account: Account, number: str) -> Callable[[], Awaitable[NumberMatches]]:
    async def find() -> NumberMatches:
        check_tool(account, "get_invoice")
        return await account.backend().find_number(number)

    return find


async def _by_ref(ref: Ref, services: Services) -> dict[str, Any]:
    account: Account = services.accounts.of(ref)
    check_tool(account, "get_invoice")
    return render_invoice(await account.backend().get(ref.id))


def _candidate(row: InvoiceRow) -> dict[str, Any]:
    cells = zip(_CANDIDATE, render_row(row, _CANDIDATE), strict=True)
    return {name: cell for name, cell in cells if cell != ""}
