"""From the configuration to a Next account."""

from typing import Final

from invoice_mcp.backends.base import Surroundings
from invoice_mcp.backends.next_project.api import Api
from invoice_mcp.backends.next_project.backend import NextBackend
from invoice_mcp.backends.next_project.desk import Desk
from invoice_mcp.backends.next_project.fields import Names
from invoice_mcp.net import ApiClient, Limits, SecretHeader, StaticHeaders, Window, origin_of
from invoice_mcp.settings import AccountSettings, NextOptions

REQUESTS: Final = Window(requests=10, seconds=1)
"""Next's limit, per client and database."""


def connect(account: AccountSettings, around: Surroundings) -> NextBackend:
    """The database that the token of `account` opens. Nothing is opened or asked until the first call.

    Raises:
        ConfigError: `base_url` is not one to call.
    """
    options = account.options
    assert isinstance(options, NextOptions)
    assert account.currency is not None
    client = ApiClient(
        origin_of(account),
        StaticHeaders([SecretHeader("Authorization", options.token, "Bearer ")], account=account.name),
        Limits([REQUESTS], around.clock),
        account=account.name,
        timeout_s=account.timeout_s,
        clock=around.clock,
    )
    desk = Desk(
        account=account.name,
        api=Api(client, Names.corrected(options.fields), around.clock),
        clock=around.clock,
        today=around.today,
        currency=account.currency,
        zone=account.time_zone,
        scan_pages=around.scan_pages,
    )
    return NextBackend(desk)
