"""From the configuration to a Productive account."""

from typing import Final

from invoice_mcp.backends.base import Surroundings
from invoice_mcp.backends.productive.api import Api
from invoice_mcp.backends.productive.backend import ProductiveBackend
from invoice_mcp.backends.productive.desk import Desk
from invoice_mcp.net import ApiClient, Limits, SecretHeader, StaticHeaders, Window, origin_of
from invoice_mcp.settings import AccountSettings, ProductiveOptions
from invoice_mcp.wire.jsonapi import MEDIA_TYPE

REQUESTS: Final = (Window(requests=100, seconds=10), Window(requests=4000, seconds=1800))
"""Productive's limits, which it counts per organisation: other programs in the same one use them up as well."""


def connect(account: AccountSettings, around: Surroundings) -> ProductiveBackend:
    """The organisation of `account`. Nothing is opened or asked until the first call.

    Raises:
        ConfigError: `base_url` is not one to call.
    """
    options = account.options
    assert isinstance(options, ProductiveOptions)
    client = ApiClient(
        origin_of(account),
        StaticHeaders(
            [SecretHeader("X-Auth-Token", options.token)],
            [("X-Organization-Id", options.organization_id)],
            account=account.name,
        ),
        Limits(REQUESTS, around.clock),
        account=account.name,
        timeout_s=account.timeout_s,
        clock=around.clock,
        media_type=MEDIA_TYPE,
    )
    desk = Desk(
        account=account.name,
        organization_id=options.organization_id,
        api=Api(client, options.organization_id, around.clock),
        clock=around.clock,
        today=around.today,
        currency=account.currency,
        tax_rate_ids=options.tax_rate_ids,
        min_reminder_days=account.policy.min_reminder_days,
        scan_pages=around.scan_pages,
    )
    return ProductiveBackend(desk)
