"""What can be a payment, in whatever system: more than nothing, in the currency's decimals, not more than is owed."""

import datetime as dt
from decimal import Decimal

from invoice_mcp.domain.money import format_amount, minor_units, round_money
from invoice_mcp.domain.requests import RegisterPayment
from invoice_mcp.errors import InvalidRequest, NotFound


def amount_received(request: RegisterPayment, *, payable: Decimal, paid: Decimal, currency: str) -> Decimal:
    """How much the request says came in on an invoice in `currency`: what it names, else all that is payable.

    Raises:
        InvalidRequest: another currency, no amount although part was paid already, or what cannot be received.
    """
    if request.currency not in (None, currency):
        raise InvalidRequest(
            f"The invoice is in {currency}, not in {request.currency}.",
            next=f"Give the amount in {currency}.",
            field="currency",
        )
    if request.amount is None and paid != 0:
        raise InvalidRequest(
            f"Part of this invoice is paid already; {currency} {format_amount(payable, currency)} is payable.",
            next="Say the amount that came in.",
            field="amount",
        )
    amount = payable if request.amount is None else request.amount
    check_amount(amount, payable, currency)
    return amount


def day_received(request: RegisterPayment, today: dt.date) -> dt.date:
    """The day the money came in: the one named, else today.

    Raises:
        InvalidRequest: it lies in the future.
    """
    paid_on = request.paid_on or today
    if paid_on > today:
        raise InvalidRequest(
            "paid_on lies in the future.", next=f"Give a date up to {today.isoformat()}.", field="paid_on"
        )
    return paid_on


def no_payment() -> NotFound:
    """The error for a payment to take back that is not there."""
    return NotFound(
        "This invoice has no such payment, or it was taken back before.",
        next="Take a payment id from get_invoice.",
        field="undo_payment_id",
    )


def check_amount(amount: Decimal, payable: Decimal, currency: str) -> None:
    """Refuse what cannot be received on an invoice on which `payable` is owed.

    Raises:
        InvalidRequest: nothing or less, finer than the currency, or too much; then payable and surplus are named.
    """
    if amount <= 0:
        raise InvalidRequest(
            "A payment is more than nothing.",
            next="Give a positive amount; to take a payment back, use undo_payment_id.",
            field="amount",
        )
    if round_money(amount, currency) != amount:
        raise InvalidRequest(
            f"{currency} has {minor_units(currency)} decimals.", next="Round the amount.", field="amount"
        )
    if amount > payable:
        raise InvalidRequest(
            f"{currency} {format_amount(payable, currency)} is payable; this is "
            f"{format_amount(amount - payable, currency)} too much.",
            next=f"Register at most {format_amount(payable, currency)}.",
            field="amount",
        )
