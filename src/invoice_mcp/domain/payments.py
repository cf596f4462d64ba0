"""What can be a payment, in whatever system: more than nothing, in the currency's decimals, not more than is owed."""

from decimal import Decimal

from invoice_mcp.domain.money import format_amount, minor_units, round_money
from invoice_mcp.errors import InvalidRequest


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
