"""register_payment on the ledger: in full, in part, and taken back."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from invoice_mcp.backends.base import Plan, Step, Write
from invoice_mcp.backends.ledger.book import Book, Effect, Moment
from invoice_mcp.backends.ledger.heads import head_of, invoice_of, unchanged
from invoice_mcp.domain.money import Money, format_amount, from_minor, to_minor
from invoice_mcp.domain.payments import amount_received, day_received, no_payment
from invoice_mcp.domain.requests import RegisterPayment
from invoice_mcp.domain.results import render_standing
from invoice_mcp.errors import Conflict
from invoice_mcp.ids import new_id
from invoice_mcp.storage import ledger_writes as sql

if TYPE_CHECKING:
    import apsw


def plan(connection: "apsw.Connection", book: Book, write: Write, moment: Moment) -> Plan:
    """The one step that records the payment or takes it back.

    Raises:
        InvalidRequest: more than is payable, the wrong currency, a date in the future.
        Conflict: a draft, a credit note or a cancelled invoice takes no payments.
        NotFound: no such invoice or payment.
    """
    request = write.request
    assert isinstance(request, RegisterPayment)
    head = head_of(connection, write.invoice_id)
    if request.undo_payment_id is not None:
        method, path, body = _undoing(connection, head, request.undo_payment_id)
    else:
        method, path, body = _paying(head, request, moment)
    step = Step(1, method, path, body, {"invoice": head["id"], "version": head["version"]}, write.identity)
    return Plan(
        steps=(step,),
        before=invoice_of(connection, book, head["id"], moment.today),
        amount=Money(Decimal(body["amount"]), head["currency"]),
    )


def perform(connection: "apsw.Connection", book: Book, step: Step, moment: Moment) -> Effect:
    """Write the payment, or mark it as taken back.

    Raises:
        Conflict: the invoice changed since the plan was made.
    """
    body = step.body
    head = unchanged(connection, step.before["invoice"], step.before["version"])
    before = render_standing(invoice_of(connection, book, head["id"], moment.today))
    amount = to_minor(Decimal(body["amount"]), head["currency"])
    if "undo_payment_id" in body:
        sql.undo_payment(connection, head["seq"], body["undo_payment_id"], amount, moment.at)
        payment = {"id": body["undo_payment_id"], "amount": body["amount"], "undone": True}
    else:
        payment = {"id": new_id("pay"), **{key: body[key] for key in _SHOWN if key in body}}
        sql.insert_payment(
            connection,
            {
                "id": payment["id"],
                "invoice_seq": head["seq"],
                "amount": amount,
                "paid_on": body["paid_on"],
                "method": body.get("method"),
                "reference": body.get("reference"),
                "at": moment.at,
            },
        )
        if head["uncollectible_on"] is not None:
            marks = {"paused": head["paused"], "dubious_on": head["dubious_on"], "uncollectible_on": None}
            sql.set_marks(connection, head["seq"], marks, moment.at)
    after = render_standing(invoice_of(connection, book, head["id"], moment.today))
    return Effect(head["seq"], head["id"], {"payment": payment, "before": before, "after": after})


_SHOWN = ("amount", "paid_on", "method", "reference")


def _paying(head: Mapping[str, Any], request: RegisterPayment, moment: Moment) -> tuple[str, str, dict[str, Any]]:
    currency = head["currency"]
    payable = from_minor(head["payable"], currency)
    _check_payable(head)
    paid = from_minor(head["paid"], currency)
    amount = amount_received(request, payable=payable, paid=paid, currency=currency)
    paid_on = day_received(request, moment.today)
    body = {
        "amount": format_amount(amount, currency),
        "currency": currency,
        "paid_on": paid_on.isoformat(),
        "method": request.method,
        "reference": request.reference,
    }
    return "POST", f"/invoices/{head['id']}/payments", {key: value for key, value in body.items() if value}


def _check_payable(head: Mapping[str, Any]) -> None:
    refusals = (
        (head["kind"] == "credit_note", "A credit note takes no payments.", "Pay the buyer back outside this book."),
        (head["state"] == "draft", "A draft takes no payments.", "Send it first with change_phase."),
        (head["state"] == "cancelled", "A cancelled invoice takes no payments.", "Check the ref with get_invoice."),
        (head["payable"] <= 0, "Nothing is payable on this invoice any more.", "Look at its payments: get_invoice."),
    )
    for applies, message, advice in refusals:
        if applies:
            raise Conflict(message, next=advice)


def _undoing(
    connection: "apsw.Connection", head: Mapping[str, Any], payment_id: str
) -> tuple[str, str, dict[str, Any]]:
    row = sql.payment(connection, head["seq"], payment_id)
    if row is None:
        raise no_payment()
    amount = format_amount(from_minor(row["amount"], head["currency"]), head["currency"])
    body = {"undo_payment_id": payment_id, "amount": amount, "currency": head["currency"]}
    return "DELETE", f"/invoices/{head['id']}/payments/{payment_id}", body
