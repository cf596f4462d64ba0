"""What somebody else does in Moneybird's books while a test looks away."""

from decimal import Decimal

from invoice_mcp.sandbox.moneybird.lifecycle import Desk
from invoice_mcp.sandbox.moneybird.records import Invoice, Payment


def pay(desk: Desk, invoice: Invoice, amount: Decimal) -> None:
    """Register a payment on the invoice, in the administration's currency."""
    payment = Payment(
        id=desk.administration.new_id(desk.now),
        invoice_id=invoice.id,
        price=amount,
        price_base=amount,
        payment_date=desk.today,
        created_at=desk.now,
        ledger_account_id=None,
        transaction_identifier="of-somebody-else",
    )
    desk.pay(invoice, payment)
