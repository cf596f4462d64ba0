"""From the configuration to a Moneybird account."""

from typing import Final

from invoice_mcp.backends.base import Surroundings
from invoice_mcp.backends.moneybird.api import Api
from invoice_mcp.backends.moneybird.backend import MoneybirdBackend
from invoice_mcp.backends.moneybird.capabilities import CAPABILITIES
from invoice_mcp.backends.moneybird.desk import Desk
from invoice_mcp.net import ApiClient, Limits, SecretHeader, StaticHeaders, Window, origin_of
from invoice_mcp.settings import AccountSettings, MoneybirdOptions

REQUESTS: Final = Window(requests=150, seconds=300)
"""Moneybird's limit, which it counts per address: all accounts of a process share it, and other programs use it up."""


def connect(account: AccountSettings, around: Surroundings) -> MoneybirdBackend:
    """The administration of `account`. Nothing is opened or asked until the first call.

    Raises:
        ConfigError: `base_url` is not one to call.
    """
    options = account.options
    assert isinstance(options, MoneybirdOptions)
    origin = origin_of(account)
    client = ApiClient(
        origin,
        StaticHeaders([SecretHeader("Authorization", options.token, "Bearer ")], account=account.name),
        around.limits.setdefault(f"{origin.host}:{origin.port}", Limits([REQUESTS], around.clock)),
        account=account.name,
        timeout_s=account.timeout_s,
        clock=around.clock,
        read_posts={f"{options.administration_id}/{path}" for path in CAPABILITIES.read_posts},
    )
    desk = Desk(
        account=account.name,
        api=Api(client, options.administration_id, around.clock),
        clock=around.clock,
        today=around.today,
        currency=account.currency,
        zone=account.time_zone,
        min_reminder_days=account.policy.min_reminder_days,
        scan_pages=around.scan_pages,
        tax_rate_ids=options.tax_rate_ids,
    )
    return MoneybirdBackend(desk)
