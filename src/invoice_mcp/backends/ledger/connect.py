"""From the configuration to an open ledger account."""

from typing import Final

from invoice_mcp.backends.base import Surroundings
from invoice_mcp.backends.ledger.backend import LedgerBackend
from invoice_mcp.backends.ledger.book import Book
from invoice_mcp.mail.delivery import configured_mailer
from invoice_mcp.settings import AccountSettings, LedgerOptions
from invoice_mcp.storage.engine import Database
from invoice_mcp.storage.ledger_schema import APPLICATION_ID, MIGRATIONS

DEFAULT_CURRENCY: Final = "EUR"
NOBODY: Final = "invoices@localhost"
"""The sender of mail in the outbox while nobody has said who sends it."""


def connect(account: AccountSettings, around: Surroundings) -> LedgerBackend:
    """The ledger of `account`. Nothing is opened until the first call."""
    options = account.options
    assert isinstance(options, LedgerOptions)
    mailer = configured_mailer(
        around.mail, otherwise=(options.seller and options.seller.email) or NOBODY, state_dir=around.state_dir
    )
    book = Book(
        account=account.name,
        currency=account.currency or DEFAULT_CURRENCY,
        tax_rate=options.tax_rate,
        language=options.language,
        number_format=options.number_format,
        payment_terms_days=options.payment_terms_days,
        seller=options.seller,
        sender=mailer.sender,
        channel=mailer.channel,
        min_reminder_days=account.policy.min_reminder_days,
        time_zone=account.time_zone,
    )
    database = Database(options.path, migrations=MIGRATIONS, application_id=APPLICATION_ID)
    return LedgerBackend(book, database, mailer, around.clock, around.today)
