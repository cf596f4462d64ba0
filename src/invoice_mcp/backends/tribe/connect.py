"""From the configuration to a Tribe CRM account."""

from typing import Final

from invoice_mcp.backends.base import Surroundings
from invoice_mcp.backends.mailing import post_for
from invoice_mcp.backends.tribe.api import Api
from invoice_mcp.backends.tribe.backend import TribeBackend
from invoice_mcp.backends.tribe.desk import Desk
from invoice_mcp.backends.tribe.phase_map import PhaseMap
from invoice_mcp.domain.status import Status
from invoice_mcp.net import ApiClient, ClientCredentials, Limits, Origin
from invoice_mcp.settings import BACKENDS, AccountSettings, TribeOptions

SCOPE: Final = "read write"
"""What Tribe's other clients ask for."""


def connect(account: AccountSettings, around: Surroundings) -> TribeBackend:
    """The tenant of `account`. Nothing is opened or asked until the first call.

    Raises:
        ConfigError: `base_url` or `token_url` is not one to call.
    """
    options = account.options
    assert isinstance(options, TribeOptions)
    assert account.base_url is not None
    credentials = ClientCredentials(
        _origin(account, "token_url", options.token_url),
        account=account.name,
        client_id=options.client_id,
        client_secret=options.client_secret,
        scope=SCOPE,
        clock=around.clock,
    )
    client = ApiClient(
        _origin(account, "base_url", account.base_url),
        credentials,
        Limits((), around.clock),
        account=account.name,
        timeout_s=account.timeout_s,
        clock=around.clock,
    )
    statuses = {code: Status(status) for code, status in options.phases.items()}
    desk = Desk(
        account=account.name,
        api=Api(client, around.clock),
        clock=around.clock,
        today=around.today,
        currency=account.currency,
        zone=account.time_zone,
        phases=PhaseMap(statuses, f"accounts.{account.name}.phases"),
        options=options,
        reminded=around.reminded,
        post=post_for(account, around, seller=options.seller, language=options.language),
        scan_pages=around.scan_pages,
    )
    return TribeBackend(desk)


def _origin(account: AccountSettings, key: str, url: str) -> Origin:
    return Origin.parse(
        url,
        key=f"accounts.{account.name}.{key}",
        vendor_hosts=BACKENDS["tribe"].hosts,
        allow_custom_host=account.allow_custom_host,
    )
