"""create_invoice on the ledger: drafts, edits of drafts, copies, credit notes. Nothing here is ever sent."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from invoice_mcp.backends.base import Plan, Step, Write
from invoice_mcp.backends.ledger import buyers, drafts
from invoice_mcp.backends.ledger.book import Book, Effect, Moment
from invoice_mcp.backends.ledger.drafts import check_left_to_credit, totals_of, write_draft
from invoice_mcp.backends.ledger.heads import head_of, unchanged
from invoice_mcp.domain.look_alikes import LOOK_ALIKE_DAYS, suspected
from invoice_mcp.domain.money import Money, format_number, to_minor
from invoice_mcp.domain.requests import CreateInvoice, LineInput
from invoice_mcp.domain.signs import check_sign, size_of
from invoice_mcp.domain.status import Kind
from invoice_mcp.domain.tax import InvoiceTotals, check_rate, resolve_category
from invoice_mcp.errors import Conflict, InvalidRequest
from invoice_mcp.storage import ledger_writes as sql

if TYPE_CHECKING:
    import apsw


def plan(connection: "apsw.Connection", book: Book, write: Write, moment: Moment) -> Plan:
    """The one step that makes or edits the draft, every default resolved.

    Raises:
        InvoiceError: what was asked cannot be a draft of this book; nothing is written.
    """
    request = write.request
    assert isinstance(request, CreateInvoice)
    replaced = _draft_to_replace(connection, request)
    source = replaced or _source(connection, request)
    kind = Kind(replaced["kind"]) if replaced else request.kind
    credited = _credited(connection, source, replaced, kind)
    body: dict[str, Any] = {
        "buyer": _buyer(connection, request, source),
        "kind": kind.value,
        "currency": request.currency or (source and source["currency"]) or book.currency,
        "tax_basis": _tax_basis(request, source),
        "lines": _lines(connection, request, source, book, kind),
        "language": (source and source["language"]) or book.language,
        "payment_terms_days": _terms(request, source, book),
        "issue_date": _text(request.issue_date) or (replaced and replaced["issue_date"]),
        "due_date": _due_date(request, replaced),
        "buyer_reference": request.buyer_reference or (replaced and replaced["buyer_reference"]),
        "note": request.note or (replaced and replaced["note"]),
        "credits": credited and credited["id"],
        "replaces": replaced and replaced["id"],
    }
    if credited and body["currency"] != credited["currency"]:
        raise InvalidRequest(
            f"The credited invoice is in {credited['currency']}.", next="Leave currency out.", field="currency"
        )
    if body["issue_date"] and body["due_date"] and body["due_date"] < body["issue_date"]:
        raise InvalidRequest(
            "due_date lies before issue_date.", next="Give a due_date on or after the issue_date.", field="due_date"
        )
    totals = totals_of(body)
    total = Money(totals.tax_inclusive_amount, body["currency"])
    check_sign(kind, total)
    if credited:
        check_left_to_credit(connection, credited, totals.tax_inclusive_amount)
    if not replaced and request.repeat_of is None:
        _check_look_alikes(connection, book, body, totals, moment)
    before = {"replaces": _version(replaced), "credits": _version(credited)}
    step = Step(
        number=1,
        method="PUT" if replaced else "POST",
        path=f"/invoices/{replaced['id']}" if replaced else "/invoices",
        body={key: value for key, value in body.items() if value is not None},
        before={key: value for key, value in before.items() if value is not None},
        identity=write.identity,
    )
    return Plan(
        steps=(step,),
        amount=size_of(total),
        new_buyer="new" in body["buyer"],
    )


def perform(connection: "apsw.Connection", _book: Book, step: Step, moment: Moment) -> Effect:
    """Write the draft.

    Raises:
        Conflict: the draft to edit, or the invoice to credit, changed since the plan was made.
    """
    body = step.body
    replaced = _still(connection, step, "replaces")
    credited = _still(connection, step, "credits")
    if credited:
        check_left_to_credit(connection, credited, totals_of(body).tax_inclusive_amount)
    seq, invoice_id = write_draft(connection, body, replaced=replaced, credited=credited, moment=moment)
    return Effect(seq, invoice_id, {"invoice_id": invoice_id, "edit": replaced is not None})


def _draft_to_replace(connection: "apsw.Connection", request: CreateInvoice) -> dict[str, Any] | None:
    if request.replaces is None:
        return None
    head = head_of(connection, request.replaces.id, "replaces")
    if head["state"] != "draft":
        raise Conflict(
            "Only a draft can be edited; this one is " + ("issued." if head["state"] == "issued" else "cancelled."),
            next="Credit an issued invoice (kind credit_note with copy_of, or change_phase to cancelled) "
            "and create a new one.",
            field="replaces",
        )
    if request.kind is Kind.CREDIT_NOTE and head["kind"] != Kind.CREDIT_NOTE:
        raise InvalidRequest(
            "A draft invoice does not become a credit note.",
            next="Cancel the draft with change_phase, and create the credit note with copy_of.",
            field="kind",
        )
    return head


def _source(connection: "apsw.Connection", request: CreateInvoice) -> dict[str, Any] | None:
    return None if request.copy_of is None else head_of(connection, request.copy_of.id, "copy_of")


def _credited(
    connection: "apsw.Connection",
    source: dict[str, Any] | None,
    replaced: dict[str, Any] | None,
    kind: Kind,
) -> dict[str, Any] | None:
    """The invoice that this credit note takes from."""
    if kind is not Kind.CREDIT_NOTE:
        return None
    if replaced:
        return _credited_before(connection, replaced)
    if source is None:
        return None
    if source["kind"] != "invoice" or source["state"] != "issued":
        raise Conflict(
            "Only an issued invoice can be credited.",
            next="Cancel a draft with change_phase; a credit note is not credited again.",
            field="copy_of",
        )
    return source


def _credited_before(connection: "apsw.Connection", replaced: dict[str, Any]) -> dict[str, Any] | None:
    if replaced["credits_seq"] is None:
        return None
    return sql.head(connection, sql.invoice_id_of(connection, replaced["credits_seq"]))


def _buyer(connection: "apsw.Connection", request: CreateInvoice, source: dict[str, Any] | None) -> dict[str, Any]:
    if request.buyer is None:
        if source is None:
            raise InvalidRequest("A new invoice needs a buyer.", next="Give buyer.id or buyer.name.", field="buyer")
        return {"id": source["buyer_id"]}
    party = buyers.resolve(connection, request.buyer)
    if party.id is not None:
        return {"id": party.id}
    address = party.address
    new = {
        "name": party.name,
        "email": party.email,
        "vat_identifier": party.vat_identifier,
        "street": address.street,
        "postal_code": address.postal_code,
        "city": address.city,
        "country_code": address.country_code,
    }
    return {"new": {key: value for key, value in new.items() if value}}


def _tax_basis(request: CreateInvoice, source: dict[str, Any] | None) -> str:
    if request.prices_include_tax is not None:
        return "inclusive" if request.prices_include_tax else "exclusive"
    return source["tax_basis"] if source else "exclusive"


def _lines(
    connection: "apsw.Connection", request: CreateInvoice, source: dict[str, Any] | None, book: Book, kind: Kind
) -> list[dict[str, Any]]:
    if request.lines:
        sign = -1 if kind is Kind.CREDIT_NOTE else 1
        return [_line(line, index, book, sign) for index, line in enumerate(request.lines)]
    if source is None:
        raise InvalidRequest("A new invoice needs lines.", next="Give at least one line.", field="lines")
    lines = drafts.lines_of(connection, source["seq"])
    return drafts.mirrored(lines) if source["kind"] != kind.value else lines


def _line(line: LineInput, index: int, book: Book, sign: int) -> dict[str, Any]:
    rate = line.tax_rate if line.tax_rate is not None else book.tax_rate
    if rate is None:
        raise InvalidRequest(
            f"lines[{index}] has no tax_rate, and the account sets no default.",
            next='Give tax_rate as a percentage, as "21".',
            field=f"lines[{index}].tax_rate",
        )
    try:
        category = line.tax_category or resolve_category(rate, None)
        check_rate(category, rate)
    except ValueError as error:
        raise InvalidRequest(
            f"lines[{index}]: {error}.",
            next="Give a tax_rate above 0 with category S, or rate 0 with one of Z, E, AE, K, G, O.",
            field=f"lines[{index}].tax_category",
        ) from None
    stored = {
        "item_name": line.item_name,
        "description": line.description,
        "quantity": format_number(sign * line.quantity),
        "unit": line.unit,
        "net_price": format_number(line.net_price),
        "discount_percent": format_number(line.discount_percent or Decimal(0)),
        "tax_category": category.value,
        "tax_rate": format_number(rate),
    }
    return {key: value for key, value in stored.items() if value is not None}


def _check_look_alikes(
    connection: "apsw.Connection", book: Book, body: Mapping[str, Any], totals: InvoiceTotals, moment: Moment
) -> None:
    if "id" not in body["buyer"]:
        return
    found = sql.buyer_by_id(connection, body["buyer"]["id"])
    if found is None:
        return
    alike = sql.look_alikes(
        connection,
        {
            "buyer_seq": found[0],
            "currency": body["currency"],
            "tax_inclusive": to_minor(totals.tax_inclusive_amount, body["currency"]),
            "kind": body["kind"],
            "since": moment.ago(hours=24 * LOOK_ALIKE_DAYS),
        },
    )
    if alike:
        raise suspected([_alike(book, row) for row in alike], operation=alike[0]["operation"])


def _alike(book: Book, row: Mapping[str, Any]) -> dict[str, Any]:
    facts = {
        "ref": f"{book.account}:{row['id']}",
        "invoice_number": row["number"],
        "state": row["state"],
        "operation": row["operation"],
    }
    return {key: value for key, value in facts.items() if value}


def _terms(request: CreateInvoice, source: dict[str, Any] | None, book: Book) -> int:
    if request.payment_terms_days is not None:
        return request.payment_terms_days
    return int(source["payment_terms_days"]) if source else book.payment_terms_days


def _due_date(request: CreateInvoice, replaced: dict[str, Any] | None) -> str | None:
    if request.due_date is not None:
        return request.due_date.isoformat()
    if replaced is None or request.payment_terms_days is not None:
        return None
    due: str | None = replaced["due_date"]
    return due


def _still(connection: "apsw.Connection", step: Step, role: str) -> dict[str, Any] | None:
    return unchanged(connection, step.body[role], step.before[role]) if role in step.body else None


def _version(head: Mapping[str, Any] | None) -> int | None:
    return None if head is None else head["version"]


def _text(date: dt.date | None) -> str | None:
    return None if date is None else date.isoformat()
