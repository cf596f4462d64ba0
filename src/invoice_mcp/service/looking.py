"""get_invoice: one invoice in full, by its ref or by the number printed on it."""

from typing import Any

from invoice_mcp.domain.invoice import Ref
from invoice_mcp.domain.query import InvoiceRow, NumberMatches
from invoice_mcp.domain.requests import GetInvoice
from invoice_mcp.domain.results import render_invoice, render_row
from invoice_mcp.errors import Ambiguous, InvoiceError, NotFound
from invoice_mcp.service.accounts import Account
from invoice_mcp.service.app import Services
from invoice_mcp.service.policy import check_tool

_CANDIDATE = ("ref", "invoice_number", "status", "buyer", "issue_date", "currency", "tax_inclusive_amount")
_MAX_CANDIDATES = 5


async def get(request: GetInvoice, services: Services) -> dict[str, Any]:
    """The answer of get_invoice.

    Raises:
        NotFound: no such invoice; the nearest numbers are listed as candidates.
        Ambiguous: the number occurs several times; all are listed.
    """
    if request.ref is not None:
        return await _by_ref(request.ref, services)
    number = request.invoice_number or ""
    asked = [services.accounts.get(request.account)] if request.account else services.accounts.all()
    found: list[NumberMatches] = []
    unread: list[str] = []
    for account in asked:
        try:
            check_tool(account, "get_invoice")
            found.append(await account.backend().find_number(number))
        except InvoiceError:
            if len(asked) == 1:
                raise
            unread.append(account.name)
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


async def _by_ref(ref: Ref, services: Services) -> dict[str, Any]:
    account: Account = services.accounts.of(ref)
    check_tool(account, "get_invoice")
    return render_invoice(await account.backend().get(ref.id))


def _candidate(row: InvoiceRow) -> dict[str, Any]:
    cells = zip(_CANDIDATE, render_row(row, _CANDIDATE), strict=True)
    return {name: cell for name, cell in cells if cell != ""}
