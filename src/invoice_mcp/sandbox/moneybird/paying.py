"""Payments: registering them, taking them back, and settling an invoice with its credit invoice."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.sandbox.moneybird import readers
from invoice_mcp.sandbox.moneybird.exchange import Call, Reply
from invoice_mcp.sandbox.moneybird.figures import cents
from invoice_mcp.sandbox.moneybird.invoices import invoice_of
from invoice_mcp.sandbox.moneybird.lifecycle import PAYABLE
from invoice_mcp.sandbox.moneybird.records import Invoice, Payment
from invoice_mcp.sandbox.moneybird.refusals import BLANK, Refusal, invalid, invalid_fields, no_record, symbolic
from invoice_mcp.sandbox.moneybird.shapes import invoice_shape, payment_shape

# What each way of paying by hand cannot do without.
_NEEDS: Final = {
    "private_payment": "financial_account_id",
    "cash_payment": "financial_account_id",
    "payment_without_proof": None,
    "rounding_error": None,
    "bank_transfer": "financial_mutation_id",
    "balance_settlement": "ledger_account_id",
    "invoices_settlement": "invoice_id",
}
_PAYMENT: Final[dict[str, readers.Reader]] = {
    "payment_date": readers.day,
    "price": readers.money,
    "price_base": readers.money,
    "financial_account_id": readers.identifier,
    "financial_mutation_id": readers.identifier,
    "transaction_identifier": readers.text,
    "manual_payment_action": readers.choice(*_NEEDS),
    "ledger_account_id": readers.identifier,
    "invoice_id": readers.identifier,
}


def create_payment(call: Call) -> Reply:
    """A payment, answered alone and not inside its invoice. The same one twice is two."""
    return Reply(201, _register(call, invoice_of(call, "sales_invoice_id")))


def register_payment(call: Call) -> Reply:
    """The deprecated way, until its sunset."""
    until = call.switches.register_payment_until
    if until is not None and call.desk.today > until:
        raise symbolic(404, "Not Found")
    return Reply(200, _register(call, invoice_of(call)))


def delete_payment(call: Call) -> Reply:
    """The money was not received after all."""
    invoice = invoice_of(call, "sales_invoice_id")
    for payment in invoice.payments:
        if payment.id == call.path["id"]:
            call.desk.unpay(invoice, payment)
            return Reply(204)
    raise no_record("id")


def register_payment_creditinvoice(call: Call) -> Reply:
    """Settle a sent credit invoice and its original with each other: one payment on each, today."""
    desk = call.desk
    credit = invoice_of(call)
    total = desk.totals(credit).incl_tax
    original = desk.administration.invoices.get(credit.original_sales_invoice_id or "")
    if total >= 0 or original is None:
        raise symbolic(400, "Sales invoice should be a credit invoice", id="no_credit_invoice")
    if not {credit.state, original.state} <= PAYABLE:
        raise symbolic(400, "Invalid sales invoice state", id="state")
    desk.settle(credit, original)
    return Reply(200, invoice_shape(credit, desk))


def _register(call: Call, invoice: Invoice) -> dict[str, Any]:
    values = _values(call)
    if invoice.state not in PAYABLE | {"paid"}:
        raise _refused(call)
    price, price_base = _amounts(call, invoice, values)
    _check_surplus(call, invoice, price)
    payment = Payment(
        id=call.desk.administration.new_id(call.desk.now),
        invoice_id=invoice.id,
        price=price,
        price_base=price_base,
        payment_date=values["payment_date"],
        created_at=call.desk.now,
        ledger_account_id=values.get("ledger_account_id") or _debtors(call),
        financial_account_id=values.get("financial_account_id"),
        transaction_identifier=values.get("transaction_identifier"),
        manual_payment_action=values.get("manual_payment_action"),
    )
    call.desk.pay(invoice, payment)
    return payment_shape(payment, call.desk)


def _values(call: Call) -> dict[str, Any]:
    """The body of a payment, with everything it names found."""
    administration = call.desk.administration
    raw = {"payment_date": None, "price": None, **call.wrapped("payment")}
    values = readers.read(raw, _PAYMENT, call.switches)
    needed = _NEEDS.get(values.get("manual_payment_action") or "")
    if needed is not None and values.get(needed) is None:
        raise invalid_fields({needed: [BLANK]})
    known: dict[str, Mapping[str, Any]] = {
        "financial_account_id": administration.financial_accounts,
        "financial_mutation_id": {},
        "ledger_account_id": administration.ledger_accounts,
        "invoice_id": administration.invoices,
    }
    for name, records in known.items():
        if values.get(name) is not None and values[name] not in records:
            raise no_record(name)
    return values


def _amounts(call: Call, invoice: Invoice, values: dict[str, Any]) -> tuple[Decimal, Decimal]:
    """The amount in the invoice's currency and in the administration's, which has to be told for a foreign one."""
    price = cents(values["price"])
    if invoice.currency == call.desk.administration.currency:
        return price, price
    if "price_base" not in values:
        raise invalid_fields({"price_base": [BLANK]})
    return price, cents(values["price_base"])


def _check_surplus(call: Call, invoice: Invoice, price: Decimal) -> None:
    credit = call.desk.totals(invoice).incl_tax < 0
    surplus = price - call.desk.unpaid(invoice)
    if call.switches.overpayment == "refused" and (surplus < 0 if credit else surplus > 0):
        raise invalid("price", "is more than is unpaid", "less_than_or_equal_to")


def _refused(call: Call) -> Refusal:
    error = "Invoice is not in a state that accepts a payment"
    if call.switches.payment_refusal_status == 422:
        return invalid("base", error, "invalid_state")
    return symbolic(400, error, invoice="not_open")


def _debtors(call: Call) -> str:
    accounts = call.desk.administration.ledger_accounts
    return next(each.id for each in accounts.values() if each.name == "Debiteuren")
