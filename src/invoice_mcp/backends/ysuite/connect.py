"""From the configuration to a YSuite account."""

from invoice_mcp.backends.base import Surroundings
from invoice_mcp.backends.mailing import post_for
from invoice_mcp.backends.ysuite.api import Api
from invoice_mcp.backends.ysuite.backend import YSuiteBackend
from invoice_mcp.backends.ysuite.desk import Desk
from invoice_mcp.backends.ysuite.names import Names
from invoice_mcp.net import ApiClient, Limits, SecretHeader, StaticHeaders, origin_of
from invoice_mcp.settings import AccountSettings, YSuiteOptions


def connect(account: AccountSettings, around: Surroundings) -> YSuiteBackend:
    """The organisation of `account`. Nothing is opened or asked until the first call. No limit is documented.

    Raises:
        ConfigError: `base_url` is not one to call.
    """
    options = account.options
    assert isinstance(options, YSuiteOptions)
    assert account.currency is not None
    keys = [
        SecretHeader("x-ysuite-access-key", options.access_key),
        SecretHeader("x-ysuite-secret-key", options.secret_key),
    ]
    client = ApiClient(
        origin_of(account),
        StaticHeaders(keys, account=account.name),
        Limits([], around.clock),
        account=account.name,
        timeout_s=account.timeout_s,
        clock=around.clock,
    )
    api = Api(client, account.name)
    desk = Desk(
        account=account.name,
        api=api,
        names=Names(api, around.clock),
        clock=around.clock,
        today=around.today,
        reminded=around.reminded,
        currency=account.currency,
        template_id=options.template_id,
        item_id=options.item_id,
        post=post_for(account, around, seller=options.seller, language=options.language),
        scan_pages=around.scan_pages,
        zone=account.time_zone,
    )
    return YSuiteBackend(desk)
